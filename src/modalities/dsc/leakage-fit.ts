import { dot } from '../../numerics/dot.ts'
import { invertSymmetric } from '../../numerics/symmetric.ts'

/** A fit of the leakage equation that is made ready for a reference curve and used on many voxels; nothing is allocated per voxel. */
export interface LeakageFit {
  /** Fit a curve [1/s], shape (nVolume); false where it cannot be. */
  solve(curve: Float64Array): boolean
  /** Whether the last kep lies at the end of its range. */
  isAtBound(): boolean
  /** Set {@link LeakageFit.se} for the last solution. */
  errors(): void
  /** What the last {@link solve} found; all NaN where it found nothing. */
  readonly values: {
    /** [1] */
    K1: number
    /** [1/s] */
    K2: number
    /** [1/s]; 0 for unidirectional leakage. */
    kep: number
    /** What leakage took from the area under the curve, to be added to it [1]. */
    missing: number
  }
  /** Standard errors by the residuals; that of kep is NaN where nothing leaks that could return. */
  readonly se: {
    K1: number
    K2: number
    kep: number
    /** Of the area with what was missing [1]. */
    area: number
  }
}

/** Largest kep that is looked for, and the step of the search [1/s]. */
const KEP = { most: 0.05, step: 0.0025 } as const

/** Steps of the refinement of kep: each makes the interval 0.618 of what it was. */
const REFINEMENTS = 24
const GOLDEN = (Math.sqrt(5) - 1) / 2
/** Step by which the change with kep is taken [1/s]. */
const STEP = 1e-4

/**
 * Make a {@link LeakageFit}.
 *
 * @remarks
 *     ΔR2*(t) = K1 · R̄(t) − K2 · ∫₀ᵗ R̄(τ) · exp(−kep · (t − τ)) dτ
 *
 * with kep 0 for the unidirectional method. K1 and K2 are linear; kep is searched for between 0 and 0.05 1/s. The integral is
 * exact for a reference that is linear between its samples.
 *
 * Standard errors are by the residuals, which hold what is wrong with the model beside noise, and linear in all parameters.
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
  const values = { K1: NaN, K2: NaN, kep: NaN, missing: NaN }
  const se = { K1: NaN, K2: NaN, kep: NaN, area: NaN }
  const count = isBidirectional ? Math.round(KEP.most / KEP.step) + 1 : 1
  const integrals = Array.from({ length: count }, (_, at) => leaked(reference, dt, at * KEP.step, new Float64Array(n)))
  const own = new Float64Array(n)
  const [above, below] = [new Float64Array(n), new Float64Array(n)]
  /** Derivatives by K1, K2 and kep, shape (nParameter)(nVolume), and the areas under them. */
  const columns = [reference, new Float64Array(n), ...(isBidirectional ? [new Float64Array(n)] : [])]
  const areas = new Float64Array(3)
  const covariance = new Float64Array(9)
  const scale = new Float64Array(3)
  let rss = NaN
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
    rss = Math.max(0, cc - values.K1 * rc + values.K2 * pc)
    return rss
  }

  function search(curve: Float64Array): number {
    let best = 0
    let least = Infinity
    for (let at = 0; at < count; at++) {
      const sum = regress(curve, integrals[at]!)
      if (sum < least) [least, best] = [sum, at]
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

  /** Area under a curve in samples. */
  function areaOf(curve: Float64Array): number {
    let area = -(curve[0]! + curve[n - 1]!) / 2
    for (let k = 0; k < n; k++) area += curve[k]!
    return area
  }

  function errors(): void {
    const { K2, kep } = values
    const integral = isBidirectional ? leaked(reference, dt, kep, own) : integrals[0]!
    for (let k = 0; k < n; k++) columns[1]![k] = -integral[k]!
    if (isBidirectional) {
      const start = Math.max(0, kep - STEP)
      leaked(reference, dt, kep + STEP, above)
      leaked(reference, dt, start, below)
      for (let k = 0; k < n; k++) columns[2]![k] = (-K2 * (above[k]! - below[k]!)) / (kep + STEP - start)
    }
    const m = covarianceOf()
    const variance = rss / (n - m)
    const error = (q: number) => (q < m ? Math.sqrt(variance * covariance[q * m + q]!) : NaN)
    se.K1 = error(0)
    se.K2 = error(1)
    se.kep = error(2)
    // What is missing changes with K2 and kep; the area itself with the same samples as they do.
    for (let q = 0; q < m; q++) areas[q] = areaOf(columns[q]!)
    let sum = n - 1.5
    for (let q = 1; q < m; q++)
      for (let u = 0; u < m; u++) sum -= areas[q]! * covariance[q * m + u]! * ((u === 0 ? 2 : 1) * areas[u]!)
    se.area = dt * Math.sqrt(Math.max(0, variance * sum))
  }

  /** Set the inverse of the normal matrix; without the last column where the data do not tell it. Returns how many there are. */
  function covarianceOf(): number {
    for (let m = columns.length; m > 1; m--) {
      for (let q = 0; q < m; q++) for (let u = 0; u < m; u++) covariance[q * m + u] = dot(columns[q]!, columns[u]!, n)
      if (invertSymmetric(covariance, m, scale)) return m
    }
    return 0
  }

  return {
    values,
    se,
    errors,
    isAtBound: () => isBidirectional && !(values.kep < 0.999 * KEP.most),
    solve(curve) {
      values.kep = isBidirectional ? search(curve) : 0
      const integral = isBidirectional ? leaked(reference, dt, values.kep, own) : integrals[0]!
      regress(curve, integral)
      values.missing = values.K2 * areaOf(integral) * dt
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
