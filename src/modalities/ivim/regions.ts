import { frameValues } from '../../image/volume.ts'
import type { Placed, Prepared } from '../modality.ts'
import { LIMITS } from './limits.ts'

/** The voxels that quality is judged in, shape (nVoxel) each; null where the map of the tissue is not there. */
export interface Regions {
  readonly brain: Uint8Array
  /** Voxels of the mask with at least 0.7 of the tissue. */
  readonly gm: Uint8Array | null
  readonly wm: Uint8Array | null
  readonly csf: Uint8Array | null
  /** Voxels of the lesion mask; null without. */
  readonly lesion: Uint8Array | null
}

/** The regions of a run from its mask and the tissue maps in roles. */
export function regionsOf({ mask }: Prepared, placed: Placed): Regions {
  const region = (role: 'gm' | 'wm' | 'csf' | 'lesion', least: number) => {
    const volume = placed[role]?.[0]
    if (!volume) return null
    const fraction = frameValues(volume, 0)
    const chosen = mask.map((inside, v) => (inside === 1 && fraction[v]! >= least ? 1 : 0))
    return chosen.includes(1) ? chosen : null
  }
  const tissue = (role: 'gm' | 'wm' | 'csf') => region(role, LIMITS.tissue)
  return { brain: mask, gm: tissue('gm'), wm: tissue('wm'), csf: tissue('csf'), lesion: region('lesion', 0.5) }
}

/** The finite values of a region, shape (n). */
export function valuesIn(values: ArrayLike<number>, region: Uint8Array): Float64Array {
  const found = new Float64Array(region.length)
  let count = 0
  for (let v = 0; v < region.length; v++) if (region[v] === 1 && Number.isFinite(values[v])) found[count++] = values[v]!
  return found.slice(0, count)
}
