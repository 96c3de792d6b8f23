import type { Grid } from '../../image/volume.ts'
import { type Bolus, findBolus } from '../../kinetics/dsc-bolus.ts'
import { trapezoid } from '../../kinetics/dsc-deconvolution.ts'
import type { Options } from '../../options.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { PER_100G, PER_100G_PER_MIN } from '../../units.ts'
import type { Placed, Prepared } from '../modality.ts'
import type { DscAcquisition } from './acquisition.ts'
import { type Arterial, arterialOf } from './arterial.ts'
import { checkBolus } from './checks.ts'
import { type Curves, describeVoxels, type Shapes } from './curves.ts'
import { baseName } from './fields.ts'
import { type Headline, headlineOf } from './headline.ts'
import { type Leakage, leakageOf, type Reference, referenceOf } from './leakage.ts'
import { type Local, localPerfusion } from './local.ts'
import { correctionOf, isScaled } from './outputs.ts'
import type { Perfused } from './perfuse.ts'
import { meanCourse } from './prepare.ts'
import { type Regions, regionsOf } from './regions.ts'
import type { Scaling } from './settings.ts'
import { readSignals, type Signals, smoothed } from './signals.ts'
import { perfusionOf } from './solver.ts'
import { type SliceDelay, sliceDelay } from './timing.ts'
import { type Normal, normalWhiteMatter } from './white-matter.ts'

/** Blood volume and its standard error [mL/100g], shape (nVoxel) each. */
export interface BloodVolume {
  readonly cbv: Float64Array
  readonly se: Float64Array
}

/** What a fit gives. */
export interface Fitted {
  readonly regions: Regions
  readonly signals: Signals
  readonly bolus: Bolus
  /** Mean signal of the mask in each volume, dummies included [a.u.]. */
  readonly course: Float64Array
  /** Mean curve of the mask [1/s], shape (nVolume without dummies). */
  readonly mean: Float64Array
  readonly reference: Reference | null
  readonly arterial: Arterial | null
  readonly scaling: Scaling
  readonly quantification: 'relative' | 'absolute'
  readonly perfused: Perfused | null
  readonly local: Local | null
  /** Blood volume without correction; null where it has no scale. */
  readonly volume: BloodVolume | null
  readonly leakage: Leakage | null
  /** The same with correction; null without one, too. */
  readonly corrected: BloodVolume | null
  readonly shape: Shapes
  readonly curves: Curves
  readonly normal: Normal | null
  readonly headline: Headline
  /** As the contract numbers it: of flow, or of the curve where there is no artery, shape (nVoxel). */
  readonly status: Uint8Array
  readonly problems: readonly Problem[]
}

/**
 * Everything that a run computes from its voxels.
 *
 * @remarks
 * MTT, CBF and Tmax come from the uncorrected curve and the uncorrected volume, whatever correction CBV is given.
 *
 * @param acquisition - the acquisition in house units
 * @param prepared - series by rising echo time, reference and mask
 * @param placed - images in roles, on the grid of the series
 * @param options - methods, smoothing
 */
export function fitSeries(
  acquisition: DscAcquisition,
  prepared: Prepared,
  placed: Placed,
  options: Options,
): Checked<Fitted> {
  const { mask, reference: image } = prepared
  const series = smoothed(prepared.series, mask, options.smooth)
  const course = meanCourse(series.at(-1)!, mask)
  const bolus = findBolus(course, acquisition.timing.dt)
  const checked = checkBolus(bolus, acquisition)
  if (!checked.ok) return checked
  const regions = regionsOf(prepared, placed)
  const signals = readSignals(series, acquisition, bolus, mask)
  const delayOf = sliceDelay(acquisition.slices, image.grid.shape)
  const found = arterialOf({ acquisition, options, signals, regions, placed, delayOf })
  const problems: Problem[] = [...checked.problems, ...found.problems]
  if (!found.ok) return bad(...problems)
  const scale = scaleOf(acquisition, found.value, signals.dt)
  const curves = describeVoxels(signals, mask, delayOf)
  const context = found.value && { signals, arterial: found.value, scale: scale.flow, options, delayOf, curves }
  const perfused = context && perfusionOf(options['dsc-deconvolution'], context)
  const local = context && options['dsc-aif'] === 'local' ? localPerfusion(context, regions, image.grid) : null
  const { grid } = image
  const leak = correctLeakage({ acquisition, options, signals, regions, curves, delayOf, grid, problems })
  const shown = { area: curves.area, timeToPeak: curves.shape.ttpscan }
  const normal = normalWhiteMatter(regions, shown, grid, acquisition.image, problems)
  const { leakage } = leak
  const isDeclared = acquisition.isEnhancing
  return good({
    regions,
    signals,
    bolus,
    course,
    mean: curves.mean,
    reference: leak.reference,
    arterial: found.value,
    scaling: acquisition.scaling,
    quantification: scale.isAbsolute ? 'absolute' : 'relative',
    perfused,
    local,
    volume: volumeOf(curves.area, curves.areaError, scale),
    leakage,
    corrected: leakage && volumeOf(leakage.area, leakage.se.area, scale),
    shape: curves.shape,
    curves,
    normal,
    headline: headlineOf({ area: curves.area, leakage, normal, perfused, regions, isDeclared }),
    status: perfused ? curves.status.map((code, v) => (code === 4 ? code : perfused.status[v]!)) : curves.status,
    problems,
  })
}

/** What turns ratios to the arterial curve into report units. */
interface Scale {
  /** [mL/100g/min] over [1/s]; 1 where CBF has no scale. */
  readonly flow: number
  /** [mL/100g] over the area of a curve [1]; null where CBV has no scale. */
  readonly area: number | null
  /** Whether a vein or relaxivities gave the scale. */
  readonly isAbsolute: boolean
}

function scaleOf(acquisition: DscAcquisition, arterial: Arterial | null, dt: number): Scale {
  if (!arterial || !isScaled(acquisition)) return { flow: 1, area: null, isAbsolute: false }
  const gain = arterial.gain * acquisition.scaling.factor
  const { arterial: source } = acquisition
  return {
    flow: PER_100G_PER_MIN * gain,
    area: (PER_100G * gain) / trapezoid(arterial.curve, dt),
    isAbsolute: arterial.vein !== null || (source.kind === 'curve' && source.given.relaxivity !== null),
  }
}

function volumeOf(area: Float64Array, errors: Float64Array, { area: factor }: Scale): BloodVolume | null {
  return factor === null ? null : { cbv: area.map(value => factor * value), se: errors.map(error => factor * error) }
}

/** The reference curve and the correction that was asked for; without, and with a problem, where there is no reference. */
function correctLeakage(parts: {
  readonly acquisition: DscAcquisition
  readonly options: Options
  readonly signals: Signals
  readonly regions: Regions
  readonly curves: Curves
  readonly delayOf: SliceDelay
  readonly grid: Grid
  readonly problems: Problem[]
}): Pick<Fitted, 'reference' | 'leakage'> {
  const { acquisition, options, signals, regions, curves, delayOf, grid, problems } = parts
  const reference = referenceOf(signals, regions, curves, delayOf)
  const correction = correctionOf(options)
  if (!correction) return { reference, leakage: null }
  if (!reference) {
    problems.push(withoutReference(acquisition.image))
    return { reference, leakage: null }
  }
  return { reference, leakage: leakageOf(correction, { signals, curves, reference, delayOf, grid }) }
}

function withoutReference(image: string): Problem {
  return problem(
    'LEAKAGE_UNKNOWN',
    `${baseName(image)}: too little tissue that does not enhance was found to tell leakage by: CBV is written without correction only; check the mask and the mask of pathology.`,
    { file: image },
  )
}
