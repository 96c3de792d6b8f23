import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RunRecord } from '../../src/report/record.ts'
import { type AslRun, writeDataset } from './dataset.ts'
import { listFiles, newFolder, perfquant, readJson, readTsv } from './harness.ts'

/** One dataset with many runs, each broken in its own way: each is refused in a sentence, and the sound ones are complete. */

const PASL = { ArterialSpinLabelingType: 'PASL', LabelingDuration: null }
const CUT_OFF = { BolusCutOffFlag: true, BolusCutOffTechnique: 'QUIPSSII' }
const SUPPRESSED = { BackgroundSuppression: true, BackgroundSuppressionNumberPulses: 2 }

/** What is broken: the run, the code of its problem, the file and the field that must be named, and what to do. */
interface Broken {
  readonly run: Omit<AslRun, 'sub' | 'also'>
  readonly code: string
  /** Ending of the file's name; the series' own where absent. */
  readonly file?: string
  readonly field?: string
  readonly value?: string
  readonly remedy: RegExp
}

const flip = (from: number, to: number) => (image: Uint8Array) =>
  image.map((byte, at) => (at >= from && at < to ? byte ^ 0x5a : byte))

const BROKEN: Readonly<Record<string, Broken>> = {
  ms: {
    run: { sidecar: { PostLabelingDelay: 1800 } },
    code: 'FIELD_UNIT_SUSPECT',
    file: 'asl.json',
    field: 'PostLabelingDelay',
    value: '1800 s',
    remedy: /BIDS wants seconds/,
  },
  msLabel: {
    run: { sidecar: { LabelingDuration: 1800 } },
    code: 'FIELD_UNIT_SUSPECT',
    file: 'asl.json',
    field: 'LabelingDuration',
    value: '1800 s',
    remedy: /BIDS wants seconds/,
  },
  msM0: {
    run: { m0Sidecar: { RepetitionTimePreparation: 10000 } },
    code: 'FIELD_UNIT_SUSPECT',
    file: 'm0scan.json',
    field: 'RepetitionTimePreparation',
    value: '10000 s',
    remedy: /BIDS wants seconds/,
  },
  zeroTr: {
    run: { sidecar: { RepetitionTimePreparation: 0 } },
    code: 'FIELD_INVALID',
    file: 'asl.json',
    field: 'RepetitionTimePreparation',
    value: '0 s',
    remedy: /correct it/,
  },
  zeroTrM0: {
    run: { m0Sidecar: { RepetitionTimePreparation: 0 } },
    code: 'FIELD_INVALID',
    file: 'm0scan.json',
    field: 'RepetitionTimePreparation',
    value: '0 s',
    remedy: /correct it/,
  },
  negative: {
    run: { sidecar: { PostLabelingDelay: -1.8 } },
    code: 'FIELD_INVALID',
    file: 'asl.json',
    field: 'PostLabelingDelay',
    value: '-1.8 s',
    remedy: /correct it/,
  },
  text: {
    run: { sidecar: { PostLabelingDelay: '1.8' } },
    code: 'FIELD_INVALID',
    file: 'asl.json',
    field: 'PostLabelingDelay',
    value: '"1.8"',
    remedy: /must be a number/,
  },
  noDelay: {
    run: { sidecar: { PostLabelingDelay: null } },
    code: 'FIELD_MISSING',
    file: 'asl.json',
    field: 'PostLabelingDelay',
    remedy: /add the time .* in seconds/,
  },
  noDuration: {
    run: { sidecar: { LabelingDuration: null } },
    code: 'FIELD_MISSING',
    file: 'asl.json',
    field: 'LabelingDuration',
    remedy: /add the duration .* in seconds/,
  },
  noType: {
    run: { sidecar: { ArterialSpinLabelingType: null } },
    code: 'FIELD_MISSING',
    file: 'asl.json',
    field: 'ArterialSpinLabelingType',
    remedy: /add one of PCASL, CASL, PASL/,
  },
  noM0Type: {
    run: { sidecar: { M0Type: null } },
    code: 'FIELD_MISSING',
    file: 'asl.json',
    field: 'M0Type',
    remedy: /add one of Separate, Included, Estimate, Absent/,
  },
  noTesla: {
    run: { sidecar: { MagneticFieldStrength: null } },
    code: 'FIELD_MISSING',
    file: 'asl.json',
    field: 'MagneticFieldStrength',
    remedy: /add it in tesla, or give --asl-t1-blood/,
  },
  lengths: {
    run: { sidecar: { PostLabelingDelay: [1.8, 1.8, 1.8, 1.8] } },
    code: 'LENGTHS_DISAGREE',
    file: 'asl.json',
    field: 'PostLabelingDelay',
    value: '4 values',
    remedy: /give one value, or one for each volume/,
  },
  noContext: {
    run: { context: null },
    code: 'ASLCONTEXT_MISSING',
    file: 'aslcontext.tsv',
    remedy: /add it with one row a volume/,
  },
  rows: {
    run: { context: ['control', 'label'] },
    code: 'ASLCONTEXT_INVALID',
    file: 'aslcontext.tsv',
    value: '2 rows',
    remedy: /there must be one row a volume/,
  },
  word: {
    run: { context: ['control', 'tag', 'control', 'tag', 'control', 'tag'] },
    code: 'ASLCONTEXT_INVALID',
    file: 'aslcontext.tsv',
    field: 'volume_type',
    value: '"tag"',
    remedy: /must be one of control, label/,
  },
  unequal: {
    run: { context: ['control', 'label', 'control', 'label', 'control', 'control'] },
    code: 'CONTROL_LABEL_UNEQUAL',
    file: 'aslcontext.tsv',
    value: '4 control and 2 label',
    remedy: /mark those without a partner n\/a/,
  },
  paslNoFlag: {
    run: { sidecar: PASL },
    code: 'FIELD_MISSING',
    file: 'asl.json',
    field: 'BolusCutOffFlag',
    remedy: /say whether the pulsed bolus was cut off/,
  },
  paslNoCutOff: {
    run: { sidecar: { ...PASL, BolusCutOffFlag: false } },
    code: 'PASL_WITHOUT_CUTOFF',
    file: 'asl.json',
    field: 'BolusCutOffFlag',
    value: 'false',
    remedy: /only a fit over several inversion times can/,
  },
  paslNoTime: {
    run: { sidecar: { ...PASL, ...CUT_OFF } },
    code: 'FIELD_MISSING',
    file: 'asl.json',
    field: 'BolusCutOffDelayTime',
    remedy: /add the time .* in seconds/,
  },
  twoD: {
    run: { sidecar: { MRAcquisitionType: '2D' } },
    code: 'SLICE_TIMING_MISSING',
    file: 'asl.json',
    field: 'SliceTiming',
    remedy: /add the time of each slice/,
  },
  sliceCount: {
    run: { sidecar: { MRAcquisitionType: '2D', SliceTiming: [0, 0.1] } },
    code: 'LENGTHS_DISAGREE',
    file: 'asl.json',
    field: 'SliceTiming',
    value: '2 values',
    remedy: /give one for each slice/,
  },
  encoded: {
    run: { sidecar: { TimeEncodingMatrix: [[1, -1], [1]] } },
    code: 'FIELD_INVALID',
    file: 'asl.json',
    field: 'TimeEncodingMatrix',
    value: '[[1,-1],[1]]',
    remedy: /it must be a Hadamard matrix/,
  },
  truncated: {
    run: { bytes: image => image.subarray(0, image.length / 2) },
    code: 'NIFTI_CORRUPT',
    value: 'of 6 volumes',
    remedy: /copy or convert it again/,
  },
  corrupt: {
    run: { bytes: flip(6000, 6100), size: 2 },
    code: 'NIFTI_CORRUPT',
    value: 'damaged',
    remedy: /copy or convert it again/,
  },
  corruptHead: { run: { bytes: flip(30, 60) }, code: 'NIFTI_CORRUPT', remedy: /copy or convert it again/ },
  noImage: {
    run: { bytes: () => new TextEncoder().encode('no image'.repeat(100)) },
    code: 'NIFTI_HEADER',
    remedy: /./,
  },
  dangling: {
    run: { bytes: () => '../../.git/annex/objects/Xx/Yy/MD5E-s1--0.nii.gz/MD5E-s1--0.nii.gz' },
    code: 'FILE_NOT_FETCHED',
    remedy: /datalad get/,
  },
  lookLocker: {
    run: { sidecar: { LookLocker: true } },
    code: 'NOT_SUPPORTED',
    file: 'asl.json',
    field: 'LookLocker',
    value: 'true',
    remedy: /leave the series out/,
  },
}

const root = newFolder('refusals')
const names = Object.keys(BROKEN)
const input = writeDataset(join(root, 'data'), [
  { sub: '01', also: 'acq-sound' },
  { sub: '01', also: 'acq-included', m0: 'Included' },
  { sub: '01', also: 'acq-relative', m0: 'Absent', sidecar: SUPPRESSED },
  { sub: '01', also: 'acq-lostM0', m0: 'Absent', sidecar: { M0Type: 'Separate' } },
  ...names.map(name => ({ sub: '01', also: `acq-${name}`, ...BROKEN[name]?.run })),
])
const out = join(root, 'out')
const ran = perfquant(input, out, 'participant', 'group', '--skip-bids-validation')
const recordOf = (name: string) => readJson<RunRecord>(out, `sub-01/perf/sub-01_acq-${name}_desc-provenance_asl.json`)

/** Files of a run by their names after the stem. */
const filesOf = (name: string) =>
  listFiles(out)
    .filter(path => path.startsWith(`sub-01/perf/sub-01_acq-${name}_`))
    .map(path => path.replace(`sub-01/perf/sub-01_acq-${name}_`, ''))

it('one call goes through all of them', () => {
  expect(ran.last).toMatch(
    new RegExp(`^perfquant failed: ${names.length + 2} of ${names.length + 4} runs failed \\(exit 1\\); see `),
  )
  expect(ran.err).not.toMatch(/^ +at |defect|undefined|NaN|\[object/m)
})

describe('refused', () => {
  it.each(names)('%s', name => {
    const broken = BROKEN[name]
    const { status, problems, outputs } = recordOf(name)
    expect(status).toBe('refused')
    expect(outputs).toEqual([])
    expect(filesOf(name)).toEqual(['desc-provenance_asl.json'])
    const found = problems.filter(({ severity }) => severity === 'error')
    expect(found.map(({ code }) => code)).toEqual([broken?.code])
    const [{ message, file, field } = { message: '', file: '', field: '' }] = found
    const image = `sub-01_acq-${name}_${broken?.file ?? 'asl.nii.gz'}`
    expect(message).toContain(image)
    expect(file).toBe(`sub-01/perf/${image}`)
    if (broken?.field) expect(field).toBe(broken.field)
    // The columns of the table of volume types need not be told apart: it has one.
    if (broken?.field && broken.field !== 'volume_type') expect(message).toContain(`: ${broken.field} `)
    if (broken?.value) expect(message).toContain(broken.value)
    expect(message).toMatch(broken?.remedy ?? /^$/)
    // One sentence: it ends once, and no other begins within it.
    expect(message).toMatch(/[.)]$/)
    expect(message).not.toMatch(/\. [A-Z]|\n/)
    expect(ran.err).toContain(`  error ${broken?.code}: ${message}\n`)
  })
})

describe('partial', () => {
  it.each([
    [
      'relative',
      /^sub-01_acq-relative_asl\.json: M0Type is Absent and BackgroundSuppression is true, .* the relative map is written; provide an m0scan/,
    ],
    ['lostM0', /^sub-01_acq-lostM0_asl\.json: M0Type is Separate and .* the relative map is written; add the m0scan/],
  ])('%s: the relative map is written, CBF is not', (name, sentence) => {
    const { status, problems } = recordOf(name)
    expect(status).toBe('partial')
    expect(problems.filter(({ severity }) => severity === 'partial')).toEqual([
      {
        code: 'M0_MISSING',
        severity: 'partial',
        message: expect.stringMatching(sentence),
        file: `sub-01/perf/sub-01_acq-${name}_asl.json`,
        field: 'M0Type',
      },
    ])
    const files = filesOf(name)
    expect(files).toContain('desc-relative_perfmap.nii.gz')
    expect(files.filter(path => /_?cbf\./.test(path))).toEqual([])
    expect(readJson(out, `sub-01/perf/sub-01_acq-${name}_desc-relative_perfmap.json`)).toMatchObject({ Units: '1' })
  })
})

describe('complete', () => {
  it.each(['sound', 'included'])('%s', name => {
    expect(recordOf(name)).toMatchObject({ status: 'complete', entities: { sub: '01', acq: name } })
    expect(filesOf(name)).toContain('cbf.nii.gz')
  })
})

describe('the group table', () => {
  it('has a row for every run, with its outcome and its entities', () => {
    const rows = readTsv(out, 'group_asl.tsv')
    expect(rows.map(row => row['acq']).sort()).toEqual([...names, 'sound', 'included', 'relative', 'lostM0'].sort())
    for (const row of rows)
      expect(row['status'], row['acq']).toBe(
        names.includes(row['acq'] ?? '')
          ? 'refused'
          : /relative|lostM0/.test(row['acq'] ?? '')
            ? 'partial'
            : 'complete',
      )
  })
})
