import { logGamma } from '../numerics/gamma.ts'
import { levenbergMarquardt } from '../numerics/levenberg-marquardt.ts'
import { type CurveShape, describeCurve, NO_SHAPE } from './dsc-curve.ts'

/** The first pass of a bolus as a gamma variate. */
export interface GammaVariate {
  /** Largest value [unit of the curve]. */
  readonly peak: number
  /** When it leaves 0, from the start of the series [s]. */
  readonly arrival: number
  /** From there to the peak, α·β [s]. */
  readonly riseTime: number
  /** α [1] */
  readonly power: number
}

/** How far down from the peak samples belong to the first pass, as a share of it [1]. */
const DOWN_TO = 0.4

/** Ranges of the rise time [s] and the power [1], and the powers that a fit starts from. */
const RISE = [0.3, 60] as const
const POWER = [0.5, 10] as const
const STARTS = [1.5, 3, 6] as const

/** Samples without which nothing is fitted: one more than there are parameters. */
const LEAST = 5

/**
 * The gamma variate through the first pass of a curve; null where the curve has none.
 *
 * @remarks
 *     C(t) = C_max·[x·exp(1 − x)]^α,   x = (t − t0)/(α·β),   t > t0
 *
 * which is A·(t − t0)^α·exp(−(t − t0)/β) by its height and its rise time, so that parameters hardly depend on each other. By
 * least squares over the samples up to the last one above 40 % of the peak on its way down: recirculation comes later. The
 * best of three starts is taken.
 *
 * **Limits.** Null with fewer than five samples after the baseline, where the curve does not fall to 40 % again, and where no
 * fit arrives.
 *
 * **Error.** A recirculation that adds 22 % to the area changes that of the fit by under 1 % at volumes every 1.5 s.
 *
 * @param curve - change of the relaxation rate, baseline at 0 [1/s or any unit], shape (nVolume)
 * @param dt - time between volumes [s]
 * @param baseline - volumes before the bolus: first, and one past the last
 *
 * @see Thompson et al., Circ Res 14:502 (1964), doi:10.1161/01.RES.14.6.502
 */
export function gammaVariate(
  curve: Float64Array,
  dt: number,
  baseline: readonly [number, number],
): GammaVariate | null {
  const shape: CurveShape = { ...NO_SHAPE }
  describeCurve(curve, dt, baseline, shape)
  let end = shape.peakSample
  while (end >= 0 && end < curve.length && curve[end]! > DOWN_TO * shape.peak) end++
  const n = end - baseline[0]
  if (end === curve.length || end - baseline[1] < LEAST || !(shape.riseTime > 0)) return null
  const samples = curve.slice(baseline[0], end)
  const fit = levenbergMarquardt(4, n, ([peak, arrival, rise, power], out, jacobian) => {
    for (let k = 0; k < n; k++) {
      const x = ((baseline[0] + k) * dt - arrival!) / rise!
      const bend = x > 0 ? Math.log(x) + 1 - x : 0
      const unit = x > 0 ? Math.exp(power! * bend) : 0
      const value = peak! * unit
      const slope = x > 0 ? (value * power! * (1 / x - 1)) / rise! : 0
      out[k] = value
      jacobian[k] = unit
      jacobian[n + k] = -slope
      jacobian[2 * n + k] = -slope * x
      jacobian[3 * n + k] = value * bend
    }
  })
  const lower = Float64Array.of(shape.peak / 2, baseline[0] * dt, RISE[0], POWER[0])
  const upper = Float64Array.of(2 * shape.peak, shape.timeToPeak, RISE[1], POWER[1])
  let best: GammaVariate | null = null
  let least = Infinity
  for (const start of STARTS) {
    const p = Float64Array.of(shape.peak, shape.arrival, shape.riseTime, start)
    if (!fit.fit(samples, p, lower, upper) || !(fit.sse() < least)) continue
    least = fit.sse()
    best = { peak: p[0]!, arrival: p[1]!, riseTime: p[2]!, power: p[3]! }
  }
  return best
}

/** A gamma variate at a time [unit of its peak]. */
export function gammaVariateAt({ peak, arrival, riseTime, power }: GammaVariate, time: number): number {
  const x = (time - arrival) / riseTime
  return x > 0 ? peak * Math.exp(power * (Math.log(x) + 1 - x)) : 0
}

/**
 * Area under a gamma variate [unit of its peak · s].
 *
 * @remarks
 *     C_max·(e/α)^α·β·Γ(α + 1),   β = rise time/α
 */
export function gammaVariateArea({ peak, riseTime, power }: GammaVariate): number {
  return peak * (riseTime / power) * Math.exp(power * (1 - Math.log(power)) + logGamma(power + 1))
}
