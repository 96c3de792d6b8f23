import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runValidator } from '../../src/bids/validate.ts'
import { compose, STILL } from '../../src/image/rigid.ts'
import { parseTransform } from '../../src/image/rigid-text.ts'
import { fractionOf, imageOf, toJson, writeDataset } from './dataset.ts'
import { listFiles, newFolder, perfquant, readJson, readTsv } from './harness.ts'

/** Every file that comes out, and what the BIDS validator says of them. */

const root = newFolder('outputs')
const runs = ['01', '02'].flatMap(sub => ['1', '2'].map(ses => ({ sub, ses })))
const input = writeDataset(join(root, 'data'), runs)
const out = join(root, 'out')
const ran = perfquant(input, out, 'participant', 'group')

/** Errors of the validator in a dataset, as it stands on the disk. */
async function errorsIn(dataset: string): Promise<string[]> {
  const { issues } = await runValidator(dataset, listFiles(dataset), 'dist/vendor/bids-schema-validator.mjs')
  return issues
    .filter(({ severity }) => severity === 'error')
    .map(({ code, subCode, location }) => [code, subCode, location].filter(Boolean).join(' '))
}

describe('two participants with two sessions', () => {
  it('give these files and no others', () => {
    expect(ran.last, ran.err).toBe('perfquant finished: 4 of 4 runs (exit 0)')
    const files = listFiles(out)
      .filter(path => !path.startsWith('logs/'))
      .sort()
    expect(files).toEqual(readFileSync('test/expected/asl.files.txt', 'utf8').trimEnd().split('\n'))
    expect(listFiles(out).filter(path => path.startsWith('.perfquant/'))).toEqual([])
  })

  it('are logged', () => {
    const logs = listFiles(out).filter(path => path.startsWith('logs/'))
    expect(logs.map(path => path.replace(/^logs\/\d{8}-\d{6}_[^/]+\//, 'logs/ID/'))).toEqual([
      'logs/ID/CITATION.md',
      'logs/ID/perfquant.jsonl',
      'logs/ID/perfquant.toml',
      'logs/CITATION.md',
    ])
    const log = logs.find(path => path.endsWith('.jsonl')) ?? ''
    const events = readFileSync(join(out, log), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as { event: string }).event)
    expect(events.sort()).toEqual(['begin', 'call', 'end', 'end', 'end', 'end', 'start', 'start', 'start', 'start'])
  })

  it('are a BIDS dataset without an error, and the input is one, too', async () => {
    expect(await errorsIn(input)).toEqual([])
    expect(await errorsIn(out)).toEqual([])
  })

  it('have a dictionary for every column of every table', () => {
    const tables = listFiles(out).filter(path => path.endsWith('.tsv') && !/_dseg\.tsv$|^descriptions\.tsv$/.test(path))
    expect(tables.length).toBeGreaterThan(10)
    for (const path of tables) {
      const head = readFileSync(join(out, path), 'utf8').split('\n')[0]?.split('\t') ?? []
      const described = Object.keys(readJson(out, path.replace(/tsv$/, 'json')))
      expect(
        head.filter(column => !described.includes(column)),
        path,
      ).toEqual([])
    }
  })

  it('name their sources by URIs that lead to files', () => {
    const { DatasetLinks } = readJson<{ DatasetLinks: Record<string, string> }>(out, 'dataset_description.json')
    const sidecars = listFiles(out).filter(path => path.startsWith('sub-') && path.endsWith('.json'))
    const sources = sidecars.flatMap(path => readJson<{ Sources?: string[] }>(out, path).Sources ?? [])
    expect(sources.length).toBeGreaterThan(20)
    for (const source of new Set(sources)) {
      const [, name = '', path = ''] = /^bids:([^:]*):(.+)$/.exec(source) ?? []
      const folder = name === '' ? out : fileURLToPath(DatasetLinks[name] ?? 'nothing:')
      expect(readFileSync(join(folder, path)).length, source).toBeGreaterThan(0)
    }
  })
})

describe('outputs of other kinds', () => {
  const tissue = writeDataset(join(root, 'tissue'), [], {
    'dataset_description.json': toJson({
      Name: 'tissue',
      BIDSVersion: '1.10.1',
      DatasetType: 'derivative',
      GeneratedBy: [{ Name: 'segmenter' }],
    }),
    ...Object.fromEntries(
      (['GM', 'WM', 'CSF'] as const).map(label => [
        `sub-01/anat/sub-01_label-${label}_probseg.nii.gz`,
        imageOf((voxel, shape) => fractionOf(label, voxel, shape)),
      ]),
    ),
    'sub-01/anat/sub-01_desc-brain_mask.nii.gz': imageOf(
      (voxel, shape) => fractionOf('GM', voxel, shape) + fractionOf('WM', voxel, shape),
    ),
  })
  const mixed = writeDataset(join(root, 'mixed data'), [
    {
      sub: '01',
      also: 'acq-relative',
      m0: 'Absent',
      sidecar: { BackgroundSuppression: true, BackgroundSuppressionNumberPulses: 2 },
    },
    { sub: '01', also: 'acq-refused', sidecar: { PostLabelingDelay: 1800 } },
    {
      sub: '01',
      also: 'acq-2d',
      sidecar: {
        MRAcquisitionType: '2D',
        PulseSequenceType: '2D_EPI',
        SliceTiming: [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35],
      },
    },
    {
      sub: '01',
      also: 'acq-pasl',
      sidecar: {
        ArterialSpinLabelingType: 'PASL',
        LabelingDuration: null,
        BolusCutOffFlag: true,
        BolusCutOffTechnique: 'QUIPSSII',
        BolusCutOffDelayTime: 0.8,
      },
    },
  ])
  const made = join(root, 'made of mixed data')
  const mixedRun = perfquant(
    mixed,
    made,
    'participant',
    'group',
    '-d',
    tissue,
    '--asl-timeseries',
    '--output-spaces',
    'native',
    'T1w',
    '--skip-bids-validation',
  )

  it('are a BIDS dataset without an error: relative maps, series, tissue maps, maps in T1w, refusals, blanks in the path', async () => {
    expect(mixedRun.last).toMatch(/^perfquant failed: 2 of 4 runs failed \(exit 1\); see /)
    const images = listFiles(made).filter(path => path.endsWith('.nii.gz'))
    for (const name of [
      'acq-relative_desc-relative_perfmap',
      'acq-2d_desc-timeseries_cbf',
      'acq-pasl_mod-asl_label-CSF_probseg',
      'acq-2d_space-T1w_desc-timeseries_cbf',
      'acq-pasl_space-T1w_desc-sd_cbf',
      'acq-pasl_mod-asl_space-T1w_desc-brain_mask',
    ])
      expect(
        images.some(path => path.endsWith(`${name}.nii.gz`)),
        name,
      ).toBe(true)
    expect(await errorsIn(made)).toEqual([])
  })

  it('say how the T1w image lies to the series, one way and back', () => {
    const read = (name: string) => {
      const path = listFiles(made).find(file => file.endsWith(`acq-pasl_mod-asl_${name}_mode-image_xfm.txt`)) ?? name
      const transform = parseTransform(readFileSync(join(made, path), 'utf8'), path)
      if (!transform.ok) throw new Error(transform.problems[0]?.message)
      return transform.value
    }
    const round = compose(read('from-orig_to-T1w'), read('from-T1w_to-orig'))
    for (const [at, value] of round.entries()) expect(value).toBeCloseTo(STILL[at]!, 9)
  })

  it('are linked to datasets whose paths hold blanks', () => {
    const { DatasetLinks } = readJson<{ DatasetLinks: Record<string, string> }>(made, 'dataset_description.json')
    expect(Object.entries(DatasetLinks).map(([name, link]) => [name, fileURLToPath(link)])).toEqual([
      ['raw', mixed],
      ['segmenter', tissue],
    ])
    expect(Object.values(DatasetLinks).join()).not.toContain(' ')
  })

  it('stand in the group tables, refusals too, with all their entities', () => {
    const rows = readTsv(made, 'group_asl.tsv')
    expect(rows.map(row => [row['participant_id'], row['session_id'], row['acq'], row['status']])).toEqual([
      ['sub-01', 'n/a', '2d', 'complete'],
      ['sub-01', 'n/a', 'pasl', 'complete'],
      ['sub-01', 'n/a', 'refused', 'refused'],
      ['sub-01', 'n/a', 'relative', 'partial'],
    ])
  })
})
