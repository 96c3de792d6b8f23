import { smoothWithin } from '../../image/smooth.ts'
import type { Volume } from '../../image/volume.ts'
import { median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Placed, Prepared } from '../modality.ts'
import type { AslAcquisition, Quantification } from './acquisition.ts'
import { baseName } from './fields.ts'
import { meanVolume } from './prepare.ts'
import { valuesIn } from './regions.ts'

/** The equilibrium signal that differences are measured against. */
export interface Calibration {
  /** Equilibrium signal of arterial blood [a.u.], shape (nVoxel); NaN where there is no signal. */
  readonly M0a: Float64Array
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
    return { M0a: new Float64Array(mask.length).fill(blood), typical: blood * lambda }
  }
  const images = placed.m0 ?? []
  const mean =
    plan.source === 'separate'
      ? meanOfImages(images, plan.factors)
      : meanVolume(prepared.series[0]!, plan.volumes, plan.factors)
  if (mean === null)
    return problem(
      'M0_MISSING',
      `${baseName(image)}: no M0 image could be read: absolute CBF is refused and the relative map is written; check the m0scan.`,
      { file: image },
    )
  for (let v = 0; v < mean.length; v++) mean[v]! *= scale
  const typical = median(valuesIn(mean, mask))
  if (!(typical > 0))
    return problem(
      'M0_INVALID',
      `${baseName(image)}: the median of M0 in the mask is ${typical}, and it must be above 0: absolute CBF is refused and the relative map is written; check the M0 volumes and the mask.`,
      { file: image },
    )
  for (let v = 0; v < mean.length; v++) if (!(mean[v]! > 0 && mean[v]! < Number.POSITIVE_INFINITY)) mean[v] = Number.NaN
  const fwhm = options['asl-m0-fwhm']
  const smooth = fwhm > 0 ? smoothWithin(mean, reference.grid, mask, fwhm) : mean
  const M0a = new Float64Array(mean.length).fill(Number.NaN)
  for (let v = 0; v < M0a.length; v++) if (mask[v] === 1) M0a[v] = smooth[v]! / lambda
  return { M0a, typical }
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
