import { invertAffine } from './resample.ts'
import { compose, type Rigid } from './rigid.ts'
import { type Grid, voxelSize } from './volume.ts'

/** Voxels by which an image is continued beyond its edges, so that a sampled neighbourhood always exists. */
const PAD = 2

/** The shortest gradient is over this many voxels along an axis: an axis with fewer tells nothing of motion along it. */
export const FEWEST = 4

/** An image at one level of a search, with its edges continued. */
export interface LevelImage {
  readonly grid: Grid
  /** shape ((ni + 4) × (nj + 4) × (nk + 4)) */
  readonly padded: Float32Array
}

/**
 * An image on a grid about as coarse as asked for: smoothed along each axis, then thinned out.
 *
 * @remarks
 * A Gaussian of half the stride, which together with the spline that samples it (see {@link sampleAt}) leaves no more than
 * a few per cent of what a grid so coarse cannot show. Values that are not finite count as 0.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param grid - where it lies
 * @param spacing - how far apart voxels may be [mm]; an axis is thinned out by the largest whole stride within it
 */
export function levelOf(values: Float32Array | Float64Array, grid: Grid, spacing: number): LevelImage {
  const strides = voxelSize(grid).map(edge => Math.max(1, Math.floor(spacing / edge + 1e-3)))
  const counts = grid.shape.map((n, axis) => Math.floor((n - 1) / strides[axis]!) + 1)
  const starts = grid.shape.map((n, axis) => Math.floor((n - 1 - strides[axis]! * (counts[axis]! - 1)) / 2))
  const shape: [number, number, number] = [...grid.shape]
  let thin: Float32Array | Float64Array = values
  for (let axis = 0; axis < 3; axis++) {
    if (strides[axis] === 1) continue
    thin = thinned(thin, shape, axis, strides[axis]!, starts[axis]!, counts[axis]!)
    shape[axis] = counts[axis]!
  }
  const a = grid.affine
  const affine = [0, 1, 2].flatMap(row => [
    ...[0, 1, 2].map(c => a[4 * row + c]! * strides[c]!),
    a[4 * row + 3]! + [0, 1, 2].reduce((sum, c) => sum + a[4 * row + c]! * starts[c]!, 0),
  ])
  return { grid: { shape, affine }, padded: pad(thin, shape) }
}

/** Smooth along an axis, keep every `stride`-th value. */
function thinned(
  values: Float32Array | Float64Array,
  shape: readonly [number, number, number],
  axis: number,
  stride: number,
  start: number,
  count: number,
): Float32Array {
  const kernel = Float64Array.from({ length: Math.ceil(1.5 * stride) + 1 }, (_, d) =>
    Math.exp((-2 * d * d) / (stride * stride)),
  )
  const n = shape[axis]!
  const step = shape.slice(0, axis).reduce((product, size) => product * size, 1)
  const blocks = values.length / (n * step)
  const out = new Float32Array(blocks * count * step)
  const sum = new Float64Array(step)
  for (let block = 0; block < blocks; block++)
    for (let i = 0; i < count; i++) {
      const centre = start + i * stride
      let total = 0
      sum.fill(0)
      for (let d = 1 - kernel.length; d < kernel.length; d++) {
        const at = centre + d
        if (at < 0 || at >= n) continue
        const weight = kernel[Math.abs(d)]!
        total += weight
        const from = (block * n + at) * step
        for (let v = 0; v < step; v++) sum[v]! += weight * values[from + v]!
      }
      const to = (block * count + i) * step
      for (let v = 0; v < step; v++) out[to + v] = sum[v]! / total
    }
  return out
}

function pad(values: Float32Array | Float64Array, [ni, nj, nk]: readonly [number, number, number]): Float32Array {
  const [si, sj, sk] = [ni + 2 * PAD, nj + 2 * PAD, nk + 2 * PAD]
  const out = new Float32Array(si * sj * sk)
  const clamp = (at: number, n: number) => Math.min(n - 1, Math.max(0, at - PAD))
  for (let k = 0; k < sk; k++)
    for (let j = 0; j < sj; j++) {
      const from = (clamp(k, nk) * nj + clamp(j, nj)) * ni
      const to = (k * sj + j) * si
      for (let i = 0; i < si; i++) {
        const value = values[from + clamp(i, ni)]!
        out[to + i] = Number.isFinite(value) ? value : 0
      }
    }
  return out
}

/** The points of a fixed image that a search looks at. */
export interface Points {
  /** Voxel indices along i, j, k, shape (nPoint × 3). */
  readonly index: Float32Array
  readonly grid: Grid
}

/**
 * Map from voxel index of the fixed grid to that of the moving one under a motion, 3 × 4 row by row, shape (12).
 */
export function voxelMap(fixed: Grid, moving: Grid, motion: Rigid): number[] {
  return compose(invertAffine(moving.affine), compose(motion, fixed.affine))
}

/**
 * Values of an image at points, by the cubic B-spline of its voxels; NaN outside the field of view.
 *
 * @remarks
 * The spline runs near the voxels, not through them: it smooths by the same amount (σ = 0.58 voxel) wherever a point lies
 * between voxels, so that noise does not draw points on to the grid or away from it, as it does with interpolation.
 *
 * @param image - the image
 * @param points - where, in voxels of their own grid
 * @param map - voxel of the points' grid to voxel of the image, see {@link voxelMap}
 * @param out - receives the values, shape (nPoint)
 * @param slopes - receives the slope along the image's axes [1/voxel], shape (nPoint × 3), where given
 */
export function sampleAt(
  { grid, padded }: LevelImage,
  { index }: Points,
  map: readonly number[],
  out: Float32Array,
  slopes?: Float32Array,
): void {
  const [ni, nj, nk] = grid.shape
  const row = ni + 2 * PAD
  const plane = row * (nj + 2 * PAD)
  const [m0, m1, m2, m3] = [map[0]!, map[1]!, map[2]!, map[3]!]
  const [m4, m5, m6, m7] = [map[4]!, map[5]!, map[6]!, map[7]!]
  const [m8, m9, m10, m11] = [map[8]!, map[9]!, map[10]!, map[11]!]
  const [ei, ej, ek] = [ni - 0.5, nj - 0.5, nk - 0.5]
  for (let p = 0, q = 0; p < out.length; p++, q += 3) {
    const [i, j, k] = [index[q]!, index[q + 1]!, index[q + 2]!]
    const x = m0 * i + m1 * j + m2 * k + m3
    const y = m4 * i + m5 * j + m6 * k + m7
    const z = m8 * i + m9 * j + m10 * k + m11
    if (!(x >= -0.5 && x <= ei && y >= -0.5 && y <= ej && z >= -0.5 && z <= ek)) {
      out[p] = Number.NaN
      continue
    }
    const [fi, fj, fk] = [Math.floor(x), Math.floor(y), Math.floor(z)]
    const [u, v, w] = [x - fi, y - fj, z - fk]
    const [u1, v1, w1] = [1 - u, 1 - v, 1 - w]
    const a0 = (u1 * u1 * u1) / 6
    const a3 = (u * u * u) / 6
    const a1 = 2 / 3 - u * u * (1 - u / 2)
    const a2 = 2 / 3 - u1 * u1 * (1 - u1 / 2)
    const b0 = (v1 * v1 * v1) / 6
    const b3 = (v * v * v) / 6
    const b1 = 2 / 3 - v * v * (1 - v / 2)
    const b2 = 2 / 3 - v1 * v1 * (1 - v1 / 2)
    const c0 = (w1 * w1 * w1) / 6
    const c3 = (w * w * w) / 6
    const c1 = 2 / 3 - w * w * (1 - w / 2)
    const c2 = 2 / 3 - w1 * w1 * (1 - w1 / 2)
    let at = (fk + PAD - 1) * plane + (fj + PAD - 1) * row + fi + PAD - 1
    let sum = 0
    if (!slopes) {
      for (let dk = 0; dk < 4; dk++) {
        const weight = dk === 0 ? c0 : dk === 1 ? c1 : dk === 2 ? c2 : c3
        const [r1, r2, r3] = [at + row, at + 2 * row, at + 3 * row]
        sum +=
          weight *
          (b0 * (a0 * padded[at]! + a1 * padded[at + 1]! + a2 * padded[at + 2]! + a3 * padded[at + 3]!) +
            b1 * (a0 * padded[r1]! + a1 * padded[r1 + 1]! + a2 * padded[r1 + 2]! + a3 * padded[r1 + 3]!) +
            b2 * (a0 * padded[r2]! + a1 * padded[r2 + 1]! + a2 * padded[r2 + 2]! + a3 * padded[r2 + 3]!) +
            b3 * (a0 * padded[r3]! + a1 * padded[r3 + 1]! + a2 * padded[r3 + 2]! + a3 * padded[r3 + 3]!))
        at += plane
      }
      out[p] = sum
      continue
    }
    // Derivatives of the weights.
    const d0 = (-u1 * u1) / 2
    const d1 = u * (1.5 * u - 2)
    const d2 = -u1 * (1.5 * u1 - 2)
    const d3 = (u * u) / 2
    let sx = 0
    let sy = 0
    let sz = 0
    for (let dk = 0; dk < 4; dk++) {
      let value = 0
      let alongX = 0
      let alongY = 0
      for (let dj = 0; dj < 4; dj++) {
        const r = at + dj * row
        const p0 = padded[r]!
        const p1 = padded[r + 1]!
        const p2 = padded[r + 2]!
        const p3 = padded[r + 3]!
        const line = a0 * p0 + a1 * p1 + a2 * p2 + a3 * p3
        const weight = dj === 0 ? b0 : dj === 1 ? b1 : dj === 2 ? b2 : b3
        value += weight * line
        alongX += weight * (d0 * p0 + d1 * p1 + d2 * p2 + d3 * p3)
        alongY +=
          line *
          (dj === 0 ? (-v1 * v1) / 2 : dj === 1 ? v * (1.5 * v - 2) : dj === 2 ? -v1 * (1.5 * v1 - 2) : (v * v) / 2)
      }
      const weight = dk === 0 ? c0 : dk === 1 ? c1 : dk === 2 ? c2 : c3
      sum += weight * value
      sx += weight * alongX
      sy += weight * alongY
      sz +=
        value *
        (dk === 0 ? (-w1 * w1) / 2 : dk === 1 ? w * (1.5 * w - 2) : dk === 2 ? -w1 * (1.5 * w1 - 2) : (w * w) / 2)
      at += plane
    }
    out[p] = sum
    slopes[q] = sx
    slopes[q + 1] = sy
    slopes[q + 2] = sz
  }
}
