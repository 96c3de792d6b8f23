import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeDataset } from './dataset.ts'
import { listFiles, newFolder, perfquant } from './harness.ts'
import { snapshot } from './started.ts'

/** Where things are read from and written to. */

const root = newFolder('places')
const quick = ['participant', '--skip-bids-validation']

function chmodAll(folder: string, mode: (old: number) => number): void {
  for (const name of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(name.parentPath, name.name)
    chmodSync(path, mode(statSync(path).mode))
  }
  chmodSync(folder, mode(statSync(folder).mode))
}

describe('the input', () => {
  const input = writeDataset(join(root, 'closed'), [{ sub: '01' }, { sub: '02', sidecar: { PostLabelingDelay: 1800 } }])
  chmodAll(input, old => old & ~0o222)
  afterAll(() => chmodAll(input, old => old | 0o200))

  it('is not written to, be it read-only or not', () => {
    const before = snapshot(input)
    expect(perfquant(input, join(root, 'from-closed'), 'participant', 'group').last).toMatch(
      /^perfquant failed: 1 of 2 runs failed \(exit 1\); see /,
    )
    expect(snapshot(input)).toEqual(before)
  })
})

describe('the output', () => {
  it('may lie in the derivatives of the input, which are not read as input', () => {
    const input = writeDataset(join(root, 'with derivatives'), [{ sub: '01' }])
    const before = snapshot(input)
    const out = join(input, 'derivatives/perfquant')
    for (const _ of ['first', 'second'])
      expect(perfquant(input, out, 'participant', 'group').last).toBe('perfquant finished: 1 of 1 runs (exit 0)')
    const after = Object.entries(snapshot(input)).filter(([path]) => !path.startsWith('derivatives/'))
    expect(Object.fromEntries(after)).toEqual(before)
  })

  it('is not the input, also by another name, nor inside the data of a participant', () => {
    const input = writeDataset(join(root, 'data'), [{ sub: '01' }])
    symlinkSync(input, join(root, 'link'))
    const before = snapshot(input)
    for (const out of [
      input,
      join(root, 'link'),
      `${input}/`,
      join(input, 'sub-01'),
      join(root, 'link/sub-01/perf/out'),
    ]) {
      const { code, last } = perfquant(input, out, ...quick)
      expect([code, last]).toEqual([
        64,
        expect.stringMatching(
          /^perfquant failed: the output folder .*; use for example .*\/derivatives\/perfquant \(exit 64\)$/,
        ),
      ])
    }
    expect(snapshot(input)).toEqual(before)
  })

  it('may be there already with files of others, which are left alone', () => {
    const input = writeDataset(join(root, 'data2'), [{ sub: '01' }])
    const out = join(root, 'used')
    mkdirSync(join(out, 'sub-01/perf'), { recursive: true })
    const theirs = writeDataset(out, [{ sub: '01', also: 'acq-other' }])
    const before = snapshot(theirs)
    expect(perfquant(input, out, ...quick).code).toBe(0)
    const after = snapshot(theirs)
    for (const path of Object.keys(before).filter(name => name.includes('acq-other')))
      expect(after[path]).toBe(before[path])
  })

  it('is the only place that is written to', () => {
    const input = join(root, 'data')
    const work = join(root, 'work')
    mkdirSync(work)
    const elsewhere = Object.keys(snapshot(root)).filter(path => !path.startsWith('only/'))
    expect(perfquant(input, join(root, 'only'), ...quick, '-w', work).code).toBe(0)
    expect(Object.keys(snapshot(root)).filter(path => !path.startsWith('only/'))).toEqual(elsewhere)
    expect(listFiles(work)).toEqual([])
  })
})
