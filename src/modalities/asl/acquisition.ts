import type { LabelingType } from '../../physics/constants.ts'
import { bad, type Checked, good, type Problem } from '../../problems.ts'
import type { Run } from '../modality.ts'
import { assignVolumes, readContext, type Volumes } from './context.ts'
import { type FieldReader, perVolume, readFields } from './fields.ts'
import {
  groupOf,
  type Labelling,
  readLabelling,
  readSliceDelays,
  readVolumeTimes,
  type SliceDelays,
} from './labelling.ts'
import { type M0, planM0 } from './m0.ts'
import { checkNeonate, readSettings, type Settings } from './settings.ts'

/** What is needed to turn differences into flow. */
export interface Quantification {
  readonly labelling: Labelling
  /** Excitation delays of the slices; null for a 3D readout. */
  readonly slices: SliceDelays | null
  readonly settings: Settings
  readonly m0: M0
  readonly suppressed: boolean
}

/** An ASL run as the computation needs it, in house units. */
export interface AslAcquisition {
  /** Path of the series, for messages. */
  readonly image: string
  readonly volumes: Volumes
  /** Null where the series is flow already. */
  readonly quantification: Quantification | null
}

const LABELING_TYPES = ['PCASL', 'CASL', 'PASL'] as const satisfies readonly LabelingType[]

/** Spellings of mL/100g/min, without blanks, in lower case. */
const FLOW_UNITS = ['ml/100g/min', 'ml/min/100g', 'ml/(100g*min)', 'ml/100g*min', 'ml100g-1min-1', 'ml/100gr/min']

/**
 * The acquisition of a run in house units, or everything that is wrong with its metadata.
 *
 * @remarks
 * All refusals come from here: a time in milliseconds, a list of the wrong length, volumes that cannot be paired, several
 * delays, an unknown bolus duration, a 2D readout without slice times. A missing M0 is a problem of severity partial: the
 * acquisition stands, without absolute scale.
 *
 * @param run - the run
 */
export function readAcquisition(run: Run): Checked<AslAcquisition> {
  const source = run.series[0]
  if (!source) throw new Error('an ASL run has a series')
  const image = source.name.path
  const frames = source.header?.frames ?? null
  const fields = readFields(source)
  const types = readContext(source.tables['aslcontext'] ?? null, image, frames)
  if (!types.ok) return types
  if (types.value.includes('cbf')) return readFlow(fields, types.value, image)

  const type = fields.word('ArterialSpinLabelingType', LABELING_TYPES, `add one of ${LABELING_TYPES.join(', ')}.`)
  const suppressed = fields.flag(
    'BackgroundSuppression',
    'say whether background suppression was on: it takes label away and makes controls unfit as M0.',
  )
  const slices = readSliceDelays(fields, source)
  checkLookLocker(fields)
  checkLengths(fields, types.value.length)
  if (type === null || suppressed === null) return refuse(fields)

  const times = readVolumeTimes(fields, type, types.value.length)
  const volumes = assignVolumes(types.value, image, times ? groupOf(times) : undefined)
  if (!volumes.ok) return refuse(fields, volumes.problems)
  const labelling = times && readLabelling(fields, type, times, usedVolumes(volumes.value))
  const m0 = planM0(fields, run, source, volumes.value, suppressed)
  const isAbsolute = m0?.plan.source !== 'none'
  const settings = readSettings(fields, run, source, { type, suppressed, isAbsolute })
  if (!labelling || !settings || !m0 || isRefused(fields)) return refuse(fields)
  if (isAbsolute) checkNeonate(fields, run, settings)
  checkPairs(fields, volumes.value)
  return good(
    { image, volumes: volumes.value, quantification: { labelling, slices, settings, m0, suppressed } },
    fields.problems,
  )
}

function isRefused({ problems }: FieldReader): boolean {
  return problems.some(({ severity }) => severity === 'error')
}

/** Every problem once: a field may be read for two purposes. */
function refuse(fields: FieldReader, more: readonly Problem[] = []): Checked<never> {
  const seen = new Map([...fields.problems, ...more].map(item => [`${item.code} ${item.message}`, item]))
  return bad(...seen.values())
}

function usedVolumes({ differences }: Volumes): number[] {
  return differences.flatMap(({ plus, minus }) => (minus === null ? [plus] : [plus, minus]))
}

/** A series of flow images is passed on, where it says that it is flow. */
function readFlow(fields: FieldReader, types: Volumes['types'], image: string): Checked<AslAcquisition> {
  const volumes = assignVolumes(types, image)
  if (!volumes.ok) return volumes
  if (!fields.has('Units'))
    fields.say(
      'FIELD_MISSING',
      'Units',
      'is missing: a series with cbf volumes must state its unit; add "Units": "mL/100g/min" if that is what it holds.',
    )
  else {
    const unit = `${fields.text('Units')}`
    if (!FLOW_UNITS.includes(unit.toLowerCase().replace(/[\s^{}·]/g, '')))
      fields.say(
        'FIELD_INVALID',
        'Units',
        `is "${unit}"; CBF volumes must be in mL/100g/min: convert them, or leave them out of the aslcontext table (n/a).`,
      )
  }
  if (isRefused(fields)) return refuse(fields)
  return good({ image, volumes: volumes.value, quantification: null }, fields.problems)
}

function checkLookLocker(fields: FieldReader): void {
  if (fields.has('LookLocker') && fields.flag('LookLocker', null) === true)
    fields.say(
      'NOT_SUPPORTED',
      'LookLocker',
      'is true: a Look-Locker readout disturbs the label with every excitation, for which this version has no model; leave the series out.',
    )
}

/** Lists that have to hold one value a volume where they are lists. */
function checkLengths(fields: FieldReader, volumes: number): void {
  for (const field of ['EchoTime', 'FlipAngle', 'VascularCrushingVENC']) {
    const values = fields.has(field) ? fields.numbers(field, null) : null
    if (values) perVolume(fields, field, values, volumes)
  }
}

function checkPairs(fields: FieldReader, { kind, differences }: Volumes): void {
  const acquired = fields.numbers('TotalAcquiredPairs', null)?.[0]
  // Difference images are averages of the acquired pairs: their number says nothing.
  if (acquired === undefined || kind !== 'pairs' || acquired === differences.length) return
  fields.say(
    'PAIRS_DISAGREE',
    'TotalAcquiredPairs',
    `is ${acquired}, the series holds ${differences.length} pairs; the pairs of the series are used.`,
  )
}
