import type { LabelingType } from '../../physics/constants.ts'
import { bad, type Checked, good, type Problem } from '../../problems.ts'
import type { Run } from '../modality.ts'
import { assignVolumes, readContext, type Volumes } from './context.ts'
import { type FieldReader, inSeconds, perVolume, readFields } from './fields.ts'
import {
  bolusOf,
  distinctTimes,
  groupOf,
  type LabelledTime,
  type Labellings,
  readLabelling,
  readVolumeTimes,
} from './labelling.ts'
import { LEAST_DELAYS_WITH_ARTERIES } from './limits.ts'
import { type M0, planM0 } from './m0.ts'
import { checkNeonate, chooseTissueT1, readSettings, type Setting, type Settings } from './settings.ts'
import { readSliceDelays, type SliceDelays } from './slices.ts'
import { ENCODING, readEncoding } from './time-encoding.ts'

/** The kinetic models, by the names of `--asl-model`. */
export type AslModel = 'single' | 'multi' | 'buxton'

/** What is needed to turn differences into flow. */
export interface Quantification {
  /** What CBF is computed by: the equation of one delay, or a fit over several for the T1 of blood or with a T1 of tissue. */
  readonly model: AslModel
  readonly labellings: Labellings
  /** Excitation delays of the slices; null for a 3D readout. */
  readonly slices: SliceDelays | null
  readonly settings: Settings
  /** T1 of tissue, where the model has one [s]. */
  readonly tissue: Setting | null
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
 * All refusals come from here: a time in milliseconds, a list of the wrong length, volumes that cannot be paired, delays that
 * a model cannot use, an unknown bolus duration, a 2D readout without slice times. A missing M0 is a problem of severity partial: the
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

  const timed = readDifferences(fields, type, types.value, image)
  if (!timed.ok) return refuse(fields, timed.problems)
  const { volumes, times } = timed.value
  const labellings = times && readLabelling(fields, type, times)
  const model = labellings && chooseModel(fields, run, labellings)
  const m0 = planM0(fields, run, source, volumes, suppressed)
  const isAbsolute = m0?.plan.source !== 'none'
  const tissue = model === 'buxton' ? chooseTissueT1(fields, run, source) : null
  const settings = readSettings(fields, run, source, { type, suppressed, isAbsolute })
  if (!labellings || !model || (model === 'buxton' && !tissue) || !settings || !m0 || isRefused(fields))
    return refuse(fields)
  if (isAbsolute) checkNeonate(fields, run, settings)
  checkPairs(fields, volumes)
  return good(
    { image, volumes, quantification: { model, labellings, slices, settings, tissue, m0, suppressed } },
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

/** The differences of a series and when the blood of each was labelled; null times where the metadata do not tell. */
interface Timed {
  readonly volumes: Volumes
  readonly times: readonly LabelledTime[] | null
}

function readDifferences(
  fields: FieldReader,
  type: LabelingType,
  types: Volumes['types'],
  image: string,
): Checked<Timed> {
  if (fields.has(ENCODING)) {
    if (type === 'PASL') {
      fields.say(
        'FIELD_INVALID',
        ENCODING,
        'is stated for pulsed labelling, which labels once and cannot encode; remove it.',
      )
      return bad()
    }
    const encoded = readEncoding(fields, types)
    if (!encoded) return bad()
    const { differences, times, control } = encoded
    const m0 = types.flatMap((found, volume) => (found === 'm0scan' ? [volume] : []))
    return good({ volumes: { types, kind: 'encoded', differences, m0, control }, times })
  }
  const each = readVolumeTimes(fields, type, types.length)
  const volumes = assignVolumes(types, image, each ? groupOf(each) : undefined)
  if (!volumes.ok) return volumes
  const timeOf = (volume: number): LabelledTime => ({
    delay: each!.delay[volume]!,
    labelingDuration: each!.labelingDuration?.[volume] ?? null,
  })
  const times = each && volumes.value.differences.map(({ volumes: [first] }) => timeOf(first!))
  return good({ volumes: volumes.value, times })
}

/** The model: the option, else by the number of delays; null, with a problem, where the series does not support it. */
function chooseModel(fields: FieldReader, run: Run, { samples }: Labellings): AslModel | null {
  const asked = run.options['asl-model']
  const readouts = distinctTimes(samples.map(sample => bolusOf(sample, 0).time))
  const list = samples.map(({ delay }) => inSeconds(delay)).join(', ')
  const isSingle = asked === 'single' || (asked === 'auto' && readouts.length === 1)
  const isPulsedWhole = samples.some(sample => sample.type === 'PASL' && sample.technique === null)
  if (isSingle && isPulsedWhole) {
    fields.say(
      'PASL_WITHOUT_CUTOFF',
      'BolusCutOffFlag',
      `is false: a pulsed bolus that was not cut off has an unknown duration, and ${readouts.length === 1 ? 'one inversion time' : '--asl-model single'} cannot give CBF; only a fit over several inversion times can.`,
    )
    return null
  }
  const needed = isPulsedWhole ? 3 : 2
  if (!isSingle && readouts.length < needed) {
    fields.say(
      'DELAYS_TOO_FEW',
      'PostLabelingDelay',
      `is ${list} s: ${isPulsedWhole ? 'a bolus that was not cut off' : `--asl-model ${asked}`} needs at least ${needed} times of readout after the start of labelling, and the series has ${readouts.length}; ${isPulsedWhole ? 'leave the series out' : 'use --asl-model auto'}.`,
    )
    return null
  }
  if (isSingle && samples.length > 1)
    fields.say(
      'FIELD_UNUSUAL',
      'PostLabelingDelay',
      `holds several delays (${list} s) and --asl-model single takes the bolus to have arrived in all of them: CBF is too low where it had not.`,
    )
  if (isSingle) return 'single'
  const least = LEAST_DELAYS_WITH_ARTERIES.on
  if (run.options['asl-arterial'] === 'on' && readouts.length < least) {
    fields.say(
      'DELAYS_TOO_FEW',
      'PostLabelingDelay',
      `is ${list} s: --asl-arterial on needs at least ${least} times of readout, and the series has ${readouts.length}; leave the option out.`,
    )
    return null
  }
  return asked === 'buxton' ? 'buxton' : 'multi'
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
