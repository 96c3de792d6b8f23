import { median } from '../../numerics/statistics.ts'
import type { Equation, Fact, Figure, Parameter, QualityValue } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import { digits } from '../fields.ts'
import type { FigureOf, MapOutput, OutputName } from '../modality.ts'
import type { T1Acquisition } from './acquisition.ts'
import type { T1Fitted } from './fit.ts'
import { cite } from './references.ts'

/** Quantities of a T1 run: suffix and unit of the map, display window. */
const MAPS = {
  T1: { suffix: 'T1map', unit: 's', window: [0, 3] },
  R1: { suffix: 'R1map', unit: '1/s', window: [0, 4] },
  M0: { suffix: 'M0map', unit: 'a.u.', window: null },
} as const satisfies Record<string, { suffix: string; unit: Unit; window: readonly [number, number] | null }>

const QUANTITIES = ['T1', 'R1', 'M0'] as const

/** Share of T1 up to which its standard error counts as reliable [1]. */
const RELIABLE = 0.2

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
  return acquisition.kind === 'vfa' ? acquisition.flipAngles.length > 2 : acquisition.inversionTimes.length > 3
}

/** The images that a run will write, in order. */
export function outputNames(acquisition: T1Acquisition): OutputName[] {
  const { kind } = acquisition
  const maps = QUANTITIES.flatMap(quantity => [
    mapName(kind, quantity),
    ...(hasErrors(acquisition) ? [mapName(kind, quantity, true)] : []),
  ])
  return hasErrors(acquisition) ? [...maps, reliableName()] : maps
}

/** The images of a fit, in the order of {@link outputNames}. */
export function mapsOf(acquisition: T1Acquisition, { fit, b1 }: T1Fitted): MapOutput[] {
  const { kind } = acquisition
  const sidecar = {
    Estimator: kind === 'vfa' ? 'nlls' : 'nlls-ir',
    EstimationAlgorithm:
      kind === 'vfa'
        ? 'Spoiled gradient-echo signal of several flip angles, nonlinear least squares'
        : `Inversion recovery |a + b·exp(−TI/T1)|${acquisition.isMagnitude ? '' : ' with its sign'}, nonlinear least squares`,
    // What converts a dynamic series with this T1 must use the same B1, or none.
    ...(kind === 'vfa' ? { B1Source: b1 ? b1.sources : null, B1Method: b1?.method ?? null } : {}),
  }
  const maps = QUANTITIES.flatMap((quantity): MapOutput[] => {
    const { unit, window } = MAPS[quantity]
    const common = { kind: 'map' as const, unit, sidecar, ...(window ? { window } : {}) }
    const map: MapOutput = {
      ...common,
      name: mapName(kind, quantity),
      values: Float32Array.from(fit[quantity]),
      template: `t1-${quantity}`,
      parameter: quantity,
    }
    const sd: MapOutput = {
      ...common,
      name: mapName(kind, quantity, true),
      values: Float32Array.from(fit.sd[quantity]),
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

/** What is known of the acquisition. */
export function factsOf(acquisition: T1Acquisition): Fact[] {
  const fact = (name: string, label: string, value: Fact['value'], unit: Unit): Fact => {
    return { name, label, value, unit, from: acquisition.from }
  }
  if (acquisition.kind === 'irt1') return [fact('InversionTime', 'Inversion times', acquisition.inversionTimes, 's')]
  const angles = acquisition.flipAngles.map(angle => Number(digits((angle * 180) / Math.PI)))
  return [
    fact('FlipAngle', 'Flip angles', angles, 'deg'),
    fact('RepetitionTimeExcitation', 'Excitation TR', acquisition.repetitionTime, 's'),
  ]
}

/** Every number that enters the fit. */
export function parametersOf(acquisition: T1Acquisition, { b1 }: T1Fitted): Parameter[] {
  const list: Parameter[] = factsOf(acquisition).map(({ name, label, value, unit, from }) => {
    return { name, meaning: label, value, unit, source: 'sidecar', from }
  })
  if (acquisition.kind === 'vfa')
    list.push({
      name: 'B1Source',
      meaning: 'Where actual over nominal flip angle was taken from',
      value: b1 ? b1.method : 'none',
      unit: '1',
      source: b1 ? 'data' : 'default',
      ...(b1 ? { from: b1.sources.join(', ') } : { defaultSource: 'perfquant' }),
    })
  return list
}

/** The equation that was fitted. */
export function equationOf({ kind, ...acquisition }: T1Acquisition): Equation {
  return kind === 'vfa'
    ? {
        title: 'Spoiled gradient echo',
        lines: ['S(α) = M0 · sin(k·α) · (1 − E1) / (1 − E1 · cos(k·α)),   E1 = exp(−TR/T1)'],
        filled: 'repetitionTime' in acquisition ? [`TR = ${digits(acquisition.repetitionTime * 1000)} ms`] : [],
      }
    : { title: 'Inversion recovery', lines: ['S(TI) = |a + b · exp(−TI/T1)|'], filled: [] }
}

/** What was done, in sentences. */
export function paragraphsOf(acquisition: T1Acquisition, { b1 }: T1Fitted): string[] {
  if (acquisition.kind === 'irt1')
    return [
      `T1 was mapped from ${acquisition.inversionTimes.length} inversion-recovery images (inversion times ${acquisition.inversionTimes.map(digits).join(', ')} s) by nonlinear least squares of three parameters ${cite('barral2010')}.`,
    ]
  const angles = acquisition.flipAngles.map(angle => digits((angle * 180) / Math.PI)).join(', ')
  const corrected = b1
    ? `Flip angles were multiplied with the measured transmit field (${b1.method}).`
    : 'Flip angles were taken as nominal: no usable B1 map was there, and an error of B1 enters T1 about twice.'
  return [
    `T1 was mapped from spoiled gradient-echo images with flip angles of ${angles} degrees and a repetition time of ${digits(acquisition.repetitionTime * 1000)} ms by nonlinear least squares of the signal equation ${cite('deoni2003')}. ${corrected}`,
  ]
}

/** Quality figures. */
export function qualityOf({ fit, b1 }: T1Fitted, mask: Uint8Array): QualityValue[] {
  const inside = mask.reduce((sum, value) => sum + value, 0)
  const share = (code: number) => (100 * fit.status.reduce((sum, value) => sum + (value === code ? 1 : 0), 0)) / inside
  const known = (values: ArrayLike<number>) =>
    Float64Array.from(values).filter((value, v) => mask[v] === 1 && Number.isFinite(value) && value > 0)
  const finite = (value: number) => (Number.isFinite(value) ? value : null)
  return [
    {
      name: 'median_T1',
      label: 'Median T1',
      value: finite(median(known(fit.T1))),
      unit: 's',
      says: 'Over all tissue.',
    },
    {
      name: 'bound',
      label: 'Voxels at a bound',
      value: share(2),
      unit: '%',
      says: 'T1 stands at the end of its range.',
    },
    {
      name: 'failed',
      label: 'Voxels without T1',
      value: share(3) + share(4),
      unit: '%',
      says: 'The fit did not converge, or there is no signal.',
    },
    {
      name: 'median_B1',
      label: 'Median B1',
      value: b1 ? finite(median(known(b1.values))) : null,
      unit: '1',
      says: 'Actual over nominal flip angle, over all tissue.',
      expected: [0.7, 1.3],
    },
  ]
}

/** The figures of a run, as data. */
export function figuresOf(acquisition: T1Acquisition): FigureOf<Figure>[] {
  const { kind } = acquisition
  const mask: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }
  return [
    {
      kind: 'mosaic',
      id: 'T1',
      title: 'T1 before contrast agent',
      caption: 'Tissues should stand apart; a slow change over the whole image is an uncorrected transmit field.',
      image: mapName(kind, 'T1'),
      window: MAPS.T1.window,
      colours: 'viridis',
      unit: 's',
    },
    {
      kind: 'histogram',
      id: 'histogram-T1',
      title: 'Distribution of T1',
      caption:
        'Each tissue is a peak: fat near 0.3 s, white matter near 1 s, grey matter near 1.5 s, fluid beyond 3 s.',
      image: mapName(kind, 'T1'),
      unit: 's',
      range: [0, 4],
      groups: [{ label: 'tissue', image: mask, above: 1 / 2 }],
    },
  ]
}
