import type { Bolus } from '../../kinetics/asl-inflow.ts'
import { continuousBolusWeight, pulsedBolusWeight } from '../../kinetics/labelled-bolus.ts'
import type { LabelingType } from '../../physics/constants.ts'
import { checkTimes, type FieldReader, inSeconds, perVolume } from './fields.ts'
import { LIMITS } from './limits.ts'
import type { SliceDelays } from './slices.ts'

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
  | {
      readonly type: 'PASL'
      /** The bolus was not cut off: its duration is that of the labelled slab, and not known. */
      readonly technique: null
      readonly delay: number
    }

/** The labelling of a series: one a delay and duration, and which of them each difference has. */
export interface Labellings {
  /** By the time from the start of labelling to the readout, rising, shape (nSample). */
  readonly samples: readonly Labelling[]
  /** Shape (nDifference). */
  readonly sampleOf: readonly number[]
}

/** When the blood of one difference was labelled [s]. */
export interface LabelledTime {
  readonly delay: number
  /** Null for pulsed labelling. */
  readonly labelingDuration: number | null
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
 * The labelling of each difference of a series; null, with problems, where it cannot be quantified.
 *
 * @param fields - reader of the series' metadata
 * @param type - how blood was labelled
 * @param times - delay and duration of each difference, shape (nDifference)
 */
export function readLabelling(
  fields: FieldReader,
  type: LabelingType,
  times: readonly LabelledTime[],
): Labellings | null {
  const inMilliseconds = (time: number | null) => Math.round((time ?? 0) * 1000)
  const keyOf = ({ delay, labelingDuration }: LabelledTime) =>
    `${inMilliseconds(delay)} ${inMilliseconds(labelingDuration)}`
  const endOf = ({ delay, labelingDuration }: LabelledTime) => delay + (labelingDuration ?? 0)
  const distinct = [...new Map(times.map(time => [keyOf(time), time] as const).reverse()).values()].sort(
    (a, b) => endOf(a) - endOf(b) || a.delay - b.delay,
  )
  checkDelays(fields, distinct)
  const order = new Map(distinct.map((time, at) => [keyOf(time), at]))
  const sampleOf = times.map(time => order.get(keyOf(time))!)
  const samples =
    type === 'PASL'
      ? readCutOff(
          fields,
          distinct.map(({ delay }) => delay),
        )
      : readDurations(fields, type, distinct)
  return samples && { samples, sampleOf }
}

function checkDelays(fields: FieldReader, distinct: readonly LabelledTime[]): void {
  const delays = distinct.map(({ delay }) => delay)
  const longest = Math.max(...delays)
  if (longest > LIMITS.usualDelay)
    fields.say(
      'FIELD_UNUSUAL',
      'PostLabelingDelay',
      `is ${longest} s, which is unusually long; it is used as it stands.`,
    )
  if (longest === 0)
    fields.say(
      'FIELD_UNUSUAL',
      'PostLabelingDelay',
      'is 0 s, so no label has had time to reach the tissue; it is used as it stands.',
    )
}

function readDurations(
  fields: FieldReader,
  type: 'PCASL' | 'CASL',
  distinct: readonly LabelledTime[],
): readonly Labelling[] | null {
  const durations = distinctTimes(distinct.map(({ labelingDuration }) => labelingDuration ?? 0))
  const [shortest, longest] = LIMITS.usualLabeling
  if (durations[0] === 0) {
    fields.say(
      'FIELD_INVALID',
      'LabelingDuration',
      'is 0 s for volumes that were labelled; give the duration of the labelling.',
    )
    return null
  }
  const unusual = durations.find(duration => duration < shortest || duration > longest)
  if (unusual !== undefined)
    fields.say(
      'FIELD_UNUSUAL',
      'LabelingDuration',
      `is ${unusual} s, usual are ${shortest} to ${longest} s; it is used as it stands.`,
    )
  return distinct.map(({ delay, labelingDuration }) => ({ type, delay, labelingDuration: labelingDuration ?? 0 }))
}

/** The bolus of pulsed labelling at each inversion time; not cut off, its duration is not known. */
function readCutOff(fields: FieldReader, delays: readonly number[]): readonly Labelling[] | null {
  const known = fields.problems.length
  const flag = fields.flag(
    'BolusCutOffFlag',
    'say whether the pulsed bolus was cut off (QUIPSS, QUIPSSII, Q2TIPS): without it the duration of the bolus is unknown.',
  )
  if (flag === null) return null
  if (!flag) return delays.map(delay => ({ type: 'PASL', technique: null, delay }))
  const technique = fields.word('BolusCutOffTechnique', CUT_OFFS, `add one of ${CUT_OFFS.join(', ')}.`)
  const times = fields.numbers(
    'BolusCutOffDelayTime',
    'add the time from the labelling to the (first) cut-off pulse, in seconds.',
  )
  if (!technique || !times || !checkTimes(fields, 'BolusCutOffDelayTime', times)) return null
  const [cutOff = 0, lastCutOff = null] = times
  const list = times.join(', ')
  const most = technique === 'Q2TIPS' ? 2 : 1
  // QUIPSS saturates what has flowed in before: each of its readouts must come after. The others must see the cut bolus once.
  const delay = technique === 'QUIPSS' ? Math.min(...delays) : Math.max(...delays)
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
  return isUsable ? delays.map(time => ({ type: 'PASL', technique, delay: time, cutOff, lastCutOff })) : null
}

/**
 * From when to when the blood of a difference was labelled, as its slice sees it.
 *
 * @param labelling - how and when blood was labelled
 * @param late - delay of the slice after the first [s]
 * @param natural - duration of a bolus that was not cut off [s]
 */
export function bolusOf(labelling: Labelling, late: number, natural = Number.NaN): Bolus {
  const delay = labelling.delay + late
  if (labelling.type !== 'PASL')
    return { time: labelling.labelingDuration + delay, duration: labelling.labelingDuration }
  if (labelling.technique === null) return { time: delay, duration: natural }
  // QUIPSS saturates the imaged slab instead of the bolus: what has flowed in since then is its bolus.
  return { time: delay, duration: labelling.technique === 'QUIPSS' ? delay - labelling.cutOff : labelling.cutOff }
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
    const { time, duration } = bolusOf(labelling, late)
    return labelling.type === 'PASL'
      ? pulsedBolusWeight({ inversionTime: time, bolusDuration: duration }, T1b)
      : continuousBolusWeight({ labelingDuration: duration, delay: labelling.delay + late }, T1b)
  })
}
