import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Grid } from '../../src/image/volume.ts'
import { blankHeader, encodeImage } from '../../src/nifti/index.ts'
import { listFiles, newFolder, type Ran, readJson, runEntry } from '../run/harness.ts'

/**
 * The house with other tenants: slices that `src/` does not know go through plan, pool, place, resume and report. Two
 * series a run, one product of the anatomy that two runs need, a required and a preferred role.
 */

const grid: Grid = { shape: [6, 5, 4], affine: [2, 0, 0, -6, 0, 2, 0, -5, 0, 0, 2, -4] }
const coarse: Grid = { shape: [3, 3, 2], affine: [4, 0, 0, -5, 0, 4, 0, -4, 0, 0, 4, -3] }

function image(path: string, value: number, on: Grid, sidecar: Record<string, unknown> = {}): void {
  mkdirSync(join(path, '..'), { recursive: true })
  const data = new Float32Array(on.shape[0] * on.shape[1] * on.shape[2]).fill(value)
  writeFileSync(
    `${path}.nii.gz`,
    encodeImage({ header: blankHeader(on), shape: on.shape, frames: 1, data, description: 'test' }),
  )
  writeFileSync(`${path}.json`, JSON.stringify(sidecar))
}

function dataset(name: string): string {
  const root = join(newFolder(name), 'data')
  const subject = (sub: string, broken: { level?: boolean; slope?: Record<string, boolean> }) => {
    const at = (datatype: string, rest: string) => join(root, `sub-${sub}`, datatype, `sub-${sub}_${rest}`)
    for (const flip of [1, 2])
      image(at('anat', `flip-${flip}_VFA`), flip, coarse, broken.level ? {} : { FlipAngle: 10 * flip })
    image(at('dwi', 'dwi'), 1, grid, broken.slope ?? {})
    for (const run of [1, 2])
      for (const echo of [1, 2]) image(at('perf', `run-${run}_echo-${echo}_dsc`), run + echo, grid)
  }
  subject('01', {})
  const aif = join(root, 'sub-01/perf/sub-01_run-1_AIF')
  writeFileSync(`${aif}.tsv`, 'time\tconcentration\n0\t0\n1\t5\n')
  writeFileSync(`${aif}.json`, '{"AIFBasis": "blood"}')
  subject('02', { slope: { Broken: true } })
  subject('03', { level: true })
  subject('04', { slope: { Crash: true } })
  writeFileSync(join(root, 'dataset_description.json'), JSON.stringify({ Name: 'house', BIDSVersion: '1.10.1' }))
  return root
}

let entry = ''
const run = (...words: readonly string[]): Ran => runEntry(entry, words)

beforeAll(async () => {
  entry = join(resolve('node_modules/.cache'), `slice-${process.pid}`, 'main.mjs')
  await build({
    entryPoints: ['test/slice/bin.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: entry,
    logLevel: 'warning',
    banner: { js: "import {createRequire as __cr} from 'node:module'; const require = __cr(import.meta.url);" },
  })
  // The program looks for its version and its templates above itself: a package of its own, with the project's templates.
  const folder = join(entry, '..')
  writeFileSync(join(folder, 'package.json'), '{"version": "0.0.1"}')
  mkdirSync(join(folder, 'bids_templates/maps'), { recursive: true })
  mkdirSync(join(folder, 'bids_templates/tables'), { recursive: true })
  const { cpSync } = await import('node:fs')
  cpSync('bids_templates', join(folder, 'bids_templates'), { recursive: true })
  cpSync('dist/viewer.js', join(folder, 'dist/viewer.js'))
  writeFileSync(join(folder, 'bids_templates/maps/test.json'), '{"LongName": "Test", "Units": "1"}')
})

describe('the plan', () => {
  it('fills a role by a task that two runs share, and orders them', () => {
    const root = dataset('plan')
    const { out, code } = run(
      root,
      join(root, '../out'),
      'participant',
      '--dry-run',
      '--json',
      '--participant-label',
      '01',
    )
    expect(code).toBe(0)
    const { tasks } = JSON.parse(out) as {
      tasks: { id: string; needs: string[]; series: string[]; roles: Record<string, string[]> }[]
    }
    expect(tasks.map(({ id }) => id)).toEqual([
      'level/sub-01',
      'slope/sub-01',
      'blend/sub-01_run-1',
      'blend/sub-01_run-2',
    ])
    for (const [index, task] of tasks.slice(2).entries()) {
      expect(task.needs).toEqual(['level/sub-01', 'slope/sub-01'])
      expect(task.series).toHaveLength(2)
      expect(task.roles).toEqual({
        t1map: ['bids::sub-01/anat/sub-01_desc-vfa_T1map.nii.gz'],
        adc: ['bids::sub-01/dwi/sub-01_desc-slope_ADC.nii.gz'],
        ...(index === 0 ? { aif: ['bids:raw:sub-01/perf/sub-01_run-1_AIF.tsv'] } : {}),
      })
    }
  })
})

describe('the run', () => {
  const root = dataset('run')
  const out = join(root, '../out')
  const record = (sub: string, rest: string) =>
    readJson<{ status: string; parameters: { value: string }[]; problems: { code: string; message: string }[] }>(
      out,
      `sub-${sub}`,
      rest.endsWith('dsc.json') ? 'perf' : rest.endsWith('VFA.json') ? 'anat' : 'dwi',
      `sub-${sub}_${rest}`,
    )

  it('makes each product once, refuses what requires a failed one, does without what only prefers it', () => {
    const ran = run(root, out, 'participant', '--skip-bids-validation')
    expect(ran.code, ran.err).toBe(1)
    expect(ran.last).toMatch(/^perfquant failed: 5 of 16 runs failed \(exit 1\); see logs\//)
    expect(record('01', 'run-1_desc-provenance_dsc.json')).toMatchObject({
      status: 'complete',
      parameters: [{ value: 'adc t1map' }],
    })
    expect(record('02', 'run-1_desc-provenance_dsc.json')).toMatchObject({
      status: 'complete',
      parameters: [{ value: 't1map' }],
    })
    expect(record('02', 'run-1_desc-provenance_dsc.json').problems).toContainEqual(
      expect.objectContaining({ code: 'NEED_WITHOUT', message: expect.stringContaining('Broken is true') }),
    )
    expect(record('03', 'run-2_desc-provenance_dsc.json')).toMatchObject({ status: 'refused' })
    expect(record('03', 'run-2_desc-provenance_dsc.json').problems).toContainEqual(
      expect.objectContaining({ code: 'NEED_FAILED', message: expect.stringContaining('FlipAngle is missing') }),
    )
    expect(record('04', 'run-2_desc-provenance_dsc.json')).toMatchObject({
      status: 'complete',
      parameters: [{ value: 't1map' }],
    })
  })

  it('takes a table in a role, and writes tables of its own with their dictionary', () => {
    const curve = (run: number) => join(out, `sub-01/perf/sub-01_run-${run}_mod-dsc_desc-aif_timeseries`)
    expect(readFileSync(`${curve(1)}.tsv`, 'utf8')).toBe('time\tconcentration\n0\t0\n1\t5\n')
    expect(JSON.parse(readFileSync(`${curve(1)}.json`, 'utf8'))).toMatchObject({ AIFBasis: 'blood', trans_x: {} })
    expect(existsSync(`${curve(2)}.tsv`)).toBe(false)
  })

  it('leaves the stack of a crash in a file, never on the terminal', () => {
    const crashes = listFiles(out).filter(path => path.includes('/crash-'))
    expect(crashes.map(path => path.replace(/.*\//, ''))).toEqual(['crash-slope_sub-04.txt'])
  })

  it('places the role on the grid of the series and computes with it', async () => {
    const { readVolume } = await import('../../src/nifti/index.ts')
    const volume = await readVolume(join(out, 'sub-01/perf/sub-01_run-2_model-blend_param-cbv_dscmap.nii.gz'))
    // Mean of the echoes 3 and 4, the level 1.5 (brought over from the coarse grid), the slope 1.
    expect(volume.ok && [...new Set(volume.value.data)]).toEqual([6])
  })

  it('reports every participant, failures too', () => {
    const pages = listFiles(out).filter(path => path.endsWith('.html'))
    expect(pages).toEqual(['sub-01.html', 'sub-02.html', 'sub-03.html', 'sub-04.html'])
  })

  it('does nothing twice, and again only what changed and what needs it', () => {
    expect(run(root, out, 'participant', '--skip-bids-validation', '--participant-label', '01').err).toMatch(
      /\[4\/4\] already/,
    )
    image(join(root, 'sub-01/anat/sub-01_flip-1_VFA'), 3, coarse, { FlipAngle: 10 })
    const again = run(root, out, 'participant', '--skip-bids-validation', '--participant-label', '01')
    expect(again.code, again.err).toBe(0)
    const ends = again.err
      .split('\n')
      .filter(line => line.startsWith('['))
      .map(line => line.replace(/^\[\d\/\d\] | \(.*/g, ''))
      .sort()
    expect(ends).toEqual([
      'already sub-01 slope',
      'complete sub-01 level',
      'complete sub-01 run-1 blend',
      'complete sub-01 run-2 blend',
    ])
  })

  it('gathers slices that it has never heard of', () => {
    const ran = run('/', out, 'group')
    expect(ran.code, ran.err).toBe(0)
    expect(listFiles(out).filter(path => path.startsWith('group'))).toEqual(
      ['blend', 'level', 'protocol', 'regions', 'slope']
        .flatMap(name => [`group_${name}.json`, `group_${name}.tsv`])
        .concat('group_regions.parquet', 'group_repeatability.json', 'group_repeatability.tsv')
        .toSorted()
        .concat([])
        .toSpliced(0, 0, 'group.html'),
    )
  })
})
