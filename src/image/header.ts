import type { Grid } from './volume.ts'

/** What is known of an image before its voxels are read. Plain JSON. */
export interface ImageHeader {
  readonly version: 1 | 2
  readonly littleEndian: boolean
  readonly grid: Grid
  /** Number of volumes (the product of the fourth and higher dimensions). */
  readonly frames: number
  /** NIfTI datatype code. */
  readonly datatype: number
  /** Bytes of one stored value. */
  readonly bytesPerVoxel: number
  readonly slope: number
  readonly intercept: number
  /** Where the voxels begin in the (uncompressed) file [bytes]. */
  readonly dataOffset: number
  /** Spacing of the volumes [s], converted from the unit that the header states; null where it states none or 0. */
  readonly frameSpacing: number | null
  /** Whether qform or sform says how the voxels lie in scanner space. */
  readonly oriented: boolean
}
