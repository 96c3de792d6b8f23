import { mean, standardDeviation } from '../numerics/statistics.ts'
import { type CurveShape, describeCurve, NO_SHAPE, type ReadCurve } from './dsc-curve.ts'
import { trapezoid } from './dsc-deconvolution.ts'
import { type GammaVariate, gammaVariate, gammaVariateArea } from './gamma-variate.ts'

/** How good a curve of blood is. */
export interface BloodQuality {
  /** Largest value [1/s]. */
  readonly peak: number
  /** Full width at half of it [s]; NaN where the curve does not fall to half. */
  readonly fwhm: number
  /** From arrival to peak [s]. */
  readonly riseTime: number
  /** Peak, from the start of the series [s]. */
  readonly timeToPeak: number
  /** Arrival, from the start of the series [s]. */
  readonly arrival: number
  /** Mean of the last ten samples over the peak [1]. */
  readonly tail: number
  /** Standard deviation before arrival [1/s]. */
  readonly baselineSd: number
  /** peak / (rise time · width) [1/s³]. */
  readonly score: number
  /** The first pass alone; null where none can be told. */
  readonly firstPass: GammaVariate | null
  /** Its area over that of the whole curve [1]; what is missing to 1 is recirculation and what stays; NaN without it. */
  readonly firstPassShare: number
}

/** A curve of blood and where it comes from. */
export interface BloodCurve {
  /** Mean over the voxels [1/s], shape (nVolume). */
  readonly curve: Float64Array
  /** The voxels, best first. */
  readonly voxels: Int32Array
  readonly quality: BloodQuality
  /** Share of the voxels with the largest areas that were left out because their signal reaches the noise [1]. */
  readonly clippedShare: number
}

/** Where a curve of blood is looked for. */
export interface BloodSearch {
  /** Voxels that may hold it, by index: brain, without lesions. */
  readonly voxels: Int32Array
  readonly read: ReadCurve
  readonly frames: number
  /** Time between volumes [s]. */
  readonly dt: number
  /** Volumes before the bolus: first, and one past the last. */
  readonly baseline: readonly [number, number]
  /** 1 where the bolus drives the signal into the noise, shape (nVoxel); null where nobody looked. */
  readonly clipped: Uint8Array | null
  /** Voxels to choose at the most. */
  readonly most: number
}

/** Curves of some voxels, one after the other, shape (voxels × nVolume). */
export interface Curves {
  readonly voxels: Int32Array
  readonly values: Float64Array
}

/**
 * Arterial score of a curve, peak/(rise time · full width at half maximum) [1/s³]; 0 where it has no width.
 *
 * @param shape - of the curve
 */
export function arterialScore({ peak, riseTime, fwhm }: CurveShape): number {
  const score = peak / (riseTime * fwhm)
  return score > 0 && score < Infinity ? score : 0
}

/**
 * How good a curve of blood is.
 *
 * @param curve - change of the relaxation rate [1/s], shape (nVolume)
 * @param search - time between volumes and baseline
 */
export function bloodQuality(
  curve: Float64Array,
  { dt, baseline }: Pick<BloodSearch, 'dt' | 'baseline'>,
): BloodQuality {
  const shape: CurveShape = { ...NO_SHAPE }
  describeCurve(curve, dt, baseline, shape)
  const { peak, fwhm, riseTime, timeToPeak, arrival } = shape
  const firstPass = gammaVariate(curve, dt, baseline)
  return {
    peak,
    fwhm,
    riseTime,
    timeToPeak,
    arrival,
    tail: mean(curve.subarray(-10)) / peak,
    baselineSd: standardDeviation(curve.subarray(...baseline)),
    score: arterialScore(shape),
    firstPass,
    firstPassShare: firstPass ? gammaVariateArea(firstPass) / trapezoid(curve, dt) : NaN,
  }
}

/**
 * The curves of the voxels with the largest areas under them, largest first.
 *
 * @remarks
 * Clipped voxels are left out, unless all of them are.
 *
 * @param search - see {@link BloodSearch}
 * @param count - how many voxels to take from so many with a curve
 */
export function largestAreas(
  search: BloodSearch,
  count: (valid: number) => number,
): Curves & { readonly clippedShare: number } {
  const { voxels, read, frames, dt, clipped } = search
  const curve = new Float64Array(frames)
  const areas = Float64Array.from(voxels, voxel => (read(voxel, curve) ? trapezoid(curve, dt) : NaN))
  const valid = Int32Array.from(voxels, (_, at) => at).filter(at => areas[at]! > 0 && areas[at]! < Infinity)
  const large = valid.sort((a, b) => areas[b]! - areas[a]! || a - b).slice(0, count(valid.length))
  const whole = large.filter(at => clipped?.[voxels[at]!] !== 1)
  const chosen = (whole.length > 0 ? whole : large).map(at => voxels[at]!)
  const values = new Float64Array(chosen.length * frames)
  for (const [at, voxel] of chosen.entries()) read(voxel, values.subarray(at * frames, (at + 1) * frames))
  return { voxels: chosen, values, clippedShare: large.length > 0 ? 1 - whole.length / large.length : 0 }
}

/** The curve of one of them, shape (nVolume). */
export function curveAt({ voxels, values }: Curves, at: number): Float64Array {
  const frames = values.length / voxels.length
  return values.subarray(at * frames, (at + 1) * frames)
}

/**
 * Some of the curves, in the order asked for.
 *
 * @param curves - the curves
 * @param members - indices among them
 */
export function pickCurves(curves: Curves, members: Int32Array): Curves {
  const frames = curves.values.length / curves.voxels.length
  const values = new Float64Array(members.length * frames)
  for (const [at, member] of members.entries()) values.set(curveAt(curves, member), at * frames)
  return { voxels: members.map(at => curves.voxels[at]!), values }
}

/**
 * Mean of some of the curves [1/s], shape (nVolume).
 *
 * @param curves - the curves
 * @param members - indices among them
 */
export function meanCurve(curves: Curves, members: Int32Array): Float64Array {
  const sum = new Float64Array(curves.values.length / curves.voxels.length)
  for (const member of members) {
    const curve = curveAt(curves, member)
    for (let k = 0; k < sum.length; k++) sum[k]! += curve[k]!
  }
  return sum.map(value => value / members.length)
}
