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
