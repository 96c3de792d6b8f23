// `npm run check:memory [TECHNIQUE…]`: large series of each technique, processed with just the memory that the plan says
// they need. The most that the whole tree of processes holds at one moment must stay below it.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { main, perfquant, run } from './support.mjs'

/** How often each voxel of the simulated images is repeated along i and j. */
const TIMES = 3
/** Memory of the program beside its runs, as `src/run/execute.ts` sets it aside [bytes]. */
const OWN = 250e6
const TECHNIQUES = process.argv.length > 2 ? process.argv.slice(2) : ['asl', 'ivim', 'dce', 'dsc']

await main('check:memory', {}, async work => {
  run(process.execPath, ['build.mjs'])
  const lines = []
  for (const technique of TECHNIQUES) {
    const data = join(work, technique)
    perfquant('simulate', data, '--subjects', '1', '--modalities', technique)
    renameSync(join(data, 'derivatives'), join(work, `${technique}-truth`))
    const size = enlargeAll(join(data, 'sub-01'))
    const call = [data, join(work, `${technique}-out`), 'participant', '--modalities', technique]
    const plan = JSON.parse(perfquant(...call, '--dry-run', '--json'))
    const need = OWN + Math.max(...plan.tasks.map(({ memory }) => memory))
    const peak = await peakOf([...call, '--mem-mb', String(Math.ceil(need / 1e6))])
    const line = `${technique}: series of ${megabytes(size)}, peak ${megabytes(peak)} of ${megabytes(need)} allowed`
    console.log(line)
    if (peak > need) throw new Error(line)
    lines.push(line)
  }
  return `passed: ${lines.join('; ')}`
})

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

/** Enlarge every image below a folder. @returns the size of the largest [bytes] */
function enlargeAll(folder) {
  const images = readdirSync(folder, { recursive: true }).filter(path => path.endsWith('.nii.gz'))
  return Math.max(...images.map(path => enlarge(join(folder, path))))
}

/** Repeat each voxel of a NIfTI-1 image along i and j. @returns its size, uncompressed [bytes] */
function enlarge(path) {
  const image = gunzipSync(readFileSync(path))
  const head = Buffer.from(image.subarray(0, 352))
  const [nx, ny, nz, nt] = [1, 2, 3, 4].map(axis => Math.max(1, image.readInt16LE(40 + 2 * axis)))
  const bytes = image.readInt16LE(72) / 8
  head.writeInt16LE(TIMES * nx, 42)
  head.writeInt16LE(TIMES * ny, 44)
  for (const at of [80, 84]) head.writeFloatLE(image.readFloatLE(at) / TIMES, at)
  for (const row of [280, 296, 312])
    for (const at of [row, row + 4]) head.writeFloatLE(image.readFloatLE(at) / TIMES, at)
  const out = Buffer.alloc(352 + TIMES * TIMES * nx * ny * nz * nt * bytes)
  head.copy(out)
  const line = Buffer.alloc(TIMES * nx * bytes)
  let to = 352
  for (let from = 352; to < out.length; from += nx * bytes) {
    for (let x = 0; x < TIMES * nx; x++)
      image.copy(line, x * bytes, from + Math.floor(x / TIMES) * bytes, from + (Math.floor(x / TIMES) + 1) * bytes)
    for (let copy = 0; copy < TIMES; copy++) to += line.copy(out, to)
  }
  writeFileSync(path, gzipSync(out, { level: 1 }))
  return out.length
}

/** The most that a call and all it starts hold at one moment [bytes]. */
function peakOf(words) {
  const mark = `PERFQUANT_CHECK=${process.pid}.`
  const [name, value] = mark.split('=')
  const child = spawn(process.execPath, ['dist/main.js', ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, [name]: value },
  })
  let said = ''
  child.stderr.on('data', text => {
    said += text
  })
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, residentWith(mark))
  }, 20)
  return new Promise((resolve, reject) => {
    child.on('close', code => {
      clearInterval(timer)
      if (code === 0) resolve(peak)
      else reject(new Error(`the call ended with ${code}: ${said.slice(-800)}`))
    })
  })
}

function residentWith(mark) {
  return readdirSync('/proc').reduce((sum, name) => {
    try {
      if (!/^\d+$/.test(name) || !readFileSync(`/proc/${name}/environ`, 'utf8').includes(mark)) return sum
      return sum + 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1] ?? 0)
    } catch {
      // Ended while we looked.
      return sum
    }
  }, 0)
}
