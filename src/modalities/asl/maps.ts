import type { Options } from '../../options.ts'
import type { MapOutput, OutputName } from '../modality.ts'
import type { AslAcquisition, AslModel } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { type Arrival, arterialMode, STATUS } from './fit-arrival.ts'
import { LIMITS } from './limits.ts'
import { VASCULAR } from './quality-artefacts.ts'

/** Names of the images that a run can write. */
export const OUTPUTS = {
  cbf: { suffix: 'cbf' },
  sd: { desc: 'sd', suffix: 'cbf' },
  series: { desc: 'timeseries', suffix: 'cbf' },
  reliable: (model: AslModel, param: 'cbf' | 'att'): OutputName => {
    return { mod: true, model, param, desc: 'reliable', suffix: 'mask' }
  },
  vascular: { mod: true, desc: 'vascular', suffix: 'mask' },
  relative: { desc: 'relative', suffix: 'perfmap' },
  att: { suffix: 'att' },
  attSd: { desc: 'sd', suffix: 'att' },
  abv: { suffix: 'abv' },
  abvSd: { desc: 'sd', suffix: 'abv' },
  abat: { suffix: 'abat' },
  abatSd: { desc: 'sd', suffix: 'abat' },
  pvcGM: { desc: 'pvcGM', suffix: 'cbf' },
  pvcWM: { desc: 'pvcWM', suffix: 'cbf' },
} as const satisfies Record<string, OutputName | ((model: AslModel, param: 'cbf' | 'att') => OutputName)>

/** The images that a run will write, in order: those of CBF, or without M0 the relative map; of several delays the arrival. */
export function outputNames({ volumes, quantification }: AslAcquisition, options: Options): OutputName[] {
  const pure =
    options['asl-pvc'] === 'lr' && quantification && quantification.m0.plan.source !== 'none'
      ? [OUTPUTS.pvcGM, OUTPUTS.pvcWM]
      : []
  const model = quantification?.model ?? 'single'
  const hasSpread = model !== 'single' || volumes.differences.length > 1
  const isRelative = quantification?.m0.plan.source === 'none'
  const flow: OutputName[] = isRelative
    ? [OUTPUTS.relative]
    : [
        OUTPUTS.cbf,
        ...(hasSpread ? [OUTPUTS.sd, OUTPUTS.reliable(model, 'cbf')] : []),
        ...(options['asl-timeseries'] ? [OUTPUTS.series] : []),
        ...pure,
      ]
  if (options['asl-organ'] === 'brain') flow.push(OUTPUTS.vascular)
  if (!quantification || model === 'single') return flow
  const arrival = [OUTPUTS.att, OUTPUTS.attSd, OUTPUTS.reliable(model, 'att')]
  // Blood volume is a share of M0.
  if (isRelative || arterialMode(quantification, options) === 'off') return [...flow, ...arrival]
  return [...flow, ...arrival, OUTPUTS.abv, OUTPUTS.abvSd, OUTPUTS.abat, OUTPUTS.abatSd]
}

/** The images of a fit, in the order of {@link outputNames}. */
export function mapsOf(fitted: Fitted, acquisition: AslAcquisition, options: Options): MapOutput[] {
  const { values, error, isAbsolute, summary, differences, arrival, pure, vascular } = fitted
  const model = acquisition.quantification?.model ?? 'single'
  const sidecar = {
    Estimator: model,
    EstimationAlgorithm: algorithmOf(acquisition),
    ...(model === 'single'
      ? {}
      : { EstimationReference: REFERENCE[model], TechnicalEfficacyStage: SEVERAL_DELAYS.stage }),
  }
  const status = arrival ? { status: arrival.flowStatus } : {}
  const main = { kind: 'map', values: new Float32Array(values), sidecar, ...status } as const
  const others = [
    ...(vascular ? [vascularMask(vascular)] : []),
    ...(arrival ? arrivalMaps(fitted, arrival, acquisition, options, sidecar) : []),
  ]
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
      ...others,
    ]
  const unit = 'mL/100g/min'
  const maps: MapOutput[] = [{ ...main, name: OUTPUTS.cbf, unit, template: 'cbf', parameter: 'cbf', window: [0, 100] }]
  if (error)
    maps.push(
      { ...main, name: OUTPUTS.sd, values: new Float32Array(error), unit, template: 'cbf-sd', window: [0, 50] },
      reliableMask(
        OUTPUTS.reliable(model, 'cbf'),
        error.map((se, v) => se / Math.abs(values[v]!)),
        LIMITS.reliable,
        'standard error of CBF over its absolute value, at most the threshold',
      ),
    )
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
  if (pure) {
    const one = {
      kind: 'map',
      unit,
      parameter: 'cbf',
      window: [0, 100],
      sidecar: { ...sidecar, PartialVolumeCorrection: REGRESSION },
    } as const
    maps.push(
      {
        ...one,
        name: OUTPUTS.pvcGM,
        values: new Float32Array(pure.gm),
        template: 'cbf-pvcGM',
        status: statusOf(pure.gm, values),
      },
      {
        ...one,
        name: OUTPUTS.pvcWM,
        values: new Float32Array(pure.wm),
        template: 'cbf-pvcWM',
        status: statusOf(pure.wm, values),
      },
    )
  }
  return [...maps, ...others]
}

const REGRESSION = 'linear regression of differences and M0 over 5 x 5 x 1 voxels, doi:10.1002/mrm.21670'

/** Good where there is a value; undefined where the tissue, or its CBF, is not told though the voxel has one. */
function statusOf(pure: Float64Array, whole: Float64Array): Uint8Array {
  return Uint8Array.from(pure, (value, v) =>
    Number.isFinite(value) ? STATUS.good : Number.isFinite(whole[v]) ? STATUS.undefined : 0,
  )
}

/** Where estimates count as reliable: those whose measure of error is at most a threshold. */
function reliableMask(name: OutputName, measure: Float64Array, threshold: number, criterion: string): MapOutput {
  return {
    name,
    kind: 'mask',
    values: Uint8Array.from(measure, value => (value <= threshold ? 1 : 0)),
    unit: '1',
    template: 'reliable',
    sidecar: { Threshold: threshold, Criterion: criterion },
  }
}

function vascularMask(values: Uint8Array): MapOutput {
  return {
    name: OUTPUTS.vascular,
    kind: 'mask',
    values,
    unit: '1',
    template: 'vascular',
    sidecar: {
      Threshold: VASCULAR,
      Criterion:
        'robust standard deviations (MAD/0.6745) above the median of grey matter, or of the mask without its map',
    },
  }
}

function arrivalMaps(
  { isAbsolute }: Fitted,
  { att, attSd, attStatus, abv, abvSd, abat, abatSd, abatStatus, flowStatus }: Arrival,
  { quantification }: AslAcquisition,
  options: Options,
  sidecar: Readonly<Record<string, unknown>>,
): MapOutput[] {
  if (!quantification) return []
  const map = (
    name: OutputName,
    values: Float64Array,
    unit: 's' | '1',
    status: Uint8Array,
    window: readonly [number, number],
  ): MapOutput => ({
    name,
    kind: 'map',
    values: new Float32Array(values),
    unit,
    template: name.desc === undefined ? name.suffix : `${name.suffix}-sd`,
    sidecar,
    status,
    window,
    ...(name.desc === undefined ? { parameter: name.suffix } : {}),
  })
  const maps = [
    map(OUTPUTS.att, att, 's', attStatus, [0, 3]),
    map(OUTPUTS.attSd, attSd, 's', attStatus, [0, 1]),
    reliableMask(
      OUTPUTS.reliable(quantification.model, 'att'),
      attSd,
      LIMITS.reliableArrival,
      'standard error of the arterial transit time in seconds, at most the threshold',
    ),
  ]
  if (!isAbsolute || arterialMode(quantification, options) === 'off') return maps
  return [
    ...maps,
    map(OUTPUTS.abv, abv, '1', flowStatus, [0, 0.05]),
    map(OUTPUTS.abvSd, abvSd, '1', abatStatus, [0, 0.02]),
    map(OUTPUTS.abat, abat, 's', abatStatus, [0, 2]),
    map(OUTPUTS.abatSd, abatSd, 's', abatStatus, [0, 0.5]),
  ]
}

/** What the founding paper says of several delays. */
export const SEVERAL_DELAYS = {
  stage: '3',
  allows: 'multi-delay ASL can support diagnosis in studies; its arrival times are no routine measure yet',
} as const

const REFERENCE = { multi: 'doi:10.1002/mrm.30091', buxton: 'doi:10.1002/mrm.1910400308' } as const

/** The method in a line, for the sidecar. */
function algorithmOf({ quantification }: AslAcquisition): string {
  if (!quantification) return 'Flow as given by the series, averaged'
  const [labelling] = quantification.labellings.samples
  const type = labelling?.type ?? ''
  if (quantification.model === 'multi')
    return `Least squares over several delays of ${type}, for the T1 of blood throughout; exact`
  if (quantification.model === 'buxton')
    return `Least squares over several delays of ${type} by the general kinetic model; Levenberg-Marquardt from a grid of arrivals`
  return labelling?.type === 'PASL'
    ? `Single-delay equation for pulsed ASL with ${labelling.technique}`
    : `Single-delay equation for ${type}`
}
