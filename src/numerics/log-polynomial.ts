import { invertSymmetric } from './symmetric.ts'

/** A fit of `ln y` by a polynomial in x, and what the last {@link LogPolynomial.fit} found. */
export interface LogPolynomial {
  /** Coefficients of x⁰, x¹, …, shape (order). */
  readonly coefficients: Float64Array
  /** Fit the positive among the samples y, shape (n), reweighting in at most so many rounds; false where that cannot be done. */
  fit(y: Float64Array, rounds: number): boolean
  /** From there to the least squares of y itself. */
  polish(): void
  /** The same with `c2 = ratio·c1²/6`: the kurtosis held; order 3 only. */
  hold(ratio: number): void
  /** Standard error of a coefficient; NaN without a residual degree of freedom. */
  sd(k: number): number
  /** Standard error of `a·c1 + c·c2`. */
  combined(a: number, c: number): number
}

/** The regression of one set of samples. */
interface Regression {
  readonly x: Float64Array
  /** Weight of each sample before its size counts [1], shape (n). */
  readonly base: Float64Array
  readonly coefficients: Float64Array
  /** Samples, and their logarithms; shape (n). */
  readonly y: Float64Array
  readonly logs: Float64Array
  /** Weights of the last round, 0 where a sample has no logarithm, shape (n). */
  readonly weight: Float64Array
  /** Inverse of the normal matrix of the last round, shape (order × order), of as many coefficients as were free. */
  readonly M: Float64Array
  readonly right: Float64Array
  readonly basis: Float64Array
  readonly scale: Float64Array
  /** Logarithm of a sample, and a power of its abscissa. */
  readonly logarithm: (i: number) => number
  readonly monomial: (i: number, k: number) => number
}

/**
 * Make a {@link LogPolynomial}.
 *
 * @remarks
 *     c = argmin Σ w·(ln y − Σ c_k·x^k)²,   w = base weight · (predicted y)²
 *
 * The first round has the base weights. The others are those that make noise of y with a variance of 1/base constant noise
 * of `√w·ln y`. Standard errors are those of `σ²·(XᵀWX)⁻¹`, `σ² = Σ w·r²/(n − order)`.
 *
 * **Limits.** A sample that is not above 0 has no logarithm and is left out; fewer distinct x than coefficients fail the fit.
 *
 * @param x - abscissae, any unit, shape (n)
 * @param order - number of coefficients [1], 2 or 3
 * @param base - reciprocal variance of each sample over that of one of weight 1 [1], shape (n)
 *
 * @see Veraart et al., NeuroImage 81:335 (2013), doi:10.1016/j.neuroimage.2013.05.028
 */
export function logPolynomial(
  x: Float64Array,
  order: number,
  base: Float64Array = new Float64Array(x.length).fill(1),
): LogPolynomial {
  const n = x.length
  const logs = new Float64Array(n)
  const regression: Regression = {
    x,
    base,
    coefficients: new Float64Array(order),
    y: new Float64Array(n),
    logs,
    weight: new Float64Array(n),
    M: new Float64Array(order * order),
    right: new Float64Array(order),
    basis: new Float64Array(order),
    scale: new Float64Array(order),
    logarithm: i => logs[i]!,
    monomial: (i, k) => (k === 0 ? 1 : k === 1 ? x[i]! : x[i]! * x[i]!),
  }
  const { M } = regression
  let spread = Number.NaN
  return {
    coefficients: regression.coefficients,
    fit: (y, rounds) => {
      const isFitted = regress(regression, y, rounds)
      spread = isFitted ? spreadOf(regression) : Number.NaN
      return isFitted
    },
    polish: () => {
      polish(regression)
      spread = spreadOf(regression)
    },
    hold: ratio => hold(regression, ratio),
    sd: k => spread * Math.sqrt(M[k * order + k]!),
    combined: (a, c) =>
      spread * Math.sqrt(a * a * M[order + 1]! + 2 * a * c * M[order + 2]! + c * c * M[2 * order + 2]!),
  }
}

function predict({ coefficients }: Regression, x: number): number {
  let sum = 0
  for (let k = coefficients.length - 1; k >= 0; k--) sum = sum * x + coefficients[k]!
  return sum
}

/** Invert the normal matrix of the first `size` coefficients; `right` receives the weighted sums of a target. */
function normal(
  { x, weight, M, right, basis, scale }: Regression,
  target: (i: number) => number,
  slope: (i: number, k: number) => number,
  size: number,
): boolean {
  M.fill(0)
  right.fill(0)
  for (let i = 0; i < x.length; i++) {
    if (weight[i] === 0) continue
    for (let k = 0; k < size; k++) basis[k] = slope(i, k)
    const z = target(i)
    for (let r = 0; r < size; r++) {
      right[r]! += weight[i]! * basis[r]! * z
      for (let c = 0; c < size; c++) M[r * size + c]! += weight[i]! * basis[r]! * basis[c]!
    }
  }
  return invertSymmetric(M, size, scale)
}

function solved({ M, right }: Regression, k: number, size: number): number {
  let sum = 0
  for (let c = 0; c < size; c++) sum += M[k * size + c]! * right[c]!
  return sum
}

function reweigh(regression: Regression): void {
  const { x, y, base, weight } = regression
  for (let i = 0; i < x.length; i++) {
    const e = Math.exp(predict(regression, x[i]!))
    weight[i] = y[i]! > 0 ? base[i]! * e * e : 0
  }
}

function regress(regression: Regression, samples: Float64Array, rounds: number): boolean {
  const { y, base, logs, weight, coefficients } = regression
  const order = coefficients.length
  y.set(samples)
  for (let i = 0; i < y.length; i++) {
    weight[i] = y[i]! > 0 ? base[i]! : 0
    logs[i] = y[i]! > 0 ? Math.log(y[i]!) : 0
  }
  for (let round = 0; round < rounds; round++) {
    if (round > 0) reweigh(regression)
    if (!normal(regression, regression.logarithm, regression.monomial, order)) return false
    let change = 0
    for (let k = 0; k < order; k++) {
      const next = solved(regression, k, order)
      change = Math.max(change, Math.abs(next - coefficients[k]!))
      coefficients[k] = next
    }
    if (round > 0 && change < 1e-12) break
  }
  return true
}

function polish(regression: Regression): void {
  const { x, y, coefficients } = regression
  const order = coefficients.length
  for (let round = 0; round < 30; round++) {
    reweigh(regression)
    if (!normal(regression, i => y[i]! / Math.exp(predict(regression, x[i]!)) - 1, regression.monomial, order)) return
    let change = 0
    for (let k = 0; k < order; k++) {
      const step = solved(regression, k, order)
      coefficients[k]! += step
      change = Math.max(change, Math.abs(step))
    }
    if (change < 1e-13) return
  }
}

function hold(regression: Regression, ratio: number): void {
  const { x, logs, coefficients } = regression
  // A line first, then steps in the two free coefficients.
  coefficients[2] = 0
  if (normal(regression, regression.logarithm, regression.monomial, 2))
    for (let k = 0; k < 2; k++) coefficients[k] = solved(regression, k, 2)
  const slope = (i: number, k: number) => (k === 0 ? 1 : x[i]! + (ratio * coefficients[1]! * x[i]! * x[i]!) / 3)
  for (let round = 0; ratio > 0 && round < 30; round++) {
    coefficients[2] = (ratio * coefficients[1]! * coefficients[1]!) / 6
    if (!normal(regression, i => logs[i]! - predict(regression, x[i]!), slope, 2)) return
    const [first, second] = [solved(regression, 0, 2), solved(regression, 1, 2)]
    coefficients[0]! += first
    coefficients[1]! += second
    if (Math.abs(first) + Math.abs(second) < 1e-12) break
  }
  coefficients[2] = (ratio * coefficients[1]! * coefficients[1]!) / 6
}

/** Standard deviation of a sample of weight 1; NaN without a residual degree of freedom. */
function spreadOf(regression: Regression): number {
  const { x, logs, weight, coefficients } = regression
  let squares = 0
  let n = 0
  for (let i = 0; i < x.length; i++) {
    if (weight[i] === 0) continue
    const r = logs[i]! - predict(regression, x[i]!)
    squares += weight[i]! * r * r
    n++
  }
  return n > coefficients.length ? Math.sqrt(squares / (n - coefficients.length)) : Number.NaN
}
