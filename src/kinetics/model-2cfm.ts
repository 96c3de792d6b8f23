import { exponentialConvolution } from './convolution.ts'
import { linearForm } from './linear-form.ts'
import type { FreeParameter, KineticModel } from './model.ts'
import { FP, MTT, ratio, VP } from './quantities.ts'
import { bindTwoExponentials } from './two-exponentials.ts'

const FT: FreeParameter = {
  name: 'FT',
  title: 'tubular flow',
  lexicon: 'Q.PH1.003',
  unit: '1/s',
  lower: 0,
  upper: 5 / 60,
}

const TUBULAR_TIME: FreeParameter = {
  name: 'mtte',
  title: 'mean transit time of the tubules',
  lexicon: 'Q.PH1.006.e',
  unit: 's',
  lower: 10,
  upper: 600,
}

/**
 * The two-compartment filtration model of the kidney: plasma, and tubules that it is filtered into.
 *
 * @remarks
 *     C(t) = Fp·G_{kp} + FT·kp·(G_{kt} − G_{kp})/(kp − kt),   kp = Fp/vp,   kt = 1/Tt
 *     C(s)/C_p(s) = (Fp·s + Fp·kt + FT·kp)/((s + kp)·(s + kt))
 *
 * FT times the volume of the parenchyma is the glomerular filtration rate; FT/Fp the filtration fraction.
 *
 * **Assumes** a filtrate that does not return to plasma. Plasma leaves with Fp; with kp = (Fp + FT)/vp instead it is another model.
 *
 * **Limits.** FT = 0 is one compartment; then the transit time of the tubules is undefined.
 *
 * @see Sourbron et al., Invest Radiol 43:40 (2008), doi:10.1097/RLI.0b013e31815597c5
 */
export const twoCompartmentFiltration: KineticModel = {
  name: '2cfm',
  title: 'two-compartment filtration',
  lexicon: 'M.IC1.013',
  reference: 'doi:10.1097/RLI.0b013e31815597c5',
  equation: 'C(t) = Fp·Gkp + FT·kp·(Gkt − Gkp)/(kp − kt), kp = Fp/vp, kt = 1/Tt',
  hasFlow: true,
  inlets: 1,
  parameters: [FP, FT, VP, TUBULAR_TIME],
  derived: [
    ratio({ name: 'E', title: 'filtration fraction', lexicon: 'Q.PH1.005', unit: '1' }, 1, 0),
    ratio(MTT, 2, 0),
  ],
  starts: [
    [2 / 60, 0.2 / 60, 0.2, 120],
    [1 / 60, 0.05 / 60, 0.15, 60],
    [4 / 60, 0.5 / 60, 0.3, 200],
  ],
  vanishing: { FT: ['mtte'] },
  isLinear: false,
  bind: ([inlet]) =>
    bindTwoExponentials(inlet!, 4, (p, out) => {
      const [F, T, vp, time] = [p[0]!, p[1]!, p[2]!, p[3]!]
      const [kp, kt] = [F / vp, 1 / time]
      const [kpByF, kpByVp, ktByTime] = [1 / vp, -kp / vp, -kt * kt]
      out.n1 = F
      out.n0 = F * kt + T * kp
      out.b = kp + kt
      out.q = kp * kt
      out.byN1[0] = 1
      out.byN0.set([kt + T * kpByF, kp, T * kpByVp, F * ktByTime])
      out.byB.set([kpByF, 0, kpByVp, ktByTime])
      out.byQ.set([kt * kpByF, 0, kt * kpByVp, kp * ktByTime])
    }),
  linear([inlet]) {
    const n = inlet!.frames.length
    const area = new Float64Array(n)
    const double = new Float64Array(n)
    // The derivative of the convolution by k, at 0, is minus the double integral.
    exponentialConvolution(inlet!)(0, area, double)
    return linearForm(inlet!.frames, [area, double.map(value => -value)], 2, {
      // C = Fp·∫Cp + (Fp·kt + FT·kp)·∫∫Cp − (kp + kt)·∫C − kp·kt·∫∫C
      toParameters([F, n0, minusB, minusQ], p) {
        const gap = Math.sqrt(Math.max(minusB! * minusB! + 4 * minusQ!, 0))
        const [kp, kt] = [(-minusB! + gap) / 2, (-minusB! - gap) / 2]
        p[0] = F!
        p[1] = (n0! - F! * kt) / kp
        p[2] = F! / kp
        p[3] = 1 / kt
        return F! > 0 && kt > 0 && p[1] > 0
      },
      byParameters(p, out) {
        const [F, T, vp, time] = [p[0]!, p[1]!, p[2]!, p[3]!]
        const [kp, kt] = [F / vp, 1 / time]
        const [kpByF, kpByVp, ktByTime] = [1 / vp, -kp / vp, -kt * kt]
        out.set([1, 0, 0, 0])
        out.set([kt + T * kpByF, kp, T * kpByVp, F * ktByTime], 4)
        out.set([-kpByF, 0, -kpByVp, -ktByTime], 8)
        out.set([-kt * kpByF, 0, -kt * kpByVp, -kp * ktByTime], 12)
      },
    })
  },
}
