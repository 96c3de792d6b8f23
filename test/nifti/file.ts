import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll } from 'vitest'

/** What a test file says. Written here from the standard, not with the writer under test. */
export interface FileSpec {
  readonly version?: 1 | 2
  readonly littleEndian?: boolean
  readonly datatype?: number
  /** dim[1…]; the rank is its length. */
  readonly dim: readonly number[]
  readonly rank?: number
  readonly pixdim?: readonly number[]
  readonly units?: number
  readonly slope?: number
  readonly intercept?: number
  readonly qform?: { readonly code: number; readonly bcd: readonly number[]; readonly offset: readonly number[] }
  readonly sform?: { readonly code: number; readonly rows: readonly number[] }
  /** Content of a header extension; its length + 8 is a multiple of 16. */
  readonly extension?: Uint8Array
  readonly offset?: number
  readonly magic?: string
  readonly values?: Uint8Array
}

/** Setters and bytes of the voxel types, by code. */
export const TYPES: Readonly<Record<number, { readonly name: string; readonly bytes: number }>> = {
  2: { name: 'uint8', bytes: 1 },
  4: { name: 'int16', bytes: 2 },
  8: { name: 'int32', bytes: 4 },
  16: { name: 'float32', bytes: 4 },
  64: { name: 'float64', bytes: 8 },
  256: { name: 'int8', bytes: 1 },
  512: { name: 'uint16', bytes: 2 },
  768: { name: 'uint32', bytes: 4 },
  1024: { name: 'int64', bytes: 8 },
  1280: { name: 'uint64', bytes: 8 },
}

/** Voxel values as they lie in a file. */
export function stored(datatype: number, littleEndian: boolean, values: readonly (number | bigint)[]): Uint8Array {
  const { name, bytes } = TYPES[datatype]!
  const view = new DataView(new ArrayBuffer(values.length * bytes))
  values.forEach((value, i) => {
    const at = i * bytes
    if (name === 'uint8') view.setUint8(at, Number(value))
    else if (name === 'int8') view.setInt8(at, Number(value))
    else if (name === 'int16') view.setInt16(at, Number(value), littleEndian)
    else if (name === 'uint16') view.setUint16(at, Number(value), littleEndian)
    else if (name === 'int32') view.setInt32(at, Number(value), littleEndian)
    else if (name === 'uint32') view.setUint32(at, Number(value), littleEndian)
    else if (name === 'float32') view.setFloat32(at, Number(value), littleEndian)
    else if (name === 'float64') view.setFloat64(at, Number(value), littleEndian)
    else if (name === 'int64') view.setBigInt64(at, BigInt(value), littleEndian)
    else view.setBigUint64(at, BigInt(value), littleEndian)
  })
  return new Uint8Array(view.buffer)
}

/** A whole .nii file. */
export function niftiFile(spec: FileSpec): Uint8Array<ArrayBuffer> {
  const { version = 1, extension, values = new Uint8Array() } = spec
  const length = version === 1 ? 348 : 540
  const offset = spec.offset ?? length + 4 + (extension ? extension.length + 8 : 0)
  const file = new Uint8Array(Math.max(offset, length + 4) + values.length)
  const view = new DataView(file.buffer)
  if (version === 1) header1(view, spec, offset)
  else header2(view, spec, offset)
  if (extension) {
    file[length] = 1
    view.setInt32(length + 4, extension.length + 8, spec.littleEndian ?? true)
    view.setInt32(length + 8, 6, spec.littleEndian ?? true)
    file.set(extension, length + 12)
  }
  file.set(values, Math.max(offset, length + 4))
  return file
}

function header1(view: DataView, spec: FileSpec, offset: number): void {
  const le = spec.littleEndian ?? true
  const floats = (at: number, values: readonly number[]) => {
    for (const [i, x] of values.entries()) view.setFloat32(at + 4 * i, x, le)
  }
  view.setInt32(0, 348, le)
  view.setInt16(40, spec.rank ?? spec.dim.length, le)
  for (const [i, n] of spec.dim.entries()) view.setInt16(42 + 2 * i, n, le)
  view.setInt16(70, spec.datatype ?? 4, le)
  view.setInt16(72, 8 * (TYPES[spec.datatype ?? 4]?.bytes ?? 0), le)
  floats(76, spec.pixdim ?? [1, 1, 1, 1, 0, 0, 0, 0])
  floats(108, [offset, spec.slope ?? 1, spec.intercept ?? 0])
  view.setUint8(123, spec.units ?? 10)
  view.setInt16(252, spec.qform?.code ?? 0, le)
  view.setInt16(254, spec.sform?.code ?? 0, le)
  floats(256, [...(spec.qform?.bcd ?? []), ...(spec.qform?.offset ?? [])])
  floats(280, spec.sform?.rows ?? [])
  text(view, 344, spec.magic ?? 'n+1\0')
}

function header2(view: DataView, spec: FileSpec, offset: number): void {
  const le = spec.littleEndian ?? true
  const doubles = (at: number, values: readonly number[]) => {
    for (const [i, x] of values.entries()) view.setFloat64(at + 8 * i, x, le)
  }
  view.setInt32(0, 540, le)
  text(view, 4, spec.magic ?? 'n+2\0\r\n\x1a\n')
  view.setInt16(12, spec.datatype ?? 4, le)
  view.setInt16(14, 8 * (TYPES[spec.datatype ?? 4]?.bytes ?? 0), le)
  view.setBigInt64(16, BigInt(spec.rank ?? spec.dim.length), le)
  for (const [i, n] of spec.dim.entries()) view.setBigInt64(24 + 8 * i, BigInt(n), le)
  doubles(104, spec.pixdim ?? [1, 1, 1, 1, 0, 0, 0, 0])
  view.setBigInt64(168, BigInt(offset), le)
  doubles(176, [spec.slope ?? 1, spec.intercept ?? 0])
  view.setInt32(344, spec.qform?.code ?? 0, le)
  view.setInt32(348, spec.sform?.code ?? 0, le)
  doubles(352, [...(spec.qform?.bcd ?? []), ...(spec.qform?.offset ?? [])])
  doubles(400, spec.sform?.rows ?? [])
  view.setInt32(500, spec.units ?? 10, le)
}

function text(view: DataView, at: number, letters: string): void {
  for (let i = 0; i < letters.length; i++) view.setUint8(at + i, letters.charCodeAt(i))
}

/** The bytes as a gzip file of several members, cut at the given places. */
export function gzipMembers(bytes: Uint8Array, cuts: readonly number[], level = 6): Uint8Array {
  const ends = [...cuts.map(cut => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
  return Buffer.concat(ends.map((end, i) => gzipSync(bytes.subarray(ends[i - 1] ?? 0, end), { level })))
}

/** A folder that is gone when the tests of the file are done; its function writes a file there and gives the path. */
export function temporaryFolder(): (name: string, bytes: Uint8Array) => string {
  const folder = mkdtempSync(join(tmpdir(), 'nifti-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return (name, bytes) => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    return path
  }
}
