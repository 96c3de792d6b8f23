import { exponentialConvolution } from './convolution.ts'
import { linearForm } from './linear-form.ts'
import type { KineticModel } from './model.ts'
import { compartmentQuantities, FP, PS, VP } from './quantities.ts'
import { bindTwoExponentials } from './two-exponentials.ts'

/**
 * The two-compartment uptake model: plasma that leaks into an interstitium from which nothing returns.
 *
 * @remarks
 *     vp·dc_p/dt = Fp·(C_p − c_p) − PS·c_p,   C = vp·c_p + PS·∫c_p
 *     C(s)/C_p(s) = Fp·(s + PS/vp)/(s·(s + k)),   k = (Fp + PS)/vp
 *
 * **Assumes** a series so short, or a leak so slow, that return is not seen.
 *
 * **Limits.** The two-compartment exchange model for ve → ∞; the Patlak model for Fp → ∞.
 *
 * @see Sourbron & Buckley, Phys Med Biol 57:R1 (2012), doi:10.1088/0031-9155/57/2/R1
 */
export const twoCompartmentUptake: KineticModel = {
  name: '2cum',
  title: 'two-compartment uptake',
  lexicon: 'M.IC1.007',
  reference: 'doi:10.1088/0031-9155/57/2/R1',
  equation: 'vp·dcp/dt = Fp·(Cp − cp) − PS·cp, C = vp·cp + PS·∫cp',
  hasFlow: true,
  inlets: 1,
  parameters: [FP, PS, VP],
  derived: compartmentQuantities(0, 1, 2),
  starts: [
    [0.5 / 60, 0.02 / 60, 0.06],
    [0.1 / 60, 0.005 / 60, 0.02],
    [1 / 60, 0.1 / 60, 0.15],
  ],
  vanishing: {},
  isLinear: false,
  bind: ([inlet]) =>
    bindTwoExponentials(inlet!, 3, (p, out) => {
      const [F, P, vp] = [p[0]!, p[1]!, p[2]!]
      out.n1 = F
      out.n0 = (F * P) / vp
      out.b = (F + P) / vp
      out.q = 0
      out.byN1[0] = 1
      out.byN0.set([P / vp, F / vp, -out.n0 / vp])
      out.byB.set([1 / vp, 1 / vp, -out.b / vp])
    }),
  linear([inlet]) {
    const n = inlet!.frames.length
    const area = new Float64Array(n)
    const double = new Float64Array(n)
    // The derivative of the convolution by k, at 0, is minus the double integral.
    exponentialConvolution(inlet!)(0, area, double)
    return linearForm(inlet!.frames, [area, double.map(value => -value)], 1, {
      // C = Fp·∫Cp + (Fp·PS/vp)·∫∫Cp − k·∫C
      toParameters([F, uptake, minusK], p) {
        const perVp = uptake! / F!
        const vp = F! / (-minusK! - perVp)
        p[0] = F!
        p[1] = perVp * vp
        p[2] = vp
        return F! > 0 && vp > 0
      },
      byParameters(p, out) {
        const [F, P, vp] = [p[0]!, p[1]!, p[2]!]
        out.set([1, 0, 0])
        out.set([P / vp, F / vp, (-F * P) / (vp * vp)], 3)
        out.set([-1 / vp, -1 / vp, (F + P) / (vp * vp)], 6)
      },
    })
  },
}
