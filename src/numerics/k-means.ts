/** Rounds after which the parts are taken as they are. */
const ROUNDS = 100

/**
 * Part points into at most k sets about their means; no randomness: the same points in the same order give the same sets.
 *
 * @remarks
 * Lloyd's method. The first means are those of k groups of equal size in the order of `key`. A point that is equally near to
 * two means goes to the first; a set that loses all its points is dropped.
 *
 * @param points - one after the other, any unit, shape (nPoint × dimension)
 * @param dimension - coordinates of a point [1]
 * @param key - by which the first groups are formed, shape (nPoint)
 * @param k - number of sets [1], at least 1
 * @returns the indices of the points of each set
 *
 * @see Lloyd, IEEE Trans Inf Theory 28:129 (1982), doi:10.1109/TIT.1982.1056489
 */
export function kMeans(points: Float64Array, dimension: number, key: Float64Array, k: number): Int32Array[] {
  const n = points.length / dimension
  const order = Int32Array.from({ length: n }, (_, at) => at).sort((a, b) => key[a]! - key[b]! || a - b)
  const set = new Int32Array(n)
  for (let at = 0; at < n; at++) set[order[at]!] = Math.floor((at * k) / n)
  const means = new Float64Array(k * dimension)
  const counts = new Int32Array(k)
  for (let round = 0; round < ROUNDS; round++) {
    findMeans(points, dimension, set, means, counts)
    if (!assign(points, dimension, set, means, counts)) break
  }
  const sets = Array.from({ length: k }, (_, c) => Int32Array.from(order.filter(at => set[at] === c)).sort())
  return sets.filter(members => members.length > 0)
}

function findMeans(
  points: Float64Array,
  dimension: number,
  set: Int32Array,
  means: Float64Array,
  counts: Int32Array,
): void {
  means.fill(0)
  counts.fill(0)
  for (let at = 0; at < set.length; at++) {
    counts[set[at]!]! += 1
    for (let d = 0; d < dimension; d++) means[set[at]! * dimension + d]! += points[at * dimension + d]!
  }
  for (let c = 0; c < counts.length; c++) for (let d = 0; d < dimension; d++) means[c * dimension + d]! /= counts[c]!
}

/** Move each point to the nearest mean; whether one moved. */
function assign(
  points: Float64Array,
  dimension: number,
  set: Int32Array,
  means: Float64Array,
  counts: Int32Array,
): boolean {
  let isMoved = false
  for (let at = 0; at < set.length; at++) {
    let nearest = 0
    let least = Infinity
    for (let c = 0; c < counts.length; c++) {
      if (counts[c] === 0) continue
      let distance = 0
      for (let d = 0; d < dimension && distance < least; d++) {
        const difference = points[at * dimension + d]! - means[c * dimension + d]!
        distance += difference * difference
      }
      if (distance < least) [least, nearest] = [distance, c]
    }
    if (set[at] !== nearest) isMoved = true
    set[at] = nearest
  }
  return isMoved
}
