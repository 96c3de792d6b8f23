import { join } from 'node:path'
import { listFolder, remove, writeWhole } from '../bids/disk.ts'
import { template } from '../bids/templates.ts'
import { formatTable } from '../bids/tsv.ts'
import { type GroupTable, groupPage } from '../report/group.ts'
import { outliersOf } from '../report/outliers.ts'
import type { Methods } from './dataset-files.ts'
import { gatherRegions } from './group-regions.ts'
import { type Dictionary, type GatheredRuns, type GroupCell, gatherRuns, identifiers } from './group-runs.ts'
import { EXIT, Refusal } from './outcome.ts'
import { workInChild } from './pool.ts'
import { readRatings } from './ratings.ts'
import { REPEATABILITY_COLUMNS, repeatabilityDictionary, repeatabilityRows } from './repeatability.ts'
import type { Surroundings } from './surroundings.ts'
import { PROTOCOL_COLUMNS } from './write.ts'

/** A group table with its cells. */
interface Filled extends GroupTable {
  readonly cells: readonly (readonly GroupCell[])[]
}

/** What a child process is given for the group level. Plain JSON. */
export interface GroupWork {
  readonly do: 'group'
  readonly output: string
  readonly staging: string
  readonly version: string
}

/**
 * Half of the room for what was made last [MB]. Of the cells of tables nearly all are dropped at once; in the room that Node has
 * by itself the rest is copied to and fro so often that it takes a third of the time.
 */
const YOUNG = 64

/** What the group level made. */
export interface Gathered {
  readonly runs: number
  readonly files: readonly string[]
  readonly methods: Methods
}

/**
 * Write the group tables with their dictionaries, and the group page, from the derivatives alone.
 *
 * Refused and failed runs have their row: a table from which they were missing would look complete. So do excluded ones, whose
 * values are left out of everything else. Rows are in the order of their runs' names, columns in that of the first run that
 * has them, so that the same derivatives give the same bytes.
 *
 * @returns how many runs were found; none means that the participant level has not been run here
 */
export async function gatherGroup({ output, staging, version }: Omit<GroupWork, 'do'>): Promise<Gathered> {
  const ratings = readRatings(output)
  const gathered = gatherRuns(output, ratings)
  const { runs } = gathered
  if (runs.length === 0) return { runs: 0, files: [], methods: gathered.methods }
  const regions = await gatherRegions(output, gathered.sources, gathered.further, staging)
  const outliers = outliersOf(regions.series, runs)
  const repeatability = repeatabilityRows(regions.series, runs)
  const regionTable: GroupTable = {
    name: 'group_regions.tsv',
    columns: regions.columns,
    rows: regions.rows,
    dictionary: describeColumns(regions.columns, template('tables/regions.json')),
  }
  const filled = [
    ...runTables(gathered, outliers),
    protocolTable(gathered),
    asTable(
      'group_repeatability.tsv',
      repeatability.map(({ cells }) => cells),
      repeatabilityDictionary(),
      REPEATABILITY_COLUMNS,
    ),
  ]
  const files = ['group_regions.tsv', 'group_regions.parquet']
  const write = (name: string, content: string) => {
    writeWhole(join(output, name), content, staging)
    files.push(name)
  }
  for (const { name, columns, cells } of filled) write(name, formatTable(columns, cells))
  for (const { name, dictionary } of [...filled, regionTable])
    write(name.replace(/tsv$/, 'json'), `${JSON.stringify(dictionary, null, 2)}\n`)
  write(
    'group.html',
    await groupPage({
      title: 'Group',
      version,
      runs,
      tables: [...filled, regionTable],
      series: regions.series,
      outliers,
      repeatability,
      unreadRatings: ratings.problems,
    }),
  )
  // A table of a technique that is no longer there would be taken for current.
  for (const { name } of listFolder(output))
    if (/^group_\w+\.(tsv|json|parquet)$/.test(name) && !files.includes(name)) remove(join(output, name))
  return { runs: runs.length, files, methods: gathered.methods }
}

/**
 * {@link gatherGroup} in a child process.
 *
 * @returns null where the call was stopped meanwhile
 * @throws Refusal (75) where the child was killed; what it said where it crashed
 */
export async function gatherInChild(work: Omit<GroupWork, 'do'>, around: Surroundings): Promise<Gathered | null> {
  const flags = [...around.nodeFlags, `--max-semi-space-size=${YOUNG}`]
  const ending = await workInChild(around.entry, { ...work, do: 'group' }, around.signal, undefined, flags)
  if (ending.kind === 'done') return ending.value as Gathered
  if (around.signal.aborted) return null
  if (ending.kind === 'killed')
    throw new Refusal(
      EXIT.again,
      `the group level was ended by ${ending.signal ?? `exit code ${ending.code}`}; the usual cause is memory: ask for more, and call again`,
    )
  const error = new Error(ending.stack.split('\n')[0]?.replace(/^\w*Error: /, ''))
  error.stack = ending.stack
  throw error
}

/** One table a technique, one row a run. */
function runTables({ rows, dictionaries, sources }: GatheredRuns, outliers: ReturnType<typeof outliersOf>): Filled[] {
  const far = new Map<string, number>()
  for (const { run } of outliers) far.set(run.bidsName, (far.get(run.bidsName) ?? 0) + 1)
  for (const { run, number } of sources) {
    const row = rows.get(run.kind)?.[number]
    if (row && !run.isExcluded && (run.status === 'complete' || run.status === 'partial'))
      row['n_outliers'] = far.get(run.bidsName) ?? 0
  }
  return [...rows.keys()]
    .sort()
    .map(kind => asTable(`group_${kind}.tsv`, rows.get(kind) ?? [], dictionaries.get(kind) ?? {}))
}

/** One row for each run and rule. */
function protocolTable({ runs }: GatheredRuns): Filled {
  const rows = runs.flatMap(run =>
    run.protocol.map(rule => ({
      ...identifiers(run),
      modality: run.kind,
      ...Object.fromEntries(PROTOCOL_COLUMNS.map(column => [column, rule[column]])),
    })),
  )
  const least = ['bids_name', 'participant_id', 'session_id', 'modality', ...PROTOCOL_COLUMNS]
  return asTable('group_protocol.tsv', rows, template('tables/protocol.json'), rows.length > 0 ? undefined : least)
}

/** Rows with the union of their columns, in the order in which they first occur, or with those that are given. */
function asTable(
  name: string,
  rows: readonly Readonly<Record<string, GroupCell>>[],
  dictionary: Readonly<Dictionary>,
  given?: readonly string[],
): Filled {
  const columns = given ?? columnsOf(rows)
  return {
    name,
    columns,
    rows: rows.length,
    cells: rows.map(row => columns.map(column => row[column] ?? null)),
    dictionary: describeColumns(columns, dictionary),
  }
}

function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const found = new Set<string>()
  for (const row of rows) for (const column of Object.keys(row)) found.add(column)
  return [...found]
}

function describeColumns(columns: readonly string[], dictionary: GroupTable['dictionary']): GroupTable['dictionary'] {
  return Object.fromEntries(
    columns.map(column => [column, dictionary[column] ?? { Description: `BIDS entity ${column} of the run` }]),
  )
}
