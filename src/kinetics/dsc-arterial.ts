import { kMeans } from '../numerics/k-means.ts'
import { median } from '../numerics/statistics.ts'
import {
  arterialScore,
  type BloodCurve,
  type BloodSearch,
  bloodQuality,
  type Curves,
  curveAt,
  largestAreas,
  meanCurve,
  pickCurves,
} from './dsc-blood.ts'
import { type CurveShape, describeCurve, NO_SHAPE } from './dsc-curve.ts'
import { trapezoid } from './dsc-deconvolution.ts'

/** Share of the voxels, by area under the curve, among which arteries are looked for [1]. */
const LARGEST = 0.1
/** Noise over area that is too much, as a multiple of its median [1]. */
const TOO_NOISY = 2
/** Noise over the peak that never is [1]: in images without noise any rounding would be. */
const QUIET = 0.01
/** Share of the rest, by arterial score, that is clustered [1]. */
const SHARPEST = 0.1
/** Rounds of clustering at the most, clusters of a round. */
const ROUNDS = 6
const CLUSTERS = 2
/** Voxels of a cluster at least. */
const LEAST_MEMBERS = 3
/** Least score of a chosen voxel, as a share of the median of the five best [1]: fewer voxels rather than mixed ones. */
const LEAST_SCORE = 0.75

/**
 * Find the arterial input: several voxels, the same ones every time.
 *
 * @remarks
 * Of the voxels the tenth with the largest area under the curve, less those with more than twice the usual noise (median
 * absolute second difference over area, where it is over 1 % of the peak). The tenth of these with the highest arterial score,
 *
 *     M = peak / (rise time · full width at half maximum)
 *
 * scaled to unit area, is parted into two clusters that start from the halves by first moment, and the one with the sharper
 * curves (median of its five highest scores) is parted again, until it holds no more than the voxels wanted. Of it those of the
 * highest scores are chosen, if they reach 75 % of the median of the five best.
 *
 * **Assumes** that the voxels exclude pathology: a hyperperfused rim can look like an artery.
 *
 * **Limits.** Null without a voxel that has a bolus. Clipped voxels are chosen only where all candidates are clipped. Partial
 * volume with tissue scales the curve, and with it every flow and volume: see {@link venousOutput}.
 *
 * @param search - see {@link BloodSearch}
 *
 * @see Mouridsen et al., Magn Reson Med 55:524 (2006), doi:10.1002/mrm.20759
 */
export function arterialInput(search: BloodSearch): BloodCurve | null {
  const { dt, baseline, most } = search
  const shape: CurveShape = { ...NO_SHAPE }
  const scoresOf = (curves: Curves) =>
    Float64Array.from(curves.voxels, (_, at) => {
      describeCurve(curveAt(curves, at), dt, baseline, shape)
      return arterialScore(shape)
    })
  const large = largestAreas(search, valid => Math.ceil(LARGEST * valid))
  const clean = withoutNoise(large, dt)
  const all = scoresOf(clean)
  let candidates = pickCurves(clean, ranking(all).slice(0, Math.max(3 * most, Math.ceil(SHARPEST * all.length))))
  for (let round = 0; round < ROUNDS && candidates.voxels.length > most; round++) {
    const { points, moments } = unitCurves(candidates, dt)
    const scores = scoresOf(candidates)
    let best: Int32Array | null = null
    let highest = 0
    for (const members of kMeans(points, search.frames, moments, CLUSTERS)) {
      if (members.length < LEAST_MEMBERS) continue
      const score = fiveBest(Float64Array.from(members, at => scores[at]!))
      if (score > highest) [best, highest] = [members, score]
    }
    if (!best || best.length === candidates.voxels.length) break
    candidates = pickCurves(candidates, best)
  }
  return bestOf(search, candidates, scoresOf(candidates), large.clippedShare)
}

/** Median of the five highest scores: what a set has of arteries, whatever else is in it. */
function fiveBest(scores: Float64Array): number {
  return median(
    scores
      .slice()
      .sort((a, b) => b - a)
      .subarray(0, 5),
  )
}

/** Indices by falling score. */
function ranking(scores: Float64Array): Int32Array {
  return Int32Array.from(scores, (_, at) => at).sort((a, b) => scores[b]! - scores[a]! || a - b)
}

/** The mean of the curves with the highest scores. */
function bestOf(search: BloodSearch, curves: Curves, scores: Float64Array, clippedShare: number): BloodCurve | null {
  const ranked = ranking(scores)
  const best = fiveBest(scores)
  if (!(best > 0)) return null
  const chosen = ranked.filter(at => scores[at]! >= LEAST_SCORE * best).slice(0, search.most)
  const curve = meanCurve(curves, chosen)
  return {
    curve,
    voxels: chosen.map(at => curves.voxels[at]!),
    quality: bloodQuality(curve, search),
    clippedShare,
  }
}

/** The curves less those with most noise. The median looks past the few samples in which the bolus itself bends. */
function withoutNoise(curves: Curves, dt: number): Curves {
  const bends = Float64Array.from(curves.voxels, (_, at) => {
    const curve = curveAt(curves, at)
    return median(
      Float64Array.from({ length: curve.length - 2 }, (_, k) =>
        Math.abs(curve[k]! - 2 * curve[k + 1]! + curve[k + 2]!),
      ),
    )
  })
  const noise = bends.map((bend, at) => bend / trapezoid(curveAt(curves, at), dt))
  const limit = TOO_NOISY * median(noise)
  const isQuiet = (at: number) => bends[at]! <= QUIET * Math.max(...curveAt(curves, at))
  return pickCurves(
    curves,
    Int32Array.from(noise, (_, at) => at).filter(at => noise[at]! <= limit || isQuiet(at)),
  )
}

/** The curves over their areas, and the first moment of each. */
function unitCurves(curves: Curves, dt: number): { readonly points: Float64Array; readonly moments: Float64Array } {
  const points = curves.values.slice()
  const frames = points.length / curves.voxels.length
  const moments = Float64Array.from(curves.voxels, (_, at) => {
    const curve = points.subarray(at * frames, (at + 1) * frames)
    const area = trapezoid(curve, dt)
    let moment = 0
    for (let k = 0; k < frames; k++) {
      curve[k]! /= area
      moment += k * curve[k]!
    }
    return moment
  })
  return { points, moments }
}

/**
 * Find the venous output: the voxels with the largest area under the curve among those that peak after the artery and are
 * at least as wide.
 *
 * @remarks
 * A large vein is seldom mixed with tissue, and what flows out is what flowed in: scaling the arterial curve to the area of
 * this one, see {@link areaScale}, takes out the partial volume of the artery.
 *
 * **Limits.** Null where no voxel qualifies. Where tissue has as large an area as blood it may be chosen.
 *
 * @param search - see {@link BloodSearch}
 * @param artery - the arterial input
 *
 * @see Lin et al., J Comput Assist Tomogr 25:861 (2001)
 */
export function venousOutput(search: BloodSearch, artery: BloodCurve): BloodCurve | null {
  const shape: CurveShape = { ...NO_SHAPE }
  const large = largestAreas(search, valid => Math.min(valid, 20 * search.most))
  const late = Int32Array.from(large.voxels, (_, at) => at).filter(at => {
    describeCurve(curveAt(large, at), search.dt, search.baseline, shape)
    return shape.timeToPeak > artery.quality.timeToPeak && shape.fwhm >= artery.quality.fwhm
  })
  const chosen = late.slice(0, search.most)
  if (chosen.length === 0) return null
  const curve = meanCurve(large, chosen)
  return {
    curve,
    voxels: chosen.map(at => large.voxels[at]!),
    quality: bloodQuality(curve, search),
    clippedShare: large.clippedShare,
  }
}

/**
 * Factor that gives one curve the area of another [1].
 *
 * @param curve - the curve to be scaled [1/s], shape (nVolume)
 * @param model - the curve with the area wanted [1/s], shape (nVolume)
 */
export function areaScale(curve: Float64Array, model: Float64Array): number {
  return trapezoid(model, 1) / trapezoid(curve, 1)
}
