import type { Parameter } from '../../report/record.ts'
import type { Run, Source } from '../modality.ts'
import type { Volumes } from './context.ts'
import { baseName, type FieldReader, fieldFrom, perVolume, readFields } from './fields.ts'
import { type BloodReference, bloodReference, echoEffect, referenceTissue } from './m0-echo.ts'
import { checkRepetition, joinParameters, type Recovery, readRecovery } from './recovery.ts'

/** Where the equilibrium signal comes from. */
export type M0Plan =
  /** The mean of volumes of the series, each times its factor: its m0scan volumes, or its controls. */
  | {
      readonly source: 'included' | 'control'
      readonly volumes: readonly number[]
      readonly factors: readonly number[]
      readonly reference: BloodReference | null
    }
  /** The mean over all volumes of the images in the role m0, each times its factor, shape (nImage)(nVolume). */
  | {
      readonly source: 'separate'
      readonly factors: readonly (readonly number[])[]
      readonly reference: BloodReference | null
    }
  /** One number, of blood. */
  | { readonly source: 'estimate'; readonly value: number }
  /** There is none: no absolute scale. */
  | { readonly source: 'none' }

/** M0 as planned, with the numbers that went into it. */
export interface M0 {
  readonly plan: M0Plan
  readonly parameters: readonly Parameter[]
}

/** Whether M0 is that of blood itself, so that the partition coefficient does not enter. */
export function isBloodM0({ plan }: M0): boolean {
  return plan.source === 'estimate' || (plan.source !== 'none' && plan.reference !== null)
}

/** Values of `M0Type`. */
export const M0_TYPES = ['Separate', 'Included', 'Estimate', 'Absent'] as const

const NO_ABSOLUTE = 'absolute CBF is refused and the relative map is written'

/**
 * Decide where M0 comes from and what each of its volumes is multiplied with; null, with problems, where the metadata
 * cannot be used. A missing scale is no such case: it gives a plan without M0 and a problem of severity partial.
 *
 * @param fields - reader of the series' metadata
 * @param run - for the images in the role m0, the options and what was found beside the series
 * @param source - the series
 * @param volumes - what its volumes are
 * @param suppressed - whether background suppression was on
 */
export function planM0(
  fields: FieldReader,
  run: Run,
  source: Source,
  volumes: Volumes,
  suppressed: boolean,
): M0 | null {
  const type = fields.word('M0Type', M0_TYPES, `add one of ${M0_TYPES.join(', ')}: without it CBF has no scale.`)
  if (!checkSeriesTimes(fields, volumes.types.length) || type === null) return null
  if (type === 'Estimate') return planEstimate(fields, source)
  if (type === 'Separate') return planSeparate(fields, run, source)
  const none = (sentence: string): M0 => {
    fields.say('M0_MISSING', 'M0Type', sentence)
    return { plan: { source: 'none' }, parameters: [] }
  }
  if (type === 'Included') {
    if (volumes.m0.length === 0)
      return none(
        `is Included and the aslcontext table has no m0scan volume: ${NO_ABSOLUTE}; mark the M0 volumes, or correct M0Type.`,
      )
    return planVolumes(fields, run, source, 'included', volumes.m0, volumes.types.length)
  }
  if (suppressed)
    return none(
      `is Absent and BackgroundSuppression is true, so the suppressed controls cannot serve as M0: ${NO_ABSOLUTE}; provide an m0scan (M0Type Separate or Included) or an M0Estimate.`,
    )
  if (volumes.control.length === 0)
    return none(
      `is Absent and there is no control volume to serve as M0: ${NO_ABSOLUTE}; provide an m0scan (M0Type Separate or Included) or an M0Estimate.`,
    )
  return planVolumes(fields, run, source, 'control', volumes.control, volumes.types.length)
}

/** Repetition times of the series are checked even where M0 does not need them: 0 shows a sidecar that is not filled in. */
function checkSeriesTimes(fields: FieldReader, volumes: number): boolean {
  const field = 'RepetitionTimePreparation'
  if (!fields.has(field)) return true
  const times = fields.numbers(field, null)
  return times !== null && checkRepetition(fields, times) && perVolume(fields, field, times, volumes) !== null
}

function planEstimate(fields: FieldReader, source: Source): M0 {
  const value = fields.numbers('M0Estimate', null)?.[0]
  const none: M0 = { plan: { source: 'none' }, parameters: [] }
  if (value === undefined) {
    fields.say('M0_MISSING', 'M0Estimate', `is missing though M0Type is Estimate: ${NO_ABSOLUTE}; add the M0 of blood.`)
    return none
  }
  if (!(value > 0)) {
    fields.say('M0_INVALID', 'M0Estimate', `is ${value}; it must be above 0: ${NO_ABSOLUTE}.`)
    return none
  }
  const meaning = 'M0 of blood as stated: the partition coefficient does not enter'
  return {
    plan: { source: 'estimate', value },
    parameters: [
      sourceParameter('M0Estimate', fieldFrom(source, 'M0Estimate')),
      {
        name: 'M0Estimate',
        symbol: 'M0b',
        meaning,
        value,
        unit: 'a.u.',
        source: 'sidecar',
        from: fieldFrom(source, 'M0Estimate'),
      },
    ],
  }
}

function sourceParameter(value: string, from: string): Parameter {
  return {
    name: 'M0Source',
    meaning: 'Where the equilibrium signal comes from',
    value,
    unit: '1',
    source: 'sidecar',
    from,
  }
}

function planVolumes(
  fields: FieldReader,
  run: Run,
  source: Source,
  from: 'included' | 'control',
  volumes: readonly number[],
  frames: number,
): M0 | null {
  const recovery = readRecovery(fields, run, source, {
    image: source,
    frames,
    volumes,
    canBeSaturated: from === 'included',
  })
  if (!recovery) return null
  const reference = referenceOf(fields, run)
  if (reference === undefined) return null
  const echoes = fields.numbers('EchoTime', null)
  const other = echoes?.find((_, volume) => !volumes.includes(volume))
  const echo = from === 'included' && echoes?.length === frames ? echoes[volumes[0]!] : undefined
  const effect = echoEffect(fields, echo, other, run, fields)
  const what =
    from === 'included'
      ? `${volumes.length} m0scan volume(s) of the series`
      : `mean of the ${volumes.length} control volumes`
  return {
    plan: { source: from, volumes, factors: recovery.factors.map(factor => factor * effect.factor), reference },
    parameters: [
      sourceParameter(what, fieldFrom(source, 'M0Type')),
      ...(reference?.parameters ?? []),
      ...recovery.parameters,
      ...effect.parameters,
    ],
  }
}

function planSeparate(fields: FieldReader, run: Run, source: Source): M0 | null {
  const images = run.roles.m0 ?? []
  if (images.length === 0) {
    fields.say(
      'M0_MISSING',
      'M0Type',
      `is Separate and ${whyNoImage(run)}: ${NO_ABSOLUTE}; add the m0scan, or name the series in its IntendedFor.`,
    )
    return { plan: { source: 'none' }, parameters: [] }
  }
  const recoveries: Recovery[] = []
  let reference: BloodReference | null = null
  for (const image of images) {
    const own = readFields(image)
    const frames = image.header?.frames ?? 1
    const volumes = Array.from({ length: frames }, (_, volume) => volume)
    const recovery = readRecovery(own, run, source, { image, frames, volumes, canBeSaturated: true })
    const [echo, other] = [own, fields].map(reader => reader.numbers('EchoTime', null)?.[0])
    const effect = echoEffect(own, echo, other, run, fields)
    const found = referenceOf(own, run)
    fields.problems.push(...own.problems)
    if (!recovery || found === undefined) return null
    reference = found
    recoveries.push({
      factors: recovery.factors.map(factor => factor * effect.factor),
      parameters: [...recovery.parameters, ...effect.parameters],
    })
  }
  const names = images.map(({ name }) => baseName(name.path)).join(', ')
  return {
    plan: { source: 'separate', factors: recoveries.map(({ factors }) => factors), reference },
    parameters: [
      sourceParameter(names, fieldFrom(source, 'M0Type')),
      ...(reference?.parameters ?? []),
      ...joinParameters(recoveries),
    ],
  }
}

/** The reference tissue, null for none; undefined, with a problem, where it cannot serve. */
function referenceOf(fields: FieldReader, run: Run): BloodReference | null | undefined {
  const tissue = referenceTissue(run)
  return tissue === null ? null : (bloodReference(fields, tissue) ?? undefined)
}

function whyNoImage({ context }: Run): string {
  const others = context['m0scans']
  const list = Array.isArray(others) ? others.filter(item => typeof item === 'string') : []
  if (list.length === 0) return 'the session has no m0scan'
  return `no usable m0scan belongs to the series (in the session: ${list.map(baseName).join(', ')})`
}
