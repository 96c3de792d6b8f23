import { invertSymmetric } from './symmetric.ts'

/** A fit of `ln y` by a polynomial in x, and what the last {@link LogPolynomial.fit} found. */
export interface LogPolynomial {
  /** Coefficients of x⁰, x¹, …, shape (order). */
  readonly coefficients: Float64Array
  /** Fit positive samples y, shape (n), reweighting in at most so many rounds; false where that cannot be done. */
  fit(y: Float64Array, rounds: number): boolean
  /** From there to the least squares of y itself. */
  polish(y: Float64Array): void
  /** The same with `c2 = ratio·c1²/6`: the kurtosis held; order 3 only. */
  hold(y: Float64Array, ratio: number): void
  /** Set the covariance of the coefficients of the last fit. */
  errors(y: Float64Array): void
  /** Standard error of a coefficient; NaN without a residual degree of freedom. */
  sd(k: number): number
  /** Standard error of `a·c1 + c·c2`. */
  combined(a: number, c: number): number
}

/**
 * Make a {@link LogPolynomial}.
 *
 * @remarks
 *     c = argmin Σ w·(ln y − Σ c_k·x^k)²,   w = (predicted y)²
 *
 * The first round has weights of 1. The weights are those that make constant noise of y constant noise of `√w·ln y`.
 *
 * **Limits.** A sample that is not above 0 fails the fit.
 *
 * @param x - abscissae, any unit, shape (n)
 * @param order - number of coefficients [1], 2 or 3
 *
 * @see Veraart et al., NeuroImage 81:335 (2013), doi:10.1016/j.neuroimage.2013.05.028
 */
export function logPolynomial(x: Float64Array, order: number): LogPolynomial {
  const n = x.length
  const coefficients = new Float64Array(order)
  const weight = new Float64Array(n)
  const logs = new Float64Array(n)
  const M = new Float64Array(order * order)
  const right = new Float64Array(order)
  const basis = new Float64Array(order)
  const scale = new Float64Array(order)
  let spread = Number.NaN

  const predict = (s: number) => {
    let sum = 0
    for (let k = order - 1; k >= 0; k--) sum = sum * s + coefficients[k]!
    return sum
  }

  /** Invert the normal matrix of the weights; `right` receives the weighted sums of a target. */
  function normal(target: (i: number) => number, slope: (i: number, k: number) => number, size: number): boolean {
    M.fill(0)
    right.fill(0)
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < size; k++) basis[k] = slope(i, k)
      const z = target(i)
      for (let r = 0; r < size; r++) {
        right[r]! += weight[i]! * basis[r]! * z
        for (let c = 0; c < size; c++) M[r * size + c]! += weight[i]! * basis[r]! * basis[c]!
      }
    }
    return invertSymmetric(M, size, scale)
  }

  const solved = (k: number, size: number) => {
    let sum = 0
    for (let c = 0; c < size; c++) sum += M[k * size + c]! * right[c]!
    return sum
  }

  const monomial = (i: number, k: number) => (k === 0 ? 1 : k === 1 ? x[i]! : x[i]! * x[i]!)
  const target = (i: number) => logs[i]!

  function reweigh(): void {
    for (let i = 0; i < n; i++) {
      const e = Math.exp(predict(x[i]!))
      weight[i] = e * e
    }
  }

  function fit(y: Float64Array, rounds: number): boolean {
    for (let i = 0; i < n; i++) {
      if (!(y[i]! > 0)) return false
      logs[i] = Math.log(y[i]!)
    }
    weight.fill(1)
    for (let round = 0; round < rounds; round++) {
      if (round > 0) reweigh()
      if (!normal(target, monomial, order)) return false
      let change = 0
      for (let k = 0; k < order; k++) {
        const next = solved(k, order)
        change = Math.max(change, Math.abs(next - coefficients[k]!))
        coefficients[k] = next
      }
      if (round > 0 && change < 1e-12) break
    }
    return true
  }

  function polish(y: Float64Array): void {
    const residual = (i: number) => y[i]! / Math.sqrt(weight[i]!) - 1
    for (let round = 0; round < 30; round++) {
      reweigh()
      if (!normal(residual, monomial, order)) return
      let change = 0
      for (let k = 0; k < order; k++) {
        const step = solved(k, order)
        coefficients[k]! += step
        change = Math.max(change, Math.abs(step))
      }
      if (change < 1e-13) return
    }
  }

  function hold(_: Float64Array, ratio: number): void {
    // A line first, then steps in the two free coefficients.
    coefficients[2] = 0
    if (normal(target, monomial, 2)) for (let k = 0; k < 2; k++) coefficients[k] = solved(k, 2)
    const slope = (i: number, k: number) => (k === 0 ? 1 : x[i]! + (ratio * coefficients[1]! * x[i]! * x[i]!) / 3)
    for (let round = 0; ratio > 0 && round < 30; round++) {
      coefficients[2] = (ratio * coefficients[1]! * coefficients[1]!) / 6
      if (!normal(i => logs[i]! - predict(x[i]!), slope, 2)) return
      const [first, second] = [solved(0, 2), solved(1, 2)]
      coefficients[0]! += first
      coefficients[1]! += second
      if (Math.abs(first) + Math.abs(second) < 1e-12) break
    }
    coefficients[2] = (ratio * coefficients[1]! * coefficients[1]!) / 6
  }

  function errors(y: Float64Array): void {
    let squares = 0
    for (let i = 0; i < n; i++) {
      const r = Math.log(y[i]!) - predict(x[i]!)
      squares += weight[i]! * r * r
    }
    spread = n > order ? Math.sqrt(squares / (n - order)) : Number.NaN
  }

  return {
    coefficients,
    fit,
    polish,
    hold,
    errors,
    sd: k => spread * Math.sqrt(M[k * order + k]!),
    combined: (a, c) =>
      spread * Math.sqrt(a * a * M[order + 1]! + 2 * a * c * M[order + 2]! + c * c * M[2 * order + 2]!),
  }
}
