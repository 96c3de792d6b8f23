import { logPolynomial } from '../numerics/log-polynomial.ts'
import type { IvimSeries } from './ivim-fit.ts'
import type { FirstStep } from './ivim-scheme.ts'

/** What {@link fitAdc} lets a caller choose. */
export interface AdcSettings {
  /** Lowest and highest b that are used, both included [s/mm²]. */
  readonly range: readonly [number, number]
  /** Iterated weighted or plain least squares of the logarithm, or least squares of the signal. */
  readonly method: FirstStep
}

/** Defaults of {@link AdcSettings}: all b that kurtosis does not bend. */
export const ADC_DEFAULTS: AdcSettings = { range: [0, 1000], method: 'iwlls' }

/** Parameters and standard errors of a mono-exponential, shape (nVoxel) each; NaN where there are none. */
export interface AdcFit {
  /** Apparent diffusion coefficient [mm²/s]. */
  readonly ADC: Float64Array
  /** Signal at b = 0 of the fitted line, unit of the signal. */
  readonly S0: Float64Array
  readonly sd: { readonly ADC: Float64Array; readonly S0: Float64Array }
  /** 0 not asked for, 1 good, 4 no signal; shape (nVoxel). */
  readonly status: Uint8Array
}

/** What {@link fitKurtosis} lets a caller choose. */
export interface KurtosisSettings {
  /** Lowest and highest b that are used, both included [s/mm²]: above perfusion, below the minimum of the expansion. */
  readonly range: readonly [number, number]
  /** Range of K [1]. */
  readonly boundsK: readonly [number, number]
}

/** Defaults of {@link KurtosisSettings}. */
export const KURTOSIS_DEFAULTS: KurtosisSettings = { range: [200, 2500], boundsK: [0, 3] }

/** Parameters and standard errors of the kurtosis model, shape (nVoxel) each; NaN where there are none. */
export interface KurtosisFit {
  /** Diffusion coefficient at b = 0 without perfusion [mm²/s]. */
  readonly ADC0: Float64Array
  /** Kurtosis [1]. */
  readonly K: Float64Array
  /** Signal at b = 0 of the fitted curve, unit of the signal. */
  readonly S0: Float64Array
  readonly sd: { readonly ADC0: Float64Array; readonly K: Float64Array; readonly S0: Float64Array }
  /** 0 not asked for, 1 good, 2 K at a bound, 4 no signal; shape (nVoxel). */
  readonly status: Uint8Array
}

/** Rounds of reweighting at most. */
const ROUNDS = 50

/**
 * The apparent diffusion coefficient of each voxel.
 *
 * @remarks
 *     ln S(b) = ln S0 − b·ADC
 *
 * by least squares, with weights of the squared signal that the last round predicted (`iwlls`) or none (`loglin`), or by
 * least squares of the signal itself (`nlls`); those of the series besides. With `W` the weights, standard errors are those of `σ²·(XᵀWX)⁻¹`,
 * `σ² = Σ W·r²/(nB − 2)`.
 *
 * **Limits.** Two b-values give the closed form `ln(S1/S2)/(b2 − b1)` and no standard error. A sample that is not finite or
 * not above 0 is left out; a voxel with fewer than two distinct b left has status 4. A negative ADC is kept.
 *
 * **Error.** Includes the perfusion of all b that are used; from 200 s/mm² on little of it.
 *
 * @param series - see {@link IvimSeries}
 * @param settings - see {@link ADC_DEFAULTS}
 *
 * @throws RangeError where fewer than two distinct b are in the range.
 *
 * @see Veraart et al., NeuroImage 81:335 (2013), doi:10.1016/j.neuroimage.2013.05.028
 */
export function fitAdc({ signals, b, voxels, weights }: IvimSeries, settings: Partial<AdcSettings> = {}): AdcFit {
  const { range, method } = { ...ADC_DEFAULTS, ...settings }
  const used = within(b, range, 2)
  const nVoxel = signals.length / b.length
  const map = () => new Float64Array(nVoxel).fill(Number.NaN)
  const fit = { ADC: map(), S0: map(), sd: { ADC: map(), S0: map() }, status: new Uint8Array(nVoxel) }
  const line = logPolynomial(
    Float64Array.from(used, i => b[i]! / 1000),
    2,
    weights && Float64Array.from(used, i => weights[i]!),
  )
  const y = new Float64Array(used.length)
  for (const v of voxels) {
    const scale = read(signals, nVoxel, used, v, y)
    const isFitted = scale > 0 && line.fit(y, method === 'loglin' ? 1 : ROUNDS)
    fit.status[v] = isFitted ? 1 : 4
    if (!isFitted) continue
    if (method === 'nlls') line.polish()
    fit.ADC[v] = -line.coefficients[1]! / 1000
    fit.S0[v] = scale * Math.exp(line.coefficients[0]!)
    fit.sd.ADC[v] = line.sd(1) / 1000
    fit.sd.S0[v] = fit.S0[v]! * line.sd(0)
  }
  return fit
}

/**
 * The diffusion coefficient without perfusion, and the kurtosis, of each voxel.
 *
 * @remarks
 *     ln S(b) = ln S0 − b·ADC0 + (b·ADC0)²·K/6
 *
 * by quadratic regression with weights of the squared signal that the last round predicted. A K outside its range is set to
 * its end, and ADC0 and S0 are fitted again with K held.
 *
 * **Limits.** A sample that is not finite or not above 0 is left out; a voxel with fewer than three distinct b left has
 * status 4.
 *
 * **Assumes** b high enough for perfusion to be gone and low enough for the expansion, and a signal above the noise floor:
 * a floor at high b reads as kurtosis.
 *
 * @param series - see {@link IvimSeries}
 * @param settings - see {@link KURTOSIS_DEFAULTS}
 *
 * @throws RangeError where fewer than three distinct b are in the range.
 *
 * @see Jensen et al., Magn Reson Med 53:1432 (2005), doi:10.1002/mrm.20508
 */
export function fitKurtosis(
  { signals, b, voxels, weights }: IvimSeries,
  settings: Partial<KurtosisSettings> = {},
): KurtosisFit {
  const { range, boundsK } = { ...KURTOSIS_DEFAULTS, ...settings }
  const used = within(b, range, 3)
  const nVoxel = signals.length / b.length
  const map = () => new Float64Array(nVoxel).fill(Number.NaN)
  const fit = {
    ADC0: map(),
    K: map(),
    S0: map(),
    sd: { ADC0: map(), K: map(), S0: map() },
    status: new Uint8Array(nVoxel),
  }
  const curve = logPolynomial(
    Float64Array.from(used, i => b[i]! / 1000),
    3,
    weights && Float64Array.from(used, i => weights[i]!),
  )
  const y = new Float64Array(used.length)
  for (const v of voxels) {
    const scale = read(signals, nVoxel, used, v, y)
    const isFitted = scale > 0 && curve.fit(y, ROUNDS)
    fit.status[v] = isFitted ? 1 : 4
    if (!isFitted) continue
    const [c1, c2] = [curve.coefficients[1]!, curve.coefficients[2]!]
    const K = (6 * c2) / (c1 * c1)
    const isBound = !(c1 < 0 && K >= boundsK[0] && K <= boundsK[1])
    if (isBound) {
      curve.hold(K > boundsK[1] && c1 < 0 ? boundsK[1] : boundsK[0])
      fit.status[v] = 2
    }
    fit.ADC0[v] = -curve.coefficients[1]! / 1000
    fit.S0[v] = scale * Math.exp(curve.coefficients[0]!)
    fit.K[v] = isBound ? (6 * curve.coefficients[2]!) / (curve.coefficients[1]! * curve.coefficients[1]!) : K
    if (isBound) continue
    fit.sd.ADC0[v] = curve.sd(1) / 1000
    fit.sd.S0[v] = fit.S0[v]! * curve.sd(0)
    fit.sd.K[v] = curve.combined((-2 * K) / c1, 6 / (c1 * c1))
  }
  return fit
}

/** Which samples lie in a range of b. */
function within(b: Float64Array, [low, high]: readonly [number, number], fewest: number): Int32Array {
  const used = Int32Array.from(b, (_, i) => i).filter(i => b[i]! >= low && b[i]! <= high)
  const distinct = new Set(Array.from(used, i => Math.round(b[i]!))).size
  if (distinct < fewest)
    throw new RangeError(`${distinct} distinct b from ${low} to ${high} s/mm²; ${fewest} are needed`)
  return used
}

/** Samples of a voxel over their largest, 0 for one that was not measured; returns the largest, 0 where none was. */
function read(
  signals: Float32Array | Float64Array,
  nVoxel: number,
  used: Int32Array,
  voxel: number,
  y: Float64Array,
): number {
  let most = 0
  for (let i = 0; i < used.length; i++) {
    const value = signals[used[i]! * nVoxel + voxel]!
    y[i] = value > 0 && value < Infinity ? value : 0
    if (y[i]! > most) most = y[i]!
  }
  if (most > 0) for (let i = 0; i < used.length; i++) y[i]! /= most
  return most
}
