import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OPTIONS, type OptionSpec } from '../../src/options.ts'
import { writeDataset } from '../run/dataset.ts'
import { fingerprints, listFiles, newFolder, perfquant, readJson } from '../run/harness.ts'

/** Files for the systems that run the program: they say what it understands, and are run where their system is here. */

const root = newFolder('ecosystem')
const input = writeDataset(join(root, 'data'), [
  { sub: '01', ses: 'a' },
  { sub: '02', ses: 'a' },
])
const out = join(root, 'out')
const undisturbed = perfquant(input, out, 'participant', 'group')
const results = fingerprints(out)

const { version }: { readonly version: string } = readJson('package.json')
const spellings = new Set(Object.entries<OptionSpec>(OPTIONS).flatMap(([name, { alias = [] }]) => [name, ...alias]))

describe('every file in containers/', () => {
  it('names options that there are', () => {
    const files = listFiles('containers').filter(name => !name.endsWith('descriptor.json'))
    // Options of the systems themselves.
    const others =
      /^(array|dependency|config|cores|containall|cleanenv|nodes|ntasks|cpus-per-task|mem|time|propagate|bids|out|with-apptainer|requeue|open-mode|signal|output|job-name|help|version|parsable)$/
    const seen = new Set<string>()
    for (const name of files)
      for (const [, option = ''] of readFileSync(join('containers', name), 'utf8').matchAll(
        /(?<![\w-])--([a-z][\w-]+)/g,
      )) {
        expect(spellings.has(option) || others.test(option), `${name}: --${option}`).toBe(true)
        seen.add(option)
      }
    for (const option of ['participant-label', 'list-participants', 'nprocs', 'mem-mb']) expect(seen).toContain(option)
  })

  it('is of this version', () => {
    expect(readJson('containers/nipoppy/config.json')).toMatchObject({ NAME: 'perfquant', VERSION: version })
    expect(readFileSync('containers/babs/perfquant.yaml', 'utf8')).toContain(
      `perfquant: "${version.replaceAll('.', '-')}"`,
    )
  })

  it.each(['participant', 'group'])('slurm/%s.sbatch is a script that the shell reads', name => {
    expect(spawnSync('bash', ['-n', `containers/slurm/${name}.sbatch`]).status).toBe(0)
  })
})

describe('a task of the Slurm array', () => {
  const home = newFolder('task')
  writeFileSync(join(home, 'perfquant'), `#!/bin/sh\nexec ${process.execPath} ${resolve('dist/main.js')} "$@"\n`)
  chmodSync(join(home, 'perfquant'), 0o755)
  writeFileSync(join(home, 'participants.txt'), perfquant(input, out, 'participant', '--list-participants').out)
  const task = (id: string, ...words: readonly string[]) =>
    spawnSync('bash', [resolve('containers/slurm/participant.sbatch'), input, join(home, 'out'), ...words], {
      cwd: home,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${home}:${process.env['PATH']}`, SLURM_ARRAY_TASK_ID: id, SLURM_JOB_ID: '1' },
    })

  it('does its participant alone, with the options that it is given', () => {
    const done = task('2', '--fill', '0')
    expect(done.status, done.stderr).toBe(0)
    expect(done.stdout).toMatch(/^sub-02: exit 0$/m)
    expect(existsSync(join(home, 'out/sub-02.html'))).toBe(true)
    expect(existsSync(join(home, 'out/sub-01.html'))).toBe(false)
    expect(readJson(join(home, 'out/sub-02/ses-a/perf/sub-02_ses-a_desc-provenance_asl.json'))).toMatchObject({
      options: { fill: '0' },
    })
  })

  it('says so where the list has no such participant', () => {
    const done = task('3')
    expect([done.status, done.stderr.trim()]).toEqual([64, 'no participant number 3 in participants.txt'])
  })
})

/** A glob of names and stars as a regular expression. */
function asExpression(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`)
}

describe('nipoppy', () => {
  const folder = 'containers/nipoppy'
  const fill = (text: string) =>
    text
      .replaceAll('[[NIPOPPY_DPATH_BIDS]]', '/bids')
      .replaceAll('[[NIPOPPY_DPATH_PIPELINE_OUTPUT]]', '/out')
      .replaceAll('[[NIPOPPY_BIDS_PARTICIPANT_ID]]', 'sub-01')
      .replaceAll('[[NIPOPPY_BIDS_SESSION_ID]]', 'ses-a')
      .replaceAll('[[NIPOPPY_PARTICIPANT_ID]]', '01')
      .replaceAll('[[NIPOPPY_SESSION_ID]]', 'a')

  it('finds every file of its step', () => {
    const { STEPS } = readJson<{ STEPS: Record<string, string>[] }>(folder, 'config.json')
    for (const file of Object.values(STEPS[0] ?? {})) expect(existsSync(join(folder, file)), file).toBe(true)
  })

  it('calls what there is', () => {
    const invocation: Record<string, unknown> = JSON.parse(fill(readFileSync(join(folder, 'invocation.json'), 'utf8')))
    const { inputs } = readJson<{ inputs: { id: string; optional?: boolean; 'command-line-flag'?: string }[] }>(
      folder,
      'descriptor.json',
    )
    expect(inputs.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.keys(invocation)))
    expect(Object.keys(invocation)).toEqual(
      expect.arrayContaining(inputs.filter(({ optional }) => !optional).map(({ id }) => id)),
    )
    const words = inputs.flatMap(({ id, 'command-line-flag': flag }) =>
      id in invocation ? [...(flag ? [flag] : []), ...[invocation[id]].flat().map(String)] : [],
    )
    expect(words.join(' ')).toBe('/bids /out participant --participant-label 01 --session-label a --nprocs 2 --mem 8G')
  })

  it('tracks what is there when a session is done', () => {
    const { PATHS } = JSON.parse(fill(readFileSync(join(folder, 'tracker.json'), 'utf8'))) as { PATHS: string[] }
    const files = listFiles(out)
    expect(undisturbed.code).toBe(0)
    for (const pattern of PATHS)
      expect(
        files.filter(path => asExpression(pattern).test(path)),
        pattern,
      ).toHaveLength(1)
  })
})

/** Put the content of every file aside as git-annex does, and a link in its place. */
function annex(dataset: string, keep: (path: string) => boolean): void {
  for (const path of listFiles(dataset)) {
    if (!/^sub-/.test(path)) continue
    const file = join(dataset, path)
    const key = `MD5E-s1--${createHash('md5').update(path).digest('hex')}${/\.[a-z.]+$/.exec(path)?.[0] ?? ''}`
    const object = join(dataset, '.git/annex/objects', key.slice(-4, -2), key.slice(8, 10), key, key)
    mkdirSync(dirname(object), { recursive: true })
    renameSync(file, object)
    symlinkSync(relative(dirname(file), object), file)
    chmodSync(object, 0o444)
    if (!keep(path)) rmSync(object)
  }
}

/** The arguments of a BABS file, in the order and form in which BABS puts them on the command line. */
function babsArguments(temporary: string): string[] {
  const lines = readFileSync('containers/babs/perfquant.yaml', 'utf8').split('\n')
  const block = lines.slice(lines.indexOf('bids_app_args:') + 1)
  return block
    .slice(
      0,
      block.findIndex(line => !/^\s/.test(line)),
    )
    .flatMap(line => {
      const [, key = '', value = ''] = /^\s+(\S+): "(.*)"$/.exec(line) ?? []
      if (key.startsWith('$')) return []
      return key === value ? [key] : [key, value.replace('$BABS_TMPDIR', temporary)].filter(Boolean)
    })
}

describe('BABS', () => {
  it('runs one participant in a clone that holds only that one, its files links into the annex', () => {
    const job = newFolder('babs')
    const clone = join(job, 'inputs/data/BIDS')
    writeDataset(clone, [{ sub: '01', ses: 'a' }])
    writeFileSync(join(clone, 'participants.tsv'), readFileSync(join(input, 'participants.tsv')))
    annex(clone, () => true)
    const words = babsArguments(join(job, '.git/tmp/wkdir'))
    expect(words).toEqual([
      '-w',
      join(job, '.git/tmp/wkdir'),
      '--n_cpus',
      '2',
      '--mem_mb',
      '8000',
      '--skip-bids-validation',
      '-v',
    ])
    const ran = perfquant(
      clone,
      join(job, 'outputs/perfquant'),
      'participant',
      ...words,
      '--participant-label',
      'sub-01',
    )
    expect(ran.last, ran.err).toBe('perfquant finished: 1 of 1 runs (exit 0)')
    const own = Object.entries(results).filter(([path]) => path.startsWith('sub-01/'))
    expect(fingerprints(join(job, 'outputs/perfquant'))).toMatchObject(Object.fromEntries(own))
    // The wrapper of the results is the only thing that appeared.
    expect(listFiles(job).filter(path => !/^(inputs|outputs\/perfquant)\//.test(path))).toEqual([])
    expect(readJson(job, 'outputs/perfquant/sub-01/ses-a/perf/sub-01_ses-a_desc-provenance_asl.json')).toMatchObject({
      inputs: expect.arrayContaining([expect.objectContaining({ annexKey: expect.stringMatching(/^MD5E-/) })]),
    })
  })

  it('is told which file to fetch, in words that it looks for', () => {
    const clone = writeDataset(join(newFolder('unfetched'), 'BIDS'), [{ sub: '01', ses: 'a' }])
    annex(clone, path => !path.endsWith('_asl.nii.gz'))
    const ran = perfquant(
      clone,
      `${clone}-out`,
      'participant',
      '--skip-bids-validation',
      '--participant-label',
      'sub-01',
    )
    expect(ran.last).toMatch(/^perfquant failed: 1 of 1 runs failed \(exit 66\)/)
    expect(ran.err).toMatch(/datalad get/)
    const alerts = readFileSync('containers/babs/perfquant.yaml', 'utf8').split('alert_log_messages:')[1] ?? ''
    for (const [, phrase = ''] of alerts.matchAll(/- "(.*)"/g)) expect(ran.err).toContain(phrase)
  })
})

const hasSnakemake = spawnSync('snakemake', ['--version']).status === 0
if (!hasSnakemake) console.warn("SKIPPED: the Snakemake rules need 'apt-get install snakemake'")

describe('Snakemake', () => {
  it.skipIf(!hasSnakemake)('does every participant, then the group, and the second time nothing', () => {
    const place = newFolder('snakemake')
    const rules = resolve('containers/snakemake/Snakefile')
    const command = `command=${process.execPath} ${resolve('dist/main.js')}`
    const snakemake = () =>
      spawnSync(
        'snakemake',
        ['--snakefile', rules, '--cores', '2', '--nocolor', '--config', `bids=${input}`, `out=${place}/out`, command],
        { cwd: place, encoding: 'utf8', env: { ...process.env, HOME: place, XDG_CACHE_HOME: place } },
      )
    const first = snakemake()
    expect(first.status, first.stderr).toBe(0)
    expect(fingerprints(join(place, 'out'))).toEqual(results)
    expect(snakemake().stderr).toMatch(/Nothing to be done/)
  })
})
