import { squaredDistanceTo } from '../../image/distance.ts'
import { largestComponent } from '../../image/mask.ts'
import { type Grid, voxelSize } from '../../image/volume.ts'
import { mean, median, medianAbsoluteDeviation } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import type { QualityValue } from '../../report/record.ts'
import type { Prepared } from '../modality.ts'
import { voxelsOf } from './differences.ts'
import { baseName } from './fields.ts'
import type { Fitted } from './fit.ts'
import { percent, row } from './quality-row.ts'
import { type Regions, valuesIn } from './regions.ts'

/** Asymmetry of CBF above which labelling may have failed on one side, and that of M0 and noise which explains it [%]. */
const ASYMMETRIC = 25
const SYMMETRIC = 15

/** Robust standard deviations above the median from which a voxel counts as vascular. */
const VASCULAR = 4

/** How far from the midline, and from the rim, the sagittal sinus is looked for [mm]. */
const MIDLINE = 6
const RIM = 8

/** Halves of the head by scanner coordinates, shape (nVoxel): 1 left or front, −1 right or back, 0 outside the mask. */
interface Halves {
  readonly side: Int8Array
  readonly front: Int8Array
  /** Distance from the midline [mm]. */
  readonly fromMidline: Float64Array
}

function halvesOf(mask: Uint8Array, { shape, affine }: Grid): Halves {
  const n = mask.length
  const voxels = voxelsOf(mask)
  const coordinate = (axis: 0 | 1) => {
    const values = new Float64Array(n)
    const [a, b, c, d] = affine.slice(4 * axis, 4 * axis + 4)
    for (let v = 0; v < n; v++) {
      const [i, j, k] = [v % shape[0], Math.floor(v / shape[0]) % shape[1], Math.floor(v / (shape[0] * shape[1]))]
      values[v] = a! * i + b! * j + c! * k + d!
    }
    return values
  }
  const [x, y] = [coordinate(0), coordinate(1)]
  const middle = (values: Float64Array) => {
    let [low, high] = [Infinity, -Infinity]
    for (const v of voxels) {
      low = Math.min(low, values[v]!)
      high = Math.max(high, values[v]!)
    }
    return (low + high) / 2
  }
  const [midX, midY] = [middle(x), middle(y)]
  const sign = (values: Float64Array, centre: number, direction: 1 | -1) => {
    const out = new Int8Array(n)
    for (const v of voxels) out[v] = direction * (values[v]! - centre) >= 0 ? 1 : -1
    return out
  }
  // Scanner coordinates grow to the patient's right and to the front.
  return { side: sign(x, midX, -1), front: sign(y, midY, 1), fromMidline: x.map(value => Math.abs(value - midX)) }
}

/** Difference of the means of two halves over their mean [%]. */
function asymmetry(values: Float64Array | Float32Array, region: Uint8Array, half: Int8Array): number {
  const part = (which: 1 | -1) =>
    mean(
      valuesIn(
        values,
        region.map((inside, v) => (inside === 1 && half[v] === which ? 1 : 0)),
      ),
    )
  const [a, b] = [part(1), part(-1)]
  return (100 * (a - b)) / ((a + b) / 2)
}

/**
 * What artefacts there may be: components, each with what it means; none leaves anything out.
 *
 * @param fitted - the fit
 * @param prepared - mask, reference image
 * @param regions - grey matter where its map is there, else the mask
 * @param where - the region in words
 * @param of - the region in names
 */
export function artefactQuality(
  { values, summary }: Fitted,
  { mask, reference }: Prepared,
  regions: Regions,
  where: string,
  of: string,
): QualityValue[] {
  const { grid } = reference
  const region = regions.gm ?? regions.brain
  const halves = halvesOf(mask, grid)
  const inside = valuesIn(values, region)
  const limit = median(inside) + (VASCULAR * medianAbsoluteDeviation(inside)) / 0.6745
  const negative = largestComponent(
    mask.map((one, v) => (one === 1 && values[v]! < 0 ? 1 : 0)),
    grid.shape,
  )
  const [i, j, k] = voxelSize(grid)
  const outside = mask.map(one => (one === 1 ? 0 : 1))
  const depth = squaredDistanceTo(outside, grid.shape, [i, j, k])
  const sinus = mask.map((one, v) =>
    one === 1 && halves.front[v] === -1 && halves.fromMidline[v]! <= MIDLINE && depth[v]! <= RIM * RIM ? 1 : 0,
  )
  const half = (name: string, label: string, half: Int8Array, says: string) =>
    row(`asymmetry_${name}_${of}`, `${label} of ${where}`, asymmetry(values, region, half), '%', says, [
      -ASYMMETRIC,
      ASYMMETRIC,
    ])
  return [
    half(
      'lr',
      'Left over right half',
      halves.side,
      'Difference over mean; beyond 25 % labelling may have failed on one side, or flow differs.',
    ),
    half(
      'ap',
      'Front over back half',
      halves.front,
      'Difference over mean; beyond 25 % labelling of the carotid or the vertebral arteries may have failed.',
    ),
    row(
      `vascular_${of}`,
      `Vascular voxels in ${where}`,
      percent(inside, value => value > limit),
      '%',
      'Far above the others (4 robust standard deviations): label still in arteries, or in veins behind a shunt.',
    ),
    row(
      'negative_cluster',
      'Largest cluster of negative perfusion',
      (negative.reduce((sum, one) => sum + one, 0) * i * j * k) / 1000,
      'mL',
      'Connected voxels below 0: motion, or label that passed and left (a late arrival, a shadow of a bright vessel).',
    ),
    row(
      'sagittal_sinus',
      'Perfusion along the sagittal sinus',
      mean(valuesIn(values, sinus)) / mean(inside),
      '1',
      `Mean within 6 mm of the midline at the posterior rim over that of ${where}; above 2 label may have crossed into veins, as behind a shunt.`,
    ),
    row(
      `dropout_${of}`,
      `Dropout in ${where}`,
      dropout(reference.values, region),
      '%',
      'Share of voxels whose reference signal is under a third of the median: susceptibility, or a mask too large.',
    ),
    ...(summary.sd
      ? [
          row(
            `noise_asymmetry_${of}`,
            `Left over right half of the noise`,
            asymmetry(summary.sd, region, halves.side),
            '%',
            'Standard deviation of the differences; a coil or motion, where it is large.',
          ),
        ]
      : []),
  ]
}

function dropout(values: Float32Array, region: Uint8Array): number {
  const inside = valuesIn(values, region)
  const limit = median(inside) / 3
  return percent(inside, value => value < limit)
}

/** That labelling may have failed on one side: CBF is asymmetric where M0 and noise are not. */
export function suspectLabelling(
  { values, summary }: Pick<Fitted, 'values' | 'summary'>,
  { mask, reference }: Prepared,
  regions: Regions,
  image: string,
): Problem | null {
  const region = regions.gm ?? regions.brain
  const { side, front } = halvesOf(mask, reference.grid)
  const found = [
    { half: side, sides: ['left', 'right'] },
    { half: front, sides: ['front', 'back'] },
  ]
    .map(({ half, sides }) => ({ sides, value: asymmetry(values, region, half), half }))
    .filter(({ value }) => Math.abs(value) > ASYMMETRIC)
    .filter(({ half }) => Math.abs(asymmetry(reference.values, region, half)) <= SYMMETRIC)
    .filter(({ half }) => !summary.sd || Math.abs(asymmetry(summary.sd, region, half)) <= SYMMETRIC)[0]
  if (!found) return null
  const low = found.value < 0 ? found.sides[0] : found.sides[1]
  return problem(
    'LABELLING_ASYMMETRIC',
    `${baseName(image)}: perfusion of the ${low} half is ${Math.round(Math.abs(found.value))} % lower than that of the other, while the reference image and the noise are symmetric; the arteries there may not have been labelled, or flow is reduced: look at the map.`,
    { file: image },
  )
}
