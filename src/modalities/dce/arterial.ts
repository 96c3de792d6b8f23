import { recordsOf, type Table } from '../../bids/tsv.ts'
import { plasmaFromBlood } from '../../kinetics/concentration.ts'
import type { InputCurve } from '../../kinetics/inlet.ts'
import { POPULATION_AIFS, type PopulationName } from '../../kinetics/population-aif.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { baseName, digits, textIn } from '../fields.ts'
import type { Run, Source } from '../modality.ts'
import { LIMITS } from './limits.ts'
import type { Frames } from './timing.ts'

/** What a concentration is in. */
export type Basis = 'blood' | 'plasma'

/** Where the arterial input of a run is to come from. */
export type ArterialChoice =
  | { readonly kind: 'mask'; readonly source: Source }
  | {
      readonly kind: 'table'
      readonly source: Source
      readonly basis: Basis
      /** Concentration in plasma. */
      readonly artery: InputCurve
      readonly portal: InputCurve | null
    }
  | { readonly kind: 'population'; readonly name: PopulationName }
  | { readonly kind: 'auto' }

/** Columns of concentrations, and the spellings of their unit. */
const CONCENTRATION = 'concentration'
const PORTAL = 'concentration_portal'
const MILLIMOLAR = /^(mm|mmol\/l|mol\/m\^?3)$/i
const SECONDS = /^(s|sec|second|seconds)$/i

/**
 * The arterial input that a run is to use; or why the one that is there cannot be used.
 *
 * @param run - options, and the mask or table in the role
 * @param frames - times of the series
 * @param hematocrit - of the large vessels [1]
 */
export function chooseArterial(run: Run, frames: Frames, hematocrit: number): Checked<ArterialChoice> {
  const word = run.options['dce-aif']
  const asked = run.options['dce-aif-basis']
  if (isPopulation(word)) {
    const { basis, title } = POPULATION_AIFS[word]
    if (asked !== 'auto' && asked !== basis)
      return bad(
        problem(
          'AIF_UNUSABLE',
          `--dce-aif-basis ${asked} contradicts --dce-aif ${word}: ${title} is the concentration in ${basis}; leave the basis out.`,
        ),
      )
    return good({ kind: 'population', name: word })
  }
  const [source] = run.roles.aif ?? []
  if (!source) return good({ kind: 'auto' })
  const [table] = Object.values(source.tables)
  // A mask is an image; a table that was named for one has no header.
  if (source.header) return good({ kind: 'mask', source })
  return table ? readTable(source, table, asked, frames, hematocrit) : good({ kind: 'auto' })
}

/** Whether a word names a population average. */
export function isPopulation(word: string): word is PopulationName {
  return Object.hasOwn(POPULATION_AIFS, word)
}

function readTable(
  source: Source,
  table: Table,
  asked: 'auto' | Basis,
  frames: Frames,
  hematocrit: number,
): Checked<ArterialChoice> {
  const name = baseName(source.name.path)
  const refuse = (what: string) => bad(problem('AIF_UNUSABLE', `${name}: ${what}`, { file: source.name.path }))
  const basis = basisOf(source, asked)
  if (typeof basis !== 'string') return refuse(basis.says)
  const columns = ['time', CONCENTRATION]
  const missing = columns.find(column => !table.columns.includes(column))
  if (missing !== undefined)
    return refuse(
      `it has the columns ${table.columns.join(', ')}, and no ${missing}; DCE needs time (s, on the clock of the series) and concentration (mM).`,
    )
  const unit = unitFault(source)
  if (unit) return refuse(unit)
  const rows = recordsOf(table)
  const numbers = (column: string) => Float64Array.from(rows, row => numberOf(row[column]))
  const times = numbers('time')
  const values = numbers(CONCENTRATION)
  const fault = timeFault(times, frames) ?? valueFault(values)
  if (fault) return refuse(fault)
  const toPlasma = (list: Float64Array) => (basis === 'blood' ? plasmaFromBlood(list, hematocrit) : list)
  const portal = table.columns.includes(PORTAL) ? numbers(PORTAL) : null
  if (portal && !portal.every(Number.isFinite))
    return refuse(`${PORTAL} holds cells that are no numbers; correct them.`)
  return good(
    {
      kind: 'table',
      source,
      basis,
      artery: { times, values: toPlasma(values) },
      portal: portal && { times, values: toPlasma(portal) },
    },
    doubtsOf(source, times, values, frames),
  )
}

function numberOf(cell: string | undefined): number {
  return cell === undefined || cell.trim() === '' ? Number.NaN : Number(cell)
}

function basisOf(source: Source, asked: 'auto' | Basis): Basis | { readonly says: string } {
  const stated = textIn(source, 'AIFBasis')
  const known = stated === 'blood' || stated === 'plasma' ? stated : null
  if (stated !== null && known === null)
    return {
      says: `AIFBasis is "${stated}"; it must be blood or plasma, for one is 1/(1 − haematocrit) times the other.`,
    }
  if (known !== null && asked !== 'auto' && known !== asked)
    return { says: `AIFBasis is ${known} and --dce-aif-basis ${asked}; correct the one that is wrong.` }
  return known ?? (asked === 'auto' ? 'blood' : asked)
}

/** Units that the table's JSON states, if they are not those that are read: `Units: {time, concentration}`, or one for each column. */
function unitFault(source: Source): string | null {
  const { values } = source.sidecar
  const stated = (column: string): string | null => {
    const own = values[column]
    const all = values['Units']
    const found = isRecord(own)
      ? own['Units']
      : isRecord(all)
        ? all[column]
        : column === CONCENTRATION
          ? all
          : undefined
    return typeof found === 'string' ? found.trim() : null
  }
  const time = stated('time')
  if (time !== null && !SECONDS.test(time)) return `the unit of time is ${time}; it must be s: convert the column.`
  const concentration = stated(CONCENTRATION)
  if (concentration !== null && !MILLIMOLAR.test(concentration))
    return `the unit of concentration is ${concentration}; it must be mM: convert the column.`
  return null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function timeFault(times: Float64Array, { times: frames }: Frames): string | null {
  if (times.length < 3) return `it has ${times.length} rows; a curve needs more.`
  if (!times.every(Number.isFinite)) return 'time holds cells that are no numbers; correct them.'
  if (times.some((time, at) => at > 0 && !(time > times[at - 1]!)))
    return 'time does not rise from row to row; sort it.'
  const [end, last] = [times.at(-1)!, frames.at(-1)!]
  if (end > 100 * last)
    return `time ends at ${digits(end)}, the series at ${digits(last)} s: milliseconds? It must be in s.`
  if (end < last / 2)
    return `time ends at ${digits(end)}, the series at ${digits(last)} s: minutes? It must be in s and reach the end.`
  return null
}

function valueFault(values: Float64Array): string | null {
  if (!values.every(Number.isFinite)) return 'concentration holds cells that are no numbers; correct them.'
  const peak = values.reduce((most, value) => Math.max(most, value), 0)
  const [low, high] = LIMITS.arterialPeak
  return peak < low || peak > high
    ? `the peak is ${digits(peak)}, which cannot be mM (${low} to ${high}); the column must be a concentration in mM, not a signal, µM or M.`
    : null
}

function doubtsOf(
  source: Source,
  times: Float64Array,
  values: Float64Array,
  { times: frames, spacing }: Frames,
): Problem[] {
  const name = baseName(source.name.path)
  const say = (what: string) => problem('AIF_DOUBTFUL', `${name}: ${what}`, { file: source.name.path })
  const [end, last] = [times.at(-1)!, frames.at(-1)!]
  const peak = values.reduce((most, value) => Math.max(most, value), 0)
  const [low, high] = LIMITS.arterialUsual
  return [
    ...(end < last - spacing
      ? [say(`it ends at ${digits(end)} s, the series at ${digits(last)} s; its last value was kept to the end.`)]
      : []),
    ...(peak < low || peak > high
      ? [
          say(
            `its peak of ${digits(peak)} mM is unusual (${low} to ${high} mM after a standard dose); check unit and basis.`,
          ),
        ]
      : []),
  ]
}
