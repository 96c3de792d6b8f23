import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTable } from '../../src/bids/tsv.ts'
import { plainTables } from '../../src/run/plain-table.ts'

const COLUMNS = [
  { name: 'run', type: 'text' },
  { name: 'ses', type: 'text' },
  { name: 'region', type: 'text' },
  { name: 'n', type: 'number' },
  { name: 'mean', type: 'number' },
  { name: 'hash', type: 'text' },
] as const
const HEAD = 'run\tses\tregion\tn\tmean\thash\n'

type Read = { texts: (string | null)[]; numbers: (number | null)[] }[] | null

/** What a reader gives, copied. */
function rowsOf(read: ReturnType<typeof plainTables>, text: string): Read {
  const rows: NonNullable<Read> = []
  const count = read(text, ({ texts, numbers, first }) => {
    rows.push({
      texts: COLUMNS.map(({ type }, column) => (type === 'text' ? texts[column]! : null)),
      numbers: COLUMNS.map(({ type }, column) => (type === 'number' ? numbers[first + column]! : null)),
    })
  })
  expect(count).toBe(count === null ? null : rows.length)
  return count === null ? null : rows
}

/** The same by the reader of tables of any origin. */
function expected(text: string): Read {
  const table = parseTable(text)
  if (!table.ok) throw new Error(table.problems[0]?.message)
  return table.value.rows.map(row => ({
    texts: COLUMNS.map(({ type }, column) => (type === 'text' ? row[column]! : null)),
    numbers: COLUMNS.map(({ type }, column) =>
      type === 'number' ? (row[column] === 'n/a' ? Number.NaN : Number(row[column])) : null,
    ),
  }))
}

const word = fc.constantFrom('a', 'ab', 'abc', 'b', 'n/a', 'Grüße', '0')
const number = fc.oneof(fc.constant('n/a'), fc.double({ noNaN: true, noDefaultInfinity: true }).map(String))
const row = fc.tuple(word, word, word, number, number, word).map(cells => cells.join('\t'))
const table = fc.array(row, { minLength: 1, maxLength: 5 }).map(rows => `${HEAD}${rows.join('\n')}\n`)

describe('tables as this program writes them', () => {
  it('read as any table does, whatever stood in the tables before', () => {
    fc.assert(
      fc.property(fc.array(table, { minLength: 1, maxLength: 6 }), texts => {
        const read = plainTables(COLUMNS, [2])
        for (const text of texts) expect(rowsOf(read, text)).toEqual(expected(text))
      }),
    )
  })

  it.each([
    ['other columns', 'run\tses\tregion\tn\tmean\n1\t2\t3\t4\t5\n'],
    ['line ends of another system', `${HEAD}a\tb\tc\t1\t2\td\r\n`],
    ['a cell too few', `${HEAD}a\tb\tc\t1\t2\n`],
    ['a cell too many', `${HEAD}a\tb\tc\t1\t2\td\te\n`],
    ['a row that is cut', `${HEAD}a\tb\tc\t1\t2\td\na\tb`],
    ['no end of the last line', `${HEAD}a\tb\tc\t1\t2\td`],
    ['an empty line', `${HEAD}a\tb\tc\t1\t2\td\n\n`],
  ])('are told from those with %s, of which no row is given, and what follows is read right', (_, text) => {
    const read = plainTables(COLUMNS, [2])
    const good = `${HEAD}a\tb\tc\t1\t2\td\n`
    expect(rowsOf(read, good)).toEqual(expected(good))
    expect(rowsOf(read, text)).toBeNull()
    expect(rowsOf(read, good)).toEqual(expected(good))
  })
})
