import { type Grid, voxelSize } from '../../image/volume.ts'
import type { TableOutput } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { AIF_TABLE, KIDNEY_TABLE } from './outputs.ts'

const rounded = (value: number) => Number(value.toPrecision(7))

/** The tables of a run, in the order of `tableNames`. */
export function tablesOf(acquisition: DceAcquisition, fitted: Fitted, mask: Uint8Array, grid: Grid): TableOutput[] {
  const { arterial, models } = fitted
  const kidney = models.find(({ choice }) => choice.model.name === '2cfm')
  return [
    ...(arterial && models.length > 0 ? [arterialTable(acquisition, fitted)] : []),
    ...(kidney ? [kidneyTable(kidney.fit.maps, mask, grid)] : []),
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

/** Volume, plasma flow, filtration and filtration fraction of the kidneys; sides by the scanner's left and right. */
function kidneyTable(
  maps: Readonly<Record<string, Float64Array>>,
  mask: Uint8Array,
  { shape, affine: a }: Grid,
): TableOutput {
  const [ni, nj] = shape
  const [x, y, z] = voxelSize({ shape, affine: a })
  const voxel = (x * y * z) / 1000
  const sums = { left: { volume: 0, flow: 0, filtration: 0 }, right: { volume: 0, flow: 0, filtration: 0 } }
  let [middle, count] = [0, 0]
  const across = (v: number) => {
    const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))]
    return a[0]! * i + a[1]! * j + a[2]! * k + a[3]!
  }
  for (let v = 0; v < mask.length; v++)
    if (mask[v] === 1) {
      middle += across(v)
      count++
    }
  middle /= count
  for (let v = 0; v < mask.length; v++) {
    const [F, T] = [maps['Fp']![v]!, maps['FT']![v]!]
    if (mask[v] !== 1 || !Number.isFinite(F) || !Number.isFinite(T)) continue
    const side = sums[across(v) < middle ? 'left' : 'right']
    side.volume += voxel
    side.flow += voxel * F * 60
    side.filtration += voxel * T * 60
  }
  const total = {
    volume: sums.left.volume + sums.right.volume,
    flow: sums.left.flow + sums.right.flow,
    filtration: sums.left.filtration + sums.right.filtration,
  }
  return {
    name: KIDNEY_TABLE,
    columns: ['side', 'volume', 'rpf', 'gfr', 'ff'],
    rows: Object.entries({ ...sums, total }).map(([side, { volume, flow, filtration }]) => [
      side,
      volume > 0 ? rounded(volume) : null,
      volume > 0 ? rounded(flow) : null,
      volume > 0 ? rounded(filtration) : null,
      flow > 0 ? rounded(filtration / flow) : null,
    ]),
    template: 'dce-kidney',
  }
}
