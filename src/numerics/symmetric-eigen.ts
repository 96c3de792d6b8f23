/** Sweeps after which rotations only move rounding errors. */
const SWEEPS = 30

/**
 * Eigenvalues and eigenvectors of a symmetric matrix.
 *
 * @remarks
 * Jacobi's rotations, sweep by sweep, until what is off the diagonal is rounding. The matrix is overwritten: its diagonal
 * holds the eigenvalues, in no order.
 *
 * **Error.** About 1e-15·n of the largest eigenvalue.
 *
 * @param M - the matrix, row-major, any unit, shape (n × n); receives the eigenvalues on its diagonal
 * @param n - number of rows [1]
 * @param vectors - receives the eigenvectors [1], row k that of eigenvalue k, shape (n × n)
 */
export function symmetricEigen(M: Float64Array, n: number, vectors: Float64Array): void {
  vectors.fill(0)
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1
  let norm = 0
  for (let i = 0; i < n * n; i++) norm += M[i]! * M[i]!
  const small = 1e-17 * Math.sqrt(norm)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let isDone = true
    for (let p = 0; p < n - 1; p++)
      for (let q = p + 1; q < n; q++)
        if (Math.abs(M[p * n + q]!) > small) {
          isDone = false
          rotate(M, n, vectors, p, q)
        }
    if (isDone) return
  }
}

/** The rotation of rows and columns p and q that makes entry (p, q) zero. */
function rotate(M: Float64Array, n: number, vectors: Float64Array, p: number, q: number): void {
  const off = M[p * n + q]!
  const theta = (M[q * n + q]! - M[p * n + p]!) / (2 * off)
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  M[p * n + p]! -= t * off
  M[q * n + q]! += t * off
  M[p * n + q] = 0
  M[q * n + p] = 0
  for (let k = 0; k < n; k++) {
    if (k !== p && k !== q) {
      const a = M[k * n + p]!
      const b = M[k * n + q]!
      M[k * n + p] = c * a - s * b
      M[k * n + q] = s * a + c * b
      M[p * n + k] = M[k * n + p]!
      M[q * n + k] = M[k * n + q]!
    }
    const u = vectors[p * n + k]!
    const v = vectors[q * n + k]!
    vectors[p * n + k] = c * u - s * v
    vectors[q * n + k] = s * u + c * v
  }
}
