import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  correlation,
  mean,
  median,
  medianAbsoluteDeviation,
  quantile,
  quantileSorted,
  standardDeviation,
  variance,
} from '../../src/numerics/statistics.ts'

describe('mean and spread', () => {
  it('are those of the definition', () => {
    expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5)
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9], 0)).toBe(2)
    expect(variance([1, 2, 3, 4])).toBeCloseTo(5 / 3, 15)
  })

  it('lose no digits where the mean is large', () => {
    expect(variance([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBe(1)
  })

  it('of nothing, or of too little, is NaN', () => {
    expect(mean([])).toBeNaN()
    expect(variance([1])).toBeNaN()
    expect(variance([1], 0)).toBe(0)
  })
})

describe('quantiles', () => {
  it('are of type 7, as numpy and R have them', () => {
    // numpy.quantile([1, 2, 4, 7, 11], [0, .05, .25, .5, .75, .95, 1])
    const values = [11, 1, 4, 2, 7]
    const expected = [1, 1.2, 2, 4, 7, 10.2, 11]
    ;[0, 0.05, 0.25, 0.5, 0.75, 0.95, 1].forEach((p, at) => {
      expect(quantile(values, p)).toBeCloseTo(expected[at]!, 12)
    })
    expect(values).toEqual([11, 1, 4, 2, 7])
  })

  it('of an even number is the mean of the middle two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([])).toBeNaN()
    expect(quantileSorted([5], 0.3)).toBe(5)
  })

  it('lie between the extremes and rise', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }), values => {
        const sorted = Float64Array.from(values).sort()
        const at = [0, 0.2, 0.5, 0.9, 1].map(p => quantileSorted(sorted, p))
        expect(at[0] === sorted[0]).toBe(true)
        expect(at[4] === sorted[sorted.length - 1]).toBe(true)
        for (let i = 1; i < at.length; i++) expect(at[i]!).toBeGreaterThanOrEqual(at[i - 1]!)
      }),
    )
  })
})

it('the median absolute deviation ignores outliers', () => {
  expect(medianAbsoluteDeviation([50, 52, 48, 51, 49, 95, 53, 10]) / 0.675).toBeCloseTo(2.962962962962963, 12)
})

describe('correlation', () => {
  it('is ±1 for a line and NaN where nothing varies', () => {
    expect(correlation([1, 2, 3], [10, 20, 30])).toBeCloseTo(1, 15)
    expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 15)
    expect(correlation([1, 1, 1], [1, 2, 3])).toBeNaN()
  })

  it('is that of the definition', () => {
    // numpy.corrcoef([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    expect(correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])).toBeCloseTo(0.8, 12)
  })
})
