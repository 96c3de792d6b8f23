import { describe, expect, it } from 'vitest'
import { compose, inverse, moved, type Point, type Rigid, STILL, stepAbout } from '../../src/image/rigid.ts'
import type { Grid, Volume } from '../../src/image/volume.ts'
import { headGrid, makeAnatomy } from '../../src/modalities/anatomy.ts'
import type { Placed, Prepared } from '../../src/modalities/modality.ts'
import { createRandom } from '../../src/numerics/random.ts'
import { coregister } from '../../src/run/coregister.ts'

const T1W_GRID = headGrid([3, 3, 3])
const GRID = headGrid([4, 4, 5])
const tissues = makeAnatomy(3, '01').tissues(T1W_GRID)
const here = makeAnatomy(3, '01').tissues(GRID)
const mask = Uint8Array.from(here.gm, (share, v) => (share + here.wm[v]! + here.csf[v]! > 0.5 ? 1 : 0))

function volume(grid: Grid, data: Float32Array): Volume {
  return { grid, frames: 1, data, slope: 1, intercept: 0, header: new Uint8Array(348) }
}

/** A reference in which fluid is brightest, with 3 % noise. */
function prepared(values?: Float32Array): Prepared {
  const random = createRandom('coregister')
  const image = Float32Array.from(
    here.gm,
    (share, v) => 850 * share + 700 * here.wm[v]! + 1000 * here.csf[v]! + 25 * random.normal(),
  )
  return {
    series: [],
    reference: { grid: GRID, values: values ?? image, header: new Uint8Array(348) },
    mask,
    confounds: { columns: [], rows: [] },
    problems: [],
  }
}

/** The tissues, with a header that puts them where a motion takes them. */
function shifted(motion: Rigid): Placed {
  const grid = { shape: T1W_GRID.shape, affine: compose(motion, T1W_GRID.affine) }
  return { gm: [volume(grid, tissues.gm)], wm: [volume(grid, tissues.wm)], csf: [volume(grid, tissues.csf)] }
}

const POINTS: readonly Point[] = [
  [60, 0, 0],
  [-60, 0, 0],
  [0, 75, 0],
  [0, -75, 0],
  [0, 0, 50],
  [0, 0, -50],
]

/** Largest distance between where two motions take points at the rim of the brain [mm]. */
function apart(a: Rigid, b: Rigid): number {
  return Math.max(
    ...POINTS.map(point => {
      const [p, q] = [moved(a, point), moved(b, point)]
      return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2])
    }),
  )
}

describe('coregister', () => {
  it.each([
    [20, 0, 0, 0, 0, 0.26],
    [0, -14, 14, 0.26, 0, 0],
    [-8, 12, 13, -0.15, 0.15, 0.15],
    [5, 0, -2, 0, -0.1, 0],
  ])('finds a planted shift by up to 20 mm and 15° within 1 mm (%s %s %s mm, %s %s %s rad)', (...six) => {
    const planted = stepAbout(six, [0, 0, 0])
    const found = coregister(shifted(planted), prepared(), 'sub-01_asl.nii.gz')!
    expect(found.by).toBe('mutual information')
    expect(found.problems.map(({ code }) => code)).toEqual(['COREGISTERED'])
    expect(apart(found.motion, planted)).toBeLessThan(1)
  })

  it('believes the header where that is right', () => {
    const found = coregister(shifted(STILL), prepared(), 'sub-01_asl.nii.gz')!
    expect(found).toMatchObject({ by: 'header', motion: STILL, problems: [] })
  })

  it('says that it failed where the images have nothing in common', () => {
    const random = createRandom('noise')
    const noise = Float32Array.from(mask, () => 100 * Math.abs(random.normal()))
    const found = coregister(
      shifted(stepAbout([15, 0, 0, 0, 0, 0.2], [0, 0, 0])),
      prepared(noise),
      'sub-01_asl.nii.gz',
    )!
    expect(found).toMatchObject({ by: 'header', motion: STILL })
    expect(found.problems.map(({ code }) => code)).toEqual(['COREGISTRATION_FAILED'])
  })

  it('moves what lies on the grid of the tissues, and has nothing to do on the grid of the series', () => {
    const placed = shifted(inverse(stepAbout([12, 0, 0, 0, 0, 0], [0, 0, 0])))
    const found = coregister(placed, prepared(), 'sub-01_asl.nii.gz')!
    expect(found.moves('gm', placed.gm![0]!)).toBe(true)
    expect(found.moves('m0', placed.gm![0]!)).toBe(false)
    expect(found.moves('dseg', volume(GRID, here.gm))).toBe(false)
    expect(coregister({ gm: [volume(GRID, here.gm)] }, prepared(), 'x')).toBeNull()
    expect(coregister({}, prepared(), 'x')).toBeNull()
  })
})
