import { describe, expect, it } from 'vitest'
import { companionOf, inherited, sidecarOf, tableOf } from '../../src/bids/sidecar.ts'
import { makeDataset, nameOf } from './tree.ts'

describe('sidecarOf', () => {
  it('merges what applies, the deepest with the last word, and says where each value is from', () => {
    const dataset = makeDataset({
      'asl.json': { A: 'root', B: 'root', C: 'root', D: 'root', Manufacturer: 'GE' },
      'm0scan.json': { A: 'another suffix' },
      'acq-other_asl.json': { A: 'another acquisition' },
      'sub-01/sub-01_asl.json': { B: 'subject', C: 'subject', D: 'subject' },
      'sub-01/ses-1/sub-01_ses-1_asl.json': { C: 'session', D: 'session' },
      'sub-01/ses-1/perf/sub-01_ses-1_acq-x_run-1_asl.json': { D: 'image' },
      'sub-01/ses-1/perf/sub-01_ses-1_acq-x_run-2_asl.json': { D: 'another run' },
      'sub-01/ses-1/perf/sub-01_ses-1_acq-x_run-1_asl.nii.gz': '',
      'sub-02/sub-02_asl.json': { A: 'another subject' },
    })
    const sidecar = sidecarOf(dataset, nameOf('sub-01/ses-1/perf/sub-01_ses-1_acq-x_run-1_asl.nii.gz'))
    expect(sidecar).toEqual({
      ok: true,
      problems: [],
      value: {
        values: { A: 'root', B: 'subject', C: 'session', D: 'image', Manufacturer: 'GE' },
        from: {
          A: 'asl.json',
          B: 'sub-01/sub-01_asl.json',
          C: 'sub-01/ses-1/sub-01_ses-1_asl.json',
          D: 'sub-01/ses-1/perf/sub-01_ses-1_acq-x_run-1_asl.json',
          Manufacturer: 'asl.json',
        },
        files: [
          'asl.json',
          'sub-01/sub-01_asl.json',
          'sub-01/ses-1/sub-01_ses-1_asl.json',
          'sub-01/ses-1/perf/sub-01_ses-1_acq-x_run-1_asl.json',
        ],
      },
    })
  })

  it('lets the most specific of several at one level win', () => {
    const dataset = makeDataset({
      'sub-01/perf/sub-01_asl.json': { A: 1, B: 1 },
      'sub-01/perf/sub-01_acq-x_run-1_asl.json': { A: 3 },
      'sub-01/perf/sub-01_acq-x_asl.json': { A: 2, B: 2 },
      'sub-01/perf/sub-01_acq-x_run-1_asl.nii.gz': '',
    })
    const sidecar = sidecarOf(dataset, nameOf('sub-01/perf/sub-01_acq-x_run-1_asl.nii.gz'))
    expect(sidecar.ok && sidecar.value.values).toEqual({ A: 3, B: 2 })
  })

  it('finds a root sidecar that .bidsignore lists', () => {
    const dataset = makeDataset({
      '.bidsignore': '*dsc*\n',
      'dsc.json': { EchoTime: 0.03 },
      'sub-01/perf/sub-01_dsc.nii.gz': '',
    })
    expect(sidecarOf(dataset, dataset.files[1]!)).toMatchObject({ value: { values: { EchoTime: 0.03 } } })
  })

  it('is empty where there is no JSON', () => {
    const dataset = makeDataset({ 'sub-01/perf/sub-01_asl.nii.gz': '' })
    expect(sidecarOf(dataset, dataset.files[0]!)).toMatchObject({ ok: true, value: { values: {}, files: [] } })
  })

  it('names each file that is broken or not here', () => {
    const dataset = makeDataset({
      'asl.json': '{"EchoTime": 0.014,\n "FlipAngle": }',
      'sub-01/sub-01_asl.json': '[]',
      'sub-01/perf/sub-01_asl.json': { link: 'nowhere.json' },
      'sub-01/perf/sub-01_asl.nii.gz': '',
    })
    const sidecar = sidecarOf(dataset, nameOf('sub-01/perf/sub-01_asl.nii.gz'))
    expect(sidecar.ok).toBe(false)
    expect(sidecar.problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
      'JSON_INVALID asl.json',
      'JSON_INVALID sub-01/sub-01_asl.json',
      'FILE_NOT_FETCHED sub-01/perf/sub-01_asl.json',
    ])
    expect(sidecar.problems[0]?.message).toContain('line 2, column 15')
    expect(sidecar.problems[2]?.message).toContain('datalad get sub-01/perf/sub-01_asl.json')
  })

  it('takes no field for the machinery of objects', () => {
    const dataset = makeDataset({ 'asl.json': '{"__proto__": {"EchoTime": 1}}', 'sub-01/perf/sub-01_asl.nii.gz': '' })
    const sidecar = sidecarOf(dataset, nameOf('sub-01/perf/sub-01_asl.nii.gz'))
    expect(sidecar.ok && sidecar.value.values['EchoTime']).toBeUndefined()
  })
})

describe('companions', () => {
  it('finds the table of an image, without the entities that tables do not have', () => {
    const dataset = makeDataset({
      'aslcontext.tsv': 'volume_type\nm0scan\n',
      'sub-01/perf/sub-01_aslcontext.tsv': 'volume_type\ncontrol\nlabel\n',
      'sub-01/perf/sub-01_acq-y_aslcontext.tsv': 'volume_type\ndeltam\textra\n',
      'sub-01/perf/sub-01_part-mag_echo-1_asl.nii.gz': '',
    })
    const table = tableOf(dataset, nameOf('sub-01/perf/sub-01_part-mag_echo-1_asl.nii.gz'), 'aslcontext')
    expect(table).toMatchObject({ ok: true, value: { rows: [['control'], ['label']] } })
    expect(tableOf(dataset, nameOf('sub-01/perf/sub-01_acq-y_asl.nii.gz'), 'aslcontext')).toMatchObject({
      ok: false,
      problems: [{ code: 'TSV_INVALID', file: 'sub-01/perf/sub-01_acq-y_aslcontext.tsv' }],
    })
    expect(tableOf(dataset, nameOf('sub-02/perf/sub-02_asl.nii.gz'), 'aslcontext')).toMatchObject({
      value: { rows: [['m0scan']] },
    })
    expect(tableOf(dataset, nameOf('sub-01/perf/sub-01_asl.nii.gz'), 'events')).toEqual({
      ok: true,
      value: null,
      problems: [],
    })
  })

  it('finds bval and bvec, at the root as well', () => {
    const dataset = makeDataset({
      'dwi.bval': '0 100',
      'sub-01/dwi/sub-01_run-1_dwi.bval': '0 200',
      'sub-01/dwi/sub-01_run-1_dwi.nii.gz': '',
    })
    const image = nameOf('sub-01/dwi/sub-01_run-1_dwi.nii.gz')
    expect(inherited(dataset, image, { extension: '.bval' }).map(({ path }) => path)).toEqual([
      'dwi.bval',
      'sub-01/dwi/sub-01_run-1_dwi.bval',
    ])
    expect(companionOf(dataset, image, { extension: '.bval' })?.path).toBe('sub-01/dwi/sub-01_run-1_dwi.bval')
    expect(companionOf(dataset, image, { extension: '.bvec' })).toBeNull()
  })
})
