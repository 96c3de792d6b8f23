import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { constants, createGunzip, gunzipSync } from 'node:zlib'
import { annexKeyOf, exists, fileFacts, isDangling, readChunks, readHead } from '../bids/disk.ts'
import type { ImageHeader } from '../image/header.ts'
import type { Volume, VoxelArray } from '../image/volume.ts'
import { bad, type Checked, good, type Problem, problem } from '../problems.ts'
import { convertInteger64, DATATYPES, swapBytes, widened } from './datatype.ts'
import { type DecodedHeader, decodeHeader } from './header.ts'

/** Deflate packs at most 1032 bytes into one: a file that promises more than this times its size lies. */
const LARGEST_RATIO = 1100

/** Compressed bytes read for a header: nearly always the first are enough; a gzip header may carry a long file name. */
const HEAD_SIZES = [4096, 65536]

/**
 * Header of an image, its voxels unread: .nii or .nii.gz (told by content, not by name), NIfTI-1 or -2, either byte order.
 *
 * @remarks
 * Reads at most 64 kB and never inflates the file. Fails with `FILE_NOT_FETCHED`, `FILE_MISSING` or `FILE_UNREADABLE` where
 * there is nothing to read, `NIFTI_CORRUPT` where the compressed stream is damaged within its beginning, and as
 * `NIFTI_HEADER`, `NIFTI_DATATYPE`, `NIFTI_DIMENSIONS` say where the header is none of an image series. The warning
 * `NIFTI_NO_ORIENTATION` comes with the header of an image whose left and right are not known.
 *
 * @param path - where the file lies
 * @param name - the file as messages name it, relative to its dataset
 */
export function readHeader(path: string, name: string = basename(path)): Checked<ImageHeader> {
  const opened = open(path, name)
  return opened.ok ? good(opened.value.header, opened.problems) : opened
}

/**
 * The header of an image whose voxels will be read: as {@link readHeader}, and `NIFTI_SIZE` where it promises more than a
 * file of that size can hold.
 */
export function readSoundHeader(path: string, name: string = basename(path)): Checked<ImageHeader> {
  const opened = open(path, name)
  if (!opened.ok) return opened
  const lie = overpromise({ ...opened.value, path, name })
  return lie ? bad(lie) : good(opened.value.header, opened.problems)
}

/**
 * An image series, streamed straight into one array of the type that the file stores (64-bit integers as float64).
 *
 * @remarks
 * All gzip members are read and their check sums verified. **Refuses**, beside what {@link readHeader} refuses, before it
 * allocates: dimensions that promise more than the file can hold (`NIFTI_SIZE`) or than memory (`NIFTI_TOO_LARGE`); and
 * while it reads: a stream that is cut off or damaged (`NIFTI_CORRUPT`), fewer voxels than promised, or a whole volume
 * more (`NIFTI_SIZE`; less than a volume more is padding and is let be). **Costs** the size of the array and some 100 MB.
 *
 * @param path - where the file lies
 * @param name - the file as messages name it, relative to its dataset
 * @param options - `memoryLimit`: most that the array may take [bytes]; no limit where absent, but what one array can be.
 *   `asFloat`: integers of 8 and 16 bits become physical values of float32, with at no moment more memory than these take
 */
export async function readVolume(
  path: string,
  name: string = basename(path),
  options: { readonly memoryLimit?: number; readonly asFloat?: boolean } = {},
): Promise<Checked<Volume>> {
  const opened = open(path, name)
  if (!opened.ok) return opened
  const file: VoxelFile = { ...opened.value, path, name }
  const limit = options.memoryLimit ?? Number.POSITIVE_INFINITY
  const isSmall = options.asFloat === true && opened.value.header.bytesPerVoxel < Float32Array.BYTES_PER_ELEMENT
  const data = allocate(file, limit, isSmall)
  if ('code' in data) return bad(data)
  const refusal = await fill(data, file)
  if (refusal) return bad(refusal)
  const { header, bytes } = file
  // Arrays have the byte order of the machine: little-endian wherever this program runs.
  if (!header.littleEndian) swapBytes(data)
  const sign = DATATYPES.get(header.datatype)?.integer64
  if (sign && data instanceof Float64Array) convertInteger64(data, sign)
  const { grid, frames, slope, intercept } = header
  const stored = isSmall
    ? { data: widened(data, slope, intercept), slope: 1, intercept: 0 }
    : { data, slope, intercept }
  return good({ grid, frames, ...stored, header: bytes }, opened.problems)
}

interface OpenedFile extends DecodedHeader {
  readonly compressed: boolean
  /** As it lies on the disk [bytes]. */
  readonly size: number
}

interface VoxelFile extends OpenedFile {
  readonly path: string
  readonly name: string
}

function open(path: string, name: string): Checked<OpenedFile> {
  try {
    const facts = fileFacts(path)
    if (!facts) return bad(absence(path, name))
    let head: Uint8Array = new Uint8Array()
    let compressed = false
    for (const size of HEAD_SIZES) {
      const bytes = readHead(path, size)
      compressed = bytes[0] === 0x1f && bytes[1] === 0x8b
      head = compressed ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }) : bytes
      if (head.length >= 540 || bytes.length === facts.size) break
    }
    const decoded = decodeHeader(head, name)
    return decoded.ok ? good({ ...decoded.value, compressed, size: facts.size }, decoded.problems) : decoded
  } catch (error) {
    return bad(trouble(error, name, ''))
  }
}

function absence(path: string, name: string): Problem {
  if (isDangling(path)) {
    const key = annexKeyOf(path)
    const says = `${name}: the content is not on this machine${key ? ` (git-annex key ${key})` : ''}; fetch it with \`datalad get\`.`
    return problem('FILE_NOT_FETCHED', says, { file: name })
  }
  if (exists(path))
    return problem('FILE_UNREADABLE', `${name}: is not a file; an image is expected there.`, { file: name })
  return problem('FILE_MISSING', `${name}: there is no such file; check the path.`, { file: name })
}

/** A problem for what zlib or the system threw; anything else is a bug and goes on. */
function trouble(error: unknown, name: string, where: string): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const corrupt = (says: string) =>
    problem('NIFTI_CORRUPT', `${name}: the gzip stream is ${says}; copy or convert it again.`, { file: name })
  if (code === 'Z_BUF_ERROR') return corrupt(`cut off${where}`)
  if (code.startsWith('Z_') && error instanceof Error) return corrupt(`damaged${where} (${error.message})`)
  if (!/^E[A-Z0-9]+$/.test(code)) throw error
  return problem('FILE_UNREADABLE', `${name}: cannot be read (${code}); check its permissions and the disk.`, {
    file: name,
  })
}

/** The problem of a header that promises more than a file of its size can hold. */
function overpromise(file: VoxelFile): Problem | null {
  const { header, size } = file
  const room = file.compressed ? size * LARGEST_RATIO : size - header.dataOffset
  if (promisedBytes(header) <= room) return null
  const holds = file.compressed ? `a compressed file of ${size} bytes cannot hold that` : held(file, Math.max(0, room))
  return sizeProblem(file, `${promise(file)}, ${holds}; copy or convert it again.`)
}

/** The array that takes the voxels, or why there can be none. To be widened, it is the end of a buffer that float32 fill. */
function allocate(file: VoxelFile, memoryLimit: number, isSmall: boolean): VoxelArray | Problem {
  const { header } = file
  const promised = promisedBytes(header)
  const voxels = promised / header.bytesPerVoxel
  const needed = isSmall ? voxels * Float32Array.BYTES_PER_ELEMENT : promised
  const lie = overpromise(file)
  if (lie) return lie
  const tooLarge = (says: string) => {
    const message = `${file.name}: ${promise(file)}, ${says}; use a machine with more memory or split the series.`
    return problem('NIFTI_TOO_LARGE', message, { file: file.name, field: 'dim' })
  }
  if (needed > memoryLimit) return tooLarge(`more than the ${Math.floor(memoryLimit)} bytes of memory to be had`)
  try {
    return DATATYPES.get(header.datatype)!.array(new ArrayBuffer(needed), needed - promised, voxels)
  } catch (error) {
    if (error instanceof RangeError) return tooLarge('more than one array can take here')
    throw error
  }
}

/** Read the voxels into the array; a problem where the file does not hold what it should. */
async function fill(data: VoxelArray, file: VoxelFile): Promise<Problem | null> {
  const promised = data.byteLength
  // From here on the file holds a volume more than it promises, and perhaps a thousand: no need to know.
  const tooMuch = promised + promised / file.header.frames
  let at = -file.header.dataOffset
  try {
    await stream(file, chunk => {
      const from = Math.min(chunk.length, Math.max(0, -at))
      const start = at + from
      const count = Math.min(chunk.length - from, promised - start)
      // One view a chunk: on Node 20 a view of all bytes would end at 4 GiB.
      if (count > 0) new Uint8Array(data.buffer, data.byteOffset + start, count).set(chunk.subarray(from, from + count))
      at += chunk.length
      return at < tooMuch
    })
  } catch (error) {
    return trouble(error, file.name, ` after about ${amount(file, Math.max(0, Math.min(at, promised)))}`)
  }
  if (at >= tooMuch) return sizeProblem(file, `${promise(file)}, the file holds more; correct dim or convert it again.`)
  if (at >= promised) return null
  return sizeProblem(file, `${promise(file)}, ${held(file, Math.max(0, at))}; copy or convert it again.`)
}

/** Hand the uncompressed bytes to `take`, in order, until it has had enough. */
async function stream(file: VoxelFile, take: (chunk: Uint8Array) => boolean): Promise<void> {
  if (!file.compressed) {
    for await (const chunk of readChunks(file.path)) if (!take(chunk)) return
    return
  }
  // Piped by hand: zlib ends at zeros after the last member, and `pipeline` would call that an abort.
  const source = Readable.from(readChunks(file.path))
  const gunzip = createGunzip({ chunkSize: 1 << 20 })
  source.on('error', error => gunzip.destroy(error))
  source.pipe(gunzip)
  try {
    for await (const chunk of gunzip) if (!take(chunk)) return
  } finally {
    source.destroy()
  }
}

function promisedBytes({ grid, frames, bytesPerVoxel }: ImageHeader): number {
  return grid.shape[0] * grid.shape[1] * grid.shape[2] * frames * bytesPerVoxel
}

function sizeProblem(file: VoxelFile, says: string): Problem {
  return problem('NIFTI_SIZE', `${file.name}: ${says}`, { file: file.name, field: 'dim' })
}

function promise(file: VoxelFile): string {
  const { grid, frames } = file.header
  const what = frames > 1 ? `${frames} volumes` : `${grid.shape.join(' × ')} voxels`
  return `dim promises ${what} (${promisedBytes(file.header)} bytes)`
}

function held(file: VoxelFile, bytes: number): string {
  const { frames } = file.header
  const volumes =
    frames > 1 ? `${tenths((frames * bytes) / promisedBytes(file.header))} (${bytes} bytes)` : `${bytes} bytes`
  return `the file holds ${volumes}`
}

function amount(file: VoxelFile, bytes: number): string {
  const promised = promisedBytes(file.header)
  const { frames } = file.header
  return frames > 1
    ? `${tenths((frames * bytes) / promised)} of ${frames} volumes`
    : `${bytes} of ${promised} bytes of voxels`
}

// Rounded down: 11.99 volumes are not 12.
function tenths(value: number): number {
  return Math.floor(value * 10) / 10
}
