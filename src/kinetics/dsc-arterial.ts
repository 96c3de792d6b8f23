import type { ReadCurve } from './dsc-curve.ts'

/** How good an arterial curve is, by itself and against tissue. */
export interface ArterialQuality {
  /** Largest value [1/s]. */
  readonly peak: number
  /** Full width at half of it [s]; NaN where the curve does not fall to half. */
  readonly fwhm: number
  /** From arrival to peak [s]. */
  readonly timeToPeak: number
  /** Peak from the start of the series [s]. */
  readonly peakTime: number
  /** Arrival from the start of the series [s]. */
  readonly arrival: number
  /** Mean of the last ten samples over the peak [1]. */
  readonly tail: number
  /** Standard deviation before arrival [1/s]. */
  readonly baselineSd: number
  /** First moment after arrival [s]. */
  readonly firstMoment: number
}

/** A curve of blood and where it comes from. */
export interface ArterialInput {
  /** Mean curve [1/s], shape (nVolume). */
  readonly curve: Float64Array
  /** The voxels that it is the mean of, best first. */
  readonly voxels: Int32Array
  /** Arterial score of each, shape (voxels). */
  readonly scores: Float64Array
  readonly quality: ArterialQuality
  /** Share of the candidates that were left out because their signal reaches the noise floor [1]. */
  readonly saturatedShare: number
}

/** What the search for an artery looks at. */
export interface ArterialSearch {
  /** Voxels that may be arteries, by index: brain without lesions. */
  readonly voxels: Int32Array
  readonly read: ReadCurve
  /** Time between volumes [s]. */
  readonly dt: number
  readonly frames: number
  /** Volumes before the bolus: first, and one past the last. */
  readonly baseline: readonly [number, number]
  /** 1 where the signal reaches the noise floor, shape (nVoxel); null where that was not looked at. */
  readonly saturated: Uint8Array | null
  /** Most voxels to choose. */
  readonly most: number
}
