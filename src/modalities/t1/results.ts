import type { VfaKind } from '../../kinetics/t1-vfa.ts'
import { median } from '../../numerics/statistics.ts'
import type { Equation, Fact, Figure, Parameter, QualityValue } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import { digits } from '../fields.ts'
import type { FigureOf, OutputName, Run } from '../modality.ts'
import { optional } from '../optional.ts'
import type { T1Acquisition } from './acquisition.ts'
import type { T1Fitted } from './fit.ts'
import { MAPS, mapName } from './maps.ts'
import { cite } from './references.ts'

/** What is known of the acquisition. */
export function factsOf(acquisition: T1Acquisition): Fact[] {
  const fact = (name: string, label: string, value: Fact['value'], unit: Unit): Fact => {
    return { name, label, value, unit, from: acquisition.from }
  }
  const degrees = (angle: number) => Number(digits((angle * 180) / Math.PI))
  if (acquisition.kind === 'irt1')
    return [
      acquisition.pulse === 'saturation'
        ? fact('InversionTime', 'Times after saturation', acquisition.inversionTimes, 's')
        : fact('InversionTime', 'Inversion times', acquisition.inversionTimes, 's'),
    ]
  if (acquisition.kind === 'hifi') {
    const { images } = acquisition
    const trains = images.flatMap(({ inversion, repetitionTime }) =>
      inversion ? [Number(digits(inversion.wait + inversion.centre * inversion.excitations * repetitionTime))] : [],
    )
    const plain = images.filter(({ inversion }) => inversion === null)
    return [
      fact(
        'FlipAngle',
        'Flip angles without inversion',
        plain.map(({ flipAngle }) => degrees(flipAngle)),
        'deg',
      ),
      fact('InversionTime', 'Inversion times', trains, 's'),
    ]
  }
  const angles = acquisition.flipAngles.map(degrees)
  return [
    fact('FlipAngle', 'Flip angles', angles, 'deg'),
    fact('RepetitionTimeExcitation', 'Excitation TR', acquisition.repetitionTime, 's'),
  ]
}

/** Every number that enters the fit. */
export function parametersOf(acquisition: T1Acquisition, { b1 }: T1Fitted, run: Run): Parameter[] {
  const list: Parameter[] = factsOf(acquisition).map(({ name, label, value, unit, from }) => {
    return { name, meaning: label, value, unit, source: 'sidecar', from }
  })
  if (acquisition.kind === 'vfa') list.push(optional(run, 'dce-t1-fit', 'Estimator', 'Least squares', '1'))
  if (acquisition.kind !== 'irt1')
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
export function equationOf(acquisition: T1Acquisition): Equation {
  const spoiled = 'S(α) = M0 · sin(k·α) · (1 − E1) / (1 − E1 · cos(k·α)),   E1 = exp(−TR/T1)'
  if (acquisition.kind === 'vfa')
    return {
      title: 'Spoiled gradient echo',
      lines: [spoiled],
      filled: [`TR = ${digits(acquisition.repetitionTime * 1000)} ms`],
    }
  if (acquisition.kind === 'hifi')
    return {
      title: 'Spoiled gradient echoes with and without inversion',
      lines: [spoiled, 'S(TI) = |g + (m − g) · q^(c·n)| · M0 · sin(k·α),   q = E1 · cos(k·α),   g = (1 − E1)/(1 − q)'],
      filled: [],
    }
  return acquisition.pulse === 'saturation'
    ? { title: 'Saturation recovery', lines: ['S(t) = M0 · (1 − exp(−t/T1))'], filled: [] }
    : { title: 'Inversion recovery', lines: ['S(TI) = |a + b · exp(−TI/T1)|'], filled: [] }
}

/** What was done, in sentences. */
export function paragraphsOf(acquisition: T1Acquisition, { b1 }: T1Fitted, estimator: VfaKind): string[] {
  if (acquisition.kind === 'irt1') {
    const times = `${acquisition.inversionTimes.map(digits).join(', ')} s`
    return [
      acquisition.pulse === 'saturation'
        ? `T1 was mapped from ${acquisition.inversionTimes.length} saturation-recovery images (${times} after saturation) by nonlinear least squares of T1 and M0.`
        : `T1 was mapped from ${acquisition.inversionTimes.length} inversion-recovery images (inversion times ${times}) by nonlinear least squares of three parameters ${cite('barral2010')}.`,
    ]
  }
  if (acquisition.kind === 'hifi')
    return [
      `T1 and the transmit field were mapped together from ${acquisition.images.length} spoiled gradient-echo images with and without an inversion (DESPOT1-HIFI), by nonlinear least squares of T1, M0 and the scaling of the flip angles ${cite('deoni2007')}.`,
    ]
  const angles = acquisition.flipAngles.map(angle => digits((angle * 180) / Math.PI)).join(', ')
  const corrected = b1
    ? `Flip angles were multiplied with the measured transmit field (${b1.method}).`
    : 'Flip angles were taken as nominal: no usable B1 map was there, and an error of B1 enters T1 about twice.'
  const how = {
    nonlinear: `nonlinear least squares of the signal equation ${cite('deoni2003')}`,
    weighted: `weighted least squares of its linear form ${cite('chang2008')}`,
    linear: `least squares of its linear form ${cite('deoni2003')}`,
  }[estimator]
  return [
    `T1 was mapped from spoiled gradient-echo images with flip angles of ${angles} degrees and a repetition time of ${digits(acquisition.repetitionTime * 1000)} ms by ${how}. ${corrected}`,
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
    ...(kind === 'hifi'
      ? [
          {
            kind: 'mosaic' as const,
            id: 'B1',
            title: 'Transmit field',
            caption: 'A smooth change, near 100 %; edges of tissue should not show.',
            image: mapName(kind, 'B1'),
            window: MAPS.B1.window,
            colours: 'viridis' as const,
            unit: '%' as const,
          },
        ]
      : []),
  ]
}
