import { squaredDistanceTo } from '../../image/distance.ts'
import { type Grid, voxelSize } from '../../image/volume.ts'
import { mean } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import type { QualityValue } from '../../report/record.ts'
import type { Prepared } from '../modality.ts'
import { voxelsOf } from './differences.ts'
import { baseName } from './fields.ts'
import type { Fitted } from './fit.ts'
import { row } from './quality-row.ts'
import { type Regions, valuesIn } from './regions.ts'

/** Asymmetry of CBF above which labelling may have failed on one side, and that of M0 and noise which explains it [%]. */
const ASYMMETRIC = 25
const SYMMETRIC = 15

/** How far a territory may lie from the mean of all before it is remarked on [1]. */
const TERRITORY = [0.75, 1.25] as const

/** How far from the rim of the brain the sinuses are looked for, and from the midline the sagittal one [mm]. */
const RIM = 8
const MIDLINE = 6

/** How far from the midline the transverse sinuses begin [mm]. */
const LATERAL = 12

/** How far back they lie, from the centre to the rearmost voxel [1]. */
const REAR = 0.5

/** Label in a sinus counts from this many times the mean of the brain on [1]. */
const VENOUS = 2

/** Where the voxels of a mask lie in the head by scanner coordinates, shape (nVoxel) each; 0 outside the mask. */
export interface Places {
  /** 1 left, −1 right. */
  readonly side: Int8Array
  /** 1 front, −1 back. */
  readonly front: Int8Array
  /** 1 upper, −1 lower half. */
  readonly upper: Int8Array
  /** Distance from the plane between left and right [mm]. */
  readonly fromMidline: Float64Array
  /** How far back: 0 at the centre, 1 at the rearmost voxel. */
  readonly rear: Float64Array
}

/** The halves of a mask about its centre; scanner coordinates grow to the patient's right, to the front and upwards. */
export function placesOf(mask: Uint8Array, { shape, affine }: Grid): Places {
  const [ni, nj] = shape
  const voxels = voxelsOf(mask)
  const along = (axis: 0 | 1 | 2) => {
    const [a, b, c, d] = affine.slice(4 * axis, 4 * axis + 4)
    const values = new Float64Array(mask.length)
    let sum = 0
    for (const v of voxels) {
      values[v] = a! * (v % ni) + b! * (Math.floor(v / ni) % nj) + c! * Math.floor(v / (ni * nj)) + d!
      sum += values[v]!
    }
    for (const v of voxels) values[v]! -= sum / voxels.length
    return values
  }
  const half = (values: Float64Array, direction: 1 | -1) => {
    const out = new Int8Array(mask.length)
    for (const v of voxels) out[v] = direction * values[v]! >= 0 ? 1 : -1
    return out
  }
  const [x, y] = [along(0), along(1)]
  const rearmost = y.reduce((least, value) => Math.min(least, value), 0)
  return {
    side: half(x, -1),
    front: half(y, 1),
    upper: half(along(2), 1),
    fromMidline: x.map(Math.abs),
    rear: y.map(value => value / rearmost),
  }
}

/** What lies left and right, or in front and behind: two parts of a region whose flow should be alike. */
interface Pair {
  readonly parts: readonly [name: string, name: string]
  /** 1 in the first, −1 in the second, 0 in neither, shape (nVoxel). */
  readonly of: Int8Array
}

/** The pairs that are compared, by the arteries which feed them: carotids in front, vertebral arteries behind. */
function pairsOf({ side, front }: Places): Pair[] {
  const where = (half: 1 | -1) => side.map((value, v) => (front[v] === half ? value : 0))
  return [
    { parts: ['left', 'right'], of: side },
    { parts: ['front', 'back'], of: front },
    { parts: ['left front', 'right front'], of: where(1) },
    { parts: ['left back', 'right back'], of: where(-1) },
  ]
}

/** Difference of the means of two parts over their mean [%]. */
function asymmetry(values: Float64Array | Float32Array, region: Uint8Array, { of }: Pair): number {
  const part = (which: 1 | -1) =>
    mean(
      valuesIn(
        values,
        region.map((inside, v) => (inside === 1 && of[v] === which ? 1 : 0)),
      ),
    )
  const [a, b] = [part(1), part(-1)]
  return a + b > 0 ? (200 * (a - b)) / (a + b) : Number.NaN
}

const NAMES: Readonly<Record<string, string>> = {
  'left right': 'lr',
  'front back': 'ap',
  'left front right front': 'lr_front',
  'left back right back': 'lr_back',
}

/**
 * Asymmetry of perfusion, its mean in each territory over that of all, and perfusion where veins leave the brain.
 *
 * @remarks
 * Territories are the quarters of the mask about its centre: left and right, in front (carotid arteries) and behind (vertebral
 * arteries), without an atlas. Sinuses are looked for 8 mm deep at the rim of the mask: the sagittal one within 6 mm of the
 * midline in the upper half behind, the transverse ones 12 mm or more from it in the rearmost quarter of the lower half.
 *
 * @param fitted - the fit
 * @param prepared - mask, reference image
 * @param regions - grey matter where its map is there, else the mask
 * @param where - the region in words
 * @param of - the region in names
 */
export function territoryQuality(
  { values, summary }: Pick<Fitted, 'values' | 'summary'>,
  { mask, reference: { grid } }: Prepared,
  regions: Regions,
  where: string,
  of: string,
): QualityValue[] {
  const region = regions.gm ?? regions.brain
  const places = placesOf(mask, grid)
  const pairs = pairsOf(places)
  const all = mean(valuesIn(values, region))
  const within = (has: (v: number) => boolean) =>
    mean(
      valuesIn(
        values,
        region.map((inside, v) => (inside === 1 && has(v) ? 1 : 0)),
      ),
    )
  const rows = pairs.map(pair =>
    row(
      `asymmetry_${NAMES[pair.parts.join(' ')]}_${of}`,
      `Asymmetry, ${pair.parts[0]} over ${pair.parts[1]}, ${where}`,
      asymmetry(values, region, pair),
      '%',
      'Difference of the means over their mean; beyond 25 % an artery may not have been labelled, or flow differs.',
      [-ASYMMETRIC, ASYMMETRIC],
    ),
  )
  for (const side of ['left', 'right'] as const)
    for (const front of ['front', 'back'] as const)
      rows.push(
        row(
          `territory_${side}_${front}_${of}`,
          `Territory ${side} ${front} over all, ${where}`,
          within(
            v => places.side[v] === (side === 'left' ? 1 : -1) && places.front[v] === (front === 'front' ? 1 : -1),
          ) / all,
          '1',
          `Mean of the territory of the ${side} ${front === 'front' ? 'carotid' : 'vertebral'} artery over that of all.`,
          TERRITORY,
        ),
      )
  rows.push(...sinuses(values, mask, grid, places, all, where))
  if (summary.sd)
    rows.push(
      row(
        `noise_asymmetry_${of}`,
        `Noise, left over right, ${where}`,
        asymmetry(summary.sd, region, pairs[0]!),
        '%',
        'Standard deviation of the differences; a coil or motion, where it is large.',
      ),
    )
  return rows
}

/** Perfusion along the sinuses over the mean of the region: flagged, and left in. */
function sinuses(
  values: Float64Array,
  mask: Uint8Array,
  grid: Grid,
  { front, upper, fromMidline, rear }: Places,
  all: number,
  where: string,
): QualityValue[] {
  const outside = mask.map(one => (one === 1 ? 0 : 1))
  const depth = squaredDistanceTo(outside, grid.shape, voxelSize(grid))
  const along = (has: (v: number) => boolean) =>
    mean(
      valuesIn(
        values,
        mask.map((one, v) => (one === 1 && front[v] === -1 && depth[v]! <= RIM * RIM && has(v) ? 1 : 0)),
      ),
    ) / all
  const says = `Mean over that of ${where}; above ${VENOUS} label may have crossed into veins, as behind a shunt. Nothing is left out.`
  return [
    row(
      'sagittal_sinus',
      'Perfusion along the sagittal sinus',
      along(v => upper[v] === 1 && fromMidline[v]! <= MIDLINE),
      '1',
      says,
      [0, VENOUS],
    ),
    row(
      'transverse_sinus',
      'Perfusion along the transverse sinuses',
      along(v => upper[v] === -1 && rear[v]! >= REAR && fromMidline[v]! >= LATERAL),
      '1',
      says,
      [0, VENOUS],
    ),
  ]
}

/** That labelling may have failed in an artery: CBF is asymmetric where M0 and noise are not; the largest such asymmetry. */
export function suspectLabelling(
  { values, summary }: Pick<Fitted, 'values' | 'summary'>,
  { mask, reference }: Prepared,
  regions: Regions,
  image: string,
): Problem | null {
  const region = regions.gm ?? regions.brain
  // Without noise there is nothing to compare.
  const isSymmetric = (of: Float64Array | Float32Array, pair: Pair) =>
    !(Math.abs(asymmetry(of, region, pair)) > SYMMETRIC)
  const found = pairsOf(placesOf(mask, reference.grid))
    .map(pair => ({ pair, value: asymmetry(values, region, pair) }))
    .filter(({ value }) => Math.abs(value) > ASYMMETRIC)
    .filter(({ pair }) => isSymmetric(reference.values, pair) && (!summary.sd || isSymmetric(summary.sd, pair)))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))[0]
  if (!found) return null
  const { parts } = found.pair
  const [low, high] = found.value < 0 ? parts : [parts[1], parts[0]]
  return problem(
    'LABELLING_ASYMMETRIC',
    `${baseName(image)}: perfusion ${low} is lower than ${high} by ${Math.round(Math.abs(found.value))} % of their mean, while the reference image and the noise are symmetric; the arteries there may not have been labelled, or flow is reduced: look at the map.`,
    { file: image },
  )
}
