import { smoothWithin } from '../../image/smooth.ts'
import type { Volume } from '../../image/volume.ts'
import type { Options } from '../../options.ts'
import type { Prepared } from '../modality.ts'
import type { Difference, Volumes } from './context.ts'
import type { Regions } from './regions.ts'

/** The differences of a series over their number, in float64; NaN outside the mask. */
export interface Summary {
  /** Mean difference, unit of the series, shape (nVoxel). */
  readonly mean: Float64Array
  /** Standard deviation over the differences (n − 1), unit of the series, shape (nVoxel); null of one. */
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
 * The mean is the sum over the number, exact for whole numbers, so that differences which cancel give 0 and no rounding
 * error of either sign; the standard deviation is by Welford's recurrence, which loses no digits where the mean is large.
 * With `smooth` each difference is smoothed within the mask first; since that is linear it is the same as smoothing control
 * and label.
 *
 * @param volumes - what the volumes of the series are
 * @param prepared - series and mask
 * @param gain - factor of courses and series, shape (nVoxel)
 * @param regions - where courses are taken
 * @param options - smoothing, and whether the series is wanted
 */
export function summarise(
  volumes: Volumes,
  { series: [volume], mask, reference }: Prepared,
  gain: Float64Array,
  regions: Regions,
  options: Options,
): Summary {
  if (!volume) throw new Error('an ASL run has a series')
  const count = volumes.differences.length
  const inside = voxelsOf(mask)
  const grey = regions.gm && voxelsOf(regions.gm)
  const centre = new Float64Array(mask.length).fill(Number.NaN)
  const squares = new Float64Array(mask.length).fill(Number.NaN)
  const sum = new Float64Array(mask.length).fill(Number.NaN)
  for (const v of inside) sum[v] = centre[v] = squares[v] = 0
  const brain: number[] = []
  const gm: number[] | null = grey ? [] : null
  const series = options['asl-timeseries'] ? new Float32Array(mask.length * count).fill(Number.NaN) : null
  const raw = new Float64Array(mask.length)
  volumes.differences.forEach((difference, at) => {
    subtract(raw, volume, difference, inside)
    const values = options.smooth > 0 ? smoothWithin(raw, reference.grid, mask, options.smooth) : raw
    accumulate(sum, centre, squares, values, at + 1, inside)
    brain.push(meanOver(values, gain, inside))
    if (grey) gm?.push(meanOver(values, gain, grey))
    if (series) for (const v of inside) series[at * mask.length + v] = gain[v]! * values[v]!
  })
  const sd = count > 1 ? squares.map(value => Math.sqrt(value / (count - 1))) : null
  return { mean: sum.map(value => value / count), sd, courses: { brain, gm }, series }
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

/** Control minus label, or the volume itself, in the given voxels of `out`, unit of the series. */
function subtract(out: Float64Array, volume: Volume, { plus, minus }: Difference, voxels: Int32Array): void {
  const { data, slope, intercept } = volume
  const n = out.length
  const one = plus * n
  const other = (minus ?? plus) * n
  for (let at = 0; at < voxels.length; at++) {
    const v = voxels[at]!
    out[v] = minus === null ? slope * data[one + v]! + intercept : slope * (data[one + v]! - data[other + v]!)
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
