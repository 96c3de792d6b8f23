/**
 * `x` to the power `y`, the same to the last bit on every version of Node.
 *
 * @remarks
 *     xʸ = exp(y · ln x)
 *
 * `Math.pow` and `**` give other last bits on Node 20 than on 24; `exp` and `log` do not. Nothing else in the program
 * raises to a power that is not a whole number.
 *
 * **Limits.** `x = 0` gives 0 for `y > 0` and 1 for `y = 0`; a negative `x` gives NaN.
 *
 * **Error.** Relative error at most about `|y · ln x|` × 1e-16.
 *
 * @param x - the base [1], at least 0
 * @param y - the exponent [1]
 */
export function power(x: number, y: number): number {
  if (y === 0) return 1
  return x === 0 ? 0 : Math.exp(y * Math.log(x))
}

/**
 * `x` to a whole power, by repeated multiplication.
 *
 * @param x - the base [1]
 * @param n - the exponent [1], a whole number of at least 0
 */
export function wholePower(x: number, n: number): number {
  let product = 1
  for (let i = 0; i < n; i++) product *= x
  return product
}
