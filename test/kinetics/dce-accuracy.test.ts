import { describe, expect, it } from 'vitest'
import { fitKinetics } from '../../src/kinetics/dce-fit.ts'
import { delayedInlet } from '../../src/kinetics/inlet.ts'
import { mean, median } from '../../src/numerics/statistics.ts'
import { invertSymmetric } from '../../src/numerics/symmetric.ts'
import { type CurveSet, curveSet } from './dce-sets.ts'

/** Fits of curves of known parameters with noise, sampled every 2 s. */

const fitOf = ({ model, concentrations, times, voxels, inlet }: CurveSet) =>
  fitKinetics(model, { concentrations, times, voxels }, [inlet])

describe('extended Tofts', () => {
  const set = curveSet('etofts', 3000)
  const { maps, sd } = fitOf(set)
  const share = (name: string) =>
    median(maps[name]!.map((value, v) => Math.abs(value / set.truth[name]![v]! - 1)).filter(Number.isFinite))

  it('has the errors that its noise allows, and no bias of vp', () => {
    expect(share('Ktrans')).toBeLessThan(0.0062)
    expect(share('ve')).toBeLessThan(0.0033)
    expect(share('vp')).toBeLessThan(0.0062)
    expect(Math.abs(mean(maps['vp']!.map((value, v) => value - set.truth['vp']![v]!)))).toBeLessThan(2e-4)
  })

  it('has standard errors that are those of the spread', () => {
    for (const name of ['Ktrans', 've', 'vp']) {
      const scores = maps[name]!.map((value, v) => Math.abs(value - set.truth[name]![v]!) / sd[name]![v]!).filter(
        Number.isFinite,
      )
      // The median of a half-normal distribution.
      expect(Math.abs(median(scores) / 0.6745 - 1), name).toBeLessThan(0.1)
    }
  })
})

describe('two-compartment exchange', () => {
  const set = curveSet('2cxm', 1200)
  const fit = fitOf(set)

  it('has a flow as good as the Cramér-Rao bound allows, without bias', () => {
    const errors = fit.maps['Fp']!.map((value, v) => 60 * (value - set.truth['Fp']![v]!))
    const rmse = Math.sqrt(mean(errors.map(error => error * error)))
    expect(rmse).toBeLessThan(1.3 * boundOf(set))
    expect(Math.abs(mean(errors))).toBeLessThan(0.005)
  })
})

/** Root mean square over the voxels of the least standard deviation of Fp [1/min]. */
function boundOf({ model, times, inlet, truth, sigma, voxels }: CurveSet): number {
  const bound = model.bind([delayedInlet(inlet, times).inlet])
  const [n, P] = [times.length, model.parameters.length]
  const [curve, jacobian, M] = [new Float64Array(n), new Float64Array(P * n), new Float64Array(P * P)]
  let sum = 0
  for (const v of voxels) {
    bound.evaluate(
      Float64Array.from(model.parameters, ({ name }) => truth[name]![v]!),
      curve,
      jacobian,
    )
    for (let a = 0; a < P; a++)
      for (let b = 0; b < P; b++) {
        M[a * P + b] = 0
        for (let i = 0; i < n; i++) M[a * P + b]! += jacobian[a * n + i]! * jacobian[b * n + i]!
      }
    invertSymmetric(M, P, new Float64Array(P))
    sum += M[0]! * sigma * sigma * 3600
  }
  return Math.sqrt(sum / voxels.length)
}
