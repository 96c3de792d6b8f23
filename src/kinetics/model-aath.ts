import { exponentialConvolution, intervalWeights, type Weights } from './convolution.ts'
import type { Inlet } from './inlet.ts'
import type { DerivedQuantity, KineticModel } from './model.ts'
import { FP, KTRANS, MTT, MTTE, PS, ratio, VE, VP } from './quantities.ts'

/** E and Ktrans of plasma that passes in single file. */
const quantities: readonly DerivedQuantity[] = [
  {
    name: 'Ktrans',
    title: KTRANS.title,
    lexicon: KTRANS.lexicon,
    unit: '1/s',
    of(p, gradient) {
      const x = p[1]! / p[0]!
      const e = Math.exp(-x)
      gradient.fill(0)
      gradient[0] = 1 - e - x * e
      gradient[1] = e
      return p[0]! * (1 - e)
    },
  },
  {
    name: 'E',
    title: 'extraction fraction',
    lexicon: 'Q.PH1.005',
    unit: '1',
    of(p, gradient) {
      const x = p[1]! / p[0]!
      const e = Math.exp(-x)
      gradient.fill(0)
      gradient[0] = (-x * e) / p[0]!
      gradient[1] = e / p[0]!
      return 1 - e
    },
  },
  ratio(MTT, 3, 0),
  ratio(MTTE, 2, 1),
]

/**
 * The adiabatic approximation of the tissue-homogeneity model: plasma passes in single file, and leaks on its way.
 *
 * @remarks
 *     C(t) = Fp·[U(t) − U(t − Tc)] + E·Fp·G_k(t − Tc)
 *     Tc = vp/Fp,   E = 1 − exp(−PS/Fp),   k = E·Fp/ve,   U = ∫C_p
 *
 * **Assumes** an interstitium that changes slowly against the transit time of plasma.
 *
 * **Limits.** The extended Tofts model for Tc → 0. The curve has a kink at Tc: a fit sees Tc to about a frame.
 *
 * @see St Lawrence & Lee, J Cereb Blood Flow Metab 18:1365 (1998), doi:10.1097/00004647-199812000-00011
 */
export const tissueHomogeneity: KineticModel = {
  name: 'aath',
  title: 'adiabatic tissue homogeneity',
  lexicon: 'M.IC1.012',
  reference: 'doi:10.1097/00004647-199812000-00011',
  equation: 'C(t) = Fp·[U(t) − U(t − Tc)] + E·Fp·Gk(t − Tc), Tc = vp/Fp, E = 1 − exp(−PS/Fp), k = E·Fp/ve',
  hasFlow: true,
  inlets: 1,
  parameters: [FP, PS, VE, VP],
  derived: quantities,
  starts: [
    [0.5 / 60, 0.1 / 60, 0.25, 0.06],
    [0.2 / 60, 0.02 / 60, 0.1, 0.03],
    [1 / 60, 0.3 / 60, 0.4, 0.1],
    [0.3 / 60, 0.1 / 60, 0.2, 0.1],
  ],
  vanishing: { PS: ['ve', 'mtte'] },
  isLinear: false,
  bind([inlet]) {
    const n = inlet!.frames.length
    const at = movedBack(inlet!)
    const frames = () => new Float64Array(n)
    const [U, earlier, G, byK, before] = [frames(), frames(), frames(), frames(), frames()]
    const area = exponentialConvolution(inlet!)
    return {
      evaluate(p, curve, jacobian) {
        const [F, P, ve, vp] = [p[0]!, p[1]!, p[2]!, p[3]!]
        const Tc = vp / F
        const e = Math.exp(-P / F)
        const K = F * (1 - e)
        const k = K / ve
        area(0, U, null)
        at(0, Tc, earlier, null, before)
        at(k, Tc, G, byK, before)
        for (let i = 0; i < n; i++) curve[i] = F * (U[i]! - earlier[i]!) + K * G[i]!
        if (jacobian === null) return
        const [KByF, KByP] = [1 - e - (P / F) * e, e]
        for (let i = 0; i < n; i++) {
          // By K with k = K/ve, and by Tc: dG/dt = Cp − k·G, dU/dt = Cp.
          const byKtrans = G[i]! + k * byK[i]!
          const byTc = F * before[i]! - K * (before[i]! - k * G[i]!)
          jacobian[i] = U[i]! - earlier[i]! + byKtrans * KByF - (byTc * Tc) / F
          jacobian[n + i] = byKtrans * KByP
          jacobian[2 * n + i] = (-K * k * byK[i]!) / ve
          jacobian[3 * n + i] = byTc / F
        }
      },
    }
  },
  linear: null,
}

/** The convolution with exp(−k·t) at the frames moved back by a time, its derivative by k, and the inlet there. */
function movedBack(
  inlet: Inlet,
): (k: number, back: number, G: Float64Array, byK: Float64Array | null, Cp: Float64Array) => void {
  const { nodes, values, frames } = inlet
  const m = nodes.length
  const whole: Inlet = { ...inlet, frames: nodes, frameAt: Int32Array.from({ length: m }, (_, j) => j) }
  const convolve = exponentialConvolution(whole)
  const [atNodes, byKAtNodes] = [new Float64Array(m), new Float64Array(m)]
  const weights: Weights = { decay: 0, value: 0, slope: 0, valueByK: 0, slopeByK: 0 }
  return (k, back, G, byK, Cp) => {
    convolve(k, atNodes, byKAtNodes)
    let j = 0
    for (let i = 0; i < frames.length; i++) {
      const t = frames[i]! - back
      if (t <= nodes[0]!) {
        G[i] = Cp[i] = 0
        if (byK !== null) byK[i] = 0
        continue
      }
      while (j < m - 1 && nodes[j + 1]! <= t) j++
      const d = t - nodes[j]!
      const slope = j < m - 1 ? (values[j + 1]! - values[j]!) / (nodes[j + 1]! - nodes[j]!) : 0
      intervalWeights(k, d, weights)
      const { decay, value, slope: ramp, valueByK, slopeByK } = weights
      G[i] = decay * atNodes[j]! + value * values[j]! + ramp * slope
      if (byK !== null) byK[i] = decay * (byKAtNodes[j]! - d * atNodes[j]!) + valueByK * values[j]! + slopeByK * slope
      Cp[i] = values[j]! + slope * d
    }
  }
}
