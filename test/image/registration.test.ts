import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { brainMask } from '../../src/image/mask.ts'
import { type Metric, register, searchOf } from '../../src/image/registration.ts'
import { fixedImage } from '../../src/image/registration-fixed.ts'
import { inverse, moved, type Rigid, STILL, stepAbout } from '../../src/image/rigid.ts'
import { type Grid, voxelSize } from '../../src/image/volume.ts'
import { errorsOf, type MovingHead, type MovingHeadSettings, movingHead, SERIES_GRID } from './moving-head.ts'

/** Soft spheres: centre [mm], width [mm], brightness. */
const SPHERES = [
  [0, 0, 0, 28, 100],
  [25, 10, 8, 14, 60],
  [-20, 25, -12, 12, -50],
  [-12, -30, 15, 16, 70],
  [15, -22, -18, 11, -60],
] as const

/** Spheres at the voxel centres of a grid, after a motion [mm]. */
function spheres({ shape, affine: a }: Grid, motion: Rigid): Float32Array {
  const back = inverse(motion)
  const out = new Float32Array(shape[0] * shape[1] * shape[2])
  let v = 0
  for (let k = 0; k < shape[2]; k++)
    for (let j = 0; j < shape[1]; j++)
      for (let i = 0; i < shape[0]; i++, v++) {
        const place = [0, 1, 2].map(r => a[4 * r]! * i + a[4 * r + 1]! * j + a[4 * r + 2]! * k + a[4 * r + 3]!)
        const [x, y, z] = moved(back, [place[0]!, place[1]!, place[2]!])
        for (const sphere of SPHERES) {
          const [dx, dy, dz] = [x - sphere[0], y - sphere[1], z - sphere[2]]
          out[v]! += sphere[4] * Math.exp(-(dx * dx + dy * dy + dz * dz) / (sphere[3] * sphere[3]))
        }
      }
  return out
}

/** A grid about the origin, turned, with voxel edges of its own, left-handed where a sign is negative. */
function gridAbout(shape: Grid['shape'], size: readonly number[], turn: readonly number[]): Grid {
  const r = stepAbout([0, 0, 0, ...turn], [0, 0, 0])
  const columns = [0, 1, 2].map(c => [0, 1, 2].map(row => r[4 * row + c]! * size[c]!))
  const origin = (row: number) => -columns.reduce((sum, column, c) => sum + (column[row]! * (shape[c]! - 1)) / 2, 0)
  return { shape, affine: [0, 1, 2].flatMap(row => [...columns.map(column => column[row]!), origin(row)]) }
}

function maskOf(values: Float32Array): Uint8Array {
  return Uint8Array.from(values, value => (value > 15 ? 1 : 0))
}

/** Largest distance between where two motions take points of the spheres [mm]. */
function apart(a: Rigid, b: Rigid): number {
  return Math.max(
    ...SPHERES.map(([x, y, z]) => {
      const [p, q] = [moved(a, [x, y, z]), moved(b, [x, y, z])]
      return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])
    }),
  )
}

describe('register', () => {
  const number = (size: number) => fc.double({ min: -size, max: size, noNaN: true })
  const edge = fc.double({ min: 3, max: 5, noNaN: true })
  const sign = fc.constantFrom(-1, 1)
  const size = fc.tuple(edge, edge, edge)
  const lie = fc.tuple(sign, sign, sign, number(0.6), number(0.6), number(0.6))
  const gridOf = ([x, y, z]: readonly number[], [a, b, c, ...turn]: readonly number[]) =>
    gridAbout([34, 36, 32], [a! * x!, b! * y!, c! * z!], turn)
  const step = fc.tuple(number(6), number(6), number(6), number(0.1), number(0.1), number(0.1))

  it.each([
    ['squares', 0.05],
    ['robust', 0.05],
    ['information', 0.5],
  ] as const)('finds a motion between oblique, left-handed and anisotropic grids by %s', (metric, within) => {
    fc.assert(
      fc.property(size, size, lie, lie, step, (edges, otherEdges, there, here, six) => {
        const fixedGrid = gridOf(edges, there)
        const movingGrid = gridOf(metric === 'information' ? otherEdges : edges, here)
        const truth = stepAbout(six, [0, 0, 0])
        const still = spheres(fixedGrid, STILL)
        const fixed = fixedImage(still, fixedGrid, maskOf(still))
        if (!fixed) throw new Error('empty')
        const moving = spheres(movingGrid, truth)
        // Bright becomes dark, and dark bright: another contrast, of which nothing is known.
        const values = metric === 'information' ? moving.map(value => (value - 70) * (value - 70)) : moving
        const found = register(searchOf(fixed, metric), values, movingGrid)
        expect(apart(found, truth)).toBeLessThan(within)
      }),
      { numRuns: 4, seed: 5, endOnFailure: true },
    )
  })

  it('finds no motion where there is none', () => {
    const grid = gridAbout([24, 26, 22], [4, 4, 4], [0.1, 0.2, 0.3])
    const still = spheres(grid, STILL)
    const fixed = fixedImage(still, grid, maskOf(still))!
    for (const metric of ['squares', 'robust', 'information'] satisfies Metric[])
      expect(apart(register(searchOf(fixed, metric), still, grid), STILL)).toBeLessThan(
        metric === 'information' ? 0.1 : 0.001,
      )
  })

  it('moves an image of one plane within that plane alone, however it lies', () => {
    fc.assert(
      fc.property(number(0.6), number(0.6), sign, number(4), number(4), number(0.08), (a, b, s, u, v, angle) => {
        const grid = gridAbout([40, 42, 1], [3, s * 3, 6], [a, b, 0])
        const axis = (c: number) => [0, 1, 2].map(r => grid.affine[4 * r + c]! / voxelSize(grid)[c]!)
        const [x, y, z] = [axis(0), axis(1), axis(2)]
        const shift = [0, 1, 2].map(r => u * x[r]! + v * y[r]!)
        const truth = stepAbout([...shift, ...z.map(value => angle * value)], [0, 0, 0])
        const still = spheres(grid, STILL)
        const fixed = fixedImage(still, grid, maskOf(still))!
        for (const metric of ['robust', 'information'] as const) {
          const found = register(searchOf(fixed, metric), spheres(grid, truth), grid)
          expect(apart(found, truth)).toBeLessThan(0.15)
          // The normal of the plane stays the normal, and the plane in itself.
          const there = moved(found, [0, 0, 0])
          expect(Math.abs(there.reduce((sum, value, r) => sum + value * z[r]!, 0))).toBeLessThan(1e-9)
        }
      }),
      { numRuns: 4, seed: 3, endOnFailure: true },
    )
  })

  it('stays where it starts when an image has no contrast, or shares no space', () => {
    const grid = gridAbout([24, 26, 22], [4, 4, 4], [0, 0, 0])
    const still = spheres(grid, STILL)
    const fixed = fixedImage(still, grid, maskOf(still))!
    const far: Grid = {
      shape: grid.shape,
      affine: grid.affine.map((value, at) => (at % 4 === 3 ? value + 900 : value)),
    }
    for (const metric of ['squares', 'robust', 'information'] satisfies Metric[]) {
      expect(register(searchOf(fixed, metric), new Float32Array(still.length).fill(7), grid)).toEqual(STILL)
      expect(register(searchOf(fixed, metric), still, far)).toEqual(STILL)
    }
  })

  it('has nothing to register by in an empty mask', () => {
    const grid = gridAbout([24, 26, 22], [4, 4, 4], [0, 0, 0])
    expect(fixedImage(spheres(grid, STILL), grid, new Uint8Array(24 * 26 * 22))).toBeNull()
  })
})

describe('a series of a moving head', () => {
  const frames = 5
  const cases = [
    ['plain', 'robust', { motion: 1, noise: 0.02, contrast: 'asl' }, 0.05],
    ['three times the motion', 'robust', { motion: 3, noise: 0.02, contrast: 'asl' }, 0.05],
    ['8 % noise', 'robust', { motion: 1, noise: 0.08, contrast: 'asl' }, 0.13],
    ['a bolus', 'information', { motion: 1, noise: 0.02, contrast: 'bolus' }, 0.2],
  ] as const satisfies readonly [string, Metric, Partial<MovingHeadSettings>, number][]
  const heads = new Map<string, MovingHead>()
  beforeAll(() => {
    for (const [name, , settings] of cases)
      heads.set(name, movingHead({ grid: SERIES_GRID, frames, seed: 'test', ...settings }))
  })

  it.each(cases)('%s, by %s', (name, metric, _, within) => {
    const head = heads.get(name)!
    const mask = brainMask(head.frames[0]!, head.grid.shape, voxelSize(head.grid))
    const search = searchOf(fixedImage(head.frames[0]!, head.grid, mask)!, metric)
    const found: Rigid[] = [STILL]
    for (const values of head.frames.slice(1)) found.push(register(search, values, head.grid, found.at(-1)))
    const errors = errorsOf(head, found)
    expect(errors.reduce((sum, value) => sum + value, 0) / (frames - 1)).toBeLessThan(within)
    expect(Math.max(...errors)).toBeLessThan(0.6)
  })
})
