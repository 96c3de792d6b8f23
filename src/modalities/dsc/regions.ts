import { squaredDistanceTo } from '../../image/distance.ts'
import { frameValues, type Grid, type Volume, voxelSize, voxelsWhere } from '../../image/volume.ts'
import type { Placed, Prepared } from '../modality.ts'
import { LIMITS } from './limits.ts'

/** Sets of voxels that a run works with, shape (nVoxel) each; null where what they are made from is not there. */
export interface Regions {
  readonly brain: Uint8Array
  /** Pathology as its mask says, within the brain. */
  readonly lesion: Uint8Array | null
  /** Brain away from pathology and, where its map is there, from fluid: where arteries and reference tissue are looked for. */
  readonly healthy: Uint8Array
  readonly gm: Uint8Array | null
  readonly wm: Uint8Array | null
  readonly csf: Uint8Array | null
  /** Normal-appearing white matter by the tissue map; null without one. */
  readonly normalWhite: Uint8Array | null
}

/**
 * The regions of a run from its mask and the images in roles.
 *
 * @remarks
 * Normal-appearing white matter has at least 0.8 of white matter, as do its six neighbours (those in the slice, where
 * too few are left), is 5 mm away from
 * pathology, and lies in the other half of the head where pathology is in one half for the most part.
 */
export function regionsOf({ mask, reference }: Prepared, placed: Placed): Regions {
  const { grid } = reference
  const lesion = within(mask, placed.lesion?.[0], 1 / 2)
  const near = lesion && dilated(lesion, grid, LIMITS.margin)
  const csf = within(mask, placed.csf?.[0], LIMITS.tissue)
  const white = within(mask, placed.wm?.[0], LIMITS.pure)
  const healthy = mask.map((inside, v) => (inside === 1 && near?.[v] !== 1 ? 1 : 0))
  return {
    brain: mask,
    lesion,
    healthy,
    gm: within(mask, placed.gm?.[0], LIMITS.tissue),
    wm: within(mask, placed.wm?.[0], LIMITS.tissue),
    csf,
    normalWhite: white && normalAppearing(inner(white, grid.shape), { lesion, healthy }, grid),
  }
}

/** Voxels of the mask in which an image reaches a value; null where the image is not there, or reaches it nowhere. */
function within(mask: Uint8Array, image: Volume | undefined, least: number): Uint8Array | null {
  if (!image) return null
  const values = frameValues(image, 0)
  const region = mask.map((inside, v) => (inside === 1 && values[v]! >= least ? 1 : 0))
  return region.includes(1) ? region : null
}

/** All voxels whose centre is at most so far from a region [mm]. */
function dilated(region: Uint8Array, grid: Grid, distance: number): Uint8Array {
  const away = squaredDistanceTo(region, grid.shape, voxelSize(grid))
  return region.map((_, v) => (away[v]! <= distance * distance ? 1 : 0))
}

/** White matter whose neighbours are white; of too few, that whose neighbours in the slice are. */
function inner(white: Uint8Array, [ni, nj]: Grid['shape']): Uint8Array {
  const inSlice = white.map((value, v) => {
    const [i, j] = [v % ni, Math.floor(v / ni) % nj]
    const isEdge = value !== 1 || i === 0 || j === 0 || i === ni - 1 || j === nj - 1
    return isEdge || white[v - 1] !== 1 || white[v + 1] !== 1 || white[v - ni] !== 1 || white[v + ni] !== 1 ? 0 : 1
  })
  const all = inSlice.map((value, v) => (value === 1 && white[v - ni * nj] === 1 && white[v + ni * nj] === 1 ? 1 : 0))
  return all.reduce((sum, value) => sum + value, 0) < LIMITS.whiteMatter ? inSlice : all
}

/** Voxels of a region away from pathology, and opposite to it where it is on one side. */
export function normalAppearing(
  region: Uint8Array,
  { lesion, healthy }: Pick<Regions, 'lesion' | 'healthy'>,
  grid: Grid,
): Uint8Array {
  const side = lesion ? sideOf(lesion, healthy, grid) : null
  return region.map((value, v) => (value === 1 && healthy[v] === 1 && (side === null || side(v) < 0) ? 1 : 0))
}

/** On which side a voxel lies, positive on that of a lesion; null where a lesion is on both. */
function sideOf(lesion: Uint8Array, healthy: Uint8Array, { shape, affine: a }: Grid): ((v: number) => number) | null {
  const [ni, nj] = shape
  const across = (v: number) =>
    a[0]! * (v % ni) + a[1]! * (Math.floor(v / ni) % nj) + a[2]! * Math.floor(v / (ni * nj)) + a[3]!
  let [sum, count] = [0, 0]
  for (let v = 0; v < healthy.length; v++)
    if (healthy[v] === 1 || lesion[v] === 1) {
      sum += across(v)
      count++
    }
  const middle = sum / count
  let [right, left] = [0, 0]
  for (let v = 0; v < lesion.length; v++) {
    if (lesion[v] !== 1) continue
    if (across(v) > middle) right++
    else left++
  }
  if (Math.max(right, left) < LIMITS.pure * (right + left)) return null
  const sign = right > left ? 1 : -1
  return v => sign * (across(v) - middle)
}

/** The finite values of a region, shape (n). */
export function valuesIn(values: Float64Array | Float32Array, region: Uint8Array): Float64Array {
  const found = new Float64Array(region.length)
  let count = 0
  for (let v = 0; v < region.length; v++) if (region[v] === 1 && Number.isFinite(values[v])) found[count++] = values[v]!
  return found.slice(0, count)
}

/** Voxels of a region, by index. */
export function voxelsOf(region: Uint8Array): Int32Array {
  return voxelsWhere(region.length, v => region[v] === 1)
}
