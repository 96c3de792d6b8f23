import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeDataset } from './dataset.ts'
import { fingerprints, listFiles, newFolder, perfquant, readJson } from './harness.ts'
import { halfFiles, start } from './started.ts'

/** Several runs, and several calls, at once: the same files, whatever the order in which things happen. */

const root = newFolder('parallel')
const input = writeDataset(join(root, 'data'), [
  { sub: '01', ses: '1' },
  { sub: '01', ses: '2', m0: 'Included' },
  { sub: '02', ses: '1', m0: 'Absent' },
  { sub: '02', ses: '2', size: 2 },
])

const alone = join(root, 'alone')
const one = perfquant(input, alone, 'participant', 'group', '--nprocs', '1')
const files = fingerprints(alone)

describe('runs at once', () => {
  it('give the same bytes as one after the other', () => {
    expect(one.last).toBe('perfquant finished: 4 of 4 runs (exit 0)')
    const out = join(root, 'two')
    expect(perfquant(input, out, 'participant', 'group', '--nprocs', '2').last).toBe(one.last)
    expect(Object.keys(files).length).toBeGreaterThan(80)
    expect(fingerprints(out)).toEqual(files)
  })

  it('share the memory: where it is for one, one after the other', () => {
    const out = join(root, 'little')
    const ran = perfquant(
      input,
      out,
      'participant',
      '--nprocs',
      '4',
      '--mem',
      '500',
      '-v',
      '--skip-bids-validation',
      '--participant-label',
      '01',
    )
    expect(ran.code, ran.err).toBe(0)
    expect(ran.err).toMatch(/^2 runs, 4 at once, 0\.5 GB;/)
  })

  it('may be more than listeners are usually expected to be, in a participant with more sessions than one page shows', () => {
    const many = writeDataset(
      join(root, 'many'),
      Array.from({ length: 12 }, (_, at) => ({ sub: '01', ses: String(at + 1).padStart(2, '0') })),
    )
    const out = join(root, 'many-out')
    const ran = perfquant(many, out, 'participant', '--nprocs', '12', '--skip-bids-validation')
    expect(ran.last).toBe('perfquant finished: 12 of 12 runs (exit 0)')
    expect(ran.err).not.toMatch(/Warning/)
    const pages = listFiles(out).filter(path => path.endsWith('.html'))
    expect(pages).toEqual([
      'sub-01.html',
      ...Array.from({ length: 12 }, (_, at) => `sub-01_ses-${String(at + 1).padStart(2, '0')}.html`),
    ])
  })
})

describe('calls at once on one output folder', () => {
  it('with different participants both succeed, and a group call gathers both', async () => {
    const out = join(root, 'shared')
    const calls = ['01', '02'].map(label =>
      start([input, out, 'participant', '--participant-label', label, '--nprocs', '1', '--skip-bids-validation']),
    )
    for (const call of calls) expect((await call.ended).last).toBe('perfquant finished: 2 of 2 runs (exit 0)')
    expect(readJson(out, 'dataset_description.json')).toEqual(readJson(alone, 'dataset_description.json'))
    expect(perfquant(input, out, 'group').last).toMatch(
      /^perfquant finished: group tables of 4 runs in .*\/group\.html \(exit 0\)$/,
    )
    expect(fingerprints(out)).toEqual(files)
  })

  it('with different sessions of one participant make one report, whoever is last', async () => {
    const out = join(root, 'sessions')
    const words = [input, out, 'participant', '--participant-label', '01', '--skip-bids-validation']
    const calls = ['1', '2'].map(label => start([...words, '--session-label', label]))
    for (const call of calls) expect((await call.ended).last).toBe('perfquant finished: 1 of 1 runs (exit 0)')
    const page = readFileSync(join(out, 'sub-01.html'), 'utf8')
    for (const session of ['ses-1', 'ses-2'])
      expect(page.includes(`sub-01_<wbr>${session}_<wbr>mod-asl_<wbr>cbf.svg`), session).toBe(true)
    expect(perfquant(...words).last).toBe('perfquant finished: 2 of 2 runs (exit 0)')
    expect(readFileSync(join(out, 'sub-01.html'), 'utf8') === page).toBe(true)
  })

  it('with the same participant one may be sent away with 75, and nothing is broken', async () => {
    const out = join(root, 'contested')
    const words = [input, out, 'participant', '--participant-label', '01', '--skip-bids-validation']
    const ends = await Promise.all([start(words), start(words), start(words)].map(call => call.ended))
    for (const { code, last, err } of ends) {
      expect([0, 75]).toContain(code)
      expect(last).toMatch(
        code === 0
          ? /^perfquant finished: 2 of 2 runs \(exit 0\)$/
          : /^perfquant failed: [12] of 2 runs failed \(exit 75\); see /,
      )
      expect(err).not.toMatch(/^ +at |defect/m)
    }
    expect(halfFiles(out)).toEqual([])
    expect(perfquant(...words).last).toBe('perfquant finished: 2 of 2 runs (exit 0)')
    const own = Object.entries(files).filter(([path]) => path.startsWith('sub-01/'))
    expect(fingerprints(out)).toMatchObject(Object.fromEntries(own))
  })
})
