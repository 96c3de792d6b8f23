import { FIT_STATUS } from './status.ts'
import { T1_DEFAULTS, type T1Fit, type T1Settings } from './t1.ts'

/** Rounds of the fit of one rate at most. */
const ROUNDS = 60
/** Rate changes under this share end the search [1]. */
const SETTLED = 1e-10

/** The least squares of `S = M0·g(R1)` over the rate alone. */
export interface RateSearch {
  /** From a start (NaN: unknown) to the least sum of squares. */
  minimise(start: number): void
  /** The rate as it is, with the M0 that belongs to it. */
  take(R1: number): void
  /** Puts the last result into the maps. */
  store(fit: T1Fit, voxel: number): void
}

/**
 * Make a search.
 *
 * @param n - number of samples
 * @param S - samples, set before each search
 * @param settings - range of T1
 * @param model - sets g and dg/dR1 for a rate
 */
export function rateSearch(
  n: number,
  S: Float64Array,
  settings: Partial<T1Settings>,
  model: (R1: number, basis: Float64Array, slope: Float64Array) => void,
): RateSearch {
  const { range } = { ...T1_DEFAULTS, ...settings }
  const [low, high] = [1 / range[1], 1 / range[0]]
  const [g, h] = [new Float64Array(n), new Float64Array(n)]
  let [R1, M0, sse, isArrived] = [Number.NaN, Number.NaN, Number.NaN, false]
  let [gg, gh, hh, Sg, Sh] = [0, 0, 0, 0, 0]

  function evaluate(rate: number): number {
    model(rate, g, h)
    gg = gh = hh = Sg = Sh = 0
    let SS = 0
    for (let i = 0; i < n; i++) {
      gg += g[i]! * g[i]!
      gh += g[i]! * h[i]!
      hh += h[i]! * h[i]!
      Sg += S[i]! * g[i]!
      Sh += S[i]! * h[i]!
      SS += S[i]! * S[i]!
    }
    return SS - (Sg * Sg) / gg
  }

  /** The start with the least sum of squares, where none is known. */
  function guess(): number {
    let [best, least] = [low, Infinity]
    for (let k = 0; k <= 16; k++) {
      const rate = low * Math.exp((k / 16) * Math.log(high / low))
      const squares = evaluate(rate)
      if (squares < least) [best, least] = [rate, squares]
    }
    return best
  }

  return {
    take(rate) {
      R1 = rate
      isArrived = Number.isFinite(rate)
      sse = Math.max(evaluate(rate), 0)
      M0 = Sg / gg
    },
    minimise(start) {
      R1 = Math.min(Math.max(Number.isFinite(start) ? start : guess(), low), high)
      sse = evaluate(R1)
      isArrived = false
      for (let round = 0; round < ROUNDS && !isArrived; round++) {
        M0 = Sg / gg
        // Gauss-Newton of the projected problem: M0 is free, so the slope counts only as far as it is not along g.
        const curvature = M0 * (hh - (gh * gh) / gg)
        let step = (Sh - (Sg * gh) / gg) / curvature
        if (!Number.isFinite(step)) break
        let rate = R1
        let next = sse
        for (let halving = 0; halving < 20; halving++) {
          rate = Math.min(Math.max(R1 + step, low), high)
          next = evaluate(rate)
          if (next <= sse) break
          step /= 2
        }
        isArrived = Math.abs(rate - R1) <= SETTLED * R1 || next > sse
        if (next <= sse) {
          R1 = rate
          sse = next
        } else evaluate(R1)
      }
      M0 = Sg / gg
      sse = Math.max(sse, 0)
    },
    store(fit, v) {
      const isBound = R1 <= low || R1 >= high
      fit.status[v] = !isArrived ? FIT_STATUS.unconverged : isBound ? FIT_STATUS.bound : FIT_STATUS.good
      if (!isArrived) return
      fit.R1[v] = R1
      fit.T1[v] = 1 / R1
      fit.M0[v] = M0
      if (n < 3 || isBound) return
      const variance = sse / (n - 2)
      const determinant = gg * hh * M0 * M0 - gh * gh * M0 * M0
      fit.sd.R1[v] = Math.sqrt((variance * gg) / determinant)
      fit.sd.T1[v] = fit.sd.R1[v]! / (R1 * R1)
      fit.sd.M0[v] = Math.sqrt((variance * hh * M0 * M0) / determinant)
    },
  }
}
