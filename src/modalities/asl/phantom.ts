import type { Table } from '../../bids/tsv.ts'
import { continuousBolusWeight, labelledDifference } from '../../kinetics/labelled-bolus.ts'
import { createRandom, type Random } from '../../numerics/random.ts'
import { bloodT1, LABELING_EFFICIENCY, PARTITION_COEFFICIENT, suppressionFactor } from '../../physics/constants.ts'
import { PER_100G_PER_MIN } from '../../units.ts'
import { headGrid, type Tissues } from '../anatomy.ts'
import type { OutputName, Phantom, PhantomImage, PhantomSettings } from '../modality.ts'
import { OUTPUTS } from './maps.ts'

/** What each tissue of the phantom is: CBF [mL/100g/min] and equilibrium signal [a.u.]. */
export const TISSUE = {
  cbf: { gm: 60, wm: 20, csf: 0 },
  m0: { gm: 17000, wm: 14400, csf: 20000 },
} as const

/** The recommended protocol [s], [T], [mm]. */
export const PROTOCOL = {
  labelingDuration: 1.8,
  delay: 1.8,
  repetition: 4.5,
  m0Repetition: 6,
  echo: 0.014,
  tesla: 3,
  voxel: [3, 3, 5],
} as const

/** Background-suppression pulses, and the fraction of the static signal that they leave. */
export const SUPPRESSION = { pulses: 2, left: 0.1 } as const

/** Pairs of control and label where none are asked for. */
const PAIRS = 15

/** Share of a tissue above which a voxel is compared as pure [1]. */
export const PURE = 0.95

/** How an ASL phantom is acquired. */
export interface Acquired {
  /** Pairs of control and label. */
  readonly pairs?: number
  /** Whether M0 is an image of its own (default) or the first volume of the series. */
  readonly m0?: 'separate' | 'included'
  /** Whether background suppression is on; it is by default, as recommended. */
  readonly suppressed?: boolean
  /** M0 of grey matter over the standard deviation of the noise of one volume [1]; infinite for none. */
  readonly snr: number
  /** Normal noise (default), which has no bias, or that of magnitude images. */
  readonly noise?: 'gaussian' | 'rician'
  readonly seed: string
  /** Factor on the CBF of all tissues: the participant's own level of perfusion [1]; 1 by default. */
  readonly level?: number
}

/** The voxels of an ASL phantom. */
export interface AslSignals {
  /** shape (nVoxel × nVolume) */
  readonly series: Float32Array
  readonly types: readonly string[]
  /** A separate M0 image, shape (nVoxel); null where it is a volume of the series. */
  readonly m0: Float32Array | null
  /** CBF [mL/100g/min], shape (nVoxel). */
  readonly cbf: Float32Array
}

/**
 * The signals of a single-delay PCASL series with known CBF.
 *
 * @remarks
 * CBF of a voxel is the mean of its tissues (60, 20, 0 mL/100g/min in grey matter, white matter, fluid); the difference of
 * control and label is that of {@link labelledDifference} with the M0 of the voxel over λ 0.9 as the M0 of blood. So
 * without noise, and without smoothing of M0, quantification gives the truth to rounding, partial volumes included.
 *
 * **Assumes** that the whole bolus has arrived: labelling and delay are 1.8 s, and no transit time is longer.
 *
 * @param tissues - fractions on the grid of the series
 * @param acquired - how it is acquired
 */
export function aslSignals(tissues: Tissues, acquired: Acquired): AslSignals {
  const { pairs = PAIRS, m0 = 'separate', suppressed = true, snr, noise = 'gaussian', seed, level = 1 } = acquired
  const n = tissues.gm.length
  const cbf = mix(tissues, TISSUE.cbf).map(value => level * value)
  const still = mix(tissues, TISSUE.m0)
  const weight = continuousBolusWeight(PROTOCOL, bloodT1(PROTOCOL.tesla).value)
  const efficiency = LABELING_EFFICIENCY.PCASL.value * suppressionFactor(suppressed ? SUPPRESSION.pulses : 0)
  const control = still.map(value => value * (suppressed ? SUPPRESSION.left : 1))
  const label = control.map((value, v) => {
    const blood = still[v]! / PARTITION_COEFFICIENT.value
    return value - labelledDifference(cbf[v]! / PER_100G_PER_MIN, blood, efficiency, weight)
  })
  const random = createRandom(`asl/${seed}`)
  const sigma = TISSUE.m0.gm / snr
  const pair = Array.from({ length: 2 * pairs }, (_, at) => (at % 2 === 0 ? 'control' : 'label'))
  const types = m0 === 'included' ? ['m0scan', ...pair] : pair
  const series = new Float32Array(n * types.length)
  types.forEach((type, at) => {
    const clean = type === 'm0scan' ? still : type === 'control' ? control : label
    addNoise(series.subarray(at * n, (at + 1) * n), clean, sigma, noise, random)
  })
  const image = m0 === 'separate' ? new Float32Array(n) : null
  if (image) addNoise(image, still, sigma, noise, random)
  return { series, types, m0: image, cbf: new Float32Array(cbf) }
}

/** Mean of a property over the tissues of each voxel, shape (nVoxel). */
export function mix({ gm, wm, csf }: Tissues, of: Readonly<Record<keyof Tissues, number>>): Float64Array {
  const out = new Float64Array(gm.length)
  for (let v = 0; v < out.length; v++) out[v] = of.gm * gm[v]! + of.wm * wm[v]! + of.csf * csf[v]!
  return out
}

function addNoise(
  out: Float32Array,
  clean: Float64Array,
  sigma: number,
  kind: 'gaussian' | 'rician',
  random: Random,
): void {
  for (let v = 0; v < out.length; v++) {
    const real = clean[v]! + sigma * random.normal()
    if (kind === 'gaussian') out[v] = real
    else {
      const imaginary = sigma * random.normal()
      out[v] = Math.sqrt(real * real + imaginary * imaginary)
    }
  }
}

const SCANNER = {
  Manufacturer: 'simulated',
  ManufacturersModelName: 'perfquant',
  MagneticFieldStrength: PROTOCOL.tesla,
  MRAcquisitionType: '3D',
  PulseSequenceType: '3D GRASE',
  NumberShots: 4,
  ReadoutDuration: 0.28,
  EchoTime: PROTOCOL.echo,
  FlipAngle: 90,
} as const

/**
 * The metadata of a phantom's series, as BIDS asks for them.
 *
 * @param types - type of each volume
 * @param suppressed - whether background suppression is on
 * @param size - voxel edges [mm], shape (3)
 * @param delay - post-labelling delay [s], one for all or one for each
 */
export function seriesSidecar(
  types: readonly string[],
  suppressed: boolean,
  size: readonly number[],
  delay: number | readonly number[] = PROTOCOL.delay,
): Record<string, unknown> {
  const { repetition, m0Repetition } = PROTOCOL
  const isIncluded = types.includes('m0scan')
  return {
    ...SCANNER,
    RepetitionTimePreparation: isIncluded
      ? types.map(type => (type === 'm0scan' ? m0Repetition : repetition))
      : repetition,
    ArterialSpinLabelingType: 'PCASL',
    PCASLType: 'balanced',
    LabelingDuration: PROTOCOL.labelingDuration,
    PostLabelingDelay: delay,
    BackgroundSuppression: suppressed,
    ...(suppressed ? { BackgroundSuppressionNumberPulses: SUPPRESSION.pulses } : {}),
    VascularCrushing: false,
    M0Type: isIncluded ? 'Included' : 'Separate',
    TotalAcquiredPairs: types.filter(type => type === 'control').length,
    AcquisitionVoxelSize: size,
  }
}

/**
 * The metadata of a phantom's separate M0 image.
 *
 * @param path - path of the series in its dataset, for `IntendedFor`
 */
export function m0Sidecar(path: string): Record<string, unknown> {
  return { ...SCANNER, RepetitionTimePreparation: PROTOCOL.m0Repetition, IntendedFor: `bids::${path}` }
}

const BRAIN: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }
/** Name of the share of a tissue in the truth. */
export const fraction = (label: string): OutputName => ({ mod: true, label, suffix: 'probseg' })

/**
 * The phantom of `simulate`: a head by the recommended protocol, as a scanner would store it, with the truth.
 *
 * @remarks
 * The bands of the comparison are those that the documentation promises for the default options; the standard error of a
 * region's mean is far below them at the default signal-to-noise ratio.
 *
 * @param settings - head, signal-to-noise ratio, seed, level of perfusion, path of the series
 */
export function aslPhantom({ anatomy, snr, seed, level, spread, path }: PhantomSettings): Phantom {
  const grid = headGrid(PROTOCOL.voxel)
  const tissues = spread({ ...anatomy.tissues(grid) }, grid)
  const { series, types, m0, cbf } = aslSignals(tissues, { snr, seed, level })
  const aslcontext: Table = { columns: ['volume_type'], rows: types.map(type => [type]) }
  const main: PhantomImage = {
    suffix: 'asl',
    grid,
    frames: types.length,
    data: rounded(series),
    frameSpacing: PROTOCOL.repetition,
    sidecar: seriesSidecar(types, true, PROTOCOL.voxel),
    tables: { aslcontext },
  }
  const m0Image = (data: Float32Array): PhantomImage => {
    return { suffix: 'm0scan', grid, frames: 1, data: rounded(data), sidecar: m0Sidecar(path('asl')), tables: {} }
  }
  const { gm, wm, csf } = tissues
  const brain = gm.map((share, v) => (share + wm[v]! + csf[v]! >= 1 / 2 ? 1 : 0))
  const share = (label: string, values: Float32Array) =>
    ({ name: fraction(label), grid, values, unit: '1', description: `Share of ${label} in each voxel` }) as const
  const check = (region: string, name: OutputName, above: number, tolerance: number) => {
    return { parameter: 'cbf', truth: OUTPUTS.cbf, region, within: { name, above }, tolerance }
  }
  return {
    images: m0 ? [main, m0Image(m0)] : [main],
    truth: [
      { name: OUTPUTS.cbf, grid, values: cbf, unit: 'mL/100g/min', description: 'CBF that is in the series' },
      share('GM', gm),
      share('WM', wm),
      share('CSF', csf),
      { name: BRAIN, grid, values: brain, unit: '1', description: 'Voxels that are brain for the most part' },
    ],
    checks: [
      check('pure GM', fraction('GM'), PURE, 0.02),
      check('pure WM', fraction('WM'), PURE, 0.02),
      check('brain', BRAIN, 1 / 2, 0.03),
    ],
  }
}

/** Whole numbers, as scanners store them: the steps lie far below the noise. */
export function rounded(values: Float32Array): Int16Array {
  const out = new Int16Array(values.length)
  for (let v = 0; v < out.length; v++) out[v] = Math.max(-32768, Math.min(32767, Math.round(values[v]!)))
  return out
}
