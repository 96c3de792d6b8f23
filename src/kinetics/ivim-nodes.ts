import type { IvimScheme } from './ivim-scheme.ts'

/** Most nodes along an axis. */
export const MOST_NODES = 9

/** Along one axis: what each node is, and the products of its curve that no other axis enters; shape (count) each. */
export interface Axis {
  /** ln D or ln D* [ln of 1e-3 mm²/s], or logit f. */
  readonly at: Float64Array
  /** D or D* [1e-3 mm²/s], or f [1]. */
  readonly value: Float64Array
}

/** The model at the nodes of a box in ln D, logit f and ln D*, for one voxel. */
export interface Nodes {
  /** Nodes along each axis as they lie now. */
  count: number
  readonly D: Axis
  readonly f: Axis
  readonly Dstar: Axis
  /** Residual sum of squares with the best S0, unit of the signal squared, shape (count³) in the order D, D*, f. */
  readonly misfit: Float64Array
  /** That S0, unit of the signal, shape (count³). */
  readonly amplitude: Float64Array
  /** Lay nodes evenly over a box and set the above for the samples y, shape (nB); returns the least misfit. */
  lay(y: Float64Array, count: number, centre: Float64Array, width: Float64Array): number
}

/** The decay of one compartment at each node of its axis. */
interface Curves {
  readonly axis: Axis
  /** shape (count × nB) */
  readonly curve: Float64Array
  /** Products with the samples and with themselves, shape (count). */
  readonly ye: Float64Array
  readonly ee: Float64Array
}

/**
 * Make {@link Nodes}.
 *
 * @remarks
 * The model is a sum of two curves, one of D and one of D*, so its scalar products with itself and with y are made of
 * products that belong to one axis or two: a node costs no exponential.
 *
 * @param scheme - the b-values
 */
export function emptyNodes(scheme: IvimScheme): Nodes {
  const tissue = emptyCurves(scheme)
  const blood = emptyCurves(scheme)
  const nodes: Nodes = {
    count: MOST_NODES,
    D: tissue.axis,
    f: emptyAxis(),
    Dstar: blood.axis,
    misfit: new Float64Array(MOST_NODES * MOST_NODES * MOST_NODES),
    amplitude: new Float64Array(MOST_NODES * MOST_NODES * MOST_NODES),
    lay: (y, count, centre, width) => {
      nodes.count = count
      for (const [k, { at }] of [nodes.D, nodes.f, nodes.Dstar].entries())
        for (let i = 0; i < count; i++) at[i] = centre[k]! + width[k]! * ((2 * i) / (count - 1) - 1)
      for (let k = 0; k < count; k++) nodes.f.value[k] = 1 / (1 + Math.exp(-nodes.f.at[k]!))
      layCurves(tissue, y, count, scheme)
      layCurves(blood, y, count, scheme)
      return explain(nodes, tissue, blood, y)
    },
  }
  return nodes
}

function emptyAxis(): Axis {
  return { at: new Float64Array(MOST_NODES), value: new Float64Array(MOST_NODES) }
}

function emptyCurves({ t }: IvimScheme): Curves {
  return {
    axis: emptyAxis(),
    curve: new Float64Array(MOST_NODES * t.length),
    ye: new Float64Array(MOST_NODES),
    ee: new Float64Array(MOST_NODES),
  }
}

function layCurves({ axis, curve, ye, ee }: Curves, y: Float64Array, count: number, { t, root }: IvimScheme): void {
  const n = t.length
  for (let k = 0; k < count; k++) {
    const d = Math.exp(axis.at[k]!)
    axis.value[k] = d
    let a = 0
    let b = 0
    for (let i = 0; i < n; i++) {
      const e = root[i]! * Math.exp(-t[i]! * d)
      curve[k * n + i] = e
      a += y[i]! * e
      b += e * e
    }
    ye[k] = a
    ee[k] = b
  }
}

/** The misfit of each node; returns the least. */
function explain({ count, f, misfit, amplitude }: Nodes, tissue: Curves, blood: Curves, y: Float64Array): number {
  const n = y.length
  const fraction = f.value
  const [e, q] = [tissue.curve, blood.curve]
  let yy = 0
  for (let m = 0; m < n; m++) yy += y[m]! * y[m]!
  const floor = 1e-14 * yy
  let least = Infinity
  for (let i = 0; i < count; i++) {
    const ye = tissue.ye[i]!
    const ee = tissue.ee[i]!
    for (let j = 0; j < count; j++) {
      const yq = blood.ye[j]!
      const qq = blood.ee[j]!
      let eq = 0
      for (let m = 0; m < n; m++) eq += e[i * n + m]! * q[j * n + m]!
      const at = (i * count + j) * count
      for (let k = 0; k < count; k++) {
        const h = fraction[k]!
        const g = 1 - h
        const product = g * ye + h * yq
        const S0 = product / (g * g * ee + 2 * g * h * eq + h * h * qq)
        const rest = Math.max(yy - product * S0, floor)
        amplitude[at + k] = S0
        misfit[at + k] = rest
        if (rest < least) least = rest
      }
    }
  }
  return least
}
