import { type Fixed, fixedImage } from './registration-fixed.ts'
import { informationOf } from './registration-histogram.ts'
import { levelOf } from './registration-image.ts'
import { mostInformation } from './registration-mutual-information.ts'
import { compose, moved, type Point, type Rigid, STILL, stepAbout } from './rigid.ts'
import type { Grid } from './volume.ts'

/** Spacing of the levels of a search from far away [mm]. */
const SPACINGS = [10, 6, 4]

/** Turns that a search from far away begins with, about each axis [rad]. */
const TURNS = [-0.2, 0.2]

/** Starts that are followed to the end. */
const FINALISTS = 3

/** What two images of different contrast told of the motion between them. */
export interface FarRegistration {
  /** Takes points of the fixed image to the moving one. */
  readonly motion: Rigid
  /** Information of one image on the other with this motion, and with none [nat]. */
  readonly information: number
  readonly informationStill: number
}

/**
 * The rigid motion between images of different contrast that may lie far apart.
 *
 * @remarks
 * Mutual information from many starts: as the headers have it, with the middles of both images on each other, and from there
 * turned to either side about each axis. All are searched at the coarsest level, the three best to the finest.
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
  const measured = (level: number, motion: Rigid) =>
    informationOf(fixed, fixed.levels[level]!, levels[level]!, motion)(motion)?.information ?? Number.NEGATIVE_INFINITY
  const follow = (level: number, start: Rigid) =>
    mostInformation(fixed, fixed.levels[level]!, levels[level]!, start, null).motion
  const last = fixed.levels.length - 1
  const coarse = startsOf(fixed, middle)
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

function startsOf({ centre }: Fixed, middle: Point): Rigid[] {
  const shifted = stepAbout([middle[0] - centre[0], middle[1] - centre[1], middle[2] - centre[2], 0, 0, 0], centre)
  const turned = [0, 1, 2].flatMap(axis =>
    TURNS.map(angle => {
      const step = [0, 0, 0, 0, 0, 0]
      step[3 + axis] = angle
      return compose(stepAbout(step, moved(shifted, centre)), shifted)
    }),
  )
  return [STILL, shifted, ...turned]
}
