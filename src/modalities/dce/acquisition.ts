import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { baseName, numbersIn, statedIn, textIn } from '../fields.ts'
import type { Run, Source } from '../modality.ts'
import { type Excitation, excitationOf, faultProblem } from '../spoiled-echo.ts'
import { type ArterialChoice, chooseArterial } from './arterial.ts'
import { chooseModels, type ModelChoice } from './models.ts'
import { readSettings, type Settings } from './settings.ts'
import { type Frames, framesOf } from './timing.ts'

/** How signals become concentrations. */
export interface Converting {
  /** By the signal equation, or as proportional to the relative enhancement. */
  readonly kind: 'spgr' | 'linear'
  readonly excitation: Excitation
  /** One T1 for all tissue [s]; null where a map gives it. */
  readonly declaredT1: number | null
}

/** An acquisition as the computation needs it. */
export interface DceAcquisition {
  /** Path of the series, for messages. */
  readonly image: string
  readonly input: 'signal' | 'concentration'
  readonly frames: Frames
  readonly settings: Settings
  /** Null where signals cannot be converted, or need not be. */
  readonly converting: Converting | null
  /** Null where no model can be fitted. */
  readonly arterial: ArterialChoice | null
  /** Models that are fitted; none where no concentration or no arterial input can be had. */
  readonly models: readonly ModelChoice[]
  /** Frames before contrast agent that the sidecar names, by index; null where they are to be found. */
  readonly baseline: readonly number[] | null
}

/** Whether concentrations can be had. */
export function hasConcentration({ input, converting }: Pick<DceAcquisition, 'input' | 'converting'>): boolean {
  return input === 'concentration' || converting !== null
}

/**
 * Bind a run's metadata; or why nothing can be computed. What only the quantitative maps need is a problem that leaves the
 * semi-quantitative ones.
 *
 * @param run - the run
 */
export function readAcquisition(run: Run): Checked<DceAcquisition> {
  const source = run.series[0]
  if (!source) throw new Error('a DCE run has a series')
  const input = run.context['input'] === 'concentration' ? 'concentration' : 'signal'
  const frames = framesOf(source)
  const unit = input === 'concentration' ? unitProblem(source) : null
  if (!frames.ok || unit) return bad(...frames.problems, ...(unit ? [unit] : []))
  const { settings, problems: said } = readSettings(run, source)
  const problems: Problem[] = [...frames.problems]
  const converting = input === 'signal' ? readConversion(run, source, problems) : null
  const isQuantitative = input === 'concentration' || converting !== null
  // Constants that nothing is computed with are not worth a warning.
  if (isQuantitative) problems.push(...said)
  const baseline = readBaseline(source, frames.value.times.length, problems)
  if (problems.some(({ severity }) => severity === 'error')) return bad(...problems)
  const arterial = isQuantitative ? chooseArterial(run, frames.value, settings.hematocrit.value) : null
  if (arterial) problems.push(...arterial.problems)
  const choice = arterial?.ok ? arterial.value : null
  const models = choice ? chooseModels(run, settings.organ.organ, frames.value, portalOf(choice)) : null
  if (models) problems.push(...models.problems)
  return good(
    {
      image: source.name.path,
      input,
      frames: frames.value,
      settings,
      converting,
      arterial: choice,
      models: models?.models ?? [],
      baseline,
    },
    problems,
  )
}

/** Whether an input has a portal vein; null where a mask will tell. */
function portalOf(choice: ArterialChoice): boolean | null {
  return choice.kind === 'mask' ? null : choice.kind === 'table' && choice.portal !== null
}

function unitProblem(source: Source): Problem | null {
  const units = textIn(source, 'Units')
  if (units !== null && /^(mm|mmol\/l|mol\/m\^?3)$/i.test(units)) return null
  const file = statedIn(source, 'Units')
  return units === null
    ? problem('FIELD_MISSING', `${baseName(file)}: Units is missing; a concentration series states "Units": "mM".`, {
        file,
        field: 'Units',
      })
    : problem(
        'FIELD_INVALID',
        `${baseName(file)}: Units is "${units}"; a concentration series must be in mM: convert it.`,
        { file, field: 'Units' },
      )
}

/** What signals are converted with; null, with the reason, where they cannot be. */
function readConversion(run: Run, source: Source, problems: Problem[]): Converting | null {
  const excitation = excitationOf(source)
  const name = baseName(source.name.path)
  if ('says' in excitation) {
    const { message, file, field } = faultProblem(source, excitation)
    problems.push(
      problem('SEQUENCE_UNKNOWN', `${message} Only the semi-quantitative maps are written.`, {
        ...(file ? { file } : {}),
        ...(field ? { field } : {}),
      }),
    )
    return null
  }
  problems.push(...excitation.remarks)
  const kind = run.options['dce-conversion']
  const declared = run.options['dce-t1']
  if (typeof declared === 'number') {
    problems.push(
      problem(
        'T1_ASSUMED',
        `${name}: a T1 of ${declared} s was assumed for all tissue (--dce-t1); concentrations are wrong where it is another.`,
        { file: source.name.path },
      ),
    )
    return { kind, excitation, declaredT1: declared }
  }
  if ((run.roles.t1map ?? []).length > 0 || run.pending?.includes('t1map'))
    return { kind, excitation, declaredT1: null }
  problems.push(
    problem(
      'T1_MISSING',
      `${name}: there is no T1 before contrast (no T1map or R1map, no VFA or IRT1 images in anat/); only the semi-quantitative maps are written: add one, or state an assumption with --dce-t1 SECONDS.`,
      { file: source.name.path },
    ),
  )
  return null
}

/** Frames before contrast agent that the sidecar names. */
function readBaseline(source: Source, frames: number, problems: Problem[]): readonly number[] | null {
  const field = 'BaselineVolumes'
  const list = numbersIn(source, field)
  if (!list) return null
  if (list.every(at => Number.isInteger(at) && at >= 0 && at < frames)) return [...new Set(list)].sort((a, b) => a - b)
  const file = statedIn(source, field)
  problems.push(
    problem(
      'FIELD_INVALID',
      `${baseName(file)}: ${field} must be a list of volumes, counted from 0, that the series of ${frames} has.`,
      { file, field },
    ),
  )
  return null
}
