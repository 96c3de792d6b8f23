import { FIT_STATUS } from './status.ts'
import { emptyFit, type T1Fit, type T1Settings } from './t1.ts'
import { rateSearch } from './t1-rate.ts'

/** Spoiled gradient-echo images of several flip angles. */
export interface FlipAngleSeries {
  /** Image after image, any unit, shape (nAngle × nVoxel). */
  readonly signals: Float32Array | Float64Array
  /** Nominal flip angles [rad], shape (nAngle). */
  readonly flipAngles: Float64Array
  /** Excitation repetition time, common to all [s]. */
  readonly repetitionTime: number
  /** Actual over nominal flip angle [1], shape (nVoxel); null for 1. */
  readonly b1: Float32Array | Float64Array | null
  /** Which voxels to fit, by index. */
  readonly voxels: Int32Array
}

/** The estimators of T1 from variable flip angles. */
export type VfaKind = 'linear' | 'weighted' | 'nonlinear'

/** Rounds of the weighted linear fit: after three it changes no more. */
const REWEIGHTED = 3

/**
 * Fit T1 and M0 to images of two or more flip angles.
 *
 * @remarks
 * `linear`, of Gupta and of DESPOT1: `S/sin α = E·S/tan α + M0·(1 − E)`, a line whose slope is `E = exp(−TR/T1)`; noise bends
 * it. `weighted`: the same with weights `(sin α/(1 − E·cos α))²`, iterated, which undo what the transformation does to the
 * noise. `nonlinear`: least squares of the signal itself over R1 alone, M0 following from it at each step (variable
 * projection), from the linear estimate. With two angles all three are the closed form.
 *
 * Actual flip angles are nominal ones times `b1`: T1 goes as about its square.
 *
 * **Assumes** ideal spoiling and a steady state.
 *
 * **Limits.** Status 4 where a signal is not above 0 or `b1` is no number; 3 where the line has no slope in (0, 1) and the
 * search finds no minimum; 2 at an end of the range. Standard errors need three angles.
 *
 * **Error.** OSIPI brain set within 5e-6 of the reference (nonlinear).
 *
 * @param kind - the estimator
 * @param series - images and angles
 * @param settings - range of T1
 *
 * @see Deoni et al., Magn Reson Med 49:515 (2003), doi:10.1002/mrm.10407
 * @see Chang et al., Magn Reson Med 60:496 (2008), doi:10.1002/mrm.21669
 */
export function fitVfa(kind: VfaKind, series: FlipAngleSeries, settings: Partial<T1Settings> = {}): T1Fit {
  const { signals, flipAngles, repetitionTime, b1, voxels } = series
  const n = flipAngles.length
  const nVoxel = signals.length / n
  const fit = emptyFit(nVoxel)
  const column = () => new Float64Array(n)
  const [S, sin, cos] = [column(), column(), column()]
  const line = { S, sin, cos }
  const search = rateSearch(n, S, settings, (R1, basis, slope) => {
    const E = Math.exp(-repetitionTime * R1)
    for (let i = 0; i < n; i++) {
      const below = 1 - E * cos[i]!
      basis[i] = (sin[i]! * (1 - E)) / below
      slope[i] = (repetitionTime * E * sin[i]! * (1 - cos[i]!)) / (below * below)
    }
  })
  for (let k = 0; k < voxels.length; k++) {
    const v = voxels[k]!
    const scale = b1 === null ? 1 : b1[v]!
    let isSound = scale > 0
    for (let i = 0; i < n; i++) {
      const angle = flipAngles[i]! * scale
      S[i] = signals[i * nVoxel + v]!
      sin[i] = Math.sin(angle)
      cos[i] = Math.cos(angle)
      isSound = isSound && S[i]! > 0 && S[i]! < Infinity
    }
    if (!isSound) {
      fit.status[v] = FIT_STATUS.noSignal
      continue
    }
    const E = lineSlope(line, n, kind === 'linear' ? 0 : REWEIGHTED)
    const start = E > 0 && E < 1 ? -Math.log(E) / repetitionTime : Number.NaN
    if (kind === 'nonlinear') search.minimise(start)
    else search.take(start)
    search.store(fit, v)
  }
  return fit
}

/** Slope of `S/sin α` over `S/tan α`, reweighted so many times; NaN where the points have no spread. */
function lineSlope(
  { S, sin, cos }: { readonly S: Float64Array; readonly sin: Float64Array; readonly cos: Float64Array },
  n: number,
  rounds: number,
): number {
  let E = Number.NaN
  for (let round = 0; round <= rounds; round++) {
    let [w, x, y, xx, xy] = [0, 0, 0, 0, 0]
    for (let i = 0; i < n; i++) {
      const root = round === 0 ? 1 : sin[i]! / (1 - E * cos[i]!)
      const weight = root * root
      const Y = S[i]! / sin[i]!
      const X = Y * cos[i]!
      w += weight
      x += weight * X
      y += weight * Y
      xx += weight * X * X
      xy += weight * X * Y
    }
    E = (w * xy - x * y) / (w * xx - x * x)
    if (!(E > 0 && E < 1)) return E
  }
  return E
}
