import { rateChange } from '../../physics/signal.ts'
import { bad, type Checked, good, type Problem, type ProblemCode, problem } from '../../problems.ts'
import type { Source } from '../modality.ts'
import { baseName, digits, fieldFrom, fieldProblem, numberIn, shown } from './fields.ts'

/** What a column of an arterial table holds. */
const COLUMNS = ['concentration', 'delta_r2star', 'signal'] as const

/** Relaxivities that make a rate change a concentration [1/s/mM]. */
export interface Relaxivities {
  readonly blood: number
  readonly tissue: number
  readonly from: string
}

/** An arterial curve that was given, as it stands in its table. */
export interface GivenCurve {
  readonly file: string
  readonly holds: (typeof COLUMNS)[number]
  /** On the clock of the series [s], rising, shape (n). */
  readonly times: Float64Array
  /** [mM], [1/s] or [a.u.], shape (n) */
  readonly values: Float64Array
  /** Echo time of a signal [s]. */
  readonly echoTime: number | null
  readonly relaxivity: Relaxivities | null
  /** Factor from what was measured to whole blood [1]: 1 − Hct for a concentration in plasma. */
  readonly toBlood: number
}

/**
 * The arterial curve in a table: columns `time` and one of `concentration`, `delta_r2star`, `signal`; or why it cannot be
 * used.
 *
 * @param source - the table, with its JSON as sidecar
 * @param hematocrit - of large vessels, for a curve in plasma [1]
 */
export function readGivenCurve(source: Source, hematocrit: number): Checked<GivenCurve> {
  const file = source.name.path
  const say = (sentence: string) => bad(problem('AIF_INVALID', `${baseName(file)}: ${sentence}`, { file }))
  const table = source.tables['aif'] ?? Object.values(source.tables)[0]
  if (!table) return say('holds no table.')
  const names = table.columns.map(name => name.trim().toLowerCase())
  const holds = COLUMNS.filter(name => names.includes(name))
  const [column] = holds
  if (!names.includes('time') || column === undefined || holds.length > 1)
    return say(`its columns are ${table.columns.join(', ')}; it needs time and one of ${COLUMNS.join(', ')}.`)
  const read = (name: string) => Float64Array.from(table.rows, row => Number(row[names.indexOf(name)] ?? 'n/a'))
  const [times, values] = [read('time'), read(column)]
  const wrong = [...times.keys()].find(row => !Number.isFinite(times[row]!) || !Number.isFinite(values[row]!))
  if (wrong !== undefined)
    return say(`row ${wrong + 1} holds ${shown(table.rows[wrong]?.join(' '))}; all must be numbers.`)
  if (times.length < 2) return say('has fewer than two rows.')
  const back = [...times.keys()].find(row => row > 0 && !(times[row]! > times[row - 1]!))
  if (back !== undefined) return say(`time does not rise from row ${back} to ${back + 1}.`)
  const problems: Problem[] = []
  const basis = readBasis(source, problems)
  const relaxivity = readRelaxivity(source, problems)
  const echoTime = column === 'signal' ? numberIn(source, 'EchoTime') : null
  if (column === 'signal' && !(echoTime !== null && echoTime > 0 && echoTime < 1))
    problems.push(refusal(source, 'EchoTime', 'is needed in seconds, for the column signal.'))
  if (problems.length > 0) return bad(...problems)
  const toBlood = column === 'concentration' && basis === 'plasma' ? 1 - hematocrit : 1
  return good({ file, holds: column, times, values, echoTime, relaxivity, toBlood })
}

function refusal(source: Source, field: string, sentence: string, code: ProblemCode = 'AIF_INVALID'): Problem {
  return fieldProblem(source, code, field, sentence)
}

function readBasis(source: Source, problems: Problem[]): 'blood' | 'plasma' {
  const value = source.sidecar.values['AIFBasis'] ?? 'blood'
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  if (word === 'blood' || word === 'plasma') return word
  problems.push(refusal(source, 'AIFBasis', `is ${shown(value)}; it must be blood or plasma.`))
  return 'blood'
}

/** `TransverseRelaxivity: {"blood": 7.6, "tissue": 44}` [1/s/mM]; null where it is not stated. */
function readRelaxivity(source: Source, problems: Problem[]): Relaxivities | null {
  const field = 'TransverseRelaxivity'
  const value = source.sidecar.values[field]
  if (value === undefined || value === null) return null
  const entries: readonly [string, unknown][] = typeof value === 'object' ? Object.entries(value) : []
  const of = (name: string) => {
    const found = entries.find(([key]) => key.toLowerCase() === name)?.[1]
    return typeof found === 'number' && found > 0 && found < Infinity ? found : null
  }
  const [blood, tissue] = [of('blood'), of('tissue')]
  if (blood !== null && tissue !== null) return { blood, tissue, from: fieldFrom(source, field) }
  problems.push(
    refusal(source, field, `is ${shown(value)}; it must be {"blood": …, "tissue": …} in 1/s/mM, both above 0.`),
  )
  return null
}

/**
 * A given curve at the times of the volumes, linear between its rows: a change of the relaxation rate [1/s], or a
 * concentration in blood [mM] where the table holds that; or why it does not reach.
 *
 * @param given - the curve
 * @param frames - number of volumes
 * @param dt - time between them [s]
 * @param baseline - volumes before the bolus: first, and one past the last, where a signal's baseline is taken
 */
export function curveOnSeries(
  given: GivenCurve,
  frames: number,
  dt: number,
  baseline: readonly [number, number],
): Checked<Float64Array> {
  const { times, values, holds, echoTime, file } = given
  const [start, end] = [times[0]!, times[times.length - 1]!]
  const last = (frames - 1) * dt
  const say = (sentence: string) => bad(problem('AIF_INVALID', `${baseName(file)}: ${sentence}`, { file }))
  if (end < last - dt || start > baseline[1] * dt)
    return say(
      `reaches from ${digits(start)} to ${digits(end)} s and the series from 0 to ${digits(last)} s; it must cover the series, on its clock.`,
    )
  const out = new Float64Array(frames)
  for (let k = 0, row = 0; k < frames; k++) {
    const t = Math.min(Math.max(k * dt, start), end)
    while (row < times.length - 2 && times[row + 1]! < t) row++
    const share = (t - times[row]!) / (times[row + 1]! - times[row]!)
    out[k] = values[row]! + share * (values[row + 1]! - values[row]!)
  }
  if (holds !== 'signal' || echoTime === null) return good(out.map(value => value * given.toBlood))
  let before = 0
  for (let k = baseline[0]; k < baseline[1]; k++) before += out[k]! / (baseline[1] - baseline[0])
  const rates = out.map(signal => rateChange(signal, before, echoTime))
  return rates.every(Number.isFinite) ? good(rates) : say('its signal is not above 0 throughout.')
}
