import { fitIvim, type IvimKind } from '../../kinetics/ivim-fit.ts'
import { tQuantile } from '../../numerics/distributions.ts'
import type { Unit } from '../../units.ts'
import type { RegionFit } from '../modality.ts'
import type { IvimAcquisition } from './acquisition.ts'
import { type Fitted, seriesOf } from './fit.ts'
import { LIMITS } from './limits.ts'

/**
 * The voxels of a region that its mean signal is taken over: those in which every row has a value, and in brain without
 * fluid (D above 1.8e-3 mm²/s), whose slow decay against that of tissue would pass for perfusion.
 *
 * @param acquisition - the organ
 * @param fitted - averaged signals and D
 * @param voxels - indices of the region's voxels
 */
export function soundVoxels({ organ }: IvimAcquisition, { signals, b, ivim }: Fitted, voxels: Int32Array): Int32Array {
  const n = signals.length / b.length
  const isTissue = (v: number) => organ.organ !== 'brain' || !ivim || !(ivim.D[v]! > LIMITS.fluid)
  return voxels.filter(v => isTissue(v) && b.every((_, row) => Number.isFinite(signals[row * n + v]!)))
}

/** The mean signal of some voxels: of each row, shape (nRow). */
export function meanSignal({ signals, b }: Pick<Fitted, 'signals' | 'b'>, voxels: Int32Array): Float64Array {
  const n = signals.length / b.length
  return Float64Array.from(b, (_, row) => {
    let sum = 0
    for (let at = 0; at < voxels.length; at++) sum += signals[row * n + voxels[at]!]!
    return sum / voxels.length
  })
}

/** A fit to one curve: parameters, standard errors and residual standard deviation. */
export interface CurveFit {
  readonly estimator: IvimKind
  readonly values: Readonly<Record<'S0' | 'D' | 'f' | 'Dstar' | 'fDstar', number>>
  readonly errors: Readonly<Record<'S0' | 'D' | 'f' | 'Dstar' | 'fDstar', number>>
}

/**
 * Fit of the bi-exponential model to one curve by least squares, or of simplified IVIM where no low b allows more.
 *
 * @param acquisition - which rows serve
 * @param curve - mean signal of each row, shape (nRow)
 * @param fitted - b of the rows and the settings
 */
export function fitCurve(
  { rows, support }: IvimAcquisition,
  curve: Float64Array,
  { b, weights, settings }: Pick<Fitted, 'b' | 'weights' | 'settings'>,
): CurveFit | null {
  if (!support.hasFraction) return null
  const estimator: IvimKind = support.hasDstar ? 'nlls' : 'simplified'
  const series = seriesOf({ signals: new Float32Array(curve), b, weights }, rows.ivim, Int32Array.of(0))
  const fit = fitIvim(estimator, series, { ...settings, noise: null })
  const at = (maps: typeof fit.sd) => ({
    S0: maps.S0[0]!,
    D: maps.D[0]!,
    f: maps.f[0]!,
    Dstar: maps.Dstar[0]!,
    fDstar: maps.fDstar[0]!,
  })
  return { estimator, values: at(fit), errors: at(fit.sd) }
}

/**
 * One fit to the mean signal of a region: in brain this is where D* can be had.
 *
 * @remarks
 * The confidence interval is the estimate ± t · its standard error from the residuals, with as many degrees of freedom as
 * rows more than parameters.
 *
 * @param acquisition - which rows serve
 * @param fitted - averaged signals
 * @param voxels - indices of the region's voxels
 */
export function regionFits(acquisition: IvimAcquisition, fitted: Fitted, voxels: Int32Array): RegionFit[] {
  const sound = soundVoxels(acquisition, fitted, voxels)
  const fit = fitCurve(acquisition, meanSignal(fitted, sound), fitted)
  if (!fit) return []
  const isFull = fit.estimator === 'nlls'
  const freedom = acquisition.rows.ivim.length - (isFull ? 4 : 3)
  const t = freedom > 0 ? tQuantile(0.975, freedom) : Number.NaN
  const row = (parameter: keyof CurveFit['values'], unit: Unit): RegionFit => {
    const [value, se] = [fit.values[parameter], fit.errors[parameter]]
    const finite = (number: number) => (Number.isFinite(number) ? number : null)
    const half = t * se
    return {
      model: 'ivim',
      parameter,
      estimator: fit.estimator,
      unit,
      voxels: sound.length,
      value: finite(value),
      se: freedom > 0 ? finite(se) : null,
      ciLow: finite(value - half),
      ciHigh: finite(value + half),
    }
  }
  return [
    row('D', 'mm^2/s'),
    row('f', '1'),
    ...(isFull ? [row('Dstar', 'mm^2/s'), row('fDstar', 'mm^2/s')] : []),
    row('S0', 'a.u.'),
  ]
}
