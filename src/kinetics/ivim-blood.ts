import { type Derivatives, minimise } from '../numerics/newton.ts'
import type { IvimScheme, IvimSettings } from './ivim-scheme.ts'

/** Nodes of the first look for D*. */
const NODES = 12

/** A table of `exp(−t·s)`, times the roots of the weights, for s spaced evenly in its logarithm from the least to the largest D* [1e-3 mm²/s]. */
export interface BloodTable {
  /** ln s of each node, shape (nNode). */
  readonly logs: Float64Array
  /** shape (nNode × nB) */
  readonly curves: Float64Array
  /** Sum of the squares of each curve [1], shape (nNode). */
  readonly squares: Float64Array
}

/**
 * Make a {@link BloodTable}.
 *
 * @param scheme - the b-values
 * @param bounds - range of D* [mm²/s]
 * @param nodes - number of curves [1]
 */
export function bloodTable({ t, root }: IvimScheme, bounds: readonly [number, number], nodes = NODES): BloodTable {
  const [low, high] = [Math.log(1000 * bounds[0]), Math.log(1000 * bounds[1])]
  const logs = Float64Array.from({ length: nodes }, (_, k) => low + ((high - low) * k) / (nodes - 1))
  const curves = new Float64Array(nodes * t.length)
  const squares = new Float64Array(nodes)
  for (let k = 0; k < nodes; k++) {
    for (let i = 0; i < t.length; i++) {
      const q = root[i]! * Math.exp(-t[i]! * Math.exp(logs[k]!))
      curves[k * t.length + i] = q
      squares[k]! += q * q
    }
  }
  return { logs, curves, squares }
}

/** The least D* over D: nearer, the two compartments are one. */
const SEPARATION = 1.5

/**
 * Lowest ln D* that goes with a D [ln of 1e-3 mm²/s].
 *
 * @param lower - ln of the lowest D* there is [ln of 1e-3 mm²/s]
 * @param d - D [1e-3 mm²/s]
 */
export function lowestBlood(lower: number, d: number): number {
  return d > 0 ? Math.max(lower, Math.log(SEPARATION * d)) : lower
}

/** A search for D* with f fixed, and what it found last. */
export interface BloodSearch {
  /** Whether ln D* is at an end of its range. */
  isAtBound: boolean
  /** ln D* [ln of 1e-3 mm²/s] that leaves the least of `rest − f·exp(−t·D*)`, both times the roots, shape (nB). */
  find(rest: Float64Array, f: number, d: number): number
}

/**
 * Make a {@link BloodSearch}: nodes of a table first, then Newton's method between the neighbours of the best.
 *
 * @param scheme - the b-values
 * @param settings - range of D*
 */
export function bloodSearch(scheme: IvimScheme, { boundsDstar }: IvimSettings): BloodSearch {
  const { t, root } = scheme
  const n = t.length
  const { logs, curves, squares } = bloodTable(scheme, boundsDstar)
  const upper = logs[logs.length - 1]!
  const at: Derivatives = { slope: 0, curvature: 0 }
  const state: BloodSearch = { isAtBound: false, find }
  let z: Float64Array = new Float64Array(n)
  let fraction = 0

  const evaluate = (v: number) => {
    const s = Math.exp(v)
    let rw = 0
    let ww = 0
    let bend = 0
    for (let i = 0; i < n; i++) {
      const x = t[i]! * s
      const q = root[i]! * Math.exp(-x)
      const w = x * q
      const r = z[i]! - fraction * q
      rw += r * w
      ww += w * w
      bend += r * w * (1 - x)
    }
    at.slope = rw
    const newton = fraction * ww + bend
    at.curvature = newton > 0.2 * fraction * ww ? newton : fraction * ww
  }

  function find(rest: Float64Array, f: number, d: number): number {
    z = rest
    fraction = f
    const lower = lowestBlood(logs[0]!, d)
    let best = Infinity
    let node = logs.length - 1
    for (let k = 0; k < logs.length; k++) {
      if (logs[k]! < lower) continue
      let cross = 0
      for (let i = 0; i < n; i++) cross += rest[i]! * curves[k * n + i]!
      const cost = f * squares[k]! - 2 * cross
      if (cost < best) {
        best = cost
        node = k
      }
    }
    const low = Math.max(lower, logs[Math.max(node - 1, 0)]!)
    const high = logs[Math.min(node + 1, logs.length - 1)]!
    const v = minimise(evaluate, at, low, high, logs[node]!, 1e-5)
    state.isAtBound = v <= lower || v >= upper
    return v
  }
  return state
}
