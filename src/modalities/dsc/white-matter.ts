import type { Grid } from '../../image/volume.ts'
import { median, quantile } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import { baseName } from './fields.ts'
import { LIMITS } from './limits.ts'
import { normalAppearing, type Regions, valuesIn } from './regions.ts'

/** Quantiles of the volume between which white matter is looked for [1]. */
const VOLUME = [0.1, 0.4] as const

/** How far the time to peak may be from that of most voxels, in median absolute deviations [1]. */
const PEAK = 2

/** White matter that ratios are measured against. */
export interface Normal {
  /** shape (nVoxel) */
  readonly region: Uint8Array
  readonly voxels: number
  /** Whether it comes from tissue maps, or from the series itself. */
  readonly from: 'tissue maps' | 'the series'
}

/** What the fallback looks at. */
interface Shown {
  /** Area under the curve of each voxel, any unit, shape (nVoxel). */
  readonly area: Float64Array
  /** Time to peak [s], shape (nVoxel). */
  readonly timeToPeak: Float64Array
}

/**
 * The white matter that ratios are measured against; null, with a problem, where there is too little.
 *
 * @remarks
 * By the tissue maps, see `regionsOf`. Without them voxels of the healthy brain whose blood volume lies between the 10th and
 * the 40th percentile and whose time to peak is within two median absolute deviations of the median: a region of low
 * confidence, and said to be.
 *
 * @param regions - of the run
 * @param shown - what the fallback looks at
 * @param grid - of the run
 * @param image - the series, for messages
 * @param problems - receives what a reader should know
 */
export function normalWhiteMatter(
  regions: Regions,
  shown: Shown,
  grid: Grid,
  image: string,
  problems: Problem[],
): Normal | null {
  const given = regions.normalWhite
  const region = given ?? guessed(regions, shown, grid)
  const voxels = valuesIn(shown.area, region).length
  const from = given ? 'tissue maps' : 'the series'
  if (voxels < LIMITS.whiteMatter) {
    const message = `${baseName(image)}: ${voxels} voxels of normal-appearing white matter were found by ${from}, and ${LIMITS.whiteMatter} are needed: rCBV and rCBF are not written; give tissue maps with -d.`
    problems.push(problem('WHITE_MATTER_MISSING', message, { file: image }))
    return null
  }
  if (!given) {
    const message = `${baseName(image)}: no map of white matter was given; ${voxels} voxels were taken for it by their blood volume and time to peak, so rCBV and rCBF have low confidence; give tissue maps with -d.`
    problems.push(problem('WHITE_MATTER_GUESSED', message, { file: image }))
  }
  return { region, voxels, from }
}

function guessed(regions: Regions, { area, timeToPeak }: Shown, grid: Grid): Uint8Array {
  const tissue = regions.healthy.map((inside, v) => (inside === 1 && regions.csf?.[v] !== 1 && area[v]! > 0 ? 1 : 0))
  const areas = valuesIn(area, tissue)
  const peaks = valuesIn(timeToPeak, tissue)
  if (areas.length === 0 || peaks.length === 0) return tissue.fill(0)
  const [low, high] = [quantile(areas, VOLUME[0]), quantile(areas, VOLUME[1])]
  const usual = median(peaks)
  const reach = PEAK * median(peaks.map(time => Math.abs(time - usual)))
  const candidates = tissue.map((inside, v) =>
    inside === 1 && area[v]! >= low && area[v]! <= high && Math.abs(timeToPeak[v]! - usual) <= reach ? 1 : 0,
  )
  return normalAppearing(candidates, regions, grid)
}
