import { labelledFlow } from '../../kinetics/labelled-bolus.ts'
import { mean, median } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import type { Problem } from '../../problems.ts'
import { PER_100G_PER_MIN } from '../../units.ts'
import type { Placed, Prepared, VoxelCurves } from '../modality.ts'
import type { AslAcquisition, Quantification } from './acquisition.ts'
import { type Calibration, calibrate } from './calibrate.ts'
import { checkResult, noTissueMaps, suspectScale, suspectSwap, unknownDuration } from './checks.ts'
import { type Summary, summarise, voxelsOf } from './differences.ts'
import { type Arrival, type ArrivalModel, arterialMode, fitArrival, STATUS } from './fit-arrival.ts'
import { flowOfEach } from './flow-series.ts'
import { bolusWeights } from './labelling.ts'
import { fewLeft, findOutliers, type Outliers, withoutOutliers } from './outliers.ts'
import { type PureFlow, pureFlow } from './partial-volume.ts'
import { suspectDelay } from './quality-arrival.ts'
import { vascularVoxels } from './quality-artefacts.ts'
import type { RegionCurves } from './region-fit.ts'
import { type Regions, valuesIn } from './regions.ts'
import { sliceOf } from './slices.ts'
import { suspectLabelling } from './territories.ts'
import { delayCurves, sampleCurves } from './voxel.ts'

/** What a fit gives: voxels in report units. */
export interface Fitted {
  /** Number of differences. */
  readonly differences: number
  /** The differences in the unit of the series; their courses in that of {@link values}, of several delays as ΔM/M0. */
  readonly summary: Summary
  readonly status: Uint8Array
  /** CBF [mL/100g/min], or relative perfusion [1], shape (nVoxel). */
  readonly values: Float64Array
  /** Standard error of {@link values} over the differences, shape (nVoxel); null of one. */
  readonly error: Float64Array | null
  /** What each sample of a voxel measured and what the fit gives for it, for the viewer of the report. */
  readonly curves: VoxelCurves
  /** Whether {@link values} are CBF; else there is no M0 to measure them against. */
  readonly isAbsolute: boolean
  /** Median of ΔM/M0 in the mask [1]; null where there is no M0. */
  readonly ratio: number | null
  /** What several delays told; null where one equation was used. */
  readonly arrival: Arrival | null
  /** What a fit to the mean of a region needs; null where one equation was used. */
  readonly region: RegionCurves | null
  /** CBF of the pure tissues; null where it was not asked for, or cannot be had. */
  readonly pure: PureFlow | null
  /** Voxels far above the others, shape (nVoxel); null outside a brain. */
  readonly vascular: Uint8Array | null
  /** What was found of each difference; null where outliers were not looked for. */
  readonly outliers: Outliers | null
  readonly problems: readonly Problem[]
}

/** CBF, or relative perfusion, before it has a name: by one equation or by a fit. */
interface Flow {
  readonly summary: Summary
  readonly values: Float64Array
  readonly error: Float64Array | null
  readonly arrival: { readonly fitted: Arrival; readonly model: ArrivalModel; readonly region: RegionCurves } | null
  readonly curves: VoxelCurves
}

/**
 * Turn differences into flow, voxel by voxel.
 *
 * @remarks
 * With one delay the equation is linear, so CBF is that of the mean difference and its standard error that of the mean;
 * with several it is the fit of {@link fitArrival}. Values are never clipped. A voxel whose M0 is not above 0, or whose signal
 * is not finite, has status 4 and no value. Without M0 flow is divided by its mean over the mask.
 *
 * @param whole - the acquisition in house units
 * @param prepared - series, reference and mask
 * @param placed - images in roles, on the grid of the series
 * @param regions - where courses are taken
 * @param options - scale, smoothing
 */
export function fitSeries(
  whole: AslAcquisition,
  prepared: Prepared,
  placed: Placed,
  regions: Regions,
  options: Options,
): Fitted {
  const { image } = whole
  const { mask, reference } = prepared
  const calibrated = whole.quantification ? calibrate(whole, whole.quantification, prepared, placed, options) : null
  const calibration = calibrated !== null && 'M0a' in calibrated ? calibrated : null
  const isAbsolute = calibration !== null || whole.quantification === null
  const perLabel = perLabelOf(whole.quantification, calibration, mask.length)
  const perM0 = calibration && whole.quantification ? perM0Of(whole.quantification) : null
  const outliers =
    options['asl-outliers'] === 'score' ? findOutliers(whole, prepared, perLabel, perM0, regions, options) : null
  const acquisition = outliers ? withoutOutliers(whole, outliers) : whole
  const { quantification, volumes } = acquisition
  const flow =
    quantification && quantification.model !== 'single'
      ? fitDelays(acquisition, quantification, prepared, regions, options, perLabel, isAbsolute)
      : fitOne(acquisition, prepared, regions, options, perLabel, isAbsolute)

  // Without a scale of its own the map is measured against its mean.
  const average = isAbsolute ? 1 : mean(valuesIn(flow.values, mask))
  const unit = average > 0 ? average : Number.NaN
  const values = isAbsolute ? flow.values : flow.values.map(value => value / unit)
  const error = isAbsolute ? flow.error : (flow.error?.map(value => value / unit) ?? null)
  const status =
    flow.arrival?.fitted.attStatus ??
    mask.map((inside, v) => (inside !== 1 ? 0 : Number.isFinite(values[v]) ? STATUS.good : STATUS.noSignal))
  const { mean: difference } = flow.summary
  const ratio = calibration && quantification && ratioOf(difference, calibration, quantification, mask)
  const { brain, gm } = flow.summary.courses
  const scale = flow.arrival ? 1 : unit
  const courses = { brain: brain.map(value => value / scale), gm: gm?.map(value => value / scale) ?? null }
  const isBrain = options['asl-organ'] === 'brain'
  const wantsPure = options['asl-pvc'] === 'lr' && quantification !== null && calibration !== null
  const pure = wantsPure
    ? pureFlow(quantification, calibration, flow.summary, flow.arrival?.model ?? null, prepared, placed)
    : null
  const fitted = {
    differences: volumes.differences.length,
    summary: { ...flow.summary, courses },
    status,
    values,
    error,
    curves: flow.curves,
    isAbsolute,
    ratio,
    arrival: flow.arrival?.fitted ?? null,
    region: flow.arrival && { ...flow.arrival.region, average: isAbsolute ? null : unit },
    pure,
    vascular: isBrain ? vascularVoxels(values, mask, regions) : null,
    outliers,
  }
  const problems = [
    calibrated !== null && 'code' in calibrated ? calibrated : null,
    ratio === null ? null : suspectScale(ratio, image),
    suspectSwap(difference, mask, acquisition),
    isBrain ? suspectLabelling(fitted, prepared, regions, image) : null,
    suspectDelay(fitted, regions, image),
    unknownDuration(image, fitted.arrival?.natural ?? null),
    outliers && fewLeft(outliers, image),
    wantsPure && !pure ? noTissueMaps(image) : null,
    ...checkResult(fitted, reference.grid, image, options['asl-organ']),
  ]
  return { ...fitted, problems: problems.filter(found => found !== null) }
}

/** One over `2·α·M0a`, per unit of the series, shape (nVoxel): NaN where there is no M0 signal, 1 without any M0. */
function perLabelOf(quantification: Quantification | null, calibration: Calibration | null, n: number): Float64Array {
  const out = new Float64Array(n).fill(1)
  if (!quantification || !calibration) return out
  const efficiency = quantification.settings.efficiency.value
  for (let v = 0; v < n; v++) out[v] = labelledFlow(1, calibration.M0a[v]!, efficiency, 1)
  return out
}

/** Flow by the equation of one delay; of several delays that of the least squares over them. */
function fitOne(
  { quantification, volumes }: AslAcquisition,
  prepared: Prepared,
  regions: Regions,
  options: Options,
  perLabel: Float64Array,
  isAbsolute: boolean,
): Flow {
  const { mask, reference } = prepared
  const weights = (quantification?.labellings.samples ?? []).map(sample =>
    bolusWeights(sample, quantification!.slices, quantification!.settings.T1b.value),
  )
  const unit = quantification && isAbsolute ? PER_100G_PER_MIN : 1
  // Without M0 only the decay in later slices against the first is made good.
  const first = isAbsolute ? 1 : (weights[0]?.[0] ?? 1)
  const slice = sliceOf(quantification?.slices ?? null, reference.grid)
  const gain = perLabel.map((value, v) => (unit * value * first) / (weights[0]?.[slice(v)] ?? 1))
  const summary = summarise(volumes, quantification?.labellings.sampleOf ?? null, prepared, gain, regions, options)
  const { means, counts, within } = summary
  const count = volumes.differences.length
  const values = new Float64Array(mask.length).fill(Number.NaN)
  const error = count > 1 ? new Float64Array(mask.length).fill(Number.NaN) : null
  for (const v of voxelsOf(mask)) {
    const at = slice(v)
    // Signal of a sample in that of the first, for the same flow.
    const share = (sample: number) => (weights[sample]?.[at] ?? 1) / (weights[0]?.[at] ?? 1)
    let [top, bottom] = [0, 0]
    for (let sample = 0; sample < means.length; sample++) {
      top += counts[sample]! * share(sample) * means[sample]![v]!
      bottom += counts[sample]! * share(sample) * share(sample)
    }
    const difference = top / bottom
    values[v] = gain[v]! * difference
    if (!error) continue
    let squares = within[v]!
    for (let sample = 0; sample < means.length; sample++) {
      const away = means[sample]![v]! - share(sample) * difference
      squares += counts[sample]! * away * away
    }
    error[v] = gain[v]! * Math.sqrt(squares / (count - 1) / bottom)
  }
  const curves = sampleCurves(volumes, prepared, gain, values, isAbsolute)
  return { summary, values, error, arrival: null, curves }
}

/** Flow and arrival by the fit of several delays. */
function fitDelays(
  { volumes }: AslAcquisition,
  quantification: Quantification,
  prepared: Prepared,
  regions: Regions,
  options: Options,
  perLabel: Float64Array,
  isAbsolute: boolean,
): Flow {
  const { settings, labellings, tissue } = quantification
  const { mask, reference } = prepared
  const summary = summarise(volumes, labellings.sampleOf, prepared, perLabel, regions, options)
  const model: ArrivalModel = {
    quantification,
    counts: summary.counts,
    arterial: arterialMode(quantification, options),
    lambda: isAbsolute ? settings.lambda.value : Number.POSITIVE_INFINITY,
    T1t: tissue?.value ?? Number.NaN,
  }
  const arrival = fitArrival(model, summary, perLabel, mask, reference.grid)
  const { brain, gm } = summary.courses
  // Over 2·α·M0a to over M0 of tissue.
  const perM0 = isAbsolute ? perM0Of(quantification) : 1
  const courses = { brain: brain.map(value => perM0 * value), gm: gm?.map(value => perM0 * value) ?? null }
  const unit = isAbsolute ? PER_100G_PER_MIN : 1
  return {
    summary: {
      ...summary,
      courses,
      series: summary.series && flowOfEach(model, arrival, summary.series, mask, reference.grid),
    },
    values: arrival.flow.map(value => unit * value),
    error: arrival.flowSd.map(value => unit * value),
    arrival: {
      fitted: arrival,
      model,
      region: {
        model,
        summary,
        perLabel,
        slice: sliceOf(quantification.slices, reference.grid),
        natural: arrival.natural?.duration ?? Number.NaN,
        average: null,
      },
    },
    curves: delayCurves(
      model,
      arrival,
      summary,
      perLabel.map(value => perM0 * value),
      perM0,
      reference.grid,
    ),
  }
}

/** ΔM over M0 of tissue for a difference over `2·α·M0a` [1]. */
function perM0Of({ settings }: Quantification): number {
  return (2 * settings.efficiency.value) / settings.lambda.value
}

/** Median over the mask of the difference over M0 of tissue [1]. */
function ratioOf(
  difference: Float64Array,
  { M0a }: Calibration,
  { settings }: Quantification,
  mask: Uint8Array,
): number {
  const lambda = settings.lambda.value
  return median(
    valuesIn(
      difference.map((value, v) => value / (M0a[v]! * lambda)),
      mask,
    ),
  )
}
