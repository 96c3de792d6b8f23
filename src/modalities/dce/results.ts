import { median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import type { Equation, Parameter, QualityValue } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import { digits } from '../fields.ts'
import type { Run } from '../modality.ts'
import { optional } from '../optional.ts'
import type { DceAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { cite } from './references.ts'

/** Every number and choice that enters the computation, with where it came from. */
export function dceParameters(acquisition: DceAcquisition, run: Run, fitted: Fitted): Parameter[] {
  const { settings, converting, frames } = acquisition
  const { relaxation, arterial, arrival, delay, baseline, models } = fitted
  const item = (
    name: string,
    meaning: string,
    value: Parameter['value'],
    unit: Unit,
    source: Parameter['source'],
    from?: string,
  ): Parameter => ({ name, meaning, value, unit, source, ...(from ? { from } : {}) })
  const list: Parameter[] = [
    item('TemporalResolution', 'Time between volumes', Number(digits(frames.spacing)), 's', 'sidecar', frames.from),
    item(
      'BaselineVolumes',
      'Volumes before contrast agent',
      Array.from(baseline),
      '1',
      acquisition.baseline ? 'sidecar' : 'data',
    ),
    item('BolusArrival', 'Arrival of the bolus', arrival ? Number(digits(arrival.time)) : null, 's', 'data'),
  ]
  if (converting && relaxation) {
    const { repetitionTime, flipAngle } = converting.excitation
    list.push(
      item('RepetitionTimeExcitation', 'Excitation TR', repetitionTime.value, 's', 'sidecar', repetitionTime.from),
      item(
        'FlipAngle',
        'Flip angle',
        Number(digits((flipAngle.value * 180) / Math.PI)),
        'deg',
        'sidecar',
        flipAngle.from,
      ),
      item(
        'BaselineT1',
        'T1 before contrast agent',
        converting.declaredT1 ?? 'map',
        's',
        converting.declaredT1 === null ? 'data' : 'option',
        converting.declaredT1 === null ? (run.roles.t1map?.[0]?.uri ?? '') : '--dce-t1',
      ),
      item('B1Method', 'Correction of the flip angle', relaxation.b1Method ?? 'none', '1', 'data'),
      item('ConcentrationModel', 'Signal to concentration', 'spoiled gradient echo', '1', 'computed'),
      settings.relaxivity,
    )
  }
  if (models.length > 0 && arterial)
    list.push(
      settings.hematocrit,
      ...(settings.dose ? [settings.dose] : []),
      item('ArterialInput', 'Arterial input', arterial.title, '1', arterial.kind === 'population' ? 'default' : 'data'),
      item('ArterialBasis', 'What its concentration was in', arterial.basis, '1', 'computed'),
      optional(run, 'dce-fit', 'Estimator', 'Estimator', '1'),
      optional(run, 'dce-delay', 'DelayMode', 'Delay between arterial input and tissue', '1'),
      item('Delay', 'Delay of all voxels', delay === null ? 'of each voxel' : Number(digits(delay)), 's', 'data'),
      item(
        'Models',
        'Kinetic models',
        models.map(({ choice }) => choice.model.name),
        '1',
        run.options['dce-model'] ? 'option' : 'default',
      ),
    )
  return list
}

/** The equations that were fitted, with the numbers of the conversion. */
export function equationOf({ converting, settings }: DceAcquisition, { models }: Fitted): Equation | null {
  const conversion = converting
    ? [
        'S(t)/S0 → E(t) = (1 − A + A·E0 − E0·cos α)/(1 − A·cos α + A·E0·cos α − E0·cos α),  R1(t) = −ln E(t)/TR',
        'C(t) = (R1(t) − R10)/r1',
      ]
    : []
  if (conversion.length === 0 && models.length === 0) return null
  return {
    title: models.length > 0 ? models.map(({ choice }) => choice.model.title).join(', ') : 'Concentration',
    lines: [...conversion, ...models.map(({ choice }) => choice.model.equation)],
    filled: converting
      ? [
          `TR = ${digits(converting.excitation.repetitionTime.value * 1000)} ms, α = ${digits((converting.excitation.flipAngle.value * 180) / Math.PI)}°, r1 = ${digits(settings.relaxivity.value)} 1/s/mM, haematocrit ${digits(settings.hematocrit.value)}`,
        ]
      : [],
  }
}

/** What was done, in sentences with citation keys, by the branch that was taken. */
export function paragraphsOf(acquisition: DceAcquisition, fitted: Fitted, options: Options): string[] {
  const { frames, converting, settings, input } = acquisition
  const { arrival, baseline, relaxation, arterial, delay, models, enhancement } = fitted
  const n = frames.times.length
  const spacing = frames.isUneven
    ? `unevenly spaced, about ${digits(frames.spacing)} s apart`
    : `${digits(frames.spacing)} s apart`
  const seen = arrival
    ? ` The bolus arrived at ${digits(arrival.time)} s (${arrival.method === 'piecewise' ? `piecewise regression ${cite('cheong2003')}` : 'first of three volumes above the baseline'}); ${baseline.length} volumes precede it.`
    : ''
  const t1 =
    converting?.declaredT1 === null || converting === null
      ? 'T1 before contrast was taken from its map'
      : `a T1 of ${digits(converting.declaredT1)} s before contrast was assumed everywhere`
  return [
    `The ${n} volumes of a dynamic contrast-enhanced series, ${spacing}, were analysed ${input === 'concentration' ? 'as concentrations' : ''}.${seen}`,
    ...(relaxation
      ? [
          `Signals were converted to concentrations by the equation of the spoiled gradient echo ${cite('schabel2008')} with a relaxivity of ${digits(settings.relaxivity.value)} 1/s/mM; ${t1}; flip angles were ${relaxation.b1Method ? `multiplied with the measured transmit field (${relaxation.b1Method})` : 'taken as nominal'}.`,
        ]
      : []),
    ...(arterial && models.length > 0
      ? [
          `The arterial input was: ${arterial.title}${arterial.kind === 'population' && arterial.title.includes('Parker') ? ` ${cite('parker2006')}` : ''}${arterial.basis === 'blood' ? `, divided by 1 − haematocrit (${digits(settings.hematocrit.value)}) once` : ', in plasma as given'}. ${models.map(({ choice }) => `The ${choice.model.title} model`).join(', ')} ${cite('sourbron2012')} ${models.length > 1 ? 'were' : 'was'} fitted in each voxel by ${options['dce-fit'] === 'lls' ? 'its linear form' : 'nonlinear least squares'} with exact convolution of the input ${cite('flouri2016')}; ${delay === null ? 'each voxel had a delay of its own' : delay === 0 ? 'without a delay' : `all with a delay of ${digits(delay)} s`}. Standard errors are those of the least squares.`,
        ]
      : []),
    ...(models.length > 1
      ? [
          `The models were compared in each voxel by Akaike's criterion corrected for small samples ${cite('hurvich1989')}.`,
        ]
      : []),
    ...(enhancement
      ? [
          `Semi-quantitative parameters are of the relative enhancement over the baseline; the curve type compares the last volumes with the highest of the first two minutes after arrival (± 10 %) ${cite('kuhl1999')}.`,
        ]
      : []),
    `The acquisition was judged by the recommendations of ${cite('vanhoudt2026')}.`,
  ]
}

/** Quality figures. */
export function qualityOf(acquisition: DceAcquisition, fitted: Fitted, mask: Uint8Array): QualityValue[] {
  const { arrival, baseline, arterial, delay, models, invalid, enhancement, relaxation } = fitted
  const inside = mask.reduce((sum, value) => sum + value, 0)
  const rows: QualityValue[] = []
  const add = (
    name: string,
    label: string,
    value: number | null,
    unit: Unit,
    says: string,
    expected?: readonly [number, number],
  ) =>
    rows.push({
      name,
      label,
      value: value !== null && Number.isFinite(value) ? value : null,
      unit,
      says,
      ...(expected ? { expected } : {}),
    })
  const share = (values: Uint8Array, code: number) =>
    (100 * values.reduce((sum, value, v) => sum + (mask[v] === 1 && value === code ? 1 : 0), 0)) / inside
  const middle = (values: ArrayLike<number>, scale = 1) =>
    scale * median(Float64Array.from(values).filter((value, v) => mask[v] === 1 && Number.isFinite(value)))
  add(
    'baseline_volumes',
    'Volumes before the bolus',
    baseline.length,
    '1',
    'Five or more tell the baseline well.',
    [5, 1000],
  )
  add(
    'bolus_arrival',
    'Arrival of the bolus',
    arrival?.time ?? null,
    's',
    'In the tenth of the tissue that enhances most.',
  )
  if (relaxation && typeof relaxation.T1 !== 'number')
    add('median_T1', 'Median T1 before contrast', middle(relaxation.T1), 's', 'Over the mask.', [0.2, 3])
  if (relaxation?.b1)
    add('median_B1', 'Median B1', middle(relaxation.b1), '1', 'Actual over nominal flip angle.', [0.7, 1.3])
  if (invalid)
    add(
      'beyond_limit',
      'Voxels beyond the signal equation',
      (100 * invalid.reduce((sum, count, v) => sum + (mask[v] === 1 && count > 0 ? 1 : 0), 0)) / inside,
      '%',
      'Some signal is higher than any relaxation rate allows: wrong T1, flip angle or inflow.',
      [0, 100 * LIMITS.beyond],
    )
  if (enhancement)
    add(
      'median_enhancement',
      'Median of the maximal enhancement',
      middle(enhancement.maxenh, 100),
      '%',
      'Over the mask.',
    )
  if (arterial && models.length > 0) {
    const [low, high] = LIMITS.arterialUsual
    add('aif_peak', 'Arterial peak in plasma', arterial.peak, 'mM', 'After a standard dose.', [
      low,
      high / (1 - acquisition.settings.hematocrit.value),
    ])
    add('delay', 'Delay from artery to tissue', delay, 's', 'One for all voxels; empty where each has its own.', [
      -LIMITS.delay,
      LIMITS.delay,
    ])
  }
  for (const { choice, fit } of models) {
    const { name } = choice.model
    add(
      `bound_${name}`,
      `Voxels at a bound, ${name}`,
      share(fit.status, 2),
      '%',
      'A parameter stands at the end of its range.',
      [0, 20],
    )
    add(
      `unconverged_${name}`,
      `Voxels not converged, ${name}`,
      share(fit.status, 3),
      '%',
      'The search found no minimum.',
      [0, 5],
    )
    const [first] = choice.quantities
    if (first)
      add(
        `median_${first.name}_${name}`,
        `Median ${first.name}, ${name}`,
        middle(fit.maps[first.of]!, first.scale),
        first.unit,
        'Over the mask.',
      )
  }
  return rows
}
