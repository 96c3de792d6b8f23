/** Signals of one voxel in all echoes, and what becomes of them; nothing is allocated per voxel. */
export interface RateConversion {
  /** Signal of each echo [a.u.], shape (nEcho)(nVolume): fill these, then {@link RateConversion.convert}. */
  readonly echoes: readonly Float64Array[]
  /** Signal before the bolus of each echo [a.u.], shape (nEcho), set by {@link RateConversion.convert}. */
  readonly baselines: Float64Array
  /**
   * Set `out` to the change of the relaxation rate [1/s], shape (nVolume), NaN where a signal or a baseline is not above 0;
   * returns whether all are finite.
   */
  convert(out: Float64Array): boolean
  /**
   * Set `out` to the standard deviation of each sample of the last conversion [1/s], shape (nVolume), for noise of the signal
   * with standard deviation `sigma` [a.u.].
   */
  noise(sigma: number, out: Float64Array): void
}

/**
 * Make a {@link RateConversion}: ΔR2* from one, two or more echoes.
 *
 * @remarks
 * One echo: `ΔR2* = −ln(S/S0) / TE`, with S0 the mean before the bolus. More: R2* of each volume is the slope of a straight
 * line through `−ln S` over TE, weighted by S², which makes constant noise of S constant noise of the line; less the same of
 * the mean signals before the bolus. With two echoes that is `ln[(S1/S1₀)/(S2/S2₀)]/(TE2 − TE1)`. A factor that all echoes
 * share, as T1 gives it, goes into the intercept.
 *
 * The noise is that of the logarithm to first order: `σ/(TE·S)` with one echo, `σ/√(Σ S²·(TE − ⟨TE⟩)²)` with more.
 *
 * **Limits.** A sample that is not above 0 is NaN: nothing is clamped. Baseline noise is not in {@link RateConversion.noise}:
 * those who need it know the baseline volumes.
 *
 * **Error.** Noise of magnitude signals biases the logarithm by `σ²/(2·TE·S²)`: 5 % of ΔR2* at a drop to 3 σ.
 *
 * @param echoTimes - rising [s], shape (nEcho)
 * @param frames - number of volumes
 * @param baseline - volumes before the bolus: first, and one past the last
 *
 * @see Rosen et al., Magn Reson Med 14:249 (1990), doi:10.1002/mrm.1910140211
 * @see Vonken et al., J Magn Reson Imaging 10:109 (1999), doi:10.1002/(SICI)1522-2586(199908)10:2%3C109::AID-JMRI1%3E3.0.CO;2-%23
 */
export function rateConversion(
  echoTimes: readonly number[],
  frames: number,
  [first, end]: readonly [number, number],
): RateConversion {
  const nEcho = echoTimes.length
  const echoes = echoTimes.map(() => new Float64Array(frames))
  const baselines = new Float64Array(nEcho)
  const logs = new Float64Array(nEcho)
  const weights = new Float64Array(nEcho)
  /** Sum of weights times squared distances from the weighted mean echo time, of the last {@link slope}. */
  let spread = 0

  function slope(): number {
    let w = 0
    let wt = 0
    let wy = 0
    for (let e = 0; e < nEcho; e++) {
      w += weights[e]!
      wt += weights[e]! * echoTimes[e]!
      wy += weights[e]! * logs[e]!
    }
    spread = 0
    let sum = 0
    for (let e = 0; e < nEcho; e++) {
      const t = echoTimes[e]! - wt / w
      spread += weights[e]! * t * t
      sum += weights[e]! * t * (logs[e]! - wy / w)
    }
    return -sum / spread
  }

  /** R2* of the signals of one moment, up to a constant for a single echo; NaN where one is not above 0. */
  function rate(signal: (echo: number) => number): number {
    for (let e = 0; e < nEcho; e++) {
      const s = signal(e)
      if (!(s > 0 && s < Infinity)) return Number.NaN
      logs[e] = Math.log(s)
      weights[e] = s * s
    }
    return nEcho === 1 ? -logs[0]! / echoTimes[0]! : slope()
  }

  const atBaseline = (e: number) => baselines[e]!
  let frame = 0
  const atFrame = (e: number) => echoes[e]![frame]!
  return {
    echoes,
    baselines,
    convert(out) {
      for (let e = 0; e < nEcho; e++) {
        let sum = 0
        for (let k = first; k < end; k++) sum += echoes[e]![k]!
        baselines[e] = sum / (end - first)
      }
      const before = rate(atBaseline)
      let check = 0
      for (frame = 0; frame < frames; frame++) {
        out[frame] = rate(atFrame) - before
        check += out[frame]!
      }
      return check - check === 0
    },
    noise(sigma, out) {
      for (frame = 0; frame < frames; frame++) {
        const hasRate = rate(atFrame)
        const information = nEcho === 1 ? echoTimes[0]! * echoes[0]![frame]! : Math.sqrt(spread)
        out[frame] = hasRate - hasRate === 0 ? sigma / information : Number.NaN
      }
    },
  }
}

/** How near to the noise a signal may come before the curve counts as clipped, in standard deviations of the noise [1]. */
const FLOOR = 5
/** Share of the baseline under which a signal counts as clipped whatever the noise [1]. */
const LEAST_SHARE = 0.1

/**
 * Whether a bolus drives a signal into the noise, which clips its curve.
 *
 * @remarks
 * Lowest signal under 5 standard deviations of the noise, or under 10 % of the baseline.
 *
 * @param lowest - smallest signal of the series [a.u.]
 * @param baseline - mean signal before the bolus [a.u.]
 * @param sigma - standard deviation of the noise of one sample [a.u.]; NaN where it is not known
 */
export function isClipped(lowest: number, baseline: number, sigma: number): boolean {
  return lowest < LEAST_SHARE * baseline || lowest < FLOOR * sigma
}
