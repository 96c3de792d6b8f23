import { describe, expect, it } from 'vitest'
import { readAcquisition } from '../../../src/modalities/asl/acquisition.ts'
import { aslParameters } from '../../../src/modalities/asl/parameters.ts'
import { ageInYears } from '../../../src/modalities/asl/settings.ts'
import type { Parameter } from '../../../src/report/record.ts'
import { caseOf, casesOf, expectClose, number, numbers } from './cases.ts'
import { PULSED, type RunSpec, runOf } from './run.ts'

/** The parameters of a run by name, and the codes of what was said. */
function read(spec: RunSpec): {
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly codes: readonly string[]
  readonly messages: string
} {
  const run = runOf(spec)
  const result = readAcquisition(run)
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'))
  const parameters = Object.fromEntries(
    aslParameters(result.value, run.series[0]!, run, { arrival: null, outliers: null, pure: null }).map(item => [
      item.name,
      item,
    ]),
  )
  return {
    parameters,
    codes: result.problems.map(({ code }) => code),
    messages: result.problems.map(({ message }) => message).join('\n'),
  }
}

const suppressed = (pulses?: number) => ({
  BackgroundSuppression: true,
  ...(pulses === undefined ? {} : { BackgroundSuppressionNumberPulses: pulses }),
})

describe('labelling efficiency', () => {
  it.each(casesOf('labeling_efficiency').map(item => [item.id, item] as const))(
    '%s',
    (_, { inputs, expected, tolerance }) => {
      const type = String(inputs['labeling_type'])
      const pulses = number(inputs, 'bs_pulses')
      const sidecar = {
        ...(type === 'PASL' ? PULSED : {}),
        ArterialSpinLabelingType: type,
        ...(inputs['background_suppression'] ? suppressed(pulses) : {}),
      }
      const { parameters, codes } = read({ sidecar })
      expectClose(Number(parameters['LabelingEfficiencyUsed']?.value), number(expected, 'efficiency'), tolerance)
      expect(parameters['LabelingEfficiency']).toMatchObject({
        source: 'default',
        defaultSource: expect.stringMatching(/^doi:/),
      })
      expect(codes).toEqual([])
    },
  )

  it('PCASL-10: that of the sidecar is used as it is', () => {
    const { parameters } = read({ sidecar: { LabelingEfficiency: 0.72, ...suppressed(4) } })
    expect(parameters['LabelingEfficiencyUsed']?.value).toBe(0.72)
    expect(parameters['LabelingEfficiency']).toMatchObject({
      source: 'sidecar',
      from: 'LabelingEfficiency in sub-01_asl.json',
    })
    expect(parameters['BackgroundSuppressionFactor']?.value).toBe(1)
  })

  it('that of the option wins, as it is', () => {
    const { parameters } = read({
      sidecar: { LabelingEfficiency: 0.72, ...suppressed(4) },
      options: { 'asl-labeling-efficiency': 0.6 },
    })
    expect(parameters['LabelingEfficiencyUsed']?.value).toBe(0.6)
  })

  it('with an unknown number of pulses is without loss, and says so', () => {
    const { parameters, codes, messages } = read({ sidecar: suppressed() })
    expect(parameters['LabelingEfficiencyUsed']?.value).toBe(0.85)
    expect(parameters['BackgroundSuppressionFactor']).toMatchObject({
      value: 1,
      source: 'default',
      defaultSource: 'perfquant',
    })
    expect(codes).toEqual(['BS_PULSES_UNKNOWN'])
    expect(messages).toContain('with 2 pulses CBF would be 11 % higher; add the field or give --asl-bs-pulses.')
  })

  it('takes the pulses from the option, else from the sidecar, else from their times', () => {
    expect(
      read({ sidecar: suppressed(), options: { 'asl-bs-pulses': 2 } }).parameters['BackgroundSuppressionFactor'],
    ).toMatchObject({ value: 0.95 * 0.95, source: 'option' })
    expect(
      read({ sidecar: { ...suppressed(), BackgroundSuppressionPulseTime: [1, 2, 3] } }).parameters[
        'BackgroundSuppressionFactor'
      ],
    ).toMatchObject({ value: 0.95 * 0.95 * 0.95, source: 'sidecar' })
    const both = read({ sidecar: suppressed(4), options: { 'asl-bs-pulses': 2 } })
    expect(both.parameters['BackgroundSuppressionFactor']).toMatchObject({ value: 0.95 * 0.95, source: 'option' })
    expect(both.codes).toEqual(['FIELD_UNUSUAL'])
  })
})

describe('T1 of blood', () => {
  it.each([
    [1.5, 1.35],
    [3, 1.65],
    [2.89362, 1.65],
    [7, 2.087],
    [4.7, 1.833],
  ])('at %s T is %s s', (MagneticFieldStrength, T1) => {
    expect(read({ sidecar: { MagneticFieldStrength } }).parameters['BloodT1']).toMatchObject({
      value: expect.closeTo(T1, 12),
      source: 'default',
      from: 'MagneticFieldStrength in sub-01_asl.json',
    })
  })

  it('of the option wins, and needs no field strength', () => {
    const { parameters } = read({ sidecar: { MagneticFieldStrength: undefined }, options: { 'asl-t1-blood': 1.6 } })
    expect(parameters['BloodT1']).toMatchObject({ value: 1.6, source: 'option', from: '--asl-t1-blood' })
  })

  it('T1B-02: from the haematocrit, by option, sidecar, participant, default', () => {
    const { inputs, expected, tolerance } = caseOf('T1B-02')
    const hct = { 'asl-t1-blood': 'hct' } as const
    const [low, middle, high] = numbers(inputs, 'hematocrit')
    const T1 = numbers(expected, 't1_blood_s')
    const value = (spec: RunSpec) =>
      Number(read({ ...spec, options: { ...hct, ...spec.options } }).parameters['BloodT1']?.value)
    const everything = { participant: { hematocrit: String(high) }, sidecar: { Hematocrit: middle } }
    expectClose(value({ ...everything, options: { hematocrit: low! } }), T1[0]!, tolerance)
    expectClose(value(everything), T1[1]!, tolerance)
    expectClose(value({ participant: everything.participant }), T1[2]!, tolerance)
    expectClose(value({ participant: { hematocrit: 'n/a' } }), 1.7275, { abs: 0.0005 })
    // Above 1 it is percent.
    expectClose(value({ participant: { hematocrit: '42' } }), T1[1]!, tolerance)
  })
})

describe('the partition coefficient', () => {
  it('is 0.9 unless the option says otherwise', () => {
    expect(read({}).parameters['PartitionCoefficient']).toMatchObject({ value: 0.9, source: 'default', unit: 'mL/g' })
    expect(read({ options: { 'asl-lambda': 1.1 } }).parameters['PartitionCoefficient']).toMatchObject({
      value: 1.1,
      source: 'option',
    })
  })
})

describe('age', () => {
  it.each([
    [{ age: '34' }, 34],
    [{ age: '89+' }, 89],
    [{ age: '6', age_unit: 'months' }, 0.5],
    [{ age: '2', age_unit: 'week' }, 14 / 365.25],
    [{ age: '0' }, 0],
    [{ age: 'n/a' }, null],
    [{ age: '3', age_unit: 'fortnight' }, null],
    [{}, null],
  ])('%o', (participant, years) => {
    expect(ageInYears(participant)).toEqual(years)
  })

  it('under a month: constants of adults are named', () => {
    const baby = { age: '10', age_unit: 'day' }
    const { codes, messages } = read({ participant: baby })
    expect(codes).toEqual(['ADULT_CONSTANTS'])
    expect(messages).toBe(
      'participants.tsv: age is 10 (day), under a month, and BloodT1 1.65 s, PartitionCoefficient 0.9 mL/g, LabelingEfficiency 0.85 are adult values; give --asl-t1-blood, --asl-lambda and --asl-labeling-efficiency for neonates.',
    )
    const given = { 'asl-t1-blood': 1.85, 'asl-lambda': 1.1, 'asl-labeling-efficiency': 0.8 }
    expect(read({ participant: baby, options: given }).codes).toEqual([])
    expect(read({ participant: { age: '2', age_unit: 'month' } }).codes).toEqual([])
  })
})
