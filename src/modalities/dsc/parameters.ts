import type { Parameter } from '../../report/record.ts'
import type { Run } from '../modality.ts'
import { optional } from '../optional.ts'
import type { DscAcquisition } from './acquisition.ts'
import { fieldFrom } from './fields.ts'
import type { Fitted } from './fit.ts'

const data = (name: string, meaning: string, value: Parameter['value'], unit: Parameter['unit'] = '1'): Parameter => ({
  name,
  meaning,
  value,
  unit,
  source: 'data',
})

/**
 * Every number and choice that enters the computation, with where it came from, in the order of the report.
 *
 * @param acquisition - the acquisition in house units
 * @param run - for its options and series
 * @param fitted - for what the voxels told
 */
export function dscParameters(acquisition: DscAcquisition, run: Run, fitted: Fitted): Parameter[] {
  const { hematocrit, smallVessel, kH, density } = acquisition.scaling
  const { leakage, reference, normal } = fitted
  const ESR = 'doi:10.1007/s00330-025-12306-5'
  return [
    ...signalParameters(acquisition, run, fitted),
    hematocrit,
    smallVessel,
    kH,
    density,
    ...arterialParameters(acquisition, run, fitted),
    optional(run, 'dsc-deconvolution', 'Deconvolution', 'Deconvolution', '1', ESR),
    ...(run.options['dsc-deconvolution'] === 'osvd'
      ? [optional(run, 'dsc-oi-limit', 'OscillationLimit', 'Largest oscillation index', '1', 'doi:10.1002/mrm.10522')]
      : []),
    optional(run, 'dsc-leakage', 'LeakageCorrection', 'Leakage correction of CBV', '1', ESR),
    ...(leakage && reference
      ? [data('ReferenceVoxels', 'Voxels of the reference curve, which do not enhance', reference.voxels)]
      : []),
    ...(normal
      ? [data('WhiteMatterVoxels', `Voxels of normal-appearing white matter, by ${normal.from}`, normal.voxels)]
      : []),
    optional(run, 'smooth', 'Smoothing', 'Smoothing of the volumes within the mask, full width at half maximum', 'mm'),
  ]
}

function signalParameters({ echoTimes, timing, slices }: DscAcquisition, run: Run, fitted: Fitted): Parameter[] {
  const source = run.series[0]
  if (!source) throw new Error('a DSC run has a series')
  const asked = run.series.length === 1 && run.options['dsc-te'] !== undefined
  const [first, end] = fitted.signals.baseline
  return [
    {
      name: 'EchoTime',
      symbol: 'TE',
      meaning: 'Echo time',
      value: echoTimes.length === 1 ? echoTimes[0]! : echoTimes,
      unit: 's',
      source: asked ? 'option' : 'sidecar',
      from: asked ? '--dsc-te' : fieldFrom(source, 'EchoTime'),
    },
    {
      name: 'TimeBetweenVolumes',
      symbol: 'Δt',
      meaning: 'Time between volumes',
      value: timing.dt,
      unit: 's',
      source: 'sidecar',
      from: timing.from,
    },
    {
      name: 'SliceTimingCorrected',
      meaning: 'Whether times were corrected for the acquisition times of slices',
      value: slices !== null,
      unit: '1',
      source: 'sidecar',
      from: fieldFrom(source, 'SliceTiming'),
    },
    data('DummyVolumes', 'Volumes left out at the start', fitted.bolus.dummies),
    data('BaselineVolumes', 'Volumes whose mean is the signal before the bolus', end - first),
  ]
}

function arterialParameters({ arterial: source }: DscAcquisition, run: Run, { arterial }: Fitted): Parameter[] {
  const given = run.roles.aif?.[0]
  const relaxivity = source.kind === 'curve' ? source.given.relaxivity : null
  const of = (name: string, tissue: string, value: number, from: string): Parameter => {
    return { name, meaning: `Transverse relaxivity of ${tissue}`, value, unit: '1/s/mM', source: 'sidecar', from }
  }
  const how: Pick<Parameter, 'source' | 'from'> = {
    source: run.options['dsc-aif'] === 'auto' ? 'data' : 'option',
    from: given?.uri ?? '',
  }
  return [
    given
      ? { name: 'ArterialInput', meaning: 'Arterial input', value: given.name.path, unit: '1', ...how }
      : optional(run, 'dsc-aif', 'ArterialInput', 'Arterial input', '1', 'doi:10.1002/mrm.20759'),
    ...(arterial?.voxels ? [data('ArterialVoxels', 'Voxels of the arterial input', arterial.voxels.length)] : []),
    ...(relaxivity
      ? [
          of('BloodTransverseRelaxivity', 'blood', relaxivity.blood, relaxivity.from),
          of('TissueTransverseRelaxivity', 'tissue', relaxivity.tissue, relaxivity.from),
        ]
      : []),
    optional(run, 'dsc-aif-scale', 'ArterialScaling', 'Scaling of the arterial curve', '1'),
    ...(arterial?.vein
      ? [data('VenousScale', 'Factor that gives the arterial curve the area of the venous one', arterial.vein.factor)]
      : []),
  ]
}
