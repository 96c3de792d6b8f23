import { median, medianAbsoluteDeviation } from '../numerics/statistics.ts'
import { posterior } from './ivim-posterior.ts'
import type { IvimScheme } from './ivim-scheme.ts'

/** Organs whose usual IVIM parameters are known. */
export type Organ = keyof typeof ORGANS

/** D, f and D* by organ [mm²/s, 1, mm²/s], as the OSIPI collection gives them for starts; `general` is about their middle. */
export const ORGANS = {
  general: [1.2e-3, 0.12, 30e-3],
  brain: [0.83e-3, 0.0764, 10.88e-3],
  kidney: [1.89e-3, 0.1888, 40.53e-3],
  liver: [1.09e-3, 0.2305, 70.02e-3],
  muscle: [1.47e-3, 0.1034, 30.88e-3],
  breast: [1.43e-3, 0.07, 52.33e-3],
  pancreas: [1.41e-3, 0.2003, 25.39e-3],
} as const satisfies Record<string, readonly [number, number, number]>

/** A normal distribution of ln D, logit f and ln D* before a voxel's data are seen. */
export interface IvimPrior {
  /** ln D and ln D* in [ln of 1e-3 mm²/s], shape (3). */
  readonly mean: readonly number[]
  /** shape (3 × 3) */
  readonly covariance: readonly number[]
  /** How many voxels it was learned from; 0 for one that was not. */
  readonly pooled: number
  readonly source: 'image' | 'organ'
}

/** Where the prior of a Bayesian fit comes from. */
export interface PriorSettings {
  /** What is expected before any data; also the whole prior where there are too few voxels to learn from. */
  readonly organ?: Organ
  /** Voxels that must not be drawn towards the others, above 0; shape (nVoxel). */
  readonly lesion?: Uint8Array
  /** A prior to use as it is. */
  readonly prior?: IvimPrior
}

/** Fewest voxels that a prior is learned from. */
export const FEWEST_POOLED = 500
/** Voxels that are looked at while learning; more change the prior by less than 3 % of its width. */
const SAMPLE = 1200
/** Rounds of learning at most. */
const ROUNDS = 12
/** A correlation up to this is taken for none; larger ones are drawn towards it, the less the larger. */
const SMALL = 0.1
/** Standard deviations of the wide prior: ln D, logit f, ln D*. */
const WIDE = [0.5, 1.2, 0.9] as const
/** Least standard deviations that are learned. */
const NARROW = [0.05, 0.1, 0.1] as const

/**
 * The wide prior of an organ: its usual values, and a spread that a lesion is well inside of.
 *
 * @param organ - see {@link ORGANS}
 */
export function organPrior(organ: Organ = 'general'): IvimPrior {
  const [D, f, Dstar] = ORGANS[organ]
  return {
    mean: [Math.log(1000 * D), Math.log(f / (1 - f)), Math.log(1000 * Dstar)],
    covariance: Array.from({ length: 9 }, (_, k) => (k % 4 === 0 ? WIDE[k / 4]! * WIDE[k / 4]! : 0)),
    pooled: 0,
    source: 'organ',
  }
}

/** Estimates of a sample of voxels by another method, where learning starts. */
export interface FirstLook {
  readonly D: Float64Array
  readonly f: Float64Array
  readonly Dstar: Float64Array
}

/**
 * The prior that the voxels of an image share, learned from their signals.
 *
 * @remarks
 * Expectation and maximisation: with `m_v`, `C_v` the posterior mean and covariance of voxel v under the present prior, the
 * next has
 *
 *     µ = mean of m_v,   Σ = mean of [C_v + (m_v − µ)(m_v − µ)ᵀ]
 *
 * so it is the spread of the tissue, not that of the estimates. Correlations r are kept by the factor `1 − (0.1/r)²`, those
 * under 0.1 not at all. At most 1200 voxels are looked at, evenly over the list.
 *
 * **Assumes** one population. Rare tissue is drawn towards it: a lesion needs a mask of its own.
 *
 * **Limits.** Under 500 voxels the organ's prior is returned.
 *
 * @param samples - signals of the voxels over their means at b = 0, one after the other, shape (nSample × nB)
 * @param pooled - number of voxels that the samples stand for [1]
 * @param scheme - the b-values
 * @param first - where to start; estimates may be NaN
 * @param organ - the fallback
 *
 * @see Orton et al., Magn Reson Med 71:411 (2014), doi:10.1002/mrm.24649
 */
export function learnPrior(
  samples: Float64Array,
  pooled: number,
  scheme: IvimScheme,
  first: FirstLook,
  organ: Organ = 'general',
): IvimPrior {
  const fallback = organPrior(organ)
  if (pooled < FEWEST_POOLED) return fallback
  const n = scheme.t.length
  const count = samples.length / n
  let prior: IvimPrior = { ...begin(first, fallback), pooled, source: 'image' }
  for (let round = 0; round < ROUNDS; round++) {
    const fit = posterior(scheme, prior)
    const sum = [0, 0, 0]
    const squares = [0, 0, 0, 0, 0, 0, 0, 0, 0]
    for (let k = 0; k < count; k++) {
      fit.fit(samples.subarray(k * n, (k + 1) * n))
      for (let r = 0; r < 3; r++) {
        sum[r]! += fit.mean[r]! / count
        for (let c = 0; c < 3; c++)
          squares[3 * r + c]! += (fit.covariance[3 * r + c]! + fit.mean[r]! * fit.mean[c]!) / count
      }
    }
    const covariance = separated(squares.map((square, k) => square - sum[Math.floor(k / 3)]! * sum[k % 3]!))
    const last = prior
    prior = { mean: sum, covariance, pooled, source: 'image' }
    if (isSettled(last, prior)) break
  }
  return prior
}

/** A covariance with its least spread, freed of correlations too small to be told from none. */
function separated(raw: readonly number[]): readonly number[] {
  const variances = NARROW.map((least, k) => Math.max(raw[4 * k]!, least * least))
  return raw.map((value, k) => {
    const [r, c] = [Math.floor(k / 3), k % 3]
    if (r === c) return variances[r]!
    const square = (value * value) / (variances[r]! * variances[c]!)
    return square > 0 ? value * Math.max(0, 1 - (SMALL * SMALL) / square) : 0
  })
}

/** Centre of the first estimates with the spread of a wide prior: learning narrows it. */
function begin(first: FirstLook, fallback: IvimPrior): Pick<IvimPrior, 'mean' | 'covariance'> {
  const columns = [
    first.D.map(D => Math.log(1000 * D)),
    first.f.map(f => Math.log(f / (1 - f))),
    first.Dstar.map(Dstar => Math.log(1000 * Dstar)),
  ].map(column => column.filter(value => Number.isFinite(value)))
  if (columns.some(column => column.length < 20)) return fallback
  const spread = columns.map((column, k) =>
    Math.min(Math.max(medianAbsoluteDeviation(column) / 0.6745, NARROW[k]!), WIDE[k]!),
  )
  return {
    mean: columns.map(column => median(column)),
    covariance: Array.from({ length: 9 }, (_, k) => (k % 4 === 0 ? spread[k / 4]! * spread[k / 4]! : 0)),
  }
}

function isSettled(a: IvimPrior, b: IvimPrior): boolean {
  return [0, 1, 2].every(k => {
    const [before, after] = [Math.sqrt(a.covariance[4 * k]!), Math.sqrt(b.covariance[4 * k]!)]
    return Math.abs(a.mean[k]! - b.mean[k]!) < 0.01 * after && Math.abs(before - after) < 0.01 * after
  })
}

/**
 * Which voxels a prior is learned from: evenly over the list, at most 1200.
 *
 * @param voxels - indices, shape (nPooled)
 */
export function sampleOf(voxels: Int32Array): Int32Array {
  const count = Math.min(voxels.length, SAMPLE)
  return Int32Array.from({ length: count }, (_, k) => voxels[Math.floor((k * voxels.length) / count)]!)
}
