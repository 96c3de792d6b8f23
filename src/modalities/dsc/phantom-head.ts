import type { Grid } from '../../image/volume.ts'
import type { Tissues } from '../anatomy.ts'

/** What a DSC phantom is made of. */
export const COMPARTMENTS = ['gm', 'wm', 'csf', 'tumour', 'late', 'artery', 'vein'] as const

/** Share of each compartment in each voxel [1], shape (nVoxel) each. */
export type Shares = Readonly<Record<(typeof COMPARTMENTS)[number], Float32Array>>

type Point = readonly [number, number, number]

/** A tube between two points, with round ends; a ball where they are one [mm]. */
interface Tube {
  readonly from: Point
  readonly to: Point
  readonly radius: number
}

const tube = (from: Point, to: Point, radius: number): Tube => ({ from, to, radius })

/** Middle cerebral arteries, a little wider than life, so that some voxels hold nothing else. */
const ARTERIES = [-1, 1].map(side => tube([9 * side, 12, -15], [36 * side, 12, -15], 9))
/** The straight and the sagittal sinus. */
const VEINS = [tube([0, -72, -2], [0, -58, 34], 6), tube([0, -58, -2], [0, -34, 4], 5)]
/** A tumour with a leaking barrier, and the territory of a narrowed artery. */
const TUMOUR = [tube([-32, -34, 14], [-32, -34, 14], 14)]
const LATE = [tube([36, -14, 22], [36, 8, 22], 17)]

/**
 * The tissues of the common head with arteries, veins, a tumour, and a territory that blood reaches late.
 *
 * @remarks
 * Each body takes the place of what is there. Edges are one voxel wide.
 *
 * @param tissues - of the head, on the grid
 * @param grid - where voxels lie
 */
export function compartmentsOf({ gm, wm, csf }: Tissues, grid: Grid): Shares {
  const shares = {
    gm: gm.slice(),
    wm: wm.slice(),
    csf: csf.slice(),
    tumour: new Float32Array(gm.length),
    late: new Float32Array(gm.length),
    artery: new Float32Array(gm.length),
    vein: new Float32Array(gm.length),
  }
  const bodies = [
    ['late', LATE],
    ['tumour', TUMOUR],
    ['artery', ARTERIES],
    ['vein', VEINS],
  ] as const
  for (let v = 0; v < gm.length; v++) {
    // A vessel runs through fluid as well; pathology is in tissue.
    const whole = gm[v]! + wm[v]! + csf[v]!
    if (whole === 0) continue
    const place = placeOf(grid, v)
    for (const [name, tubes] of bodies) {
      const inside = Math.max(...tubes.map(body => insideOf(body, place, grid)))
      if (inside === 0) continue
      const isVessel = name === 'artery' || name === 'vein'
      let taken = 0
      for (const other of COMPARTMENTS) {
        if (other === name || (other === 'csf' && !isVessel)) continue
        taken += inside * shares[other][v]!
        shares[other][v]! *= 1 - inside
      }
      shares[name][v]! += taken
    }
  }
  return shares
}

function placeOf({ shape: [ni, nj], affine: a }: Grid, v: number): Point {
  const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))]
  const at = (row: number) => a[4 * row]! * i + a[4 * row + 1]! * j + a[4 * row + 2]! * k + a[4 * row + 3]!
  return [at(0), at(1), at(2)]
}

/** How much of a voxel lies in a tube, by the depth of its centre [1]. */
function insideOf({ from, to, radius }: Tube, place: Point, { affine: a }: Grid): number {
  const along = [0, 1, 2].map(axis => to[axis]! - from[axis]!)
  const away = [0, 1, 2].map(axis => place[axis]! - from[axis]!)
  const dot = (x: readonly number[], y: readonly number[]) => x[0]! * y[0]! + x[1]! * y[1]! + x[2]! * y[2]!
  const length = dot(along, along)
  const t = length > 0 ? Math.min(1, Math.max(0, dot(along, away) / length)) : 0
  const off = [0, 1, 2].map(axis => away[axis]! - t * along[axis]!)
  return Math.min(1, Math.max(0, (radius - Math.sqrt(dot(off, off))) / Math.abs(a[0]!) + 1 / 2))
}
