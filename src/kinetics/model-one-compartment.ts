import type { KineticModel } from './model.ts'
import { bindOneExponential, linearOneExponential } from './one-exponential.ts'
import { FP, MTT, ratio, V } from './quantities.ts'

/**
 * One well-mixed compartment that plasma flows through.
 *
 * @remarks
 *     C(t) = Fp·∫₀ᵗ C_p(u)·exp(−(Fp/v)·(t − u)) du
 *
 * **Assumes** either no extravasation (v = vp) or an exchange so fast that plasma and interstitium are one
 * (v = vp + ve): the curve does not tell which.
 *
 * **Limits.** The two-compartment exchange model for PS → ∞. The same curve as the Tofts model, read as flow.
 *
 * @see Sourbron & Buckley, Phys Med Biol 57:R1 (2012), doi:10.1088/0031-9155/57/2/R1
 */
export const oneCompartment: KineticModel = {
  name: '1c',
  title: 'one-compartment',
  lexicon: 'M.IC1.003',
  reference: 'doi:10.1088/0031-9155/57/2/R1',
  equation: 'C(t) = Fp·∫Cp(u)·exp(−(Fp/v)·(t − u)) du',
  hasFlow: true,
  inlets: 1,
  parameters: [FP, V],
  derived: [ratio({ ...MTT, title: 'mean transit time', lexicon: 'Q.PH1.006.t' }, 1, 0)],
  starts: [
    [0.2 / 60, 0.25],
    [1 / 60, 0.1],
    [0.03 / 60, 0.05],
  ],
  vanishing: { Fp: ['v', 'mtt'] },
  isLinear: false,
  bind: ([inlet]) => bindOneExponential(inlet!),
  linear: ([inlet]) => linearOneExponential(inlet!),
}
