import { gammaVariateAt } from '../../kinetics/gamma-variate.ts'
import { quantile } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import type { Figure } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import type { FigureOf, OutputName, Prepared } from '../modality.ts'
import type { DscAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { OUTPUTS } from './outputs.ts'
import { valuesIn } from './regions.ts'

/** Images that every run writes, by the names that the spine gives them. */
const REFERENCE: OutputName = { desc: 'ref', suffix: 'dsc' }
const MASK: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }
const tissue = (label: string): OutputName => ({ mod: true, label, suffix: 'probseg' })

type SliceFigure = FigureOf<Figure>

/** Quantile of the reference image that is shown white behind arterial voxels [1]. */
const BRIGHT = 0.98

/** Curves of single arterial voxels that are drawn. */
const DRAWN = 6

/**
 * The figures of a run, as data: first what tells whether it can be trusted, then ratios and times, then volumes.
 *
 * @param fitted - the fit
 * @param acquisition - time between volumes
 * @param options - which maps there are
 * @param prepared - for the reference image
 */
export function figuresOf(
  fitted: Fitted,
  acquisition: DscAcquisition,
  options: Options,
  { reference }: Prepared,
): SliceFigure[] {
  const bright = quantile(valuesIn(reference.values, fitted.regions.brain), BRIGHT)
  return [
    {
      kind: 'mosaic',
      id: 'reference',
      title: 'Mean image before the bolus, and brain mask',
      caption: 'The outline should follow the brain: curves are computed inside it.',
      image: REFERENCE,
      window: 'auto',
      colours: 'grey',
      unit: 'a.u.',
      contour: MASK,
    },
    courseFigure(fitted, acquisition),
    ...arterialFigures(fitted, bright),
    ...ratioFigures(fitted),
    ...timeFigures(fitted),
    ...leakageFigures(fitted, options),
    ...histograms(fitted),
  ]
}

/** The mean signal, its parts told apart by their points. */
function courseFigure({ course, bolus }: Fitted, { timing }: DscAcquisition): SliceFigure {
  const { dummies, baseline, firstPassEnd, arrival } = bolus
  const part = (from: number, to: number) => Array.from(course, (value, k) => (k >= from && k < to ? value : null))
  const start = Math.max(baseline[1], Math.floor(arrival / timing.dt))
  return {
    kind: 'lines',
    id: 'course',
    title: 'Mean signal of the brain',
    caption:
      'The baseline is flat and ends before the drop; one deep drop is the first pass, a second shallow one recirculation. A step or a spike is motion; a level that ends above or below the baseline is leakage or agent that stays.',
    x: { label: 'time [s]', values: Array.from(course, (_, k) => k * timing.dt) },
    y: { label: 'signal [a.u.]' },
    series: [
      { label: 'mean of the mask', values: [...course] },
      ...(dummies > 0 ? [{ label: 'left out', values: part(0, dummies), points: true }] : []),
      { label: `baseline (${baseline[1] - baseline[0]} volumes)`, values: part(...baseline), points: true },
      { label: 'first pass', values: part(start, firstPassEnd), points: true },
      { label: 'recirculation and after', values: part(firstPassEnd, course.length), points: true },
    ],
  }
}

function arterialFigures({ arterial, signals, mean }: Fitted, bright: number): SliceFigure[] {
  if (!arterial) return []
  const { curve, voxels, vein, from, quality } = arterial
  const { firstPass } = quality
  const x = { label: 'time [s]', values: Array.from(curve, (_, k) => (k + signals.dummies) * signals.dt) }
  const single = [...(voxels ?? [])].slice(0, DRAWN - (vein ? 1 : 0) - (firstPass ? 1 : 0)).map((voxel, at) => {
    const values = new Float64Array(signals.frames)
    return { label: `voxel ${at + 1}`, values: signals.artery(voxel, values) ? [...values] : [] }
  })
  const curves: SliceFigure = {
    kind: 'lines',
    id: 'aif',
    topic: 'input',
    title: 'Arterial input',
    caption: `An artery rises before tissue (next figure), is narrow (here ${Number.isFinite(quality.fwhm) ? `${quality.fwhm.toFixed(1)} s` : 'without'} at half of its peak), smooth and returns near zero. A flat top or a notch is signal lost in noise.`,
    x,
    y: { label: from === 'table' ? 'curve as given' : 'ΔR2* [1/s]' },
    series: [
      { label: `mean${vein ? ', scaled to the vein' : ''}`, values: [...curve] },
      ...(vein ? [{ label: 'vein', values: [...vein.curve] }] : []),
      ...(firstPass
        ? [
            {
              label: 'first pass alone',
              values: Array.from(curve, (_, k) => gammaVariateAt(firstPass, k * signals.dt)),
            },
          ]
        : []),
      ...single,
    ],
  }
  const peak = Math.max(...curve)
  const top = Math.max(...mean)
  const beside: SliceFigure = {
    kind: 'lines',
    id: 'aif-tissue',
    topic: 'input',
    title: 'Arterial input and mean of the brain, each over its peak',
    caption: 'The artery should come first and be the narrower one.',
    x,
    y: { label: 'ΔR2* over its peak [1]' },
    series: [
      { label: 'artery', values: [...curve].map(value => value / peak) },
      { label: 'mean of the mask', values: [...mean].map(value => value / top) },
    ],
  }
  if (!voxels) return [curves, beside]
  const where: SliceFigure = {
    kind: 'mosaic',
    id: 'aif-voxels',
    topic: 'input',
    title: 'Arterial voxels',
    caption:
      'They should lie in or beside large arteries (middle cerebral or carotid), outside pathology. In tissue, in a sinus or at the edge of the brain they are wrong: give a mask with --dsc-aif FILE.',
    image: REFERENCE,
    window: [0, bright],
    colours: 'grey',
    unit: 'a.u.',
    contour: OUTPUTS.aif,
  }
  return [where, curves, beside]
}

function mosaic(
  image: OutputName,
  words: { readonly id: string; readonly title: string; readonly caption: string },
  window: readonly [number, number] | 'auto',
  unit: Unit,
  more: { readonly within?: OutputName; readonly colours?: 'viridis' | 'diverging' } = {},
): SliceFigure {
  return { kind: 'mosaic', ...words, image, window, colours: 'viridis', unit, ...more }
}

/** The ratios to white matter. */
function ratioFigures({ normal, headline }: Fitted): SliceFigure[] {
  if (!normal) return []
  const rcbv = mosaic(
    OUTPUTS.rcbv,
    {
      id: 'rcbv',
      title: 'rCBV (white matter is 1)',
      caption: `Leakage correction: ${headline.words}. White matter should look even and about 1, cortex about 2; vessels are brightest.`,
    },
    [0, 5],
    '1',
  )
  if (!headline.rcbf) return [rcbv]
  const words = { id: 'rcbf', title: 'rCBF (white matter is 1)', caption: 'Cortex should stand out from white matter.' }
  return [rcbv, mosaic(OUTPUTS.rcbf, words, [0, 5], '1')]
}

/** Transit time, Tmax, delay. */
function timeFigures({ perfused, local }: Fitted): SliceFigure[] {
  if (!perfused) return []
  const { method } = perfused
  const times = [
    mosaic(
      OUTPUTS.mtt(method),
      {
        id: 'mtt',
        title: 'MTT',
        caption:
          'CBV over CBF, without leakage correction. Should be even in healthy brain; long where vessels are narrowed.',
      },
      [0, 15],
      's',
    ),
    mosaic(
      OUTPUTS.tmax(method),
      {
        id: 'tmax',
        title: 'Tmax',
        caption:
          'By the global arterial input, at all places. About 1 to 4 s in healthy brain; more is delay, dispersion or a long transit time. Without a value where there is no blood beyond noise.',
      },
      [0, 12],
      's',
    ),
    mosaic(
      OUTPUTS.delay(method),
      { id: 'delay', title: 'Delay', caption: 'Arrival of the blood after the artery.' },
      [-8, 8],
      's',
      { colours: 'diverging' },
    ),
  ]
  if (!local) return times
  const caption =
    'Beside that by the global one: delay and dispersion up to the local artery are taken out. Its thresholds have no clinical meaning.'
  const words = { id: 'tmax-local', title: 'Tmax by local arterial inputs', caption }
  return [...times, mosaic(OUTPUTS.tmax(local.method, 'localaif'), words, [0, 12], 's')]
}

function leakageFigures({ leakage, volume }: Fitted, options: Options): SliceFigure[] {
  if (!leakage) return []
  const { correction } = leakage
  const K2 = mosaic(
    OUTPUTS.k2(correction),
    {
      id: 'k2',
      title: 'Leakage K2',
      caption:
        'Above 0 leaked agent brightens (T1), below 0 it darkens (T2*) the tissue. About 0 in healthy brain; without a value (grey) where the bolus is late or slow, for there the correction would invent leakage.',
    },
    [-0.02, 0.02],
    '1/s',
    { colours: 'diverging' },
  )
  const names = volume
    ? [
        mosaic(
          OUTPUTS.cbv(correction),
          {
            id: 'cbv-corrected',
            title: `CBV corrected for leakage (${options['dsc-leakage']})`,
            caption: 'Read it where the barrier is broken only, beside the uncorrected map below.',
          },
          'auto',
          'mL/100g',
        ),
        mosaic(
          OUTPUTS.cbv('nocorr'),
          { id: 'cbv', title: 'CBV without leakage correction', caption: 'The scale is that of the arterial curve.' },
          'auto',
          'mL/100g',
        ),
      ]
    : []
  return [K2, ...names]
}

function histograms({ perfused, regions, normal }: Fitted): SliceFigure[] {
  const group = (label: string, image: OutputName, above: number) => ({ label, image, above })
  const groups = [
    group('brain mask', MASK, 1 / 2),
    ...(regions.gm ? [group('grey matter', tissue('GM'), LIMITS.tissue)] : []),
    ...(regions.wm ? [group('white matter', tissue('WM'), LIMITS.tissue)] : []),
  ]
  const of = (
    id: string,
    title: string,
    image: OutputName,
    unit: Unit,
    range: readonly [number, number],
  ): SliceFigure => ({
    kind: 'histogram',
    id: `histogram-${id}`,
    title: `Distribution of ${title}`,
    caption: 'Values below 0 are noise about zero and are kept.',
    image,
    unit,
    range,
    groups,
  })
  return [
    ...(normal ? [of('rcbv', 'rCBV', OUTPUTS.rcbv, '1', [-1, 6])] : []),
    ...(perfused ? [of('tmax', 'Tmax', OUTPUTS.tmax(perfused.method), 's', [-4, 14])] : []),
  ]
}
