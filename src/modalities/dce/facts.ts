import type { Fact } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import { digits, fieldFrom, numberIn, textIn } from '../fields.ts'
import type { Run, Source } from '../modality.ts'
import { excitationOf } from '../spoiled-echo.ts'
import { agentNameOf, organOf } from './settings.ts'
import { framesOf } from './timing.ts'

/** Fields that are shown as they are stated: name, label, unit. */
const PLAIN: readonly (readonly [string, string, Unit])[] = [
  ['Manufacturer', 'Manufacturer', '1'],
  ['MagneticFieldStrength', 'Field strength', 'T'],
  ['MRAcquisitionType', 'Readout', '1'],
  ['PulseSequenceType', 'Pulse sequence', '1'],
  ['EchoTime', 'Echo time', 's'],
  ['FlipAngle', 'Flip angle', 'deg'],
  ['ContrastDose', 'Dose', 'mmol/kg'],
]

/**
 * What is known of the acquisition, for the plan, the protocol check and the report; of refused runs too.
 *
 * @param run - the run
 */
export function dceFacts(run: Run): Fact[] {
  const [source] = run.series
  if (!source) return []
  const frames = framesOf(source)
  const excitation = excitationOf(source)
  const time = 'says' in excitation ? null : excitation.repetitionTime
  const known = (name: string, label: string, value: Fact['value'], unit: Unit, from: string): Fact => {
    return { name, label, value, unit, from }
  }
  const times = frames.ok ? frames.value.times : null
  const from = frames.ok ? frames.value.from : fieldFrom(source, 'VolumeTiming')
  const declared = run.options['dce-t1']
  const t1 =
    (run.roles.t1map ?? []).length > 0 || run.pending?.includes('t1map')
      ? 'map'
      : typeof declared === 'number'
        ? 'assumed'
        : 'none'
  return [
    ...PLAIN.map(([name, label, unit]) => known(name, label, plain(source, name), unit, fieldFrom(source, name))),
    sequenceFact(source),
    known(
      'RepetitionTimeExcitation',
      'Excitation TR',
      time ? Number(digits(time.value)) : null,
      's',
      time?.from ?? fieldFrom(source, 'RepetitionTimeExcitation'),
    ),
    known('Volumes', 'Volumes', source.header?.frames ?? null, '1', 'the series'),
    known(
      'TemporalResolution',
      'Time between volumes',
      frames.ok ? Number(digits(frames.value.spacing)) : null,
      's',
      from,
    ),
    known('UnevenFrames', 'Uneven volumes', frames.ok ? frames.value.isUneven : null, '1', from),
    known('Duration', 'Duration of the series', times ? Number(digits(times.at(-1)! - times[0]!)) : null, 's', from),
    known('ContrastAgent', 'Contrast agent', agentNameOf(run, source).text, '1', agentNameOf(run, source).from),
    known('Organ', 'Organ', organOf(run).organ, '1', organOf(run).from),
    known(
      'BaselineT1',
      'T1 before contrast',
      run.context['input'] === 'concentration' ? 'not needed' : t1,
      '1',
      'anat/',
    ),
    known(
      'TransmitField',
      'B1 map',
      (run.roles.b1 ?? []).length > 0 || run.pending?.includes('b1') === true,
      '1',
      'fmap/',
    ),
    known('HasVfa', 'T1 images of several flip angles', anglesOf(run).length > 1, '1', 'anat/'),
    known('AngleInVfaRange', 'Flip angle within those of the T1 images', isInRange(run, source), '1', 'FlipAngle'),
    viewSharing(source),
    known('MotionCorrected', 'Motion correction', false, '1', 'this run'),
  ]
}

/** Flip angles of the T1 images of the session [deg]. */
function anglesOf({ context }: Run): number[] {
  const list = context['vfaAngles']
  return Array.isArray(list) ? list.filter((angle): angle is number => typeof angle === 'number') : []
}

/** Whether the flip angle is like those of the T1 images, give or take half; null where there are none. */
function isInRange(run: Run, source: Source): boolean | null {
  const angle = numberIn(source, 'FlipAngle')
  const angles = anglesOf(run)
  if (angle === null || angles.length < 2) return null
  const [low, high] = [Math.min(...angles), Math.max(...angles)]
  return angle >= low / 2 && angle <= 1.5 * high
}

function plain(source: Source, field: string): Fact['value'] {
  const value = source.sidecar.values[field]
  return typeof value === 'string' ? value : numberIn(source, field)
}

const words = (source: Source, fields: readonly string[]): string | null => {
  const found = fields.flatMap(field => {
    const value = source.sidecar.values[field]
    return typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : []
  })
  return found.length > 0 ? found.join(' ') : null
}

/** Whether the words of the sidecar speak of a spoiled gradient echo. */
function sequenceFact(source: Source): Fact {
  const text = words(source, ['PulseSequenceType', 'ScanningSequence', 'SequenceVariant', 'SequenceName'])
  const isSpoiled =
    text === null ? null : /spgr|flash|spoil|t1.?ffe|vibe|lava|thrive|twist|\bGR\b|gre|gradient/i.test(text)
  return {
    name: 'SpoiledEcho',
    label: 'Spoiled gradient echo',
    value: isSpoiled,
    unit: '1',
    from: fieldFrom(source, 'PulseSequenceType'),
  }
}

/** Whether the words speak of view sharing, where one image holds data of several. */
function viewSharing(source: Source): Fact {
  const text = words(source, ['PulseSequenceDetails', 'PulseSequenceType', 'SeriesDescription', 'ProtocolName'])
  return {
    name: 'ViewSharing',
    label: 'View sharing',
    value: text === null ? null : /twist|tricks|keyhole|4d.?thrive|time.?resolved|disco/i.test(text),
    unit: '1',
    from: textIn(source, 'PulseSequenceDetails')
      ? fieldFrom(source, 'PulseSequenceDetails')
      : fieldFrom(source, 'PulseSequenceType'),
  }
}
