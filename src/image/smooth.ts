import { type Grid, voxelSize } from './volume.ts'

/** Full width at half maximum of a Gaussian of standard deviation 1: 2·√(2·ln 2). */
const FWHM_PER_SIGMA = 2.354820045

/** The kernel ends here [standard deviations]: 6e-5 of its weight is cut off, and the rest scaled to 1. */
const REACH = 4

/**
 * Values smoothed with a Gaussian that sees nothing beyond the mask.
 *
 * @remarks
 * Normalised convolution, axis by axis:
 *
 *     out = (G ∗ (mask · values)) / (G ∗ mask)
 *
 * **At the rim** a voxel is the weighted mean of its neighbours within the mask only, so it is not darkened by the 0
 * outside, and a constant stays that constant everywhere; noise there is averaged over fewer voxels. **Outside** the
 * mask the result is 0.
 *
 * **Limits.** A voxel whose value is not finite gives nothing to its neighbours and comes out NaN. An axis of one voxel is
 * not smoothed. `fwhm = 0` returns the values within the mask as they are. Along an axis whose voxels are as long
 * as 0.85 `fwhm` the sampled kernel is 7 % narrower than the Gaussian, and more so for longer ones; below 0.7 it is not.
 *
 * @param values - any unit, shape (nVoxel)
 * @param grid - shape, and voxel size [mm]
 * @param mask - 0 outside, shape (nVoxel)
 * @param fwhm - full width at half maximum of the kernel [mm], at least 0
 * @returns smoothed values, unit of `values`, shape (nVoxel); a new array
 */
export function smoothWithin(
  values: Float32Array | Float64Array,
  grid: Grid,
  mask: Uint8Array,
  fwhm: number,
): Float32Array {
  const n = values.length
  let sum = new Float64Array(n)
  let weight = new Float64Array(n)
  for (let v = 0; v < n; v++) {
    if (!mask[v] || !Number.isFinite(values[v])) continue
    sum[v] = values[v]!
    weight[v] = 1
  }
  let scratch = new Float64Array(n)
  for (const [axis, edge] of voxelSize(grid).entries()) {
    const kernel = gaussian(fwhm / FWHM_PER_SIGMA / edge)
    if (kernel.length === 1 || grid.shape[axis] === 1) continue
    convolveAxis(scratch, sum, grid.shape, axis, kernel)
    const free = sum
    sum = scratch
    convolveAxis(free, weight, grid.shape, axis, kernel)
    scratch = weight
    weight = free
  }
  const out = new Float32Array(n)
  for (let v = 0; v < n; v++) if (mask[v]) out[v] = Number.isFinite(values[v]) ? sum[v]! / weight[v]! : Number.NaN
  return out
}

/** One half of a sampled Gaussian, centre first, of total weight 1; only the centre where `sigma` is far below a voxel. */
function gaussian(sigma: number): Float64Array {
  const radius = Math.floor(REACH * sigma + 0.5)
  const kernel = new Float64Array(radius + 1)
  let total = 0
  for (let d = 0; d <= radius; d++) {
    kernel[d] = d === 0 ? 1 : Math.exp((-d * d) / (2 * sigma * sigma))
    total += (d === 0 ? 1 : 2) * kernel[d]!
  }
  return kernel.map(weight => weight / total)
}

/**
 * Convolve along one axis with a symmetric kernel; what lies beyond the ends is 0.
 *
 * @remarks
 * A volume is `outer` blocks of `count` rows of `stride` neighbouring values. Rows are added as a whole, one for each
 * offset of the kernel, so that memory is walked in order along every axis.
 */
function convolveAxis(
  out: Float64Array,
  f: Float64Array,
  shape: readonly [number, number, number],
  axis: number,
  kernel: Float64Array,
): void {
  const count = shape[axis]!
  const stride = shape.slice(0, axis).reduce((product, size) => product * size, 1)
  const block = count * stride
  const centre = kernel[0]!
  for (let v = 0; v < f.length; v++) out[v] = centre * f[v]!
  for (let d = 1; d < Math.min(kernel.length, count); d++) {
    const w = kernel[d]!
    const shift = d * stride
    for (let start = 0; start < f.length; start += block)
      for (let v = start; v < start + block - shift; v++) {
        out[v] = out[v]! + w * f[v + shift]!
        out[v + shift] = out[v + shift]! + w * f[v]!
      }
  }
}
