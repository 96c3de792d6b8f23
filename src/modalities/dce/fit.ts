import { type Grid, voxelsWhere } from '../../image/volume.ts'
import { type Arrival, bolusArrival, guarded } from '../../kinetics/bolus-arrival.ts'
import { fitKinetics, type KineticFit } from '../../kinetics/dce-fit.ts'
import { type EnhancementFit, fitEnhancement, initialArea } from '../../kinetics/enhancement.ts'
import { aicc, akaikeWeights } from '../../kinetics/model-choice.ts'
import { mean, median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { baseName } from '../fields.ts'
import type { Placed, Prepared, Run } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import { concentrationsOf, type Relaxation, relaxationOf, signalsOf } from './convert.ts'
import { type Arterial, arterialOf, globalDelay } from './input.ts'
import { LIMITS } from './limits.ts'
import type { ModelChoice } from './models.ts'

/** A model with its fit. */
export interface FittedModel {
  readonly choice: ModelChoice
  readonly fit: KineticFit
}

/** What the choice between models says, by the order of the models. */
export interface Selection {
  /** Number of the best model, from 1; 0 where none was fitted; shape (nVoxel). */
  readonly best: Uint8Array
  /** Weight of each model [1], shape (nVoxel) each. */
  readonly weights: readonly Float64Array[]
}

/** What a run gives, and what it was made from. */
export interface Fitted {
  /** Signals, or concentrations where the series holds those, shape (nFrame × nVoxel). */
  readonly signals: Float32Array
  /** [mM], shape (nFrame × nVoxel); null where there is none. */
  readonly concentrations: Float32Array | null
  /** Frames of each voxel beyond the limit of the signal equation, shape (nVoxel). */
  readonly invalid: Uint16Array | null
  readonly relaxation: Relaxation | null
  readonly baseline: Int32Array
  /** Null where no bolus was seen, which only concentrations with an input of their own may lack. */
  readonly arrival: Arrival | null
  readonly arterial: Arterial | null
  /** One delay for all voxels [s]; null where each has its own. */
  readonly delay: number | null
  readonly models: readonly FittedModel[]
  readonly selection: Selection | null
  readonly enhancement: EnhancementFit | null
  /** Areas under the concentration over 60 and 90 s [mM·s], shape (nVoxel) each. */
  readonly areas: readonly [Float64Array, Float64Array] | null
  /** Voxels whose mean curve stands for the tissue that enhances. */
  readonly enhancing: Int32Array
  /** As the contract numbers it, shape (nVoxel). */
  readonly status: Uint8Array
  readonly problems: readonly Problem[]
}

/**
 * From the series to all that is estimated.
 *
 * @param run - roles and options
 * @param acquisition - the bound metadata
 * @param prepared - the series, mask
 * @param placed - T1, B1 (own grids), arterial mask (reference grid)
 */
export function fitSeries(run: Run, acquisition: DceAcquisition, prepared: Prepared, placed: Placed): Checked<Fitted> {
  const { frames, image, input } = acquisition
  const [volume] = prepared.series
  if (!volume) throw new Error('a prepared run has a series')
  const problems: Problem[] = []
  const signals = signalsOf(volume)
  const { mask } = prepared
  const voxels = voxelsWhere(mask.length, v => mask[v] === 1)
  const enhancing = mostEnhancing(signals, frames.times.length, voxels, input)
  const arrival = arrivalOf(acquisition, meanCurve(signals, frames.times.length, mask.length, enhancing))
  const baseline = acquisition.baseline
    ? Int32Array.from(acquisition.baseline)
    : Int32Array.from({ length: arrival?.baselineFrames ?? 0 }, (_, at) => at)
  const isMeasured = input === 'concentration'
  const name = baseName(image)
  if (baseline.length === 0 && !isMeasured)
    return bad(
      problem(
        'BOLUS_MISSING',
        `${name}: no arrival of contrast agent was found after a baseline; check the series, or name the volumes before it in BaselineVolumes.`,
        { file: image },
      ),
    )
  // One volume that the sidecar names is the user's word; one that was found is a bolus that came too early.
  const isShort = !isMeasured && acquisition.baseline === null && baseline.length < LIMITS.baseline[0]
  if (isShort)
    problems.push(
      problem(
        'BASELINE_SHORT',
        `${name}: ${baseline.length} volume precedes the contrast agent, fewer than ${LIMITS.baseline[0]}; only the semi-quantitative maps are written.`,
        { file: image },
      ),
    )
  const relaxed = relaxationOf(run, acquisition, prepared, placed)
  problems.push(...relaxed.problems)
  const converted = isShort ? null : concentrationsOf(acquisition, signals, baseline, relaxed.relaxation, voxels)
  const kinetic = converted
    ? fitModels(acquisition, converted.concentrations, voxels, enhancing, arrival, volume.grid, placed, run.options)
    : null
  problems.push(...(kinetic?.problems ?? []))
  const start = arrival?.time ?? frames.times[baseline.at(-1) ?? 0]!
  const enhancement = isMeasured
    ? null
    : fitEnhancement({ signals, times: frames.times, baseline, arrival: start, voxels })
  const area = (duration: number) => initialArea(converted!.concentrations, frames.times, start, duration, voxels)
  const models = kinetic?.models ?? []
  const selection = models.length > 1 ? select(models, frames.times.length) : null
  return good(
    {
      signals,
      concentrations: converted?.concentrations ?? null,
      invalid: converted?.invalid ?? null,
      relaxation: relaxed.relaxation,
      baseline,
      arrival,
      arterial: kinetic?.arterial ?? null,
      delay: kinetic ? kinetic.delay : 0,
      models,
      selection,
      enhancement,
      areas: converted ? [area(60), area(90)] : null,
      enhancing,
      status: statusOf(models, selection) ?? enhancement?.status ?? converted?.status ?? new Uint8Array(mask.length),
      problems,
    },
    [],
  )
}

/** When the bolus arrives: in the arterial table where there is one, for no tissue enhances before; else in tissue. */
function arrivalOf({ arterial, frames }: DceAcquisition, curve: Float64Array): Arrival | null {
  if (arterial?.kind === 'table') {
    const { times, values } = arterial.artery
    const arrival = bolusArrival(values, times)
    if (arrival) {
      const before = frames.times.filter(time => time < arrival.time).length
      return { ...arrival, baselineFrames: guarded(before) }
    }
  }
  return bolusArrival(curve, frames.times)
}

interface Kinetic {
  readonly arterial: Arterial | null
  readonly delay: number | null
  readonly models: readonly FittedModel[]
  readonly problems: readonly Problem[]
}

function fitModels(
  acquisition: DceAcquisition,
  concentrations: Float32Array,
  voxels: Int32Array,
  enhancing: Int32Array,
  arrival: Arrival | null,
  grid: Grid,
  placed: Placed,
  options: Options,
): Kinetic {
  const { frames, models } = acquisition
  const n = concentrations.length / frames.times.length
  const { arterial, problems } = arterialOf(acquisition, concentrations, voxels, arrival, grid, placed)
  const fittable = arterial ? models.filter(({ model }) => model.inlets <= arterial.inlets.length) : []
  // The most complete model tells the delay best.
  const [first] = [...fittable].sort((a, b) => b.model.parameters.length - a.model.parameters.length)
  if (!arterial || !first) return { arterial, delay: 0, models: [], problems }
  const usable = enhancing.filter(v => Number.isFinite(sumOf(concentrations, frames.times.length, v)))
  const found =
    options['dce-delay'] === 'global' && usable.length > 0
      ? globalDelay(first.model, meanCurve(concentrations, frames.times.length, n, usable), acquisition, arterial)
      : { delay: 0, problems: [] }
  const perVoxel = options['dce-delay'] === 'voxel'
  return {
    arterial,
    delay: perVoxel ? null : found.delay,
    models: fittable.map(choice => ({
      choice,
      fit: fitKinetics(choice.model, { concentrations, times: frames.times, voxels }, arterial.inlets, {
        estimator: options['dce-fit'],
        delay: perVoxel ? 'voxel' : 'fixed',
        fixedDelay: found.delay,
        delayRange: [-LIMITS.delay, LIMITS.delay],
      }),
    })),
    problems: [...problems, ...found.problems],
  }
}

/** How the fit of each voxel ended: that of the best model, of the first where none is the best. */
function statusOf(models: readonly FittedModel[], selection: Selection | null): Uint8Array | null {
  const [first] = models
  if (!first) return null
  return first.fit.status.map((code, v) => models[(selection?.best[v] || 1) - 1]?.fit.status[v] ?? code)
}

/** The models' weights in each voxel, and which is the best. */
function select(models: readonly FittedModel[], frames: number): Selection {
  const n = models[0]!.fit.status.length
  const best = new Uint8Array(n)
  const weights = models.map(() => new Float64Array(n).fill(Number.NaN))
  const criteria = new Float64Array(models.length)
  const shares = new Float64Array(models.length)
  for (let v = 0; v < n; v++) {
    for (const [m, { fit }] of models.entries()) criteria[m] = aicc(fit.sse[v]!, frames, fit.free)
    akaikeWeights(criteria, shares)
    if (!Number.isFinite(shares[0])) continue
    for (let m = 0; m < models.length; m++) {
      weights[m]![v] = shares[m]!
      if (best[v] === 0 || shares[m]! > shares[best[v]! - 1]!) best[v] = m + 1
    }
  }
  return { best, weights }
}

/** Sum of a voxel over the frames; not finite where one of them is not. */
export function sumOf(values: Float32Array, frames: number, v: number): number {
  const n = values.length / frames
  let sum = 0
  for (let i = 0; i < frames; i++) sum += values[i * n + v]!
  return sum
}

/** Mean curve of some voxels, shape (nFrame). */
export function meanCurve(values: Float32Array, frames: number, n: number, voxels: Int32Array): Float64Array {
  return Float64Array.from({ length: frames }, (_, i) => mean(Float64Array.from(voxels, v => values[i * n + v]!)))
}

/** The tenth of the voxels that enhances most: mean of the later half over that of the first frames. */
function mostEnhancing(
  signals: Float32Array,
  frames: number,
  voxels: Int32Array,
  input: DceAcquisition['input'],
): Int32Array {
  const n = signals.length / frames
  const rise = new Float64Array(n)
  const before = new Float64Array(n)
  const early = Math.min(2, frames)
  for (const v of voxels) for (let i = 0; i < early; i++) before[v]! += signals[i * n + v]! / early
  // A voxel with less than half of the usual signal is noise or fluid: it rises by any factor.
  const usual = median(Float64Array.from(voxels, v => before[v]!)) / 2
  const half = Math.floor(frames / 2)
  for (const v of voxels) {
    let after = 0
    for (let i = half; i < frames; i++) after += signals[i * n + v]! / (frames - half)
    const isTissue = input === 'concentration' || before[v]! > usual
    const gain = input === 'concentration' ? after : (after - before[v]!) / before[v]!
    rise[v] = isTissue && Number.isFinite(gain) ? gain : -Infinity
  }
  const count = Math.max(1, Math.ceil(LIMITS.enhancing * voxels.length))
  return voxels
    .slice()
    .sort((a, b) => rise[b]! - rise[a]! || a - b)
    .slice(0, count)
    .sort()
}
