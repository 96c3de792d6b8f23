import { describe, expect, it } from 'vitest'
import { dispersionIndex, qualityIndex, spatialVariation } from '../../../src/modalities/asl/quality-index.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { caseOf, casesOf, expectClose, number, numbers } from './cases.ts'
import { compute, gridOf, runOf, volumeOf } from './run.ts'

describe('the quality evaluation index', () => {
  it.each(casesOf('qei').map(item => [item.id, item] as const))('%s', (_, { inputs, expected, tolerance }) => {
    const parts = {
      correlation: number(inputs, 'structural_correlation'),
      dispersion: number(inputs, 'dispersion_index'),
      negative: number(inputs, 'negative_gm_fraction'),
    }
    expectClose(qualityIndex(parts), number(expected, 'qei'), tolerance)
  })

  it('is 0 where the map is the negative of the structure', () => {
    expect(qualityIndex({ correlation: -0.5, dispersion: 1, negative: 0 })).toBe(0)
  })

  it('QEI-DI-01: index of dispersion', () => {
    const { inputs, expected, tolerance } = caseOf('QEI-DI-01')
    const tissues = ['gm', 'wm', 'csf'].map(tissue => numbers(inputs, tissue))
    expectClose(dispersionIndex(tissues), number(expected, 'dispersion_index_ddof1'), tolerance)
  })
})

it('SCOV-01: spatial coefficient of variation', () => {
  const { inputs, expected, tolerance } = caseOf('SCOV-01')
  expectClose(spatialVariation(numbers(inputs, 'cbf_ml_100g_min')), number(expected, 'spatial_cov_percent'), tolerance)
})

describe('the quality of a run', () => {
  const grid = gridOf([12, 12, 8])
  const n = 12 * 12 * 8
  const everywhere = new Uint8Array(n).fill(1)
  /** Grey, white and fluid in three slabs. */
  const slab = (from: number, to: number) =>
    Float64Array.from({ length: n }, (_, v) => (v % 12 >= from && v % 12 < to ? 1 : 0))
  const [gm, wm, csf] = [slab(0, 6), slab(6, 10), slab(10, 12)]
  const cbf = gm.map((_, v) => 60 * gm[v]! + 20 * wm[v]!)
  const random = createRandom('quality')
  const types = ['m0scan', 'control', 'label', 'control', 'label', 'control', 'label', 'control', 'label']
  const frames = types.map(type =>
    Float64Array.from(
      { length: n },
      (_, v) => 1000 - (type === 'label' ? (7 * cbf[v]!) / 60.41 : 0) + (type === 'm0scan' ? 0 : 1.5 * random.normal()),
    ),
  )
  const series = volumeOf(grid, frames)
  const run = runOf({ shape: [12, 12, 8], types, sidecar: { TotalAcquiredPairs: 4 }, options: { 'asl-m0-fwhm': 0 } })
  const tissues = { gm: [volumeOf(grid, [gm])], wm: [volumeOf(grid, [wm])], csf: [volumeOf(grid, [csf])] }
  const values = (roles = {}) =>
    Object.fromEntries(compute(run, series, roles, everywhere).result.quality.map(({ name, value }) => [name, value]))

  it('with tissue maps is judged in grey matter', () => {
    const quality = values(tissues)
    expect(quality['cbf_gm']).toBeCloseTo(60, 0)
    expect(quality['cbf_wm']).toBeCloseTo(20, 0)
    expect(quality['gm_wm_ratio']).toBeCloseTo(3, 0)
    // ΔM 6.95 with a noise of 1.5·√2 a difference.
    expect(quality['tsnr_gm']).toBeGreaterThan(2.5)
    expect(quality['tsnr_gm']).toBeLessThan(6)
    expect(quality['negative_gm']).toBe(0)
    expect(quality['no_estimate']).toBe(0)
    expect(quality['mask_volume']).toBeCloseTo((n * 80) / 1000, 9)
    expect(quality['qei']).toBeGreaterThan(0.8)
    expect(quality['qei_correlation']).toBeGreaterThan(0.9)
    expect(quality).toHaveProperty('qei_dispersion')
    expect(quality).toHaveProperty('qei_negative')
    expect(quality['spatial_cov_gm']).toBeLessThan(40)
    expect(quality['deltam_over_m0']).toBeGreaterThan(0.1)
    expect(quality['above_100_gm']).toBeLessThan(1)
  })

  it('without is judged in the mask, and has no index', () => {
    const quality = values()
    expect(quality).not.toHaveProperty('qei')
    expect(quality).not.toHaveProperty('cbf_gm')
    expect(quality['cbf_mean']).toBeCloseTo((60 * 6 + 20 * 4) / 12, 0)
    expect(quality['negative_brain']).toBeGreaterThan(5)
  })

  it('has unique names, and numbers or nothing', () => {
    const { quality } = compute(run, series, tissues, everywhere).result
    expect(new Set(quality.map(({ name }) => name)).size).toBe(quality.length)
    for (const { value } of quality) expect(value === null || Number.isFinite(value)).toBe(true)
  })

  it('is drawn over the groups that are there', () => {
    const groups = (roles = {}) =>
      compute(run, series, roles, everywhere).result.figures.flatMap(figure =>
        (figure.kind === 'histogram' && 'groups' in figure ? (figure.groups ?? []) : []).map(({ label }) => label),
      )
    expect(groups()).toEqual(['brain mask'])
    expect(groups(tissues)).toEqual(['brain mask', 'grey matter', 'white matter'])
    const course = compute(run, series, tissues, everywhere).result.figures.find(({ id }) => id === 'course')
    expect(course?.kind === 'lines' && course.series.map(({ label, values }) => [label, values.length])).toEqual([
      ['brain mask', 4],
      ['grey matter', 4],
    ])
  })
})
