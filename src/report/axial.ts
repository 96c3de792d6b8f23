import { type Grid, voxelSize } from '../image/volume.ts'

/** One axis of the picture: how many voxels it has, how far apart they lie in the array, and how long they are. */
export interface ViewAxis {
  readonly length: number
  /** Step in the voxel array for one step in the picture; negative where the picture runs against the array. */
  readonly stride: number
  /** Length of a voxel along the axis [mm]. */
  readonly spacing: number
}

/**
 * An image as a stack of axial slices in radiological convention: columns run from the patient's right to the left,
 * rows from front to back, slices from foot to head.
 */
export interface AxialView {
  readonly columns: ViewAxis
  readonly rows: ViewAxis
  readonly slices: ViewAxis
  /** Index in the voxel array of the first column of the first row of the first slice. */
  readonly origin: number
  /** Height in the scanner of the centre of each slice [mm], shape (nSlice). */
  readonly heights: readonly number[]
  /** Largest angle between an axis of the image and the axis of the scanner that it stands for [deg]. */
  readonly tilt: number
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const

/**
 * The axial view of a grid: which axis of the array is shown as columns, rows and slices, and in which direction.
 *
 * @remarks Each axis of the array stands for the scanner axis (right, front, head) to which it lies closest, taken
 * together so that no two stand for the same one. The image is not resampled: a tilted slice is shown as it was
 * acquired, and {@link AxialView.tilt} says how far from axial it is.
 *
 * @param grid - shape and affine of the image
 */
export function axialView(grid: Grid): AxialView {
  const { shape, affine } = grid
  const spacing = voxelSize(grid)
  const cosine = (row: number, axis: number) => affine[4 * row + axis]! / (spacing[axis]! || 1)
  let order: (typeof ORDERS)[number] = ORDERS[0]
  let best = -1
  for (const candidate of ORDERS) {
    const closeness = candidate.reduce<number>((sum, axis, row) => sum + Math.abs(cosine(row, axis)), 0)
    // A tie (45°) goes to the earlier order: rounding must not decide how a patient is shown.
    if (closeness > best + 1e-6) {
      best = closeness
      order = candidate
    }
  }
  const step = [1, shape[0], shape[0] * shape[1]]
  let origin = 0
  const axes = order.map((axis, row): ViewAxis => {
    // The array index may grow towards right, front and head; the picture runs towards left, back and head.
    const towards = cosine(row, axis) >= 0 ? 1 : -1
    const sign = row === 2 ? towards : -towards
    if (sign < 0) origin += (shape[axis]! - 1) * step[axis]!
    return { length: shape[axis]!, stride: sign * step[axis]!, spacing: spacing[axis]! || 1 }
  })
  const [columns, rows, slices] = [axes[0]!, axes[1]!, axes[2]!]
  const centre = shape.map(n => (n - 1) / 2)
  const heights = Array.from({ length: slices.length }, (_, k) => {
    const at = [...centre]
    at[order[2]] = slices.stride > 0 ? k : slices.length - 1 - k
    return affine[8]! * at[0]! + affine[9]! * at[1]! + affine[10]! * at[2]! + affine[11]!
  })
  const tilts = order.map((axis, row) => Math.acos(Math.min(1, Math.abs(cosine(row, axis)))))
  return { columns, rows, slices, origin, heights, tilt: (Math.max(...tilts) * 180) / Math.PI }
}

/** Index in the voxel array of the voxel shown at a column and row of a slice. */
export function voxelAt(view: AxialView, column: number, row: number, slice: number): number {
  return view.origin + column * view.columns.stride + row * view.rows.stride + slice * view.slices.stride
}
