/** The voxel array of an image as it is stored: the type of the file, 64-bit integers as float64. */
export type VoxelArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array

/**
 * Where the voxels lie: the number of voxels along each axis, and the map from voxel index to scanner space.
 */
export interface Grid {
  /** Voxels along i, j, k. */
  readonly shape: readonly [number, number, number]
  /** Voxel index to scanner coordinates [mm], 3 × 4, row by row, shape (12). */
  readonly affine: readonly number[]
}

/** An image, or a series of images on one grid. */
export interface Volume {
  readonly grid: Grid
  /** Number of volumes in the series; 1 for a single image. */
  readonly frames: number
  /** Stored values, i fastest, then j, k, frame, shape (nVoxel × frames). Physical value = slope · stored + intercept. */
  readonly data: VoxelArray
  readonly slope: number
  readonly intercept: number
  /** The NIfTI header the grid came from, little-endian, 348 or 540 bytes: outputs copy its geometry bit for bit. */
  readonly header: Uint8Array
}

/** Number of voxels of a grid. */
export function voxelCount(grid: Grid): number {
  return grid.shape[0] * grid.shape[1] * grid.shape[2]
}

/**
 * Indices of the voxels for which something holds, in order.
 *
 * @remarks
 * Two passes and one array of just their number: an image of many million voxels costs no more than its answer.
 *
 * @param count - number of voxels
 * @param has - what holds; must answer the same twice
 */
export function voxelsWhere(count: number, has: (voxel: number) => boolean): Int32Array {
  let found = 0
  for (let v = 0; v < count; v++) if (has(v)) found++
  const voxels = new Int32Array(found)
  let at = 0
  for (let v = 0; v < count && at < found; v++) if (has(v)) voxels[at++] = v
  return voxels
}

/**
 * Physical values of one volume of a series, slope and intercept applied.
 *
 * @param volume - the series
 * @param frame - index of the volume, from 0
 * @param out - receives the values, unit of the series, shape (nVoxel); allocated where absent
 */
export function frameValues(
  volume: Volume,
  frame: number,
  out: Float32Array | Float64Array = new Float32Array(voxelCount(volume.grid)),
): Float32Array | Float64Array {
  const n = voxelCount(volume.grid)
  const offset = frame * n
  const { data, slope, intercept } = volume
  if (slope === 1 && intercept === 0) for (let v = 0; v < n; v++) out[v] = data[offset + v]!
  else for (let v = 0; v < n; v++) out[v] = slope * data[offset + v]! + intercept
  return out
}

/**
 * Lengths of the voxel edges [mm], shape (3).
 *
 * @param grid - the grid; the lengths are those of the columns of its affine
 */
export function voxelSize(grid: Grid): [number, number, number] {
  const a = grid.affine
  const edge = (c: number) => Math.hypot(a[c]!, a[4 + c]!, a[8 + c]!)
  return [edge(0), edge(1), edge(2)]
}

/**
 * Whether two grids have the same shape and the same place in scanner space.
 *
 * @param a - one grid
 * @param b - the other
 * @param tolerance - largest distance between the same corner voxel of both that still counts as the same [mm]
 */
export function isSameGrid(a: Grid, b: Grid, tolerance = 1e-3): boolean {
  if (a.shape.some((n, axis) => n !== b.shape[axis])) return false
  for (let corner = 0; corner < 8; corner++) {
    const index = a.shape.map((n, axis) => ((corner >> axis) & 1 ? n - 1 : 0))
    for (let row = 0; row < 3; row++) {
      let difference = a.affine[4 * row + 3]! - b.affine[4 * row + 3]!
      for (let c = 0; c < 3; c++) difference += (a.affine[4 * row + c]! - b.affine[4 * row + c]!) * index[c]!
      if (Math.abs(difference) > tolerance) return false
    }
  }
  return true
}
