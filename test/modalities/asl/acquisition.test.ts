import { describe, expect, it } from 'vitest'
import { readAcquisition } from '../../../src/modalities/asl/acquisition.ts'
import { asl } from '../../../src/modalities/asl/index.ts'
import { bolusWeights } from '../../../src/modalities/asl/labelling.ts'
import { sliceDelays } from '../../../src/modalities/asl/slices.ts'
import type { Problem, ProblemCode } from '../../../src/problems.ts'
import { caseOf, expectClose, numbers } from './cases.ts'
import { PULSED, type RunSpec, runOf } from './run.ts'

/** What is wrong with a run. */
function problemsOf(spec: RunSpec): readonly Problem[] {
  return asl.bind(runOf(spec)).problems
}

/** The only problem of a run that must be refused. */
function refusal(spec: RunSpec): Problem {
  const result = asl.bind(runOf(spec))
  expect(result.ok).toBe(false)
  const errors = result.problems.filter(({ severity }) => severity === 'error')
  expect(errors.map(({ message }) => message)).toHaveLength(1)
  return errors[0]!
}

/** Walsh's order of four images. */
const HADAMARD_4 = [
  [1, 1, 1, 1],
  [1, -1, 1, -1],
  [1, 1, -1, -1],
  [1, -1, -1, 1],
]

describe('a sound run', () => {
  it('binds without a word', () => {
    expect(problemsOf({})).toEqual([])
    expect(problemsOf({ sidecar: PULSED })).toEqual([])
  })

  it('gives the acquisition in house units', () => {
    const result = readAcquisition(runOf({}))
    expect(result.ok && result.value.quantification).toMatchObject({
      model: 'single',
      labellings: { samples: [{ type: 'PCASL', labelingDuration: 1.8, delay: 1.8 }], sampleOf: [0, 0] },
    })
  })

  it('may hold one value a volume, with 0 for M0', () => {
    const times = {
      PostLabelingDelay: [0, 1.8, 1.8, 1.8, 1.8],
      LabelingDuration: [0, 1.8, 1.8, 1.8, 1.8],
      RepetitionTimePreparation: [6, 4, 4, 4, 4],
    }
    expect(problemsOf({ sidecar: times })).toEqual([])
  })

  it('may spell the labelling in lower case', () => {
    expect(problemsOf({ sidecar: { ArterialSpinLabelingType: 'pcasl', M0Type: 'included' } })).toEqual([])
  })
})

describe('refusals', () => {
  /** What is changed, the code, the field, and the sentence. */
  const refused: readonly (readonly [string, RunSpec, ProblemCode, string, string])[] = [
    [
      'delay in ms (CTX-05)',
      { sidecar: { PostLabelingDelay: 1800 } },
      'FIELD_UNIT_SUSPECT',
      'PostLabelingDelay',
      'sub-01_asl.json: PostLabelingDelay is 1800 s, which looks like milliseconds (1.8 s); BIDS wants seconds.',
    ],
    [
      'labelling in ms (CTX-05)',
      { sidecar: { LabelingDuration: 1800 } },
      'FIELD_UNIT_SUSPECT',
      'LabelingDuration',
      'sub-01_asl.json: LabelingDuration is 1800 s, which looks like milliseconds (1.8 s); BIDS wants seconds.',
    ],
    [
      'repetition in ms',
      { sidecar: { RepetitionTimePreparation: 2540 } },
      'FIELD_UNIT_SUSPECT',
      'RepetitionTimePreparation',
      'sub-01_asl.json: RepetitionTimePreparation is 2540 s, which looks like milliseconds (2.54 s); BIDS wants seconds.',
    ],
    [
      'cut-off in ms',
      { sidecar: { ...PULSED, BolusCutOffDelayTime: 700 } },
      'FIELD_UNIT_SUSPECT',
      'BolusCutOffDelayTime',
      'which looks like milliseconds (0.7 s)',
    ],
    [
      'slice times in ms',
      { sidecar: { MRAcquisitionType: '2D', SliceTiming: [0, 40, 80, 120] } },
      'FIELD_UNIT_SUSPECT',
      'SliceTiming',
      'sub-01_asl.json: SliceTiming is 40 s, which looks like milliseconds (0.04 s); BIDS wants seconds.',
    ],
    [
      'repetition 0 (M0-TR-0)',
      { sidecar: { RepetitionTimePreparation: 0 } },
      'FIELD_INVALID',
      'RepetitionTimePreparation',
      'sub-01_asl.json: RepetitionTimePreparation is 0 s; it must be above 0',
    ],
    [
      'repetition negative',
      { sidecar: { RepetitionTimePreparation: -4 } },
      'FIELD_INVALID',
      'RepetitionTimePreparation',
      'is -4 s; a time must not be negative',
    ],
    [
      'no repetition',
      { sidecar: { RepetitionTimePreparation: undefined } },
      'FIELD_MISSING',
      'RepetitionTimePreparation',
      'it says how far M0 had recovered',
    ],
    [
      'no labelling type',
      { sidecar: { ArterialSpinLabelingType: undefined } },
      'FIELD_MISSING',
      'ArterialSpinLabelingType',
      'sub-01_asl.json: ArterialSpinLabelingType is missing: add one of PCASL, CASL, PASL.',
    ],
    [
      'another labelling type',
      { sidecar: { ArterialSpinLabelingType: 'VSASL' } },
      'FIELD_INVALID',
      'ArterialSpinLabelingType',
      'is "VSASL"; it must be one of PCASL, CASL, PASL.',
    ],
    [
      'no delay',
      { sidecar: { PostLabelingDelay: undefined } },
      'FIELD_MISSING',
      'PostLabelingDelay',
      'PostLabelingDelay is missing: add the time',
    ],
    [
      'a delay in quotes',
      { sidecar: { PostLabelingDelay: '1.8' } },
      'FIELD_INVALID',
      'PostLabelingDelay',
      'is "1.8"; it must be a number or a list of numbers, without quotes.',
    ],
    [
      'no labelling duration',
      { sidecar: { LabelingDuration: undefined } },
      'FIELD_MISSING',
      'LabelingDuration',
      'add the duration of the PCASL labelling',
    ],
    [
      'labelling of no duration',
      { sidecar: { LabelingDuration: 0 } },
      'FIELD_INVALID',
      'LabelingDuration',
      'is 0 s for volumes that were labelled',
    ],
    [
      'delays of another length',
      { sidecar: { PostLabelingDelay: [1.8, 1.8] } },
      'LENGTHS_DISAGREE',
      'PostLabelingDelay',
      'sub-01_asl.json: PostLabelingDelay has 2 values, the image has 5 volumes; give one value, or one for each volume',
    ],
    [
      'durations of another length',
      { sidecar: { LabelingDuration: [1.8, 1.8, 1.8] } },
      'LENGTHS_DISAGREE',
      'LabelingDuration',
      'has 3 values, the image has 5 volumes',
    ],
    [
      'repetition times of another length',
      { sidecar: { RepetitionTimePreparation: [6, 4] } },
      'LENGTHS_DISAGREE',
      'RepetitionTimePreparation',
      'has 2 values',
    ],
    [
      'flip angles of another length',
      { sidecar: { FlipAngle: [90, 90] } },
      'LENGTHS_DISAGREE',
      'FlipAngle',
      'has 2 values',
    ],
    [
      'echo times of another length',
      { sidecar: { EchoTime: [0.01, 0.02] } },
      'LENGTHS_DISAGREE',
      'EchoTime',
      'has 2 values',
    ],
    [
      'one delay for a model of several',
      { options: { 'asl-model': 'multi' } },
      'DELAYS_TOO_FEW',
      'PostLabelingDelay',
      'sub-01_asl.json: PostLabelingDelay is 1.8 s: --asl-model multi needs at least 2 times of readout after the start of labelling, and the series has 1; use --asl-model auto.',
    ],
    [
      'arteries from two delays',
      { sidecar: { PostLabelingDelay: [0, 1, 1, 1.8, 1.8] }, options: { 'asl-arterial': 'on' } },
      'DELAYS_TOO_FEW',
      'PostLabelingDelay',
      '--asl-arterial on needs at least 5 times of readout, and the series has 2; leave the option out.',
    ],
    [
      'a bolus of unknown duration at two inversion times',
      { sidecar: { ...PULSED, BolusCutOffFlag: false, PostLabelingDelay: [0, 1, 1, 1.8, 1.8] } },
      'DELAYS_TOO_FEW',
      'PostLabelingDelay',
      'a bolus that was not cut off needs at least 3 times of readout',
    ],
    [
      'an encoding of pulsed labelling',
      { sidecar: { ...PULSED, TimeEncodingMatrix: HADAMARD_4 } },
      'FIELD_INVALID',
      'TimeEncodingMatrix',
      'TimeEncodingMatrix is stated for pulsed labelling, which labels once and cannot encode; remove it.',
    ],
    [
      'an encoding that is none',
      {
        sidecar: {
          TimeEncodingMatrix: [
            [1, 1],
            [1, 1],
          ],
        },
      },
      'FIELD_INVALID',
      'TimeEncodingMatrix',
      'it must be a Hadamard matrix as a list of rows',
    ],
    [
      'an encoding of another length than the series',
      {
        sidecar: { TimeEncodingMatrix: HADAMARD_4, LabelingDuration: 1.5 },
        types: ['m0scan', 'control', 'label', 'label', 'label', 'label'],
      },
      'LENGTHS_DISAGREE',
      'TimeEncodingMatrix',
      'has 4 rows, the series has 5 volumes of type control or label',
    ],
    [
      'sub-boli of another number',
      {
        sidecar: { TimeEncodingMatrix: HADAMARD_4, LabelingDuration: [0.5, 0.5] },
        types: ['m0scan', 'control', 'label', 'label', 'label'],
      },
      'LENGTHS_DISAGREE',
      'LabelingDuration',
      'it must be the durations of the 3 sub-boli',
    ],
    [
      'delays that the sub-boli cannot have',
      {
        sidecar: { TimeEncodingMatrix: HADAMARD_4, LabelingDuration: 1.5, PostLabelingDelay: [1, 0.6, 0.3] },
        types: ['m0scan', 'control', 'label', 'label', 'label'],
      },
      'FIELD_INVALID',
      'PostLabelingDelay',
      'with sub-boli of 0.5, 0.5, 0.5 s, one after another, it must be 1.3, 0.8, 0.3 s.',
    ],
    [
      'Look-Locker',
      { sidecar: { LookLocker: true } },
      'NOT_SUPPORTED',
      'LookLocker',
      'LookLocker is true: a Look-Locker readout disturbs the label',
    ],
    [
      'pulsed without cut-off',
      { sidecar: { ...PULSED, BolusCutOffFlag: false } },
      'PASL_WITHOUT_CUTOFF',
      'BolusCutOffFlag',
      'BolusCutOffFlag is false: a pulsed bolus that was not cut off has an unknown duration',
    ],
    [
      'pulsed, not said',
      { sidecar: { ...PULSED, BolusCutOffFlag: undefined } },
      'FIELD_MISSING',
      'BolusCutOffFlag',
      'say whether the pulsed bolus was cut off',
    ],
    [
      'no technique',
      { sidecar: { ...PULSED, BolusCutOffTechnique: undefined } },
      'FIELD_MISSING',
      'BolusCutOffTechnique',
      'add one of QUIPSS, QUIPSSII, Q2TIPS.',
    ],
    [
      'no cut-off time',
      { sidecar: { ...PULSED, BolusCutOffDelayTime: undefined } },
      'FIELD_MISSING',
      'BolusCutOffDelayTime',
      'add the time from the labelling to the (first) cut-off pulse',
    ],
    [
      'cut-off after the readout',
      { sidecar: { ...PULSED, BolusCutOffDelayTime: 1.9 } },
      'FIELD_INVALID',
      'BolusCutOffDelayTime',
      'is 1.9 s, at or after the readout at 1.8 s (PostLabelingDelay)',
    ],
    [
      'cut-off at 0',
      { sidecar: { ...PULSED, BolusCutOffDelayTime: 0 } },
      'FIELD_INVALID',
      'BolusCutOffDelayTime',
      'the bolus would have no duration',
    ],
    [
      'Q2TIPS in the wrong order',
      { sidecar: { ...PULSED, BolusCutOffTechnique: 'Q2TIPS', BolusCutOffDelayTime: [1.6, 0.8] } },
      'FIELD_INVALID',
      'BolusCutOffDelayTime',
      'is 1.6, 0.8 s; the last pulse must come after the first.',
    ],
    [
      'two times for QUIPSS II',
      { sidecar: { ...PULSED, BolusCutOffDelayTime: [0.8, 1.6] } },
      'FIELD_INVALID',
      'BolusCutOffDelayTime',
      'holds 2 values (0.8, 1.6 s); QUIPSSII takes one.',
    ],
    [
      '2D without slice times',
      { sidecar: { MRAcquisitionType: '2D' } },
      'SLICE_TIMING_MISSING',
      'SliceTiming',
      'SliceTiming is missing for a 2D readout',
    ],
    [
      'slice times of another length',
      { sidecar: { MRAcquisitionType: '2D', SliceTiming: [0, 0.1] } },
      'LENGTHS_DISAGREE',
      'SliceTiming',
      'has 2 values, the image has 4 slices along k',
    ],
    [
      'slice times along another axis',
      { sidecar: { MRAcquisitionType: '2D', SliceEncodingDirection: 'j-', SliceTiming: [0, 0.1] } },
      'LENGTHS_DISAGREE',
      'SliceTiming',
      'has 2 values, the image has 6 slices along j',
    ],
    [
      'neither 2D nor 3D',
      { sidecar: { MRAcquisitionType: undefined } },
      'FIELD_MISSING',
      'MRAcquisitionType',
      'say whether the readout is 2D or 3D',
    ],
    [
      'suppression not said',
      { sidecar: { BackgroundSuppression: undefined } },
      'FIELD_MISSING',
      'BackgroundSuppression',
      'say whether background suppression was on',
    ],
    [
      'suppression in quotes',
      { sidecar: { BackgroundSuppression: 'true' } },
      'FIELD_INVALID',
      'BackgroundSuppression',
      'is "true"; it must be true or false, without quotes.',
    ],
    [
      'no field strength',
      { sidecar: { MagneticFieldStrength: undefined } },
      'FIELD_MISSING',
      'MagneticFieldStrength',
      'it chooses the T1 of blood; add it in tesla, or give --asl-t1-blood.',
    ],
    [
      'field strength in MHz',
      { sidecar: { MagneticFieldStrength: 123.2 }, options: { 'asl-t1-tissue': 1.33 } },
      'FIELD_INVALID',
      'MagneticFieldStrength',
      'is 123.2; it must be the field in tesla',
    ],
    [
      'no M0 type',
      { sidecar: { M0Type: undefined } },
      'FIELD_MISSING',
      'M0Type',
      'add one of Separate, Included, Estimate, Absent',
    ],
    [
      'an efficiency in percent',
      { sidecar: { LabelingEfficiency: 85 } },
      'FIELD_INVALID',
      'LabelingEfficiency',
      'is 85; it must be a fraction above 0 and at most 1.',
    ],
    [
      'rows and volumes (CTX-03)',
      { types: ['control', 'label'], frames: 3 },
      'ASLCONTEXT_INVALID',
      'volume_type',
      'sub-01_aslcontext.tsv: it has 2 rows, sub-01_asl.nii.gz has 3 volumes; there must be one row a volume.',
    ],
    [
      'an unknown type',
      { types: ['control', 'labelled'] },
      'ASLCONTEXT_INVALID',
      'volume_type',
      'row 2 says "labelled"; volume_type must be one of control, label, deltam, cbf, m0scan, noRF, n/a.',
    ],
    [
      'no perfusion signal',
      { types: ['m0scan', 'noRF', 'n/a'] },
      'ASLCONTEXT_INVALID',
      'volume_type',
      'there is no control, label, deltam or cbf among its volume types',
    ],
    [
      'unequal numbers',
      { types: ['m0scan', 'control', 'label', 'control'] },
      'CONTROL_LABEL_UNEQUAL',
      'volume_type',
      'sub-01_aslcontext.tsv: 2 control and 1 label volumes at delay 1.8 s, labelling 1.8 s cannot be paired; mark those without a partner n/a.',
    ],
    [
      'flow without a unit',
      { types: ['cbf'] },
      'FIELD_MISSING',
      'Units',
      'a series with cbf volumes must state its unit',
    ],
    [
      'flow in another unit',
      { types: ['cbf'], sidecar: { Units: 'mL/min' } },
      'FIELD_INVALID',
      'Units',
      'is "mL/min"; CBF volumes must be in mL/100g/min',
    ],
  ]

  it.each(refused)('%s', (_, spec, code, field, sentence) => {
    const problem = refusal(spec)
    expect(problem.code).toBe(code)
    expect(problem.field).toBe(field)
    expect(problem.file).toMatch(/^sub-01\/perf\/sub-01_asl(context)?\.(json|tsv)$/)
    expect(problem.message).toContain(sentence)
    expect(problem.message).toMatch(/[.]$/)
  })

  it('name the table that is missing', () => {
    const run = runOf({})
    const result = asl.bind({ ...run, series: [{ ...run.series[0]!, tables: {} }] })
    expect(result.problems).toMatchObject([{ code: 'ASLCONTEXT_MISSING', file: 'sub-01/perf/sub-01_aslcontext.tsv' }])
  })

  it('name the file that states the field, by inheritance too', () => {
    const run = runOf({ sidecar: { PostLabelingDelay: 1800 } })
    const source = run.series[0]!
    const sidecar = { ...source.sidecar, from: { ...source.sidecar.from, PostLabelingDelay: 'asl.json' } }
    const result = asl.bind({ ...run, series: [{ ...source, sidecar }] })
    expect(result.problems[0]).toMatchObject({
      file: 'asl.json',
      message: expect.stringMatching(/^asl\.json: PostLabelingDelay/),
    })
  })

  it('come all at once', () => {
    const codes = problemsOf({ sidecar: { PostLabelingDelay: 1800, LookLocker: true, M0Type: undefined } }).map(
      ({ code }) => code,
    )
    expect(codes).toEqual(expect.arrayContaining(['FIELD_UNIT_SUSPECT', 'NOT_SUPPORTED', 'FIELD_MISSING']))
  })

  it('leave the facts readable', () => {
    const run = runOf({ sidecar: { PostLabelingDelay: [0, 0.5, 0.5, 1, 1], M0Type: undefined } })
    expect(asl.bind(run).ok).toBe(false)
    const facts = asl.describe?.(run) ?? []
    expect(facts.find(({ name }) => name === 'PostLabelingDelay')).toMatchObject({
      value: [0.5, 1],
      unit: 's',
      from: 'PostLabelingDelay in sub-01_asl.json',
    })
    expect(facts.find(({ name }) => name === 'Volumes')).toMatchObject({ value: '2 control, 2 label, 1 m0scan' })
  })
})

describe('remarks', () => {
  it.each([
    [
      'a long delay',
      { sidecar: { PostLabelingDelay: 6 } },
      'FIELD_UNUSUAL',
      'PostLabelingDelay is 6 s, which is unusually long',
    ],
    [
      'a short labelling',
      { sidecar: { LabelingDuration: 0.1 } },
      'FIELD_UNUSUAL',
      'LabelingDuration is 0.1 s, usual are 0.2 to 5 s',
    ],
    [
      'a late cut-off',
      { sidecar: { ...PULSED, BolusCutOffDelayTime: 1.75 } },
      'FIELD_UNUSUAL',
      'less than 0.1 s before the readout',
    ],
    [
      'slice times that do not begin at 0',
      { sidecar: { MRAcquisitionType: '2D', SliceTiming: [3.6, 3.7, 3.8, 3.9] } },
      'FIELD_UNUSUAL',
      'begins at 3.6 s; PostLabelingDelay holds for the first slice',
    ],
    [
      'a number of pairs that disagrees',
      { sidecar: { TotalAcquiredPairs: 8 } },
      'PAIRS_DISAGREE',
      'TotalAcquiredPairs is 8, the series holds 2 pairs',
    ],
    [
      'suppression times and number that disagree',
      {
        sidecar: {
          BackgroundSuppression: true,
          BackgroundSuppressionNumberPulses: 2,
          BackgroundSuppressionPulseTime: [1, 2, 3],
        },
      },
      'FIELD_UNUSUAL',
      'has 3 times and BackgroundSuppressionNumberPulses is 2; the number is used.',
    ],
  ] as const)('%s', (_, spec, code, sentence) => {
    const problems = problemsOf(spec)
    expect(problems.map(problem => problem.code)).toEqual([code])
    expect(problems[0]!.message).toContain(sentence)
    expect(problems[0]!.severity).toBe('warning')
  })

  it('do not count pairs where differences are given', () => {
    expect(problemsOf({ types: ['deltam', 'm0scan'], sidecar: { TotalAcquiredPairs: 3 } })).toEqual([])
  })
})

describe('slices', () => {
  it('SLICE-02: a direction with a minus begins at the other end', () => {
    const { inputs, expected, tolerance } = caseOf('SLICE-02')
    const delays = sliceDelays(numbers(inputs, 'slice_timing_s'), inputs['slice_encoding_direction'] === 'k-')
    numbers(expected, 'slice_delay_s').forEach((late, slice) => {
      expectClose(delays[slice]!, late, tolerance)
    })
  })

  it('SLICE-03: several at once have the times that are stated', () => {
    const { inputs, expected, tolerance } = caseOf('SLICE-03')
    const delays = sliceDelays(numbers(inputs, 'slice_timing_s'), false)
    numbers(expected, 'pld_effective_s').forEach((delay, slice) => {
      expectClose(Number(inputs['pld_s']) + delays[slice]!, delay, tolerance)
    })
  })

  it('lie along any axis, from either end', () => {
    const read = (SliceEncodingDirection: string, SliceTiming: readonly number[]) => {
      const result = readAcquisition(
        runOf({ sidecar: { MRAcquisitionType: '2D', SliceEncodingDirection, SliceTiming }, shape: [2, 3, 4] }),
      )
      return result.ok ? result.value.quantification?.slices : null
    }
    expect(read('i', [0, 0.1])).toEqual({ axis: 0, delays: [0, 0.1] })
    expect(read('j-', [0, 0.1, 0.2])).toEqual({ axis: 1, delays: [0.2, 0.1, 0] })
    expect(read('k', [0, 0.2, 0.1, 0.3])).toEqual({ axis: 2, delays: [0, 0.2, 0.1, 0.3] })
  })

  it('of QUIPSS have longer boluses when they are later', () => {
    const base = { type: 'PASL', delay: 2, cutOff: 0.7, lastCutOff: null } as const
    const slices = { axis: 2, delays: [0, 0.5] }
    const [first, second] = bolusWeights({ ...base, technique: 'QUIPSS' }, slices, 1.65)
    expect(first).toBeCloseTo(1.3 * Math.exp(-2 / 1.65), 12)
    expect(second).toBeCloseTo(1.8 * Math.exp(-2.5 / 1.65), 12)
    const [, fixed] = bolusWeights({ ...base, technique: 'QUIPSSII' }, slices, 1.65)
    expect(fixed).toBeCloseTo(0.7 * Math.exp(-2.5 / 1.65), 12)
  })
})
