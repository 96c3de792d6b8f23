import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  continuousBolusWeight,
  labelledDifference,
  labelledFlow,
  pulsedBolusWeight,
} from '../../src/kinetics/labelled-bolus.ts'
import { PER_100G_PER_MIN } from '../../src/units.ts'
import { type Case, caseOf, casesOf, expectClose, number, numbers } from '../modalities/asl/cases.ts'

/** CBF [mL/100g/min] from the inputs of a case and the weight of its bolus. */
function flowOf({ inputs }: Case, weight: number): number {
  const M0a = number(inputs, 'm0_au') / number(inputs, 'lambda_ml_per_g')
  return (
    PER_100G_PER_MIN * labelledFlow(number(inputs, 'deltam_au'), M0a, number(inputs, 'labeling_efficiency'), weight)
  )
}

function continuousWeight({ inputs }: Case, late = 0): number {
  const labelingDuration = number(inputs, 'labeling_duration_s')
  return continuousBolusWeight(
    { labelingDuration, delay: number(inputs, 'post_labeling_delay_s') + late },
    number(inputs, 't1_blood_s'),
  )
}

describe('continuous labelling', () => {
  it.each(casesOf('cbf_pcasl_single_pld').map(item => [item.id, item] as const))('%s', (_, item) => {
    const cbf = flowOf(item, continuousWeight(item))
    if (item.expected['cbf_ml_100g_min'] === null) expect(cbf).toBeNaN()
    else expectClose(cbf, number(item.expected, 'cbf_ml_100g_min'), item.tolerance)
  })

  it('SLICE-01: later slices have longer delays', () => {
    const item = caseOf('SLICE-01')
    const T1b = number(item.inputs, 't1_blood_s')
    const weight = (late: number) =>
      continuousBolusWeight({ labelingDuration: 1.8, delay: number(item.inputs, 'pld_s') + late }, T1b)
    numbers(item.inputs, 'slice_timing_s').forEach((late, slice) => {
      expectClose(weight(0) / weight(late), numbers(item.expected, 'cbf_ratio_vs_first')[slice]!, item.tolerance)
    })
  })

  it('CONSIST-01: inverts the plateau of the two-compartment model', () => {
    const item = caseOf('CONSIST-01')
    const { inputs } = item
    const bolus = {
      labelingDuration: number(inputs, 'labeling_duration_s'),
      delay: number(inputs, 'post_labeling_delay_s'),
    }
    const weight = continuousBolusWeight(bolus, number(inputs, 't1_blood_s'))
    const M0a = number(inputs, 'm0_tissue_au') / number(inputs, 'lambda_ml_per_g')
    const cbf =
      PER_100G_PER_MIN * labelledFlow(number(inputs, 'deltam_au'), M0a, number(inputs, 'labeling_efficiency'), weight)
    expectClose(cbf, number(item.expected, 'cbf_ml_100g_min'), item.tolerance)
  })

  it('has the limits that its documentation names', () => {
    expect(continuousBolusWeight({ labelingDuration: 1e3, delay: 1.8 }, 1.65)).toBeCloseTo(
      1.65 * Math.exp(-1.8 / 1.65),
      12,
    )
    const short = continuousBolusWeight({ labelingDuration: 1e-9, delay: 1.8 }, 1.65)
    expect(short / (1e-9 * Math.exp(-1.8 / 1.65))).toBeCloseTo(1, 8)
  })

  it('BIAS-01: reads tissue that decays with its own T1 as low as documented', () => {
    // The signal of the general kinetic model for a transit time of 0.8 s and a tissue T1 of 1.33 s.
    const [T1b, T1t, f, lambda] = [1.65, 1.33, 60 / PER_100G_PER_MIN, 0.9]
    const T1 = 1 / (1 / T1t + f / lambda)
    const [att, LD, t] = [0.8, 1.8, 3.6]
    const difference =
      2 *
      0.85 *
      (1000 / lambda) *
      f *
      T1 *
      Math.exp(-att / T1b) *
      Math.exp(-(t - LD - att) / T1) *
      (1 - Math.exp(-LD / T1))
    const cbf =
      PER_100G_PER_MIN *
      labelledFlow(difference, 1000 / lambda, 0.85, continuousBolusWeight({ labelingDuration: LD, delay: 1.8 }, T1b))
    expectClose(cbf, number(caseOf('BIAS-01').expected, 'gm_cbf_ml_100g_min'), { rel: 1e-9 })
  })
})

describe('pulsed labelling', () => {
  it.each(casesOf('cbf_pasl_single_ti').map(item => [item.id, item] as const))('%s', (_, item) => {
    const { inputs } = item
    const inversionTime = number(inputs, 'post_labeling_delay_s')
    const stated = inputs['bolus_cutoff_delay_s']
    const cutOff = Array.isArray(stated) ? Number(stated[0]) : Number(stated)
    const bolusDuration = inputs['bolus_cutoff_technique'] === 'QUIPSS' ? inversionTime - cutOff : cutOff
    const cbf = flowOf(item, pulsedBolusWeight({ inversionTime, bolusDuration }, number(inputs, 't1_blood_s')))
    expectClose(cbf, number(item.expected, 'cbf_ml_100g_min'), item.tolerance)
  })
})

describe('signal and flow', () => {
  it('are each other’s exact inverse, negative values included', () => {
    const positive = fc.double({ min: 0.01, max: 10, noNaN: true })
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 1, noNaN: true }),
        positive,
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        positive,
        (flow, M0a, efficiency, weight) => {
          const back = labelledFlow(labelledDifference(flow, M0a, efficiency, weight), M0a, efficiency, weight)
          expect(Math.abs(back - flow)).toBeLessThanOrEqual(1e-14 * Math.abs(flow) + 1e-300)
        },
      ),
    )
  })

  it('have no flow where there is no signal to calibrate with', () => {
    expect(labelledFlow(1, 0, 0.85, 1)).toBeNaN()
    expect(labelledFlow(1, -5, 0.85, 1)).toBeNaN()
    expect(labelledFlow(1, Number.NaN, 0.85, 1)).toBeNaN()
  })
})
