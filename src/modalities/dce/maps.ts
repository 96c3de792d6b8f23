import { toSignal } from '../../kinetics/concentration.ts'
import { nodeStep } from '../../kinetics/dce-fit.ts'
import { delayedInlet } from '../../kinetics/inlet.ts'
import type { KineticModel } from '../../kinetics/model.ts'
import type { Options } from '../../options.ts'
import type { Unit } from '../../units.ts'
import type { MapOutput } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import { conversionOf, relaxationAt } from './convert.ts'
import type { Fitted, FittedModel } from './fit.ts'
import { LIMITS } from './limits.ts'
import type { Written } from './models.ts'
import {
  AIF_MASK,
  AREAS,
  CONCENTRATION,
  CURVE_NAMES,
  CURVES,
  curveName,
  mapName,
  modelledName,
  reliableName,
  SELECTION,
  statusName,
  weightName,
} from './outputs.ts'

/** Display windows by quantity, in its written unit. */
const WINDOWS: Readonly<Record<string, readonly [number, number]>> = {
  Ktrans: [0, 0.5],
  kep: [0, 2],
  ve: [0, 0.6],
  vp: [0, 0.15],
  v: [0, 0.6],
  Fp: [0, 100],
  PS: [0, 30],
  FT: [0, 60],
  E: [0, 1],
  fa: [0, 1],
  mtt: [0, 30],
  mtte: [0, 300],
  delay: [-10, 10],
}

export const windowOf = (quantity: string): readonly [number, number] => WINDOWS[quantity] ?? [0, 1]

/** All images of a run, in the order of `outputNames`. */
export function mapsOf(acquisition: DceAcquisition, fitted: Fitted, options: Options): MapOutput[] {
  const withSeries = options['dce-timeseries']
  const { enhancement, areas, concentrations, arterial, models, selection } = fitted
  const { times } = acquisition.frames
  const maps: MapOutput[] = []
  if (enhancement)
    for (const name of CURVE_NAMES) {
      const { unit, scale, window } = CURVES[name]
      const source = enhancement[name]
      const values = Float32Array.from(source, (value: number, v: number) =>
        name === 'curvetype' && enhancement.status[v] !== 1 ? Number.NaN : scale * value,
      )
      maps.push({ ...curve(name, values, unit, window), status: enhancement.status })
    }
  if (areas)
    for (const [at, name] of AREAS.entries())
      maps.push(curve(name, Float32Array.from(areas[at]!), 'mM*s', [0, 60 + 30 * at]))
  if (concentrations && withSeries)
    maps.push({
      name: CONCENTRATION,
      kind: 'series',
      values: concentrations,
      frames: times.length,
      unit: 'mM',
      template: 'dce-concentration',
    })
  if (arterial && (acquisition.arterial?.kind === 'mask' || acquisition.arterial?.kind === 'auto'))
    maps.push({
      name: AIF_MASK,
      kind: 'mask',
      values: arterial.mask,
      unit: '1',
      template: 'aif-mask',
      sidecar: { Source: arterial.title },
    })
  for (const [at, fittedModel] of models.entries()) {
    maps.push(...modelMaps(acquisition, fitted, fittedModel, options))
    const { model } = fittedModel.choice
    if (withSeries)
      maps.push({
        name: modelledName(model.name),
        kind: 'series',
        values: modelled(acquisition, fitted, fittedModel),
        frames: times.length,
        ...(acquisition.input === 'signal'
          ? { unit: 'a.u.', template: 'dce-modelled' }
          : { unit: 'mM', template: 'dce-modelledconcentration' }),
      })
    if (selection)
      maps.push({
        name: weightName(model.name),
        kind: 'map',
        values: Float32Array.from(selection.weights[at]!),
        unit: '1',
        template: 'dce-aiccweight',
        window: [0, 1],
      })
  }
  if (selection)
    maps.push({
      name: SELECTION,
      kind: 'dseg',
      values: selection.best,
      unit: '1',
      template: 'dce-selection',
      labels: Object.fromEntries([
        [0, 'none'],
        ...models.map(({ choice }, at): [number, string] => [at + 1, choice.model.name]),
      ]),
    })
  return maps
}

function curve(name: string, values: Float32Array, unit: Unit, window: readonly [number, number]): MapOutput {
  return {
    name: curveName(name),
    kind: 'map',
    values,
    unit,
    template: `dce-${name}`,
    parameter: name,
    window,
    sidecar: { Estimator: 'curve' },
  }
}

/** Values and standard errors of a quantity, in its written unit. */
function written({ fit }: FittedModel, { of, scale }: Written, which: 'maps' | 'sd'): Float32Array {
  return Float32Array.from(fit[which][of]!, value => scale * value)
}

/** Voxels whose standard error is at most half of the value, shape (nVoxel). */
export function reliableVoxels({ fit }: FittedModel, { of }: Written): Uint8Array {
  const [values, errors] = [fit.maps[of]!, fit.sd[of]!]
  return Uint8Array.from(values, (value, v) =>
    fit.status[v] !== 3 && errors[v]! <= LIMITS.reliable * Math.abs(value) ? 1 : 0,
  )
}

function modelMaps(
  acquisition: DceAcquisition,
  fitted: Fitted,
  fittedModel: FittedModel,
  options: Options,
): MapOutput[] {
  const { choice, fit } = fittedModel
  const { model, quantities } = choice
  const common = sidecarOf(acquisition, fitted, fittedModel, options)
  const maps = quantities.flatMap((quantity): MapOutput[] => {
    const { name, unit, lexicon } = quantity
    const sidecar = { ...common, LexiconId: lexicon }
    const window = windowOf(name)
    return [
      {
        name: mapName(model.name, name),
        kind: 'map',
        values: written(fittedModel, quantity, 'maps'),
        unit,
        template: `dce-${name}`,
        parameter: name,
        status: fit.status,
        window,
        sidecar,
      },
      {
        name: mapName(model.name, name, 'sd'),
        kind: 'map',
        values: written(fittedModel, quantity, 'sd'),
        unit,
        template: `dce-${name}-sd`,
        status: fit.status,
        window,
        sidecar,
      },
      {
        name: reliableName(model.name, name),
        kind: 'mask',
        values: reliableVoxels(fittedModel, quantity),
        unit: '1',
        template: 'reliable',
        sidecar: {
          Threshold: LIMITS.reliable,
          Criterion: `standard error of ${name} over its size, at most the threshold`,
        },
      },
    ]
  })
  return [
    ...maps,
    { name: statusName(model.name), kind: 'dseg', values: fit.status, unit: '1', template: 'dce-fitstatus' },
  ]
}

/** The least squares that a model was fitted by: linear where it is linear, or was asked for and the model has such a form. */
function estimatorOf({ isLinear, linear }: KineticModel, delay: number | null, options: Options): 'lls' | 'nlls' {
  return delay !== null && (isLinear || (options['dce-fit'] === 'lls' && linear !== null)) ? 'lls' : 'nlls'
}

function sidecarOf(
  { settings }: DceAcquisition,
  { arterial, delay }: Fitted,
  { choice }: FittedModel,
  options: Options,
) {
  const { model } = choice
  return {
    Estimator: estimatorOf(model, delay, options),
    EstimationAlgorithm: `${model.title} model: ${model.equation}`,
    EstimationReference: model.reference,
    ModelLexiconId: model.lexicon,
    ArterialInput: arterial?.title ?? null,
    ArterialBasis: arterial?.basis ?? null,
    Hematocrit: settings.hematocrit.value,
    DelayGlobal: delay,
    Bounds: Object.fromEntries(model.parameters.map(({ name, lower, upper, unit }) => [name, { lower, upper, unit }])),
  }
}

/**
 * The signal that a model gives in each voxel, of a concentration series its concentration [mM], shape (nFrame × nVoxel); NaN
 * without an estimate.
 */
function modelled(acquisition: DceAcquisition, fitted: Fitted, fittedModel: FittedModel): Float32Array {
  const { signals, baseline, relaxation } = fitted
  const conversion = conversionOf(acquisition)
  const n = fittedModel.fit.status.length
  const count = acquisition.frames.times.length
  const out = new Float32Array(n * count).fill(Number.NaN)
  const read = modelReader(acquisition, fitted, fittedModel)
  const curve = new Float64Array(count)
  for (let v = 0; v < n; v++) {
    if (!read(v, curve)) continue
    if (conversion && relaxation) {
      let S0 = 0
      for (const frame of baseline) S0 += signals[frame * n + v]! / baseline.length
      toSignal(curve, { S0, ...relaxationAt(relaxation, v) }, conversion)
    }
    for (let i = 0; i < count; i++) out[i * n + v] = curve[i]!
  }
  return out
}

/**
 * Reads the concentration that a model gives in a voxel [mM], shape (nFrame); false, with nothing read, without an estimate.
 *
 * @param acquisition - times of the frames
 * @param fitted - arterial input and delay
 * @param fittedModel - the model with its parameters
 */
export function modelReader(
  { frames }: DceAcquisition,
  { arterial, delay }: Fitted,
  { choice, fit }: FittedModel,
): (voxel: number, out: Float64Array) => boolean {
  const { model } = choice
  const inlets = arterial!.inlets
    .slice(0, model.inlets)
    .map(input => delayedInlet(input, frames.times, delay ?? 0, nodeStep(model)))
  const bound = model.bind(inlets.map(({ inlet }) => inlet))
  const p = new Float64Array(model.parameters.length)
  const columns = model.parameters.map(({ name }) => fit.maps[name]!)
  return (v, out) => {
    if (fit.status[v] === 0 || fit.status[v] === 4) return false
    for (let a = 0; a < p.length; a++) {
      const value = columns[a]![v]!
      // What vanished with another parameter leaves no trace in the curve.
      p[a] = Number.isFinite(value) ? value : model.parameters[a]!.upper
    }
    if (delay === null) for (const inlet of inlets) inlet.shift(fit.maps['delay']![v]!)
    bound.evaluate(p, out, null)
    return true
  }
}
