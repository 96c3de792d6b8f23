import type { Table } from '../../bids/tsv.ts'
import { brainMask } from '../../image/mask.ts'
import type { MotionPlan } from '../../image/motion.ts'
import { frameValues, type Volume, voxelCount, voxelSize } from '../../image/volume.ts'
import { type Checked, good } from '../../problems.ts'
import type { Prepared } from '../modality.ts'
import { tissueMask } from '../tissue-mask.ts'
import type { DceAcquisition } from './acquisition.ts'

/** Motion parameters that the table of confounds has columns for. */
const MOTION = ['trans_x', 'trans_y', 'trans_z', 'rot_x', 'rot_y', 'rot_z', 'framewise_displacement']

/** Signal under this share of the brightest counts as air [1]. */
const AIR = 0.05

/** Frames at the start whose mean is the reference, where the baseline is not stated. */
const FIRST = 3

/**
 * How a DCE series is corrected for motion, or why not: by mutual information with the volumes before contrast agent, whose
 * uptake may change the contrast as it likes.
 *
 * @param acquisition - organ, kind of input, stated baseline
 */
export function planMotion({
  input,
  settings,
  baseline,
  frames,
}: DceAcquisition): MotionPlan | { readonly not: string } {
  if (settings.organ.organ !== 'brain') return { not: 'an organ does not move as a whole, as a head does' }
  if (input === 'concentration') return { not: 'a series of concentrations shows too little of the head' }
  return {
    reference: baseline ?? Array.from({ length: FIRST }, (_, at) => at),
    metrics: [Array.from(frames.times, () => 'information' as const)],
    together: true,
  }
}

/**
 * The series with a reference (mean before contrast agent, mean of all for concentrations), a mask and the confounds.
 *
 * @param acquisition - organ, kind of input, stated baseline
 * @param series - the series
 */
export function prepareSeries(
  { input, settings, baseline }: DceAcquisition,
  [volume]: readonly Volume[],
): Checked<Prepared> {
  if (!volume) throw new Error('a DCE run has a series')
  const { grid, frames } = volume
  const n = voxelCount(grid)
  const chosen =
    input === 'concentration'
      ? Array.from({ length: frames }, (_, at) => at)
      : (baseline ?? Array.from({ length: FIRST }, (_, at) => at))
  const reference = new Float32Array(n)
  const values = new Float32Array(n)
  for (const frame of chosen) {
    frameValues(volume, frame, values)
    for (let v = 0; v < n; v++) reference[v]! += values[v]! / chosen.length
  }
  const mask =
    input === 'concentration'
      ? measuredMask(volume)
      : settings.organ.organ === 'brain'
        ? brainMask(reference, grid.shape, voxelSize(grid))
        : tissueMask(reference, AIR)
  return good({
    series: [volume],
    reference: { grid, values: reference, header: volume.header },
    mask,
    confounds: confoundsTable(volume, mask),
    problems: [],
  })
}

/** Voxels of a concentration series that hold anything. */
function measuredMask(volume: Volume): Uint8Array {
  const n = voxelCount(volume.grid)
  const mask = new Uint8Array(n)
  const values = new Float32Array(n)
  for (let frame = 0; frame < volume.frames; frame++) {
    frameValues(volume, frame, values)
    for (let v = 0; v < n; v++) if (values[v] !== 0 && Number.isFinite(values[v])) mask[v] = 1
  }
  return mask
}

/** One row a volume: motion, which is told elsewhere, and the mean over the mask. */
function confoundsTable(volume: Volume, mask: Uint8Array): Table {
  const values = new Float32Array(mask.length)
  const rows = Array.from({ length: volume.frames }, (_, frame) => {
    frameValues(volume, frame, values)
    let [sum, count] = [0, 0]
    for (let v = 0; v < mask.length; v++) {
      if (mask[v] !== 1 || !Number.isFinite(values[v])) continue
      sum += values[v]!
      count++
    }
    return [...MOTION.map(() => 'n/a'), count > 0 ? String(Number((sum / count).toPrecision(7))) : 'n/a']
  })
  return { columns: [...MOTION, 'global_signal'], rows }
}
