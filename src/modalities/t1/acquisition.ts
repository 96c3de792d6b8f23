import { isSameGrid } from '../../image/volume.ts'
import type { HifiImage, Inversion } from '../../kinetics/t1-hifi.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { baseName, digits, fieldFrom, numberIn, numbersIn, statedIn } from '../fields.ts'
import type { Run, Source } from '../modality.ts'
import { excitationOf, faultProblem } from '../spoiled-echo.ts'

/** How a set of images was acquired. */
export type T1Acquisition = VfaAcquisition | RecoveryAcquisition | HifiAcquisition

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

/** Images at several times after an inversion, or after a saturation. */
export interface RecoveryAcquisition {
  readonly kind: 'irt1'
  readonly image: string
  /** What the pulse before does to the magnetisation. */
  readonly pulse: 'inversion' | 'saturation'
  /** Times from that pulse to the excitation [s], shape (nImage). */
  readonly inversionTimes: readonly number[]
  /** Whether the signal has lost its sign. */
  readonly isMagnitude: boolean
  readonly from: string
}

/** Spoiled gradient echoes of several flip angles, together with some that an inversion precedes. */
export interface HifiAcquisition {
  readonly kind: 'hifi'
  readonly image: string
  /** The images in the order of the series. */
  readonly images: readonly HifiImage[]
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
  const pulses = new Set(series.map(({ sidecar }) => saysSaturation(sidecar)))
  if (pulses.size > 1)
    problems.push(
      problem(
        'FIELD_INVALID',
        `${baseName(first.name.path)}: some images of its set have SaturationRecovery and others have not; T1 is fitted to images after one kind of pulse: correct it.`,
        { file: statedIn(first, 'SaturationRecovery'), field: 'SaturationRecovery' },
      ),
    )
  problems.push(...checkGrids(series))
  if (problems.length > 0) return bad(...problems)
  const pulse = saysSaturation(first.sidecar) ? 'saturation' : 'inversion'
  const least = pulse === 'saturation' ? 2 : 3
  if (new Set(inversionTimes).size < least)
    return bad(
      problem(
        'FIELD_INVALID',
        `${baseName(first.name.path)}: the images of its set have the inversion times ${inversionTimes.map(digits).join(', ')} s; T1 needs ${least} different ones: correct InversionTime.`,
        { file: statedIn(first, 'InversionTime'), field: 'InversionTime' },
      ),
    )
  return good({
    kind: 'irt1',
    image: first.name.path,
    pulse,
    inversionTimes,
    isMagnitude: first.name.entities['part'] !== 'real',
    from: fieldFrom(first, 'InversionTime'),
  })
}

/** Whether a saturation, not an inversion, precedes the excitation: DICOM's SaturationRecovery. */
export function saysSaturation({ values }: Source['sidecar']): boolean {
  return values['SaturationRecovery'] === true || values['SaturationRecovery'] === 'YES'
}

/** Fields that tell the cycle of an inversion and the excitations after it; without one of them it cannot be modelled. */
export const TRAIN_FIELDS = [
  'FlipAngle',
  'RepetitionTimeExcitation',
  'RepetitionTimePreparation',
  'InversionTime',
  'NumberShots',
] as const

/** Bind the metadata of spoiled gradient echoes with and without inversion; or why T1 cannot be had from them. */
export function readHifi({ series }: Run): Checked<HifiAcquisition> {
  const first = firstOf(series)
  const problems: Problem[] = []
  const images: HifiImage[] = []
  for (const source of series) {
    const excitation = excitationOf(source)
    if ('says' in excitation) {
      problems.push(faultProblem(source, excitation))
      continue
    }
    problems.push(...excitation.remarks)
    const repetitionTime = excitation.repetitionTime.value
    const inversion = source.name.suffix === 'IRT1' ? readTrain(source, repetitionTime) : null
    if (typeof inversion === 'string')
      problems.push(
        problem('FIELD_INVALID', `${baseName(source.name.path)}: ${inversion}`, {
          file: statedIn(source, 'RepetitionTimePreparation'),
          field: 'RepetitionTimePreparation',
        }),
      )
    else images.push({ flipAngle: excitation.flipAngle.value, repetitionTime, inversion })
  }
  problems.push(...checkGrids(series))
  if (problems.some(({ severity }) => severity === 'error')) return bad(...problems)
  return good(
    { kind: 'hifi', image: first.name.path, images, from: fieldFrom(first, 'RepetitionTimeExcitation') },
    problems,
  )
}

/** The cycle of an inversion and its excitations; or what is wrong with it. InversionTime is that of the centre of k-space. */
function readTrain(source: Source, repetitionTime: number): Inversion | string {
  const shots = numbersIn(source, 'NumberShots')
  const count = numberIn(source, 'NumberShots')
  const [before, after] = shots?.length === 2 ? shots : [(count ?? Number.NaN) / 2, (count ?? Number.NaN) / 2]
  const excitations = before! + after!
  const time = numberIn(source, 'InversionTime') ?? Number.NaN
  const cycle = numberIn(source, 'RepetitionTimePreparation') ?? Number.NaN
  const wait = time - before! * repetitionTime
  const rest = cycle - wait - excitations * repetitionTime
  // A rounded sidecar may put the end of the train behind the next inversion by less than one excitation.
  if (excitations >= 1 && wait > 0 && rest > -repetitionTime)
    return { wait, excitations, rest: Math.max(rest, 0), centre: before! / excitations }
  return `${digits(excitations)} excitations every ${digits(repetitionTime)} s (NumberShots, RepetitionTimeExcitation) do not fit between an inversion ${digits(time)} s before the centre of k-space (InversionTime) and the next one (RepetitionTimePreparation, ${digits(cycle)} s); correct them.`
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
