/**
 * DSC: circular deconvolution with an oscillation limit as a multiple of one real Fourier transform of the padded length timed in
 * the same run; the vascular model in voxels a second; a whole run through the real command as a multiple of inflating its
 * input. Exits with 1 where a target is missed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { deconvolution } from '../src/kinetics/dsc-deconvolution.ts'
import { VASCULAR_PRIOR, vascularFit } from '../src/kinetics/dsc-vascular.ts'
import { arterialCurve, tissueCurve, valueAt } from '../src/modalities/dsc/phantom-curves.ts'
import { realFourier } from '../src/numerics/fourier.ts'
import { createRandom } from '../src/numerics/random.ts'
import { spent } from './tools/spent.ts'

const FRAMES = 80
const DT = 1.5
const ECHO = 0.03
const SNR = 100
const VOXELS = 4000
const ROUNDS = 9
/** Most transforms that the deconvolution of a voxel may cost. */
const TARGET = 15

/** Curves of tissue with CBF 10 to 100 and CBV 2 to 5, and the arterial one [1/s]. */
function curves(): { artery: Float64Array; tissue: Float64Array[]; noise: Float64Array[] } {
  const random = createRandom('bench dsc')
  const duration = FRAMES * DT + 5
  const fine = arterialCurve(45, duration)
  const times = Array.from({ length: FRAMES }, (_, k) => k * DT)
  const tissue: Float64Array[] = []
  const noise: Float64Array[] = []
  for (let v = 0; v < VOXELS; v++) {
    const volume = 0.02 + 0.03 * random.uniform()
    const flow = 10 + 90 * random.uniform()
    const response = { volume, transit: (6000 * volume) / flow, delay: 4 * random.uniform(), dispersion: 0 }
    const curve = tissueCurve(fine, response)
    const signals = times.map(time => Math.exp(-ECHO * 400 * valueAt(curve, time)) + random.normal() / SNR)
    tissue.push(Float64Array.from(signals, signal => -Math.log(signal) / ECHO))
    noise.push(Float64Array.from(signals, signal => 1 / (SNR * ECHO * signal)))
  }
  return { artery: Float64Array.from(times, time => 400 * valueAt(fine, time)), tissue, noise }
}

/** Processor time of a piece of work [s]. */
function timed(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

function kernels(): void {
  const { artery, tissue, noise } = curves()
  const transform = realFourier(2 * FRAMES)
  const [re, im] = [new Float64Array(FRAMES + 1), new Float64Array(FRAMES + 1)]
  const padded = tissue.map(curve => Float64Array.from({ length: 2 * FRAMES }, (_, k) => curve[k] ?? 0))
  const transforms = () => {
    for (const curve of padded) transform.forward(curve, re, im)
  }
  const inverse = deconvolution('osvd', FRAMES, DT)
  inverse.prepare(artery)
  const deconvolve = () => {
    for (const curve of tissue) inverse.solve(curve)
  }
  const withErrors = () => {
    for (const [v, curve] of tissue.entries()) {
      inverse.solve(curve)
      inverse.errors({ sd: noise[v]!, baseline: [0, 28] })
    }
  }
  const model = vascularFit(FRAMES, DT, ECHO, VASCULAR_PRIOR.volume / 100)
  model.prepare(artery)
  const few = VOXELS / 4
  const fit = () => {
    for (let v = 0; v < few; v++) model.solve(tissue[v]!, noise[v]!)
  }
  for (const work of [transforms, transforms, deconvolve, withErrors, fit]) work()
  // Rounds alternate, so that what else the machine does falls on all alike.
  const rounds = Array.from({ length: ROUNDS }, () => ({
    transform: timed(() => {
      for (let again = 0; again < 5; again++) transforms()
    }),
    deconvolve: timed(deconvolve),
    withErrors: timed(withErrors),
    fit: timed(fit),
  }))
  const each = (key: keyof (typeof rounds)[number], count: number) => median(rounds.map(round => round[key])) / count
  const unit = each('transform', 5 * VOXELS)
  const cost = median(rounds.map(round => (5 * round.deconvolve) / round.transform))
  const micro = (seconds: number) => `${(1e6 * seconds).toFixed(1)} µs`
  console.log(`  real Fourier transform of ${2 * FRAMES} ${micro(unit)}`)
  console.log(
    `  osvd ${micro(each('deconvolve', VOXELS))} a voxel = ${cost.toFixed(1)} transforms (target at most ${TARGET}); ` +
      `with standard errors ${micro(each('withErrors', VOXELS))}`,
  )
  console.log(`  vascular model ${(1 / each('fit', few) / 1000).toFixed(2)} k voxel/s`)
  if (!(cost <= TARGET)) process.exitCode = 1
}

function wholeRun(): void {
  const root = mkdtempSync(join(tmpdir(), 'perfquant-bench-dsc-'))
  try {
    const data = join(root, 'data')
    spent(['dist/main.js', 'simulate', data, '-m', 'dsc', '--subjects', '1'])
    const bytes = readFileSync(join(data, 'sub-01', 'perf', 'sub-01_dsc.nii.gz'))
    const inflate = () => void gunzipSync(bytes, { chunkSize: 1 << 20 })
    inflate()
    const floor = median(Array.from({ length: ROUNDS }, () => timed(inflate)))
    for (const method of ['osvd', 'vm']) {
      const run = spent(['dist/main.js', data, join(root, method), 'participant', '--dsc-deconvolution', method])
      console.log(
        `  run by ${method.padEnd(4)} ${run.toFixed(1)} s of processor time, validation and report included; ` +
          `gunzip of its input ${(1000 * floor).toFixed(0)} ms; ratio ${(run / floor).toFixed(1)}`,
      )
    }
  } finally {
    rmSync(root, { recursive: true })
  }
}

kernels()
wholeRun()
