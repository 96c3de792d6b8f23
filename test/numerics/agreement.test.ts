import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Interval,
  intraclass,
  pairAgreement,
  varianceComponents,
  withinSubject,
} from '../../src/numerics/agreement.ts'
import { chiSquaredQuantile, fQuantile, lnGamma, tQuantile } from '../../src/numerics/distributions.ts'
import { createRandom } from '../../src/numerics/random.ts'

/** Peak expiratory flow [L/min] by two meters, two measurements each: Bland and Altman, Lancet 327:307 (1986), table 1. */
const WRIGHT = [
  [494, 490],
  [395, 397],
  [516, 512],
  [434, 401],
  [476, 470],
  [557, 611],
  [413, 415],
  [442, 431],
  [650, 638],
  [433, 429],
  [417, 420],
  [656, 633],
  [267, 275],
  [478, 492],
  [178, 165],
  [423, 372],
  [427, 421],
] as const
const MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
/** Six targets by four judges: Shrout and Fleiss, Psychol Bull 86:420 (1979), table 2. */
const JUDGES = [
  [9, 2, 5, 8],
  [6, 1, 3, 2],
  [8, 4, 6, 8],
  [7, 1, 2, 6],
  [10, 5, 6, 9],
  [6, 2, 4, 7],
]

const close = (value: number, expected: number, digits: number) => expect(value).toBeCloseTo(expected, digits)
const near = ({ value, low, high }: Interval, expected: readonly [number, number, number], digits: number) => {
  close(value, expected[0], digits)
  close(low, expected[1], digits)
  close(high, expected[2], digits)
}

describe('quantiles', () => {
  it('are those of scipy 1.10', () => {
    const relative = (value: number, expected: number) => expect(value / expected - 1).toBeCloseTo(0, 9)
    relative(chiSquaredQuantile(0.025, 1), 0.0009820691171752555)
    relative(chiSquaredQuantile(0.975, 1), 5.023886187314888)
    relative(chiSquaredQuantile(0.025, 5), 0.8312116134866625)
    relative(chiSquaredQuantile(0.975, 16), 28.845350723404753)
    relative(chiSquaredQuantile(0.025, 100), 74.22192747492373)
    relative(chiSquaredQuantile(0.975, 20000), 20393.883649999767)
    relative(fQuantile(0.975, 5, 18), 3.381967805875243)
    relative(fQuantile(0.975, 18, 5), 6.361883204654353)
    relative(fQuantile(0.975, 5, 4.79), 7.490103962012937)
    relative(fQuantile(0.95, 1, 10), 4.9646027437307145)
    relative(fQuantile(0.975, 9999, 10000), 1.0399810328817736)
    relative(fQuantile(0.975, 1, 1), 647.7890114778446)
    relative(tQuantile(0.975, 1), 12.706204736432095)
    relative(tQuantile(0.975, 16), 2.1199052992210112)
    relative(tQuantile(0.975, 9999), 1.9602012636213575)
  })

  it('and ln Γ keep to its recurrence', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1e4, noNaN: true }), x => {
        expect(lnGamma(x + 1) - lnGamma(x) - Math.log(x)).toBeCloseTo(0, 8)
      }),
    )
    expect(Math.exp(lnGamma(5))).toBeCloseTo(24, 10)
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 13)
  })
})

describe('repeated measurements', () => {
  it('give the published figures of two flow meters', () => {
    const within = withinSubject(WRIGHT)
    // "s_w = 15.3 L/min" (Bland and Altman, BMJ 312:1654, 1996, for these data).
    close(within.sd.value, 15.3, 1)
    close(within.rc.value, 2.77 * 15.307, 0)
    expect(within).toMatchObject({ subjects: 17, measurements: 34, freedom: 17 })
    const against = pairAgreement(MINI.map((value, i) => [value, WRIGHT[i]![0]]))
    // "The mean difference is −2.1 L/min with standard deviation 38.8; 95 % interval −22.0 to 17.8."
    close(against.bias.value, -2.1, 1)
    close(against.sd, 38.8, 1)
    close(against.bias.low, -22.0, 0)
    close(against.bias.high, 17.8, 0)
    // With 1.96 in the place of their 2.
    close(against.lower.value, -2.1176 - 1.959964 * 38.7651, 2)
    close(against.upper.value, -2.1176 + 1.959964 * 38.7651, 2)
  })

  it('are what one gets by hand', () => {
    // Variances of the pairs: 2, 8, 0.5, 18; over four degrees of freedom 7.125.
    const within = withinSubject([
      [10, 12],
      [20, 24],
      [5, 6],
      [40, 34],
    ])
    close(within.sd.value, Math.sqrt(28.5 / 4), 12)
    close(within.rc.value, 1.959963984540054 * Math.SQRT2 * Math.sqrt(28.5 / 4), 12)
    close(within.mean, (11 + 22 + 5.5 + 37) / 4, 12)
    close(within.cv.value, Math.sqrt((2 / 121 + 8 / 484 + 0.5 / 30.25 + 18 / 1369) / 4), 12)
    // χ² of four degrees of freedom: 0.48442 and 11.14329.
    close(within.sd.low, Math.sqrt(28.5 / 11.143286781877796), 9)
    close(within.sd.high, Math.sqrt(28.5 / 0.4844185570879303), 9)
    const logs = Math.sqrt([12 / 10, 24 / 20, 6 / 5, 34 / 40].reduce((sum, r) => sum + Math.log(r) ** 2 / 2, 0) / 4)
    close(within.logSd.value, logs, 12)
    close(within.change[1], Math.exp(2.7718075 * logs) - 1, 6)
    close((1 + within.change[0]) * (1 + within.change[1]), 1, 12)
    // Three repeats of one subject count twice.
    close(
      withinSubject([
        [1, 2, 3],
        [4, 4],
      ]).sd.value,
      Math.sqrt(2 / 3),
      12,
    )
  })

  it('have no relative figures where a value is not above 0', () => {
    const within = withinSubject([
      [-1, 1],
      [2, 3],
    ])
    expect([within.cv.value, within.logSd.value, within.change[0]]).toEqual([Number.NaN, Number.NaN, Number.NaN])
    close(within.sd.value, Math.sqrt(2.5 / 2), 12)
  })

  it('find the spread that simulated pairs were made with, and hold it in 95 of 100 intervals', () => {
    const random = createRandom('pairs')
    let inside = 0
    const trials = 400
    for (let trial = 0; trial < trials; trial++) {
      const repeats = Array.from({ length: 20 }, () => {
        const level = 50 + 10 * random.normal()
        return [level + 4 * random.normal(), level + 4 * random.normal()]
      })
      const { sd } = withinSubject(repeats)
      if (sd.low <= 4 && 4 <= sd.high) inside++
    }
    // Binomial: 380 ± 4.4.
    expect(inside).toBeGreaterThan(362)
    expect(inside).toBeLessThan(396)
  })
})

describe('intraclass correlation', () => {
  it('gives the published figures of six targets and four judges', () => {
    const { oneWay, agreement, consistency } = intraclass(JUDGES)
    near(oneWay, [0.17, -0.13, 0.72], 2)
    near(agreement, [0.29, 0.02, 0.76], 2)
    near(consistency, [0.71, 0.34, 0.95], 2)
  })

  it('is the share of the variance that simulated subjects were made with', () => {
    const random = createRandom('icc')
    const rows = Array.from({ length: 4000 }, () => {
      const level = 3 * random.normal()
      return [level + random.normal(), level + random.normal() + 2]
    })
    const { agreement, consistency } = intraclass(rows)
    close(consistency.value, 9 / 10, 2)
    // The shift of 2 between the columns has the variance 2.
    expect(Math.abs(agreement.value - 9 / 12)).toBeLessThan(0.015)
    expect(agreement.low).toBeLessThan(9 / 12)
  })

  it('is 1 where repeats agree wholly', () => {
    const { oneWay, consistency } = intraclass([
      [1, 1],
      [2, 2],
      [5, 5],
    ])
    expect([oneWay.value, consistency.value]).toEqual([1, 1])
  })
})

describe('variance components', () => {
  it('are those of a balanced nest by hand', () => {
    // Two groups of two subjects with two repeats. Group means 4 and 10, subject means 3, 5, 9, 11, repeats ±1.
    const found = varianceComponents([
      [
        [2, 4],
        [4, 6],
      ],
      [
        [8, 10],
        [10, 12],
      ],
    ])
    // MS within 2, MS subjects 8/2 = 4, MS groups 72: σs² = (4 − 2)/2 = 1, σg² = (72 − 2 − 2·1)/4 = 17.
    close(found.within, 2, 12)
    close(found.among, 1, 12)
    close(found.between, 17, 12)
    expect(found).toMatchObject({ groups: 2, subjects: 4, measurements: 8 })
  })

  it('are those that an unbalanced nest was made with', () => {
    const random = createRandom('nest')
    const groups = Array.from({ length: 60 }, (_, site) => {
      const shift = 5 * random.normal()
      return Array.from({ length: 5 + (site % 20) }, (_, subject) => {
        const level = shift + 3 * random.normal()
        return Array.from({ length: 1 + (subject % 3) }, () => level + 2 * random.normal())
      })
    })
    const found = varianceComponents(groups)
    expect(Math.abs(found.within / 4 - 1)).toBeLessThan(0.15)
    expect(Math.abs(found.among / 9 - 1)).toBeLessThan(0.15)
    expect(Math.abs(found.between / 25 - 1)).toBeLessThan(0.4)
    expect(
      varianceComponents([
        [[1], [2]],
        [[3], [5]],
      ]).within,
    ).toBeNaN()
  })
})
