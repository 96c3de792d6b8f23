/**
 * NIfTI files: bytes ⇄ {@link Volume}. Behind this door, no one needs to know the format.
 *
 * Headers are read without inflating the file, voxels are streamed into one array, outputs copy the geometry of their
 * source bit for bit. What cannot be read is refused with a sentence.
 */
export { readHeader, readSoundHeader, readVolume } from './read.ts'
export { blankHeader, encodeImage, type ImageSpec } from './write.ts'
