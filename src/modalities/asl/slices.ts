import type { Grid } from '../../image/volume.ts'
import type { Source } from '../modality.ts'
import { checkTimes, type FieldReader, inSeconds } from './fields.ts'
import { LIMITS } from './limits.ts'

/** How much later each slice is excited than the first. */
export interface SliceDelays {
  /** Axis of the image along which slices lie: 0, 1, 2 for i, j, k. */
  readonly axis: number
  /** Delay of each slice by its index along that axis [s], shape (nSlice). */
  readonly delays: readonly number[]
}

/**
 * The excitation delays of the slices of a 2D readout; null for 3D, where all are excited at once.
 *
 * @param fields - reader of the series' metadata
 * @param source - the series, for its shape
 */
export function readSliceDelays(fields: FieldReader, source: Source): SliceDelays | null {
  const readout = fields.word(
    'MRAcquisitionType',
    ['2D', '3D'],
    'say whether the readout is 2D or 3D: in 2D each slice has its own delay.',
  )
  if (readout !== '2D') return null
  if (!fields.has('SliceTiming')) {
    fields.say(
      'SLICE_TIMING_MISSING',
      'SliceTiming',
      'is missing for a 2D readout: later slices have longer delays (0.6 s changes CBF by 44 %); add the time of each slice, in seconds.',
    )
    return null
  }
  const timing = fields.numbers('SliceTiming', null)
  if (!timing || !checkTimes(fields, 'SliceTiming', timing)) return null
  const direction = fields.word('SliceEncodingDirection', ['i', 'j', 'k'], null) ?? 'k'
  const axis = ['i', 'j', 'k'].indexOf(direction)
  const slices = source.header?.grid.shape[axis]
  if (slices !== undefined && timing.length !== slices) {
    fields.say(
      'LENGTHS_DISAGREE',
      'SliceTiming',
      `has ${timing.length} values, the image has ${slices} slices along ${direction}; give one for each slice.`,
    )
    return null
  }
  const first = Math.min(...timing)
  if (first > LIMITS.sameTime)
    fields.say(
      'FIELD_UNUSUAL',
      'SliceTiming',
      `begins at ${inSeconds(first)} s; PostLabelingDelay holds for the first slice, so that time is taken off.`,
    )
  const isReversed = String(source.sidecar.values['SliceEncodingDirection']).endsWith('-')
  return {
    axis,
    delays: sliceDelays(
      timing.map(time => time - first),
      isReversed,
    ),
  }
}

/**
 * Slice times by slice index [s], shape (nSlice).
 *
 * @param timing - `SliceTiming` as the sidecar lists it [s], shape (nSlice)
 * @param isReversed - whether `SliceEncodingDirection` ends in `-`: the first entry then belongs to the last slice
 */
export function sliceDelays(timing: readonly number[], isReversed: boolean): number[] {
  return isReversed ? [...timing].reverse() : [...timing]
}

/**
 * The slice that a voxel lies in, by its index along the axis of the slices; 0 where all are excited at once.
 *
 * @param slices - delays of the slices; null for 3D
 * @param grid - of the series
 */
export function sliceOf(slices: SliceDelays | null, { shape }: Grid): (voxel: number) => number {
  if (!slices) return () => 0
  const stride = [1, shape[0], shape[0] * shape[1]][slices.axis]!
  const count = shape[slices.axis]!
  return voxel => Math.floor(voxel / stride) % count
}
