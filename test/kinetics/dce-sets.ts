import { modelCurve } from '../../src/kinetics/dce-fit.ts'
import type { InputCurve } from '../../src/kinetics/inlet.ts'
import type { KineticModel } from '../../src/kinetics/model.ts'
import { KINETIC_MODELS } from '../../src/kinetics/models.ts'
import { populationCurve } from '../../src/kinetics/population-aif.ts'
import { createRandom } from '../../src/numerics/random.ts'

/** A set of tissue curves of known parameters: exact on an input that is known every 0.02 s, sampled every 2 s, with noise. */
export interface CurveSet {
  readonly model: KineticModel
  readonly times: Float64Array
  /** The input as it would be measured: at the frames. */
  readonly inlet: InputCurve
  /** shape (nFrame × n) */
  readonly concentrations: Float32Array
  /** Free parameters, house units, shape (n) each. */
  readonly truth: Readonly<Record<string, Float64Array>>
  readonly sigma: number
  readonly voxels: Int32Array
}

const FRAMES = 150
const SPACING = 2
const HEMATOCRIT = 0.42
const ARRIVAL = 20

const plasma = (times: Float64Array): InputCurve => ({
  times,
  values: populationCurve('parker', times, ARRIVAL).map(value => value / (1 - HEMATOCRIT)),
})

/** Ranges of the parameters by name [per minute where they are rates] and the noise [mM]. */
const SETS = {
  etofts: { sigma: 0.01, ranges: { Ktrans: [0.01, 0.5], ve: [0.1, 0.6], vp: [0.005, 0.15] } },
  '2cxm': { sigma: 0.00225, ranges: { Fp: [0.1, 1], PS: [0.02, 0.3], ve: [0.1, 0.5], vp: [0.02, 0.12] } },
} as const

/** The set of a model. */
export function curveSet(name: keyof typeof SETS, n: number): CurveSet {
  const { sigma, ranges } = SETS[name]
  const model = KINETIC_MODELS.find(item => item.name === name)!
  const times = Float64Array.from({ length: FRAMES }, (_, i) => i * SPACING)
  const fine = plasma(Float64Array.from({ length: FRAMES * SPACING * 50 }, (_, i) => i / 50))
  const random = createRandom(`curves ${name}`)
  const concentrations = new Float32Array(FRAMES * n)
  const truth = Object.fromEntries(model.parameters.map(({ name: key }) => [key, new Float64Array(n)]))
  const p = new Float64Array(model.parameters.length)
  for (let v = 0; v < n; v++) {
    for (const [a, { name: key, unit }] of model.parameters.entries()) {
      const [low, high] = Object.entries(ranges).find(([known]) => known === key)![1]
      p[a] = (low + (high - low) * random.uniform()) / (unit === '1/s' ? 60 : 1)
      truth[key]![v] = p[a]!
    }
    const curve = modelCurve(model, p, [fine], times)
    for (let i = 0; i < FRAMES; i++) concentrations[i * n + v] = curve[i]! + sigma * random.normal()
  }
  return {
    model,
    times,
    inlet: plasma(times),
    concentrations,
    truth,
    sigma,
    voxels: Int32Array.from({ length: n }, (_, v) => v),
  }
}
