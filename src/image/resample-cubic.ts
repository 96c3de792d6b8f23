import type { Shape } from './distance.ts'

/** Pole of the cubic B-spline's inverse filter. */
const POLE = Math.sqrt(3) - 2

/** Voxels after which the pole's powers are below 1e-10 of the whole. */
const HORIZON = 18

/** Voxels by which coefficients are continued beyond the edges. */
const PAD = 2

/**
 * Coefficients of the cubic spline that runs through all voxels of an image, continued beyond its edges.
 *
 * @remarks
 * One recursive pass forth and back along each axis, mirrored at the ends. Values that are not finite count as 0.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 * @returns shape ((ni + 4) × (nj + 4) × (nk + 4))
 *
 * @see Unser, IEEE Signal Process Mag 16(6):22 (1999), doi:10.1109/79.799930
 */
export function splineOf(values: ArrayLike<number>, shape: Shape): Float32Array {
  const c = new Float64Array(values.length)
  for (let v = 0; v < c.length; v++) c[v] = Number.isFinite(values[v]) ? values[v]! : 0
  let step = 1
  for (const n of shape) {
    if (n > 1) filterAxis(c, n, step)
    step *= n
  }
  return padded(c, shape)
}

/** Turn values into coefficients along one axis of `n` voxels that lie `step` apart. */
function filterAxis(c: Float64Array, n: number, step: number): void {
  const gain = (1 - POLE) * (1 - 1 / POLE)
  const ends = new Float64Array(step)
  const period = 2 * n - 2
  for (let block = 0; block < c.length; block += n * step) {
    // Where the causal pass begins: the sum over all that is mirrored before it.
    ends.fill(0)
    let weight = 1
    for (let d = 0; d < HORIZON; d++, weight *= POLE) {
      const at = d % period
      const row = block + (at < n ? at : period - at) * step
      for (let v = 0; v < step; v++) ends[v]! += weight * c[row + v]!
    }
    for (let v = 0; v < step; v++) c[block + v] = gain * ends[v]!
    for (let row = block + step; row < block + n * step; row += step)
      for (let v = row; v < row + step; v++) c[v] = gain * c[v]! + POLE * c[v - step]!
    const last = block + (n - 1) * step
    for (let v = last; v < last + step; v++) c[v] = (POLE / (POLE * POLE - 1)) * (c[v]! + POLE * c[v - step]!)
    for (let row = last - step; row >= block; row -= step)
      for (let v = row; v < row + step; v++) c[v] = POLE * (c[v + step]! - c[v]!)
  }
}

function padded(c: Float64Array, [ni, nj, nk]: Shape): Float32Array {
  const [si, sj, sk] = [ni + 2 * PAD, nj + 2 * PAD, nk + 2 * PAD]
  const out = new Float32Array(si * sj * sk)
  for (let k = 0; k < sk; k++)
    for (let j = 0; j < sj; j++) {
      const from = (mirrored(k - PAD, nk) * nj + mirrored(j - PAD, nj)) * ni
      const to = (k * sj + j) * si
      for (let i = 0; i < si; i++) out[to + i] = c[from + mirrored(i - PAD, ni)]!
    }
  return out
}

/** The voxel whose mirror image lies at an index, of `n`. */
function mirrored(at: number, n: number): number {
  if (n === 1) return 0
  const period = 2 * n - 2
  const folded = ((at % period) + period) % period
  return folded < n ? folded : period - folded
}

/**
 * Values of the spline through an image, on a grid.
 *
 * @remarks
 * Cubic spline interpolation. **Limits:** a place outside the field of view, which ends half a voxel beyond the outer
 * centres, has the value at its nearest edge and is marked unseen. An image of one plane fills its thickness.
 *
 * **Error.** Under 0.4 % of the amplitude for a wave of six voxels, a thirtieth of that of linear interpolation.
 *
 * @param spline - its coefficients, see {@link splineOf}
 * @param shape - voxels of the image along i, j, k, shape (3)
 * @param map - voxel of the grid to voxel of the image, 3 × 4 row by row, shape (12)
 * @param target - voxels of the grid along i, j, k, shape (3)
 * @param out - receives the values, shape (nVoxel of the grid)
 * @param unseen - set to 1 where the grid leaves the field of view, else left alone, shape (nVoxel of the grid)
 */
export function sampleSpline(
  spline: Float32Array,
  [ni, nj, nk]: Shape,
  map: readonly number[],
  target: Shape,
  out: Float32Array,
  unseen: Uint8Array,
): void {
  const row = ni + 2 * PAD
  const plane = row * (nj + 2 * PAD)
  const [m0, m4, m8] = [map[0]!, map[4]!, map[8]!]
  let at = 0
  for (let k = 0; k < target[2]; k++)
    for (let j = 0; j < target[1]; j++) {
      const x0 = map[1]! * j + map[2]! * k + map[3]!
      const y0 = map[5]! * j + map[6]! * k + map[7]!
      const z0 = map[9]! * j + map[10]! * k + map[11]!
      for (let i = 0; i < target[0]; i++, at++) {
        let x = m0 * i + x0
        let y = m4 * i + y0
        let z = m8 * i + z0
        if (!(x >= -0.5 && x <= ni - 0.5 && y >= -0.5 && y <= nj - 0.5 && z >= -0.5 && z <= nk - 0.5)) unseen[at] = 1
        x = x < 0 ? 0 : x > ni - 1 ? ni - 1 : x
        y = y < 0 ? 0 : y > nj - 1 ? nj - 1 : y
        z = z < 0 ? 0 : z > nk - 1 ? nk - 1 : z
        out[at] = splineAt(spline, row, plane, x, y, z)
      }
    }
}

/** The spline at a place within the outer centres. */
function splineAt(spline: Float32Array, row: number, plane: number, x: number, y: number, z: number): number {
  const i = Math.floor(x)
  const j = Math.floor(y)
  const k = Math.floor(z)
  const u = x - i
  const v = y - j
  const w = z - k
  const u1 = 1 - u
  const v1 = 1 - v
  const w1 = 1 - w
  const a0 = (u1 * u1 * u1) / 6
  const a1 = 2 / 3 - u * u * (1 - u / 2)
  const a2 = 2 / 3 - u1 * u1 * (1 - u1 / 2)
  const a3 = (u * u * u) / 6
  const b0 = (v1 * v1 * v1) / 6
  const b1 = 2 / 3 - v * v * (1 - v / 2)
  const b2 = 2 / 3 - v1 * v1 * (1 - v1 / 2)
  const b3 = (v * v * v) / 6
  let sum = 0
  let at = (k + PAD - 1) * plane + (j + PAD - 1) * row + i + PAD - 1
  for (let d = 0; d < 4; d++, at += plane) {
    const weight =
      d === 0
        ? (w1 * w1 * w1) / 6
        : d === 1
          ? 2 / 3 - w * w * (1 - w / 2)
          : d === 2
            ? 2 / 3 - w1 * w1 * (1 - w1 / 2)
            : (w * w * w) / 6
    const r1 = at + row
    const r2 = r1 + row
    const r3 = r2 + row
    sum +=
      weight *
      (b0 * (a0 * spline[at]! + a1 * spline[at + 1]! + a2 * spline[at + 2]! + a3 * spline[at + 3]!) +
        b1 * (a0 * spline[r1]! + a1 * spline[r1 + 1]! + a2 * spline[r1 + 2]! + a3 * spline[r1 + 3]!) +
        b2 * (a0 * spline[r2]! + a1 * spline[r2 + 1]! + a2 * spline[r2 + 2]! + a3 * spline[r2 + 3]!) +
        b3 * (a0 * spline[r3]! + a1 * spline[r3 + 1]! + a2 * spline[r3 + 2]! + a3 * spline[r3 + 3]!))
  }
  return sum
}
