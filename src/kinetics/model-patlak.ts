import { exponentialConvolution, inletAtFrames } from './convolution.ts'
import { linearForm } from './linear-form.ts'
import type { KineticModel } from './model.ts'
import { PS, VP } from './quantities.ts'

/**
 * The Patlak model: uptake without return.
 *
 * @remarks
 *     C(t) = vp·C_p(t) + PS·∫₀ᵗ C_p du
 *
 * **Assumes** plasma that passes within one frame, flow far above PS, and no return from the tissue within the series. It
 * is linear: its least-squares fit is closed. PS may come out negative, or means over tissue with an intact barrier would
 * be biased.
 *
 * **Limits.** PS = 0 is {@link steadyState}; the limit of the extended Tofts model for ve → ∞.
 *
 * @see Patlak et al., J Cereb Blood Flow Metab 3:1 (1983), doi:10.1038/jcbfm.1983.1
 */
export const patlak: KineticModel = {
  name: 'patlak',
  title: 'Patlak',
  lexicon: 'M.IC1.006',
  reference: 'doi:10.1038/jcbfm.1983.1',
  equation: 'C(t) = vp·Cp(t) + PS·∫Cp',
  hasFlow: false,
  inlets: 1,
  parameters: [{ ...PS, lower: -PS.upper }, VP],
  derived: [],
  starts: [[0, 0.05]],
  vanishing: {},
  isLinear: true,
  bind([inlet]) {
    const n = inlet!.frames.length
    const Cp = new Float64Array(n)
    const area = new Float64Array(n)
    const convolve = exponentialConvolution(inlet!)
    return {
      evaluate(p, curve, jacobian) {
        inletAtFrames(inlet!, Cp)
        convolve(0, area, null)
        for (let i = 0; i < n; i++) curve[i] = p[1]! * Cp[i]! + p[0]! * area[i]!
        if (jacobian === null) return
        jacobian.set(area)
        jacobian.set(Cp, n)
      },
    }
  },
  linear([inlet]) {
    const n = inlet!.frames.length
    const Cp = new Float64Array(n)
    const area = new Float64Array(n)
    inletAtFrames(inlet!, Cp)
    exponentialConvolution(inlet!)(0, area, null)
    return linearForm(inlet!.frames, [area, Cp], 0, {
      toParameters(c, p) {
        p.set(c)
        return true
      },
      byParameters(_, out) {
        out[0] = out[3] = 1
        out[1] = out[2] = 0
      },
    })
  },
}
