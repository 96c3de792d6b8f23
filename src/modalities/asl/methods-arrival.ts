import { distinct } from '../../kinetics/asl-inflow.ts'
import { median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import type { Equation, Parameter } from '../../report/record.ts'
import type { Quantification } from './acquisition.ts'
import { digits } from './fields.ts'
import type { Fitted } from './fit.ts'
import { arterialMode } from './fit-arrival.ts'
import { isBloodM0 } from './m0.ts'
import { recoveryLines } from './recovery.ts'
import { cite } from './references.ts'
import { valuesIn } from './regions.ts'

/** A model of several delays. */
type Model = 'multi' | 'buxton'

/** The response of tissue, in symbols. */
const RESPONSE: Readonly<Record<Model, Readonly<Record<'continuous' | 'pulsed', readonly string[]>>>> = {
  multi: {
    continuous: ['R(t) = T1b · (exp(−max(ATT, t − LD)/T1b) − exp(−t/T1b))  for t > ATT, else 0;  t = LD + PLD'],
    pulsed: ['R(t) = exp(−t/T1b) · min(t − ATT, τ)  for t > ATT, else 0;  t = TI'],
  },
  buxton: {
    continuous: [
      'R(t) = exp(−ATT/T1b) · ∫ exp(−k·(t − s)) ds  over s from ATT to min(t, ATT + LD);  t = LD + PLD',
      'k = 1/T1t + CBF/(6000 · λ)',
    ],
    pulsed: [
      'R(t) = ∫ exp(−s/T1b) · exp(−k·(t − s)) ds  over s from ATT to min(t, ATT + τ);  t = TI',
      'k = 1/T1t + CBF/(6000 · λ)',
    ],
  },
}

/**
 * The equation of several delays, and the same with its numbers.
 *
 * @param quantification - delays and constants
 * @param model - the model
 * @param parameters - of the run, for the recovery of M0
 * @param fitted - the fit, for the medians of the result
 */
export function arrivalEquation(
  quantification: Quantification,
  model: Model,
  parameters: readonly Parameter[],
  fitted: Fitted,
): Equation {
  const { labellings, slices, settings, tissue, m0 } = quantification
  const { samples } = labellings
  const { T1b, lambda, alpha, suppression, efficiency } = settings
  const [first] = samples
  const kind = first?.type === 'PASL' ? 'pulsed' : 'continuous'
  const hasArteries = (fitted.arrival?.abv ?? []).some(volume => volume > 0)
  const arterial = hasArteries ? ' + aBV · A(t)' : ''
  const course =
    kind === 'pulsed'
      ? 'A(t) = exp(−t/T1b)  for aBAT ≤ t < aBAT + τ, else 0'
      : 'A(t) = exp(−aBAT/T1b)  for aBAT ≤ t < aBAT + LD, else 0'
  const late = slices ? [`t(z) = t + the time of slice z after the first`] : []
  const isBlood = isBloodM0(m0)
  const bolus =
    first?.type !== 'PASL'
      ? `LD = ${listed(samples.flatMap(sample => (sample.type === 'PASL' ? [] : [sample.labelingDuration])))} s`
      : first.technique === null
        ? `τ = ${digits(fitted.arrival?.natural?.duration ?? Number.NaN)} s, estimated`
        : `τ = ${first.technique === 'QUIPSS' ? `TI − ${digits(first.cutOff)}` : digits(first.cutOff)} s`
  const known = (values: Float64Array | undefined) => (values ? valuesIn(values, fitted.status.map(Math.sign)) : [])
  const attained = known(fitted.arrival?.att)
  const medians = `median over the mask: ${fitted.isAbsolute ? `CBF = ${digits(median(known(fitted.values)))} mL/100g/min, ` : ''}ATT = ${digits(median(attained))} s`
  return {
    title: `${model === 'multi' ? 'Several delays, T1 of blood throughout' : 'General kinetic model'}${fitted.isAbsolute ? '' : ', relative'}`,
    lines: [
      fitted.isAbsolute
        ? `ΔM(t) = 2 · α · M0b · (CBF/6000 · R(t)${arterial})${isBlood ? '' : ',  M0b = M0/λ'}`
        : `ΔM(t) = C · (perfusion · R(t)${arterial}), with C such that perfusion is 1 on average`,
      ...RESPONSE[model][kind],
      ...(hasArteries ? [course] : []),
      ...(suppression.value === 1 ? [] : ['α = α₀ · β, with β the loss by background suppression']),
      ...late,
      ...recoveryLines(parameters, false),
    ],
    filled: [
      `T1b = ${digits(T1b.value)} s${tissue ? `, T1t = ${digits(tissue.value)} s` : ''}${isBlood && !tissue ? '' : `, λ = ${digits(lambda.value)} mL/g`}`,
      suppression.value === 1
        ? `α = ${digits(efficiency.value)}`
        : `α = ${digits(alpha.value)} · ${digits(suppression.value)} = ${digits(efficiency.value)}`,
      `${kind === 'pulsed' ? 'TI' : 'PLD'} = ${listed(samples.map(({ delay }) => delay))} s; ${bolus}`,
      ...(slices ? [`t(z) − t = 0 … ${digits(Math.max(...slices.delays))} s`] : []),
      ...recoveryLines(parameters, true),
      medians,
    ],
  }
}

/** Numbers as a list, one where all are the same. */
function listed(values: readonly number[]): string {
  return (distinct(values).length === 1 ? values.slice(0, 1) : values).map(digits).join(', ')
}

/**
 * What was fitted to several delays, in sentences with citation keys.
 *
 * @param quantification - delays and constants
 * @param model - the model
 * @param options - whether arteries were asked for
 * @param fitted - the fit
 */
export function arrivalSentences(
  quantification: Quantification,
  model: Model,
  options: Options,
  fitted: Fitted,
): string {
  const { samples } = quantification.labellings
  const [first] = samples
  const times = `${samples.length} ${first?.type === 'PASL' ? 'inversion times' : 'delays'} (${listed(samples.map(({ delay }) => delay))} s)`
  const what =
    model === 'multi'
      ? `the two-compartment model in which label decays with the T1 of blood throughout ${cite('woods2024')}; its least sum of squares over all arrivals was found exactly, as the model is piecewise linear`
      : `the general kinetic model ${cite('buxton1998')} with a T1 of tissue of ${digits(quantification.tissue?.value ?? Number.NaN)} s and wash-out by the flow, by least squares from a grid of arrivals`
  const bolus = boluses(quantification, fitted)
  const mode = arterialMode(quantification, options)
  const arteries = {
    off: ' Blood in arteries was no part of the model.',
    on: ` Blood in arteries was part of the model in every voxel ${cite('chappell2010')}.`,
    auto: ` Blood in arteries ${cite('chappell2010')} was part of the model in voxels in which it lowers the sum of squares by more than noise would once in a thousand times (F test).`,
  }[mode]
  return `CBF and arterial transit time were fitted to ${times} by ${what}.${bolus}${arteries} Standard errors are from the Jacobian at the solution and the spread of all differences; M0 counts as known. A transit time at the first or last that the delays can tell has status 2; where no positive flow was found it is undefined.`
}

function boluses({ labellings: { samples } }: Quantification, { arrival }: Fitted): string {
  const [first] = samples
  if (first?.type !== 'PASL') return ''
  if (arrival?.natural)
    return arrival.natural.isKnown
      ? ` The bolus was not cut off; its duration was estimated for the series as a whole as ${digits(arrival.natural.duration)} s.`
      : ` The bolus was not cut off, and the inversion times do not tell its duration; ${digits(arrival.natural.duration)} s was taken, the longest that fits.`
  return first.technique === null ? '' : ` The bolus was cut off by ${first.technique} at ${digits(first.cutOff)} s.`
}
