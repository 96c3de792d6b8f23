import { power } from '../numerics/power.ts'

/**
 * Fraction of its equilibrium that longitudinal magnetisation has regained after a saturation [1].
 *
 * @remarks
 *     Mz/M0 = 1 − exp(−t/T1)
 *
 * For a series of 90° excitations `t` is the repetition time.
 *
 * **Limits.** 0 at `t = 0`; 1 as `t` grows.
 *
 * @param time - time since the saturation [s]
 * @param T1 - longitudinal relaxation time [s]
 */
export function saturationRecovery(time: number, T1: number): number {
  return -Math.expm1(-time / T1)
}

/**
 * Longitudinal magnetisation of static tissue at the readout under background suppression, over its equilibrium [1].
 *
 * @remarks
 * Saturated once, inverted perfectly at each pulse, and recovering with T1 in between.
 *
 * **Limits.** Without inversions {@link saturationRecovery}.
 *
 * @param saturation - from the saturation to the readout [s]
 * @param inversions - from each inversion to the readout [s], at most as long, shape (n)
 * @param T1 - longitudinal relaxation time [s]
 */
export function suppressedMagnetisation(saturation: number, inversions: readonly number[], T1: number): number {
  let magnetisation = 0
  let left = saturation
  for (const next of [...inversions.filter(time => time <= saturation)].sort((a, b) => b - a)) {
    magnetisation = -(1 - (1 - magnetisation) * Math.exp(-(left - next) / T1))
    left = next
  }
  return 1 - (1 - magnetisation) * Math.exp(-left / T1)
}

/**
 * Equilibrium signal of blood per signal of fully recovered reference tissue [1].
 *
 * @remarks
 *     M0b / M0r = exp(−TE/T2b) / exp(−TE/T2r) / λr
 *
 * @param echoTime - TE [s]
 * @param T2b - transverse relaxation time of blood [s]
 * @param T2r - that of the tissue [s]
 * @param partition - water of the tissue over that of blood, λr [1]
 */
export function bloodPerReference(echoTime: number, T2b: number, T2r: number, partition: number): number {
  return Math.exp(echoTime / T2r - echoTime / T2b) / partition
}

/**
 * Change of the transverse relaxation rate from the signal of one echo, ΔR2* [1/s].
 *
 * @remarks
 *     ΔR2* = −ln(S/S0) / TE
 *
 * **Assumes** that the contrast agent leaves T1 alone: true behind an intact barrier at long TE and low flip angle, else see
 * {@link dualEchoRateChange}.
 *
 * **Limits.** `S = S0` gives 0. A signal or baseline that is not above 0 has no logarithm: NaN, never a clamped number.
 *
 * @param signal - S [a.u.]
 * @param baseline - signal before the bolus, S0 [a.u.]
 * @param echoTime - TE [s]
 *
 * @see Rosen et al., Magn Reson Med 14:249 (1990), doi:10.1002/mrm.1910140211
 */
export function rateChange(signal: number, baseline: number, echoTime: number): number {
  return signal > 0 && baseline > 0 ? -Math.log(signal / baseline) / echoTime : Number.NaN
}

/**
 * Signal of a gradient echo under a change of the relaxation rate [a.u.]; the inverse of {@link rateChange}.
 *
 * @param rate - ΔR2* [1/s]
 * @param baseline - S0 [a.u.]
 * @param echoTime - TE [s]
 */
export function signalUnderRate(rate: number, baseline: number, echoTime: number): number {
  return baseline * Math.exp(-echoTime * rate)
}

/**
 * Change of the transverse relaxation rate from two echoes, ΔR2* [1/s], whatever happens to T1.
 *
 * @remarks
 *     ΔR2* = ln[(S1/S1₀) / (S2/S2₀)] / (TE2 − TE1)
 *
 * A factor that both echoes share, as T1 and the flip angle give it, cancels.
 *
 * **Limits.** NaN where one of the four is not above 0.
 *
 * @param first - signals of the echoes, S1 and S2 [a.u.], shape (2)
 * @param baselines - the same before the bolus [a.u.], shape (2)
 * @param echoTimes - TE1 and TE2 [s], shape (2)
 *
 * @see Vonken et al., J Magn Reson Imaging 10:109 (1999), doi:10.1002/(SICI)1522-2586(199908)10:2<109::AID-JMRI1>3.0.CO;2-%23
 */
export function dualEchoRateChange(
  signals: readonly [number, number],
  baselines: readonly [number, number],
  echoTimes: readonly [number, number],
): number {
  const ratio = signals[0] / baselines[0] / (signals[1] / baselines[1])
  const isValid = signals[0] > 0 && signals[1] > 0 && baselines[0] > 0 && baselines[1] > 0
  return isValid ? Math.log(ratio) / (echoTimes[1] - echoTimes[0]) : Number.NaN
}

/**
 * Signal of two echoes carried back to an echo time of 0 [a.u.]: what T1 alone makes of it.
 *
 * @remarks
 *     S(0) = S1 · (S1/S2)^(TE1 / (TE2 − TE1))
 *
 * **Limits.** NaN where a signal is not above 0.
 *
 * @param signals - S1 and S2 [a.u.], shape (2)
 * @param echoTimes - TE1 and TE2 [s], shape (2)
 */
export function signalAtZeroEchoTime(signals: readonly [number, number], echoTimes: readonly [number, number]): number {
  const [s1, s2] = signals
  const [t1, t2] = echoTimes
  return s1 > 0 && s2 > 0 ? s1 * power(s1 / s2, t1 / (t2 - t1)) : Number.NaN
}

/**
 * Concentration of contrast agent in blood from its change of the relaxation rate [mM].
 *
 * @remarks
 *     ΔR2* = a·C + b·C²,   C = (−a + √(a² + 4b·ΔR2*)) / 2b
 *
 * In tissue the relation is linear, `C = ΔR2* / r2*`: bulk blood and the field around capillaries differ.
 *
 * **Limits.** Linear, `ΔR2* / a`, as `b → 0` and near 0. Under `−a²/4b` there is no solution: NaN.
 *
 * @param rate - ΔR2* [1/s]
 * @param linear - a [1/s/mM]
 * @param quadratic - b [1/s/mM²]
 *
 * @see van Osch et al., Magn Reson Med 49:1067 (2003), doi:10.1002/mrm.10461
 */
export function bloodConcentration(rate: number, linear: number, quadratic: number): number {
  // The same root without the difference of two large numbers.
  return (2 * rate) / (linear + Math.sqrt(linear * linear + 4 * quadratic * rate))
}

/**
 * Factor from ratios of concentration in tissue and artery to flow and volume of blood per mass of tissue [mL/g].
 *
 * @remarks
 *     kH/ρ = (1 − Hct_LV) / (1 − Hct_SV) / ρ
 *
 * Contrast agent stays in plasma, of which capillaries hold more than the artery it was measured in. It belongs to volume
 * and flow alike, so that their ratio, the transit time, is free of it.
 *
 * @param large - haematocrit of large vessels, Hct_LV [1]
 * @param small - haematocrit of small vessels, Hct_SV [1]
 * @param density - density of brain, ρ [g/mL]
 */
export function smallVesselFactor(large: number, small: number, density: number): number {
  return (1 - large) / (1 - small) / density
}

/** A spoiled gradient-echo excitation. */
export interface SpoiledEcho {
  /** Actual flip angle [rad]. */
  readonly flipAngle: number
  /** Excitation repetition time [s]. */
  readonly repetitionTime: number
}

/**
 * Steady-state signal of a spoiled gradient echo over that of fully relaxed magnetisation [1].
 *
 * @remarks
 *     S/M0 = sin α·(1 − E)/(1 − E·cos α),   E = exp(−TR·R1)
 *
 * **Assumes** ideal spoiling, a steady state, and an echo time far under T2*.
 *
 * @param echo - the excitation
 * @param R1 - longitudinal relaxation rate [1/s]
 */
export function spoiledSignal({ flipAngle, repetitionTime }: SpoiledEcho, R1: number): number {
  const E = Math.exp(-repetitionTime * R1)
  return (Math.sin(flipAngle) * (1 - E)) / (1 - E * Math.cos(flipAngle))
}

/**
 * Longitudinal relaxation rate from the signal relative to that at a known rate [1/s]; NaN beyond the limit of the equation.
 *
 * @remarks
 *     E = (1 − A + A·E0 − E0·cos α)/(1 − A·cos α + A·E0·cos α − E0·cos α),   R1 = −ln E/TR
 *
 * the inverse of {@link spoiledSignal}, with `A = S/S0` and `E0 = exp(−TR·R10)`. No rate gives more than
 * `sin α·M0`: there `E` leaves (0, 1).
 *
 * @param echo - the excitation
 * @param R10 - rate at which the signal was S0 [1/s]
 * @param ratio - S/S0 [1]
 */
export function rateFromSpoiled({ flipAngle, repetitionTime }: SpoiledEcho, R10: number, ratio: number): number {
  const c = Math.cos(flipAngle)
  const E0 = Math.exp(-repetitionTime * R10)
  const E = (1 - ratio + ratio * E0 - E0 * c) / (1 - ratio * c + ratio * E0 * c - E0 * c)
  return E > 0 && E < 1 ? -Math.log(E) / repetitionTime : Number.NaN
}
