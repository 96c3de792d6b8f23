import { describe, expect, it } from 'vitest'
import type { Volume } from '../../../src/image/volume.ts'
import { voxelCount } from '../../../src/image/volume.ts'
import { leakageFit } from '../../../src/modalities/dsc/leakage-fit.ts'
import { arterialCurve, integralOf, tissueCurve, valueAt } from '../../../src/modalities/dsc/phantom-curves.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { compute, DSC, DT, FRAMES, GREY, GRID, kindOf, mapOf, runOf, SIDECAR, sourceOf, volumeOf } from './run.ts'

const input = arterialCurve(45, FRAMES * DT + 5)
const fine = tissueCurve(input, { volume: 8, transit: 4, delay: 0, dispersion: 0 })
const reference = Float64Array.from({ length: FRAMES }, (_, k) => valueAt(fine, k * DT))

/** ∫₀ᵗ R̄(τ)·exp(−kep·(t − τ)) dτ by many small steps. */
function leaked(kep: number): Float64Array {
  const steps = 2000
  const at = (t: number) => {
    const k = Math.min(FRAMES - 2, Math.floor(t / DT))
    return reference[k]! + (t / DT - k) * (reference[k + 1]! - reference[k]!)
  }
  const h = DT / steps
  let sum = 0
  return Float64Array.from({ length: FRAMES }, (_, k) => {
    if (k > 0)
      for (let step = 0; step < steps; step++) {
        const t = (k - 1) * DT + step * h
        sum = sum * Math.exp(-kep * h) + h * Math.exp((-kep * h) / 2) * at(t + h / 2)
      }
    return sum
  })
}

const area = (curve: Float64Array) => {
  let sum = -(curve[0]! + curve[FRAMES - 1]!) / 2
  for (const value of curve) sum += value
  return sum * DT
}

describe('the fit', () => {
  it.each([
    [1.5, 0, 0],
    [1.5, 0.02, 0],
    [0.8, -0.01, 0],
    [1.5, 0.02, 0.01],
    [1, -0.02, 0.03],
  ])('finds K1 %s, K2 %s, kep %s and gives back the area that leakage took', (K1, K2, kep) => {
    const integral = leaked(kep)
    const curve = reference.map((value, k) => K1 * value - K2 * integral[k]!)
    const fit = leakageFit(reference, DT, kep > 0)
    expect(fit.solve(curve)).toBe(true)
    expect(fit.values.K1 / K1).toBeCloseTo(1, 4)
    expect(Math.abs(fit.values.K2 - K2)).toBeLessThan(1e-3 * Math.max(Math.abs(K2), 0.001))
    if (kep > 0) expect(fit.values.kep / kep).toBeCloseTo(1, 3)
    expect((area(curve) + fit.values.missing) / (K1 * area(reference))).toBeCloseTo(1, 4)
  })

  it.each([
    ['unidirectional', false, 0, 1],
    ['bidirectional', true, 0.015, 1.5],
  ] as const)('%s: its standard errors are the spread', (_, isBidirectional, kep, most) => {
    const random = createRandom('leakage errors')
    const fit = leakageFit(reference, DT, isBidirectional)
    const integral = leaked(kep)
    const found = { K1: [] as number[], K2: [] as number[], kep: [] as number[], area: [] as number[] }
    const errors = { K1: 0, K2: 0, kep: 0, area: 0 }
    const draws = 400
    for (let draw = 0; draw < draws; draw++) {
      const curve = reference.map((value, k) => 1.2 * value - 0.02 * integral[k]! + 0.1 * random.normal())
      fit.solve(curve)
      fit.errors()
      const { K1, K2, missing } = fit.values
      const values = { K1, K2, kep: fit.values.kep, area: area(curve) + missing }
      for (const key of ['K1', 'K2', 'kep', 'area'] as const) {
        found[key].push(values[key])
        errors[key] += fit.se[key] / draws
      }
    }
    for (const key of ['K1', 'K2', 'area', ...(isBidirectional ? (['kep'] as const) : [])] as const) {
      const mean = found[key].reduce((sum, value) => sum + value, 0) / draws
      const spread = Math.sqrt(found[key].reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws)
      expect(errors[key] / spread, key).toBeGreaterThan(0.85)
      expect(errors[key] / spread, key).toBeLessThan(1.15 * most)
    }
    expect(Number.isNaN(errors.kep)).toBe(!isBidirectional)
  })
})

describe('a run with a tumour', () => {
  const maskOf = (is: (v: number) => boolean): Volume => ({
    ...volumeOf({ frames: 1 }),
    data: Float32Array.from({ length: voxelCount(GRID) }, (_, v) => (is(v) ? 1 : 0)),
  })
  const isTumour = (v: number) => kindOf(v) === 'gm' && Math.floor(v / 14) % 14 > 8
  const white = { wm: [maskOf(v => kindOf(v) === 'wm')] }
  const integral = integralOf(fine)
  const leaking = volumeOf({ more: (_, v, time) => (isTumour(v) ? -0.02 * valueAt(integral, time) : 0) })
  const over = (values: ArrayLike<number>) => {
    const inside = Array.from(values).filter((value, v) => isTumour(v) && Number.isFinite(value))
    return inside.reduce((sum, value) => sum + value, 0) / inside.length
  }

  it('is corrected where leakage is seen, and there alone; MTT is not', () => {
    const { result } = compute(runOf(), [leaking], white)
    const plain = compute(runOf(undefined, { 'dsc-leakage': 'none' }), [leaking], white).result
    expect(over(mapOf(plain, undefined, 'rcbv').values)).toBeLessThan(1)
    expect(over(mapOf(result, undefined, 'rcbv').values)).toBeCloseTo(2, 0)
    expect(over(mapOf(result, 'bsw', 'k2').values)).toBeGreaterThan(0.01)
    expect(mapOf(result, undefined, 'rcbv').values[GREY]).toBeCloseTo(mapOf(plain, undefined, 'rcbv').values[GREY]!, 1)
    for (const param of ['cbf', 'mtt', 'tmax'])
      expect(mapOf(result, 'osvd', param).values).toEqual(mapOf(plain, 'osvd', param).values)
    expect(mapOf(result, undefined, 'rcbv').sidecar?.['LeakageCorrection']).toMatch(/^bsw where leakage is seen/)
    expect(result?.facts?.find(({ name }) => name === 'EnhancementKnown')?.value).toBe(true)
  })

  it('late tissue that does not leak has no corrected volume, and says why', () => {
    const { result } = compute(runOf(), [leaking], white)
    const map = mapOf(result, 'bsw', 'cbv')
    const late = [...map.values.keys()].filter(v => kindOf(v) === 'late')
    expect(late.filter(v => map.status?.[v] === 6).length / late.length).toBeGreaterThan(0.9)
    for (const v of late) if (map.status?.[v] === 6) expect(map.values[v]).toBeNaN()
    const plain = mapOf(result, 'nocorr', 'cbv')
    expect(late.every(v => Number.isFinite(plain.values[v]))).toBe(true)
  })

  it('declared enhancement leads with the corrected volume everywhere that it can be told', () => {
    const source = sourceOf(DSC, { ...SIDECAR, Enhancing: true })
    const { result } = compute(runOf([source]), [leaking], white)
    expect(mapOf(result, undefined, 'rcbv').sidecar?.['LeakageCorrection']).toContain(
      'the sidecar declares enhancement',
    )
  })

  it('a mask of pathology keeps its voxels out of artery, reference and white matter', () => {
    const lesion = [maskOf(v => kindOf(v) === 'artery')]
    const { result, codes } = compute(runOf(), [leaking], { ...white, lesion })
    const mask = result?.maps.find(({ name }) => name.desc === 'aif' && name.suffix === 'mask')
    expect([...(mask?.values ?? [])].some((value, v) => value === 1 && kindOf(v) === 'artery')).toBe(false)
    expect(codes).not.toContain('AIF_NOT_FOUND')
  })

  it('bidirectional correction gives kep only where agent leaks', () => {
    const { result } = compute(runOf(undefined, { 'dsc-leakage': 'bidirectional' }), [leaking], white)
    const kep = mapOf(result, 'bidir', 'kep').values
    for (const value of kep) if (Number.isFinite(value)) expect(value >= 0 && value <= 0.05).toBe(true)
    const [K2, error] = [mapOf(result, 'bidir', 'k2').values, mapOf(result, 'bidir', 'k2', 'sd').values]
    for (let v = 0; v < kep.length; v++)
      if (Number.isFinite(K2[v])) expect(Number.isNaN(kep[v])).toBe(Math.abs(K2[v]!) <= 2 * error[v]!)
  })
})
