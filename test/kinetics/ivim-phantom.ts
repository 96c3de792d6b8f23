import { biexponentialSignal } from '../../src/kinetics/ivim.ts'
import type { IvimSeries } from '../../src/kinetics/ivim-fit.ts'
import { ivimBound } from '../../src/kinetics/ivim-limit.ts'
import { createRandom } from '../../src/numerics/random.ts'

/** The b-values of the phantom that accuracy is measured on [s/mm²]. */
export const BENCHMARK_B = Float64Array.of(0, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 600, 800)

/** A parameter of a tissue. */
export type Name = 'D' | 'f' | 'Dstar'
export const NAMES: readonly Name[] = ['D', 'f', 'Dstar']

/** Voxels with known parameters. */
export interface Phantom extends IvimSeries {
  readonly truth: Readonly<Record<Name | 'S0', Float64Array>>
  readonly snr: number
}

/** A tissue drawn by chance. */
type Draw = (uniform: () => number, voxel: number) => { S0: number; D: number; f: number; Dstar: number }

/** D, f, ln D* and S0 uniform over what tissue has. */
export const wideTissue: Draw = uniform => ({
  D: 0.5e-3 + 1.5e-3 * uniform(),
  f: 0.02 + 0.33 * uniform(),
  Dstar: 8e-3 * Math.exp(Math.log(10) * uniform()),
  S0: 500 + 1000 * uniform(),
})

/** Voxels with Rician noise of S0/SNR, the same at every run. */
export function phantom(count: number, snr: number, draw: Draw = wideTissue, b: Float64Array = BENCHMARK_B): Phantom {
  const random = createRandom(`ivim ${count} ${snr}`)
  const column = () => new Float64Array(count)
  const truth = { S0: column(), D: column(), f: column(), Dstar: column() }
  const signals = new Float64Array(b.length * count)
  const signal = new Float64Array(b.length)
  for (let v = 0; v < count; v++) {
    const tissue = draw(random.uniform, v)
    for (const name of [...NAMES, 'S0'] as const) truth[name][v] = tissue[name]
    biexponentialSignal(signal, tissue, b)
    const sigma = tissue.S0 / snr
    for (let i = 0; i < b.length; i++) {
      signals[i * count + v] = Math.hypot(signal[i]! + sigma * random.normal(), sigma * random.normal())
    }
  }
  return { signals, b, voxels: Int32Array.from({ length: count }, (_, v) => v), truth, snr }
}

/** Errors of the ideal estimator: normal, of the Cramér–Rao bound of each voxel; relative [1]. */
export function idealErrors({ truth, b, snr }: Phantom, name: Name): Float64Array {
  const random = createRandom(`ideal ${name}`)
  return truth[name].map((value, v) => {
    const p = { S0: 1, D: truth.D[v]!, f: truth.f[v]!, Dstar: truth.Dstar[v]! }
    return Math.abs((ivimBound(p, b, 1 / snr)![name] * random.normal()) / value)
  })
}

/** Relative errors of a map [1]; a voxel without a value counts as wrong by all of it. */
export function errors(map: Float64Array, truth: Float64Array): Float64Array {
  return map.map((value, v) => (Number.isFinite(value) ? Math.abs(value / truth[v]! - 1) : 1))
}
