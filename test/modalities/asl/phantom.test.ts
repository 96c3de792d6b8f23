import { describe, expect, it } from 'vitest'
import type { Volume } from '../../../src/image/volume.ts'
import { headGrid, makeAnatomy } from '../../../src/modalities/anatomy.ts'
import { aslPhantom, aslSignals, m0Sidecar, seriesSidecar } from '../../../src/modalities/asl/phantom.ts'
import type { Phantom, PhantomImage } from '../../../src/modalities/modality.ts'
import { blankHeader } from '../../../src/nifti/index.ts'
import { mean, standardDeviation } from '../../../src/numerics/statistics.ts'
import { defaultOptions, type Options } from '../../../src/options.ts'
import { compute, mapOf, sourceOf, volumeOf } from './run.ts'

const PATH = 'sub-01/perf/sub-01_asl.nii.gz'
const anatomy = makeAnatomy(1, '01')
const grid = headGrid([6, 6, 8])
const tissues = anatomy.tissues(grid)
const n = tissues.gm.length
const head = Uint8Array.from(tissues.gm, (gm, v) => (gm + tissues.wm[v]! + tissues.csf[v]! > 0.01 ? 1 : 0))

/** A run over the voxels of a phantom. */
function runOf(
  sidecar: Readonly<Record<string, unknown>>,
  types: readonly string[],
  m0: boolean,
  options: Partial<Options>,
  on = grid,
) {
  const series = sourceOf(PATH, sidecar, on, types.length, types)
  const roles = m0 ? { m0: [sourceOf('sub-01/perf/sub-01_m0scan.nii.gz', m0Sidecar(PATH), on, 1)] } : {}
  return {
    kind: 'asl',
    entities: { sub: '01' },
    series: [series],
    roles,
    context: {},
    participant: {},
    options: { ...defaultOptions(), ...options },
    seed: 1,
  }
}

describe('the signals', () => {
  it.each([
    ['separate', true],
    ['separate', false],
    ['included', true],
    ['included', false],
  ] as const)('without noise give the truth in every voxel (M0 %s, suppression %s)', (m0, suppressed) => {
    const signals = aslSignals(tissues, {
      pairs: 2,
      m0,
      suppressed,
      snr: Number.POSITIVE_INFINITY,
      seed: '1',
      level: 1.05,
    })
    const sidecar = seriesSidecar(signals.types, suppressed, [6, 6, 8])
    const run = runOf(sidecar, signals.types, signals.m0 !== null, { 'asl-m0-fwhm': 0 })
    const series: Volume = {
      grid,
      frames: signals.types.length,
      data: signals.series,
      slope: 1,
      intercept: 0,
      header: blankHeader(grid),
    }
    const { result } = compute(run, series, signals.m0 ? { m0: [volumeOf(grid, [signals.m0])] } : {}, head)
    const cbf = mapOf(result, 'cbf')
    let worst = 0
    for (let v = 0; v < n; v++) {
      if (head[v] !== 1) continue
      worst = Math.max(worst, Math.abs(cbf[v]! - signals.cbf[v]!))
    }
    expect(worst).toBeLessThan(suppressed ? 0.005 : 0.05)
    expect(Math.max(...signals.cbf)).toBeCloseTo(63, 3)
  })

  it('with noise scatter about it by what the signal-to-noise ratio says', () => {
    const clean = aslSignals(tissues, { pairs: 1, snr: Number.POSITIVE_INFINITY, seed: 'a' })
    const noise = (kind: 'gaussian' | 'rician') => {
      const noisy = aslSignals(tissues, { pairs: 1, snr: 100, seed: 'a', noise: kind }).m0!
      return { at: (v: number) => noisy[v]! - clean.m0![v]!, values: noisy.map((value, v) => value - clean.m0![v]!) }
    }
    const gaussian = noise('gaussian').values
    expect(standardDeviation(gaussian)).toBeCloseTo(170, -1)
    expect(Math.abs(mean(gaussian))).toBeLessThan(5)
    // Outside the head a magnitude image has a mean of σ·√(π/2).
    const outside = noise('rician').values.filter((_, v) => clean.m0![v] === 0)
    expect(mean(outside)).toBeCloseTo(170 * Math.sqrt(Math.PI / 2), -1)
  })

  it('of one seed are the same, of another are not', () => {
    const of = (seed: string) => aslSignals(tissues, { pairs: 1, snr: 100, seed }).series
    expect(of('a')).toEqual(of('a'))
    expect(of('a')).not.toEqual(of('b'))
  })
})

describe('the phantom', () => {
  let made: Phantom | undefined
  const make = (): Phantom => {
    made ??= aslPhantom({
      anatomy,
      snr: 100,
      seed: '1',
      level: 1,
      bSet: 'brain',
      spread: shares => shares,
      path: () => PATH,
    })
    return made
  }

  it('processed with the defaults gives the truth within the bands that it states', () => {
    const phantom = make()
    const [series, m0] = phantom.images
    const volume = (image: PhantomImage | undefined): Volume => {
      if (!image) throw new Error('no image')
      return {
        grid: image.grid,
        frames: image.frames,
        data: image.data,
        slope: 1,
        intercept: 0,
        header: blankHeader(image.grid),
      }
    }
    const types = series!.tables['aslcontext']!.rows.map(([type]) => type ?? '')
    const run = runOf(series!.sidecar, types, true, {}, series!.grid)
    const { result, prepared, problems } = compute(run, volume(series), { m0: [volume(m0)] })
    expect(problems.map(({ code }) => code)).toEqual([])
    const cbf = mapOf(result, 'cbf')
    const truthOf = (name: object) =>
      phantom.truth.find(item => JSON.stringify(item.name) === JSON.stringify(name))!.values
    for (const { truth, within, region, tolerance } of phantom.checks) {
      const select = (values: ArrayLike<number>) =>
        mean(Array.from(values).filter((_, v) => truthOf(within.name)[v]! > within.above && prepared.mask[v] === 1))
      const [found, expected] = [select(cbf), select(truthOf(truth))]
      expect(Math.abs(found / expected - 1), region).toBeLessThan(tolerance)
    }
  })

  it('names its M0, and states its metadata', () => {
    const [series, m0] = make().images
    expect(m0).toMatchObject({
      suffix: 'm0scan',
      frames: 1,
      sidecar: { IntendedFor: `bids::${PATH}`, RepetitionTimePreparation: 6 },
    })
    expect(series).toMatchObject({
      suffix: 'asl',
      frames: 30,
      sidecar: { M0Type: 'Separate', TotalAcquiredPairs: 15, BackgroundSuppressionNumberPulses: 2 },
    })
  })
})

describe('the head', () => {
  it('has fractions that sum to 1 inside and 0 outside', () => {
    let inside = 0
    for (let v = 0; v < n; v++) {
      const sum = tissues.gm[v]! + tissues.wm[v]! + tissues.csf[v]!
      expect(sum).toBeLessThan(1.00001)
      for (const part of [tissues.gm, tissues.wm, tissues.csf]) expect(part[v]!).toBeGreaterThan(-1e-6)
      if (sum > 0.999) inside++
    }
    const litres = (inside * 6 * 6 * 8) / 1e6
    expect(litres).toBeGreaterThan(1)
    expect(litres).toBeLessThan(1.8)
    expect(tissues.gm[0]).toBe(0)
  })

  it('has the same tissue on any grid', () => {
    const volume = (size: readonly [number, number, number]) => {
      const found = anatomy.tissues(headGrid(size))
      const edge = size[0] * size[1] * size[2]
      return [found.gm, found.wm, found.csf].map(part => (part.reduce((sum, value) => sum + value, 0) * edge) / 1000)
    }
    const [coarse, fine] = [volume([6, 6, 8]), volume([4, 4, 4])]
    coarse.forEach((value, part) => {
      expect(Math.abs(value / fine[part]! - 1)).toBeLessThan(0.02)
    })
  })

  it('of another subject is another', () => {
    expect(makeAnatomy(1, '02').tissues(grid).gm).not.toEqual(tissues.gm)
    expect(makeAnatomy(1, '01').tissues(grid).gm).toEqual(tissues.gm)
  })

  it('in a T1-weighted image has bright white matter, dark fluid and a scalp', () => {
    const t1w = anatomy.t1w(grid)
    const where = (part: Float32Array, above: number) => mean(Array.from(t1w).filter((_, v) => part[v]! > above))
    expect(where(tissues.wm, 0.99)).toBeCloseTo(900, -1)
    expect(where(tissues.gm, 0.99)).toBeCloseTo(600, -1)
    expect(where(tissues.csf, 0.6)).toBeLessThan(450)
    const outside = t1w.filter((value, v) => value > 500 && tissues.gm[v]! + tissues.wm[v]! + tissues.csf[v]! === 0)
    expect(outside.length).toBeGreaterThan(100)
  })
})
