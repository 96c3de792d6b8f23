import type { Source } from './modality.ts'

/** The name of a file without its folders. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The JSON file that states a field of an image, or that would: the one beside it. */
export function statedIn(source: Source, field: string): string {
  return source.sidecar.from[field] ?? source.name.path.replace(/\.(nii(\.gz)?|tsv)$/, '.json')
}

/** Where a value was read, for reports: `FlipAngle in sub-01_dce.json`. */
export function fieldFrom(source: Source, field: string): string {
  return `${field} in ${baseName(statedIn(source, field))}`
}

/** The number that a field holds; null where it holds none. A list of equal numbers counts as one. */
export function numberIn({ sidecar }: Source, field: string): number | null {
  const value = sidecar.values[field]
  const first: unknown = Array.isArray(value) && value.every(item => item === value[0]) ? value[0] : value
  return typeof first === 'number' && Number.isFinite(first) ? first : null
}

/** The text that a field holds; null where it holds none. */
export function textIn({ sidecar }: Source, field: string): string | null {
  const value = sidecar.values[field]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}

/** The numbers that a field holds as a list; null where it is no list of numbers. */
export function numbersIn({ sidecar }: Source, field: string): readonly number[] | null {
  const value = sidecar.values[field]
  if (!Array.isArray(value) || value.length === 0) return null
  const numbers = value.filter((item): item is number => typeof item === 'number' && Number.isFinite(item))
  return numbers.length === value.length ? numbers : null
}

/** A number as people write it: at most four significant digits. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(4)))
}
