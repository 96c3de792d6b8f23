import { voxelSize } from '../../image/volume.ts'
import type { Fact } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import type { Run, Source } from '../modality.ts'
import { VOLUME_TYPES, type VolumeType } from './context.ts'
import { fieldFrom } from './fields.ts'
import { distinctTimes } from './labelling.ts'
import { ageInYears } from './settings.ts'

/** Fields that are shown as they are stated: name, label, unit. */
const PLAIN: readonly (readonly [string, string, Unit])[] = [
  ['Manufacturer', 'Manufacturer', '1'],
  ['MagneticFieldStrength', 'Field strength', 'T'],
  ['ArterialSpinLabelingType', 'Labelling', '1'],
  ['BolusCutOffTechnique', 'Bolus cut-off', '1'],
  ['BolusCutOffDelayTime', 'Bolus cut-off times', 's'],
  ['LabelingEfficiency', 'Labelling efficiency as stated', '1'],
  ['BackgroundSuppression', 'Background suppression', '1'],
  ['BackgroundSuppressionNumberPulses', 'Background-suppression pulses', '1'],
  ['MRAcquisitionType', 'Readout', '1'],
  ['PulseSequenceType', 'Readout trajectory', '1'],
  ['NumberShots', 'Segments of the readout', '1'],
  ['ReadoutDuration', 'Duration of one segment of the readout', 's'],
  ['EchoTime', 'Echo time', 's'],
  ['RepetitionTimePreparation', 'Repetition time', 's'],
  ['VascularCrushing', 'Vascular crushing', '1'],
  ['M0Type', 'M0', '1'],
  ['TotalAcquiredPairs', 'Acquired pairs', '1'],
]

/** Fields of time that hold one value a volume and are shown as their distinct values over the volumes that carry signal. */
const TIMES: readonly (readonly [string, string])[] = [
  ['LabelingDuration', 'Labelling duration'],
  ['PostLabelingDelay', 'Post-labelling delay'],
]

/** Columns of participants.tsv that declare impaired haemodynamics, as they are spelled. */
const IMPAIRMENT = ['hemodynamic_impairment', 'haemodynamic_impairment']

/**
 * What is known of the acquisition, for the plan, the protocol check and the report; of refused runs too.
 *
 * @remarks
 * Values stand as the metadata state them: nothing is checked here, and an absent field is a fact with value null.
 *
 * @param run - the run
 */
export function aslFacts(run: Run): Fact[] {
  const source = run.series[0]
  if (!source) return []
  const plain = PLAIN.map(([name, label, unit]) => fact(name, label, statedValue(source, name), unit, source))
  const types = volumeTypes(source)
  const times = TIMES.map(([name, label]) => fact(name, label, timesOf(source, name, types), 's', source))
  return [...plain.slice(0, 3), ...times, ...plain.slice(3), volumeFact(types), voxelFact(source), ...personFacts(run)]
}

/** Fields that may hold one value a volume and are shown as their distinct values. */
const DISTINCT = ['RepetitionTimePreparation', 'EchoTime']

function fact(name: string, label: string, value: Fact['value'], unit: Unit, source: Source): Fact {
  return { name, label, value, unit, from: fieldFrom(source, name) }
}

function statedValue(source: Source, name: string): Fact['value'] {
  const value = plainValue(source.sidecar.values[name])
  if (!DISTINCT.includes(name) || typeof value !== 'object' || value === null) return value
  return distinctTimes(value.map(Number))
}

/** A value that a fact can hold; null for anything else. */
function plainValue(value: unknown): Fact['value'] {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  if (!Array.isArray(value)) return null
  const items = value.filter(item => typeof item === 'number' || typeof item === 'string')
  if (items.length !== value.length) return null
  return new Set(items).size === 1 ? items[0]! : items
}

function volumeTypes(source: Source): readonly (VolumeType | undefined)[] {
  const table = source.tables['aslcontext']
  const column = table?.columns.indexOf('volume_type') ?? -1
  if (!table || column < 0) return []
  return table.rows.map(cells => VOLUME_TYPES.find(type => type.toLowerCase() === cells[column]?.trim().toLowerCase()))
}

/** The distinct times of volumes with perfusion signal: one number, or a list where there are several. */
function timesOf(source: Source, name: string, types: readonly (VolumeType | undefined)[]): Fact['value'] {
  const value = plainValue(source.sidecar.values[name])
  if (!Array.isArray(value)) return value
  const listed = Array.isArray(source.sidecar.values[name]) ? value : []
  const carries = (volume: number) =>
    types.length !== listed.length || ['control', 'label', 'deltam'].includes(types[volume] ?? '')
  const numbers = listed.filter((time, volume): time is number => typeof time === 'number' && carries(volume))
  const distinct = distinctTimes(numbers)
  return distinct.length === 1 ? distinct[0]! : distinct
}

function volumeFact(types: readonly (VolumeType | undefined)[]): Fact {
  const counts = VOLUME_TYPES.map(type => [type, types.filter(found => found === type).length] as const).filter(
    ([, n]) => n > 0,
  )
  const value = counts.length > 0 ? counts.map(([type, n]) => `${n} ${type}`).join(', ') : null
  return { name: 'Volumes', label: 'Volumes', value, unit: '1', from: 'volume_type in the aslcontext table' }
}

/** Acquired voxel size; that of the image where the sidecar does not state it. */
function voxelFact(source: Source): Fact {
  const stated = source.sidecar.values['AcquisitionVoxelSize']
  const sizes = Array.isArray(stated) ? stated.filter(item => typeof item === 'number') : []
  if (sizes.length === 3) return fact('AcquisitionVoxelSize', 'Acquired voxel size', sizes, 'mm', source)
  if (!source.header) return fact('AcquisitionVoxelSize', 'Acquired voxel size', null, 'mm', source)
  const value = voxelSize(source.header.grid).map(edge => Math.round(edge * 100) / 100)
  return {
    name: 'AcquisitionVoxelSize',
    label: 'Voxel size of the image',
    value,
    unit: 'mm',
    from: 'NIfTI header (AcquisitionVoxelSize is not stated)',
  }
}

function personFacts({ participant, context }: Run): Fact[] {
  const column = IMPAIRMENT.find(name => participant[name] !== undefined)
  const cell = column === undefined ? '' : (participant[column] ?? '').trim().toLowerCase()
  const impaired = /^(y|yes|true|1)$/.test(cell) ? true : /^(n|no|false|0)$/.test(cell) ? false : null
  const contrast = context['contrastBefore']
  const scans = Array.isArray(context['contrastScans'])
    ? context['contrastScans'].filter(item => typeof item === 'string')
    : []
  const seen = scans.length > 0 ? `acquisition times of ${scans.join(', ')}` : 'no contrast-agent run in the session'
  return [
    { name: 'Age', label: 'Age', value: ageInYears(participant), unit: 'year', from: 'age in participants.tsv' },
    {
      name: 'HemodynamicImpairment',
      label: 'Declared haemodynamic impairment',
      value: impaired,
      unit: '1',
      from: `${column ?? IMPAIRMENT[0]} in participants.tsv`,
    },
    {
      name: 'ContrastAgentBefore',
      label: 'Contrast agent before',
      value: typeof contrast === 'boolean' ? contrast : null,
      unit: '1',
      from: seen,
    },
  ]
}
