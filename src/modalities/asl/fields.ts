import { type Problem, type ProblemCode, problem } from '../../problems.ts'
import type { Source } from '../modality.ts'
import { LIMITS } from './limits.ts'

/** The name of a file without its folders. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The JSON file that states a field of an image, or that would: the one beside it. */
export function statedIn(source: Source, field: string): string {
  return source.sidecar.from[field] ?? source.name.path.replace(/\.nii(\.gz)?$/, '.json')
}

/** Where a value was read, for reports: `PostLabelingDelay in sub-01_asl.json`. */
export function fieldFrom(source: Source, field: string): string {
  return `${field} in ${baseName(statedIn(source, field))}`
}

/** Reads the fields of one sidecar and keeps a list of what is wrong with them. */
export interface FieldReader {
  readonly problems: Problem[]
  /** Whether the field is there. */
  has(field: string): boolean
  /** The value as it stands. */
  value(field: string): unknown
  /** A word of a list, in the list's spelling whatever its case; null (and a problem) where it is none of them. */
  word<W extends string>(field: string, words: readonly W[], need: string | null): W | null
  /** The value where it is text; null otherwise. */
  text(field: string): string | null
  /** True or false; null (and a problem where it is needed) otherwise. */
  flag(field: string, need: string | null): boolean | null
  /** A number or a list of numbers, as a list; null (and a problem where it is needed) otherwise. */
  numbers(field: string, need: string | null): readonly number[] | null
  /** Add a problem: a sentence that follows the names of file and field. */
  say(code: ProblemCode, field: string, sentence: string): void
}

/**
 * A reader of one image's metadata.
 *
 * @remarks
 * `need` says what a missing field is needed for and how to get along without it; null where it is not needed. A field of
 * the wrong type is a problem in either case.
 *
 * @param source - the image
 */
export function readFields(source: Source): FieldReader {
  const problems: Problem[] = []
  const { values } = source.sidecar
  const say = (code: ProblemCode, field: string, sentence: string) => {
    const file = statedIn(source, field)
    problems.push(problem(code, `${baseName(file)}: ${field} ${sentence}`, { file, field }))
  }
  const has = (field: string) => values[field] !== undefined && values[field] !== null
  const missing = (field: string, need: string | null) => {
    if (need !== null) say('FIELD_MISSING', field, `is missing: ${need}`)
    return null
  }
  return {
    problems,
    has,
    say,
    value: field => values[field],
    word(field, words, need) {
      if (!has(field)) return missing(field, need)
      const value = values[field]
      const plain = typeof value === 'string' ? value.toLowerCase().replace(/[^a-z0-9]/g, '') : null
      const found = words.find(word => word.toLowerCase() === plain)
      if (found === undefined) say('FIELD_INVALID', field, `is ${shown(value)}; it must be one of ${words.join(', ')}.`)
      return found ?? null
    },
    text: field => (typeof values[field] === 'string' ? values[field] : null),
    flag(field, need) {
      if (!has(field)) return missing(field, need)
      const value = values[field]
      if (typeof value === 'boolean') return value
      say('FIELD_INVALID', field, `is ${shown(value)}; it must be true or false, without quotes.`)
      return null
    },
    numbers(field, need) {
      if (!has(field)) return missing(field, need)
      const value = values[field]
      const list: readonly unknown[] = Array.isArray(value) ? value : [value]
      const numbers = list.filter(item => typeof item === 'number')
      if (numbers.length === list.length && numbers.length > 0 && numbers.every(Number.isFinite)) return numbers
      say('FIELD_INVALID', field, `is ${shown(value)}; it must be a number or a list of numbers, without quotes.`)
      return null
    },
  }
}

/** A value as it stands in the JSON file, cut short where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** A time as people write it: `1.8`, at most to a tenth of a millisecond. */
export function inSeconds(value: number): string {
  return String(Math.round(value * 1e4) / 1e4)
}

/** A number as an equation shows it: four significant digits. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(4)))
}

/**
 * Refuse times that cannot be: negative ones, and those so long that they must be in milliseconds.
 *
 * @param fields - the reader that keeps the problem
 * @param field - the field they are from
 * @param times - the values [s], shape (n)
 * @param longest - the longest time that is believed [s]
 * @returns whether all can be used
 */
export function checkTimes(
  fields: FieldReader,
  field: string,
  times: readonly number[],
  longest: number = LIMITS.longestDelay,
): boolean {
  const negative = times.find(time => time < 0)
  if (negative !== undefined) {
    fields.say('FIELD_INVALID', field, `is ${negative} s; a time must not be negative: correct it.`)
    return false
  }
  const long = times.find(time => time > longest)
  if (long === undefined) return true
  const seconds = inSeconds(long / 1000)
  fields.say(
    'FIELD_UNIT_SUSPECT',
    field,
    `is ${long} s, which looks like milliseconds (${seconds} s); BIDS wants seconds.`,
  )
  return false
}

/**
 * One value a volume from a field that holds one for all or one for each.
 *
 * @param fields - the reader that keeps the problem
 * @param field - the field
 * @param values - what it holds, shape (1) or (nVolume)
 * @param volumes - number of volumes
 * @returns shape (nVolume); null where the lengths disagree
 */
export function perVolume(
  fields: FieldReader,
  field: string,
  values: readonly number[],
  volumes: number,
): readonly number[] | null {
  if (values.length === volumes) return values
  const [only] = values
  if (values.length === 1 && only !== undefined) return new Array<number>(volumes).fill(only)
  fields.say(
    'LENGTHS_DISAGREE',
    field,
    `has ${values.length} values, the image has ${volumes} volumes; give one value, or one for each volume (m0scan volumes take 0).`,
  )
  return null
}
