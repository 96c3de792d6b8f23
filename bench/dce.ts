/**
 * DCE fits in voxels a second of one core; the extended Tofts fit as a multiple of one evaluation of its model with Jacobian
 * timed in the same run; a whole run through the real command as a multiple of inflating its inputs and deflating its outputs.
 * Exits with 1 where a target is missed.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { fitKinetics } from '../src/kinetics/dce-fit.ts'
import { delayedInlet } from '../src/kinetics/inlet.ts'
import { KINETIC_MODELS } from '../src/kinetics/models.ts'
import { fitVfa } from '../src/kinetics/t1-vfa.ts'
import { createRandom } from '../src/numerics/random.ts'
import { spoiledSignal } from '../src/physics/signal.ts'
import { type CurveSet, curveSet } from '../test/kinetics/dce-sets.ts'
import { spent } from './tools/spent.ts'

const VOXELS = 20_000
const ROUNDS = 5
/** Most evaluations of model and Jacobian that one extended Tofts fit may cost. */
const LIMIT = 12

function timed(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

const best = (work: () => void) => {
  work()
  return median(Array.from({ length: ROUNDS }, () => timed(work)))
}
const say = (what: string, seconds: number, n = VOXELS, more = '') =>
  console.log(`  ${what.padEnd(26)} ${(n / seconds / 1000).toFixed(1).padStart(8)} k voxel/s${more}`)

function evaluations({ model, times, inlet, truth }: CurveSet): () => void {
  const bound = model.bind([delayedInlet(inlet, times).inlet])
  const P = model.parameters.length
  const [curve, jacobian, p] = [new Float64Array(times.length), new Float64Array(P * times.length), new Float64Array(P)]
  const columns = model.parameters.map(({ name }) => truth[name]!)
  return () => {
    for (let v = 0; v < VOXELS; v++) {
      for (let a = 0; a < P; a++) p[a] = columns[a]![v]!
      bound.evaluate(p, curve, jacobian)
    }
  }
}

const tofts = curveSet('etofts', VOXELS)
const unit = best(evaluations(tofts))
console.log(`  model with Jacobian ${((unit / VOXELS) * 1e9).toFixed(0)} ns`)
const fitting = (set: CurveSet, name: string, estimator: 'nlls' | 'lls') => {
  const model = KINETIC_MODELS.find(item => item.name === name)!
  return () => void fitKinetics(model, set, [set.inlet], { estimator })
}
const nlls = best(fitting(tofts, 'etofts', 'nlls'))
say('extended Tofts, nlls', nlls, VOXELS, ` = ${(nlls / unit).toFixed(1)} evaluations (target ${LIMIT})`)
if (nlls / unit > LIMIT) process.exitCode = 1
say('extended Tofts, linear', best(fitting(tofts, 'etofts', 'lls')))
say('Patlak', best(fitting(tofts, 'patlak', 'nlls')))
const few = 4000
const exchange = curveSet('2cxm', few)
say('exchange, nlls', best(fitting(exchange, '2cxm', 'nlls')), few)

const random = createRandom('bench vfa')
const flipAngles = Float64Array.of(2, 5, 10, 15, 20, 25).map(angle => (angle * Math.PI) / 180)
const signals = new Float32Array(flipAngles.length * VOXELS)
for (let v = 0; v < VOXELS; v++) {
  const R1 = 0.4 + 2 * random.uniform()
  for (const [i, flipAngle] of flipAngles.entries())
    signals[i * VOXELS + v] = 1000 * spoiledSignal({ flipAngle, repetitionTime: 0.005 }, R1) + random.normal()
}
for (const kind of ['linear', 'nonlinear'] as const)
  say(
    `VFA of six angles, ${kind}`,
    best(() => void fitVfa(kind, { signals, flipAngles, repetitionTime: 0.005, b1: null, voxels: tofts.voxels })),
  )

/** The images below a folder, as they lie on disk. */
function images(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.nii.gz'))
    .map(path => readFileSync(join(folder, path)))
}

const root = mkdtempSync(join(tmpdir(), 'perfquant-bench-dce-'))
try {
  const [data, out] = [join(root, 'data'), join(root, 'out')]
  spent(['dist/main.js', 'simulate', data, '-m', 'dce', '--subjects', '1'])
  const run = spent(['dist/main.js', data, out, 'participant'])
  const read = images(join(data, 'sub-01'))
  const written = images(join(out, 'sub-01')).map(bytes => gunzipSync(bytes))
  const floor =
    best(() => read.forEach(bytes => void gunzipSync(bytes, { chunkSize: 1 << 20 }))) +
    best(() => written.forEach(bytes => void gzipSync(bytes, { level: 1, chunkSize: 1 << 20 })))
  console.log(
    `  whole run ${run.toFixed(1)} s of processor time, T1, tissues, validation and report included; gunzip and gzip of its files ${floor.toFixed(2)} s; ratio ${(run / floor).toFixed(1)}`,
  )
} finally {
  rmSync(root, { recursive: true })
}
