import { decodingWeights, type EncodingMatrix, isEncoding } from '../../kinetics/asl-time-encoding.ts'
import type { Difference, VolumeType } from './context.ts'
import { checkTimes, type FieldReader, inSeconds, shown } from './fields.ts'
import { distinctTimes, type LabelledTime } from './labelling.ts'
import { LIMITS } from './limits.ts'

/** The key that declares time-encoded labelling; not in BIDS. */
export const ENCODING = 'TimeEncodingMatrix'

/** A time-encoded series: what its volumes are decoded to. */
export interface Encoded {
  readonly differences: readonly Difference[]
  /** Delay and duration of each difference, that of its sub-bolus. */
  readonly times: readonly LabelledTime[]
  /** Volumes in which nothing was labelled. */
  readonly control: readonly number[]
}

/**
 * A time-encoded series; null, with problems, where its declaration cannot be used.
 *
 * @remarks
 * The rows of the matrix are the volumes of type control and label in their order, again and again; their types need not say
 * what was labelled. Sub-boli are in the order of labelling: sub-bolus k has the delay of the series and all that was labelled
 * after it.
 *
 * @param fields - reader of the series' metadata
 * @param types - type of each volume
 */
export function readEncoding(fields: FieldReader, types: readonly VolumeType[]): Encoded | null {
  const matrix = readMatrix(fields)
  if (!matrix) return null
  const N = matrix.length
  const volumes = types.flatMap((type, volume) => (type === 'control' || type === 'label' ? [volume] : []))
  if (volumes.length === 0 || volumes.length % N !== 0) {
    fields.say(
      'LENGTHS_DISAGREE',
      ENCODING,
      `has ${N} rows, the series has ${volumes.length} volumes of type control or label; there must be one volume a row, or that several times.`,
    )
    return null
  }
  const durations = readDurations(fields, N - 1, types.length)
  const delays = durations && readDelays(fields, durations, types.length)
  if (!durations || !delays) return null
  const weights = decodingWeights(matrix)
  const differences: Difference[] = []
  const times: LabelledTime[] = []
  for (let cycle = 0; cycle < volumes.length; cycle += N)
    for (let k = 0; k < N - 1; k++) {
      differences.push({ volumes: volumes.slice(cycle, cycle + N), weights: weights[k]! })
      times.push({ delay: delays[k]!, labelingDuration: durations[k]! })
    }
  const isControl = matrix.map(row => row.every(entry => entry === 1))
  return { differences, times, control: volumes.filter((_, at) => isControl[at % N]) }
}

/** The matrix with its first column, the control signal; it may be declared without. */
function readMatrix(fields: FieldReader): EncodingMatrix | null {
  const value = fields.value(ENCODING)
  const rows = Array.isArray(value) ? value : []
  const numbers = rows.map(row => (Array.isArray(row) ? row.filter(item => typeof item === 'number') : []))
  const isWithout = numbers.every(row => row.length === rows.length - 1)
  const matrix = isWithout ? numbers.map(row => [1, ...row]) : numbers
  if (isEncoding(matrix)) return matrix
  fields.say(
    'FIELD_INVALID',
    ENCODING,
    `is ${shown(value)}; it must be a Hadamard matrix as a list of rows, one a volume, of 1 and -1 (-1: labelled), with 4, 8, 16, … rows and a column a sub-bolus, before it one of 1 or none.`,
  )
  return null
}

/** Durations of the sub-boli: a list of them, or the labelling as a whole, of which each is an equal part. */
function readDurations(fields: FieldReader, count: number, volumes: number): readonly number[] | null {
  const values = fields.numbers(
    'LabelingDuration',
    'add the durations of the sub-boli in seconds, in the order of labelling.',
  )
  if (!values || !checkTimes(fields, 'LabelingDuration', values)) return null
  const whole = distinctTimes(values.filter(value => value > 0))
  const durations =
    values.length === count
      ? values
      : whole.length === 1 && (values.length === 1 || values.length === volumes)
        ? new Array<number>(count).fill(whole[0]! / count)
        : null
  if (!durations || durations.some(duration => duration === 0)) {
    fields.say(
      'LENGTHS_DISAGREE',
      'LabelingDuration',
      `is ${shown(values)}; with ${ENCODING} it must be the durations of the ${count} sub-boli, or one number for the labelling as a whole.`,
    )
    return null
  }
  return durations
}

/** Delays of the sub-boli: a list of them, or that of the labelling as a whole. */
function readDelays(fields: FieldReader, durations: readonly number[], volumes: number): readonly number[] | null {
  const field = 'PostLabelingDelay'
  const values = fields.numbers(field, 'add the time from the end of the labelling to the excitation, in seconds.')
  if (!values || !checkTimes(fields, field, values)) return null
  const count = durations.length
  const last = values.length === count ? values[count - 1]! : Math.max(...values)
  let delay = last
  const delays = [...durations].reverse().map((_, at) => {
    if (at > 0) delay += durations[count - at]!
    return delay
  })
  delays.reverse()
  const isList = values.length === count
  if (isList && values.some((value, k) => Math.abs(value - delays[k]!) > LIMITS.sameTime)) {
    fields.say(
      'FIELD_INVALID',
      field,
      `is ${shown(values)}; with sub-boli of ${durations.map(inSeconds).join(', ')} s, one after another, it must be ${delays.map(inSeconds).join(', ')} s.`,
    )
    return null
  }
  // m0scan volumes take 0.
  const isOne =
    (values.length === 1 || values.length === volumes) && values.every(value => value === last || value === 0)
  if (isList || isOne) return delays
  fields.say(
    'LENGTHS_DISAGREE',
    field,
    `is ${shown(values)}; with ${ENCODING} it must be the delay after the whole labelling, or that of each of the ${count} sub-boli.`,
  )
  return null
}
