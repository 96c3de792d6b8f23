import type { Inlet } from './inlet.ts'

/** Integrals of exp(−k·t) over one interval: weights of the value and of the slope at its start, and their derivatives by k. */
export interface Weights {
  /** exp(−k·d) [1]. */
  decay: number
  /** ∫ exp(−k·(d − u)) du [s]. */
  value: number
  /** ∫ u·exp(−k·(d − u)) du [s²]. */
  slope: number
  /** Derivatives of the two by k [s², s³]. */
  valueByK: number
  slopeByK: number
}

/**
 * Integrals of an exponential over one interval, exact for an input that is a straight line there.
 *
 * @remarks
 * With `x = k·d`, `φ1 = (1 − e⁻ˣ)/x` and `φ2 = (1 − φ1)/x` they are `d·φ1` and `d²·φ2`. Below `x = 0.1` series take over,
 * so that `k = 0` is plain integration and no digits are lost on the way to it.
 *
 * **Error.** Relative error under 1e-13.
 *
 * @param k - rate [1/s], at least 0
 * @param d - length of the interval [s]
 * @param out - receives the weights
 */
export function intervalWeights(k: number, d: number, out: Weights): void {
  const x = k * d
  const decay = Math.exp(-x)
  let one = 0
  let two = 0
  let oneByX = 0
  let twoByX = 0
  if (x < 0.1) {
    // φ1 = Σ (−x)^j/(j + 1)!, φ2 = Σ (−x)^j/(j + 2)!, and their derivatives term by term.
    let term = 1
    for (let j = 0; j < 10; j++) {
      const first = term / (j + 1)
      const second = first / (j + 2)
      one += first
      two += second
      oneByX -= second * (j + 1)
      twoByX -= (second * (j + 1)) / (j + 3)
      term = (-x * term) / (j + 1)
    }
  } else {
    one = (1 - decay) / x
    two = (1 - one) / x
    oneByX = (decay - one) / x
    twoByX = (-oneByX - two) / x
  }
  out.decay = decay
  out.value = d * one
  out.slope = d * d * two
  out.valueByK = d * d * oneByX
  out.slopeByK = d * d * d * twoByX
}

/**
 * Convolves an inlet with exponentials.
 *
 * @param k - rate of the exponential [1/s], at least 0
 * @param G - receives the convolution [mM·s], shape (nFrame)
 * @param byK - receives its derivative by k [mM·s²], shape (nFrame); null where not wanted
 */
export type Convolve = (k: number, G: Float64Array, byK: Float64Array | null) => void

/**
 * Make a function that convolves an inlet with exponentials.
 *
 * @remarks
 *     G_k(t) = ∫₀ᵗ C_p(u)·exp(−k·(t − u)) du
 *     G_i = E·G_{i−1} + C_{i−1}·i0 + s·i1,   E = exp(−k·d),   s = (C_i − C_{i−1})/d
 *
 * with the weights of {@link intervalWeights}: exact for an inlet that is a straight line between its nodes, whatever their
 * spacing; the derivative by k follows the same recursion. `k = 0` gives the running integral. A rectangle rule instead
 * would bias v_p by −Ktrans·Δt/2, and a trapezium rule plasma flow by some −4 % at Δt 2 s.
 *
 * **Error.** 5e-11 mM against a solution of the differential equation for curves of 1 mM.
 *
 * @param inlet - the input; read anew at each call, so that a moved inlet counts
 *
 * @see Flouri et al., Magn Reson Med 76:998 (2016), appendix, doi:10.1002/mrm.25991
 */
export function exponentialConvolution(inlet: Inlet): Convolve {
  const { nodes, values, frameAt, steps, stepOf } = inlet
  const m = nodes.length
  const nStep = steps.length
  const weights: Weights = { decay: 0, value: 0, slope: 0, valueByK: 0, slopeByK: 0 }
  // Weights of the earlier and of the later value of each spacing, and their derivatives.
  const decay = new Float64Array(nStep)
  const earlier = new Float64Array(nStep)
  const later = new Float64Array(nStep)
  const earlierByK = new Float64Array(nStep)
  const laterByK = new Float64Array(nStep)
  const isOneStep = nStep === 1 && m === frameAt.length

  function prepare(k: number): void {
    for (let s = 0; s < nStep; s++) {
      const d = steps[s]!
      intervalWeights(k, d, weights)
      decay[s] = weights.decay
      later[s] = weights.slope / d
      earlier[s] = weights.value - later[s]!
      laterByK[s] = weights.slopeByK / d
      earlierByK[s] = weights.valueByK - laterByK[s]!
    }
  }

  function even(G: Float64Array, byK: Float64Array | null): void {
    const [E, a, b, aByK, bByK, d] = [decay[0]!, earlier[0]!, later[0]!, earlierByK[0]!, laterByK[0]!, steps[0]!]
    let before = values[0]!
    let g = 0
    G[0] = 0
    if (byK === null) {
      for (let j = 1; j < m; j++) {
        const now = values[j]!
        g = E * g + (a * before + b * now)
        G[j] = g
        before = now
      }
      return
    }
    const Ed = E * d
    let h = 0
    byK[0] = 0
    for (let j = 1; j < m; j++) {
      const now = values[j]!
      h = E * h + (aByK * before + bByK * now - Ed * g)
      g = E * g + (a * before + b * now)
      G[j] = g
      byK[j] = h
      before = now
    }
  }

  function uneven(G: Float64Array, byK: Float64Array | null): void {
    let g = 0
    let h = 0
    let frame = 0
    for (let j = 0; j < m; j++) {
      if (j > 0) {
        const s = stepOf[j]!
        const [before, now, E] = [values[j - 1]!, values[j]!, decay[s]!]
        h = E * (h - steps[s]! * g) + earlierByK[s]! * before + laterByK[s]! * now
        g = E * g + earlier[s]! * before + later[s]! * now
      }
      if (frameAt[frame] !== j) continue
      G[frame] = g
      if (byK !== null) byK[frame] = h
      frame++
    }
  }

  return (k, G, byK) => {
    prepare(k)
    if (isOneStep) even(G, byK)
    else uneven(G, byK)
  }
}

/**
 * The inlet at its frames [mM], shape (nFrame).
 *
 * @param inlet - the input
 * @param out - receives the values, shape (nFrame)
 */
export function inletAtFrames(inlet: Inlet, out: Float64Array): void {
  const { values, frameAt } = inlet
  for (let i = 0; i < frameAt.length; i++) out[i] = values[frameAt[i]!]!
}
