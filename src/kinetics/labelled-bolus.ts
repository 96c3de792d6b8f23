/**
 * The single-delay ASL model: a labelled bolus that has arrived in the tissue as a whole and decays there as in blood.
 *
 * Every labelling technique comes down to one number, the decay-weighted duration of its bolus (the `weight` of the
 * functions below); signal and flow are proportional through it.
 */

/** Timing of continuous or pseudo-continuous labelling. */
export interface ContinuousBolus {
  /** Duration of the labelling, LD [s], above 0. */
  readonly labelingDuration: number
  /** From the end of the labelling to the excitation, PLD [s], at least 0. */
  readonly delay: number
}

/** Timing of pulsed labelling whose bolus was cut off. */
export interface PulsedBolus {
  /** From the labelling pulse to the excitation, TI [s]. */
  readonly inversionTime: number
  /** Duration of the bolus, τ [s]: TI1 for QUIPSS II and Q2TIPS, TI − TIcut for QUIPSS. */
  readonly bolusDuration: number
}

/**
 * Decay-weighted duration of a continuously labelled bolus [s].
 *
 * @remarks
 *     w = T1b · exp(−PLD/T1b) · (1 − exp(−LD/T1b))
 *
 * **Assumes** that the whole bolus is in the tissue at readout (arterial transit time at most PLD), that none of it has
 * left, and that the label decays with the T1 of blood throughout.
 *
 * **Limits.** `LD → ∞` gives the steady state `T1b·exp(−PLD/T1b)`; a short LD gives `LD·exp(−PLD/T1b)`.
 *
 * **Error.** A transit time of 2.0 s reads 17 % low at PLD 1.8 s; with tissue decay (T1 1.33 s, transit time 0.8 s) it
 * reads 45.8 for a true 60 mL/100g/min: the model's bias, not the code's.
 *
 * @param bolus - timing, see {@link ContinuousBolus}
 * @param T1b - longitudinal relaxation time of arterial blood [s]
 *
 * @see Alsop et al., Magn Reson Med 73:102 (2015), equation 1, doi:10.1002/mrm.25197
 */
export function continuousBolusWeight({ labelingDuration, delay }: ContinuousBolus, T1b: number): number {
  return T1b * Math.exp(-delay / T1b) * -Math.expm1(-labelingDuration / T1b)
}

/**
 * Decay-weighted duration of a pulsed bolus [s].
 *
 * @remarks
 *     w = τ · exp(−TI/T1b)
 *
 * All of a pulsed bolus is labelled at one time, so all of it decays over TI. The exponent is the inversion time of the
 * readout also for Q2TIPS: its last saturation pulse ends the bolus and has no part in the decay.
 *
 * **Assumes** that the whole bolus is in the tissue (arterial transit time at most TI − τ) and decays as blood.
 *
 * **Limits.** `τ = 0` gives no signal. A transit time above TI − τ reads low: 15.0 for a true 20 mL/100g/min at
 * TI 1.8 s, τ 0.8 s, transit time 1.2 s.
 *
 * @param bolus - timing, see {@link PulsedBolus}
 * @param T1b - longitudinal relaxation time of arterial blood [s]
 *
 * @see Alsop et al., Magn Reson Med 73:102 (2015), equation 2, doi:10.1002/mrm.25197
 * @see Wong et al., Magn Reson Med 39:702 (1998), doi:10.1002/mrm.1910390506
 * @see Luh et al., Magn Reson Med 41:1246 (1999), doi:10.1002/(SICI)1522-2594(199906)41:6%3C1246::AID-MRM22%3E3.0.CO;2-N
 */
export function pulsedBolusWeight({ inversionTime, bolusDuration }: PulsedBolus, T1b: number): number {
  return bolusDuration * Math.exp(-inversionTime / T1b)
}

/**
 * Difference of control and label that a flow produces, in the unit of M0.
 *
 * @remarks
 *     ΔM = 2 · α · M0a · f · w
 *
 * The factor 2 is that of an inversion. Exact inverse of {@link labelledFlow}.
 *
 * **Limits.** Linear in flow, negative flows included; no flow, no difference.
 *
 * @param flow - blood flow per mass of tissue, f [mL/g/s]
 * @param M0a - equilibrium signal of arterial blood, per mL [a.u.]; M0 of tissue over the partition coefficient λ [mL/g]
 * @param efficiency - labelling efficiency with the loss by background suppression, α [1]
 * @param weight - decay-weighted duration of the bolus, w [s], of {@link continuousBolusWeight} or {@link pulsedBolusWeight}
 */
export function labelledDifference(flow: number, M0a: number, efficiency: number, weight: number): number {
  return 2 * efficiency * M0a * flow * weight
}

/**
 * Flow from the difference of control and label [mL/g/s].
 *
 * @remarks
 *     f = ΔM / (2 · α · M0a · w)
 *
 * **Limits.** A negative difference gives a negative flow: noise about zero stays unbiased. `M0a ≤ 0` is no signal to
 * calibrate with and gives NaN.
 *
 * @param difference - control minus label, ΔM [a.u.]
 * @param M0a - equilibrium signal of arterial blood [a.u.], see {@link labelledDifference}
 * @param efficiency - labelling efficiency with the loss by background suppression, α [1]
 * @param weight - decay-weighted duration of the bolus, w [s]
 */
export function labelledFlow(difference: number, M0a: number, efficiency: number, weight: number): number {
  return M0a > 0 ? difference / (2 * efficiency * M0a * weight) : Number.NaN
}
