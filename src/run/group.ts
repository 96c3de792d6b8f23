import { basename, join } from 'node:path'
import { exists, listFolder, readText, remove, writeWhole } from '../bids/disk.ts'
import { template } from '../bids/templates.ts'
import { formatTable, parseTable, recordsOf } from '../bids/tsv.ts'
import { type GroupTable, groupPage } from '../report/group.ts'
import type { RegionRow, RunRecord } from '../report/record.ts'
import { listRecords, type StoredRecord } from './records.ts'
import { REGION_COLUMNS } from './regions.ts'
import { PROTOCOL_COLUMNS } from './write.ts'

type Cell = string | number | null
type Row = Readonly<Record<string, Cell>>
/** A group table; its cells, which the page does not need. */
interface Filled extends GroupTable {
  readonly rows: readonly (readonly Cell[])[]
}
type Dictionary = Record<string, unknown>

/** What the group level made. */
export interface Gathered {
  readonly runs: number
  readonly files: readonly string[]
}

/**
 * Write the group tables with their dictionaries, and the group page, from the derivatives alone.
 *
 * Refused and failed runs have their row: a table from which they were missing would look complete. Rows are in the order
 * of their runs' names, columns in that of the first run that has them, so that the same derivatives give the same bytes.
 *
 * @returns how many runs were found; none means that the participant level has not been run here
 */
export async function gatherGroup(output: string, staging: string, version: string): Promise<Gathered> {
  const stored = listRecords(output)
  if (stored.length === 0) return { runs: 0, files: [] }
  const kinds = [...new Set(stored.map(({ record }) => record.kind))].sort()
  const regions = regionRecords(output, stored)
  const tables: Filled[] = [
    ...kinds.map(kind =>
      runTable(
        kind,
        stored.filter(({ record }) => record.kind === kind),
      ),
    ),
    regionTable(regions),
    protocolTable(stored),
  ]
  const files: string[] = []
  const write = (name: string, content: string) => {
    writeWhole(join(output, name), content, staging)
    files.push(name)
  }
  for (const table of tables) {
    write(table.name, formatTable(table.columns, table.rows))
    write(table.name.replace(/tsv$/, 'json'), `${JSON.stringify(table.dictionary, null, 2)}\n`)
  }
  const runs = stored.map(({ path, record }) => ({ ...record, bidsName: nameOf(path), href: pageOf(output, record) }))
  write('group.html', await groupPage({ title: 'Group', version, runs, tables, regions }))
  // A table of a technique that is no longer there would be taken for current.
  for (const { name } of listFolder(output))
    if (/^group_\w+\.(tsv|json)$/.test(name) && !files.includes(name)) remove(join(output, name))
  return { runs: stored.length, files }
}

function nameOf(path: string): string {
  return basename(path)
    .replace('_desc-provenance', '')
    .replace(/\.json$/, '')
}

/** The page that shows a run: that of its session where the report is split, else the participant's. */
function pageOf(output: string, record: RunRecord): string {
  const split = `sub-${record.participant}_ses-${record.session}.html`
  return exists(join(output, split)) ? split : `sub-${record.participant}.html`
}

function identifiers({ path, record }: StoredRecord): Row {
  const { sub, ses, ...further } = record.entities
  return {
    bids_name: nameOf(path),
    participant_id: `sub-${sub ?? record.participant}`,
    session_id: ses === undefined ? null : `ses-${ses}`,
    ...further,
  }
}

const count = (record: RunRecord, ...severities: readonly string[]) =>
  record.problems.filter(({ severity }) => severities.includes(severity)).length

/** One row a run: outcome, acquisition, quality, and the parameters that differ in nothing but their number. */
function runTable(kind: string, stored: readonly StoredRecord[]): Filled {
  const dictionary: Dictionary = { ...template('tables/runs.json') }
  const rows = stored.map(item => {
    const { record } = item
    const row: Record<string, Cell> = {
      ...identifiers(item),
      status: record.status,
      n_errors: count(record, 'error', 'partial'),
      n_warnings: count(record, 'warning'),
    }
    const failing = record.protocol
      .filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')
      .map(({ rule }) => rule)
    row['protocol_deviations'] = failing.length > 0 ? failing.join(' ') : null
    for (const fact of record.facts) {
      const column = snake(fact.name)
      row[column] = cellOf(fact.value)
      dictionary[column] ??= { LongName: fact.label, Description: `${fact.label}, as acquired`, Units: fact.unit }
    }
    for (const parameter of record.parameters) {
      const column = `used_${snake(parameter.name)}`
      row[column] = cellOf(parameter.value)
      dictionary[column] ??= {
        LongName: parameter.meaning,
        Description: `${parameter.meaning}, as used`,
        Units: parameter.unit,
      }
    }
    for (const quality of record.quality) {
      const column = snake(quality.name)
      row[column] = quality.value
      dictionary[column] ??= { LongName: quality.label, Description: quality.says, Units: quality.unit }
    }
    row['options_hash'] = record.optionsHash
    return row
  })
  return asTable(`group_${kind}.tsv`, rows, dictionary)
}

function cellOf(value: RunRecord['facts'][number]['value']): Cell {
  if (value === null || typeof value === 'number' || typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return value.join(' ')
}

/** `PostLabelingDelay` to `post_labeling_delay`: BIDS asks for snake case in column names. */
function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
}

/** The rows of the region tables of all runs, cells as written. */
function regionRecords(output: string, stored: readonly StoredRecord[]): RegionRow[] {
  const rows: RegionRow[] = []
  for (const { record } of stored) {
    for (const path of record.outputs.filter(name => /_desc-regions_\w+\.tsv$/.test(name))) {
      const table = exists(join(output, path)) ? parseTable(readText(join(output, path))) : null
      if (table?.ok) rows.push(...recordsOf(table.value))
    }
  }
  return rows
}

function regionTable(rows: readonly RegionRow[]): Filled {
  const { columns, ...rest } = asTable('group_regions.tsv', rows, template('tables/regions.json'))
  const further = columns.filter(column => !REGION_COLUMNS.some(known => known === column)).sort()
  const at = REGION_COLUMNS.indexOf('run') + 1
  const ordered = [...REGION_COLUMNS.slice(0, at), ...further, ...REGION_COLUMNS.slice(at)]
  return {
    ...rest,
    columns: ordered,
    rows: rows.map(row => ordered.map(column => row[column] ?? null)),
    dictionary: describeColumns(ordered, rest.dictionary),
  }
}

/** One row for each run and rule. */
function protocolTable(stored: readonly StoredRecord[]): Filled {
  const rows = stored.flatMap(item =>
    item.record.protocol.map(rule => ({
      ...identifiers(item),
      modality: item.record.kind,
      ...Object.fromEntries(PROTOCOL_COLUMNS.map(column => [column, rule[column]])),
    })),
  )
  const table = asTable('group_protocol.tsv', rows, template('tables/protocol.json'))
  if (rows.length > 0) return table
  const columns = ['bids_name', 'participant_id', 'session_id', 'modality', ...PROTOCOL_COLUMNS]
  return { ...table, columns, dictionary: describeColumns(columns, table.dictionary) }
}

/** Rows with the union of their columns, in the order in which they first occur. */
function asTable(name: string, rows: readonly Row[], dictionary: Dictionary): Filled {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))]
  return {
    name,
    columns,
    rows: rows.map(row => columns.map(column => row[column] ?? null)),
    dictionary: describeColumns(columns, dictionary),
  }
}

function describeColumns(columns: readonly string[], dictionary: GroupTable['dictionary']): GroupTable['dictionary'] {
  return Object.fromEntries(
    columns.map(column => [column, dictionary[column] ?? { Description: `BIDS entity ${column} of the run` }]),
  )
}
