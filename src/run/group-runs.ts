import { basename, join } from 'node:path'
import { exists } from '../bids/disk.ts'
import { template } from '../bids/templates.ts'
import type { RunRecord } from '../report/record.ts'
import type { GroupRun } from '../report/series.ts'
import { readRecord } from './complete.ts'
import { type Methods, methodsGatherer } from './dataset-files.ts'
import type { RegionSource } from './group-regions.ts'
import type { Ratings } from './ratings.ts'
import { recordPaths } from './records.ts'

/** What may stand in a cell of a group table. */
export type GroupCell = string | number | null
/** A row of a group table by column. */
export type GroupRow = Record<string, GroupCell>
/** Column to its description. */
export type Dictionary = Record<string, unknown>

/** The runs of a dataset as the group level keeps them: without what only a participant's page needs. */
export interface GatheredRuns {
  readonly runs: readonly GroupRun[]
  /** Where the regions of each run are. */
  readonly sources: readonly RegionSource[]
  /** One row a run, by technique. */
  readonly rows: ReadonlyMap<string, readonly GroupRow[]>
  /** Descriptions of the columns that the runs brought along. */
  readonly dictionaries: ReadonlyMap<string, Dictionary>
  /** What was done in all runs. */
  readonly methods: Methods
  /** Entities that occur, beside participant, session, acquisition and run; sorted. */
  readonly further: readonly string[]
}

/**
 * Read the records of all runs, one after the other, and keep what tables and page are made from.
 *
 * @param output - the output dataset
 * @param ratings - what readers said
 */
export function gatherRuns(output: string, ratings: Ratings): GatheredRuns {
  const runs: GroupRun[] = []
  const sources: RegionSource[] = []
  const rows = new Map<string, GroupRow[]>()
  const dictionaries = new Map<string, Dictionary>()
  const entities = new Set<string>()
  const same = interned()
  const methods = methodsGatherer()
  for (const path of recordPaths(output)) {
    const record = readRecord(output, path)
    if (!record) continue
    const bidsName = basename(path)
      .replace('_desc-provenance', '')
      .replace(/\.json$/, '')
    methods.add(record)
    const run = groupRun(output, record, bidsName, ratings, same)
    const ofKind = rows.get(record.kind) ?? []
    rows.set(record.kind, ofKind)
    const dictionary = dictionaries.get(record.kind) ?? { ...template('tables/runs.json') }
    dictionaries.set(record.kind, dictionary)
    sources.push({
      run,
      number: ofKind.length,
      files: record.outputs.filter(name => /_desc-regions_\w+\.tsv$/.test(name)),
    })
    ofKind.push(runRow(run, record, dictionary))
    runs.push(run)
    for (const key of Object.keys(record.entities)) entities.add(same(key))
  }
  const further = [...entities].filter(key => !['sub', 'ses', 'acq', 'run'].includes(key)).sort()
  return { runs, sources, rows, dictionaries, methods: methods.methods(), further }
}

/** Gives the first of equal texts: ten thousand records repeat the same words. */
function interned(): (text: string) => string {
  const known = new Map<string, string>()
  return text => {
    const first = known.get(text)
    if (first !== undefined) return first
    known.set(text, text)
    return text
  }
}

function groupRun(
  output: string,
  record: RunRecord,
  bidsName: string,
  { byRun }: Ratings,
  same: (text: string) => string,
): GroupRun {
  const ratings = (byRun.get(bidsName) ?? []).map(rating => ({
    ...rating,
    isOutdated: rating.Identity !== '' && rating.Identity !== record.identity,
  }))
  return {
    kind: same(record.kind),
    title: same(record.title),
    participant: record.participant,
    session: record.session === null ? null : same(record.session),
    entities: record.entities,
    status: record.status,
    problems: record.problems.map(found => ({ ...found, code: found.code })),
    protocol: record.protocol.map(row => ({
      rule: same(row.rule),
      title: same(row.title),
      verdict: row.verdict,
      value: same(row.value),
      recommended: same(row.recommended),
      field: same(row.field),
      says: same(row.says),
      reference: same(row.reference),
    })),
    quality: record.quality.map(value => ({
      ...value,
      name: same(value.name),
      label: same(value.label),
      says: same(value.says),
    })),
    facts: record.facts.map(({ name, label, value, unit }) => ({
      name: same(name),
      label: same(label),
      value: typeof value === 'string' ? same(value) : value,
      unit,
    })),
    site: record.site ? same(record.site.name) : null,
    optionsHash: same(record.optionsHash),
    bidsName,
    href: pageOf(output, record),
    ratings,
    isExcluded: ratings.some(rating => rating.Rating === 'exclude'),
  }
}

/** The page that shows a run: that of its session where the report is split, else the participant's. */
function pageOf(output: string, record: RunRecord): string {
  const split = `sub-${record.participant}_ses-${record.session}.html`
  return exists(join(output, split)) ? split : `sub-${record.participant}.html`
}

/** The columns that name a run. */
export function identifiers({ bidsName, participant, entities }: GroupRun): GroupRow {
  const { sub, ses, ...further } = entities
  return {
    bids_name: bidsName,
    participant_id: `sub-${sub ?? participant}`,
    session_id: ses === undefined ? null : `ses-${ses}`,
    ...further,
  }
}

const count = (run: GroupRun, ...severities: readonly string[]) =>
  run.problems.filter(({ severity }) => severities.includes(severity)).length

/** One row: outcome, rating, acquisition, quality, and the parameters that differ in nothing but their number. */
function runRow(run: GroupRun, record: RunRecord, dictionary: Dictionary): GroupRow {
  const failing = run.protocol.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn').map(({ rule }) => rule)
  const row: GroupRow = {
    ...identifiers(run),
    status: run.status,
    site: run.site,
    rating: run.isExcluded ? 'exclude' : run.ratings.length > 0 ? 'accept' : null,
    rating_reasons: [...new Set(run.ratings.flatMap(({ Reasons }) => Reasons))].join(' ') || null,
    n_errors: count(run, 'error', 'partial'),
    n_warnings: count(run, 'warning'),
    protocol_deviations: failing.length > 0 ? failing.join(' ') : null,
  }
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
  row['n_outliers'] = null
  row['options_hash'] = record.optionsHash
  return row
}

function cellOf(value: RunRecord['facts'][number]['value']): GroupCell {
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
