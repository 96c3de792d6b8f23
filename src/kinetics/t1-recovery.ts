import { invertSymmetric } from '../numerics/symmetric.ts'
import { FIT_STATUS } from './status.ts'
import { emptyFit, type RecoverySeries, T1_DEFAULTS, type T1Fit, type T1Settings } from './t1.ts'
import { rateSearch } from './t1-rate.ts'

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
