import { describe, expect, it } from 'vitest'
import { createRandom } from '../../src/numerics/random.ts'
import { mean, standardDeviation } from '../../src/numerics/statistics.ts'

describe('random numbers', () => {
  it('are the same everywhere: these words are fixed', () => {
    const random = createRandom('sub-01')
    expect([random.uniform(), random.uniform(), random.uniform()]).toMatchInlineSnapshot(`
      [
        0.08704833523370326,
        0.6605452063959092,
        0.5262353557627648,
      ]
    `)
    expect([random.normal(), random.normal(), random.normal()]).toMatchInlineSnapshot(`
      [
        -0.49248893697348567,
        -0.4701323858149148,
        -0.671057866935474,
      ]
    `)
  })

  it('of one seed repeat, of another differ', () => {
    const take = (seed: string | number) => Array.from({ length: 5 }, createRandom(seed).uniform)
    expect(take('a')).toEqual(take('a'))
    expect(take('a')).not.toEqual(take('b'))
    expect(take(1)).toEqual(take('1'))
  })

  it('are uniform and normal', () => {
    const random = createRandom('moments')
    const uniform = Float64Array.from({ length: 200_000 }, random.uniform)
    expect(Math.abs(mean(uniform) - 0.5)).toBeLessThan(0.003)
    expect(Math.abs(standardDeviation(uniform) - Math.sqrt(1 / 12))).toBeLessThan(0.002)
    expect(Math.max(...uniform.subarray(0, 1000))).toBeLessThan(1)
    const normal = Float64Array.from({ length: 200_000 }, random.normal)
    expect(Math.abs(mean(normal))).toBeLessThan(0.01)
    expect(Math.abs(standardDeviation(normal) - 1)).toBeLessThan(0.01)
    const beyond = normal.filter(value => Math.abs(value) > 1.96).length / normal.length
    expect(Math.abs(beyond - 0.05)).toBeLessThan(0.003)
  })
})
