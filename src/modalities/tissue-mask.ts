import { quantile } from '../numerics/statistics.ts'

/** Quantile of an image that stands for its brightest tissue. */
const BRIGHT = 0.98

/** Share of dark voxels under which an image has no air around: then none is left out [1]. */
const AROUND = 0.2

/**
 * All that is no air, vessels and organs alike: 1 where an image is above a share of its brightest tissue, shape (nVoxel).
 *
 * @remarks
 * The brightest tissue is the 98th percentile of what is above 0. Where less than a fifth of the image is darker than the share,
 * there is no air around, and every voxel above 0 counts.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param share - of the brightest tissue, up to which a voxel is air [1]
 */
export function tissueMask(values: Float32Array, share: number): Uint8Array {
  const bright = quantile(
    values.filter(value => value > 0 && Number.isFinite(value)),
    BRIGHT,
  )
  const isDark = (value: number) => !(value > share * bright)
  const dark = values.reduce((sum, value) => sum + (isDark(value) ? 1 : 0), 0)
  const limit = dark < AROUND * values.length ? 0 : share * bright
  return Uint8Array.from(values, value => (value > limit ? 1 : 0))
}
