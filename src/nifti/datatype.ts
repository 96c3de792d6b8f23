import type { VoxelArray } from '../image/volume.ts'

/** How one real voxel type is stored: its name, its bytes, and the array that holds it. */
export interface Datatype {
  readonly name: string
  readonly bytes: 1 | 2 | 4 | 8
  /** The array of `n` voxels that begins at a byte of a buffer. */
  readonly array: (buffer: ArrayBuffer, from: number, n: number) => VoxelArray
  /** Stored as 64-bit integers: read as bits into a float64 array of the same bytes, then converted in place. */
  readonly integer64?: 'signed' | 'unsigned'
}

/** The voxel types that are real numbers, by NIfTI code. */
export const DATATYPES: ReadonlyMap<number, Datatype> = new Map<number, Datatype>([
  [2, { name: 'uint8', bytes: 1, array: (buffer, from, n) => new Uint8Array(buffer, from, n) }],
  [4, { name: 'int16', bytes: 2, array: (buffer, from, n) => new Int16Array(buffer, from, n) }],
  [8, { name: 'int32', bytes: 4, array: (buffer, from, n) => new Int32Array(buffer, from, n) }],
  [16, { name: 'float32', bytes: 4, array: (buffer, from, n) => new Float32Array(buffer, from, n) }],
  [64, { name: 'float64', bytes: 8, array: (buffer, from, n) => new Float64Array(buffer, from, n) }],
  [256, { name: 'int8', bytes: 1, array: (buffer, from, n) => new Int8Array(buffer, from, n) }],
  [512, { name: 'uint16', bytes: 2, array: (buffer, from, n) => new Uint16Array(buffer, from, n) }],
  [768, { name: 'uint32', bytes: 4, array: (buffer, from, n) => new Uint32Array(buffer, from, n) }],
  [
    1024,
    { name: 'int64', bytes: 8, array: (buffer, from, n) => new Float64Array(buffer, from, n), integer64: 'signed' },
  ],
  [
    1280,
    { name: 'uint64', bytes: 8, array: (buffer, from, n) => new Float64Array(buffer, from, n), integer64: 'unsigned' },
  ],
])

const REFUSED: ReadonlyMap<number, string> = new Map([
  [0, 'unknown'],
  [1, 'one bit a voxel'],
  [32, 'complex64'],
  [128, 'RGB24'],
  [1536, 'float128'],
  [1792, 'complex128'],
  [2048, 'complex256'],
  [2304, 'RGBA32'],
])

/** The standard's name of a voxel type that is not read, for messages; `not in the standard` for any other code. */
export function refusedDatatype(code: number): string {
  return REFUSED.get(code) ?? 'not in the standard'
}

/**
 * Turn 64-bit integers, whose bits lie in a float64 array, into their values, in place.
 *
 * @remarks
 * high · 2³² is exact and the sum rounds once: the result is the float64 nearest to the integer, as `Number(bigint)`
 * gives, without a BigInt a voxel. **Limits:** integers beyond 2⁵³ are rounded.
 *
 * @param data - little-endian bits in, values out, shape (nVoxel × frames)
 */
export function convertInteger64(data: Float64Array, sign: 'signed' | 'unsigned'): void {
  const low = new Uint32Array(data.buffer, data.byteOffset, 2 * data.length)
  const high = sign === 'signed' ? new Int32Array(data.buffer, data.byteOffset, 2 * data.length) : low
  for (let v = 0; v < data.length; v++) data[v] = high[2 * v + 1]! * 4294967296 + low[2 * v]!
}

/**
 * Physical values as float32, in the buffer at whose end the stored ones lie, which they fill.
 *
 * @param data - integers of 8 or 16 bits, shape (nVoxel × frames), at the end of a buffer of four bytes each
 * @param slope - physical value = slope · stored + intercept
 * @param intercept - see `slope`
 */
export function widened(data: VoxelArray, slope: number, intercept: number): Float32Array {
  const out = new Float32Array(data.buffer as ArrayBuffer, 0, data.length)
  // From the front: what is written ends before the first value that is still to be read.
  for (let v = 0; v < data.length; v++) out[v] = slope * data[v]! + intercept
  return out
}

const SLAB = 1 << 26

/** Reverse the bytes of every value, in place, in slabs: Node's buffers end at 4 GiB, arrays of voxels need not. */
export function swapBytes(data: VoxelArray): void {
  const width = data.BYTES_PER_ELEMENT
  if (width === 1) return
  for (let at = 0; at < data.byteLength; at += SLAB) {
    const slab = Buffer.from(data.buffer, data.byteOffset + at, Math.min(SLAB, data.byteLength - at))
    if (width === 2) slab.swap16()
    else if (width === 4) slab.swap32()
    else slab.swap64()
  }
}
