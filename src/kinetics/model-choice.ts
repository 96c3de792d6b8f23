/**
 * Akaike's information criterion with the correction for small samples.
 *
 * @remarks
 *     AICc = N·ln(SSE/N) + 2K + 2K(K + 1)/(N − K − 1),   K = p + 1
 *
 * with K the parameters of the model and the variance of the noise. Only differences between models of the same data mean
 * anything. NaN where N is at most K + 1.
 *
 * @param sse - sum of squared residuals, any unit
 * @param samples - number of samples N [1]
 * @param free - number of fitted parameters p [1]
 *
 * @see Hurvich & Tsai, Biometrika 76:297 (1989), doi:10.1093/biomet/76.2.297
 */
export function aicc(sse: number, samples: number, free: number): number {
  const K = free + 1
  if (samples <= K + 1) return Number.NaN
  return samples * Math.log(sse / samples) + 2 * K + (2 * K * (K + 1)) / (samples - K - 1)
}

/**
 * Weights of evidence of some models of the same data [1], shape (nModel): `exp(−Δ/2)` over their sum, Δ the distance to the
 * least criterion. NaN where no model has a criterion; 0 for a model that has none.
 *
 * @param criteria - AICc of each model, shape (nModel)
 * @param weights - receives the weights, shape (nModel)
 *
 * @see Burnham & Anderson, Model Selection and Multimodel Inference (2002), doi:10.1007/b97636
 */
export function akaikeWeights(criteria: Float64Array, weights: Float64Array): void {
  let least = Infinity
  for (let m = 0; m < criteria.length; m++) if (criteria[m]! < least) least = criteria[m]!
  let sum = 0
  for (let m = 0; m < criteria.length; m++) {
    weights[m] = criteria[m]! < Infinity ? Math.exp((least - criteria[m]!) / 2) : 0
    sum += weights[m]!
  }
  for (let m = 0; m < criteria.length; m++) weights[m] = sum > 0 ? weights[m]! / sum : Number.NaN
}
