import { isSameGrid } from '../../image/volume.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import type { Run, Source } from '../modality.ts'
import { type GivenCurve, readGivenCurve } from './arterial-file.ts'
import { baseName, digits, fieldFrom, fieldProblem, hasField, numberIn, shown } from './fields.ts'
import { LIMITS } from './limits.ts'
import { readScaling, type Scaling } from './settings.ts'
import { readSliceTimes, readTiming, type SliceTimes, type Timing } from './timing.ts'

/** Where the arterial input comes from. */
export type ArterialSource =
  | { readonly kind: 'auto' }
  | { readonly kind: 'mask'; readonly file: string }
  | { readonly kind: 'curve'; readonly given: GivenCurve }

/** A DSC run as the computation needs it, in house units. */
export interface DscAcquisition {
  /** Path of the first echo, for messages. */
  readonly image: string
  readonly frames: number
  /** Rising [s], shape (nEcho). */
  readonly echoTimes: readonly number[]
  /** The series of each echo, in the order of {@link echoTimes}. */
  readonly echoOrder: readonly number[]
  readonly timing: Timing
  /** Null where slices are acquired at once, or when is not known. */
  readonly slices: SliceTimes | null
  readonly scaling: Scaling
  readonly arterial: ArterialSource
  /** Whether the sidecar declares tissue that takes up contrast agent. */
  readonly isEnhancing: boolean
}

/**
 * The acquisition of a run in house units, or everything that is wrong with its metadata.
 *
 * @remarks
 * Refused: no echo time, a time in milliseconds, statements of the time between volumes that differ by more than 1 %, volumes
 * that do not follow evenly, echoes that do not belong together, an arterial table that cannot be used.
 *
 * @param run - the run
 */
export function readAcquisition(run: Run): Checked<DscAcquisition> {
  const source = run.series[0]
  if (!source) throw new Error('a DSC run has a series')
  const problems: Problem[] = []
  const frames = source.header?.frames ?? 0
  const echoes = readEchoes(run, problems)
  const timing = readTiming(source, frames, problems)
  const slices = timing && readSliceTimes(source, timing.dt, problems)
  const scaling = readScaling(run, source, problems)
  const arterial = scaling && readArterial(run, scaling, problems)
  const isEnhancing = readEnhancing(source, problems)
  if (
    timing &&
    !slices &&
    /^2D$/i.test(String(source.sidecar.values['MRAcquisitionType'])) &&
    !hasField(source, 'SliceTiming')
  )
    problems.push(
      fieldProblem(
        source,
        'SLICE_TIMES_UNKNOWN',
        'SliceTiming',
        `is missing and the readout is 2D: times of arrival are up to ${digits(timing.dt)} s too early in late slices.`,
      ),
    )
  if (!echoes || !timing || !scaling || !arterial || problems.some(({ severity }) => severity === 'error'))
    return bad(...problems)
  return good({ image: source.name.path, frames, ...echoes, timing, slices, scaling, arterial, isEnhancing }, problems)
}

interface Echoes {
  readonly echoTimes: readonly number[]
  readonly echoOrder: readonly number[]
}

/** The echo times in rising order; null, with problems, where one is missing or they do not belong together. */
function readEchoes({ series, options }: Run, problems: Problem[]): Echoes | null {
  const [first] = series
  const asked = options['dsc-te']
  const only = series.length === 1
  const times = series.map(source => (only && asked !== undefined ? asked : readEchoTime(source, only, problems)))
  const stated = first && only ? numberIn(first, 'EchoTime') : null
  if (first && only && asked !== undefined && stated !== null && Math.abs(stated - asked) > LIMITS.sameTime * asked)
    problems.push(
      fieldProblem(first, 'FIELD_UNUSUAL', 'EchoTime', `is ${stated} s and --dsc-te ${asked} s; the option is used.`),
    )
  const order = [...times.keys()].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0))
  const known = order.map(at => times[at]).filter(time => typeof time === 'number')
  if (known.length < series.length) return null
  for (const source of series.slice(1)) {
    const [a, b] = [first?.header, source.header]
    if (!first || !a || !b || (a.frames === b.frames && isSameGrid(a.grid, b.grid))) continue
    const sizes = [a, b].map(({ grid, frames }) => [...grid.shape, frames].join('×'))
    const message = `${baseName(source.name.path)} is ${sizes[1]} and ${baseName(first.name.path)} ${sizes[0]}, or they lie elsewhere; echoes of one series must have one grid and as many volumes.`
    problems.push(problem('ECHOES_DISAGREE', message, { file: source.name.path }))
  }
  const twin = known.findIndex((time, at) => at > 0 && time - known[at - 1]! < LIMITS.sameTime * time)
  if (twin > 0 && first)
    problems.push(
      fieldProblem(first, 'ECHOES_DISAGREE', 'EchoTime', `is ${digits(known[twin]!)} s in two echoes; correct one.`),
    )
  return { echoTimes: known, echoOrder: order }
}

function readEchoTime(source: Source, isOnly: boolean, problems: Problem[]): number | null {
  const field = 'EchoTime'
  const remedy = isOnly ? 'add it in seconds, or give --dsc-te.' : 'add it in seconds for each echo.'
  const say = (code: Problem['code'], sentence: string) => {
    problems.push(fieldProblem(source, code, field, sentence))
    return null
  }
  if (!hasField(source, field))
    return say('FIELD_MISSING', `is missing: without it a signal is no concentration; ${remedy}`)
  const time = numberIn(source, field)
  if (time === null || time <= 0)
    return say('FIELD_INVALID', `is ${shown(source.sidecar.values[field])}; it must be a time in seconds: ${remedy}`)
  if (time > LIMITS.longestEcho)
    return say(
      'FIELD_UNIT_SUSPECT',
      `is ${time} s, which looks like milliseconds (${digits(time / 1000)} s); BIDS wants seconds.`,
    )
  const [least, most] = LIMITS.usualEcho
  if (time < least || time > most) say('FIELD_UNUSUAL', `is ${time} s; 0.025 to 0.045 s are usual.`)
  return time
}

function readArterial({ roles }: Run, { hematocrit }: Scaling, problems: Problem[]): ArterialSource | null {
  const source = roles.aif?.[0]
  if (!source) return { kind: 'auto' }
  if (source.name.extension !== '.tsv') return { kind: 'mask', file: source.name.path }
  const given = readGivenCurve(source, hematocrit.value)
  problems.push(...given.problems)
  if (!given.ok) return null
  if (given.value.holds === 'concentration' && !given.value.relaxivity)
    problems.push(
      problem(
        'AIF_UNSCALED',
        `${fieldFrom(source, 'TransverseRelaxivity')} is not stated: CBF and CBV have no scale and are not written; MTT, Tmax and ratios to white matter are.`,
        { file: source.name.path, field: 'TransverseRelaxivity' },
      ),
    )
  return { kind: 'curve', given: given.value }
}

function readEnhancing(source: Source, problems: Problem[]): boolean {
  const value = source.sidecar.values['Enhancing'] ?? false
  if (typeof value === 'boolean') return value
  problems.push(
    fieldProblem(source, 'FIELD_INVALID', 'Enhancing', `is ${shown(value)}; it must be true or false, without quotes.`),
  )
  return false
}
