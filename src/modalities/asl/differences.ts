import { smoothWithin } from '../../image/smooth.ts'
import type { Volume } from '../../image/volume.ts'
import type { Options } from '../../options.ts'
import type { Prepared } from '../modality.ts'
import type { Difference, Volumes } from './context.ts'
import type { Regions } from './regions.ts'

/** The differences of a series over their number, in float64; NaN outside the mask. */
export interface Summary {
  /** Mean difference of each sample (delay and duration), unit of the series, shape (nSample)(nVoxel). */
  readonly means: readonly Float64Array[]
  /** Number of differences behind each, shape (nSample). */
  readonly counts: readonly number[]
  /** Sum of squares about those means, unit of the series squared, shape (nVoxel). */
  readonly within: Float64Array
  /** Mean over all differences, unit of the series, shape (nVoxel). */
  readonly mean: Float64Array
  /** Standard deviation about the means of the samples, unit of the series, shape (nVoxel); null where nothing is repeated. */
  readonly sd: Float64Array | null
  /** Mean of each difference times the gain over the mask, and over grey matter where its map is there, shape (nDifference). */
  readonly courses: { readonly brain: number[]; readonly gm: number[] | null }
  /** Each difference times the gain, shape (nVoxel × nDifference); null where it was not asked for. */
  readonly series: Float32Array | null
}

/** Indices of the voxels of a mask, rising, shape (nInside). */
export function voxelsOf(mask: Uint8Array): Int32Array {
  let count = 0
  for (let v = 0; v < mask.length; v++) if (mask[v] === 1) count++
  const voxels = new Int32Array(count)
  for (let v = 0, at = 0; v < mask.length; v++) if (mask[v] === 1) voxels[at++] = v
  return voxels
}

/**
 * Mean, spread and course of the differences, in one pass over the series.
 *
 * @remarks
 * A mean is the sum over the number, exact for whole numbers, so that differences which cancel give 0 and no rounding
 * error of either sign; the spread is by Welford's recurrence, which loses no digits where the mean is large.
 * With `smooth` each difference is smoothed within the mask first; since that is linear it is the same as smoothing control
 * and label.
 *
 * @param volumes - what the volumes of the series are
 * @param sampleOf - sample of each difference, shape (nDifference); all of one where it is null
 * @param prepared - series and mask
 * @param gain - factor of courses and series, shape (nVoxel)
 * @param regions - where courses are taken
 * @param options - smoothing, and whether the series is wanted
 */
export function summarise(
  { differences }: Volumes,
  sampleOf: readonly number[] | null,
  { series: [volume], mask, reference }: Prepared,
  gain: Float64Array,
  regions: Regions,
  options: Options,
): Summary {
  if (!volume) throw new Error('an ASL run has a series')
  const count = differences.length
  const inside = voxelsOf(mask)
  const grey = regions.gm && voxelsOf(regions.gm)
  const empty = () => {
    const values = new Float64Array(mask.length).fill(Number.NaN)
    for (const v of inside) values[v] = 0
    return values
  }
  const samples = 1 + Math.max(0, ...(sampleOf ?? []))
  const means: Float64Array[] = []
  const counts: number[] = []
  const within = empty()
  const total = empty()
  const brain = new Array<number>(count).fill(Number.NaN)
  const gm = grey && new Array<number>(count).fill(Number.NaN)
  const series = options['asl-timeseries'] ? new Float32Array(mask.length * count).fill(Number.NaN) : null
  const raw = new Float64Array(mask.length)
  for (let sample = 0; sample < samples; sample++) {
    const sum = empty()
    const centre = empty()
    let seen = 0
    differences.forEach((difference, at) => {
      if ((sampleOf?.[at] ?? 0) !== sample) return
      subtract(raw, volume, difference, inside)
      const values = options.smooth > 0 ? smoothWithin(raw, reference.grid, mask, options.smooth) : raw
      seen++
      accumulate(sum, centre, within, values, seen, inside)
      brain[at] = meanOver(values, gain, inside)
      if (grey && gm) gm[at] = meanOver(values, gain, grey)
      if (series) for (const v of inside) series[at * mask.length + v] = gain[v]! * values[v]!
    })
    for (const v of inside) total[v]! += sum[v]!
    means.push(sum.map(value => value / seen))
    counts.push(seen)
  }
  const freedom = count - samples
  return {
    means,
    counts,
    within,
    mean: total.map(value => value / count),
    sd: freedom > 0 ? within.map(value => Math.sqrt(value / freedom)) : null,
    courses: { brain, gm },
    series,
  }
}

/** Take one more value into the sum, the running mean and the sum of squares about it, in the given voxels. */
function accumulate(
  sum: Float64Array,
  centre: Float64Array,
  squares: Float64Array,
  values: Float64Array | Float32Array,
  count: number,
  voxels: Int32Array,
): void {
  for (let at = 0; at < voxels.length; at++) {
    const v = voxels[at]!
    const value = values[v]!
    const away = value - centre[v]!
    const moved = centre[v]! + away / count
    sum[v]! += value
    centre[v] = moved
    squares[v]! += away * (value - moved)
  }
}

/** A difference in the given voxels of `out`, unit of the series. */
function subtract(out: Float64Array, series: Volume, { volumes, weights }: Difference, voxels: Int32Array): void {
  const { data, slope, intercept } = series
  const n = out.length
  const rest = intercept * weights.reduce((sum, weight) => sum + weight, 0)
  for (let at = 0; at < voxels.length; at++) {
    const v = voxels[at]!
    let sum = 0
    for (let term = 0; term < volumes.length; term++) sum += weights[term]! * data[volumes[term]! * n + v]!
    out[v] = slope * sum + rest
  }
}

/** Mean of value times gain over the voxels in which both are numbers. */
function meanOver(values: Float64Array | Float32Array, gain: Float64Array, voxels: Int32Array): number {
  let sum = 0
  let count = 0
  for (let at = 0; at < voxels.length; at++) {
    const v = voxels[at]!
    const value = gain[v]! * values[v]!
    if (!Number.isFinite(value)) continue
    sum += value
    count++
  }
  return sum / count
}
