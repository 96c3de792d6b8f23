/**
 * Mean of a magnitude signal with Rician noise, in the unit of the signal.
 *
 * @remarks
 *     E[M] = σ·√(π/2)·L½(−A²/2σ²) = σ·√(π/2)·[(1 + 2x)·I0e(x) + 2x·I1e(x)],   x = A²/4σ²
 *
 * with I0e and I1e the Bessel functions times exp(−x).
 *
 * **Limits.** `A = 0` gives `σ·√(π/2)`, the floor; a large A gives `A + σ²/2A`.
 *
 * **Error.** Relative error under 1e-11.
 *
 * @param signal - signal without noise, A [a.u.], at least 0
 * @param sigma - standard deviation of the noise of each channel, σ [a.u.], above 0
 *
 * @see Gudbjartsson & Patz, Magn Reson Med 34:910 (1995), doi:10.1002/mrm.1910340618
 */
export function ricianMean(signal: number, sigma: number): number {
  const x = (signal * signal) / (4 * sigma * sigma)
  return sigma * Math.sqrt(Math.PI / 2) * ((1 + 2 * x) * scaledBessel(0, x) + 2 * x * scaledBessel(1, x))
}

/** I_order(x)·exp(−x), order 0 or 1: its series, or its asymptotic expansion from 20 on. */
function scaledBessel(order: 0 | 1, x: number): number {
  if (x < 20) {
    let term = order === 0 ? 1 : x / 2
    let sum = term
    for (let k = 1; k < 100; k++) {
      term *= (x * x) / (4 * k * (k + order))
      sum += term
      if (term < 1e-17 * sum) break
    }
    return sum * Math.exp(-x)
  }
  let term = 1
  let sum = 1
  for (let k = 1; k < 40; k++) {
    const odd = 2 * k - 1
    const next = (-term * (4 * order - odd * odd)) / (8 * k * x)
    if (Math.abs(next) >= Math.abs(term) || Math.abs(next) < 1e-17) break
    term = next
    sum += term
  }
  return sum / Math.sqrt(2 * Math.PI * x)
}
