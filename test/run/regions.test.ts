import { describe, expect, it } from 'vitest'
import type { Grid, Volume } from '../../src/image/volume.ts'
import { hemispheres, labelRegions, lesionRegions, type Region, tissueRegion } from '../../src/run/regions.ts'

const [ni, nj, nk] = [40, 10, 4] as const

/** Voxels of 4 × 4 × 5 mm; with `left` the first axis points to the left, as radiologists store it. */
function gridOf(left: boolean): Grid {
  const x = left ? [-4, 78] : [4, -78]
  return { shape: [ni, nj, nk], affine: [x[0]!, 0, 0, x[1]!, 0, 4, 0, 0, 0, 0, 5, 0] }
}

const volume = (grid: Grid, data: Float32Array): Volume => {
  return { grid, frames: 1, data, slope: 1, intercept: 0, header: new Uint8Array(348) }
}

const filled = (value: (i: number, j: number, k: number) => number) =>
  Float32Array.from({ length: ni * nj * nk }, (_, v) =>
    value(v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))),
  )

const voxelsOf = (region: Region | undefined) =>
  Array.from({ length: ni * nj * nk }, (_, v) => v).filter(v => region?.has(v))

describe('regions', () => {
  it.each([false, true])('part the brain by scanner space, however it is stored (first axis to the left: %s)', left => {
    const grid = gridOf(left)
    const mask = Uint8Array.from(filled(i => (i >= 4 && i < 36 ? 1 : 0)))
    const white = tissueRegion(
      'WM',
      volume(
        grid,
        filled((_, j) => (j < 5 ? 1 : 0)),
      ),
      mask,
      undefined,
    )
    const halves = hemispheres(mask, grid, [white])
    expect(halves.map(({ name }) => name)).toEqual(['left', 'left-WM', 'right', 'right-WM'])
    const [, , right, rightWhite] = halves
    for (const v of voxelsOf(right)) expect(left ? v % ni < 20 : v % ni >= 20).toBe(true)
    expect(voxelsOf(right)).toHaveLength(16 * nj * nk)
    expect(voxelsOf(rightWhite)).toHaveLength(16 * 5 * nk)
  })

  it('have no halves where the field of view is too narrow for two', () => {
    const mask = Uint8Array.from(filled(i => (i < 15 ? 1 : 0)))
    expect(hemispheres(mask, gridOf(false), [])).toEqual([])
  })

  it('know which part of them was seen', () => {
    const grid = gridOf(false)
    const mask = Uint8Array.from(filled((_, __, k) => (k < 3 ? 1 : 0)))
    const labels = volume(
      grid,
      filled(i => (i < 10 ? 3 : i < 20 ? 7 : 0)),
    )
    const table = {
      columns: ['index', 'name'],
      rows: [
        ['3', 'first'],
        ['7', 'second'],
        ['9', 'elsewhere'],
      ],
    }
    const [first, second, elsewhere] = labelRegions('atlas', labels, table, mask, labels)
    expect(first).toMatchObject({ name: 'first', coverage: 0.75 })
    expect(second?.coverage).toBe(0.75)
    expect(elsewhere?.coverage).toBeNull()
    const fraction = volume(
      grid,
      filled((_, j) => j / 10),
    )
    expect(tissueRegion('GM', fraction, mask, fraction).coverage).toBeCloseTo(0.75, 6)
    expect(tissueRegion('GM', fraction, mask, undefined).coverage).toBeNull()
  })

  it('keep white matter that looks normal away from pathology', () => {
    const grid = gridOf(false)
    const mask = new Uint8Array(ni * nj * nk).fill(1)
    const white = tissueRegion(
      'WM',
      volume(
        grid,
        filled(() => 1),
      ),
      mask,
      undefined,
    )
    const [lesion, normal] = lesionRegions(
      volume(
        grid,
        filled(i => (i < 10 ? 1 : 0)),
      ),
      mask,
      white,
    )
    expect(voxelsOf(lesion)).toHaveLength(10 * nj * nk)
    // The voxel beside it is 4 mm away, the next 8 mm.
    expect(Math.min(...voxelsOf(normal).map(v => v % ni))).toBe(11)
    expect(
      lesionRegions(
        volume(
          grid,
          filled(() => 0),
        ),
        mask,
        undefined,
      ),
    ).toHaveLength(1)
  })
})
