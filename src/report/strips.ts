import type { QualityValue } from './record.ts'
import { type GroupRun, parameterName, type RegionSeries, runsOfKind } from './series.ts'
import type { Dot, Strip, StripChart } from './strip.ts'
import { byLabel, byText, unitText, withUnit } from './text.ts'
import { band } from './verdict.ts'

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
export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [item])
    else known.push(item)
  }
  return [...groups]
}

/** Where a region stands: those that every reader looks for first, then by name. */
function rank(label: string): string {
  const known = FIRST_REGIONS.indexOf(label.toLowerCase().split(',')[0] ?? '')
  return `${known < 0 ? 9 : known} ${label}`
}

function regionName({ region, source }: RegionSeries): string {
  const name = region === '' ? 'region' : region
  return source === 'regionfit' ? `${name}, region fit` : name
}

/** One dot a run that has a value, in the order of the runs' names. */
function dotsOf(series: readonly RegionSeries[], runs: readonly GroupRun[]): { dot: Dot; run: GroupRun }[] {
  const found = series.flatMap(({ median }) =>
    runs.flatMap((run, at) =>
      Number.isFinite(median[at]) ? [{ dot: { value: median[at]!, label: run.bidsName, href: run.href }, run }] : [],
    ),
  )
  return found.sort((a, b) => byText(a.dot.label, b.dot.label))
}

/** Why the runs of a parameter may not be comparable. */
function warningsOn(series: readonly RegionSeries[], runs: readonly GroupRun[]): string[] {
  const hashes = new Set<string>()
  for (const { median } of series)
    for (const [at, run] of runs.entries()) if (Number.isFinite(median[at])) hashes.add(run.optionsHash)
  // A fit to a region may have an estimator of its own; that of one kind of row is one.
  const estimators = ['voxels', 'regionfit'].map(
    source => new Set(series.filter(one => one.source === source).map(one => one.estimator)).size,
  )
  const warning = (n: number, what: string) =>
    n > 1 ? [`Computed with ${n} different ${what}: these runs are not comparable.`] : []
  return [...warning(hashes.size, 'sets of options'), ...warning(Math.max(...estimators), 'estimators')]
}

function parameterCharted(series: readonly RegionSeries[], runs: readonly GroupRun[]): Charted[] {
  const first = series[0]
  if (!first) return []
  const regions = grouped(series, one => `${regionName(one)}\n${one.atlas}`)
    .map(([key, members]) => ({ label: key.split('\n')[0] ?? key, members }))
    .sort((a, b) => byLabel(rank(a.label), rank(b.label)))
  const rest = regions.length - MOST_STRIPS
  const { units } = first
  const axis = `Median of the region${units === '' || units === '1' ? '' : ` (${units.replaceAll('100g', '100 g')})`}`
  const title = parameterName(first)
  const byRegion: Charted = {
    chart: {
      title,
      axis,
      strips: regions
        .slice(0, MOST_STRIPS)
        .map(({ label, members }) => ({ label, dots: dotsOf(members, runs).map(({ dot }) => dot) })),
    },
    warnings: warningsOn(series, runs),
    notes: rest > 0 ? [`${rest} more regions are in the table.`] : [],
  }
  const whole = regions[0]
  const sites = whole ? grouped(dotsOf(whole.members, runs), ({ run }) => run.site ?? 'site not known') : []
  if (!whole || sites.length < 2) return [byRegion]
  const strips = sites
    .sort(([a], [b]) => byLabel(a, b))
    .map(([label, members]): Strip => ({ label, dots: members.map(({ dot }) => dot) }))
  const more = strips.length - MOST_STRIPS
  return [
    byRegion,
    {
      chart: { title: `${title}, ${whole.label}, by site`, axis, strips: strips.slice(0, MOST_STRIPS) },
      warnings: [],
      notes: more > 0 ? [`${more} more sites are in the table.`] : [],
    },
  ]
}

/**
 * One chart a parameter, one strip a region, one dot a run; where there are several sites, one more chart with a strip a site.
 *
 * @param series - values by parameter and region
 * @param runs - all runs
 */
export function parameterCharts(series: readonly RegionSeries[], runs: readonly GroupRun[]) {
  const groups = grouped(series, one => `${parameterName(one)}\n${one.units}`)
  return {
    charts: groups
      .slice(0, MOST_CHARTS)
      .flatMap(([, members]) => parameterCharted(members, runsOfKind(runs, members[0]?.modality ?? ''))),
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
