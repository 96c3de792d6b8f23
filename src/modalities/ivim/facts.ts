import { type Grid, voxelSize } from '../../image/volume.ts'
import type { Fact } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import type { Run, Source } from '../modality.ts'
import { gradientsOf, type IvimAcquisition, readAcquisition } from './acquisition.ts'
import { baseName, fieldFrom, textFile } from './fields.ts'
import { LIMITS } from './limits.ts'
import { organOf } from './organs.ts'
import { planMotion } from './prepare.ts'
import { predictedVariation } from './quality.ts'

/** Fields that are shown as they are stated: name, label, unit. */
const PLAIN: readonly (readonly [string, string, Unit])[] = [
  ['Manufacturer', 'Manufacturer', '1'],
  ['MagneticFieldStrength', 'Field strength', 'T'],
  ['MRAcquisitionType', 'Readout', '1'],
  ['PulseSequenceType', 'Pulse sequence', '1'],
  ['NumberShots', 'Shots', '1'],
  ['EchoTime', 'Echo time', 's'],
  ['RepetitionTime', 'Repetition time', 's'],
  ['ParallelReductionFactorInPlane', 'Parallel-imaging factor', '1'],
  ['MultibandAccelerationFactor', 'Multiband factor', '1'],
  ['DiffusionScheme', 'Diffusion gradients', '1'],
  ['PhaseEncodingDirection', 'Phase encoding', '1'],
]

/** Directions of a patient, by axis of scanner space. */
const ORIENTATIONS = ['sagittal', 'coronal', 'axial'] as const

/**
 * What is known of the acquisition, for the plan, the protocol check and the report; of refused runs too.
 *
 * @param run - the run
 */
export function ivimFacts(run: Run): Fact[] {
  const source = run.series[0]
  if (!source) return []
  const bound = readAcquisition(run)
  return [
    ...PLAIN.map(([name, label, unit]) => fact(name, label, plainValue(source.sidecar.values[name]), unit, source)),
    ...sequenceFacts(source),
    ...gridFacts(source.header?.grid ?? null),
    {
      name: 'Organ',
      label: 'Organ',
      value: organOf(source, run.options).organ,
      unit: '1',
      from: fieldFrom(source, 'BodyPart'),
    },
    {
      name: 'MotionCorrected',
      label: 'Motion correction',
      value: isCorrected(bound.ok ? bound.value : null, run),
      unit: '1',
      from: 'this run',
    },
    ...(bound.ok ? weightingFacts(bound.value, source) : bareFacts(run, source)),
  ]
}

/** Whether motion between volumes is corrected. */
function isCorrected(acquisition: IvimAcquisition | null, { options }: Run): boolean {
  return acquisition !== null && options['motion-correction'] === 'on' && !('not' in planMotion(acquisition))
}

function fact(name: string, label: string, value: Fact['value'], unit: Unit, source: Source): Fact {
  return { name, label, value, unit, from: fieldFrom(source, name) }
}

function plainValue(value: unknown): Fact['value'] {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null
}

/** What the words of the sidecar say of the sequence: yes, no, or null where they say nothing. */
function sequenceFacts(source: Source): Fact[] {
  const { values } = source.sidecar
  const words = (fields: readonly string[]) => {
    const found = fields.flatMap(field => {
      const value = values[field]
      return typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : []
    })
    return found.length > 0 ? found.join(' ') : null
  }
  const says = (name: string, label: string, text: string | null, pattern: RegExp, field: string): Fact => {
    return { name, label, value: text === null ? null : pattern.test(text), unit: '1', from: fieldFrom(source, field) }
  }
  return [
    says(
      'SpinEcho',
      'Spin echo',
      words(['PulseSequenceType', 'ScanningSequence']),
      /spin.?echo|\bSE\b|SE.?EPI/i,
      'PulseSequenceType',
    ),
    says(
      'EchoPlanar',
      'Echo-planar readout',
      words(['PulseSequenceType', 'ScanningSequence', 'PulseSequenceName', 'SequenceName']),
      /EPI?\b|echo.?planar/i,
      'PulseSequenceType',
    ),
    says(
      'FatSuppression',
      'Fat suppression',
      words(['ScanOptions', 'FatSuppression', 'FatSaturation']),
      /\bFS\b|SPAIR|SPIR|SSGR|FAT|true/i,
      'ScanOptions',
    ),
  ]
}

function gridFacts(grid: Grid | null): Fact[] {
  const size = grid ? voxelSize(grid).map(edge => Math.round(edge * 100) / 100) : null
  const of = (name: string, label: string, value: Fact['value'], unit: Unit): Fact => ({
    name,
    label,
    value,
    unit,
    from: 'the image header',
  })
  const normal = grid ? [2, 6, 10].map(at => Math.abs(grid.affine[at]!)) : null
  return [
    of('SliceThickness', 'Slice thickness', size?.[2] ?? null, 'mm'),
    of('InPlaneResolution', 'Largest in-plane voxel edge', size ? Math.max(size[0]!, size[1]!) : null, 'mm'),
    of(
      'SliceOrientation',
      'Slice orientation',
      normal ? ORIENTATIONS[normal.indexOf(Math.max(...normal))]! : null,
      '1',
    ),
  ]
}

/** b-values of a run that cannot be bound, as far as they can be read. */
function bareFacts(run: Run, source: Source): Fact[] {
  const gradients = gradientsOf(run)
  const from = baseName(textFile(source, '.bval'))
  const b = gradients.ok ? gradients.value.flatMap(part => part.b) : null
  return [
    {
      name: 'BValues',
      label: 'b-values',
      value: b ? [...new Set(b)].sort((one, other) => one - other) : null,
      unit: 's/mm^2',
      from,
    },
    { name: 'SmallestB', label: 'Smallest b-value', value: b ? Math.min(...b) : null, unit: 's/mm^2', from },
  ]
}

function weightingFacts(acquisition: IvimAcquisition, source: Source): Fact[] {
  const { support, averaging } = acquisition
  const b = support.groups.map(group => Math.round(group.b * 10) / 10)
  const bval = baseName(textFile(source, '.bval'))
  const bvec = baseName(textFile(source, '.bvec'))
  const of = (name: string, label: string, value: Fact['value'], unit: Unit = '1', from = bval): Fact => ({
    name,
    label,
    value,
    unit,
    from,
  })
  const most = Math.max(...b)
  const between = (low: number, high: number, without: readonly number[] = []) =>
    b.filter(value => value > low && value < high && !without.some(other => Math.abs(value - other) <= 10)).length
  const nearest = b.reduce((best, value) => (Math.abs(value - 200) < Math.abs(best - 200) ? value : best), Infinity)
  const snr = snrFor(acquisition)
  return [
    of('BValues', 'b-values', b, 's/mm^2'),
    of(
      'BValueCounts',
      'Volumes of each',
      support.groups.map(({ volumes }) => volumes.length),
    ),
    of('SmallestB', 'Smallest b-value', Math.min(...b), 's/mm^2'),
    of('LargestB', 'Largest b-value', most, 's/mm^2'),
    of('NearestTo200', 'b-value nearest to 200', nearest, 's/mm^2'),
    of('NearestTo500', 'Distance of a b-value from 500', Math.min(...b.map(value => Math.abs(value - 500))), 's/mm^2'),
    of('NearestTo300', 'Distance of a b-value from 300', Math.min(...b.map(value => Math.abs(value - 300))), 's/mm^2'),
    of(
      'NearestTo1000',
      'Distance of a b-value from 1000',
      Math.min(...b.map(value => Math.abs(value - 1000))),
      's/mm^2',
    ),
    of('LowB', 'b-values between 0 and 200', between(LIMITS.zero, 195)),
    of('HighB', 'b-values between 200 and 1000, beside 200 and 800', between(205, 1000, [800])),
    of('GapLow', 'Largest gap up to 200 over the even one', gapOf(b.filter(value => value <= 210))),
    of('GapHigh', 'Largest gap from 200 over the even one', gapOf(b.filter(value => value >= 190))),
    of('Directions', 'Directions', averaging.isVendor ? 'averaged by the scanner' : averaging.directions, '1', bvec),
    of('SameDirections', 'Same directions at every b-value', averaging.isSame, '1', bvec),
    of('AveragesLow', 'Averages at low b', Math.round(averaging.repeatsLow * 10) / 10),
    of('AveragesHigh', 'Averages at high b', Math.round(averaging.repeatsHigh * 10) / 10),
    of(
      'AveragesRatio',
      'Averages at high over low b',
      averaging.repeatsLow > 0 ? Math.round((100 * averaging.repeatsHigh) / averaging.repeatsLow) / 100 : null,
    ),
    of('SnrForF', 'SNR of a volume for f to 20 %', snr?.f ?? null, '1', 'computed from the b-values'),
    of('SnrForDstar', 'SNR of a volume for D* to 50 %', snr?.Dstar ?? null, '1', 'computed from the b-values'),
  ]
}

/** The largest gap between neighbours over that of an even spacing [1]; null of fewer than three. */
function gapOf(b: readonly number[]): number | null {
  if (b.length < 3) return null
  const gaps = b.slice(1).map((value, at) => value - b[at]!)
  const even = (b.at(-1)! - b[0]!) / gaps.length
  return Math.round((100 * Math.max(...gaps)) / even) / 100
}

/** SNR of one volume at b = 0 with which a voxel of the organ's usual tissue has f to 20 % and D* to 50 %, at best. */
function snrFor(acquisition: IvimAcquisition): { f: number; Dstar: number } | null {
  const one = predictedVariation(acquisition, 1)
  return one && { f: Math.ceil(one.f / 0.2), Dstar: Math.ceil(one.Dstar / 0.5) }
}
