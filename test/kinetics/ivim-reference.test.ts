import { describe, expect, it } from 'vitest'
import {
  biexponentialSignal,
  orderCompartments,
  pseudoDiffusion,
  relaxationCorrectedFraction,
  simplifiedSignal,
  triexponentialSignal,
} from '../../src/kinetics/ivim.ts'
import { fitAdc, fitKurtosis } from '../../src/kinetics/ivim-adc.ts'
import { fitIvim } from '../../src/kinetics/ivim-fit.ts'
import { ivimBound } from '../../src/kinetics/ivim-limit.ts'
import type { FirstStep, IvimSettings } from '../../src/kinetics/ivim-scheme.ts'
import { ricianMean } from '../../src/numerics/rician.ts'
import { type Case, expectClose, number } from '../modalities/asl/cases.ts'
import { caseCount, casesOf, list, seriesOf } from './ivim-cases.ts'

/** Each number that is expected, against what was found under the same name. */
function expectAll(found: Readonly<Record<string, number>>, { expected, tolerance }: Case): void {
  for (const [name, value] of Object.entries(found)) {
    if (expected[name] === null) expect(value, name).toBeNaN()
    else if (name in expected) expectClose(value, number(expected, name), tolerance, name)
  }
}

function expectSignal(signal: Float64Array, { expected, tolerance }: Case): void {
  for (const [i, value] of list(expected, 'signal').entries()) expectClose(signal[i]!, value, tolerance, `sample ${i}`)
}

const CONVENTIONS = {
  'fexp(-bD*)': 'alone',
  'fexp(-b(D+D*))': 'added-to-tissue',
  'fexp(-b(Db+D*))': 'added-to-blood',
} as const

function settingsOf({ inputs }: Case): Partial<IvimSettings> {
  const steps: readonly FirstStep[] = ['nlls', 'iwlls', 'loglin']
  const [low, high] = 'Dstar_bounds' in inputs ? list(inputs, 'Dstar_bounds') : [3e-3, 0.5]
  return {
    threshold: 'threshold' in inputs ? number(inputs, 'threshold') : 200,
    strict: inputs['inclusive'] === false,
    firstStep: steps.find(step => step === inputs['step1']) ?? 'nlls',
    boundsDstar: [low!, high!],
  }
}

describe('reference cases', () => {
  it.each(casesOf('forward_biexp'))('%s', (_, item) => {
    const { inputs } = item
    const convention = Object.entries(CONVENTIONS).find(([text]) => text === inputs['convention'])![1]
    const D = number(inputs, 'D')
    const Dstar = pseudoDiffusion(number(inputs, 'Dstar'), convention, D)
    const b = list(inputs, 'bvalues')
    const signal = new Float64Array(b.length)
    biexponentialSignal(signal, { S0: number(inputs, 'S0'), D, f: number(inputs, 'f'), Dstar }, b)
    expectSignal(signal, item)
  })

  it.each(casesOf('forward_sivim'))('%s', (_, item) => {
    const { inputs } = item
    const b = list(inputs, 'bvalues')
    const signal = new Float64Array(b.length)
    simplifiedSignal(signal, { S0: number(inputs, 'S0'), D: number(inputs, 'D'), f: number(inputs, 'f') }, b)
    expectSignal(signal, item)
  })

  it.each(casesOf('forward_triexp'))('%s', (_, item) => {
    const value = (key: string) => number(item.inputs, key)
    const b = list(item.inputs, 'bvalues')
    const signal = new Float64Array(b.length)
    triexponentialSignal(
      signal,
      { S0: value('S0'), D: value('D'), f1: value('f1'), D1: value('D1'), f2: value('f2'), D2: value('D2') },
      b,
    )
    expectSignal(signal, item)
  })

  it.each(casesOf('segmented', 'segmented_minimal'))('%s', (_, item) => {
    const { D, f, Dstar } = fitIvim('segmented', seriesOf(item), settingsOf(item))
    expectAll({ D: D[0]!, f: f[0]!, Dstar: Dstar[0]! }, item)
  })

  it.each(casesOf('full_nlls'))('%s', (_, item) => {
    const { S0, D, f, Dstar, status } = fitIvim('nlls', seriesOf(item), settingsOf(item))
    expectAll({ S0: S0[0]!, D: D[0]!, f: f[0]!, Dstar: Dstar[0]! }, item)
    expect(status[0]).toBe(1)
  })

  it.each(casesOf('adc'))('%s', (_, item) => {
    const steps: readonly FirstStep[] = ['nlls', 'iwlls', 'loglin']
    const found = fitAdc(seriesOf(item), { method: steps.find(step => step === item.inputs['method']) ?? 'loglin' })
    expectAll({ ADC: found.ADC[0]!, S0: found.S0[0]! }, item)
  })

  it.each(casesOf('adc0_kurtosis'))('%s', (_, item) => {
    const { ADC0, K, S0 } = fitKurtosis(seriesOf(item))
    expectAll({ ADC0: ADC0[0]!, K: K[0]!, A: S0[0]! }, item)
  })

  it.each(casesOf('f_relaxation_correction'))('%s', (_, item) => {
    const value = (key: string) => number(item.inputs, key)
    const corrected = relaxationCorrectedFraction(value('f_signal'), {
      TR: value('TR'),
      TE: value('TE'),
      T1Tissue: value('T1_tissue'),
      T2Tissue: value('T2_tissue'),
      T1Blood: value('T1_blood'),
      T2Blood: value('T2_blood'),
    })
    expectAll({ f_corrected: corrected }, item)
  })

  it.each(casesOf('derived'))('%s', (_, item) => {
    expectAll({ fDstar: number(item.inputs, 'f') * number(item.inputs, 'Dstar') }, item)
  })

  it.each(casesOf('order_components'))('%s', (_, item) => {
    const value = (key: string) => number(item.inputs, key)
    expectAll({ ...orderCompartments({ S0: 1, D: value('D'), f: value('f'), Dstar: value('Dstar') }) }, item)
  })

  it.each(casesOf('crlb'))('%s', (_, item) => {
    const value = (key: string) => number(item.inputs, key)
    const p = { S0: value('S0'), D: value('D'), f: value('f'), Dstar: value('Dstar') }
    const bound = ivimBound(p, list(item.inputs, 'bvalues'), 1 / value('snr_b0'))!
    expectAll({ sd_S0: bound.S0, sd_D: bound.D, sd_f: bound.f, sd_Dstar: bound.Dstar }, item)
  })

  it.each(casesOf('rician_mean'))('%s', (_, item) => {
    expectAll({ mean: ricianMean(number(item.inputs, 'A'), number(item.inputs, 'sigma')) }, item)
  })

  it.each(casesOf('degenerate'))('%s', (_, item) => {
    for (const kind of ['segmented', 'nlls'] as const) {
      const { D, f, Dstar, status } = fitIvim(kind, seriesOf(item))
      expectAll({ D: D[0]!, f: f[0]!, Dstar: Dstar[0]! }, item)
      const flags = { no_signal: 4, non_finite: 4, f_at_bound: 2, Dstar_undefined: 5 }
      const flag = Object.entries(flags).find(([name]) => name === item.expected['flag'])
      expect(status[0], kind).toBe(flag?.[1])
    }
  })

  it('leaves none out but those of direction averaging, which belong to the preparation', () => {
    const here = casesOf(
      'forward_biexp',
      'forward_sivim',
      'forward_triexp',
      'segmented',
      'segmented_minimal',
      'full_nlls',
      'adc',
      'adc0_kurtosis',
      'f_relaxation_correction',
      'derived',
      'order_components',
      'crlb',
      'rician_mean',
      'degenerate',
    )
    expect(here.length + casesOf('direction_average').length).toBe(caseCount)
  })
})
