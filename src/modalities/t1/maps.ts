import type { VfaKind } from '../../kinetics/t1-vfa.ts'
import type { Unit } from '../../units.ts'
import type { MapOutput, OutputName } from '../modality.ts'
import type { T1Acquisition } from './acquisition.ts'
import type { T1Fitted } from './fit.ts'

/** Quantities of a T1 run: suffix and unit of the map, display window. */
export const MAPS = {
  T1: { suffix: 'T1map', unit: 's', window: [0, 3] },
  R1: { suffix: 'R1map', unit: '1/s', window: [0, 4] },
  M0: { suffix: 'M0map', unit: 'a.u.', window: null },
  B1: { suffix: 'TB1map', unit: '%', window: [50, 150] },
} as const satisfies Record<string, { suffix: string; unit: Unit; window: readonly [number, number] | null }>

/** Share of T1 up to which its standard error counts as reliable [1]. */
const RELIABLE = 0.2

/** What is fitted: B1 only where images with and without inversion tell it. */
function quantitiesOf({ kind }: T1Acquisition): readonly (keyof typeof MAPS)[] {
  return kind === 'hifi' ? ['T1', 'R1', 'M0', 'B1'] : ['T1', 'R1', 'M0']
}

/** The name of a map. */
export function mapName(kind: T1Acquisition['kind'], quantity: keyof typeof MAPS, sd = false): OutputName {
  return { desc: sd ? `${kind}sd` : kind, suffix: MAPS[quantity].suffix }
}

/** The mask of voxels whose T1 can be trusted. */
function reliableName(): OutputName {
  return { mod: true, param: 'T1', desc: 'reliable', suffix: 'mask' }
}

/** Whether the images are more than the parameters, so that there are standard errors. */
function hasErrors(acquisition: T1Acquisition): boolean {
  if (acquisition.kind === 'vfa') return acquisition.flipAngles.length > 2
  if (acquisition.kind === 'hifi') return acquisition.images.length > 3
  return acquisition.inversionTimes.length > (acquisition.pulse === 'saturation' ? 2 : 3)
}

/** The images that a run will write, in order. */
export function outputNames(acquisition: T1Acquisition): OutputName[] {
  const { kind } = acquisition
  const maps = quantitiesOf(acquisition).flatMap(quantity => [
    mapName(kind, quantity),
    ...(hasErrors(acquisition) ? [mapName(kind, quantity, true)] : []),
  ])
  return hasErrors(acquisition) ? [...maps, reliableName()] : maps
}

/** The estimators of variable flip angles in tables and in words. */
const LEAST_SQUARES: Readonly<Record<VfaKind, { readonly short: string; readonly words: string }>> = {
  nonlinear: { short: 'nlls', words: 'nonlinear least squares' },
  weighted: { short: 'wlls', words: 'weighted linear least squares' },
  linear: { short: 'lls', words: 'linear least squares' },
}

/** What a fit is called in tables and sidecars. */
function estimatorOf(
  acquisition: T1Acquisition,
  estimator: VfaKind,
): { readonly short: string; readonly words: string } {
  if (acquisition.kind === 'hifi')
    return {
      short: 'hifi',
      words: 'Spoiled gradient echoes with and without inversion, nonlinear least squares of T1, M0 and B1',
    }
  if (acquisition.kind === 'vfa') {
    const { short, words } = LEAST_SQUARES[estimator]
    return { short, words: `Spoiled gradient-echo signal of several flip angles, ${words}` }
  }
  return acquisition.pulse === 'saturation'
    ? { short: 'nlls-sr', words: 'Saturation recovery M0·(1 − exp(−t/T1)), nonlinear least squares' }
    : {
        short: 'nlls-ir',
        words: `Inversion recovery |a + b·exp(−TI/T1)|${acquisition.isMagnitude ? '' : ' with its sign'}, nonlinear least squares`,
      }
}

/** The images of a fit, in the order of {@link outputNames}. */
export function mapsOf(acquisition: T1Acquisition, { fit, b1 }: T1Fitted, estimator: VfaKind): MapOutput[] {
  const { kind } = acquisition
  const { short, words } = estimatorOf(acquisition, estimator)
  const sidecar = {
    Estimator: short,
    EstimationAlgorithm: words,
    // What converts a dynamic series with this T1 must use the same B1, or none.
    ...(kind === 'irt1' ? {} : { B1Source: b1 ? b1.sources : null, B1Method: b1?.method ?? null }),
  }
  const percent = (values: ArrayLike<number>) => Float32Array.from(values, value => 100 * value)
  const maps = quantitiesOf(acquisition).flatMap((quantity): MapOutput[] => {
    const { unit, window } = MAPS[quantity]
    const common = { kind: 'map' as const, unit, sidecar, ...(window ? { window } : {}) }
    const map: MapOutput = {
      ...common,
      name: mapName(kind, quantity),
      values: quantity === 'B1' ? percent(b1!.values) : Float32Array.from(fit[quantity]),
      template: `t1-${quantity}`,
      parameter: quantity,
    }
    const sd: MapOutput = {
      ...common,
      name: mapName(kind, quantity, true),
      values: quantity === 'B1' ? percent(b1!.sd!) : Float32Array.from(fit.sd[quantity]),
      template: `t1-${quantity}-sd`,
    }
    return hasErrors(acquisition) ? [map, sd] : [map]
  })
  if (!hasErrors(acquisition)) return maps
  const reliable: MapOutput = {
    name: reliableName(),
    kind: 'mask',
    values: Uint8Array.from(fit.T1, (value, v) => (fit.sd.T1[v]! <= RELIABLE * value ? 1 : 0)),
    unit: '1',
    template: 'reliable',
    sidecar: { Threshold: RELIABLE, Criterion: 'standard error of T1 over its value, at most the threshold' },
  }
  return [...maps, reliable]
}
