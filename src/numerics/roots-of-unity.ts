/** Cosine and sine of 2πk/n for k from 0 to n − 1 [1], shape (n) each. */
export interface RootsOfUnity {
  readonly cos: Float64Array
  readonly sin: Float64Array
}

/** An eighth of a turn [rad]. */
const OCTANT = Math.PI / 4

/** Sine for an angle of at most an eighth of a turn [rad]. */
function smallSine(x: number): number {
  let sum = 0
  for (let k = 19; k >= 3; k -= 2) sum = (1 + sum) * ((-x * x) / (k * (k - 1)))
  return x * (1 + sum)
}

/** Cosine for an angle of at most an eighth of a turn [rad]. */
function smallCosine(x: number): number {
  let sum = 0
  for (let k = 18; k >= 2; k -= 2) sum = (1 + sum) * ((-x * x) / (k * (k - 1)))
  return 1 + sum
}

/**
 * The n-th roots of unity.
 *
 * @remarks
 * From power series of an angle that whole numbers have brought under an eighth of a turn: `Math.sin` and `Math.cos` have
 * other last bits on other versions of Node, sums and products do not.
 *
 * **Error.** Under 2e-16. Multiples of a quarter turn are exact.
 *
 * @param n - how many [1], at least 1
 */
export function rootsOfUnity(n: number): RootsOfUnity {
  const cos = new Float64Array(n)
  const sin = new Float64Array(n)
  for (let k = 0; k < n; k++) {
    const octant = Math.floor((8 * k) / n)
    const rest = 8 * k - octant * n
    // Odd octants are measured back from their end, so that the angle stays at the axis it is nearest to.
    const x = (octant % 2 === 0 ? rest / n : (n - rest) / n) * OCTANT
    const c = smallCosine(x)
    const s = smallSine(x)
    const quarter = ((octant + 1) >> 1) % 4
    const y = octant % 2 === 0 ? s : -s
    cos[k] = quarter === 0 ? c : quarter === 1 ? -y : quarter === 2 ? -c : y
    sin[k] = quarter === 0 ? y : quarter === 1 ? c : quarter === 2 ? -y : -c
  }
  return { cos, sin }
}

/**
 * Cosine and sine of an angle [1].
 *
 * @remarks
 * From the same series, and so with the same bits everywhere. **Error.** Under 1e-15 for angles of a few turns.
 *
 * @param angle - the angle [rad]
 */
export function cosineAndSine(angle: number): { readonly cos: number; readonly sin: number } {
  const quarter = Math.round(angle / (2 * OCTANT))
  const rest = angle - quarter * 2 * OCTANT
  const [c, s] = [smallCosine(rest), smallSine(rest)]
  const [cos, sin] = [[c, s] as const, [-s, c] as const, [-c, -s] as const, [s, -c] as const][((quarter % 4) + 4) % 4]!
  return { cos, sin }
}
