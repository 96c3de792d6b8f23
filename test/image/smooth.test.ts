import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { smoothWithin } from '../../src/image/smooth.ts'
import type { Grid } from '../../src/image/volume.ts'

function gridOf(shape: readonly [number, number, number], size: readonly [number, number, number] = [1, 1, 1]): Grid {
  return { shape, affine: [size[0], 0, 0, 0, 0, size[1], 0, 0, 0, 0, size[2], 0] }
}

const full = (n: number) => new Uint8Array(n).fill(1)

/** The definition, voxel by voxel: weighted mean over the mask, kernel cut off at 4 standard deviations along each axis. */
function byDefinition(
  values: Float32Array,
  grid: Grid,
  size: readonly number[],
  mask: Uint8Array,
  fwhm: number,
): Float32Array {
  const [nx, ny, nz] = grid.shape
  const sigma = size.map(edge => fwhm / 2.354820045 / edge)
  const weight = (d: number, axis: number) => {
    if (grid.shape[axis] === 1) return d === 0 ? 1 : 0
    return Math.abs(d) <= Math.floor(4 * sigma[axis]! + 0.5)
      ? Math.exp(-0.5 * (d / sigma[axis]!) * (d / sigma[axis]!))
      : 0
  }
  return values.map((_, v) => {
    const [i, j, k] = [v % nx, Math.floor(v / nx) % ny, Math.floor(v / (nx * ny))]
    let sum = 0
    let total = 0
    for (let c = 0; c < nz; c++)
      for (let b = 0; b < ny; b++)
        for (let a = 0; a < nx; a++) {
          const u = (c * ny + b) * nx + a
          if (!mask[u] || !Number.isFinite(values[u])) continue
          const w = weight(a - i, 0) * weight(b - j, 1) * weight(c - k, 2)
          sum += w * values[u]!
          total += w
        }
    if (!mask[v]) return 0
    return Number.isFinite(values[v]) ? sum / total : Number.NaN
  })
}

describe('smoothing within a mask', () => {
  it('is its definition, for any shape, voxel size, mask, kernel and holes', () => {
    const cases = fc.record({
      shape: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 })),
      size: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.8, max: 6, noNaN: true }))),
      fwhm: fc.double({ min: 1, max: 12, noNaN: true }),
      noise: fc.array(
        fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -1000, max: 1000 }) }, fc.constant(Number.NaN)),
        { minLength: 210, maxLength: 210 },
      ),
      mask: fc.array(fc.boolean(), { minLength: 210, maxLength: 210 }),
    })
    fc.assert(
      fc.property(cases, ({ shape, size, fwhm, noise, mask }) => {
        const n = shape[0] * shape[1] * shape[2]
        const values = Float32Array.from(noise.slice(0, n))
        const inside = Uint8Array.from(mask.slice(0, n), Number)
        const grid = gridOf(shape, [size[0]!, size[1]!, size[2]!])
        const truth = byDefinition(values, grid, size, inside, fwhm)
        smoothWithin(values, grid, inside, fwhm).forEach((x, v) => {
          if (Number.isNaN(truth[v])) expect(x).toBeNaN()
          else expect(Math.abs(x - truth[v]!)).toBeLessThan(1e-3)
        })
      }),
      { numRuns: 200 },
    )
  })

  it('keeps a constant up to the rim, and gives 0 outside', () => {
    const grid = gridOf([12, 10, 8], [3, 3, 5])
    const mask = Uint8Array.from({ length: 960 }, (_, v) =>
      Math.hypot((v % 12) - 6, (Math.floor(v / 12) % 10) - 5) < 4 ? 1 : 0,
    )
    const out = smoothWithin(new Float32Array(960).fill(7), grid, mask, 8)
    out.forEach((x, v) => {
      expect(x).toBeCloseTo(mask[v] ? 7 : 0, 5)
    })
  })

  it('has the width asked for, along each axis of anisotropic voxels', () => {
    const shape = [61, 45, 31] as const
    const size = [1, 1.5, 2.5] as const
    const grid = gridOf(shape, size)
    const n = shape[0] * shape[1] * shape[2]
    const point = new Float32Array(n)
    point[(15 * 45 + 22) * 61 + 30] = 1000
    const out = smoothWithin(point, grid, full(n), 9)
    const moments = [0, 0, 0]
    let total = 0
    out.forEach((w, v) => {
      const d = [(v % 61) - 30, (Math.floor(v / 61) % 45) - 22, Math.floor(v / 2745) - 15]
      total += w
      for (let axis = 0; axis < 3; axis++) moments[axis]! += w * (d[axis]! * size[axis]!) * (d[axis]! * size[axis]!)
    })
    expect(total).toBeCloseTo(1000, 2)
    for (const moment of moments) expect(2.354820045 * Math.sqrt(moment / total)).toBeCloseTo(9, 1)
  })

  it('returns a copy within the mask where the width is 0', () => {
    const values = Float32Array.from({ length: 24 }, (_, v) => v + 1)
    const grid = gridOf([2, 3, 4])
    const out = smoothWithin(values, grid, full(24), 0)
    expect(out).toEqual(values)
    expect(out).not.toBe(values)
    expect([...smoothWithin(values, grid, new Uint8Array(24), 0)]).toEqual(new Array(24).fill(0))
  })

  it('leaves a single slice a single slice', () => {
    const values = Float32Array.from({ length: 100 }, (_, v) => Math.sin(v))
    const thin = smoothWithin(values, gridOf([10, 10, 1], [3, 3, 5]), full(100), 6)
    const thick = smoothWithin(values, gridOf([10, 10, 1], [3, 3, 0.5]), full(100), 6)
    expect(thin).toEqual(thick)
  })

  it('smooths a brain-sized map in a moment', () => {
    const n = 128 * 128 * 60
    const values = Float32Array.from({ length: n }, (_, v) => v % 97)
    const start = performance.now()
    smoothWithin(values, gridOf([128, 128, 60], [1.7, 1.7, 3]), full(n), 5)
    expect(performance.now() - start).toBeLessThan(3000)
  })
})
