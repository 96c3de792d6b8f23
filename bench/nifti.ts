/**
 * Reading and writing a 128 × 128 × 60 × 100 int16 .nii.gz of noise in a head, against plain gunzip and gzip of the same
 * bytes; each measurement in a process of its own, taken in turns. Exits with 1 where a target is missed.
 */
import { spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGunzip, gunzipSync, gzipSync } from 'node:zlib'
import { blankHeader, encodeImage, readHeader, readVolume } from '../src/nifti/index.ts'

const SHAPE: readonly [number, number, number] = [128, 128, 60]
const FRAMES = 100
const VOXELS = SHAPE[0] * SHAPE[1] * SHAPE[2]
const BYTES = VOXELS * FRAMES * 2
const ROUNDS = 5

interface Measured {
  readonly seconds: number
  /** Largest resident set of the process [bytes]. */
  readonly peak: number
}

const HEADER = blankHeader({ shape: SHAPE, affine: [1.7, 0, 0, 0, 0, 1.7, 0, 0, 0, 0, 3, 0] })

const TASKS: Readonly<Record<string, (path: string) => Promise<number>>> = {
  make: path =>
    timed(async () => {
      const data = series(FRAMES)
      writeFileSync(
        path,
        encodeImage({ header: HEADER, shape: SHAPE, frames: FRAMES, data, frameSpacing: 4, description: 'bench' }),
      )
    }),
  gunzip: path =>
    timed(async () => {
      for await (const _ of createReadStream(path, { highWaterMark: 1 << 20 }).pipe(
        createGunzip({ chunkSize: 1 << 20 }),
      ));
    }),
  read: path =>
    timed(async () => {
      const read = await readVolume(path)
      if (!read.ok) throw new Error(read.problems[0]?.message)
    }),
  header: path =>
    timed(async () => {
      readHeader(path)
    }),
  gzip: async path => {
    const bytes = gunzipSync(readFileSync(path))
    return timed(async () => void gzipSync(bytes, { level: 1, chunkSize: 1 << 20 }))
  },
  write: async path => {
    const read = await readVolume(path)
    if (!read.ok || !(read.value.data instanceof Int16Array)) throw new Error('not the bench file')
    const { header, data } = read.value
    return timed(
      async () =>
        void encodeImage({ header, shape: SHAPE, frames: FRAMES, data, frameSpacing: 4, description: 'bench' }),
    )
  },
  map: async () => {
    const data = Float32Array.from(series(1), value => value / 17)
    return timed(async () => void encodeImage({ header: HEADER, shape: SHAPE, frames: 1, data, description: 'bench' }))
  },
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** A head of signal 600 with noise 30, air of noise 8. */
function series(frames: number): Int16Array {
  const values = new Int16Array(VOXELS * frames)
  let state = 1
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
  for (let v = 0; v < values.length; v++) {
    const [i, j, k] = [v % 128, (v >> 7) % 128, Math.floor(v / 16384) % 60]
    const inside = Math.hypot((i - 64) / 45, (j - 64) / 55, (k - 30) / 28) < 1
    const noise = uniform() + uniform() + uniform() - 1.5
    values[v] = Math.abs((inside ? 600 : 0) + (inside ? 60 : 16) * noise)
  }
  return values
}

function measure(task: string, path: string): Measured {
  const run = spawnSync(process.execPath, [process.argv[1]!, task, path], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`${task}: ${run.stderr}`)
  return JSON.parse(run.stdout)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** Two tasks in turns, so that what else the machine does falls on both. */
function compare(task: string, floor: string, path: string, limit: number, memory: number): boolean {
  const runs = Array.from({ length: ROUNDS }, () => ({ task: measure(task, path), floor: measure(floor, path) }))
  const [ours, theirs] = [median(runs.map(r => r.task.seconds)), median(runs.map(r => r.floor.seconds))]
  const peak = Math.max(...runs.map(r => r.task.peak))
  console.log(
    `  ${task.padEnd(6)} ${ours.toFixed(2)} s = ${(ours / theirs).toFixed(2)} × ${floor} (${theirs.toFixed(2)} s; target ${limit}), ` +
      `peak ${(peak / 1e6).toFixed(0)} MB = ${(peak / BYTES).toFixed(2)} × decompressed${memory < Infinity ? ` (target ${memory})` : ''}`,
  )
  return ours <= limit * theirs && peak <= memory * BYTES
}

function bench(): void {
  const folder = mkdtempSync(join(tmpdir(), 'bench-nifti-'))
  try {
    const path = join(folder, 'bench.nii.gz')
    // By a child too: the peak of a process begins at that of the one it was forked from.
    measure('make', path)
    console.log(
      `  ${(BYTES / 1e6).toFixed(0)} MB of int16, ${(statSync(path).size / 1e6).toFixed(0)} MB compressed; median of ${ROUNDS}`,
    )
    const good = [compare('read', 'gunzip', path, 1.3, 2), compare('write', 'gzip', path, 1.3, Infinity)]
    console.log(
      `  header ${(1000 * measure('header', path).seconds).toFixed(1)} ms, a map of float32 written ${(1000 * measure('map', path).seconds).toFixed(0)} ms`,
    )
    if (good.includes(false)) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [name, path] = process.argv.slice(2)
const task = TASKS[name ?? '']
if (task && path) {
  const seconds = await task(path)
  console.log(JSON.stringify({ seconds, peak: process.resourceUsage().maxRSS * 1024 }))
} else bench()
