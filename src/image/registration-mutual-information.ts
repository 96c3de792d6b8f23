import { invertSymmetric } from '../numerics/symmetric.ts'
import { type Fixed, type FixedLevel, lengthOf, normalMatrix, sixOf } from './registration-fixed.ts'
import { informationOf, type Measured } from './registration-histogram.ts'
import type { LevelImage } from './registration-image.ts'
import { compose, moved, type Rigid, stepAbout } from './rigid.ts'

/** A level ends when a step moves the mask by less than this, on average [mm]. */
const CLOSE = 0.004

/** Steps after which a level ends in any case. */
const MOST_STEPS = 40

/** Times that a step which does not gain enough is shortened. */
const MOST_HALVINGS = 8

/** Share of the gain that the slope promises, which a step must bring [1]. */
const LEAST_GAIN = 1e-4

/** What a search ends with. */
export interface Ending {
  readonly motion: Rigid
  /** Inverse of the curvature of the information where it ended, for the next search alike; null where none was found. */
  readonly curvature: Float64Array | null
}

/**
 * The motion that takes one level of a fixed image to a moving one with the most information of one on the other.
 *
 * @remarks
 * A quasi-Newton search (BFGS) on {@link informationOf}. Its curvature starts as that of an earlier search alike, else as
 * that of least squares, whose scale the first step finds. Steps are put together as motions, so no turn is too large for
 * the parameters.
 *
 * @param fixed - the fixed image
 * @param level - its level
 * @param moving - the moving image at that level
 * @param start - where the search begins; it is the result, too, where the images overlap too little or have no contrast
 * @param known - what an earlier search of this level ended with; null for none
 */
export function mostInformation(
  fixed: Fixed,
  level: FixedLevel,
  moving: LevelImage,
  start: Rigid,
  known: Float64Array | null,
): Ending {
  const { radius } = fixed
  const measure = informationOf(fixed, level, moving, start)
  let here = measure(start)
  let motion = start
  let curvature = known ?? invertedNormal(level)
  if (!here || !curvature) return { motion, curvature: known }
  let isScaled = known !== null
  for (let turn = 0; turn < MOST_STEPS; turn++) {
    const way = times(curvature, here.slope)
    const gain = dot(way, here.slope)
    const six = sixOf(way, level.free)
    const length = lengthOf(six, radius)
    if (!(gain > 0) || (isScaled && length < CLOSE)) break
    const longest = isScaled ? level.spacing : level.spacing / 8
    let share = isScaled ? Math.min(1, longest / length) : longest / length
    let next: Measured | null = null
    let there = motion
    for (let turns = 0; turns < MOST_HALVINGS && !next && length * share > CLOSE / 2; turns++) {
      const step = six.map(value => value * share)
      there = compose(stepAbout(step, moved(motion, fixed.centre)), motion)
      const tried = measure(there)
      if (tried && tried.information >= here.information + LEAST_GAIN * share * gain) next = tried
      else share *= tried ? shortened(share * gain, tried.information - here.information) : 0.1
    }
    if (!next) break
    const s = way.map(value => value * share)
    const before = here.slope
    const y = next.slope.map((slope, f) => before[f]! - slope)
    const sy = dot(s, y)
    if (sy > 0) {
      const scale: number = isScaled ? 1 : sy / dot(y, times(curvature, y))
      curvature = updated(
        curvature.map(value => value * scale),
        s,
        y,
        sy,
      )
      isScaled = true
    }
    motion = there
    here = next
    if (length * share < CLOSE) break
  }
  return { motion, curvature: isScaled ? curvature : null }
}

/** How much shorter a step should be: to the top of the parabola through what was promised and what came of it [1]. */
function shortened(promised: number, came: number): number {
  return Math.min(0.5, Math.max(0.1, promised / (2 * (promised - came))))
}

function invertedNormal(level: FixedLevel): Float64Array | null {
  const n = level.free.length
  const matrix = normalMatrix(level)
  return invertSymmetric(matrix, n, new Float64Array(n)) ? matrix : null
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0)
}

function times(M: Float64Array, a: readonly number[]): number[] {
  const n = a.length
  return a.map((_, row) => a.reduce((sum, value, column) => sum + M[row * n + column]! * value, 0))
}

/** The inverse curvature after a step s by which the slope fell by y. */
function updated(B: Float64Array, s: readonly number[], y: readonly number[], sy: number): Float64Array {
  const n = s.length
  const By = times(B, y)
  const factor = (1 + dot(y, By) / sy) / sy
  return B.map((value, at) => {
    const [row, column] = [Math.floor(at / n), at % n]
    return value + factor * s[row]! * s[column]! - (By[row]! * s[column]! + s[row]! * By[column]!) / sy
  })
}
