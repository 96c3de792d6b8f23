import { IVIM_DEFAULTS } from '../../kinetics/ivim-scheme.ts'
import type { Parameter } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import type { Run } from '../modality.ts'
import { optional } from '../optional.ts'
import type { Estimator, IvimAcquisition } from './acquisition.ts'
import { baseName, fieldFrom, textFile } from './fields.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'

/** The founding paper's recommendation. */
const RECOMMENDED = 'doi:10.1007/s00330-025-12306-5'

/**
 * Every number and choice that enters the computation, with where it came from, in the order of the report.
 *
 * @param acquisition - what is averaged and fitted
 * @param run - for its options and files
 * @param fitted - noise, prior
 */
export function ivimParameters(acquisition: IvimAcquisition, run: Run, fitted: Fitted): Parameter[] {
  const { averaging, support, organ } = acquisition
  const source = run.series[0]
  if (!source) return []
  const data = (name: string, meaning: string, value: Parameter['value'], unit: Unit, from?: string): Parameter => {
    return { name, meaning, value, unit, source: 'data', ...(from ? { from } : {}) }
  }
  const bval = baseName(textFile(source, '.bval'))
  const list: Parameter[] = [
    data(
      'BValues',
      'Distinct b-values',
      support.groups.map(group => Math.round(group.b * 10) / 10),
      's/mm^2',
      bval,
    ),
    data(
      'BValueCounts',
      'Volumes of each b-value',
      support.groups.map(({ volumes }) => volumes.length),
      '1',
      bval,
    ),
    averaging.isVendor
      ? {
          name: 'DirectionAveraging',
          meaning: 'Mean over gradient directions',
          value: 'vendor',
          unit: '1',
          source: 'data',
          from: baseName(textFile(source, '.bvec')),
        }
      : optional(run, 'ivim-averaging', 'DirectionAveraging', 'Mean over gradient directions', '1'),
    data(
      'Directions',
      'Directions that each weighted image is a mean over',
      averaging.directions,
      '1',
      baseName(textFile(source, '.bvec')),
    ),
    {
      name: 'Organ',
      meaning: 'Organ, for the mask and the expected values',
      value: organ.organ,
      unit: '1',
      source: organ.source,
      from: organ.source === 'sidecar' ? fieldFrom(source, organ.field) : organ.field,
      ...(organ.source === 'default' ? { defaultSource: 'perfquant' } : {}),
    },
    optional(
      run,
      'smooth',
      'Smoothing',
      'Smoothing of the averaged images within the mask, full width at half maximum',
      'mm',
    ),
  ]
  return [...list, ...fitParameters(acquisition, run, fitted)]
}

/** What enters the bi-exponential fit. */
function fitParameters({ estimator }: IvimAcquisition, run: Run, fitted: Fitted): Parameter[] {
  if (estimator === null) return []
  const list: Parameter[] = []
  const ours = (name: string, meaning: string, value: Parameter['value'], unit: Unit): Parameter => {
    return { name, meaning, value, unit, source: 'default', defaultSource: 'perfquant' }
  }
  list.push(
    estimator !== run.options['ivim-fit']
      ? {
          name: 'Estimator',
          meaning: 'How the parameters are fitted; the b-values allow no other',
          value: estimator,
          unit: '1',
          source: 'data',
        }
      : optional(run, 'ivim-fit', 'Estimator', 'How the parameters are fitted', '1', RECOMMENDED),
    optional(
      run,
      'ivim-threshold',
      'BThreshold',
      'b-value from which the signal of blood counts as gone',
      's/mm^2',
      RECOMMENDED,
    ),
    optional(run, 'ivim-threshold-rule', 'ThresholdRule', 'Whether the threshold itself counts as high', '1'),
    ours('HighestB', 'Largest b-value that the bi-exponential model is fitted to', LIMITS.highest, 's/mm^2'),
    ...startParameters(estimator, ours),
    ours('BoundsD', 'Range of D', [...IVIM_DEFAULTS.boundsD], 'mm^2/s'),
    ours('BoundsF', 'Range of f', [0, 1], '1'),
    ours('BoundsDstar', 'Range of D*, which is at least 1.5 D besides', [...IVIM_DEFAULTS.boundsDstar], 'mm^2/s'),
    ours('SmallestFraction', 'Fraction at or below which D* is undefined', IVIM_DEFAULTS.smallestFraction, '1'),
  )
  if (fitted.noise)
    list.push({
      name: 'NoiseSigma',
      meaning: `Noise of one volume, from ${fitted.noise.from === 'repeats' ? 'repeats of one b-value and direction' : 'the background'}`,
      value: Number(fitted.noise.sigma.toPrecision(5)),
      unit: 'a.u.',
      source: 'computed',
    })
  return list
}

/** Where each search begins. */
const STARTS: Readonly<Record<Estimator, string>> = {
  segmented: 'D: slope between the halves of the high b-values; D*: the best of 12 values even in the logarithm',
  nlls: 'D: that of the high b-values; D*: the best of 8 values even in the logarithm',
  fixedd: 'D*: the best of 8 values even in the logarithm',
  bayes: 'the prior',
  simplified: 'D: slope between the halves of the high b-values',
}

/** How the first step and the search are done. */
function startParameters(
  estimator: Estimator,
  ours: (name: string, meaning: string, value: Parameter['value'], unit: Unit) => Parameter,
): Parameter[] {
  const start = ours('InitialGuess', 'Where the search begins', STARTS[estimator], '1')
  if (estimator === 'bayes') return [start]
  return [ours('FirstStep', 'Fit of the line at high b-values', IVIM_DEFAULTS.firstStep, '1'), start]
}
