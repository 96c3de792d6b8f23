import { frameValues, isSameGrid, type Volume } from '../image/volume.ts'
import { assembled, axes, CHART, chartKey, emptyChart, type Plane, plane, stroke } from './chart.ts'
import { BAND, type Drawn, INK } from './drawing.ts'
import { html, type Markup } from './markup.ts'
import type { HistogramFigure } from './record.ts'
import { pixel, quantile } from './scale.ts'
import { countText, numberText, percentText, unitText } from './text.ts'

/** Number of bins where no round width divides the range. */
const BINS = 60

/** A number of bins that makes their width round, from 40 to 80, or else {@link BINS}. */
function binsOf([low, high]: readonly [number, number]): number {
  const exponent = Number((high - low).toExponential().split('e')[1] ?? '0') - 2
  for (const lead of [1, 2, 2.5, 5]) {
    const bins = (high - low) / Number(`${lead}e${exponent}`)
    if (bins >= 40 && bins <= 80 && Math.abs(bins - Math.round(bins)) < 1e-6) return Math.round(bins)
  }
  return BINS
}

/** A group of voxels, counted. */
interface Group {
  readonly label: string
  /** Share of the group's voxels in each bin [1], shape (nBin). */
  readonly shares: readonly number[]
  readonly voxels: number
  readonly median: number
  readonly outside: number
  readonly missing: number
}

/** Counts a group: voxels of the image where the group's own image is above its threshold. */
function counted(
  figure: HistogramFigure,
  values: ArrayLike<number>,
  where: Volume,
  label: string,
  above: number,
): Group {
  const [low, high] = figure.range
  const members = frameValues(where, 0)
  const bins = new Float64Array(binsOf(figure.range))
  const found: number[] = []
  let missing = 0
  let outside = 0
  for (let v = 0; v < members.length; v++) {
    if (!(members[v]! > above)) continue
    const value = values[v] ?? Number.NaN
    if (!Number.isFinite(value)) {
      missing++
      continue
    }
    found.push(value)
    const bin = value === high ? bins.length - 1 : Math.floor(((value - low) / (high - low)) * bins.length)
    if (bin >= 0 && bin < bins.length) bins[bin] = bins[bin]! + 1
    else outside++
  }
  const median = quantile(Float64Array.from(found).sort(), 0.5)
  const n = Math.max(1, found.length)
  return {
    label,
    shares: Array.from(bins, bin => bin / n),
    voxels: found.length,
    median,
    outside: outside / n,
    missing,
  }
}

/** The steps of a group's histogram as path data. */
function steps(group: Group, { x, y, left, right, bottom }: Plane): string {
  const width = (right - left) / group.shares.length
  let path = `M${pixel(x.at(x.low))} ${bottom}`
  group.shares.forEach((share, bin) => {
    path += `V${pixel(y.at(100 * share))}H${pixel(left + (bin + 1) * width)}`
  })
  return `${path}V${bottom}`
}

/** Bands of expected values, each with its name at the top, one below the other so that they do not cover each other. */
function bandsDown(figure: HistogramFigure, { x, left, right, top, bottom }: Plane): Markup {
  const clamp = (at: number) => pixel(Math.min(right, Math.max(left, at)))
  return html`${(figure.bands ?? []).map((band, i) => {
    const from = clamp(x.at(band.low))
    const to = clamp(x.at(band.high))
    return html`<rect x="${from}" y="${top}" width="${pixel(to - from)}" height="${bottom - top}" fill="${BAND.fill}" fill-opacity="0.7"/><path d="M${from} ${top}V${bottom}M${to} ${top}V${bottom}" stroke="${BAND.edge}" stroke-dasharray="3 3"/><text x="${pixel((from + to) / 2)}" y="${top + 13 + 15 * i}" text-anchor="middle" fill="${BAND.edge}">${band.label}</text>`
  })}`
}

function remarksOn(figure: HistogramFigure, groups: readonly Group[], unread: readonly string[]): string {
  const [low, high] = figure.range
  const remarks = [
    `Bins of ${`${numberText((high - low) / binsOf(figure.range), 3)} ${unitText(figure.unit)}`.trim()}; each curve sums to 100 %.`,
  ]
  for (const group of groups) {
    if (group.outside > 0) remarks.push(`${group.label}: ${percentText(group.outside)} of voxels lie beyond the axis.`)
    if (group.missing > 0)
      remarks.push(`${group.label}: ${countText(group.missing)} without an estimate (NaN) are left out.`)
  }
  if (unread.length > 0) remarks.push(`Not drawn, for want of an image on the same grid: ${unread.join(', ')}.`)
  return remarks.join(' ')
}

/**
 * Draws the histogram of a map over groups of voxels, each as shares of its own voxels, with the bands of expected values.
 *
 * @param figure - the figure as data
 * @param volume - the map
 * @param image - finds the image of a group
 */
export function drawHistogram(figure: HistogramFigure, volume: Volume, image: (path: string) => Volume | null): Drawn {
  const values = frameValues(volume, 0)
  const unread: string[] = []
  const groups: Group[] = []
  for (const { label, image: path, above } of figure.groups) {
    const where = image(path)
    if (where === null || !isSameGrid(where.grid, volume.grid, 0.1)) unread.push(label)
    else groups.push(counted(figure, values, where, label, above))
  }
  const most = Math.max(0, ...groups.flatMap(({ shares }) => shares))
  const remarks = remarksOn(figure, groups, unread)
  if (most === 0)
    return emptyChart(figure.title, 'There is nothing to draw: no voxel of these groups holds a value on the axis.')
  const items = groups.map(({ label, voxels, median }) => ({
    label: `${label}: ${countText(voxels)} voxels, median ${numberText(median, 3)}`,
  }))
  const key = chartKey(items, CHART.width)
  const area = plane(figure.range, [0, 108 * most], key.height + CHART.top)
  const names = { x: unitText(figure.unit) || 'Value', y: 'Share of voxels in a bin (%)' }
  const curves = groups.map((group, n) => html`<path d="${steps(group, area)}" stroke-width="1.6" ${stroke(n)}/>`)
  const text = html`<g fill="${INK}">${key.markup}${bandsDown(figure, area)}${axes(area, names)}</g>`
  const bands = (figure.bands ?? []).map(band => `${band.label} ${numberText(band.low)} to ${numberText(band.high)}`)
  const says = `Histogram of ${items.map(({ label }) => label).join('; ')}.${bands.length > 0 ? ` Expected: ${bands.join('; ')}.` : ''}`
  return assembled(figure.title, { key, body: html`${text}${curves}`, bottom: area.bottom, remarks, says })
}
