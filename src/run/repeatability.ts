import { template } from '../bids/templates.ts'
import { type Interval, intraclass, pairAgreement, varianceComponents, withinSubject } from '../numerics/agreement.ts'
import { tQuantile } from '../numerics/distributions.ts'
import { type GroupRun, type RegionSeries, type Repeatability, runsOfKind, SERIES_COLUMNS } from '../report/series.ts'
import { byText } from '../report/text.ts'

/** Participants with a repeat under which no figure is given: its interval would be wider than what it measures. */
export const LEAST_PAIRS = 5

/** What the measurements of a participant that are compared differ in. */
export type Comparison = 'runs' | 'sessions' | 'sites' | 'variance'

/** Runs that differ in nothing but what is compared, by their numbers among the runs of the technique. */
export interface Repeats {
  readonly comparison: Exclude<Comparison, 'variance'>
  /** Entities that the runs share beside participant, session and run. */
  readonly entities: string
  readonly optionsHash: string
  /** One list a participant, in the order of sessions and runs. */
  readonly participants: readonly (readonly number[])[]
}

/** Runs by site and participant. */
interface Nest {
  readonly entities: string
  readonly optionsHash: string
  readonly sites: readonly (readonly (readonly number[])[])[]
}

type Row = Repeatability['cells']

/** A figure with its interval, as three columns. */
const FIGURE = (name: string) => [name, `${name}_ci_low`, `${name}_ci_high`]

/** The columns of the table, in order. */
export const REPEATABILITY_COLUMNS: readonly string[] = [
  ...SERIES_COLUMNS,
  'statistic',
  'comparison',
  'entities',
  'options_hash',
  'n_participants',
  'n_measurements',
  'n_sites',
  'mean',
  'scale',
  ...FIGURE('wsd'),
  ...FIGURE('rc'),
  ...FIGURE('wcv'),
  'rc_percent',
  'wsd_log',
  'change_down',
  'change_up',
  'n_pairs',
  ...FIGURE('bias'),
  'sd_difference',
  ...FIGURE('loa_lower'),
  ...FIGURE('loa_upper'),
  'proportionality',
  ...FIGURE('icc_oneway'),
  ...FIGURE('icc_agreement'),
  ...FIGURE('icc_consistency'),
  'var_site',
  'var_participant',
  'var_within',
  'site_percent',
]

/**
 * How well each parameter repeats, in each region: one row a comparison.
 *
 * @remarks
 * `runs` are repeats in one session, `sessions` in one site, `sites` are measurements of one participant in several; only runs
 * of the same options, estimator and further entities are compared. `variance` splits the variance into sites, participants and
 * repeats. From fewer than {@link LEAST_PAIRS} participants there is no figure, only their number.
 *
 * @param series - values by parameter and region
 * @param runs - all runs
 */
export function repeatabilityRows(series: readonly RegionSeries[], runs: readonly GroupRun[]): Repeatability[] {
  const plans = new Map<string, { readonly repeats: readonly Repeats[]; readonly nests: readonly Nest[] }>()
  return series.flatMap(one => {
    const plan = plans.get(one.modality) ?? planOf(runsOfKind(runs, one.modality))
    plans.set(one.modality, plan)
    if (plan.repeats.length === 0 && plan.nests.length === 0) return []
    const statistics = one.source === 'regionfit' ? (['value'] as const) : (['median', 'mean'] as const)
    return statistics.flatMap(statistic => {
      const values = statistic === 'mean' ? one.mean : one.median
      const head = { ...Object.fromEntries(SERIES_COLUMNS.map(name => [name, one[name]])), statistic }
      return [
        ...plan.repeats.flatMap(repeats =>
          repeatRow(head, repeats, values).map(cells => ({ cells, participants: repeats.participants })),
        ),
        ...plan.nests.flatMap(nest => nestRow(head, nest, values).map(cells => ({ cells, participants: [] }))),
      ]
    })
  })
}

/** The dictionary of the table. */
export function repeatabilityDictionary(): Readonly<Record<string, unknown>> {
  return template('tables/repeatability.json')
}

/** What can be compared among the runs of a technique. */
export function planOf(runs: readonly GroupRun[]): { repeats: Repeats[]; nests: Nest[] } {
  const repeats: Repeats[] = []
  const nests: Nest[] = []
  const usable = runs.flatMap((run, number) =>
    run.isExcluded || (run.status !== 'complete' && run.status !== 'partial') ? [] : [{ run, number }],
  )
  for (const members of grouped(usable, ({ run }) => `${furtherOf(run)}\n${run.optionsHash}`).values()) {
    const shared = { entities: furtherOf(members[0]!.run), optionsHash: members[0]!.run.optionsHash }
    const people = [...grouped(members, ({ run }) => run.participant)].sort(([a], [b]) => byText(a, b))
    const lists: Record<Repeats['comparison'], number[][]> = { runs: [], sessions: [], sites: [] }
    for (const [, all] of people) {
      const ordered = all.sort((a, b) => byText(orderOf(a.run), orderOf(b.run)))
      const sessions = [...grouped(ordered, ({ run }) => run.session ?? '').values()]
      const firsts = sessions.map(([first]) => first!)
      const sites = [...grouped(firsts, ({ run }) => run.site ?? '').values()]
      const longest = (groups: (typeof ordered)[]) =>
        groups.reduce((best, list) => (list.length > best.length ? list : best), [])
      lists.runs.push(longest(sessions).map(({ number }) => number))
      lists.sessions.push(longest(sites).map(({ number }) => number))
      lists.sites.push(sites.flatMap(([first]) => (first!.run.site === null ? [] : [first!.number])))
    }
    for (const comparison of ['runs', 'sessions', 'sites'] as const) {
      const participants = lists[comparison].filter(list => list.length > 1)
      if (participants.length > 0) repeats.push({ comparison, ...shared, participants })
    }
    const settled = people.flatMap(([, all]) => {
      const sites = new Set(all.map(({ run }) => run.site))
      const [site] = sites
      return sites.size === 1 && site !== null && site !== undefined
        ? [{ site, all: all.map(({ number }) => number) }]
        : []
    })
    const sites = [...grouped(settled, ({ site }) => site).values()].map(list => list.map(({ all }) => all))
    if (sites.length > 1) nests.push({ ...shared, sites })
  }
  return { repeats, nests }
}

function repeatRow(
  head: Row,
  { comparison, entities, optionsHash, participants }: Repeats,
  values: Float64Array,
): Row[] {
  const known = participants.flatMap(numbers => {
    const found = numbers.map(number => values[number]!).filter(Number.isFinite)
    return found.length > 1 ? [found] : []
  })
  if (known.length === 0) return []
  const row = {
    ...head,
    comparison,
    entities: entities === '' ? null : entities,
    options_hash: optionsHash,
    n_participants: known.length,
    n_measurements: known.flat().length,
    n_pairs: known.length,
  }
  if (known.length < LEAST_PAIRS) return [row]
  const within = withinSubject(known)
  const pairs = pairAgreement(known.map(([first, second]) => [first!, second!] as const))
  const k = Math.min(...known.map(list => list.length))
  const icc = intraclass(known.map(list => list.slice(0, k)))
  return [
    {
      ...row,
      mean: within.mean,
      scale: scaleOf(pairs.proportionality, known.length),
      ...figure('wsd', within.sd),
      ...figure('rc', within.rc),
      ...figure('wcv', within.cv, 100),
      rc_percent: 100 * (within.rc.value / within.sd.value) * within.cv.value,
      wsd_log: within.logSd.value,
      change_down: 100 * within.change[0],
      change_up: 100 * within.change[1],
      ...figure('bias', pairs.bias),
      sd_difference: pairs.sd,
      ...figure('loa_lower', pairs.lower),
      ...figure('loa_upper', pairs.upper),
      proportionality: pairs.proportionality,
      ...figure('icc_oneway', icc.oneWay),
      ...figure('icc_agreement', icc.agreement),
      ...figure('icc_consistency', icc.consistency),
    },
  ]
}

/** Which figures to read: the relative ones where the spread grows with the level, beyond chance. */
function scaleOf(correlation: number, n: number): string {
  const t = correlation * Math.sqrt((n - 2) / (1 - correlation * correlation))
  return t > tQuantile(0.975, n - 2) ? 'relative' : 'absolute'
}

function nestRow(head: Row, { entities, optionsHash, sites }: Nest, values: Float64Array): Row[] {
  const known = sites.map(people => measuredBy(people, values)).filter(people => people.length > 0)
  const people = known.flat()
  if (known.length < 2) return []
  const row = {
    ...head,
    comparison: 'variance',
    entities: entities === '' ? null : entities,
    options_hash: optionsHash,
    n_participants: people.length,
    n_measurements: people.reduce((sum, list) => sum + list.length, 0),
    n_sites: known.length,
  }
  if (people.length - known.length < LEAST_PAIRS - 1) return [row]
  const { between, among, within } = varianceComponents(known)
  const whole = between + among + (Number.isFinite(within) ? within : 0)
  return [
    {
      ...row,
      mean: people.reduce((sum, list) => sum + list.reduce((a, b) => a + b, 0) / list.length, 0) / people.length,
      var_site: between,
      var_participant: among,
      var_within: within,
      site_percent: (100 * between) / whole,
    },
  ]
}

/** What was measured of each participant of whom anything was. */
function measuredBy(people: readonly (readonly number[])[], values: Float64Array): number[][] {
  const known: number[][] = []
  for (const numbers of people) {
    const list: number[] = []
    for (const number of numbers) if (Number.isFinite(values[number]!)) list.push(values[number]!)
    if (list.length > 0) known.push(list)
  }
  return known
}

function figure(name: string, { value, low, high }: Interval, factor = 1): Row {
  const [one = '', two = '', three = ''] = FIGURE(name)
  return { [one]: factor * value, [two]: factor * low, [three]: factor * high }
}

/** Entities of a run beside participant, session and run: what must be the same for two of them to be repeats. */
function furtherOf({ entities }: GroupRun): string {
  return Object.entries(entities)
    .filter(([key]) => !['sub', 'ses', 'run'].includes(key))
    .map(([key, label]) => `${key}-${label}`)
    .join('_')
}

/** Sessions and runs in the order of their labels, numbers by their value. */
function orderOf({ entities }: GroupRun): string {
  const padded = (label: string | undefined) => (label ?? '').replace(/\d+/g, digits => digits.padStart(12, '0'))
  return `${padded(entities['ses'])}\n${padded(entities['run'])}`
}

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const known = groups.get(key(item))
    if (known) known.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}
