import { describe, expect, it } from 'vitest'
import { ivim } from '../../../src/modalities/ivim/index.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { bvecText, compute, mapOf, runOf, threeDirections, volumeOf } from './run.ts'

const B = [0, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 600, 800]
const truth = (voxel: number) => ({
  S0: 500 + 10 * voxel,
  D: (0.7 + voxel / 40) * 1e-3,
  f: 0.1 + voxel / 200,
  Dstar: 40e-3,
})
const signal = (b: number, _: number, voxel: number) => {
  const { S0, D, f, Dstar } = truth(voxel)
  return S0 * ((1 - f) * Math.exp(-b * D) + f * Math.exp(-b * Dstar))
}

describe('without noise', () => {
  it.each([
    ['nlls', 1e-4],
    ['fixedd', 5e-3],
    ['segmented', 5e-3],
    ['bayes', 0.05],
  ] as const)('%s finds what is in the series', (fit, tolerance) => {
    const { result, codes } = compute(runOf([{ b: B }], { 'ivim-fit': fit }), [volumeOf(B, null, signal)])
    expect(codes.filter(code => code !== 'MASK_IMPLAUSIBLE')).toEqual([])
    for (const name of ['S0', 'D', 'f', 'Dstar'] as const)
      mapOf(result, name).values.forEach((value, voxel) => {
        expect(Math.abs(value / truth(voxel)[name] - 1), `${name} of voxel ${voxel}`).toBeLessThan(tolerance)
      })
    const [f, Dstar, product] = ['f', 'Dstar', 'fDstar'].map(name => mapOf(result, name).values[3]!)
    expect(product! / (f! * Dstar!)).toBeCloseTo(1, 2)
    expect(mapOf(result, 'Dstar', 'reliable').values.every(value => value === 1)).toBe(true)
    expect(mapOf(result, 'D').sidecar).toMatchObject({
      Estimator: fit,
      BThreshold: 200,
      ThresholdRule: '>=',
      DstarConvention: 'f·exp(−b·D*)',
    })
  })

  it('orders, repeats and scale of the volumes do not matter', () => {
    const order = [...B.keys()].reverse().flatMap(at => [B[at]!, B[at]!])
    const one = compute(runOf([{ b: B }]), [volumeOf(B, null, signal)]).result
    const other = compute(runOf([{ b: order }]), [volumeOf(order, null, (...of) => 7 * signal(...of))]).result
    for (const name of ['D', 'f', 'Dstar'] as const)
      mapOf(one, name).values.forEach((value, voxel) => {
        expect(mapOf(other, name).values[voxel]! / value).toBeCloseTo(1, 4)
      })
  })

  it('the geometric mean over directions is the trace, the arithmetic one is not', () => {
    const { b, vectors } = threeDirections([0, 200, 400, 600, 800, 1000])
    const D = [0.5e-3, 1.0e-3, 2.1e-3]
    const series = volumeOf(b, vectors, (value, axis) => 1000 * (value === 0 ? 1 : 0.9 * Math.exp(-value * D[axis]!)))
    const mean = (averaging: 'geometric' | 'arithmetic') =>
      mapOf(compute(runOf([{ b, vectors }], { 'ivim-averaging': averaging }), [series]).result, 'D').values[0]!
    expect(mean('geometric')).toBeCloseTo(1.2e-3, 7)
    expect(mean('arithmetic')).toBeLessThan(1.1e-3)
  })

  it('joined parts are brought to one scale', () => {
    const parts = [
      [0, 10, 20, 50, 100, 150],
      [0, 200, 400, 600, 800],
    ]
    const run = runOf(
      parts.map((b, at) => ({ b, path: `sub-01/dwi/sub-01_run-${at + 1}_dwi.nii.gz` })),
      { 'ivim-fit': 'nlls' },
    )
    const flat = (b: number) => signal(b, 0, 5)
    const { result } = compute(run, [volumeOf(parts[0]!, null, flat), volumeOf(parts[1]!, null, b => 2.5 * flat(b))])
    expect(mapOf(result, 'f').values[0]).toBeCloseTo(truth(5).f, 3)
  })
})

describe('what the b-values allow', () => {
  const given = (b: readonly number[], context = { scheme: 'ivim' }) => {
    const { result, codes } = compute(runOf([{ b }], {}, context), [volumeOf(b, null, signal)])
    return {
      params: result.maps.filter(({ name, kind }) => kind === 'map' && !name.desc).map(({ name }) => name.param),
      codes,
      result,
    }
  }

  it('D and f without D* from the least set that is recommended', () => {
    const { params, codes, result } = given([0, 200, 800])
    expect(params).toEqual(['D', 'f', 'S0', 'ADC'])
    expect(codes).toContain('B_VALUES_LIMITED')
    expect(mapOf(result, 'f').values[4]).toBeCloseTo(truth(4).f, 3)
    expect(mapOf(result, 'f').sidecar).toMatchObject({ Estimator: 'simplified', BValues: [0, 200, 800] })
  })

  it('kurtosis where b is high enough, and then D from b up to 1200 only', () => {
    const { params, result } = given([0, 20, 50, 200, 500, 800, 1500, 2000])
    expect(params).toEqual(['D', 'f', 'Dstar', 'fDstar', 'S0', 'ADC', 'ADC0', 'K'])
    expect(mapOf(result, 'D').sidecar).toMatchObject({ BValues: [0, 20, 50, 200, 500, 800] })
    expect(mapOf(result, 'ADC0').values[0]).toBeCloseTo(truth(0).D, 4)
  })

  it('fits S0 where the smallest b is not 0: f is not what is lost from there', () => {
    const { codes, result } = given([5, ...B.slice(1)])
    expect(codes).toContain('B0_NOT_MEASURED')
    expect(mapOf(result, 'f').values[4]! / truth(4).f).toBeCloseTo(1, 2)
    expect(mapOf(result, 'f').sidecar).toMatchObject({ Estimator: 'fixedd', S0Handling: 'fitted' })
    expect(given([0.1, ...B.slice(1)]).codes).not.toContain('B0_NOT_MEASURED')
  })

  it('ADC alone where it was forced', () => expect(given([0, 800], { scheme: 'other' }).params).toEqual(['ADC']))

  it('says that few low b-values are a poor D*', () =>
    expect(given([0, 50, 200, 800]).codes).toContain('B_VALUES_WEAK'))

  it.each([
    [[0, 0, 0], 'B_VALUES_TOO_FEW'],
    [[800, 800], 'B_VALUES_TOO_FEW'],
    [[10, 50, 200, 800], 'B0_MISSING'],
    [[0, 0.05, 0.2, 0.8], 'B_VALUES_TOO_FEW'],
  ])('%j is refused', (b, code) => {
    const bound = ivim.bind(runOf([{ b }]))
    expect(bound.ok).toBe(false)
    expect(bound.problems.map(problem => problem.code)).toEqual([code])
  })

  it('refuses counts that disagree, and describes the run all the same', () => {
    const run = runOf([{ b: B, frames: 13 }])
    expect(ivim.bind(run).problems.map(({ code }) => code)).toEqual(['LENGTHS_DISAGREE'])
    expect(ivim.describe?.(run).find(({ name }) => name === 'BValues')?.value).toBeNull()
  })

  it('leaves out directions that not every b has', () => {
    const low = threeDirections([0, 50, 200])
    const b = [...low.b, 800, 800, 800, 800]
    const vectors = [...low.vectors, [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0]]
    const bound = ivim.bind(runOf([{ b, vectors }]))
    expect(bound.problems.map(({ code }) => code)).toContain('DIRECTIONS_DIFFER')
    expect(bound.problems.find(({ code }) => code === 'DIRECTIONS_DIFFER')?.message).toMatch(/1 volumes/)
    expect(bvecText(vectors).split('\n')).toHaveLength(3)
  })
})

describe('voxels that cannot be fitted', () => {
  it('have a status and no number; a sample that was not measured is left out', () => {
    const b = B
    const bad = (at: number, voxel: number, value: number) =>
      voxel === 0 ? 0 : voxel === 1 && at === 200 ? Number.NaN : value
    const { result } = compute(runOf([{ b }]), [
      volumeOf(b, null, (value, axis, voxel) =>
        bad(value, voxel, voxel === 2 ? 1000 * Math.exp(-value * 1e-3) : signal(value, axis, voxel)),
      ),
    ])
    expect([...result.status.slice(0, 4)]).toEqual([4, 1, 5, 1])
    expect(mapOf(result, 'D').values[1]).toBeCloseTo(truth(1).D, 4)
    expect(mapOf(result, 'D').values[0]).toBeNaN()
    expect(mapOf(result, 'Dstar').values[2]).toBeNaN()
    expect(mapOf(result, 'Dstar', 'reliable').values[2]).toBe(0)
    expect(mapOf(result, 'D').values[2]).toBeCloseTo(1e-3, 6)
  })
})

describe('the fit of a region', () => {
  it('has an interval that holds the truth about as often as it says', () => {
    const random = createRandom('regions')
    const held = { D: 0, f: 0, Dstar: 0 }
    const rounds = 60
    for (let round = 0; round < rounds; round++) {
      const noisy = volumeOf(B, null, b => signal(b, 0, 5) + 15 * random.normal())
      const { result } = compute(runOf([{ b: B }]), [noisy])
      for (const { parameter, ciLow, ciHigh } of result.regionFits?.(Int32Array.from({ length: 24 }, (_, v) => v)) ??
        [])
        if (parameter === 'D' || parameter === 'f' || parameter === 'Dstar')
          if (ciLow! <= truth(5)[parameter] && truth(5)[parameter] <= ciHigh!) held[parameter]++
    }
    for (const count of Object.values(held)) expect(count / rounds).toBeGreaterThan(0.85)
  })
})
