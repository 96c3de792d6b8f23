import { describe, expect, it } from 'vitest'
import { template } from '../../../src/bids/templates.ts'
import { dscFacts } from '../../../src/modalities/dsc/facts.ts'
import { dscSidecar } from '../../../src/modalities/dsc/phantom.ts'
import { evaluateProtocol } from '../../../src/protocol.ts'
import { DSC, runOf, SIDECAR, sourceOf } from './run.ts'

const RULES = template('protocol/dsc.json')

type Values = Readonly<Record<string, unknown>>

function verdicts(sidecar: Values, options: Parameters<typeof runOf>[1] = {}, learnt: Values = {}) {
  const facts = dscFacts(runOf([sourceOf(DSC, sidecar)], options))
  const more = Object.entries(learnt).map(([name, value]) => ({
    name,
    value: typeof value === 'number' || typeof value === 'boolean' ? value : null,
    unit: '1' as const,
    from: 'the series',
  }))
  const rows = evaluateProtocol(RULES, [...facts, ...more])
  return Object.fromEntries(rows.map(({ rule, verdict }) => [rule, verdict]))
}

const GOOD = dscSidecar(6)

describe('the recommendations', () => {
  it('are met by the protocol of the phantom', () => {
    const { 'DSC-10': _, 'DSC-11': __, 'DSC-12': ___, 'DSC-15': ____, ...rest } = verdicts(GOOD)
    const stated = Object.entries(rest).filter(([, verdict]) => verdict !== 'not assessable' && verdict !== 'info')
    expect(stated.length).toBeGreaterThan(10)
    expect(stated.filter(([, verdict]) => verdict !== 'pass')).toEqual([])
  })

  it('are not assessable where the metadata are missing, never a failure', () => {
    const found = verdicts(SIDECAR)
    for (const rule of ['DSC-01', 'DSC-02', 'DSC-03', 'DSC-04', 'DSC-05-GRE', 'DSC-06', 'DSC-07', 'DSC-08a'])
      expect([rule, found[rule]]).toEqual([rule, 'not assessable'])
    expect(Object.values(found)).not.toContain('fail')
  })

  it.each([
    ['a short echo at 3 T', { EchoTime: 0.018 }, 'DSC-08a', 'warn'],
    ['one within the tumour consensus alone', { EchoTime: 0.022 }, 'DSC-08a', 'info'],
    ['35 to 45 ms at 1.5 T', { EchoTime: 0.04, MagneticFieldStrength: 1.5 }, 'DSC-08a', 'pass'],
    ['no recommendation at 7 T', { MagneticFieldStrength: 7 }, 'DSC-08a', 'info'],
    ['a low flip angle at 3 T', { FlipAngle: 30 }, 'DSC-07', 'info'],
    ['a low flip angle at 1.5 T', { FlipAngle: 30, MagneticFieldStrength: 1.5 }, 'DSC-07', 'warn'],
    ['a slow series', { RepetitionTime: 2 }, 'DSC-09', 'warn'],
    ['a spin echo', { PulseSequenceType: 'SE EPI', ScanningSequence: 'SE' }, 'DSC-05-GRE', 'warn'],
    ['half the dose', { ContrastBolusDosePerWeight: 0.05 }, 'DSC-01', 'warn'],
  ])('%s', (_, change, rule, verdict) => {
    expect(verdicts({ ...GOOD, ...change })[rule]).toBe(verdict)
  })

  it('take the dose from volume, product and weight where it is not stated', () => {
    const given = (agent: string, ContrastBolusVolume: number) => {
      const { ContrastBolusDosePerWeight: _, ...rest } = GOOD
      return verdicts({ ...rest, ContrastBolusAgent: agent, ContrastBolusVolume, PatientWeight: 75 })['DSC-01']
    }
    expect(given('Gadavist', 7.5)).toBe('pass')
    expect(given('Dotarem', 15)).toBe('pass')
    expect(given('Dotarem', 7.5)).toBe('warn')
  })

  it('call a deconvolution that depends on delay a failure', () => {
    expect(verdicts(GOOD, { 'dsc-deconvolution': 'ssvd' })['DSC-17']).toBe('fail')
  })

  it('ask how leakage is accounted for only where tissue enhances', () => {
    expect(verdicts(GOOD, {}, { EnhancementKnown: false, LeakageHandled: false })['DSC-16']).toBeUndefined()
    expect(verdicts(GOOD, {}, { EnhancementKnown: true, LeakageHandled: false })['DSC-16']).toBe('warn')
    expect(verdicts(GOOD, {}, { EnhancementKnown: true, LeakageHandled: true })['DSC-16']).toBe('pass')
  })
})
