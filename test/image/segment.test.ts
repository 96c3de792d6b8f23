import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitBias, logBiasAt, monomialsAt, withoutBias } from '../../src/image/bias-field.ts'
import { findBrain } from '../../src/image/brain.ts'
import { insideOf } from '../../src/image/brain-surface.ts'
import { icosphere } from '../../src/image/icosphere.ts'
import { segmentTissue } from '../../src/image/segment.ts'
import type { Grid } from '../../src/image/volume.ts'
import { headGrid, makeAnatomy } from '../../src/modalities/anatomy.ts'
import { createRandom } from '../../src/numerics/random.ts'

const count = (mask: ArrayLike<number>) => Array.from(mask).reduce((sum, value) => sum + value, 0)

/** Overlap of what holds at least half of a tissue. */
function dice(a: Float32Array, b: Float32Array): number {
  let [both, either] = [0, 0]
  for (let v = 0; v < a.length; v++) {
    const [p, q] = [a[v]! >= 0.5, b[v]! >= 0.5]
    if (p && q) both++
    either += Number(p) + Number(q)
  }
  return (2 * both) / either
}

describe('a surface', () => {
  it('is closed, and every corner knows its neighbours', () => {
    const { vertices, faces, neighbours } = icosphere(2)
    expect(vertices.length / 3).toBe(10 * 16 + 2)
    expect(faces.length / 3).toBe(20 * 16)
    // Euler: corners − edges + triangles = 2.
    const edges = neighbours.filter(other => other >= 0).length / 2
    expect(vertices.length / 3 - edges + faces.length / 3).toBe(2)
    for (let at = 0; at < vertices.length; at += 3)
      expect(Math.hypot(vertices[at]!, vertices[at + 1]!, vertices[at + 2]!)).toBeCloseTo(1, 12)
  })

  it('holds the voxels of its volume, on any grid', () => {
    const edge = fc.double({ min: 0.8, max: 3, noNaN: true })
    const place = fc.double({ min: 14, max: 18, noNaN: true })
    fc.assert(
      fc.property(edge, edge, edge, place, place, place, (a, b, c, x, y, z) => {
        const ball = icosphere(3)
        const centre = [x, y, z]
        const vertices = ball.vertices.map((value, at) => centre[at % 3]! + 12 * value)
        const shape = [Math.ceil(32 / a), Math.ceil(32 / b), Math.ceil(32 / c)] as const
        const mask = insideOf({ ...ball, vertices }, shape, [a, b, c])
        const volume = count(mask) * a * b * c
        expect(Math.abs(volume / ((4 / 3) * Math.PI * 12 * 12 * 12) - 1)).toBeLessThan(0.08)
        const isWrong = (value: number, v: number) => {
          const [i, j, k] = [v % shape[0], Math.floor(v / shape[0]) % shape[1], Math.floor(v / (shape[0] * shape[1]))]
          const radius = Math.hypot(i * a - x, j * b - y, k * c - z)
          return value === 1 ? radius > 12 : radius < 11.5
        }
        expect(mask.findIndex(isWrong)).toBe(-1)
      }),
      { numRuns: 20 },
    )
  })
})

describe('the sensitivity of the coil', () => {
  it('is found again, whatever its four degrees are', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 35, maxLength: 35 }), list => {
        const shape = [9, 8, 7] as const
        const voxels = Int32Array.from({ length: 504 }, (_, v) => v)
        const monomials = monomialsAt(voxels, shape)
        const truth = logBiasAt({ coefficients: Float64Array.from(list) }, monomials)
        const found = fitBias(monomials, truth, new Float64Array(504).fill(1), 4)
        found.coefficients.forEach((value, term) => {
          expect(value).toBeCloseTo(list[term]!, 8)
        })
        const image = Float32Array.from(truth, value => 100 * Math.exp(value))
        for (const value of withoutBias(image, found, shape)) expect(value).toBeCloseTo(100, 2)
      }),
      { numRuns: 10 },
    )
  })
})

describe('tissues of a head', () => {
  /** The grid seen with its axes turned over and exchanged: the same head. */
  const turned = ({ shape: [ni, nj, nk], affine: a }: Grid): Grid => ({
    shape: [nk, ni, nj],
    affine: [0, 1, 2].flatMap(r => [
      -a[4 * r + 2]!,
      a[4 * r]!,
      -a[4 * r + 1]!,
      a[4 * r + 3]! + (nk - 1) * a[4 * r + 2]! + (nj - 1) * a[4 * r + 1]!,
    ]),
  })

  it('are found at 3 % noise and 40 % bias, on a grid of any orientation', { timeout: 300_000 }, () => {
    const anatomy = makeAnatomy(3, '01')
    const grid = turned(headGrid([2.2, 2, 1.8]))
    const truth = anatomy.tissues(grid)
    const random = createRandom('segment')
    const [ni, nj, nk] = grid.shape
    const image = anatomy.t1w(grid).map((signal, v) => {
      const x = (2 * (v % ni)) / ni - 1
      const y = (2 * (Math.floor(v / ni) % nj)) / nj - 1
      const z = (2 * Math.floor(v / (ni * nj))) / nk - 1
      // From 0.8 to 1.2.
      const bias = 0.8 + 0.4 * Math.exp(-((x - 0.5) * (x - 0.5) + (y - 0.6) * (y - 0.6) + (z - 0.3) * (z - 0.3)) / 0.8)
      return Math.abs(signal * bias + 27 * random.normal())
    })
    const inside = findBrain(image, grid)
    expect(inside).not.toBeNull()
    const size = [0, 1, 2].map(c => Math.hypot(grid.affine[c]!, grid.affine[4 + c]!, grid.affine[8 + c]!))
    const found = segmentTissue(image, inside!, grid.shape, [size[0]!, size[1]!, size[2]!])
    expect(dice(found.gm, truth.gm)).toBeGreaterThan(0.95)
    expect(dice(found.wm, truth.wm)).toBeGreaterThan(0.95)
    expect(dice(found.csf, truth.csf)).toBeGreaterThan(0.9)
    const isWrong = (sum: number, v: number) =>
      sum + found.wm[v]! + found.csf[v]! > 1.000001 || (found.mask[v] === 0 && found.gm[v] !== 0)
    expect(found.gm.findIndex(isWrong)).toBe(-1)
  })

  it('are looked for in no image without a brain', () => {
    const grid = headGrid([4, 4, 4])
    const n = grid.shape[0] * grid.shape[1] * grid.shape[2]
    expect(findBrain(new Float32Array(n), grid)).toBeNull()
    expect(findBrain(new Float32Array(n).fill(Number.NaN), grid)).toBeNull()
  })
})
