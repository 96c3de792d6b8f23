import { inletAtFrames } from './convolution.ts'
import { linearForm } from './linear-form.ts'
import type { KineticModel } from './model.ts'
import { VP } from './quantities.ts'

/**
 * Blood alone: nothing leaves the vessels. The null model of a comparison.
 *
 * @remarks
 *     C(t) = vp·C_p(t)
 *
 * **Assumes** plasma that passes within one frame and does not leak.
 *
 * **Limits.** The limit of {@link patlak} for PS = 0.
 */
export const steadyState: KineticModel = {
  name: 'steady',
  title: 'steady state (plasma volume)',
  lexicon: 'M.IC1.002',
  reference: 'doi:10.1088/0031-9155/57/2/R1',
  equation: 'C(t) = vp·Cp(t)',
  hasFlow: false,
  inlets: 1,
  parameters: [VP],
  derived: [],
  starts: [[0.05]],
  vanishing: {},
  isLinear: true,
  bind([inlet]) {
    const Cp = new Float64Array(inlet!.frames.length)
    return {
      evaluate(p, curve, jacobian) {
        inletAtFrames(inlet!, Cp)
        for (let i = 0; i < Cp.length; i++) curve[i] = p[0]! * Cp[i]!
        jacobian?.set(Cp)
      },
    }
  },
  linear([inlet]) {
    const Cp = new Float64Array(inlet!.frames.length)
    inletAtFrames(inlet!, Cp)
    return linearForm(inlet!.frames, [Cp], 0, {
      toParameters(c, p) {
        p[0] = c[0]!
        return true
      },
      byParameters(_, out) {
        out[0] = 1
      },
    })
  },
}
