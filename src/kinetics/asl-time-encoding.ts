/** An encoding matrix: rows are images, columns the control signal and then the sub-boli; −1 is labelled, +1 is not. */
export type EncodingMatrix = readonly (readonly number[])[]

/**
 * Whether a matrix encodes: its order is a power of two, its entries are ±1, its first column is 1 and its columns are orthogonal.
 *
 * @param matrix - shape (N × N)
 */
export function isEncoding(matrix: EncodingMatrix): boolean {
  const N = matrix.length
  if (N < 2 || (N & (N - 1)) !== 0) return false
  if (!matrix.every(row => row.length === N && row[0] === 1 && row.every(entry => entry === 1 || entry === -1)))
    return false
  for (let a = 0; a < N; a++)
    for (let b = 0; b < a; b++) if (matrix.reduce((sum, row) => sum + row[a]! * row[b]!, 0) !== 0) return false
  return true
}

/**
 * What each image of a time-encoded acquisition is multiplied with, so that their sum is the difference of one sub-bolus [1].
 *
 * @remarks
 * Image r is the control signal less the differences of the sub-boli that were labelled in it, so
 *
 *     ΔM_k = Σ_r H[r][k + 1] · S_r / (N/2)
 *
 * which has the scale of a single control minus label and `N/4` times its signal-to-noise ratio squared per image.
 *
 * @param matrix - H, see {@link isEncoding}, shape (N × N)
 * @returns one row a sub-bolus in the order of labelling, shape ((N − 1) × N)
 *
 * @see Günther, Proc ISMRM 15:380 (2007); Teeuwisse et al., Magn Reson Med 72:1712 (2014), doi:10.1002/mrm.25083
 */
export function decodingWeights(matrix: EncodingMatrix): number[][] {
  const N = matrix.length
  return Array.from({ length: N - 1 }, (_, k) => matrix.map(row => row[k + 1]! / (N / 2)))
}
