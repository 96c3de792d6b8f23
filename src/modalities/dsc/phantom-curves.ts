/** Step of the fine curves [s]. */
const STEP = 0.05

/** Gamma variate of the bolus: power, width [s]; its peak is `power · width` after arrival. */
const BOLUS = { power: 3, width: 1.5 } as const

/** Recirculation: its height over that of the first pass [1], how much later it comes and how much wider it is. */
const AGAIN = { height: 0.12, later: 16, wider: 2.5 } as const

/** A curve on a fine clock, linear between its samples. */
export interface FineCurve {
  readonly values: Float64Array
}

/** How a tissue answers to the artery. */
export interface Response {
  /** Area under the residue function over that of a unit one: what volume is to CBV [1]. */
  readonly volume: number
  /** Mean transit time of an exponential residue function [s]. */
  readonly transit: number
  /** How much later than the artery blood arrives [s]. */
  readonly delay: number
  /** Time constant of an exponential dispersion on the way [s]; 0 for none. */
  readonly dispersion: number
}

/**
 * An arterial curve of peak 1: a gamma variate (α 3, β 1.5 s, width 6.2 s) with a recirculation.
 *
 * @param arrival - [s]
 * @param duration - of the curve [s]
 */
export function arterialCurve(arrival: number, duration: number): FineCurve {
  const values = new Float64Array(Math.ceil(duration / STEP) + 2)
  const { power, width } = BOLUS
  const pass = (t: number, stretch: number) => {
    const x = t / (power * width * stretch)
    return x > 0 ? x * x * x * Math.exp(power * (1 - x)) : 0
  }
  for (let k = 0; k < values.length; k++) {
    const t = k * STEP - arrival
    values[k] = pass(t, 1) + AGAIN.height * pass(t - AGAIN.later, AGAIN.wider)
  }
  return { values }
}

/** The curve of a tissue under an arterial curve, its area `volume` times that of the artery; see {@link Response}. */
export function tissueCurve(artery: FineCurve, { volume, transit, delay, dispersion }: Response): FineCurve {
  const late = shifted(artery, delay)
  const arriving = dispersion > 0 ? filtered(late, dispersion) : late
  return { values: filtered(arriving, transit).values.map(value => volume * value) }
}

/** The curve through an exponential of unit area, exact for samples that are linear between them. */
function filtered({ values }: FineCurve, time: number): FineCurve {
  const out = new Float64Array(values.length)
  const x = STEP / time
  const e = Math.exp(-x)
  // Weights of the last and of this sample in the integral over one step.
  const last = (1 - e) / x - e
  const here = 1 - (1 - e) / x
  for (let k = 1; k < out.length; k++) out[k] = e * out[k - 1]! + last * values[k - 1]! + here * values[k]!
  return { values: out }
}

function shifted(curve: FineCurve, delay: number): FineCurve {
  return { values: curve.values.map((_, k) => valueAt(curve, k * STEP - delay)) }
}

/** The integral of a curve from the start [unit · s]. */
export function integralOf({ values }: FineCurve): FineCurve {
  const out = new Float64Array(values.length)
  for (let k = 1; k < out.length; k++) out[k] = out[k - 1]! + (STEP * (values[k - 1]! + values[k]!)) / 2
  return { values: out }
}

/** A weighted sum of curves. */
export function sumOf(parts: readonly (readonly [number, FineCurve])[]): FineCurve {
  const [first] = parts
  return {
    values: Float64Array.from(first?.[1].values ?? [], (_, k) =>
      parts.reduce((sum, [weight, { values }]) => sum + weight * values[k]!, 0),
    ),
  }
}

/** The value at a time [s]; that of the end beyond the end, 0 before the start. */
export function valueAt({ values }: FineCurve, time: number): number {
  const at = time / STEP
  if (at <= 0) return 0
  const k = Math.floor(at)
  if (k >= values.length - 1) return values[values.length - 1]!
  return values[k]! + (at - k) * (values[k + 1]! - values[k]!)
}
