import { digamma, trigamma } from '../numerics/gamma.ts'
import { mean, variance } from '../numerics/statistics.ts'

/** What is expected of a voxel's noise: a scaled inverse χ² distribution of its variance. */
export interface NoisePrior {
  /** Expected standard deviation of one sample: in the unit of the signal, or over the mean at b = 0 [1]. */
  readonly sigma: number
  readonly isRelative: boolean
  /** How many samples of noise the expectation counts as, ν [1]; 0 where nothing is expected. */
  readonly freedom: number
}

/** Nothing expected: each voxel tells its own noise. */
export const UNKNOWN_NOISE: NoisePrior = { sigma: 0, isRelative: true, freedom: 0 }

/** Most samples that an expectation counts as: noise known to 5 %. */
const MOST = 200
/** What a noise that was measured elsewhere in the image counts as: it varies over the image by about 15 %. */
const GIVEN = 20
/** Fewest voxels that noise is learned from. */
const FEWEST = 20

/**
 * The noise that is expected where one value was measured for the whole image.
 *
 * @param sigma - standard deviation of one sample, unit of the signal
 */
export function givenNoise(sigma: number): NoisePrior {
  return { sigma, isRelative: false, freedom: GIVEN }
}

/**
 * The noise that the voxels of an image share, from the residuals of a fit to each.
 *
 * @remarks
 * A residual variance v of d degrees of freedom about a variance that itself scatters with ν degrees of freedom about s² has
 *
 *     mean of ln v = ln s² + ψ(d/2) − ln(d/2) − ψ(ν/2) + ln(ν/2),   variance of ln v = ψ′(d/2) + ψ′(ν/2)
 *
 * from which s and ν follow. Noise is about even over an image, or goes with the signal where a scanner scales or combines
 * its coils so: the one of the two that scatters less is taken.
 *
 * **Limits.** Nothing is expected without degrees of freedom, of fewer than 20 voxels, or where the variances have nothing
 * in common. ν is whole and at most 200.
 *
 * @param sigmas - residual standard deviation of each voxel, unit of the signal, shape (nVoxel)
 * @param scales - mean at b = 0 of each voxel, unit of the signal, shape (nVoxel)
 * @param freedom - degrees of freedom of each, d [1]
 *
 * @see Smyth, Stat Appl Genet Mol Biol 3:3 (2004), doi:10.2202/1544-6115.1027
 */
export function learnNoise(sigmas: Float64Array, scales: Float64Array, freedom: number): NoisePrior {
  const isUsable = (_: number, v: number) => sigmas[v]! > 0 && scales[v]! > 0
  const absolute = sigmas.map(sigma => 2 * Math.log(sigma)).filter(isUsable)
  const relative = sigmas.map((sigma, v) => 2 * Math.log(sigma / scales[v]!)).filter(isUsable)
  if (freedom < 1 || absolute.length < FEWEST) return UNKNOWN_NOISE
  const isRelative = variance(relative) < variance(absolute)
  const logs = isRelative ? relative : absolute
  const excess = variance(logs) - trigamma(freedom / 2)
  if (excess > trigamma(1 / 2)) return UNKNOWN_NOISE
  let nu = 1
  while (nu < MOST && trigamma((nu + 1) / 2) > excess) nu++
  const level = mean(logs) - digamma(freedom / 2) + Math.log(freedom / 2) + digamma(nu / 2) - Math.log(nu / 2)
  return { sigma: Math.exp(level / 2), isRelative, freedom: nu }
}
