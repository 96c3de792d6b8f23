/** Voxels along i, j, k. */
export type Shape = readonly [number, number, number]

/**
 * Distance of each voxel's centre to that of the nearest voxel of a set [mm], shape (nVoxel); infinite where the set is empty.
 *
 * @remarks
 * Exact: the lower envelope of parabolas along each axis in turn.
 *
 * @param set - 1 in the set, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 * @param size - voxel edges [mm], shape (3)
 *
 * @see Felzenszwalb & Huttenlocher, Theory Comput 8:415 (2012), doi:10.4086/toc.2012.v008a019
 */
export function distanceTo(set: Uint8Array, shape: Shape, size: readonly [number, number, number]): Float64Array {
  const squared = Float64Array.from(set, value => (value === 1 ? 0 : Number.POSITIVE_INFINITY))
  const strides = [1, shape[0], shape[0] * shape[1]]
  for (let axis = 0; axis < 3; axis++) {
    const n = shape[axis]!
    const stride = strides[axis]!
    const line = new Float64Array(n)
    for (let start = 0; start < set.length; start++) {
      if (Math.floor(start / stride) % n !== 0) continue
      for (let i = 0; i < n; i++) line[i] = squared[start + i * stride]!
      lowerEnvelope(line, size[axis]!, (i, value) => {
        squared[start + i * stride] = value
      })
    }
  }
  return squared.map(Math.sqrt)
}

/** For each place on a line the least of `line[q] + (edge·(p − q))²` over q. */
function lowerEnvelope(line: Float64Array, edge: number, put: (p: number, value: number) => void): void {
  const roots: number[] = []
  const from: number[] = []
  const meeting = (q: number, r: number) => (line[q]! - line[r]!) / (2 * edge * edge * (q - r)) + (q + r) / 2
  for (let q = 0; q < line.length; q++) {
    if (line[q] === Number.POSITIVE_INFINITY) continue
    let place = Number.NEGATIVE_INFINITY
    while (roots.length > 0) {
      place = meeting(q, roots[roots.length - 1]!)
      if (place > from[from.length - 1]!) break
      roots.pop()
      from.pop()
      place = Number.NEGATIVE_INFINITY
    }
    roots.push(q)
    from.push(place)
  }
  if (roots.length === 0) return
  for (let p = 0, at = 0; p < line.length; p++) {
    while (at + 1 < roots.length && from[at + 1]! < p) at++
    const d = edge * (p - roots[at]!)
    put(p, line[roots[at]!]! + d * d)
  }
}
