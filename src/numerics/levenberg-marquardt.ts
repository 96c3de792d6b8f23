import { dot } from './dot.ts'
import { invertSymmetric, solveSymmetric } from './symmetric.ts'

/** Rounds after which a fit counts as not converged. */
const ROUNDS = 100
/** A step that promises to lower the sum of squares by less than this share [1] ends the search, unless told otherwise. */
const PROMISE = 1e-10
/** Below this share [1] of the data's sum of squares only rounding is left. */
const ROUNDING = 1e-26

/** Predicts samples, shape (n), and their derivatives, one row a parameter, shape (nParameter × n). */
export type Evaluate = (p: Float64Array, curve: Float64Array, jacobian: Float64Array) => void

/** A least-squares fit that is run on one set of samples after another; what it tells is of the last. */
export interface LeastSquares {
  /**
   * Go from a start to the least sum of squares within bounds.
   *
   * @param y - samples, any unit, shape (n)
   * @param p - receives the solution; holds the start, which is moved into the bounds, shape (nParameter)
   * @param lower - lower bounds, shape (nParameter)
   * @param upper - upper bounds, shape (nParameter); equal to the lower one for a parameter that is held
   * @returns whether it arrived
   */
  fit(y: Float64Array, p: Float64Array, lower: Float64Array, upper: Float64Array): boolean
  /** The least sum of squared residuals. */
  sse(): number
  /**
   * Covariance of the parameters, `SSE/(n − nFree)·(JᵀJ)⁻¹` over those that are not at a bound; NaN for the others.
   *
   * @param covariance - receives it, shape (nParameter × nParameter)
   */
  covariance(covariance: Float64Array): void
  /** Which parameters ended at a bound: 1, shape (nParameter). */
  readonly atBound: Uint8Array
}

/**
 * Least squares of a model in few parameters, by the method of Levenberg and Marquardt within bounds.
 *
 * @remarks
 *     (JᵀJ + λ·diag JᵀJ)·δ = Jᵀ(y − f),   p ← project(p + δ)
 *
 * A parameter at a bound that would go further out is left out of the step; every step is put back into the bounds and
 * taken only where the sum of squares falls. It ends where the undamped step promises less than a share of the sum of
 * squares: 1e-10 leaves each parameter within 2e-4 of its standard error at 150 samples. Nothing is allocated in a fit.
 *
 * **Assumes** independent noise of one standard deviation, and a start in the valley of the least minimum: with several
 * minima it finds one.
 *
 * **Limits.** Ends as not converged after 100 rounds.
 *
 * @param nParameter - number of parameters [1]
 * @param n - number of samples [1]
 * @param evaluate - the model
 * @param least - the promise under which a fit ends, as a share of the sum of squares [1]
 *
 * @see Marquardt, J Soc Ind Appl Math 11:431 (1963), doi:10.1137/0111030
 */
export function levenbergMarquardt(
  nParameter: number,
  n: number,
  evaluate: Evaluate,
  least: number = PROMISE,
): LeastSquares {
  const P = nParameter
  const curve = new Float64Array(n)
  const residual = new Float64Array(n)
  const jacobian = new Float64Array(P * n)
  const rows = Array.from({ length: P }, (_, q) => jacobian.subarray(q * n, (q + 1) * n))
  const normal = new Float64Array(P * P)
  const gradient = new Float64Array(P)
  const reduced = new Float64Array(P * P)
  const step = new Float64Array(P)
  const trial = new Float64Array(P)
  const scale = new Float64Array(P)
  const free = new Int32Array(P)
  const atBound = new Uint8Array(P)
  let sse = Number.NaN

  function squares(y: Float64Array, p: Float64Array): number {
    evaluate(p, curve, jacobian)
    for (let i = 0; i < n; i++) residual[i] = y[i]! - curve[i]!
    return dot(residual, residual, n)
  }

  function linearise(): void {
    for (let q = 0; q < P; q++) {
      gradient[q] = dot(rows[q]!, residual, n)
      for (let r = 0; r <= q; r++) normal[q * P + r] = normal[r * P + q] = dot(rows[q]!, rows[r]!, n)
    }
  }

  /** The step of the free parameters for a damping; what it promises without damping, or NaN where there is none. */
  function solve(damping: number, nFree: number): number {
    for (let a = 0; a < nFree; a++) {
      const q = free[a]!
      for (let b = 0; b < nFree; b++) reduced[a * nFree + b] = normal[q * P + free[b]!]!
      reduced[a * nFree + a]! *= 1 + damping
      step[a] = gradient[q]!
    }
    if (!solveSymmetric(reduced, step, nFree, scale)) return Number.NaN
    let promise = 0
    for (let a = 0; a < nFree; a++) promise += step[a]! * gradient[free[a]!]!
    return promise
  }

  function fit(y: Float64Array, p: Float64Array, lower: Float64Array, upper: Float64Array): boolean {
    for (let q = 0; q < P; q++) p[q] = Math.min(Math.max(p[q]!, lower[q]!), upper[q]!)
    const rounding = ROUNDING * dot(y, y, n)
    let damping = 1e-4
    sse = squares(y, p)
    linearise()
    let isArrived = false
    for (let round = 0; round < ROUNDS && !isArrived; round++) {
      let nFree = 0
      for (let q = 0; q < P; q++) {
        const isOut = (p[q]! <= lower[q]! && gradient[q]! <= 0) || (p[q]! >= upper[q]! && gradient[q]! >= 0)
        if (!isOut && normal[q * P + q]! > 0) free[nFree++] = q
      }
      const promise = nFree > 0 ? solve(damping, nFree) : 0
      if (promise <= least * sse * (1 + damping) + rounding) {
        isArrived = damping < 1 || nFree === 0
        if (isArrived) break
      }
      trial.set(p)
      for (let a = 0; a < nFree; a++) {
        const q = free[a]!
        trial[q] = Math.min(Math.max(p[q]! + step[a]!, lower[q]!), upper[q]!)
      }
      const next = Number.isNaN(promise) ? Infinity : squares(y, trial)
      if (next < sse) {
        p.set(trial)
        sse = next
        linearise()
        damping = Math.max(damping / 10, 1e-9)
      } else {
        damping = Math.max(10 * damping, 1e-3)
        if (damping > 1e10) isArrived = true
      }
    }
    for (let q = 0; q < P; q++) atBound[q] = p[q]! > lower[q]! && p[q]! < upper[q]! ? 0 : 1
    return isArrived
  }

  function covariance(out: Float64Array): void {
    out.fill(Number.NaN)
    let nFree = 0
    for (let q = 0; q < P; q++) if (atBound[q] === 0) free[nFree++] = q
    for (let a = 0; a < nFree; a++)
      for (let b = 0; b < nFree; b++) reduced[a * nFree + b] = normal[free[a]! * P + free[b]!]!
    if (n <= nFree || !invertSymmetric(reduced, nFree, scale)) return
    const variance = sse / (n - nFree)
    for (let a = 0; a < nFree; a++)
      for (let b = 0; b < nFree; b++) out[free[a]! * P + free[b]!] = variance * reduced[a * nFree + b]!
  }

  return { fit, sse: () => sse, covariance, atBound }
}
