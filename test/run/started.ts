import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Ran } from './harness.ts'

/** A call of the program that is under way. */
export interface Started {
  readonly pid: number
  /** What it did, once it has ended. */
  readonly ended: Promise<Ran & { readonly signal: NodeJS.Signals | null }>
  /** What it has said on stderr so far. */
  said(): string
  /** Processes that belong to it and live: itself and all it has started, also after its end. */
  processes(): readonly number[]
}

let calls = 0

/**
 * Start the built program as the leader of a process group of its own, as a shell or a batch system does.
 *
 * @param words - its arguments
 * @param onText - called with each piece of stderr, at once
 */
export function start(words: readonly string[], onText: (text: string, pid: number) => void = () => {}): Started {
  const mark = `PERFQUANT_TEST_CALL=${process.pid}-${calls++}.`
  const [name = '', value] = mark.split('=')
  const child = spawn(process.execPath, ['dist/main.js', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, [name]: value },
  })
  const pid = child.pid ?? 0
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    onText(text, pid)
  })
  const ended = new Promise<Ran & { readonly signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ code, signal, out, err, last: err.trimEnd().split('\n').at(-1) ?? '' }),
    )
  })
  return { pid, ended, said: () => err, processes: () => processesWith(mark) }
}

/** Ids of the processes that live and have this in their environment, which their children inherit. */
function processesWith(mark: string): number[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    try {
      return readFileSync(`/proc/${name}/environ`, 'utf8').includes(mark) ? [Number(name)] : []
    } catch {
      // Ended while we looked, or not ours.
      return []
    }
  })
}

/** Watches the memory of a call and all it has started. @returns ends that, and gives the most that they had together [bytes] */
export function watchMemory(call: Started): () => number {
  let most = 0
  const timer = setInterval(() => {
    const sum = call.processes().reduce((bytes, pid) => bytes + residentBytes(pid), 0)
    most = Math.max(most, sum)
  }, 25)
  return () => {
    clearInterval(timer)
    return most
  }
}

function residentBytes(pid: number): number {
  try {
    return 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    // Ended while we looked.
    return 0
  }
}

/** Wait for what must come true within a minute; looks every 5 ms. */
export async function until<T>(look: () => T | false | undefined, what: string): Promise<T> {
  const end = Date.now() + 60_000
  for (;;) {
    const seen = look()
    if (seen !== false && seen !== undefined) return seen
    if (Date.now() > end) throw new Error(`waited a minute in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Everything below a folder by path: kind, mode, time of change to the nanosecond, and the content's sum or the link's target. */
export function snapshot(root: string, folder = ''): Record<string, string> {
  const entries: Record<string, string> = {}
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = folder === '' ? name : `${folder}/${name}`
    const full = join(root, path)
    const { mode, mtimeNs, ctimeNs } = lstatSync(full, { bigint: true })
    const facts = `${mode.toString(8)} ${mtimeNs} ${ctimeNs}`
    if (lstatSync(full).isDirectory()) Object.assign(entries, { [`${path}/`]: facts }, snapshot(root, path))
    else if (lstatSync(full).isSymbolicLink()) entries[path] = `${facts} -> ${readlinkSync(full)}`
    else entries[path] = `${facts} ${createHash('sha256').update(readFileSync(full)).digest('hex')}`
  }
  return entries
}

/** Files of an output dataset that are not whole: images that do not inflate to what their header says, JSON that does not parse. */
export function halfFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (path === '.perfquant') return []
    if (entry.isDirectory()) return halfFiles(root, path)
    return isWhole(path, readFileSync(join(root, path))) ? [] : [path]
  })
}

function isWhole(path: string, bytes: Buffer): boolean {
  try {
    if (path.endsWith('.json')) JSON.parse(bytes.toString('utf8'))
    if (/\.(tsv|html|svg|md)$/.test(path)) return /[\n>]$/.test(bytes.toString('utf8'))
    if (!path.endsWith('.nii.gz')) return true
    const image = gunzipSync(bytes)
    const view = new DataView(image.buffer, image.byteOffset)
    const voxels = [1, 2, 3, 4].reduce((product, axis) => product * Math.max(1, view.getInt16(40 + 2 * axis, true)), 1)
    return image.length === view.getFloat32(108, true) + (voxels * view.getInt16(72, true)) / 8
  } catch {
    return false
  }
}
