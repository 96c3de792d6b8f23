import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { evaluateProtocol, type ProtocolFact } from '../src/protocol.ts'
import type { Unit } from '../src/units.ts'

const rules: Record<string, unknown> = JSON.parse(readFileSync('bids_templates/protocol/asl.json', 'utf8'))

const UNITS: Readonly<Record<string, Unit>> = {
  LabelingDuration: 's',
  PostLabelingDelay: 's',
  AcquisitionVoxelSize: 'mm',
  ReadoutDuration: 's',
  Age: 'year',
}

/** Facts of the recommended protocol, with changes. */
function facts(changes: Readonly<Record<string, ProtocolFact['value']>> = {}): ProtocolFact[] {
  const values = {
    ArterialSpinLabelingType: 'PCASL',
    LabelingDuration: 1.8,
    PostLabelingDelay: 1.8,
    BackgroundSuppression: true,
    MRAcquisitionType: '3D',
    NumberShots: 4,
    ReadoutDuration: 0.28,
    AcquisitionVoxelSize: [3, 3, 5],
    ContrastAgentBefore: false,
    Age: null,
    HemodynamicImpairment: null,
    ...changes,
  }
  return Object.entries(values).map(([name, value]) => ({
    name,
    value,
    unit: UNITS[name] ?? '1',
    from: `${name} in sub-01_asl.json`,
  }))
}

/** Verdicts by rule. */
function verdicts(changes: Readonly<Record<string, ProtocolFact['value']>> = {}): Record<string, string> {
  return Object.fromEntries(evaluateProtocol(rules, facts(changes)).map(({ rule, verdict }) => [rule, verdict]))
}

describe('the recommendations for ASL', () => {
  it('pass the recommended protocol', () => {
    expect(new Set(Object.values(verdicts()))).toEqual(new Set(['pass']))
    expect(Object.keys(verdicts())).toEqual([
      'labelling',
      'labelling-duration',
      'delay',
      'background-suppression',
      'readout',
      'readout-segments',
      'readout-duration',
      'voxel-size',
      'contrast-agent',
    ])
  })

  it('give value, field, recommendation and reference in every row', () => {
    const row = evaluateProtocol(rules, facts({ PostLabelingDelay: 2.025 })).find(({ rule }) => rule === 'delay')
    expect(row).toEqual({
      rule: 'delay',
      title: 'Post-labelling delay',
      verdict: 'warn',
      value: '2.025 s',
      recommended: '1.8 s',
      field: 'PostLabelingDelay in sub-01_asl.json',
      says: '2.025 s; 1.8 s is recommended for adults without haemodynamic impairment.',
      reference: 'doi:10.1007/s00330-025-12306-5',
    })
    for (const { value, says, reference } of evaluateProtocol(rules, facts())) {
      expect(value).not.toBe('')
      expect(says).not.toContain('{')
      expect(reference).toMatch(/^doi:10\./)
    }
  })

  it.each([
    ['a delay that is short', { PostLabelingDelay: 1.2 }, { delay: 'fail' }],
    ['a delay for a person over 70', { PostLabelingDelay: 2, Age: 75 }, { delay: 'warn', 'delay-over-70': 'info' }],
    ['a neonate', { PostLabelingDelay: 2, Age: 0.02 }, { 'delay-neonate': 'pass', delay: undefined }],
    ['a neonate with the delay of adults', { PostLabelingDelay: 1.5, Age: 0.02 }, { 'delay-neonate': 'fail' }],
    [
      'declared impairment',
      { PostLabelingDelay: 2.2, LabelingDuration: 2, HemodynamicImpairment: true },
      {
        'delay-impaired': 'pass',
        'labelling-duration-impaired': 'pass',
        delay: undefined,
        'labelling-duration': undefined,
      },
    ],
    [
      'declared impairment, standard timing',
      { HemodynamicImpairment: true },
      { 'delay-impaired': 'warn', 'labelling-duration-impaired': 'info' },
    ],
    ['no impairment', { HemodynamicImpairment: false }, { delay: 'pass', 'delay-impaired': undefined }],
    [
      'pulsed labelling',
      { ArterialSpinLabelingType: 'PASL', LabelingDuration: null, PostLabelingDelay: 2 },
      { labelling: 'fail', delay: undefined, 'labelling-duration': undefined },
    ],
    ['no background suppression', { BackgroundSuppression: false }, { 'background-suppression': 'fail' }],
    [
      'a 2D readout',
      { MRAcquisitionType: '2D' },
      { readout: 'fail', 'readout-segments': undefined, 'readout-duration': undefined },
    ],
    ['a single shot', { NumberShots: 1 }, { 'readout-segments': 'warn' }],
    ['a long segment', { ReadoutDuration: 0.35 }, { 'readout-duration': 'warn' }],
    ['small voxels', { AcquisitionVoxelSize: [2, 2, 2] }, { 'voxel-size': 'warn' }],
    ['voxels in another order', { AcquisitionVoxelSize: [5, 3, 3] }, { 'voxel-size': 'pass' }],
    ['large voxels', { AcquisitionVoxelSize: [4, 4, 8] }, { 'voxel-size': 'warn' }],
    ['a contrast agent before', { ContrastAgentBefore: true }, { 'contrast-agent': 'fail' }],
    ['times that are not known', { ContrastAgentBefore: null }, { 'contrast-agent': 'not assessable' }],
    [
      'what is not stated',
      { NumberShots: null, ReadoutDuration: null },
      { 'readout-segments': 'not assessable', 'readout-duration': 'not assessable' },
    ],
    ['several delays', { PostLabelingDelay: [0.5, 1, 1.5] }, { delay: 'not assessable' }],
  ] as const)('judge %s', (_, changes, expected) => {
    expect(verdicts(changes)).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([, verdict]) => verdict !== undefined)),
    )
    for (const [rule, verdict] of Object.entries(expected))
      if (verdict === undefined) expect(verdicts(changes)).not.toHaveProperty(rule)
  })
})

describe('a rule file', () => {
  it('that is none is a defect', () => {
    expect(() => evaluateProtocol({}, [])).toThrow(/not a protocol file/)
    expect(() => evaluateProtocol({ conditions: {}, rules: [{ rule: 'x' }] }, [])).toThrow(/not a protocol file/)
  })

  it('with a condition that does not exist is a defect', () => {
    const rule = {
      rule: 'x',
      title: 'x',
      fact: 'x',
      recommended: 'x',
      reference: 'x',
      when: ['nothing'],
      verdicts: [{ verdict: 'pass', says: '' }],
    }
    expect(() => evaluateProtocol({ conditions: {}, rules: [rule] }, [])).toThrow(/no condition nothing/)
  })
})
