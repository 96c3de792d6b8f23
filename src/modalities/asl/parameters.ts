import type { Parameter } from '../../report/record.ts'
import type { Run, Source } from '../modality.ts'
import { optional } from '../optional.ts'
import type { AslAcquisition } from './acquisition.ts'
import { fieldFrom } from './fields.ts'
import type { Labelling } from './labelling.ts'

/**
 * Every number and choice that enters the computation, with where it came from, in the order of the report.
 *
 * @param acquisition - the acquisition in house units
 * @param source - the series
 * @param run - for its options
 */
export function aslParameters({ quantification, volumes }: AslAcquisition, source: Source, run: Run): Parameter[] {
  const what = volumes.kind === 'pairs' ? 'Pairs of control and label' : `Volumes of type ${volumes.kind}`
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
  if (!quantification) return [count, smooth]
  const { labelling, slices, settings, m0 } = quantification
  const slice: Parameter = {
    name: 'SliceTimingCorrected',
    meaning: 'Whether later slices of a 2D readout have longer delays',
    value: slices !== null,
    unit: '1',
    source: 'sidecar',
    from: fieldFrom(source, slices ? 'SliceTiming' : 'MRAcquisitionType'),
  }
  const timing = timingParameters(labelling, source)
  const { T1b, lambda, alpha, suppression, efficiency } = settings
  if (m0.plan.source === 'none') return [count, ...timing, slice, T1b, smooth]
  const isNumber = m0.plan.source === 'estimate'
  return [
    count,
    ...timing,
    slice,
    T1b,
    ...(isNumber ? [] : [lambda]),
    alpha,
    suppression,
    efficiency,
    ...m0.parameters,
    optional(run, 'asl-m0-scale', 'M0Scale', 'Factor on M0', '1'),
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

function timingParameters(labelling: Labelling, source: Source): Parameter[] {
  const stated = (name: string, symbol: string, meaning: string, value: number, field: string): Parameter => {
    return { name, symbol, meaning, value, unit: 's', source: 'sidecar', from: fieldFrom(source, field) }
  }
  if (labelling.type !== 'PASL')
    return [
      stated('LabelingDuration', 'LD', 'Labelling duration', labelling.labelingDuration, 'LabelingDuration'),
      stated(
        'PostLabelingDelay',
        'PLD',
        'Post-labelling delay to the first excitation',
        labelling.delay,
        'PostLabelingDelay',
      ),
    ]
  const { technique, cutOff, lastCutOff } = labelling
  const last =
    lastCutOff === null
      ? []
      : [
          stated(
            'LastBolusCutOff',
            '',
            'Last saturation pulse; it does not enter the equation',
            lastCutOff,
            'BolusCutOffDelayTime',
          ),
        ]
  return [
    stated(
      'InversionTime',
      'TI',
      'Time from the labelling pulse to the first excitation',
      labelling.delay,
      'PostLabelingDelay',
    ),
    stated('BolusCutOffDelayTime', 'TI1', `Cut-off of the bolus by ${technique}`, cutOff, 'BolusCutOffDelayTime'),
    ...last,
  ]
}
