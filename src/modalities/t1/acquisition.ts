import { isSameGrid } from '../../image/volume.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { baseName, digits, fieldFrom, numberIn, statedIn } from '../fields.ts'
import type { Run, Source } from '../modality.ts'
import { excitationOf, faultProblem } from '../spoiled-echo.ts'

/** How a set of images was acquired. */
export type T1Acquisition = VfaAcquisition | RecoveryAcquisition

/** Images of several flip angles. */
export interface VfaAcquisition {
  readonly kind: 'vfa'
  /** Path of the first image, for messages. */
  readonly image: string
  /** Nominal flip angles [rad], shape (nImage). */
  readonly flipAngles: readonly number[]
  /** Excitation TR, common to all [s]. */
  readonly repetitionTime: number
  /** Where it is stated. */
  readonly from: string
}

/** Images at several times after an inversion. */
export interface RecoveryAcquisition {
  readonly kind: 'irt1'
  readonly image: string
  /** Times from inversion to excitation [s], shape (nImage). */
  readonly inversionTimes: readonly number[]
  /** Whether the signal has lost its sign. */
  readonly isMagnitude: boolean
  readonly from: string
}

/** Relative difference up to which two TRs are one [1]. */
const SAME_TR = 0.01

/** Longest inversion time that is believed [s]. */
const LONGEST_TI = 30

/** Angles nearer than this are one [rad]. */
const SAME_ANGLE = 1e-4

/** Bind the metadata of a variable-flip-angle set; or why T1 cannot be had from it. */
export function readVfa({ series }: Run): Checked<VfaAcquisition> {
  const first = firstOf(series)
  const problems: Problem[] = []
  const angles: number[] = []
  const times: number[] = []
  for (const source of series) {
    const excitation = excitationOf(source)
    if ('says' in excitation) problems.push(faultProblem(source, excitation))
    else {
      problems.push(...excitation.remarks)
      angles.push(excitation.flipAngle.value)
      times.push(excitation.repetitionTime.value)
    }
  }
  problems.push(...checkGrids(series))
  if (problems.some(({ severity }) => severity === 'error')) return bad(...problems)
  const [TR = 0] = times
  const say = (field: string, sentence: string) =>
    bad(problem('FIELD_INVALID', `${baseName(first.name.path)}: ${sentence}`, { file: statedIn(first, field), field }))
  if (times.some(time => Math.abs(time - TR) > SAME_TR * TR))
    return say(
      'RepetitionTimeExcitation',
      `its set has the excitation TRs ${times.map(time => digits(time)).join(', ')} s; T1 from variable flip angles needs one TR: correct them, or leave images out with --bids-filter-file.`,
    )
  if (angles.every(angle => Math.abs(angle - angles[0]!) < SAME_ANGLE))
    return say(
      'FlipAngle',
      `all images of its set have one flip angle, ${digits((angles[0]! * 180) / Math.PI)} degrees; T1 needs two or more: correct FlipAngle.`,
    )
  return good(
    {
      kind: 'vfa',
      image: first.name.path,
      flipAngles: angles,
      repetitionTime: TR,
      from: fieldFrom(first, 'RepetitionTimeExcitation'),
    },
    problems,
  )
}

/** Bind the metadata of an inversion-recovery set; or why T1 cannot be had from it. */
export function readRecovery({ series }: Run): Checked<RecoveryAcquisition> {
  const first = firstOf(series)
  const problems: Problem[] = []
  const inversionTimes: number[] = []
  for (const source of series) {
    const time = numberIn(source, 'InversionTime')
    const file = statedIn(source, 'InversionTime')
    const say = (code: 'FIELD_MISSING' | 'FIELD_UNIT_SUSPECT' | 'FIELD_INVALID', sentence: string) =>
      problems.push(problem(code, `${baseName(file)}: InversionTime ${sentence}`, { file, field: 'InversionTime' }))
    if (time === null) say('FIELD_MISSING', 'is missing: T1 is fitted to the signal over it; add it [s].')
    else if (time <= 0) say('FIELD_INVALID', `is ${digits(time)} s; it must be above 0.`)
    else if (time > LONGEST_TI)
      say('FIELD_UNIT_SUSPECT', `is ${digits(time)} s, which looks like milliseconds; BIDS wants seconds.`)
    else inversionTimes.push(time)
  }
  problems.push(...checkGrids(series))
  if (problems.length > 0) return bad(...problems)
  return good({
    kind: 'irt1',
    image: first.name.path,
    inversionTimes,
    isMagnitude: first.name.entities['part'] !== 'real',
    from: fieldFrom(first, 'InversionTime'),
  })
}

function firstOf(series: readonly Source[]): Source {
  const [first] = series
  if (!first) throw new Error('a T1 run has images')
  return first
}

function checkGrids(series: readonly Source[]): Problem[] {
  const [first, ...rest] = series
  return rest
    .filter(({ header }) => header && first?.header && !isSameGrid(header.grid, first.header.grid))
    .map(({ name }) =>
      problem(
        'GRID_NO_OVERLAP',
        `${baseName(name.path)} lies on another grid than ${baseName(first!.name.path)}, with which T1 is fitted; resample one of them.`,
        { file: name.path },
      ),
    )
}
