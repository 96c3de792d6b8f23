import { describe, expect, it } from 'vitest'
import { ivimBound } from '../../../src/kinetics/ivim-limit.ts'
import { B_SETS, ivimSignals, type Shares } from '../../../src/modalities/ivim/phantom.ts'
import { blankHeader } from '../../../src/nifti/index.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { compute, GRID, mapOf, runOf } from './run.ts'

const n = 24
const pure = (tissue: keyof Shares): Shares => {
  const of = (name: keyof Shares) => new Float32Array(n).fill(name === tissue ? 1 : 0)
  return { gm: of('gm'), wm: of('wm'), lesion: of('lesion'), csf: of('csf') }
}

describe('the phantom', () => {
  it.each(Object.keys(B_SETS))(
    '%s: three directions, three volumes without weighting, and the truth comes back',
    name => {
      const { series, b, directions } = ivimSignals(pure('wm'), { b: B_SETS[name]!, snr: Infinity, seed: '1' })
      expect(b.filter(value => value === 0)).toHaveLength(3)
      expect(b).toHaveLength(3 * B_SETS[name]!.length)
      const volume = { grid: GRID, frames: b.length, data: series, slope: 1, intercept: 0, header: blankHeader(GRID) }
      const { result, codes } = compute(runOf([{ b, vectors: directions }]), [volume])
      // White matter of the phantom is anisotropic: its mean diffusion comes out, by the geometric mean.
      expect(Math.abs(mapOf(result, 'D').values[0]! / 0.7e-3 - 1)).toBeLessThan(0.01)
      expect(Math.abs(mapOf(result, 'f').values[0]! / 0.06 - 1)).toBeLessThan(0.04)
      expect(codes.includes('B_VALUES_LIMITED')).toBe(name === 'minimum')
    },
  )

  it('has the noise that was asked for, which the run finds', () => {
    const { series, b, directions } = ivimSignals(pure('gm'), { b: B_SETS['brain']!, snr: 50, seed: '1' })
    const volume = { grid: GRID, frames: b.length, data: series, slope: 1, intercept: 0, header: blankHeader(GRID) }
    const { result } = compute(runOf([{ b, vectors: directions }]), [volume])
    const snr = result.quality.find(({ name }) => name === 'snr_b0')?.value
    expect(snr! / 50).toBeGreaterThan(0.6)
    expect(snr! / 50).toBeLessThan(1.5)
  })

  it('is random by its seed only', () => {
    const of = (seed: string) => ivimSignals(pure('gm'), { b: [0, 50, 200, 800], snr: 50, seed }).series
    expect(of('a')).toEqual(of('a'))
    expect(of('a')).not.toEqual(of('b'))
  })
})

describe('the figures of quality', () => {
  it('state the bound of the protocol: 88 % for D* of a voxel of brain at an SNR of 60', () => {
    const bound = ivimBound(
      { S0: 1, D: 0.83e-3, f: 0.0764, Dstar: 10.88e-3 },
      Float64Array.from(B_SETS['benchmark']!),
      1 / 60,
    )
    expect((100 * bound!.Dstar) / 10.88e-3).toBeCloseTo(88, -0.5)
    const random = createRandom('bound')
    const b = B_SETS['benchmark']!
    const repeated = [...b, ...b]
    const data = Float32Array.from(
      { length: n * repeated.length },
      (_, at) => 100 * Math.exp(-repeated[Math.floor(at / n)]! * 1e-3) + random.normal(),
    )
    const { result, codes } = compute(runOf([{ b: repeated }]), [
      { grid: GRID, frames: repeated.length, data, slope: 1, intercept: 0, header: blankHeader(GRID) },
    ])
    expect(result.quality.find(({ name }) => name === 'bound_cv_Dstar')?.value).toBeGreaterThan(20)
    expect(codes).not.toContain('NOISE_FLOOR')
  })
})
