import { mean, median, medianAbsoluteDeviation } from '../numerics/statistics.ts'
import { type CurveShape, describeCurve, NO_SHAPE } from './dsc-curve.ts'

/** The course of a bolus through the mean signal of the brain. */
export interface Bolus {
  /** Leading volumes before the magnetisation is steady, to be left out [1]. */
  readonly dummies: number
  /** Volumes before the bolus: first, and one past the last. Empty where the bolus is there from the start. */
  readonly baseline: readonly [number, number]
  /** Mean before the bolus [a.u.]. */
  readonly level: number
  /** Standard deviation of the mean signal before the bolus, by the median absolute deviation [a.u.]. */
  readonly sd: number
  /** Volume with the lowest signal. */
  readonly minimum: number
  /** (level − minimum)/level [1]. */
  readonly drop: number
  /** Arrival in the mean curve, from the start of the series [s]. */
  readonly arrival: number
  /** One past the last volume of the first pass: where the mean curve turns up again, or has fallen to a tenth of its peak. */
  readonly firstPassEnd: number
  /** Mean of the last ten volumes of ΔR2* over its peak [1]: how much of the bolus the record does not see, and recirculation. */
  readonly tail: number
}

/** Volumes that may be left out at the start, at the most. */
const MOST_DUMMIES = 10
/** Volumes after one that say whether it was steady: from the second after it on. */
const AHEAD = [2, 7] as const
/** Relative deviation from those that makes a dummy on its own [1], and the one under which none is. */
const DEVIATION = [0.05, 0.01] as const
/** Share of the drop that a volume of the baseline may be under its level [1], where noise allows less. */
const SLACK = 0.02
/** Volumes between baseline and bolus that belong to neither. */
const GUARD = 1

/**
 * Find the bolus in the mean signal of the brain, whenever it comes.
 *
 * @remarks
 * A leading volume is left out where it is off the median of the second to sixth after it by more than 5 %, or by more than
 * three of their robust standard deviations and 1 %, while those are steady themselves.
 *
 * The minimum is the lowest of the running medians of three. The baseline ends with the last volume before it that is not
 * lower than its level by more than three robust standard deviations or 2 % of the drop, less one volume; level and standard
 * deviation are those of the earliest third of the volumes before the minimum.
 *
 * **Limits.** It finds a lowest volume in any series: whether that is a bolus is for {@link Bolus.drop} and {@link Bolus.sd}
 * to say. A baseline of fewer than five volumes has no standard deviation worth the name.
 *
 * @param signal - mean signal [a.u.], positive, shape (nVolume), at least 10
 * @param dt - time between volumes [s]
 */
export function findBolus(signal: Float64Array, dt: number): Bolus {
  const n = signal.length
  const dummies = countDummies(signal)
  let minimum = dummies
  let lowest = Infinity
  for (let k = dummies; k < n; k++) {
    const near = median(signal.subarray(Math.max(dummies, k - 1), Math.min(n, k + 2)))
    if (near < lowest) [lowest, minimum] = [near, k]
  }
  const early = signal.subarray(dummies, Math.max(dummies + 3, dummies + Math.ceil((minimum - dummies) / 3)))
  const start = median(early)
  const slack = Math.max(3 * robustSd(early), SLACK * (start - signal[minimum]!))
  let last = minimum - 1
  while (last >= dummies && signal[last]! < start - slack) last--
  const end = Math.max(dummies, last + 1 - GUARD)
  const before = signal.subarray(dummies, end)
  const level = before.length > 0 ? mean(before) : start
  const rate = Float64Array.from(signal, value => -Math.log(value / level))
  const shape: CurveShape = { ...NO_SHAPE }
  describeCurve(rate, dt, [dummies, end], shape)
  const ends = rate.subarray(Math.max(0, n - 10))
  return {
    dummies,
    baseline: [dummies, end],
    level,
    sd: before.length > 1 ? robustSd(before) : NaN,
    minimum,
    drop: (level - signal[minimum]!) / level,
    arrival: shape.arrival,
    firstPassEnd: passEnd(rate, minimum),
    tail: mean(ends) / rate[minimum]!,
  }
}

const robustSd = (values: Float64Array) => medianAbsoluteDeviation(values) / 0.6745

function countDummies(signal: Float64Array): number {
  const most = Math.min(MOST_DUMMIES, signal.length - AHEAD[1])
  let count = 0
  for (; count < most; count++) {
    const ahead = signal.subarray(count + AHEAD[0], count + AHEAD[1])
    const level = median(ahead)
    const away = Math.abs(signal[count]! - level)
    const isSteady = ahead.every(value => Math.abs(value - level) <= DEVIATION[0] * level)
    const isOff = away > DEVIATION[0] * level || (away > 3 * robustSd(ahead) && away > DEVIATION[1] * level)
    if (!isSteady || !isOff) break
  }
  return count
}

function passEnd(rate: Float64Array, top: number): number {
  const n = rate.length
  for (let k = top + 1; k < n - 1; k++) {
    const isTurn = rate[k]! < rate[top]! / 2 && rate[k + 1]! > rate[k]! && (rate[k + 2] ?? Infinity) > rate[k]!
    if (isTurn || rate[k]! < rate[top]! / 10) return k + 1
  }
  return n
}
