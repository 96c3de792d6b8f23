import { levenbergMarquardt } from '../numerics/levenberg-marquardt.ts'
import { delayedInlet, type InputCurve } from './inlet.ts'
import type { BoundModel, Bounds, KineticModel, LinearForm } from './model.ts'
import { DELAY } from './quantities.ts'
import { FIT_STATUS } from './status.ts'

/** A series of concentrations as the fits take it. */
export interface ConcentrationSeries {
  /** Concentration in tissue, volume after volume [mM], shape (nFrame × nVoxel). */
  readonly concentrations: Float32Array | Float64Array
  /** Rising times of the frames [s], shape (nFrame); their spacing may differ. */
  readonly times: Float64Array
  /** Which voxels to fit, by index. */
  readonly voxels: Int32Array
}

/** What a kinetic fit may be told. */
export interface KineticSettings {
  /** Nonlinear least squares, or the model's linear form. */
  readonly estimator: 'nlls' | 'lls'
  /** `fixed`: the inlets arrive `delay` after the curve; `voxel`: a delay of each voxel's own is fitted. */
  readonly delay: 'fixed' | 'voxel'
  /** Delay of all voxels, where fixed [s]. */
  readonly fixedDelay: number
  /** Bounds of a delay that is fitted [s]. */
  readonly delayRange: readonly [number, number]
  /** Bounds that replace those of the model, by name of the parameter, in house units. */
  readonly bounds: Readonly<Record<string, readonly [number, number]>>
}

/** What a kinetic fit gives; NaN where there is no estimate. */
export interface KineticFit {
  /** Values by name of the quantity, free and derived, house units, shape (nVoxel) each; `delay` [s] where it was fitted. */
  readonly maps: Readonly<Record<string, Float64Array>>
  /** Standard errors, same names and units. */
  readonly sd: Readonly<Record<string, Float64Array>>
  /** See `FIT_STATUS`, shape (nVoxel). */
  readonly status: Uint8Array
  /** Sum of squared residuals [mM²], shape (nVoxel). */
  readonly sse: Float64Array
  /** Number of parameters that were fitted, the delay included. */
  readonly free: number
}

/** Defaults of {@link KineticSettings}. */
export const KINETIC_DEFAULTS: KineticSettings = {
  estimator: 'nlls',
  delay: 'fixed',
  fixedDelay: 0,
  delayRange: [-10, 10],
  bounds: {},
}

/** Distance of the nodes of an inlet that shows the first pass well enough [s]. */
const FIRST_PASS_STEP = 0.5
/** Voxels whose curves are read at once. */
const BLOCK = 32
/** Sets of frames that are remembered at most: voxels with gaps mostly have the same. */
const REMEMBERED = 64
/** Spacing of the delays that are tried before one is fitted, in frames [1]. */
const DELAY_STEP = 0.5
/** Most delays that are tried. */
const MOST_DELAYS = 41
/** How many of them a fit starts from. */
const BEST_DELAYS = 3

/**
 * Fit a kinetic model to the voxels of a series.
 *
 * @remarks
 * A model that is linear in its parameters has its least squares in closed form. The others start at the solution of their
 * linear form, moved into the bounds, and go on by Levenberg and Marquardt with exact derivatives; where that ends at a bound or
 * nowhere, the model's other starts are tried and the least sum of squares counts. Standard errors are those of
 * `SSE/(N − p)·(JᵀJ)⁻¹`, propagated to what is derived.
 *
 * A delay of a voxel's own is one more parameter, whose derivative is the model's answer to the slope of its inlets; it starts at
 * the best three of delays half a frame apart.
 *
 * A frame whose concentration is not a number is left out. Nothing is allocated per voxel.
 *
 * **Limits.** Status 4 where no more frames than parameters are left; 2 at a bound, the value kept and without a standard error;
 * 5 where a parameter vanished and takes others with it, which are NaN.
 *
 * **Error.** See `docs/models/dce.md`.
 *
 * @param model - the model
 * @param series - concentrations
 * @param inlets - plasma concentration of each inlet; the model says how many
 * @param settings - see {@link KINETIC_DEFAULTS}
 *
 * @throws RangeError where the number of inlets is not the model's
 */
export function fitKinetics(
  model: KineticModel,
  series: ConcentrationSeries,
  inlets: readonly InputCurve[],
  settings: Partial<KineticSettings> = {},
): KineticFit {
  if (inlets.length < model.inlets) throw new RangeError(`${model.title} has ${model.inlets} inlets`)
  const chosen = { ...KINETIC_DEFAULTS, ...settings }
  const { concentrations, times, voxels } = series
  const n = times.length
  const nVoxel = concentrations.length / n
  const names = [
    ...model.parameters.map(({ name }) => name),
    ...model.derived.map(({ name }) => name),
    ...(chosen.delay === 'voxel' ? [DELAY.name] : []),
  ]
  const maps = mapsOf(names, nVoxel)
  const sd = mapsOf(names, nVoxel)
  const status = new Uint8Array(nVoxel)
  const sse = new Float64Array(nVoxel).fill(Number.NaN)
  const columns = names.map(name => ({ value: maps[name]!, error: sd[name]! }))
  const free = model.parameters.length + (chosen.delay === 'voxel' ? 1 : 0)
  const [values, errors] = [new Float64Array(names.length), new Float64Array(names.length)]
  const kernelOf = byFrames(times, kept => makeKernel(model, kept, inlets, chosen))
  // Frame after frame over some voxels at a time: neighbours lie together.
  const block = new Float64Array(BLOCK * n)
  for (let k = 0; k < voxels.length; k++) {
    if (k % BLOCK === 0)
      for (let i = 0; i < n; i++)
        for (let at = 0; at < BLOCK && k + at < voxels.length; at++)
          block[at * n + i] = concentrations[i * nVoxel + voxels[k + at]!]!
    const v = voxels[k]!
    const curve = block.subarray((k % BLOCK) * n, ((k % BLOCK) + 1) * n)
    let check = 0
    for (let i = 0; i < n; i++) check += curve[i]! - curve[i]!
    const kernel = kernelOf(curve, check === 0)
    if (kernel === null || kernel.y.length <= free) {
      status[v] = FIT_STATUS.noSignal
      continue
    }
    status[v] = kernel.fit(values, errors)
    sse[v] = kernel.sse()
    for (let c = 0; c < columns.length; c++) {
      columns[c]!.value[v] = values[c]!
      columns[c]!.error[v] = errors[c]!
    }
  }
  return { maps, sd, status, sse, free }
}

function mapsOf(names: readonly string[], nVoxel: number): Record<string, Float64Array> {
  return Object.fromEntries(names.map(name => [name, new Float64Array(nVoxel).fill(Number.NaN)]))
}

/** Fits one voxel after the other, all with the same frames. */
interface VoxelKernel {
  /** Concentration at its frames, to be set before a fit, shape (nKept). */
  readonly y: Float64Array
  /** Receives values and standard errors of the free parameters, the derived quantities and the delay; returns the status. */
  fit(values: Float64Array, errors: Float64Array): number
  sse(): number
}

/** The kernel for the frames of a curve that are numbers, with the curve set; null where there are none. */
function byFrames(
  times: Float64Array,
  make: (times: Float64Array) => VoxelKernel,
): (curve: Float64Array, isWhole: boolean) => VoxelKernel | null {
  const whole = make(times)
  const parts = new Map<string, VoxelKernel>()
  return (curve, isWhole) => {
    if (isWhole) {
      whole.y.set(curve)
      return whole
    }
    const isKept = curve.map(value => (Number.isFinite(value) ? 1 : 0))
    const key = isKept.join('')
    const kept = times.filter((_, i) => isKept[i] === 1)
    if (kept.length < 2) return null
    if (parts.size >= REMEMBERED && !parts.has(key)) parts.clear()
    const part = parts.get(key) ?? make(kept)
    parts.set(key, part)
    part.y.set(curve.filter((_, i) => isKept[i] === 1))
    return part
  }
}

function makeKernel(
  model: KineticModel,
  times: Float64Array,
  curves: readonly InputCurve[],
  settings: KineticSettings,
): VoxelKernel {
  const bounds = boundsOf(model, settings)
  if (settings.delay === 'voxel') return delayKernel(model, times, curves, settings, bounds)
  const inlets = curves
    .slice(0, model.inlets)
    .map(input => delayedInlet(input, times, settings.fixedDelay, nodeStep(model)).inlet)
  const bound = model.bind(inlets)
  const linear = model.linear?.(inlets, bounds) ?? null
  if (linear && (model.isLinear || settings.estimator === 'lls'))
    return linearKernel(model, times, bound, linear, bounds)
  return nonlinearKernel(model, times, bound, linear, bounds)
}

/** Largest distance of the nodes of the inlets that a model is fitted with [s]. */
export function nodeStep({ hasFlow }: KineticModel): number {
  return hasFlow ? FIRST_PASS_STEP : Infinity
}

function boundsOf({ parameters }: KineticModel, { bounds }: KineticSettings): Bounds {
  return {
    lower: Float64Array.from(parameters, ({ name, lower }) => bounds[name]?.[0] ?? lower),
    upper: Float64Array.from(parameters, ({ name, upper }) => bounds[name]?.[1] ?? upper),
  }
}

/** The linear form alone: exact for a linear model, fast for the others. */
function linearKernel(
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

function squaresOf(bound: BoundModel, p: Float64Array, y: Float64Array, curve: Float64Array): number {
  bound.evaluate(p, curve, null)
  let sum = 0
  for (let i = 0; i < y.length; i++) sum += (y[i]! - curve[i]!) * (y[i]! - curve[i]!)
  return sum
}

function nonlinearKernel(
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

/** A fit with the delay as one more parameter. */
function delayKernel(
  model: KineticModel,
  times: Float64Array,
  curves: readonly InputCurve[],
  settings: KineticSettings,
  bounds: Bounds,
): VoxelKernel {
  const P = model.parameters.length
  const n = times.length
  const inlets = curves.slice(0, model.inlets).map(input => delayedInlet(input, times, 0, nodeStep(model)))
  const bound = model.bind(inlets.map(({ inlet }) => inlet))
  const bySlope = model.bind(inlets.map(({ slope }) => slope))
  const inner = new Float64Array(P)
  const lower = Float64Array.of(...bounds.lower, settings.delayRange[0])
  const upper = Float64Array.of(...bounds.upper, settings.delayRange[1])
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
  const tried = delaysToTry(times, settings.delayRange)
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

/**
 * Makes what is told of a voxel from its free parameters and their covariance: values and standard errors of these and of what is
 * derived, the status.
 */
function reporter(
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

/**
 * The model's concentration curve for given free parameters [mM], shape (nFrame).
 *
 * @param model - the model
 * @param p - free parameters in its order, house units, shape (nParameter)
 * @param inlets - plasma concentration of each inlet
 * @param times - times of the frames [s], shape (nFrame)
 * @param delay - of the inlets [s]
 * @param step - largest distance of the nodes of the inlets [s], see {@link nodeStep}; straight lines between their samples by default
 */
export function modelCurve(
  model: KineticModel,
  p: Float64Array,
  inlets: readonly InputCurve[],
  times: Float64Array,
  delay = 0,
  step = Infinity,
): Float64Array {
  const curve = new Float64Array(times.length)
  model
    .bind(inlets.slice(0, model.inlets).map(input => delayedInlet(input, times, delay, step).inlet))
    .evaluate(p, curve, null)
  return curve
}
