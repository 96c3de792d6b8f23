/**
 * The NIfTI header as a table: offset [bytes], type and count of each field, named as in nifti1.h and nifti2.h. Reader,
 * writer and byte swap share it, so a review against the standard is one look down the columns.
 */
type FieldType = 'uint8' | 'int16' | 'int32' | 'int64' | 'float32' | 'float64'

type Field = readonly [offset: number, type: FieldType, count: number]

/** The fields that both versions have, those of the Analyze era left out. */
export type FieldName = keyof typeof NIFTI1 & keyof typeof NIFTI2

const NIFTI1 = {
  sizeof_hdr: [0, 'int32', 1],
  dim_info: [39, 'uint8', 1],
  dim: [40, 'int16', 8],
  intent_p1: [56, 'float32', 1],
  intent_p2: [60, 'float32', 1],
  intent_p3: [64, 'float32', 1],
  intent_code: [68, 'int16', 1],
  datatype: [70, 'int16', 1],
  bitpix: [72, 'int16', 1],
  slice_start: [74, 'int16', 1],
  pixdim: [76, 'float32', 8],
  vox_offset: [108, 'float32', 1],
  scl_slope: [112, 'float32', 1],
  scl_inter: [116, 'float32', 1],
  slice_end: [120, 'int16', 1],
  slice_code: [122, 'uint8', 1],
  xyzt_units: [123, 'uint8', 1],
  cal_max: [124, 'float32', 1],
  cal_min: [128, 'float32', 1],
  slice_duration: [132, 'float32', 1],
  toffset: [136, 'float32', 1],
  descrip: [148, 'uint8', 80],
  aux_file: [228, 'uint8', 24],
  qform_code: [252, 'int16', 1],
  sform_code: [254, 'int16', 1],
  quatern_b: [256, 'float32', 1],
  quatern_c: [260, 'float32', 1],
  quatern_d: [264, 'float32', 1],
  qoffset_x: [268, 'float32', 1],
  qoffset_y: [272, 'float32', 1],
  qoffset_z: [276, 'float32', 1],
  srow_x: [280, 'float32', 4],
  srow_y: [296, 'float32', 4],
  srow_z: [312, 'float32', 4],
  intent_name: [328, 'uint8', 16],
  magic: [344, 'uint8', 4],
  // Unused since Analyze; in the table because a byte swap must not forget them.
  extents: [32, 'int32', 1],
  session_error: [36, 'int16', 1],
  glmax: [140, 'int32', 1],
  glmin: [144, 'int32', 1],
} as const satisfies Record<string, Field>

const NIFTI2 = {
  sizeof_hdr: [0, 'int32', 1],
  magic: [4, 'uint8', 8],
  datatype: [12, 'int16', 1],
  bitpix: [14, 'int16', 1],
  dim: [16, 'int64', 8],
  intent_p1: [80, 'float64', 1],
  intent_p2: [88, 'float64', 1],
  intent_p3: [96, 'float64', 1],
  pixdim: [104, 'float64', 8],
  vox_offset: [168, 'int64', 1],
  scl_slope: [176, 'float64', 1],
  scl_inter: [184, 'float64', 1],
  cal_max: [192, 'float64', 1],
  cal_min: [200, 'float64', 1],
  slice_duration: [208, 'float64', 1],
  toffset: [216, 'float64', 1],
  slice_start: [224, 'int64', 1],
  slice_end: [232, 'int64', 1],
  descrip: [240, 'uint8', 80],
  aux_file: [320, 'uint8', 24],
  qform_code: [344, 'int32', 1],
  sform_code: [348, 'int32', 1],
  quatern_b: [352, 'float64', 1],
  quatern_c: [360, 'float64', 1],
  quatern_d: [368, 'float64', 1],
  qoffset_x: [376, 'float64', 1],
  qoffset_y: [384, 'float64', 1],
  qoffset_z: [392, 'float64', 1],
  srow_x: [400, 'float64', 4],
  srow_y: [432, 'float64', 4],
  srow_z: [464, 'float64', 4],
  slice_code: [496, 'int32', 1],
  xyzt_units: [500, 'int32', 1],
  intent_code: [504, 'int32', 1],
  intent_name: [508, 'uint8', 16],
  dim_info: [524, 'uint8', 1],
} as const satisfies Record<string, Field>

const BYTES: Readonly<Record<FieldType, number>> = { uint8: 1, int16: 2, int32: 4, int64: 8, float32: 4, float64: 8 }

/** A header whose version and byte order are known. */
export interface RawHeader {
  readonly version: 1 | 2
  readonly littleEndian: boolean
  /** 348 or 540 bytes. */
  readonly bytes: Uint8Array
}

/** Length of the header of a version [bytes]. */
export function headerLength(version: 1 | 2): number {
  return version === 1 ? 348 : 540
}

/** An empty little-endian header: all zero but its length and the magic of a single file. */
export function emptyHeader(version: 1 | 2): RawHeader {
  const header: RawHeader = { version, littleEndian: true, bytes: new Uint8Array(headerLength(version)) }
  setField(header, 'sizeof_hdr', [headerLength(version)])
  setField(header, 'magic', magicOf(version))
  return header
}

/** The magic of a single file of a version: `n+1\0`, or `n+2\0\r\n\x1a\n`, which a transfer in text mode would break. */
export function magicOf(version: 1 | 2): readonly number[] {
  return version === 1 ? [0x6e, 0x2b, 0x31, 0] : [0x6e, 0x2b, 0x32, 0, 0x0d, 0x0a, 0x1a, 0x0a]
}

/** The numbers of a field. 64-bit integers beyond 2^53 come out rounded: no true dimension or offset is that large. */
export function fieldOf(header: RawHeader, name: FieldName): number[] {
  const [offset, type, count] = layout(header.version, name)
  const view = viewOf(header.bytes)
  return Array.from({ length: count }, (_, i) => read(view, offset + i * BYTES[type], type, header.littleEndian))
}

/** The first (mostly the only) number of a field. */
export function numberOf(header: RawHeader, name: FieldName): number {
  return fieldOf(header, name)[0] ?? 0
}

/** Write the numbers of a field, from its first; those not given stay as they are. Integers must be integers. */
export function setField(header: RawHeader, name: FieldName, values: readonly number[]): void {
  const [offset, type, count] = layout(header.version, name)
  const view = viewOf(header.bytes)
  for (let i = 0; i < Math.min(count, values.length); i++)
    write(view, offset + i * BYTES[type], type, values[i]!, header.littleEndian)
}

/** Copy a field (its first `count` numbers): bit for bit between headers of one version, by value else. Both little-endian. */
export function copyField(from: RawHeader, to: RawHeader, name: FieldName, count?: number): void {
  const [offset, type, all] = layout(from.version, name)
  if (from.version !== to.version) setField(to, name, fieldOf(from, name).slice(0, count))
  else to.bytes.set(from.bytes.subarray(offset, offset + (count ?? all) * BYTES[type]), offset)
}

/** A little-endian copy of a header. */
export function littleEndianCopy(header: RawHeader): RawHeader {
  // Not slice, which gives a view where the bytes are a Node buffer.
  const bytes = new Uint8Array(header.bytes)
  if (!header.littleEndian)
    for (const [offset, type, count] of Object.values<Field>(header.version === 1 ? NIFTI1 : NIFTI2))
      for (let i = 0; i < count; i++) bytes.subarray(offset + i * BYTES[type], offset + (i + 1) * BYTES[type]).reverse()
  return { version: header.version, littleEndian: true, bytes }
}

function layout(version: 1 | 2, name: FieldName): Field {
  return version === 1 ? NIFTI1[name] : NIFTI2[name]
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function read(view: DataView, at: number, type: FieldType, little: boolean): number {
  if (type === 'uint8') return view.getUint8(at)
  if (type === 'int16') return view.getInt16(at, little)
  if (type === 'int32') return view.getInt32(at, little)
  if (type === 'float32') return view.getFloat32(at, little)
  if (type === 'float64') return view.getFloat64(at, little)
  return Number(view.getBigInt64(at, little))
}

function write(view: DataView, at: number, type: FieldType, value: number, little: boolean): void {
  if (type === 'uint8') view.setUint8(at, value)
  else if (type === 'int16') view.setInt16(at, value, little)
  else if (type === 'int32') view.setInt32(at, value, little)
  else if (type === 'float32') view.setFloat32(at, value, little)
  else if (type === 'float64') view.setFloat64(at, value, little)
  else view.setBigInt64(at, BigInt(value), little)
}
