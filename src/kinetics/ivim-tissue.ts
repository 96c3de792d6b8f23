import { type Derivatives, minimise } from '../numerics/newton.ts'
import type { IvimScheme, IvimSettings } from './ivim-scheme.ts'

/** The line of tissue at high b, `A·exp(−t·d)`, as the last {@link TissueFit.fit} left it. */
export interface TissueFit {
  /** Amplitude at b = 0, unit of the signal. */
  A: number
  /** D [1e-3 mm²/s]. */
  d: number
  /** Whether d is at an end of its range. */
  isAtBound: boolean
  /** Change of A per change of each sample times its root [1], shape (nB); see {@link TissueFit.influence}. */
  readonly gA: Float64Array
  /** Change of d per change of each sample [1e-3 mm²/s per unit of signal], shape (nB). */
  readonly gd: Float64Array
  /** Fit the samples y times their roots, shape (nB); false where they hold no line. */
  fit(y: Float64Array): boolean
  /** Set gA and gd for the last fit. */
  influence(): void
}

/** The samples at high b of one voxel, and what the fit of them needs. */
interface High {
  /** Where they are among all, shape (nHigh). */
  readonly index: Int32Array
  /** b in units of 1000 s/mm², shape (nHigh), and its mean. */
  readonly x: Float64Array
  readonly middle: number
  /** Roots of the weights [1], shape (nHigh). */
  readonly root: Float64Array
  /** Samples times their roots, shape (nHigh). */
  readonly z: Float64Array
  /** Weights of the last regression, shape (nHigh). */
  readonly weight: Float64Array
  /** Range of d [1e-3 mm²/s]. */
  readonly lower: number
  readonly upper: number
}

/** Rounds of reweighting at most. */
const ROUNDS = 51

/**
 * Fit of a mono-exponential to the samples at high b, the first step of segmented estimators.
 *
 * @remarks
 * `nlls` minimises `Σw·(y − A·exp(−t·d))²`: with y and `e = exp(−t·d)` times the roots of the weights w, the best A for a
 * given d is `Σye/Σe²`, and the best d is the root of
 *
 *     Σe²·Σtye − Σye·Σte² = 0
 *
 * `loglin` is linear regression of `ln y` on t; `iwlls` weights it with the squared signal that it predicted last time as
 * well, until the weights stay. Samples that are not above 0 have no logarithm and are left out there.
 *
 * **Limits.** Two distinct b give the exact line through them. A d outside the range is set to its end, with the best A.
 *
 * **Error.** Perfusion that is left at the threshold raises D and lowers f: with b ≥ 200 and D* of 10e-3 mm²/s by 5 and
 * 19 %, from 30e-3 mm²/s on by under 0.5 %.
 *
 * @param scheme - the b-values
 * @param settings - method and range of D
 *
 * @see Veraart et al., NeuroImage 81:335 (2013), doi:10.1016/j.neuroimage.2013.05.028
 * @see Jalnefjord et al., MAGMA 31:715 (2018), doi:10.1007/s10334-018-0697-5
 */
export function tissueFit({ t, root, high }: IvimScheme, { firstStep, boundsD }: IvimSettings): TissueFit {
  const x = Float64Array.from(high, i => t[i]!)
  const samples: High = {
    index: high,
    x,
    middle: x.reduce((sum, value) => sum + value, 0) / x.length,
    root: Float64Array.from(high, i => root[i]!),
    z: new Float64Array(x.length),
    weight: new Float64Array(x.length),
    lower: 1000 * boundsD[0],
    upper: 1000 * boundsD[1],
  }
  const { z, lower, upper } = samples
  const at: Derivatives = { slope: 0, curvature: 0 }
  const evaluate = (d: number) => derive(at, samples, d)
  const isLog = firstStep !== 'nlls'
  const line: TissueFit = {
    A: 0,
    d: 0,
    isAtBound: false,
    gA: new Float64Array(t.length),
    gd: new Float64Array(t.length),
    fit: y => {
      for (let k = 0; k < z.length; k++) z[k] = y[high[k]!]!
      const d = isLog
        ? regress(samples, firstStep === 'iwlls' ? ROUNDS : 1)
        : minimise(evaluate, at, lower, upper, start(samples), 1e-6)
      line.d = Math.min(Math.max(d, lower), upper)
      line.A = isLog && line.d === d ? interceptOf(samples, d) : amplitudeOf(samples, line.d)
      line.isAtBound = line.d <= lower || line.d >= upper
      return Number.isFinite(line.A)
    },
    influence: () => influence(line, samples, isLog && !line.isAtBound),
  }
  return line
}

/** Slope and curvature of the residual sum of squares with the best amplitude, up to a positive factor. */
function derive(at: Derivatives, { x, root, z }: High, d: number): void {
  let ee = 0
  let tee = 0
  let ttee = 0
  let ye = 0
  let tye = 0
  let ttye = 0
  for (let k = 0; k < x.length; k++) {
    const s = x[k]!
    const e = root[k]! * Math.exp(-s * d)
    const e2 = e * e
    const p = z[k]! * e
    ee += e2
    tee += s * e2
    ttee += s * s * e2
    ye += p
    tye += s * p
    ttye += s * s * p
  }
  at.slope = ee * tye - ye * tee
  at.curvature = 2 * ye * ttee - tee * tye - ee * ttye
}

/** Slope of the logarithm between the two halves of the samples: near enough to start. */
function start({ x, root, z, middle, lower, upper }: High): number {
  let low = 0
  let high = 0
  let xLow = 0
  let xHigh = 0
  let nLow = 0
  let nHigh = 0
  for (let k = 0; k < x.length; k++) {
    const y = z[k]! / root[k]!
    if (x[k]! <= middle) {
      low += y
      xLow += x[k]!
      nLow++
    } else {
      high += y
      xHigh += x[k]!
      nHigh++
    }
  }
  const slope = Math.log((low * nHigh) / (high * nLow)) / (xHigh / nHigh - xLow / nLow)
  return slope > lower && slope < upper ? slope : (lower + upper) / 2
}

/** The amplitude that fits best with a given d. */
function amplitudeOf({ x, root, z }: High, d: number): number {
  let ee = 0
  let ye = 0
  for (let k = 0; k < x.length; k++) {
    const e = root[k]! * Math.exp(-x[k]! * d)
    ee += e * e
    ye += z[k]! * e
  }
  return ye / ee
}

/** The slope of the logarithms, and their weights; NaN where fewer than two are there. */
function regress(samples: High, rounds: number): number {
  const { x, root, z, weight } = samples
  for (let k = 0; k < x.length; k++) weight[k] = z[k]! > 0 ? root[k]! * root[k]! : 0
  let d = Number.NaN
  for (let round = 0; round < rounds; round++) {
    let w = 0
    let wx = 0
    let wxx = 0
    let wl = 0
    let wxl = 0
    for (let k = 0; k < x.length; k++) {
      const q = weight[k]!
      if (q === 0) continue
      const l = Math.log(z[k]! / root[k]!)
      const s = x[k]!
      w += q
      wx += q * s
      wxx += q * s * s
      wl += q * l
      wxl += q * s * l
    }
    const next = (wx * wl - w * wxl) / (w * wxx - wx * wx)
    const isSettled = Math.abs(next - d) < 1e-13
    d = next
    if (isSettled || round === rounds - 1) break
    const A = Math.exp((wl + d * wx) / w)
    for (let k = 0; k < x.length; k++) {
      const e = A * root[k]! * Math.exp(-x[k]! * d)
      weight[k] = z[k]! > 0 ? e * e : 0
    }
  }
  return d
}

/** The amplitude of the logarithms' line with slope d and the weights of the last regression. */
function interceptOf({ x, root, z, weight }: High, d: number): number {
  let w = 0
  let sum = 0
  for (let k = 0; k < x.length; k++) {
    if (weight[k] === 0) continue
    w += weight[k]!
    sum += weight[k]! * (Math.log(z[k]! / root[k]!) + d * x[k]!)
  }
  return Math.exp(sum / w)
}

function influence({ A, d, isAtBound, gA, gd }: TissueFit, { index, x, root, z, weight }: High, isLog: boolean): void {
  gA.fill(0)
  gd.fill(0)
  // Weighted moments of the line in ln A and d; for the signal itself the weights are its squares.
  let w = 0
  let wx = 0
  let wxx = 0
  for (let k = 0; k < x.length; k++) {
    const e = root[k]! * Math.exp(-x[k]! * d)
    if (!isLog) weight[k] = e * e
    w += weight[k]!
    wx += weight[k]! * x[k]!
    wxx += weight[k]! * x[k]! * x[k]!
  }
  const determinant = w * wxx - wx * wx
  for (let k = 0; k < x.length; k++) {
    const i = index[k]!
    // Change of the logarithm per change of the sample.
    const perLog = weight[k]! === 0 ? 0 : weight[k]! / (isLog ? z[k]! : A * root[k]! * Math.exp(-x[k]! * d))
    if (isAtBound) gA[i] = (A * perLog) / w
    else {
      gA[i] = (A * perLog * (wxx - wx * x[k]!)) / determinant
      gd[i] = (perLog * (wx - w * x[k]!)) / determinant
    }
  }
}
