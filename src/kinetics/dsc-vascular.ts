import { levenbergMarquardt } from '../numerics/levenberg-marquardt.ts'
import { deconvolution } from './dsc-deconvolution.ts'
import { vascularModel } from './dsc-vascular-model.ts'

/** What the vascular model finds in a voxel; all NaN where it found nothing. */
export interface Vascular {
  /** CBF = 6000 · kH/ρ · flow [1/s]. */
  flow: number
  /** Mean transit time [s]. */
  transitTime: number
  /** Shape of the distribution of transit times, λ [1]: 1 an exponential residue, more a plateau. */
  shape: number
  /** Arrival after the artery [s]. */
  delay: number
}

/** How a fit ended. */
export type VascularEnd = 'good' | 'bound' | 'unconverged'

/** A fit of the vascular model that is made ready for an arterial curve and used on many voxels; nothing is allocated per voxel. */
export interface VascularFit {
  /** Take an arterial curve, shape (nVolume); false where it is not finite or has no positive area: then nothing can be solved. */
  prepare(arterial: Float64Array): boolean
  /**
   * Fit a curve; null where it is not finite.
   *
   * @param tissue - change of the relaxation rate [1/s], shape (nVolume)
   * @param sd - standard deviation of its samples [1/s], shape (nVolume)
   */
  solve(tissue: Float64Array, sd: Float64Array): VascularEnd | null
  /** What the last {@link VascularFit.solve} found. */
  readonly values: Readonly<Vascular>
  /** Standard errors, in the units of the values. */
  readonly se: Readonly<Vascular>
}

/**
 * Means and standard deviations of the prior: normal in the logarithms of flow, mean transit time and shape, and in the delay.
 *
 * @remarks
 * The prior of flow is {@link VASCULAR_PRIOR.volume} over that of the transit time. Its unit is the caller's: the factor on
 * the arterial curve is not known in DSC.
 */
export const VASCULAR_PRIOR = {
  /** Typical CBV [mL/100g], which the caller knows the counterpart of. */
  volume: 3,
  /** [s] */
  transitTime: 6,
  /** [1] */
  shape: 2,
  /** Standard deviation of the three logarithms [1]. */
  spread: 1,
  /** Standard deviation of the delay about 0 [s]. */
  delay: 5,
} as const

/**
 * What is searched for, in order: ln of flow times transit time over its typical value, ln transit time [s], ln shape, mean
 * arrival δ + M·(1 + 1/λ)/2 [s], signal before the bolus over what was taken for it [1]. Samples tell the first and the fourth
 * well, whatever the others are.
 */
const PARAMETERS = 5
const [VOLUME, TRANSIT, SHAPE, ARRIVAL, LEVEL] = [0, 1, 2, 3, 4] as const
/** The same places in what {@link vascularModel} takes: ln flow and delay. */
const [FLOW, DELAY] = [0, 3] as const

/** Ranges of volume over its typical value [1], transit time [s], shape [1], mean arrival [s] and level [1]. */
const RANGE = {
  volume: [1e-4, 1e3],
  transitTime: [0.3, 100],
  shape: [0.2, 50],
  arrival: [-10, 120],
  level: [0.5, 2],
} as const

/** Noise over the signal before the bolus under which it is not believed, for arterial curves are not known better [1]. */
const LEAST_NOISE = 1e-3

/** Share of the sum of squares that a last step may promise [1]: parameters are within a thirtieth of their standard errors. */
const NEAR = 1e-5

/** Least signal over that before the bolus that a sample is compared by [1]. */
const LEAST_SIGNAL = 1e-6

/**
 * Make a {@link VascularFit}: the statistical approach to deconvolution.
 *
 * @remarks
 * Blood passes in a gamma distribution of transit times, so the residue function is `Q(λ, λ·t/M)`, and
 *
 *     s(t) = b·exp(−T·F·∫ a(t − δ − u)·Q(λ, λu/M) du)
 *
 * is fitted to `exp(−T·ΔR2*)`, which with one echo at T is the signal over that before the bolus, whose noise is the same in
 * all samples. The convolution and its derivatives by all parameters are exact for the cubic spline through the
 * arterial samples, see {@link vascularModel}.
 *
 * The estimate has the largest posterior probability, under normal noise of the known size and the prior
 * {@link VASCULAR_PRIOR}; b is free. It is found in the logarithms, and turned back as the mean of a log-normal, which at a
 * standard error of 20 % is 2 % above its mode: means over regions need it. Standard errors are those of the posterior in its
 * normal approximation, larger by the root of the mean square of the residuals over their noise where that is above 1.
 *
 * **Assumes** that what the arterial voxels show is what arrives: dispersion on the way is taken for transit times.
 *
 * **Limits.** Flow is above 0 by construction: where there is no blood it says what the prior says. Noise of the arterial
 * curve is in no standard error. The record ends as it was before: after the last sample the artery stays as it is.
 *
 * @param frames - number of volumes
 * @param dt - time between volumes [s]
 * @param echoTime - T [s]
 * @param typicalVolume - area of a tissue curve over that of the arterial one that counts as {@link VASCULAR_PRIOR.volume} [1]
 *
 * @see Østergaard et al., J Cereb Blood Flow Metab 19:690 (1999), doi:10.1097/00004647-199906000-00013
 * @see Mouridsen et al., NeuroImage 33:570 (2006), doi:10.1016/j.neuroimage.2006.06.015
 */
export function vascularFit(frames: number, dt: number, echoTime: number, typicalVolume: number): VascularFit {
  const n = frames
  const typicalFlow = typicalVolume / VASCULAR_PRIOR.transitTime
  const start = deconvolution('csvd', n, dt)
  const model = vascularModel(n, dt, echoTime * typicalFlow)
  const samples = n + 4
  const weights = new Float64Array(n)
  const y = new Float64Array(samples)
  const covariance = new Float64Array(PARAMETERS * PARAMETERS)
  const p = new Float64Array(PARAMETERS)
  const natural = new Float64Array(PARAMETERS)
  const changes = new Float64Array(PARAMETERS * PARAMETERS)
  for (let q = 0; q < PARAMETERS; q++) changes[q * PARAMETERS + q] = 1
  const values: Vascular = nothing()
  const se: Vascular = nothing()

  const prior = [
    [FLOW, 0, VASCULAR_PRIOR.spread],
    [TRANSIT, Math.log(VASCULAR_PRIOR.transitTime), VASCULAR_PRIOR.spread],
    [SHAPE, Math.log(VASCULAR_PRIOR.shape), VASCULAR_PRIOR.spread],
    [DELAY, 0, VASCULAR_PRIOR.delay],
  ] as const

  /** Set {@link natural} and how it changes with what is searched for: row q is that of natural parameter q. */
  function convert(at: Float64Array): void {
    const transit = Math.exp(at[TRANSIT]!)
    const inverseShape = Math.exp(-at[SHAPE]!)
    const half = (transit * (1 + inverseShape)) / 2
    natural.set(at)
    natural[FLOW] = at[VOLUME]! - at[TRANSIT]! + Math.log(VASCULAR_PRIOR.transitTime)
    natural[DELAY] = at[ARRIVAL]! - half
    changes[FLOW * PARAMETERS + TRANSIT] = -1
    changes[DELAY * PARAMETERS + TRANSIT] = -half
    changes[DELAY * PARAMETERS + SHAPE] = (transit * inverseShape) / 2
  }

  /** Samples over their noise, and the parameters of the prior over its width. */
  const fit = levenbergMarquardt(
    PARAMETERS,
    samples,
    (at, curve, jacobian) => {
      convert(at)
      model.evaluate(natural, curve, jacobian, samples)
      const byShape = changes[DELAY * PARAMETERS + SHAPE]!
      const byTransit = changes[DELAY * PARAMETERS + TRANSIT]!
      for (let k = 0; k < n; k++) {
        const w = weights[k]!
        const byDelay = jacobian[DELAY * samples + k]!
        jacobian[TRANSIT * samples + k]! += byTransit * byDelay - jacobian[FLOW * samples + k]!
        jacobian[SHAPE * samples + k]! += byShape * byDelay
        curve[k]! *= w
        for (let q = 0; q < PARAMETERS; q++) jacobian[q * samples + k]! *= w
      }
      for (const [row, [q, mean, spread]] of prior.entries()) {
        curve[n + row] = (natural[q]! - mean) / spread
        for (let u = 0; u < PARAMETERS; u++) jacobian[u * samples + n + row] = changes[q * PARAMETERS + u]! / spread
      }
    },
    NEAR,
  )

  const log = ([low, high]: readonly [number, number]) => [Math.log(low), Math.log(high)] as const
  const ranges = [log(RANGE.volume), log(RANGE.transitTime), log(RANGE.shape), RANGE.arrival, RANGE.level] as const
  const lower = Float64Array.from(ranges, ([low]) => low)
  const upper = Float64Array.from(ranges, ([, high]) => high)

  /** A start by circular deconvolution, whose time of arrival and area are near the truth. */
  function begin(tissue: Float64Array): void {
    const isFound = start.solve(tissue)
    const { volume, transitTime, delay } = start.values
    const transit = isFound && transitTime > 0 ? transitTime : VASCULAR_PRIOR.transitTime
    p[VOLUME] = Math.log(isFound && volume > 0 ? volume / typicalVolume : RANGE.volume[0])
    p[TRANSIT] = Math.log(transit)
    p[SHAPE] = Math.log(VASCULAR_PRIOR.shape)
    p[ARRIVAL] = (isFound ? delay : 0) + (transit * (1 + 1 / VASCULAR_PRIOR.shape)) / 2
    p[LEVEL] = 1
  }

  /** Standard error of a natural parameter; of those at a bound there is none to add. */
  function errorOf(q: number): number {
    let variance = 0
    for (let u = 0; u < PARAMETERS; u++)
      for (let v = 0; v < PARAMETERS; v++) {
        const share = changes[q * PARAMETERS + u]! * changes[q * PARAMETERS + v]!
        if (share !== 0) variance += share * (covariance[u * PARAMETERS + v]! || 0)
      }
    return variance > 0 ? Math.sqrt(variance) : NaN
  }

  function solve(tissue: Float64Array, sd: Float64Array): VascularEnd | null {
    Object.assign(values, nothing())
    Object.assign(se, nothing())
    for (let k = 0; k < n; k++) {
      const s = Math.exp(-echoTime * tissue[k]!)
      weights[k] = 1 / Math.max(LEAST_NOISE, echoTime * sd[k]! * Math.max(s, LEAST_SIGNAL))
      y[k] = s * weights[k]!
      if (!(y[k]! < Infinity)) return null
    }
    begin(tissue)
    const isArrived = fit.fit(y, p, lower, upper)
    fit.covariance(covariance)
    const degrees = samples - PARAMETERS
    // The covariance counts the residuals for the noise; it is known, unless they are larger.
    const inflation = Math.sqrt(Math.max(1, degrees / fit.sse()))
    convert(p)
    const error = (q: number) => inflation * errorOf(q)
    /** Mean of the posterior, which is log-normal to this approximation; of one without a width its mode. */
    const mean = (q: number) => Math.exp(natural[q]! + (error(q) * error(q) || 0) / 2)
    values.flow = typicalFlow * mean(FLOW)
    values.transitTime = mean(TRANSIT)
    values.shape = mean(SHAPE)
    values.delay = natural[DELAY]!
    se.flow = values.flow * error(FLOW)
    se.transitTime = values.transitTime * error(TRANSIT)
    se.shape = values.shape * error(SHAPE)
    se.delay = error(DELAY)
    if (!isArrived) return 'unconverged'
    return fit.atBound.includes(1) ? 'bound' : 'good'
  }

  return {
    values,
    se,
    solve,
    prepare: arterial => start.prepare(arterial) && model.prepare(arterial),
  }
}

const nothing = (): Vascular => ({ flow: NaN, transitTime: NaN, shape: NaN, delay: NaN })
