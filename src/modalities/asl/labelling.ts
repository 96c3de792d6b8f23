import { continuousBolusWeight, pulsedBolusWeight } from '../../kinetics/labelled-bolus.ts'
import type { LabelingType } from '../../physics/constants.ts'
import type { Source } from '../modality.ts'
import { checkTimes, type FieldReader, inSeconds, perVolume } from './fields.ts'
import { LIMITS } from './limits.ts'

/** Techniques that cut off a pulsed bolus. */
export const CUT_OFFS = ['QUIPSS', 'QUIPSSII', 'Q2TIPS'] as const

/** How and when blood was labelled, in house units. */
export type Labelling =
  | {
      readonly type: 'PCASL' | 'CASL'
      /** Labelling duration [s]. */
      readonly labelingDuration: number
      /** Post-labelling delay to the (first) excitation [s]. */
      readonly delay: number
    }
  | {
      readonly type: 'PASL'
      readonly technique: (typeof CUT_OFFS)[number]
      /** Inversion time of the (first) excitation [s]. */
      readonly delay: number
      /** When the bolus is cut off, TI1 [s]. */
      readonly cutOff: number
      /** End of the saturation train of Q2TIPS [s]. */
      readonly lastCutOff: number | null
    }

/** How much later each slice is excited than the first. */
export interface SliceDelays {
  /** Axis of the image along which slices lie: 0, 1, 2 for i, j, k. */
  readonly axis: number
  /** Delay of each slice by its index along that axis [s], shape (nSlice). */
  readonly delays: readonly number[]
}

/** Delays and durations of each volume, with those that its type gives no meaning left out. */
export interface VolumeTimes {
  /** Post-labelling delay or inversion time [s], shape (nVolume). */
  readonly delay: readonly number[]
  /** Labelling duration [s], shape (nVolume); null for pulsed labelling. */
  readonly labelingDuration: readonly number[] | null
}

/**
 * Delay and duration of each volume.
 *
 * @param fields - reader of the series' metadata
 * @param type - how blood was labelled
 * @param volumes - number of volumes
 */
export function readVolumeTimes(fields: FieldReader, type: LabelingType, volumes: number): VolumeTimes | null {
  const meaning = type === 'PASL' ? 'from the labelling pulse' : 'from the end of the labelling'
  const delay = readTimes(
    fields,
    'PostLabelingDelay',
    `add the time ${meaning} to the excitation, in seconds.`,
    volumes,
  )
  if (type === 'PASL') return delay && { delay, labelingDuration: null }
  const need = `add the duration of the ${type} labelling, in seconds.`
  const labelingDuration = readTimes(fields, 'LabelingDuration', need, volumes)
  return delay && labelingDuration && { delay, labelingDuration }
}

function readTimes(fields: FieldReader, field: string, need: string, volumes: number): readonly number[] | null {
  const values = fields.numbers(field, need)
  if (!values || !checkTimes(fields, field, values)) return null
  return perVolume(fields, field, values, volumes)
}

/** Times that differ, rising, where those closer than half a millisecond are one. */
export function distinctTimes(times: readonly number[]): number[] {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted.filter((time, index) => index === 0 || time - sorted[index - 1]! > LIMITS.sameTime)
}

/** The group that a volume belongs to: volumes of one delay and duration, to the millisecond. */
export function groupOf({ delay, labelingDuration }: VolumeTimes): (volume: number) => string {
  return volume => {
    const labelled = labelingDuration
      ? `, labelling ${inSeconds(Math.round(labelingDuration[volume]! * 1000) / 1000)} s`
      : ''
    return `at delay ${inSeconds(Math.round(delay[volume]! * 1000) / 1000)} s${labelled}`
  }
}

/**
 * The labelling of a series of one delay; null, with problems, where it cannot be quantified.
 *
 * @param fields - reader of the series' metadata
 * @param type - how blood was labelled
 * @param times - delay and duration of each volume
 * @param used - volumes that perfusion is computed from
 */
export function readLabelling(
  fields: FieldReader,
  type: LabelingType,
  times: VolumeTimes,
  used: readonly number[],
): Labelling | null {
  const delays = distinctTimes(used.map(volume => times.delay[volume]!))
  const durations = times.labelingDuration ? distinctTimes(used.map(volume => times.labelingDuration![volume]!)) : []
  if (delays.length > 1 || durations.length > 1) {
    const several = delays.length > 1 ? delays : durations
    const what = delays.length > 1 ? (type === 'PASL' ? 'inversion times' : 'delays') : 'labelling durations'
    const field = delays.length > 1 ? 'PostLabelingDelay' : 'LabelingDuration'
    const list = several.map(inSeconds).join(', ')
    fields.say(
      'MULTI_DELAY',
      field,
      `holds ${several.length} ${what} (${list} s); a multi-delay series is not quantified by this version, and as one delay it would be wrong: leave it out or split it.`,
    )
    return null
  }
  const delay = delays[0]!
  if (delay > LIMITS.usualDelay)
    fields.say('FIELD_UNUSUAL', 'PostLabelingDelay', `is ${delay} s, which is unusually long; it is used as it stands.`)
  if (delay === 0)
    fields.say(
      'FIELD_UNUSUAL',
      'PostLabelingDelay',
      'is 0 s, so no label has had time to reach the tissue; it is used as it stands.',
    )
  if (type === 'PASL') return readCutOff(fields, delay)
  const labelingDuration = durations[0]!
  const [shortest, longest] = LIMITS.usualLabeling
  if (labelingDuration === 0) {
    fields.say(
      'FIELD_INVALID',
      'LabelingDuration',
      'is 0 s for volumes that were labelled; give the duration of the labelling.',
    )
    return null
  }
  if (labelingDuration < shortest || labelingDuration > longest)
    fields.say(
      'FIELD_UNUSUAL',
      'LabelingDuration',
      `is ${labelingDuration} s, usual are ${shortest} to ${longest} s; it is used as it stands.`,
    )
  return { type, labelingDuration, delay }
}

/** The bolus cut-off of pulsed labelling, without which its duration is not known. */
function readCutOff(fields: FieldReader, delay: number): Labelling | null {
  const known = fields.problems.length
  const flag = fields.flag(
    'BolusCutOffFlag',
    'say whether the pulsed bolus was cut off (QUIPSS, QUIPSSII, Q2TIPS): without it the duration of the bolus is unknown.',
  )
  if (flag === false)
    fields.say(
      'PASL_WITHOUT_CUTOFF',
      'BolusCutOffFlag',
      'is false: a pulsed bolus that was not cut off has an unknown duration, and one inversion time cannot give CBF; only a series of several inversion times could.',
    )
  if (flag !== true) return null
  const technique = fields.word('BolusCutOffTechnique', CUT_OFFS, `add one of ${CUT_OFFS.join(', ')}.`)
  const times = fields.numbers(
    'BolusCutOffDelayTime',
    'add the time from the labelling to the (first) cut-off pulse, in seconds.',
  )
  if (!technique || !times || !checkTimes(fields, 'BolusCutOffDelayTime', times)) return null
  const [cutOff = 0, lastCutOff = null] = times
  const list = times.join(', ')
  const most = technique === 'Q2TIPS' ? 2 : 1
  const refuse = (sentence: string) => fields.say('FIELD_INVALID', 'BolusCutOffDelayTime', sentence)
  if (times.length > most)
    refuse(
      `holds ${times.length} values (${list} s); ${technique} takes ${most === 2 ? 'the first and the last pulse' : 'one'}.`,
    )
  else if (cutOff === 0) refuse('is 0 s: the bolus would have no duration; correct it.')
  else if (lastCutOff !== null && lastCutOff <= cutOff)
    refuse(`is ${list} s; the last pulse must come after the first.`)
  else if (cutOff >= delay)
    refuse(
      `is ${list} s, at or after the readout at ${inSeconds(delay)} s (PostLabelingDelay); the bolus must be cut off before.`,
    )
  else if (delay - cutOff < LIMITS.arrival)
    fields.say(
      'FIELD_UNUSUAL',
      'BolusCutOffDelayTime',
      `is ${list} s, less than ${LIMITS.arrival} s before the readout at ${inSeconds(delay)} s: the end of the bolus cannot have arrived.`,
    )
  const isUsable = fields.problems.slice(known).every(({ severity }) => severity !== 'error')
  return isUsable ? { type: 'PASL', technique, delay, cutOff, lastCutOff } : null
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
 * Decay-weighted bolus duration of each slice [s], shape (nSlice), or (1) where all are excited at once.
 *
 * @param labelling - how and when blood was labelled
 * @param slices - delays of the slices; null for 3D
 * @param T1b - longitudinal relaxation time of arterial blood [s]
 */
export function bolusWeights(labelling: Labelling, slices: SliceDelays | null, T1b: number): Float64Array {
  return Float64Array.from(slices?.delays ?? [0], late => {
    const delay = labelling.delay + late
    if (labelling.type !== 'PASL')
      return continuousBolusWeight({ labelingDuration: labelling.labelingDuration, delay }, T1b)
    // QUIPSS saturates the imaged slab instead of the bolus: what has flowed in since then is its bolus.
    const bolusDuration = labelling.technique === 'QUIPSS' ? delay - labelling.cutOff : labelling.cutOff
    return pulsedBolusWeight({ inversionTime: delay, bolusDuration }, T1b)
  })
}
