import { gzipSync } from 'node:zlib'
import { type Grid, voxelSize } from '../image/volume.ts'
import { determinant, quaternionOf } from './affine.ts'
import { copyField, emptyHeader, type FieldName, headerLength, numberOf, type RawHeader, setField } from './fields.ts'

/** An image to be written. */
export interface ImageSpec {
  /** NIfTI header, little-endian, 348 or 540 bytes, whose geometry is copied bit for bit. */
  readonly header: Uint8Array
  /** Voxels along i, j, k. */
  readonly shape: readonly [number, number, number]
  /** Volumes; 1 for a single image. */
  readonly frames: number
  /** Values, i fastest, then j, k, frame, shape (nVoxel × frames); stored as they are, without slope. */
  readonly data: Float32Array | Uint8Array | Int16Array | Int32Array
  /** Spacing of the volumes [s]; none where absent. */
  readonly frameSpacing?: number
  /** What the image is; printable ASCII, at most 79 characters. No date, no host. */
  readonly description: string
  /** Display window for viewers, in the unit of the data; none where absent. */
  readonly window?: readonly [number, number]
  /** Whether the values are labels or estimates of a parameter; not stated where absent. */
  readonly intent?: 'label' | 'estimate'
}

/** What a map inherits from the image it was computed from; the first four numbers of pixdim are qfac and voxel size. */
const GEOMETRY: readonly (readonly [name: FieldName, count?: number])[] = [
  ['dim_info'],
  ['pixdim', 4],
  ['qform_code'],
  ['sform_code'],
  ['quatern_b'],
  ['quatern_c'],
  ['quatern_d'],
  ['qoffset_x'],
  ['qoffset_y'],
  ['qoffset_z'],
  ['srow_x'],
  ['srow_y'],
  ['srow_z'],
]

const INTENTS = { estimate: 1001, label: 1002 } as const

/**
 * The bytes of a .nii.gz file: NIfTI-1, or NIfTI-2 where a dimension is above 32767.
 *
 * @remarks
 * Geometry (both codes, quaternion, offsets, rows, voxel size, spatial unit) is that of `header`, bit for bit where the
 * version stays, to the nearest number where it changes; all else is written anew. A source that states no spatial unit
 * was read as mm and is written so. NaN is written with one bit pattern, so equal values give equal bytes on every
 * machine, and gzip carries no time. Level 1 for floats and series: measured 3 times as fast as level 6 for files less
 * than 1 % larger, because the noise of measured values does not compress; level 6 for masks and labels, which do.
 * **Limits:** 4 GiB before compression on Node 20.
 *
 * @throws RangeError where the length of `data` is not that of the shape, or the description is too long or not ASCII.
 */
export function encodeImage(spec: ImageSpec): Uint8Array {
  const header = headerOf(spec)
  const offset = header.bytes.length + 4
  const file = new Uint8Array(offset + spec.data.byteLength)
  file.set(header.bytes)
  file.set(new Uint8Array(spec.data.buffer, spec.data.byteOffset, spec.data.byteLength), offset)
  if (spec.data instanceof Float32Array) unifyNaN(new Uint32Array(file.buffer, offset), spec.data)
  const level = spec.data instanceof Float32Array || spec.frames > 1 ? 1 : 6
  return gzipSync(file, { level, chunkSize: 1 << 20 })
}

/**
 * A header for an image made from nothing: its grid as sform and, where the axes are orthogonal, as qform, in mm and s.
 *
 * @remarks
 * NIfTI-1; **Limits:** float32, so the affine of a written image differs from the given one by up to 6e-8 of its numbers.
 *
 * @param grid - shape and affine [mm]; an affine with shear gets no qform, which could not express it
 */
export function blankHeader(grid: Grid): Uint8Array {
  const header = emptyHeader(1)
  const size = voxelSize(grid)
  const a = grid.affine
  const handed = determinant(a) < 0 ? -1 : 1
  // The quaternion is of a proper rotation: a left-handed grid turns its third axis round, and qfac says so.
  const scale = [size[0], size[1], size[2] * handed]
  const rotation = [0, 1, 2].flatMap(row => [0, 1, 2].map(column => a[4 * row + column]! / scale[column]!))
  const [b, c, d] = quaternionOf(rotation)
  setField(header, 'dim', [3, ...grid.shape, 1, 1, 1, 1])
  setField(header, 'pixdim', [handed, ...size])
  setField(header, 'xyzt_units', [2 | 8])
  setField(header, 'qform_code', [isOrthogonal(rotation) ? 1 : 0])
  setField(header, 'sform_code', [1])
  setField(header, 'quatern_b', [b])
  setField(header, 'quatern_c', [c])
  setField(header, 'quatern_d', [d])
  for (const [row, axis] of (['x', 'y', 'z'] as const).entries()) {
    setField(header, `qoffset_${axis}`, [a[4 * row + 3]!])
    setField(header, `srow_${axis}`, a.slice(4 * row, 4 * row + 4))
  }
  return header.bytes
}

function headerOf(spec: ImageSpec): RawHeader {
  const { shape, frames, data, description } = spec
  if (data.length !== shape[0] * shape[1] * shape[2] * frames)
    throw new RangeError(`${data.length} values for ${shape.join(' × ')} voxels × ${frames} volumes`)
  if (!/^[\x20-\x7e]{0,79}$/.test(description))
    throw new RangeError(`description "${description}" is not 0 to 79 ASCII characters`)
  const source = sourceOf(spec.header)
  const header = emptyHeader(Math.max(...shape, frames) > 32767 ? 2 : 1)
  const [datatype, bitpix] = storedAs(data)
  const series = frames > 1
  // A single image has no spacing in time, whatever the series had that it was computed from.
  setField(header, 'pixdim', [0, 0, 0, 0, series ? (spec.frameSpacing ?? 0) : 0])
  for (const [name, count] of GEOMETRY) copyField(source, header, name, count)
  setField(header, 'dim', [series ? 4 : 3, ...shape, frames, 1, 1, 1])
  setField(header, 'datatype', [datatype])
  setField(header, 'bitpix', [bitpix])
  setField(header, 'vox_offset', [headerLength(header.version) + 4])
  setField(header, 'scl_slope', [1])
  setField(header, 'xyzt_units', [(numberOf(source, 'xyzt_units') & 7 || 2) | (series ? 8 : 0)])
  setField(header, 'descrip', [...Buffer.from(description, 'latin1')])
  if (spec.window) {
    setField(header, 'cal_min', [spec.window[0]])
    setField(header, 'cal_max', [spec.window[1]])
  }
  if (spec.intent) setField(header, 'intent_code', [INTENTS[spec.intent]])
  return header
}

function sourceOf(bytes: Uint8Array): RawHeader {
  const version = bytes.length === headerLength(1) ? 1 : 2
  const source: RawHeader = { version, littleEndian: true, bytes }
  if (bytes.length !== headerLength(version) || numberOf(source, 'sizeof_hdr') !== bytes.length)
    throw new RangeError(`a header of ${bytes.length} bytes is not a little-endian NIfTI header`)
  return source
}

function storedAs(data: ImageSpec['data']): [datatype: number, bitpix: number] {
  if (data instanceof Uint8Array) return [2, 8]
  if (data instanceof Int16Array) return [4, 16]
  if (data instanceof Int32Array) return [8, 32]
  return [16, 32]
}

// The sign and payload of a computed NaN depend on the processor and on how the engine compiled the code.
function unifyNaN(bits: Uint32Array, values: Float32Array): void {
  for (let v = 0; v < values.length; v++) if (Number.isNaN(values[v])) bits[v] = 0x7fc00000
}

function isOrthogonal(rotation: readonly number[]): boolean {
  const dot = (p: number, q: number) => [0, 3, 6].reduce((sum, row) => sum + rotation[row + p]! * rotation[row + q]!, 0)
  return [dot(0, 1), dot(0, 2), dot(1, 2)].every(cosine => Math.abs(cosine) < 1e-4)
}
