/**
 * Signal models of diffusion in tissue whose capillary network is itself a diffusing medium: intravoxel incoherent motion.
 *
 * House convention: the pseudo-diffusion coefficient D* stands alone in its exponent, `f·exp(−b·D*)`. Others write
 * `f·exp(−b·(D + D*))` or `f·exp(−b·(Db + D*))`: see {@link pseudoDiffusion}.
 */

/** Parameters of {@link biexponentialSignal}. */
export interface IvimParameters {
  /** Signal without diffusion weighting [a.u.]. */
  readonly S0: number
  /** Diffusion coefficient of tissue, D [mm²/s]. */
  readonly D: number
  /** Fraction of the signal that comes from flowing blood, f [1]. */
  readonly f: number
  /** Pseudo-diffusion coefficient of blood in capillaries, D* [mm²/s]. */
  readonly Dstar: number
}

/** Diffusion coefficient of blood [mm²/s], in the convention that adds D* to it. */
export const BLOOD_DIFFUSION = 1.75e-3

/**
 * Signal of the bi-exponential IVIM model [a.u.].
 *
 * @remarks
 *     S(b) = S0 · [(1 − f)·exp(−b·D) + f·exp(−b·D*)]
 *
 * **Assumes** that blood changes its direction many times within the diffusion time, no exchange of water between blood
 * and tissue, one Gaussian compartment of tissue, and equal relaxation of both: f is a signal fraction, see
 * {@link relaxationCorrectedFraction}.
 *
 * **Limits.** `f = 0` is mono-exponential; `D* → ∞` leaves {@link simplifiedSignal}.
 *
 * @param out - receives S [a.u.], shape (nB)
 * @param p - the parameters, see {@link IvimParameters}
 * @param b - diffusion weighting [s/mm²], shape (nB)
 *
 * @see Le Bihan et al., Radiology 168:497 (1988), doi:10.1148/radiology.168.2.3393671
 */
export function biexponentialSignal(out: Float64Array, { S0, D, f, Dstar }: IvimParameters, b: Float64Array): void {
  for (let i = 0; i < b.length; i++) {
    const t = b[i]!
    out[i] = S0 * ((1 - f) * Math.exp(-t * D) + f * Math.exp(-t * Dstar))
  }
}

/**
 * Derivatives of {@link biexponentialSignal} with respect to its parameters, and the signal itself.
 *
 * @param jacobian - receives ∂S/∂S0, ∂S/∂D, ∂S/∂f, ∂S/∂D* of each b one after the other, shape (nB × 4)
 * @param signal - receives S [a.u.], shape (nB)
 * @param p - the parameters, see {@link IvimParameters}
 * @param b - diffusion weighting [s/mm²], shape (nB)
 */
export function biexponentialJacobian(
  jacobian: Float64Array,
  signal: Float64Array,
  { S0, D, f, Dstar }: IvimParameters,
  b: Float64Array,
): void {
  for (let i = 0; i < b.length; i++) {
    const t = b[i]!
    const tissue = Math.exp(-t * D)
    const blood = Math.exp(-t * Dstar)
    const m = (1 - f) * tissue + f * blood
    signal[i] = S0 * m
    jacobian[4 * i] = m
    jacobian[4 * i + 1] = -S0 * (1 - f) * t * tissue
    jacobian[4 * i + 2] = S0 * (blood - tissue)
    jacobian[4 * i + 3] = -S0 * f * t * blood
  }
}

/**
 * Signal of simplified IVIM [a.u.]: blood shows at b = 0 only.
 *
 * @remarks
 *     S(b) = S0 · [(1 − f)·exp(−b·D) + f·δ(b)]
 *
 * **Assumes** that all other b are high enough for the signal of blood to be gone (about 200 s/mm² and more).
 *
 * @param out - receives S [a.u.], shape (nB)
 * @param p - the parameters; D* has no part
 * @param b - diffusion weighting [s/mm²], shape (nB)
 *
 * @see Jalnefjord et al., MAGMA 31:715 (2018), doi:10.1007/s10334-018-0697-5
 */
export function simplifiedSignal(
  out: Float64Array,
  { S0, D, f }: Omit<IvimParameters, 'Dstar'>,
  b: Float64Array,
): void {
  for (let i = 0; i < b.length; i++) out[i] = b[i] === 0 ? S0 : S0 * (1 - f) * Math.exp(-b[i]! * D)
}

/**
 * Signal of tissue with two compartments of flowing blood [a.u.].
 *
 * @remarks
 *     S(b) = S0 · [(1 − f1 − f2)·exp(−b·D) + f1·exp(−b·D1) + f2·exp(−b·D2)]
 *
 * @param out - receives S [a.u.], shape (nB)
 * @param p - signal at b = 0 [a.u.], coefficients [mm²/s] and fractions [1]
 * @param b - diffusion weighting [s/mm²], shape (nB)
 */
export function triexponentialSignal(
  out: Float64Array,
  p: {
    readonly S0: number
    readonly D: number
    readonly f1: number
    readonly D1: number
    readonly f2: number
    readonly D2: number
  },
  b: Float64Array,
): void {
  for (let i = 0; i < b.length; i++) {
    const t = b[i]!
    const blood = p.f1 * Math.exp(-t * p.D1) + p.f2 * Math.exp(-t * p.D2)
    out[i] = p.S0 * ((1 - p.f1 - p.f2) * Math.exp(-t * p.D) + blood)
  }
}

/**
 * Signal of the kurtosis model [a.u.]; with K = 0 that of one apparent diffusion coefficient.
 *
 * @remarks
 *     S(b) = S0 · exp(−b·ADC0 + (b·ADC0)²·K/6)
 *
 * **Limits.** Rises again beyond `b = 3/(ADC0·K)`, where the expansion does not hold.
 *
 * @param out - receives S [a.u.], shape (nB)
 * @param p - signal at b = 0 [a.u.], ADC0 [mm²/s], K [1]
 * @param b - diffusion weighting [s/mm²], shape (nB)
 *
 * @see Jensen et al., Magn Reson Med 53:1432 (2005), doi:10.1002/mrm.20508
 */
export function kurtosisSignal(
  out: Float64Array,
  { S0, ADC0, K }: { readonly S0: number; readonly ADC0: number; readonly K: number },
  b: Float64Array,
): void {
  for (let i = 0; i < b.length; i++) {
    const x = b[i]! * ADC0
    out[i] = S0 * Math.exp(-x + (x * x * K) / 6)
  }
}

/** How a source writes the exponent of blood: `D*`, `D + D*` or `Db + D*`. */
export type DstarConvention = 'alone' | 'added-to-tissue' | 'added-to-blood'

/**
 * D* of the house's convention [mm²/s] from that of another.
 *
 * @param Dstar - D* as the source has it [mm²/s]
 * @param convention - what the source's exponent holds
 * @param D - diffusion coefficient of tissue [mm²/s]
 * @param Db - diffusion coefficient of blood [mm²/s]
 */
export function pseudoDiffusion(Dstar: number, convention: DstarConvention, D: number, Db = BLOOD_DIFFUSION): number {
  return convention === 'alone' ? Dstar : Dstar + (convention === 'added-to-tissue' ? D : Db)
}

/**
 * The same signal with the slower compartment called tissue: D and D* change places, and f becomes 1 − f.
 *
 * @param p - parameters of a fit in any order
 */
export function orderCompartments(p: IvimParameters): IvimParameters {
  return p.Dstar < p.D ? { S0: p.S0, D: p.Dstar, f: 1 - p.f, Dstar: p.D } : p
}

/** Relaxation that tells the signal fraction of blood from its volume fraction; all times in [s]. */
export interface Relaxation {
  readonly TR: number
  readonly TE: number
  readonly T1Tissue: number
  readonly T2Tissue: number
  readonly T1Blood: number
  readonly T2Blood: number
}

/**
 * Fraction of blood corrected for relaxation [1].
 *
 * @remarks
 *     w = exp(−TE/T2)·(1 − exp(−TR/T1)),   f_c = f·w_t / (f·w_t + (1 − f)·w_b)
 *
 * **Limits.** 0 and 1 stay; equal relaxation changes nothing.
 *
 * @param f - signal fraction of blood [1]
 * @param times - see {@link Relaxation}
 *
 * @see Lemke et al., Magn Reson Med 64:1580 (2010), doi:10.1002/mrm.22565
 */
export function relaxationCorrectedFraction(f: number, times: Relaxation): number {
  const tissue = Math.exp(-times.TE / times.T2Tissue) * -Math.expm1(-times.TR / times.T1Tissue)
  const blood = Math.exp(-times.TE / times.T2Blood) * -Math.expm1(-times.TR / times.T1Blood)
  return (f * tissue) / (f * tissue + (1 - f) * blood)
}
