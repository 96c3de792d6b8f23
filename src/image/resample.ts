import { frameValues, type Grid, type Volume, voxelCount } from './volume.ts'

/** How values are carried to another grid: interpolated, taken from the nearest voxel, or averaged over the area. */
export type Interpolation = 'intensity' | 'label' | 'fraction'

/** Coordinates this close to a voxel centre or to the edge of the field of view are on it [voxel]: affines are float32. */
const CLOSE = 1e-4

/** Most samples along one axis of a voxel; only a target a hundred thousand times coarser would ask for more. */
const MOST_SAMPLES = 32

/**
 * Map from the voxel index of one grid to that of another, 3 × 4 row by row, shape (12).
 *
 * @remarks
 * to.affine⁻¹ · from.affine: both grids lie in scanner space.
 *
 * @param from - the grid whose indices go in
 * @param to - the grid whose indices come out
 * @throws RangeError where the affine of `to` is singular.
 */
export function voxelToVoxel(from: Grid, to: Grid): number[] {
  const inverse = invert(to.affine)
  const map: number[] = []
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 4; column++) {
      let sum = 0
      for (let k = 0; k < 3; k++) {
        const f = from.affine[4 * k + column]! - (column === 3 ? to.affine[4 * k + 3]! : 0)
        sum += inverse[3 * row + k]! * f
      }
      map.push(sum)
    }
  return map
}

/**
 * Values of one volume of a series on another grid, by scanner coordinates.
 *
 * @remarks
 * - `intensity`: trilinear between voxel centres.
 * - `label`: that of the greatest part of the target voxel, from as many nearest samples as `fraction` takes; of two of one size the
 *   lower. Where the target is no coarser, that is the nearest voxel; ties go to the higher index.
 * - `fraction`: mean over the target voxel, from n₁ × n₂ × n₃ trilinear samples, n the length of its edge in source
 *   voxels, rounded up: every source voxel under it counts, and the total over the image is kept.
 *
 * **Limits.** Outside the field of view, which ends half a voxel beyond the outer centres, the value is 0; within, but
 * beyond the outer centres, it is that of the edge. A single slice fills its thickness. NaN spreads no further than
 * it must: the neighbours that have a value share its weight; where less than half of the weight has one, the result is
 * NaN (0 for a label). On the same grid all three return the values themselves.
 *
 * **Error.** Trilinear interpolation of f is off by at most (h²/8)·max|f″| along each axis of voxel size h; label values
 * are exact up to 2²⁴.
 *
 * @param volume - the series
 * @param frame - index of the volume, from 0
 * @param target - the grid asked for
 * @param how - how values are carried
 * @param out - receives the physical values, unit of the series, shape (nVoxel of the target); allocated where absent
 * @throws RangeError where the affine of the volume is singular.
 */
export function resampleVolume(
  volume: Volume,
  frame: number,
  target: Grid,
  how: Interpolation,
  out: Float32Array = new Float32Array(voxelCount(target)),
): Float32Array {
  const source: Samples = { values: frameValues(volume, frame), shape: volume.grid.shape }
  const m = voxelToVoxel(target, volume.grid)
  const offsets = how === 'intensity' ? new Float64Array(3) : latticeOf(m)
  const labels = new Map<number, number>()
  const [nx, ny, nz] = target.shape
  let v = 0
  for (let k = 0; k < nz; k++)
    for (let j = 0; j < ny; j++)
      for (let i = 0; i < nx; i++) {
        const x = m[0]! * i + m[1]! * j + m[2]! * k + m[3]!
        const y = m[4]! * i + m[5]! * j + m[6]! * k + m[7]!
        const z = m[8]! * i + m[9]! * j + m[10]! * k + m[11]!
        if (how === 'label') out[v++] = mostOf(source, x, y, z, offsets, labels)
        else if (offsets.length === 3) out[v++] = trilinear(source, x, y, z)
        else out[v++] = mean(source, x, y, z, offsets)
      }
  return out
}

/**
 * Fraction [1] of the target's voxels whose centres lie in the field of view of the source.
 *
 * @param source - the grid that is to cover
 * @param target - the grid to be covered
 * @param mask - counts only these voxels of the target where given, shape (nVoxel of the target); an empty one gives 0
 * @throws RangeError where the affine of `source` is singular.
 */
export function coveredFraction(source: Grid, target: Grid, mask?: Uint8Array): number {
  const m = voxelToVoxel(target, source)
  const [nx, ny, nz] = target.shape
  let inside = 0
  let all = 0
  for (let v = 0; v < nx * ny * nz; v++) {
    if (mask && !mask[v]) continue
    const i = v % nx
    const j = Math.floor(v / nx) % ny
    const k = Math.floor(v / (nx * ny))
    const x = m[0]! * i + m[1]! * j + m[2]! * k + m[3]!
    const y = m[4]! * i + m[5]! * j + m[6]! * k + m[7]!
    const z = m[8]! * i + m[9]! * j + m[10]! * k + m[11]!
    all++
    if (isInside(source.shape, x, y, z)) inside++
  }
  return all > 0 ? inside / all : 0
}

interface Samples {
  readonly values: Float32Array | Float64Array
  readonly shape: readonly [number, number, number]
}

function isInside(shape: readonly [number, number, number], x: number, y: number, z: number): boolean {
  return isBetweenEdges(x, shape[0]) && isBetweenEdges(y, shape[1]) && isBetweenEdges(z, shape[2])
}

function isBetweenEdges(x: number, count: number): boolean {
  return x >= -0.5 - CLOSE && x <= count - 0.5 + CLOSE
}

/** A coordinate within the outer centres, on a voxel centre where it is close to one. */
function settle(x: number, count: number): number {
  const inner = x < 0 ? 0 : x > count - 1 ? count - 1 : x
  const centre = Math.round(inner)
  return Math.abs(inner - centre) < CLOSE ? centre : inner
}

function trilinear(source: Samples, x: number, y: number, z: number): number {
  const { values, shape } = source
  if (!isInside(shape, x, y, z)) return 0
  const [nx, ny, nz] = shape
  const xs = settle(x, nx)
  const ys = settle(y, ny)
  const zs = settle(z, nz)
  const i = Math.floor(xs)
  const j = Math.floor(ys)
  const k = Math.floor(zs)
  const fx = xs - i
  const fy = ys - j
  const fz = zs - k
  // Where a fraction is 0 the upper neighbour, which may not exist or be NaN, is the voxel itself.
  const dx = fx > 0 ? 1 : 0
  const dy = fy > 0 ? nx : 0
  const dz = fz > 0 ? nx * ny : 0
  const at = (k * ny + j) * nx + i
  const near =
    (values[at]! * (1 - fx) + values[at + dx]! * fx) * (1 - fy) +
    (values[at + dy]! * (1 - fx) + values[at + dy + dx]! * fx) * fy
  const far =
    (values[at + dz]! * (1 - fx) + values[at + dz + dx]! * fx) * (1 - fy) +
    (values[at + dz + dy]! * (1 - fx) + values[at + dz + dy + dx]! * fx) * fy
  const value = near * (1 - fz) + far * fz
  return Number.isNaN(value) ? trilinearOfSome(values, at, [dx, dy, dz], [fx, fy, fz]) : value
}

/** Trilinear interpolation among the neighbours that have a value; NaN where they carry less than half of the weight. */
function trilinearOfSome(
  values: Float32Array | Float64Array,
  at: number,
  step: readonly [number, number, number],
  fraction: readonly [number, number, number],
): number {
  let sum = 0
  let total = 0
  for (let corner = 0; corner < 8; corner++) {
    let weight = 1
    let index = at
    for (let axis = 0; axis < 3; axis++) {
      const upper = (corner >> axis) & 1
      weight *= upper ? fraction[axis]! : 1 - fraction[axis]!
      if (upper) index += step[axis]!
    }
    const value = values[index]!
    if (Number.isNaN(value)) continue
    sum += weight * value
    total += weight
  }
  return total >= 0.5 - CLOSE ? sum / total : Number.NaN
}

function nearest(source: Samples, x: number, y: number, z: number): number {
  const { values, shape } = source
  if (!isInside(shape, x, y, z)) return 0
  // The little more than a half keeps a tie from following the rounding errors of the affines, row by row.
  const i = Math.min(shape[0] - 1, Math.floor(settle(x, shape[0]) + 0.5 + CLOSE))
  const j = Math.min(shape[1] - 1, Math.floor(settle(y, shape[1]) + 0.5 + CLOSE))
  const k = Math.min(shape[2] - 1, Math.floor(settle(z, shape[2]) + 0.5 + CLOSE))
  const value = values[(k * shape[1] + j) * shape[0] + i]!
  return Number.isNaN(value) ? 0 : value
}

/** The label of most samples about a place; of two that are as frequent the lower. */
function mostOf(
  source: Samples,
  x: number,
  y: number,
  z: number,
  offsets: Float64Array,
  counts: Map<number, number>,
): number {
  if (offsets.length === 3) return nearest(source, x, y, z)
  counts.clear()
  for (let s = 0; s < offsets.length; s += 3) {
    const label = nearest(source, x + offsets[s]!, y + offsets[s + 1]!, z + offsets[s + 2]!)
    counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  let [best, most] = [0, 0]
  for (const [label, count] of counts)
    if (count > most || (count === most && label < best)) [best, most] = [label, count]
  return best
}

function mean(source: Samples, x: number, y: number, z: number, offsets: Float64Array): number {
  let sum = 0
  let count = 0
  for (let s = 0; s < offsets.length; s += 3) {
    const value = trilinear(source, x + offsets[s]!, y + offsets[s + 1]!, z + offsets[s + 2]!)
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  return 2 * count >= offsets.length / 3 ? sum / count : Number.NaN
}

/** Where the samples of a target voxel lie about its centre [source voxel], shape (nSample × 3). */
function latticeOf(m: readonly number[]): Float64Array {
  const count = [0, 1, 2].map(c => {
    const edge = Math.hypot(m[c]!, m[4 + c]!, m[8 + c]!)
    return Math.min(MOST_SAMPLES, Math.max(1, Math.ceil(edge - 1e-3)))
  })
  const [na, nb, nc] = [count[0]!, count[1]!, count[2]!]
  const offsets = new Float64Array(3 * na * nb * nc)
  let at = 0
  for (let c = 0; c < nc; c++)
    for (let b = 0; b < nb; b++)
      for (let a = 0; a < na; a++) {
        const place = [(a + 0.5) / na - 0.5, (b + 0.5) / nb - 0.5, (c + 0.5) / nc - 0.5]
        for (let row = 0; row < 3; row++)
          offsets[at++] = m[4 * row]! * place[0]! + m[4 * row + 1]! * place[1]! + m[4 * row + 2]! * place[2]!
      }
  return offsets
}

/**
 * The affine that takes back what an affine does, 3 × 4 row by row, shape (12).
 *
 * @param a - 3 × 4 row by row, shape (12)
 * @throws RangeError where it is singular.
 */
export function invertAffine(a: readonly number[]): number[] {
  const r = invert(a)
  return [0, 1, 2].flatMap(row => {
    const [x, y, z] = [r[3 * row]!, r[3 * row + 1]!, r[3 * row + 2]!]
    return [x, y, z, -(x * a[3]! + y * a[7]! + z * a[11]!)]
  })
}

/** Inverse of the 3 × 3 part of an affine, row by row. */
function invert(a: readonly number[]): number[] {
  const at = (row: number, column: number) => a[4 * (row % 3) + (column % 3)]!
  // Cyclic indices carry the signs of the cofactors.
  const cofactor = (r: number, c: number) => at(r + 1, c + 1) * at(r + 2, c + 2) - at(r + 1, c + 2) * at(r + 2, c + 1)
  const determinant = at(0, 0) * cofactor(0, 0) + at(0, 1) * cofactor(0, 1) + at(0, 2) * cofactor(0, 2)
  if (!(Math.abs(determinant) > 0)) throw new RangeError(`the affine [${a.join(', ')}] is singular`)
  return [0, 1, 2].flatMap(row => [0, 1, 2].map(column => cofactor(column, row) / determinant))
}
