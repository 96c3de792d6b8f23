import fc from 'fast-check'
import { expect, it } from 'vitest'
import { power, wholePower } from '../../src/numerics/power.ts'

it('is the power', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      fc.double({ min: -5, max: 5, noNaN: true }),
      (x, y) => {
        const expected = x ** y
        expect(Math.abs(power(x, y) - expected)).toBeLessThanOrEqual(1e-13 * expected)
      },
    ),
  )
})

it('has the limits that its documentation names', () => {
  expect(power(0, 0.5)).toBe(0)
  expect(power(0, 0)).toBe(1)
  expect(power(-1, 0.5)).toBeNaN()
  expect(wholePower(0.95, 0)).toBe(1)
  expect(wholePower(0.95, 2)).toBe(0.95 * 0.95)
})
