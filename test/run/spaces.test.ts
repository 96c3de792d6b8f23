import { describe, expect, it } from 'vitest'
import { inverse, moved, STILL, stepAbout } from '../../src/image/rigid.ts'
import { type Grid, voxelSize } from '../../src/image/volume.ts'
import { blankHeader } from '../../src/nifti/index.ts'
import { anatomicalSpace, nativeSpace } from '../../src/run/spaces.ts'

const T1W: Grid = { shape: [40, 60, 50], affine: [0, 0, -1, 30, 0, 1, 0, -35, 1, 0, 0, -25] }
const NATIVE: Grid = { shape: [32, 36, 14], affine: [-2, 0, 0, 31, 0, 2, 0, -35, 0, 0, 5, -33] }

type Point = readonly [number, number, number]

/** Where a place of a grid lies [mm]. */
function placeOf({ affine: a }: Grid, [i, j, k]: Point): Point {
  const row = (r: number) => a[4 * r]! * i + a[4 * r + 1]! * j + a[4 * r + 2]! * k + a[4 * r + 3]!
  return [row(0), row(1), row(2)]
}

function eachVoxel({ shape: [ni, nj, nk] }: Grid): Point[] {
  return Array.from({ length: ni * nj * nk }, (_, v) => [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))])
}

/** A field that trilinear interpolation carries without error. */
const field = ([x, y, z]: Point) => 100 + x - 2 * y + 0.5 * z

describe('the space of the T1w image', () => {
  it('has its axes and field of view, and as much room in a voxel as the series', () => {
    const { grid } = anatomicalSpace({ grid: T1W, motion: STILL }, NATIVE, undefined)
    const corners = (of: Grid) => [
      placeOf(of, [-0.5, -0.5, -0.5]),
      placeOf(of, [of.shape[0] - 0.5, of.shape[1] - 0.5, of.shape[2] - 0.5]),
    ]
    for (const [at, corner] of corners(grid).entries())
      for (const axis of [0, 1, 2]) expect(corner[axis]).toBeCloseTo(corners(T1W)[at]![axis]!, 9)
    for (const edge of voxelSize(grid)) expect(edge).toBeCloseTo(20 ** (1 / 3), 0)
  })

  it('has the values where the motion puts them, and none where the series has none', () => {
    const motion = stepAbout([4, -3, 2, 0.1, -0.05, 0.08], [1, 2, 3])
    const { grid, values } = anatomicalSpace({ grid: T1W, motion }, NATIVE, undefined)
    const own = Float32Array.from(eachVoxel(NATIVE), place => field(placeOf(NATIVE, place)))
    const there = values(own)
    let seen = 0
    for (const [v, place] of eachVoxel(grid).entries()) {
      // A point of the series lies where the motion takes it: the field there is that of the point it came from.
      const from = moved(inverse(motion), placeOf(grid, place))
      const index = [(31 - from[0]) / 2, (from[1] + 35) / 2, (from[2] + 33) / 5] as const
      if (index.some((at, axis) => at < 0 || at > NATIVE.shape[axis]! - 1)) continue
      seen++
      expect(Math.abs(there[v]! - field(from))).toBeLessThan(1e-3)
    }
    expect(seen).toBeGreaterThan(500)
    expect(values(own.fill(Number.NaN)).some(Number.isFinite)).toBe(false)
  })

  it('has labels that are labels, and names that say it', () => {
    const space = anatomicalSpace({ grid: T1W, motion: STILL }, NATIVE, 'bids::sub-01/anat/x.nii.gz')
    const own = Uint8Array.from(eachVoxel(NATIVE), ([i]) => (i < 16 ? 2 : 5))
    expect([...new Set(space.labels(own))].sort()).toEqual([2, 5])
    expect(space.named({ suffix: 'cbf' })).toEqual({ suffix: 'cbf', space: 'T1w' })
    expect(space.sidecar).toMatchObject({ SpatialReference: 'bids::sub-01/anat/x.nii.gz' })
  })
})

it('the space of the series changes nothing', () => {
  const space = nativeSpace(NATIVE, blankHeader(NATIVE))
  const own = new Float32Array(3)
  expect(space.values(own)).toBe(own)
  expect(space.named({ suffix: 'cbf' })).toEqual({ suffix: 'cbf' })
})
