import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logPolynomial } from '../../src/numerics/log-polynomial.ts'
import { type Derivatives, minimise } from '../../src/numerics/newton.ts'
import { ricianMean } from '../../src/numerics/rician.ts'
import { invertSymmetric } from '../../src/numerics/symmetric.ts'

const entry = fc.double({ min: -1, max: 1, noNaN: true })

describe('the inverse of a symmetric matrix', () => {
  it('times the matrix is one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(entry, { minLength: 16, maxLength: 16 }), (n, values) => {
        const M = new Float64Array(n * n)
        // A·Aᵀ + 1 is positive definite; the units of the rows differ by powers of ten.
        const unit = (k: number) => [1, 1e-3, 1e2, 1e-1][k]!
        for (let r = 0; r < n; r++) {
          for (let c = 0; c < n; c++) {
            let sum = r === c ? 1 : 0
            for (let k = 0; k < 4; k++) sum += values[4 * r + k]! * values[4 * c + k]!
            M[r * n + c] = sum * unit(r) * unit(c)
          }
        }
        const inverse = Float64Array.from(M)
        expect(invertSymmetric(inverse, n, new Float64Array(n))).toBe(true)
        for (let r = 0; r < n; r++) {
          for (let c = 0; c < n; c++) {
            let sum = 0
            for (let k = 0; k < n; k++) sum += M[r * n + k]! * inverse[k * n + c]!
            expect((sum * unit(c)) / unit(r)).toBeCloseTo(r === c ? 1 : 0, 10)
          }
        }
      }),
    )
  })

  it('is refused where rows depend on each other or hold no number', () => {
    expect(invertSymmetric(Float64Array.of(1, 2, 2, 4), 2, new Float64Array(2))).toBe(false)
    expect(invertSymmetric(Float64Array.of(0), 1, new Float64Array(1))).toBe(false)
    expect(invertSymmetric(Float64Array.of(Number.NaN), 1, new Float64Array(1))).toBe(false)
  })
})

describe('the minimum of a function', () => {
  const at: Derivatives = { slope: 0, curvature: 0 }
  /** exp(x − a) − x has its minimum at a. */
  const around = (a: number) => (x: number) => {
    at.slope = Math.exp(x - a) - 1
    at.curvature = Math.exp(x - a)
  }

  it('is found from anywhere', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -4, max: 4, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        (a, start) => {
          expect(minimise(around(a), at, -5, 5, start, 1e-9)).toBeCloseTo(a, 8)
        },
      ),
    )
  })

  it('is the end of the interval that the function falls towards', () => {
    expect(minimise(around(7), at, -5, 5, 0, 1e-9)).toBe(5)
    expect(minimise(around(-7), at, -5, 5, 0, 1e-9)).toBe(-5)
  })

  it('is found where the curvature is no help', () => {
    const blunt = (x: number) => {
      at.slope = x - 1
      at.curvature = -1
    }
    expect(minimise(blunt, at, -5, 5, 4, 1e-9)).toBeCloseTo(1, 7)
  })
})

describe('the mean of a magnitude', () => {
  it('is continuous where the expansion takes over, and has its limits', () => {
    const edge = Math.sqrt(80)
    expect(ricianMean(edge * (1 + 1e-12), 1)).toBeCloseTo(ricianMean(edge * (1 - 1e-12), 1), 9)
    expect(ricianMean(0, 2)).toBeCloseTo(2 * Math.sqrt(Math.PI / 2), 12)
    expect(ricianMean(1000, 1)).toBeCloseTo(1000 + 1 / 2000, 8)
  })
})

describe('a polynomial of the logarithm', () => {
  it('is found exactly, without what has no logarithm, and refused where too little is left', () => {
    const x = Float64Array.of(0, 0.5, 1, 2)
    const curve = logPolynomial(x, 3)
    expect(
      curve.fit(
        x.map(s => Math.exp(0.2 - 1.1 * s + 0.3 * s * s)),
        50,
      ),
    ).toBe(true)
    expect(Array.from(curve.coefficients)).toEqual([0.2, -1.1, 0.3].map(value => expect.closeTo(value, 9)))
    expect(curve.fit(Float64Array.of(1, 1, 0, 1), 50)).toBe(true)
    expect(curve.fit(Float64Array.of(1, 1, 0, 0), 50)).toBe(false)
  })
})
