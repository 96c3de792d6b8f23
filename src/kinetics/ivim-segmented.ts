import { bloodSearch } from './ivim-blood.ts'
import { emptyLinearised, propagate } from './ivim-error.ts'
import { type IvimScheme, type IvimSettings, type Kernel, SLOT, STATUS } from './ivim-scheme.ts'
import { tissueFit } from './ivim-tissue.ts'

/**
 * The segmented fit: D and f from high b, then D* with both fixed.
 *
 * @remarks
 * With `y = S / mean of S at b = 0`:
 *
 *     (D, A) = argmin Σ_high (y − A·exp(−b·D))²,   f = 1 − A in [0, 1]
 *     D*     = argmin Σ_all (y − (1 − f)·exp(−b·D) − f·exp(−b·D*))²
 *
 * D* is looked for on 12 nodes even in its logarithm, then by Newton's method in ln D* between the neighbours of the best.
 *
 * **Limits.** `f ≤ smallestFraction` (0.01) leaves D* undefined (status 5). D* is not under 1.5 D. Without a low b this is
 * simplified IVIM, D and f only. A parameter at a bound keeps its value with status 2 and has no standard error.
 *
 * **Error.** Noise-free: the bias of the first step, see {@link tissueFit}; D* 28 % high at 10e-3 mm²/s with b ≥ 200, 13 %
 * with b > 200. Standard errors are within 15 % of the spread where that is under 30 %.
 *
 * @param scheme - the b-values
 * @param settings - thresholds and ranges
 */
export function segmentedKernel(scheme: IvimScheme, settings: IvimSettings): Kernel {
  const { t, root, zero, share, hasDstar: wantsDstar } = scheme
  const n = t.length
  const tissue = tissueFit(scheme, settings)
  const search = bloodSearch(scheme, settings)
  const linearised = emptyLinearised(n)
  const { model, estimate } = linearised
  const rest = new Float64Array(n)
  const decay = new Float64Array(n)

  return (y, noise, out) => {
    out.fill(Number.NaN)
    if (!tissue.fit(y)) return STATUS.noSignal
    const { d } = tissue
    const f = Math.min(Math.max(1 - tissue.A, 0), 1)
    const hasBlood = wantsDstar && f > settings.smallestFraction
    for (let i = 0; i < n; i++) {
      decay[i] = root[i]! * Math.exp(-t[i]! * d)
      rest[i] = y[i]! - (1 - f) * decay[i]!
    }
    const v = hasBlood ? search.find(rest, f, d) : Number.NaN
    const isFixed = !hasBlood || search.isAtBound
    out[SLOT.S0] = 1
    out[SLOT.D] = d / 1000
    out[SLOT.f] = f
    out[SLOT.Dstar] = Math.exp(v) / 1000
    out[SLOT.fDstar] = f * out[SLOT.Dstar]!
    errors(y, noise, out, f, v, isFixed)
    const isFractionFixed = f <= 0 || f >= 1
    if (tissue.isAtBound) out[SLOT.error + 1] = Number.NaN
    if (isFractionFixed) out[SLOT.error + 2] = Number.NaN
    if (isFixed) out.fill(Number.NaN, SLOT.error + 3, SLOT.error + 5)
    if (tissue.isAtBound) return STATUS.bound
    if (wantsDstar && !hasBlood) return STATUS.undefined
    return isFractionFixed || (hasBlood && isFixed) ? STATUS.bound : STATUS.good
  }

  /** How each estimate answers to each sample, and from it the standard errors. */
  function errors(y: Float64Array, noise: number, out: Float64Array, f: number, v: number, isFixed: boolean): void {
    tissue.influence()
    const isFractionFixed = f <= 0 || f >= 1
    const s = Number.isNaN(v) ? Infinity : Math.exp(v)
    let ww = 0
    let w0 = 0
    let w1 = 0
    let w2 = 0
    for (let i = 0; i < n; i++) {
      const e = decay[i]!
      const q = s === Infinity ? (t[i]! <= 0.005 ? root[i]! : 0) : root[i]! * Math.exp(-t[i]! * s)
      const w = isFixed ? 0 : -f * t[i]! * s * q
      const m = (1 - f) * e + f * q
      model[i] = m
      model[n + i] = -(1 - f) * t[i]! * e
      model[2 * n + i] = isFractionFixed ? 0 : q - e
      model[3 * n + i] = w
      ww += w * w
      w0 += w * m
      w1 += w * model[n + i]!
      w2 += w * (q - e)
      rest[i] = y[i]! - m
      estimate[i] = 0
      estimate[2 * n + i] = isFractionFixed ? 0 : -tissue.gA[i]!
    }
    for (let k = 0; k < zero.length; k++) {
      estimate[zero[k]!] = share[k]!
      if (!isFractionFixed) estimate[2 * n + zero[k]!]! += (1 - f) * share[k]!
    }
    for (let i = 0; i < n; i++) {
      estimate[n + i] = tissue.gd[i]!
      const g = model[3 * n + i]! - w0 * estimate[i]! - w1 * tissue.gd[i]! - w2 * estimate[2 * n + i]!
      estimate[3 * n + i] = isFixed ? 0 : g / ww
    }
    propagate(out, linearised, rest, noise)
  }
}
