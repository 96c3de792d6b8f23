import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../src/numerics/random.ts'
import { writeDataset } from './dataset.ts'
import { fingerprints, listFiles, newFolder, perfquant, readJson } from './harness.ts'
import { halfFiles, type Started, start, until } from './started.ts'

/** Ends that nobody asked for, and those that somebody did: what is there stays whole, what is missing is made the next time. */

const root = newFolder('kill')
const input = writeDataset(
  join(root, 'data'),
  ['01', '02', '03', '04'].map(sub => ({ sub })),
)
const started: Started[] = []
const begin = (out: string, words: readonly string[], onText?: (text: string, pid: number) => void) => {
  const call = start([input, out, 'participant', ...words], onText)
  started.push(call)
  return call
}
// Whatever a test that fails leaves running.
afterAll(() => {
  for (const call of started) for (const pid of call.processes()) process.kill(pid, 'SIGKILL')
})

/** What undisturbed calls give, and how long the faster one takes, which the other tests of this machine disturb less. */
const two = ['--participant-label', '01', '02', '--skip-bids-validation']
const undisturbed = (() => {
  const took = ['once', 'twice'].map(name => {
    const began = Date.now()
    expect(perfquant(input, join(root, name), 'participant', 'group', ...two).last).toBe(
      'perfquant finished: 2 of 2 runs (exit 0)',
    )
    return Date.now() - began
  })
  return { took: Math.min(...took), files: fingerprints(join(root, 'once')) }
})()
const count = Object.keys(undisturbed.files).length

/** Number of files of results that are there at this moment. */
function written(out: string): number {
  try {
    return readdirSync(out, { recursive: true }).filter(path => /^sub-.*[/\\].*\.\w+$/.test(String(path))).length
  } catch {
    // Not yet there, or changed while we looked.
    return 0
  }
}

/** Whether nothing is left in the workshop of an output dataset: no lock, no staging. */
function isSwept(out: string): boolean {
  return ['lock', 'tmp'].every(folder => readdirSync(join(out, '.perfquant', folder)).length === 0)
}

describe('SIGKILL to the call', () => {
  const random = createRandom('kill')
  const moments = Array.from({ length: 12 }, (_, part) => (part + random.uniform()) / 12)
  const cases = moments.map((moment, at): [string, string, number] => [
    at % 4 < 2 ? 'alone' : 'with all its processes',
    at % 2 === 0 ? 'time' : 'files',
    Math.round(100 * moment),
  ])

  it.each(cases)(
    '%s, by %s after %i percent, leaves no half file and no process, and the next call completes',
    async (whom, by, percent) => {
      const out = join(root, `killed-${percent}`)
      const call = begin(out, ['group', ...two])
      let over = false
      const ended = call.ended.then(() => {
        over = true
      })
      if (by === 'time')
        await Promise.race([ended, new Promise(resolve => setTimeout(resolve, (percent / 100) * undisturbed.took))])
      else await until(() => over || written(out) >= (percent / 100) * count, 'its files')
      if (!over) process.kill(whom === 'alone' ? call.pid : -call.pid, 'SIGKILL')
      await ended
      const gone = Date.now()
      await until(() => call.processes().length === 0, 'the children to end')
      expect(Date.now() - gone).toBeLessThan(5000)
      if (existsSync(out)) expect(halfFiles(out)).toEqual([])
      const next = perfquant(input, out, 'participant', 'group', ...two)
      expect(next.last, next.err).toBe('perfquant finished: 2 of 2 runs (exit 0)')
      expect(fingerprints(out)).toEqual(undisturbed.files)
      expect(isSwept(out)).toBe(true)
    },
  )
})

describe('SIGKILL to the process of a run', () => {
  it('is one failed run that names the signal and memory; the others are complete', async () => {
    const out = join(root, 'child')
    const call = begin(out, ['--skip-bids-validation', '--nprocs', '1'])
    const victim = await until(() => call.processes().find(pid => pid !== call.pid), 'a child')
    process.kill(victim, 'SIGKILL')
    const ran = await call.ended
    expect(ran.last).toMatch(/^perfquant failed: 1 of 4 runs failed \(exit 1\); see logs\//)
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(
      /^ {2}error RUN_KILLED: The process of sub-01 asl was ended by SIGKILL\. The usual cause is memory: \d+\.\d GB was estimated, \d+\.\d GB allowed; lower --nprocs or ask for more\.$/m,
    )
    expect(listFiles(out).filter(path => path.endsWith('_desc-provenance_asl.json'))).toEqual(
      ['02', '03', '04'].map(sub => `sub-${sub}/perf/sub-${sub}_desc-provenance_asl.json`),
    )
    expect(halfFiles(out)).toEqual([])
    expect(perfquant(input, out, 'participant', '--skip-bids-validation').last).toBe(
      'perfquant finished: 4 of 4 runs (exit 0)',
    )
  })

  it('75 where every run ends so', async () => {
    const out = join(root, 'every-child')
    const call = begin(out, ['--skip-bids-validation', '--participant-label', '01'])
    process.kill(await until(() => call.processes().find(pid => pid !== call.pid), 'a child'), 'SIGKILL')
    expect((await call.ended).last).toMatch(/^perfquant failed: 1 of 1 runs failed \(exit 75\); see /)
  })
})

describe('a signal that asks to stop', () => {
  const out = join(root, 'asked')

  /** Start a call and signal it, or its whole process group, as soon as its first run is done. */
  async function stopped(signal: NodeJS.Signals, group: boolean) {
    let sent = false
    const call = begin(out, ['--nprocs', '1', '--skip-bids-validation', '--force-rerun'], (text, pid) => {
      if (sent || !text.includes('[1/4]')) return
      sent = true
      process.kill(group ? -pid : pid, signal)
    })
    const ran = await call.ended
    expect(call.processes()).toEqual([])
    return ran
  }

  it.each([
    ['SIGTERM', false],
    ['SIGINT', false],
    ['SIGUSR1', false],
    ['SIGTERM', true],
    ['SIGINT', true],
    ['SIGUSR1', true],
  ] satisfies [NodeJS.Signals, boolean][])(
    '%s (to the whole group: %s) ends with 75, whole files and nothing left over',
    async (signal, group) => {
      const ran = await stopped(signal, group)
      expect([ran.code, ran.signal]).toEqual([75, null])
      expect(ran.last).toMatch(
        /^perfquant failed: stopped with [1-3] of 4 runs done; the same call continues \(exit 75\)$/,
      )
      expect(ran.err).not.toMatch(/Debugger|^ +at /m)
      expect(halfFiles(out)).toEqual([])
      expect(isSwept(out)).toBe(true)
    },
  )

  it('is continued by the same call', () => {
    const next = perfquant(input, out, 'participant')
    expect(next.last).toBe('perfquant finished: 4 of 4 runs (exit 0)')
    expect(fingerprints(out)).toMatchObject(
      Object.fromEntries(Object.entries(undisturbed.files).filter(([path]) => path.startsWith('sub-'))),
    )
    for (const path of listFiles(out).filter(name => name.endsWith('_desc-provenance_asl.json')))
      expect(readJson(out, path)).toMatchObject({ status: 'complete' })
  })

  it('counts from the first moment: nothing is done for a call that was asked to stop before it began', async () => {
    const early = join(root, 'early')
    const call = begin(early, ['--skip-bids-validation'])
    // The handler is there as soon as the program is; before, the signal ends it as any process.
    await until(() => readdirSync(root).includes('early') && readdirSync(early).includes('logs'), 'the first folder')
    process.kill(call.pid, 'SIGTERM')
    const ran = await call.ended
    expect(ran.last).toMatch(
      /^perfquant failed: stopped with [0-3] of 4 runs done; the same call continues \(exit 75\)$/,
    )
    expect(halfFiles(early)).toEqual([])
  })
})
