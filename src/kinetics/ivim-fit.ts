import { bayesFit } from './ivim-bayes.ts'
import { nllsKernel } from './ivim-nlls.ts'
import type { IvimPrior, PriorSettings } from './ivim-prior.ts'
import {
  type Gather,
  IVIM_DEFAULTS,
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
  /** Standard deviation of the noise of one sample, unit of the signal, shape (nVoxel). */
  readonly sigma: Float64Array
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
 * Each voxel is divided by its mean at b = 0, so results do not depend on the scale of the signal. A voxel with a sample
 * that is not finite, or whose mean at b = 0 is not above 0, has status 4 and no values. Nothing is allocated per voxel.
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
  const used =
    kind === 'simplified'
      ? Int32Array.from([...full.zero, ...full.high]).sort()
      : Int32Array.from(series.b, (_, i) => i)
  const scheme =
    kind === 'simplified'
      ? ivimScheme(
          Float64Array.from(used, i => series.b[i]!),
          chosen,
        )
      : full
  if (!scheme.hasDstar && kind !== 'simplified' && kind !== 'segmented')
    throw new RangeError(`the b-values support no ${kind} fit: a low b is needed`)
  const nVoxel = series.signals.length / series.b.length
  const fit = {
    ...emptyMaps(nVoxel),
    sd: emptyMaps(nVoxel),
    status: new Uint8Array(nVoxel),
    sigma: new Float64Array(nVoxel).fill(Number.NaN),
  }
  const gather = gatherer(series, used, scheme.zero)
  if (kind === 'bayes') {
    const { prior, lesionPrior } = bayesFit(series.voxels, gather, scheme, chosen, priors, (v, scale, status, out) =>
      store(fit, v, scale, status, out),
    )
    return { ...fit, prior, lesionPrior }
  }
  const kernel: Kernel =
    kind === 'nlls' || kind === 'fixedd'
      ? nllsKernel(scheme, chosen, kind === 'fixedd')
      : segmentedKernel(scheme, chosen)
  const y = new Float64Array(used.length)
  const out = new Float64Array(SLOTS)
  for (let k = 0; k < series.voxels.length; k++) {
    const v = series.voxels[k]!
    const scale = gather(v, y)
    if (scale > 0) store(fit, v, scale, kernel(y, (chosen.noise ?? Number.NaN) / scale, out), out)
    else fit.status[v] = STATUS.noSignal
  }
  return { ...fit, prior: null, lesionPrior: null }
}

function gatherer({ signals, b }: IvimSeries, used: Int32Array, zero: Int32Array): Gather {
  const nVoxel = signals.length / b.length
  const n = used.length
  return (voxel, y) => {
    let check = 0
    for (let i = 0; i < n; i++) {
      y[i] = signals[used[i]! * nVoxel + voxel]!
      check += y[i]! - y[i]!
    }
    let sum = 0
    for (let i = 0; i < zero.length; i++) sum += y[zero[i]!]!
    const scale = sum / zero.length
    if (check !== 0 || !(scale > 0)) return Number.NaN
    for (let i = 0; i < n; i++) y[i]! /= scale
    return scale
  }
}

function store(
  fit: Omit<IvimFit, 'prior' | 'lesionPrior'>,
  v: number,
  scale: number,
  status: number,
  out: Float64Array,
): void {
  const { sd } = fit
  fit.status[v] = status
  if (status === STATUS.noSignal) return
  fit.S0[v] = scale * out[SLOT.S0]!
  fit.D[v] = out[SLOT.D]!
  fit.f[v] = out[SLOT.f]!
  fit.Dstar[v] = out[SLOT.Dstar]!
  fit.fDstar[v] = out[SLOT.fDstar]!
  sd.S0[v] = scale * out[SLOT.error]!
  sd.D[v] = out[SLOT.error + 1]!
  sd.f[v] = out[SLOT.error + 2]!
  sd.Dstar[v] = out[SLOT.error + 3]!
  sd.fDstar[v] = out[SLOT.error + 4]!
  fit.sigma[v] = scale * out[SLOT.sigma]!
}
