import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { GrowingFile } from '../bids/disk.ts'

/** A column of a Parquet file. */
export interface ParquetColumn {
  readonly name: string
  readonly type: 'text' | 'number'
}

/** A Parquet file that grows row by row. */
export interface ParquetTable {
  /** Add a row: cells as a table has them, `n/a` for what is missing. */
  add(cells: readonly string[]): void
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
  let cells: (string | number | null)[][] = columns.map(() => [])
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
        data: cells[at] ?? [],
        encoding: type === 'text' ? 'RLE_DICTIONARY' : 'PLAIN',
      })),
      rowGroupSize: rows,
      pageSize: 0,
    })
    drain()
    cells = columns.map(() => [])
    rows = 0
  }
  return {
    add(row) {
      for (let at = 0; at < columns.length; at++) {
        const cell = row[at]!
        cells[at]!.push(cell === 'n/a' ? null : columns[at]!.type === 'text' ? cell : Number(cell))
      }
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
