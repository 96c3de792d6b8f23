/**
 * Invert a small symmetric positive definite matrix in place; false where it is not positive definite.
 *
 * @remarks
 * By Cholesky factors, `M = L·Lᵀ`. The matrix is scaled to a unit diagonal first, so that parameters of very different size
 * do not spoil it; on false its content is undefined.
 *
 * **Limits.** Refused where a pivot of the scaled matrix is under 1e-12: parameters that the data cannot tell apart.
 *
 * @param M - the matrix, row-major, any unit, shape (n × n); receives its inverse
 * @param n - number of rows [1]
 * @param scale - working memory, shape (at least n)
 */
export function invertSymmetric(M: Float64Array, n: number, scale: Float64Array): boolean {
  for (let i = 0; i < n; i++) {
    const diagonal = M[i * n + i]!
    if (!(diagonal > 0 && diagonal < Infinity)) return false
    scale[i] = 1 / Math.sqrt(diagonal)
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = M[i * n + j]! * scale[i]! * scale[j]!
      for (let k = 0; k < j; k++) sum -= M[i * n + k]! * M[j * n + k]!
      if (i === j) {
        if (!(sum > 1e-12)) return false
        M[i * n + i] = Math.sqrt(sum)
      } else M[i * n + j] = sum / M[j * n + j]!
    }
  }
  // L to its inverse, column by column.
  for (let j = 0; j < n; j++) {
    M[j * n + j] = 1 / M[j * n + j]!
    for (let i = j + 1; i < n; i++) {
      let sum = 0
      for (let k = j; k < i; k++) sum -= M[i * n + k]! * M[k * n + j]!
      M[i * n + j] = sum / M[i * n + i]!
    }
  }
  // The inverse is L⁻ᵀ·L⁻¹; a diagonal entry of L⁻¹ is not read again once its own row is written.
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0
      for (let k = j; k < n; k++) sum += M[k * n + i]! * M[k * n + j]!
      M[i * n + j] = sum * scale[i]! * scale[j]!
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) M[i * n + j] = M[j * n + i]!
  return true
}

/**
 * Solve `M·x = b` for a small symmetric positive definite matrix; false where it is not positive definite.
 *
 * @remarks
 * By Cholesky factors of the matrix scaled to a unit diagonal, as in {@link invertSymmetric}.
 *
 * **Limits.** Refused where a pivot of the scaled matrix is under 1e-14.
 *
 * @param M - the matrix, row-major, any unit, shape (n × n); overwritten
 * @param b - the right side, shape (at least n); receives x
 * @param n - number of rows [1]
 * @param scale - working memory, shape (at least n)
 */
export function solveSymmetric(M: Float64Array, b: Float64Array, n: number, scale: Float64Array): boolean {
  for (let i = 0; i < n; i++) {
    const diagonal = M[i * n + i]!
    if (!(diagonal > 0 && diagonal < Infinity)) return false
    scale[i] = 1 / Math.sqrt(diagonal)
  }
  for (let i = 0; i < n; i++) {
    let right = b[i]! * scale[i]!
    for (let j = 0; j <= i; j++) {
      let sum = M[i * n + j]! * scale[i]! * scale[j]!
      for (let k = 0; k < j; k++) sum -= M[i * n + k]! * M[j * n + k]!
      if (i === j) {
        if (!(sum > 1e-14)) return false
        M[i * n + i] = Math.sqrt(sum)
      } else {
        M[i * n + j] = sum / M[j * n + j]!
        right -= M[i * n + j]! * b[j]!
      }
    }
    b[i] = right / M[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]!
    for (let k = i + 1; k < n; k++) sum -= M[k * n + i]! * b[k]!
    b[i] = sum / M[i * n + i]!
  }
  for (let i = 0; i < n; i++) b[i]! *= scale[i]!
  return true
}
