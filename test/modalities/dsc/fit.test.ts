import { describe, expect, it } from 'vitest'
import type { Volume } from '../../../src/image/volume.ts'
import { voxelCount } from '../../../src/image/volume.ts'
import {
  compute,
  DSC,
  DT,
  FRAMES,
  GREY,
  GRID,
  kindOf,
  mapOf,
  meanOver,
  runOf,
  SIDECAR,
  sourceOf,
  VOXEL,
  volumeOf,
} from './run.ts'

/** An image in a role: 1 where a voxel is of a kind. */
const maskOf = (is: (v: number) => boolean): Volume => ({
  ...volumeOf({ frames: 1 }),
  data: Float32Array.from({ length: voxelCount(GRID) }, (_, v) => (is(v) ? 1 : 0)),
})
const white = { wm: [maskOf(v => kindOf(v) === 'wm')], gm: [maskOf(v => kindOf(v) === 'gm')] }
const NO_LEAKAGE = { 'dsc-leakage': 'none' } as const

describe('a bolus through a block of grey and white matter', () => {
  const { result, codes } = compute(runOf(), [volumeOf({ snr: 1e5 })], white)

  it('gives the ratios of volume that are in it, and times', () => {
    expect(meanOver(mapOf(result, undefined, 'rcbv'), 'gm')).toBeCloseTo(2, 1)
    expect(meanOver(mapOf(result, undefined, 'rcbv'), 'wm')).toBeCloseTo(1, 2)
    const late = meanOver(mapOf(result, 'osvd', 'tmax'), 'late') - meanOver(mapOf(result, 'osvd', 'tmax'), 'gm')
    expect(late).toBeGreaterThan(4.8)
    expect(late).toBeLessThan(6.5)
    expect(meanOver(mapOf(result, 'curve', 'bat'), 'late') - meanOver(mapOf(result, 'curve', 'bat'), 'gm')).toBeCloseTo(
      5,
      0,
    )
    expect(codes).toEqual([])
  })

  it('finds its arterial input in the artery alone', () => {
    const mask = result?.maps.find(({ name }) => name.desc === 'aif')
    const kinds = [...(mask?.values ?? [])].flatMap((value, v) => (value === 1 ? [kindOf(v)] : []))
    expect(kinds.length).toBeGreaterThan(1)
    expect(new Set(kinds)).toEqual(new Set(['artery']))
  })

  it('has MTT = 60 · CBV / CBF, and the factor in both', () => {
    const [cbf, cbv, mtt] = [mapOf(result, 'osvd', 'cbf'), mapOf(result, 'nocorr', 'cbv'), mapOf(result, 'osvd', 'mtt')]
    const v = GREY
    expect(mtt.values[v]).toBeCloseTo((60 * cbv.values[v]!) / cbf.values[v]!, 4)
    expect(cbf.sidecar).toMatchObject({ Quantification: 'relative', KappaH: 0.55 / 0.75, BrainDensity: 1.04 })
  })

  it('states what it is from: facts, quality, paragraphs with references', () => {
    const fact = (name: string) => result?.facts?.find(item => item.name === name)?.value
    expect([fact('BaselineVolumes'), fact('AIFSaturated')]).toEqual([expect.closeTo(30, -1), false])
    const cited = (result?.paragraphs ?? []).join(' ').match(/@\w+/g) ?? []
    expect(cited.length).toBeGreaterThan(4)
    for (const key of cited) expect(Object.keys(result?.references ?? {})).toContain(key.slice(1))
  })
})

describe('choices', () => {
  it('CBF and CBV scale with kH/ρ alike', () => {
    const low = compute(runOf(undefined, { ...NO_LEAKAGE, hematocrit: 0.2 }), [volumeOf()], white).result
    const usual = compute(runOf(undefined, NO_LEAKAGE), [volumeOf()], white).result
    for (const [model, param] of [
      ['osvd', 'cbf'],
      ['nocorr', 'cbv'],
    ] as const)
      expect(mapOf(low, model, param).values[GREY]! / mapOf(usual, model, param).values[GREY]!).toBeCloseTo(
        0.8 / 0.55,
        5,
      )
    expect(mapOf(low, 'osvd', 'mtt').values[GREY]).toBe(mapOf(usual, 'osvd', 'mtt').values[GREY])
  })

  it('an arterial mask is used as it is', () => {
    const mask = sourceOf('sub-01/perf/sub-01_desc-aif_mask.nii.gz', {}, { frames: 1 })
    const run = runOf(undefined, NO_LEAKAGE, { aif: [mask] })
    const given = compute(run, [volumeOf()], { ...white, aif: [maskOf(v => v === 2 + 14 * 2 + 196 * 2)] })
    expect(given.result?.facts?.find(({ name }) => name === 'AIFVoxels')?.value).toBe(1)
    const empty = compute(run, [volumeOf()], { ...white, aif: [maskOf(() => false)] })
    expect(empty.codes).toEqual(['AIF_INVALID'])
  })

  it('the curve that was written can be given back, and gives the same maps', () => {
    const first = compute(runOf(undefined, NO_LEAKAGE), [volumeOf()], white).result
    const written = first?.tables?.find(({ name }) => name.suffix === 'timeseries')
    const table = {
      columns: [...(written?.columns ?? [])],
      rows: (written?.rows ?? []).map(row => row.map(cell => (cell === null ? 'n/a' : String(cell)))),
    }
    const source = sourceOf('sub-01/perf/sub-01_aif.tsv', {}, { table })
    const again = compute(runOf(undefined, NO_LEAKAGE, { aif: [source] }), [volumeOf()], white).result
    for (const kind of ['gm', 'wm', 'late'] as const)
      expect(meanOver(mapOf(again, 'osvd', 'cbf'), kind)).toBeCloseTo(meanOver(mapOf(first, 'osvd', 'cbf'), kind), 2)
  })

  it('a concentration without relaxivities gives ratios and times, no flow or volume', () => {
    const rows = Array.from({ length: FRAMES }, (_, k) => [String(k * DT), String(k > 31 && k < 36 ? 5 : 0)])
    const aif = [sourceOf('sub-01/perf/sub-01_aif.tsv', {}, { table: { columns: ['time', 'concentration'], rows } })]
    const { result, codes } = compute(runOf(undefined, NO_LEAKAGE, { aif }), [volumeOf()], white)
    expect(codes).toEqual(['AIF_UNSCALED'])
    const params = result?.maps.map(({ name }) => name.param)
    expect(params).toEqual(expect.arrayContaining(['mtt', 'tmax', 'delay', 'rcbv', 'rcbf']))
    expect(params).not.toContain('cbf')
    expect(params).not.toContain('cbv')
  })

  it('two echoes give the same ratios as one, whatever T1 does to both', () => {
    const echo = (n: number, EchoTime: number) =>
      sourceOf(`sub-01/perf/sub-01_echo-${n}_dsc.nii.gz`, { ...SIDECAR, EchoTime })
    const bright = (echoTime: number) => {
      const volume = volumeOf({ echoTime, snr: 1e4 })
      const n = voxelCount(GRID)
      return {
        ...volume,
        data: volume.data.map(
          (value, at) => value * (1 + 0.01 * Math.min(1, Math.max(0, Math.floor(at / n) - 35) / 10)),
        ),
      }
    }
    const { result } = compute(runOf([echo(1, 0.012), echo(2, 0.03)], NO_LEAKAGE), [bright(0.012), bright(0.03)], white)
    expect(meanOver(mapOf(result, undefined, 'rcbv'), 'gm')).toBeCloseTo(2, 1)
    const single = compute(runOf(undefined, NO_LEAKAGE), [bright(0.03)], white).result
    expect(Math.abs(meanOver(mapOf(single, undefined, 'rcbv'), 'gm') - 2)).toBeGreaterThan(0.2)
  })

  it('local arterial inputs stand beside the global one, whose Tmax stays as it is', () => {
    const local = compute(runOf(undefined, { ...NO_LEAKAGE, 'dsc-aif': 'local' }), [volumeOf()], white).result
    const usual = compute(runOf(undefined, NO_LEAKAGE), [volumeOf()], white).result
    expect(mapOf(local, 'osvd', 'tmax').values).toEqual(mapOf(usual, 'osvd', 'tmax').values)
    for (const param of ['cbf', 'mtt', 'tmax'])
      expect(meanOver(mapOf(local, 'osvd', param, 'localaif'), 'gm')).toBeCloseTo(
        meanOver(mapOf(usual, 'osvd', param), 'gm'),
        -1,
      )
  })

  it('a curve scaled to the vein makes CBF and CBV absolute', () => {
    const vein = maskOf(v => kindOf(v) === 'wm' && v % 14 > 11)
    const acquired = {
      more: (_: unknown, v: number, time: number) =>
        vein.data[v] === 1 ? 8 * Math.max(0, 1 - Math.abs(time - 60) / 8) * 4 : 0,
    }
    const { result } = compute(runOf(undefined, { ...NO_LEAKAGE, 'dsc-aif-scale': 'vof' }), [volumeOf(acquired)], white)
    expect(mapOf(result, 'osvd', 'cbf').sidecar).toMatchObject({ Quantification: 'absolute' })
    expect(result?.parameters.find(({ name }) => name === 'VenousScale')?.value).toBeGreaterThan(1)
  })

  it('smoothing stays within the mask', () => {
    const { result } = compute(runOf(undefined, { ...NO_LEAKAGE, smooth: 4 }), [volumeOf()], white)
    expect(meanOver(mapOf(result, undefined, 'rcbv'), 'gm')).toBeGreaterThan(1.5)
  })
})

describe('trouble', () => {
  it.each([
    ['no bolus', { artery: 0, tissue: 0 }, 'BOLUS_MISSING', /no bolus was found/],
    ['a baseline of two frames', { arrival: 4 }, 'BASELINE_TOO_SHORT', /the bolus is there after [0-4] steady volumes/],
  ] as const)('%s is refused in a sentence', (_, acquired, code, words) => {
    const { codes, messages, result } = compute(runOf(), [volumeOf(acquired)], white)
    expect([codes, result]).toEqual([[code], null])
    expect(messages[0]).toMatch(words)
  })

  it('arteries whose signal falls to the noise are remarked on', () => {
    const { codes, messages } = compute(runOf(undefined, NO_LEAKAGE), [volumeOf({ artery: 160, snr: 60 })], white)
    expect(codes).toContain('AIF_SATURATED')
    expect(messages.join(' ')).toMatch(/falls to the noise/)
  })

  it('white matter is looked for in the series where no map is given, and that is said', () => {
    expect(compute(runOf(undefined, NO_LEAKAGE), [volumeOf()], {}).codes).toEqual(['WHITE_MATTER_GUESSED'])
  })

  it('a method that depends on delay is remarked on', () => {
    expect(
      compute(runOf(undefined, { ...NO_LEAKAGE, 'dsc-deconvolution': 'ssvd' }), [volumeOf()], white).codes,
    ).toEqual(['DELAY_SENSITIVE', 'STROKE_VOLUMES_REFUSED'])
  })

  it('voxels that are not numbers have no estimate, and disturb nothing', () => {
    const volume = volumeOf()
    const n = voxelCount(GRID)
    volume.data[40 * n + GREY] = Number.NaN
    const { result } = compute(runOf(undefined, NO_LEAKAGE), [volume], white)
    expect([result?.status[GREY], result?.status[GREY + 1]]).toEqual([4, 1])
    expect(mapOf(result, 'osvd', 'cbf').values[GREY]).toBeNaN()
  })
})

describe('volumes of delayed perfusion', () => {
  const rows = (options = {}, sidecar: Record<string, unknown> = {}, placed = {}) => {
    const source = sourceOf(DSC, { ...SIDECAR, ...sidecar })
    const { result } = compute(runOf([source], { ...NO_LEAKAGE, ...options }), [volumeOf()], { ...white, ...placed })
    return result?.tables?.find(({ name }) => name.desc === 'strokevolumes')
  }

  it('are those of the late tissue, with method, time and healthy Tmax beside them', () => {
    const table = rows()
    const late = [...Array(voxelCount(GRID)).keys()].filter(v => kindOf(v) === 'late').length * VOXEL
    expect(table?.rows[0]).toEqual([
      'delayed_volume',
      4,
      expect.closeTo(late, 0),
      'mL',
      'osvd',
      1.5,
      expect.any(Number),
      'simultaneous',
      'research, not for diagnosis',
    ])
    expect(table?.rows[3]?.[2]).toBe(0)
    expect(table?.sidecar?.['Refused']).toBeNull()
  })

  it('are refused for another method or limit', () => {
    for (const options of [{ 'dsc-deconvolution': 'csvd' }, { 'dsc-oi-limit': 0.1 }] as const) {
      const table = rows(options)
      expect(table?.rows[0]?.[2]).toBeNull()
      expect(table?.sidecar?.['Refused']).toContain('osvd at an oscillation limit of 0.035')
    }
  })

  it('have a core where there is ADC, whatever power of a thousand it is stored in', () => {
    for (const unit of [1, 1e3, 1e6]) {
      const adc = {
        ...maskOf(() => true),
        data: maskOf(() => true).data.map((_, v) => unit * (kindOf(v) === 'late' ? 0.4e-3 : 0.8e-3)),
      }
      const table = rows({}, {}, { adc: [adc] })
      const core = table?.rows.find(([measure]) => measure === 'core_volume')
      expect(core?.[2]).toBeGreaterThan(3)
      expect(table?.sidecar?.['AdcFactor']).toBeCloseTo(1 / unit, 12)
    }
  })
})
