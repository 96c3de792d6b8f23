import type { FreeParameter, KineticModel } from './model.ts'
import { bindOneExponential } from './one-exponential.ts'
import { FP, MTT, ratio, V } from './quantities.ts'

const FA: FreeParameter = {
  name: 'fa',
  title: 'arterial fraction of the inflow',
  lexicon: null,
  unit: '1',
  lower: 0,
  upper: 1,
}

/** The space that the agent reaches, as the maps call it. */
const VE: FreeParameter = { ...V, name: 've', title: 'volume fraction of the extracellular space' }

/**
 * The dual-inlet model of the liver: one well-mixed compartment fed by the hepatic artery and the portal vein.
 *
 * @remarks
 *     C(t) = Fp·∫₀ᵗ [fa·C_a(u) + (1 − fa)·C_v(u)]·exp(−(Fp/ve)·(t − u)) du
 *
 * **Assumes** sinusoids that hold nothing back: plasma and the space of Disse are one, and no uptake by hepatocytes
 * (gadoxetate breaks this after some minutes).
 *
 * **Limits.** fa = 1 is one compartment behind the artery.
 *
 * @see Materne et al., Magn Reson Med 47:135 (2002), doi:10.1002/mrm.10045
 */
export const liver: KineticModel = {
  name: 'liver',
  title: 'dual-inlet liver',
  lexicon: null,
  reference: 'doi:10.1002/mrm.10045',
  equation: 'C(t) = Fp·∫[fa·Ca(u) + (1 − fa)·Cv(u)]·exp(−(Fp/ve)·(t − u)) du',
  hasFlow: true,
  inlets: 2,
  parameters: [FP, FA, VE],
  derived: [ratio(MTT, 2, 0)],
  starts: [
    [1 / 60, 0.25, 0.25],
    [0.5 / 60, 0.5, 0.2],
    [2 / 60, 0.1, 0.4],
  ],
  vanishing: {},
  isLinear: false,
  bind([artery, vein]) {
    const n = artery!.frames.length
    const [a, v] = [bindOneExponential(artery!), bindOneExponential(vein!)]
    const inner = new Float64Array(2)
    const frames = () => new Float64Array(n)
    const [fromA, fromV] = [frames(), frames()]
    const [jacobianA, jacobianV] = [new Float64Array(2 * n), new Float64Array(2 * n)]
    return {
      evaluate(p, curve, jacobian) {
        const fa = p[1]!
        inner[0] = p[0]!
        inner[1] = p[2]!
        a.evaluate(inner, fromA, jacobian && jacobianA)
        v.evaluate(inner, fromV, jacobian && jacobianV)
        for (let i = 0; i < n; i++) curve[i] = fa * fromA[i]! + (1 - fa) * fromV[i]!
        if (jacobian === null) return
        for (let i = 0; i < n; i++) {
          jacobian[i] = fa * jacobianA[i]! + (1 - fa) * jacobianV[i]!
          jacobian[n + i] = fromA[i]! - fromV[i]!
          jacobian[2 * n + i] = fa * jacobianA[n + i]! + (1 - fa) * jacobianV[n + i]!
        }
      },
    }
  },
  linear: null,
}
