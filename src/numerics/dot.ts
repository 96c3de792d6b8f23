/**
 * Inner product of two arrays.
 *
 * @remarks
 *     Σ a_i·b_i
 *
 * Four partial sums run side by side: a sum waits for the one before it, four of them hardly do.
 *
 * @param a - any unit, shape (at least n)
 * @param b - any unit, shape (at least n)
 * @param n - number of terms [1]
 */
export function dot(a: Float64Array, b: Float64Array, n: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i + 3 < n; i += 4) {
    s0 += a[i]! * b[i]!
    s1 += a[i + 1]! * b[i + 1]!
    s2 += a[i + 2]! * b[i + 2]!
    s3 += a[i + 3]! * b[i + 3]!
  }
  for (; i < n; i++) s0 += a[i]! * b[i]!
  return s0 + s1 + (s2 + s3)
}
