import { smoothWithin } from '../../image/smooth.ts'
import { frameValues, type Volume } from '../../image/volume.ts'
import { mean, median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Placed, Prepared } from '../modality.ts'
import type { AslAcquisition, Quantification } from './acquisition.ts'
import { baseName } from './fields.ts'
import type { BloodReference } from './m0-echo.ts'
import { meanVolume } from './prepare.ts'
import { valuesIn } from './regions.ts'

/** The equilibrium signal that differences are measured against. */
export interface Calibration {
  /** Equilibrium signal of arterial blood [a.u.], shape (nVoxel); NaN where there is no signal. */
  readonly M0a: Float64Array
  /** The same before it was smoothed, shape (nVoxel). */
  readonly measured: Float64Array
  /** Median equilibrium signal of tissue in the mask [a.u.]. */
  readonly typical: number
}

/**
 * Equilibrium signal of arterial blood in each voxel, or why it cannot be had.
 *
 * @remarks
 *     M0a = M0t / λ
 *
 * with `M0t` the mean of the M0 volumes, each corrected for its own recovery, times the scale, smoothed within the mask.
 * A voxel whose M0 is not above 0 has no signal: it is NaN, and gives nothing to its neighbours. A stated estimate is of
 * blood already.
 *
 * @param acquisition - the acquisition in house units
 * @param quantification - its part that is for quantification
 * @param prepared - series and mask
 * @param placed - images in roles, on the grid of the series
 * @param options - scale and smoothing
 */
export function calibrate(
  { image }: AslAcquisition,
  { m0: { plan }, settings }: Quantification,
  prepared: Prepared,
  placed: Placed,
  options: Options,
): Calibration | Problem | null {
  const { mask, reference } = prepared
  const scale = options['asl-m0-scale']
  if (plan.source === 'none') return null
  const lambda = settings.lambda.value
  if (plan.source === 'estimate') {
    const blood = plan.value * scale
    const M0a = new Float64Array(mask.length).fill(blood)
    return { M0a, measured: M0a, typical: blood * lambda }
  }
  const images = placed.m0 ?? []
  const signal =
    plan.source === 'separate'
      ? meanOfImages(images, plan.factors)
      : meanVolume(prepared.series[0]!, plan.volumes, plan.factors)
  if (signal === null)
    return problem(
      'M0_MISSING',
      `${baseName(image)}: no M0 image could be read: absolute CBF is refused and the relative map is written; check the m0scan.`,
      { file: image },
    )
  for (let v = 0; v < signal.length; v++) signal[v]! *= scale
  const typical = median(valuesIn(signal, mask))
  if (!(typical > 0))
    return problem(
      'M0_INVALID',
      `${baseName(image)}: the median of M0 in the mask is ${typical}, and it must be above 0: absolute CBF is refused and the relative map is written; check the M0 volumes and the mask.`,
      { file: image },
    )
  if (plan.reference) return calibrateByTissue(plan.reference, signal, placed, mask, image, lambda)
  for (let v = 0; v < signal.length; v++)
    if (!(signal[v]! > 0 && signal[v]! < Number.POSITIVE_INFINITY)) signal[v] = Number.NaN
  const fwhm = options['asl-m0-fwhm']
  const smooth = fwhm > 0 ? smoothWithin(signal, reference.grid, mask, fwhm) : signal
  const M0a = new Float64Array(signal.length).fill(Number.NaN)
  for (let v = 0; v < M0a.length; v++) if (mask[v] === 1) M0a[v] = smooth[v]! / lambda
  return { M0a, measured: signal.map(value => value / lambda), typical }
}

/** Voxels of a reference tissue at the least, and the share of it that they hold at the least [1]. */
const LEAST_VOXELS = 10
const PURE = 0.9

/** M0 of blood from the mean signal of a tissue: one number for all voxels. */
function calibrateByTissue(
  { tissue, perSignal }: BloodReference,
  signal: Float64Array,
  placed: Placed,
  mask: Uint8Array,
  image: string,
  lambda: number,
): Calibration | Problem {
  const map = placed[tissue]?.[0]
  const fraction = map ? frameValues(map, 0) : new Float64Array(mask.length)
  const pure = valuesIn(
    signal,
    mask.map((inside, v) => (inside === 1 && fraction[v]! >= PURE ? 1 : 0)),
  )
  if (pure.length < LEAST_VOXELS)
    return problem(
      'M0_MISSING',
      `${baseName(image)}: --asl-m0-reference ${tissue} needs a map of the tissue with ${LEAST_VOXELS} voxels of at least ${100 * PURE} % in the mask, and ${map ? `there are ${pure.length}` : 'there is none (give one with -d)'}: absolute CBF is refused and the relative map is written; use voxelwise M0.`,
      { file: image },
    )
  const M0a = new Float64Array(mask.length).fill(mean(pure) * perSignal)
  return { M0a, measured: M0a, typical: M0a[0]! * lambda }
}

/** Mean over all volumes of all images, each times its factor, shape (nVoxel). */
function meanOfImages(images: readonly Volume[], factors: readonly (readonly number[])[]): Float64Array | null {
  const means = images.map((image, at) =>
    meanVolume(
      image,
      (factors[at] ?? [1]).map((_, volume) => volume),
      factors[at],
    ),
  )
  const [first] = means
  if (!first) return null
  const counts = images.map((_, at) => factors[at]?.length ?? 1)
  const total = counts.reduce((sum, count) => sum + count, 0)
  return first.map((_, v) => means.reduce((sum, mean, at) => sum + (mean[v]! * counts[at]!) / total, 0))
}
