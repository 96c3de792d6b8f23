import { type Judged, rejectOutliers } from '../../kinetics/asl-score.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import type { OutputName, Prepared, TableOutput } from '../modality.ts'
import type { AslAcquisition } from './acquisition.ts'
import { summarise, voxelsOf } from './differences.ts'
import { baseName } from './fields.ts'
import type { Regions } from './regions.ts'

/** Name of the table of what was left out. */
export const OUTLIERS: OutputName = { desc: 'outliers', suffix: 'asl' }

/** Differences under which none is left out, and under which the result is remarked on. */
const LEAST = 5

/** What was found about each difference. */
export interface Outliers {
  readonly judged: readonly Judged[]
  /** Mean of each over the region, as ΔM/M0 where there is an M0. */
  readonly means: readonly number[]
  readonly isRatio: boolean
}

/**
 * Which differences are outliers.
 *
 * @remarks
 * By {@link rejectOutliers} in grey matter and the tissues, where their maps are there, else in the brain mask. With several
 * delays the means are judged against the median of their own delay, and only by that: images of different delays differ in
 * structure.
 *
 * @param acquisition - the acquisition in house units
 * @param prepared - series and mask
 * @param perLabel - one over `2·α·M0a`, per unit of the series, shape (nVoxel)
 * @param perM0 - ΔM/M0 over that; null without M0
 * @param regions - grey matter and tissues
 * @param options - smoothing
 */
export function findOutliers(
  { volumes, quantification }: AslAcquisition,
  prepared: Prepared,
  perLabel: Float64Array,
  perM0: number | null,
  regions: Regions,
  options: Options,
): Outliers {
  const sampleOf = quantification?.labellings.sampleOf ?? volumes.differences.map(() => 0)
  const asked = { ...options, 'asl-timeseries': true }
  const { courses, series } = summarise(volumes, null, prepared, perLabel, regions, asked)
  const means = (courses.gm ?? courses.brain).map(value => value * (perM0 ?? 1))
  const isRatio = perM0 !== null
  if (means.length < LEAST || !series) {
    const nothing = { deviation: Number.NaN, reason: null, correlation: Number.NaN }
    return { judged: means.map(() => nothing), means, isRatio }
  }
  const n = prepared.mask.length
  const { voxels, tissues } = tissueVoxels(regions)
  const isWhole = voxels.map(v => means.every((_, at) => Number.isFinite(series[at * n + v])))
  const used = voxels.filter((_, at) => isWhole[at])
  const images = means.map((_, at) => Float32Array.from(used, v => series[at * n + v]!))
  const codes = Uint8Array.from(tissues.filter((_, at) => isWhole[at]))
  return { judged: rejectOutliers(means, sampleOf, images, codes), means, isRatio }
}

/** The voxels of the tissues, and which each is of; of the mask as one where there are no maps. */
function tissueVoxels({ brain, gm, wm, csf }: Regions): { voxels: number[]; tissues: number[] } {
  const found = [gm, wm, csf].filter(region => region !== null)
  const regions = gm && found.length > 1 ? found : [brain]
  const voxels: number[] = []
  const tissues: number[] = []
  regions.forEach((region, tissue) => {
    for (const v of voxelsOf(region)) {
      voxels.push(v)
      tissues.push(tissue)
    }
  })
  return { voxels, tissues }
}

/** The acquisition without the differences that are outliers. */
export function withoutOutliers(acquisition: AslAcquisition, { judged }: Outliers): AslAcquisition {
  const { volumes, quantification } = acquisition
  const isKept = (_: unknown, at: number) => judged[at]?.reason === null
  const kept = { ...volumes, differences: volumes.differences.filter(isKept) }
  if (!quantification) return { ...acquisition, volumes: kept }
  const { labellings } = quantification
  const sampleOf = labellings.sampleOf.filter(isKept)
  return {
    ...acquisition,
    volumes: kept,
    quantification: { ...quantification, labellings: { ...labellings, sampleOf } },
  }
}

/** What to say where too few differences are left, or there. */
export function fewLeft({ judged }: Outliers, image: string): Problem | null {
  const kept = judged.filter(({ reason }) => reason === null).length
  if (kept >= LEAST) return null
  const message =
    judged.length < LEAST
      ? `${baseName(image)}: ${judged.length} differences are too few to tell outliers (at least ${LEAST}): none was left out.`
      : `${baseName(image)}: ${kept} of ${judged.length} differences are left, the others are outliers; look at the series, or give --asl-outliers none.`
  return problem('OUTLIERS_FEW_LEFT', message, { file: image })
}

/** The table of the differences, with what was left out and why. */
export function outlierTable(
  { judged, means, isRatio }: Outliers,
  { volumes, quantification }: AslAcquisition,
): TableOutput {
  const delayOf = (at: number) => {
    const sample = quantification?.labellings.sampleOf[at]
    return sample === undefined ? null : (quantification?.labellings.samples[sample]?.delay ?? null)
  }
  const shown = (value: number) => (Number.isFinite(value) ? Number(value.toPrecision(6)) : null)
  return {
    name: OUTLIERS,
    columns: ['difference', 'volumes', 'delay', 'mean', 'deviation', 'correlation', 'kept', 'reason'],
    rows: judged.map(({ deviation, reason, correlation }, at) => [
      at + 1,
      (volumes.differences[at]?.volumes ?? []).map(volume => volume + 1).join(' '),
      delayOf(at),
      shown(means[at]! * (isRatio ? 100 : 1)),
      shown(deviation),
      shown(correlation),
      reason === null ? 'yes' : 'no',
      reason === null
        ? null
        : { mean: 'mean far from the median', structure: 'raises the variance within tissues' }[reason],
    ]),
    template: 'asl-outliers',
    sidecar: { MeanUnit: isRatio ? '%' : 'a.u.' },
  }
}
