import type { QualityValue, RegionRow, RunRecord } from './record.ts'
import type { Dot, Strip, StripChart } from './strip.ts'
import { byText, unitText, withUnit } from './text.ts'
import { band } from './verdict.ts'

/** What the group page needs of a run: parts of its record, its name, and where its page is. */
export interface GroupRun
  extends Pick<
    RunRecord,
    'kind' | 'title' | 'participant' | 'session' | 'status' | 'problems' | 'protocol' | 'quality'
  > {
  readonly bidsName: string
  /** The participant's page, relative to this one, with the run's anchor where it is known. */
  readonly href: string
}

/** Strips that a chart holds, and charts that the page holds: the rest is in the tables. */
const MOST_STRIPS = 8
const MOST_CHARTS = 24
/** Regions that stand first, in this order. */
const FIRST_REGIONS = ['brain', 'gm', 'wm', 'csf']

/** A chart with what a reader should know of it. */
export interface Charted {
  readonly chart: StripChart
  /** Why its runs may not be comparable; empty where nothing speaks against it. */
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
}

/** Groups by a key, in the order in which the keys first occur. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [item])
    else known.push(item)
  }
  return [...groups]
}

/** A cell as text; what is missing is empty. Rows come from memory or from a table, where missing is `n/a`. */
function cell(row: RegionRow, column: string): string {
  const value = row[column]
  return value === null || value === undefined || value === 'n/a' ? '' : String(value)
}

function numeric(row: RegionRow, column: string): number {
  const text = cell(row, column)
  return text === '' ? Number.NaN : Number(text)
}

/** The value a row stands for: the fit of the region's curve, or the median of its voxels. */
function valueIn(row: RegionRow): number {
  return cell(row, 'source') === 'regionfit' ? numeric(row, 'value') : numeric(row, 'median')
}

function regionName(row: RegionRow): string {
  const name = cell(row, 'region') || 'region'
  return cell(row, 'source') === 'regionfit' ? `${name}, region fit` : name
}

/** Where a region stands: those that every reader looks for first, then by name. */
function rank(label: string): string {
  const known = FIRST_REGIONS.indexOf(label.toLowerCase().split(',')[0] ?? '')
  return `${known < 0 ? 9 : known} ${label}`
}

function parameterChart(rows: readonly RegionRow[], pages: ReadonlyMap<string, string>): Charted {
  const first = rows[0] ?? {}
  const name = ['modality', 'model', 'param', 'desc'].map(column => cell(first, column)).filter(part => part !== '')
  const strips = grouped(rows, row => `${regionName(row)}\n${cell(row, 'atlas')}`).map(([key, members]): Strip => {
    const dots = members.flatMap((row): Dot[] => {
      const value = valueIn(row)
      const label = cell(row, 'bids_name')
      return Number.isFinite(value) ? [{ value, label, href: pages.get(label) ?? '#all-runs' }] : []
    })
    return { label: key.split('\n')[0] ?? key, dots: dots.sort((a, b) => byText(a.label, b.label)) }
  })
  const sorted = strips.sort((a, b) => byText(rank(a.label), rank(b.label)))
  const units = cell(first, 'units')
  const warnings = (['options_hash', 'estimator'] as const).flatMap(column => {
    // A region fit has an estimator of its own: it is compared with its like.
    const like = grouped(rows, row => cell(row, 'source'))
    const different = Math.max(...like.map(([, members]) => new Set(members.map(row => cell(row, column))).size))
    const what = column === 'estimator' ? 'estimators' : 'sets of options'
    return different > 1 ? [`Computed with ${different} different ${what}: these runs are not comparable.`] : []
  })
  const rest = sorted.length - MOST_STRIPS
  const notes = rest > 0 ? [`${rest} more regions are in the table.`] : []
  const axis = `Median of the region${units === '' || units === '1' ? '' : ` (${units.replaceAll('100g', '100 g')})`}`
  return { chart: { title: name.join(' · '), axis, strips: sorted.slice(0, MOST_STRIPS) }, warnings, notes }
}

/**
 * One chart a parameter, one strip a region, one dot a run.
 *
 * @param rows - region statistics of all runs
 * @param pages - page of each run by its name
 */
export function parameterCharts(rows: readonly RegionRow[], pages: ReadonlyMap<string, string>) {
  const key = (row: RegionRow) =>
    ['modality', 'model', 'param', 'desc', 'units'].map(column => cell(row, column)).join('\n')
  const groups = grouped(rows, key)
  return {
    charts: groups.slice(0, MOST_CHARTS).map(([, members]) => parameterChart(members, pages)),
    left: Math.max(0, groups.length - MOST_CHARTS),
  }
}

function qualityChart(values: readonly { readonly run: GroupRun; readonly value: QualityValue }[]): Charted {
  const first = values[0]
  const label = first?.value.label ?? ''
  const dots = values.flatMap(({ run, value }): Dot[] =>
    value.value !== null && Number.isFinite(value.value)
      ? [{ value: value.value, label: run.bidsName, href: run.href }]
      : [],
  )
  const bands = new Set(values.map(({ value }) => JSON.stringify(value.expected ?? null)))
  const expected = bands.size === 1 ? first?.value.expected : undefined
  const title = `${first?.run.kind ?? ''} · ${label}`
  const axis = first === undefined ? '' : withUnit(label, first.value.unit)
  const unit = first === undefined ? '' : unitText(first.value.unit)
  const strips = [{ label: unit === '' ? 'all runs' : `all runs (${unit})`, dots }]
  const notes = [first?.value.says ?? '']
  if (bands.size > 1) notes.push('The expected band differs between runs and is not drawn.')
  return {
    chart: { title, axis, strips, ...(expected === undefined ? {} : { band: band(expected) }) },
    warnings: [],
    notes,
  }
}

/** One chart a technique and quality figure, one dot a run. */
export function qualityCharts(runs: readonly GroupRun[]) {
  const values = runs.flatMap(run => run.quality.map(value => ({ run, value })))
  const groups = grouped(values, ({ run, value }) => `${run.kind}\n${value.name}`)
  const drawn = groups.filter(([, members]) => members.some(({ value }) => value.value !== null))
  return {
    charts: drawn.slice(0, MOST_CHARTS).map(([, members]) => qualityChart(members)),
    left: Math.max(0, drawn.length - MOST_CHARTS),
  }
}
