import { levenbergMarquardt } from '../numerics/levenberg-marquardt.ts'
import { reporter, squaresOf, type VoxelKernel } from './dce-kernel.ts'
import type { DelayedInlet } from './inlet.ts'
import type { Bounds, KineticModel } from './model.ts'

/** Spacing of the delays that are tried before one is fitted, in frames [1]. */
const DELAY_STEP = 0.5
/** Most delays that are tried. */
const MOST_DELAYS = 41
/** How many of them a fit starts from. */
const BEST_DELAYS = 3

/**
 * Least squares with the delay as one more parameter.
 *
 * @param model - the model
 * @param times - of the frames [s], shape (nFrame)
 * @param inlets - of the model, which are moved
 * @param range - bounds of the delay [s]
 * @param bounds - of the other parameters
 */
export function delayKernel(
  model: KineticModel,
  times: Float64Array,
  inlets: readonly DelayedInlet[],
  range: readonly [number, number],
  bounds: Bounds,
): VoxelKernel {
  const P = model.parameters.length
  const n = times.length
  const bound = model.bind(inlets.map(({ inlet }) => inlet))
  const bySlope = model.bind(inlets.map(({ slope }) => slope))
  const inner = new Float64Array(P)
  const lower = Float64Array.of(...bounds.lower, range[0])
  const upper = Float64Array.of(...bounds.upper, range[1])
  const shift = (delay: number) => {
    for (const inlet of inlets) inlet.shift(delay)
  }
  const search = levenbergMarquardt(P + 1, n, (p, curve, jacobian) => {
    inner.set(p.subarray(0, P))
    shift(p[P]!)
    bound.evaluate(inner, curve, jacobian)
    // The concentration is linear in its inlets.
    bySlope.evaluate(inner, jacobian.subarray(P * n), null)
  })
  const tried = delaysToTry(times, range)
  const forms = tried.map(delay => {
    shift(delay)
    return model.linear?.(
      inlets.map(({ inlet }) => inlet),
      bounds,
    )
  })
  const y = new Float64Array(n)
  const curve = new Float64Array(n)
  const [p, best, start] = [new Float64Array(P + 1), new Float64Array(P + 1), new Float64Array(P)]
  const starts = tried.map(() => new Float64Array(P))
  const squares = new Float64Array(tried.length)
  const covariance = new Float64Array((P + 1) * (P + 1))
  const report = reporter(model, { lower, upper })
  let sse = Number.NaN

  /** The sum of squares at each delay, with the parameters of the linear form or the best of the model's starts. */
  function look(): void {
    for (let d = 0; d < tried.length; d++) {
      shift(tried[d]!)
      squares[d] = Infinity
      const candidates = forms[d]?.solve(y, start) ? [start] : model.starts
      for (const candidate of candidates) {
        for (let a = 0; a < P; a++) inner[a] = Math.min(Math.max(candidate[a]!, lower[a]!), upper[a]!)
        const found = squaresOf(bound, inner, y, curve)
        if (!(found < squares[d]!)) continue
        squares[d] = found
        starts[d]!.set(inner)
      }
    }
  }

  return {
    y,
    sse: () => sse,
    fit(values, errors) {
      look()
      sse = Infinity
      let isGood = false
      for (let round = 0; round < BEST_DELAYS; round++) {
        let d = 0
        for (let e = 1; e < squares.length; e++) if (squares[e]! < squares[d]!) d = e
        if (!(squares[d]! < Infinity)) break
        // Neighbours lead to the same place.
        squares.fill(Infinity, Math.max(d - 1, 0), d + 2)
        p.set(starts[d]!)
        p[P] = tried[d]!
        const isArrived = search.fit(y, p, lower, upper)
        if (!(search.sse() < sse)) continue
        sse = search.sse()
        isGood = isArrived
        best.set(p)
        search.covariance(covariance)
      }
      return report(best, covariance, values, errors, isGood)
    },
  }
}

function delaysToTry(times: Float64Array, [from, to]: readonly [number, number]): number[] {
  const spacing = (times[times.length - 1]! - times[0]!) / (times.length - 1)
  const count = Math.min(Math.max(Math.ceil((to - from) / (DELAY_STEP * spacing)), 8) + 1, MOST_DELAYS)
  return Array.from({ length: count }, (_, k) => from + ((to - from) * k) / (count - 1))
}
