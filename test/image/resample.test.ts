import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coveredFraction, type Interpolation, resampleVolume, voxelToVoxel } from '../../src/image/resample.ts'
import type { Grid, Volume } from '../../src/image/volume.ts'

type Shape = readonly [number, number, number]

/** A grid along the scanner's axes; `start` is the centre of the first voxel [mm]. */
function straight(shape: Shape, size: Shape, start: Shape = [0, 0, 0]): Grid {
  return { shape, affine: [size[0], 0, 0, start[0], 0, size[1], 0, start[1], 0, 0, size[2], start[2]] }
}

/** A grid turned by an angle about the third axis, then about the first. */
function turned(shape: Shape, size: Shape, angle: number, offset: Shape): Grid {
  const [c, s] = [Math.cos(angle), Math.sin(angle)]
  const r = [c, -s, 0, c * s, c * c, -s, s * s, c * s, c]
  return { shape, affine: [0, 1, 2].flatMap(row => [...[0, 1, 2].map(k => r[3 * row + k]! * size[k]!), offset[row]!]) }
}

function centre(grid: Grid, v: number): [number, number, number] {
  const [nx, ny] = grid.shape
  const [i, j, k] = [v % nx, Math.floor(v / nx) % ny, Math.floor(v / (nx * ny))]
  const a = grid.affine
  return [0, 1, 2].map(row => a[4 * row]! * i + a[4 * row + 1]! * j + a[4 * row + 2]! * k + a[4 * row + 3]!) as [
    number,
    number,
    number,
  ]
}

/** The values of a function of place [mm] at the voxel centres. */
function sampled(grid: Grid, f: (x: number, y: number, z: number) => number): Float32Array {
  return Float32Array.from({ length: grid.shape[0] * grid.shape[1] * grid.shape[2] }, (_, v) => f(...centre(grid, v)))
}

function volume(grid: Grid, data: Volume['data'], scaling: Partial<Volume> = {}): Volume {
  return { grid, frames: 1, data, slope: 1, intercept: 0, header: new Uint8Array(348), ...scaling }
}

const HOWS: readonly Interpolation[] = ['intensity', 'label', 'fraction']

describe('resampling', () => {
  it('gives the values themselves on the same grid, the frame asked for, scaled', () => {
    const grid = turned([5, 4, 3], [2, 3, 4], 0.3, [-10, 5, 40])
    const data = Int16Array.from({ length: 120 }, (_, v) => (v * 37) % 101)
    for (const how of HOWS) {
      const out = resampleVolume(volume(grid, data, { frames: 2, slope: 0.5, intercept: -3 }), 1, grid, how)
      expect([...out]).toEqual(Array.from(data.subarray(60), x => 0.5 * x - 3))
    }
  })

  it('gives the values themselves on a grid with its axes turned over and exchanged', () => {
    const source = straight([4, 3, 2], [2, 3, 5], [-1, -2, -3])
    const data = Float32Array.from({ length: 24 }, (_, v) => v)
    // First axis: the source's second, backwards; second: its third; third: its first.
    const target: Grid = { shape: [3, 2, 4], affine: [0, 0, 2, -1, -3, 0, 0, 4, 0, 5, 0, -3] }
    for (const how of HOWS) {
      const out = resampleVolume(volume(source, data), 0, target, how)
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 2; j++)
          for (let k = 0; k < 4; k++) expect(out[(k * 2 + j) * 3 + i]).toBe(data[(j * 3 + (2 - i)) * 4 + k])
    }
  })

  it('is exact for a function that is linear in space, on any two grids', () => {
    const f = (x: number, y: number, z: number) => 10 + 0.5 * x - 0.25 * y + 2 * z
    const source = turned([24, 24, 24], [2, 2.5, 3], 0.2, [-30, -30, -20])
    const series = volume(source, sampled(source, f))
    fc.assert(
      fc.property(
        fc.double({ min: -0.4, max: 0.4, noNaN: true }),
        fc.double({ min: 0.5, max: 4, noNaN: true }),
        (angle, size) => {
          const target = turned([3, 3, 3], [size, 3, 2], angle, [-10, 0, 10])
          const truth = sampled(target, f)
          for (const how of ['intensity', 'fraction'] as const)
            resampleVolume(series, 0, target, how).forEach((x, v) => {
              expect(Math.abs(x - truth[v]!)).toBeLessThan(1e-3)
            })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('keeps to the bound of trilinear interpolation', () => {
    const f = (x: number) => Math.sin(x / 6)
    const source = straight([40, 3, 3], [2, 2, 2])
    const target = straight([200, 1, 1], [0.37, 1, 1], [1, 2, 2])
    const out = resampleVolume(volume(source, sampled(source, f)), 0, target, 'intensity')
    const truth = sampled(target, f)
    const worst = Math.max(...out.map((x, v) => Math.abs(x - truth[v]!)))
    expect(worst).toBeLessThan(4 / 8 / 36 + 1e-6)
    expect(worst).toBeGreaterThan(0.9 * (4 / 8 / 36))
  })

  it('gives 0 outside the field of view, and the edge within its outer half voxel', () => {
    const source = straight([4, 4, 1], [2, 2, 6])
    const ones = volume(source, new Float32Array(16).fill(1))
    const line = (how: Interpolation, axis: 0 | 2) => {
      const start: [number, number, number] = [2, 2, 0]
      start[axis] = -6
      const shape: [number, number, number] = [1, 1, 1]
      shape[axis] = 21
      return [...resampleVolume(ones, 0, straight(shape, [1, 1, 1], start), how)]
    }
    for (const how of HOWS) {
      // Voxels end at -1 and 7 mm along i; the slice is 6 mm thick, from -3 to 3.
      expect(line(how, 0)).toEqual(Array.from({ length: 21 }, (_, i) => (i >= 5 && i <= 13 ? 1 : 0)))
      expect(line(how, 2)).toEqual(Array.from({ length: 21 }, (_, i) => (i >= 3 && i <= 9 ? 1 : 0)))
    }
    expect(resampleVolume(ones, 0, straight([4, 4, 4], [2, 2, 2], [100, 0, 0]), 'intensity').every(x => x === 0)).toBe(
      true,
    )
  })

  it('carries labels without inventing one, ties to the higher index', () => {
    const source = turned([9, 9, 9], [3, 3, 3], 0.4, [0, 0, 0])
    const labels = Int32Array.from({ length: 729 }, (_, v) => [0, 2, 17, 2035][v % 4]!)
    const out = resampleVolume(volume(source, labels), 0, turned([20, 20, 20], [1, 1, 1], -0.2, [0, 0, 0]), 'label')
    expect([...new Set(out)].sort((a, b) => a - b)).toEqual([0, 2, 17, 2035])
    const row = volume(straight([4, 1, 1], [2, 2, 2]), Uint8Array.of(1, 2, 3, 4))
    expect([...resampleVolume(row, 0, straight([4, 1, 1], [2, 2, 2], [1, 0, 0]), 'label')]).toEqual([2, 3, 4, 4])
  })

  it('gives a coarse voxel the label of its greatest part', () => {
    // Twelve voxels of 1 mm under two of 6 mm: 2 2 2 2 5 5 | 5 5 5 7 7 7.
    const fine = volume(straight([12, 1, 1], [1, 1, 1], [0.5, 0, 0]), Uint8Array.of(2, 2, 2, 2, 5, 5, 5, 5, 5, 7, 7, 7))
    const coarse = straight([2, 1, 1], [6, 1, 1], [3, 0, 0])
    // Of two of one size the lower.
    expect([...resampleVolume(fine, 0, coarse, 'label')]).toEqual([2, 5])
    const flipped: Grid = { shape: [2, 1, 1], affine: [-6, 0, 0, 9, 0, 1, 0, 0, 0, 0, 1, 0] }
    expect([...resampleVolume(fine, 0, flipped, 'label')]).toEqual([5, 2])
  })

  it('averages fractions over the target voxel and keeps their total', () => {
    const fine = straight([24, 24, 24], [1, 1, 1], [0.5, 0.5, 0.5])
    const inside = (x: number, y: number, z: number) => (Math.hypot(x - 12, y - 12, z - 12) < 8 ? 1 : 0)
    const values = sampled(fine, inside)
    const sphere = volume(fine, values)
    const total = values.reduce((sum, x) => sum + x, 0)
    const whole = straight([8, 8, 4], [3, 3, 6], [1.5, 1.5, 3])
    const means = resampleVolume(sphere, 0, whole, 'fraction')
    // A target that is a whole number of source voxels gives their mean exactly.
    means.forEach((x, v) => {
      const [cx, cy, cz] = centre(whole, v)
      let sum = 0
      for (let i = 0; i < 54; i++)
        sum += inside(cx - 1 + (i % 3), cy - 1 + (Math.floor(i / 3) % 3), cz - 2.5 + Math.floor(i / 9))
      expect(x).toBeCloseTo(sum / 54, 6)
    })
    const oblique = turned([14, 14, 14], [2.7, 3.3, 2.9], 0.3, [-8, -14, -4])
    const kept = resampleVolume(sphere, 0, oblique, 'fraction').reduce((sum, x) => sum + x, 0) * 2.7 * 3.3 * 2.9
    expect(kept / total).toBeGreaterThan(0.99)
    expect(kept / total).toBeLessThan(1.01)
  })

  it('does not let one NaN spread', () => {
    const data = new Float32Array(27).fill(5)
    data[13] = Number.NaN
    const holed = volume(straight([3, 3, 3], [2, 2, 2]), data)
    const at = (x: number, how: Interpolation) =>
      resampleVolume(holed, 0, straight([1, 1, 1], [0.5, 0.5, 0.5], [x, 2, 2]), how)[0]
    expect(at(2, 'intensity')).toBeNaN()
    expect(at(2.5, 'intensity')).toBeNaN()
    expect(at(3.2, 'intensity')).toBe(5)
    expect(at(4, 'intensity')).toBe(5)
    expect(at(2, 'label')).toBe(0)
    const coarse = resampleVolume(holed, 0, straight([1, 1, 1], [6, 6, 6], [2, 2, 2]), 'fraction')
    expect(coarse[0]).toBe(5)
  })

  it('writes into the array given', () => {
    const grid = straight([2, 1, 1], [1, 1, 1])
    const out = new Float32Array(2)
    expect(resampleVolume(volume(grid, Uint8Array.of(3, 4)), 0, grid, 'label', out)).toBe(out)
    expect([...out]).toEqual([3, 4])
  })

  it('maps voxels to voxels, there and back', () => {
    const a = turned([3, 3, 3], [1, 2, 3], 0.7, [5, 6, 7])
    const b = turned([3, 3, 3], [4, 2, 1], -0.4, [-5, 0, 3])
    const [to, back] = [voxelToVoxel(a, b), voxelToVoxel(b, a)]
    const apply = (m: number[], p: number[]) =>
      [0, 1, 2].map(r => m[4 * r]! * p[0]! + m[4 * r + 1]! * p[1]! + m[4 * r + 2]! * p[2]! + m[4 * r + 3]!)
    apply(back, apply(to, [1, 2, 3])).forEach((x, i) => {
      expect(x).toBeCloseTo(i + 1, 12)
    })
    expect(() => voxelToVoxel(a, straight([2, 2, 2], [1, 1, 0]))).toThrow(/singular/)
  })
})

describe('covered fraction', () => {
  const target = straight([10, 10, 10], [2, 2, 2])

  it('is the part of the target that the source sees', () => {
    expect(coveredFraction(target, target)).toBe(1)
    expect(coveredFraction(straight([10, 10, 5], [2, 2, 2]), target)).toBe(0.5)
    expect(coveredFraction(straight([10, 10, 10], [2, 2, 2], [0, 500, 0]), target)).toBe(0)
    expect(coveredFraction(straight([40, 40, 40], [1, 1, 1], [-10, -10, -10]), target)).toBe(1)
  })

  it('counts the mask only, where there is one', () => {
    const mask = new Uint8Array(1000).fill(1, 0, 300)
    expect(coveredFraction(straight([10, 10, 2], [2, 2, 2]), target, mask)).toBeCloseTo(2 / 3, 12)
    expect(coveredFraction(target, target, new Uint8Array(1000))).toBe(0)
  })
})
