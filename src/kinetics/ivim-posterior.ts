import { invertSymmetric } from '../numerics/symmetric.ts'
import { emptyNodes, MOST_NODES, type Nodes } from './ivim-nodes.ts'
import type { NormalPrior } from './ivim-prior.ts'
import type { IvimScheme } from './ivim-scheme.ts'

/** Nodes along each axis while the window is sought. */
const COARSE = 7
/** The last window reaches this many posterior standard deviations to either side. */
const REACH = 3.2
/** No window leaves this many standard deviations of the prior. */
const FARTHEST = 4.5
/** Windows that are looked through at most. */
const WINDOWS = 24

/** What is known of a voxel after its data. */
export interface Posterior {
  /** Medians of ln D [ln of 1e-3 mm²/s], logit f and ln D* [ln of 1e-3 mm²/s], each by itself, shape (3). */
  readonly median: Float64Array
  /** Means of the same, shape (3). */
  readonly mean: Float64Array
  /** Their covariance, shape (3 × 3). */
  readonly covariance: Float64Array
  /** Standard deviations of S0 (that of its best value for each D, f, D*, without the noise), D [mm²/s], f, D* [mm²/s] and fD* [mm²/s], shape (5). */
  readonly sd: Float64Array
  /** Mean of S0, unit of the signal. */
  S0: number
  /** Least residual sum of squares seen, unit of the signal squared. */
  residual: number
  /**
   * Set all from a voxel's samples, shape (nB); the standard deviation of a sample that is expected before, unit of the
   * signal, counts as much as `freedom` samples of noise.
   */
  fit(y: Float64Array, sigma: number, freedom: number): void
}

/** Where the posterior is looked at. */
interface Window {
  /** Shape (3) each, in the units of the axes. */
  readonly centre: Float64Array
  readonly width: Float64Array
}

/** The prior as the sums need it, and the weight that each node gets from it and the data. */
interface Weights {
  readonly mean: readonly number[]
  /** Standard deviations, shape (3). */
  readonly spread: Float64Array
  /** shape (3 × 3) */
  readonly precision: Float64Array
  /** Factors of the prior that belong to two axes: D and f, f and D*; shape (count × count). */
  readonly priorDF: Float64Array
  readonly priorFS: Float64Array
  /** shape (count³) in the order of {@link Nodes.misfit} */
  readonly node: Float64Array
  /** Sums over all but one axis, shape (3) of (count). */
  readonly margins: readonly Float64Array[]
}

/**
 * Posterior of D, f and D* under a normal prior of ln D, logit f and ln D*.
 *
 * @remarks
 * With Gaussian noise whose variance has a scaled inverse χ² distribution of ν degrees of freedom about s² beforehand, and
 * the size of the signal, S0·‖m‖, under a flat prior, both integrated out:
 *
 *     p(D, f, D* | y) ∝ π(ln D, logit f, ln D*) · (ν·s² + y·y − (y·m)²/m·m)^(−(ν + nB − 1)/2)
 *
 * with m the model at S0 = 1. ν = 0 leaves the noise to the voxel. The integral is a sum over the 9³ nodes of a window of
 * 3.2 posterior standard deviations, found with 7³.
 *
 * **Assumes** noise well above the floor of magnitude images.
 *
 * **Limits.** The window never leaves 4.5 prior standard deviations.
 *
 * **Error.** The sum is exact to about 1 % of a posterior standard deviation while the posterior has one maximum.
 *
 * @param scheme - the b-values
 * @param prior - see {@link NormalPrior}
 *
 * @see Neil & Bretthorst, Magn Reson Med 29:642 (1993), doi:10.1002/mrm.1910290510
 */
export function posterior(scheme: IvimScheme, prior: NormalPrior): Posterior {
  const n = scheme.t.length
  const nodes = emptyNodes(scheme)
  const weights = weightsOf(prior)
  const window: Window = { centre: new Float64Array(3), width: new Float64Array(3) }
  const state: Posterior = {
    median: new Float64Array(3),
    mean: new Float64Array(3),
    covariance: new Float64Array(9),
    sd: new Float64Array(5),
    S0: Number.NaN,
    residual: Number.NaN,
    fit: (y, sigma, freedom) => {
      for (let a = 0; a < 3; a++) {
        window.centre[a] = prior.mean[a]!
        window.width[a] = REACH * weights.spread[a]!
      }
      let count = COARSE
      for (let round = 0; round < WINDOWS; round++) {
        state.residual = nodes.lay(y, count, window.centre, window.width)
        layPrior(weights, nodes)
        // What is expected of the noise makes ridges too narrow for coarse steps: it enters at the end.
        const known = count === COARSE ? 0 : freedom
        weigh(weights, nodes, state.residual, known * sigma * sigma, known + n - 1)
        moments(state, weights, nodes)
        const isEnough = advance(window, state, weights, count)
        if (isEnough && count === MOST_NODES) break
        count = isEnough || count === MOST_NODES || round === WINDOWS - 2 ? MOST_NODES : COARSE
      }
      for (let a = 0; a < 3; a++)
        state.median[a] = medianOf(weights.margins[a]!, [nodes.D, nodes.f, nodes.Dstar][a]!.at, count)
    },
  }
  return state
}

function weightsOf({ mean, covariance }: NormalPrior): Weights {
  const precision = Float64Array.from(covariance)
  invertSymmetric(precision, 3, new Float64Array(3))
  return {
    mean,
    spread: Float64Array.from([0, 4, 8], at => Math.sqrt(covariance[at]!)),
    precision,
    priorDF: new Float64Array(MOST_NODES * MOST_NODES),
    priorFS: new Float64Array(MOST_NODES * MOST_NODES),
    node: new Float64Array(MOST_NODES * MOST_NODES * MOST_NODES),
    margins: [0, 1, 2].map(() => new Float64Array(MOST_NODES)),
  }
}

/** The factors of the prior for where the nodes lie. */
function layPrior({ mean, precision, priorDF, priorFS }: Weights, { count, D, f, Dstar }: Nodes): void {
  for (let i = 0; i < count; i++) {
    const x = D.at[i]! - mean[0]!
    const v = Dstar.at[i]! - mean[2]!
    for (let k = 0; k < count; k++) {
      const z = f.at[k]! - mean[1]!
      priorDF[i * count + k] = Math.exp(-0.5 * (precision[0]! * x * x + precision[4]! * z * z) - precision[1]! * x * z)
      priorFS[i * count + k] = Math.exp(-0.5 * precision[8]! * v * v - precision[5]! * v * z)
    }
  }
}

/** The weight of each node, up to a common factor: prior times (least / misfit) to half a whole power. */
function weigh(weights: Weights, nodes: Nodes, least: number, offset: number, power: number): void {
  const { mean, precision, priorDF, priorFS, node } = weights
  const { count, misfit, D, Dstar } = nodes
  const half = Math.floor(power / 2)
  const isOdd = power % 2 === 1
  const best = least + offset
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const cross = Math.exp(-precision[2]! * (D.at[i]! - mean[0]!) * (Dstar.at[j]! - mean[2]!))
      const at = (i * count + j) * count
      for (let k = 0; k < count; k++) {
        const ratio = best / (misfit[at + k]! + offset)
        let q = cross * priorDF[i * count + k]! * priorFS[j * count + k]!
        if (isOdd) q *= Math.sqrt(ratio)
        let square = ratio
        for (let m = half; m > 0; m >>= 1) {
          if (m & 1) q *= square
          square *= square
        }
        node[at + k] = q
      }
    }
  }
}

/** Means, covariance and standard deviations from the weights; their sums along each axis. */
function moments(state: Posterior, { node, margins }: Weights, { count, D, f, Dstar, amplitude }: Nodes): void {
  const [x, z, v] = [D.at, f.at, Dstar.at]
  const [overD, overF, overS] = [margins[0]!, margins[1]!, margins[2]!]
  for (const margin of margins) margin.fill(0)
  let w = 0
  let wxz = 0
  let wxv = 0
  let wzv = 0
  let a1 = 0
  let a2 = 0
  let p1 = 0
  let p2 = 0
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const at = (i * count + j) * count
      let q0 = 0
      let qz = 0
      let qf = 0
      let qff = 0
      for (let k = 0; k < count; k++) {
        const q = node[at + k]!
        const S0 = amplitude[at + k]!
        const h = f.value[k]!
        q0 += q
        qz += q * z[k]!
        qf += q * h
        qff += q * h * h
        a1 += q * S0
        a2 += q * S0 * S0
        overF[k]! += q
      }
      const s = Dstar.value[j]!
      overD[i]! += q0
      overS[j]! += q0
      w += q0
      wxz += qz * x[i]!
      wxv += q0 * x[i]! * v[j]!
      wzv += qz * v[j]!
      p1 += qf * s
      p2 += qff * s * s
    }
  }
  const { mean, covariance, sd } = state
  for (const [a, axis] of [D, f, Dstar].entries()) {
    const over = margins[a]!
    mean[a] = moment(over, axis.at, count) / w
    covariance[4 * a] = square(over, axis.at, count) / w - mean[a]! * mean[a]!
    sd[a + 1] = spread(moment(over, axis.value, count), square(over, axis.value, count), w)
  }
  for (const [at, other, product] of [
    [1, 3, wxz],
    [2, 6, wxv],
    [5, 7, wzv],
  ] as const)
    covariance[at] = covariance[other] = product / w - mean[Math.floor(at / 3)]! * mean[at % 3]!
  sd[1]! /= 1000
  sd[3]! /= 1000
  sd[0] = spread(a1, a2, w)
  sd[4] = spread(p1, p2, w) / 1000
  state.S0 = a1 / w
}

function moment(weight: Float64Array, x: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += weight[i]! * x[i]!
  return sum
}

function square(weight: Float64Array, x: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += weight[i]! * x[i]! * x[i]!
  return sum
}

function spread(first: number, second: number, w: number): number {
  return Math.sqrt(Math.max(second / w - (first / w) * (first / w), 0))
}

/** Move the window to the moments; false where it was too coarse, too narrow or beside the posterior. */
function advance(window: Window, state: Posterior, { mean, spread }: Weights, count: number): boolean {
  const { centre, width } = window
  let isEnough = true
  for (let a = 0; a < 3; a++) {
    const own = Math.sqrt(Math.max(state.covariance[4 * a]!, 0))
    const step = (2 * width[a]!) / (count - 1)
    const next = Math.max(REACH * own, 1.1 * step)
    const low = Math.max(state.mean[a]! - next, mean[a]! - FARTHEST * spread[a]!)
    const high = Math.min(state.mean[a]! + next, mean[a]! + FARTHEST * spread[a]!)
    const off = Math.abs((low + high) / 2 - centre[a]!)
    const isCoarse = own < (count === MOST_NODES ? 0.9 : 0.5) * step
    if (isCoarse || next > 1.3 * width[a]! || off > 0.35 * width[a]!) isEnough = false
    centre[a] = (low + high) / 2
    width[a] = (high - low) / 2
  }
  return isEnough
}

/** Where half the weight of evenly spaced nodes lies to either side, each node standing for the cell about it. */
function medianOf(weight: Float64Array, at: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += weight[i]!
  let below = 0
  let k = 0
  while (k < count - 1 && below + weight[k]! < sum / 2) below += weight[k++]!
  // Within the cell the weight rises evenly: a quadratic equation for the share u of the cell, of ends −1/2 and 1/2.
  const rise = ((weight[k + 1] ?? 0) - (k > 0 ? weight[k - 1]! : 0)) / 2
  const level = weight[k]!
  const wanted = sum / 2 - below
  // level·(u + 1/2) + rise·(u² − 1/4)/2 = wanted
  const constant = level / 2 - rise / 8 - wanted
  const root = Math.sqrt(Math.max(level * level - 2 * rise * constant, 0))
  const u = (-2 * constant) / (level + root)
  return at[k]! + Math.min(Math.max(u, -0.5), 0.5) * (at[1]! - at[0]!)
}
