import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { GrowingFile } from '../bids/disk.ts'

/** A column of a Parquet file. */
export interface ParquetColumn {
  readonly name: string
  readonly type: 'text' | 'number'
}

/** A Parquet file that grows row by row. */
export interface ParquetTable {
  /**
   * Add a row: cells as a table has them, `n/a` for what is missing.
   *
   * @param numbers - what its cells are as numbers, NaN for what is missing; those of text do not matter
   * @param at - its number in the table that it comes from: rows of that number are much alike from table to table
   */
  add(cells: readonly string[], numbers: Float64Array, at: number): void
  finish(): void
}

/** Rows of a row group. */
const GROUP = 12_000

/**
 * Begin a Parquet file: text as UTF-8 with a dictionary, numbers as float64, null for what is missing.
 *
 * @remarks The bytes follow from the rows alone. Of a file of any size one row group is held in memory.
 *
 * @param columns - the columns
 * @param file - where it goes
 */
export function parquetTable(columns: readonly ParquetColumn[], file: GrowingFile): ParquetTable {
  const bytes = new ByteWriter(1 << 22)
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ name, type }) =>
        type === 'text'
          ? ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as const)
          : ({ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' } as const),
      ),
    ],
    statistics: false,
    // Text is small by its dictionary, and the digits of a measurement do not repeat.
    codec: 'UNCOMPRESSED',
    createdBy: 'perfquant',
  })
  const kept = columns.map(({ type }) => (type === 'text' ? textCells() : numberCells()))
  let rows = 0
  const drain = () => {
    file.add(bytes.getBytes())
    bytes.index = 0
  }
  const flush = () => {
    if (rows === 0) return
    void writer.write({
      columnData: columns.map(({ name, type }, at) => ({
        name,
        data: kept[at]!.take(rows),
        encoding: type === 'text' ? 'RLE_DICTIONARY' : 'PLAIN',
      })),
      rowGroupSize: rows,
      pageSize: 0,
    })
    drain()
    rows = 0
  }
  return {
    add(row, numbers, at) {
      for (let column = 0; column < kept.length; column++) kept[column]!.put(rows, row[column]!, numbers[column]!, at)
      if (++rows === GROUP) flush()
    },
    finish() {
      flush()
      void writer.finish()
      drain()
      file.finish()
    },
  }
}

/** The cells of a column until its row group is written. */
interface Cells {
  put(row: number, cell: string, number: number, at: number): void
  take(rows: number): (string | null)[] | (number | null)[] | Float64Array
}

/**
 * Cells of text. One that was in the row before, or in the row of its number in the table before, is kept as that very string:
 * else every cell of every table would stay in memory until its group is written, and be hashed anew.
 */
function textCells(): Cells {
  let cells: (string | null)[] = []
  const known: string[] = []
  let before = ''
  return {
    put(_row, cell, _number, at) {
      if (cell === 'n/a') {
        cells.push(null)
        return
      }
      const same = cell === before ? before : cell === known[at] ? known[at]! : cell
      known[at] = same
      before = same
      cells.push(same)
    },
    take() {
      const taken = cells
      cells = []
      return taken
    },
  }
}

/** Cells of numbers. */
function numberCells(): Cells {
  const values = new Float64Array(GROUP)
  let missing = 0
  return {
    put(row, _cell, number) {
      values[row] = number
      if (Number.isNaN(number)) missing++
    },
    take(rows) {
      const absent = missing
      missing = 0
      if (absent === 0) return values.slice(0, rows)
      if (absent === rows) return new Array<null>(rows).fill(null)
      return Array.from(values.subarray(0, rows), value => (Number.isNaN(value) ? null : value))
    },
  }
}
