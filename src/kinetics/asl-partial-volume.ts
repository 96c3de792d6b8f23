import { solveSymmetric } from '../numerics/symmetric.ts'

/** Voxels that a window reaches to either side in the plane: 5 × 5 × 1. */
const REACH = 2

/** A tissue whose shares in a window have a mean square under this is not in it [1]. */
const ABSENT = 1e-4

/**
 * Signal of each pure tissue, from maps of which every voxel holds a mixture.
 *
 * @remarks
 * In the 5 × 5 × 1 voxels around each, least squares of
 *
 *     S(v) = Σ p_t(v) · s_t
 *
 * in which the signal of a tissue is one number. Difference and M0 are regressed apart, and flow is computed from their pure
 * signals: a regression of CBF itself is biased, for CBF of a mixture is weighted by M0.
 *
 * **Assumes** that tissue fractions are those of the image (in its space, averaged over its voxels), and that perfusion of a
 * tissue is even over the window: results are smooth, and their noise grows where tissues are mixed alike throughout.
 *
 * **Limits.** NaN outside the mask, where a tissue is not in the window, and where the window cannot tell the tissues apart.
 * A voxel whose signal is not finite takes no part.
 *
 * **Error.** None where the tissues are even.
 *
 * @param maps - signals, any unit, shape (nMap)(nVoxel)
 * @param fractions - share of each tissue [1], shape (nTissue)(nVoxel)
 * @param mask - 1 where there is signal, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3); a window lies in a plane of i and j
 * @returns signal of each tissue in each map, shape (nTissue)(nMap)(nVoxel)
 *
 * @see Asllani et al., Magn Reson Med 60:1362 (2008), doi:10.1002/mrm.21670
 */
export function regressTissues(
  maps: readonly Float64Array[],
  fractions: readonly ArrayLike<number>[],
  mask: Uint8Array,
  shape: readonly [number, number, number],
): Float64Array[][] {
  const n = mask.length
  const T = fractions.length
  const out = fractions.map(() => maps.map(() => new Float64Array(n).fill(Number.NaN)))
  const normal = new Float64Array(T * T)
  const rights = maps.map(() => new Float64Array(T))
  const reduced = new Float64Array(T * T)
  const solution = new Float64Array(T)
  const scale = new Float64Array(T)
  const present: number[] = []
  const [ni, nj] = shape
  for (let v = 0; v < n; v++) {
    if (mask[v] !== 1) continue
    const [i, j] = [v % ni, Math.floor(v / ni) % nj]
    const plane = v - i - j * ni
    normal.fill(0)
    for (const right of rights) right.fill(0)
    let count = 0
    for (let y = Math.max(0, j - REACH); y <= Math.min(nj - 1, j + REACH); y++)
      for (let x = Math.max(0, i - REACH); x <= Math.min(ni - 1, i + REACH); x++) {
        const w = plane + y * ni + x
        if (mask[w] !== 1 || !maps.every(map => Number.isFinite(map[w]))) continue
        count++
        for (let a = 0; a < T; a++) {
          const share = fractions[a]![w]!
          for (let b = 0; b <= a; b++) normal[a * T + b]! += share * fractions[b]![w]!
          for (let m = 0; m < maps.length; m++) rights[m]![a]! += share * maps[m]![w]!
        }
      }
    present.length = 0
    for (let a = 0; a < T; a++) if (normal[a * T + a]! > ABSENT * count) present.push(a)
    for (let m = 0; m < maps.length; m++) {
      present.forEach((a, r) => {
        solution[r] = rights[m]![a]!
        for (let c = 0; c <= r; c++) reduced[r * present.length + c] = normal[a * T + present[c]!]!
      })
      if (!solveSymmetric(reduced, solution, present.length, scale)) break
      for (let r = 0; r < present.length; r++) out[present[r]!]![m]![v] = solution[r]!
    }
  }
  return out
}
