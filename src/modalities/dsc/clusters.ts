import type { Grid } from '../../image/volume.ts'

/**
 * The voxels of a region that hang together, by their faces, with so many others of it, shape (nVoxel).
 *
 * @param region - 1 inside, shape (nVoxel)
 * @param shape - voxels along i, j, k
 * @param least - voxels of a cluster, itself included
 */
export function clusteredVoxels(region: Uint8Array, [ni, nj, nk]: Grid['shape'], least: number): Uint8Array {
  const out = new Uint8Array(region.length)
  const free = region.slice()
  const found = new Int32Array(region.length)
  const plane = ni * nj
  for (let start = 0; start < region.length; start++) {
    if (free[start] !== 1) continue
    let end = 0
    const enter = (v: number) => {
      if (free[v] !== 1) return
      free[v] = 0
      found[end++] = v
    }
    enter(start)
    for (let at = 0; at < end; at++) {
      const v = found[at]!
      const i = v % ni
      const j = Math.floor(v / ni) % nj
      if (i > 0) enter(v - 1)
      if (i < ni - 1) enter(v + 1)
      if (j > 0) enter(v - ni)
      if (j < nj - 1) enter(v + ni)
      if (v >= plane) enter(v - plane)
      if (v < plane * (nk - 1)) enter(v + plane)
    }
    if (end >= least) for (let at = 0; at < end; at++) out[found[at]!] = 1
  }
  return out
}
