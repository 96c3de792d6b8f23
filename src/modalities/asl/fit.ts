import { type Grid, voxelCount } from '../../image/volume.ts'
import { labelledFlow } from '../../kinetics/labelled-bolus.ts'
import { mean, median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import type { Problem } from '../../problems.ts'
import { PER_100G_PER_MIN } from '../../units.ts'
import type { Placed, Prepared } from '../modality.ts'
import type { AslAcquisition, Quantification } from './acquisition.ts'
import { type Calibration, calibrate } from './calibrate.ts'
import { checkResult, suspectScale, suspectSwap } from './checks.ts'
import { type Summary, summarise } from './differences.ts'
import { bolusWeights } from './labelling.ts'
import { type Regions, valuesIn } from './regions.ts'

/** Status of a voxel, as the contract numbers them. */
const GOOD = 1
const NO_SIGNAL = 4

/** What a fit gives: voxels in report units. */
export interface Fitted {
  /** Number of differences. */
  readonly differences: number
  /** The differences in the unit of the series, their courses in that of {@link values}. */
  readonly summary: Summary
  readonly status: Uint8Array
  /** CBF [mL/100g/min], or relative perfusion [1], shape (nVoxel). */
  readonly values: Float64Array
  /** Standard error of {@link values} over the differences, shape (nVoxel); null of one. */
  readonly error: Float64Array | null
  /** Whether {@link values} are CBF; else there is no M0 to measure them against. */
  readonly isAbsolute: boolean
  /** Median of ΔM/M0 in the mask [1]; null where there is no M0. */
  readonly ratio: number | null
  readonly problems: readonly Problem[]
}

/**
 * Turn differences into flow, voxel by voxel.
 *
 * @remarks
 * The equation is linear, so CBF is that of the mean difference and its standard error that of the mean. Values are never
 * clipped. A voxel whose M0 is not above 0, or whose signal is not finite, has status 4 and no value. Without M0 the mean
 * difference is divided by its mean over the mask.
 *
 * @param acquisition - the acquisition in house units
 * @param prepared - series, reference and mask
 * @param placed - images in roles, on the grid of the series
 * @param regions - where courses are taken
 * @param options - scale, smoothing
 */
export function fitSeries(
  acquisition: AslAcquisition,
  prepared: Prepared,
  placed: Placed,
  regions: Regions,
  options: Options,
): Fitted {
  const { quantification, volumes, image } = acquisition
  const { mask, reference } = prepared
  const calibrated = quantification ? calibrate(acquisition, quantification, prepared, placed, options) : null
  const calibration = calibrated !== null && 'M0a' in calibrated ? calibrated : null
  const isAbsolute = calibration !== null || quantification === null
  const gain = gainOf(quantification, calibration, reference.grid)
  const summary = summarise(volumes, prepared, gain, regions, options)

  // Without a scale of its own the map is measured against its mean.
  const scaled = summary.mean.map((value, v) => gain[v]! * value)
  const average = isAbsolute ? 1 : mean(valuesIn(scaled, mask))
  const unit = average > 0 ? average : Number.NaN
  const values = isAbsolute ? scaled : scaled.map(value => value / unit)
  const perRoot = 1 / (Math.sqrt(volumes.differences.length) * unit)
  const error = summary.sd?.map((sd, v) => gain[v]! * sd * perRoot) ?? null
  const status = mask.map((inside, v) => (inside !== 1 ? 0 : Number.isFinite(values[v]) ? GOOD : NO_SIGNAL))
  const ratio = calibration && quantification && ratioOf(summary.mean, calibration, quantification, mask)
  const { brain, gm } = summary.courses
  const courses = { brain: brain.map(value => value / unit), gm: gm?.map(value => value / unit) ?? null }
  const fitted = {
    differences: volumes.differences.length,
    summary: { ...summary, courses },
    status,
    values,
    error,
    isAbsolute,
    ratio,
  }
  const problems = [
    calibrated !== null && 'code' in calibrated ? calibrated : null,
    ratio === null ? null : suspectScale(ratio, image),
    suspectSwap(summary.mean, mask, acquisition),
    ...checkResult(fitted, reference.grid, image),
  ]
  return { ...fitted, problems: problems.filter(found => found !== null) }
}

/**
 * Report unit over unit of the series in each voxel, shape (nVoxel); NaN where there is no M0. Without any M0 it is only the
 * decay of the label in later slices against the first.
 */
function gainOf(quantification: Quantification | null, calibration: Calibration | null, grid: Grid): Float64Array {
  const gain = new Float64Array(voxelCount(grid)).fill(1)
  if (!quantification) return gain
  const { labelling, slices, settings } = quantification
  const weights = bolusWeights(labelling, slices, settings.T1b.value)
  const stride = slices ? [1, grid.shape[0], grid.shape[0] * grid.shape[1]][slices.axis]! : 1
  const count = slices ? grid.shape[slices.axis]! : 1
  for (let v = 0; v < gain.length; v++) {
    const weight = weights[slices ? Math.floor(v / stride) % count : 0]!
    gain[v] = calibration
      ? PER_100G_PER_MIN * labelledFlow(1, calibration.M0a[v]!, settings.efficiency.value, weight)
      : weights[0]! / weight
  }
  return gain
}

/** Median over the mask of the difference over M0 of tissue [1]. */
function ratioOf(
  difference: Float64Array,
  { M0a }: Calibration,
  { settings }: Quantification,
  mask: Uint8Array,
): number {
  const lambda = settings.lambda.value
  return median(
    valuesIn(
      difference.map((value, v) => value / (M0a[v]! * lambda)),
      mask,
    ),
  )
}
