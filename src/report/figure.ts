import { frameValues, isSameGrid, type Volume } from '../image/volume.ts'
import { drawLines, emptyChart } from './chart.ts'
import type { Drawn } from './drawing.ts'
import { drawFlicker } from './flicker.ts'
import { drawHistogram } from './histogram.ts'
import { drawMosaic } from './mosaic.ts'
import type { Figure } from './record.ts'

/** The images that a figure is drawn from, as paths in the output dataset. */
export function imagesOf(figure: Figure): readonly string[] {
  if (figure.kind === 'lines') return []
  if (figure.kind === 'histogram') return [figure.image, ...figure.groups.map(({ image }) => image)]
  if (figure.kind === 'flicker') return [...figure.images.map(({ image }) => image), figure.contour]
  return [figure.image, figure.contour, figure.within].filter(path => path !== undefined)
}

/**
 * Draws a figure from the image it names. A figure whose image is gone is still there, and says so.
 *
 * @param figure - the figure as data
 * @param image - the image at a path of the output dataset; null where there is none
 * @param oriented - whether the images say how they lie in the scanner
 */
export async function drawFigure(
  figure: Figure,
  image: (path: string) => Volume | null,
  oriented: boolean,
): Promise<Drawn> {
  if (figure.kind === 'lines') return drawLines(figure)
  if (figure.kind === 'flicker') return drawFlicker(figure, image, oriented)
  const volume = image(figure.image)
  if (volume === null) return emptyChart(figure.title, `Not drawn: ${figure.image} could not be read.`)
  if (figure.kind === 'histogram') return drawHistogram(figure, volume, image)
  const contour = figure.contour === undefined ? null : image(figure.contour)
  if (figure.within === undefined) return drawMosaic(figure, volume, contour, oriented)
  const mask = image(figure.within)
  if (mask === null || !isSameGrid(mask.grid, volume.grid, 0.1))
    return emptyChart(
      figure.title,
      `Not drawn: ${figure.within} could not be read, and the map means nothing without it.`,
    )
  return drawMosaic(figure, onlyWithin(volume, mask), contour, oriented)
}

/** The image without its values where the mask is 0. */
function onlyWithin(volume: Volume, mask: Volume): Volume {
  const inside = frameValues(mask, 0)
  const data = Float32Array.from(volume.data, (stored, at) => {
    const value = volume.slope * stored + volume.intercept
    return value === 0 || inside[at % inside.length]! > 0 ? value : Number.NaN
  })
  return { ...volume, data, slope: 1, intercept: 0 }
}
