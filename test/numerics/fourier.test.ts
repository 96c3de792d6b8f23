import { describe, expect, it } from 'vitest'
import { realFourier } from '../../src/numerics/fourier.ts'
import { createRandom } from '../../src/numerics/random.ts'
import { rootsOfUnity } from '../../src/numerics/roots-of-unity.ts'

describe('roots of unity', () => {
  it.each([1, 2, 5, 8, 12, 160, 161, 321])('%i of them lie where sine and cosine say', n => {
    const { cos, sin } = rootsOfUnity(n)
    for (let k = 0; k < n; k++) {
      expect(Math.abs(cos[k]! - Math.cos((2 * Math.PI * k) / n))).toBeLessThan(2e-15)
      expect(Math.abs(sin[k]! - Math.sin((2 * Math.PI * k) / n))).toBeLessThan(2e-15)
      expect(Math.abs(cos[k]! * cos[k]! + sin[k]! * sin[k]! - 1)).toBeLessThan(1e-15)
    }
  })
  it('are exact at quarters of a turn', () => {
    const { cos, sin } = rootsOfUnity(12)
    expect([cos[0], cos[3], cos[6], cos[9]]).toEqual([1, -0, -1, 0])
    expect([sin[0], sin[3], sin[6], sin[9]]).toEqual([0, 1, -0, -1])
  })
})

/** Lengths of which the half has only small factors, and others: primes and their products. */
const LENGTHS = [2, 4, 6, 8, 10, 14, 16, 18, 50, 98, 100, 118, 158, 160, 162, 240, 250, 256, 322, 400]

describe('the Fourier transform', () => {
  it.each(LENGTHS)('of %i samples is the sum that defines it', n => {
    const random = createRandom(n)
    const x = Float64Array.from({ length: n }, () => random.normal())
    const [re, im] = [new Float64Array(n / 2 + 1), new Float64Array(n / 2 + 1)]
    const transform = realFourier(n)
    transform.forward(x, re, im)
    const { cos, sin } = rootsOfUnity(n)
    for (let k = 0; k <= n / 2; k++) {
      let [a, b] = [0, 0]
      for (let j = 0; j < n; j++) {
        a += x[j]! * cos[(j * k) % n]!
        b -= x[j]! * sin[(j * k) % n]!
      }
      expect(Math.abs(re[k]! - a)).toBeLessThan(1e-14 * n)
      expect(Math.abs(im[k]! - b)).toBeLessThan(1e-14 * n)
    }
    const back = new Float64Array(n)
    transform.inverse(re, im, back)
    for (let j = 0; j < n; j++) expect(Math.abs(back[j]! - x[j]!)).toBeLessThan(1e-14 * n)
  })
})
