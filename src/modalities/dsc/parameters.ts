import type { Parameter } from '../../report/record.ts'
import type { Run } from '../modality.ts'
import { optional } from '../optional.ts'
import type { DscAcquisition } from './acquisition.ts'
import { fieldFrom } from './fields.ts'
import type { Fitted } from './fit.ts'

/**
 * Every number and choice that enters the computation, with where it came from, in the order of the report.
 *
 * @param acquisition - the acquisition in house units
 * @param run - for its options and series
 * @param fitted - for what the voxels told
 */
export function dscParameters(
  { echoTimes, timing, slices, scaling, arterial }: DscAcquisition,
  run: Run,
  fitted: Fitted,
): Parameter[] {
  const source = run.series[0]
  if (!source) return []
  const { bolus, signals, leakage, normal } = fitted
  const asked = run.series.length === 1 && run.options['dsc-te'] !== undefined
  const data = (name: string, meaning: string, value: Parameter['value'], unit: Parameter['unit'] = '1'): Parameter => {
    return { name, meaning, value, unit, source: 'data' }
  }
  const given = run.roles.aif?.[0]
  const curve = arterial.kind === 'curve' ? arterial.given : null
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
    data('DummyVolumes', 'Volumes left out at the start', bolus.dummies),
    data(
      'BaselineVolumes',
      'Volumes whose mean is the signal before the bolus',
      signals.baseline[1] - signals.baseline[0],
    ),
    scaling.hematocrit,
    scaling.smallVessel,
    scaling.kH,
    scaling.density,
    given
      ? {
          name: 'ArterialInput',
          meaning: 'Arterial input',
          value: given.name.path,
          unit: '1',
          source: run.options['dsc-aif'] === 'auto' ? 'data' : 'option',
          from: given.uri,
        }
      : optional(run, 'dsc-aif', 'ArterialInput', 'Arterial input', '1', 'doi:10.1002/mrm.20759'),
    ...(fitted.arterial?.voxels
      ? [data('ArterialVoxels', 'Voxels of the arterial input', fitted.arterial.voxels.length)]
      : []),
    ...(curve?.relaxivity
      ? [
          relaxivity(
            'BloodTransverseRelaxivity',
            'Transverse relaxivity of blood',
            curve.relaxivity.blood,
            curve.relaxivity.from,
          ),
          relaxivity(
            'TissueTransverseRelaxivity',
            'Transverse relaxivity of tissue',
            curve.relaxivity.tissue,
            curve.relaxivity.from,
          ),
        ]
      : []),
    optional(run, 'dsc-aif-scale', 'ArterialScaling', 'Scaling of the arterial curve', '1'),
    ...(fitted.arterial?.vein
      ? [
          data(
            'VenousScale',
            'Factor that gives the arterial curve the area of the venous one',
            fitted.arterial.vein.factor,
          ),
        ]
      : []),
    optional(run, 'dsc-deconvolution', 'Deconvolution', 'Deconvolution', '1', 'doi:10.1007/s00330-025-12306-5'),
    ...(run.options['dsc-deconvolution'] === 'osvd'
      ? [optional(run, 'dsc-oi-limit', 'OscillationLimit', 'Largest oscillation index', '1', 'doi:10.1002/mrm.10522')]
      : []),
    optional(
      run,
      'dsc-leakage',
      'LeakageCorrection',
      'Leakage correction of CBV',
      '1',
      'doi:10.1007/s00330-025-12306-5',
    ),
    ...(leakage
      ? [data('ReferenceVoxels', 'Voxels of the reference curve, which do not enhance', fitted.reference?.voxels ?? 0)]
      : []),
    ...(normal
      ? [data('WhiteMatterVoxels', `Voxels of normal-appearing white matter, by ${normal.from}`, normal.voxels)]
      : []),
    optional(run, 'smooth', 'Smoothing', 'Smoothing of the volumes within the mask, full width at half maximum', 'mm'),
  ]
}

function relaxivity(name: string, meaning: string, value: number, from: string): Parameter {
  return { name, meaning, value, unit: '1/s/mM', source: 'sidecar', from }
}
