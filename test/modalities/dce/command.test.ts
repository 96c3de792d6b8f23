import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { frameValues } from '../../../src/image/volume.ts'
import { populationCurve } from '../../../src/kinetics/population-aif.ts'
import { readVolume } from '../../../src/nifti/index.ts'
import { spoiledSignal } from '../../../src/physics/signal.ts'
import { listFiles, newFolder, perfquant, readJson, readTsv } from '../../run/harness.ts'
import { smallDataset, type Written } from './dataset.ts'

/** The built command on a simulated head, and on a few voxels written by hand. */

const valuesOf = async (path: string, frame = 0) => {
  const volume = await readVolume(path)
  if (!volume.ok) throw new Error(volume.problems[0]?.message)
  return frameValues(volume.value, frame)
}

describe('a simulated head', () => {
  const root = newFolder('dce')
  const [data, out] = [join(root, 'data'), join(root, 'out')]
  const at = (rest: string) => join(out, `sub-01/perf/sub-01_${rest}`)

  it('gives T1, maps, tables and a report, with its own arterial input', () => {
    expect(perfquant('simulate', data, '-m', 'dce', '--subjects', '1').code).toBe(0)
    const ran = perfquant(
      data,
      out,
      'participant',
      'group',
      '--dce-model',
      'patlak',
      '--dce-model',
      'etofts',
      '--dce-timeseries',
    )
    expect(ran.code, ran.err).toBe(0)
    const files = listFiles(join(out, 'sub-01'))
    for (const name of [
      'anat/sub-01_desc-vfa_T1map.nii.gz',
      'anat/sub-01_desc-vfasd_T1map.nii.gz',
      'perf/sub-01_model-etofts_param-Ktrans_dcemap.nii.gz',
      'perf/sub-01_model-etofts_param-Ktrans_desc-sd_dcemap.nii.gz',
      'perf/sub-01_mod-dce_model-etofts_desc-fitstatus_dseg.tsv',
      'perf/sub-01_model-patlak_param-PS_dcemap.nii.gz',
      'perf/sub-01_model-aicc_desc-selection_dseg.tsv',
      'perf/sub-01_model-etofts_desc-aiccweight_dcemap.nii.gz',
      'perf/sub-01_model-etofts_desc-modelled_dce.nii.gz',
      'perf/sub-01_desc-concentration_dce.nii.gz',
      'perf/sub-01_model-curve_param-iauc60_dcemap.nii.gz',
      'perf/sub-01_model-curve_param-curvetype_dcemap.nii.gz',
      'perf/sub-01_mod-dce_desc-aif_mask.nii.gz',
      'perf/sub-01_mod-dce_desc-aif_timeseries.tsv',
    ])
      expect(files).toContain(name)
    expect(readJson(at('model-etofts_param-Ktrans_dcemap.json'))).toMatchObject({
      Units: '1/min',
      LexiconId: 'Q.PH1.008',
      ModelLexiconId: 'M.IC1.005',
      Hematocrit: 0.45,
      ArterialBasis: 'blood',
    })
    expect(readJson(at('mod-dce_desc-aif_timeseries.json'))).toMatchObject({
      AIFBasis: 'plasma',
      OriginalBasis: 'blood',
    })
    const rows = readTsv(out, 'group_regions.tsv')
    expect(
      rows.some(({ model, param, source }) => model === 'etofts' && param === 'Ktrans' && source === 'regionfit'),
    ).toBe(true)
    expect(readTsv(at('desc-protocol_dce.tsv')).filter(({ verdict }) => verdict === 'fail')).toEqual([])
  })

  it('chooses the model that leaks where it leaks', async () => {
    const best = await valuesOf(at('model-aicc_desc-selection_dseg.nii.gz'))
    const lesion = await valuesOf(
      join(data, 'derivatives/truth/sub-01/anat/sub-01_mod-dce_label-lesion_probseg.nii.gz'),
    )
    const chosen = best.filter((_, v) => lesion[v]! > 0.95)
    expect(chosen.filter(value => value === 2).length / chosen.length).toBeGreaterThan(0.99)
  })
})

const TIMES = Array.from({ length: 60 }, (_, i) => 4 * i)
const TR = 0.005
const ANGLE = 15

/** Signals of four voxels: plasma of two volumes, T1 1.4 s, relaxivity 4.5. */
function signals(arrival = 30): number[] {
  const blood = populationCurve('parker', Float64Array.from(TIMES), arrival)
  return TIMES.flatMap((_, i) =>
    [0.02, 0.05, 0.1, 0.2].map(
      volume =>
        1000 *
        spoiledSignal(
          { flipAngle: (ANGLE * Math.PI) / 180, repetitionTime: TR },
          1 / 1.4 + 4.5 * volume * (blood[i]! / 0.55),
        ),
    ),
  )
}
const SIDECAR = {
  FlipAngle: ANGLE,
  RepetitionTimeExcitation: TR,
  EchoTime: 0.002,
  MagneticFieldStrength: 3,
  VolumeTiming: TIMES,
  Relaxivity: 4.5,
}
const T1 = (data: Written, value = 1.4) =>
  data.image('anat/sub-01_T1map', [value, value, value, value], 1, { Units: 's' })
const run = ({ root }: Written, ...options: string[]) => ({
  folder: join(root, '../out'),
  ...perfquant(root, join(root, '../out'), 'participant', '--skip-bids-validation', '--dce-aif', 'parker', ...options),
})

describe('a few voxels', () => {
  it('have the plasma volume that is in them', async () => {
    const data = smallDataset('dce-plain', 4)
    data.image('perf/sub-01_dce', signals(), TIMES.length, SIDECAR)
    T1(data)
    const { folder: out, code, err } = run(data, '--dce-model', 'patlak', '--dce-relaxivity', '4.5')
    expect(code, err).toBe(0)
    const vp = await valuesOf(join(out, 'sub-01/perf/sub-01_model-patlak_param-vp_dcemap.nii.gz'))
    for (const [v, volume] of [0.02, 0.05, 0.1, 0.2].entries()) expect(Math.abs(vp[v]! / volume - 1)).toBeLessThan(0.03)
  })

  it('are the same whether the volumes are evenly spaced or not', async () => {
    const data = smallDataset('dce-uneven', 4)
    const times = TIMES.map((t, i) => t + (i > 20 ? 2 * (i - 20) : 0))
    const blood = populationCurve('parker', Float64Array.from(times), 30)
    const values = times.flatMap((_, i) => [0.02, 0.05, 0.1, 0.2].map(volume => volume * (blood[i]! / 0.55)))
    data.image('perf/sub-01_desc-concentration_dce', values, times.length, { Units: 'mM', VolumeTiming: times })
    const { folder: out, code, err } = run(data, '--dce-model', 'patlak', '--dce-delay', 'none')
    expect(code, err).toBe(0)
    expect(err).toMatch(/FRAMES_UNEVEN|finished/)
    const vp = await valuesOf(join(out, 'sub-01/perf/sub-01_model-patlak_param-vp_dcemap.nii.gz'))
    for (const [v, volume] of [0.02, 0.05, 0.1, 0.2].entries()) expect(Math.abs(vp[v]! / volume - 1)).toBeLessThan(0.03)
  })

  it.each([
    [5, false, false],
    [7, true, false],
    [11, true, true],
  ])('%s s apart: no flow beyond 6 s, no trust in plasma beyond 10 s', (step, isSlow, isVerySlow) => {
    const data = smallDataset('dce-slow', 4)
    const times = TIMES.map((_, i) => step * i)
    const blood = populationCurve('parker', Float64Array.from(times), 8 * step)
    const values = times.flatMap((_, i) => [0.02, 0.05, 0.1, 0.2].map(volume => volume * (blood[i]! / 0.55)))
    data.image('perf/sub-01_desc-concentration_dce', values, times.length, { Units: 'mM', VolumeTiming: times })
    const { folder: out, code, err } = run(data, '--dce-model', '2cxm', 'patlak', '--dce-delay', 'none')
    const files = listFiles(join(out, 'sub-01/perf'))
    expect(code).toBe(isSlow ? 1 : 0)
    expect(/2cxm.* is not fitted: the volumes are \d+ s apart/.test(err)).toBe(isSlow)
    expect(err.includes('PLASMA_UNCERTAIN')).toBe(isVerySlow)
    expect(files.some(path => /_model-2cxm_param-(Fp|PS|mtt)/.test(path))).toBe(!isSlow)
    expect(files).toContain('sub-01_model-patlak_param-vp_dcemap.nii.gz')
  })

  it.each([
    ['no excitation TR', { RepetitionTimeExcitation: undefined }, 1.4, /RepetitionTimeExcitation is missing/],
    ['an excitation TR in milliseconds', { RepetitionTimeExcitation: 5 }, 1.4, /looks like milliseconds/],
    ['T1 in milliseconds', {}, 1400, /looks like milliseconds/],
    ['no T1', {}, null, /no T1 before contrast/],
    ['a baseline of one volume', {}, 1.4, /1 volume precedes/],
  ])('with %s keep the semi-quantitative maps and lose the others', (what, fields, t1, sentence) => {
    const data = smallDataset('dce-partial', 4)
    data.image('perf/sub-01_dce', signals(what === 'a baseline of one volume' ? 1 : 30), TIMES.length, {
      ...SIDECAR,
      ...fields,
    })
    if (t1 !== null) T1(data, t1)
    const { folder: out, code, err } = run(data)
    expect(code).toBe(1)
    expect(err).toMatch(sentence)
    expect(existsSync(join(out, 'sub-01/perf/sub-01_model-curve_param-iauc60_dcemap.nii.gz'))).toBe(true)
    expect(existsSync(join(out, 'sub-01/perf/sub-01_model-etofts_param-Ktrans_dcemap.nii.gz'))).toBe(false)
  })

  it.each([
    ['no times', { VolumeTiming: undefined }, /TIMING_UNKNOWN|when the volumes/i],
    ['no bolus', {}, /no arrival of contrast agent/],
  ])('with %s are refused', (what, fields, sentence) => {
    const data = smallDataset('dce-refused', 4)
    data.image('perf/sub-01_dce', what === 'no bolus' ? signals().map(() => 100) : signals(), TIMES.length, {
      ...SIDECAR,
      ...fields,
    })
    T1(data)
    const { code, err } = run(data)
    expect(code).toBe(65)
    expect(err).toMatch(sentence)
  })

  it.each([
    [
      'a basis that contradicts the option',
      { AIFBasis: 'plasma' },
      1,
      ['--dce-aif-basis', 'blood'],
      /AIFBasis is plasma/,
    ],
    ['an unknown basis', { AIFBasis: 'serum' }, 1, [], /must be blood or plasma/],
    ['µM', {}, 1000, [], /cannot be mM/],
    ['another unit', { concentration: { Units: 'uM' } }, 1, [], /must be mM/],
  ])('with an arterial table with %s fit no model', (_, json, scale, options, sentence) => {
    const data = smallDataset('dce-aif', 4)
    data.image('perf/sub-01_dce', signals(), TIMES.length, SIDECAR)
    T1(data)
    const blood = populationCurve('parker', Float64Array.from(TIMES), 30)
    data.text(
      'perf/sub-01_aif.tsv',
      `time\tconcentration\n${TIMES.map((t, i) => `${t}\t${scale * blood[i]!}`).join('\n')}\n`,
    )
    data.text('perf/sub-01_aif.json', JSON.stringify(json))
    const ran = perfquant(data.root, join(data.root, '../out'), 'participant', '--skip-bids-validation', ...options)
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(sentence)
  })

  it('with a B1 map that cannot be one use none, and say so', () => {
    const data = smallDataset('dce-b1', 4)
    data.image('perf/sub-01_dce', signals(), TIMES.length, SIDECAR)
    T1(data)
    data.image('fmap/sub-01_TB1map', [900, 900, 900, 900], 1, { Units: 'percent' })
    const { code, err } = run(data, '-v')
    expect(code, err).toBe(0)
    expect(err).toMatch(/B1_INVALID/)
  })

  it('with a signal beyond the signal equation leave those volumes out', async () => {
    const data = smallDataset('dce-beyond', 4)
    const values = signals()
    values[4 * 30] = 5000
    data.image('perf/sub-01_dce', values, TIMES.length, SIDECAR)
    T1(data)
    const { folder: out, err } = run(data, '--dce-model', 'patlak', '-v')
    expect(err).toMatch(/SIGNAL_LIMIT/)
    expect(
      (await valuesOf(join(out, 'sub-01/perf/sub-01_model-patlak_param-vp_dcemap.nii.gz')))[0]! / 0.02 - 1,
    ).toBeLessThan(0.1)
  })
})

const FILE = '../shared/data/dce/osipi/SI_to_Conc/SI2Conc_data.csv'

describe.skipIf(!existsSync(FILE))('signal to concentration of the OSIPI collection', () => {
  const [head, ...lines] = existsSync(FILE)
    ? readFileSync(FILE, 'utf8')
        .replace(/^\uFEFF/, '')
        .trim()
        .split(/\r?\n/)
    : ['']
  it.each(lines.map(line => line.split(',')))('%s', async (...cells) => {
    const row = Object.fromEntries(head!.split(',').map((name, at) => [name.trim(), cells[at]!]))
    const list = (name: string) => row[name]!.trim().split(/\s+/).map(Number)
    const s = list('s')
    const data = smallDataset('dce-si', 1)
    data.image('perf/sub-01_dce', s, s.length, {
      FlipAngle: Number(row['FA']),
      RepetitionTimeExcitation: Number(row['TR']),
      MagneticFieldStrength: 3,
      VolumeTiming: s.map((_, i) => i),
      BaselineVolumes: Array.from({ length: Number(row['numbaselinepts']) - 1 }, (_, i) => i + 1),
    })
    data.image('anat/sub-01_T1map', [Number(row['T1base'])], 1, { Units: 's' })
    const { folder: out, err } = run(data, '--dce-relaxivity', row['r1']!, '--dce-timeseries')
    const path = join(out, 'sub-01/perf/sub-01_desc-concentration_dce.nii.gz')
    expect(existsSync(path), err).toBe(true)
    for (const [i, value] of list('conc').entries())
      if (i > 0)
        expect(Math.abs((await valuesOf(path, i))[0]! - value)).toBeLessThanOrEqual(1e-5 + 1e-5 * Math.abs(value))
  })
})
