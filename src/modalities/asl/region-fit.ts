import { tQuantile } from '../../numerics/distributions.ts'
import { PER_100G_PER_MIN, type Unit } from '../../units.ts'
import type { RegionFit } from '../modality.ts'
import type { Summary } from './differences.ts'
import { type ArrivalModel, fitOfBoli } from './fit-arrival.ts'
import { bolusOf } from './labelling.ts'

/** Parameters of a fit, without and with blood in arteries. */
const FREE = { tissue: 2, arteries: 4 } as const

/** What a fit to a region's mean curve needs. */
export interface RegionCurves {
  readonly model: ArrivalModel
  readonly summary: Pick<Summary, 'means'>
  /** One over `2·α·M0a`, per unit of the series, shape (nVoxel). */
  readonly perLabel: Float64Array
  /** Which slice a voxel lies in, of those that are excited apart. */
  readonly slice: (voxel: number) => number
  /** Duration of a bolus that was not cut off [s]; NaN where it was. */
  readonly natural: number
  /** Flow of the whole mask that relative perfusion is measured against [1/s]; null where CBF has a scale. */
  readonly average: number | null
}

/**
 * One fit of flow and arrival to the mean differences of a region.
 *
 * @remarks
 * Of a voxel least squares reads flow too high where the noise is of the order of the signal (+0.8 % in grey matter and +46 %
 * in white matter at a signal of 3 and 1 standard deviations), for arrival bends the model. The mean of a region has next
 * to no noise, and so none of that. Slices that are excited at different times have different delays: the means of each are
 * samples of their own, weighed by how many voxels they are of. Errors are those of the residuals, with as many degrees of
 * freedom as there are means more than parameters.
 *
 * **Limits.** Of a region whose parts have different arrivals, the curve is that of none of them.
 *
 * @param curves - the samples and their model
 * @param voxels - indices of the region's voxels
 */
export function regionFits(curves: RegionCurves, voxels: Int32Array): RegionFit[] {
  const { model, summary, perLabel, slice, natural, average } = curves
  const { samples } = model.quantification.labellings
  const isSound = (v: number) => summary.means.every(mean => Number.isFinite(perLabel[v]! * mean[v]!))
  const sound = voxels.filter(isSound)
  const delays = model.quantification.slices?.delays ?? [0]
  const points = [...groupBy(sound, v => delays[slice(v)] ?? 0)].flatMap(([late, members]) =>
    samples.map((sample, index) => ({
      bolus: bolusOf(sample, late, natural),
      mean: members.reduce((sum, v) => sum + perLabel[v]! * summary.means[index]![v]!, 0) / members.length,
      weight: members.length * model.counts[index]!,
    })),
  )
  if (points.length < FREE.tissue) return []
  // Weights of mean 1: the fit then counts each mean as one sample.
  const unit = points.reduce((sum, { weight }) => sum + weight, 0) / points.length
  const fit = fitOfBoli(
    model,
    points.map(({ bolus }) => bolus),
    points.map(({ weight }) => weight / unit),
  )(
    Float64Array.from(points, ({ mean }) => mean),
    0,
  )
  const hasArteries = fit.volume > 0
  const freedom = points.length - (hasArteries ? FREE.arteries : FREE.tissue)
  const t = freedom > 0 ? tQuantile(0.975, freedom) : Number.NaN
  const finite = (number: number) => (Number.isFinite(number) ? number : null)
  const row = (parameter: string, value: number, se: number, of: Unit): RegionFit => ({
    model: model.quantification.model,
    parameter,
    estimator: 'nlls',
    unit: of,
    voxels: sound.length,
    value: fit.isConverged ? finite(value) : null,
    se: fit.isConverged && freedom > 0 ? finite(se) : null,
    ciLow: fit.isConverged ? finite(value - t * se) : null,
    ciHigh: fit.isConverged ? finite(value + t * se) : null,
  })
  const flow =
    average === null
      ? row('cbf', PER_100G_PER_MIN * fit.flow, PER_100G_PER_MIN * fit.flowSd, 'mL/100g/min')
      : row('perfusion', fit.flow / average, fit.flowSd / average, '1')
  return [flow, row('att', fit.arrival, fit.arrivalSd, 's')]
}

/** The voxels that are excited together, by how much later than the first [s]. */
function groupBy(voxels: Int32Array, lateOf: (voxel: number) => number): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  for (const v of voxels) {
    const at = lateOf(v)
    const members = groups.get(at)
    if (members) members.push(v)
    else groups.set(at, [v])
  }
  return groups
}
