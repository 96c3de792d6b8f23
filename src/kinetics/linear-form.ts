import { dot } from '../numerics/dot.ts'
import { invertSymmetric, solveSymmetric } from '../numerics/symmetric.ts'
import type { LinearForm } from './model.ts'

/** How often the measured curve is integrated for a column of the linear equations. */
export type Integrals = 0 | 1 | 2

/** From the coefficients of the linear equations to the parameters of the model. */
export interface Coefficients {
  /**
   * The free parameters; false where the coefficients have no physical meaning.
   *
   * @param c - coefficients: those of the inlet's columns, then those of the curve's single and double integral
   * @param p - receives the free parameters
   */
  toParameters(c: Float64Array, p: Float64Array): boolean
  /**
   * Derivatives of the coefficients by the free parameters.
   *
   * @param p - free parameters
   * @param out - receives them, shape (nCoefficient × nParameter)
   */
  byParameters(p: Float64Array, out: Float64Array): void
}

/**
 * Linear least squares of a compartment model in its integrated form.
 *
 * @remarks
 *     C = Σ c_k·X_k + c_I·∫C + c_II·∬C
 *
 * with `X` columns that the inlet gives (its value and its integrals). The integrals of the measured curve are by the
 * trapezium rule. There are as many coefficients as parameters. Inner products of ∫C with fixed columns are turned around, `⟨∫C, X⟩ = ⟨C, ∫ᵀX⟩`, so that a voxel costs a
 * few passes over its samples.
 *
 * **Error.** Noise in the integrals biases the estimates at low signal-to-noise; the covariance treats them as free of it.
 *
 * @param times - times of the frames [s], shape (nFrame)
 * @param columns - the inlet's columns, shape (nFrame) each
 * @param integrals - how many integrals of the curve the equation holds
 * @param coefficients - what the coefficients mean
 *
 * @see Murase, Magn Reson Med 51:858 (2004), doi:10.1002/mrm.20022
 * @see Flouri et al., Magn Reson Med 76:998 (2016), doi:10.1002/mrm.25991
 */
export function linearForm(
  times: Float64Array,
  columns: readonly Float64Array[],
  integrals: Integrals,
  coefficients: Coefficients,
): LinearForm {
  const n = times.length
  const K = columns.length
  const size = K + integrals
  const half = Float64Array.from(times, (time, i) => (i === 0 ? 0 : (time - times[i - 1]!) / 2))
  const once = columns.map(column => transposedIntegral(column, half))
  const twice = once.map(column => transposedIntegral(column, half))
  const fixed = new Float64Array(K * K)
  for (let a = 0; a < K; a++) for (let b = 0; b < K; b++) fixed[a * K + b] = dot(columns[a]!, columns[b]!, n)
  const M = new Float64Array(size * size)
  const right = new Float64Array(size)
  const c = new Float64Array(size)
  const scale = new Float64Array(size)
  const solved = new Float64Array(size * size)
  const byParameters = new Float64Array(size * size)
  const p = new Float64Array(size)
  let squares = 0

  function set(a: number, b: number, value: number): void {
    M[a * size + b] = value
    M[b * size + a] = value
  }

  /** Sums over the curve and its integrals that no fixed column enters. */
  function curveSums(y: Float64Array): void {
    let [one, two, before] = [0, 0, y[0]!]
    let [yy, y1, y2, s11, s12, s22] = [before * before, 0, 0, 0, 0, 0]
    for (let i = 1; i < n; i++) {
      const now = y[i]!
      const next = one + half[i]! * (before + now)
      if (integrals === 2) {
        two += half[i]! * (one + next)
        y2 += two * now
        s12 += two * next
        s22 += two * two
      }
      one = next
      yy += now * now
      y1 += one * now
      s11 += one * one
      before = now
    }
    squares = yy
    if (integrals === 0) return
    right[K] = y1
    M[K * size + K] = s11
    if (integrals === 1) return
    right[K + 1] = y2
    set(K, K + 1, s12)
    M[(K + 1) * size + K + 1] = s22
  }

  return {
    solve(y, out) {
      curveSums(y)
      for (let a = 0; a < K; a++) {
        for (let b = 0; b < K; b++) M[a * size + b] = fixed[a * K + b]!
        right[a] = dot(columns[a]!, y, n)
        if (integrals > 0) set(a, K, dot(once[a]!, y, n))
        if (integrals > 1) set(a, K + 1, dot(twice[a]!, y, n))
      }
      solved.set(M)
      c.set(right)
      if (!solveSymmetric(solved, c, size, scale)) return false
      const isMeaningful = coefficients.toParameters(c, out)
      p.set(out)
      return isMeaningful
    },
    errors(covariance) {
      const sse = Math.max(squares - dot(c, right, size), 0)
      // The coefficients have covariance σ²·M⁻¹, so the parameters have σ²·(DᵀMD)⁻¹ with D the derivatives of the former.
      coefficients.byParameters(p, byParameters)
      for (let a = 0; a < size; a++) {
        for (let b = 0; b <= a; b++) {
          let sum = 0
          for (let k = 0; k < size; k++)
            for (let l = 0; l < size; l++)
              sum += byParameters[k * size + a]! * M[k * size + l]! * byParameters[l * size + b]!
          covariance[a * size + b] = covariance[b * size + a] = sum
        }
      }
      const variance = n > size && invertSymmetric(covariance, size, scale) ? sse / (n - size) : Number.NaN
      for (let at = 0; at < covariance.length; at++) covariance[at]! *= variance
      return sse
    },
  }
}

/** The column w with ⟨w, y⟩ = ⟨X, ∫y⟩ for every y, the integral by the trapezium rule. */
function transposedIntegral(column: Float64Array, half: Float64Array): Float64Array {
  const n = column.length
  const out = new Float64Array(n)
  let rest = 0
  for (let i = n - 1; i > 0; i--) {
    rest += column[i]!
    out[i]! += half[i]! * rest
    out[i - 1]! += half[i]! * rest
  }
  return out
}
