/** Arguments are brought above this before the expansion is used. */
const LARGE = 8

/**
 * Digamma function, the derivative of ln Γ [1].
 *
 * @remarks
 *     ψ(x) = ψ(x + 1) − 1/x;   from 8 on  ψ(x) = ln x − 1/2x − 1/12x² + 1/120x⁴ − 1/252x⁶ + 1/240x⁸ − 1/132x¹⁰
 *
 * **Error.** Absolute error under 1e-12.
 *
 * @param x - argument [1], above 0
 */
export function digamma(x: number): number {
  let shift = 0
  let y = x
  for (; y < LARGE; y++) shift += 1 / y
  const r = 1 / (y * y)
  return Math.log(y) - 1 / (2 * y) - r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r / 132)))) - shift
}

/**
 * Trigamma function, the derivative of {@link digamma} [1].
 *
 * @remarks
 *     ψ′(x) = ψ′(x + 1) + 1/x²;   from 8 on  ψ′(x) = 1/x + 1/2x² + 1/6x³ − 1/30x⁵ + 1/42x⁷ − 1/30x⁹ + 5/66x¹¹
 *
 * **Error.** Absolute error under 1e-11.
 *
 * @param x - argument [1], above 0
 */
export function trigamma(x: number): number {
  let shift = 0
  let y = x
  for (; y < LARGE; y++) shift += 1 / (y * y)
  const r = 1 / (y * y)
  return (1 + 1 / (2 * y) + r * (1 / 6 - r * (1 / 30 - r * (1 / 42 - r * (1 / 30 - (r * 5) / 66))))) / y + shift
}

/** ln √(2π) */
const HALF_LOG_TWO_PI = 0.9189385332046727

/**
 * Logarithm of the gamma function [1].
 *
 * @remarks
 *     ln Γ(x) = ln Γ(x + 1) − ln x;   from 8 on  ln Γ(x) = (x − ½)·ln x − x + ln √2π + 1/12x − 1/360x³ + 1/1260x⁵ − 1/1680x⁷ + 1/1188x⁹ − 691/360360x¹¹
 *
 * **Error.** Absolute error under 1e-12 up to 100.
 *
 * @param x - argument [1], above 0
 */
export function logGamma(x: number): number {
  let product = 1
  let y = x
  for (; y < LARGE; y++) product *= y
  const r = 1 / (y * y)
  const tail = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360360))))) / y
  return (y - 1 / 2) * Math.log(y) - y + HALF_LOG_TWO_PI + tail - Math.log(product)
}
