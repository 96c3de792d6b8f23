import { smoothWithin } from '../../image/smooth.ts'
import { type Grid, type VoxelArray, voxelsWhere } from '../../image/volume.ts'
import { type AdcFit, fitAdc, fitKurtosis, type KurtosisFit } from '../../kinetics/ivim-adc.ts'
import { fitIvim, type IvimFit, type IvimSeries } from '../../kinetics/ivim-fit.ts'
import type { PriorSettings } from '../../kinetics/ivim-prior.ts'
import type { IvimSettings } from '../../kinetics/ivim-scheme.ts'
import { median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import type { Prepared } from '../modality.ts'
import type { IvimAcquisition } from './acquisition.ts'
import { type Noise, noiseOf, rowWeights } from './average.ts'
import { LIMITS } from './limits.ts'
import { priorOrgan } from './organs.ts'
import { scalesOf } from './prepare.ts'
import { type Regions, valuesIn } from './regions.ts'

/** Samples more than parameters from which residuals tell the noise of a voxel. */
const ENOUGH = 4

/** The rows are chosen before: the fits take them all. */
const ALL = { range: [0, Infinity] } as const

/** What a run's fits give, and what they were made from. */
export interface Fitted {
  /** Averaged signals, smoothed where asked, shape (nRow × nVoxel). */
  readonly signals: Float32Array
  /** b of each row [s/mm²]. */
  readonly b: readonly number[]
  /** How much each row counts, shape (nRow). */
  readonly weights: Float64Array
  readonly ivim: IvimFit | null
  readonly adc: AdcFit | null
  readonly kurtosis: KurtosisFit | null
  /** As the contract numbers it, shape (nVoxel). */
  readonly status: Uint8Array
  /** Noise of one volume; null where nothing tells. */
  readonly noise: Noise | null
  /** Noise that the fits were given [unit of the series]; null where they took it from the residuals. */
  readonly given: number | null
  /** Median over the mask of mean b = 0 over the noise of one volume [1]; null where the noise is not known. */
  readonly snr: number | null
  readonly settings: Partial<IvimSettings>
}

/**
 * Fit the averaged series, voxel by voxel.
 *
 * @param acquisition - which rows serve what
 * @param prepared - averaged series, the series as read, mask
 * @param regions - where quality is judged
 * @param options - estimator, threshold, smoothing
 */
export function fitSeries(
  acquisition: IvimAcquisition,
  prepared: Prepared,
  regions: Regions,
  options: Options,
): Fitted {
  const { averaging, estimator, rows } = acquisition
  const { mask, reference } = prepared
  const [averaged, ...raw] = prepared.series
  if (!averaged) throw new Error('a prepared run has a series')
  const signals = smoothed(averaged.data, reference.grid, mask, options.smooth)
  const voxels = voxelsWhere(mask.length, v => mask[v] === 1)
  const noise = noiseOf(raw, averaging, mask, scalesOf(acquisition, raw, mask))
  const given = noise && rows.ivim.length < 4 + ENOUGH ? noise.sigma / Math.sqrt(averaging.directions) : null
  const settings: Partial<IvimSettings> = {
    threshold: options['ivim-threshold'],
    strict: options['ivim-threshold-rule'] === 'strict',
    noise: given,
  }
  const all = { signals, b: averaging.rows.map(({ b }) => b), weights: rowWeights(averaging) }
  const take = (chosen: readonly number[]) => seriesOf(all, chosen, voxels)
  const adc = acquisition.support.hasAdc ? fitAdc(take(rows.adc), ALL) : null
  const { organ } = acquisition.organ
  const priors: PriorSettings = {
    organ: priorOrgan(organ),
    ...(regions.lesion ? { lesion: regions.lesion } : {}),
    ...(organ === 'brain' ? { fluid: fluidOf(regions, adc) } : {}),
  }
  const ivim = estimator ? fitIvim(estimator, take(rows.ivim), settings, priors) : null
  const kurtosis = acquisition.support.hasKurtosis ? fitKurtosis(take(rows.kurtosis), ALL) : null
  const reliable = valuesIn(reference.values, regions.brain)
  return {
    ...all,
    ivim,
    adc,
    kurtosis,
    status: (ivim ?? adc ?? kurtosis)?.status ?? new Uint8Array(mask.length),
    noise,
    given,
    snr: noise ? median(reliable) / noise.sigma : null,
    settings,
  }
}

function smoothed(data: VoxelArray, grid: Grid, mask: Uint8Array, fwhm: number): Float32Array {
  const signals = data instanceof Float32Array ? data : Float32Array.from(data)
  if (fwhm === 0) return signals
  const out = new Float32Array(signals.length)
  for (let at = 0; at < signals.length; at += mask.length)
    out.set(smoothWithin(Float64Array.from(signals.subarray(at, at + mask.length)), grid, mask, fwhm), at)
  return out
}

/** Voxels of fluid, which a prior of tissue must not be learned from: by the map of CSF, and by their free diffusion. */
function fluidOf({ brain, csf }: Regions, adc: AdcFit | null): Uint8Array {
  return brain.map((_, v) => (csf?.[v] === 1 || (adc !== null && adc.ADC[v]! > LIMITS.freeDiffusion) ? 1 : 0))
}

/** Some rows of the averaged signals as the fits take them. */
export function seriesOf(
  { signals, b, weights }: Pick<Fitted, 'signals' | 'b' | 'weights'>,
  rows: readonly number[],
  voxels: Int32Array,
): IvimSeries {
  const n = signals.length / b.length
  const isAll = rows.length === b.length
  const chosen = isAll ? signals : new Float32Array(n * rows.length)
  if (!isAll) for (const [at, row] of rows.entries()) chosen.set(signals.subarray(row * n, (row + 1) * n), at * n)
  return {
    signals: chosen,
    b: Float64Array.from(rows, row => b[row]!),
    weights: Float64Array.from(rows, row => weights[row]!),
    voxels,
  }
}
