import { monotoneCurve } from '../numerics/monotone.ts'

/** A concentration over time where plasma enters the tissue; 0 before its first sample. */
export interface InputCurve {
  /** Rising times on the clock of the series [s], shape (nSample). */
  readonly times: Float64Array
  /** Concentration in plasma [mM], shape (nSample). */
  readonly values: Float64Array
}

/** An input curve laid out on the frames of a series: what models are bound to. */
export interface Inlet {
  /** Times of the frames [s], shape (nFrame). */
  readonly frames: Float64Array
  /** Frames and samples of the curve together, rising [s], shape (nNode). */
  readonly nodes: Float64Array
  /** Plasma concentration at the nodes [mM], shape (nNode): a straight line between them. */
  readonly values: Float64Array
  /** Node of each frame, shape (nFrame). */
  readonly frameAt: Int32Array
  /** Distances between neighbouring nodes that occur [s]. */
  readonly steps: Float64Array
  /** Which of them lies before each node, shape (nNode); that of the first node means nothing. */
  readonly stepOf: Int32Array
}

/** An inlet that can be moved in time. */
export interface DelayedInlet {
  readonly inlet: Inlet
  /** The derivative of the inlet's values by the delay [mM/s], as an inlet of the same nodes. */
  readonly slope: Inlet
  /** Set both to a delay [s]; positive is later. */
  shift(delay: number): void
}

/** Times nearer than this [s] are one; spacings that differ by less are one spacing. */
const SAME = 1e-7

/**
 * An input curve on the frames of a series.
 *
 * @remarks
 * The curve is moved by monotone cubic interpolation ({@link monotoneCurve}) and is a straight line between the nodes,
 * which are its own samples and the frames. A curve that is known on a finer grid than the frames keeps its detail, one
 * that was measured on the frames adds no node.
 *
 * **Limits.** 0 before the first sample of the curve; after the last one it keeps its value. A caller checks that the curve
 * covers the series.
 *
 * With a `step`, nodes are put between samples that are further apart, on the monotone cubic: at 2 s the straight lines of
 * a bolus would bias plasma flow by some 1 %, nodes every 0.5 s leave 0.05 %.
 *
 * @param curve - the input, see {@link InputCurve}
 * @param frames - rising times of the frames [s], shape (nFrame)
 * @param delay - delay to begin with [s]
 * @param step - largest distance of nodes [s]
 */
export function delayedInlet(curve: InputCurve, frames: Float64Array, delay = 0, step = Infinity): DelayedInlet {
  return layOut(refined(curve, step), frames, delay)
}

/** The curve with samples between those that are further apart than a step. */
function refined(curve: InputCurve, step: number): InputCurve {
  const times: number[] = []
  for (const [i, time] of curve.times.entries()) {
    const gap = (curve.times[i + 1] ?? time) - time
    const parts = Math.max(Math.ceil(gap / step - 1e-6), 1)
    for (let part = 0; part < parts; part++) times.push(time + (gap * part) / parts)
  }
  if (times.length === curve.times.length) return curve
  const fine = { times: Float64Array.from(times), values: new Float64Array(times.length) }
  monotoneCurve(curve.times, curve.values).sample(fine.times, 0, fine.values, null)
  return fine
}

function layOut(curve: InputCurve, frames: Float64Array, delay: number): DelayedInlet {
  const nodes = merged(frames, curve.times)
  const { steps, stepOf } = spacings(nodes)
  const frameAt = new Int32Array(frames.length)
  for (let i = 0, j = 0; i < frames.length; i++) {
    while (frames[i]! - nodes[j]! > SAME) j++
    frameAt[i] = j
  }
  const layout = { frames, nodes, frameAt, steps, stepOf }
  const inlet: Inlet = { ...layout, values: new Float64Array(nodes.length) }
  const slope: Inlet = { ...layout, values: new Float64Array(nodes.length) }
  const path = monotoneCurve(curve.times, curve.values)
  const shift = (by: number) => {
    path.sample(nodes, -by, inlet.values, slope.values)
    for (let j = 0; j < nodes.length; j++) slope.values[j] = -slope.values[j]!
  }
  shift(delay)
  return { inlet, slope, shift }
}

/** Both lists in one, rising, those from the first frame's or sample's time to the last frame. */
function merged(frames: Float64Array, samples: Float64Array): Float64Array {
  const last = frames[frames.length - 1]!
  const all = Float64Array.from([...frames, ...samples.filter(time => time <= last)]).sort()
  let n = 0
  for (const time of all) if (n === 0 || time - all[n - 1]! > SAME) all[n++] = time
  return all.slice(0, n)
}

function spacings(nodes: Float64Array): { steps: Float64Array; stepOf: Int32Array } {
  const steps: number[] = []
  const stepOf = new Int32Array(nodes.length)
  for (let j = 1; j < nodes.length; j++) {
    const step = nodes[j]! - nodes[j - 1]!
    const known = steps.findIndex(other => Math.abs(other - step) < SAME)
    stepOf[j] = known >= 0 ? known : steps.push(step) - 1
  }
  return { steps: Float64Array.from(steps), stepOf }
}
