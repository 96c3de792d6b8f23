import { invertSymmetric } from '../numerics/symmetric.ts'
import { biexponentialJacobian, type IvimParameters } from './ivim.ts'

/**
 * The smallest standard errors that any unbiased estimator of the four parameters can have with a set of b-values: the
 * Cramér–Rao bound, in the units of the parameters; null where the set cannot tell the parameters apart.
 *
 * @remarks
 *     cov = σ² · (JᵀJ)⁻¹
 *
 * A property of the protocol, not of an estimator: estimators with fewer free parameters or a prior can be below it.
 *
 * **Assumes** Gaussian noise of one standard deviation in all samples: a signal well above the noise floor.
 *
 * @param p - true parameters, see {@link IvimParameters}
 * @param b - diffusion weighting of each sample, repeats repeated [s/mm²], shape (nB)
 * @param sigma - standard deviation of the noise of one sample [a.u.]
 */
export function ivimBound(p: IvimParameters, b: Float64Array, sigma: number): IvimParameters | null {
  const jacobian = new Float64Array(4 * b.length)
  biexponentialJacobian(jacobian, new Float64Array(b.length), p, b)
  const information = new Float64Array(16)
  for (let i = 0; i < b.length; i++) {
    for (let r = 0; r < 4; r++) {
      for (let c = 0; c < 4; c++) information[4 * r + c]! += jacobian[4 * i + r]! * jacobian[4 * i + c]!
    }
  }
  if (!invertSymmetric(information, 4, new Float64Array(4))) return null
  const sd = (k: number) => sigma * Math.sqrt(information[5 * k]!)
  return { S0: sd(0), D: sd(1), f: sd(2), Dstar: sd(3) }
}
