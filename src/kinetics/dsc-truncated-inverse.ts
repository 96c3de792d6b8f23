/** A truncated inverse of the convolution with an arterial curve: linear in the tissue curve once the truncation is chosen. */
export interface TruncatedInverse {
  /** Flow times residue function of the last {@link TruncatedInverse.solve} [1/s], shape (nVolume or 2·nVolume). */
  readonly residue: Float64Array
  /** Take an arterial curve, shape (nVolume); false where it has no spectrum to divide by. */
  prepare(arterial: Float64Array): boolean
  /** Set the residue of a finite tissue curve, shape (nVolume); returns the truncation P that was used [1]. */
  solve(tissue: Float64Array): number
  /** Weights that the samples of the tissue curve have in a sample of the last residue [1/s], shape (nVolume). */
  weights(index: number, out: Float64Array): void
}

/**
 * The samples of an arterial curve as a convolution with curves that are linear between samples needs them, times dt.
 *
 * @remarks
 *     a'_k = dt·(a_{k−1} + 4·a_k + a_{k+1})/6
 *
 * with nothing outside the record and `a'_0 = dt·a_0`. The sample after the last, `dt·a_{N−1}/6`, is written where `out` has room.
 *
 * @param arterial - the curve [1/s], shape (nVolume)
 * @param dt - time between volumes [s]
 * @param out - receives the samples [1], shape (at least nVolume)
 *
 * @see Østergaard et al., Magn Reson Med 36:715 (1996), doi:10.1002/mrm.1910360510
 */
export function smoothedArterial(arterial: Float64Array, dt: number, out: Float64Array): void {
  const n = arterial.length
  out[0] = dt * arterial[0]!
  for (let k = 1; k < n; k++)
    out[k] = (dt * (arterial[k - 1]! + 4 * arterial[k]! + (k + 1 < n ? arterial[k + 1]! : 0))) / 6
  if (out.length > n) out[n] = (dt * arterial[n - 1]!) / 6
}
