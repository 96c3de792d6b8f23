import type { Table } from '../../bids/tsv.ts'
import { brainMask, fillHoles, largestComponent, medianFilter, otsuThreshold } from '../../image/mask.ts'
import type { MotionPlan } from '../../image/motion.ts'
import { frameValues, type Grid, type Volume, voxelCount, voxelSize } from '../../image/volume.ts'
import { median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import { type Checked, good } from '../../problems.ts'
import { DIRECTION_COLUMNS, type Prepared } from '../modality.ts'
import type { IvimAcquisition } from './acquisition.ts'
import { averageRows } from './average.ts'
import { isZero } from './b-values.ts'
import type { Gradients } from './gradients.ts'

/** Motion parameters that the table of confounds has columns for. */
const MOTION = ['trans_x', 'trans_y', 'trans_z', 'rot_x', 'rot_y', 'rot_z', 'framewise_displacement']

/**
 * How an IVIM series is corrected for motion, or why not.
 *
 * @remarks
 * The reference is the mean of the first series without weighting. Volumes without weighting are registered to it by robust
 * squares, all others by mutual information: fluid is bright without weighting, and dark with it.
 *
 * @param acquisition - b of each volume, organ
 */
export function planMotion({ parts, organ }: IvimAcquisition): MotionPlan | { readonly not: string } {
  if (organ.organ !== 'brain') return { not: 'an organ does not move as a whole, as a head does' }
  const smallest = Math.min(...parts.flatMap(({ b }) => b))
  const zeros = parts[0]!.b.flatMap((b, at) => (isZero(b, smallest) ? [at] : []))
  if (zeros.length === 0) return { not: 'the first series has no volume without diffusion weighting to align to' }
  const metrics = parts.map(({ b }) => b.map(value => (isZero(value, smallest) ? 'robust' : 'information')))
  return { reference: zeros, metrics, together: false }
}

/**
 * Make the series ready: averaged over directions, with a reference (mean without weighting), a mask and the confounds.
 *
 * @remarks
 * The first series of the result is the averaged one, one volume a row; the series as they were read follow. Where several
 * were joined they are scaled to the median of the first one's b = 0 in the mask.
 *
 * @param acquisition - what is averaged
 * @param options - kind of mean
 * @param series - the series
 */
export function prepareSeries(
  acquisition: IvimAcquisition,
  options: Options,
  series: readonly Volume[],
): Checked<Prepared> {
  const first = series[0]
  if (!first) throw new Error('an IVIM run has a series')
  const { averaging, organ } = acquisition
  const { grid } = first
  const unscaled = series.map(() => 1)
  const zero = averaging.rows.filter(({ b }) => isZero(b, averaging.rows[0]!.b))
  const before = meanRows(averageRows(series, zero, 'arithmetic', unscaled), zero.length, voxelCount(grid))
  const mask = organ.organ === 'brain' ? brainMask(before, grid.shape, voxelSize(grid)) : bodyMask(before, grid)
  const scales = scalesOf(acquisition, series, mask)
  const reference =
    series.length > 1
      ? meanRows(averageRows(series, zero, 'arithmetic', scales), zero.length, voxelCount(grid))
      : before
  const averaged: Volume = {
    grid,
    frames: averaging.rows.length,
    data: averageRows(series, averaging.rows, options['ivim-averaging'], scales),
    slope: 1,
    intercept: 0,
    header: first.header,
  }
  return good({
    series: [averaged, ...series],
    reference: { grid, values: reference, header: first.header },
    mask,
    confounds: confoundsTable(first, acquisition.parts[0]!, mask),
    problems: [],
  })
}

function meanRows(rows: Float32Array, count: number, n: number): Float32Array {
  const out = new Float32Array(n)
  for (let v = 0; v < n; v++) {
    let sum = 0
    for (let row = 0; row < count; row++) sum += rows[row * n + v]!
    out[v] = sum / count
  }
  return out
}

/** Largest bright component of an image of the body, its holes filled, shape (nVoxel). */
export function bodyMask(values: Float32Array, { shape }: Grid): Uint8Array {
  const smooth = medianFilter(values, shape)
  const threshold = otsuThreshold(smooth)
  const bright = new Uint8Array(smooth.length)
  for (let v = 0; v < bright.length; v++) if (smooth[v]! > threshold / 2) bright[v] = 1
  return fillHoles(largestComponent(bright, shape), shape)
}

/** Factor on each series that brings its median of b = 0 in the mask to that of the first (in all voxels where the mask is empty), shape (nSeries). */
export function scalesOf({ parts }: IvimAcquisition, series: readonly Volume[], mask: Uint8Array): number[] {
  const smallest = Math.min(...parts.flatMap(({ b }) => b))
  const isEmpty = !mask.includes(1)
  const levels = series.map((volume, at) => {
    const frame = parts[at]!.b.findIndex(b => isZero(b, smallest))
    if (frame < 0) return null
    const values = Float64Array.from(frameValues(volume, frame)).filter(
      (value, v) => (mask[v] === 1 || isEmpty) && Number.isFinite(value),
    )
    const level = median(values)
    return level > 0 ? level : null
  })
  const first = levels.find(level => level !== null) ?? 1
  return levels.map(level => (level === null ? 1 : first / level))
}

/** One row a volume: motion, which is told elsewhere, b with its direction where there are such, and the mean over the mask. */
function confoundsTable({ data, slope, intercept }: Volume, { b, directions }: Gradients, mask: Uint8Array): Table {
  const isDirected = directions.some(direction => direction !== null)
  const rows = b.map((weighting, volume) => {
    let [sum, count] = [0, 0]
    for (let v = 0; v < mask.length; v++) {
      const value = data[volume * mask.length + v]!
      if (mask[v] !== 1 || !Number.isFinite(value)) continue
      sum += value
      count++
    }
    const signal = count > 0 ? String(Number((slope * (sum / count) + intercept).toPrecision(7))) : 'n/a'
    const direction = isDirected ? (directions[volume] ?? [0, 0, 0]).map(part => String(part)) : []
    return [...MOTION.map(() => 'n/a'), String(weighting), ...direction, signal]
  })
  return { columns: [...MOTION, 'b_value', ...(isDirected ? DIRECTION_COLUMNS : []), 'global_signal'], rows }
}
