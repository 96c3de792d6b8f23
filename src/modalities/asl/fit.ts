import { smoothWithin } from '../../image/smooth.ts'
import { frameValues, type Grid, type Volume, voxelCount } from '../../image/volume.ts'
import { labelledFlow } from '../../kinetics/labelled-bolus.ts'
import { mean, median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import type { Problem } from '../../problems.ts'
import { PER_100G_PER_MIN } from '../../units.ts'
import type { MapOutput, OutputName, Placed, Prepared } from '../modality.ts'
import type { AslAcquisition, Quantification } from './acquisition.ts'
import { type Calibration, calibrate } from './calibrate.ts'
import { checkResult, suspectScale, suspectSwap } from './checks.ts'
import type { Difference } from './context.ts'
import { bolusWeights, type SliceDelays } from './labelling.ts'
import { LIMITS } from './limits.ts'

/** Status of a voxel, as the contract numbers them. */
const GOOD = 1
const NO_SIGNAL = 4

/** Names of the images that a run can write. */
export const OUTPUTS = {
  cbf: { suffix: 'cbf' },
  sd: { desc: 'sd', suffix: 'cbf' },
  series: { desc: 'timeseries', suffix: 'cbf' },
  reliable: { mod: true, model: 'single', param: 'cbf', desc: 'reliable', suffix: 'mask' },
  relative: { desc: 'relative', suffix: 'perfmap' },
} as const satisfies Record<string, OutputName>

/** The images that a run will write, in order. */
export function outputNames({ volumes, quantification }: AslAcquisition, options: Options): OutputName[] {
  if (quantification?.m0.plan.source === 'none') return [OUTPUTS.relative]
  const several = volumes.differences.length > 1
  return [
    OUTPUTS.cbf,
    ...(several ? [OUTPUTS.sd, OUTPUTS.reliable] : []),
    ...(options['asl-timeseries'] ? [OUTPUTS.series] : []),
  ]
}

/** Mean and spread of the differences over their number, in float64. */
export interface Spread {
  /** Mean difference, unit of the series, shape (nVoxel). */
  readonly mean: Float64Array
  /** Standard deviation over the differences (n − 1), shape (nVoxel); null of one. */
  readonly sd: Float64Array | null
}

/** What a fit gives: voxels in report units. */
export interface Fitted {
  readonly differences: number
  readonly spread: Spread
  /** Report unit over unit of the series in each voxel, shape (nVoxel); NaN where there is no signal. */
  readonly gain: Float64Array
  readonly status: Uint8Array
  /** CBF [mL/100g/min], or relative perfusion [1], shape (nVoxel). */
  readonly values: Float64Array
  /** Standard error of {@link values} over the differences, shape (nVoxel); null of one. */
  readonly error: Float64Array | null
  /** Null where there is no absolute scale, or where the series is flow already. */
  readonly calibration: Calibration | null
  readonly isAbsolute: boolean
  /** Median of ΔM/M0 in the mask [1]; null where there is no M0. */
  readonly ratio: number | null
  readonly problems: readonly Problem[]
}

/**
 * Turn differences into flow, voxel by voxel.
 *
 * @remarks
 * CBF and its standard error are those of the mean difference: the equation is linear. Values are never clipped. A voxel
 * whose M0 is not above 0, or whose signal is not finite, has status 4 and no value.
 *
 * @param acquisition - the acquisition in house units
 * @param prepared - series, reference and mask
 * @param placed - images in roles, on the grid of the series
 * @param options - scale, smoothing
 */
export function fitSeries(acquisition: AslAcquisition, prepared: Prepared, placed: Placed, options: Options): Fitted {
  const { quantification, volumes, image } = acquisition
  const { mask, reference } = prepared
  const problems: Problem[] = []
  const calibrated = quantification ? calibrate(acquisition, quantification, prepared, placed, options) : null
  const calibration = calibrated !== null && 'M0a' in calibrated ? calibrated : null
  if (calibrated !== null && 'code' in calibrated) problems.push(calibrated)
  const isAbsolute = calibration !== null || quantification === null

  const spread = spreadOf(eachDifference(acquisition, prepared, options), volumes.differences.length, mask.length)
  const gain = gainOf(quantification, calibration, reference.grid)
  const scaled = spread.mean.map((value, v) => (mask[v] === 1 ? gain[v]! * value : Number.NaN))
  const unit = isAbsolute ? 1 : mean(scaled.filter(Number.isFinite))
  const values = scaled.map(value => value / unit)
  const root = Math.sqrt(volumes.differences.length)
  const error =
    spread.sd?.map((sd, v) => (Number.isFinite(values[v]) ? (gain[v]! * sd) / root / unit : Number.NaN)) ?? null
  const status = mask.map((inside, v) => (inside !== 1 ? 0 : Number.isFinite(values[v]) ? GOOD : NO_SIGNAL))

  const ratio = calibration ? ratioOf(spread.mean, calibration, quantification, mask) : null
  if (ratio !== null) problems.push(...[suspectScale(ratio, image)].filter(found => found !== null))
  const swapped = suspectSwap(spread.mean, mask, acquisition)
  if (swapped) problems.push(swapped)
  const fitted: Fitted = {
    differences: volumes.differences.length,
    spread,
    gain: gain.map(value => value / unit),
    status,
    values,
    error,
    calibration,
    isAbsolute,
    ratio,
    problems,
  }
  return { ...fitted, problems: [...problems, ...checkResult(fitted, reference.grid, image)] }
}

/** The differences one after the other, smoothed where that is asked for; each call overwrites the array of the last. */
export function* eachDifference(
  { volumes }: AslAcquisition,
  { series, mask, reference }: Prepared,
  options: Options,
): Generator<Float64Array | Float32Array> {
  const [volume] = series
  if (!volume) return
  const plus = new Float64Array(mask.length)
  const minus = new Float64Array(mask.length)
  for (const difference of volumes.differences) {
    subtract(volume, difference, plus, minus)
    yield options.smooth > 0 ? smoothWithin(plus, reference.grid, mask, options.smooth) : plus
  }
}

function subtract(volume: Volume, difference: Difference, plus: Float64Array, minus: Float64Array): void {
  frameValues(volume, difference.plus, plus)
  if (difference.minus === null) return
  frameValues(volume, difference.minus, minus)
  for (let v = 0; v < plus.length; v++) plus[v]! -= minus[v]!
}

/** Mean and standard deviation in one pass (Welford), shape (nVoxel) each. */
function spreadOf(differences: Iterable<ArrayLike<number>>, count: number, n: number): Spread {
  const centre = new Float64Array(n)
  const squares = new Float64Array(n)
  let seen = 0
  for (const values of differences) {
    seen++
    for (let v = 0; v < n; v++) {
      const away = values[v]! - centre[v]!
      centre[v]! += away / seen
      squares[v]! += away * (values[v]! - centre[v]!)
    }
  }
  return { mean: centre, sd: count > 1 ? squares.map(value => Math.sqrt(value / (count - 1))) : null }
}

/** Report unit over unit of the series in each voxel, shape (nVoxel). */
function gainOf(quantification: Quantification | null, calibration: Calibration | null, grid: Grid): Float64Array {
  const n = voxelCount(grid)
  if (!quantification) return new Float64Array(n).fill(1)
  const { labelling, slices, settings } = quantification
  const weights = bolusWeights(labelling, slices, settings.T1b.value)
  const slice = sliceOf(slices, grid)
  return Float64Array.from({ length: n }, (_, v) => {
    const weight = weights[slice(v)]!
    if (!calibration) return weights[0]! / weight
    return PER_100G_PER_MIN * labelledFlow(1, calibration.M0a[v]!, settings.efficiency.value, weight)
  })
}

/** Index of a voxel's slice among those that have a delay of their own. */
function sliceOf(slices: SliceDelays | null, { shape }: Grid): (v: number) => number {
  if (!slices) return () => 0
  const stride = [1, shape[0], shape[0] * shape[1]][slices.axis]!
  const count = shape[slices.axis]!
  return v => Math.floor(v / stride) % count
}

/** Median over the mask of the difference over M0 of tissue [1]. */
function ratioOf(
  difference: Float64Array,
  { M0a }: Calibration,
  quantification: Quantification | null,
  mask: Uint8Array,
): number {
  const lambda = quantification?.settings.lambda.value ?? 1
  const ratios = difference.map((value, v) => (mask[v] === 1 ? value / (M0a[v]! * lambda) : Number.NaN))
  return median(ratios.filter(Number.isFinite))
}

/** The images of a fit, in the order of {@link outputNames}. */
export function mapsOf(fitted: Fitted, acquisition: AslAcquisition, prepared: Prepared, options: Options): MapOutput[] {
  const { values, error, isAbsolute, gain } = fitted
  const sidecar = { Estimator: 'single', EstimationAlgorithm: algorithmOf(acquisition) }
  if (!isAbsolute) {
    const unit = { unit: '1', template: 'perfmap-relative', parameter: 'perfusion', window: [0, 3] } as const
    return [{ name: OUTPUTS.relative, kind: 'map', values: Float32Array.from(values), ...unit, sidecar }]
  }
  const unit = 'mL/100g/min'
  const maps: MapOutput[] = [
    {
      name: OUTPUTS.cbf,
      kind: 'map',
      values: Float32Array.from(values),
      unit,
      template: 'cbf',
      parameter: 'cbf',
      window: [0, 100],
      sidecar,
    },
  ]
  if (error) {
    const reliable = Uint8Array.from(error, (se, v) => (se / Math.abs(values[v]!) <= LIMITS.reliable ? 1 : 0))
    const criterion = {
      Threshold: LIMITS.reliable,
      Criterion: 'standard error of CBF over its absolute value, at most the threshold',
    }
    maps.push({
      name: OUTPUTS.sd,
      kind: 'map',
      values: Float32Array.from(error),
      unit,
      template: 'cbf-sd',
      window: [0, 50],
      sidecar,
    })
    maps.push({
      name: OUTPUTS.reliable,
      kind: 'mask',
      values: reliable,
      unit: '1',
      template: 'reliable',
      sidecar: criterion,
    })
  }
  if (options['asl-timeseries']) {
    const n = values.length
    const all = new Float32Array(n * fitted.differences)
    let at = 0
    for (const difference of eachDifference(acquisition, prepared, options)) {
      for (let v = 0; v < n; v++) all[at * n + v] = Number.isFinite(values[v]) ? gain[v]! * difference[v]! : Number.NaN
      at++
    }
    maps.push({
      name: OUTPUTS.series,
      kind: 'series',
      values: all,
      frames: fitted.differences,
      unit,
      template: 'cbf-timeseries',
      window: [0, 100],
      sidecar,
    })
  }
  return maps
}

/** The method in a line, for the sidecar. */
function algorithmOf({ quantification }: AslAcquisition): string {
  if (!quantification) return 'Flow as given by the series, averaged'
  const { labelling } = quantification
  return labelling.type === 'PASL'
    ? `Single-delay equation for pulsed ASL with ${labelling.technique}`
    : `Single-delay equation for ${labelling.type}`
}
