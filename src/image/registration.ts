import type { Fixed } from './registration-fixed.ts'
import { levelOf } from './registration-image.ts'
import { leastSquares } from './registration-least-squares.ts'
import { mostInformation } from './registration-mutual-information.ts'
import { type Rigid, STILL } from './rigid.ts'
import type { Grid } from './volume.ts'

/**
 * What two images are compared by: squares and robust squares of what they differ by, for one contrast; information of one
 * on the other, for different ones.
 */
export type Metric = 'squares' | 'robust' | 'information'

/** Searches against one fixed image: what one learns of the curvature serves the next. */
export interface Search {
  readonly fixed: Fixed
  readonly metric: Metric
  /** What earlier searches ended with, level by level. */
  readonly known: (Float64Array | null)[]
}

/** Searches against a fixed image, none made yet. */
export function searchOf(fixed: Fixed, metric: Metric): Search {
  return { fixed, metric, known: fixed.levels.map(() => null) }
}

/**
 * The rigid motion that takes points of a fixed image to the same tissue in a moving one.
 *
 * @remarks
 * From the coarsest level to the finest. Every point of the mask counts at every level, nothing is drawn at random: the
 * same images give the same motion. **Limits:** a search finds the nearest optimum, which for a head that has moved by up to
 * about 10 mm and 10° is the right one.
 *
 * **Error,** over the brain, in series of 64 × 64 × 30 voxels of 3.5 × 3.5 × 4.5 mm: 0.03 mm at 2 % noise, 0.08 mm at 8 %
 * (`robust`); 0.08 mm through a bolus that takes 60 % of the signal of grey matter (`information`).
 *
 * @param search - the fixed image and the metric
 * @param values - the moving image, any unit, shape (nVoxel)
 * @param grid - where it lies
 * @param start - where the search begins
 */
export function register(search: Search, values: Float32Array | Float64Array, grid: Grid, start: Rigid = STILL): Rigid {
  const { fixed, metric, known } = search
  let motion = start
  for (const [at, level] of fixed.levels.entries()) {
    const moving = levelOf(values, grid, level.spacing)
    if (metric === 'information') {
      const ending = mostInformation(fixed, level, moving, motion, known[at] ?? null)
      motion = ending.motion
      known[at] = ending.curvature
    } else motion = leastSquares(fixed, level, moving, motion, metric === 'robust')
  }
  return motion
}
