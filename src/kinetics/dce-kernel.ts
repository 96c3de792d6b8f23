import { levenbergMarquardt } from '../numerics/levenberg-marquardt.ts'
import type { BoundModel, Bounds, KineticModel, LinearForm } from './model.ts'
import { FIT_STATUS } from './status.ts'

/** Fits one voxel after the other, all with the same frames. */
export interface VoxelKernel {
  /** Concentration at its frames, to be set before a fit, shape (nKept). */
  readonly y: Float64Array
  /** Receives values and standard errors of the free parameters, the derived quantities and the delay; returns the status. */
  fit(values: Float64Array, errors: Float64Array): number
  sse(): number
}

/** The linear form alone: exact for a linear model, fast for the others. */
export function linearKernel(
  model: KineticModel,
  times: Float64Array,
  bound: BoundModel,
  linear: LinearForm,
  bounds: Bounds,
): VoxelKernel {
  const P = model.parameters.length
  const y = new Float64Array(times.length)
  const curve = new Float64Array(times.length)
  const p = new Float64Array(P)
  const covariance = new Float64Array(P * P)
  const report = reporter(model, bounds)
  let sse = Number.NaN
  return {
    y,
    sse: () => sse,
    fit(values, errors) {
      const isSolved = linear.solve(y, p)
      if (!isSolved) {
        sse = Number.NaN
        values.fill(Number.NaN)
        errors.fill(Number.NaN)
        return FIT_STATUS.unconverged
      }
      const squares = linear.errors(covariance)
      let isOut = false
      for (let a = 0; a < P; a++) {
        const inside = Math.min(Math.max(p[a]!, bounds.lower[a]!), bounds.upper[a]!)
        if (inside !== p[a]) isOut = true
        p[a] = inside
      }
      sse = model.isLinear && !isOut ? squares : squaresOf(bound, p, y, curve)
      return report(p, covariance, values, errors, true)
    },
  }
}

/** Sum of squared residuals of a model at given parameters [mM²]; `curve` is working memory, shape (nFrame). */
export function squaresOf(bound: BoundModel, p: Float64Array, y: Float64Array, curve: Float64Array): number {
  bound.evaluate(p, curve, null)
  let sum = 0
  for (let i = 0; i < y.length; i++) sum += (y[i]! - curve[i]!) * (y[i]! - curve[i]!)
  return sum
}

/** Least squares within bounds, from the linear form and, where that does not end inside, from the starts of the model. */
export function nonlinearKernel(
  model: KineticModel,
  times: Float64Array,
  bound: BoundModel,
  linear: LinearForm | null,
  bounds: Bounds,
): VoxelKernel {
  const P = model.parameters.length
  const { lower, upper } = bounds
  const y = new Float64Array(times.length)
  const search = levenbergMarquardt(P, times.length, bound.evaluate)
  const [p, best] = [new Float64Array(P), new Float64Array(P)]
  const covariance = new Float64Array(P * P)
  const report = reporter(model, bounds)
  const isInside = () => search.atBound.every(at => at === 0)
  let sse = Number.NaN
  return {
    y,
    sse: () => sse,
    fit(values, errors) {
      let isGood = false
      sse = Infinity
      const attempt = () => {
        const isArrived = search.fit(y, p, lower, upper)
        const found = search.sse()
        if (!(found < sse * (1 - 1e-9)) && !(isArrived && !isGood && found <= sse)) return
        sse = found
        isGood = isArrived
        best.set(p)
        search.covariance(covariance)
      }
      const isStarted = linear?.solve(y, p) ?? false
      if (isStarted) attempt()
      if (!(isStarted && isGood && isInside()))
        for (const start of model.starts) {
          p.set(start)
          attempt()
          // What a start other than the linear one finds inside the bounds is the minimum, but for models with several.
          if (isGood && isInside() && P < 3) break
        }
      return report(best, covariance, values, errors, isGood)
    },
  }
}

/**
 * Makes what is told of a voxel from its free parameters and their covariance: values and standard errors of these and of what is
 * derived, the status.
 */
export function reporter(
  model: KineticModel,
  { lower, upper }: Bounds,
): (p: Float64Array, covariance: Float64Array, values: Float64Array, errors: Float64Array, isGood: boolean) => number {
  const P = model.parameters.length
  const size = lower.length
  const gradient = new Float64Array(P)
  const names = [...model.parameters, ...model.derived].map(({ name }) => name)
  const vanishing = model.parameters.map(({ name }) => (model.vanishing[name] ?? []).map(other => names.indexOf(other)))
  return (p, covariance, values, errors, isGood) => {
    let status: number = isGood ? FIT_STATUS.good : FIT_STATUS.unconverged
    for (let a = 0; a < P; a++) {
      values[a] = p[a]!
      errors[a] = Math.sqrt(covariance[a * size + a]!)
    }
    for (const [d, { of }] of model.derived.entries()) {
      values[P + d] = of(p, gradient)
      let variance = 0
      for (let a = 0; a < P; a++)
        if (gradient[a] !== 0)
          for (let b = 0; b < P; b++)
            if (gradient[b] !== 0) variance += gradient[a]! * gradient[b]! * covariance[a * size + b]!
      errors[P + d] = Math.sqrt(variance)
    }
    if (size > P) {
      values[names.length] = p[P]!
      errors[names.length] = Math.sqrt(covariance[P * size + P]!)
    }
    for (let a = 0; a < size; a++) {
      const isLow = p[a]! <= lower[a]!
      if (!isLow && p[a]! < upper[a]!) continue
      errors[a < P ? a : names.length] = Number.NaN
      if (status === FIT_STATUS.good) status = FIT_STATUS.bound
      const gone = isLow && a < P ? vanishing[a]! : []
      if (gone.length > 0 && status === FIT_STATUS.bound) status = FIT_STATUS.undefined
      for (const other of gone) values[other] = errors[other] = Number.NaN
    }
    return status
  }
}
