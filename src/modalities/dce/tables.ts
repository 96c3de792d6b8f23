import { type Grid, voxelSize } from '../../image/volume.ts'
import { median } from '../../numerics/statistics.ts'
import type { TableOutput } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { AIF_TABLE, hasKidneys, KIDNEY_TABLE } from './outputs.ts'

const rounded = (value: number) => Number(value.toPrecision(7))

/** The tables of a run, in the order of `tableNames`. */
export function tablesOf(
  acquisition: DceAcquisition,
  fitted: Fitted,
  mask: Uint8Array,
  grid: Grid,
  hasMask: boolean,
): TableOutput[] {
  const { arterial, models } = fitted
  const kidney = models.find(({ choice }) => choice.model.name === '2cfm')
  return [
    ...(arterial && models.length > 0 ? [arterialTable(acquisition, fitted)] : []),
    ...(kidney && hasKidneys(acquisition, hasMask) ? [kidneyTable(kidney.fit.maps, mask, grid)] : []),
  ]
}

/** The arterial input as it was used, in plasma, on its own times. */
function arterialTable({ settings }: DceAcquisition, { arterial, delay }: Fitted): TableOutput {
  const [artery, portal] = arterial!.inlets
  return {
    name: AIF_TABLE,
    columns: ['time', 'concentration', ...(portal ? ['concentration_portal'] : [])],
    rows: Array.from(artery!.times, (time, at) => [
      rounded(time),
      rounded(artery!.values[at]!),
      ...(portal ? [rounded(portal.values[at]!)] : []),
    ]),
    template: 'dce-aif',
    sidecar: {
      AIFBasis: 'plasma',
      Source: arterial!.title,
      OriginalBasis: arterial!.basis,
      Hematocrit: settings.hematocrit.value,
      Delay: delay,
    },
  }
}

/** Sums over the voxels of a kidney. */
interface Sums {
  /** [mL] */
  readonly volume: number
  /** [mL/min] */
  readonly flow: number
  readonly filtration: number
}

/**
 * Volume, plasma flow, filtration and filtration fraction of the kidneys.
 *
 * @remarks
 * Two kidneys are told apart by the widest gap between left and right in the mask; a mask in one piece is one kidney, of the
 * side of the field of view that it lies on.
 */
function kidneyTable(maps: Readonly<Record<string, Float64Array>>, mask: Uint8Array, grid: Grid): TableOutput {
  const [x, y, z] = voxelSize(grid)
  const voxel = (x * y * z) / 1000
  const across = acrossOf(grid)
  const border = borderOf(mask, across, grid)
  const sum = (isOf: (v: number) => boolean): Sums => {
    let [volume, flow, filtration] = [0, 0, 0]
    for (let v = 0; v < mask.length; v++) {
      const [F, T] = [maps['Fp']![v]!, maps['FT']![v]!]
      if (mask[v] !== 1 || !Number.isFinite(F + T) || !isOf(v)) continue
      volume += voxel
      flow += voxel * F * 60
      filtration += voxel * T * 60
    }
    return { volume, flow, filtration }
  }
  const sides = {
    left: sum(v => across(v) < border),
    right: sum(v => across(v) >= border),
    total: sum(() => true),
  }
  return {
    name: KIDNEY_TABLE,
    columns: ['side', 'volume', 'rpf', 'gfr', 'ff'],
    rows: Object.entries(sides).map(([side, { volume, flow, filtration }]) => [
      side,
      volume > 0 ? rounded(volume) : null,
      volume > 0 ? rounded(flow) : null,
      volume > 0 ? rounded(filtration) : null,
      flow > 0 ? rounded(filtration / flow) : null,
    ]),
    template: 'dce-kidney',
  }
}

/** Scanner coordinate of a voxel from left to right [mm]. */
function acrossOf({ shape: [ni, nj], affine: a }: Grid): (v: number) => number {
  return v => a[0]! * (v % ni) + a[1]! * (Math.floor(v / ni) % nj) + a[2]! * Math.floor(v / (ni * nj)) + a[3]!
}

/** Where left ends and right begins [mm]. */
function borderOf(mask: Uint8Array, across: (v: number) => number, grid: Grid): number {
  const width = voxelSize(grid).reduce((most, edge) => Math.max(most, edge), 0)
  const places = Float64Array.from(mask.keys())
    .filter(v => mask[v] === 1)
    .map(across)
    .sort()
  let [border, widest] = [Number.NaN, 1.5 * width]
  for (let i = 1; i < places.length; i++) {
    const gap = places[i]! - places[i - 1]!
    if (gap > widest) [border, widest] = [(places[i]! + places[i - 1]!) / 2, gap]
  }
  if (Number.isFinite(border)) return border
  const centre = (across(0) + across(mask.length - 1)) / 2
  return median(places) < centre ? Infinity : -Infinity
}
