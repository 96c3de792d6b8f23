import {
  AGES,
  bloodT1,
  bloodT1FromHematocrit,
  type Constant,
  HEMATOCRIT,
  LABELING_EFFICIENCY,
  type LabelingType,
  PARTITION_COEFFICIENT,
  SUPPRESSION_PULSE_EFFICIENCY,
  suppressionFactor,
  tissueT1,
} from '../../physics/constants.ts'
import { problem } from '../../problems.ts'
import type { Parameter } from '../../report/record.ts'
import type { Run, Source } from '../modality.ts'
import { type FieldReader, fieldFrom } from './fields.ts'

/** A number that enters the equation, with where it came from. */
export type Setting = Parameter & { readonly value: number }

/** The constants of one run, each chosen by option, then metadata, then default. */
export interface Settings {
  readonly T1b: Setting
  readonly lambda: Setting
  /** Labelling efficiency before background suppression, or with it where it was stated as a whole [1]. */
  readonly alpha: Setting
  /** Fraction of the label that background suppression leaves [1]. */
  readonly suppression: Setting
  /** Their product [1]. */
  readonly efficiency: Setting
}

/** What the choice of constants depends on. */
interface Labelled {
  readonly type: LabelingType
  /** Whether background suppression was on. */
  readonly suppressed: boolean
  /** Whether there is an M0: without it the efficiency does not matter. */
  readonly isAbsolute: boolean
}

type Described = Pick<Parameter, 'name' | 'symbol' | 'meaning'>

const fromOption = (described: Described, unit: Parameter['unit'], value: number, option: string): Setting => ({
  ...described,
  value,
  unit,
  source: 'option',
  from: `--${option}`,
})

const fromDefault = (described: Described, { value, unit, source }: Constant): Setting => ({
  ...described,
  value,
  unit,
  source: 'default',
  defaultSource: source,
})

/**
 * The constants of the labelling model; null, with problems, where one cannot be chosen.
 *
 * @param fields - reader of the series' metadata
 * @param run - for its options and participant
 * @param source - the series
 * @param how - how blood was labelled
 */
export function readSettings(fields: FieldReader, run: Run, source: Source, how: Labelled): Settings | null {
  const T1b = chooseBloodT1(fields, run, source)
  const { alpha, suppression } = chooseEfficiency(fields, run, source, how)
  if (!T1b || !alpha) return null
  return { T1b, lambda: chooseLambda(run), alpha, suppression, efficiency: combine(alpha, suppression) }
}

function combine(alpha: Setting, suppression: Setting): Setting {
  return {
    name: 'LabelingEfficiencyUsed',
    symbol: 'α',
    meaning: 'Labelling efficiency with the loss by background suppression',
    value: alpha.value * suppression.value,
    unit: '1',
    source: 'computed',
  }
}

function chooseLambda({ options }: Run): Setting {
  const described = { name: 'PartitionCoefficient', symbol: 'λ', meaning: 'Blood–brain partition coefficient' }
  const value = options['asl-lambda']
  if (value === PARTITION_COEFFICIENT.value) return fromDefault(described, PARTITION_COEFFICIENT)
  return fromOption(described, 'mL/g', value, 'asl-lambda')
}

/** Field strength [T]; null, with a problem, where it is needed and absent. */
export function fieldStrength(fields: FieldReader, need: string): number | null {
  const tesla = fields.numbers('MagneticFieldStrength', need)?.[0]
  if (tesla === undefined) return null
  if (tesla > 0 && tesla <= 20) return tesla
  fields.say('FIELD_INVALID', 'MagneticFieldStrength', `is ${tesla}; it must be the field in tesla, like 3.`)
  return null
}

function chooseBloodT1(fields: FieldReader, run: Run, source: Source): Setting | null {
  const described = { name: 'BloodT1', symbol: 'T1b', meaning: 'Longitudinal relaxation time of arterial blood' }
  const option = run.options['asl-t1-blood']
  if (typeof option === 'number') return fromOption(described, 's', option, 'asl-t1-blood')
  const tesla = fieldStrength(fields, 'it chooses the T1 of blood; add it in tesla, or give --asl-t1-blood.')
  if (tesla === null) return null
  if (option !== 'hct')
    return { ...fromDefault(described, bloodT1(tesla)), from: fieldFrom(source, 'MagneticFieldStrength') }
  const hematocrit = chooseHematocrit(fields, run, source)
  if (!hematocrit) return null
  return {
    ...described,
    meaning: `${described.meaning}, from a haematocrit of ${hematocrit.value} (${hematocrit.from ?? 'default'})`,
    value: bloodT1FromHematocrit(tesla, hematocrit.value),
    unit: 's',
    source: hematocrit.source === 'default' ? 'default' : 'computed',
    defaultSource: 'doi:10.1177/0271678X15605856',
    from: '--asl-t1-blood hct',
  }
}

/** The haematocrit as a fraction: option, sidecar, participants.tsv, default; a value above 1 is in percent. */
function chooseHematocrit(fields: FieldReader, run: Run, source: Source): Setting | null {
  const described = { name: 'Hematocrit', symbol: 'Hct', meaning: 'Volume fraction of erythrocytes' }
  const make = (value: number, how: Pick<Parameter, 'source' | 'from'>): Setting | null => {
    const fraction = value > 1 ? value / 100 : value
    if (fraction > 0 && fraction < 1) return { ...described, value: fraction, unit: '1', ...how }
    fields.say('FIELD_INVALID', 'Hematocrit', `is ${value} (${how.from}); it must be a fraction, or percent above 1.`)
    return null
  }
  const option = run.options.hematocrit
  if (option !== undefined) return make(option, { source: 'option', from: '--hematocrit' })
  const stated = fields.numbers('Hematocrit', null)?.[0]
  if (stated !== undefined) return make(stated, { source: 'sidecar', from: fieldFrom(source, 'Hematocrit') })
  const cell = Number.parseFloat(run.participant['hematocrit'] ?? '')
  if (Number.isFinite(cell)) return make(cell, { source: 'participants.tsv', from: 'hematocrit in participants.tsv' })
  return fromDefault(described, HEMATOCRIT)
}

/** Efficiency: the option or the stated value as a whole, else the technique's with 0.95 for each suppression pulse. */
function chooseEfficiency(
  fields: FieldReader,
  run: Run,
  source: Source,
  { type, suppressed, isAbsolute }: Labelled,
): { alpha: Setting | null; suppression: Setting } {
  const described = { name: 'LabelingEfficiency', symbol: 'α₀', meaning: `Efficiency of ${type} labelling` }
  const whole = { ...described, meaning: 'Labelling efficiency as stated, background suppression included' }
  const none = noSuppression(
    suppressed ? 'Background suppression is part of the stated efficiency' : 'No background suppression',
  )
  const option = run.options['asl-labeling-efficiency']
  if (option !== undefined)
    return { alpha: fromOption(whole, '1', option, 'asl-labeling-efficiency'), suppression: none }
  if (fields.has('LabelingEfficiency')) {
    const stated = fields.numbers('LabelingEfficiency', null)?.[0]
    if (stated === undefined) return { alpha: null, suppression: none }
    const from = fieldFrom(source, 'LabelingEfficiency')
    if (stated > 0 && stated <= 1)
      return { alpha: { ...whole, value: stated, unit: '1', source: 'sidecar', from }, suppression: none }
    fields.say('FIELD_INVALID', 'LabelingEfficiency', `is ${stated}; it must be a fraction above 0 and at most 1.`)
    return { alpha: null, suppression: none }
  }
  const alpha = fromDefault(described, LABELING_EFFICIENCY[type])
  return { alpha, suppression: suppressed ? chooseSuppression(fields, run, source, isAbsolute) : none }
}

const SUPPRESSION: Described = {
  name: 'BackgroundSuppressionFactor',
  symbol: 'β',
  meaning: 'Fraction of the label that background suppression leaves',
}

function noSuppression(why: string): Setting {
  return { ...SUPPRESSION, meaning: `${why}: no loss`, value: 1, unit: '1', source: 'computed' }
}

/** The loss by background suppression from the number of its pulses: option, sidecar, else unknown and named. */
function chooseSuppression(fields: FieldReader, run: Run, source: Source, isAbsolute: boolean): Setting {
  const stated = readPulses(fields)
  const option = run.options['asl-bs-pulses']
  const pulses = option ?? stated?.pulses
  if (pulses === undefined) {
    const lost = Math.round((1 / suppressionFactor(2) - 1) * 100)
    if (isAbsolute)
      fields.say(
        'BS_PULSES_UNKNOWN',
        'BackgroundSuppressionNumberPulses',
        `is missing though BackgroundSuppression is true: no loss of label was assumed, and with 2 pulses CBF would be ${lost} % higher; add the field or give --asl-bs-pulses.`,
      )
    return {
      ...noSuppression('Number of background-suppression pulses unknown'),
      source: 'default',
      defaultSource: 'perfquant',
    }
  }
  if (stated && option !== undefined && option !== stated.pulses)
    fields.say(
      'FIELD_UNUSUAL',
      stated.field,
      `says ${stated.pulses} pulses and --asl-bs-pulses ${option}; the option is used.`,
    )
  const times = pulses === 1 ? '1 pulse' : `${pulses} pulses`
  return {
    ...SUPPRESSION,
    meaning: `${SUPPRESSION.meaning}: ${SUPPRESSION_PULSE_EFFICIENCY.value} for each of ${times}`,
    value: suppressionFactor(pulses),
    unit: '1',
    source: option === undefined ? 'sidecar' : 'option',
    defaultSource: SUPPRESSION_PULSE_EFFICIENCY.source,
    from: option === undefined && stated ? fieldFrom(source, stated.field) : '--asl-bs-pulses',
  }
}

function readPulses(fields: FieldReader): { readonly pulses: number; readonly field: string } | null {
  const times = fields.numbers('BackgroundSuppressionPulseTime', null)
  const field = 'BackgroundSuppressionNumberPulses'
  const number = fields.numbers(field, null)?.[0]
  if (number === undefined) return times && { pulses: times.length, field: 'BackgroundSuppressionPulseTime' }
  if (!Number.isInteger(number) || number < 0) {
    fields.say('FIELD_INVALID', field, `is ${number}; it must be a whole number.`)
    return null
  }
  if (times && times.length !== number)
    fields.say(
      'FIELD_UNUSUAL',
      'BackgroundSuppressionPulseTime',
      `has ${times.length} times and ${field} is ${number}; the number is used.`,
    )
  return { pulses: number, field }
}

/**
 * T1 of tissue, for the recovery of M0 and the general kinetic model: option, else by field strength.
 *
 * @param fields - reader of the series' metadata
 * @param run - for its options
 * @param source - the series
 */
export function chooseTissueT1(fields: FieldReader, run: Run, source: Source): Setting | null {
  const described = {
    name: 'TissueT1',
    symbol: 'T1t',
    meaning: 'Longitudinal relaxation time of tissue',
  }
  const option = run.options['asl-t1-tissue']
  if (option !== undefined) return fromOption(described, 's', option, 'asl-t1-tissue')
  const tesla = fieldStrength(fields, 'it chooses the T1 of tissue; add it in tesla, or give --asl-t1-tissue.')
  return tesla === null
    ? null
    : { ...fromDefault(described, tissueT1(tesla)), from: fieldFrom(source, 'MagneticFieldStrength') }
}

/** Years in one unit of age. */
const YEARS: Readonly<Record<string, number>> = { year: 1, month: 1 / 12, week: 7 / 365.25, day: 1 / 365.25 }

/**
 * Age at the scan [year]; null where it is not stated.
 *
 * @param participant - row of participants.tsv: `age` in years, or in the unit that `age_unit` names; `89+` counts as 89
 */
export function ageInYears(participant: Readonly<Record<string, string>>): number | null {
  const age = Number.parseFloat(participant['age'] ?? '')
  const unit = (participant['age_unit'] ?? 'year').trim().toLowerCase().replace(/s$/, '')
  const years = YEARS[unit]
  return Number.isFinite(age) && age >= 0 && years !== undefined ? age * years : null
}

/**
 * Warn where constants of adults were used for a neonate.
 *
 * @param fields - reader that keeps the problem
 * @param run - for the participant's age and the options
 * @param settings - the constants as chosen
 */
export function checkNeonate(fields: FieldReader, run: Run, { T1b, lambda, alpha }: Settings): void {
  const age = ageInYears(run.participant)
  if (age === null || age >= AGES.neonate.value) return
  const adult = [T1b, lambda, alpha].filter(({ source }) => source === 'default')
  if (adult.length === 0) return
  const list = adult.map(({ name, value, unit }) => `${name} ${value}${unit === '1' ? '' : ` ${unit}`}`).join(', ')
  const unit = run.participant['age_unit'] ?? 'year'
  fields.problems.push(
    problem(
      'ADULT_CONSTANTS',
      `participants.tsv: age is ${run.participant['age']} (${unit}), under a month, and ${list} are adult values; give --asl-t1-blood, --asl-lambda and --asl-labeling-efficiency for neonates.`,
      { file: 'participants.tsv', field: 'age' },
    ),
  )
}
