import { median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import { RECOVERY_LIMIT, SUPPRESSION_PULSE_EFFICIENCY } from '../../physics/constants.ts'
import type { Equation, Parameter } from '../../report/record.ts'
import { PER_100G_PER_MIN } from '../../units.ts'
import type { AslAcquisition, Quantification } from './acquisition.ts'
import { digits } from './fields.ts'
import type { Fitted } from './fit.ts'
import { bolusWeights, type Labelling } from './labelling.ts'
import { isBloodM0 } from './m0.ts'
import { arrivalEquation, arrivalSentences } from './methods-arrival.ts'
import { recoveryLines } from './recovery.ts'
import { cite } from './references.ts'
import { valuesIn } from './regions.ts'

/**
 * The equation that was computed, and the same with its numbers; null where nothing was quantified.
 *
 * @param acquisition - the acquisition in house units
 * @param parameters - of the run, for the recovery of M0
 * @param fitted - the fit, for the median of the result
 */
export function equationOf(
  { quantification }: AslAcquisition,
  parameters: readonly Parameter[],
  fitted: Fitted,
): Equation | null {
  if (!quantification) return null
  if (quantification.model !== 'single')
    return arrivalEquation(quantification, quantification.model, parameters, fitted)
  const { labellings, slices, settings, m0 } = quantification
  const [labelling] = labellings.samples
  if (!labelling || (labelling.type === 'PASL' && labelling.technique === null)) return null
  const { T1b, lambda, alpha, suppression, efficiency } = settings
  const [decay, bolus] = bolusTerms(labelling, digits(T1b.value))
  const late = labelling.type === 'PASL' ? 'TI(z) = TI + t(z)' : 'PLD(z) = PLD + t(z)'
  const slice = slices ? [`${late}, with t(z) the time of slice z after the first`] : []
  const sliceFilled = slices ? [`t(z) = 0 … ${digits(Math.max(...slices.delays))} s`] : []
  if (!fitted.isAbsolute)
    return {
      title: 'Relative perfusion from one delay, without M0',
      lines: [
        slices
          ? `perfusion = ΔM · ${decay.symbols} / its mean over the mask`
          : 'perfusion = ΔM / its mean over the mask',
        ...slice,
      ],
      filled: [
        slices
          ? `perfusion = ΔM · ${decay.numbers} / its mean over the mask`
          : 'perfusion = ΔM / its mean over the mask',
        ...sliceFilled,
      ],
    }
  const isBlood = isBloodM0(m0)
  const top = isBlood ? '' : 'λ · '
  const topFilled = isBlood ? '' : `${digits(lambda.value)} · `
  const signal = isBlood ? 'M0b' : 'M0'
  const weight = bolusWeights(labelling, null, T1b.value)[0]!
  const gain = (PER_100G_PER_MIN * (isBlood ? 1 : lambda.value)) / (2 * efficiency.value * weight)
  const isProduct = suppression.value !== 1
  const known = valuesIn(fitted.values, fitted.status.map(Math.sign))
  const ratio =
    fitted.ratio === null
      ? []
      : [`median over the mask: ΔM/M0 = ${digits(100 * fitted.ratio)} %, CBF = ${digits(median(known))} mL/100g/min`]
  return {
    title:
      labelling.type === 'PASL'
        ? `Single-delay pulsed ASL (${labelling.technique})`
        : 'Single-delay (pseudo-)continuous ASL',
    lines: [
      `CBF = 6000 · ${top}ΔM · ${decay.symbols} / (2 · α · ${bolus.symbols} · ${signal})  [mL/100g/min]`,
      ...(isProduct ? ['α = α₀ · β, with β the loss by background suppression'] : []),
      ...slice,
      ...recoveryLines(parameters, false),
    ],
    filled: [
      `CBF = 6000 · ${topFilled}ΔM · ${decay.numbers} / (2 · ${digits(efficiency.value)} · ${bolus.numbers} · ${signal}) = ${digits(gain)} · ΔM/${signal}`,
      ...(isProduct ? [`α = ${digits(alpha.value)} · ${digits(suppression.value)} = ${digits(efficiency.value)}`] : []),
      ...sliceFilled,
      ...recoveryLines(parameters, true),
      ...ratio,
    ],
  }
}

/** A labelling whose bolus has a known duration. */
type KnownBolus = Exclude<Labelling, { readonly technique: null }>

/** A term of the equation, in symbols and in numbers. */
interface Term {
  readonly symbols: string
  readonly numbers: string
}

/** The decay of the label, and the duration of the bolus, of a labelling technique. */
function bolusTerms(labelling: KnownBolus, T1b: string): [Term, Term] {
  const delay = digits(labelling.delay)
  if (labelling.type !== 'PASL')
    return [
      { symbols: 'exp(PLD/T1b)', numbers: `exp(${delay}/${T1b})` },
      {
        symbols: 'T1b · (1 − exp(−LD/T1b))',
        numbers: `${T1b} · (1 − exp(−${digits(labelling.labelingDuration)}/${T1b}))`,
      },
    ]
  const decay = { symbols: 'exp(TI/T1b)', numbers: `exp(${delay}/${T1b})` }
  const cutOff = digits(labelling.cutOff)
  if (labelling.technique !== 'QUIPSS') return [decay, { symbols: 'TI1', numbers: cutOff }]
  return [decay, { symbols: '(TI − TI1)', numbers: `(${delay} − ${cutOff})` }]
}

/**
 * What was done, in sentences with citation keys, by the branch that was taken.
 *
 * @param acquisition - the acquisition in house units
 * @param parameters - of the run
 * @param options - smoothing
 * @param fitted - the fit
 */
export function paragraphsOf(
  acquisition: AslAcquisition,
  parameters: readonly Parameter[],
  options: Options,
  fitted: Fitted,
): string[] {
  const { quantification, volumes } = acquisition
  const count = volumes.differences.length
  if (!quantification)
    return [`The ${count} flow image(s) of the series, given in mL/100g/min, were averaged and not quantified again.`]
  const from =
    volumes.kind === 'pairs'
      ? `${count} pair(s) of control and label images, subtracted i-th from i-th${quantification.model === 'single' ? '' : ' of one delay'}`
      : volumes.kind === 'encoded'
        ? `${count} difference image(s), decoded from time-encoded labelling ${cite('teeuwisse2014')}`
        : `${count} difference image(s) as given`
  const smooth =
    options.smooth > 0
      ? `, smoothed within the brain mask with a Gaussian of ${options.smooth} mm full width at half maximum`
      : ''
  const mask =
    options['asl-organ'] === 'body'
      ? `The mask is all tissue with signal in the ${maskSource(quantification)}`
      : `The brain mask is the largest bright component of the ${maskSource(quantification)}`
  const first = `Perfusion was computed from ${from}${smooth}.${outlierSentence(fitted)} ${mask}, unless one was given.`
  if (!fitted.isAbsolute)
    return [
      first,
      quantification.model === 'single'
        ? `Without a usable M0 image there is no absolute scale: the mean difference is reported relative to its mean over the brain mask.${sliceSentence(quantification)}`
        : `${arrivalSentences(quantification, quantification.model, options, fitted)}${sliceSentence(quantification)} Without a usable M0 image there is no absolute scale: flow is reported relative to its mean over the brain mask.`,
    ]
  const error = count > 1 ? ' Its standard error is that of the mean over the differences.' : ''
  const model =
    quantification.model === 'single'
      ? `${modelSentence(quantification)}${sliceSentence(quantification)}${error} Values were not clipped.`
      : `${arrivalSentences(quantification, quantification.model, options, fitted)}${sliceSentence(quantification)} CBF was not clipped.`
  return [
    first,
    model,
    `${efficiencySentence(quantification)} ${bloodSentence(quantification)}`,
    m0Sentence(quantification, parameters, options),
    ...(fitted.pure ? [pureSentence()] : []),
    `Parameters are named after the ASL lexicon ${cite('suzuki2024')}; ${options['asl-organ'] === 'body' ? 'recommendations for the brain do not apply' : `the acquisition was judged by the recommendations of ${cite('vanhoudt2026', 'alsop2015')}`}.`,
  ]
}

function outlierSentence({ outliers }: Fitted): string {
  if (!outliers) return ''
  const out = outliers.judged.filter(({ reason }) => reason !== null).length
  return ` Of ${outliers.judged.length} differences ${out} were left out as outliers ${cite('dolui2017')}, by their mean in grey matter (or the mask) or since they raise the variance within tissues.`
}

function pureSentence(): string {
  return `CBF of grey and of white matter was computed from the differences and M0 of the pure tissues, by linear regression on the tissue maps over 5 × 5 × 1 voxels ${cite('asllani2008')}.`
}

function maskSource({ m0 }: Quantification): string {
  return m0.plan.source === 'separate' || m0.plan.source === 'included' ? 'M0 image' : 'mean image'
}

function modelSentence({ labellings, m0 }: Quantification): string {
  const labelling = labellings.samples[0]
  if (!labelling || (labelling.type === 'PASL' && labelling.technique === null)) return ''
  const several =
    labellings.samples.length > 1
      ? ` The series has ${labellings.samples.length} delays; the equation was applied to all by least squares, as if the bolus had arrived in each.`
      : ''
  const partition = m0.plan.source === 'estimate' ? '' : ', with a blood–brain partition coefficient'
  if (labelling.type !== 'PASL')
    return `CBF was computed with the single-delay equation for ${labelling.type} ${cite('alsop2015')}, the limit of the general kinetic model ${cite('buxton1998')} in which the whole bolus of ${labelling.labelingDuration} s has arrived at a delay of ${labelling.delay} s and decays as blood${partition}.${several}`
  const key = labelling.technique === 'Q2TIPS' ? cite('alsop2015', 'luh1999') : cite('alsop2015', 'wong1998')
  const duration =
    labelling.technique === 'QUIPSS'
      ? `the time from the saturation at ${labelling.cutOff} s to the readout`
      : `its cut-off at ${labelling.cutOff} s`
  return `CBF was computed with the single-delay equation for pulsed labelling with ${labelling.technique} ${key}, at an inversion time of ${labelling.delay} s with a bolus duration that is ${duration}, decaying as blood over the inversion time${partition}.${several}`
}

function sliceSentence({ slices }: Quantification): string {
  return slices
    ? ` The delay of each slice of the 2D readout was lengthened by its acquisition time, up to ${digits(Math.max(...slices.delays))} s.`
    : ''
}

function efficiencySentence({ settings: { alpha, suppression, efficiency }, suppressed }: Quantification): string {
  const where =
    alpha.source === 'default' ? `the default of the technique ${cite('alsop2015')}` : `given by ${alpha.from}`
  const base = `The labelling efficiency was ${digits(alpha.value)}, ${where}`
  if (!suppressed) return `${base}.`
  if (alpha.source !== 'default') return `${base}, with the loss by background suppression included.`
  if (suppression.value === 1)
    return `${base}; the number of background-suppression pulses is not known and no loss was assumed.`
  return `${base}, times ${SUPPRESSION_PULSE_EFFICIENCY.value} for each background-suppression pulse ${cite('garcia2005')}: ${digits(efficiency.value)}.`
}

function bloodSentence({ settings: { T1b } }: Quantification): string {
  const how =
    T1b.from === '--asl-t1-blood hct'
      ? `from the haematocrit ${cite('hales2016')}`
      : T1b.source === 'option'
        ? 'as given'
        : `for the field strength ${cite('alsop2015')}`
  return `The T1 of arterial blood was ${digits(T1b.value)} s, ${how}.`
}

function m0Sentence({ m0: { plan } }: Quantification, parameters: readonly Parameter[], options: Options): string {
  if (plan.source === 'estimate')
    return `M0 is the stated estimate of the M0 of blood, ${digits(plan.value)}; no partition coefficient enters.`
  const what = {
    included: 'the mean of the M0 volumes of the series',
    separate: 'the mean of the separate M0 images',
    control: 'the mean of the control images, which were acquired without background suppression',
    none: '',
  }[plan.source]
  const value = (name: string) => parameters.find(parameter => parameter.name === name)?.value
  const T1t = value('ReferenceT1') ?? value('TissueT1')
  const recovery =
    typeof T1t === 'number' && value('M0T1CorrectionFactor') !== 1
      ? `corrected for incomplete recovery with a tissue T1 of ${digits(T1t)} s`
      : `not corrected for recovery, for its time of recovery is at least ${RECOVERY_LIMIT.value} s`
  const scale = options['asl-m0-scale'] === 1 ? '' : `, multiplied by ${options['asl-m0-scale']}`
  const kernel = options['asl-m0-fwhm']
  const smooth =
    kernel > 0 ? `smoothed within the mask with a Gaussian of ${kernel} mm full width at half maximum` : 'not smoothed'
  const echo = value('M0EchoFactor') === undefined ? '' : ', corrected for its echo time'
  if (plan.source !== 'none' && plan.reference)
    return `M0 of blood is that of ${plan.reference.tissue === 'csf' ? 'fluid' : 'white matter'} in ${what}, ${recovery}${echo}${scale}, over its partition coefficient, with T2 decay: one number for all voxels; λ does not enter.`
  return `M0 is ${what}, ${recovery}${echo}${scale}, and ${smooth}; CBF was calibrated voxel by voxel.`
}
