import { invertSymmetric } from '../numerics/symmetric.ts'
import { FIT_STATUS } from './status.ts'

/** What a T1 fit gives; NaN where there is no estimate; shape (nVoxel) each. */
export interface T1Fit {
  /** Longitudinal relaxation time [s]. */
  readonly T1: Float64Array
  /** Its reciprocal [1/s]. */
  readonly R1: Float64Array
  /** Signal of fully relaxed magnetisation, unit of the signal. */
  readonly M0: Float64Array
  /** Standard errors; NaN where the fit leaves no degree of freedom. */
  readonly sd: { readonly T1: Float64Array; readonly R1: Float64Array; readonly M0: Float64Array }
  /** See `FIT_STATUS`. */
  readonly status: Uint8Array
}

/** What the T1 fits share. */
export interface T1Settings {
  /** Bounds of T1 [s]. */
  readonly range: readonly [number, number]
}

/** Defaults of {@link T1Settings}. */
export const T1_DEFAULTS: T1Settings = { range: [0.02, 10] }

/** Spoiled gradient-echo images of several flip angles. */
export interface FlipAngleSeries {
  /** Image after image, any unit, shape (nAngle × nVoxel). */
  readonly signals: Float32Array | Float64Array
  /** Nominal flip angles [rad], shape (nAngle). */
  readonly flipAngles: Float64Array
  /** Excitation repetition time, common to all [s]. */
  readonly repetitionTime: number
  /** Actual over nominal flip angle [1], shape (nVoxel); null for 1. */
  readonly b1: Float32Array | Float64Array | null
  /** Which voxels to fit, by index. */
  readonly voxels: Int32Array
}

/** Images at several times after an inversion or a saturation. */
export interface RecoverySeries {
  /** Image after image, any unit, shape (nTime × nVoxel). */
  readonly signals: Float32Array | Float64Array
  /** Time from the pulse to the excitation [s], shape (nTime). */
  readonly times: Float64Array
  /** Which voxels to fit, by index. */
  readonly voxels: Int32Array
}

/** The estimators of T1 from variable flip angles. */
export type VfaKind = 'linear' | 'weighted' | 'nonlinear'

/** Rounds of the weighted linear fit: after three it changes no more. */
const REWEIGHTED = 3
/** Rounds of the fit of one rate at most. */
const ROUNDS = 60
/** Rate changes under this share end the search [1]. */
const SETTLED = 1e-10

/**
 * Fit T1 and M0 to images of two or more flip angles.
 *
 * @remarks
 * `linear`, of Gupta and of DESPOT1: `S/sin α = E·S/tan α + M0·(1 − E)`, a line whose slope is `E = exp(−TR/T1)`; noise bends
 * it. `weighted`: the same with weights `(sin α/(1 − E·cos α))²`, iterated, which undo what the transformation does to the
 * noise. `nonlinear`: least squares of the signal itself over R1 alone, M0 following from it at each step (variable
 * projection), from the linear estimate. With two angles all three are the closed form.
 *
 * Actual flip angles are nominal ones times `b1`: T1 goes as about its square.
 *
 * **Assumes** ideal spoiling and a steady state.
 *
 * **Limits.** Status 4 where a signal is not above 0 or `b1` is no number; 3 where the line has no slope in (0, 1) and the
 * search finds no minimum; 2 at an end of the range. Standard errors need three angles.
 *
 * **Error.** OSIPI brain set within 5e-6 of the reference (nonlinear).
 *
 * @param kind - the estimator
 * @param series - images and angles
 * @param settings - range of T1
 *
 * @see Deoni et al., Magn Reson Med 49:515 (2003), doi:10.1002/mrm.10407
 * @see Chang et al., Magn Reson Med 60:496 (2008), doi:10.1002/mrm.21669
 */
export function fitVfa(kind: VfaKind, series: FlipAngleSeries, settings: Partial<T1Settings> = {}): T1Fit {
  const { signals, flipAngles, repetitionTime, b1, voxels } = series
  const n = flipAngles.length
  const nVoxel = signals.length / n
  const fit = emptyFit(nVoxel)
  const column = () => new Float64Array(n)
  const [S, sin, cos] = [column(), column(), column()]
  const line = { S, sin, cos }
  const search = rateSearch(n, S, settings, (R1, basis, slope) => {
    const E = Math.exp(-repetitionTime * R1)
    for (let i = 0; i < n; i++) {
      const below = 1 - E * cos[i]!
      basis[i] = (sin[i]! * (1 - E)) / below
      slope[i] = (repetitionTime * E * sin[i]! * (1 - cos[i]!)) / (below * below)
    }
  })
  for (let k = 0; k < voxels.length; k++) {
    const v = voxels[k]!
    const scale = b1 === null ? 1 : b1[v]!
    let isSound = scale > 0
    for (let i = 0; i < n; i++) {
      const angle = flipAngles[i]! * scale
      S[i] = signals[i * nVoxel + v]!
      sin[i] = Math.sin(angle)
      cos[i] = Math.cos(angle)
      isSound = isSound && S[i]! > 0 && S[i]! < Infinity
    }
    if (!isSound) {
      fit.status[v] = FIT_STATUS.noSignal
      continue
    }
    const E = lineSlope(line, n, kind === 'linear' ? 0 : REWEIGHTED)
    const start = E > 0 && E < 1 ? -Math.log(E) / repetitionTime : Number.NaN
    if (kind === 'nonlinear') search.minimise(start)
    else search.take(start)
    search.store(fit, v)
  }
  return fit
}

/** Slope of `S/sin α` over `S/tan α`, reweighted so many times; NaN where the points have no spread. */
function lineSlope(
  { S, sin, cos }: { readonly S: Float64Array; readonly sin: Float64Array; readonly cos: Float64Array },
  n: number,
  rounds: number,
): number {
  let E = Number.NaN
  for (let round = 0; round <= rounds; round++) {
    let [w, x, y, xx, xy] = [0, 0, 0, 0, 0]
    for (let i = 0; i < n; i++) {
      const root = round === 0 ? 1 : sin[i]! / (1 - E * cos[i]!)
      const weight = root * root
      const Y = S[i]! / sin[i]!
      const X = Y * cos[i]!
      w += weight
      x += weight * X
      y += weight * Y
      xx += weight * X * X
      xy += weight * X * Y
    }
    E = (w * xy - x * y) / (w * xx - x * x)
    if (!(E > 0 && E < 1)) return E
  }
  return E
}

/** The least squares of `S = M0·g(R1)` over the rate alone. */
interface RateSearch {
  /** From a start (NaN: unknown) to the least sum of squares. */
  minimise(start: number): void
  /** The rate as it is, with the M0 that belongs to it. */
  take(R1: number): void
  /** Puts the last result into the maps. */
  store(fit: T1Fit, voxel: number): void
}

/**
 * @param n - number of samples
 * @param S - samples, set before each search
 * @param settings - range of T1
 * @param model - sets g and dg/dR1 for a rate
 */
function rateSearch(
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

function emptyFit(nVoxel: number): T1Fit {
  const map = () => new Float64Array(nVoxel).fill(Number.NaN)
  return {
    T1: map(),
    R1: map(),
    M0: map(),
    sd: { T1: map(), R1: map(), M0: map() },
    status: new Uint8Array(nVoxel),
  }
}

/**
 * Fit T1 and M0 to a saturation recovery.
 *
 * @remarks
 *     S = M0·(1 − exp(−t/T1))
 *
 * by least squares over the rate alone, M0 following.
 *
 * **Assumes** a perfect saturation.
 *
 * **Limits.** As {@link fitVfa}.
 *
 * @param series - images and times
 * @param settings - range of T1
 */
export function fitSaturationRecovery(series: RecoverySeries, settings: Partial<T1Settings> = {}): T1Fit {
  const { signals, times, voxels } = series
  const n = times.length
  const nVoxel = signals.length / n
  const fit = emptyFit(nVoxel)
  const S = new Float64Array(n)
  const search = rateSearch(n, S, settings, (R1, basis, slope) => {
    for (let i = 0; i < n; i++) {
      const E = Math.exp(-times[i]! * R1)
      basis[i] = 1 - E
      slope[i] = times[i]! * E
    }
  })
  for (let k = 0; k < voxels.length; k++) {
    const v = voxels[k]!
    let isSound = true
    for (let i = 0; i < n; i++) {
      S[i] = signals[i * nVoxel + v]!
      isSound = isSound && S[i]! > 0 && S[i]! < Infinity
    }
    if (!isSound) {
      fit.status[v] = FIT_STATUS.noSignal
      continue
    }
    search.minimise(Number.NaN)
    search.store(fit, v)
  }
  return fit
}

/**
 * Fit T1, M0 and the depth of the inversion to an inversion recovery.
 *
 * @remarks
 *     S = |a + b·exp(−TI/T1)|,   M0 = a
 *
 * by least squares over the rate alone, a and b following. Of a magnitude the sign is restored: the images before the smallest
 * one are turned around, the smallest itself both ways, and the least sum of squares counts.
 *
 * **Assumes** a repetition time of some 5 T1, or an inversion whose depth `−b/a` takes up what is lost.
 *
 * **Limits.** Four images or more; status 4 where all signals are 0 or one is no number; standard errors need five images of a
 * magnitude whose polarity is not in doubt, and are those of the restored signal.
 *
 * @param series - images and times; `isMagnitude` false where the signal has its sign
 * @param settings - range of T1
 *
 * @see Barral et al., Magn Reson Med 64:1057 (2010), doi:10.1002/mrm.22497
 */
export function fitInversionRecovery(
  series: RecoverySeries & { readonly isMagnitude: boolean },
  settings: Partial<T1Settings> = {},
): T1Fit {
  const { signals, times, voxels, isMagnitude } = series
  const { range } = { ...T1_DEFAULTS, ...settings }
  const n = times.length
  const nVoxel = signals.length / n
  const fit = emptyFit(nVoxel)
  const order = Array.from(times.keys()).sort((x, y) => times[x]! - times[y]!)
  const [S, signed, best] = [new Float64Array(n), new Float64Array(n), new Float64Array(4)]
  for (let k = 0; k < voxels.length; k++) {
    const v = voxels[k]!
    let [isSound, least] = [false, 0]
    for (let i = 0; i < n; i++) {
      S[i] = signals[order[i]! * nVoxel + v]!
      if (S[i] !== 0) isSound = true
      if (S[i]! < S[least]!) least = i
    }
    if (!isSound || !S.every(Number.isFinite)) {
      fit.status[v] = FIT_STATUS.noSignal
      continue
    }
    best.fill(Number.NaN)
    let sse = Infinity
    for (const turned of isMagnitude ? [least, least + 1] : [0]) {
      for (let i = 0; i < n; i++) signed[i] = i < turned ? -S[i]! : S[i]!
      const found = recoveryRate(signed, order, times, range, best, sse)
      sse = Math.min(sse, found)
    }
    storeRecovery(fit, v, best, sse, signed, order, times, range)
  }
  return fit
}

/** Least squares of `a + b·exp(−t·R1)` over the rate by a search that narrows; `best` receives rate, a and b where it is better. */
function recoveryRate(
  S: Float64Array,
  order: readonly number[],
  times: Float64Array,
  range: readonly [number, number],
  best: Float64Array,
  known: number,
): number {
  const n = S.length
  let [low, high] = [Math.log(1 / range[1]), Math.log(1 / range[0])]
  const at = (logRate: number, out: Float64Array | null): number => {
    const R1 = Math.exp(logRate)
    let [e, ee, s, se, ss] = [0, 0, 0, 0, 0]
    for (let i = 0; i < n; i++) {
      const E = Math.exp(-times[order[i]!]! * R1)
      e += E
      ee += E * E
      s += S[i]!
      se += S[i]! * E
      ss += S[i]! * S[i]!
    }
    const b = (n * se - e * s) / (n * ee - e * e)
    const a = (s - b * e) / n
    out?.set([R1, a, b])
    return Math.max(ss - a * s - b * se, 0)
  }
  let [where, sse] = [low, Infinity]
  const COARSE = 32
  for (let k = 0; k <= COARSE; k++) {
    const logRate = low + ((high - low) * k) / COARSE
    const squares = at(logRate, null)
    if (squares < sse) [where, sse] = [logRate, squares]
  }
  const width = (high - low) / COARSE
  ;[low, high] = [Math.max(where - width, low), Math.min(where + width, high)]
  // Golden section down to the precision of the sum of squares.
  const GOLDEN = 0.6180339887498949
  let [x, y] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
  let [fx, fy] = [at(x, null), at(y, null)]
  while (high - low > 1e-9) {
    if (fx < fy) {
      high = y
      y = x
      fy = fx
      x = high - GOLDEN * (high - low)
      fx = at(x, null)
    } else {
      low = x
      x = y
      fx = fy
      y = low + GOLDEN * (high - low)
      fy = at(y, null)
    }
  }
  where = (low + high) / 2
  sse = at(where, null)
  if (sse < known) at(where, best)
  return sse
}

function storeRecovery(
  fit: T1Fit,
  v: number,
  best: Float64Array,
  sse: number,
  S: Float64Array,
  order: readonly number[],
  times: Float64Array,
  range: readonly [number, number],
): void {
  const [R1, a, b] = [best[0]!, best[1]!, best[2]!]
  const n = S.length
  const isBound = R1 * range[1] < 1 + 1e-6 || R1 * range[0] > 1 - 1e-6
  if (!Number.isFinite(R1)) {
    fit.status[v] = FIT_STATUS.unconverged
    return
  }
  fit.status[v] = isBound ? FIT_STATUS.bound : FIT_STATUS.good
  fit.R1[v] = R1
  fit.T1[v] = 1 / R1
  fit.M0[v] = a
  if (n < 4 || isBound) return
  const M = new Float64Array(9)
  for (let i = 0; i < n; i++) {
    const t = times[order[i]!]!
    const E = Math.exp(-t * R1)
    const J = [-b * t * E, 1, E]
    for (let r = 0; r < 3; r++) for (let c = 0; c < 3; c++) M[3 * r + c]! += J[r]! * J[c]!
  }
  if (!invertSymmetric(M, 3, new Float64Array(3))) return
  const variance = sse / (n - 3)
  fit.sd.R1[v] = Math.sqrt(variance * M[0]!)
  fit.sd.T1[v] = fit.sd.R1[v]! / (R1 * R1)
  fit.sd.M0[v] = Math.sqrt(variance * M[4]!)
}
