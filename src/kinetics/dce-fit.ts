import { delayKernel } from './dce-delay.ts'
import { linearKernel, nonlinearKernel, type VoxelKernel } from './dce-kernel.ts'
import { delayedInlet, type InputCurve } from './inlet.ts'
import type { Bounds, KineticModel } from './model.ts'
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
  const isFixed = settings.delay === 'fixed'
  const delayed = curves
    .slice(0, model.inlets)
    .map(input => delayedInlet(input, times, isFixed ? settings.fixedDelay : 0, nodeStep(model)))
  if (!isFixed) return delayKernel(model, times, delayed, settings.delayRange, bounds)
  const inlets = delayed.map(({ inlet }) => inlet)
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
