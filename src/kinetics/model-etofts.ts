import { exponentialConvolution, inletAtFrames } from './convolution.ts'
import { linearForm } from './linear-form.ts'
import type { KineticModel } from './model.ts'
import { KEP, KTRANS, ratio, VE, VP } from './quantities.ts'

/**
 * The extended Tofts model: exchange with the interstitium, and plasma in sight.
 *
 * @remarks
 *     C(t) = vp·C_p(t) + Ktrans·∫₀ᵗ C_p(u)·exp(−(Ktrans/ve)·(t − u)) du
 *
 * **Assumes** plasma that passes within one frame. Ktrans is E·Fp: permeability where flow is ample, flow where the vessels
 * leak freely.
 *
 * **Limits.** vp = 0 is {@link tofts}, ve → ∞ is {@link patlak}. With Ktrans = 0, ve is undefined.
 *
 * **Error.** 150 frames of 2 s, noise of 0.01 mM: median errors 0.59, 0.31 and 0.58 % of Ktrans, ve and vp.
 *
 * @see Tofts, J Magn Reson Imaging 7:91 (1997), doi:10.1002/jmri.1880070113
 */
export const extendedTofts: KineticModel = {
  name: 'etofts',
  title: 'extended Tofts',
  lexicon: 'M.IC1.005',
  reference: 'doi:10.1002/jmri.1880070113',
  equation: 'C(t) = vp·Cp(t) + Ktrans·∫Cp(u)·exp(−kep·(t − u)) du, kep = Ktrans/ve',
  hasFlow: false,
  inlets: 1,
  parameters: [KTRANS, VE, VP],
  derived: [ratio(KEP, 0, 1)],
  starts: [
    [0.2 / 60, 0.25, 0.05],
    [0.01 / 60, 0.1, 0.02],
    [1 / 60, 0.5, 0.02],
  ],
  vanishing: { Ktrans: ['ve', 'kep'] },
  isLinear: false,
  bind([inlet]) {
    const n = inlet!.frames.length
    const Cp = new Float64Array(n)
    const G = new Float64Array(n)
    const byK = new Float64Array(n)
    const convolve = exponentialConvolution(inlet!)
    return {
      evaluate(p, curve, jacobian) {
        const [F, ve, vp] = [p[0]!, p[1]!, p[2]!]
        const k = F / ve
        inletAtFrames(inlet!, Cp)
        convolve(k, G, jacobian === null ? null : byK)
        for (let i = 0; i < n; i++) curve[i] = vp * Cp[i]! + F * G[i]!
        if (jacobian === null) return
        const byVe = (-F * k) / ve
        for (let i = 0; i < n; i++) {
          jacobian[i] = G[i]! + k * byK[i]!
          jacobian[n + i] = byVe * byK[i]!
        }
        jacobian.set(Cp, 2 * n)
      },
    }
  },
  linear([inlet]) {
    const n = inlet!.frames.length
    const Cp = new Float64Array(n)
    const area = new Float64Array(n)
    inletAtFrames(inlet!, Cp)
    exponentialConvolution(inlet!)(0, area, null)
    return linearForm(inlet!.frames, [area, Cp], 1, {
      // C = (Ktrans + kep·vp)·∫Cp + vp·Cp − kep·∫C
      toParameters(c, p) {
        const kep = -c[2]!
        p[2] = c[1]!
        p[0] = c[0]! - kep * c[1]!
        p[1] = p[0]! / kep
        return kep > 0 && p[0]! > 0
      },
      byParameters(p, out) {
        const [F, ve, vp] = [p[0]!, p[1]!, p[2]!]
        out.set([1 + vp / ve, (-F * vp) / (ve * ve), F / ve, 0, 0, 1, -1 / ve, F / (ve * ve), 0])
      },
    })
  },
}
