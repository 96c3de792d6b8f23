import { join } from 'node:path'
import { exists, growFile, readBytes, readText } from '../bids/disk.ts'
import { parseTable, type Table } from '../bids/tsv.ts'
import { type GroupRun, type RegionSeries, SERIES_COLUMNS } from '../report/series.ts'
import type { ParquetColumn } from './parquet.ts'
import { plainTables, type TypedRow } from './plain-table.ts'
import { REGION_COLUMNS } from './regions.ts'

/** Columns whose cells are numbers: from the first count on, but for the hash. */
const NUMBERS: ReadonlySet<string> = new Set(
  REGION_COLUMNS.slice(REGION_COLUMNS.indexOf('n_voxels')).filter(name => name !== 'options_hash'),
)

/** Characters of a table that are gathered before they are written. */
const CHUNK = 1 << 22

/** A run with the files of its regions. */
export interface RegionSource {
  readonly run: GroupRun
  /** Its number among the runs of its technique. */
  readonly number: number
  /** Paths in the output dataset. */
  readonly files: readonly string[]
}

/** What the regions of all runs come to. */
export interface GatheredRegions {
  readonly columns: readonly string[]
  readonly rows: number
  readonly series: readonly RegionSeries[]
}

/**
 * Put the region tables of all runs under each other, as a table and as Parquet, and keep the values that charts and
 * repeatability are made from.
 *
 * @remarks One run's table is in memory at a time, beside two numbers for each row: of ten thousand participants the group
 * level needs some hundred megabytes. Runs that a reader excluded are left out.
 *
 * @param output - the output dataset
 * @param sources - the runs, in the order of the rows
 * @param further - entities that the dataset uses beside those of {@link REGION_COLUMNS}
 * @param staging - where files wait
 */
export async function gatherRegions(
  output: string,
  sources: readonly RegionSource[],
  further: readonly string[],
  staging: string,
): Promise<GatheredRegions> {
  const { parquetTable } = await import('./parquet.ts')
  const after = REGION_COLUMNS.indexOf('run') + 1
  const columns: string[] = [...REGION_COLUMNS.slice(0, after), ...further, ...REGION_COLUMNS.slice(after)]
  const text = growFile(join(output, 'group_regions.tsv'), staging)
  const typed = columns.map((name): ParquetColumn => ({ name, type: NUMBERS.has(name) ? 'number' : 'text' }))
  const parquet = parquetTable(typed, growFile(join(output, 'group_regions.parquet'), staging))
  const keep = seriesKeeper(columns, sources)
  // Up to the last entity a row tells its run, then its parameter and region.
  const readPlain = plainTables(typed, [after + further.length])
  const head = `${columns.join('\t')}\n`
  let pending = head
  let rows = 0
  for (const source of sources) {
    if (source.run.isExcluded) continue
    const add = (row: TypedRow) => {
      parquet.add(row.texts, row.numbers, row.first)
      keep.add(row, source)
    }
    for (const path of source.files) {
      const file = join(output, path)
      if (!exists(file)) continue
      const bytes = readBytes(file)
      const plain = readPlain(bytes.toString('utf8'), add)
      if (plain !== null) {
        // As it stands there it stands here, without being made bytes anew.
        text.add(pending)
        text.add(bytes.subarray(Buffer.byteLength(head)))
        pending = ''
        rows += plain
      } else {
        const table = parseTable(readText(file), path)
        if (!table.ok) continue
        const arranged = arrange(table.value, columns)
        pending += arranged.map(row => `${row.join('\t')}\n`).join('')
        for (const [at, texts] of arranged.entries())
          add({ texts, numbers: Float64Array.from(texts, numberOf), first: 0, at })
        rows += arranged.length
      }
      if (pending.length > CHUNK) {
        text.add(pending)
        pending = ''
      }
    }
  }
  text.add(pending)
  text.finish()
  parquet.finish()
  return { columns, rows, series: keep.series }
}

/** The rows of a table with the columns of the whole, `n/a` for those that it lacks. */
function arrange({ columns, rows }: Table, wanted: readonly string[]): readonly (readonly string[])[] {
  const from = wanted.map(name => columns.indexOf(name))
  if (columns.length === wanted.length && from.every((at, to) => at === to)) return rows
  return rows.map(row => from.map(at => (at < 0 ? 'n/a' : (row[at] ?? 'n/a'))))
}

/** Keeps the values of each parameter and region. */
function seriesKeeper(columns: readonly string[], sources: readonly RegionSource[]) {
  const series = new Map<string, RegionSeries>()
  const keys = SERIES_COLUMNS.map(name => columns.indexOf(name))
  const [source, median, mean, value] = ['source', 'median', 'mean', 'value'].map(name => columns.indexOf(name))
  const counts = new Map<string, number>()
  for (const { run } of sources) counts.set(run.kind, (counts.get(run.kind) ?? 0) + 1)
  // Runs of one kind have their rows in one order: what the row of that number was last is tried first.
  const last: { readonly cells: readonly string[]; readonly series: RegionSeries }[] = []
  const find = (row: readonly string[], at: number): RegionSeries => {
    const tried = last[at]
    if (tried && keys.every((column, key) => tried.cells[key] === row[column])) return tried.series
    const cells = keys.map(column => row[column]!)
    const name = cells.join('\n')
    const found = series.get(name) ?? emptySeries(cells, counts.get(row[keys[0]!]!) ?? 0)
    series.set(name, found)
    last[at] = { cells, series: found }
    return found
  }
  return {
    get series() {
      return [...series.values()]
    },
    add({ texts, numbers, first, at }: TypedRow, { number }: RegionSource) {
      const found = find(texts, at)
      const isFit = texts[source!] === 'regionfit'
      found.median[number] = numbers[first + (isFit ? value! : median!)]!
      found.mean[number] = isFit ? Number.NaN : numbers[first + mean!]!
    },
  }
}

function emptySeries(cells: readonly string[], runs: number): RegionSeries {
  const [modality, model, param, desc, estimator, units, atlas, region, source] = cells.map(cell =>
    cell === 'n/a' ? '' : cell,
  )
  return {
    modality: modality ?? '',
    model: model ?? '',
    param: param ?? '',
    desc: desc ?? '',
    estimator: estimator ?? '',
    units: units ?? '',
    atlas: atlas ?? '',
    region: region ?? '',
    source: source ?? '',
    median: new Float64Array(runs).fill(Number.NaN),
    mean: new Float64Array(runs).fill(Number.NaN),
  }
}

function numberOf(cell: string): number {
  return cell === 'n/a' ? Number.NaN : Number(cell)
}
