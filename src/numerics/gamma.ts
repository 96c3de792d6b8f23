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
