/** Voxels along i, j, k. */
export type Shape = readonly [number, number, number]

/**
 * Square of the distance of each voxel's centre to that of the nearest voxel of a set [mm²], shape (nVoxel); infinite
 * where the set is empty.
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
export function squaredDistanceTo(
  set: Uint8Array,
  shape: Shape,
  size: readonly [number, number, number],
): Float64Array {
  const squared = new Float64Array(set.length)
  for (let v = 0; v < set.length; v++) squared[v] = set[v] === 1 ? 0 : Number.POSITIVE_INFINITY
  let stride = 1
  for (let axis = 0; axis < 3; axis++) {
    const n = shape[axis]!
    const line = new Float64Array(n)
    const roots = new Int32Array(n)
    const from = new Float64Array(n)
    for (let block = 0; block < set.length; block += n * stride)
      for (let start = block; start < block + stride; start++) {
        let isConstant = true
        for (let i = 0, v = start; i < n; i++, v += stride) {
          line[i] = squared[v]!
          if (line[i] !== line[0]) isConstant = false
        }
        // Most lines lie wholly inside or wholly outside the set: the envelope of equal parabolas is their common height.
        if (!isConstant) lowerEnvelope(line, size[axis]!, roots, from, squared, start, stride)
      }
    stride *= n
  }
  return squared
}

/** For each place p on a line the least of `line[q] + (edge·(p − q))²` over q, into `out` from `start` on. */
function lowerEnvelope(
  line: Float64Array,
  edge: number,
  roots: Int32Array,
  from: Float64Array,
  out: Float64Array,
  start: number,
  stride: number,
): void {
  const scale = 1 / (2 * edge * edge)
  let top = -1
  for (let q = 0; q < line.length; q++) {
    if (line[q] === Number.POSITIVE_INFINITY) continue
    let place = Number.NEGATIVE_INFINITY
    while (top >= 0) {
      const r = roots[top]!
      place = ((line[q]! - line[r]!) * scale) / (q - r) + (q + r) / 2
      if (place > from[top]!) break
      top--
      place = Number.NEGATIVE_INFINITY
    }
    top++
    roots[top] = q
    from[top] = place
  }
  for (let p = 0, at = 0, v = start; p < line.length; p++, v += stride) {
    while (at < top && from[at + 1]! < p) at++
    const d = edge * (p - roots[at]!)
    out[v] = line[roots[at]!]! + d * d
  }
}
