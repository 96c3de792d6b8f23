/**
 * Mean of the values; NaN of none.
 *
 * @param values - the values, any unit, shape (n)
 */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/**
 * Variance of the values about their mean, in two passes; NaN where `n ≤ ddof`.
 *
 * @param values - the values, any unit, shape (n)
 * @param ddof - delta degrees of freedom [1]: the sum of squares is divided by `n − ddof`; 1 is the unbiased estimate
 */
export function variance(values: ArrayLike<number>, ddof = 1): number {
  const n = values.length
  if (n <= ddof) return Number.NaN
  const centre = mean(values)
  let squares = 0
  for (let i = 0; i < n; i++) {
    const d = values[i]! - centre
    squares += d * d
  }
  return squares / (n - ddof)
}

/**
 * Standard deviation of the values; NaN where `n ≤ ddof`.
 *
 * @param values - the values, any unit, shape (n)
 * @param ddof - delta degrees of freedom [1], see {@link variance}
 */
export function standardDeviation(values: ArrayLike<number>, ddof = 1): number {
  return Math.sqrt(variance(values, ddof))
}

/**
 * Quantile of values that are sorted already, of Hyndman and Fan's type 7 (linear between order statistics); NaN of none.
 *
 * @param sorted - the values in rising order, any unit, shape (n)
 * @param p - probability [1], in [0, 1]
 */
export function quantileSorted(sorted: ArrayLike<number>, p: number): number {
  const n = sorted.length
  if (n === 0) return Number.NaN
  const h = (n - 1) * p
  const below = Math.floor(h)
  const low = sorted[below]!
  return below + 1 < n ? low + (h - below) * (sorted[below + 1]! - low) : low
}

/**
 * Quantile of values in any order, of type 7; the values are not changed.
 *
 * @param values - the values, any unit, shape (n); without NaN
 * @param p - probability [1], in [0, 1]
 */
export function quantile(values: ArrayLike<number>, p: number): number {
  const n = values.length
  if (n === 0) return Number.NaN
  const free = new Float64Array(n)
  free.set(values)
  const h = (n - 1) * p
  const below = Math.floor(h)
  const low = select(free, below)
  if (below + 1 >= n) return low
  // What is above the selected one is not smaller: the next in order is the least of it.
  let next = Number.POSITIVE_INFINITY
  for (let at = below + 1; at < n; at++) if (free[at]! < next) next = free[at]!
  return low + (h - below) * (next - low)
}

/** The value that would stand at an index if the values were sorted; smaller ones are moved before it, larger ones behind. */
function select(values: Float64Array, index: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const pivot = values[(low + high) >> 1]!
    let i = low
    let j = high
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i <= j) {
        const kept = values[i]!
        values[i++] = values[j]!
        values[j--] = kept
      }
    }
    if (index <= j) high = j
    else if (index >= i) low = i
    else break
  }
  return values[index]!
}

/**
 * Median of the values; NaN of none.
 *
 * @param values - the values, any unit, shape (n); without NaN
 */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 1 / 2)
}

/**
 * Median absolute deviation from the median, not scaled; NaN of none.
 *
 * @remarks
 * `MAD / 0.6745` estimates the standard deviation of normal values and ignores up to half of them being outliers.
 *
 * @param values - the values, any unit, shape (n); without NaN
 */
export function medianAbsoluteDeviation(values: ArrayLike<number>): number {
  const centre = median(values)
  return median(Float64Array.from(values, value => Math.abs(value - centre)))
}

/**
 * Pearson's correlation coefficient [1]; NaN where either side does not vary.
 *
 * @param a - values of one quantity, any unit, shape (n)
 * @param b - values of the other, any unit, shape (n)
 */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const ma = mean(a)
  const mb = mean(b)
  let aa = 0
  let bb = 0
  let ab = 0
  for (let i = 0; i < a.length; i++) {
    const da = a[i]! - ma
    const db = b[i]! - mb
    aa += da * da
    bb += db * db
    ab += da * db
  }
  return ab / Math.sqrt(aa * bb)
}
