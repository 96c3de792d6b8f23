import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fractionOf, imageOf, toJson, writeDataset } from './dataset.ts'
import { listFiles, newFolder, perfquant, readJson } from './harness.ts'
import { snapshot } from './started.ts'

/** The plan: what it says, whole, and that making it touches nothing. */

const root = newFolder('plan')
const input = writeDataset(join(root, 'data'), [
  { sub: '001', ses: '1', also: 'run-1' },
  { sub: '001', ses: '1', also: 'run-2', m0: 'Included' },
  {
    sub: '001',
    ses: '2',
    m0: 'Absent',
    sidecar: { BackgroundSuppression: true, BackgroundSuppressionNumberPulses: 2 },
  },
  { sub: '002', ses: '1', sidecar: { PostLabelingDelay: 1800 } },
  { sub: '002', ses: '2', bytes: () => '../../../.git/annex/objects/Xx/Yy/MD5E-s1--0.nii.gz/MD5E-s1--0.nii.gz' },
])
const tissue = writeDataset(join(root, 'tissue'), [], {
  'dataset_description.json': toJson({
    Name: 'tissue',
    BIDSVersion: '1.10.1',
    DatasetType: 'derivative',
    GeneratedBy: [{ Name: 'segmenter' }],
  }),
  'sub-001/ses-1/anat/sub-001_ses-1_label-GM_probseg.nii.gz': imageOf((voxel, shape) => fractionOf('GM', voxel, shape)),
  'sub-001/ses-1/anat/sub-001_ses-1_desc-brain_mask.nii.gz': imageOf(
    (voxel, shape) => fractionOf('GM', voxel, shape) + fractionOf('WM', voxel, shape),
  ),
})
const out = join(root, 'out')
const plan = (...words: readonly string[]) => perfquant(input, out, 'participant', '-d', tissue, ...words)
const before = snapshot(root)

describe('--dry-run', () => {
  it('is the plan as it must be, as JSON', async () => {
    const { code, out: text, last } = plan('--dry-run', '--json')
    expect(last).toBe('perfquant failed: 3 of 5 runs failed (exit 1)')
    expect(code).toBe(1)
    expect(text).not.toContain(root)
    await expect(text).toMatchFileSnapshot('../expected/plan.json')
  })

  it('is the plan for a reader', async () => {
    const { code, out: text } = plan('--dry-run')
    expect(code).toBe(1)
    await expect(text).toMatchFileSnapshot('../expected/plan.txt')
  })

  it('promises what the run then writes, file by file', () => {
    const { tasks } = JSON.parse(plan('--dry-run', '--json').out) as {
      tasks: { id: string; status: string; outputs: string[] }[]
    }
    const made = join(root, 'made')
    perfquant(input, made, 'participant', '-d', tissue, '--skip-bids-validation')
    const written = listFiles(made).filter(path => /^sub-.*\/perf\/|\/anat\//.test(path))
    expect(tasks.flatMap(({ outputs }) => outputs).sort()).toEqual(written)
    for (const { outputs } of tasks) {
      const record = outputs.at(-1) ?? ''
      expect(record).toMatch(/_desc-provenance_asl\.json$/)
      const { outputs: recorded, status } = readJson<{ outputs: string[]; status: string }>(made, record)
      expect([...recorded].sort()).toEqual(status === 'refused' ? [] : outputs.filter(path => path !== record).sort())
    }
  })

  it('follows the selection', () => {
    const ids = (...words: readonly string[]) =>
      (JSON.parse(plan('--dry-run', '--json', ...words).out) as { tasks: { id: string }[] }).tasks.map(({ id }) => id)
    expect(ids('--participant-label', 'sub-002')).toEqual(['asl/sub-002_ses-1', 'asl/sub-002_ses-2'])
    expect(ids('--participant_label', '001', '--session-id', 'ses-2')).toEqual(['asl/sub-001_ses-2'])
  })
})

describe('--list-participants', () => {
  it('gives the labels, one a line', () => {
    const listed = plan('--list-participants')
    expect(listed.out).toBe('001\n002\n')
    expect(listed.last).toBe('perfquant finished: 2 participants (exit 0)')
  })
})

describe('all of that', () => {
  it('touches nothing, reads as it may', () => {
    const { [`made/`]: _, ...after } = Object.fromEntries(
      Object.entries(snapshot(root)).filter(([path]) => !path.startsWith('made/') || path === 'made/'),
    )
    expect(after).toEqual(before)
    expect(existsSync(out)).toBe(false)
  })

  it('is no error for a reader that does not read on', () => {
    const script = '{ node dist/main.js "$@"; echo "code $?" >&2; } | true'
    const { stderr } = spawnSync('sh', ['-c', script, 'sh', input, out, 'participant', '--dry-run', '--json'], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('perfquant failed: 3 of 5 runs failed (exit 1)\ncode 1\n')
  })
})

describe('the command', () => {
  it('loads for its help neither logging, nor images, nor the modalities', () => {
    const seen = new Set<string>()
    const follow = (file: string): string => {
      if (seen.has(file)) return ''
      seen.add(file)
      const text = readFileSync(file, 'utf8')
      const imported = [...text.matchAll(/(?:^|[;\n])\s*import\s*(?:[\w*{][^'"]*from\s*)?["'](\.[^'"]+)["']/g)].map(
        match => join(file, '..', match[1] ?? ''),
      )
      return text + imported.map(follow).join('')
    }
    const loaded = follow('dist/main.js')
    for (const heavy of [
      'node_modules/pino/',
      'node_modules/fast-png/',
      'node_modules/ignore/',
      'src/run/execute.ts',
      'src/report/participant.ts',
    ])
      expect(loaded).not.toContain(heavy)
  })
})
