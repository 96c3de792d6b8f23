import { voxelsWhere } from '../../image/volume.ts'
import type { Options } from '../../options.ts'
import type { Equation } from '../../report/record.ts'
import type { Estimator, IvimAcquisition } from './acquisition.ts'
import { digits } from './fields.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { cite } from './references.ts'
import { type CurveFit, fitCurve, meanSignal, soundVoxels } from './region-fit.ts'

/**
 * The equation that was fitted, and the same with the numbers of the mean signal of the mask.
 *
 * @param acquisition - which parameters there are
 * @param fitted - averaged signals
 * @param mask - 1 in the tissue, shape (nVoxel)
 */
export function equationOf(acquisition: IvimAcquisition, fitted: Fitted, mask: Uint8Array): Equation | null {
  const { estimator, support } = acquisition
  if (estimator === null)
    return support.hasAdc
      ? { title: 'Apparent diffusion coefficient', lines: ['S(b) = S0 · exp(−b · ADC)'], filled: [] }
      : null
  const voxels = voxelsWhere(mask.length, v => mask[v] === 1)
  const fit = fitCurve(acquisition, meanSignal(fitted, soundVoxels(acquisition, fitted, voxels)), fitted)
  const isFull = support.hasDstar
  const line = isFull
    ? 'S(b) / S0 = (1 − f) · exp(−b · D) + f · exp(−b · D*)'
    : 'S(b) / S0 = (1 − f) · exp(−b · D)  for b at or above the threshold'
  return {
    title: isFull ? 'Bi-exponential IVIM' : 'Simplified IVIM',
    lines: [line, ...steps(estimator)],
    filled: fit
      ? [
          filledLine(fit, isFull),
          `mean signal of the mask${acquisition.organ.organ === 'brain' ? ' without fluid' : ''}, one ${isFull ? 'least-squares' : 'simplified'} fit`,
        ]
      : [],
  }
}

function filledLine({ values: { D, f, Dstar } }: CurveFit, isFull: boolean): string {
  const tissue = `${digits(1 - f)} · exp(−b · ${inMilli(D)})`
  return isFull ? `S(b) / S0 = ${tissue} + ${digits(f)} · exp(−b · ${inMilli(Dstar)})` : `S(b) / S0 = ${tissue}`
}

/** A coefficient as people write it: `0.83e-3`. */
function inMilli(value: number): string {
  return `${digits(value * 1000)}e-3`
}

function steps(estimator: Estimator): string[] {
  if (estimator === 'segmented')
    return ['1. S/S0 = A · exp(−b · D) at high b;  f = 1 − A', '2. D* from all b with D and f held']
  if (estimator === 'fixedd') return ['1. D from high b', '2. f, D*, S0 from all b with D held']
  return []
}

/**
 * What was done, in sentences with citation keys, by the branch that was taken.
 *
 * @param acquisition - what was averaged and fitted
 * @param fitted - noise, prior
 * @param options - averaging, threshold, smoothing
 */
export function paragraphsOf(acquisition: IvimAcquisition, fitted: Fitted, options: Options): string[] {
  const { averaging, support, estimator, organ } = acquisition
  const list = support.groups.map(group => Math.round(group.b)).join(', ')
  const smooth =
    options.smooth > 0
      ? ` The averaged images were smoothed within the mask with a Gaussian of ${options.smooth} mm full width at half maximum.`
      : ''
  const mean = averaging.isVendor
    ? 'The scanner had averaged over gradient directions.'
    : averaging.directions > 1
      ? `Images of one b-value were averaged over ${averaging.directions} gradient directions (${options['ivim-averaging']} mean).`
      : 'Each b-value was measured in one gradient direction.'
  const scale =
    fitted.snr === null
      ? ''
      : ` The median signal-to-noise ratio of one volume at b = 0 was ${digits(Math.round(fitted.snr * 10) / 10)}.`
  return [
    `Diffusion-weighted images at b = ${list} s/mm² were analysed as intravoxel incoherent motion ${cite('lebihan1988')}. ${mean}${smooth}${scale}`,
    ...(estimator === null
      ? []
      : [estimatorSentence(estimator, fitted, options), errorSentence(estimator, fitted, organ.organ === 'brain')]),
    ...(support.hasAdc
      ? [
          `ADC was computed by weighted linear least squares ${cite('veraart2013')} over b-values up to ${LIMITS.highestAdc} s/mm².${support.hasKurtosis ? ` ADC0 and kurtosis K were fitted to b-values from ${LIMITS.kurtosis[0]} s/mm² ${cite('jensen2005')}.` : ''}`,
        ]
      : []),
    `The acquisition was judged by the recommendations of ${cite('vanhoudt2026')}.`,
  ]
}

function estimatorSentence(estimator: Estimator, { ivim }: Fitted, options: Options): string {
  const rule = options['ivim-threshold-rule'] === 'strict' ? 'above' : 'of at least'
  const high = `b-values ${rule} ${options['ivim-threshold']} s/mm²`
  const undefinedDstar = ' D* is undefined, and left out, where f is at most 0.01.'
  switch (estimator) {
    case 'segmented':
      return `The segmented fit recommended by ${cite('vanhoudt2026')} was used: the signal over that at b = 0 was fitted mono-exponentially at ${high} for D and f; D* was then fitted to all b-values with D and f held.${undefinedDstar}`
    case 'nlls':
      return `All parameters of the bi-exponential model were fitted at once by non-linear least squares (variable projection).${undefinedDstar}`
    case 'fixedd':
      return `D was fitted at ${high}; f, D* and S0 were then fitted to all b-values with D held.${undefinedDstar}`
    case 'bayes':
      return `The model was fitted in the Bayesian way with the noise marginalised ${cite('neil1993')}, under a normal prior of ln D, logit f and ln D* ${ivim?.prior ? 'whose mean and covariance stand in the sidecars' : ''} ${cite('orton2014')}${ivim?.lesionPrior ? '; the voxels of the lesion mask had a prior of their own' : ''}.`
    case 'simplified':
      return `No b-value lies between 0 and the threshold, so D and f were fitted to b = 0 and ${high} only (simplified IVIM ${cite('jalnefjord2018')}) and D* was not.`
  }
}

function errorSentence(estimator: Estimator, { given }: Fitted, isBrain: boolean): string {
  const what =
    estimator === 'bayes'
      ? 'Standard errors are standard deviations of the posterior; for reliability the Cramér-Rao bound of the voxel without the prior counts as well'
      : `Standard errors are those of the estimator, with noise ${given === null ? 'from the residuals of each voxel' : 'of one value for the image'}`
  const { D, f, Dstar } = LIMITS.reliable
  return `${what}. A voxel counts as reliable where the standard error is at most ${D} of D, ${f} of f, ${Dstar} of D* or fD*; elsewhere D* should not be read. Regions were also fitted as a whole, by least squares of their mean signal${isBrain ? ` without voxels of fluid (D above ${1000 * LIMITS.fluid}e-3 mm²/s)` : ''}. What the b-values allow at best is the Cramér-Rao bound ${cite('zhang2013')}.`
}
