import { quantile } from '../numerics/statistics.ts'
import { type BiasField, DEGREE, fitBias, logBiasAt, monomialsAt, noBias } from './bias-field.ts'
import type { Shape } from './distance.ts'

/** Classes of voxels: fluid, grey and white matter, and between neighbours of these the voxels that hold both. */
export const CLASSES = ['csf', 'csf-gm', 'gm', 'gm-wm', 'wm'] as const

/** Signals of the tissues, free of the sensitivity of the coil. */
export interface Mixture {
  /** Mean and standard deviation of fluid, grey and white matter, unit of the image, shape (3). */
  readonly means: Float64Array
  readonly sds: Float64Array
  /** Share of voxels of each class [1], shape (5). */
  readonly shares: Float64Array
  readonly bias: BiasField
}

/** Voxels that the mixture is learnt from, at the most. */
const SAMPLES = 40_000

/** Rounds of the fit; means move by less than a thousandth in the last. */
const ROUNDS = 40

/** Rounds after which the polynomial of the field may have its next degree. */
const PER_DEGREE = 5

/** Quantiles at which the tissues begin [1]. */
const BEGIN = [0.05, 0.4, 0.8] as const

/** The least standard deviation, of the distance between fluid and white matter [1]. */
const LEAST_SD = 0.01

/** The greatest share of voxels that hold both of two tissues [1]. */
const MOST_MIXED = 0.25

/**
 * The signals of fluid, grey and white matter in a T1-weighted image, and the sensitivity of the coil, shape of the field.
 *
 * @remarks
 * Expectation maximisation on a mixture of three Gaussians and, between neighbouring ones, of voxels that hold both in any
 * proportion:
 *
 *     p(y | a, b) = [Φ((y − μ_a)/σ) − Φ((y − μ_b)/σ)] / (μ_b − μ_a),   σ = (σ_a + σ_b)/2
 *
 * with the image divided by the field in every round. The logarithm of the field is a polynomial of up to the fourth degree of the
 * place, fitted to the logarithm of the image over its expectation, weighted with how well pure voxels know it.
 *
 * **Assumes** fluid darker than grey matter, and that darker than white matter.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param inside - 1 in the brain, shape (nVoxel)
 * @param shape - voxels along i, j, k
 *
 * @see Van Leemput et al., IEEE Trans Med Imaging 18:897 (1999), doi:10.1109/42.811270
 * @see Santago & Gage, IEEE Trans Image Process 4:1531 (1995), doi:10.1109/83.469934
 */
export function fitMixture(values: Float32Array, inside: Uint8Array, shape: Shape): Mixture {
  const voxels = thinned(values, inside)
  const raw = Float64Array.from(voxels, v => values[v]!)
  const monomials = monomialsAt(voxels, shape)
  const n = voxels.length
  let bias = noBias()
  const y = raw.slice()
  const means = Float64Array.from(BEGIN, p => quantile(raw, p))
  const sds = new Float64Array(3).fill((means[2]! - means[0]!) / 8)
  let shares = Float64Array.of(0.15, 0.05, 0.35, 0.1, 0.35)
  const density = new Float64Array(CLASSES.length)
  const logs = new Float64Array(n)
  const weights = new Float64Array(n)
  for (let round = 0; round < ROUNDS; round++) {
    const counts = new Float64Array(CLASSES.length)
    const sums = new Float64Array(3)
    const squares = new Float64Array(3)
    for (let at = 0; at < n; at++) {
      const total = densities(y[at]!, means, sds, shares, density)
      let [known, expected] = [0, 0]
      for (let k = 0; k < CLASSES.length; k++) {
        const p = density[k]! / total
        counts[k]! += p
        if (k % 2 === 1) continue
        const tissue = k / 2
        const difference = y[at]! - means[tissue]!
        sums[tissue]! += p * difference
        squares[tissue]! += p * difference * difference
        const precision = p / (sds[tissue]! * sds[tissue]!)
        known += precision
        expected += precision * means[tissue]!
      }
      expected /= known
      logs[at] = Math.log(raw[at]! / expected)
      weights[at] = known * expected * expected
    }
    const least = LEAST_SD * (means[2]! - means[0]!)
    for (let tissue = 0; tissue < 3; tissue++) {
      const count = counts[2 * tissue]!
      if (count < 1) continue
      const shift = sums[tissue]! / count
      sds[tissue] = Math.max(least, Math.sqrt(Math.max(0, squares[tissue]! / count - shift * shift)))
      means[tissue]! += shift
    }
    // Fluid is the same everywhere: what varies more than grey matter does is not all fluid.
    sds[0] = Math.min(sds[0]!, sds[1]!)
    shares = counts.map((count, k) => (k % 2 === 1 ? Math.min(MOST_MIXED, count / n) : count / n))
    bias = fitBias(monomials, logs, weights, Math.min(DEGREE, Math.floor(round / PER_DEGREE)))
    centre(bias, monomials)
    const field = logBiasAt(bias, monomials)
    for (let at = 0; at < n; at++) y[at] = raw[at]! / Math.exp(field[at]!)
  }
  return { means, sds, shares, bias }
}

/** The constant of the field such that its logarithm is 0 in the mean. */
function centre({ coefficients }: BiasField, monomials: Float64Array): void {
  const field = logBiasAt({ coefficients }, monomials)
  coefficients[0]! -= field.reduce((sum, value) => sum + value, 0) / field.length
}

/**
 * Share times density of each class at a value; returns their sum.
 *
 * @param y - the value; beyond three standard deviations outside of fluid or white matter it counts as there
 * @param out - receives the products, shape (5)
 */
export function densities(
  y: number,
  means: Float64Array,
  sds: Float64Array,
  shares: Float64Array,
  out: Float64Array,
): number {
  const low = means[0]! - 3 * sds[0]!
  const high = means[2]! + 3 * sds[2]!
  const value = y < low ? low : y > high ? high : y
  let total = 0
  for (let tissue = 0; tissue < 3; tissue++) {
    const z = (value - means[tissue]!) / sds[tissue]!
    out[2 * tissue] = (shares[2 * tissue]! * Math.exp(-0.5 * z * z)) / (sds[tissue]! * ROOT)
    total += out[2 * tissue]!
  }
  for (let pair = 0; pair < 2; pair++) {
    const sd = (sds[pair]! + sds[pair + 1]!) / 2
    const width = Math.max(means[pair + 1]! - means[pair]!, sd)
    const between = normal((value - means[pair]!) / sd) - normal((value - means[pair + 1]!) / sd)
    out[2 * pair + 1] = (shares[2 * pair + 1]! * Math.max(0, between)) / width
    total += out[2 * pair + 1]!
  }
  return total + Number.MIN_VALUE
}

/** √(2π). */
const ROOT = 2.5066282746310002

/** Distribution function of the normal distribution, to 1e-7: formula 26.2.17 of Abramowitz & Stegun. */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const tail =
    (Math.exp(-0.5 * z * z) / ROOT) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return z > 0 ? 1 - tail : tail
}

/** Positive voxels of a region, thinned out evenly to at most {@link SAMPLES}. */
function thinned(values: Float32Array, inside: Uint8Array): Int32Array {
  const isIn = (v: number) => inside[v] === 1 && values[v]! > 0
  let count = 0
  for (let v = 0; v < inside.length; v++) if (isIn(v)) count++
  const step = Math.max(1, Math.ceil(count / SAMPLES))
  const out = new Int32Array(Math.ceil(count / step))
  let seen = 0
  for (let v = 0; v < inside.length; v++) {
    if (!isIn(v)) continue
    if (seen % step === 0) out[seen / step] = v
    seen++
  }
  return out
}
