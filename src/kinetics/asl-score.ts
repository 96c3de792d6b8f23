import { correlation, median, variance } from '../numerics/statistics.ts'

/** Robust standard deviations beyond which a mean is an outlier, and what a median absolute deviation is divided by. */
const FAR = 2.5
const MAD_PER_SD = 0.675

/** Images that are kept at the least. */
const LEAST = 2

/** What became of one image. */
export interface Judged {
  /** Distance of its mean from the median of all [robust standard deviations]. */
  readonly deviation: number
  /** Why it is left out; null where it is kept. */
  readonly reason: 'mean' | 'structure' | null
  /** Correlation with the mean of those that were kept when it was left out, or at the end [1]. */
  readonly correlation: number
}

/**
 * How far the mean of each image is from that of the others [robust standard deviations].
 *
 * @remarks
 *     (mean − median) / (MAD/0.675);   beyond 2.5 it is far
 *
 * Images of several delays are judged against the median of their own, with one spread for all; the medians themselves,
 * whose distance is 0 by construction, then take no part in the spread.
 *
 * @param means - mean of each image in grey matter, any unit, shape (n)
 * @param groups - the delay of each, shape (n); all of one where absent
 */
export function deviations(means: readonly number[], groups: readonly number[] = means.map(() => 0)): number[] {
  const centres = new Map(
    [...new Set(groups)].map(group => [group, median(means.filter((_, at) => groups[at] === group))]),
  )
  const away = means.map((value, at) => value - centres.get(groups[at]!)!)
  const counted = centres.size === 1 ? away : away.filter(value => value !== 0)
  const spread = counted.length > 0 ? median(counted.map(Math.abs)) / MAD_PER_SD : 0
  return away.map(value => (value === 0 ? 0 : value / spread))
}

/**
 * Structural correlation based outlier rejection: which perfusion images to average.
 *
 * @remarks
 * First those whose mean in grey matter is far from the median of all go. Then, of those that are left, the one that resembles
 * their average most, as long as that lowers the variance within tissues, pooled:
 *
 *     V = Σ (nₜ − 1)·varₜ(average) / Σ (nₜ − 1)
 *
 * An image that dominates the average by its artefact correlates with it. The average before the last removal, which would
 * not lower V, is the result.
 *
 * **Limits.** Two images are kept at the least. With several groups only the first step is taken: their structure differs.
 *
 * @param means - mean of each image in grey matter, any unit, shape (n)
 * @param groups - the delay of each, shape (n)
 * @param images - values of each image in the voxels of the tissues, shape (n)(nVoxel)
 * @param tissues - index of the tissue of each voxel, shape (nVoxel)
 *
 * @see Dolui et al., J Magn Reson Imaging 45:1786 (2017), doi:10.1002/jmri.25436
 */
export function rejectOutliers(
  means: readonly number[],
  groups: readonly number[],
  images: readonly Float32Array[],
  tissues: Uint8Array,
): Judged[] {
  const away = deviations(means, groups)
  const reasons = away.map((value): Judged['reason'] => (Math.abs(value) <= FAR ? null : 'mean'))
  const correlations = means.map(() => Number.NaN)
  if (new Set(groups).size === 1) {
    let average = averageOf(images, reasons)
    let pooled = pooledVariance(average, tissues)
    for (;;) {
      const kept = reasons.flatMap((reason, at) => (reason === null ? [at] : []))
      for (const at of kept) correlations[at] = correlation(images[at]!, average)
      if (kept.length <= LEAST) break
      const most = kept.reduce((a, b) => (correlations[b]! > correlations[a]! ? b : a))
      const without = reasons.map((reason, at) => (at === most ? 'structure' : reason))
      const next = averageOf(images, without)
      const variance = pooledVariance(next, tissues)
      if (!(variance < pooled)) break
      reasons[most] = 'structure'
      average = next
      pooled = variance
    }
  }
  return away.map((deviation, at) => ({ deviation, reason: reasons[at]!, correlation: correlations[at]! }))
}

function averageOf(images: readonly Float32Array[], reasons: readonly Judged['reason'][]): Float64Array {
  const sum = new Float64Array(images[0]?.length ?? 0)
  let count = 0
  images.forEach((image, at) => {
    if (reasons[at] !== null) return
    count++
    for (let v = 0; v < sum.length; v++) sum[v]! += image[v]!
  })
  return sum.map(value => value / count)
}

function pooledVariance(values: Float64Array, tissues: Uint8Array): number {
  let [sum, freedom] = [0, 0]
  for (let tissue = 0; tissue <= Math.max(...new Set(tissues)); tissue++) {
    const inside = values.filter((_, v) => tissues[v] === tissue)
    if (inside.length < 2) continue
    sum += (inside.length - 1) * variance(inside)
    freedom += inside.length - 1
  }
  return sum / freedom
}
