import { medianAbsoluteDeviation } from '../numerics/statistics.ts'
import { solveSymmetric } from '../numerics/symmetric.ts'
import { type Fixed, type FixedLevel, lengthOf, normalMatrix, sixOf } from './registration-fixed.ts'
import { type LevelImage, sampleAt, voxelMap } from './registration-image.ts'
import { compose, inverse, type Rigid, stepAbout } from './rigid.ts'

/** Residuals beyond this many standard deviations count for nothing: 95 % efficient for a normal distribution. */
const TUKEY = 4.685

/** A standard deviation is this many median absolute deviations. */
const PER_MAD = 1.4826

/** A level ends when a step moves the mask by less than this, on average [mm]. */
const CLOSE = 0.002

/** Steps after which a level ends in any case. */
const MOST_STEPS = 30

/** Most residuals that a spread is taken from. */
const SAMPLES = 1000

/** Least share of the points that must lie in the field of view of the moving image [1]. */
const OVERLAP = 0.25

/**
 * The motion that takes one level of a fixed image to a moving one with the least squares of what they differ by.
 *
 * @remarks
 * Inverse-compositional Gauss-Newton: the steps are those of the fixed image, whose slopes and normal matrix are made once,
 *
 *     δ = H⁻¹ · Σ J(x)·(m(T·x) − g·f(x) − h) / g        T ← T·W(δ)⁻¹
 *
 * with gain g and offset h at their best for every T. Robust, residuals are weighed by Tukey's biweight of their spread, so that
 * what changes in a few places does not pull.
 *
 * @param fixed - the fixed image
 * @param level - its level
 * @param moving - the moving image at that level
 * @param start - where the search begins; it is the result, too, where the images overlap too little or have no contrast
 * @param isRobust - whether residuals are weighed
 *
 * @see Baker & Matthews, Int J Comput Vis 56:221 (2004), doi:10.1023/B:VISI.0000011205.11775.fd
 */
export function leastSquares(
  { centre, radius }: Fixed,
  level: FixedLevel,
  moving: LevelImage,
  start: Rigid,
  isRobust: boolean,
): Rigid {
  const { points, values, change, free } = level
  const count = values.length
  const n = free.length
  const sampled = new Float32Array(count)
  const weights = new Float32Array(count).fill(1)
  const normal = normalMatrix(level)
  const matrix = new Float64Array(n * n)
  const step = new Float64Array(n)
  const scale = new Float64Array(n)
  let motion = start
  for (let turn = 0; turn < MOST_STEPS; turn++) {
    sampleAt(moving, points, voxelMap(points.grid, moving.grid, motion), sampled)
    let line = bestLine(values, sampled, weights)
    if (isRobust) {
      weigh(values, sampled, line, weights)
      line = bestLine(values, sampled, weights)
    }
    const { gain, offset, total } = line
    if (!(total > OVERLAP * count) || !(Math.abs(gain) > 0)) return motion
    step.fill(0)
    for (let p = 0; p < count; p++) {
      const residual = weights[p]! * (sampled[p]! - gain * values[p]! - offset)
      if (Number.isNaN(residual)) continue
      for (let f = 0; f < n; f++) step[f]! += change[f * count + p]! * residual
    }
    for (let f = 0; f < n; f++) step[f]! /= gain * (total / count)
    matrix.set(normal)
    if (!solveSymmetric(matrix, step, n, scale)) return motion
    const six = sixOf(step, free)
    motion = compose(motion, inverse(stepAbout(six, centre)))
    if (lengthOf(six, radius) < CLOSE) break
  }
  return motion
}

interface Line {
  readonly gain: number
  readonly offset: number
  /** Sum of the weights of points that lie in the field of view. */
  readonly total: number
}

/** The line of least squares from the fixed to the moving values. */
function bestLine(values: Float32Array, sampled: Float32Array, weights: Float32Array): Line {
  let [w, x, y, xx, xy] = [0, 0, 0, 0, 0]
  for (let p = 0; p < values.length; p++) {
    const m = sampled[p]!
    if (Number.isNaN(m)) continue
    const f = values[p]!
    const weight = weights[p]!
    w += weight
    x += weight * f
    y += weight * m
    xx += weight * f * f
    xy += weight * f * m
  }
  const spread = xx - (x * x) / w
  const gain = spread > 0 ? (xy - (x * y) / w) / spread : 0
  return { gain, offset: (y - gain * x) / w, total: w }
}

/** Tukey's biweight of the residuals about a line, into `weights`. */
function weigh(values: Float32Array, sampled: Float32Array, { gain, offset }: Line, weights: Float32Array): void {
  const stride = Math.ceil(values.length / SAMPLES)
  const some: number[] = []
  for (let p = 0; p < values.length; p += stride) {
    const residual = sampled[p]! - gain * values[p]! - offset
    if (!Number.isNaN(residual)) some.push(residual)
  }
  const cut = TUKEY * PER_MAD * medianAbsoluteDeviation(some)
  for (let p = 0; p < values.length; p++) {
    const share = (sampled[p]! - gain * values[p]! - offset) / cut
    const rest = 1 - share * share
    weights[p] = rest > 0 ? rest * rest : 0
  }
}
