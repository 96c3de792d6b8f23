import { mean, standardDeviation } from '../numerics/statistics.ts'

/** When a bolus arrives. */
export interface Arrival {
  /** Arrival time [s]. */
  readonly time: number
  /** Number of frames that are surely before it. */
  readonly baselineFrames: number
  /** `piecewise`: the regression of Cheong; `threshold`: the first of three frames over the mean and 3 SD. */
  readonly method: 'piecewise' | 'threshold'
}

/** Peak over the spread of the frames before, under which there is no bolus [1]. */
const SEEN = 5
/** Standard deviations over the baseline that count as enhanced. */
const OVER = 3

/**
 * Find the arrival of a bolus in a curve (signal, relative enhancement or concentration); null where there is none.
 *
 * @remarks
 * Piecewise regression: constant before τ and constant + b1·(t − τ) + b2·(t − τ)² from τ to the peak; for each τ on a grid of
 * a tenth of a frame the least squares are linear, and the least of them is the arrival. The frames that the threshold
 * (mean + 3 standard deviations of what lies before, three frames in a row) counts as enhanced bound τ from above; where
 * there are too few frames before the peak for a regression, the threshold is the answer.
 *
 * The baseline ends one frame before arrival, where more than three are before it.
 *
 * **Assumes** a curve that rises; that of a T2*-weighted signal must be turned around.
 *
 * **Limits.** Null where the peak is under 5 times the spread of the frames before it, or where the first frame is enhanced.
 *
 * @param values - any unit, shape (nFrame)
 * @param times - rising [s], shape (nFrame)
 *
 * @see Cheong et al., Phys Med Biol 48:N83 (2003), doi:10.1088/0031-9155/48/5/403
 */
export function bolusArrival(values: Float64Array, times: Float64Array): Arrival | null {
  const n = values.length
  let peak = 0
  for (let i = 1; i < n; i++) if (values[i]! > values[peak]!) peak = i
  // The steepest rise before the highest value: a slow later rise may be higher than the first pass.
  let steepest = 1
  const slope = (i: number) => (values[i]! - values[i - 1]!) / (times[i]! - times[i - 1]!)
  for (let i = 2; i <= peak; i++) if (slope(i) > slope(steepest)) steepest = i
  if (peak === 0) return null
  const before = values.slice(0, Math.max(steepest, 1))
  const crossing = thresholdFrame(values, before)
  if (crossing === null || crossing === 0) return null
  const base = values.slice(0, crossing)
  const spread = base.length > 1 ? standardDeviation(base) : 0
  if (!(values[peak]! - mean(base) > SEEN * spread)) return null
  let first = steepest
  while (first < peak && values[first + 1]! >= values[first]!) first++
  const tau = first - crossing >= 1 && crossing >= 2 ? regressed(values, times, crossing, first) : null
  const time = tau ?? times[crossing]!
  const clear = times.findIndex(t => t >= time)
  return {
    time,
    baselineFrames: Math.max(1, Math.min(guarded(clear < 0 ? n : clear), crossing)),
    method: tau === null ? 'threshold' : 'piecewise',
  }
}

/** Frames before arrival that are surely baseline: the last one is left out where there are enough. */
export function guarded(before: number): number {
  return before > 3 ? before - 1 : before
}

/** The first of three frames in a row (two at the end) above the mean and 3 standard deviations of the frames before it. */
function thresholdFrame(values: Float64Array, before: Float64Array): number | null {
  for (let i = 1; i <= before.length; i++) {
    const base = values.slice(0, i)
    const rest = i < 3 ? before.slice(0, Math.min(3, before.length)) : base
    const spread = rest.length > 1 ? standardDeviation(rest) : 0
    const limit = mean(base) + Math.max(OVER * spread, 1e-12 * Math.abs(mean(base)))
    if ([i, i + 1, i + 2].every(at => at >= values.length || values[at]! > limit)) return i
  }
  return null
}

/** The break of the piecewise curve between the frame before the crossing's neighbour and the peak. */
function regressed(values: Float64Array, times: Float64Array, crossing: number, peak: number): number | null {
  const from = times[Math.max(crossing - 2, 0)]!
  const to = times[crossing]!
  let [best, least] = [Number.NaN, Infinity]
  for (let step = 0; step <= 20; step++) {
    const tau = from + ((to - from) * step) / 20
    const sse = piecewiseSquares(values, times, tau, peak)
    if (sse < least) [best, least] = [tau, sse]
  }
  return Number.isFinite(best) ? best : null
}

/** Least squares of the piecewise curve for a break: three linear coefficients, two where few frames are after it. */
function piecewiseSquares(values: Float64Array, times: Float64Array, tau: number, peak: number): number {
  let after = 0
  for (let i = 0; i <= peak; i++) if (times[i]! > tau) after++
  const order = after >= 3 ? 3 : 2
  const M = Array.from({ length: order }, () => new Float64Array(order + 1))
  for (let i = 0; i <= peak; i++) {
    const u = Math.max(times[i]! - tau, 0)
    const basis = [1, u, u * u]
    for (let r = 0; r < order; r++) {
      for (let c = 0; c < order; c++) M[r]![c]! += basis[r]! * basis[c]!
      M[r]![order]! += basis[r]! * values[i]!
    }
  }
  for (let r = 0; r < order; r++) {
    if (!(Math.abs(M[r]![r]!) > 1e-12)) return Infinity
    for (let q = 0; q < order; q++) {
      if (q === r) continue
      const factor = M[q]![r]! / M[r]![r]!
      for (let c = r; c <= order; c++) M[q]![c]! -= factor * M[r]![c]!
    }
  }
  const coefficients = M.map((row, r) => row[order]! / row[r]!)
  let sse = 0
  for (let i = 0; i <= peak; i++) {
    const u = Math.max(times[i]! - tau, 0)
    const rest = values[i]! - coefficients[0]! - coefficients[1]! * u - (coefficients[2] ?? 0) * u * u
    sse += rest * rest
  }
  return sse
}
