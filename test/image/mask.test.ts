import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Shape, squaredDistanceTo } from '../../src/image/distance.ts'
import { brainMask, fillHoles, largestComponent, medianFilter, otsuThreshold } from '../../src/image/mask.ts'
import { createRandom } from '../../src/numerics/random.ts'

const at = ([ni, nj]: Shape, i: number, j: number, k: number) => i + ni * (j + nj * k)

function maskWhere([ni, nj, nk]: Shape, isIn: (i: number, j: number, k: number) => boolean): Uint8Array {
  const mask = new Uint8Array(ni * nj * nk)
  for (let k = 0, v = 0; k < nk; k++)
    for (let j = 0; j < nj; j++) for (let i = 0; i < ni; i++, v++) mask[v] = isIn(i, j, k) ? 1 : 0
  return mask
}

const count = (mask: Uint8Array) => mask.reduce((sum, value) => sum + value, 0)

/** Overlap of two masks (Dice). */
function dice(a: Uint8Array, b: Uint8Array): number {
  return (2 * count(a.map((value, v) => value & b[v]!))) / (count(a) + count(b))
}

describe('distance', () => {
  it('is that of the definition on any grid', () => {
    const axis = fc.integer({ min: 1, max: 5 })
    const edge = fc.double({ min: 0.5, max: 6, noNaN: true })
    fc.assert(
      fc.property(axis, axis, axis, edge, edge, edge, fc.integer({ min: 0, max: 1e6 }), (ni, nj, nk, a, b, c, seed) => {
        const shape: Shape = [ni, nj, nk]
        const random = createRandom(seed)
        const set = maskWhere(shape, () => random.uniform() < 0.2)
        const squared = squaredDistanceTo(set, shape, [a, b, c])
        for (let k = 0, v = 0; k < nk; k++)
          for (let j = 0; j < nj; j++)
            for (let i = 0; i < ni; i++, v++) {
              let least = Number.POSITIVE_INFINITY
              for (let u = 0; u < set.length; u++) {
                if (set[u] !== 1) continue
                const [x, y, z] = [u % ni, Math.floor(u / ni) % nj, Math.floor(u / (ni * nj))]
                least = Math.min(least, (a * (i - x)) ** 2 + (b * (j - y)) ** 2 + (c * (k - z)) ** 2)
              }
              if (least === Number.POSITIVE_INFINITY) expect(squared[v]).toBe(least)
              else expect(squared[v]!).toBeCloseTo(least, 9)
            }
      }),
      { numRuns: 40 },
    )
  })
})

describe('components and holes', () => {
  const shape: Shape = [7, 7, 5]

  it('keeps the largest of what hangs together by faces', () => {
    const large = maskWhere(shape, (i, j, k) => i < 3 && j < 3 && k < 3)
    const both = large.slice()
    both[at(shape, 3, 3, 3)] = 1
    both[at(shape, 6, 6, 4)] = 1
    expect(largestComponent(both, shape)).toEqual(large)
    expect(count(largestComponent(new Uint8Array(245), shape))).toBe(0)
  })

  it('of two of one size keeps the first', () => {
    const mask = maskWhere(shape, (i, j) => j === 3 && (i === 0 || i === 6))
    expect(largestComponent(mask, shape)).toEqual(maskWhere(shape, (i, j) => j === 3 && i === 0))
  })

  it('fills what is enclosed in space or in a slice, and nothing else', () => {
    const hollow = maskWhere(shape, (i, j, k) => i > 0 && i < 6 && j > 0 && j < 6 && !(i === 3 && j === 3 && k === 2))
    const filled = fillHoles(hollow, shape)
    expect(filled[at(shape, 3, 3, 2)]).toBe(1)
    expect(count(filled)).toBe(5 * 5 * 5)
    // A shaft through all slices is open at both ends, and enclosed in every slice.
    const shaft = maskWhere(shape, (i, j) => i > 0 && i < 6 && j > 0 && j < 6 && !(i === 3 && j === 3))
    expect(count(fillHoles(shaft, shape))).toBe(5 * 5 * 5)
    const notch = maskWhere(shape, (i, j) => !(i === 0 && j === 3))
    expect(fillHoles(notch, shape)).toEqual(notch)
  })
})

describe('threshold and filter', () => {
  it('parts two classes, whatever their sizes', () => {
    const random = createRandom('otsu')
    const values = Float64Array.from({ length: 20_000 }, (_, v) => (v % 5 === 0 ? 100 : 10) + 5 * random.normal())
    const threshold = otsuThreshold(values)
    expect(threshold).toBeGreaterThan(30)
    expect(threshold).toBeLessThan(80)
  })

  it('of one value has nothing above it', () => {
    expect(otsuThreshold([7, 7, 7])).toBe(7)
  })

  it('takes out a spike and leaves an edge where it is', () => {
    const shape: Shape = [6, 5, 4]
    const step = Float32Array.from(maskWhere(shape, i => i >= 3))
    const spiked = step.slice()
    spiked[at(shape, 1, 2, 2)] = 50
    expect(medianFilter(spiked, shape)).toEqual(step)
  })
})

describe('the brain mask', () => {
  const shape: Shape = [48, 56, 30]
  const size = [4, 4, 5] as const
  /** Radius of a point in an ellipsoid about the middle, half axes [mm]. */
  const radius = (i: number, j: number, k: number, x: number, y: number, z: number) =>
    Math.hypot(((i - 23.5) * 4) / x, ((j - 27.5) * 4) / y, ((k - 14.5) * 5) / z)
  const brain = maskWhere(shape, (i, j, k) => radius(i, j, k, 66, 82, 60) < 1)

  function image(seed: string, tissue: (v: number) => number): Float32Array {
    const random = createRandom(seed)
    return Float32Array.from(brain, (_, v) => tissue(v) + 20 * random.normal())
  }

  it('finds a brain in noise, with its bright fluid and dark holes', () => {
    const fluid = maskWhere(shape, (i, j, k) => radius(i, j, k, 12, 30, 12) < 1)
    const found = brainMask(
      image('plain', v => (fluid[v] ? 1500 : brain[v] ? 800 : 0)),
      shape,
      size,
    )
    expect(dice(found, brain)).toBeGreaterThan(0.97)
    const dark = brainMask(
      image('dark', v => (fluid[v] ? 0 : brain[v] ? 800 : 0)),
      shape,
      size,
    )
    expect(dice(dark, brain)).toBeGreaterThan(0.97)
  })

  it('leaves eyes and a thin scalp out', () => {
    const scalp = maskWhere(shape, (i, j, k) => radius(i, j, k, 82, 98, 76) < 1 && radius(i, j, k, 78, 94, 72) > 1)
    const eyes = maskWhere(
      shape,
      (i, j, k) => Math.hypot((Math.abs(i - 23.5) - 8) * 4, (j - 50) * 4, (k - 10) * 5) < 11,
    )
    const found = brainMask(
      image('scalp', v => (brain[v] ? 800 : scalp[v] ? 600 : eyes[v] ? 1400 : 0)),
      shape,
      size,
    )
    expect(dice(found, brain)).toBeGreaterThan(0.96)
    expect(count(found.map((value, v) => value & eyes[v]! & (1 - brain[v]!)))).toBe(0)
  })

  it('does not depend on the scale of the image, and stands values that are no numbers', () => {
    const values = image('scale', v => (brain[v] ? 800 : 0))
    const found = brainMask(values, shape, size)
    expect(
      brainMask(
        values.map(value => value * 1024),
        shape,
        size,
      ),
    ).toEqual(found)
    const broken = values.slice()
    broken[0] = Number.NaN
    broken[1] = Number.POSITIVE_INFINITY
    expect(dice(brainMask(broken, shape, size), found)).toBeGreaterThan(0.999)
  })

  it('of a small thing is the small thing, of nothing is empty', () => {
    const ball = maskWhere(shape, (i, j, k) => Math.hypot((i - 24) * 4, (j - 28) * 4, (k - 15) * 5) < 14)
    const found = brainMask(
      Float32Array.from(ball, value => 100 * value),
      shape,
      size,
    )
    expect(dice(found, ball)).toBeGreaterThan(0.85)
    expect(count(brainMask(new Float32Array(brain.length), shape, size))).toBe(0)
    expect(count(brainMask(new Float32Array(brain.length).fill(5), shape, size))).toBe(0)
  })
})
