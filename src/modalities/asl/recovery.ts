import { GE_RECOVERY_TIME, RECOVERY_LIMIT } from '../../physics/constants.ts'
import { saturationRecovery } from '../../physics/signal.ts'
import type { Parameter } from '../../report/record.ts'
import type { Run, Source } from '../modality.ts'
import { checkTimes, type FieldReader, fieldFrom, inSeconds, perVolume } from './fields.ts'
import { LIMITS } from './limits.ts'
import { chooseTissueT1, type Setting } from './settings.ts'

/** How far M0 had recovered in each volume of an image. */
export interface Recovery {
  /** What each volume is multiplied with [1], shape (nVolume). */
  readonly factors: readonly number[]
  /** The numbers behind the factors of the given volumes. */
  parameters(volumes: readonly number[]): Parameter[]
}

/**
 * How far M0 had recovered in each volume.
 *
 * @remarks
 * Below 5 s of recovery `M0 = S / (1 − exp(−t/T1t))`, else `M0 = S`; `t` is the recovery time where one is stated (GE
 * saturates before the M0 readout), else the repetition time.
 */
export function readRecovery(
  fields: FieldReader,
  run: Run,
  source: Source,
  canBeSaturated: boolean,
  frames: number,
  series: Source = source,
): Recovery | null {
  const stated = canBeSaturated ? readStatedRecovery(fields, run, source) : null
  const need = stated ? null : 'it says how far M0 had recovered; add it in seconds.'
  const times = stated ? [stated.time] : fields.numbers('RepetitionTimePreparation', need)
  if (!times || (!stated && !checkRepetition(fields, times))) return null
  const each = perVolume(fields, 'RepetitionTimePreparation', times, frames)
  if (!each) return null
  // An M0 image of a derivative may state no field strength: the series was acquired on the same scanner.
  const T1t = chooseTissueT1(fields, run, fields.has('MagneticFieldStrength') ? source : series)
  if (!T1t) return null
  const factorOf = (time: number) => (time < RECOVERY_LIMIT.value ? 1 / saturationRecovery(time, T1t.value) : 1)
  if (!stated && canBeSaturated) warnOfSaturation(fields, source, each[0]!, T1t, factorOf)
  const from = stated?.from ?? fieldFrom(source, 'RepetitionTimePreparation')
  const parameters = (volumes: readonly number[]): Parameter[] => {
    const used = volumes.map(volume => each[volume]!)
    const one = (values: readonly number[]) => (new Set(values).size === 1 ? values[0]! : values)
    const meaning = stated ? 'Time from saturation to the M0 readout' : 'Repetition time of M0'
    const time: Parameter = {
      name: stated ? 'M0RecoveryTime' : 'M0RepetitionTime',
      symbol: 'TR',
      meaning,
      value: one(used),
      unit: 's',
      source: stated?.source ?? 'sidecar',
      from,
    }
    const factor: Parameter = {
      name: 'M0T1CorrectionFactor',
      meaning: `Correction of M0 for incomplete recovery, below ${RECOVERY_LIMIT.value} s`,
      value: one(used.map(factorOf)),
      unit: '1',
      source: 'computed',
      defaultSource: RECOVERY_LIMIT.source,
    }
    return used.some(t => t < RECOVERY_LIMIT.value) ? [time, T1t, factor] : [time, factor]
  }
  return { factors: each.map(factorOf), parameters }
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

function warnOfSaturation(
  fields: FieldReader,
  source: Source,
  time: number,
  T1t: Setting,
  factorOf: (time: number) => number,
): void {
  const maker = source.sidecar.values['Manufacturer']
  if (typeof maker !== 'string' || !/^ge(\W|$)|general electric/i.test(maker)) return
  const [ordinary, saturated] = [factorOf(time), factorOf(GE_RECOVERY_TIME.value)]
  const lower = Math.round((1 - ordinary / saturated) * 100)
  fields.say(
    'M0_RECOVERY_UNKNOWN',
    'SaturationRecoveryTime',
    `is missing, and GE's M0 is saturation-recovered: M0 was corrected for its repetition time (${inSeconds(time)} s, factor ${ordinary.toFixed(3)}); a recovery of ${GE_RECOVERY_TIME.value} s, as in GE's product, would be factor ${saturated.toFixed(3)} with T1 ${T1t.value} s and CBF ${lower} % lower; give --asl-m0-recovery.`,
  )
}

/** Warn where M0 volumes of the series have another echo time than the rest. */
export function checkIncludedEcho(fields: FieldReader, m0: readonly number[], frames: number): void {
  const times = fields.numbers('EchoTime', null)
  if (!times || times.length !== frames) return
  const other = times.find((_, volume) => !m0.includes(volume))
  const echo = times[m0[0]!]
  if (echo !== undefined && other !== undefined && Math.abs(echo - other) > LIMITS.sameEcho)
    warnOfEcho(fields, echo, other)
}

/** Warn where a separate M0 has another echo time than the series. */
export function checkSeparateEcho(own: FieldReader, series: FieldReader): void {
  const echo = own.numbers('EchoTime', null)?.[0]
  const other = series.numbers('EchoTime', null)?.[0]
  if (echo !== undefined && other !== undefined && Math.abs(echo - other) > LIMITS.sameEcho)
    warnOfEcho(own, echo, other)
}

function warnOfEcho(fields: FieldReader, echo: number, other: number): void {
  fields.say(
    'M0_ECHO_TIME_DIFFERS',
    'EchoTime',
    `is ${echo * 1000} ms for M0 and ${other * 1000} ms for the series: T2* decay differs and CBF is off by that; acquire both with one echo time.`,
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
