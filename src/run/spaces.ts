import { resampleVolume } from '../image/resample.ts'
import { compose, type Rigid } from '../image/rigid.ts'
import { type Grid, type Volume, voxelSize } from '../image/volume.ts'
import type { OutputName } from '../modalities/modality.ts'
import { blankHeader } from '../nifti/index.ts'

/** The place of the T1w image: its grid, and what takes points of the reference to it. */
export interface Anatomy {
  readonly grid: Grid
  readonly motion: Rigid
}

/** A space that images are written in: its grid, what their names say of it, and how values come to it. */
export interface Space {
  readonly grid: Grid
  /** The NIfTI header that gives the geometry. */
  readonly header: Uint8Array
  readonly named: (name: OutputName) => OutputName
  /** Fields that the sidecars of its images have beside their own. */
  readonly sidecar: Readonly<Record<string, unknown>>
  /** Physical values of one volume; NaN where there are none stays NaN, shape (nVoxel) → (nVoxel of the grid). */
  readonly values: (own: Float32Array) => Float32Array
  /** Labels of one volume, shape (nVoxel) → (nVoxel of the grid). */
  readonly labels: (own: Uint8Array) => Uint8Array
}

/** The space of the series itself. */
export function nativeSpace(grid: Grid, header: Uint8Array): Space {
  return { grid, header, named: name => name, sidecar: {}, values: own => own, labels: own => own }
}

/**
 * The space of the T1w image: its axes and its field of view, in cubes of the volume of the series' voxels.
 *
 * @remarks
 * Finer voxels would hold nothing more. Values are carried by trilinear, labels by nearest-neighbour interpolation, once.
 *
 * @param anatomy - the grid of the T1w image, and the motion that takes points of the reference to it
 * @param native - the grid of the series
 * @param source - BIDS URI of an image in that space
 */
export function anatomicalSpace(anatomy: Anatomy, native: Grid, source: string | undefined): Space {
  const grid = coarseGrid(anatomy.grid, native)
  const lying: Grid = { ...native, affine: compose(anatomy.motion, native.affine) }
  const header = blankHeader(grid)
  const carry = (data: Float32Array | Uint8Array, how: 'intensity' | 'label') => {
    const volume: Volume = { grid: lying, frames: 1, data, slope: 1, intercept: 0, header }
    return resampleVolume(volume, 0, grid, how)
  }
  return {
    grid,
    header,
    named: name => ({ ...name, space: 'T1w' }),
    sidecar: {
      ...(source ? { SpatialReference: source } : {}),
      Resolution: 'Cubes of the volume of the voxels of the series, on the axes of the T1w image',
    },
    values: own => carry(own, 'intensity'),
    labels: own => Uint8Array.from(carry(own, 'label')),
  }
}

/** A grid with the axes and the field of view of one, in cubes of about the volume of another's voxels. */
function coarseGrid({ shape, affine: a }: Grid, native: Grid): Grid {
  const size = voxelSize({ shape, affine: a })
  // Cubes, for the axis along which a series is coarse need not be one of the T1w image.
  const edge = Math.cbrt(voxelSize(native).reduce((volume, length) => volume * length, 1))
  const count = shape.map((n, axis) => Math.max(1, Math.round((n * size[axis]!) / edge)))
  const factor = count.map((n, axis) => shape[axis]! / n)
  const affine = [0, 1, 2].flatMap(row => {
    const column = (axis: number) => a[4 * row + axis]!
    const first = [0, 1, 2].reduce((sum, axis) => sum + column(axis) * ((factor[axis]! - 1) / 2), column(3))
    return [column(0) * factor[0]!, column(1) * factor[1]!, column(2) * factor[2]!, first]
  })
  return { shape: [count[0]!, count[1]!, count[2]!], affine }
}
