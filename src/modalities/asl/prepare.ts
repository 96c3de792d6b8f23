import type { Table } from '../../bids/tsv.ts'
import { brainMask, signalMask } from '../../image/mask.ts'
import { coveredFraction, resampleVolume } from '../../image/resample.ts'
import { isSameGrid, type Volume, type VoxelArray, voxelCount, voxelSize } from '../../image/volume.ts'
import type { Options } from '../../options.ts'
import { type Checked, good } from '../../problems.ts'
import type { Placed, Prepared } from '../modality.ts'
import type { AslAcquisition } from './acquisition.ts'
import { voxelsOf } from './differences.ts'

/** Share of the series that an M0 image must cover for the brain to be looked for in it [1]. */
const COVERED = 0.95

/** Motion parameters that the table of confounds has columns for. */
const MOTION = ['trans_x', 'trans_y', 'trans_z', 'rot_x', 'rot_y', 'rot_z', 'framewise_displacement']

/**
 * Make the series ready: its reference image, a mask of the brain, and the table of confounds.
 *
 * @remarks
 * The reference is the mean of the M0 volumes of the series where it has such, else of its controls, else of the volumes
 * with perfusion signal. The mask is that of the M0 image, which is neither suppressed nor labelled, where there is one.
 *
 * @param acquisition - the acquisition in house units
 * @param organ - what is looked for
 * @param series - the series, first and only
 * @param companions - images in roles, each on its own grid
 */
export function prepareSeries(
  acquisition: AslAcquisition,
  organ: Options['asl-organ'],
  [series]: readonly Volume[],
  companions: Placed,
): Checked<Prepared> {
  if (!series) throw new Error('an ASL run has a series')
  const { volumes } = acquisition
  const differences = volumes.differences.flatMap(({ volumes: used }) => used)
  const own = volumes.m0.length > 0 ? volumes.m0 : volumes.control.length > 0 ? volumes.control : differences
  const values = meanVolume(series, own)
  const mask = findOrgan(series, organ, [
    () => maskImage(series, companions.m0),
    () => values,
    // An M0 without signal shows no brain; whether it can calibrate is another question.
    () => (volumes.control.length > 0 ? meanVolume(series, volumes.control) : null),
  ])
  return good({
    series: [series],
    reference: { grid: series.grid, values: new Float32Array(values), header: series.header },
    mask,
    confounds: confoundsTable(series, volumes.types, mask),
    problems: [],
  })
}

/**
 * Mean of some volumes of a series, unit of the series, shape (nVoxel).
 *
 * @param series - the series
 * @param volumes - indices of the volumes, at least one
 * @param factors - what each is multiplied with [1], shape (nIndex); 1 where absent
 */
export function meanVolume(series: Volume, volumes: readonly number[], factors?: readonly number[]): Float64Array {
  const { data, slope, intercept } = series
  const n = voxelCount(series.grid)
  const sum = new Float64Array(n)
  let whole = 0
  if (factors) {
    for (const [at, volume] of volumes.entries()) {
      const factor = (factors[at] ?? 1) / volumes.length
      accumulate(sum, data, [volume * n], factor)
      whole += factor
    }
  } else {
    // Four volumes in one pass: the sum is read and written a quarter as often.
    for (let at = 0; at < volumes.length; at += 4)
      accumulate(
        sum,
        data,
        volumes.slice(at, at + 4).map(volume => volume * n),
        1 / volumes.length,
      )
    whole = 1
  }
  if (slope !== 1 || intercept !== 0) for (let v = 0; v < n; v++) sum[v] = slope * sum[v]! + intercept * whole
  return sum
}

/** Add some volumes times a factor to a sum, shape (nVoxel); of four the sum is taken first. */
function accumulate(sum: Float64Array, data: VoxelArray, offsets: readonly number[], factor: number): void {
  const [a, b, c, d] = offsets
  if (a !== undefined && b !== undefined && c !== undefined && d !== undefined)
    for (let v = 0; v < sum.length; v++) sum[v]! += factor * (data[a + v]! + data[b + v]! + data[c + v]! + data[d + v]!)
  else for (const offset of offsets) for (let v = 0; v < sum.length; v++) sum[v]! += factor * data[offset + v]!
}

/** The brain, or all tissue, in the first of some images that shows it, shape (nVoxel); empty where none does. */
function findOrgan(
  { grid }: Volume,
  organ: Options['asl-organ'],
  images: readonly (() => Float64Array | Float32Array | null)[],
): Uint8Array {
  for (const image of images) {
    const values = image()
    const mask =
      values && (organ === 'body' ? signalMask(values, grid.shape) : brainMask(values, grid.shape, voxelSize(grid)))
    if (mask?.includes(1)) return mask
  }
  return new Uint8Array(voxelCount(grid))
}

/** The first separate M0 on the grid of the series, for the mask; null where there is none or it shares no space. */
function maskImage(series: Volume, m0: readonly Volume[] | undefined): Float64Array | Float32Array | null {
  const image = m0?.[0]
  if (!image) return null
  if (isSameGrid(image.grid, series.grid))
    return meanVolume(
      image,
      Array.from({ length: image.frames }, (_, frame) => frame),
    )
  // Where it does not reach, there would be no brain.
  if (coveredFraction(image.grid, series.grid) < COVERED) return null
  const moved = resampleVolume(image, 0, series.grid, 'intensity')
  return moved.some(value => value > 0) ? moved : null
}

/** One row a volume: motion, which is told elsewhere, the type of the volume, and the mean over the mask. */
function confoundsTable({ data, slope, intercept }: Volume, types: readonly string[], mask: Uint8Array): Table {
  const inside = voxelsOf(mask)
  const rows = types.map((type, volume) => {
    const offset = volume * mask.length
    let sum = 0
    let count = 0
    for (let at = 0; at < inside.length; at++) {
      const value = data[offset + inside[at]!]!
      if (!Number.isFinite(value)) continue
      sum += value
      count++
    }
    const signal = count > 0 ? String(Number((slope * (sum / count) + intercept).toPrecision(7))) : 'n/a'
    return [...MOTION.map(() => 'n/a'), type, signal]
  })
  return { columns: [...MOTION, 'volume_type', 'global_signal'], rows }
}
