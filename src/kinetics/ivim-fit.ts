import { bayesFit } from './ivim-bayes.ts'
import { nllsKernel } from './ivim-nlls.ts'
import type { IvimPrior, PriorSettings } from './ivim-prior.ts'
import { perScheme, sampleReader } from './ivim-samples.ts'
import {
  IVIM_DEFAULTS,
  type IvimScheme,
  type IvimSettings,
  ivimScheme,
  type Kernel,
  SLOT,
  SLOTS,
  STATUS,
} from './ivim-scheme.ts'
import { segmentedKernel } from './ivim-segmented.ts'

/**
 * The estimators of IVIM: segmented (D and f from high b, then D*), full least squares, Bayesian, full with D held from high
 * b, and simplified (b = 0 and high b only, no D*).
 */
export type IvimKind = 'segmented' | 'nlls' | 'bayes' | 'fixedd' | 'simplified'

/** One value a voxel of each parameter, shape (nVoxel); NaN where there is none. */
export interface IvimMaps {
  /** Signal without diffusion weighting, unit of the signal. */
  readonly S0: Float64Array
  /** [mm²/s] */
  readonly D: Float64Array
  /** [1] */
  readonly f: Float64Array
  /** [mm²/s] */
  readonly Dstar: Float64Array
  /** [mm²/s] */
  readonly fDstar: Float64Array
}

/** What {@link fitIvim} gives. */
export interface IvimFit extends IvimMaps {
  /** Standard errors, or the standard deviations of the posterior, in the same units. */
  readonly sd: IvimMaps
  /** 0 not asked for, 1 good, 2 at a bound, 3 not converged, 4 no signal, 5 D* undefined since f vanished; shape (nVoxel). */
  readonly status: Uint8Array
  /** Standard deviation of the noise of one sample of weight 1, unit of the signal, shape (nVoxel). */
  readonly sigma: Float64Array
  /** Standard errors that the samples of a voxel allow without a prior, of a Bayesian fit; see {@link bayesFit}. */
  readonly alone: IvimMaps | null
  /** The prior of a Bayesian fit. */
  readonly prior: IvimPrior | null
  /** The prior of the voxels in the lesion mask, where that is another. */
  readonly lesionPrior: IvimPrior | null
}

/** A series of volumes as the fits take it. */
export interface IvimSeries {
  /** Samples volume after volume, shape (nB × nVoxel). */
  readonly signals: Float32Array | Float64Array
  /** Diffusion weighting of each volume, any order, repeats repeated [s/mm²], shape (nB). */
  readonly b: Float64Array
  /** Reciprocal variance of each sample over that of one of weight 1 (a mean of n volumes has n times that of one), shape (nB); all 1 where absent. */
  readonly weights?: Float64Array
  /** Which voxels to fit, by index. */
  readonly voxels: Int32Array
}

function emptyMaps(nVoxel: number): IvimMaps {
  const map = () => new Float64Array(nVoxel).fill(Number.NaN)
  return { S0: map(), D: map(), f: map(), Dstar: map(), fDstar: map() }
}

/**
 * Fit IVIM to the voxels of a series.
 *
 * @remarks
 * Each voxel is divided by its mean at b = 0, so results do not depend on the scale of the signal. A sample that is not
 * finite or not above 0 is left out. A voxel has status 4 and no values where what is left does not support D and f, nor D*
 * where all are fitted at once; the segmented fit then gives D and f, with status 5. Nothing is allocated per voxel.
 *
 * `simplified` uses the samples at b = 0 and at high b only.
 *
 * @param kind - the estimator
 * @param series - see {@link IvimSeries}
 * @param settings - see {@link IVIM_DEFAULTS}
 * @param priors - where the prior of a Bayesian fit comes from
 *
 * @throws RangeError where the b-values cannot support D and f: ask {@link ivimScheme} first.
 */
export function fitIvim(
  kind: IvimKind,
  series: IvimSeries,
  settings: Partial<IvimSettings> = {},
  priors: PriorSettings = {},
): IvimFit {
  const chosen = { ...IVIM_DEFAULTS, ...settings }
  const full = ivimScheme(series.b, chosen)
  if (!full.hasFraction) throw new RangeError('the b-values support no fit of D and f: b = 0 and two high b are needed')
  const isSimple = kind === 'simplified'
  if (!isSimple && kind !== 'segmented' && !full.hasDstar)
    throw new RangeError(`the b-values support no ${kind} fit: a low b is needed`)
  const isUsed = (i: number) => !isSimple || full.zero.includes(i) || full.high.includes(i)
  const samples = sampleReader(
    series,
    Int32Array.from(series.b, (_, i) => i).filter(isUsed),
    chosen,
    !isSimple && kind !== 'segmented',
  )
  const nVoxel = series.signals.length / series.b.length
  const fit: Estimates = {
    ...emptyMaps(nVoxel),
    sd: emptyMaps(nVoxel),
    status: new Uint8Array(nVoxel),
    sigma: new Float64Array(nVoxel).fill(Number.NaN),
  }
  if (kind === 'bayes') {
    const alone = emptyMaps(nVoxel)
    const known = bayesFit(series.voxels, samples, chosen, priors, (v, scale, status, out, bounds) => {
      store(fit, v, scale, status, out)
      if (status !== STATUS.noSignal) storeErrors(alone, v, scale, bounds)
    })
    return { ...fit, alone, ...known }
  }
  const kernelOf = perScheme(scheme => kernelFor(kind, scheme, chosen))
  const out = new Float64Array(SLOTS)
  for (let k = 0; k < series.voxels.length; k++) {
    const v = series.voxels[k]!
    const voxel = samples.read(v)
    if (!voxel) {
      fit.status[v] = STATUS.noSignal
      continue
    }
    const { scheme, y, scale } = voxel
    const status = kernelOf(scheme)(y, (chosen.noise ?? Number.NaN) / scale, out)
    const lacksDstar = status === STATUS.good && samples.scheme.hasDstar && !scheme.hasDstar
    store(fit, v, scale, lacksDstar ? STATUS.undefined : status, out)
  }
  return { ...fit, alone: null, prior: null, lesionPrior: null }
}

function kernelFor(kind: Exclude<IvimKind, 'bayes'>, scheme: IvimScheme, settings: IvimSettings): Kernel {
  return kind === 'nlls' || kind === 'fixedd'
    ? nllsKernel(scheme, settings, kind === 'fixedd')
    : segmentedKernel(scheme, settings)
}

/** What every estimator fills. */
type Estimates = IvimMaps & Pick<IvimFit, 'sd' | 'status' | 'sigma'>

function store(fit: Estimates, v: number, scale: number, status: number, out: Float64Array): void {
  fit.status[v] = status
  if (status === STATUS.noSignal) return
  fit.S0[v] = scale * out[SLOT.S0]!
  fit.D[v] = out[SLOT.D]!
  fit.f[v] = out[SLOT.f]!
  fit.Dstar[v] = out[SLOT.Dstar]!
  fit.fDstar[v] = out[SLOT.fDstar]!
  fit.sigma[v] = scale * out[SLOT.sigma]!
  storeErrors(fit.sd, v, scale, out)
}

function storeErrors(sd: IvimMaps, v: number, scale: number, out: Float64Array): void {
  sd.S0[v] = scale * out[SLOT.error]!
  sd.D[v] = out[SLOT.error + 1]!
  sd.f[v] = out[SLOT.error + 2]!
  sd.Dstar[v] = out[SLOT.error + 3]!
  sd.fDstar[v] = out[SLOT.error + 4]!
}
