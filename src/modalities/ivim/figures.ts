import { biexponentialSignal, simplifiedSignal } from '../../kinetics/ivim.ts'
import type { Figure } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import type { FigureOf, OutputName } from '../modality.ts'
import type { IvimAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { type Judged, mapName, maskName, type ParamName, paramsOf, windowOf } from './maps.ts'
import { relativeSignal } from './quality.ts'
import { fitCurve } from './region-fit.ts'
import type { Regions } from './regions.ts'

/** Images that every run writes, by the names that the spine gives them. */
const REFERENCE: OutputName = { desc: 'ref', suffix: 'dwi' }
const MASK: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }

/** Steps of b at which a fitted curve is drawn. */
const STEPS = 60

type SliceFigure = FigureOf<Figure>

/**
 * The figures of a run, as data.
 *
 * @param fitted - the fits
 * @param acquisition - the b-values, what there is
 * @param regions - which tissue maps are there
 */
export function figuresOf(fitted: Fitted, acquisition: IvimAcquisition, regions: Regions): SliceFigure[] {
  const named = [
    { label: 'mask', region: regions.brain },
    ...(regions.gm ? [{ label: 'grey matter', region: regions.gm }] : []),
    ...(regions.wm ? [{ label: 'white matter', region: regions.wm }] : []),
  ]
  return [
    {
      kind: 'mosaic',
      id: 'reference',
      title: 'Mean image without diffusion weighting, and mask',
      caption: 'The outline should follow the organ: statistics are taken inside it.',
      image: REFERENCE,
      window: 'auto',
      colours: 'grey',
      unit: 'a.u.',
      contour: MASK,
    },
    bTable(acquisition),
    ...curves(fitted, acquisition, named),
    ...paramsOf(acquisition).flatMap(mapFigures),
    ...histograms(acquisition),
  ]
}

function bTable({ support, averaging }: IvimAcquisition): SliceFigure {
  const b = support.groups.map(group => group.b)
  return {
    kind: 'lines',
    id: 'b-values',
    title: 'b-values',
    caption: `Volumes acquired at each b-value${averaging.isVendor ? ', averaged over directions by the scanner' : `; ${averaging.directions} direction(s) are averaged`}. D* lives on the b-values below the threshold, D and f on those above.`,
    x: { label: 'b [s/mm²]', values: b },
    y: { label: 'volumes' },
    series: [{ label: 'volumes', values: support.groups.map(({ volumes }) => volumes.length), points: true }],
  }
}

interface Named {
  readonly label: string
  readonly region: Uint8Array
}

/** Mean signal with the fit, and what the fit leaves. */
function curves(fitted: Fitted, acquisition: IvimAcquisition, regions: readonly Named[]): SliceFigure[] {
  const rows = acquisition.rows.ivim
  if (rows.length === 0) return []
  const measured = [...new Set(rows.map(row => fitted.b[row]!))]
  const most = Math.max(...measured)
  const fine = Array.from({ length: STEPS + 1 }, (_, at) => (most * at * at) / (STEPS * STEPS))
  const x = [...new Set([...measured, ...fine])].sort((one, other) => one - other)
  const series: { label: string; values: (number | null)[]; points?: boolean }[] = []
  const left: typeof series = []
  for (const { label, region } of regions) {
    const curve = relativeSignal(fitted, acquisition, region)
    const at = (b: number) => {
      const here = rows.filter(row => fitted.b[row] === b)
      return here.length === 0 ? null : here.reduce((sum, row) => sum + curve[row]!, 0) / here.length
    }
    const model = modelOf(acquisition, curve, fitted)
    series.push({ label, values: x.map(at), points: true })
    if (!model) continue
    series.push({ label: `${label}, fit`, values: [...model(x)] })
    const expected = model(measured)
    left.push({ label, values: measured.map((b, index) => 100 * (at(b)! - expected[index]!)), points: true })
  }
  const signal: SliceFigure = {
    kind: 'lines',
    id: 'signal',
    title: 'Signal over that at b = 0',
    caption:
      'Mean over the region (in brain without fluid), and one fit to it. The bend at low b is perfusion; a curve that flattens at high b is noise or kurtosis.',
    x: { label: 'b [s/mm²]', values: x },
    y: { label: 'S / S(0) [1]' },
    series,
  }
  const residuals: SliceFigure = {
    kind: 'lines',
    id: 'residuals',
    title: 'Residuals of the fits to the mean signals',
    caption:
      'Measured minus fitted, in per cent of S(0). Beyond a per cent, or in a pattern: motion at one b-value, pulsation, or tissue that is not bi-exponential.',
    x: { label: 'b [s/mm²]', values: measured },
    y: { label: 'residual [% of S(0)]' },
    series: left,
  }
  return left.length > 0 ? [signal, residuals] : [signal]
}

/** The curve that fits a mean signal, as a function of b. */
function modelOf(
  acquisition: IvimAcquisition,
  curve: Float64Array,
  fitted: Fitted,
): ((b: readonly number[]) => Float64Array) | null {
  const fit = fitCurve(acquisition, curve, fitted)
  if (!fit) return null
  const { S0, D, f, Dstar } = fit.values
  const isFull = fit.estimator === 'nlls' && Number.isFinite(Dstar)
  return b => {
    const out = new Float64Array(b.length)
    if (isFull) biexponentialSignal(out, { S0, D, f, Dstar }, Float64Array.from(b))
    else simplifiedSignal(out, { S0, D, f }, Float64Array.from(b))
    return out
  }
}

const TITLES: Readonly<Partial<Record<ParamName, readonly [title: string, caption: string]>>> = {
  D: ['D, diffusion coefficient', 'Even over brain tissue, high in fluid.'],
  f: [
    'f, perfusion fraction',
    'High in vessels and at the borders of fluid, where it is pulsation; 0.05 to 0.1 in brain tissue, more in body organs.',
  ],
  Dstar: ['D*, pseudo-diffusion coefficient', 'Only voxels in which it can be trusted are shown.'],
  fDstar: ['fD*, related to blood flow', 'Only voxels in which it can be trusted are shown.'],
  ADC: ['ADC', 'Apparent diffusion coefficient with the perfusion in it.'],
  ADC0: ['ADC0', 'Diffusion coefficient at b = 0 of the kurtosis model.'],
  K: ['K, kurtosis', 'Near 0 in fluid, about 1 in white matter.'],
}

function mapFigures(name: ParamName): SliceFigure[] {
  const words = TITLES[name]
  if (!words) return []
  const unit: Unit = name === 'f' || name === 'K' ? '1' : 'mm^2/s'
  const isTrusted = name === 'Dstar' || name === 'fDstar'
  const map: SliceFigure = {
    kind: 'mosaic',
    id: name,
    title: words[0],
    caption: words[1],
    image: mapName(name),
    window: windowOf(name),
    colours: 'viridis',
    unit,
    ...(isTrusted ? { within: maskName(name) } : {}),
  }
  return name === 'f' ? [map, maskFigure(name)] : [map]
}

function maskFigure(name: Judged): SliceFigure {
  const symbol = name.replace('star', '*')
  return {
    kind: 'mosaic',
    id: `reliable-${name}`,
    topic: 'reliability',
    title: `Where ${symbol} is reliable`,
    caption: `White: its standard error is at most ${LIMITS.reliable[name]} of the value.`,
    image: maskName(name),
    window: [0, 1],
    colours: 'grey',
    unit: '1',
  }
}

function histograms({ estimator, support }: IvimAcquisition): SliceFigure[] {
  if (estimator === null) return []
  const group = (label: string, image: OutputName) => ({ label, image, above: 1 / 2 })
  const of = (name: Judged, title: string, range: readonly [number, number], unit: Unit): SliceFigure => ({
    kind: 'histogram',
    id: `histogram-${name}`,
    title,
    caption: 'A peak at the end of the range is a bound of the fit.',
    image: mapName(name),
    unit,
    range,
    groups: [group('mask', MASK), group('reliable', maskName(name))],
  })
  return [
    of('f', 'Distribution of f', [0, 0.5], '1'),
    ...(support.hasDstar ? [of('Dstar', 'Distribution of D*', [0, 0.2], 'mm^2/s')] : []),
  ]
}
