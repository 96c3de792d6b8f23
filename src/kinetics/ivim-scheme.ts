/** How the first step of a segmented fit finds the line of tissue at high b. */
export type FirstStep = 'nlls' | 'iwlls' | 'loglin'

/** What the fits of IVIM let a caller choose; all fields have a default, see {@link IVIM_DEFAULTS}. */
export interface IvimSettings {
  /** b from which the signal of blood counts as gone [s/mm²]. */
  readonly threshold: number
  /** Whether only b above the threshold count as high; else b at the threshold too. */
  readonly strict: boolean
  /** Least squares of the signal, iterated weighted or plain least squares of its logarithm. */
  readonly firstStep: FirstStep
  /** Range of D [mm²/s]. */
  readonly boundsD: readonly [number, number]
  /** Range of D* [mm²/s]; D* is kept at 1.5 D or more besides. */
  readonly boundsDstar: readonly [number, number]
  /** Fraction of blood at or below which D* is undefined [1]. */
  readonly smallestFraction: number
  /** Standard deviation of the noise of one sample of weight 1, unit of the signal; null to take it from each voxel's residuals. */
  readonly noise: number | null
}

/** Defaults of {@link IvimSettings}. */
export const IVIM_DEFAULTS: IvimSettings = {
  threshold: 200,
  strict: false,
  firstStep: 'nlls',
  boundsD: [0, 5e-3],
  boundsDstar: [3e-3, 0.2],
  smallestFraction: 0.01,
  noise: null,
}

/**
 * A set of samples as the fits see it: which serve for what, and how much each counts.
 *
 * The fits take samples times {@link root}, and their model times the same: then all carry the same noise.
 */
export interface IvimScheme {
  /** b in units of 1000 s/mm², so that D in 1e-3 mm²/s is about 1, shape (nB). */
  readonly t: Float64Array
  /** Root of the weight of each sample [1], shape (nB). */
  readonly root: Float64Array
  /** Samples without diffusion weighting, shape (nB0). */
  readonly zero: Int32Array
  /** What each of these adds to the mean at b = 0 per unit of it times its root [1], shape (nB0). */
  readonly share: Float64Array
  /** Samples above the threshold, shape (nHigh). */
  readonly high: Int32Array
  /** Whether D and f can be estimated: b = 0 and two different high b. */
  readonly hasFraction: boolean
  /** Whether D* can be estimated: a low b besides. */
  readonly hasDstar: boolean
}

/** A b this far above the smallest [s/mm²] is still that one. */
const SAME = 0.5
/** Largest b that counts as none [s/mm²]: scanners report up to 5. */
const LARGEST_ZERO = 5

/**
 * Sort a set of b-values into what the fits need.
 *
 * @remarks
 * Samples without weighting are those within 0.5 s/mm² of the smallest b, if that is at most 5 s/mm²: never a threshold of
 * tractography, which would swallow the low b-values that show perfusion.
 *
 * @param b - diffusion weighting [s/mm²], any order, repeats repeated, shape (nB)
 * @param settings - threshold and rule
 * @param weights - reciprocal variance of each sample over that of one of weight 1 [1], above 0, shape (nB); 1 where not given
 */
export function ivimScheme(
  b: Float64Array,
  { threshold, strict }: IvimSettings = IVIM_DEFAULTS,
  weights: Float64Array = new Float64Array(b.length).fill(1),
): IvimScheme {
  const smallest = b.reduce((least, value) => Math.min(least, value), Infinity)
  const all = Int32Array.from(b, (_, i) => i)
  const zero = all.filter(i => smallest <= LARGEST_ZERO && b[i]! <= smallest + SAME)
  const high = all.filter(i => (strict ? b[i]! > threshold : b[i]! >= threshold))
  const low = all.filter(i => !zero.includes(i) && !high.includes(i))
  const spread = high.length > 0 && high.some(i => Math.abs(b[i]! - b[high[0]!]!) > SAME)
  const hasFraction = zero.length > 0 && spread
  const root = weights.map(Math.sqrt)
  const total = zero.reduce((sum, i) => sum + weights[i]!, 0)
  return {
    t: b.map(value => value / 1000),
    root,
    zero,
    share: Float64Array.from(zero, i => root[i]! / total),
    high,
    hasFraction,
    hasDstar: hasFraction && low.length > 0,
  }
}

/** Where a kernel puts what it found: D in [mm²/s], signals relative to the mean at b = 0; standard errors follow. */
export const SLOT = { S0: 0, D: 1, f: 2, Dstar: 3, fDstar: 4, error: 5, sigma: 10 } as const
/** Length of what a kernel fills. */
export const SLOTS = 11

/** Status of a voxel's fit, as the contract numbers them. */
export const STATUS = { good: 1, bound: 2, unconverged: 3, noSignal: 4, undefined: 5 } as const

/**
 * Fits one voxel: the signal over its mean at b = 0, times the roots of the weights, shape (nB); the noise of one sample of
 * weight 1 in that unit, NaN to take it from the residuals; receives the {@link SLOT}s; returns the status.
 */
export type Kernel = (y: Float64Array, noise: number, out: Float64Array) => number
