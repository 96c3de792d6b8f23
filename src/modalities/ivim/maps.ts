import type { Unit } from '../../units.ts'
import type { MapOutput, OutputName } from '../modality.ts'
import type { Estimator, IvimAcquisition } from './acquisition.ts'
import { digits } from './fields.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'

/** Parameters that have a reliability mask. */
export type Judged = keyof typeof LIMITS.reliable

/** A parameter of a model as it is written. */
interface Param {
  readonly model: 'ivim' | 'adc' | 'kurtosis'
  readonly param: string
  readonly unit: Unit
  readonly window: readonly [number, number]
}

const PARAMS = {
  D: { model: 'ivim', param: 'D', unit: 'mm^2/s', window: [0, 3e-3] },
  f: { model: 'ivim', param: 'f', unit: '1', window: [0, 0.3] },
  Dstar: { model: 'ivim', param: 'Dstar', unit: 'mm^2/s', window: [0, 0.06] },
  fDstar: { model: 'ivim', param: 'fDstar', unit: 'mm^2/s', window: [0, 1e-2] },
  S0: { model: 'ivim', param: 'S0', unit: 'a.u.', window: [0, 0] },
  ADC: { model: 'adc', param: 'ADC', unit: 'mm^2/s', window: [0, 3e-3] },
  ADC0: { model: 'kurtosis', param: 'ADC0', unit: 'mm^2/s', window: [0, 3e-3] },
  K: { model: 'kurtosis', param: 'K', unit: '1', window: [0, 2] },
} as const satisfies Record<string, Param>

/** Name of a parameter of the slice. */
export type ParamName = keyof typeof PARAMS

/** The name of a parameter's map; its display window. */
export function mapName(name: ParamName, desc?: 'sd'): OutputName {
  const { model, param } = PARAMS[name]
  return { model, param, ...(desc ? { desc } : {}), suffix: 'dwimap' }
}

/** The display window of a parameter's map [its unit]. */
export function windowOf(name: ParamName): readonly [number, number] {
  return PARAMS[name].window
}

/** The name of a parameter's mask of reliable voxels. */
export function maskName(name: Judged): OutputName {
  return { mod: true, model: 'ivim', param: name, desc: 'reliable', suffix: 'mask' }
}

/** Parameters that a run gives, in the order of writing. */
export function paramsOf({ estimator, support }: Pick<IvimAcquisition, 'estimator' | 'support'>): ParamName[] {
  const ivim: ParamName[] =
    estimator === null ? [] : support.hasDstar ? ['D', 'f', 'Dstar', 'fDstar', 'S0'] : ['D', 'f', 'S0']
  return [
    ...ivim,
    ...(support.hasAdc ? (['ADC'] as const) : []),
    ...(support.hasKurtosis ? (['ADC0', 'K'] as const) : []),
  ]
}

/** Whether a parameter has a reliability mask. */
export function isJudged(name: ParamName): name is Judged {
  return name in LIMITS.reliable
}

/** The images that a run will write, in order. */
export function outputNames(acquisition: IvimAcquisition): OutputName[] {
  return paramsOf(acquisition).flatMap(name => [
    mapName(name),
    mapName(name, 'sd'),
    ...(isJudged(name) ? [maskName(name)] : []),
  ])
}

/** Values and standard errors of a parameter, shape (nVoxel) each. */
export function valuesOf(
  { ivim, adc, kurtosis }: Fitted,
  name: ParamName,
): { readonly values: Float64Array; readonly errors: Float64Array } {
  if (name === 'ADC' && adc) return { values: adc.ADC, errors: adc.sd.ADC }
  if ((name === 'ADC0' || name === 'K') && kurtosis) return { values: kurtosis[name], errors: kurtosis.sd[name] }
  if (name !== 'ADC' && name !== 'ADC0' && name !== 'K' && ivim) return { values: ivim[name], errors: ivim.sd[name] }
  throw new Error(`${name} was not fitted`)
}

/**
 * Voxels in which the standard error is at most a share of the value, shape (nVoxel).
 *
 * With a prior the error that the samples of the voxel allow without it must be so, too: a value that comes from other voxels
 * is narrow, and tells nothing of this one.
 */
export function reliableVoxels(fitted: Fitted, name: Judged): Uint8Array {
  const { values, errors } = valuesOf(fitted, name)
  const alone = fitted.ivim?.alone?.[name] ?? errors
  const out = new Uint8Array(values.length)
  for (let v = 0; v < out.length; v++) {
    const most = LIMITS.reliable[name] * values[v]!
    if (errors[v]! <= most && alone[v]! <= most && fitted.status[v] !== 3) out[v] = 1
  }
  return out
}

/** What became of the estimate of a model, shape (nVoxel). */
function statusOf(fitted: Fitted, model: Param['model']): Uint8Array {
  return { ivim: fitted.ivim, adc: fitted.adc, kurtosis: fitted.kurtosis }[model]?.status ?? fitted.status
}

/** The images of a fit, in the order of {@link outputNames}. */
export function mapsOf(fitted: Fitted, acquisition: IvimAcquisition): MapOutput[] {
  return paramsOf(acquisition).flatMap(name => {
    const { model, unit } = PARAMS[name]
    const { values, errors } = valuesOf(fitted, name)
    const sidecar = model === 'ivim' ? ivimSidecar(acquisition, fitted) : otherSidecar(acquisition, model)
    const window = name === 'S0' ? {} : { window: windowOf(name) }
    const map: MapOutput = {
      name: mapName(name),
      kind: 'map',
      values: Float32Array.from(values),
      unit,
      template: `dwi-${name}`,
      sidecar,
      parameter: name,
      status: statusOf(fitted, model),
      ...window,
    }
    const sd: MapOutput = {
      name: mapName(name, 'sd'),
      kind: 'map',
      values: Float32Array.from(errors),
      unit,
      template: `dwi-${name}-sd`,
      sidecar,
      status: statusOf(fitted, model),
      ...window,
    }
    if (!isJudged(name)) return [map, sd]
    const Criterion = `standard error of ${name} over its value, at most the threshold${fitted.ivim?.alone ? '; that of the posterior, and that which the samples allow without the prior' : ''}`
    const mask: MapOutput = {
      name: maskName(name),
      kind: 'mask',
      values: reliableVoxels(fitted, name),
      unit: '1',
      template: 'reliable',
      sidecar: { Threshold: LIMITS.reliable[name], Criterion },
    }
    return [map, sd, mask]
  })
}

/** The method in a line. */
export const ALGORITHMS: Readonly<Record<Estimator, string>> = {
  segmented: 'Segmented: D and f from the high b-values, then D* over all b-values with D and f held',
  nlls: 'Bi-exponential least squares of all parameters at once, by variable projection',
  bayes: 'Bayesian, with a prior of ln D, logit f and ln D* learned from the image; median of the posterior',
  fixedd: 'D from the high b-values, then f, D* and S0 over all b-values with D held',
  simplified: 'Simplified: D and f from b = 0 and the high b-values; no D*',
}

function ivimSidecar(
  { estimator, averaging, rows }: IvimAcquisition,
  { settings, ivim, given }: Fitted,
): Record<string, unknown> {
  if (estimator === null) return {}
  const used = rows.ivim.map(row => averaging.rows[row]!)
  const b = [...new Set(used.map(row => Number(digits(row.b))))]
  return {
    Estimator: estimator,
    EstimationAlgorithm: ALGORITHMS[estimator],
    BValues: b,
    BValueCounts: b.map(value =>
      used
        .filter(row => Number(digits(row.b)) === value)
        .reduce((sum, { directions }) => sum + directions.flat().length, 0),
    ),
    BThreshold: settings.threshold,
    ThresholdRule: settings.strict ? '>' : '>=',
    DstarConvention: 'f·exp(−b·D*)',
    S0Handling: estimator === 'segmented' || estimator === 'simplified' ? 'mean of b = 0, held' : 'fitted',
    RelaxationCorrection: 'none',
    NoiseHandling: noiseHandling(estimator, given),
    ...(ivim?.prior ? { Prior: { parameters: PRIOR_OF, ...ivim.prior } } : {}),
    ...(ivim?.lesionPrior ? { LesionPrior: { parameters: PRIOR_OF, ...ivim.lesionPrior } } : {}),
  }
}

/** What the mean and the covariance of a prior are of. */
const PRIOR_OF = ['ln(D / (1e-3 mm^2/s))', 'ln(f / (1 - f))', 'ln(Dstar / (1e-3 mm^2/s))']

function noiseHandling(estimator: Estimator, given: number | null): string {
  if (given !== null) return 'one value for the image'
  return estimator === 'bayes'
    ? 'from the residuals of each voxel, and those of the image as far as voxels are alike'
    : 'from the residuals of each voxel'
}

function otherSidecar({ averaging, rows }: IvimAcquisition, model: 'adc' | 'kurtosis'): Record<string, unknown> {
  return {
    Estimator: model === 'adc' ? 'wlls' : 'wlls-quadratic',
    EstimationAlgorithm:
      model === 'adc' ? 'Weighted linear least squares of ln S' : 'Weighted quadratic least squares of ln S',
    BValues: [...new Set(rows[model].map(row => Number(digits(averaging.rows[row]!.b))))],
  }
}
