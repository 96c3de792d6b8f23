import type { Options } from '../../options.ts'
import type { MapOutput, OutputName } from '../modality.ts'
import type { AslAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'

/** Names of the images that a run can write. */
export const OUTPUTS = {
  cbf: { suffix: 'cbf' },
  sd: { desc: 'sd', suffix: 'cbf' },
  series: { desc: 'timeseries', suffix: 'cbf' },
  reliable: { mod: true, model: 'single', param: 'cbf', desc: 'reliable', suffix: 'mask' },
  relative: { desc: 'relative', suffix: 'perfmap' },
} as const satisfies Record<string, OutputName>

/** The images that a run will write, in order: those of CBF, or without M0 the relative map. */
export function outputNames({ volumes, quantification }: AslAcquisition, options: Options): OutputName[] {
  if (quantification?.m0.plan.source === 'none') return [OUTPUTS.relative]
  return [
    OUTPUTS.cbf,
    ...(volumes.differences.length > 1 ? [OUTPUTS.sd, OUTPUTS.reliable] : []),
    ...(options['asl-timeseries'] ? [OUTPUTS.series] : []),
  ]
}

/** The images of a fit, in the order of {@link outputNames}. */
export function mapsOf(
  { values, error, isAbsolute, summary, differences }: Fitted,
  acquisition: AslAcquisition,
): MapOutput[] {
  const sidecar = { Estimator: 'single', EstimationAlgorithm: algorithmOf(acquisition) }
  const main = { kind: 'map', values: new Float32Array(values), sidecar } as const
  if (!isAbsolute)
    return [
      {
        ...main,
        name: OUTPUTS.relative,
        unit: '1',
        template: 'perfmap-relative',
        parameter: 'perfusion',
        window: [0, 3],
      },
    ]
  const unit = 'mL/100g/min'
  const maps: MapOutput[] = [{ ...main, name: OUTPUTS.cbf, unit, template: 'cbf', parameter: 'cbf', window: [0, 100] }]
  if (error) {
    const reliable = new Uint8Array(error.length)
    for (let v = 0; v < error.length; v++) if (error[v]! <= LIMITS.reliable * Math.abs(values[v]!)) reliable[v] = 1
    const Criterion = 'standard error of CBF over its absolute value, at most the threshold'
    maps.push(
      { ...main, name: OUTPUTS.sd, values: new Float32Array(error), unit, template: 'cbf-sd', window: [0, 50] },
      {
        name: OUTPUTS.reliable,
        kind: 'mask',
        values: reliable,
        unit: '1',
        template: 'reliable',
        sidecar: { Threshold: LIMITS.reliable, Criterion },
      },
    )
  }
  if (summary.series)
    maps.push({
      name: OUTPUTS.series,
      kind: 'series',
      values: summary.series,
      frames: differences,
      unit,
      template: 'cbf-timeseries',
      window: [0, 100],
      sidecar,
    })
  return maps
}

/** The method in a line, for the sidecar. */
function algorithmOf({ quantification }: AslAcquisition): string {
  if (!quantification) return 'Flow as given by the series, averaged'
  const { labelling } = quantification
  return labelling.type === 'PASL'
    ? `Single-delay equation for pulsed ASL with ${labelling.technique}`
    : `Single-delay equation for ${labelling.type}`
}
