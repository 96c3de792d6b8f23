import type { ParquetColumn } from './parquet.ts'

/** A row of a table: its texts as strings, its numbers as numbers. */
export interface TypedRow {
  /** Cells of columns of text, shape (nColumn); what stands in the place of numbers does not matter. */
  readonly texts: readonly string[]
  /** Cells of columns of numbers, NaN for `n/a`, from `first` on, shape (nColumn). */
  readonly numbers: Float64Array
  readonly first: number
  /** Number of the row in its table. */
  readonly at: number
}

const TAB = 9
const LINE = 10
/** First letter of `n/a`. */
const N = 110

/** Columns of text that stand side by side. */
interface Block {
  readonly from: number
  readonly to: number
  /** The text of the block, and its cells, by the number of the row: as they were in the table before. */
  readonly texts: string[]
  readonly cells: string[][]
}

/**
 * Reads tables that have just these columns and are written as this program writes them, one after another.
 *
 * @remarks
 * Tables of many runs are much alike: what tells the run is the same as in the row above, and what tells the parameter and the
 * region as in the row of that number of the table before. Such a block of cells is compared as one text, and given as the very
 * strings that it had: nothing is cut out of the table or kept anew but its numbers.
 *
 * @param columns - the columns
 * @param splits - columns at which another block of texts begins
 * @returns takes the text of a table and gives each row to `visit`, to be used at once; returns how many there were,
 * or null, before any was given, where the text is not such a table
 */
export function plainTables(
  columns: readonly ParquetColumn[],
  splits: readonly number[],
): (text: string, visit: (row: TypedRow) => void) => number | null {
  const head = `${columns.map(({ name }) => name).join('\t')}\n`
  const width = columns.length
  const blocks = new Map(blocksOf(columns, splits).map(block => [block.from, block]))
  const known: string[][] = []
  let numbers = new Float64Array(1024 * width)

  /** The cells of a block that begins at a place, put into its row; where the next cell begins, or -1 where they are not as many. */
  const settle = (text: string, start: number, at: number, { from, to, texts, cells }: Block): number => {
    const row = known[at]!
    for (const other of [at, at - 1]) {
      const same = texts[other]
      if (same === undefined || !text.startsWith(same, start)) continue
      if (other !== at || row[from] === undefined) {
        texts[at] = same
        cells[at] = cells[other]!
        for (let column = from; column < to; column++) row[column] = cells[at]![column - from]!
      }
      return start + same.length
    }
    let end = start
    const found: string[] = []
    for (let column = from; column < to; column++) {
      const last = column === width - 1 ? '\n' : '\t'
      const next = text.indexOf(last, end)
      if (next < 0) return -1
      const cell = text.slice(end, next)
      if (cell.includes('\t') || cell.includes('\n')) return -1
      found.push(cell)
      end = next + 1
    }
    for (let column = from; column < to; column++) row[column] = found[column - from]!
    texts[at] = text.slice(start, end)
    cells[at] = found
    return end
  }

  /** Read the rows into `known` and `numbers`; their number, or null. */
  const read = (text: string): number | null => {
    let rows = 0
    for (let at = head.length; at < text.length; rows++) {
      known[rows] ??= new Array<string>(width)
      if ((rows + 1) * width > numbers.length) {
        const more = new Float64Array(2 * numbers.length)
        more.set(numbers)
        numbers = more
      }
      for (let column = 0; column < width; ) {
        const block = blocks.get(column)
        if (block) {
          at = settle(text, at, rows, block)
          if (at < 0) return null
          column = block.to
          continue
        }
        let end = at
        let code = text.charCodeAt(end)
        while (code > LINE) code = text.charCodeAt(++end)
        if (code !== (column === width - 1 ? LINE : TAB)) return null
        numbers[rows * width + column] = text.charCodeAt(at) === N ? Number.NaN : Number(text.slice(at, end))
        at = end + 1
        column++
      }
    }
    return rows
  }

  return (text, visit) => {
    if (!text.startsWith(head) || text.charCodeAt(text.length - 1) !== LINE || text.includes('\r')) return null
    const rows = read(text)
    if (rows === null) return null
    for (let at = 0; at < rows; at++) visit({ texts: known[at]!, numbers, first: at * width, at })
    return rows
  }
}

/** The blocks of neighbouring columns of text. */
function blocksOf(columns: readonly ParquetColumn[], splits: readonly number[]): Block[] {
  const blocks: Block[] = []
  for (let from = 0; from < columns.length; ) {
    let to = from
    while (to < columns.length && columns[to]!.type === 'text' && (to === from || !splits.includes(to))) to++
    if (to > from) blocks.push({ from, to, texts: [], cells: [] })
    from = Math.max(to, from + 1)
  }
  return blocks
}
