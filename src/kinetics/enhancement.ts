import { FIT_STATUS } from './status.ts'

/** A series for the semi-quantitative parameters. */
export interface EnhancementSeries {
  /** Signals, volume after volume, any unit, shape (nFrame × nVoxel). */
  readonly signals: Float32Array | Float64Array
  /** Times of the frames [s], shape (nFrame). */
  readonly times: Float64Array
  /** Frames before arrival, by index. */
  readonly baseline: Int32Array
  /** Arrival of the bolus [s]. */
  readonly arrival: number
  readonly voxels: Int32Array
}

/** The semi-quantitative parameters, shape (nVoxel) each; NaN where there is none. */
export interface EnhancementFit {
  /** Areas under the relative enhancement over the first 60 and 90 s after arrival [s]. */
  readonly iauc60: Float64Array
  readonly iauc90: Float64Array
  /** Largest relative enhancement [1]. */
  readonly maxenh: Float64Array
  /** From arrival to it [s]. */
  readonly ttp: Float64Array
  /** Mean slope from arrival to it [1/s]. */
  readonly washin: Float64Array
  /** Mean slope from it to the last frame [1/s]; negative is wash-out. */
  readonly washout: Float64Array
  /** Signal enhancement ratio [1]: early over late enhancement. */
  readonly ser: Float64Array
  /** 0 none, 1 persistent, 2 plateau, 3 wash-out. */
  readonly curvetype: Uint8Array
  readonly status: Uint8Array
}

/** Relative enhancement over the spread of the baseline, under which a voxel does not enhance [1]. */
const ENHANCED = 3
/** Least relative enhancement of a voxel that enhances [1]. */
const LEAST = 0.05
/** Early enhancement of the ratio and of the curve type is what is reached this long after arrival [s]. */
const EARLY = 120
/** Change from early to late enhancement up to which a curve is a plateau [1]. */
const PLATEAU = 0.1

/**
 * The semi-quantitative parameters of a series: neither T1 nor an arterial input is needed.
 *
 * @remarks
 * All are of the relative enhancement `e = S/S0 − 1`, S0 the mean of the baseline. `iauc` are areas from arrival by trapezia, a
 * limit between two frames by interpolation. `maxenh` and `ttp` are those of the highest frame; `washin` is the mean slope from
 * arrival to it, `washout` from it to the last frame. `ser` is early over late enhancement, early the highest in the first 120 s
 * after arrival, late the mean of the last three frames. The curve type compares the two: late above early by more than a tenth
 * is persistent (1), within a tenth a plateau (2), below wash-out (3).
 *
 * **Limits.** Status 4 where the baseline is not above 0 or a frame is no number. `ttp`, slopes, `ser` and the curve type have no
 * value (0 for the type) where the voxel does not enhance by 5 % and 3 standard deviations of its baseline. An area is NaN where
 * the series ends before it. `ser` and the type are NaN and 0 where the series ends within 120 s of arrival.
 *
 * @param series - signals, times, baseline, arrival
 *
 * @see Kuhl et al., Radiology 211:101 (1999), doi:10.1148/radiology.211.1.r99ap38101
 */
export function fitEnhancement({ signals, times, baseline, arrival, voxels }: EnhancementSeries): EnhancementFit {
  const n = times.length
  const nVoxel = signals.length / n
  const map = () => new Float64Array(nVoxel).fill(Number.NaN)
  const fit: EnhancementFit = {
    iauc60: map(),
    iauc90: map(),
    maxenh: map(),
    ttp: map(),
    washin: map(),
    washout: map(),
    ser: map(),
    curvetype: new Uint8Array(nVoxel),
    status: new Uint8Array(nVoxel),
  }
  const e = new Float64Array(n)
  const first = times.findIndex(t => t >= arrival)
  for (let k = 0; k < voxels.length; k++) {
    const v = voxels[k]!
    const spread = relative(signals, nVoxel, v, baseline, e)
    if (!(spread >= 0) || first < 0) {
      fit.status[v] = FIT_STATUS.noSignal
      continue
    }
    fit.status[v] = FIT_STATUS.good
    fit.iauc60[v] = areaOf(e, times, arrival, 60)
    fit.iauc90[v] = areaOf(e, times, arrival, 90)
    let top = first
    for (let i = first; i < n; i++) if (e[i]! > e[top]!) top = i
    fit.maxenh[v] = e[top]!
    if (e[top]! < LEAST || e[top]! < ENHANCED * spread) continue
    fit.ttp[v] = times[top]! - arrival
    if (times[top]! > arrival) fit.washin[v] = e[top]! / (times[top]! - arrival)
    if (top < n - 1) fit.washout[v] = (e[n - 1]! - e[top]!) / (times[n - 1]! - times[top]!)
    lateness(fit, v, e, times, arrival, first)
  }
  return fit
}

/** Sets the relative enhancement; returns the spread of the baseline, NaN where there is none. */
function relative(
  signals: Float32Array | Float64Array,
  nVoxel: number,
  v: number,
  baseline: Int32Array,
  e: Float64Array,
): number {
  let S0 = 0
  for (let i = 0; i < baseline.length; i++) S0 += signals[baseline[i]! * nVoxel + v]! / baseline.length
  if (!(S0 > 0 && S0 < Infinity)) return Number.NaN
  let check = 0
  for (let i = 0; i < e.length; i++) {
    e[i] = signals[i * nVoxel + v]! / S0 - 1
    check += e[i]! - e[i]!
  }
  if (check !== 0) return Number.NaN
  let squares = 0
  for (let i = 0; i < baseline.length; i++) squares += e[baseline[i]!]! * e[baseline[i]!]!
  return baseline.length > 1 ? Math.sqrt(squares / (baseline.length - 1)) : 0
}

/** Early against late enhancement. */
function lateness(
  fit: EnhancementFit,
  v: number,
  e: Float64Array,
  times: Float64Array,
  arrival: number,
  first: number,
): void {
  const n = e.length
  if (times[n - 1]! <= arrival + EARLY) return
  let early = 0
  for (let i = first; i < n && times[i]! <= arrival + EARLY; i++) early = Math.max(early, e[i]!)
  const late = (e[n - 1]! + e[n - 2]! + e[n - 3]!) / 3
  if (!(early > 0)) return
  if (late > 0) fit.ser[v] = early / late
  const change = late / early - 1
  fit.curvetype[v] = change > PLATEAU ? 1 : change < -PLATEAU ? 3 : 2
}

/** Area under a curve from arrival over a duration, by trapezia; NaN where the series ends before. */
function areaOf(curve: Float64Array, times: Float64Array, arrival: number, duration: number): number {
  const end = arrival + duration
  const n = times.length
  if (times[n - 1]! < end) return Number.NaN
  let area = 0
  for (let i = 1; i < n && times[i - 1]! < end; i++) {
    const [a, b] = [Math.max(times[i - 1]!, arrival), Math.min(times[i]!, end)]
    if (b <= a) continue
    const slope = (curve[i]! - curve[i - 1]!) / (times[i]! - times[i - 1]!)
    const at = (t: number) => curve[i - 1]! + slope * (t - times[i - 1]!)
    area += ((at(a) + at(b)) / 2) * (b - a)
  }
  return area
}

/**
 * Initial area under the concentration [mM·s] of each voxel, shape (nVoxel), by trapezia.
 *
 * **Limits.** NaN where a frame has no concentration or the series ends before.
 *
 * @param concentrations - [mM], shape (nFrame × nVoxel)
 * @param times - of the frames [s], shape (nFrame)
 * @param arrival - of the bolus [s]
 * @param duration - over which [s]
 * @param voxels - which, by index
 */
export function initialArea(
  concentrations: Float32Array | Float64Array,
  times: Float64Array,
  arrival: number,
  duration: number,
  voxels: Int32Array,
): Float64Array {
  const n = times.length
  const nVoxel = concentrations.length / n
  const areas = new Float64Array(nVoxel).fill(Number.NaN)
  const curve = new Float64Array(n)
  for (let k = 0; k < voxels.length; k++) {
    const v = voxels[k]!
    for (let i = 0; i < n; i++) curve[i] = concentrations[i * nVoxel + v]!
    areas[v] = areaOf(curve, times, arrival, duration)
  }
  return areas
}
