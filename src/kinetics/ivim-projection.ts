import type { IvimScheme } from './ivim-scheme.ts'

/** Two exponentials with the amplitudes that fit a voxel best, and what a step from there needs. */
export interface Projection {
  /** Amplitude of tissue, S0·(1 − f), unit of the signal. */
  A: number
  /** Amplitude of blood, S0·f, unit of the signal. */
  B: number
  /** Residual sum of squares, unit of the signal squared. */
  rss: number
  /** Matrix of a step in (d, v), its three entries: Newton's, or Gauss–Newton's where that is not positive definite. */
  hdd: number
  hdv: number
  hvv: number
  /** Its right-hand side, downhill. */
  gd: number
  gv: number
}

/** A new {@link Projection} of nothing. */
export function emptyProjection(): Projection {
  return { A: Number.NaN, B: Number.NaN, rss: Number.NaN, hdd: 0, hdv: 0, hvv: 0, gd: 0, gv: 0 }
}

/**
 * Project a voxel onto two exponentials; false where the best amplitudes are not both above 0.
 *
 * @remarks
 * `y ≈ A·exp(−t·d) + B·exp(−t·s)`, `s = exp(v)`: A and B solve a 2 × 2 linear system. The matrix of the step is the second
 * derivative of the least residual over A and B, `H_θθ − H_θa·H_aa⁻¹·H_aθ`; where it is not positive definite, the same
 * without the terms that hold residuals (Kaufman's approximation).
 *
 * @param into - receives amplitudes, residual and normal equations
 * @param y - signal of the voxel times the roots, shape (nB)
 * @param scheme - b-values, and roots of the weights, which the curves are multiplied by
 * @param d - D [1e-3 mm²/s]
 * @param v - ln D* [ln of 1e-3 mm²/s]
 * @param work - working memory, shape (2 × nB)
 *
 * @see Kaufman, BIT 15:49 (1975), doi:10.1007/BF01932995
 */
export function project(
  into: Projection,
  y: Float64Array,
  { t, root }: IvimScheme,
  d: number,
  v: number,
  work: Float64Array,
): boolean {
  const n = t.length
  const s = Math.exp(v)
  let ee = 0
  let eq = 0
  let qq = 0
  let ye = 0
  let yq = 0
  let tee = 0
  let teq = 0
  let tqq = 0
  let ttee = 0
  let tteq = 0
  let ttqq = 0
  for (let i = 0; i < n; i++) {
    const x = t[i]!
    const z = y[i]!
    const e = root[i]! * Math.exp(-x * d)
    const q = root[i]! * Math.exp(-x * s)
    work[i] = e
    work[n + i] = q
    const xe = x * e
    const xq = x * q
    ee += e * e
    eq += e * q
    qq += q * q
    ye += z * e
    yq += z * q
    tee += xe * e
    teq += xe * q
    tqq += xq * q
    ttee += xe * xe
    tteq += xe * xq
    ttqq += xq * xq
  }
  const determinant = ee * qq - eq * eq
  const A = (ye * qq - yq * eq) / determinant
  const B = (yq * ee - ye * eq) / determinant
  if (!(A > 0 && B > 0 && determinant > 0)) return false
  let rss = 0
  let re = 0
  let rq = 0
  let rre = 0
  let rrq = 0
  for (let i = 0; i < n; i++) {
    const x = t[i]!
    const e = work[i]!
    const q = work[n + i]!
    const r = y[i]! - A * e - B * q
    const rx = r * x
    rss += r * r
    re += rx * e
    rq += rx * q
    rre += rx * x * e
    rrq += rx * x * q
  }
  const Bs = B * s
  into.A = A
  into.B = B
  into.rss = rss
  into.gd = -A * re
  into.gv = -Bs * rq
  // How the slopes in d and v change with A and B, and with each other.
  const dA = re - A * tee
  const dB = -A * teq
  const vA = -Bs * teq
  const vB = s * rq - Bs * tqq
  const hdd = A * A * ttee - A * rre - (dA * dA * qq - 2 * dA * dB * eq + dB * dB * ee) / determinant
  const hdv = A * Bs * tteq - (dA * vA * qq - (dA * vB + dB * vA) * eq + dB * vB * ee) / determinant
  const hvv = Bs * Bs * ttqq + Bs * (rq - s * rrq) - (vA * vA * qq - 2 * vA * vB * eq + vB * vB * ee) / determinant
  if (hdd > 0 && hvv > 0 && hdd * hvv - hdv * hdv > 1e-3 * hdd * hvv) {
    into.hdd = hdd
    into.hdv = hdv
    into.hvv = hvv
  } else {
    into.hdd = A * A * (ttee - (tee * tee * qq - 2 * tee * teq * eq + teq * teq * ee) / determinant)
    into.hdv = A * Bs * (tteq - (tee * teq * qq - (tee * tqq + teq * teq) * eq + teq * tqq * ee) / determinant)
    into.hvv = Bs * Bs * (ttqq - (teq * teq * qq - 2 * teq * tqq * eq + tqq * tqq * ee) / determinant)
  }
  return true
}
