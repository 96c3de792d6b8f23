import { numberText } from './text.ts'

/** A straight axis: data to pixels, and where its ticks stand. */
export interface Scale {
  readonly low: number
  readonly high: number
  /** Pixel of a value. */
  at(value: number): number
  readonly ticks: readonly { readonly value: number; readonly label: string }[]
}

/**
 * Round values (1, 2 or 5 times a power of ten apart) within a range, with labels of the same number of decimals.
 *
 * @remarks The power of ten is read from the decimal text of the number, not from a logarithm: exact, and the same in
 * every version of Node.
 *
 * @param low - lower end
 * @param high - upper end, above `low`
 * @param about - how many ticks are wanted, roughly
 */
export function roundTicks(low: number, high: number, about: number): { value: number; label: string }[] {
  const rough = (high - low) / Math.max(1, about)
  if (!(rough > 0) || !Number.isFinite(rough)) return [{ value: low, label: numberText(low) }]
  const [mantissa = '1', power = '0'] = rough.toExponential(6).split('e')
  const exponent = Number(power)
  const lead = Number(mantissa)
  // Between two round steps the geometric mean decides, so that neither far more nor far fewer ticks come out.
  const factor = lead > 7.07 ? 10 : lead > 3.16 ? 5 : lead > 1.41 ? 2 : 1
  const step = Number(`${factor}e${exponent}`)
  const decimals = Math.max(0, factor === 10 ? -exponent - 1 : -exponent)
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const value = Number(((first + i) * step).toPrecision(12))
    const plain = Math.abs(value) < 1e6 && decimals <= 5
    return { value, label: plain && decimals > 0 ? value.toFixed(decimals).replace('-', '−') : numberText(value) }
  })
}

/**
 * A straight axis over a range of values; a range without extent is widened so that its one value stands in the middle.
 *
 * @param range - lowest and highest value
 * @param pixels - where those two stand
 * @param about - how many ticks are wanted, roughly
 */
export function straight(range: readonly [number, number], pixels: readonly [number, number], about: number): Scale {
  let [low, high] = range
  if (!(high > low)) {
    const half = Math.abs(low) / 10 || 0.5
    high = low + half
    low -= half
  }
  const [from, to] = pixels
  const at = (value: number) => from + ((value - low) / (high - low)) * (to - from)
  return { low, high, at, ticks: roundTicks(low, high, about) }
}

/** The lowest and the highest of the finite values; null where there is none. */
export function extent(values: Iterable<number | null>): [number, number] | null {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  return low <= high ? [low, high] : null
}

/** A range widened on both sides by a share of its length, so that no mark touches the frame. */
export function widened([low, high]: readonly [number, number], share = 0.05): [number, number] {
  const margin = (high - low) * share
  return [low - margin, high + margin]
}

/** A pixel with one digit after the point: finer is not seen, and costs bytes. */
export function pixel(value: number): number {
  return Math.round(value * 10) / 10
}

/**
 * The value below which a share of sorted values lies, interpolated between neighbours.
 *
 * @param sorted - finite values, rising, at least one
 * @param share - from 0 to 1
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below] ?? Number.NaN
  return low + ((sorted[below + 1] ?? low) - low) * (at - below)
}
