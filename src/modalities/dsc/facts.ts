import { voxelSize } from '../../image/volume.ts'
import type { Fact } from '../../report/record.ts'
import type { Unit } from '../../units.ts'
import type { Run, Source } from '../modality.ts'
import { fieldFrom, numberIn, numbersIn } from './fields.ts'
import type { Fitted } from './fit.ts'
import { leadOf } from './quality.ts'

/** Fields that are shown as they are stated: name, label, unit. */
const PLAIN: readonly (readonly [string, string, Unit])[] = [
  ['Manufacturer', 'Manufacturer', '1'],
  ['MagneticFieldStrength', 'Field strength', 'T'],
  ['MRAcquisitionType', 'Readout', '1'],
  ['PulseSequenceType', 'Pulse sequence', '1'],
  ['FlipAngle', 'Flip angle', 'deg'],
  ['ContrastBolusIngredient', 'Contrast agent', '1'],
  ['ContrastBolusAgent', 'Product', '1'],
  ['ContrastBolusVolume', 'Volume of the agent', 'mL'],
  ['ContrastFlowRate', 'Injection rate', 'mL/s'],
  ['SalineFlushVolume', 'Saline flush', 'mL'],
  ['IVCatheterGauge', 'Cannula [gauge]', '1'],
  ['PreloadDosePerWeight', 'Preload dose', 'mmol/kg'],
  ['PreloadDelay', 'Preload before the bolus', 's'],
  ['Enhancing', 'Declared enhancement', '1'],
]

/** Products whose solution is not 0.5 mmol/mL, as their names contain it [mmol/mL]. */
const MOLARITY: readonly (readonly [RegExp, number])[] = [
  [/gadobutrol|gadovist|gadavist/i, 1],
  [/gadoxet|primovist|eovist/i, 0.25],
]
const USUAL_MOLARITY = 0.5

/**
 * What is known of the acquisition, for the plan, the protocol check and the report; of refused runs too.
 *
 * @remarks
 * Values stand as the metadata state them: nothing is checked here, and an absent field is a fact with value null, which the
 * protocol check calls not assessable.
 *
 * @param run - the run
 */
export function dscFacts(run: Run): Fact[] {
  const source = run.series[0]
  if (!source) return []
  return [
    of('FoundBy', 'Recognised by', text(run.context['foundBy']), '1', 'the name of the series'),
    ...PLAIN.map(([name, label, unit]) =>
      of(name, label, plainValue(source.sidecar.values[name]), unit, fieldFrom(source, name)),
    ),
    ...sequenceFacts(source),
    ...echoFacts(run, source),
    ...timeFacts(source),
    ...gridFacts(source),
    doseFact(source),
    preloadFact(run, source),
    of(
      'DelayInsensitive',
      'Deconvolution independent of delay',
      run.options['dsc-deconvolution'] !== 'ssvd',
      '1',
      '--dsc-deconvolution',
    ),
  ]
}

function of(name: string, label: string, value: Fact['value'], unit: Unit, from: string): Fact {
  return { name, label, value, unit, from }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function plainValue(value: unknown): Fact['value'] {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null
}

/** What the words of the sidecar say of the sequence; null where they say nothing. */
function sequenceFacts(source: Source): Fact[] {
  const { values } = source.sidecar
  const words = ['PulseSequenceType', 'ScanningSequence', 'PulseSequenceName', 'SequenceName'].flatMap(field => {
    const value = values[field]
    return typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : []
  })
  const all = words.join(' ')
  const isSpin = /spin.?echo|\bSE\b|SE.?EPI/i.test(all) && !/GRE|gradient|\bGR\b/i.test(all)
  const isGradient = /GRE|gradient|\bGR\b|FID/i.test(all) || (/\bEP\b/.test(all) && !isSpin)
  const train = numberIn(source, 'EchoTrainLength')
  const isPlanar = /EPI?\b|echo.?planar/i.test(all) || (train !== null && train > 1)
  const echo = isSpin ? 'spin echo' : isGradient ? 'gradient echo' : null
  const from = fieldFrom(source, 'PulseSequenceType')
  return [
    of('Echo', 'Echo', echo, '1', from),
    of('EchoPlanar', 'Echo-planar readout', words.length === 0 ? null : isPlanar, '1', from),
  ]
}

function echoFacts({ series, options }: Run, source: Source): Fact[] {
  const from = fieldFrom(source, 'EchoTime')
  const times = series.flatMap(echo => numberIn(echo, 'EchoTime') ?? []).sort((a, b) => a - b)
  const asked = series.length === 1 ? options['dsc-te'] : undefined
  const single = asked ?? (series.length === 1 ? (times[0] ?? null) : null)
  const complete = series.length > 1 && times.length === series.length
  return [
    of('Echoes', 'Echoes', series.length, '1', 'the dataset'),
    of('EchoTime', 'Echo time', single, 's', asked === undefined ? from : '--dsc-te'),
    ...(series.length > 1
      ? [
          of('FirstEchoTime', 'First echo time, for arteries', complete ? times[0]! : null, 's', from),
          of('LastEchoTime', 'Last echo time, for tissue', complete ? times.at(-1)! : null, 's', from),
        ]
      : []),
  ]
}

function timeFacts(source: Source): Fact[] {
  const { header } = source
  const frames = header?.frames ?? null
  const times = numbersIn(source, 'VolumeTiming')
  const even = times && times.length > 1 ? (times.at(-1)! - times[0]!) / (times.length - 1) : null
  const dt = even ?? numberIn(source, 'RepetitionTime') ?? header?.frameSpacing ?? null
  const field = even === null ? 'RepetitionTime' : 'VolumeTiming'
  const thousandth = (value: number) => Math.round(value * 1000) / 1000
  return [
    of('Volumes', 'Volumes', frames, '1', 'the image header'),
    of(
      'TimeBetweenVolumes',
      'Time between volumes',
      dt === null ? null : thousandth(dt),
      's',
      fieldFrom(source, field),
    ),
    of(
      'Duration',
      'Duration',
      dt !== null && frames !== null ? thousandth(dt * frames) : null,
      's',
      fieldFrom(source, field),
    ),
  ]
}

function gridFacts({ header }: Source): Fact[] {
  const from = 'the image header'
  const shape = header?.grid.shape
  const size = header ? voxelSize(header.grid).map(edge => Math.round(edge * 100) / 100) : null
  const field = shape && size ? [shape[0] * size[0]!, shape[1] * size[1]!].map(Math.round) : null
  return [
    of('Matrix', 'In-plane matrix', shape ? [shape[0], shape[1]] : null, '1', from),
    of('FieldOfView', 'Field of view', field, 'mm', from),
    of('SliceThickness', 'Slice spacing', size?.[2] ?? null, 'mm', from),
    of('Coverage', 'Coverage along the slices', shape && size ? Math.round(shape[2] * size[2]!) : null, 'mm', from),
  ]
}

/** The dose per body weight as stated, else from volume, weight and the concentration of the product. */
function doseFact(source: Source): Fact {
  const stated = numberIn(source, 'ContrastBolusDosePerWeight')
  const units = text(source.sidecar.values['ContrastBolusDosePerWeightUnits']) ?? 'mmol/kg'
  const make = (value: number | null, from: string) => of('ContrastDose', 'Contrast dose', value, 'mmol/kg', from)
  if (stated !== null && units === 'mmol/kg') return make(stated, fieldFrom(source, 'ContrastBolusDosePerWeight'))
  const [volume, weight] = [numberIn(source, 'ContrastBolusVolume'), numberIn(source, 'PatientWeight')]
  const product = text(source.sidecar.values['ContrastBolusAgent'])
  if (volume === null || weight === null || !(weight > 0) || product === null)
    return make(null, fieldFrom(source, 'ContrastBolusDosePerWeight'))
  const molarity = MOLARITY.find(([name]) => name.test(product))?.[1] ?? USUAL_MOLARITY
  const dose = Math.round((1000 * volume * molarity) / weight) / 1000
  return make(dose, `ContrastBolusVolume at ${molarity} mmol/mL (${product}) over PatientWeight`)
}

/** Whether contrast agent was given before the bolus, to saturate what leaks. */
function preloadFact({ context }: Run, source: Source): Fact {
  const series = text(context['preload'])
  const stated = source.sidecar.values['Preload']
  const dose = numberIn(source, 'PreloadDosePerWeight')
  const make = (value: boolean | null, from: string) => of('Preload', 'Preload of contrast agent', value, '1', from)
  if (typeof stated === 'boolean') return make(stated, fieldFrom(source, 'Preload'))
  if (dose !== null) return make(dose > 0, fieldFrom(source, 'PreloadDosePerWeight'))
  return series === null ? make(null, fieldFrom(source, 'Preload')) : make(true, series)
}

/** A low flip angle, at which T1 hardly counts [deg]. */
const LOW_FLIP = [24, 36] as const

/**
 * What the voxels told of the acquisition, for the protocol check and the report.
 *
 * @param fitted - the fit
 * @param run - for its metadata and options
 */
export function learntFacts(fitted: Fitted, run: Run): Fact[] {
  const { bolus, signals, arterial, headline, leakage, mean, problems } = fitted
  const source = run.series[0]
  const flip = source ? numberIn(source, 'FlipAngle') : null
  const isLow = flip !== null && flip >= LOW_FLIP[0] && flip <= LOW_FLIP[1]
  const preload = source ? preloadFact(run, source).value === true : false
  const learnt = (name: string, label: string, value: Fact['value'], unit: Unit = '1') =>
    of(name, label, value, unit, 'the series')
  const tenth = (value: number) => (Number.isFinite(value) ? Math.round(10 * value) / 10 : null)
  const isDrawn = arterial !== null && arterial.from !== 'table'
  return [
    learnt('BaselineVolumes', 'Volumes before the bolus', signals.baseline[1] - signals.baseline[0]),
    learnt('SignalDrop', 'Drop of the mean signal', tenth(100 * bolus.drop), '%'),
    learnt('ArrivalTime', 'Arrival of the bolus', tenth(bolus.arrival), 's'),
    learnt('AIFVoxels', 'Arterial voxels', arterial?.voxels?.length ?? null),
    learnt(
      'AIFSaturated',
      'Arterial signal falls to the noise',
      isDrawn ? problems.some(({ code }) => code === 'AIF_SATURATED') : null,
    ),
    learnt('AIFWidth', 'Arterial width at half maximum', arterial ? tenth(arterial.quality.fwhm) : null, 's'),
    learnt(
      'AIFLead',
      'Arterial peak before that of the brain',
      arterial ? tenth(leadOf(mean, arterial.quality.timeToPeak, signals.dt)) : null,
      's',
    ),
    of('LocalAIF', 'Local arterial inputs', run.options['dsc-aif'] === 'local', '1', '--dsc-aif'),
    learnt('EnhancementKnown', 'Enhancement declared or seen', headline.isEnhancing),
    learnt('LeakageHandled', 'Leakage accounted for', leakage !== null || preload || isLow),
  ]
}
