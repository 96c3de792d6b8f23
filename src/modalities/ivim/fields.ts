import type { Source } from '../modality.ts'

/** The name of a file without its folders. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Where a value was read, for reports: `EchoTime in sub-01_dwi.json`. */
export function fieldFrom(source: Source, field: string): string {
  const file = source.sidecar.from[field] ?? source.name.path.replace(/\.nii(\.gz)?$/, '.json')
  return `${field} in ${baseName(file)}`
}

/** The file of an extension that belongs to an image, or the one that would. */
export function textFile(source: Source, extension: string): string {
  return source.texts?.[extension]?.path ?? source.name.path.replace(/\.nii(\.gz)?$/, extension)
}

/** A number as people write it: at most four significant digits. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(4)))
}
