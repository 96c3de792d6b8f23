import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { RunRecord } from '../../src/report/record.ts'
import { fractionOf, gridOf, imageOf, toJson, writeDataset } from './dataset.ts'
import { listFiles, newFolder, perfquant, readJson, readTsv } from './harness.ts'

/** What is matched: the images, and what serves them as mask, tissue and atlas; and the tables that come of it. */

const root = newFolder('selection')
const input = writeDataset(
  join(root, 'data'),
  [
    { sub: '001', also: 'run-1' },
    { sub: '001', also: 'run-2' },
    { sub: '002', ses: 'a' },
    { sub: '002', ses: 'b' },
    { sub: '003' },
    { sub: '004' },
  ],
  { '.bidsignore': 'sub-004/\nextra*\n' },
)
const quick = '--skip-bids-validation'
const brain = (voxel: number, shape: readonly [number, number, number]) =>
  fractionOf('GM', voxel, shape) + fractionOf('WM', voxel, shape)

/** Ids of the runs of the plan. */
function planned(...words: readonly string[]): string[] {
  const { out } = perfquant(input, join(root, 'never'), 'participant', '--dry-run', '--json', ...words)
  return (JSON.parse(out) as { tasks: { id: string }[] }).tasks.map(({ id }) => id.replace('asl/', ''))
}

function filter(name: string, content: unknown): string[] {
  const file = join(root, `${name}.json`)
  writeFileSync(file, toJson(content))
  return ['--bids-filter-file', file]
}

describe('the runs', () => {
  it('are those of all participants, with or without sessions, but not of a folder in .bidsignore', () => {
    expect(planned()).toEqual(['sub-001_run-1', 'sub-001_run-2', 'sub-002_ses-a', 'sub-002_ses-b', 'sub-003'])
  })

  it('are those of an ignored folder where it is asked for', () => {
    expect(planned('--participant-label', '004')).toEqual(['sub-004'])
  })

  it('are chosen by session: an image without one always may serve', () => {
    expect(planned('--session-label', 'b')).toEqual(['sub-001_run-1', 'sub-001_run-2', 'sub-002_ses-b', 'sub-003'])
  })

  it.each([
    ['a label', { asl: { run: 1 } }, ['sub-001_run-1']],
    ['a long key and a list', { asl: { session: ['a', 'ses-b'] } }, ['sub-002_ses-a', 'sub-002_ses-b']],
    ['absence', { asl: { ses: null, run: null } }, ['sub-003']],
    ['presence', { asl: { run: '*' } }, ['sub-001_run-1', 'sub-001_run-2']],
  ])('are chosen by a filter: %s', (name, content, expected) => {
    expect(planned(...filter(name.replaceAll(' ', '-'), content))).toEqual(expected)
  })

  it('lose their M0 where the filter takes it away', () => {
    const { out, last } = perfquant(
      input,
      join(root, 'never'),
      'participant',
      '--dry-run',
      '--json',
      '--participant-label',
      '003',
      ...filter('m0', { m0scan: { run: 7 } }),
    )
    expect(last).toBe('perfquant failed: 1 of 1 runs failed (exit 1)')
    const [task] = (JSON.parse(out) as { tasks: { problems: { code: string }[] }[] }).tasks
    expect(task?.problems.map(({ code }) => code)).toEqual(['M0_MISSING'])
  })

  it('never write one file twice: two images of one name are told apart or refused', () => {
    const twins = writeDataset(join(root, 'twins'), [{ sub: '01' }])
    const image = join(twins, 'sub-01/perf/sub-01_asl.nii.gz')
    writeFileSync(image.replace('.gz', ''), gunzipSync(readFileSync(image)))
    const { code, err } = perfquant(twins, join(root, 'twins-out'), 'participant', quick)
    expect(code).toBe(1)
    expect(err).toMatch(
      /error PATH_TAKEN: sub-01\/perf\/sub-01_asl\.nii\S* would write sub-01\/perf\/\S+, as sub-01\/perf\/sub-01_asl\.nii\S* does; /,
    )
    expect(err).not.toMatch(/^ +at |defect/m)
  })
})

describe('masks, tissue maps and atlases', () => {
  const derivative = writeDataset(join(root, 'derivative'), [], {
    'dataset_description.json': toJson({
      Name: 'segmented',
      BIDSVersion: '1.10.1',
      DatasetType: 'derivative',
      GeneratedBy: [{ Name: 'seg' }],
    }),
    'sub-001/anat/sub-001_desc-brain_mask.nii.gz': imageOf(brain),
    'sub-001/anat/sub-001_label-GM_probseg.nii.gz': imageOf((voxel, shape) => fractionOf('GM', voxel, shape)),
    'sub-001/anat/sub-001_label-WM_probseg.nii.gz': imageOf((voxel, shape) => fractionOf('WM', voxel, shape)),
  })
  const { shape } = gridOf()
  const count = (value: (voxel: number) => number) =>
    Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, voxel) => value(voxel)).filter(Boolean).length
  const inside = count(voxel => brain(voxel, shape))
  const left = (voxel: number) => (voxel % shape[0]) * 2 < shape[0]
  const atlas = join(root, 'halves_dseg.nii.gz')
  writeFileSync(
    atlas,
    imageOf(voxel => (left(voxel) ? 1 : 7)),
  )
  writeFileSync(join(root, 'halves_dseg.tsv'), 'index\tname\n0\tBackground\n1\tLeft-half\n7\tRight-half\n9\tNowhere\n')
  const out = join(root, 'out')
  const ran = perfquant(
    input,
    out,
    'participant',
    quick,
    '-d',
    `seg=${derivative}`,
    '--atlas',
    `halves=${atlas}`,
    '--participant-label',
    '001',
    '003',
  )
  const regions = (run: string) => readTsv(out, `sub-${run.slice(0, 3)}/perf/sub-${run}_desc-regions_asl.tsv`)

  it('are named by their source in the record', () => {
    expect(ran.last, ran.err).toBe('perfquant finished: 3 of 3 runs (exit 0)')
    const { roles } = readJson<RunRecord>(out, 'sub-001/perf/sub-001_run-1_desc-provenance_asl.json')
    expect(roles).toEqual({
      m0: ['bids:raw:sub-001/perf/sub-001_run-1_m0scan.nii.gz'],
      gm: ['bids:seg:sub-001/anat/sub-001_label-GM_probseg.nii.gz'],
      wm: ['bids:seg:sub-001/anat/sub-001_label-WM_probseg.nii.gz'],
      mask: ['bids:seg:sub-001/anat/sub-001_desc-brain_mask.nii.gz'],
      dseg: [`file://${atlas}`],
    })
  })

  it('give the regions, each with its voxels', () => {
    const rows = regions('001_run-1').filter(
      row => row['param'] === 'cbf' && row['desc'] === 'n/a' && row['atlas'] !== 'hemisphere',
    )
    expect(rows.map(row => [row['atlas'], row['region'], Number(row['n_voxels'])])).toEqual([
      ['mask', 'brain', inside],
      ['tissue', 'GM', count(voxel => fractionOf('GM', voxel, shape))],
      ['tissue', 'WM', count(voxel => fractionOf('WM', voxel, shape))],
      ['halves', 'Left-half', count(voxel => (left(voxel) ? brain(voxel, shape) : 0))],
      ['halves', 'Right-half', count(voxel => (left(voxel) ? 0 : brain(voxel, shape)))],
      ['halves', 'Nowhere', 0],
    ])
    const [gm, wm] = [rows[1], rows[2]]
    expect(Number(gm?.['median'])).toBeGreaterThan(50)
    expect(Number(wm?.['median'])).toBeLessThan(40)
    expect(rows[5]).toMatchObject({ n_valid: '0', mean: 'n/a', median: 'n/a' })
    expect(regions('003').map(row => row['atlas'])).not.toContain('tissue')
  })

  it('--mask wins over all others, on any grid', () => {
    const mask = join(root, 'mask.nii.gz')
    writeFileSync(
      mask,
      imageOf((voxel, fine) => ((voxel % fine[0]) * 2 < fine[0] ? brain(voxel, fine) : 0), 2),
    )
    const masked = join(root, 'masked')
    expect(
      perfquant(input, masked, 'participant', quick, '-d', derivative, '--mask', mask, '--participant-label', '003')
        .code,
    ).toBe(0)
    const record = readJson<RunRecord>(masked, 'sub-003/perf/sub-003_desc-provenance_asl.json')
    expect(record.roles['mask']).toEqual([`file://${mask}`])
    expect(record.problems.map(({ code }) => code)).toContain('GRID_DIFFERS')
    const [row] = readTsv(masked, 'sub-003/perf/sub-003_desc-regions_asl.tsv')
    expect(Math.abs(Number(row?.['n_voxels']) - inside / 2)).toBeLessThan(0.1 * inside)
  })

  it('refuse the run where a mask that was asked for cannot be used', () => {
    const empty = join(root, 'empty.nii.gz')
    writeFileSync(
      empty,
      imageOf(() => 0),
    )
    const cut = join(root, 'cut.nii.gz')
    const whole = imageOf(brain)
    writeFileSync(cut, whole.subarray(0, whole.length - 60))
    const refused = (mask: string) =>
      perfquant(input, join(root, 'unmasked'), 'participant', quick, '--mask', mask, '--participant-label', '003')
    expect(refused(empty)).toMatchObject({
      code: 65,
      err: expect.stringMatching(/error MASK_EMPTY: \S*empty\.nii\.gz: the mask holds no voxel/),
    })
    expect(refused(cut)).toMatchObject({
      code: 65,
      err: expect.stringMatching(/error NIFTI_CORRUPT: \S*cut\.nii\.gz: /),
    })
  })
})

describe('the group', () => {
  const out = join(root, 'group')
  const together = perfquant(
    input,
    out,
    'participant',
    'group',
    quick,
    '--atlas',
    `halves=${join(root, 'halves_dseg.nii.gz')}`,
  )
  const KEY = ['bids_name', 'modality', 'model', 'param', 'desc', 'atlas', 'region', 'source']

  it('is made from the derivatives alone, with an input folder that is empty', () => {
    expect(together.last, together.err).toBe('perfquant finished: 5 of 5 runs (exit 0)')
    const tables = () =>
      Object.fromEntries(
        listFiles(out)
          .filter(path => path.startsWith('group'))
          .map(path => [path, path.endsWith('.tsv') ? readTsv(out, path) : '']),
      )
    const before = tables()
    expect(Object.keys(before)).toEqual([
      'group.html',
      ...['asl', 'protocol'].flatMap(name => [`group_${name}.json`, `group_${name}.tsv`]),
      ...['json', 'parquet', 'tsv'].map(extension => `group_regions.${extension}`),
      ...['json', 'tsv'].map(extension => `group_repeatability.${extension}`),
    ])
    const empty = join(root, 'empty')
    mkdirSync(empty)
    expect(perfquant(empty, out, 'group').last).toBe(
      `perfquant finished: group tables of 5 runs in ${out}/group.html (exit 0)`,
    )
    expect(tables()).toEqual(before)
    expect(listFiles(empty)).toEqual([])
  })

  it('has regions that are unique by their key, in the columns of the contract', () => {
    const rows = readTsv(out, 'group_regions.tsv')
    expect(Object.keys(rows[0] ?? {}).join(' ')).toBe(
      'bids_name participant_id session_id acq run modality model param desc estimator units atlas region source n_voxels n_valid n_at_bound n_reliable mean sd median p5 p25 p75 p95 value se ci_low ci_high options_hash coverage',
    )
    const keys = rows.map(row => KEY.map(column => row[column]).join(' '))
    expect(new Set(keys).size).toBe(rows.length)
    expect(rows.filter(row => row['region'] === 'Left-half' && row['param'] === 'cbf')).toHaveLength(5)
  })

  it('has participants, sessions and runs as they are written', () => {
    const rows = readTsv(out, 'group_asl.tsv')
    expect(rows.map(row => [row['participant_id'], row['session_id'], row['run']])).toEqual([
      ['sub-001', 'n/a', '1'],
      ['sub-001', 'n/a', '2'],
      ['sub-002', 'ses-a', 'n/a'],
      ['sub-002', 'ses-b', 'n/a'],
      ['sub-003', 'n/a', 'n/a'],
    ])
    for (const table of ['group_regions.tsv', 'group_protocol.tsv'])
      expect(new Set(readTsv(out, table).map(row => row['participant_id']))).toEqual(
        new Set(['sub-001', 'sub-002', 'sub-003']),
      )
  })
})
