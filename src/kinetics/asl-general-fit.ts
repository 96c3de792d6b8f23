import { levenbergMarquardt } from '../numerics/levenberg-marquardt.ts'
import { invertSymmetric } from '../numerics/symmetric.ts'
import { generalInflow, type Phase, phaseOf, type Response } from './asl-general-kinetic.ts'
import {
  AT_END,
  arterialCourses,
  callsForArterial,
  type Delays,
  distinct,
  emptyArrived,
  type FitArrival,
  kinksOf,
  placeArtery,
} from './asl-inflow.ts'

/** Distance of the nodes of arrival on which the search starts [s]. */
const STEP = 0.05

/** Flow for which the nodes are computed [mL/g/s]: the wash-out that it means changes the response by 1 %. */
const TYPICAL_FLOW = 0.008

/** Below this share of the data's sum of squares only rounding is left [1]. */
const ROUNDING = 1e-13

/** What tissue does to the label. */
export interface Tissue {
  /** Longitudinal relaxation time of tissue [s]. */
  readonly T1t: number
  /** Partition coefficient [mL/g]. */
  readonly lambda: number
}

/**
 * Flow and arrival from several delays by the general kinetic model, with a T1 of tissue and wash-out by the flow itself.
 *
 * @remarks
 * Each voxel starts from the best of a row of arrivals 0.05 s apart, in each of which flow and arterial volume are linear; from
 * there by {@link levenbergMarquardt} in flow, arrival and volume with analytic derivatives, between the two kinks around it,
 * and in the next such interval where it ends at a kink. Nothing is allocated in a fit.
 *
 * Arteries, bounds and standard errors are those of {@link arrivalFit}, but that an arrival before the first delay is told: label
 * that is in tissue decays faster.
 *
 * **Assumes** one T1 of tissue for all voxels: with 1.33 s for white matter of 0.83 s its flow reads 24 % low.
 *
 * **Error.** Noise-free: 1e-9 in flow, 1e-9 s in arrival.
 *
 * @param delays - what the samples are
 * @param tissue - what tissue does to the label
 *
 * @see Buxton et al., Magn Reson Med 40:383 (1998), doi:10.1002/mrm.1910400308
 */
export function generalArrivalFit(delays: Delays, { T1t, lambda }: Tissue): FitArrival {
  const { boli, counts, T1b, kind, arterial } = delays
  const n = boli.length
  const known = kinksOf(delays)
  const kinks = Float64Array.from(distinct([0, ...known]))
  const latest = kinks[kinks.length - 1]!
  const courses = arterial === 'off' ? [] : arterialCourses(delays, latest)
  const differences = counts.reduce((sum, count) => sum + count, 0)
  const weights = Float64Array.from(counts)
  const roots = Float64Array.from(counts, Math.sqrt)
  const nodes = nodesBetween(kinks)
  const at: Response = { value: 0, byArrival: 0, byRate: 0 }
  const columns = nodes.map(node =>
    Float64Array.from(boli, bolus => {
      generalInflow(at, bolus, phaseOf(bolus, node), node, 1 / T1t + TYPICAL_FLOW / lambda, T1b, kind)
      return at.value
    }),
  )
  const products = columns.map(column => weighted(column, column))
  const crossed = columns.map(column => courses.map(({ response }) => weighted(column, response)))
  const courseSquares = courses.map(({ response }) => weighted(response, response))

  /** What the solver sees: the interval it is in, and the course of label in arteries; -1 is none. */
  const phases = new Array<Phase>(n).fill('before')
  let course = -1
  const model = levenbergMarquardt(3, n, (p, curve, jacobian) => {
    const [flow, arrival, volume] = [p[0]!, p[1]!, p[2]!]
    const response = courses[course]?.response
    for (let i = 0; i < n; i++) {
      const root = roots[i]!
      generalInflow(at, boli[i]!, phases[i]!, arrival, 1 / T1t + flow / lambda, T1b, kind)
      const artery = response ? response[i]! : 0
      curve[i] = root * (flow * at.value + volume * artery)
      jacobian[i] = root * (at.value + (flow * at.byRate) / lambda)
      jacobian[n + i] = root * flow * at.byArrival
      jacobian[2 * n + i] = root * artery
    }
  })
  // With a flow as negative as that the label would hardly vanish in tissue.
  const lowest = (-0.9 * lambda) / T1t
  const lower = Float64Array.of(lowest, 0, 0)
  const upper = Float64Array.of(Infinity, 0, 0)
  const p = new Float64Array(3)
  const scaled = new Float64Array(n)
  const seen = new Float64Array(courses.length)
  const nothing = { sse: Infinity, isConverged: true, flow: 0, arrival: 0, volume: 0, course: -1, interval: 0 }
  const found = { ...nothing }
  const alone = { ...nothing }
  const start = { node: 0, course: -1, gain: 0, flow: 0, volume: 0 }
  const normal = new Float64Array(9)
  const scratch = new Float64Array(3)
  const out = emptyArrived()

  function weighted(a: Float64Array, b: Float64Array): number {
    let sum = 0
    for (let i = 0; i < n; i++) sum += weights[i]! * a[i]! * b[i]!
    return sum
  }

  /** Fit within one interval between kinks and keep the better result; -1 or 1 where it ends at the lower or upper kink. */
  function fitWithin(interval: number, arrival: number): number {
    const [low, high] = [kinks[interval]!, kinks[interval + 1]!]
    for (let i = 0; i < n; i++) phases[i] = phaseOf(boli[i]!, (low + high) / 2)
    lower[1] = low
    upper[1] = high
    upper[2] = course < 0 ? 0 : Infinity
    // Label in an artery is on its way to tissue.
    lower[0] = course < 0 ? lowest : 0
    p[0] = start.flow
    p[1] = arrival
    p[2] = start.volume
    const isConverged = model.fit(scaled, p, lower, upper)
    if (model.sse() < found.sse) {
      found.sse = model.sse()
      found.isConverged = isConverged
      found.flow = p[0]!
      found.arrival = p[1]!
      found.volume = p[2]!
      found.course = course
      found.interval = interval
    }
    return p[1] === low ? -1 : p[1] === high ? 1 : 0
  }

  /** From the best node, through the interval around it and the next where it runs into that. */
  function refine(): void {
    const arrival = nodes[start.node]!
    const last = kinks.length - 2
    let interval = 0
    while (interval < last && kinks[interval + 1]! <= arrival) interval++
    const next = interval + fitWithin(interval, arrival)
    if (next !== interval && next >= 0 && next <= last) fitWithin(next, found.arrival)
  }

  function searchAlone(y: Float64Array): void {
    start.gain = -1
    start.volume = 0
    for (let node = 0; node < nodes.length; node++) {
      const rf = weighted(columns[node]!, y)
      const gain = (rf * rf) / products[node]!
      if (!(gain > start.gain)) continue
      start.gain = gain
      start.node = node
      start.flow = rf / products[node]!
    }
  }

  /** The best node with blood in arteries; false where its volume would be negative everywhere. */
  function searchArteries(y: Float64Array): boolean {
    start.gain = -1
    for (let c = 0; c < courses.length; c++) seen[c] = weighted(courses[c]!.response, y)
    for (let node = 0; node < nodes.length; node++) {
      const rf = weighted(columns[node]!, y)
      const ff = products[node]!
      for (let c = 0; c < courses.length && courses[c]!.from < nodes[node]!; c++) {
        const [fa, aa, ra] = [crossed[node]![c]!, courseSquares[c]!, seen[c]!]
        const determinant = ff * aa - fa * fa
        const volume = (ff * ra - fa * rf) / determinant
        if (!(determinant > ROUNDING * ff * aa) || volume <= 0) continue
        const flow = (aa * rf - fa * ra) / determinant
        if (flow <= 0) continue
        const gain = flow * rf + volume * ra
        if (!(gain > start.gain)) continue
        start.gain = gain
        start.node = node
        start.course = c
        start.flow = flow
        start.volume = volume
      }
    }
    return start.gain >= 0
  }

  return (y, within) => {
    for (let i = 0; i < n; i++) scaled[i] = roots[i]! * y[i]!
    const squares = weighted(y, y)
    found.sse = Infinity
    course = -1
    searchAlone(y)
    refine()
    if (courses.length > 0 && found.sse > ROUNDING * squares && searchArteries(y)) {
      Object.assign(alone, found)
      course = start.course
      found.sse = Infinity
      refine()
      const withIt = within + Math.max(found.sse, ROUNDING * ROUNDING * squares)
      const isWanted =
        arterial === 'on' ? found.sse < alone.sse : callsForArterial(within + alone.sse, withIt, differences)
      if (!isWanted) Object.assign(found, alone)
    }
    report(within)
    return out
  }

  function report(within: number): void {
    const hasArtery = found.course >= 0 && found.volume > 0
    out.flow = found.flow
    out.isConverged = found.isConverged
    out.isLate = found.arrival > latest - AT_END
    out.isBound = out.isLate || found.arrival < kinks[0]! + AT_END
    out.arrival = found.flow > 0 ? found.arrival : Number.NaN
    const free = (out.isBound ? 1 : 2) + (hasArtery ? 1 : 0)
    const freedom = differences - free - (hasArtery ? 1 : 0)
    out.sse = within + found.sse
    const variance = freedom > 0 && invertNormal(hasArtery) ? out.sse / freedom : Number.NaN
    const size = hasArtery ? 3 : 2
    out.flowSd = out.isLate ? Number.NaN : Math.sqrt(variance * normal[0]!)
    out.arrivalSd = out.isBound || !(found.flow > 0) ? Number.NaN : Math.sqrt(variance * normal[size + 1]!)
    const course = hasArtery ? (courses[found.course] ?? null) : null
    placeArtery(out, course, found.volume, variance * normal[size * size - 1]!, kind, T1b)
  }

  /** The inverse normal matrix at the solution: flow, arrival (held at a bound), volume. */
  function invertNormal(hasArtery: boolean): boolean {
    const size = hasArtery ? 3 : 2
    const response = courses[found.course]?.response
    normal.fill(0)
    const middle = (kinks[found.interval]! + kinks[found.interval + 1]!) / 2
    for (let i = 0; i < n; i++) {
      generalInflow(at, boli[i]!, phaseOf(boli[i]!, middle), found.arrival, 1 / T1t + found.flow / lambda, T1b, kind)
      scratch[0] = at.value + (found.flow * at.byRate) / lambda
      scratch[1] = out.isBound ? 0 : found.flow * at.byArrival
      scratch[2] = response ? response[i]! : 0
      for (let r = 0; r < size; r++)
        for (let c = 0; c < size; c++) normal[r * size + c]! += weights[i]! * scratch[r]! * scratch[c]!
    }
    if (out.isBound) normal[size + 1] = 1
    return invertSymmetric(normal, size, scratch)
  }
}

/** Arrivals at the kinks and evenly between them [s]. */
function nodesBetween(kinks: Float64Array): number[] {
  const nodes: number[] = []
  for (let k = 0; k + 1 < kinks.length; k++) {
    const [low, high] = [kinks[k]!, kinks[k + 1]!]
    const parts = Math.max(1, Math.ceil((high - low) / STEP))
    for (let part = 0; part < parts; part++) nodes.push(low + ((high - low) * part) / parts)
  }
  nodes.push(kinks[kinks.length - 1]!)
  return nodes
}
