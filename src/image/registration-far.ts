import { type Fixed, fixedImage } from './registration-fixed.ts'
import { informationOf } from './registration-histogram.ts'
import { levelOf } from './registration-image.ts'
import { mostInformation } from './registration-mutual-information.ts'
import { compose, displacementOf, inverse, type Point, type Rigid, STILL, stepAbout } from './rigid.ts'
import type { Grid } from './volume.ts'

/** Spacing of the levels of a search from far away [mm]. */
const SPACINGS = [10, 6, 4]

/**
 * Where a search from far away looks first: turns about each axis [rad], and shifts along each [mm], from where the headers put
 * the head and from where its middle meets that of the other. Heads nod more than they tilt or turn, and a stack of slices tells
 * the middle of a head along the slices least.
 */
const TURNS = [
  [-0.35, -0.17, 0, 0.17, 0.35],
  [-0.2, 0, 0.2],
  [-0.2, 0, 0.2],
] as const
const SHIFTS = [[0], [-12, 0, 12], [-24, -12, 0, 12, 24]] as const

/** Starts that are followed at the coarsest level, and least distance between them, root mean square [mm]. */
const STARTS = 30
const APART = 10

/** Of those, how many are followed to the end. */
const FINALISTS = 5

/** What two images of different contrast told of the motion between them. */
export interface FarRegistration {
  /** Takes points of the fixed image to the moving one. */
  readonly motion: Rigid
  /**
   * Information of one image on the other with this motion, and with none, times the share of the fixed image that the moving
   * one covers with more than air [nat]: half a brain beside the edge of another tells more of it than the whole does.
   */
  readonly information: number
  readonly informationStill: number
}

/**
 * The rigid motion between images of different contrast that may lie far apart.
 *
 * @remarks
 * Mutual information is measured in a thousand places at the coarsest level: as the headers have it, with the middles of both
 * images on each other, and turned and shifted from there. The best thirty of them that lie apart are followed at that level,
 * the best five of these to the finest.
 *
 * @param values - the fixed image, any unit, shape (nVoxel)
 * @param grid - where it lies
 * @param mask - 1 where it counts, shape (nVoxel)
 * @param moving - the moving image, any unit
 * @param movingGrid - where it lies
 * @param middle - the middle of what the mask holds, in the moving image [mm]
 * @returns null where the mask holds too little, or the images share no space from any start
 */
export function registerFar(
  values: Float32Array | Float64Array,
  grid: Grid,
  mask: Uint8Array,
  moving: Float32Array | Float64Array,
  movingGrid: Grid,
  middle: Point,
): FarRegistration | null {
  const fixed = fixedImage(values, grid, mask, SPACINGS)
  if (!fixed) return null
  const levels = fixed.levels.map(({ spacing }) => levelOf(moving, movingGrid, spacing))
  const measuring = (level: number, start: Rigid) => {
    const measure = informationOf(fixed, fixed.levels[level]!, levels[level]!, start)
    return (motion: Rigid) => {
      const found = measure(motion)
      return found ? found.information * found.covered : Number.NEGATIVE_INFINITY
    }
  }
  const measured = (level: number, motion: Rigid) => measuring(level, motion)(motion)
  const follow = (level: number, start: Rigid) =>
    mostInformation(fixed, fixed.levels[level]!, levels[level]!, start, null).motion
  const last = fixed.levels.length - 1
  const met = middlesMet(fixed, middle)
  const roughly = measuring(0, stepAbout([...met, 0, 0, 0], fixed.centre))
  const places = placesOf(fixed, met)
    .map(motion => ({ motion, information: roughly(motion) }))
    .sort((a, b) => b.information - a.information)
  const coarse = farApart([STILL, ...places.map(({ motion }) => motion)], fixed)
    .map(start => follow(0, start))
    .map(motion => ({ motion, information: measured(0, motion) }))
    .sort((a, b) => b.information - a.information)
  const fine = coarse.slice(0, FINALISTS).map(({ motion }) => {
    let at = motion
    for (let level = 1; level <= last; level++) at = follow(level, at)
    return { motion: at, information: measured(last, at) }
  })
  const best = fine.sort((a, b) => b.information - a.information)[0]
  if (!best || !Number.isFinite(best.information)) return null
  return { ...best, informationStill: Math.max(0, measured(last, STILL)) }
}

/** The shift that puts the middle of the fixed image's mask on that of the moving image [mm]. */
function middlesMet({ centre }: Fixed, middle: Point): Point {
  return [middle[0] - centre[0], middle[1] - centre[1], middle[2] - centre[2]]
}

/** Where a search may begin. */
function placesOf({ centre }: Fixed, met: Point): Rigid[] {
  const steps = [...TURNS, ...SHIFTS].reduce<readonly number[][]>(
    (rows, choices) => rows.flatMap(row => choices.map(choice => [...row, choice])),
    [[]],
  )
  return [[0, 0, 0] as const, met].flatMap(base =>
    steps.map(([a, b, c, x, y, z]) => stepAbout([base[0] + x!, base[1] + y!, base[2] + z!, a!, b!, c!], centre)),
  )
}

/** The first of some motions that lie apart from each other. */
function farApart(motions: readonly Rigid[], { centre, radius }: Fixed): Rigid[] {
  const chosen: Rigid[] = []
  for (const motion of motions) {
    const isNew = chosen.every(other => displacementOf(compose(inverse(other), motion), centre, radius) >= APART)
    if (isNew) chosen.push(motion)
    if (chosen.length === STARTS) break
  }
  return chosen
}
