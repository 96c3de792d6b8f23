import type { Grid } from '../../image/volume.ts'
import type { Summary } from './differences.ts'
import { type ArrivalModel, fitsBySlice, sampleMeans } from './fit-arrival.ts'
import { sliceOf } from './slices.ts'

/** Durations that are looked at, and how finely [s]. */
const SHORTEST = 0.2
const STEP = 0.05
const TOLERANCE = 0.0005

/** Voxels that are fitted for it at the most, those of the strongest signal. */
const VOXELS = 1500

/** Drop of the sum of squares, times the number of samples, under which two durations fit alike: 95 % of chi squared. */
const ALIKE = 3.84

/** Below this share of the data's sum of squares only rounding is left [1]. */
const ROUNDING = 1e-10

/** An interval of durations that fit alike and is longer than this does not tell the duration [s]. */
const UNTOLD = 0.15

/** Half the golden section of an interval. */
const GOLDEN = 0.3819660112501051

/**
 * Duration of a pulsed bolus that was not cut off [s]: that with the least sum of squares over many voxels at once.
 *
 * @remarks
 * One slab of blood is labelled, so one duration is estimated for all voxels. Each candidate is judged by the fits of the
 * 1500 voxels with the largest mean difference, flow and arrival of their own in each; on a grid of 0.05 s, then by golden
 * section to 0.5 ms. Arteries are left out.
 *
 * **Limits.** Where inversion times are sparse against the bolus, or none lies after its end, durations fit alike over an interval
 * (with one readout during the rise of each voxel, a short bolus of high flow is as good as a long one of low flow): `isKnown` is
 * false, and the longest of them is used, which gives the lowest flow.
 *
 * **Error.** Noise-free under 1 ms.
 *
 * @param model - model, samples and constants
 * @param summary - means of the samples
 * @param perLabel - one over `2·α·M0a`, per unit of the series, shape (nVoxel)
 * @param inside - voxels of the mask
 * @param grid - of the series
 */
export function estimateDuration(
  model: ArrivalModel,
  summary: Summary,
  perLabel: Float64Array,
  inside: Int32Array,
  grid: Grid,
): { readonly duration: number; readonly isKnown: boolean } {
  const strength = (voxel: number) => {
    const value = summary.mean[voxel]! * perLabel[voxel]!
    return Number.isFinite(value) ? value : Number.NEGATIVE_INFINITY
  }
  const voxels = [...inside].sort((a, b) => strength(b) - strength(a) || a - b).slice(0, VOXELS)
  const { labellings, slices } = model.quantification
  const times = labellings.samples.map(({ delay }) => delay)
  const longest = Math.max(...times) - Math.min(...times)
  const slice = sliceOf(slices, grid)
  const y = new Float64Array(times.length)
  const misfit = (duration: number): number => {
    const fits = fitsBySlice({ ...model, arterial: 'off' }, duration)
    let sum = 0
    for (const voxel of voxels) {
      const within = sampleMeans(y, summary, perLabel[voxel]!, voxel)
      if (Number.isFinite(within)) sum += fits[slice(voxel)]!(y, within).sse
    }
    return sum
  }
  const scanned: { readonly duration: number; readonly sum: number }[] = []
  for (let duration = SHORTEST; duration < longest; duration += STEP) scanned.push({ duration, sum: misfit(duration) })
  scanned.push({ duration: longest, sum: misfit(longest) })
  const best = scanned.reduce((a, b) => (b.sum < a.sum ? b : a))
  const squares = voxels.reduce((sum, voxel) => {
    const within = sampleMeans(y, summary, perLabel[voxel]!, voxel)
    return Number.isFinite(within) ? sum + within + y.reduce((all, value) => all + value * value, 0) : sum
  }, 0)
  const worse = best.sum * (1 + ALIKE / (voxels.length * times.length)) + ROUNDING * squares
  const alike = scanned.filter(({ sum }) => sum <= worse)
  const [shortestAlike, longestAlike] = [alike[0]!.duration, alike[alike.length - 1]!.duration]
  if (longestAlike === longest || longestAlike - shortestAlike > UNTOLD) {
    // The end of the interval in which all durations fit alike.
    let [low, high] = [longestAlike, Math.min(longestAlike + STEP, longest)]
    while (high - low > TOLERANCE) {
      const middle = (low + high) / 2
      if (misfit(middle) <= worse) low = middle
      else high = middle
    }
    return { duration: low, isKnown: false }
  }
  let [low, high] = [best.duration - STEP, Math.min(best.duration + STEP, longest)]
  while (high - low > TOLERANCE) {
    const [a, b] = [low + GOLDEN * (high - low), high - GOLDEN * (high - low)]
    if (misfit(a) < misfit(b)) high = b
    else low = a
  }
  return { duration: (low + high) / 2, isKnown: true }
}
