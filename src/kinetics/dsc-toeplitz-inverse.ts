import { symmetricEigen } from '../numerics/symmetric-eigen.ts'
import { smoothedArterial, type TruncatedInverse } from './dsc-truncated-inverse.ts'

/**
 * The truncated inverse of the lower triangular Toeplitz matrix of an arterial curve.
 *
 * @remarks
 * Singular values under P times the largest are set to zero. The matrix with its columns in reverse order is symmetric, so
 * its singular values are the absolute eigenvalues of that: `A·J = Σ λ·q·qᵀ`, `A⁺ = J·Σ q·qᵀ/λ`.
 *
 * **Limits. Sensitive to delay:** the residue starts at time 0, so tissue that precedes the arterial curve cannot be
 * described, and a later arrival changes the flow (by a factor of 1.9 between −2 and 6 s).
 *
 * @param frames - number of volumes, N
 * @param dt - time between volumes [s]
 * @param truncation - P [1]
 *
 * @see Østergaard et al., Magn Reson Med 36:715 (1996), doi:10.1002/mrm.1910360510
 */
export function toeplitzInverse(frames: number, dt: number, truncation: number): TruncatedInverse {
  const n = frames
  const column = new Float64Array(n)
  const hankel = new Float64Array(n * n)
  const vectors = new Float64Array(n * n)
  const inverse = new Float64Array(n * n)
  const residue = new Float64Array(n)

  function prepare(arterial: Float64Array): boolean {
    smoothedArterial(arterial, dt, column)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) hankel[i * n + j] = i + j >= n - 1 ? column[i + j - (n - 1)]! : 0
    symmetricEigen(hankel, n, vectors)
    let largest = 0
    for (let k = 0; k < n; k++) largest = Math.max(largest, Math.abs(hankel[k * n + k]!))
    if (!(largest > 0 && largest < Infinity)) return false
    inverse.fill(0)
    for (let k = 0; k < n; k++) {
      const value = hankel[k * n + k]!
      if (Math.abs(value) < truncation * largest) continue
      for (let i = 0; i < n; i++) {
        const factor = vectors[k * n + n - 1 - i]! / value
        for (let j = 0; j < n; j++) inverse[i * n + j]! += factor * vectors[k * n + j]!
      }
    }
    return true
  }

  return {
    residue,
    prepare,
    solve(tissue) {
      for (let i = 0; i < n; i++) {
        let sum = 0
        for (let j = 0; j < n; j++) sum += inverse[i * n + j]! * tissue[j]!
        residue[i] = sum
      }
      return truncation
    },
    weights(index, out) {
      for (let j = 0; j < n; j++) out[j] = inverse[index * n + j]!
    },
  }
}
