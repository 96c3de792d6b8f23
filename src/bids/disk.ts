import { createHash, randomBytes } from 'node:crypto'
import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  createReadStream,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'

/**
 * The one door to files. Nothing else in the program opens, lists, writes or renames.
 *
 * Functions here throw what the system throws (`ENOENT`, `EACCES`, `ENOSPC`); the callers turn trouble with data into
 * problems. Small reads are synchronous, so that what plans and binds stays plain functions; voxels are streamed.
 */

/** One entry of a folder. A link whose target is absent is `dangling`. */
export interface Entry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'dangling'
  readonly link: boolean
}

/** The entries of a folder, sorted by name (code units), links followed; sockets and devices are left out. */
export function listFolder(path: string): Entry[] {
  const entries: Entry[] = []
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isFile()) entries.push({ name: entry.name, kind: 'file', link: false })
    else if (entry.isDirectory()) entries.push({ name: entry.name, kind: 'folder', link: false })
    else if (entry.isSymbolicLink()) {
      const target = targetOf(join(path, entry.name))
      if (!target) entries.push({ name: entry.name, kind: 'dangling', link: true })
      else if (target.isDirectory()) entries.push({ name: entry.name, kind: 'folder', link: true })
      else if (target.isFile()) entries.push({ name: entry.name, kind: 'file', link: true })
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Facts of what a path leads to; undefined where that is nothing, a ring of links, or out of reach. */
function targetOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Size [bytes] and modification time [ms] of a file, links followed; null where there is none. */
export function fileFacts(path: string): { readonly size: number; readonly mtimeMs: number } | null {
  const facts = statSync(path, { throwIfNoEntry: false })
  return facts?.isFile() ? { size: facts.size, mtimeMs: facts.mtimeMs } : null
}

/** Whether a folder is at the path, links followed. */
export function isFolder(path: string): boolean {
  return targetOf(path)?.isDirectory() ?? false
}

/** Whether anything is at the path, links followed. */
export function exists(path: string): boolean {
  return existsSync(path)
}

/** Whether the path is a link to nothing, as git-annex leaves for content that was not fetched. */
export function isDangling(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && !existsSync(path)
}

/** The folder with every link resolved: two paths to one folder give the same. */
export function realFolder(path: string): string {
  return realpathSync(path)
}

/** The path itself where a folder is there, else the nearest one above it that exists. */
export function nearestFolder(path: string): string {
  let folder = path
  while (!isFolder(folder) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** Whether files can be made in a folder, as far as its permissions tell. */
export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The git-annex key that a link (dangling or not) points to; null for anything else. */
export function annexKeyOf(path: string): string | null {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return null
  const target = readlinkSync(path)
  return /(^|\/)\.git\/annex\/objects\//.test(target) ? basename(target) : null
}

/** Where a link points; null for anything else. */
export function linkTarget(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : null
}

/** Largest JSON file and largest other text that is read [bytes]: a hundred times what describes a scan. */
export const TEXT_LIMIT = { json: 8e6, other: 32e6 } as const

/** Whether a text file is larger than any that is read. */
export function isTooLarge(path: string): boolean {
  return (fileFacts(path)?.size ?? 0) > (path.endsWith('.json') ? TEXT_LIMIT.json : TEXT_LIMIT.other)
}

/** The whole text of a file, UTF-8, without a byte-order mark. */
export function readText(path: string): string {
  const text = readFileSync(path, 'utf8')
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** The bytes of a file. */
export function readBytes(path: string): Buffer {
  return readFileSync(path)
}

/** The first bytes of a file, at most `length`. */
export function readHead(path: string, length: number): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const got = readSync(file, bytes, filled, length - filled, filled)
      if (got === 0) break
      filled += got
    }
    return bytes.subarray(0, filled)
  } finally {
    closeSync(file)
  }
}

/** All bytes of a file, in order, in chunks of 1 MiB. */
export function readChunks(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1 << 20 })
}

/** SHA-256 of a file, hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of readChunks(path)) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * Make a folder and those above it. (The recursive mkdir of Node never ends where the system says ENOENT for a folder that
 * cannot be made in one that is there, as /proc and automounted homes do.)
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process was faster; a file in its place is trouble.
    if (!isFolder(path)) throw error
  }
}

/** Make a folder of a new name below another, and return its path. */
export function makeTemporaryFolder(parent: string, prefix: string): string {
  return mkdtempSync(join(parent, prefix))
}

/** Write a file that is not seen by its name until it is whole: into `staging` first, then renamed over the target. */
export function writeWhole(path: string, content: string | Uint8Array, staging: string): void {
  makeFolder(staging)
  const temporary = join(staging, `${basename(path)}.${randomBytes(4).toString('hex')}`)
  writeNew(temporary, content)
  makeFolder(dirname(path))
  renameSync(temporary, path)
}

/** A file that grows piece by piece and is not seen by its name until it is whole. */
export interface GrowingFile {
  add(content: string | Uint8Array): void
  /** Wait until the disk has it, and give it its name. */
  finish(): void
}

/**
 * Begin a file whose content does not fit into memory at once.
 *
 * @param path - its final path
 * @param staging - where it waits, on the same file system
 */
export function growFile(path: string, staging: string): GrowingFile {
  makeFolder(staging)
  const temporary = join(staging, `${basename(path)}.${randomBytes(4).toString('hex')}`)
  const file = openSync(temporary, 'wx')
  return {
    add(content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at)
    },
    finish() {
      fsyncSync(file)
      closeSync(file)
      makeFolder(dirname(path))
      renameSync(temporary, path)
    },
  }
}

/** Write a file and wait until the disk has it. */
export function writeNew(path: string, content: string | Uint8Array): void {
  makeFolder(dirname(path))
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const file = openSync(path, 'wx')
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Move a file to its final name, replacing what was there. Both on one file system. */
export function moveFile(from: string, to: string): void {
  makeFolder(dirname(to))
  renameSync(from, to)
}

/** Remove a file or a folder with all in it; nothing happens where there is none. */
export function remove(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** Add text at the end of a file. */
export function appendText(path: string, text: string): void {
  appendFileSync(path, text)
}

/** Create a file that must not exist yet, with its content from its first moment on; false where it exists. */
export function createExclusively(path: string, content: string): boolean {
  makeFolder(dirname(path))
  const whole = `${path}.${randomBytes(4).toString('hex')}`
  try {
    writeNew(whole, content)
    linkSync(whole, path)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'EEXIST') return false
    // Some file systems have no second names; there a kill between two system calls can leave it empty.
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw error
    return createInPlace(path, content)
  } finally {
    rmSync(whole, { force: true })
  }
}

function createInPlace(path: string, content: string): boolean {
  if (existsSync(path)) return false
  try {
    writeNew(path, content)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * Set the modification time of a file to now: a sign of life. By writing its first byte once more, so that the clock of the
 * file system dates it, which all machines that share it agree on, and not that of this machine.
 */
export function touch(path: string): void {
  const file = openSync(path, 'r+')
  try {
    const byte = new Uint8Array(1)
    if (readSync(file, byte, 0, 1, 0) === 1) writeSync(file, byte, 0, 1, 0)
  } finally {
    closeSync(file)
  }
}

/** The time by the clock of the file system that holds a folder [ms]. */
export function fileSystemTime(folder: string): number {
  const probe = join(folder, `.clock.${randomBytes(4).toString('hex')}`)
  const file = openSync(probe, 'wx')
  try {
    writeSync(file, '.')
    fsyncSync(file)
    return fstatSync(file).mtimeMs
  } finally {
    closeSync(file)
    rmSync(probe, { force: true })
  }
}

/** Free space of the disk that holds the path [bytes]. */
export function freeSpace(path: string): number {
  const disk = statfsSync(path)
  return disk.bavail * disk.bsize
}

/** A file as a browser would hand it to a program: what the BIDS validator reads. */
export interface FileLike {
  readonly name: string
  /** Path with the name of the dataset's folder in front. */
  readonly webkitRelativePath: string
  /** [bytes]; 0 where the content is not here. */
  readonly size: number
  /** False for a link to nothing: then the file reads as empty. */
  readonly isHere: boolean
  stream(): ReadableStream
  text(): Promise<string>
  slice(offset: number, length: number): { arrayBuffer(): Promise<ArrayBuffer> }
}

/**
 * A file of the disk in that form. Its bytes are read when they are asked for.
 *
 * @param path - the file
 * @param relative - its path as the program is to see it
 */
export function fileLike(path: string, relative: string): FileLike {
  const facts = isDangling(path) ? null : fileFacts(path)
  return {
    name: basename(path),
    webkitRelativePath: relative,
    size: facts?.size ?? 0,
    isHere: facts !== null,
    stream: () => Readable.toWeb(facts ? createReadStream(path) : Readable.from([])),
    text: async () => (facts && !isTooLarge(path) ? readText(path) : ''),
    slice: (offset, length) => ({
      arrayBuffer: async () =>
        facts ? readPart(path, offset, Math.min(length, facts.size - offset)) : new ArrayBuffer(0),
    }),
  }
}

/** Some bytes of a file; fewer where it ends before. */
function readPart(path: string, offset: number, length: number): ArrayBuffer {
  const bytes = new Uint8Array(Math.max(0, length))
  const file = openSync(path, 'r')
  try {
    let filled = 0
    while (filled < bytes.length) {
      const got = readSync(file, bytes, filled, bytes.length - filled, offset + filled)
      if (got === 0) break
      filled += got
    }
    return bytes.buffer.slice(0, filled)
  } finally {
    closeSync(file)
  }
}
