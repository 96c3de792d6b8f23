import { GE_RECOVERY_TIME, RECOVERY_LIMIT, REFERENCE_TISSUES } from '../../physics/constants.ts'
import { saturationRecovery } from '../../physics/signal.ts'
import type { Parameter } from '../../report/record.ts'
import type { Run, Source } from '../modality.ts'
import { checkTimes, digits, type FieldReader, fieldFrom, inSeconds, perVolume } from './fields.ts'
import { LIMITS } from './limits.ts'
import { referenceTissue } from './m0-echo.ts'
import { chooseTissueT1, type Setting } from './settings.ts'

/** How far M0 had recovered. */
export interface Recovery {
  /** What each M0 volume is multiplied with [1], shape (nM0). */
  readonly factors: readonly number[]
  /** The numbers behind the factors. */
  readonly parameters: readonly Parameter[]
}

/** The volumes that M0 is taken from. */
export interface M0Volumes {
  /** The image that holds them. */
  readonly image: Source
  /** Number of all its volumes. */
  readonly frames: number
  /** Indices of those that are M0. */
  readonly volumes: readonly number[]
  /** Whether they may have been saturated before (GE); labelled and control images are not. */
  readonly canBeSaturated: boolean
}

/**
 * How far M0 had recovered in each of its volumes; null, with problems, where that cannot be known.
 *
 * @remarks
 * Below 5 s of recovery `M0 = S / (1 − exp(−t/T1t))`, else `M0 = S`; always the former with the T1 of a reference tissue; `t` is the recovery time where one is stated (GE
 * saturates before the M0 readout), else the repetition time.
 *
 * @param fields - reader of the metadata of the image that holds M0
 * @param run - for its options
 * @param series - the series: it states the field strength where an M0 image does not
 * @param m0 - the volumes
 */
export function readRecovery(fields: FieldReader, run: Run, series: Source, m0: M0Volumes): Recovery | null {
  const stated = m0.canBeSaturated ? readStatedRecovery(fields, run, m0.image) : null
  const other = m0.canBeSaturated ? ', or give --asl-m0-recovery' : ''
  const need = stated ? null : `it says how far M0 had recovered; add it in seconds${other}.`
  const times = stated ? [stated.time] : fields.numbers('RepetitionTimePreparation', need)
  if (!times || (!stated && !checkRepetition(fields, times))) return null
  const each = perVolume(fields, 'RepetitionTimePreparation', times, m0.frames)
  if (!each) return null
  const used = m0.volumes.map(volume => each[volume]!)
  const isUncertain = !stated && m0.canBeSaturated && isGE(m0.image)
  const reference = referenceTissue(run)
  const limit = reference ? Number.POSITIVE_INFINITY : RECOVERY_LIMIT.value
  const isShort = used.some(time => time < limit)
  const T1t = !(isShort || isUncertain)
    ? null
    : reference
      ? referenceT1(reference)
      : chooseTissueT1(fields, run, fields.has('MagneticFieldStrength') ? m0.image : series)
  if (!T1t && (isShort || isUncertain)) return null
  const factorOf = (time: number) => (T1t && time < limit ? 1 / saturationRecovery(time, T1t.value) : 1)
  if (isUncertain && T1t) warnOfSaturation(fields, used[0]!, T1t, factorOf)
  const factors = used.map(factorOf)
  const time: Parameter = {
    name: stated ? 'M0RecoveryTime' : 'M0RepetitionTime',
    symbol: 'TR',
    meaning: stated ? 'Time from saturation to the M0 readout' : 'Repetition time of M0',
    value: oneOrAll(used),
    unit: 's',
    source: stated?.source ?? 'sidecar',
    from: stated?.from ?? fieldFrom(m0.image, 'RepetitionTimePreparation'),
  }
  const factor: Parameter = {
    name: 'M0T1CorrectionFactor',
    meaning: `Correction of M0 for incomplete recovery${reference ? '' : `, below ${RECOVERY_LIMIT.value} s`}`,
    value: oneOrAll(factors),
    unit: '1',
    source: 'computed',
    defaultSource: RECOVERY_LIMIT.source,
  }
  return { factors, parameters: T1t && isShort ? [time, T1t, factor] : [time, factor] }
}

function referenceT1(tissue: keyof typeof REFERENCE_TISSUES): Setting {
  const { value, unit, source } = REFERENCE_TISSUES[tissue].T1
  const meaning = `Longitudinal relaxation time of the reference tissue (${tissue})`
  return { name: 'ReferenceT1', symbol: 'T1r', meaning, value, unit, source: 'default', defaultSource: source }
}

/**
 * The parameters of several images as those of one: a number that differs between them becomes a list.
 *
 * @param recoveries - how far M0 had recovered in each image, at least one
 */
export function joinParameters(recoveries: readonly Recovery[]): Parameter[] {
  const all = recoveries.map(({ parameters }) => parameters)
  const most = all.reduce((a, b) => (b.length > a.length ? b : a), [])
  return most.map(parameter => {
    const values = all.flatMap(list => list.find(({ name }) => name === parameter.name)?.value ?? []).map(Number)
    return { ...parameter, value: oneOrAll(values) }
  })
}

/** The value that all have, or all of them. */
function oneOrAll(values: readonly number[]): number | readonly number[] {
  return new Set(values).size === 1 ? values[0]! : values
}

function isGE({ sidecar }: Source): boolean {
  const maker = sidecar.values['Manufacturer']
  return typeof maker === 'string' && /^ge(\W|$)|general electric/i.test(maker)
}

/** The recovery time that an option or our own sidecar key states. */
function readStatedRecovery(
  fields: FieldReader,
  run: Run,
  source: Source,
): { time: number; source: 'option' | 'sidecar'; from: string } | null {
  const option = run.options['asl-m0-recovery']
  if (option !== undefined) return { time: option, source: 'option', from: '--asl-m0-recovery' }
  const time = fields.numbers('SaturationRecoveryTime', null)?.[0]
  if (time === undefined || !checkTimes(fields, 'SaturationRecoveryTime', [time])) return null
  if (time > 0) return { time, source: 'sidecar', from: fieldFrom(source, 'SaturationRecoveryTime') }
  fields.say('FIELD_INVALID', 'SaturationRecoveryTime', 'is 0 s; it must be above 0: correct or remove it.')
  return null
}

function warnOfSaturation(fields: FieldReader, time: number, T1t: Setting, factorOf: (time: number) => number): void {
  const [ordinary, saturated] = [factorOf(time), factorOf(GE_RECOVERY_TIME.value)]
  const lower = Math.round((1 - ordinary / saturated) * 100)
  fields.say(
    'M0_RECOVERY_UNKNOWN',
    'SaturationRecoveryTime',
    `is missing, and GE's M0 is saturation-recovered: M0 was corrected for its repetition time (${inSeconds(time)} s, factor ${ordinary.toFixed(3)}); a recovery of ${GE_RECOVERY_TIME.value} s, as in GE's product, would be factor ${saturated.toFixed(3)} with T1 ${T1t.value} s and CBF ${lower} % lower; give --asl-m0-recovery.`,
  )
}

/** Whether repetition times can be used: above 0 and in seconds. */
export function checkRepetition(fields: FieldReader, times: readonly number[]): boolean {
  if (!checkTimes(fields, 'RepetitionTimePreparation', times, LIMITS.longestRepetition)) return false
  if (!times.includes(0)) return true
  fields.say(
    'FIELD_INVALID',
    'RepetitionTimePreparation',
    'is 0 s; it must be above 0, for the recovery of M0 is computed from it: correct it.',
  )
  return false
}

/**
 * M0 from the measured signal, where it had not recovered.
 *
 * @param parameters - of the run
 * @param isFilled - with its numbers, or in symbols
 */
export function recoveryLines(parameters: readonly Parameter[], isFilled: boolean): string[] {
  const value = (name: string) => parameters.find(parameter => parameter.name === name)?.value
  const reference = value('ReferenceT1')
  const [T1t, factor] = [reference ?? value('TissueT1'), value('M0T1CorrectionFactor')]
  const symbol = reference === undefined ? 'T1t' : 'T1r'
  const time = value('M0RecoveryTime') ?? value('M0RepetitionTime')
  // A T1 of tissue can be there for the kinetic model alone.
  if (T1t === undefined || factor === 1) return []
  const when = reference === undefined ? ` for TR < ${RECOVERY_LIMIT.value} s` : ''
  if (!isFilled) return [`M0 = S / (1 − exp(−TR/${symbol}))${when}`]
  if (typeof time !== 'number' || typeof factor !== 'number' || typeof T1t !== 'number')
    return ['each M0 volume by its own TR']
  return [`M0 = S / (1 − exp(−${digits(time)}/${digits(T1t)})) = ${digits(factor)} · S`]
}
