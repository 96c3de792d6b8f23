import { median } from '../../numerics/statistics.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { baseName, digits, fieldFrom, numberIn, numbersIn, statedIn } from '../fields.ts'
import type { Source } from '../modality.ts'
import { LIMITS } from './limits.ts'

/** When the frames of a series were acquired. */
export interface Frames {
  /** Rising times [s], shape (nFrame). */
  readonly times: Float64Array
  /** Median distance between neighbours [s]. */
  readonly spacing: number
  /** Whether the distances differ. */
  readonly isUneven: boolean
  /** The field with its file. */
  readonly from: string
}

/** Why a field does not tell the times, in words that follow its name. */
type Answer = Float64Array | string | null

/**
 * The times of a series' frames; never guessed between the repetition time of the excitation and that of the volumes.
 *
 * @remarks
 * In order: `VolumeTiming`, `FrameTimesStart`, `TemporalResolution`, `AcquisitionDuration`, `RepetitionTime` of at least
 * 0.5 s, the spacing in the header of at least 0.5 s. `AcquisitionDuration` is that of one volume in BIDS and that of the
 * series in DICOM: it counts only where one of the two is impossible.
 *
 * @param source - the series
 */
export function framesOf(source: Source): Checked<Frames> {
  const n = source.header?.frames ?? 0
  for (const field of ['VolumeTiming', 'FrameTimesStart']) {
    const given = numbersIn(source, field)
    if (given) return fromList(source, field, given, n)
  }
  const ways: readonly (readonly [string, Answer])[] = [
    ['TemporalResolution', fromSpacing(numberIn(source, 'TemporalResolution'), n)],
    ['AcquisitionDuration', fromDuration(numberIn(source, 'AcquisitionDuration'), n)],
    ['RepetitionTime', fromLong(numberIn(source, 'RepetitionTime'), n)],
    ['pixdim', fromLong(source.header?.frameSpacing ?? null, n)],
  ]
  for (const [field, answer] of ways)
    if (answer instanceof Float64Array)
      return good({
        times: answer,
        spacing: answer[1]! - answer[0]!,
        isUneven: false,
        from: field === 'pixdim' ? `the header of ${baseName(source.name.path)}` : fieldFrom(source, field),
      })
  const said = ways.flatMap(([field, answer]) => (typeof answer === 'string' ? [`${field} ${answer}`] : []))
  const file = statedIn(source, 'VolumeTiming')
  return bad(
    problem(
      'TIMING_UNKNOWN',
      `${baseName(file)}: nothing states when the ${n} volumes were acquired${said.length > 0 ? ` (${said.join('; ')})` : ''}; add VolumeTiming, a list of ${n} times in seconds, or TemporalResolution.`,
      { file, field: 'VolumeTiming' },
    ),
  )
}

function fromList(source: Source, field: string, given: readonly number[], n: number): Checked<Frames> {
  const file = statedIn(source, field)
  const say = (code: 'LENGTHS_DISAGREE' | 'FIELD_INVALID' | 'FIELD_UNIT_SUSPECT', sentence: string) =>
    bad(problem(code, `${baseName(file)}: ${field} ${sentence}`, { file, field }))
  if (given.length !== n) return say('LENGTHS_DISAGREE', `has ${given.length} times, the image has ${n} volumes.`)
  const times = Float64Array.from(given)
  const gaps = times.slice(1).map((time, at) => time - times[at]!)
  const back = gaps.findIndex(gap => !(gap > 0))
  if (back >= 0)
    return say('FIELD_INVALID', `does not rise: volume ${back + 2} is at ${times[back + 1]} s, after ${times[back]} s.`)
  const spacing = median(gaps)
  if (spacing > 300)
    return say(
      'FIELD_UNIT_SUSPECT',
      `has volumes ${digits(spacing)} s apart, which looks like milliseconds; BIDS wants seconds.`,
    )
  const isUneven = gaps.some(gap => Math.abs(gap - spacing) > LIMITS.uneven * spacing)
  const problems: Problem[] = isUneven
    ? [
        problem(
          'FRAMES_UNEVEN',
          `${baseName(file)}: the volumes are ${digits(gaps.reduce((a, b) => Math.min(a, b)))} to ${digits(gaps.reduce((a, b) => Math.max(a, b)))} s apart; their true times are used.`,
          { file, field },
        ),
      ]
    : []
  return good({ times, spacing, isUneven, from: fieldFrom(source, field) }, problems)
}

function fromSpacing(spacing: number | null, n: number): Answer {
  if (spacing === null) return null
  if (spacing <= 0) return `is ${digits(spacing)} s`
  if (spacing > 300) return `is ${digits(spacing)} s, which looks like milliseconds`
  return evenly(spacing, n)
}

function fromDuration(duration: number | null, n: number): Answer {
  if (duration === null || duration <= 0) return null
  const isSeries = duration > LIMITS.volumeDuration
  const isVolume = duration / n < LIMITS.spacing
  if (isSeries === isVolume) return `is ${digits(duration)} s, which may be one volume or all ${n}`
  return evenly(isSeries ? duration / n : duration, n)
}

function fromLong(spacing: number | null, n: number): Answer {
  if (spacing === null || spacing === 0) return null
  if (spacing < LIMITS.spacing) return `is ${digits(spacing)} s, that of an excitation`
  return spacing > 300 ? `is ${digits(spacing)} s, which looks like milliseconds` : evenly(spacing, n)
}

function evenly(spacing: number, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, at) => at * spacing)
}
