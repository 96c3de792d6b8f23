import { describe, expect, it } from 'vitest'
import * as constants from '../../src/physics/constants.ts'
import { saturationRecovery } from '../../src/physics/signal.ts'
import { UNITS } from '../../src/units.ts'
import { caseOf, casesOf, expectClose, number, numbers } from '../modalities/asl/cases.ts'

const { bloodT1, bloodT1FromHematocrit, LABELING_EFFICIENCY, suppressionFactor, tissueT1 } = constants

/** Every constant that the module exports, by name. */
function allConstants(): [string, constants.Constant][] {
  const found: [string, constants.Constant][] = []
  const look = (name: string, value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    if ('plausible' in value && 'value' in value) found.push([name, value as constants.Constant])
    else for (const [key, part] of Object.entries(value)) look(`${name}.${key}`, part)
  }
  for (const [name, value] of Object.entries(constants)) look(name, value)
  for (const tesla of [1.5, 3, 4.7, 7])
    found.push([`bloodT1(${tesla})`, bloodT1(tesla)], [`tissueT1(${tesla})`, tissueT1(tesla)])
  return found
}

describe('constants', () => {
  it.each(allConstants())(
    '%s is plausible, has a unit and a source',
    (_, { value, unit, source, plausible: [low, high] }) => {
      expect(value).toBeGreaterThanOrEqual(low)
      expect(value).toBeLessThanOrEqual(high)
      expect(UNITS).toContain(unit)
      expect(source).toMatch(/^doi:10\.|^perfquant$/)
    },
  )
})

describe('T1 of blood', () => {
  it('T1B-01: by field', () => {
    const { inputs, expected, tolerance } = caseOf('T1B-01')
    numbers(inputs, 'field_strength_T').forEach((tesla, at) => {
      expectClose(bloodT1(tesla).value, numbers(expected, 't1_blood_s')[at]!, tolerance)
    })
  })

  it('T1B-02: by haematocrit', () => {
    const { inputs, expected, tolerance } = caseOf('T1B-02')
    numbers(inputs, 'hematocrit').forEach((hematocrit, at) => {
      const T1 = bloodT1FromHematocrit(number(inputs, 'field_strength_T'), hematocrit, number(inputs, 'oxygenation'))
      expectClose(T1, numbers(expected, 't1_blood_s')[at]!, tolerance)
    })
  })

  it('takes the fields that scanners state for the nominal ones', () => {
    expect(bloodT1(2.89362).value).toBe(bloodT1(3).value)
    expect(bloodT1(1.494).value).toBe(bloodT1(1.5).value)
    expect(tissueT1(2.89362).value).toBe(tissueT1(3).value)
  })
})

describe('T1 of tissue', () => {
  it('is linear between the fields it is known at and constant beyond', () => {
    expect(tissueT1(5).value).toBeCloseTo(1.33 + ((5 - 3) / 4) * (1.92 - 1.33), 12)
    expect(tissueT1(0.5).value).toBe(1.2)
    expect(tissueT1(9.4).value).toBe(1.92)
  })
})

describe('recovery of M0', () => {
  it.each(
    casesOf('m0_t1_correction')
      .filter(({ expected }) => 'factor' in expected)
      .map(item => [item.id, item] as const),
  )('%s', (_, { inputs, expected, tolerance }) => {
    const time = number(inputs, 'tr_s')
    const factor =
      time < constants.RECOVERY_LIMIT.value ? 1 / saturationRecovery(time, number(inputs, 't1_tissue_s')) : 1
    expect(constants.RECOVERY_LIMIT.value).toBe(number(inputs, 'threshold_s'))
    expectClose(factor, number(expected, 'factor'), tolerance)
    expectClose(factor * number(inputs, 'm0_au'), number(expected, 'm0_corrected_au'), tolerance)
  })
})

describe('labelling efficiency', () => {
  it.each(casesOf('labeling_efficiency').map(item => [item.id, item] as const))(
    '%s',
    (_, { inputs, expected, tolerance }) => {
      const type = inputs['labeling_type']
      if (type !== 'PCASL' && type !== 'CASL' && type !== 'PASL') throw new Error(String(type))
      expectClose(
        LABELING_EFFICIENCY[type].value * suppressionFactor(number(inputs, 'bs_pulses')),
        number(expected, 'efficiency'),
        tolerance,
      )
    },
  )
})
