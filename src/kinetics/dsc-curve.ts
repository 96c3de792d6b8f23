/**
 * Reads the change of the relaxation rate of a voxel [1/s] into `out`, shape (nVolume); false where it has no valid curve.
 * The kernels that look at many voxels ask for their curves through it, so that nobody holds them all.
 */
export type ReadCurve = (voxel: number, out: Float64Array) => boolean

/** What a curve looks like; times are NaN where the curve does not show them. */
export interface CurveShape {
  /** Largest value after the baseline, on a sample [unit of the curve]. */
  peak: number
  /** Sample of the peak. */
  peakSample: number
  /** Time of the peak from the start of the series, by a parabola [s]. */
  timeToPeak: number
  /** When the curve leaves the baseline, from the start of the series [s]. */
  arrival: number
  /** From arrival to peak [s]. */
  riseTime: number
  /** Full width at half of the peak [s]. */
  fwhm: number
}

/** {@link CurveShape} of a curve without a peak. */
export const NO_SHAPE: CurveShape = {
  peak: NaN,
  peakSample: -1,
  timeToPeak: NaN,
  arrival: NaN,
  riseTime: NaN,
  fwhm: NaN,
}

/**
 * Describe a curve of a bolus.
 *
 * @remarks
 * The peak is the largest sample from the end of the baseline on, its time the vertex of the parabola through it and its
 * neighbours. The width is between the crossings of half of the peak nearest to it, linear between samples.
 *
 * Arrival is the break of the best curve that is 0 first and then a straight line up to the peak, by least squares, so it
 * falls between samples.
 *
 * **Limits.** No positive peak, no shape: everything is NaN. A curve that stays above half of its peak to the end of the
 * record has no width. The break comes later than the foot of a curve that begins flat: measured figures are in
 * `docs/models/dsc.md`.
 *
 * @param curve - change of the relaxation rate, baseline at 0 [1/s or any unit], shape (nVolume)
 * @param dt - time between volumes [s]
 * @param baseline - volumes before the bolus: first, and one past the last
 * @param out - receives the shape
 */
export function describeCurve(
  curve: Float64Array,
  dt: number,
  [first, end]: readonly [number, number],
  out: CurveShape,
): void {
  Object.assign(out, NO_SHAPE)
  const n = curve.length
  let top = end
  for (let k = end; k < n; k++) if (curve[k]! > curve[top]!) top = k
  const peak = curve[top]!
  if (!(peak > 0 && peak < Infinity)) return
  out.peak = peak
  out.peakSample = top
  out.timeToPeak = (top + vertexOf(curve, top)) * dt
  out.arrival = breakOf(curve, first, top) * dt
  out.riseTime = out.timeToPeak - out.arrival
  let left = top
  while (left > 0 && curve[left - 1]! >= peak / 2) left--
  let right = top
  while (right < n - 1 && curve[right + 1]! >= peak / 2) right++
  if (left === 0 || right === n - 1) return
  const rise = (curve[left]! - peak / 2) / (curve[left]! - curve[left - 1]!)
  const fall = (curve[right]! - peak / 2) / (curve[right]! - curve[right + 1]!)
  out.fwhm = (right - left + rise + fall) * dt
}

/** Where the parabola through a largest sample and its neighbours has its vertex, from that sample [sample]. */
function vertexOf(curve: Float64Array, top: number): number {
  if (top === 0 || top === curve.length - 1) return 0
  const [before, here, after] = [curve[top - 1]!, curve[top]!, curve[top + 1]!]
  const bend = before - 2 * here + after
  return bend < 0 ? (before - after) / (2 * bend) : 0
}

/** The break of the least-squares curve that is 0 from `first` and straight from the break to `top` [sample]. */
function breakOf(curve: Float64Array, first: number, top: number): number {
  let before = 0
  for (let k = first; k < top - 1; k++) before += curve[k]! * curve[k]!
  let [n, t, tt, c, tc, cc] = [0, 0, 0, 0, 0, 0]
  let best = Infinity
  let at = top
  for (let k = top; k > first; k--) {
    // Time from the top, so that sums stay small.
    const s = k - top
    const y = curve[k]!
    n++
    t += s
    tt += s * s
    c += y
    tc += s * y
    cc += y * y
    if (n < 2) continue
    const spread = tt - (t * t) / n
    const free = (tc - (t * c) / n) / spread
    let root = t / n - c / n / free
    // A line that breaks elsewhere than in its own interval is held at the near end of it.
    if (!(root >= s - 1)) root = s - 1
    else if (root > s) root = s
    const along = tt - 2 * root * t + n * root * root
    const slope = (tc - root * c) / along
    const rss = before + cc - slope * (tc - root * c)
    if (slope > 0 && rss < best) {
      best = rss
      at = top + root
    }
    if (k - 2 >= first) before -= curve[k - 2]! * curve[k - 2]!
  }
  return at
}

/**
 * Percentage of the signal drop that is recovered after the bolus, 100·(S_post − S_min)/(S_pre − S_min) [%].
 *
 * @remarks
 * S_post is the mean of the last volumes. Over 100 where T1 leakage brightens the tissue, low where contrast agent that has
 * leaked or stays in vessels darkens it.
 *
 * **Limits.** NaN where the signal does not drop.
 *
 * @param signal - of one echo [a.u.], shape (nVolume)
 * @param before - mean signal before the bolus, S_pre [a.u.]
 * @param from - first volume in which the lowest signal may be
 * @param tail - number of volumes at the end that S_post is the mean of
 *
 * @see Cha et al., AJNR 28:1078 (2007), doi:10.3174/ajnr.A0484
 */
export function signalRecovery(signal: Float64Array, before: number, from: number, tail: number): number {
  const n = signal.length
  let lowest = Infinity
  for (let k = from; k < n; k++) if (signal[k]! < lowest) lowest = signal[k]!
  let sum = 0
  for (let k = n - tail; k < n; k++) sum += signal[k]!
  return before > lowest ? (100 * (sum / tail - lowest)) / (before - lowest) : NaN
}

/**
 * Largest drop of the signal, 100·(S_pre − S_min)/S_pre [%]; NaN without a baseline above 0.
 *
 * @param signal - of one echo [a.u.], shape (nVolume)
 * @param before - mean signal before the bolus, S_pre [a.u.]
 * @param from - first volume in which the lowest signal may be
 */
export function signalDrop(signal: Float64Array, before: number, from: number): number {
  let lowest = Infinity
  for (let k = from; k < signal.length; k++) if (signal[k]! < lowest) lowest = signal[k]!
  return before > 0 ? (100 * (before - lowest)) / before : NaN
}
