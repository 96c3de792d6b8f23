import type { Volume } from '../image/volume.ts'
import { emptyChart } from './chart.ts'
import { type Drawn, FONT } from './drawing.ts'
import { html, raw, render } from './markup.ts'
import { drawSelection } from './mosaic.ts'
import type { FlickerFigure, FlickerImage, MosaicFigure } from './record.ts'
import { selectSlices } from './slices.ts'

/** Takes turns by itself; stands still for who asks for less motion and on paper, where both are seen through each other. */
const STYLE =
  '.flick{animation:flick 1.6s steps(1) infinite}@keyframes flick{50%{opacity:0}}@media print,(prefers-reduced-motion:reduce){.flick{animation:none;opacity:.5}}'

/**
 * Draws two images in turn on the same slices, with the edge of a mask over both.
 *
 * @param figure - the figure as data
 * @param image - the image at a path of the output dataset; null where there is none
 * @param oriented - whether the images say how they lie in the scanner
 */
export async function drawFlicker(
  figure: FlickerFigure,
  image: (path: string) => Volume | null,
  oriented: boolean,
): Promise<Drawn> {
  const [first, second] = figure.images
  const [one, other, contour] = [image(first.image), image(second.image), image(figure.contour)]
  if (!one || !other) return emptyChart(figure.title, 'Not drawn: one of the two images could not be read.')
  const chosen = selectSlices(mosaicOf(figure, first), one, contour)
  const beside = { ...selectSlices(mosaicOf(figure, second), other, contour), slices: chosen.slices, box: chosen.box }
  const below = await drawSelection(mosaicOf(figure, first), chosen, oriented)
  const above = await drawSelection(mosaicOf(figure, second), beside, oriented)
  const parts = [below, above].map(({ svg }) => render(svg))
  const [width = 0, height = 0] = [0, 1].map(axis => Math.max(...parts.map(part => sizeOf(part)[axis] ?? 0)))
  const alt = `${figure.title}: ${first.label} and ${second.label} in turn. ${below.alt}`
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 22}" width="${width}" height="${height + 22}" ${FONT} role="img" aria-label="${alt}"><style>${raw(STYLE)}</style><rect width="${width}" height="${height + 22}" fill="#fff"/><g><g transform="translate(0 22)" aria-hidden="true">${raw(parts[0] ?? '')}</g><text y="14" font-weight="600">${first.label}</text></g><g class="flick"><rect width="${width}" height="${height + 22}" fill="#fff"/><g transform="translate(0 22)" aria-hidden="true">${raw(parts[1] ?? '')}</g><text y="14" font-weight="600">${second.label}</text></g></svg>`
  return { svg, alt }
}

function mosaicOf({ id, title, caption, contour }: FlickerFigure, { image, window, colours, unit }: FlickerImage) {
  return { kind: 'mosaic', id, title, caption, contour, image, window, colours, unit } satisfies MosaicFigure
}

function sizeOf(svg: string): [number, number] {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []
  return [Number(width), Number(height)]
}
