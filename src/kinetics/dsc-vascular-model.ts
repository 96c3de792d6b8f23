import { gammaTransit } from './gamma-transit.ts'

/** The signal of the vascular model, with its derivatives; nothing is allocated per evaluation. */
export interface VascularModel {
  /** Take an arterial curve [1/s], shape (nVolume); false where it is nowhere above 0. */
  prepare(arterial: Float64Array): boolean
  /**
   * The signal over that before the bolus [1], and its derivatives.
   *
   * @param p - ln flow over the unit flow, ln transit time [s], ln shape, delay [s], level [1]
   * @param curve - receives the signal, shape (at least nVolume)
   * @param jacobian - receives the derivatives, row q from `q·stride` on
   * @param stride - length of a row [1]
   */
  evaluate(p: Float64Array, curve: Float64Array, jacobian: Float64Array, stride: number): void
}

/** How much earlier than at 1 % of its peak an arterial curve is taken for 0 [s]: what is before is noise. */
const LEAD = 3
const FOOT = 0.01

/** Earliest arrival before the artery that is allowed for [s]. */
const EARLIEST = 30

/**
 * Make a {@link VascularModel}.
 *
 * @remarks
 *     s(t_k) = b·exp(−T·F·c_k),   c_k = Σ_j b_j·W(t_k − t_j − δ),   W = δ⁴I4/dt³
 *
 * with b_j the coefficients of the cubic spline through the arterial samples, I4 the fourth integral of the residue function
 * ({@link gammaTransit}) and δ⁴ its fourth central difference: the convolution of the spline, exact at any delay. Straight lines
 * between the samples instead would cut off the tops of the arterial curve: with volumes every 1.5 s flow would read 30 % high.
 * After the record the artery stays at its last sample, which early tissue can see of it.
 *
 * **Error.** 0.4 % of the signal before the bolus at volumes every 1.5 s, where the bolus begins.
 *
 * @param frames - number of volumes
 * @param dt - time between volumes [s]
 * @param gain - echo time times unit flow [1]
 */
export function vascularModel(frames: number, dt: number, gain: number): VascularModel {
  const n = frames
  const ahead = Math.ceil(EARLIEST / dt) + 2
  const coefficients = new Float64Array(n + ahead)
  const pivots = new Float64Array(n + ahead)
  const transit = gammaTransit()
  const make = () => new Float64Array(n + ahead + 4)
  const [third, fourth, byShape] = [make(), make(), make()]
  // Weights of an arterial coefficient, and their derivatives, by how much later the tissue is looked at.
  const [W, byTransit, byLogShape, byDelay] = [make(), make(), make(), make()]
  let foot = 0

  function prepare(curve: Float64Array): boolean {
    let top = 0
    for (let k = 1; k < n; k++) if (curve[k]! > curve[top]!) top = k
    foot = top
    while (foot > 0 && curve[foot - 1]! > FOOT * curve[top]!) foot--
    foot = Math.max(0, foot - Math.ceil(LEAD / dt))
    coefficients.fill(0, 0, foot)
    for (let k = foot; k < coefficients.length; k++) coefficients[k] = curve[Math.min(k, n - 1)]!
    splineCoefficients(coefficients, pivots)
    return curve[top]! > 0 && curve[top]! < Infinity
  }

  function weigh(shape: number, delay: number, lag: number, count: number): void {
    const scale = 1 / (dt * dt * dt)
    const difference = (I: Float64Array, i: number) =>
      scale * (I[i - 2]! - 4 * I[i - 1]! + 6 * I[i]! - 4 * I[i + 1]! + I[i + 2]!)
    for (let i = 2; i < count - 2; i++) {
      W[i] = difference(fourth, i)
      byDelay[i] = -difference(third, i)
      byLogShape[i] = shape * difference(byShape, i)
    }
    for (let i = 0; i < count; i++) third[i]! *= (lag + i - 2) * dt - delay
    for (let i = 2; i < count - 2; i++) byTransit[i] = 4 * W[i]! - difference(third, i)
  }

  function evaluate(p: Float64Array, curve: Float64Array, jacobian: Float64Array, stride: number): void {
    const flow = gain * Math.exp(p[0]!)
    const shape = Math.exp(p[2]!)
    const delay = Math.max(-EARLIEST, p[3]!)
    const level = p[4]!
    // The first lag, in samples, whose weight is not 0; that of index i is lag + i − 2, so that neighbours are there.
    const lag = Math.floor(delay / dt) - 1
    const count = n - foot - lag + 4
    transit.set(Math.exp(p[1]!), shape)
    transit.integrals((lag - 2) * dt - delay, dt, count, third, fourth, byShape)
    weigh(shape, delay, lag, count)
    for (let k = 0; k < n; k++) {
      let [c, m, l, d] = [0, 0, 0, 0]
      for (let j = foot, i = k - foot - lag + 2; i >= 2; j++, i--) {
        const a = coefficients[j]!
        c += a * W[i]!
        m += a * byTransit[i]!
        l += a * byLogShape[i]!
        d += a * byDelay[i]!
      }
      const e = Math.exp(-flow * c)
      const slope = -flow * level * e
      curve[k] = level * e
      jacobian[k] = slope * c
      jacobian[stride + k] = slope * m
      jacobian[2 * stride + k] = slope * l
      jacobian[3 * stride + k] = slope * d
      jacobian[4 * stride + k] = e
    }
  }

  return { prepare, evaluate }
}

/**
 * Samples to the coefficients of the cubic spline through them, `(b_{k−1} + 4·b_k + b_{k+1})/6 = a_k`, with 0 before the first and
 * the last coefficient after the last.
 */
function splineCoefficients(values: Float64Array, pivots: Float64Array): void {
  const n = values.length
  let before = 0
  let ratio = 0
  for (let k = 0; k < n; k++) {
    const pivot = (k === n - 1 ? 5 : 4) - ratio
    ratio = 1 / pivot
    pivots[k] = ratio
    before = values[k] = (6 * values[k]! - before) * ratio
  }
  for (let k = n - 2; k >= 0; k--) values[k]! -= pivots[k]! * values[k + 1]!
}
