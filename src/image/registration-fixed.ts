import { FEWEST, type LevelImage, levelOf, type Points, sampleAt, voxelMap } from './registration-image.ts'
import { invertAffine } from './resample.ts'
import { type Point, STILL } from './rigid.ts'
import { type Grid, voxelSize } from './volume.ts'

/** Spacing of the levels of a search [mm], coarse to fine. */
export const SPACINGS = [8, 4] as const

/** A fixed image at one level: its points, and all of a search that does not depend on the moving image. */
export interface FixedLevel {
  readonly points: Points
  /** The image at the points, shape (nPoint). */
  readonly values: Float32Array
  /** How the image changes with each free parameter [1/mm, 1/rad], parameter by parameter, shape (nFree × nPoint). */
  readonly change: Float32Array
  /** What a point is shifted by for each free parameter: rows of shift [mm] and turn [rad], shape (nFree × 6). */
  readonly free: readonly (readonly number[])[]
  readonly spacing: number
}

/** A fixed image made ready: coarse to fine. */
export interface Fixed {
  readonly grid: Grid
  readonly levels: readonly FixedLevel[]
  /** The middle of the mask [mm]: motions turn about it. */
  readonly centre: Point
  /** Root mean square distance of the mask from its middle [mm]. */
  readonly radius: number
}

/**
 * Make a fixed image ready for searches.
 *
 * @remarks
 * An image with fewer than four planes is searched within its planes alone: it tells nothing of motion across them.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param grid - where it lies
 * @param mask - 1 where it counts, shape (nVoxel)
 * @returns null where the mask holds too little to register by
 */
export function fixedImage(
  values: Float32Array | Float64Array,
  grid: Grid,
  mask: Uint8Array,
  spacings: readonly number[] = SPACINGS,
): Fixed | null {
  const { centre, radius } = extentOf(grid, mask)
  const levels: FixedLevel[] = []
  const weight = Float32Array.from(mask)
  for (const spacing of spacings) {
    const image = levelOf(values, grid, spacing)
    const points = pointsOf(levelOf(weight, grid, spacing))
    const count = points.index.length / 3
    if (count < 100) continue
    const sampled = new Float32Array(count)
    const slopes = new Float32Array(3 * count)
    sampleAt(image, points, voxelMap(points.grid, image.grid, STILL), sampled, slopes)
    const free = freeOf(image.grid)
    levels.push({ points, values: sampled, change: changeOf(points, slopes, centre, free), free, spacing })
  }
  return levels.length > 0 ? { grid, levels, centre, radius } : null
}

function extentOf(grid: Grid, mask: Uint8Array): { centre: Point; radius: number } {
  const a = grid.affine
  const [ni, nj] = grid.shape
  const sum = [0, 0, 0]
  let [count, square] = [0, 0]
  const at: [number, number, number] = [0, 0, 0]
  const place = (v: number) => {
    const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))]
    for (let row = 0; row < 3; row++)
      at[row] = a[4 * row]! * i + a[4 * row + 1]! * j + a[4 * row + 2]! * k + a[4 * row + 3]!
  }
  for (let v = 0; v < mask.length; v++) {
    if (mask[v] !== 1) continue
    place(v)
    for (let row = 0; row < 3; row++) sum[row]! += at[row]!
    square += at[0] * at[0] + at[1] * at[1] + at[2] * at[2]
    count++
  }
  const centre: Point = [sum[0]! / count, sum[1]! / count, sum[2]! / count]
  const middle = centre[0] * centre[0] + centre[1] * centre[1] + centre[2] * centre[2]
  return { centre, radius: Math.sqrt(Math.max(0, square / count - middle)) }
}

/** The voxels of a thinned mask of which half or more was in the mask. */
function pointsOf({ grid, padded }: LevelImage): Points {
  const [ni, nj, nk] = grid.shape
  const index: number[] = []
  for (let k = 0; k < nk; k++)
    for (let j = 0; j < nj; j++)
      for (let i = 0; i < ni; i++)
        if (padded[((k + 2) * (nj + 4) + j + 2) * (ni + 4) + i + 2]! >= 0.5) index.push(i, j, k)
  return { index: Float32Array.from(index), grid }
}

/** The motions that an image can tell of: all six, or the three within its planes. */
function freeOf({ shape, affine: a }: Grid): number[][] {
  const thin = shape.findIndex(n => n < FEWEST)
  const all = [0, 1, 2, 3, 4, 5].map(p => [0, 1, 2, 3, 4, 5].map(q => (p === q ? 1 : 0)))
  if (thin < 0) return all
  const edges = voxelSize({ shape, affine: a })
  const axis = (c: number) => [0, 1, 2].map(row => a[4 * row + c]! / edges[c]!)
  const [u, v] = [axis((thin + 1) % 3), axis((thin + 2) % 3)]
  const normal = [0, 1, 2].map(r => u[(r + 1) % 3]! * v[(r + 2) % 3]! - u[(r + 2) % 3]! * v[(r + 1) % 3]!)
  return [
    [...u, 0, 0, 0],
    [...v, 0, 0, 0],
    [0, 0, 0, ...normal],
  ]
}

/**
 * How an image changes at each point with each free parameter of a motion of the points [1/mm, 1/rad], parameter by
 * parameter, shape (nFree × nPoint).
 *
 * @param points - where
 * @param slopes - slope of the image along the axes of the points' grid [1/voxel], shape (nPoint × 3)
 * @param centre - what turns leave in place [mm]
 * @param free - the free parameters, shape (nFree × 6)
 */
export function changeOf(
  { grid, index }: Points,
  slopes: Float32Array,
  centre: Point,
  free: readonly (readonly number[])[],
): Float32Array {
  const count = slopes.length / 3
  const change = new Float32Array(free.length * count)
  const a = grid.affine
  const b = invertAffine(a)
  const six = new Float64Array(6)
  for (let p = 0, q = 0; p < count; p++, q += 3) {
    const [i, j, k] = [index[q]!, index[q + 1]!, index[q + 2]!]
    const [sx, sy, sz] = [slopes[q]!, slopes[q + 1]!, slopes[q + 2]!]
    const gx = b[0]! * sx + b[4]! * sy + b[8]! * sz
    const gy = b[1]! * sx + b[5]! * sy + b[9]! * sz
    const gz = b[2]! * sx + b[6]! * sy + b[10]! * sz
    const rx = a[0]! * i + a[1]! * j + a[2]! * k + a[3]! - centre[0]
    const ry = a[4]! * i + a[5]! * j + a[6]! * k + a[7]! - centre[1]
    const rz = a[8]! * i + a[9]! * j + a[10]! * k + a[11]! - centre[2]
    six[0] = gx
    six[1] = gy
    six[2] = gz
    six[3] = ry * gz - rz * gy
    six[4] = rz * gx - rx * gz
    six[5] = rx * gy - ry * gx
    for (let f = 0; f < free.length; f++) {
      const way = free[f]!
      let sum = 0
      for (let c = 0; c < 6; c++) sum += way[c]! * six[c]!
      change[f * count + p] = sum
    }
  }
  return change
}

/** A step in the free parameters as one in all six: shift [mm] and turn [rad], shape (6). */
export function sixOf(step: ArrayLike<number>, free: readonly (readonly number[])[]): number[] {
  return [0, 1, 2, 3, 4, 5].map(c => free.reduce((sum, way, f) => sum + step[f]! * way[c]!, 0))
}

/** About how far a step moves the points of the mask [mm]. */
export function lengthOf(six: readonly number[], radius: number): number {
  const shift = Math.hypot(six[0]!, six[1]!, six[2]!)
  const turn = Math.hypot(six[3]!, six[4]!, six[5]!)
  return Math.hypot(shift, turn * radius)
}

/**
 * Normal matrix of the free parameters, shape (nFree × nFree): Σ J·Jᵀ over the points, of what in J is orthogonal to the
 * image and to a constant, for gain and offset take that part.
 */
export function normalMatrix({ values, change, free }: FixedLevel): Float64Array {
  const count = values.length
  const n = free.length
  let [mean, square] = [0, 0]
  for (let p = 0; p < count; p++) mean += values[p]! / count
  for (let p = 0; p < count; p++) square += (values[p]! - mean) * (values[p]! - mean)
  const M = new Float64Array(n * n)
  const means = new Float64Array(n)
  const along = new Float64Array(n)
  for (let f = 0; f < n; f++) {
    for (let p = 0; p < count; p++) {
      means[f]! += change[f * count + p]! / count
      along[f]! += change[f * count + p]! * (values[p]! - mean)
    }
    for (let g = 0; g <= f; g++) {
      let sum = 0
      for (let p = 0; p < count; p++) sum += change[f * count + p]! * change[g * count + p]!
      M[f * n + g] = sum - count * means[f]! * means[g]! - (square > 0 ? (along[f]! * along[g]!) / square : 0)
      M[g * n + f] = M[f * n + g]!
    }
  }
  return M
}
