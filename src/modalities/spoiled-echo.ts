import { type Problem, problem } from '../problems.ts'
import { baseName, digits, fieldFrom, numberIn, statedIn } from './fields.ts'
import type { Source } from './modality.ts'

/** What a value is and where it was read. */
export interface Stated {
  readonly value: number
  /** The field with its file. */
  readonly from: string
}

/** The excitation of a spoiled gradient echo. */
export interface Excitation {
  /** Excitation repetition time [s]. */
  readonly repetitionTime: Stated
  /** Nominal flip angle [rad]. */
  readonly flipAngle: Stated
  /** What is worth saying about how they were had. */
  readonly remarks: readonly Problem[]
}

/** Longest TR that is believed [s]: beyond it, milliseconds were meant. */
const LONGEST = 1

/** RepetitionTime below this is that of the excitation [s], whatever BIDS calls it: no volume is acquired so fast. */
const EXCITATION = 0.1

const DEGREE = Math.PI / 180

/** A field that cannot be used: which, and the rest of the sentence. */
export interface Fault {
  readonly field: string
  /** Missing, of the wrong unit, or impossible. */
  readonly kind: 'missing' | 'unit' | 'invalid'
  readonly says: string
}

/**
 * TR and flip angle of a spoiled gradient echo; or what is wrong with them.
 *
 * @remarks
 * The TR is `RepetitionTimeExcitation`. Without it `RepetitionTime` counts where it is below 0.1 s, which no volume of a
 * series lasts; a longer one is the time between volumes and is never taken. Above 1 s milliseconds were meant: refused.
 *
 * @param source - the image with its metadata
 */
export function excitationOf(source: Source): Excitation | Fault {
  const time = repetitionTimeOf(source)
  if ('says' in time) return time
  const angle = numberIn(source, 'FlipAngle')
  if (angle === null)
    return {
      field: 'FlipAngle',
      kind: 'missing',
      says: 'is missing: the flip angle [deg] decides what a signal means; add it.',
    }
  if (angle <= 0 || angle > 90)
    return {
      field: 'FlipAngle',
      kind: 'invalid',
      says: `is ${digits(angle)}; it must be above 0 and at most 90 degrees.`,
    }
  return {
    repetitionTime: time.stated,
    flipAngle: { value: angle * DEGREE, from: fieldFrom(source, 'FlipAngle') },
    remarks: time.remarks,
  }
}

/** The problem that a fault is to a run that cannot do without the field. */
export function faultProblem(source: Source, { field, kind, says }: Fault): Problem {
  const codes = { missing: 'FIELD_MISSING', unit: 'FIELD_UNIT_SUSPECT', invalid: 'FIELD_INVALID' } as const
  const file = statedIn(source, field)
  return problem(codes[kind], `${baseName(file)}: ${field} ${says}`, { file, field })
}

function repetitionTimeOf(source: Source): { stated: Stated; remarks: Problem[] } | Fault {
  const field = 'RepetitionTimeExcitation'
  const time = numberIn(source, field)
  if (time !== null) {
    if (time <= 0) return { field, kind: 'invalid', says: `is ${digits(time)} s; it must be above 0.` }
    if (time > LONGEST)
      return {
        field,
        kind: 'unit',
        says: `is ${digits(time)} s, which looks like milliseconds (${digits(time / 1000)} s); BIDS wants seconds.`,
      }
    return { stated: { value: time, from: fieldFrom(source, field) }, remarks: [] }
  }
  const other = numberIn(source, 'RepetitionTime')
  if (other !== null && other > 0 && other < EXCITATION) {
    const remark = problem(
      'REPETITION_TIME_TAKEN',
      `${baseName(statedIn(source, 'RepetitionTime'))}: RepetitionTime is ${digits(other)} s, too short for a volume, and was taken as the excitation TR; name it RepetitionTimeExcitation.`,
      { file: statedIn(source, 'RepetitionTime'), field: 'RepetitionTime' },
    )
    return { stated: { value: other, from: fieldFrom(source, 'RepetitionTime') }, remarks: [remark] }
  }
  const hint = other === null ? '' : ` (RepetitionTime, ${digits(other)} s, is the time between volumes)`
  return {
    field,
    kind: 'missing',
    says: `is missing: without the excitation TR [s] a signal cannot be converted${hint}; add it.`,
  }
}
