import type { KineticModel } from './model.ts'
import { bindOneExponential, linearOneExponential } from './one-exponential.ts'
import { KEP, KTRANS, ratio, VE } from './quantities.ts'

/**
 * The Tofts model: exchange with the interstitium, plasma too little to see.
 *
 * @remarks
 *     C(t) = Ktrans·∫₀ᵗ C_p(u)·exp(−(Ktrans/ve)·(t − u)) du
 *
 * **Assumes** vp ≪ ve, or highly perfused tissue where plasma and interstitium are one compartment.
 *
 * **Limits.** The extended Tofts model for vp = 0. With Ktrans = 0, ve is undefined.
 *
 * @see Tofts & Kermode, Magn Reson Med 17:357 (1991), doi:10.1002/mrm.1910170208
 */
export const tofts: KineticModel = {
  name: 'tofts',
  title: 'Tofts',
  lexicon: 'M.IC1.004',
  reference: 'doi:10.1002/mrm.1910170208',
  equation: 'C(t) = Ktrans·∫Cp(u)·exp(−kep·(t − u)) du, kep = Ktrans/ve',
  hasFlow: false,
  inlets: 1,
  parameters: [KTRANS, VE],
  derived: [ratio(KEP, 0, 1)],
  starts: [
    [0.2 / 60, 0.25],
    [0.02 / 60, 0.05],
    [1 / 60, 0.5],
  ],
  vanishing: { Ktrans: ['ve', 'kep'] },
  isLinear: false,
  bind: ([inlet]) => bindOneExponential(inlet!),
  linear: ([inlet]) => linearOneExponential(inlet!),
}
