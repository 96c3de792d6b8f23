import { invertSymmetric } from '../numerics/symmetric.ts'
import {
  type ArterialCourse,
  AT_END,
  arterialCourses,
  callsForArterial,
  type Delays,
  emptyArrived,
  type FitArrival,
  kinksOf,
  placeArtery,
} from './asl-inflow.ts'

/** Below this share of the data's sum of squares only rounding is left [1]. */
const ROUNDING = 1e-13

/** Arrivals for which the model is linear, with its least squares solved before any voxel is seen. */
interface Piece {
  /** Columns times the counts: of the flow, of flow times u (between two kinks), shape (nColumn × n). */
  readonly columns: Float64Array
  /** Number of columns without arteries: 2 between kinks, 1 at one. */
  readonly free: 1 | 2
  /** Ends of u. */
  readonly low: number
  readonly high: number
  /** Inverse of the normal matrix without arteries, and with each course; null where the samples cannot tell them apart. */
  readonly alone: Float64Array | null
  readonly withCourse: readonly (Float64Array | null)[]
}

/**
 * Flow and arrival from several delays by least squares, for the T1 of blood throughout; with blood in arteries where asked for.
 *
 * @remarks
 * The response of {@link tissueInflow} is piecewise linear in `u`, which is `exp(−Δ/T1b)` for continuous and `−Δ` for pulsed
 * labelling:
 *
 *     R = w·(min(max(u, a), b) − a)
 *
 * So between two kinks flow and flow·u enter linearly, at a kink flow alone does, and the label in arteries, whose course
 * changes at the same kinks only, is linear in its volume throughout. The best of these few linear problems is the least
 * sum of squares of all arrivals: no start, no iteration, no local minimum. Nothing is allocated in a fit.
 *
 * **Arrival** lies between the first kink and the last. At the first, every bolus was in before the first readout: the true
 * arrival may be earlier, and flow is not affected; at the last too few samples hold label to tell either. Both are
 * `isBound`. Flow may be negative; then there is no arrival.
 *
 * **Arteries**: volume at least 0, arrival before that in tissue. The samples place the arterial arrival between two kinks
 * only; reported is what is nearest to 0.7 s, its standard error is that of an even chance in between, and for continuous
 * labelling it enters that of the volume. In `auto` they enter where {@link callsForArterial}.
 *
 * **Standard errors** from the Jacobian at the solution, at a kink from that after it, and the sum of squares over
 * `N − p` degrees of freedom; M0 counts as known.
 *
 * **Limits.** At least two readout times. A flow that is not significant has an arrival, with an error to match.
 *
 * **Error.** Noise-free: 1e-11 in flow, 1e-11 s in arrival.
 *
 * @param delays - what the samples are
 *
 * @see Woods et al., Magn Reson Med 92:469 (2024), doi:10.1002/mrm.30091
 */
export function arrivalFit(delays: Delays): FitArrival {
  const { boli, counts, T1b, kind, arterial } = delays
  const n = boli.length
  const kinks = kinksOf(delays)
  const latest = kinks[kinks.length - 1]!
  const courses = arterial === 'off' ? [] : arterialCourses(delays, latest)
  const weights = Float64Array.from(counts)
  const differences = counts.reduce((sum, count) => sum + count, 0)
  const isPulsed = kind === 'pulsed'
  const uOf = (arrival: number) => (isPulsed ? -arrival : Math.exp(-arrival / T1b))
  const weightedCourses = courses.map(({ response }) => response.map((value, i) => value * weights[i]!))
  const pieces = makePieces(delays, kinks, courses, uOf)

  const out = emptyArrived()
  const rhs = new Float64Array(3)
  const solution = new Float64Array(3)
  const best = { gain: 0, piece: -1, course: -1, flow: 0, flowTimesU: 0, volume: 0 }

  function dotWith(column: Float64Array, offset: number, y: Float64Array): number {
    let sum = 0
    for (let i = 0; i < n; i++) sum += column[offset + i]! * y[i]!
    return sum
  }

  /** Solve one linear problem; how much it explains. */
  function solve(inverse: Float64Array, free: number): number {
    let gain = 0
    for (let r = 0; r < free; r++) {
      let sum = 0
      for (let c = 0; c < free; c++) sum += inverse[r * free + c]! * rhs[c]!
      solution[r] = sum
      gain += sum * rhs[r]!
    }
    return gain
  }

  function consider(at: number, course: number, gain: number, free: number): void {
    if (!(gain > best.gain)) return
    const { low, high } = pieces[at]!
    const flow = solution[0]!
    const u = free === 2 ? solution[1]! / flow : low
    if (free === 2 && !(u > low && u < high)) return
    const volume = course < 0 ? 0 : solution[free]!
    // Label in an artery is on its way to tissue.
    if (course >= 0 && !(volume > 0 && flow > 0)) return
    best.gain = gain
    best.piece = at
    best.course = course
    best.flow = flow
    best.flowTimesU = flow * u
    best.volume = volume
  }

  /** The best piece, with the courses from the first to the last named; −1 is none. */
  function search(y: Float64Array, hasCourses: boolean): void {
    for (let at = 0; at < pieces.length; at++) {
      const { columns, free, alone, withCourse } = pieces[at]!
      rhs[0] = dotWith(columns, 0, y)
      if (free === 2) rhs[1] = dotWith(columns, n, y)
      if (!hasCourses) {
        if (alone) consider(at, -1, solve(alone, free), free)
        continue
      }
      for (let c = 0; c < courses.length; c++) {
        const inverse = withCourse[c]
        if (!inverse) continue
        rhs[free] = seen[c]!
        consider(at, c, solve(inverse, free + 1), free)
      }
    }
  }

  const seen = new Float64Array(courses.length)

  return (y, within) => {
    let squares = 0
    for (let i = 0; i < n; i++) squares += weights[i]! * y[i]! * y[i]!
    best.gain = -1
    best.piece = -1
    search(y, false)
    if (courses.length > 0 && squares - best.gain > ROUNDING * squares) {
      for (let c = 0; c < courses.length; c++) seen[c] = dotWith(weightedCourses[c]!, 0, y)
      const { gain, piece, course, flow, flowTimesU, volume } = best
      search(y, true)
      const left = (explained: number) => within + Math.max(squares - explained, ROUNDING * ROUNDING * squares)
      if (arterial === 'auto' && !callsForArterial(left(gain), left(best.gain), differences)) {
        best.gain = gain
        best.piece = piece
        best.course = course
        best.flow = flow
        best.flowTimesU = flowTimesU
        best.volume = volume
      }
    }
    report(y, within)
    return out
  }

  function report(y: Float64Array, within: number): void {
    const isKink = best.piece % 2 === 0
    const u = best.flowTimesU / best.flow
    const arrival = isKink ? kinks[best.piece / 2]! : isPulsed ? -u : -T1b * Math.log(u)
    const isEnd = isKink && !(inverseAt(best.piece - 1) && inverseAt(best.piece + 1))
    out.flow = best.flow
    out.isLate = arrival > latest - AT_END
    out.isBound = isEnd || out.isLate || arrival < kinks[0]! + AT_END
    out.arrival = best.flow > 0 ? arrival : Number.NaN
    out.arrivalSd = Number.NaN
    // At a kink the arrival can go either way; the piece after it speaks for both.
    const at = isKink && !out.isBound ? best.piece + 1 : best.piece
    const { free } = pieces[at]!
    const inverse = inverseAt(at)
    const count = best.course < 0 ? free : free + 1
    const freedom = differences - free - (best.course < 0 ? 0 : 2)
    out.sse = within + residual(y)
    const variance = freedom > 0 ? out.sse / freedom : Number.NaN
    out.flowSd = inverse && !out.isLate ? Math.sqrt(variance * inverse[0]!) : Number.NaN
    if (inverse && free === 2 && best.flow > 0 && !out.isBound) {
      const [ff, fg, gg] = [inverse[0]!, inverse[1]!, inverse[count + 1]!]
      const spread = Math.sqrt(variance * (gg - 2 * u * fg + u * u * ff)) / best.flow
      out.arrivalSd = isPulsed ? spread : (T1b * spread) / u
    }
    const volumeVariance = inverse ? inverse[count * count - 1]! * variance : Number.NaN
    placeArtery(out, courses[best.course] ?? null, best.volume, volumeVariance, kind, T1b)
  }

  /** What the samples say about a piece with the course that was found; nothing beyond the ends, or where they do not tell. */
  function inverseAt(at: number): Float64Array | null {
    const piece = pieces[at]
    if (!piece) return null
    return (best.course < 0 ? piece.alone : piece.withCourse[best.course]) ?? null
  }

  function residual(y: Float64Array): number {
    const u = best.flowTimesU / best.flow
    let sum = 0
    for (let i = 0; i < n; i++) {
      const course = best.course < 0 ? 0 : best.volume * courses[best.course]!.response[i]!
      const tissue = best.flow === 0 ? 0 : best.flow * responseAt(boli[i]!, u, T1b, isPulsed)
      const away = y[i]! - tissue - course
      sum += weights[i]! * away * away
    }
    return sum
  }
}

/** The response of tissue as a function of u, see {@link arrivalFit} [s]. */
function responseAt(
  { time, duration }: { readonly time: number; readonly duration: number },
  u: number,
  T1b: number,
  isPulsed: boolean,
): number {
  const low = isPulsed ? -time : Math.exp(-time / T1b)
  const high = isPulsed ? duration - time : Math.exp((duration - time) / T1b)
  return (isPulsed ? Math.exp(-time / T1b) : T1b) * (Math.min(Math.max(u, low), high) - low)
}

/** The pieces in order of arrival: at the first kink, between it and the next, at the next, and so on. */
function makePieces(
  { boli, counts, T1b, kind }: Delays,
  kinks: Float64Array,
  courses: readonly ArterialCourse[],
  uOf: (arrival: number) => number,
): Piece[] {
  const isPulsed = kind === 'pulsed'
  const pieces: Piece[] = []
  for (let k = 0; k < kinks.length; k++) {
    const kink = kinks[k]!
    const u = uOf(kink)
    const flow = Float64Array.from(boli, bolus => responseAt(bolus, u, T1b, isPulsed))
    pieces.push(makePiece([flow], u, u, kink))
    if (k === kinks.length - 1) break
    const next = kinks[k + 1]!
    const middle = (kink + next) / 2
    const state = ({ time, duration }: { time: number; duration: number }) =>
      middle >= time ? 'before' : middle > time - duration ? 'rising' : 'in'
    const weight = (time: number) => (isPulsed ? Math.exp(-time / T1b) : T1b)
    const low = (time: number) => (isPulsed ? -time : Math.exp(-time / T1b))
    const constant = Float64Array.from(boli, bolus => {
      if (state(bolus) === 'before') return 0
      if (state(bolus) === 'rising') return -weight(bolus.time) * low(bolus.time)
      return responseAt(bolus, uOf(middle), T1b, isPulsed)
    })
    const slope = Float64Array.from(boli, bolus => (state(bolus) === 'rising' ? weight(bolus.time) : 0))
    pieces.push(makePiece([constant, slope], uOf(next), u, next))
  }
  return pieces

  function makePiece(columns: readonly Float64Array[], low: number, high: number, latest: number): Piece {
    const n = boli.length
    const weighted = new Float64Array(columns.length * n)
    columns.forEach((column, at) => {
      for (let i = 0; i < n; i++) weighted[at * n + i] = column[i]! * counts[i]!
    })
    return {
      columns: weighted,
      free: columns.length === 2 ? 2 : 1,
      low,
      high,
      alone: inverseOf(columns, counts),
      withCourse: courses.map(({ from, response }) =>
        from < latest ? inverseOf([...columns, response], counts) : null,
      ),
    }
  }
}

/** Inverse of the normal matrix of some columns, row-major; null where the samples cannot tell them apart. */
function inverseOf(columns: readonly Float64Array[], counts: readonly number[]): Float64Array | null {
  const size = columns.length
  const matrix = new Float64Array(size * size)
  for (let r = 0; r < size; r++)
    for (let c = 0; c < size; c++)
      matrix[r * size + c] = counts.reduce((sum, count, i) => sum + count * columns[r]![i]! * columns[c]![i]!, 0)
  return invertSymmetric(matrix, size, new Float64Array(size)) ? matrix : null
}
