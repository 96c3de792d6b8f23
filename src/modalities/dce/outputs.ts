import type { Unit } from '../../units.ts'
import type { OutputName } from '../modality.ts'
import { type DceAcquisition, hasConcentration } from './acquisition.ts'
import type { ModelChoice } from './models.ts'

/** A semi-quantitative map: unit, factor from the fit's unit, display window. */
interface Curve {
  readonly unit: Unit
  readonly scale: number
  readonly window: readonly [number, number]
}

/** The semi-quantitative maps, of relative enhancement. */
export const CURVES = {
  iauc60: { unit: 's', scale: 1, window: [0, 60] },
  iauc90: { unit: 's', scale: 1, window: [0, 90] },
  maxenh: { unit: '%', scale: 100, window: [0, 200] },
  ttp: { unit: 's', scale: 1, window: [0, 300] },
  washin: { unit: '%/s', scale: 100, window: [0, 5] },
  washout: { unit: '%/s', scale: 100, window: [-0.5, 0.5] },
  ser: { unit: '1', scale: 1, window: [0.5, 1.5] },
  curvetype: { unit: '1', scale: 1, window: [0, 3] },
} as const satisfies Record<string, Curve>

/** Name of a semi-quantitative map. */
export type CurveName = keyof typeof CURVES
export const CURVE_NAMES = Object.keys(CURVES).filter((name): name is CurveName => Object.hasOwn(CURVES, name))

/** Areas under the concentration. */
export const AREAS = ['ciauc60', 'ciauc90'] as const

export const curveName = (param: string): OutputName => ({ model: 'curve', param, suffix: 'dcemap' })
export const mapName = (model: string, param: string, desc?: 'sd'): OutputName => {
  return { model, param, ...(desc ? { desc } : {}), suffix: 'dcemap' }
}
export const reliableName = (model: string, param: string): OutputName => {
  return { mod: true, model, param, desc: 'reliable', suffix: 'mask' }
}
export const statusName = (model: string): OutputName => ({ mod: true, model, desc: 'fitstatus', suffix: 'dseg' })
export const weightName = (model: string): OutputName => ({ model, desc: 'aiccweight', suffix: 'dcemap' })
export const modelledName = (model: string): OutputName => ({ model, desc: 'modelled', suffix: 'dce' })
export const SELECTION: OutputName = { model: 'aicc', desc: 'selection', suffix: 'dseg' }
export const CONCENTRATION: OutputName = { desc: 'concentration', suffix: 'dce' }
export const AIF_MASK: OutputName = { mod: true, desc: 'aif', suffix: 'mask' }
export const AIF_TABLE: OutputName = { mod: true, desc: 'aif', suffix: 'timeseries' }
export const KIDNEY_TABLE: OutputName = { desc: 'kidney', suffix: 'dce' }
export const REFERENCE: OutputName = { desc: 'ref', suffix: 'dce' }
export const MASK: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }

/** The images of one model, in the order of writing. */
export function modelOutputs({ model, quantities }: ModelChoice): OutputName[] {
  return [
    ...quantities.flatMap(({ name }) => [
      mapName(model.name, name),
      mapName(model.name, name, 'sd'),
      reliableName(model.name, name),
    ]),
    statusName(model.name),
  ]
}

/** The images that a run will write, in order, if the voxels allow them. */
export function outputNames(acquisition: DceAcquisition, withSeries: boolean): OutputName[] {
  const { input, models, arterial } = acquisition
  const isQuantitative = hasConcentration(acquisition)
  return [
    ...(input === 'signal' ? CURVE_NAMES.map(curveName) : []),
    ...(isQuantitative ? AREAS.map(curveName) : []),
    ...(isQuantitative && withSeries ? [CONCENTRATION] : []),
    ...(models.length > 0 && (arterial?.kind === 'mask' || arterial?.kind === 'auto') ? [AIF_MASK] : []),
    ...models.flatMap(choice => [
      ...modelOutputs(choice),
      ...(withSeries ? [modelledName(choice.model.name)] : []),
      ...(models.length > 1 ? [weightName(choice.model.name)] : []),
    ]),
    ...(models.length > 1 ? [SELECTION] : []),
  ]
}

/** Whether a run tells the function of the kidneys: of voxels that are known to be kidney. */
export function hasKidneys({ models, input }: DceAcquisition, hasMask: boolean): boolean {
  return models.some(({ model }) => model.name === '2cfm') && (hasMask || input === 'concentration')
}

/** The tables that a run will write. */
export function tableNames(acquisition: DceAcquisition, hasMask: boolean): OutputName[] {
  return [
    ...(acquisition.models.length > 0 ? [AIF_TABLE] : []),
    ...(hasKidneys(acquisition, hasMask) ? [KIDNEY_TABLE] : []),
  ]
}
