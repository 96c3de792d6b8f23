import { spectralFilter } from './dsc-spectral-filter.ts'
import { toeplitzInverse } from './dsc-toeplitz-inverse.ts'
import type { TruncatedInverse } from './dsc-truncated-inverse.ts'

/**
 * The ways to deconvolve by a truncated spectrum: `osvd` and `csvd` with the block-circulant matrix and a truncation that is
 * searched for in each voxel or fixed, both indifferent to delay; `ssvd` with the Toeplitz matrix, sensitive to delay.
 */
export type DeconvolutionKind = 'osvd' | 'csvd' | 'ssvd'

/** What {@link deconvolution} lets a caller choose; all fields have a default, see {@link DECONVOLUTION_DEFAULTS}. */
export interface DeconvolutionSettings {
  /** Fraction of the largest singular value under which one is set to zero, P [1]: for `csvd` and `ssvd`. */
  readonly truncation: number
  /** Largest oscillation index that `osvd` accepts [1]. */
  readonly oscillationLimit: number
}

/** Defaults of {@link DeconvolutionSettings} by kind. */
export const DECONVOLUTION_DEFAULTS: Readonly<Record<DeconvolutionKind, DeconvolutionSettings>> = {
  osvd: { truncation: 0.1, oscillationLimit: 0.035 },
  csvd: { truncation: 0.1, oscillationLimit: 0.035 },
  ssvd: { truncation: 0.2, oscillationLimit: 0.035 },
}

/** Noise of a tissue curve, see {@link Deconvolution.errors}. */
export interface CurveNoise {
  /** Standard deviation of each sample for a known baseline [1/s], shape (nVolume). */
  readonly sd: Float64Array
  /** Volumes whose mean was taken for the baseline: first, and one past the last. */
  readonly baseline: readonly [number, number]
}

/** What a deconvolution finds in a voxel; all NaN where it found nothing. */
export interface Perfusion {
  /** Largest value of the residue [1/s]: CBF = 6000 · kH/ρ · flow [mL/100g/min]. */
  flow: number
  /** Area of the tissue curve over that of the arterial one [1]: CBV = 100 · kH/ρ · volume [mL/100g]. */
  volume: number
  /** volume/flow [s]. */
  transitTime: number
  /** Time of the largest value, by a parabola through it and its neighbours; negative where tissue precedes the artery [s]. */
  tmax: number
  /** When the residue rises through half of its largest value, before it: arrival of the blood [s]. */
  delay: number
}

/**
 * A deconvolution that is made ready once for an arterial curve and then used on many voxels; nothing is allocated per voxel
 * nor per arterial curve. What the last `solve` and `errors` found is in its fields.
 */
export interface Deconvolution {
  /** Take an arterial curve, shape (nVolume); false where it is not finite or has no positive area: then nothing can be solved. */
  prepare(arterial: Float64Array): boolean
  /** Deconvolve a tissue curve, shape (nVolume); false where it is not finite or its residue is nowhere positive. */
  solve(tissue: Float64Array): boolean
  /** Set {@link Deconvolution.se} for the last solution. */
  errors(noise: CurveNoise): void
  /**
   * Flow times residue function of the last solution [1/s]. Circular, shape (2·nVolume): index i above nVolume is the time
   * (i − 2·nVolume)·dt. For `ssvd` shape (nVolume).
   */
  readonly residue: Float64Array
  readonly values: Readonly<Perfusion>
  /** Standard errors, in the units of the values. */
  readonly se: Readonly<Perfusion>
  /** {@link Perfusion.tmax} without interpolation, a multiple of dt [s]. */
  readonly tmaxSampled: number
  /** How long the residue stays at 95 % of its largest value or above, about it [s]: on a long plateau tmax means little. */
  readonly plateau: number
  /** The truncation that was used, P [1]. */
  readonly truncation: number
}

/** Height of the plateau, as a share of the largest value [1]. */
const PLATEAU = 0.95

/**
 * Make a {@link Deconvolution}.
 *
 * @remarks
 * Solves `c(t) = flow · (a ⊗ R)(t)` for `flow·R`, with the arterial samples smoothed as curves that are linear between them
 * need it, and singular values under P of the largest set to zero: see {@link spectralFilter} and {@link toeplitzInverse}.
 *
 *     flow = max R,   volume = ∫c/∫a over the record,   transit time = volume/flow,   Tmax = arg max R
 *
 * **Assumes** that curve and artery share one relaxivity and one record, without a gap.
 *
 * **Limits.** The truncation takes out what is fast: with volumes every 1.5 s and an arterial width of 6.2 s a flow of 60
 * at a transit time of 4 s reads 43 (`osvd`) or 38 (`csvd`), at 24 s it reads right. Ratios suffer less: 2.4 reads 2.3. Tmax
 * holds about half a transit time beside the delay. Dispersion on the way from the arterial voxels lowers the flow further.
 *
 * Standard errors are those of a linear filter at the truncation and at the sample of the maximum that were found, for
 * independent noise, with that of the baseline. They leave out what choosing a truncation and a maximum adds, and noise of
 * the arterial curve: the measured ratios to the spread are in `docs/models/dsc.md`. The bias is in none of them.
 *
 * @param kind - see {@link DeconvolutionKind}
 * @param frames - number of volumes, at least 2
 * @param dt - time between volumes [s]
 * @param settings - see {@link DECONVOLUTION_DEFAULTS}
 *
 * @see Wu et al., Magn Reson Med 50:164 (2003), doi:10.1002/mrm.10522
 */
export function deconvolution(
  kind: DeconvolutionKind,
  frames: number,
  dt: number,
  settings: Partial<DeconvolutionSettings> = {},
): Deconvolution {
  const { truncation, oscillationLimit } = { ...DECONVOLUTION_DEFAULTS[kind], ...settings }
  const inverse: TruncatedInverse =
    kind === 'ssvd'
      ? toeplitzInverse(frames, dt, truncation)
      : spectralFilter(frames, dt, truncation, kind === 'osvd' ? oscillationLimit : null)
  const { residue } = inverse
  const period = residue.length
  const values: Perfusion = nothing()
  const se: Perfusion = nothing()
  const state = { residue, values, se, tmaxSampled: NaN, plateau: NaN, truncation: NaN }
  const weights = [0, 1, 2, 3].map(() => new Float64Array(frames))
  let area = NaN
  let peak = 0

  // That of `ssvd` is not circular, but ends where it begins, at 0.
  const at = (k: number) => residue[(k + period) % period]!

  function solve(tissue: Float64Array): boolean {
    Object.assign(values, EMPTY)
    Object.assign(se, EMPTY)
    state.tmaxSampled = state.plateau = state.truncation = NaN
    const tissueArea = trapezoid(tissue, dt)
    if (!(tissueArea - tissueArea === 0 && area > 0)) return false
    state.truncation = inverse.solve(tissue)
    peak = 0
    for (let k = 1; k < period; k++) if (residue[k]! > residue[peak]!) peak = k
    const flow = residue[peak]!
    if (!(flow > 0)) return false
    values.flow = flow
    values.volume = tissueArea / area
    values.transitTime = values.volume / flow
    const sample = peak > frames ? peak - period : peak
    state.tmaxSampled = sample * dt
    values.tmax = (sample + vertex()) * dt
    values.delay = (sample - walk(-1, flow / 2)) * dt
    state.plateau = (walk(-1, PLATEAU * flow) + walk(1, PLATEAU * flow)) * dt
    return true
  }

  /** Where the parabola through the peak and its neighbours has its vertex, from the peak [sample]. */
  function vertex(): number {
    const [before, here, after] = [at(peak - 1), at(peak), at(peak + 1)]
    const bend = before - 2 * here + after
    return bend < 0 ? (before - after) / (2 * bend) : 0
  }

  /** How far from the peak the residue crosses a level, in one direction [sample]. */
  function walk(direction: 1 | -1, level: number): number {
    for (let k = 1; k < period; k++) {
      const next = at(peak + direction * k)
      const here = at(peak + direction * (k - 1))
      if (next < level) return k - 1 + (here - level) / (here - next)
    }
    return period
  }

  function errors(noise: CurveNoise): void {
    Object.assign(se, EMPTY)
    if (!(values.flow > 0)) return
    const [flow, volume, before, after] = weights as [Float64Array, Float64Array, Float64Array, Float64Array]
    inverse.weights(peak, flow)
    for (let t = 0; t < frames; t++) volume[t] = ((t === 0 || t === frames - 1 ? 0.5 : 1) * dt) / area
    se.flow = functionalError(flow, noise)
    se.volume = functionalError(volume, noise)
    const bend = at(peak - 1) - 2 * at(peak) + at(peak + 1)
    if (bend < 0) {
      inverse.weights((peak - 1 + period) % period, before)
      inverse.weights((peak + 1) % period, after)
      const shift = vertex()
      for (let t = 0; t < frames; t++)
        before[t] = (dt * ((before[t]! - after[t]!) / 2 - shift * (before[t]! - 2 * flow[t]! + after[t]!))) / bend
      se.tmax = functionalError(before, noise)
    }
    for (let t = 0; t < frames; t++) volume[t] = (volume[t]! - values.transitTime * flow[t]!) / values.flow
    se.transitTime = functionalError(volume, noise)
    delayError(flow, noise)
  }

  /** The delay lies between two samples, on a straight line: its error is that of both and of the height that it is half of. */
  function delayError(flow: Float64Array, noise: CurveNoise): void {
    const [, combined, before, after] = weights as [Float64Array, Float64Array, Float64Array, Float64Array]
    const steps = (state.tmaxSampled - values.delay) / dt
    const later = peak - Math.floor(steps)
    const drop = at(later) - at(later - 1)
    if (!(drop > 0)) return
    const share = steps - Math.floor(steps)
    inverse.weights((later + period) % period, after)
    inverse.weights((later - 1 + period) % period, before)
    for (let t = 0; t < frames; t++)
      combined[t] = (dt * ((1 - share) * after[t]! + share * before[t]! - flow[t]! / 2)) / drop
    se.delay = functionalError(combined, noise)
  }

  return Object.assign(state, {
    prepare(arterial: Float64Array) {
      area = trapezoid(arterial, dt)
      if (!(area > 0 && area < Infinity && inverse.prepare(arterial))) area = NaN
      return area > 0
    },
    solve,
    errors,
  })
}

const EMPTY: Perfusion = { flow: NaN, volume: NaN, transitTime: NaN, tmax: NaN, delay: NaN }
const nothing = (): Perfusion => ({ ...EMPTY })

/**
 * Area under samples, linear between them [unit of the samples · s].
 *
 * @param curve - samples, any unit, shape (n)
 * @param dt - time between them [s]
 */
export function trapezoid(curve: Float64Array, dt: number): number {
  let sum = -(curve[0]! + curve[curve.length - 1]!) / 2
  for (let k = 0; k < curve.length; k++) sum += curve[k]!
  return sum * dt
}

/**
 * Standard error of a weighted sum of the samples of a curve whose baseline was measured.
 *
 * @remarks
 *     Var Σ g·c = Σ_t sd_t²·(g_t − [t in baseline]·Σg/n)²
 *
 * with n the number of baseline volumes: their mean was subtracted from every sample.
 *
 * @param weights - g, any unit, shape (nVolume)
 * @param noise - of the curve
 */
export function functionalError(weights: Float64Array, { sd, baseline: [first, end] }: CurveNoise): number {
  let total = 0
  for (let t = 0; t < weights.length; t++) total += weights[t]!
  const share = total / (end - first)
  let variance = 0
  for (let t = 0; t < weights.length; t++) {
    const g = sd[t]! * (weights[t]! - (t >= first && t < end ? share : 0))
    variance += g * g
  }
  return Math.sqrt(variance)
}
