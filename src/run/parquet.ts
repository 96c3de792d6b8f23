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
   * Add a row: `n/a` and NaN stand for what is missing.
   *
   * @param texts - cells of columns of text, shape (nColumn)
   * @param numbers - cells of columns of numbers, from `first` on, shape (nColumn)
   */
  add(texts: readonly string[], numbers: Float64Array, first: number): void
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
    add(texts, numbers, first) {
      for (let column = 0; column < kept.length; column++)
        kept[column]!.put(rows, texts[column]!, numbers[first + column]!)
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
  put(row: number, text: string, number: number): void
  take(rows: number): (string | null)[] | (number | null)[] | Float64Array
}

/** Cells of text. */
function textCells(): Cells {
  let cells: (string | null)[] = []
  return {
    put(_row, text) {
      cells.push(text === 'n/a' ? null : text)
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
