import { modelCurve, nodeStep } from '../../kinetics/dce-fit.ts'
import { median } from '../../numerics/statistics.ts'
import type { Figure } from '../../report/record.ts'
import type { FigureOf, OutputName } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import { type Fitted, meanCurve } from './fit.ts'
import { windowOf } from './maps.ts'
import type { ModelChoice } from './models.ts'
import { AIF_MASK, CURVES, curveName, MASK, mapName, REFERENCE, reliableName, SELECTION } from './outputs.ts'

type SliceFigure = FigureOf<Figure>

const rounded = (values: ArrayLike<number>) => Array.from(values, value => Number(value.toPrecision(5)))

/** The figures of a run, as data. */
export function figuresOf(acquisition: DceAcquisition, fitted: Fitted): SliceFigure[] {
  const { arterial, models, selection, enhancement } = fitted
  const hasMask = arterial !== null && models.length > 0 && (arterial.kind === 'mask' || arterial.kind === 'found')
  return [
    {
      kind: 'mosaic',
      id: 'reference',
      title: 'Mean image before contrast agent, and mask',
      caption: 'The outline should hold the tissue of interest: statistics are taken inside it.',
      image: REFERENCE,
      window: 'auto',
      colours: 'grey',
      unit: 'a.u.',
      contour: MASK,
    },
    uptake(acquisition, fitted),
    ...(arterial && models.length > 0 ? [arterialCurve(fitted)] : []),
    ...(hasMask
      ? [
          {
            kind: 'mosaic' as const,
            id: 'aif',
            topic: 'input' as const,
            title: 'Voxels of the arterial input',
            caption: 'They should lie in a large artery, away from its edge and from lesions.',
            image: REFERENCE,
            window: 'auto' as const,
            colours: 'grey' as const,
            unit: 'a.u.' as const,
            contour: AIF_MASK,
          },
        ]
      : []),
    ...curves(acquisition, fitted),
    ...models.flatMap(({ choice }) =>
      choice.quantities.map((quantity): SliceFigure => {
        const { name, title, unit } = quantity
        return {
          kind: 'mosaic',
          id: `${choice.model.name}-${name}`,
          title: `${name}, ${choice.model.title}`,
          caption: `${title[0]!.toUpperCase()}${title.slice(1)}. Grey where its standard error is more than half of it.`,
          image: mapName(choice.model.name, name),
          window: windowOf(name),
          colours: name === 'delay' ? 'diverging' : 'viridis',
          unit,
          within: reliableName(choice.model.name, name),
        }
      }),
    ),
    ...models.flatMap(({ choice }) => histogramsOf(choice)),
    ...(selection
      ? [
          {
            kind: 'mosaic' as const,
            id: 'selection',
            title: 'Best model by AICc',
            caption: `${models.map(({ choice }, at) => `${at + 1} ${choice.model.name}`).join(', ')}. Structure that follows tissue is a finding, salt and pepper is noise.`,
            image: SELECTION,
            window: [0, models.length] as const,
            colours: 'labels' as const,
            unit: '1' as const,
          },
        ]
      : []),
    ...(enhancement
      ? [
          semi('maxenh', 'Maximal enhancement'),
          semi('iauc60', 'Area under the enhancement, first 60 s'),
          semi('curvetype', 'Curve type', '1 persistent, 2 plateau, 3 wash-out; wash-out in a focus is suspicious.'),
        ]
      : []),
  ]
}

/** How the parameters of a model are spread over the mask. */
function histogramsOf({ model, quantities }: ModelChoice): SliceFigure[] {
  return quantities.map(({ name, title, unit }) => ({
    kind: 'histogram',
    id: `histogram-${model.name}-${name}`,
    title: `Distribution of ${name}, ${model.title}`,
    caption: `${title[0]!.toUpperCase()}${title.slice(1)}. One hump a tissue; a heap at either end of the axis is a bound of the fit or noise. What is normal depends on the organ and has no band.`,
    image: mapName(model.name, name),
    unit,
    range: windowOf(name),
    groups: [{ label: 'mask', image: MASK, above: 1 / 2 }],
  }))
}

function semi(name: 'maxenh' | 'iauc60' | 'curvetype', title: string, caption?: string): SliceFigure {
  const { unit, window } = CURVES[name]
  const image: OutputName = curveName(name)
  return {
    kind: 'mosaic',
    id: name,
    title,
    caption: caption ?? 'Vessels are brightest; without contrast agent there is nothing to see.',
    image,
    window,
    colours: name === 'curvetype' ? 'labels' : 'viridis',
    unit,
  }
}

/** Mean signal of the tissue that enhances most, with what counts as baseline. */
function uptake({ frames, input }: DceAcquisition, { signals, enhancing, baseline, arrival }: Fitted): SliceFigure {
  const n = signals.length / frames.times.length
  const curve = meanCurve(signals, frames.times.length, n, enhancing)
  const isBase = new Set(baseline)
  return {
    kind: 'lines',
    id: 'uptake',
    title: 'Mean curve of the tissue that enhances most',
    caption: `A flat baseline, one sharp rise${arrival ? ` (arrival at ${Number(arrival.time.toPrecision(4))} s)` : ''}, no jumps: jumps are motion.`,
    x: { label: 'time [s]', values: rounded(frames.times) },
    y: { label: input === 'concentration' ? 'concentration [mM]' : 'signal' },
    series: [
      { label: 'mean', values: rounded(curve) },
      {
        label: 'baseline',
        values: rounded(curve).map((value, at) => (isBase.has(at) ? value : null)),
        points: true,
      },
    ],
  }
}

function arterialCurve({ arterial }: Fitted): SliceFigure {
  const [artery, portal] = arterial!.inlets
  return {
    kind: 'lines',
    id: 'aif-curve',
    topic: 'input',
    title: `Arterial input: ${arterial!.title}`,
    caption:
      'Concentration in plasma. An artery rises within seconds to 4 to 15 mM after a standard dose, and has a tail of a tenth of its peak; a low broad curve is a vein or partial volume.',
    x: { label: 'time [s]', values: rounded(artery!.times) },
    y: { label: 'concentration in plasma [mM]' },
    series: [
      { label: 'artery', values: rounded(artery!.values) },
      ...(portal ? [{ label: 'portal vein', values: rounded(portal.values) }] : []),
    ],
  }
}

/** Mean concentration of the tissue that enhances most, with the models at the medians of its voxels. */
function curves(acquisition: DceAcquisition, fitted: Fitted): SliceFigure[] {
  const { concentrations, enhancing, models, arterial, delay } = fitted
  const { times } = acquisition.frames
  if (!concentrations || !arterial || models.length === 0) return []
  const n = concentrations.length / times.length
  const usable = enhancing.filter(v => models.every(({ fit }) => fit.status[v] === 1 || fit.status[v] === 2))
  if (usable.length === 0) return []
  const measured = meanCurve(concentrations, times.length, n, usable)
  const fits = models.map(({ choice, fit }) => {
    const { model } = choice
    const p = Float64Array.from(model.parameters, ({ name }) =>
      median(Float64Array.from(usable, v => fit.maps[name]![v]!).filter(Number.isFinite)),
    )
    const shift = delay ?? median(Float64Array.from(usable, v => fit.maps['delay']![v]!))
    return { label: model.name, values: rounded(modelCurve(model, p, arterial.inlets, times, shift, nodeStep(model))) }
  })
  return [
    {
      kind: 'lines',
      id: 'fit',
      title: 'Concentration of the tissue that enhances most, with its fit',
      caption: 'Models at the medians of the parameters of these voxels. They should follow the rise and the tail.',
      x: { label: 'time [s]', values: rounded(times) },
      y: { label: 'concentration [mM]' },
      series: [{ label: 'measured', values: rounded(measured), points: true }, ...fits],
    },
  ]
}
