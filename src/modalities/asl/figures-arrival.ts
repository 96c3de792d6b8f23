import type { Options } from '../../options.ts'
import type { Figure } from '../../report/record.ts'
import type { FigureOf } from '../modality.ts'
import type { Quantification } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { arterialMode } from './fit-arrival.ts'
import { bolusOf } from './labelling.ts'
import { OUTPUTS } from './maps.ts'

/** What the differences of several delays are shown as. */
export function courseLabel(isAbsolute: boolean): string {
  return isAbsolute ? 'ΔM/M0 [%]' : 'ΔM [a.u.]'
}

/** The figures of several delays: arrival, blood in arteries, and the signal over the delays. */
export function arrivalFigures(fitted: Fitted, quantification: Quantification, options: Options): FigureOf<Figure>[] {
  const figures: FigureOf<Figure>[] = [
    {
      kind: 'mosaic',
      id: 'att',
      title: 'Arterial transit time',
      caption:
        'Should be symmetric, shortest at the base and near the large arteries, longest at the borders between them. Voxels whose arrival is not told with a standard error under 0.25 s are greyed.',
      image: OUTPUTS.att,
      window: [0, 3],
      colours: 'viridis',
      unit: 's',
      within: OUTPUTS.reliable(quantification.model, 'att'),
    },
  ]
  const hasArteries = fitted.arrival?.abv.some(volume => volume > 0)
  if (fitted.isAbsolute && hasArteries && arterialMode(quantification, options) !== 'off')
    figures.push({
      kind: 'mosaic',
      id: 'abv',
      title: 'Arterial blood volume',
      caption: 'Should be 0 but for voxels along the large arteries.',
      image: OUTPUTS.abv,
      window: [0, 0.03],
      colours: 'viridis',
      unit: '1',
    })
  return [...figures, delaysFigure(fitted, quantification)]
}

/** Mean signal of each delay by the time from the start of labelling. */
function delaysFigure({ summary, isAbsolute }: Fitted, { labellings }: Quantification): FigureOf<Figure> {
  const { samples, sampleOf } = labellings
  const unit = isAbsolute ? 100 : 1
  const meansOf = (course: readonly number[]) =>
    samples.map((_, sample) => {
      const values = course.filter((value, at) => sampleOf[at] === sample && Number.isFinite(value))
      return values.length > 0 ? (unit * values.reduce((sum, value) => sum + value, 0)) / values.length : null
    })
  const { brain, gm } = summary.courses
  return {
    kind: 'lines',
    id: 'delays',
    title: 'Signal over the delays',
    caption:
      'Should rise while blood arrives and then fall as the label decays; if it only falls, the delays began too late to tell the arrival.',
    x: {
      label: 'time from the start of labelling to the readout of the first slice [s]',
      values: samples.map(sample => bolusOf(sample, 0, 0).time),
    },
    y: { label: courseLabel(isAbsolute) },
    series: [
      { label: 'brain mask', values: meansOf(brain), points: true },
      ...(gm ? [{ label: 'grey matter', values: meansOf(gm), points: true }] : []),
    ],
  }
}
