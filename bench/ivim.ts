/**
 * IVIM fits of 14 b-values in voxels a second of one core, and as multiples of one evaluation of the forward model with its
 * Jacobian timed in the same run; beside them plain gunzip of the same series. Exits with 1 where a target is missed.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { biexponentialJacobian, biexponentialSignal } from '../src/kinetics/ivim.ts'
import { fitIvim, type IvimKind, type IvimSeries } from '../src/kinetics/ivim-fit.ts'
import { createRandom } from '../src/numerics/random.ts'

const B = Float64Array.of(0, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 600, 800)
const VOXELS = 20_000
const ROUNDS = 7
const SNR = 60

/** Most evaluations of model and Jacobian that one fit may cost. */
const TARGETS: readonly (readonly [IvimKind, number])[] = [
  ['segmented', 20],
  ['nlls', 32],
  ['fixedd', Infinity],
  ['simplified', Infinity],
  ['bayes', Infinity],
]

function series(): IvimSeries {
  const random = createRandom('bench ivim')
  const signals = new Float32Array(B.length * VOXELS)
  const signal = new Float64Array(B.length)
  for (let v = 0; v < VOXELS; v++) {
    const S0 = 500 + 1000 * random.uniform()
    const [D, f] = [0.5e-3 + 1.5e-3 * random.uniform(), 0.02 + 0.33 * random.uniform()]
    const Dstar = 8e-3 * Math.exp(Math.log(10) * random.uniform())
    biexponentialSignal(signal, { S0, D, f, Dstar }, B)
    for (let i = 0; i < B.length; i++) {
      signals[i * VOXELS + v] = Math.hypot(signal[i]! + (S0 / SNR) * random.normal(), (S0 / SNR) * random.normal())
    }
  }
  return { signals, b: B, voxels: Int32Array.from({ length: VOXELS }, (_, v) => v) }
}

/** Processor time of a piece of work [s]. */
function timed(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** One evaluation for each of as many voxels as are fitted. */
function evaluations(): void {
  const jacobian = new Float64Array(4 * B.length)
  const signal = new Float64Array(B.length)
  let sum = 0
  for (let v = 0; v < VOXELS; v++) {
    const share = v / VOXELS
    biexponentialJacobian(
      jacobian,
      signal,
      { S0: 1, D: (0.5 + share) * 1e-3, f: 0.2, Dstar: (10 + 60 * share) * 1e-3 },
      B,
    )
    sum += signal[3]! + jacobian[7]!
  }
  if (!Number.isFinite(sum)) throw new Error('the model is not finite')
}

function bench(): void {
  const data = series()
  const { signals } = data
  const bytes = gzipSync(new Uint8Array(signals.buffer), { level: 1, chunkSize: 1 << 20 })
  for (let round = 0; round < 20; round++) evaluations()
  const unit = median(Array.from({ length: 5 * ROUNDS }, () => timed(evaluations)))
  const floor = median(
    Array.from({ length: ROUNDS }, () => timed(() => void gunzipSync(bytes, { chunkSize: 1 << 20 }))),
  )
  const rate = (seconds: number) => `${(VOXELS / seconds / 1000).toFixed(1)} k voxel/s`
  console.log(`  model with Jacobian ${((unit / VOXELS) * 1e9).toFixed(0)} ns; gunzip ${rate(floor)}`)
  for (const [kind, limit] of TARGETS) {
    const work = () => void fitIvim(kind, data)
    work()
    const seconds = median(Array.from({ length: kind === 'bayes' ? 3 : ROUNDS }, () => timed(work)))
    const cost = seconds / unit
    const target = limit < Infinity ? ` (target ${limit})` : ''
    const share = (seconds / floor).toFixed(1)
    console.log(
      `  ${kind.padEnd(10)} ${rate(seconds).padStart(16)} = ${cost.toFixed(1)} evaluations${target}, ${share} × gunzip`,
    )
    if (cost > limit) process.exitCode = 1
  }
}

bench()
