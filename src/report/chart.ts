import { SERIES } from './colour.ts'
import { BAND, CHARACTER, type Drawn, FONT, GUIDE, INK, wrapped } from './drawing.ts'
import { html, type Markup } from './markup.ts'
import type { LinesFigure } from './record.ts'
import { extent, pixel, type Scale, straight, widened } from './scale.ts'

/** Size of a chart and the room for its axes [px]. */
export const CHART = { width: 760, left: 62, right: 16, top: 26, plot: 220, bottom: 40 }

/** Dashes that tell the curves apart without colour. */
const DASHES = ['', '7 3', '2 2.5', '9 3 2 3', '4 2', '12 4']
/** More points than this are not seen at the width of a chart: every n-th is drawn, and the chart says so. */
const MOST_POINTS = 1500
/** Curves that can be told apart; the rest is named and not drawn. */
const MOST_SERIES = 8

/** One group in the key of a chart. */
export interface KeyItem {
  readonly label: string
  readonly points?: boolean
}

/** The stroke of the n-th group: colour and dashes. */
export function stroke(n: number): Markup {
  const dashes = DASHES[n % DASHES.length] ?? ''
  return html`stroke="${SERIES[n % SERIES.length] ?? INK}"${dashes === '' ? null : html` stroke-dasharray="${dashes}"`}`
}

/** Samples of the groups with their names, in as many rows as they need. */
export function chartKey(
  items: readonly KeyItem[],
  width: number,
): { readonly markup: Markup; readonly height: number } {
  let x = 0
  let row = 0
  const drawn = items.map(({ label, points }, n) => {
    const room = 40 + label.length * CHARACTER
    if (x > 0 && x + room > width) {
      x = 0
      row++
    }
    const left = x
    const y = 12 + 18 * row
    x += room
    const sample = points
      ? html`<circle cx="${left + 11}" cy="${y - 4}" r="3" fill="${SERIES[n % SERIES.length] ?? INK}"/>`
      : html`<path d="M${left} ${y - 4}h22" stroke-width="2" ${stroke(n)}/>`
    return html`${sample}<text x="${left + 28}" y="${y}">${label}</text>`
  })
  return { markup: html`${drawn}`, height: items.length === 0 ? 0 : 18 * (row + 1) }
}

/** The area of a chart with its two axes. */
export interface Plane {
  readonly x: Scale
  readonly y: Scale
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** The plane of a chart whose area begins at a height. */
export function plane(x: readonly [number, number], y: readonly [number, number], top: number): Plane {
  const left = CHART.left
  const right = CHART.width - CHART.right
  const bottom = top + CHART.plot
  return { x: straight(x, [left, right], 9), y: straight(y, [bottom, top], 5), left, right, top, bottom }
}

/** Grid lines, ticks and names of both axes; the name of the vertical one stands level above it, where it is read. */
export function axes(
  { x, y, left, right, top, bottom }: Plane,
  names: { readonly x: string; readonly y: string },
): Markup {
  const rows = y.ticks.map(({ value, label }) => {
    const at = pixel(y.at(value))
    return html`<path d="M${left} ${at}H${right}" stroke="${GUIDE}"/><text x="${left - 7}" y="${pixel(at + 4)}" text-anchor="end">${label}</text>`
  })
  const columns = x.ticks.map(({ value, label }) => {
    const at = pixel(x.at(value))
    return html`<path d="M${at} ${bottom}v5" stroke="${INK}"/><text x="${at}" y="${bottom + 18}" text-anchor="middle">${label}</text>`
  })
  return html`${rows}<path d="M${left} ${bottom}H${right}" stroke="${INK}"/>${columns}<text x="2" y="${top - 10}" font-weight="600">${names.y}</text><text x="${right}" y="${bottom + 34}" text-anchor="end" font-weight="600">${names.x}</text>`
}

/** A horizontal band of expected values, behind the curves. */
function bandAcross({ y, left, right, top, bottom }: Plane, band: LinesFigure['band']): Markup | null {
  if (band === undefined) return null
  const clamp = (at: number) => pixel(Math.min(bottom, Math.max(top, at)))
  const from = clamp(y.at(band.high))
  const to = clamp(y.at(band.low))
  return html`<rect x="${left}" y="${from}" width="${right - left}" height="${pixel(to - from)}" fill="${BAND.fill}"/><path d="M${left} ${from}H${right}M${left} ${to}H${right}" stroke="${BAND.edge}" stroke-dasharray="3 3"/><text x="${right - 4}" y="${pixel(from + 14)}" text-anchor="end" fill="${BAND.edge}">${band.label}</text>`
}

/** A curve as path data: a value that is missing breaks it. */
function curve(points: readonly (readonly [number, number] | null)[]): string {
  let pen = 'M'
  let path = ''
  for (const point of points) {
    if (point === null) pen = 'M'
    else {
      path += `${pen}${point[0]} ${point[1]}`
      pen = 'L'
    }
  }
  return path
}

/** A drawing in which the words stand where the data would. */
export function emptyChart(title: string, why: string): Drawn {
  const alt = `${title}. ${why}`
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${CHART.width} 60" width="${CHART.width}" height="60" ${FONT} role="img" aria-label="${alt}"><rect x="0.5" y="0.5" width="${CHART.width - 1}" height="59" fill="#f6f8fa" stroke="${GUIDE}"/><text x="${CHART.width / 2}" y="35" text-anchor="middle">${why}</text></svg>`
  return { svg, alt }
}

/** A finished chart: the key above, the plane, remarks below. */
export function assembled(
  title: string,
  parts: {
    readonly key: ReturnType<typeof chartKey>
    readonly body: Markup
    readonly bottom: number
    readonly remarks: string
    readonly says: string
  },
): Drawn {
  const lines = parts.remarks === '' ? [] : wrapped(parts.remarks, CHART.width)
  const height = parts.bottom + CHART.bottom + 16 * lines.length + (lines.length > 0 ? 6 : 0)
  const alt = `${title}. ${parts.says} ${parts.remarks}`.trim()
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${CHART.width} ${height}" width="${CHART.width}" height="${height}" ${FONT} role="img" aria-label="${alt}"><rect width="${CHART.width}" height="${height}" fill="#fff"/><g fill="none">${parts.body}</g>${lines.map((line, i) => html`<text x="0" y="${parts.bottom + CHART.bottom + 14 + 16 * i}">${line}</text>`)}</svg>`
  return { svg, alt }
}

/**
 * Draws curves over a common axis, with the band of expected values where the figure gives one.
 *
 * @param figure - the figure as data; null and NaN values leave a gap
 */
export function drawLines(figure: LinesFigure): Drawn {
  const times = figure.x.values
  const across = extent(times)
  const series = figure.series.slice(0, MOST_SERIES)
  const limits = figure.band === undefined ? [] : [figure.band.low, figure.band.high]
  const values = extent(series.flatMap(({ values }) => values.filter((_, i) => Number.isFinite(times[i]))))
  if (across === null || values === null)
    return emptyChart(figure.title, 'There is nothing to draw: the figure holds no finite value.')
  const key = chartKey(series, CHART.width)
  const high = widened(extent([...values, ...limits]) ?? values)
  const area = plane(series.some(({ points }) => points) ? widened(across, 0.02) : across, high, key.height + CHART.top)
  const every = Math.ceil(times.length / MOST_POINTS)
  const drawn = series.map(({ values, points }, n) => {
    const at = times.flatMap((time, i): ([number, number] | null)[] => {
      const value = values[i]
      if (i % every !== 0) return []
      if (value === null || value === undefined || !Number.isFinite(value) || !Number.isFinite(time)) return [null]
      return [[pixel(area.x.at(time)), pixel(area.y.at(value))]]
    })
    if (points) {
      const dots = at.map(point => point && html`<circle cx="${point[0]}" cy="${point[1]}" r="2.6"/>`)
      return html`<g fill="${SERIES[n % SERIES.length] ?? INK}" stroke="none">${dots}</g>`
    }
    return html`<path d="${curve(at)}" stroke-width="1.6" stroke-linejoin="round" ${stroke(n)}/>`
  })
  const remarks: string[] = []
  if (every > 1) remarks.push(`One of ${every} points is drawn.`)
  if (figure.series.length > series.length)
    remarks.push(`The first ${MOST_SERIES} of ${figure.series.length} curves are drawn.`)
  const text = html`<g fill="${INK}">${key.markup}${bandAcross(area, figure.band)}${axes(area, { x: figure.x.label, y: figure.y.label })}</g>`
  const names = series.map(({ label }) => label).join(', ')
  const says = `${figure.y.label} over ${figure.x.label}: ${names}.${figure.band === undefined ? '' : ` Band: ${figure.band.label}.`}`
  return assembled(figure.title, {
    key,
    body: html`${text}${drawn}`,
    bottom: area.bottom,
    remarks: remarks.join(' '),
    says,
  })
}
