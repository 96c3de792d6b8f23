import { type Bolus, findBolus } from '../../kinetics/dsc-bolus.ts'
import { trapezoid } from '../../kinetics/dsc-deconvolution.ts'
import type { Options } from '../../options.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { PER_100G, PER_100G_PER_MIN } from '../../units.ts'
import type { Placed, Prepared } from '../modality.ts'
import type { DscAcquisition } from './acquisition.ts'
import { type Arterial, arterialOf } from './arterial.ts'
import { checkBolus } from './checks.ts'
import { describeVoxels, type Shapes } from './curves.ts'
import { baseName } from './fields.ts'
import { type Headline, headlineOf } from './headline.ts'
import { type Leakage, leakageOf, type Reference, referenceOf } from './leakage.ts'
import { type Local, localPerfusion } from './local.ts'
import { correctionOf, isScaled } from './maps.ts'
import { type Perfused, truncatedSolver } from './perfuse.ts'
import { meanCourse } from './prepare.ts'
import { type Regions, regionsOf } from './regions.ts'
import type { Scaling } from './settings.ts'
import { readSignals, type Signals, smoothed } from './signals.ts'
import { sliceDelay } from './timing.ts'
import { type Normal, normalWhiteMatter } from './white-matter.ts'

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
  /** Blood volume without correction [mL/100g], with its standard error; null where it has no scale. */
  readonly volume: { readonly cbv: Float64Array; readonly se: Float64Array } | null
  /** Area under the curve of each voxel [1], shape (nVoxel). */
  readonly area: Float64Array
  readonly leakage: Leakage | null
  readonly shape: Shapes
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
  const problems: Problem[] = [...checked.problems]
  const regions = regionsOf(prepared, placed)
  const signals = readSignals(series, acquisition, bolus, mask)
  const delayOf = sliceDelay(acquisition.slices, image.grid.shape)
  const found = arterialOf({ acquisition, options, signals, regions, placed, delayOf })
  problems.push(...found.problems)
  if (!found.ok) return bad(...problems)
  const arterial = found.value
  const scaled = arterial !== null && isScaled(acquisition)
  const gain = (arterial?.gain ?? 1) * acquisition.scaling.factor
  const scale = scaled ? PER_100G_PER_MIN * gain : 1
  const n = mask.length
  const context = arterial && { signals, arterial, scale, options, delayOf, echoTimes: acquisition.echoTimes }
  const method = options['dsc-deconvolution']
  const solver = context && method !== 'vm' ? truncatedSolver(method, n, context) : null
  const curves = describeVoxels(signals, mask, delayOf, solver ? [solver] : [])
  const local = context && options['dsc-aif'] === 'local' ? localPerfusion(context, curves, regions, image.grid) : null
  const reference = referenceOf(signals, regions, curves, delayOf)
  const correction = correctionOf(options)
  const areaScale = scaled && arterial ? (PER_100G * gain) / trapezoid(arterial.curve, signals.dt) : null
  const volume =
    areaScale === null
      ? null
      : {
          cbv: curves.area.map(area => areaScale * area),
          se: curves.areaError.map(error => areaScale * error),
        }
  if (correction && !reference) problems.push(withoutReference(acquisition.image))
  const leakage =
    correction && reference
      ? leakageOf(correction, { signals, curves, reference, areaScale, delayOf, grid: image.grid })
      : null
  const normal = normalWhiteMatter(
    regions,
    { area: curves.area, timeToPeak: curves.shape.ttpscan },
    image.grid,
    acquisition.image,
    problems,
  )
  const status = solver ? curves.status.map((code, v) => (code === 4 ? code : solver.result.status[v]!)) : curves.status
  const headline = headlineOf({
    area: curves.area,
    leakage,
    normal,
    perfused: solver?.result ?? null,
    regions,
    isDeclared: acquisition.isEnhancing,
  })
  const isAbsolute =
    arterial?.vein != null || (acquisition.arterial.kind === 'curve' && acquisition.arterial.given.relaxivity !== null)
  return good({
    regions,
    signals,
    bolus,
    course,
    mean: curves.mean,
    reference,
    arterial,
    scaling: acquisition.scaling,
    quantification: isAbsolute ? 'absolute' : 'relative',
    perfused: solver?.result ?? null,
    local,
    volume,
    area: curves.area,
    leakage,
    shape: curves.shape,
    normal,
    headline,
    status,
    problems,
  })
}

function withoutReference(image: string): Problem {
  return problem(
    'LEAKAGE_UNKNOWN',
    `${baseName(image)}: too little tissue that does not enhance was found to tell leakage by: CBV is written without correction only; check the mask and the mask of pathology.`,
    { file: image },
  )
}
