import { digamma, logGamma } from '../numerics/gamma.ts'

/** Integrals of the residue function of gamma-distributed transit times; what the last {@link GammaTransit.set} gave holds. */
export interface GammaTransit {
  /**
   * Take a distribution.
   *
   * @param transit - mean transit time M [s], above 0
   * @param shape - λ [1], from 0.1 to 50
   */
  set(transit: number, shape: number): void
  /**
   * Repeated integrals of the residue function from 0 to evenly spaced times; all 0 at times up to 0.
   *
   * @param start - the first time [s]
   * @param step - between times [s]
   * @param count - number of times
   * @param third - receives `∭R` [s³], shape (at least count)
   * @param fourth - receives the integral of that [s⁴], shape (at least count)
   * @param byShape - receives the derivative of the fourth by λ [s⁴], shape (at least count)
   */
  integrals(
    start: number,
    step: number,
    count: number,
    third: Float64Array,
    fourth: Float64Array,
    byShape: Float64Array,
  ): void
}

/** Terms of the series at the most: enough at a shape of 50. */
const TERMS = 400

/** Integrals of the residue function at the most, which is how many moments of the transit times they take. */
const ORDER = 4

/** How far above shape + 4 the argument is from which all blood has left to the tenth digit: standard deviations, and more [1]. */
const GONE = [7, 15] as const

/**
 * Make a {@link GammaTransit}.
 *
 * @remarks
 *     R(t) = Q(λ, y),   y = λ·t/M
 *     I3 = [t³·Q(λ, y) + 3t²·E1 − 3t·E2 + E3]/6
 *     I4 = [t⁴·Q(λ, y) + 4t³·E1 − 6t²·E2 + 4t·E3 − E4]/24
 *     Ej = M^j·(1 + 1/λ)…(1 + (j−1)/λ)·P(λ+j, y)
 *     P(a, y) = Σ g_n,   g_n = y^(a+n)·e^(−y)/Γ(a+n+1),   ∂P/∂a = Σ g_n·(ln y − ψ(a+n+1))
 *
 * with P and Q the regularised incomplete gamma functions, and Ej the part of the moments of the transit times that is over by
 * t. Other derivatives follow: by t it is I3, by M `(4·I4 − t·I3)/M`. That by y vanishes, so the derivative by λ needs those
 * of P by its first argument alone.
 *
 * λ 1 is an exponential, a large λ a plug flow.
 *
 * **Error.** 1e-14 of t⁴.
 *
 * @see Østergaard et al., J Cereb Blood Flow Metab 19:690 (1999), doi:10.1097/00004647-199906000-00013
 */
export function gammaTransit(): GammaTransit {
  /** ψ(λ+n+1) and 1/(λ+n+1), shape (TERMS) */
  const psi = new Float64Array(TERMS)
  const reciprocal = new Float64Array(TERMS)
  /** Moments of the transit times, and their derivatives by λ [s^j], shape (ORDER + 1). */
  const moment = new Float64Array(ORDER + 1)
  const momentByShape = new Float64Array(ORDER + 1)
  /** P(λ+j, y) and its derivative by the first argument, shape (ORDER + 1). */
  const P = new Float64Array(ORDER + 1)
  const byA = new Float64Array(ORDER + 1)
  let [M, lambda, logGamma1, gone] = [NaN, NaN, NaN, NaN]

  function set(transit: number, shape: number): void {
    M = transit
    lambda = shape
    logGamma1 = logGamma(shape + 1)
    const a = shape + ORDER
    gone = a + GONE[0] * Math.sqrt(a) + GONE[1]
    const needed = Math.min(TERMS, Math.ceil(gone + GONE[0] * Math.sqrt(gone) + GONE[1] - shape))
    let value = digamma(shape + 1)
    for (let n = 0; n < needed; n++) {
      psi[n] = value
      value += reciprocal[n] = 1 / (shape + n + 1)
    }
    moment[0] = 1
    momentByShape[0] = 0
    for (let j = 1; j <= ORDER; j++) {
      const factor = 1 + (j - 1) / shape
      moment[j] = M * factor * moment[j - 1]!
      momentByShape[j] = M * (factor * momentByShape[j - 1]! - ((j - 1) / (shape * shape)) * moment[j - 1]!)
    }
  }

  /** Set {@link P} and {@link byA} for an argument. */
  function incomplete(y: number): void {
    if (y > gone) {
      P.fill(1)
      byA.fill(0)
      return
    }
    const log = Math.log(y)
    let term = Math.exp(lambda * log - y - logGamma1)
    let g = term
    let sum = 0
    let weighted = 0
    for (let n = 0; n < TERMS; n++) {
      sum += g
      weighted += g * psi[n]!
      const share = y * reciprocal[n]!
      g *= share
      // The terms rise up to n = y − λ and then fall faster and faster.
      if (share < 1 && g < 1e-16 * sum) break
    }
    P[0] = sum
    byA[0] = log * sum - weighted
    for (let j = 1; j <= ORDER; j++) {
      P[j] = P[j - 1]! - term
      byA[j] = byA[j - 1]! - term * (log - psi[j - 1]!)
      term *= y * reciprocal[j - 1]!
    }
  }

  function integrals(
    start: number,
    step: number,
    count: number,
    third: Float64Array,
    fourth: Float64Array,
    byShape: Float64Array,
  ): void {
    for (let k = 0; k < count; k++) {
      const t = start + k * step
      const y = (lambda * t) / M
      if (!(y > 0)) {
        third[k] = fourth[k] = byShape[k] = 0
        continue
      }
      incomplete(y)
      const Q = 1 - P[0]!
      const [E1, E2, E3, E4] = [moment[1]! * P[1]!, moment[2]! * P[2]!, moment[3]! * P[3]!, moment[4]! * P[4]!]
      const changed = (j: number) => moment[j]! * byA[j]! + momentByShape[j]! * P[j]!
      third[k] = (t * (t * (t * Q + 3 * E1) - 3 * E2) + E3) / 6
      fourth[k] = (t * (t * (t * (t * Q + 4 * E1) - 6 * E2) + 4 * E3) - E4) / 24
      byShape[k] = (t * (t * (t * (-t * byA[0]! + 4 * changed(1)) - 6 * changed(2)) + 4 * changed(3)) - changed(4)) / 24
    }
  }

  return { set, integrals }
}
