import { SERIES } from './colour.ts'
import { BAND, type Drawn, FONT, GUIDE, INK } from './drawing.ts'
import { html, type Markup } from './markup.ts'
import { extent, pixel, quantile, type Scale, straight, widened } from './scale.ts'
import { count, numberText } from './text.ts'

/** One run on a strip. */
export interface Dot {
  readonly value: number
  readonly label: string
  /** The page that shows the run. */
  readonly href: string
}

/** The runs of one region, or of one quality figure. */
export interface Strip {
  readonly label: string
  readonly dots: readonly Dot[]
}

/** Strips over one axis. */
export interface StripChart {
  readonly title: string
  /** Name of the axis, with its unit. */
  readonly axis: string
  readonly strips: readonly Strip[]
  /** Values that are expected; a run outside is a hollow dot. */
  readonly band?: readonly [number, number]
}

const SIZE = { width: 980, left: 150, right: 230, row: 48, top: 8, radius: 3 }
/** Runs that are drawn one by one; of more, the shape of the distribution and the ends. */
export const MOST_DOTS = 250
const ENDS = 10
const BINS = 72

const isOutside = (value: number, band: StripChart['band']) =>
  band !== undefined && (value < band[0] || value > band[1])

/** Heights at which dots of neighbouring values do not cover each other, as far as the row allows. */
function swarm(places: readonly number[]): number[] {
  const step = 2 * SIZE.radius
  const room = Math.floor((SIZE.row / 2 - SIZE.radius - 2) / step)
  const placed: { x: number; level: number }[] = []
  return places.map(x => {
    const near = placed.slice(-2 * MOST_DOTS).filter(other => x - other.x < step)
    let level = 0
    for (let turn = 0; turn <= 2 * room; turn++) {
      level = turn % 2 === 1 ? (turn + 1) / 2 : -turn / 2
      if (!near.some(other => other.level === level)) break
    }
    placed.push({ x, level })
    return level * step
  })
}

function dotMark({ value, label, href }: Dot, x: number, y: number, outside: boolean): Markup {
  const colour = outside ? '#b3261e' : SERIES[0]
  const fill = outside ? '#fff' : colour
  return html`<a href="${href}" tabindex="-1"><circle cx="${pixel(x)}" cy="${pixel(y)}" r="${SIZE.radius}" fill="${fill}" stroke="${colour}"><title>${label}: ${numberText(value)}</title></circle></a>`
}

/** The distribution of many runs as a symmetric silhouette. */
function silhouette(sorted: readonly Dot[], x: Scale, middle: number): Markup {
  const bins = new Float64Array(BINS)
  const width = (x.at(x.high) - x.at(x.low)) / BINS
  for (const { value } of sorted) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(((value - x.low) / (x.high - x.low)) * BINS)))
    bins[bin] = bins[bin]! + 1
  }
  const tallest = Math.max(...bins)
  const bars = Array.from(bins, (n, bin) => {
    const half = pixel((n / tallest) * (SIZE.row / 2 - 5))
    return n === 0
      ? null
      : html`<rect x="${pixel(x.at(x.low) + bin * width)}" y="${pixel(middle - half)}" width="${pixel(width + 0.3)}" height="${pixel(2 * half)}"/>`
  })
  return html`<g fill="#7fb0d4">${bars}</g>`
}

function row(strip: Strip, n: number, x: Scale, band: StripChart['band']): Markup {
  const top = SIZE.top + n * SIZE.row
  const middle = top + SIZE.row / 2
  const name = html`<text x="0" y="${middle + 4}" font-weight="600">${strip.label}</text>`
  const line = html`<path d="M0 ${top + SIZE.row}H${SIZE.width}" stroke="${GUIDE}"/>`
  if (strip.dots.length === 0) return html`${line}${name}<text x="${SIZE.left}" y="${middle + 4}">no value</text>`
  const sorted = [...strip.dots].sort((a, b) => a.value - b.value)
  const values = sorted.map(({ value }) => value)
  const [p25, median, p75] = [quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)]
  const many = sorted.length > MOST_DOTS
  const shown = many ? [...sorted.slice(0, ENDS), ...sorted.slice(-ENDS)] : sorted
  const heights = swarm(shown.map(({ value }) => x.at(value)))
  const dots = shown.map((dot, i) =>
    dotMark(dot, x.at(dot.value), middle + (heights[i] ?? 0), isOutside(dot.value, band)),
  )
  const at = pixel(x.at(median))
  const quartiles = html`<path d="M${pixel(x.at(p25))} ${top + SIZE.row - 5}H${pixel(x.at(p75))}" stroke="${INK}" stroke-width="2"/><path d="M${at} ${top + 5}V${top + SIZE.row - 2}" stroke="${INK}" stroke-width="1.5"/>`
  const beside = SIZE.width - SIZE.right + 18
  const outside = values.filter(value => isOutside(value, band)).length
  const words = html`<g font-size="11"><text x="${beside}" y="${middle - 10}">median ${numberText(median, 3)}</text><text x="${beside}" y="${middle + 4}" fill="#57606a">quartiles ${numberText(p25, 3)} to ${numberText(p75, 3)}</text><text x="${beside}" y="${middle + 18}" fill="#57606a">${count(values.length, 'run')}${outside > 0 && `, ${outside} outside the band`}${many && `, ${ENDS} at each end as dots`}</text></g>`
  return html`${line}${name}${many && silhouette(sorted, x, middle)}${quartiles}${dots}${words}`
}

function bandDown(x: Scale, band: StripChart['band'], bottom: number): Markup | null {
  if (band === undefined) return null
  const clamp = (value: number) => pixel(x.at(Math.min(x.high, Math.max(x.low, value))))
  const [from, to] = [clamp(band[0]), clamp(band[1])]
  const edges = band.filter(end => end > x.low && end < x.high).map(clamp)
  return html`<rect x="${from}" y="${SIZE.top}" width="${pixel(to - from)}" height="${bottom - SIZE.top}" fill="${BAND.fill}"/>${edges.map(at => html`<path d="M${at} ${SIZE.top}V${bottom}" stroke="${BAND.edge}" stroke-dasharray="3 3"/>`)}`
}

/**
 * Draws one dot a run on one strip a region: each leads to the run's page, its name shows under the pointer.
 *
 * @remarks The line is the median, the bar below it spans the quartiles. Of more than 250 runs the distribution is drawn
 * as a silhouette, and the ten lowest and highest as dots: the file stays bounded however many participants there are.
 *
 * @param chart - the strips
 */
export function drawStrips(chart: StripChart): Drawn {
  const range = extent(chart.strips.flatMap(({ dots }) => dots.map(({ value }) => value)))
  const x = straight(widened(range ?? [0, 1], 0.04), [SIZE.left, SIZE.width - SIZE.right], 7)
  const bottom = SIZE.top + chart.strips.length * SIZE.row
  const ticks = x.ticks.map(({ value, label }) => {
    const at = pixel(x.at(value))
    return html`<path d="M${at} ${SIZE.top}V${bottom}" stroke="${GUIDE}"/><path d="M${at} ${bottom}v5" stroke="${INK}"/><text x="${at}" y="${bottom + 18}" text-anchor="middle">${label}</text>`
  })
  const height = bottom + 40
  const alt = `${chart.title}. ${chart.strips.map(({ label, dots }) => `${label}: ${count(dots.length, 'run')}`).join('; ')}. ${chart.axis}.`
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${height}" width="${SIZE.width}" height="${height}" ${FONT} role="group" aria-label="${alt}"><rect width="${SIZE.width}" height="${height}" fill="#fff"/>${bandDown(x, chart.band, bottom)}${ticks}<path d="M${SIZE.left} ${bottom}H${SIZE.width - SIZE.right}" stroke="${INK}"/>${chart.strips.map((strip, n) => row(strip, n, x, chart.band))}<text x="${SIZE.width - SIZE.right}" y="${bottom + 34}" text-anchor="end" font-weight="600">${chart.axis}</text></svg>`
  return { svg, alt }
}
