import { drawLines } from './chart.ts'
import { type Content, html, type Markup } from './markup.ts'
import { headed, table } from './page.ts'
import { type RegionSeries, type Repeatability, SERIES_COLUMNS } from './series.ts'
import { countText, numberText } from './text.ts'

/** Rows that the page shows, and charts. */
const MOST_ROWS = 40
const MOST_CHARTS = 8
/** Comparisons whose first and second values are drawn, in words. */
const WORDS: Readonly<Record<string, string>> = {
  runs: 'runs of one session',
  sessions: 'sessions of one site',
  sites: 'sites',
  variance: 'variance',
}

type Row = Repeatability['cells']

const text = (row: Row, column: string) => {
  const value = row[column]
  return value === null || value === undefined ? '' : String(value)
}
const number = (row: Row, column: string) => {
  const value = row[column]
  return typeof value === 'number' ? value : Number.NaN
}

/** A figure with its interval, in short. */
function figure(row: Row, column: string, unit = ''): string {
  const [value, low, high] = ['', '_ci_low', '_ci_high'].map(end => number(row, `${column}${end}`))
  if (!Number.isFinite(value)) return 'n/a'
  const interval = Number.isFinite(low) ? ` (${numberText(low ?? 0, 3)} to ${numberText(high ?? 0, 3)})` : ''
  return `${numberText(value ?? 0, 3)}${unit}${interval}`
}

function nameOf(row: Row): Content {
  const name = ['modality', 'model', 'param', 'desc'].map(column => text(row, column)).filter(part => part !== '')
  const entities = text(row, 'entities')
  return headed(name.join(' · '), `${text(row, 'region')}${entities === '' ? '' : `, ${entities}`}`)
}

/** Rows that the page shows: the organ as a whole, medians or fits; the rest is in the table. */
function shownOf(rows: readonly Repeatability[]): Repeatability[] {
  return rows.filter(({ cells }) => text(cells, 'atlas') === 'mask' && text(cells, 'statistic') !== 'mean')
}

/**
 * How well parameters repeat over the organ as a whole; null where no participant was measured twice.
 *
 * @param rows - rows of the table of repeatability
 */
export function repeatabilityTable(rows: readonly Repeatability[]): Markup | null {
  if (rows.length === 0) return null
  const shown = shownOf(rows).map(({ cells }) => cells)
  const repeats = shown.filter(row => text(row, 'comparison') !== 'variance')
  const variance = shown.filter(row => text(row, 'comparison') === 'variance')
  const cells = repeats.slice(0, MOST_ROWS).map((row): Content[] => {
    const isRelative = text(row, 'scale') === 'relative'
    return [
      nameOf(row),
      WORDS[text(row, 'comparison')] ?? '',
      countText(number(row, 'n_pairs')),
      figure(row, 'wcv', ' %'),
      isRelative
        ? `${figure(row, 'change_down', ' %')} to +${figure(row, 'change_up', ' %')}`
        : `${figure(row, 'rc')} ${text(row, 'units') === '1' ? '' : text(row, 'units')}`.trim(),
      figure(row, 'bias'),
      figure(row, 'icc_agreement'),
    ]
  })
  const heads = ['Parameter', 'Repeated over', 'Pairs', 'wCV', 'A change is real beyond', 'Bias', 'ICC, agreement']
  const split = variance
    .slice(0, MOST_ROWS)
    .map((row): Content[] => [
      nameOf(row),
      countText(number(row, 'n_sites')),
      countText(number(row, 'n_participants')),
      ...['var_site', 'var_participant', 'var_within', 'site_percent'].map(column => figure(row, column)),
    ])
  const parts = [
    'Parameter',
    'Sites',
    'Participants',
    'Between sites',
    'Between participants',
    'Between repeats',
    'Sites (%)',
  ]
  return html`<p>By the definitions of the Quantitative Imaging Biomarkers Alliance, with 95 % intervals, from five participants on. A change between two scans of one patient is real (95 %) beyond the repeatability coefficient; where the spread grows with the level it is given in per cent. All regions are in the table.</p>
${
  cells.length > 0 &&
  table(
    'Repeatability',
    heads.map(head => ({ head })),
    cells,
  )
}${
  split.length > 0 &&
  html`<h3>Where the variance comes from</h3>${table(
    'Variance components',
    parts.map(head => ({ head })),
    split,
  )}`
}`
}

/**
 * Difference over mean of each pair, with the limits of agreement: what a coefficient hides.
 *
 * @param rows - rows of the table of repeatability
 * @param series - values by parameter and region
 */
export function agreementCharts(rows: readonly Repeatability[], series: readonly RegionSeries[]): Markup {
  const drawn = shownOf(rows)
    .filter(({ cells }) => Number.isFinite(number(cells, 'bias')))
    .slice(0, MOST_CHARTS)
    .flatMap(({ cells: row, participants }) => {
      const one = series.find(candidate => SERIES_COLUMNS.every(column => candidate[column] === text(row, column)))
      const pairs = one ? pairsOf(participants, one) : []
      if (!one || pairs.length === 0) return []
      const title = `${text(row, 'modality')} · ${text(row, 'param')}, ${text(row, 'region')}: ${WORDS[text(row, 'comparison')]}`
      const sorted = pairs.sort((a, b) => a[0] + a[1] - b[0] - b[1])
      const { svg } = drawLines({
        kind: 'lines',
        id: 'agreement',
        title,
        caption: '',
        x: { label: 'mean of the two', values: sorted.map(([first, second]) => (first + second) / 2) },
        y: { label: `second minus first${one.units === '1' ? '' : ` [${one.units}]`}` },
        series: [
          { label: `${sorted.length} pairs`, values: sorted.map(([first, second]) => second - first), points: true },
        ],
        band: { label: 'limits of agreement', low: number(row, 'loa_lower'), high: number(row, 'loa_upper') },
      })
      return [
        html`<figure><figcaption><strong>${title}</strong><span class="muted">What to look for:</span> an even cloud about 0 within the band; a fan that opens to the right asks for relative figures, a slope or a shift is a bias.</figcaption>${svg}</figure>\n`,
      ]
    })
  return html`${drawn}`
}

/** The first two values of each participant. */
function pairsOf(participants: Repeatability['participants'], { median }: RegionSeries): [number, number][] {
  return participants.flatMap((numbers): [number, number][] => {
    const [first, second] = numbers.map(at => median[at] ?? Number.NaN).filter(Number.isFinite)
    return first !== undefined && second !== undefined ? [[first, second]] : []
  })
}
