import type { Volume } from '../image/volume.ts'
import { drawLines, emptyChart } from './chart.ts'
import type { Drawn } from './drawing.ts'
import { drawHistogram } from './histogram.ts'
import { drawMosaic } from './mosaic.ts'
import type { Figure } from './record.ts'

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
  const volume = image(figure.image)
  if (volume === null) return emptyChart(figure.title, `Not drawn: ${figure.image} could not be read.`)
  if (figure.kind === 'histogram') return drawHistogram(figure, volume, image)
  const contour = figure.contour === undefined ? null : image(figure.contour)
  return drawMosaic(figure, volume, contour, oriented)
}
