import { invertSymmetric } from '../numerics/symmetric.ts'
import type { IvimPrior } from './ivim-prior.ts'
import type { IvimScheme } from './ivim-scheme.ts'

/** Nodes of the grid along each axis, while the window is sought and once it is found. */
const NODES = [7, 11] as const
/** The last window reaches this many posterior standard deviations to either side. */
const REACH = 3.2
/** Windows that are looked through at most. */
const WINDOWS = 24

/** What is known of a voxel after its data: moments over the posterior. */
export interface Posterior {
  /** Means of ln D [ln of 1e-3 mm²/s], logit f and ln D* [ln of 1e-3 mm²/s], shape (3). */
  readonly mean: Float64Array
  /** Their covariance, shape (3 × 3). */
  readonly covariance: Float64Array
  /** Standard deviations of S0, D [mm²/s], f, D* [mm²/s] and fD* [mm²/s], shape (5). */
  readonly sd: Float64Array
  /** Mean of S0, unit of the signal. */
  S0: number
  /** Smallest residual sum of squares seen, unit of the signal squared. */
  residual: number
  /** Set all from a voxel's samples, shape (nB). */
  fit(y: Float64Array): void
}

/**
 * Posterior of D, f and D* under a normal prior of ln D, logit f and ln D*.
 *
 * @remarks
 * With Gaussian noise of unknown standard deviation, and S0, both under flat priors of S0 and ln σ, integrated out:
 *
 *     p(D, f, D* | y) ∝ π(ln D, logit f, ln D*) · (1 − (y·m)²/(y·y · m·m))^(−(nB−1)/2)
 *
 * with m the model at S0 = 1. The integral is a sum over the 11³ nodes of a window of 3.2 posterior standard deviations,
 * found with 7³. The model is a sum of two curves, so `y·m` and `m·m` at a node are made of scalar products that
 * belong to one axis or two, and the nodes cost no exponential.
 *
 * **Assumes** noise well above the floor of magnitude images.
 *
 * **Limits.** The window never leaves 4.5 prior standard deviations.
 *
 * **Error.** The sum is exact to about 1 % of a posterior standard deviation while the posterior has one maximum.
 *
 * @param scheme - the b-values
 * @param prior - see {@link IvimPrior}
 *
 * @see Neil & Bretthorst, Magn Reson Med 29:642 (1993), doi:10.1002/mrm.1910290510
 */
export function posterior({ t }: IvimScheme, prior: IvimPrior): Posterior {
  const n = t.length
  const [coarse, fine] = NODES
  let N: number = fine
  const precision = Float64Array.from(prior.covariance)
  invertSymmetric(precision, 3, new Float64Array(3))
  const axes = [0, 1, 2].map(() => new Float64Array(N))
  const [xs, zs, vs] = [axes[0]!, axes[1]!, axes[2]!]
  const [D, f, S] = [new Float64Array(N), new Float64Array(N), new Float64Array(N)]
  const [tissue, blood] = [new Float64Array(N * n), new Float64Array(N * n)]
  const [ye, ee, yq, qq] = [new Float64Array(N), new Float64Array(N), new Float64Array(N), new Float64Array(N)]
  const [priorDF, priorFS] = [new Float64Array(N * N), new Float64Array(N * N)]
  const [misfit, amplitude] = [new Float64Array(N * N * N), new Float64Array(N * N * N)]
  const half = Math.floor((n - 1) / 2)
  const isOdd = (n - 1) % 2 === 1
  const [centre, width, limit] = [new Float64Array(3), new Float64Array(3), new Float64Array(3)]
  for (let a = 0; a < 3; a++) limit[a] = 4.5 * Math.sqrt(prior.covariance[4 * a]!)
  const state: Posterior = {
    mean: new Float64Array(3),
    covariance: new Float64Array(9),
    sd: new Float64Array(5),
    S0: Number.NaN,
    residual: Number.NaN,
    fit,
  }

  /** Lay the nodes over the window and take the products that belong to one axis. */
  function lay(y: Float64Array): void {
    for (let a = 0; a < 3; a++) {
      const axis = axes[a]!
      for (let k = 0; k < N; k++) axis[k] = centre[a]! + width[a]! * ((2 * k) / (N - 1) - 1)
    }
    for (let k = 0; k < N; k++) {
      D[k] = Math.exp(xs[k]!)
      f[k] = 1 / (1 + Math.exp(-zs[k]!))
      S[k] = Math.exp(vs[k]!)
      let a = 0
      let b = 0
      let c = 0
      let d = 0
      for (let i = 0; i < n; i++) {
        const e = Math.exp(-t[i]! * D[k]!)
        const q = Math.exp(-t[i]! * S[k]!)
        tissue[k * n + i] = e
        blood[k * n + i] = q
        a += y[i]! * e
        b += e * e
        c += y[i]! * q
        d += q * q
      }
      ye[k] = a
      ee[k] = b
      yq[k] = c
      qq[k] = d
    }
    for (let i = 0; i < N; i++) {
      const x = xs[i]! - prior.mean[0]!
      for (let k = 0; k < N; k++) {
        const z = zs[k]! - prior.mean[1]!
        priorDF[i * N + k] = Math.exp(-0.5 * (precision[0]! * x * x + precision[4]! * z * z) - precision[1]! * x * z)
        const v = vs[i]! - prior.mean[2]!
        priorFS[i * N + k] = Math.exp(-0.5 * precision[8]! * v * v - precision[5]! * v * z)
      }
    }
  }

  /** The share of the signal that each node leaves unexplained; returns the smallest. */
  function explain(yy: number): number {
    let least = Infinity
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < N; j++) {
        let eq = 0
        for (let m = 0; m < n; m++) eq += tissue[i * n + m]! * blood[j * n + m]!
        const at = (i * N + j) * N
        for (let k = 0; k < N; k++) {
          const h = f[k]!
          const g = 1 - h
          const product = g * ye[i]! + h * yq[j]!
          const S0 = product / (g * g * ee[i]! + 2 * g * h * eq + h * h * qq[j]!)
          const rest = Math.max(yy - product * S0, 1e-14 * yy)
          amplitude[at + k] = S0
          misfit[at + k] = rest
          if (rest < least) least = rest
        }
      }
    }
    return least
  }

  /** Moments of the window; returns whether it needed no finer look. */
  function gather(least: number): boolean {
    const { mean, covariance, sd } = state
    let w = 0
    let wx = 0
    let wz = 0
    let wv = 0
    let wxx = 0
    let wzz = 0
    let wvv = 0
    let wxz = 0
    let wxv = 0
    let wzv = 0
    let a1 = 0
    let a2 = 0
    let d1 = 0
    let d2 = 0
    let f1 = 0
    let f2 = 0
    let s1 = 0
    let s2 = 0
    let p1 = 0
    let p2 = 0
    for (let i = 0; i < N; i++) {
      const x = xs[i]!
      for (let j = 0; j < N; j++) {
        const v = vs[j]!
        const cross = Math.exp(-precision[2]! * (x - prior.mean[0]!) * (v - prior.mean[2]!))
        const at = (i * N + j) * N
        let q0 = 0
        let qz = 0
        let qzz = 0
        let qf = 0
        let qff = 0
        for (let k = 0; k < N; k++) {
          const ratio = least / misfit[at + k]!
          let q = cross * priorDF[i * N + k]! * priorFS[j * N + k]!
          if (isOdd) q *= Math.sqrt(ratio)
          let power = ratio
          for (let m = half; m > 0; m >>= 1) {
            if (m & 1) q *= power
            power *= power
          }
          const h = f[k]!
          const z = zs[k]!
          const S0 = amplitude[at + k]!
          q0 += q
          qz += q * z
          qzz += q * z * z
          qf += q * h
          qff += q * h * h
          a1 += q * S0
          a2 += q * S0 * S0
        }
        w += q0
        wx += q0 * x
        wxx += q0 * x * x
        wv += q0 * v
        wvv += q0 * v * v
        wxv += q0 * x * v
        wz += qz
        wzz += qzz
        wxz += qz * x
        wzv += qz * v
        d1 += q0 * D[i]!
        d2 += q0 * D[i]! * D[i]!
        s1 += q0 * S[j]!
        s2 += q0 * S[j]! * S[j]!
        f1 += qf
        f2 += qff
        p1 += qf * S[j]!
        p2 += qff * S[j]! * S[j]!
      }
    }
    mean[0] = wx / w
    mean[1] = wz / w
    mean[2] = wv / w
    const entries = [wxx, wxz, wxv, wxz, wzz, wzv, wxv, wzv, wvv]
    for (let r = 0; r < 3; r++)
      for (let c = 0; c < 3; c++) covariance[3 * r + c] = entries[3 * r + c]! / w - mean[r]! * mean[c]!
    const spread = (first: number, second: number) => Math.sqrt(Math.max(second / w - (first / w) * (first / w), 0))
    sd[0] = spread(a1, a2)
    sd[1] = spread(d1, d2) / 1000
    sd[2] = spread(f1, f2)
    sd[3] = spread(s1, s2) / 1000
    sd[4] = spread(p1, p2) / 1000
    state.S0 = a1 / w
    return advance()
  }

  /** Move the window to the moments; false where it was too coarse or beside the posterior. */
  function advance(): boolean {
    let isEnough = true
    for (let a = 0; a < 3; a++) {
      const spread = Math.sqrt(Math.max(state.covariance[4 * a]!, 0))
      const step = (2 * width[a]!) / (N - 1)
      const next = Math.max(REACH * spread, 1.1 * step)
      const low = Math.max(state.mean[a]! - next, prior.mean[a]! - limit[a]!)
      const high = Math.min(state.mean[a]! + next, prior.mean[a]! + limit[a]!)
      const off = Math.abs((low + high) / 2 - centre[a]!)
      if (spread < (N === fine ? 0.9 : 0.5) * step || next > 1.3 * width[a]! || off > 0.35 * width[a]!) isEnough = false
      centre[a] = (low + high) / 2
      width[a] = (high - low) / 2
    }
    return isEnough
  }

  function fit(y: Float64Array): void {
    let yy = 0
    for (let i = 0; i < n; i++) yy += y[i]! * y[i]!
    for (let a = 0; a < 3; a++) {
      centre[a] = prior.mean[a]!
      width[a] = (3.2 / 4.5) * limit[a]!
    }
    N = coarse
    for (let window = 0; window < WINDOWS; window++) {
      lay(y)
      state.residual = explain(yy)
      const isEnough = gather(state.residual)
      if (isEnough && N === fine) return
      N = isEnough || N === fine || window === WINDOWS - 2 ? fine : coarse
    }
  }
  return state
}
