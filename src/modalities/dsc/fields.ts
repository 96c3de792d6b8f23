import { type Problem, type ProblemCode, problem } from '../../problems.ts'
import type { Source } from '../modality.ts'

/** The name of a file without its folders. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The JSON file that states a field of an image, or that would: the one beside it. */
function statedIn(source: Source, field: string): string {
  return source.sidecar.from[field] ?? source.name.path.replace(/\.(nii(\.gz)?|tsv)$/, '.json')
}

/** Where a value was read, for reports: `EchoTime in sub-01_dsc.json`. */
export function fieldFrom(source: Source, field: string): string {
  return `${field} in ${baseName(statedIn(source, field))}`
}

/** A problem of a field: a sentence that follows the names of file and field. */
export function fieldProblem(source: Source, code: ProblemCode, field: string, sentence: string): Problem {
  const file = statedIn(source, field)
  return problem(code, `${baseName(file)}: ${field} ${sentence}`, { file, field })
}

/** Whether a field is stated. */
export function hasField({ sidecar }: Source, field: string): boolean {
  return sidecar.values[field] !== undefined && sidecar.values[field] !== null
}

/** A number that stands in the sidecar; null where there is none. */
export function numberIn({ sidecar }: Source, field: string): number | null {
  const value = sidecar.values[field]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** A list of numbers that stands in the sidecar; null where there is none, or an item of it is no number. */
export function numbersIn({ sidecar }: Source, field: string): readonly number[] | null {
  const value = sidecar.values[field]
  if (!Array.isArray(value) || value.length === 0) return null
  const numbers = value.filter(item => typeof item === 'number').filter(Number.isFinite)
  return numbers.length === value.length ? numbers : null
}

/** A value as it stands in the JSON file, cut short where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** A number as people write it: at most four significant digits. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(4)))
}
