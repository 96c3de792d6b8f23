import type { Volume } from '../image/volume.ts'
import { voxelAt } from './axial.ts'
import { type ColourMap, css, LABELS, MAPS } from './colour.ts'
import { type Drawn, FONT, INK, wrapped } from './drawing.ts'
import { html, type Markup, raw } from './markup.ts'
import { outlinePath } from './outline.ts'
import { type Layout, layOut, picture } from './picture.ts'
import type { MosaicFigure } from './record.ts'
import { pixel, straight } from './scale.ts'
import { type Selection, selectSlices } from './slices.ts'
import { numberText, percentText, unitText } from './text.ts'

/** Room for the colour bar, and the least width of a figure, in which its legend can be read [px]. */
const BAR = 110
const NARROWEST = 600

/** The edge of the mask over all slices. */
function outline(s: Selection, layout: Layout, colour: string): Markup | null {
  const mask = s.inside
  if (mask === null) return null
  const { view, box } = s
  const columns = layout.columns * layout.factor
  const rows = layout.rows * layout.factor
  const paths = s.slices.map((slice, i) => {
    const inside = (c: number, r: number) => mask[voxelAt(view, box.column + c, box.row + r, slice)] === 1
    const left = (i % layout.across) * columns
    return outlinePath(inside, box.columns, box.rows, left, Math.floor(i / layout.across) * rows)
  })
  const scale = `scale(${(layout.width / columns).toFixed(5)} ${(layout.height / rows).toFixed(5)})`
  return html`<path d="${paths.join('')}" transform="${scale}" fill="none" stroke="${colour}" stroke-width="1.25" stroke-linecap="square" vector-effect="non-scaling-stroke"/>`
}

/** A height in whole millimetres, without the sign that a rounded −0.3 would keep. */
function millimetres(height: number): string {
  return numberText(Math.round(height) + 0)
}

/** Height and sides of each slice, written over it with a dark edge so that they are read on any colour. */
function sliceLabels(s: Selection, { across, width, height }: Layout, sides: readonly [string, string]): Markup {
  const words = s.slices.map((slice, i) => {
    const x = (i % across) * width
    const y = Math.floor(i / across) * height
    const middle = pixel(y + height / 2 + 4)
    return html`<text x="${pixel(x + 5)}" y="${pixel(y + 14)}">${millimetres(s.view.heights[slice] ?? 0)}</text><text x="${pixel(x + 4)}" y="${middle}">${sides[0]}</text><text x="${pixel(x + width - 4)}" y="${middle}" text-anchor="end">${sides[1]}</text>`
  })
  return html`<g font-size="11" fill="#fff" stroke="#000" stroke-width="2.5" stroke-linejoin="round" paint-order="stroke">${words}</g>`
}

/** One square for each label that occurs. */
function labelKey(s: Selection, map: ColourMap, x: number): Markup {
  const present = [...new Set(s.values)].filter(value => value > 0).sort((a, b) => a - b)
  return html`${present.slice(0, 16).map((value, i) => {
    const fill = css(map.levels[(Math.round(value) - 1) % map.levels.length] ?? [0, 0, 0])
    return html`<rect x="${x}" y="${8 + 20 * i}" width="14" height="14" fill="${fill}" stroke="#57606a"/><text x="${x + 20}" y="${19 + 20 * i}">${numberText(value)}</text>`
  })}`
}

/** The colour bar with its ticks and unit. */
function colourBar(figure: MosaicFigure, s: Selection, map: ColourMap, x: number, height: number): Markup {
  const top = 30
  const bottom = Math.min(height - 10, 330)
  const scale = straight(s.window, [bottom, top], 5)
  const bands = 64
  const band = (bottom - top) / bands
  const steps = Array.from({ length: bands }, (_, i) => {
    const colour = css(map.levels[Math.round((i / (bands - 1)) * (map.levels.length - 1))] ?? [0, 0, 0])
    const y = pixel(bottom - (i + 1) * band)
    // Each band reaches under the next, or the seams would show.
    return html`<rect x="${x}" y="${y}" width="14" height="${pixel(Math.min(bottom, bottom - (i - 1) * band) - y)}" fill="${colour}"/>`
  })
  const ticks = scale.ticks.map(({ value, label }) => {
    const y = pixel(scale.at(value))
    return html`<path d="M${x + 14} ${y}h4" stroke="${INK}"/><text x="${x + 21}" y="${pixel(y + 4)}">${label}</text>`
  })
  return html`${steps.reverse()}<rect x="${x}" y="${top}" width="14" height="${pixel(bottom - top)}" fill="none" stroke="#57606a"/>${ticks}<text x="${x}" y="18">${unitText(figure.unit)}</text>`
}

/** What must be known to read the mosaic: sides, heights, tilt, window, averaging. */
function legend(figure: MosaicFigure, s: Selection, factor: number, oriented: boolean): string {
  const labels = figure.colours === 'labels'
  const sides = oriented
    ? 'Radiological convention: the patient’s right (R) is on the left.'
    : 'Left and right are not known: the image does not say how it lies in the scanner.'
  const tilt =
    s.view.tilt > 2 ? `, as acquired (tilted by up to ${s.view.tilt.toFixed(0)}° from the scanner’s axes)` : ''
  const ends: string[] = []
  if (s.below > 0) ends.push(`${percentText(s.below)} of voxels lie below`)
  if (s.above > 0) ends.push(`${percentText(s.above)}${s.below > 0 ? '' : ' of voxels lie'} above`)
  const clipped = ends.length > 0 ? `; ${ends.join(', ')}, in the end colours` : ''
  const sentences = [`${sides} Axial slices${tilt}, numbers are height z in mm.`]
  const high = `${numberText(s.window[1], 3)} ${unitText(figure.unit)}`.trim()
  if (!labels) sentences.push(`Window ${numberText(s.window[0], 3)} to ${high}${clipped}.`)
  if (factor > 1) sentences.push(`Each dot is the ${labels ? 'first' : 'mean'} of ${factor} × ${factor} voxels.`)
  else sentences.push('Voxels are not interpolated.')
  return [...sentences, ...s.notes].join(' ')
}

/** Colours that carry a meaning of their own, in a row from the left. */
function keys(figure: MosaicFigure, s: Selection, map: ColourMap, edge: string, y: number): Markup | null {
  const list: { colour: string; says: string; line?: boolean }[] = []
  const voxels = s.missing === 1 ? '1 voxel' : `${s.missing} voxels`
  if (s.missing > 0)
    list.push({
      colour: css(map.missing),
      says: `${figure.within === undefined ? 'no estimate (NaN)' : 'not reliable, or no estimate'}: ${voxels} of the image`,
    })
  if (s.inside !== null) list.push({ colour: edge, says: 'edge of the mask', line: true })
  if (figure.colours === 'labels') list.push({ colour: '#000000', says: '0: outside the mask' })
  else if (figure.colours !== 'grey') list.push({ colour: '#000000', says: 'outside the mask (0)' })
  if (list.length === 0) return null
  let x = 0
  return html`${list.map(({ colour, says, line }) => {
    const left = pixel(x)
    x += 36 + says.length * 6.8
    const mark = line
      ? html`<rect x="${left}" y="${y - 10}" width="14" height="12" fill="#333"/><path d="M${left} ${y - 4}h14" stroke="${colour}" stroke-width="2"/>`
      : html`<rect x="${left}" y="${y - 10}" width="14" height="12" fill="${colour}" stroke="#57606a"/>`
    return html`${mark}<text x="${pixel(left + 20)}" y="${y}">${says}</text>`
  })}`
}

function described(figure: MosaicFigure, s: Selection, words: string): string {
  const heights = s.slices.map(slice => s.view.heights[slice] ?? 0)
  const range = `from z = ${millimetres(heights[0] ?? 0)} to ${millimetres(heights.at(-1) ?? 0)} mm`
  const slices =
    s.slices.length === 1
      ? `One axial slice at z = ${millimetres(heights[0] ?? 0)} mm`
      : `${s.slices.length} axial slices ${range}`
  return `${figure.title}. ${slices}${s.inside === null ? '' : ', with the edge of the mask'}. ${words}`
}

/**
 * Draws a mosaic: axial slices of an image in radiological convention, with a colour bar and, where there is a mask, its
 * edge.
 *
 * @param figure - the figure as data
 * @param volume - the image
 * @param contour - the mask whose outline is drawn; null for none
 * @param oriented - whether the image says how it lies in the scanner; without it no side is named
 */
export async function drawMosaic(
  figure: MosaicFigure,
  volume: Volume,
  contour: Volume | null,
  oriented: boolean,
): Promise<Drawn> {
  return drawSelection(figure, selectSlices(figure, volume, contour), oriented)
}

/** Draws the slices that were selected of an image: see {@link drawMosaic}. */
export async function drawSelection(figure: MosaicFigure, s: Selection, oriented: boolean): Promise<Drawn> {
  const layout = layOut(s)
  const labels = figure.colours === 'labels'
  const map = figure.colours === 'labels' ? LABELS : MAPS[figure.colours]
  const edge = figure.colours === 'viridis' ? '#ffffff' : '#ffb000'
  const bytes = await picture(figure, s, map, layout)
  const wide = pixel(layout.across * layout.width)
  const tall = pixel(layout.down * layout.height)
  const total = Math.ceil(Math.max(wide + BAR, NARROWEST))
  const words = legend(figure, s, layout.factor, oriented)
  const lines = wrapped(words, total)
  const under = Math.ceil(Math.max(tall, 150)) + 20
  const last = under + 16 * lines.length
  const swatches = keys(figure, s, map, edge, last + 2)
  const height = last + (swatches === null ? -6 : 10)
  const alt = described(figure, s, words)
  const beside = wide + 14
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total} ${height}" width="${total}" height="${height}" ${FONT} role="img" aria-label="${alt}"><rect width="${total}" height="${height}" fill="#fff"/><rect width="${wide}" height="${tall}" fill="#000"/><image width="${wide}" height="${tall}" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,${raw(bytes)}"/>${outline(s, layout, edge)}${sliceLabels(s, layout, oriented ? ['R', 'L'] : ['?', '?'])}${labels ? labelKey(s, map, beside) : colourBar(figure, s, map, beside, Math.max(tall, 150))}${lines.map((line, i) => html`<text x="0" y="${under + 16 * i}">${line}</text>`)}${swatches}</svg>`
  return { svg, alt }
}
