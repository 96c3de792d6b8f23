import { BAND, INK } from './drawing.ts'
import { html, type Markup } from './markup.ts'
import type { QualityValue } from './record.ts'
import { pixel } from './scale.ts'
import { band, standing } from './verdict.ts'

const WIDTH = 150
const HEIGHT = 16

/**
 * A value against the band in which it is expected, as a small bar beside the words that say the same.
 *
 * @remarks The band fills the middle third, the bar reaches one band further on either side; a value beyond is an arrow
 * at the end. A full mark lies inside, a hollow one outside.
 *
 * @param quality - the figure; without a value or a closed band there is nothing to draw
 */
export function gauge(quality: QualityValue): Markup | null {
  const { value, expected } = quality
  const where = standing(quality)
  if (value === null || expected === undefined || where === 'not computed') return null
  const [low, high] = band(expected)
  if (!Number.isFinite(low) || !Number.isFinite(high)) return null
  const span = high - low || Math.abs(high) || 1
  const at = 8 + ((value - (low - span)) / (3 * span)) * (WIDTH - 16)
  const x = pixel(Math.min(WIDTH - 6, Math.max(6, at)))
  const third = (WIDTH - 16) / 3
  const arrow = at > WIDTH - 6 ? `M${x - 5} 3l7 5l-7 5z` : at < 6 ? `M${x + 5} 3l-7 5l7 5z` : `M${x} 2l5 6l-5 6l-5 -6z`
  return html`<svg class="gauge" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true"><path d="M0 8H${WIDTH}" stroke="#afb8c1"/><rect x="${pixel(8 + third)}" y="2.5" width="${pixel(third)}" height="11" fill="${BAND.fill}" stroke="${BAND.edge}"/><path d="${arrow}" fill="${where === 'inside' ? INK : '#fff'}" stroke="${where === 'inside' ? INK : '#9b1c1c'}" stroke-width="1.6"/></svg>`
}
