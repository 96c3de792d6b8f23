import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { template } from '../../../src/bids/templates.ts'
import { frameValues } from '../../../src/image/volume.ts'
import { modelCurve } from '../../../src/kinetics/dce-fit.ts'
import { KINETIC_MODELS } from '../../../src/kinetics/models.ts'
import { populationCurve } from '../../../src/kinetics/population-aif.ts'
import { readVolume } from '../../../src/nifti/index.ts'
import { spoiledSignal } from '../../../src/physics/signal.ts'
import { evaluateProtocol } from '../../../src/protocol.ts'
import { perfquant, readJson, readTsv } from '../../run/harness.ts'
import { smallDataset, type Written } from './dataset.ts'

/** Organs and what is written of them, through the built command, on voxels of known parameters. */

const TIMES = Float64Array.from({ length: 90 }, (_, i) => 2 * i)
const plasma = (arrival: number) => populationCurve('parker', TIMES, arrival).map(value => value / 0.55)
const ARTERY = { times: TIMES, values: plasma(20) }
const PORTAL = { times: TIMES, values: plasma(32).map(value => 0.6 * value) }

function curveOf(name: string, p: Readonly<Record<string, number>>): Float64Array {
  const model = KINETIC_MODELS.find(item => item.name === name)!
  const values = Float64Array.from(model.parameters, ({ name: key, unit }) => p[key]! / (unit === '1/s' ? 60 : 1))
  // As the fit has it: samples of the input every 0.5 s.
  return modelCurve(model, values, [ARTERY, PORTAL], TIMES, 0, model.hasFlow ? 0.5 : Infinity)
}

/** A series of voxels, frame after frame. */
const series = (curves: readonly ArrayLike<number>[]) =>
  Array.from(TIMES).flatMap((_, i) => curves.map(curve => curve[i]!))

const arterial = (data: Written) => {
  const rows = Array.from(TIMES, (t, i) => `${t}\t${ARTERY.values[i]}\t${PORTAL.values[i]}`)
  data.text('perf/sub-01_aif.tsv', `time\tconcentration\tconcentration_portal\n${rows.join('\n')}\n`)
  data.text('perf/sub-01_aif.json', JSON.stringify({ AIFBasis: 'plasma' }))
}

const run = ({ root }: Written, ...options: string[]) => {
  const folder = join(root, '../out')
  const ran = perfquant(
    root,
    folder,
    'participant',
    'group',
    '--skip-bids-validation',
    '--dce-delay',
    'none',
    ...options,
  )
  const at = (rest: string) => join(folder, `sub-01/perf/sub-01_${rest}`)
  const map = async (rest: string, frame = 0) => {
    const volume = await readVolume(at(`${rest}.nii.gz`))
    if (!volume.ok) throw new Error(volume.problems[0]?.message)
    return Array.from(frameValues(volume.value, frame))
  }
  return { ...ran, at, map, folder }
}

describe('kidneys', () => {
  const KIDNEY = [
    { Fp: 2, FT: 0.3, vp: 0.25, mtte: 120 },
    { Fp: 1.5, FT: 0.2, vp: 0.2, mtte: 100 },
  ]
  const [right, left] = KIDNEY.map(p => curveOf('2cfm', p))
  const nothing = new Float64Array(TIMES.length)

  it('have flow, filtration and filtration fraction of each and of both', async () => {
    const data = smallDataset('kidneys', 7)
    // From left to right: two voxels of the left kidney, a gap, two of the right one.
    const curves = [left!, left!, nothing, nothing, nothing, right!, right!]
    data.image('perf/sub-01_desc-concentration_dce', series(curves), TIMES.length, {
      Units: 'mM',
      VolumeTiming: [...TIMES],
    })
    arterial(data)
    const { code, err, at, map } = run(data, '--dce-organ', 'kidney')
    expect(code, err).toBe(0)
    expect((await map('model-2cfm_param-Fp_dcemap'))[6]! / 200 - 1).toBeCloseTo(0, 3)
    expect((await map('model-2cfm_param-FT_dcemap'))[0]! / 20 - 1).toBeCloseTo(0, 3)
    expect((await map('model-2cfm_param-mtte_dcemap'))[0]! / 100 - 1).toBeCloseTo(0, 2)
    const rows = readTsv(at('desc-kidney_dce.tsv'))
    const of = (side: string) => rows.find(row => row['side'] === side)!
    // Two voxels of 8 mm³ each.
    expect(Number(of('right')['volume'])).toBeCloseTo(0.016, 6)
    expect(Number(of('right')['gfr']) / (0.016 * 0.3) - 1).toBeCloseTo(0, 3)
    expect(Number(of('left')['rpf']) / (0.016 * 1.5) - 1).toBeCloseTo(0, 3)
    expect(Number(of('left')['ff'])).toBeCloseTo(0.2 / 1.5, 4)
    expect(Number(of('total')['gfr']) / (0.016 * 0.5) - 1).toBeCloseTo(0, 3)
  })

  it('have no table where no mask says which voxels they are', () => {
    const data = smallDataset('kidneys-unmasked', 2)
    const signal = (curve: Float64Array) =>
      curve.map(C => 1000 * spoiledSignal({ flipAngle: 0.35, repetitionTime: 0.004 }, 1 / 1.5 + 4.5 * C))
    data.image('perf/sub-01_dce', series([signal(right!), signal(left!)]), TIMES.length, {
      FlipAngle: (0.35 * 180) / Math.PI,
      RepetitionTimeExcitation: 0.004,
      Relaxivity: 4.5,
      VolumeTiming: [...TIMES],
    })
    arterial(data)
    const { code, err, at } = run(data, '--dce-organ', 'kidney', '--dce-t1', '1.5', '-v')
    expect(code, err).toBe(0)
    expect(err).toMatch(/KIDNEY_UNMASKED/)
    expect(existsSync(at('desc-kidney_dce.tsv'))).toBe(false)
    expect(existsSync(at('model-2cfm_param-FT_dcemap.nii.gz'))).toBe(true)
  })
})

describe('the liver', () => {
  it('has flow from artery and portal vein', async () => {
    const data = smallDataset('liver', 1)
    const curve = curveOf('liver', { Fp: 1.2, fa: 0.25, ve: 0.25 })
    data.image('perf/sub-01_desc-concentration_dce', [...curve], TIMES.length, {
      Units: 'mM',
      VolumeTiming: [...TIMES],
    })
    arterial(data)
    const { code, err, map } = run(data, '--dce-organ', 'liver')
    expect(code, err).toBe(0)
    expect((await map('model-liver_param-Fp_dcemap'))[0]! / 120 - 1).toBeCloseTo(0, 3)
    expect((await map('model-liver_param-fa_dcemap'))[0]).toBeCloseTo(0.25, 3)
    expect((await map('model-liver_param-ve_dcemap'))[0]).toBeCloseTo(0.25, 3)
  })
})

describe('a tumour', () => {
  it('has maps, a modelled signal and region fits that are its parameters, with B1 and R1 as they are given', async () => {
    const truth = { Ktrans: 0.12, ve: 0.3, vp: 0.05 }
    const curve = curveOf('etofts', truth)
    const data = smallDataset('tumour', 3)
    const scales = [0.85, 1, 1.15]
    const signals = scales.map(k =>
      curve.map(C => 1000 * spoiledSignal({ flipAngle: k * 0.35, repetitionTime: 0.004 }, 1 / 1.4 + 4.5 * C)),
    )
    data.image('perf/sub-01_dce', series(signals), TIMES.length, {
      FlipAngle: (0.35 * 180) / Math.PI,
      RepetitionTimeExcitation: 0.004,
      Relaxivity: 4.5,
      VolumeTiming: [...TIMES],
    })
    data.image(
      'anat/sub-01_R1map',
      scales.map(() => 1 / 1.4),
      1,
      { Units: '1/s' },
    )
    data.image(
      'fmap/sub-01_TB1map',
      scales.map(k => 100 * k),
      1,
      { Units: 'percent' },
    )
    arterial(data)
    const { code, err, map, folder, at } = run(
      data,
      '--dce-timeseries',
      '--dce-model',
      'patlak',
      '--dce-model',
      'etofts',
    )
    expect(code, err).toBe(0)
    for (const v of [0, 1, 2]) {
      expect((await map('model-etofts_param-Ktrans_dcemap'))[v]! / truth.Ktrans - 1).toBeCloseTo(0, 3)
      expect((await map('model-etofts_param-ve_dcemap'))[v]! / truth.ve - 1).toBeCloseTo(0, 3)
      expect((await map('model-etofts_param-vp_dcemap'))[v]! / truth.vp - 1).toBeCloseTo(0, 3)
      expect((await map('model-etofts_desc-modelled_dce', 40))[v]! / signals[v]![40]! - 1).toBeCloseTo(0, 4)
    }
    expect(readJson(at('model-etofts_desc-modelled_dce.json'))).toMatchObject({ Units: 'a.u.' })
    expect(await map('model-aicc_desc-selection_dseg')).toEqual([2, 2, 2])
    const fit = readTsv(folder, 'group_regions.tsv').find(
      ({ source, model, param }) => source === 'regionfit' && model === 'etofts' && param === 've',
    )
    expect(Math.abs(Number(fit?.['value']) / truth.ve - 1)).toBeLessThan(0.05)
  })
})

describe('the recommendations', () => {
  it('are fifteen, each with a rule', () => {
    const ids = evaluateProtocol(template('protocol/dce.json'), [
      { name: 'MagneticFieldStrength', value: 3, unit: 'T', from: '' },
      { name: 'HasVfa', value: true, unit: '1', from: '' },
      { name: 'ArterialSaturation', value: 95, unit: '%', from: '' },
      { name: 'BaselineVolumes', value: 2, unit: '1', from: '' },
    ]).map(({ rule, verdict }) => [rule, verdict])
    for (let n = 1; n <= 15; n++) {
      const id = `DCE-${String(n).padStart(2, '0')}`
      expect(
        ids.some(([rule]) => rule === id),
        id,
      ).toBe(true)
    }
    expect(Object.fromEntries(ids)).toMatchObject({ 'DCE-09': 'fail', 'DCE-14': 'warn', 'DCE-07': 'not assessable' })
  })
})
