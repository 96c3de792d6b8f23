import type { Problem } from '../../problems.ts'
import type { Source } from '../modality.ts'
import { digits, fieldFrom, fieldProblem, hasField, numberIn, numbersIn, shown } from './fields.ts'
import { LIMITS } from './limits.ts'

/** When the volumes of a series were acquired. */
export interface Timing {
  /** Time between volumes [s]. */
  readonly dt: number
  /** What stated it. */
  readonly from: string
}

interface Statement extends Timing {
  readonly field: string
}

/**
 * The time between volumes: that of `VolumeTiming`, else of `RepetitionTime`, else of the image header; null, with problems,
 * where it cannot be had, where two of them differ, or where volumes do not follow each other evenly.
 *
 * @param source - the series
 * @param frames - number of volumes
 * @param problems - receives what is wrong
 */
export function readTiming(source: Source, frames: number, problems: Problem[]): Timing | null {
  const before = problems.length
  const statements = [readVolumeTimes(source, frames, problems), readRepetition(source, problems), readHeader(source)]
  const [first, ...others] = statements.filter(statement => statement !== null)
  if (problems.slice(before).some(({ severity }) => severity === 'error')) return null
  if (!first) {
    const remedy = 'the time between volumes is not known; add it in seconds, or VolumeTiming.'
    problems.push(fieldProblem(source, 'FIELD_MISSING', 'RepetitionTime', `is missing: ${remedy}`))
    return null
  }
  const other = others.find(({ dt }) => Math.abs(dt - first.dt) > LIMITS.sameTime * first.dt)
  if (other) {
    const sentence = `says ${digits(first.dt)} s between volumes and ${other.from} ${digits(other.dt)} s; correct the one that is wrong.`
    problems.push(fieldProblem(source, 'TIMING_DISAGREES', first.field, sentence))
    return null
  }
  const [least, most] = LIMITS.usualStep
  if (first.dt < least || first.dt > most)
    problems.push(fieldProblem(source, 'FIELD_UNUSUAL', first.field, `gives ${digits(first.dt)} s between volumes.`))
  return { dt: first.dt, from: first.from }
}

function readVolumeTimes(source: Source, frames: number, problems: Problem[]): Statement | null {
  const field = 'VolumeTiming'
  if (!hasField(source, field)) return null
  const say = (...[code, sentence]: [Problem['code'], string]) => {
    problems.push(fieldProblem(source, code, field, sentence))
    return null
  }
  const times = numbersIn(source, field)
  if (!times) return say('FIELD_INVALID', `is ${shown(source.sidecar.values[field])}; it must be a list of numbers.`)
  if (times.length !== frames)
    return say('LENGTHS_DISAGREE', `has ${times.length} times, the image has ${frames} volumes.`)
  const dt = (times[frames - 1]! - times[0]!) / (frames - 1)
  if (!(dt > 0)) return say('FIELD_INVALID', 'does not rise; it must be the time of each volume in seconds.')
  if (dt > LIMITS.longestStep)
    return say('FIELD_UNIT_SUSPECT', `gives ${digits(dt)} s between volumes, which looks like milliseconds.`)
  for (let k = 1; k < frames; k++) {
    const step = times[k]! - times[k - 1]!
    if (Math.abs(step - dt) > LIMITS.even * dt) {
      const where = `volumes ${k} and ${k + 1} are ${digits(step)} s apart and the mean is ${digits(dt)} s`
      return say('NOT_SUPPORTED', `is not even: ${where}; deconvolution needs even steps: resample the series.`)
    }
  }
  return { dt, field, from: fieldFrom(source, field) }
}

function readRepetition(source: Source, problems: Problem[]): Statement | null {
  const field = 'RepetitionTime'
  if (!hasField(source, field)) return null
  const dt = numberIn(source, field)
  if (dt !== null && dt > 0 && dt <= LIMITS.longestStep) return { dt, field, from: fieldFrom(source, field) }
  problems.push(
    dt !== null && dt > LIMITS.longestStep
      ? fieldProblem(
          source,
          'FIELD_UNIT_SUSPECT',
          field,
          `is ${dt} s, which looks like milliseconds (${digits(dt / 1000)} s); BIDS wants seconds.`,
        )
      : fieldProblem(
          source,
          'FIELD_INVALID',
          field,
          `is ${shown(source.sidecar.values[field])}; it must be the time between volumes in seconds.`,
        ),
  )
  return null
}

function readHeader({ header }: Source): Statement | null {
  const dt = header?.frameSpacing ?? null
  // A spacing that cannot be states nothing: converters leave 0, 1 without a unit, or milliseconds there.
  if (dt === null || !(dt > 0) || dt > LIMITS.longestStep) return null
  return { dt, field: 'RepetitionTime', from: 'the image header' }
}

/** When the slices of a volume were acquired. */
export interface SliceTimes {
  /** Axis of the grid along which slices follow each other. */
  readonly axis: 0 | 1 | 2
  /** Time after the first of the volume [s], shape (nSlice). */
  readonly delays: readonly number[]
}

/**
 * The acquisition times of slices; null where none are stated, or (with a problem) where they cannot be.
 *
 * @param source - the series
 * @param dt - time between volumes [s]
 * @param problems - receives what is wrong
 */
export function readSliceTimes(source: Source, dt: number, problems: Problem[]): SliceTimes | null {
  const field = 'SliceTiming'
  if (!hasField(source, field)) return null
  const say = (code: Problem['code'], sentence: string) => {
    problems.push(fieldProblem(source, code, field, sentence))
    return null
  }
  const times = numbersIn(source, field)
  if (!times) return say('FIELD_INVALID', `is ${shown(source.sidecar.values[field])}; it must be a list of numbers.`)
  const word = source.sidecar.values['SliceEncodingDirection']
  const direction = /^([ijk])(-?)$/.exec(typeof word === 'string' ? word : 'k')
  if (!direction) {
    const sentence = `is ${shown(word)}; it must be i, j or k, or one of these with a minus.`
    problems.push(fieldProblem(source, 'FIELD_INVALID', 'SliceEncodingDirection', sentence))
    return null
  }
  const axis = direction[1] === 'i' ? 0 : direction[1] === 'j' ? 1 : 2
  const slices = source.header?.grid.shape[axis]
  if (slices !== undefined && times.length !== slices)
    return say('LENGTHS_DISAGREE', `has ${times.length} times, the image has ${slices} slices along ${direction[1]}.`)
  const late = times.find(time => time < 0 || time > dt * (1 + LIMITS.sameTime))
  if (late !== undefined)
    return late > 10 * dt
      ? say('FIELD_UNIT_SUSPECT', `holds ${late} s, which looks like milliseconds; BIDS wants seconds.`)
      : say('FIELD_INVALID', `holds ${late} s; a slice is acquired within the ${digits(dt)} s of its volume.`)
  const first = Math.min(...times)
  const delays = times.map(time => time - first)
  return { axis, delays: direction[2] === '-' ? delays.reverse() : delays }
}

/** When a voxel's slice is acquired after the first of its volume [s]. */
export type SliceDelay = (voxel: number) => number

/**
 * The acquisition time of each voxel's slice; 0 where slices are acquired at once, or when is not known.
 *
 * @param slices - of {@link readSliceTimes}
 * @param shape - of the grid
 */
export function sliceDelay(slices: SliceTimes | null, [ni, nj]: readonly [number, number, number]): SliceDelay {
  if (!slices) return () => 0
  const { axis, delays } = slices
  if (axis === 0) return voxel => delays[voxel % ni]!
  if (axis === 1) return voxel => delays[Math.floor(voxel / ni) % nj]!
  return voxel => delays[Math.floor(voxel / (ni * nj))]!
}
