import { HEMATOCRIT } from '../../physics/constants.ts'
import { type AgentName, agentOf, relaxivityOf, UNKNOWN_RELAXIVITY } from '../../physics/contrast-agents.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Parameter } from '../../report/record.ts'
import { baseName, digits, fieldFrom, numberIn, statedIn, textIn } from '../fields.ts'
import type { Run, Source } from '../modality.ts'

/** Organs that the slice knows. */
export type Organ = 'brain' | 'kidney' | 'liver' | 'other'

/** A number with where it came from. */
export type Setting = Parameter & { readonly value: number }

/** The organ of a run, and what says so. */
export interface OrganChoice {
  readonly organ: Organ
  readonly source: 'option' | 'sidecar' | 'default'
  readonly from: string
}

/** The constants of a run. */
export interface Settings {
  readonly organ: OrganChoice
  readonly agent: AgentName | null
  readonly relaxivity: Setting
  readonly hematocrit: Setting
  /** Null where it is not stated: population averages keep their own. */
  readonly dose: Setting | null
}

/** Words of `BodyPart` and what they mean. */
const BODY_PARTS: readonly (readonly [RegExp, Organ])[] = [
  [/brain|head|neuro/i, 'brain'],
  [/kidney|renal/i, 'kidney'],
  [/liver|hepat/i, 'liver'],
]

/** The organ of a run: by option, else by the sidecar's BodyPart (or dcm2niix's BodyPartExamined), else any. */
export function organOf({ options, series }: Run): OrganChoice {
  const asked = options['dce-organ']
  if (asked !== 'auto') return { organ: asked, source: 'option', from: '--dce-organ' }
  const [source] = series
  for (const field of ['BodyPart', 'BodyPartExamined']) {
    const value = source ? textIn(source, field) : null
    if (value === null || !source) continue
    const organ = BODY_PARTS.find(([word]) => word.test(value))?.[1] ?? 'other'
    return { organ, source: 'sidecar', from: fieldFrom(source, field) }
  }
  return { organ: 'other', source: 'default', from: 'BodyPart' }
}

/**
 * Relaxivity, haematocrit, dose and organ of a run, with what is worth saying about them.
 *
 * @param run - options, sidecar, participant
 * @param source - the series
 */
export function readSettings(run: Run, source: Source): { readonly settings: Settings; readonly problems: Problem[] } {
  const problems: Problem[] = []
  const { agent, relaxivity } = chooseRelaxivity(run, source, problems)
  const hematocrit = chooseHematocrit(run, source, problems)
  return { settings: { organ: organOf(run), agent, relaxivity, hematocrit, dose: chooseDose(run, source) }, problems }
}

/** The agent by its name in the option or the sidecar; null for one that is not known. */
export function agentNameOf({ options }: Run, source: Source): { readonly text: string | null; readonly from: string } {
  const asked = options['dce-agent']
  if (asked !== undefined) return { text: asked, from: '--dce-agent' }
  const words = textIn(source, 'ContrastAgent') ?? textIn(source, 'ContrastBolusAgent')
  if (words !== null) return { text: words, from: fieldFrom(source, 'ContrastAgent') }
  return { text: source.name.entities['ce'] ?? null, from: 'the entity ce' }
}

function chooseRelaxivity(
  run: Run,
  source: Source,
  problems: Problem[],
): { readonly agent: AgentName | null; readonly relaxivity: Setting } {
  const described = {
    name: 'Relaxivity',
    symbol: 'r1',
    meaning: 'Longitudinal relaxivity of the contrast agent',
    unit: '1/s/mM',
  } as const
  const { text, from } = agentNameOf(run, source)
  const agent = text === null ? null : agentOf(text)
  const option = run.options['dce-relaxivity']
  if (option !== undefined)
    return { agent, relaxivity: { ...described, value: option, source: 'option', from: '--dce-relaxivity' } }
  const stated = numberIn(source, 'Relaxivity')
  if (stated !== null && stated > 0)
    return {
      agent,
      relaxivity: { ...described, value: stated, source: 'sidecar', from: fieldFrom(source, 'Relaxivity') },
    }
  const tesla = numberIn(source, 'MagneticFieldStrength')
  if (agent !== null && tesla !== null) {
    const { value, source: by } = relaxivityOf(agent, tesla)
    const meaning = `${described.meaning} (${agent}, ${digits(tesla)} T, 37 °C plasma)`
    return { agent, relaxivity: { ...described, meaning, value, source: 'default', defaultSource: by, from } }
  }
  const why =
    agent === null
      ? `the contrast agent is ${text === null ? 'not stated' : `"${text}", which is not known`}`
      : 'MagneticFieldStrength is not stated'
  problems.push(
    problem(
      'RELAXIVITY_ASSUMED',
      `${baseName(statedIn(source, 'ContrastAgent'))}: ${why}, so a relaxivity of ${UNKNOWN_RELAXIVITY.value} 1/s/mM was assumed; all concentrations scale with it: add ContrastAgent (a generic name like gadobutrol), or give --dce-agent or --dce-relaxivity.`,
      { file: statedIn(source, 'ContrastAgent'), field: 'ContrastAgent' },
    ),
  )
  const { value, source: by } = UNKNOWN_RELAXIVITY
  return { agent, relaxivity: { ...described, value, source: 'default', defaultSource: by } }
}

function chooseHematocrit(run: Run, source: Source, problems: Problem[]): Setting {
  const described = {
    name: 'Hematocrit',
    symbol: 'Hct',
    meaning: 'Haematocrit of the large vessels',
    unit: '1',
  } as const
  const fraction = (value: number) => (value > 1 ? value / 100 : value)
  const option = run.options.hematocrit
  if (option !== undefined) return { ...described, value: fraction(option), source: 'option', from: '--hematocrit' }
  const field = numberIn(source, 'Hematocrit')
  const cell = Number.parseFloat(run.participant['hematocrit'] ?? '')
  const found: Setting | null =
    field !== null
      ? { ...described, value: fraction(field), source: 'sidecar', from: fieldFrom(source, 'Hematocrit') }
      : Number.isFinite(cell)
        ? { ...described, value: fraction(cell), source: 'participants.tsv', from: 'hematocrit in participants.tsv' }
        : null
  if (!found) return { ...described, value: HEMATOCRIT.value, source: 'default', defaultSource: HEMATOCRIT.source }
  const [low, high] = HEMATOCRIT.plausible
  if (!(found.value > 0 && found.value < 1))
    problems.push(
      problem(
        'FIELD_INVALID',
        `${found.from} is ${digits(found.value)}; it must be a fraction, or percent above 1: correct it, or give --hematocrit.`,
      ),
    )
  else if (found.value < low || found.value > high)
    problems.push(
      problem(
        'FIELD_UNUSUAL',
        `${found.from} is ${digits(found.value)}, usual are ${low} to ${high}; it is used: plasma concentrations scale with 1/(1 − Hct).`,
      ),
    )
  return found
}

function chooseDose({ options }: Run, source: Source): Setting | null {
  const described = { name: 'ContrastDose', meaning: 'Dose of contrast agent', unit: 'mmol/kg' } as const
  const option = options['dce-dose']
  if (option !== undefined) return { ...described, value: option, source: 'option', from: '--dce-dose' }
  const stated = numberIn(source, 'ContrastDose')
  return stated !== null && stated > 0
    ? { ...described, value: stated, source: 'sidecar', from: fieldFrom(source, 'ContrastDose') }
    : null
}
