// Index of a dataset of 20,000 files against `find` over the same folders, in the same run. Target: at most 5 times.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { indexDataset } from '../src/bids/dataset.ts'

const TARGET = 5
const REPEATS = 7
const FOLDERS = { anat: ['T1w', 'T2w'], dwi: ['dwi', 'sbref'], fmap: ['epi', 'TB1map'], perf: ['asl', 'm0scan'] }

/** 100 participants × 2 sessions × 4 folders × 25 files, and what lies at the root. */
function generate(root: string): number {
  const subjects = Array.from({ length: 100 }, (_, at) => String(at + 1).padStart(3, '0'))
  writeFileSync(join(root, 'dataset_description.json'), '{"Name": "benchmark", "BIDSVersion": "1.10.1"}')
  writeFileSync(join(root, 'participants.tsv'), `participant_id\n${subjects.map(sub => `sub-${sub}\n`).join('')}`)
  writeFileSync(join(root, '.bidsignore'), '**/perf/*dsc*\n')
  let files = 3
  for (const sub of subjects)
    for (const ses of ['baseline', 'followup'])
      for (const [folder, suffixes] of Object.entries(FOLDERS)) {
        const place = join(root, `sub-${sub}`, `ses-${ses}`, folder)
        mkdirSync(place, { recursive: true })
        for (let at = 0; at < 25; at++, files++) {
          const stem = `sub-${sub}_ses-${ses}_acq-highres_run-${(at >> 2) + 1}_${suffixes[(at >> 1) % 2]}`
          writeFileSync(join(place, stem + (at % 2 ? '.json' : '.nii.gz')), '')
        }
      }
  return files
}

/** Wall time of a piece of work [ms]. */
function time(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!

const root = mkdtempSync(join(tmpdir(), 'perfquant-bench-index-'))
try {
  const files = generate(root)
  let indexed = 0
  const index = () => {
    const result = indexDataset(root)
    indexed = result.ok ? result.dataset.files.length + result.dataset.rootFiles.length : 0
  }
  const find = () => spawnSync('find', [root, '-type', 'f'], { stdio: 'ignore' })
  find()
  // The first index of a process also pays for compiling it. The rounds alternate, so that what else the machine does
  // falls on both alike.
  const first = time(index)
  const rounds = Array.from({ length: REPEATS }, () => ({ find: time(find), index: time(index) }))
  const reference = median(rounds.map(round => round.find))
  const warm = median(rounds.map(round => round.index))
  const ratio = warm / reference
  console.log(
    `index  ${indexed} of ${files} files  first ${first.toFixed(0)} ms, then ${warm.toFixed(0)} ms  ` +
      `find ${reference.toFixed(0)} ms  ratio ${ratio.toFixed(2)} (target at most ${TARGET}) ${ratio <= TARGET ? 'ok' : 'TOO SLOW'}`,
  )
  if (indexed !== files || ratio > TARGET) process.exitCode = 1
} finally {
  rmSync(root, { recursive: true, force: true })
}
