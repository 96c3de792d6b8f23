import type { Grid } from '../../image/volume.ts'
import { arrivalFit } from '../../kinetics/asl-arrival-fit.ts'
import { generalArrivalFit } from '../../kinetics/asl-general-fit.ts'
import { type Delays, distinct, type FitArrival } from '../../kinetics/asl-inflow.ts'
import type { Options } from '../../options.ts'
import type { Quantification } from './acquisition.ts'
import { estimateDuration } from './bolus-duration.ts'
import { type Summary, voxelsOf } from './differences.ts'
import { bolusOf } from './labelling.ts'
import { LEAST_DELAYS_WITH_ARTERIES } from './limits.ts'
import { sliceOf } from './slices.ts'

/** Status of a voxel, as the contract numbers them. */
export const STATUS = { good: 1, bound: 2, unconverged: 3, noSignal: 4, undefined: 5 } as const

/** What several delays give, shape (nVoxel) each; NaN where there is no estimate. */
export interface Arrival {
  /** Flow [mL/g/s], its standard error, and what became of it. */
  readonly flow: Float64Array
  readonly flowSd: Float64Array
  readonly flowStatus: Uint8Array
  /** Arterial transit time to tissue [s]. */
  readonly att: Float64Array
  readonly attSd: Float64Array
  readonly attStatus: Uint8Array
  /** Arterial blood volume [1]. */
  readonly abv: Float64Array
  readonly abvSd: Float64Array
  /** Arterial transit time to the arteries [s]. */
  readonly abat: Float64Array
  readonly abatSd: Float64Array
  readonly abatStatus: Uint8Array
  /** Duration of a bolus that was not cut off [s], and whether the inversion times could tell it; null where it was cut off. */
  readonly natural: { readonly duration: number; readonly isKnown: boolean } | null
}

/** What the fit of a slice depends on beside the samples. */
export interface ArrivalModel {
  readonly quantification: Quantification
  /** Number of differences of each sample, shape (nSample). */
  readonly counts: readonly number[]
  readonly arterial: Delays['arterial']
  /** Partition coefficient that wash-out goes by [mL/g]; infinite where flow has no scale. */
  readonly lambda: number
  /** T1 of tissue [s]. */
  readonly T1t: number
}

/** Whether blood in arteries is looked for, by the option and the number of delays. */
export function arterialMode({ labellings }: Quantification, options: Options): Delays['arterial'] {
  const asked = options['asl-arterial']
  const readouts = distinct(labellings.samples.map(sample => bolusOf(sample, 0).time))
  return asked === 'auto' && readouts.length < LEAST_DELAYS_WITH_ARTERIES.auto ? 'off' : asked
}

/** The fit of the voxels of a slice that is excited later than the first by so much [s]. */
export function fitOf(model: ArrivalModel, late: number, natural: number): FitArrival {
  const { samples } = model.quantification.labellings
  return fitOfBoli(
    model,
    samples.map(sample => bolusOf(sample, late, natural)),
    model.counts,
  )
}

/** The fit of samples with a timing each, each the mean of so many differences. */
export function fitOfBoli(model: ArrivalModel, boli: Delays['boli'], counts: readonly number[]): FitArrival {
  const { quantification, arterial, lambda, T1t } = model
  const delays: Delays = {
    kind: quantification.labellings.samples[0]?.type === 'PASL' ? 'pulsed' : 'continuous',
    boli,
    counts,
    T1b: quantification.settings.T1b.value,
    arterial,
  }
  return quantification.model === 'buxton' ? generalArrivalFit(delays, { T1t, lambda }) : arrivalFit(delays)
}

/**
 * Flow, arrival and blood in arteries of every voxel of the mask from several delays.
 *
 * @param model - model, samples and constants
 * @param summary - means of the samples and the spread about them
 * @param perLabel - one over `2·α·M0a`, per unit of the series, shape (nVoxel); NaN where there is no M0
 * @param mask - shape (nVoxel)
 * @param grid - of the series
 */
export function fitArrival(
  model: ArrivalModel,
  summary: Summary,
  perLabel: Float64Array,
  mask: Uint8Array,
  grid: Grid,
): Arrival {
  const { slices, labellings } = model.quantification
  const inside = voxelsOf(mask)
  const isNatural = labellings.samples.some(sample => sample.type === 'PASL' && sample.technique === null)
  const natural = isNatural ? estimateDuration(model, summary, perLabel, inside, grid) : null
  const values = () => new Float64Array(mask.length).fill(Number.NaN)
  const codes = () => new Uint8Array(mask.length)
  const out = {
    flow: values(),
    flowSd: values(),
    flowStatus: codes(),
    att: values(),
    attSd: values(),
    attStatus: codes(),
    abv: values(),
    abvSd: values(),
    abat: values(),
    abatSd: values(),
    abatStatus: codes(),
    natural,
  }
  const fits = fitsBySlice(model, natural?.duration ?? Number.NaN)
  const slice = sliceOf(slices, grid)
  const y = new Float64Array(labellings.samples.length)
  for (const v of inside) {
    const within = sampleMeans(y, summary, perLabel[v]!, v)
    if (!Number.isFinite(within)) {
      out.flowStatus[v] = out.attStatus[v] = out.abatStatus[v] = STATUS.noSignal
      continue
    }
    const fit = fits[slice(v)]!(y, within)
    out.flow[v] = fit.flow
    out.flowSd[v] = fit.flowSd
    out.flowStatus[v] = !fit.isConverged ? STATUS.unconverged : fit.isLate ? STATUS.bound : STATUS.good
    out.att[v] = fit.arrival
    out.attSd[v] = fit.arrivalSd
    const isTold = Number.isFinite(fit.arrival)
    out.attStatus[v] = !fit.isConverged
      ? STATUS.unconverged
      : !isTold
        ? STATUS.undefined
        : fit.isBound
          ? STATUS.bound
          : STATUS.good
    out.abv[v] = fit.volume
    out.abvSd[v] = fit.volumeSd
    out.abat[v] = fit.arterialArrival
    out.abatSd[v] = fit.arterialSd
    out.abatStatus[v] = fit.volume > 0 ? STATUS.good : STATUS.undefined
  }
  return out
}

/** The fit of each slice; slices that are excited together share one. */
export function fitsBySlice(model: ArrivalModel, natural: number): FitArrival[] {
  const fits = new Map<number, FitArrival>()
  return (model.quantification.slices?.delays ?? [0]).map(late => {
    const fit = fits.get(late) ?? fitOf(model, late, natural)
    fits.set(late, fit)
    return fit
  })
}

/**
 * The means of the samples of a voxel over `2·α·M0a`, into `y`; returns the sum of squares about them, or NaN where one is
 * not finite.
 */
export function sampleMeans(y: Float64Array, { means, within }: Summary, perLabel: number, voxel: number): number {
  let sum = perLabel * perLabel * within[voxel]!
  for (let sample = 0; sample < means.length; sample++) {
    const value = perLabel * means[sample]![voxel]!
    y[sample] = value
    if (!Number.isFinite(value)) sum = Number.NaN
  }
  return sum
}
