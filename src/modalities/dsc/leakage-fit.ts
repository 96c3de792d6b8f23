/** A fit of the leakage equation that is made ready for a reference curve and used on many voxels; nothing is allocated per voxel. */
export interface LeakageFit {
  /** Fit a curve [1/s], shape (nVolume); false where it cannot be. */
  solve(curve: Float64Array): boolean
  /** Whether the last kep lies at the end of its range. */
  isAtBound(): boolean
  /** What the last {@link solve} found; all NaN where it found nothing. */
  readonly values: {
    /** [1] */
    K1: number
    /** [1/s] */
    K2: number
    /** Standard error of K2, by the residuals, for the kep that was found [1/s]. */
    K2Error: number
    /** [1/s]; 0 for unidirectional leakage. */
    kep: number
    /** What leakage took from the area under the curve, to be added to it [1]. */
    missing: number
  }
}

/** Largest kep that is looked for, and the step of the search [1/s]. */
const KEP = { most: 0.05, step: 0.0025 } as const

/** Steps of the refinement of kep: each makes the interval 0.618 of what it was. */
const REFINEMENTS = 24
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * Make a {@link LeakageFit}.
 *
 * @remarks
 *     ΔR2*(t) = K1 · R̄(t) − K2 · ∫₀ᵗ R̄(τ) · exp(−kep · (t − τ)) dτ
 *
 * with kep 0 for the unidirectional method. K1 and K2 are linear; kep is searched for between 0 and 0.05 1/s. The integral is
 * exact for a reference that is linear between its samples.
 *
 * @param reference - mean curve of tissue that does not enhance, R̄ [1/s], shape (nVolume)
 * @param dt - time between volumes [s]
 * @param isBidirectional - whether leaked agent returns
 *
 * @see Boxerman et al., AJNR Am J Neuroradiol 27:859 (2006)
 * @see Leu et al., AJNR Am J Neuroradiol 37:1440 (2016), doi:10.3174/ajnr.A4759
 */
export function leakageFit(reference: Float64Array, dt: number, isBidirectional: boolean): LeakageFit {
  const n = reference.length
  const values = { K1: NaN, K2: NaN, K2Error: NaN, kep: NaN, missing: NaN }
  const count = isBidirectional ? Math.round(KEP.most / KEP.step) + 1 : 1
  const integrals = Array.from({ length: count }, (_, at) => leaked(reference, dt, at * KEP.step, new Float64Array(n)))
  const own = new Float64Array(n)
  let rr = 0
  for (let k = 0; k < n; k++) rr += reference[k]! * reference[k]!

  /** Least squares with a given integral; returns the residual sum of squares. */
  function regress(curve: Float64Array, integral: Float64Array): number {
    let [rp, pp, rc, pc, cc] = [0, 0, 0, 0, 0]
    for (let k = 0; k < n; k++) {
      const c = curve[k]!
      rp += reference[k]! * integral[k]!
      pp += integral[k]! * integral[k]!
      rc += reference[k]! * c
      pc += integral[k]! * c
      cc += c * c
    }
    const det = rr * pp - rp * rp
    values.K1 = (pp * rc - rp * pc) / det
    values.K2 = (rp * rc - rr * pc) / det
    const rss = Math.max(0, cc - values.K1 * rc + values.K2 * pc)
    values.K2Error = Math.sqrt(((rss / (n - 2)) * rr) / det)
    return rss
  }

  function search(curve: Float64Array): number {
    let best = 0
    let least = Infinity
    for (let at = 0; at < count; at++) {
      const rss = regress(curve, integrals[at]!)
      if (rss < least) [least, best] = [rss, at]
    }
    let low = Math.max(0, best - 1) * KEP.step
    let high = Math.min(count - 1, best + 1) * KEP.step
    const at = (kep: number) => regress(curve, leaked(reference, dt, kep, own))
    let [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
    let [fa, fb] = [at(a), at(b)]
    for (let step = 0; step < REFINEMENTS; step++) {
      if (fa < fb) {
        high = b
        ;[b, fb] = [a, fa]
        a = high - GOLDEN * (high - low)
        fa = at(a)
      } else {
        low = a
        ;[a, fa] = [b, fb]
        b = low + GOLDEN * (high - low)
        fb = at(b)
      }
    }
    return (low + high) / 2
  }

  return {
    values,
    isAtBound: () => isBidirectional && !(values.kep < 0.999 * KEP.most),
    solve(curve) {
      values.kep = isBidirectional ? search(curve) : 0
      const integral = isBidirectional ? leaked(reference, dt, values.kep, own) : integrals[0]!
      regress(curve, integral)
      let area = -(integral[0]! + integral[n - 1]!) / 2
      for (let k = 0; k < n; k++) area += integral[k]!
      values.missing = values.K2 * area * dt
      return Number.isFinite(values.missing)
    },
  }
}

/** ∫₀ᵗ R̄(τ)·exp(−kep·(t − τ)) dτ, exact for a curve that is linear between its samples [1]. */
function leaked(reference: Float64Array, dt: number, kep: number, out: Float64Array): Float64Array {
  const x = kep * dt
  const e = Math.exp(-x)
  // The series where the quotients would lose their digits.
  const mean = x < 1e-3 ? 1 - x / 2 + (x * x) / 6 : (1 - e) / x
  const late = x < 1e-3 ? 1 / 2 - x / 6 + (x * x) / 24 : (1 - mean) / x
  const early = mean - late
  out[0] = 0
  for (let k = 1; k < out.length; k++)
    out[k] = e * out[k - 1]! + dt * (early * reference[k - 1]! + late * reference[k]!)
  return out
}
