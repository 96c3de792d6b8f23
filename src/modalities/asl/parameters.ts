import type { Parameter } from '../../report/record.ts'
import type { Run, Source } from '../modality.ts'
import { optional } from '../optional.ts'
import type { AslAcquisition, AslModel, Quantification } from './acquisition.ts'
import type { Volumes } from './context.ts'
import { fieldFrom } from './fields.ts'
import type { Fitted } from './fit.ts'
import { type Arrival, arterialMode } from './fit-arrival.ts'
import type { Labellings } from './labelling.ts'
import { isBloodM0 } from './m0.ts'

/**
 * Every number and choice that enters the computation, with where it came from, in the order of the report.
 *
 * @param acquisition - the acquisition in house units
 * @param source - the series
 * @param run - for its options
 * @param fitted - what several delays gave, and what was left out
 */
export function aslParameters(
  { quantification, volumes }: AslAcquisition,
  source: Source,
  run: Run,
  fitted: Pick<Fitted, 'arrival' | 'outliers' | 'pure'>,
): Parameter[] {
  const what = {
    pairs: 'Pairs of control and label',
    encoded: 'Differences decoded from time-encoded labelling',
    deltam: 'Volumes of type deltam',
    cbf: 'Volumes of type cbf',
  }[volumes.kind]
  const { arrival, outliers } = fitted
  const count: Parameter = {
    name: 'Differences',
    meaning: what,
    value: volumes.differences.length,
    unit: '1',
    source: 'data',
  }
  const smooth = optional(
    run,
    'smooth',
    'Smoothing',
    'Smoothing of the differences within the mask, full width at half maximum',
    'mm',
  )
  const left: Parameter[] = outliers
    ? [
        {
          name: 'DifferencesLeftOut',
          meaning: 'Differences that are outliers, by SCORE; they did not enter',
          value: outliers.judged.filter(({ reason }) => reason !== null).length,
          unit: '1',
          source: 'data',
          defaultSource: 'doi:10.1002/jmri.25436',
          from: '--asl-outliers',
        },
      ]
    : []
  if (!quantification) return [count, ...left, smooth]
  const { model, labellings, slices, settings, tissue, m0 } = quantification
  const slice: Parameter = {
    name: 'SliceTimingCorrected',
    meaning: 'Whether later slices of a 2D readout have longer delays',
    value: slices !== null,
    unit: '1',
    source: 'sidecar',
    from: fieldFrom(source, slices ? 'SliceTiming' : 'MRAcquisitionType'),
  }
  const timing = [modelParameter(model, run), ...timingParameters(labellings, volumes.kind, source)]
  const { T1b, lambda, alpha, suppression, efficiency } = settings
  // M0 may name it, too.
  const isNamed = m0.parameters.some(({ name }) => name === tissue?.name)
  const fit = [...(tissue && !isNamed ? [tissue] : []), ...fitParameters(quantification, run, arrival)]
  if (m0.plan.source === 'none') return [count, ...left, ...timing, slice, T1b, ...fit, smooth]
  const isNumber = isBloodM0(m0)
  return [
    count,
    ...left,
    ...timing,
    slice,
    T1b,
    ...fit,
    ...(isNumber && model !== 'buxton' ? [] : [lambda]),
    alpha,
    suppression,
    efficiency,
    ...m0.parameters,
    optional(run, 'asl-m0-scale', 'M0Scale', 'Factor on M0', '1'),
    ...(fitted.pure ? [PURE] : []),
    ...(isNumber
      ? []
      : [
          optional(
            run,
            'asl-m0-fwhm',
            'M0Smoothing',
            'Smoothing of M0 within the mask, full width at half maximum',
            'mm',
          ),
        ]),
    smooth,
  ]
}

const PURE: Parameter = {
  name: 'PartialVolumeCorrection',
  meaning: 'CBF of pure tissues by linear regression over 5 × 5 × 1 voxels',
  value: 'lr',
  unit: '1',
  source: 'option',
  defaultSource: 'doi:10.1002/mrm.21670',
  from: '--asl-pvc',
}

function modelParameter(model: AslModel, { options }: Run): Parameter {
  const isAsked = options['asl-model'] !== 'auto'
  return {
    name: 'QuantificationModel',
    meaning: {
      single: 'The equation of one delay',
      multi: 'Flow and arrival from several delays, for the T1 of blood throughout',
      buxton: 'Flow and arrival from several delays by the general kinetic model',
    }[model],
    value: model,
    unit: '1',
    source: isAsked ? 'option' : 'computed',
    ...(isAsked ? { from: '--asl-model' } : {}),
  }
}

function timingParameters({ samples }: Labellings, kind: Volumes['kind'], source: Source): Parameter[] {
  const stated = (
    name: string,
    symbol: string,
    meaning: string,
    values: readonly number[],
    field: string,
  ): Parameter => {
    const value = values.every(other => other === values[0]) ? values[0]! : values
    return { name, symbol, meaning, value, unit: 's', source: 'sidecar', from: fieldFrom(source, field) }
  }
  const delays = samples.map(({ delay }) => delay)
  const durations = samples.flatMap(sample => (sample.type === 'PASL' ? [] : [sample.labelingDuration]))
  if (durations.length > 0) {
    const encoded = kind === 'encoded'
    return [
      stated(
        'LabelingDuration',
        'LD',
        encoded ? 'Duration of each sub-bolus' : 'Labelling duration',
        durations,
        'LabelingDuration',
      ),
      stated(
        'PostLabelingDelay',
        'PLD',
        encoded
          ? 'From the end of each sub-bolus to the first excitation'
          : 'Post-labelling delay to the first excitation',
        delays,
        'PostLabelingDelay',
      ),
    ]
  }
  const inversion = stated(
    'InversionTime',
    'TI',
    'Time from the labelling pulse to the first excitation',
    delays,
    'PostLabelingDelay',
  )
  const [first] = samples
  if (first?.type !== 'PASL' || first.technique === null) return [inversion]
  const { technique, cutOff, lastCutOff } = first
  const cut = stated(
    'BolusCutOffDelayTime',
    'TI1',
    `Cut-off of the bolus by ${technique}`,
    [cutOff],
    'BolusCutOffDelayTime',
  )
  if (lastCutOff === null) return [inversion, cut]
  const last = 'Last saturation pulse; it does not enter the equation'
  return [inversion, cut, stated('LastBolusCutOff', '', last, [lastCutOff], 'BolusCutOffDelayTime')]
}

/** What the fit of several delays was told, and what it estimated for the run as a whole. */
function fitParameters(quantification: Quantification, { options }: Run, arrival: Arrival | null): Parameter[] {
  if (!arrival) return []
  const mode = arterialMode(quantification, options)
  const arteries: Parameter = {
    name: 'ArterialComponent',
    meaning: {
      auto: 'Blood in arteries is part of the model in voxels whose samples call for it',
      on: 'Blood in arteries is part of the model in every voxel',
      off: 'Blood in arteries is no part of the model',
    }[mode],
    value: mode,
    unit: '1',
    source: options['asl-arterial'] === 'auto' ? 'default' : 'option',
    ...(options['asl-arterial'] === 'auto' ? { defaultSource: 'perfquant' } : { from: '--asl-arterial' }),
  }
  if (!arrival.natural) return [arteries]
  const duration: Parameter = {
    name: 'BolusDuration',
    symbol: 'τ',
    meaning: arrival.natural.isKnown
      ? 'Duration of the bolus, which was not cut off: estimated from the series as a whole'
      : 'Duration of the bolus, which was not cut off: not told by the inversion times, the longest that fits',
    value: arrival.natural.duration,
    unit: 's',
    source: 'data',
  }
  return [arteries, duration]
}
