import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeDataset } from './dataset.ts'
import { fingerprints, listFiles, newFolder, perfquant } from './harness.ts'
import { halfFiles, start } from './started.ts'

/** Many calls that share an output folder, one a participant, as an array of a batch system makes them. CROWD says how many. */

const CROWD = Number(process.env['CROWD'] ?? 12)
/** As many as start at one moment: more do not meet more often, they only wait for a processor. */
const AT_ONCE = Math.min(CROWD, 25)

describe('a crowd of calls', () => {
  it(
    `of ${CROWD} on one output folder gives what one call gives, and every shared file whole at any moment`,
    async () => {
      const root = newFolder('crowd')
      const labels = Array.from({ length: CROWD }, (_, at) => String(at + 1).padStart(3, '0'))
      const input = writeDataset(
        join(root, 'data'),
        labels.map(sub => ({ sub })),
      )
      const out = join(root, 'out')
      const shared = ['dataset_description.json', '.bidsignore', 'README.md', 'descriptions.tsv', 'logs/CITATION.md']
      let broken = 0
      const watch = setInterval(() => {
        for (const name of shared) if (textOf(join(out, name)) === '') broken++
      }, 5)
      const waiting = [...labels]
      const ends: string[] = []
      const work = async () => {
        for (let label = waiting.shift(); label !== undefined; label = waiting.shift()) {
          const call = start([
            input,
            out,
            'participant',
            '--participant-label',
            label,
            '--nprocs',
            '1',
            '--skip-bids-validation',
          ])
          const { last, err } = await call.ended
          ends.push(last === 'perfquant finished: 1 of 1 runs (exit 0)' ? 'done' : err)
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      clearInterval(watch)
      expect(ends).toEqual(labels.map(() => 'done'))
      expect(broken).toBe(0)
      expect(halfFiles(out)).toEqual([])
      expect(perfquant(input, out, 'group').code).toBe(0)

      const alone = join(root, 'alone')
      expect(perfquant(input, alone, 'participant', 'group', '--skip-bids-validation').code).toBe(0)
      expect(fingerprints(out)).toEqual(fingerprints(alone))
      for (const name of shared) expect(textOf(join(out, name)), name).toBe(textOf(join(alone, name)))
      expect(listFiles(join(out, '.perfquant'))).toEqual([])
    },
    60_000 + 10_000 * CROWD,
  )
})

/** The text of a file; null where there is none yet. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
