import { exponentialConvolution } from './convolution.ts'
import type { Inlet } from './inlet.ts'
import type { BoundModel } from './model.ts'

/**
 * What a two-compartment model is in the Laplace domain:
 *
 *     C(s)/C_p(s) = (n1·s + n0)/(s² + b·s + q)
 *
 * and the derivatives of the four coefficients by the free parameters, shape (nParameter) each.
 */
export interface Rational {
  n1: number
  n0: number
  b: number
  q: number
  readonly byN1: Float64Array
  readonly byN0: Float64Array
  readonly byB: Float64Array
  readonly byQ: Float64Array
}

/** Rates nearer than this share of their sum are told apart by it [1]: a double root has no partial fractions. */
const APART = 1e-6

/**
 * A model whose response is the sum of two exponentials.
 *
 * @remarks
 *     C(t) = A₊·G_{k₊}(t) + A₋·G_{k₋}(t),   k± = (b ± √(b² − 4q))/2
 *     A₊ = (n1·k₊ − n0)/(k₊ − k₋),   A₋ = n1 − A₊
 *
 * with `G_k` the convolution of the inlet with `exp(−k·t)`. The derivatives follow from those of the coefficients.
 *
 * **Limits.** Two equal rates are moved apart by 1e-6 of their sum, which changes the curve by less than 1e-11 of it.
 *
 * @param inlet - the input
 * @param nParameter - number of free parameters
 * @param rational - sets the coefficients and their derivatives for given parameters
 */
export function bindTwoExponentials(
  inlet: Inlet,
  nParameter: number,
  rational: (p: Float64Array, out: Rational) => void,
): BoundModel {
  const n = inlet.frames.length
  const column = () => new Float64Array(nParameter)
  const r: Rational = { n1: 0, n0: 0, b: 0, q: 0, byN1: column(), byN0: column(), byB: column(), byQ: column() }
  const frames = () => new Float64Array(n)
  const [fast, slow, byFast, bySlow] = [frames(), frames(), frames(), frames()]
  const convolve = exponentialConvolution(inlet)
  return {
    evaluate(p, curve, jacobian) {
      rational(p, r)
      const gap = Math.max(Math.sqrt(Math.max(r.b * r.b - 4 * r.q, 0)), APART * r.b)
      const k1 = (r.b + gap) / 2
      const k2 = Math.max((r.b - gap) / 2, 0)
      const A = (r.n1 * k1 - r.n0) / (k1 - k2)
      const B = r.n1 - A
      convolve(k1, fast, jacobian === null ? null : byFast)
      convolve(k2, slow, jacobian === null ? null : bySlow)
      for (let i = 0; i < n; i++) curve[i] = A * fast[i]! + B * slow[i]!
      if (jacobian === null) return
      for (let a = 0; a < nParameter; a++) {
        const dk1 = (k1 * r.byB[a]! - r.byQ[a]!) / (k1 - k2)
        const dk2 = r.byB[a]! - dk1
        const dA = (r.byN1[a]! * k1 + r.n1 * dk1 - r.byN0[a]! - A * (dk1 - dk2)) / (k1 - k2)
        const dB = r.byN1[a]! - dA
        const [x, y] = [A * dk1, B * dk2]
        const row = a * n
        for (let i = 0; i < n; i++) jacobian[row + i] = dA * fast[i]! + dB * slow[i]! + x * byFast[i]! + y * bySlow[i]!
      }
    },
  }
}
