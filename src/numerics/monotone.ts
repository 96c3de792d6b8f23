/** A curve through samples, without overshoot; 0 before the first of them, the last value after the last. */
export interface MonotoneCurve {
  /**
   * Values, and where wanted slopes, at rising abscissae.
   *
   * @param x - abscissae, rising, shape (n)
   * @param offset - added to each of them
   * @param values - receives the values, shape (n)
   * @param slopes - receives the derivatives by x, shape (n); null where not wanted
   */
  sample(x: Float64Array, offset: number, values: Float64Array, slopes: Float64Array | null): void
}

/**
 * Piecewise cubic interpolation that keeps the order of the samples (PCHIP).
 *
 * @remarks
 * Hermite cubics whose slope at a sample is the weighted harmonic mean of the slopes beside it, 0 at a local extreme. So
 * there is no overshoot, a baseline of zeros stays zero, and the first derivative is continuous: unlike a straight line, it
 * can be differentiated by a shift of the abscissae.
 *
 * **Limits.** One sample is a constant, two are a straight line.
 *
 * **Error.** Third order in the spacing where the curve is monotone.
 *
 * @param x - rising abscissae, any unit, shape (n), n at least 1
 * @param y - values, any unit, shape (n)
 *
 * @see Fritsch & Butland, SIAM J Sci Stat Comput 5:300 (1984), doi:10.1137/0905021
 */
export function monotoneCurve(x: Float64Array, y: Float64Array): MonotoneCurve {
  const n = x.length
  const m = slopesOf(x, y)
  return {
    sample(at, offset, values, slopes) {
      let k = 0
      for (let i = 0; i < at.length; i++) {
        const t = at[i]! + offset
        while (k < n - 2 && t >= x[k + 1]!) k++
        let value = 0
        let slope = 0
        if (t >= x[n - 1]!) value = y[n - 1]!
        else if (t >= x[0]!) {
          const h = x[k + 1]! - x[k]!
          const s = t - x[k]!
          const d = (y[k + 1]! - y[k]!) / h
          const c = (3 * d - 2 * m[k]! - m[k + 1]!) / h
          const b = (m[k]! + m[k + 1]! - 2 * d) / (h * h)
          value = y[k]! + s * (m[k]! + s * (c + s * b))
          slope = m[k]! + s * (2 * c + 3 * s * b)
        }
        values[i] = value
        if (slopes !== null) slopes[i] = slope
      }
    },
  }
}

function slopesOf(x: Float64Array, y: Float64Array): Float64Array {
  const n = x.length
  const m = new Float64Array(n)
  const h = (k: number) => x[k + 1]! - x[k]!
  const d = (k: number) => (y[k + 1]! - y[k]!) / h(k)
  if (n < 2) return m
  if (n === 2) return m.fill(d(0))
  for (let k = 1; k < n - 1; k++) {
    if (!(d(k - 1) * d(k) > 0)) continue
    const before = 2 * h(k) + h(k - 1)
    const after = h(k) + 2 * h(k - 1)
    m[k] = (before + after) / (before / d(k - 1) + after / d(k))
  }
  m[0] = endSlope(h(0), h(1), d(0), d(1))
  m[n - 1] = endSlope(h(n - 2), h(n - 3), d(n - 2), d(n - 3))
  return m
}

/** Slope at an end from the parabola through three samples, kept from turning the curve around. */
function endSlope(h0: number, h1: number, d0: number, d1: number): number {
  const slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
  if (!(slope * d0 > 0)) return 0
  return d0 * d1 <= 0 && Math.abs(slope) > Math.abs(3 * d0) ? 3 * d0 : slope
}
