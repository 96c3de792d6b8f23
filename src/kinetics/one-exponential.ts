import { exponentialConvolution } from './convolution.ts'
import type { Inlet } from './inlet.ts'
import { type Coefficients, linearForm } from './linear-form.ts'
import type { BoundModel, LinearForm } from './model.ts'

/**
 * One well-mixed compartment, `C = F·G_k` with `k = F/v`: the kernel of the Tofts and of the one-compartment model.
 *
 * @param inlet - its input
 */
export function bindOneExponential(inlet: Inlet): BoundModel {
  const n = inlet.frames.length
  const G = new Float64Array(n)
  const byK = new Float64Array(n)
  const convolve = exponentialConvolution(inlet)
  return {
    evaluate(p, curve, jacobian) {
      const F = p[0]!
      const k = F / p[1]!
      convolve(k, G, jacobian === null ? null : byK)
      for (let i = 0; i < n; i++) curve[i] = F * G[i]!
      if (jacobian === null) return
      const byV = (-F * k) / p[1]!
      for (let i = 0; i < n; i++) {
        jacobian[i] = G[i]! + k * byK[i]!
        jacobian[n + i] = byV * byK[i]!
      }
    },
  }
}

const coefficients: Coefficients = {
  toParameters(c, p) {
    p[0] = c[0]!
    p[1] = -c[0]! / c[1]!
    return c[1]! < 0 && c[0]! > 0
  },
  byParameters(p, out) {
    out[0] = 1
    out[1] = 0
    out[2] = -1 / p[1]!
    out[3] = p[0]! / (p[1]! * p[1]!)
  },
}

/**
 * Its linear form, `C = F·∫C_p − k·∫C`.
 *
 * @param inlet - its input
 */
export function linearOneExponential(inlet: Inlet): LinearForm {
  const area = new Float64Array(inlet.frames.length)
  exponentialConvolution(inlet)(0, area, null)
  return linearForm(inlet.frames, [area], 1, coefficients)
}
