import type { Options } from '../../options.ts'
import type { Figure } from '../../report/record.ts'
import type { FigureOf, OutputName } from '../modality.ts'
import type { AslAcquisition } from './acquisition.ts'
import { arrivalFigures, courseLabel } from './figures-arrival.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { OUTPUTS } from './maps.ts'
import { EXPECTED, PLURAL, type Population } from './population.ts'
import type { Regions } from './regions.ts'

/** Images that every run writes, by the names that the spine gives them. */
const REFERENCE: OutputName = { desc: 'ref', suffix: 'asl' }
const MASK: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }
const tissue = (label: string): OutputName => ({ mod: true, label, suffix: 'probseg' })

/**
 * The figures of a run, as data.
 *
 * @param fitted - the fit
 * @param acquisition - its delays
 * @param options - whether arteries were looked for
 * @param regions - which tissue maps are there
 * @param population - whom the participant is compared with
 */
export function figuresOf(
  fitted: Fitted,
  { quantification }: AslAcquisition,
  options: Options,
  regions: Regions,
  population: Population,
): FigureOf<Figure>[] {
  const { isAbsolute, error } = fitted
  const figures: FigureOf<Figure>[] = [
    {
      kind: 'mosaic',
      id: 'reference',
      title: 'Reference image and brain mask',
      caption:
        'The outline should follow the brain, without eyes, scalp or missing lobes: statistics are taken inside it.',
      image: REFERENCE,
      window: 'auto',
      colours: 'grey',
      unit: 'a.u.',
      contour: MASK,
    },
    isAbsolute
      ? {
          kind: 'mosaic',
          id: 'cbf',
          title: 'CBF',
          caption:
            'Cortex should stand out from white matter. Bright serpentine spots are label still in arteries; a dark rim beside a bright one is motion.',
          image: OUTPUTS.cbf,
          window: [0, 100],
          colours: 'viridis',
          unit: 'mL/100g/min',
        }
      : {
          kind: 'mosaic',
          id: 'perfusion',
          title: 'Relative perfusion (ΔM over its brain mean)',
          caption: 'There is no absolute scale: compare regions, not people.',
          image: OUTPUTS.relative,
          window: [0, 3],
          colours: 'viridis',
          unit: '1',
        },
  ]
  if (isAbsolute && error)
    figures.push({
      kind: 'mosaic',
      id: 'sd',
      topic: 'reliability',
      title: 'Standard error of CBF',
      caption: 'Should be even over the brain; rims point to motion, stripes and ghosts to artefacts.',
      image: OUTPUTS.sd,
      window: [0, 50],
      colours: 'viridis',
      unit: 'mL/100g/min',
    })
  if (quantification && fitted.arrival) figures.push(...arrivalFigures(fitted, quantification, options))
  if (fitted.differences > 1) figures.push(courseFigure(fitted))
  figures.push(histogramFigure(fitted, regions, options['asl-organ'] === 'brain' ? population : null))
  return figures
}

function courseFigure({ isAbsolute, differences, summary, arrival }: Fitted): FigureOf<Figure> {
  const { brain, gm } = summary.courses
  const unit = arrival && isAbsolute ? 100 : 1
  const finite = (values: readonly number[]) => values.map(value => (Number.isFinite(value) ? unit * value : null))
  return {
    kind: 'lines',
    id: 'course',
    title: arrival ? 'ΔM over the series' : isAbsolute ? 'ΔM over the series, as CBF' : 'ΔM over the series, relative',
    caption: arrival
      ? 'Mean of each difference, of all delays in the order of the series. A spike is a pair spoilt by motion; a trend is drift.'
      : 'Mean of each difference. A spike is a pair spoilt by motion; a trend is drift.',
    x: { label: 'difference', values: Array.from({ length: differences }, (_, at) => at + 1) },
    y: { label: arrival ? courseLabel(isAbsolute) : isAbsolute ? 'CBF [mL/100g/min]' : 'ΔM over its mean [1]' },
    series: [
      { label: 'brain mask', values: finite(brain), points: true },
      ...(gm ? [{ label: 'grey matter', values: finite(gm), points: true }] : []),
    ],
  }
}

function histogramFigure({ isAbsolute }: Fitted, regions: Regions, population: Population | null): FigureOf<Figure> {
  const group = (label: string, image: OutputName, above: number) => ({ label, image, above })
  const groups = [
    group('brain mask', MASK, 1 / 2),
    ...(regions.gm ? [group('grey matter', tissue('GM'), LIMITS.tissue)] : []),
    ...(regions.wm ? [group('white matter', tissue('WM'), LIMITS.tissue)] : []),
  ]
  const band = (label: string, [low, high]: readonly [number, number]) => ({ label, low, high })
  const expected = isAbsolute && population ? EXPECTED[population] : null
  const people = population ? PLURAL[population] : ''
  const bands = [
    ...(expected ? [band(`grey matter, ${people}`, expected.gm)] : []),
    ...(expected?.wm ? [band(`white matter, ${people}`, expected.wm)] : []),
  ]
  return {
    kind: 'histogram',
    id: 'histogram',
    title: isAbsolute ? 'Distribution of CBF' : 'Distribution of relative perfusion',
    caption: `Negative values are noise about zero and are kept.${bands.length > 0 ? ` Bands show where ${people} at rest are expected.` : ''}`,
    image: isAbsolute ? OUTPUTS.cbf : OUTPUTS.relative,
    unit: isAbsolute ? 'mL/100g/min' : '1',
    range: isAbsolute ? [-50, 150] : [-2, 5],
    groups,
    bands,
  }
}
