import type { Table } from '../../bids/tsv.ts'
import { brainMask, otsuThreshold } from '../../image/mask.ts'
import type { MotionPlan } from '../../image/motion.ts'
import { type Volume, voxelCount, voxelSize, voxelsWhere } from '../../image/volume.ts'
import { findBolus } from '../../kinetics/dsc-bolus.ts'
import { type Checked, good } from '../../problems.ts'
import type { Prepared } from '../modality.ts'
import type { DscAcquisition } from './acquisition.ts'

/** Motion parameters that the table of confounds has columns for. */
const MOTION = ['trans_x', 'trans_y', 'trans_z', 'rot_x', 'rot_y', 'rot_z', 'framewise_displacement']

/** Volumes at the start in which the head is looked for before the baseline is known: first, and one past the last. */
const EARLY = [2, 10] as const

/**
 * How a DSC series is corrected for motion: by mutual information with volumes before the bolus, which may change the contrast
 * as it likes; all echoes move as the first.
 *
 * @param acquisition - the acquisition in house units
 */
export function planMotion({ frames, echoTimes }: DscAcquisition): MotionPlan {
  const metrics = Array.from({ length: frames }, () => 'information' as const)
  const reference = Array.from({ length: EARLY[1] - EARLY[0] }, (_, at) => EARLY[0] + at)
  return { reference: reference.filter(at => at < frames), metrics: echoTimes.map(() => metrics), together: true }
}

/**
 * Make the series ready: its reference image, a mask of the brain, and the table of confounds.
 *
 * @remarks
 * The reference is the mean before the bolus of the last echo, in which the bolus is seen best. Volumes are not smoothed in
 * time. The echoes come out in the order of their echo times.
 *
 * @param acquisition - the acquisition in house units
 * @param series - one volume series an echo, in the order of the run
 */
export function prepareSeries(acquisition: DscAcquisition, series: readonly Volume[]): Checked<Prepared> {
  const ordered = acquisition.echoOrder.map(at => series[at]!)
  const tissue = ordered.at(-1)
  if (!tissue) throw new Error('a DSC run has a series')
  const { shape } = tissue.grid
  const early = meanVolume(tissue, EARLY)
  const head = brightVoxels(early)
  const { baseline } = findBolus(meanCourse(tissue, head), acquisition.timing.dt)
  const reference = baseline[1] > baseline[0] ? meanVolume(tissue, baseline) : early
  const mask = brainMask(reference, shape, voxelSize(tissue.grid))
  return good({
    series: ordered,
    reference: { grid: tissue.grid, values: reference, header: tissue.header },
    mask,
    confounds: confoundsTable(tissue, mask),
    problems: [],
  })
}

/** Voxels brighter than the background, shape (nVoxel). */
function brightVoxels(values: Float32Array): Uint8Array {
  const finite = values.map(value => (value > 0 && value < Infinity ? value : 0))
  const threshold = otsuThreshold(finite)
  return Uint8Array.from(finite, value => (value > threshold ? 1 : 0))
}

/** Mean of some volumes of a series [a.u.], shape (nVoxel). */
function meanVolume({ data, grid, slope, intercept }: Volume, [first, end]: readonly [number, number]): Float32Array {
  const n = voxelCount(grid)
  const sum = new Float64Array(n)
  for (let frame = first; frame < end; frame++) {
    const offset = frame * n
    for (let v = 0; v < n; v++) sum[v]! += data[offset + v]!
  }
  return Float32Array.from(sum, value => (slope * value) / (end - first) + intercept)
}

/**
 * Mean signal of the voxels of a region in each volume, over those that are numbers [a.u.], shape (nVolume); NaN of none.
 *
 * @param series - the series
 * @param region - 1 inside, shape (nVoxel)
 */
export function meanCourse({ data, frames, slope, intercept }: Volume, region: Uint8Array): Float64Array {
  const n = region.length
  const voxels = voxelsWhere(region.length, v => region[v] === 1)
  const course = new Float64Array(frames)
  for (let frame = 0; frame < frames; frame++) {
    const offset = frame * n
    let sum = 0
    let count = 0
    for (let at = 0; at < voxels.length; at++) {
      const value = data[offset + voxels[at]!]!
      if (!Number.isFinite(value)) continue
      sum += value
      count++
    }
    course[frame] = (slope * sum) / count + intercept
  }
  return course
}

/** One row a volume: motion, which is told elsewhere, and the mean over the mask. */
function confoundsTable(series: Volume, mask: Uint8Array): Table {
  const rows = Array.from(meanCourse(series, mask), signal => [
    ...MOTION.map(() => 'n/a'),
    Number.isFinite(signal) ? String(Number(signal.toPrecision(7))) : 'n/a',
  ])
  return { columns: [...MOTION, 'global_signal'], rows }
}
