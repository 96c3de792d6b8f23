import { invertSymmetric, solveSymmetric } from '../numerics/symmetric.ts'
import { type IvimScheme, SLOT } from './ivim-scheme.ts'

/** Derivatives of signal and estimates, the signal times the roots of its weights; one row a parameter in the order S0, D [1e-3 mm²/s], f, ln D*; shape (4 × nB) each. */
export interface Linearised {
  /** Change of each predicted sample per change of a parameter. */
  readonly model: Float64Array
  /** Change of each estimate per change of a sample. */
  readonly estimate: Float64Array
  /** Working memory. */
  readonly information: Float64Array
  readonly slope: Float64Array
  readonly step: Float64Array
  readonly scale: Float64Array
}

/**
 * Room for the derivatives of n samples.
 *
 * @param n - number of samples nB [1]
 */
export function emptyLinearised(n: number): Linearised {
  return {
    model: new Float64Array(4 * n),
    estimate: new Float64Array(4 * n),
    information: new Float64Array(16),
    slope: new Float64Array(4),
    step: new Float64Array(4),
    scale: new Float64Array(4),
  }
}

/**
 * Standard errors of an estimator from how its estimates answer to each sample, put into the slots of a kernel.
 *
 * @remarks
 *     cov = σ² · G·Gᵀ,   σ² = ‖r − P·r‖² / (nB − nFree)
 *
 * with `G` the derivatives of the estimates by sample. An estimator that is not least squares leaves residuals r that the
 * model could still explain; `P` projects onto what it can explain to first order, so that the bias of the estimator does
 * not pass for noise.
 *
 * **Assumes** independent noise of one standard deviation for samples of weight 1, and errors small enough for the estimator to be linear over
 * them.
 *
 * @param out - receives errors of S0, D, f, D*, fD* and sigma; f and D* are read from it
 * @param linearised - see {@link Linearised}; a row of the model that is all 0 is a parameter that is not free
 * @param residual - residuals, unit of the signal, shape (nB)
 * @param noise - standard deviation of the noise, unit of the signal; NaN to take it from the residuals
 */
export function propagate(out: Float64Array, linearised: Linearised, residual: Float64Array, noise: number): void {
  const { estimate } = linearised
  const n = residual.length
  const sigma = noise > 0 ? noise : noiseOf(linearised, residual)
  for (let p = 0; p < 4; p++) {
    let square = 0
    for (let i = 0; i < n; i++) square += estimate[p * n + i]! * estimate[p * n + i]!
    out[SLOT.error + p] = square
  }
  let cross = 0
  for (let i = 0; i < n; i++) cross += estimate[2 * n + i]! * estimate[3 * n + i]!
  const f = out[SLOT.f]!
  const variance = out[SLOT.error + 2]! + 2 * f * cross + f * f * out[SLOT.error + 3]!
  for (let p = 0; p < 4; p++) out[SLOT.error + p] = sigma * Math.sqrt(out[SLOT.error + p]!)
  out[SLOT.error + 1]! /= 1000
  out[SLOT.error + 3]! *= out[SLOT.Dstar]!
  out[SLOT.error + 4] = out[SLOT.Dstar]! * sigma * Math.sqrt(variance)
  out[SLOT.sigma] = sigma
}

/** Noise of one sample from what the model cannot explain of the residuals; NaN without degrees of freedom. */
function noiseOf({ model, information, slope, step, scale }: Linearised, residual: Float64Array): number {
  const n = residual.length
  let free = 0
  for (let p = 0; p < 4; p++) {
    for (let q = 0; q <= p; q++) {
      let sum = 0
      for (let i = 0; i < n; i++) sum += model[p * n + i]! * model[q * n + i]!
      information[4 * p + q] = sum
      information[4 * q + p] = sum
    }
    let sum = 0
    for (let i = 0; i < n; i++) sum += model[p * n + i]! * residual[i]!
    slope[p] = step[p] = sum
    if (information[5 * p]! > 0) free++
    else information[5 * p] = 1
  }
  let rest = 0
  for (let i = 0; i < n; i++) rest += residual[i]! * residual[i]!
  if (free >= n) return Number.NaN
  if (solveSymmetric(information, step, 4, scale)) for (let p = 0; p < 4; p++) rest -= slope[p]! * step[p]!
  return Math.sqrt(Math.max(rest, 0) / (n - free))
}

/** A least-squares solution, for {@link leastSquaresErrors}. */
export interface Solution {
  S0: number
  /** D [1e-3 mm²/s]. */
  d: number
  f: number
  /** ln D* [ln of 1e-3 mm²/s]; NaN without blood. */
  v: number
  /** Whether D is free: not at a bound. */
  hasD: boolean
  /** Whether D* is free and defined. */
  hasV: boolean
}

/**
 * Make a function that gives the standard errors of a least-squares solution.
 *
 * @remarks
 *     cov = σ² · (JᵀJ)⁻¹,   σ² = RSS / (nB − nFree)
 *
 * of the parameters that are free; one that is not has no standard error. With D from another fit, `gd` says how it answers
 * to each sample, and the others carry that on.
 *
 * @param scheme - b-values, and roots of the weights, which the curves are multiplied by
 */
export function leastSquaresErrors({
  t,
  root,
}: IvimScheme): (y: Float64Array, noise: number, at: Solution, gd: Float64Array | null, out: Float64Array) => void {
  const n = t.length
  const linearised = emptyLinearised(n)
  const { model, estimate } = linearised
  const M = new Float64Array(16)
  const scale = new Float64Array(4)
  const rest = new Float64Array(n)

  return (y, noise, { S0, d, f, v, hasD, hasV }, gd, out) => {
    const s = Number.isNaN(v) ? 0 : Math.exp(v)
    const hasF = f > 0
    let residual = 0
    M.fill(0)
    for (let i = 0; i < n; i++) {
      const e = root[i]! * Math.exp(-t[i]! * d)
      const q = s > 0 ? root[i]! * Math.exp(-t[i]! * s) : 0
      const m = (1 - f) * e + f * q
      const j1 = hasD ? -S0 * (1 - f) * t[i]! * e : 0
      const j2 = hasF ? S0 * (q - e) : 0
      const j3 = hasV ? -S0 * f * t[i]! * s * q : 0
      model[i] = m
      model[n + i] = j1
      model[2 * n + i] = j2
      model[3 * n + i] = j3
      const r = y[i]! - S0 * m
      rest[i] = r
      residual += r * r
      M[0]! += m * m
      M[2]! += m * j2
      M[3]! += m * j3
      M[10]! += j2 * j2
      M[11]! += j2 * j3
      M[15]! += j3 * j3
      if (gd !== null) continue
      M[1]! += m * j1
      M[5]! += j1 * j1
      M[6]! += j1 * j2
      M[7]! += j1 * j3
    }
    const isFreeD = hasD && gd === null
    if (!isFreeD) M[5] = 1
    if (!hasF) M[10] = 1
    if (!hasV) M[15] = 1
    for (let p = 1; p < 4; p++) for (let q = 0; q < p; q++) M[4 * p + q] = M[4 * q + p]!
    out.fill(Number.NaN, SLOT.error)
    if (!invertSymmetric(M, 4, scale)) return
    if (gd !== null) {
      carry(gd, hasF, hasV)
      propagate(out, linearised, rest, noise)
    } else {
      const free = n - 1 - (hasD ? 1 : 0) - (hasF ? 1 : 0) - (hasV ? 1 : 0)
      const sigma = noise > 0 ? noise : free > 0 ? Math.sqrt(residual / free) : Number.NaN
      const Dstar = out[SLOT.Dstar]!
      out[SLOT.error] = sigma * Math.sqrt(M[0]!)
      out[SLOT.error + 1] = (sigma * Math.sqrt(M[5]!)) / 1000
      out[SLOT.error + 2] = sigma * Math.sqrt(M[10]!)
      out[SLOT.error + 3] = Dstar * sigma * Math.sqrt(M[15]!)
      out[SLOT.error + 4] = Dstar * sigma * Math.sqrt(M[10]! + 2 * f * M[11]! + f * f * M[15]!)
      out[SLOT.sigma] = sigma
    }
    if (!hasD) out[SLOT.error + 1] = Number.NaN
    if (!hasF) out[SLOT.error + 2] = Number.NaN
    if (!hasV) out.fill(Number.NaN, SLOT.error + 3, SLOT.error + 5)
  }

  /** How the parameters beside D answer to the samples, D's own answer carried through. */
  function carry(gd: Float64Array, hasF: boolean, hasV: boolean): void {
    for (let p = 0; p < 4; p++) {
      if (p === 1 || (p === 2 && !hasF) || (p === 3 && !hasV)) {
        for (let i = 0; i < n; i++) estimate[p * n + i] = p === 1 ? gd[i]! : 0
        continue
      }
      let shift = 0
      for (let i = 0; i < n; i++) {
        let g = 0
        for (let q = 0; q < 4; q++) if (q !== 1) g += M[4 * p + q]! * model[q * n + i]!
        estimate[p * n + i] = g
        shift += g * model[n + i]!
      }
      for (let i = 0; i < n; i++) estimate[p * n + i]! -= shift * gd[i]!
    }
  }
}
