import { complexFourier } from './complex-fourier.ts'
import { rootsOfUnity } from './roots-of-unity.ts'

/** Discrete Fourier transforms of real sequences of one length n; nothing is allocated by a transform. */
export interface RealFourier {
  /**
   * `X_k = Σ x_j·exp(−2πi·jk/n)` for k from 0 to n/2.
   *
   * @param x - shape (n), not changed
   * @param re - receives the real parts, shape (n/2 + 1)
   * @param im - receives the imaginary parts, shape (n/2 + 1)
   */
  forward(x: Float64Array, re: Float64Array, im: Float64Array): void
  /**
   * The real sequence of which these are the {@link RealFourier.forward} transform.
   *
   * @param re - shape (n/2 + 1), not changed
   * @param im - shape (n/2 + 1), not changed; its first and last count as 0
   * @param x - receives the values, shape (n)
   */
  inverse(re: Float64Array, im: Float64Array, x: Float64Array): void
}

/**
 * Make the Fourier transforms of real sequences of a length: each is a complex transform of half that.
 *
 * @remarks
 * **Error.** About 1e-16 of the root of the sum of squares; ten times that where half the length has a prime factor above 5.
 *
 * @param n - length of the sequences [1], even
 */
export function realFourier(n: number): RealFourier {
  const m = n / 2
  const { inRe, inIm, outRe, outIm, run } = complexFourier(m)
  const { cos, sin } = rootsOfUnity(n)
  return {
    forward(x, re, im) {
      for (let j = 0; j < m; j++) {
        inRe[j] = x[2 * j]!
        inIm[j] = x[2 * j + 1]!
      }
      run()
      re[0] = outRe[0]! + outIm[0]!
      re[m] = outRe[0]! - outIm[0]!
      im[0] = 0
      im[m] = 0
      for (let k = 1; k < m; k++) {
        // Even samples were the real parts, odd ones the imaginary parts.
        const evenRe = (outRe[k]! + outRe[m - k]!) / 2
        const evenIm = (outIm[k]! - outIm[m - k]!) / 2
        const oddRe = (outIm[k]! + outIm[m - k]!) / 2
        const oddIm = (outRe[m - k]! - outRe[k]!) / 2
        re[k] = evenRe + cos[k]! * oddRe + sin[k]! * oddIm
        im[k] = evenIm + cos[k]! * oddIm - sin[k]! * oddRe
      }
    },
    inverse(re, im, x) {
      inRe[0] = (re[0]! + re[m]!) / n
      inIm[0] = (re[m]! - re[0]!) / n
      for (let k = 1; k < m; k++) {
        const dRe = re[k]! - re[m - k]!
        const dIm = im[k]! + im[m - k]!
        const oddRe = cos[k]! * dRe - sin[k]! * dIm
        const oddIm = cos[k]! * dIm + sin[k]! * dRe
        // The conjugate, so that the forward transform inverts.
        inRe[k] = (re[k]! + re[m - k]! - oddIm) / n
        inIm[k] = -(im[k]! - im[m - k]! + oddRe) / n
      }
      run()
      for (let j = 0; j < m; j++) {
        x[2 * j] = outRe[j]!
        x[2 * j + 1] = -outIm[j]!
      }
    },
  }
}
