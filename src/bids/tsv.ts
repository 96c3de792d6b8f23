import { bad, type Checked, good, problem } from '../problems.ts'

/** A table: the names of the columns and the rows, every cell as it is written (`n/a` stays `n/a`). */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What a cell may be before it is written. */
export type Cell = string | number | boolean | null | undefined

/**
 * The table in a TSV file, as such files are found in the wild.
 *
 * @remarks
 * A byte-order mark, any line ending, blank last lines and blanks around a cell are tolerated; so is a trailing tab,
 * as long as nothing stands after it: then it is no column. Cells stay text: `001` is not a number.
 *
 * Refused with `TSV_INVALID`, naming the line: no header, a column without a name or two of one name, a row with fewer
 * or more cells than the header, a blank line between rows.
 *
 * @param text - the content of the file
 * @param file - its path in the dataset, for messages
 */
export function parseTable(text: string, file = 'table'): Checked<Table> {
  const lines = (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).split(/\r\n|\n|\r/)
  while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop()
  const refuse = (what: string) => bad(problem('TSV_INVALID', `${file}: ${what}`, { file }))
  const [header, ...body] = lines
  if (header === undefined || header.trim() === '')
    return refuse('the table has no header line; the first line must name its columns, separated by tabs.')

  const columns = cellsOf(header)
  // A tab at the end of the header is a slip of the writer; a cell under it would be a value without a name.
  while (columns.length > 1 && columns.at(-1) === '') columns.pop()
  const unnamed = columns.indexOf('')
  if (unnamed >= 0) return refuse(`column ${unnamed + 1} of the header has no name; name it or remove it.`)
  const twice = columns.find((name, at) => columns.indexOf(name) !== at)
  if (twice !== undefined) return refuse(`two columns are named "${twice}"; rename or remove one.`)

  const rows: string[][] = []
  for (const [at, line] of body.entries()) {
    if (line.trim() === '') return refuse(`line ${at + 2} is blank; remove it, or write n/a where a value is missing.`)
    const cells = cellsOf(line)
    while (cells.length > columns.length && cells.at(-1) === '') cells.pop()
    if (cells.length !== columns.length)
      return refuse(
        `line ${at + 2} has ${counted(cells.length, 'cell')}, the header ${counted(columns.length, 'column')}; ` +
          'separate cells by one tab and write n/a where a value is missing.',
      )
    rows.push(cells)
  }
  return good({ columns, rows })
}

function cellsOf(line: string): string[] {
  return line.split('\t').map(cell => cell.trim())
}

function counted(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`
}

/**
 * A table as BIDS writes it: tabs, one header line, `n/a` for what is missing, every line ended.
 *
 * @remarks
 * Null, undefined, the empty string and numbers that are not finite become `n/a`. A number is written as the shortest
 * text that reads back to the same number, which is the same on every machine. A tab or line break inside a cell
 * becomes a blank.
 *
 * @param columns - names of the columns
 * @param rows - one array a row, as long as `columns`
 * @throws RangeError for a row of another length: a defect of the caller
 */
export function formatTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [columns.map(formatCell).join('\t')]
  for (const row of rows) {
    if (row.length !== columns.length)
      throw new RangeError(`a row of ${row.length} cells in a table of ${columns.length} columns`)
    lines.push(row.map(formatCell).join('\t'))
  }
  return `${lines.join('\n')}\n`
}

/** One cell as {@link formatTable} writes it. */
export function formatCell(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return 'n/a'
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : 'n/a'
  return String(cell).replace(/[\t\r\n]+/g, ' ')
}

/** The rows as records of column name to cell. */
export function recordsOf(table: Table): Record<string, string>[] {
  return table.rows.map(row => Object.fromEntries(table.columns.map((name, at) => [name, row[at]!])))
}
