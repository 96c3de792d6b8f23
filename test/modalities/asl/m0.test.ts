import { describe, expect, it } from 'vitest'
import { suspectScale } from '../../../src/modalities/asl/checks.ts'
import { asl } from '../../../src/modalities/asl/index.ts'
import type { Parameter } from '../../../src/report/record.ts'
import { caseOf, expectClose, number } from './cases.ts'
import { compute, gridOf, mapOf, type RunSpec, runOf, volumeOf } from './run.ts'

const grid = gridOf([8, 8, 6])
const n = 8 * 8 * 6
const everywhere = new Uint8Array(n).fill(1)

/** A frame of one value. */
const frame = (value: number) => new Float64Array(n).fill(value)

/** Volumes by type: M0 1000, control 1000, label 993 (or what is given). */
function seriesOf(types: readonly string[], values: Readonly<Record<string, number>> = {}) {
  const signal: Readonly<Record<string, number>> = {
    m0scan: 1000,
    control: 1000,
    label: 993,
    deltam: 7,
    noRF: 1,
    'n/a': 1,
    ...values,
  }
  return volumeOf(
    grid,
    types.map(type => frame(signal[type]!)),
  )
}

const TYPES = ['m0scan', 'control', 'label', 'control', 'label']
const PAIR = ['control', 'label', 'control', 'label']

/** CBF of the first voxel of a run whose voxels are all alike, and what was said. */
function cbfOf(spec: RunSpec, values: Readonly<Record<string, number>> = {}, m0?: readonly number[]) {
  const types = spec.types ?? TYPES
  const run = runOf({ shape: [8, 8, 6], ...spec })
  const roles = m0 ? { m0: [volumeOf(grid, m0.map(frame))] } : {}
  const { result, problems } = compute(run, seriesOf(types, values), roles, everywhere)
  return {
    cbf: mapOf(result, 'cbf')[0]!,
    result,
    problems,
    parameter: (name: string) => result.parameters.find(item => item.name === name),
  }
}

const parameterValue = (parameter: Parameter | undefined) => parameter?.value

/** CBF of ΔM 7 and M0 1000 by the recommended protocol: case PCASL-02. */
const BASE = number(caseOf('PCASL-02').expected, 'cbf_ml_100g_min')

/** The images of a run without an absolute scale. */
const RELATIVE = [
  { desc: 'relative', suffix: 'perfmap' },
  { mod: true, desc: 'vascular', suffix: 'mask' },
]

describe('the source of M0', () => {
  it('Included: the m0scan volumes of the series', () => {
    expect(cbfOf({}).cbf).toBeCloseTo(BASE, 4)
  })

  it('Included: several, in any place, each corrected by its own repetition time', () => {
    const types = ['control', 'label', 'm0scan', 'control', 'label', 'm0scan']
    const spec = { types, sidecar: { RepetitionTimePreparation: [4, 4, 2, 4, 4, 6] } }
    const { cbf, parameter } = cbfOf(spec)
    const factor = number(caseOf('M0-TR-2-1.33').expected, 'factor')
    expect(cbf).toBeCloseTo(BASE / ((factor + 1) / 2), 4)
    expect(parameterValue(parameter('M0T1CorrectionFactor'))).toEqual([factor, 1])
  })

  it('Separate: the images in the role', () => {
    const sidecar = { RepetitionTimePreparation: 6, EchoTime: 0.014, MagneticFieldStrength: 3 }
    const { cbf, result } = cbfOf(
      { types: PAIR, sidecar: { M0Type: 'Separate' }, m0: { sidecar, frames: 2 } },
      {},
      [900, 1100],
    )
    expect(cbf).toBeCloseTo(BASE, 4)
    expect(result.parameters.find(({ name }) => name === 'M0Source')?.value).toBe('sub-01_m0scan.nii.gz')
  })

  it('Separate: several images, each corrected by its own repetition time', () => {
    const run = runOf({
      types: PAIR,
      shape: [8, 8, 6],
      sidecar: { M0Type: 'Separate' },
      m0: { sidecar: { RepetitionTimePreparation: 2, MagneticFieldStrength: 3 } },
    })
    const long = runOf({ types: PAIR, shape: [8, 8, 6], m0: { sidecar: { RepetitionTimePreparation: 6 } } })
    const both = { ...run, roles: { m0: [...(long.roles.m0 ?? []), ...(run.roles.m0 ?? [])] } }
    const m0 = [volumeOf(grid, [frame(1000)]), volumeOf(grid, [frame(1000)])]
    const { result } = compute(both, seriesOf(PAIR), { m0 }, everywhere)
    const factor = number(caseOf('M0-TR-2-1.33').expected, 'factor')
    expect(mapOf(result, 'cbf')[0]).toBeCloseTo(BASE / ((1 + factor) / 2), 4)
    const byName = Object.fromEntries(result.parameters.map(({ name, value }) => [name, value]))
    expect(byName).toMatchObject({ M0RepetitionTime: [6, 2], M0T1CorrectionFactor: [1, factor], TissueT1: 1.33 })
  })

  it('Separate without an image: the relative map, and why', () => {
    const run = runOf({
      types: PAIR,
      sidecar: { M0Type: 'Separate' },
      context: { m0scans: ['sub-01/perf/sub-01_acq-b_m0scan.nii.gz'] },
    })
    const result = asl.bind(run)
    expect(result.ok && result.value.outputs).toEqual(RELATIVE)
    expect(result.problems).toMatchObject([{ code: 'M0_MISSING', severity: 'partial' }])
    expect(result.problems[0]?.message).toContain(
      'no usable m0scan belongs to the series (in the session: sub-01_acq-b_m0scan.nii.gz)',
    )
  })

  it('Included without a volume: the relative map, and why', () => {
    const result = asl.bind(runOf({ types: PAIR }))
    expect(result.problems).toMatchObject([{ code: 'M0_MISSING', severity: 'partial', field: 'M0Type' }])
    expect(result.problems[0]?.message).toContain('is Included and the aslcontext table has no m0scan volume')
  })

  it('M0-MODE-03: Estimate is of blood, without a partition coefficient', () => {
    const { inputs, expected } = caseOf('M0-MODE-03')
    const sidecar = {
      M0Type: 'Estimate',
      M0Estimate: number(inputs, 'M0Estimate_blood_au'),
      RepetitionTimePreparation: undefined,
    }
    const { cbf, parameter } = cbfOf({ types: PAIR, sidecar }, { label: 1000 - number(inputs, 'deltam_au') })
    expectClose(cbf, number(expected, 'cbf_ml_100g_min'), { rel: 1e-6 })
    expect(parameter('PartitionCoefficient')).toBeUndefined()
    expect(parameterValue(parameter('M0Estimate'))).toBe(1250)
  })

  it.each([
    [undefined, 'M0_MISSING'],
    [0, 'M0_INVALID'],
    [-3, 'M0_INVALID'],
  ] as const)('Estimate %s: the relative map', (M0Estimate, code) => {
    const result = asl.bind(runOf({ types: PAIR, sidecar: { M0Type: 'Estimate', M0Estimate } }))
    expect(result.problems).toMatchObject([{ code, severity: 'partial', field: 'M0Estimate' }])
    expect(result.ok && result.value.outputs).toEqual(RELATIVE)
  })

  it('M0-MODE-02: Absent without suppression is the mean control, corrected for its repetition time', () => {
    const { cbf, parameter } = cbfOf({ types: PAIR, sidecar: { M0Type: 'Absent', RepetitionTimePreparation: 4.8 } })
    expect(cbf).toBeCloseTo(BASE / number(caseOf('M0-TR-4.8-1.33').expected, 'factor'), 4)
    expect(parameterValue(parameter('M0Source'))).toBe('mean of the 2 control volumes')
  })

  it('M0-MODE-01: Absent with suppression has no absolute scale', () => {
    const run = runOf({ types: PAIR, shape: [8, 8, 6], sidecar: { M0Type: 'Absent', BackgroundSuppression: true } })
    const varied = PAIR.map(type =>
      Float64Array.from({ length: n }, (_, v) => (type === 'label' ? 1000 - (v % 2 === 0 ? 3 : 9) : 1000)),
    )
    const { result, problems } = compute(run, volumeOf(grid, varied), {}, everywhere)
    expect(problems.filter(({ severity }) => severity === 'partial')).toMatchObject([{ code: 'M0_MISSING' }])
    expect(problems.map(({ message }) => message).join()).toContain(
      'the suppressed controls cannot serve as M0: absolute CBF is refused and the relative map is written',
    )
    expect(problems.map(({ code }) => code)).not.toContain('BS_PULSES_UNKNOWN')
    expect(result.maps.map(({ name, unit }) => [name, unit])).toEqual(RELATIVE.map(name => [name, '1']))
    expect([...mapOf(result, 'perfmap', 'relative').subarray(0, 2)]).toEqual([0.5, 1.5])
    expect(result.parameters.map(({ name }) => name)).not.toContain('LabelingEfficiencyUsed')
  })

  it('Absent with differences only has no absolute scale', () => {
    const result = asl.bind(runOf({ types: ['deltam'], sidecar: { M0Type: 'Absent' } }))
    expect(result.problems).toMatchObject([{ code: 'M0_MISSING', severity: 'partial' }])
  })
})

describe('the recovery of M0', () => {
  it.each(['M0-TR-2-1.33', 'M0-TR-4.8-1.33', 'M0-TR-6-1.33'])('%s', id => {
    const { inputs, expected } = caseOf(id)
    const { cbf } = cbfOf({ sidecar: { RepetitionTimePreparation: number(inputs, 'tr_s') } })
    expectClose(cbf, BASE / number(expected, 'factor'), { rel: 1e-6 })
  })

  it.each(['M0-TR-2-1.607', 'M0-TR-2-1.24'])('%s', id => {
    const { inputs, expected } = caseOf(id)
    const { cbf, parameter } = cbfOf({
      sidecar: { RepetitionTimePreparation: 2 },
      options: { 'asl-t1-tissue': number(inputs, 't1_tissue_s') },
    })
    expectClose(cbf, BASE / number(expected, 'factor'), { rel: 1e-6 })
    expect(parameter('TissueT1')).toMatchObject({ source: 'option', from: '--asl-t1-tissue' })
  })

  it('of GE, not stated: the ordinary rule, and both factors', () => {
    const { cbf, problems } = cbfOf({
      sidecar: { Manufacturer: 'GE MEDICAL SYSTEMS', RepetitionTimePreparation: 4.886 },
    })
    expect(cbf).toBeCloseTo(BASE * (1 - Math.exp(-4.886 / 1.33)), 3)
    const said = problems.find(({ code }) => code === 'M0_RECOVERY_UNKNOWN')
    expect(said?.message).toContain(
      "(4.886 s, factor 1.026); a recovery of 2 s, as in GE's product, would be factor 1.286 with T1 1.33 s and CBF 20 % lower; give --asl-m0-recovery.",
    )
  })

  it('of GE, stated in the sidecar or by the option', () => {
    const GE = { Manufacturer: 'GE', RepetitionTimePreparation: 4.886 }
    const factor = number(caseOf('M0-TR-2-1.33').expected, 'factor')
    const bySidecar = cbfOf({ sidecar: { ...GE, SaturationRecoveryTime: 2 } })
    expect(bySidecar.cbf).toBeCloseTo(BASE / factor, 4)
    expect(bySidecar.problems.map(({ code }) => code)).not.toContain('M0_RECOVERY_UNKNOWN')
    expect(bySidecar.parameter('M0RecoveryTime')).toMatchObject({
      value: 2,
      source: 'sidecar',
      from: 'SaturationRecoveryTime in sub-01_asl.json',
    })
    const byOption = cbfOf({ sidecar: GE, options: { 'asl-m0-recovery': 2 } })
    expect(byOption.cbf).toBe(bySidecar.cbf)
    expect(byOption.parameter('M0RecoveryTime')).toMatchObject({ source: 'option', from: '--asl-m0-recovery' })
  })

  it('of other vendors is not doubted', () => {
    for (const Manufacturer of ['Siemens', 'Philips', 'Gemini', undefined]) {
      const result = asl.bind(runOf({ sidecar: { Manufacturer, RepetitionTimePreparation: 4 } }))
      expect(result.problems).toEqual([])
    }
  })

  it('of controls is not that of a saturated M0', () => {
    const result = asl.bind(runOf({ types: PAIR, sidecar: { M0Type: 'Absent', Manufacturer: 'GE' } }))
    expect(result.problems).toEqual([])
  })

  it('refuses a separate M0 with repetition time 0', () => {
    const run = runOf({
      types: PAIR,
      sidecar: { M0Type: 'Separate' },
      m0: { sidecar: { RepetitionTimePreparation: 0, MagneticFieldStrength: 3 } },
    })
    const result = asl.bind(run)
    expect(result.ok).toBe(false)
    expect(result.problems).toMatchObject([
      { code: 'FIELD_INVALID', file: 'sub-01/perf/sub-01_m0scan.json', field: 'RepetitionTimePreparation' },
    ])
  })
})

describe('the M0 image', () => {
  it('of another echo time is named', () => {
    const run = runOf({
      types: PAIR,
      sidecar: { M0Type: 'Separate' },
      m0: { sidecar: { RepetitionTimePreparation: 6, EchoTime: 0.02 } },
    })
    expect(asl.bind(run).problems).toMatchObject([
      { code: 'M0_ECHO_TIME_DIFFERS', file: 'sub-01/perf/sub-01_m0scan.json' },
    ])
    const included = asl.bind(runOf({ sidecar: { EchoTime: [0.02, 0.014, 0.014, 0.014, 0.014] } }))
    expect(included.problems).toMatchObject([{ code: 'M0_ECHO_TIME_DIFFERS', file: 'sub-01/perf/sub-01_asl.json' }])
  })

  it('times a factor, where one is given', () => {
    expect(cbfOf({ options: { 'asl-m0-scale': 10 } }, { label: 930 }).cbf).toBeCloseTo(BASE, 4)
  })

  it('with no signal gives no number, and its neighbours are not touched', () => {
    const run = runOf({ shape: [8, 8, 6] })
    const m0 = frame(1000)
    m0[10] = 0
    m0[11] = -5
    m0[12] = Number.NaN
    const series = volumeOf(grid, [m0, frame(1000), frame(993), frame(1000), frame(993)])
    const { result } = compute(run, series, {}, everywhere)
    const cbf = mapOf(result, 'cbf')
    expect([...cbf.subarray(10, 13)]).toEqual([Number.NaN, Number.NaN, Number.NaN])
    expect([...result.status.subarray(9, 14)]).toEqual([1, 4, 4, 4, 1])
    expect(cbf[9]!).toBeCloseTo(BASE, 3)
    expect(cbf[13]!).toBeCloseTo(BASE, 3)
  })

  it('without signal refuses the absolute map and gives the relative one', () => {
    const { result, problems } = compute(runOf({ shape: [8, 8, 6] }), seriesOf(TYPES, { m0scan: 0 }), {}, everywhere)
    expect(problems).toMatchObject([{ code: 'M0_INVALID', severity: 'partial' }, { code: 'MASK_IMPLAUSIBLE' }])
    expect(result.maps.map(({ name }) => name)).toEqual(RELATIVE)
  })

  it('is smoothed within the mask only', () => {
    const run = (fwhm: number) => runOf({ shape: [8, 8, 6], options: { 'asl-m0-fwhm': fwhm } })
    const half = Uint8Array.from({ length: n }, (_, v) => (v % 8 < 4 ? 1 : 0))
    const m0 = Float64Array.from(half, inside => (inside ? 1000 : 10))
    const series = volumeOf(grid, [m0, frame(1000), frame(993), frame(1000), frame(993)])
    const smooth = mapOf(compute(run(5), series, {}, half).result, 'cbf')
    expect(smooth[3]!).toBeCloseTo(BASE, 3)
    const rough = m0.map((value, v) => (v % 2 === 0 ? value * 1.1 : value * 0.9))
    const noisy = volumeOf(grid, [rough, frame(1000), frame(993), frame(1000), frame(993)])
    const spread = (fwhm: number) => {
      const cbf = mapOf(compute(run(fwhm), noisy, {}, half).result, 'cbf')
      return Math.abs(cbf[2]! - cbf[1]!)
    }
    expect(spread(5)).toBeLessThan(spread(0) / 2)
  })
})

describe('the scale detector', () => {
  it.each([
    [0.07, '--asl-m0-scale 10'],
    [0.224, '--asl-m0-scale 32'],
    [0.67, '--asl-m0-scale 96'],
    [0.0007, '--asl-m0-scale 0.1'],
    [0.00022, '--asl-m0-scale 0.03125'],
    [0.00007, '--asl-m0-scale 0.0104167'],
  ])('suggests a factor for a ratio of %s', (ratio, advice) => {
    const problem = suspectScale(ratio, 'sub-01/perf/sub-01_asl.nii.gz')
    expect(problem?.code).toBe('M0_SCALE_SUSPECT')
    expect(problem?.message).toContain(advice)
    expect(problem?.message).toContain('Nothing was rescaled.')
  })

  it('is silent where the ratio can be true, and suggests nothing where nothing helps', () => {
    for (const ratio of [0.0011, 0.007, 0.029]) expect(suspectScale(ratio, 'x')).toBeNull()
    expect(suspectScale(30, 'x')?.message).toContain('no known scale factor explains it')
  })

  it('never applies anything', () => {
    const { cbf, problems } = cbfOf({}, { label: 930 })
    expect(cbf).toBeCloseTo(10 * BASE, 3)
    expect(problems.map(({ code }) => code)).toEqual(expect.arrayContaining(['M0_SCALE_SUSPECT', 'RESULT_IMPLAUSIBLE']))
  })
})
