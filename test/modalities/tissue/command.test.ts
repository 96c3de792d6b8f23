import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compose, inverse, stepAbout } from '../../../src/image/rigid.ts'
import { formatTransform } from '../../../src/image/rigid-text.ts'
import { frameValues } from '../../../src/image/volume.ts'
import { blankHeader, encodeImage, readVolume } from '../../../src/nifti/index.ts'
import { newFolder, perfquant, readJson, readTsv } from '../../run/harness.ts'

/** The built command on simulated heads. */

const valuesOf = async (path: string) => {
  const volume = await readVolume(path)
  if (!volume.ok) throw new Error(volume.problems[0]?.message)
  return Float32Array.from(frameValues(volume.value, 0))
}

describe('tissues', () => {
  const root = newFolder('tissue')
  const [data, out] = [join(root, 'data'), join(root, 'out')]
  expect(perfquant('simulate', data, '-m', 'asl', '--subjects', '1', '--sessions', '2').code).toBe(0)
  // The second session has no T1w: that of the first must serve.
  rmSync(join(data, 'sub-01/ses-2/anat'), { recursive: true })

  it('come from the T1w where a run wants them, of another session where it is the only one', {
    timeout: 300_000,
  }, async () => {
    const ran = perfquant(data, out, 'participant')
    expect(ran.code, ran.err).toBe(0)
    const anat = join(out, 'sub-01/ses-1/anat')
    const name = (rest: string) => join(anat, `sub-01_ses-1_${rest}`)
    for (const label of ['GM', 'WM', 'CSF']) expect(existsSync(name(`label-${label}_probseg.nii.gz`)), label).toBe(true)
    expect(readJson(name('desc-brain_mask.json'))).toMatchObject({ Type: 'Brain' })
    const mask = await valuesOf(name('desc-brain_mask.nii.gz'))
    expect(mask.reduce((sum, value) => sum + 8 * value, 0) / 1000).toBeGreaterThan(1200)
    const problems = readJson<{ problems: { code: string; message: string }[] }>(
      out,
      'sub-01/ses-2/perf/sub-01_ses-2_desc-provenance_asl.json',
    ).problems
    expect(problems.find(({ code }) => code === 'ROLE_CHOSEN')?.message).toMatch(
      /sub-01_ses-1_T1w.*the only one of this participant/,
    )
    // Partial volumes on the grid of the run are those of the head.
    const shared = 'sub-01/ses-1/anat/sub-01_ses-1_mod-asl_label'
    for (const label of ['GM', 'WM']) {
      const found = await valuesOf(join(out, `${shared}-${label}_probseg.nii.gz`))
      const truth = await valuesOf(join(data, 'derivatives/truth', `${shared}-${label}_probseg.nii.gz`))
      const squares = found.reduce((sum, value, v) => sum + (value - truth[v]!) * (value - truth[v]!), 0)
      const inside = truth.filter(value => value > 0).length
      expect(Math.sqrt(squares / inside), label).toBeLessThan(0.08)
    }
    const rows = readTsv(out, 'sub-01/ses-1/perf/sub-01_ses-1_desc-regions_asl.tsv').filter(
      ({ param, desc }) => param === 'cbf' && desc === 'n/a',
    )
    const mean = (region: string) =>
      Number(rows.find(row => row['atlas'] === 'tissue' && row['region'] === region)?.['mean'])
    expect(mean('GM') / mean('WM')).toBeGreaterThan(2)
  })

  it('come from labels by FreeSurfer and lie where a transform puts them, where a derivative dataset has both', {
    timeout: 300_000,
  }, async () => {
    const given = join(root, 'given')
    const put = (path: string, content: string | Uint8Array) => {
      mkdirSync(dirname(join(given, path)), { recursive: true })
      writeFileSync(join(given, path), content)
    }
    // The head as another program could have it: far from the series, with what brings the series to it.
    const planted = stepAbout([45, -20, 10, 0.3, 0, -0.1], [0, 0, 0])
    const anat = join(out, 'sub-01/ses-1/anat/sub-01_ses-1_label-')
    const shares = await Promise.all(['GM', 'WM', 'CSF'].map(label => valuesOf(`${anat}${label}_probseg.nii.gz`)))
    const volume = await readVolume(`${anat}GM_probseg.nii.gz`)
    if (!volume.ok) throw new Error('no map')
    const { shape, affine } = volume.value.grid
    const labels = Int16Array.from(shares[0]!, (_, v) => [3, 2, 4].find((_, at) => shares[at]![v]! > 0.5) ?? 0)
    const grid = { shape, affine: compose(planted, affine) }
    put('dataset_description.json', JSON.stringify({ Name: 'other', BIDSVersion: '1.10.1', DatasetType: 'derivative' }))
    put(
      'sub-01/ses-1/anat/sub-01_ses-1_desc-aseg_dseg.nii.gz',
      encodeImage({ header: blankHeader(grid), shape, frames: 1, data: labels, description: 'labels' }),
    )
    put('sub-01/ses-1/perf/sub-01_ses-1_from-aslref_to-T1w_mode-image_xfm.txt', formatTransform(inverse(planted)))
    const placed = join(root, 'placed')
    const ran = perfquant(data, placed, 'participant', '-d', given, '--session-label', '1')
    expect(ran.code, ran.err).toBe(0)
    const record = readJson<{ roles: Record<string, string[]>; problems: { code: string }[] }>(
      placed,
      'sub-01/ses-1/perf/sub-01_ses-1_desc-provenance_asl.json',
    )
    expect(record.roles).toMatchObject({
      gm: ['bids:other:sub-01/ses-1/anat/sub-01_ses-1_desc-aseg_dseg.nii.gz'],
      xfm: ['bids:other:sub-01/ses-1/perf/sub-01_ses-1_from-aslref_to-T1w_mode-image_xfm.txt'],
    })
    expect(record.problems.map(({ code }) => code)).not.toContain('COREGISTERED')
    const dice = readJson<Record<string, { Value: number }>>(placed, 'sub-01/ses-1/perf/sub-01_ses-1_desc-qc_asl.json')[
      'coreg_dice'
    ]!.Value
    expect(dice).toBeGreaterThan(0.9)
    const shared = 'sub-01/ses-1/anat/sub-01_ses-1_mod-asl_label'
    for (const label of ['GM', 'WM']) {
      const found = await valuesOf(join(placed, `${shared}-${label}_probseg.nii.gz`))
      const truth = await valuesOf(join(data, 'derivatives/truth', `${shared}-${label}_probseg.nii.gz`))
      const squares = found.reduce((sum, value, v) => sum + (value - truth[v]!) * (value - truth[v]!), 0)
      const inside = truth.filter(value => value > 0).length
      expect(Math.sqrt(squares / inside), label).toBeLessThan(0.15)
    }
  })

  it('are no reason to process somebody who has nothing but a T1w', () => {
    const alone = join(root, 'alone')
    renameSync(join(data, 'sub-01/ses-2'), join(root, 'ses-2'))
    rmSync(join(data, 'sub-01/ses-1/perf'), { recursive: true })
    const ran = perfquant(data, alone, 'participant')
    expect(ran.code).toBe(18)
  })
})
