import { componentSizes } from '../../image/mask.ts'
import { voxelSize } from '../../image/volume.ts'
import { median, medianAbsoluteDeviation } from '../../numerics/statistics.ts'
import type { QualityValue } from '../../report/record.ts'
import type { Prepared } from '../modality.ts'
import type { Fitted } from './fit.ts'
import { percent, row } from './quality-row.ts'
import { type Regions, valuesIn } from './regions.ts'

/** Robust standard deviations above the median from which a voxel counts as vascular [1]. */
export const VASCULAR = 4

/** Volume from which a cluster of negative perfusion is counted [mL]. */
const CLUSTER = 1

/** Share of the median of the reference signal under which a voxel counts as dropped out [1]. */
const DROPPED = 1 / 3

/**
 * Voxels whose perfusion is far above that of the others: label still in arteries, or in veins behind a shunt, shape (nVoxel).
 *
 * @remarks
 * Above the median of the region by four robust standard deviations (MAD/0.6745). Nothing is left out for it.
 *
 * @param values - CBF or relative perfusion, shape (nVoxel)
 * @param mask - where voxels are marked, shape (nVoxel)
 * @param regions - grey matter where its map is there, else the mask, says what is usual
 */
export function vascularVoxels(values: Float64Array, mask: Uint8Array, regions: Regions): Uint8Array {
  const usual = valuesIn(values, regions.gm ?? regions.brain)
  const limit = median(usual) + (VASCULAR * medianAbsoluteDeviation(usual)) / 0.6745
  return mask.map((inside, v) => (inside === 1 && values[v]! > limit ? 1 : 0))
}

/**
 * What artefacts there may be: components, each with what it means; none leaves anything out.
 *
 * @param fitted - the fit
 * @param vascular - of {@link vascularVoxels}
 * @param prepared - mask, reference image
 * @param regions - grey matter where its map is there, else the mask
 * @param where - the region in words
 * @param of - the region in names
 */
export function artefactQuality(
  { values }: Pick<Fitted, 'values'>,
  vascular: Uint8Array,
  { mask, reference }: Prepared,
  regions: Regions,
  where: string,
  of: string,
): QualityValue[] {
  const region = regions.gm ?? regions.brain
  const [i, j, k] = voxelSize(reference.grid)
  const negative = componentSizes(
    mask.map((one, v) => (one === 1 && values[v]! < 0 ? 1 : 0)),
    reference.grid.shape,
  ).map(size => (size * i * j * k) / 1000)
  const signal = valuesIn(reference.values, region)
  const low = DROPPED * median(signal)
  const says = 'motion, or label that passed and left (a late arrival, a shadow of a bright vessel).'
  return [
    row(
      `vascular_${of}`,
      `Vascular voxels in ${where}`,
      percent(valuesIn(Float64Array.from(vascular), region), marked => marked === 1),
      '%',
      'Far above the others (4 robust standard deviations): label still in arteries, or in veins behind a shunt.',
    ),
    row(
      'negative_clusters',
      'Clusters of negative perfusion',
      negative.filter(volume => volume >= CLUSTER).length,
      '1',
      `Number of connected sets of voxels below 0 of ${CLUSTER} mL or more: ${says}`,
    ),
    row(
      'negative_cluster',
      'Largest cluster of negative perfusion',
      Math.max(0, ...negative),
      'mL',
      `Connected voxels below 0: ${says}`,
    ),
    row(
      `dropout_${of}`,
      `Dropout in ${where}`,
      percent(signal, value => value < low),
      '%',
      'Share of voxels whose reference signal is under a third of the median: susceptibility, or a mask too large.',
    ),
  ]
}
