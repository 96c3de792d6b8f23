import { exponentialConvolution } from './convolution.ts'
import { linearForm } from './linear-form.ts'
import type { KineticModel } from './model.ts'
import { compartmentQuantities, FP, MTTE, PS, ratio, VE, VP } from './quantities.ts'
import { bindTwoExponentials } from './two-exponentials.ts'

/**
 * The two-compartment exchange model: plasma and interstitium, each well mixed.
 *
 * @remarks
 *     vp·dc_p/dt = Fp·(C_p − c_p) − PS·(c_p − c_e),   ve·dc_e/dt = PS·(c_p − c_e),   C = vp·c_p + ve·c_e
 *     C(s)/C_p(s) = Fp·(s + c)/(s² + b·s + q)
 *     c = PS/ve + PS/vp,   b = Fp/vp + c,   q = PS·Fp/(ve·vp)
 *
 * **Assumes** frames short against the transit time of plasma (some 6 s at the most), else Fp and PS are not seen apart.
 *
 * **Limits.** ve → ∞ is {@link twoCompartmentUptake}, PS → ∞ one compartment, Fp → ∞ the extended Tofts model. With PS = 0, ve
 * is undefined.
 *
 * @see Sourbron & Buckley, Phys Med Biol 57:R1 (2012), doi:10.1088/0031-9155/57/2/R1
 */
export const twoCompartmentExchange: KineticModel = {
  name: '2cxm',
  title: 'two-compartment exchange',
  lexicon: 'M.IC1.009',
  reference: 'doi:10.1088/0031-9155/57/2/R1',
  equation: 'vp·dcp/dt = Fp·(Cp − cp) − PS·(cp − ce), ve·dce/dt = PS·(cp − ce), C = vp·cp + ve·ce',
  hasFlow: true,
  inlets: 1,
  parameters: [FP, PS, VE, VP],
  derived: [...compartmentQuantities(0, 1, 3), ratio(MTTE, 2, 1)],
  starts: [
    [0.5 / 60, 0.1 / 60, 0.25, 0.06],
    [0.2 / 60, 0.02 / 60, 0.1, 0.03],
    [1 / 60, 0.3 / 60, 0.4, 0.1],
    [0.05 / 60, 0.05 / 60, 0.2, 0.02],
  ],
  vanishing: { PS: ['ve', 'mtte'] },
  isLinear: false,
  bind: ([inlet]) =>
    bindTwoExponentials(inlet!, 4, (p, out) => {
      const [F, P, ve, vp] = [p[0]!, p[1]!, p[2]!, p[3]!]
      const c = P / ve + P / vp
      out.n1 = F
      out.n0 = F * c
      out.b = F / vp + c
      out.q = (P * F) / (ve * vp)
      const [cByP, cByVe, cByVp] = [1 / ve + 1 / vp, -P / (ve * ve), -P / (vp * vp)]
      out.byN1[0] = 1
      out.byN0.set([c, F * cByP, F * cByVe, F * cByVp])
      out.byB.set([1 / vp, cByP, cByVe, -F / (vp * vp) + cByVp])
      out.byQ.set([P / (ve * vp), F / (ve * vp), -out.q / ve, -out.q / vp])
    }),
  linear([inlet]) {
    const n = inlet!.frames.length
    const area = new Float64Array(n)
    const double = new Float64Array(n)
    // The derivative of the convolution by k, at 0, is minus the double integral.
    exponentialConvolution(inlet!)(0, area, double)
    return linearForm(inlet!.frames, [area, double.map(value => -value)], 2, {
      // C = Fp·∫Cp + Fp·c·∫∫Cp − b·∫C − q·∫∫C
      toParameters([F, Fc, minusB, minusQ], p) {
        const c = Fc! / F!
        const perVp = -minusB! - c
        const vp = F! / perVp
        const perVe = (-minusQ! * vp) / F!
        p[0] = F!
        p[1] = vp * (c - perVe)
        p[2] = p[1] / perVe
        p[3] = vp
        return F! > 0 && vp > 0 && p[1] > 0 && p[2] > 0
      },
      byParameters(p, out) {
        const [F, P, ve, vp] = [p[0]!, p[1]!, p[2]!, p[3]!]
        const c = P / ve + P / vp
        const [cByP, cByVe, cByVp] = [1 / ve + 1 / vp, -P / (ve * ve), -P / (vp * vp)]
        const q = (P * F) / (ve * vp)
        out.set([1, 0, 0, 0])
        out.set([c, F * cByP, F * cByVe, F * cByVp], 4)
        out.set([-1 / vp, -cByP, -cByVe, F / (vp * vp) - cByVp], 8)
        out.set([-q / F, -F / (ve * vp), q / ve, q / vp], 12)
      },
    })
  },
}
