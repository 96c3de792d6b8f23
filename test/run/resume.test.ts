import { cpSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toJson, writeDataset } from './dataset.ts'
import { fingerprints, listFiles, newFolder, perfquant, type Ran, readJson } from './harness.ts'

/** What a second call does: what is missing or changed, and nothing else. */

const root = newFolder('resume')
const input = writeDataset(join(root, 'data'), [{ sub: '01' }, { sub: '02' }])
const out = join(root, 'out')

/** How each run ended, in the order of their names. */
function ends({ err }: Ran): string[] {
  return err
    .split('\n')
    .flatMap(line => /^\[\d+\/\d+\] (\w+ .*) \(/.exec(line)?.[1] ?? [])
    .sort()
}

function call(...words: readonly string[]): string[] {
  const ran = perfquant(input, out, 'participant', '--skip-bids-validation', ...words)
  expect(ran.last).toBe('perfquant finished: 2 of 2 runs (exit 0)')
  return ends(ran)
}

const NONE = ['already sub-01 asl', 'already sub-02 asl']
const ALL = ['complete sub-01 asl', 'complete sub-02 asl']
const FIRST = ['already sub-02 asl', 'complete sub-01 asl']

/** Names, sizes and times of all that is no log. */
function times(): Record<string, string> {
  const lasting = listFiles(out).filter(path => !path.startsWith('logs/'))
  return Object.fromEntries(
    lasting.map(path => {
      const { mtimeNs, ino, size } = statSync(join(out, path), { bigint: true })
      return [path, `${mtimeNs} ${ino} ${size}`]
    }),
  )
}

/** What the second of two calls has touched. */
function touched(before: Record<string, string>): string[] {
  const after = times()
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter(path => before[path] !== after[path])
    .sort()
}

function edit(path: string, change: (values: Record<string, unknown>) => Record<string, unknown>): void {
  const file = join(input, path)
  writeFileSync(file, toJson(change(readJson(file))))
}

describe('a second call', () => {
  it('does everything the first time and nothing the second', () => {
    expect(call()).toEqual(ALL)
    const before = times()
    expect(call()).toEqual(NONE)
    expect(touched(before)).toEqual([])
  })

  it('is not moved by options that change no result, nor by a file that was only touched', () => {
    const before = times()
    for (const file of listFiles(input)) utimesSync(join(input, file), new Date(1e12), new Date(1e12))
    expect(call('--nprocs', '1', '-vv', '--mem', '4G', '--notrack')).toEqual(NONE)
    expect(touched(before)).toEqual([])
  })

  it('repeats the run of which an image changed', () => {
    const [from, to] = ['sub-02/perf/sub-02_m0scan.nii.gz', 'sub-01/perf/sub-01_m0scan.nii.gz']
    writeFileSync(join(input, to), readFileSync(join(input, from)))
    const before = times()
    expect(call()).toEqual(FIRST)
    expect(touched(before).filter(path => path.includes('sub-02'))).toEqual([])
    expect(touched(before)).toContain('sub-01/perf/sub-01_cbf.nii.gz')
  })

  it.each([
    [
      'a field of a sidecar',
      () => edit('sub-01/perf/sub-01_asl.json', values => ({ ...values, PostLabelingDelay: 2 })),
    ],
    [
      'a field of the M0',
      () => edit('sub-01/perf/sub-01_m0scan.json', values => ({ ...values, RepetitionTimePreparation: 8 })),
    ],
    [
      'the table of volume types',
      () =>
        writeFileSync(
          join(input, 'sub-01/perf/sub-01_aslcontext.tsv'),
          'volume_type\ncontrol\nlabel\ncontrol\nlabel\nn/a\nn/a\n',
        ),
    ],
    [
      'the row of the participant',
      () => writeFileSync(join(input, 'participants.tsv'), 'participant_id\tage\nsub-01\t71\nsub-02\t31\n'),
    ],
    [
      'a sidecar that is inherited',
      () => writeFileSync(join(input, 'sub-01/sub-01_asl.json'), '{"ReadoutDuration": 0.2}'),
    ],
  ])('repeats the run of which %s changed', (_, change) => {
    change()
    expect(call()).toEqual(FIRST)
  })

  it('repeats all where an option that matters has changed, there and back', () => {
    expect(call()).toEqual(NONE)
    for (const option of [['--asl-lambda', '0.95'], ['--fill', '0'], ['--random-seed', '2'], []])
      expect(call(...option), option.join(' ')).toEqual(ALL)
  })

  it('repeats a run of which an output is gone, and the report alone where that is gone', () => {
    const whole = fingerprints(out)
    rmSync(join(out, 'sub-01/perf/sub-01_desc-qc_asl.json'))
    expect(call()).toEqual(FIRST)
    expect(fingerprints(out)).toEqual(whole)
    rmSync(join(out, 'sub-01.html'))
    const before = times()
    expect(call()).toEqual(NONE)
    expect(touched(before)).toEqual(['sub-01.html'])
  })

  it('repeats a run whose record cannot be read', () => {
    for (const content of ['{"status": "comp', '{"status": "complete"}']) {
      writeFileSync(join(out, 'sub-01/perf/sub-01_desc-provenance_asl.json'), content)
      expect(call(), content).toEqual(FIRST)
    }
  })

  it('makes a report anew that is older than its runs, as a kill between the two leaves it', () => {
    const page = join(out, 'sub-01.html')
    const old = readFileSync(page)
    expect(call('--asl-lambda', '0.8')).toEqual(ALL)
    const made = readFileSync(page)
    expect(made.equals(old)).toBe(false)
    writeFileSync(page, old)
    utimesSync(page, new Date(1e12), new Date(1e12))
    expect(call('--asl-lambda', '0.8')).toEqual(NONE)
    expect(readFileSync(page).equals(made)).toBe(true)
    const before = times()
    expect(call('--asl-lambda', '0.8')).toEqual(NONE)
    expect(touched(before)).toEqual([])
    expect(call()).toEqual(ALL)
  })

  it('repeats all when asked to', () => {
    const whole = fingerprints(out)
    expect(call('--force-rerun')).toEqual(ALL)
    expect(fingerprints(out)).toEqual(whole)
  })

  it('removes what the new run no longer writes', () => {
    const before = Object.keys(times())
    expect(call('--asl-timeseries')).toEqual(ALL)
    const series = ['01', '02'].flatMap(sub =>
      ['json', 'nii.gz'].map(extension => `sub-${sub}/perf/sub-${sub}_desc-timeseries_cbf.${extension}`),
    )
    expect(Object.keys(times()).filter(path => !before.includes(path))).toEqual(series)
    expect(call()).toEqual(ALL)
    expect(Object.keys(times())).toEqual(before)
  })

  it('keeps a result whose input is gone, and says what happened', () => {
    const before = fingerprints(out)
    edit('sub-01/perf/sub-01_asl.json', values => ({ ...values, PostLabelingDelay: 2000 }))
    const ran = perfquant(input, out, 'participant', '--skip-bids-validation')
    expect(ran.code).toBe(1)
    expect(ends(ran)).toEqual(['already sub-02 asl', 'refused sub-01 asl'])
    expect(fingerprints(out)).toEqual(before)
    expect(readFileSync(join(out, 'sub-01.html'), 'utf8').includes('2000 s, which looks like milliseconds')).toBe(true)
    edit('sub-01/perf/sub-01_asl.json', values => ({ ...values, PostLabelingDelay: 2 }))
    expect(call()).toEqual(NONE)
  })

  it('says the same of a role that falls away, once it is done without', () => {
    const tissue = join(root, 'tissue')
    const image = readFileSync(join(input, 'sub-01/perf/sub-01_asl.nii.gz'))
    const cut = image.subarray(0, image.length / 2)
    writeDataset(tissue, [], { 'sub-01/anat/sub-01_label-GM_probseg.nii.gz': cut })
    expect(call('-d', `tissue=${tissue}`)).toEqual(FIRST)
    expect(call('-d', `tissue=${tissue}`)).toEqual(NONE)
  })
})

describe('--reports-only', () => {
  it('rebuilds the reports from the derivatives and touches nothing else', () => {
    const page = readFileSync(join(out, 'sub-02.html'), 'utf8')
    rmSync(join(out, 'sub-01.html'))
    writeFileSync(join(out, 'sub-02.html'), 'spoilt')
    const before = times()
    const ran = perfquant(input, out, 'participant', '--reports-only')
    expect(ran.last).toBe('perfquant finished: 2 reports (exit 0)')
    expect(touched(before)).toEqual(['sub-01.html', 'sub-02.html'])
    expect(readFileSync(join(out, 'sub-02.html'), 'utf8') === page).toBe(true)
  })

  it('gives the same bytes where the derivatives were moved and the input is gone', () => {
    const moved = join(newFolder('moved'), 'elsewhere')
    cpSync(out, moved, { recursive: true })
    rmSync(join(moved, 'sub-02.html'))
    const ran = perfquant(newFolder('empty'), moved, 'participant', '--reports-only')
    expect(ran.last).toBe('perfquant finished: 2 reports (exit 0)')
    for (const name of ['sub-01.html', 'sub-02.html'])
      expect(readFileSync(join(moved, name), 'utf8') === readFileSync(join(out, name), 'utf8'), name).toBe(true)
  })
})
