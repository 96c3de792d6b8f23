import type { ImageHeader } from '../image/header.ts'
import { bad, type Checked, good, problem } from '../problems.ts'
import { placementOf, unitsPerSecond } from './affine.ts'
import { DATATYPES, refusedDatatype } from './datatype.ts'
import { fieldOf, headerLength, littleEndianCopy, magicOf, numberOf, type RawHeader } from './fields.ts'

/** A header understood, and its bytes in little-endian order. */
export interface DecodedHeader {
  readonly header: ImageHeader
  readonly bytes: Uint8Array
}

/**
 * What the first bytes of an (uncompressed) NIfTI file say.
 *
 * @remarks
 * Fails with `NIFTI_HEADER` where they are no header of a single-file NIfTI-1 or -2, `NIFTI_DATATYPE` where the voxels are
 * not real numbers and `NIFTI_DIMENSIONS` where the dimensions are impossible; adds `NIFTI_NO_ORIENTATION` where neither
 * qform nor sform can be used.
 *
 * @param head - the first 540 bytes of the file, or all it has
 * @param name - the file as messages name it
 */
export function decodeHeader(head: Uint8Array, name: string): Checked<DecodedHeader> {
  const found = recognise(head)
  if (typeof found === 'string') return bad(problem('NIFTI_HEADER', `${name}: ${found}`, { file: name }))
  const code = numberOf(found, 'datatype')
  const datatype = DATATYPES.get(code)
  if (!datatype) {
    const says = `${name}: datatype is ${code} (${refusedDatatype(code)}), not a real number; convert it to int16 or float32.`
    return bad(problem('NIFTI_DATATYPE', says, { file: name, field: 'datatype' }))
  }
  const size = sizeOf(found, datatype.bytes)
  if (typeof size === 'string')
    return bad(problem('NIFTI_DIMENSIONS', `${name}: ${size}`, { file: name, field: 'dim' }))
  const dataOffset = numberOf(found, 'vox_offset')
  const least = headerLength(found.version) + 4
  if (!Number.isSafeInteger(dataOffset) || dataOffset < least) {
    const says = `${name}: vox_offset is ${dataOffset}, the voxels cannot begin before byte ${least}; convert it again.`
    return bad(problem('NIFTI_HEADER', says, { file: name, field: 'vox_offset' }))
  }
  const { affine, oriented } = placementOf(found)
  const header: ImageHeader = {
    version: found.version,
    littleEndian: found.littleEndian,
    grid: { shape: size.shape, affine },
    frames: size.frames,
    datatype: code,
    bytesPerVoxel: datatype.bytes,
    ...scalingOf(found),
    dataOffset,
    frameSpacing: frameSpacingOf(found),
    oriented,
  }
  const says = `${name}: neither sform_code nor qform_code gives a usable orientation, left and right are not known; set one from the scanner's own images.`
  const problems = oriented ? [] : [problem('NIFTI_NO_ORIENTATION', says, { file: name, field: 'sform_code' })]
  return good({ header, bytes: littleEndianCopy(found).bytes }, problems)
}

/** The header with its version and byte order, or the end of a sentence that says why there is none. */
function recognise(head: Uint8Array): RawHeader | string {
  if (head.length === 0) return 'the file is empty (0 bytes); copy it again.'
  if (head.length < headerLength(1))
    return `the file holds ${head.length} bytes, less than a NIfTI header of ${headerLength(1)}; copy or convert it again.`
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  for (const version of [1, 2] as const) {
    const length = headerLength(version)
    for (const littleEndian of [true, false]) {
      if (view.getInt32(0, littleEndian) !== length) continue
      if (head.length < length)
        return `the file ends within its header, at byte ${head.length} of ${length}; copy it again.`
      const header = { version, littleEndian, bytes: head.subarray(0, length) }
      const magic = fieldOf(header, 'magic')
      if (magicOf(version).every((byte, i) => byte === magic[i])) return header
      return magicSentence(magic)
    }
  }
  return `sizeof_hdr is ${view.getInt32(0, true)}, not 348 or 540; this is not a NIfTI file, convert it with dcm2niix.`
}

function magicSentence(magic: readonly number[]): string {
  const text = String.fromCharCode(...magic.filter(byte => byte >= 32 && byte < 127))
  return text.startsWith('ni')
    ? `magic is "${text}", a header whose voxels lie in an .img file; join the two into one .nii.gz.`
    : `magic is "${text}", not "n+1" or "n+2"; an Analyze file or a damaged one, convert it again.`
}

/** The voxels along each axis and the volumes, or the end of a sentence. */
function sizeOf(header: RawHeader, bytes: number) {
  const dim = fieldOf(header, 'dim')
  const rank = dim[0]!
  if (rank < 1 || rank > 7) return `dim[0] is ${rank}, not 1 to 7; convert it again.`
  let total = bytes
  const sizes = [1, 1, 1, 1, 1, 1, 1]
  for (let axis = 1; axis <= rank; axis++) {
    const size = dim[axis]!
    if (size < 1) return `dim[${axis}] is ${size}, an image has at least 1; convert it again.`
    sizes[axis - 1] = size
    total *= size
    if (!Number.isSafeInteger(total))
      return `dim is ${dim.slice(1, rank + 1).join(' × ')}, more than any machine holds; convert it again.`
  }
  const shape: readonly [number, number, number] = [sizes[0]!, sizes[1]!, sizes[2]!]
  return { shape, frames: sizes.slice(3).reduce((product, size) => product * size, 1) }
}

// 0 and NaN both stand for "no scaling" in the wild (FSL and nibabel), and then the intercept means nothing.
function scalingOf(header: RawHeader): { slope: number; intercept: number } {
  const slope = numberOf(header, 'scl_slope')
  const intercept = numberOf(header, 'scl_inter')
  if (!Number.isFinite(slope) || slope === 0) return { slope: 1, intercept: 0 }
  return { slope, intercept: Number.isFinite(intercept) ? intercept : 0 }
}

function frameSpacingOf(header: RawHeader): number | null {
  const unit = unitsPerSecond(numberOf(header, 'xyzt_units'))
  const spacing = fieldOf(header, 'pixdim')[4]!
  return unit !== null && Number.isFinite(spacing) && spacing > 0 ? spacing / unit : null
}
