import { describe, expect, it } from 'vitest'
import { parseName } from '../../src/bids/name.ts'
import { invertAffine } from '../../src/image/resample.ts'
import { compose, inverse, moved, type Point, type Rigid, STILL, stepAbout } from '../../src/image/rigid.ts'
import { formatTransform } from '../../src/image/rigid-text.ts'
import type { Grid, Volume } from '../../src/image/volume.ts'
import { headGrid, makeAnatomy } from '../../src/modalities/anatomy.ts'
import type { Placed, Prepared, Role, Run, Source } from '../../src/modalities/modality.ts'
import { createRandom } from '../../src/numerics/random.ts'
import { defaultOptions } from '../../src/options.ts'
import {
  alignCompanions,
  type Coregistration,
  coregister,
  overlapOf,
  overlapProblems,
} from '../../src/run/coregister.ts'

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

/** A source of a name; of a transform with its text. */
function source(path: string, text?: string): Source {
  return {
    uri: `bids:raw:${path}`,
    file: `/data/${path}`,
    name: parseName(path)!,
    sidecar: { values: {}, from: {}, files: [] },
    header: null,
    tables: {},
    ...(text === undefined ? {} : { texts: { '.txt': { path, text } } }),
  }
}

function runOf(roles: Partial<Record<Role, readonly Source[]>> = {}): Run {
  return {
    kind: 'asl',
    entities: { sub: '01' },
    series: [source('sub-01/perf/sub-01_asl.nii.gz')],
    roles,
    context: {},
    participant: {},
    options: defaultOptions(),
    seed: 1,
  }
}

function coregistered(companions: Placed, one: Prepared = prepared(), run: Run = runOf()): Coregistration | null {
  const found = coregister(companions, one, run)
  if (!found.ok) throw new Error(found.problems[0]!.message)
  return found.value
}

describe('coregister', () => {
  it.each([
    [20, 0, 0, 0, 0, 0.26],
    [0, -14, 14, 0.26, 0, 0],
    [-8, 12, 13, -0.15, 0.15, 0.15],
    [5, 0, -2, 0, -0.1, 0],
  ])('finds a planted shift by up to 20 mm and 15° within 1 mm (%s %s %s mm, %s %s %s rad)', (...six) => {
    const planted = stepAbout(six, [0, 0, 0])
    const found = coregistered(shifted(planted))!
    expect(found.by).toBe('mutual information')
    expect(found.problems.map(({ code }) => code)).toEqual(['COREGISTERED'])
    expect(apart(found.motion, planted)).toBeLessThan(1)
  })

  it('believes the header where that is right', () => {
    expect(coregistered(shifted(STILL))).toMatchObject({ by: 'header', motion: STILL, problems: [] })
  })

  it('says that it failed where the images have nothing in common', () => {
    const random = createRandom('noise')
    const noise = Float32Array.from(mask, () => 100 * Math.abs(random.normal()))
    const found = coregistered(shifted(stepAbout([15, 0, 0, 0, 0, 0.2], [0, 0, 0])), prepared(noise))!
    expect(found).toMatchObject({ by: 'header', motion: STILL })
    expect(found.problems.map(({ code }) => code)).toEqual(['COREGISTRATION_FAILED'])
  })

  it('moves what lies on the grid of the tissues or in the folder of anatomy, and has nothing to do on the grid of the series', () => {
    const placed = shifted(inverse(stepAbout([12, 0, 0, 0, 0, 0], [0, 0, 0])))
    const found = coregistered(placed)!
    const elsewhere = volume(headGrid([5, 5, 5]), new Float32Array(1))
    const anat = source('sub-01/anat/sub-01_desc-aseg_dseg.nii.gz')
    expect(found.moves('gm', placed.gm![0]!, undefined)).toBe(true)
    expect(found.moves('m0', placed.gm![0]!, undefined)).toBe(false)
    expect(found.moves('dseg', elsewhere, anat)).toBe(true)
    expect(found.moves('dseg', elsewhere, source('sub-01/perf/sub-01_dseg.nii.gz'))).toBe(false)
    expect(found.moves('dseg', volume(GRID, here.gm), anat)).toBe(false)
    expect(coregistered({ gm: [volume(GRID, here.gm)] })).toBeNull()
    expect(coregistered({})).toBeNull()
  })

  it.each(['orig_to-T1w', 'T1w_to-orig'])(
    'takes a transform that is given (from-%s) as it is, and searches for none',
    way => {
      const planted = stepAbout([3, -7, 2, 0.1, 0, -0.05], [0, 0, 0])
      const text = formatTransform(way.endsWith('T1w') ? inverse(planted) : planted)
      const given = source(`sub-01/perf/sub-01_from-${way}_mode-image_xfm.txt`, text)
      const found = coregistered(shifted(STILL), prepared(), runOf({ xfm: [given] }))!
      expect(found).toMatchObject({ by: 'transform', problems: [] })
      expect(apart(found.motion, planted)).toBeLessThan(1e-9)
    },
  )

  it.each([
    ['scales', formatTransform([1.1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]), 'scales or shears'],
    ['is none', 'nothing', 'first line'],
  ])('refuses a transform that %s', (_, text, says) => {
    const given = source('sub-01/perf/sub-01_from-orig_to-T1w_mode-image_xfm.txt', text)
    const found = coregister(shifted(STILL), prepared(), runOf({ xfm: [given] }))
    expect(found.ok).toBe(false)
    expect(found.problems).toMatchObject([{ code: 'TRANSFORM_INVALID', message: expect.stringContaining(says) }])
  })
})

describe('images that were acquired apart', () => {
  const requests = [{ role: 'm0', grid: 'reference' }] as const
  const m0 = Float32Array.from(here.gm, (share, v) => 1000 * share + 800 * here.wm[v]! + 1400 * here.csf[v]!)
  const lying = (motion: Rigid) => volume({ shape: GRID.shape, affine: compose(motion, GRID.affine) }, m0)
  const run = runOf({ m0: [source('sub-01/perf/sub-01_m0scan.nii.gz')] })

  it.each([
    [6, 0, 3, 0, 0.1, 0],
    [0, -3, 0, 0.05, 0, 0.05],
  ])('are brought to the series within 0.5 mm (%s %s %s mm, %s %s %s rad)', (...six) => {
    const planted = stepAbout(six, [0, 0, 0])
    const { companions, problems } = alignCompanions({ m0: [lying(planted)] }, prepared(), run, requests)
    expect(problems.map(({ code, file }) => [code, file])).toEqual([
      ['COREGISTERED', 'sub-01/perf/sub-01_m0scan.nii.gz'],
    ])
    const back = compose(companions.m0![0]!.grid.affine as Rigid, invertAffine(GRID.affine))
    expect(apart(back, STILL)).toBeLessThan(0.5)
    expect(companions.m0![0]!.data).toBe(m0)
  })

  it('stay as they are where the header is right, and where they are wanted on their own grid', () => {
    const companions = { m0: [lying(STILL)] }
    expect(alignCompanions(companions, prepared(), run, requests)).toEqual({ companions, problems: [] })
    const moved = { m0: [lying(stepAbout([9, 0, 0, 0, 0, 0], [0, 0, 0]))] }
    expect(alignCompanions(moved, prepared(), run, [{ role: 'm0', grid: 'own' }]).companions).toBe(moved)
  })

  it('stay as they are with a warning where they share nothing with the series', () => {
    const random = createRandom('m0')
    const noise = volume(
      GRID,
      Float32Array.from(mask, () => 100 * Math.abs(random.normal())),
    )
    const { companions, problems } = alignCompanions({ m0: [noise] }, prepared(), run, requests)
    expect(companions.m0![0]).toBe(noise)
    expect(problems.map(({ code }) => code)).toEqual(['COREGISTRATION_FAILED'])
  })

  it('may hold what is no number, and outliers', () => {
    const planted = stepAbout([8, 0, 0, 0, 0, 0.1], [0, 0, 0])
    const t1 = Float32Array.from(here.gm, (share, v) =>
      v % 97 === 0 ? Number.NaN : v % 89 === 0 ? 1e6 : 1.4 * share + 0.9 * here.wm[v]! + 4 * here.csf[v]!,
    )
    const map = volume({ shape: GRID.shape, affine: compose(planted, GRID.affine) }, t1)
    const { companions } = alignCompanions({ t1map: [map] }, prepared(), runOf(), [
      { role: 't1map', grid: 'reference' },
    ])
    const back = compose(companions.t1map![0]!.grid.affine as Rigid, invertAffine(GRID.affine))
    expect(apart(back, STILL)).toBeLessThan(1)
  })
})

describe('overlap', () => {
  it('is 1 of a mask with itself, and that of two balls that meet in part as counted', () => {
    const whole = { gm: [volume(GRID, here.gm)], wm: [volume(GRID, here.wm)], csf: [volume(GRID, here.csf)] }
    const own = mask.map((_, v) => (here.gm[v]! + here.wm[v]! + here.csf[v]! >= 0.5 ? 1 : 0))
    expect(overlapOf(whole, own).map(({ name, value }) => [name, value])).toEqual([
      ['coreg_dice', 1],
      ['coreg_correlation', expect.closeTo(1, 9)],
    ])
    const half = own.map((value, v) => (v < own.length / 2 ? value : 0))
    const [all, part] = [own, half].map(values => values.reduce((sum, value) => sum + value, 0)) as [number, number]
    expect(overlapOf(whole, half)[0]!.value).toBeCloseTo((2 * part) / (all + part), 9)
    expect(overlapOf({}, own)).toEqual([])
    expect(overlapProblems(overlapOf(whole, own), 'x')).toEqual([])
    expect(overlapProblems(overlapOf(whole, half), 'x').map(({ code }) => code)).toEqual(['COREGISTRATION_DOUBTFUL'])
  })
})
