import { fieldOf, numberOf, type RawHeader } from './fields.ts'

/** Where the voxels lie [mm], 3 × 4 row by row, and whether the header says so or only their size is known. */
export interface Placement {
  readonly affine: readonly number[]
  readonly oriented: boolean
}

/** Millimetres of the spatial unit that `xyzt_units` states: 1 m, 2 mm, 3 µm; mm where it states none, as all readers do. */
export function millimetresPerUnit(xyztUnits: number): number {
  return [1, 1000, 1, 0.001][xyztUnits & 7] ?? 1
}

/** How many of the temporal unit that `xyzt_units` states make a second: 8 s, 16 ms, 24 µs; null where it states no time. */
export function unitsPerSecond(xyztUnits: number): number | null {
  return [null, 1, 1e3, 1e6][(xyztUnits >> 3) & 7] ?? null
}

/**
 * Map from voxel index to scanner space.
 *
 * @remarks
 * The sform wherever `sform_code` is above 0, else the qform wherever `qform_code` is above 0, else the voxel sizes alone
 * (method 1 of the standard: no flip, origin in the first voxel). **Limits:** an sform or qform that is singular or not
 * finite is as good as none, and the next is taken; a voxel size of 0, or none at all, counts as 1.
 */
export function placementOf(header: RawHeader): Placement {
  const mm = millimetresPerUnit(numberOf(header, 'xyzt_units'))
  const candidates = [
    ...(numberOf(header, 'sform_code') > 0 ? [sform(header)] : []),
    ...(numberOf(header, 'qform_code') > 0 ? [qform(header)] : []),
  ].map(affine => affine.map(value => value * mm))
  const affine = candidates.find(isInvertible)
  if (affine) return { affine, oriented: true }
  const [x, y, z] = edges(header)
  return { affine: [x * mm, 0, 0, 0, 0, y * mm, 0, 0, 0, 0, z * mm, 0], oriented: false }
}

function sform(header: RawHeader): number[] {
  return [...fieldOf(header, 'srow_x'), ...fieldOf(header, 'srow_y'), ...fieldOf(header, 'srow_z')]
}

function qform(header: RawHeader): number[] {
  const b = numberOf(header, 'quatern_b')
  const c = numberOf(header, 'quatern_c')
  const d = numberOf(header, 'quatern_d')
  const r = rotationOf(b, c, d)
  const [x, y, z] = edges(header)
  const qfac = fieldOf(header, 'pixdim')[0]! < 0 ? -1 : 1
  const offset = [numberOf(header, 'qoffset_x'), numberOf(header, 'qoffset_y'), numberOf(header, 'qoffset_z')]
  return [0, 1, 2].flatMap(row => [r[3 * row]! * x, r[3 * row + 1]! * y, r[3 * row + 2]! * z * qfac, offset[row]!])
}

function edges(header: RawHeader): [number, number, number] {
  const pixdim = fieldOf(header, 'pixdim')
  const edge = (axis: number) => {
    const size = Math.abs(pixdim[axis + 1]!)
    return size > 0 && Number.isFinite(size) ? size : 1
  }
  return [edge(0), edge(1), edge(2)]
}

/**
 * Rotation of a unit quaternion given without its real part, 3 × 3 row by row.
 *
 * @remarks
 * a = √(1 − b² − c² − d²). **Limits:** stored in float32, a rotation by 180° often has b² + c² + d² a little above 1,
 * where the root would be NaN; from 1 − 1e-7 upwards the three are scaled to length 1 and a is 0, as in the reference
 * library of the standard, so every program places the voxels alike.
 */
export function rotationOf(b: number, c: number, d: number): number[] {
  const rest = 1 - (b * b + c * c + d * d)
  const a = rest < 1e-7 ? 0 : Math.sqrt(rest)
  if (rest < 1e-7) {
    const length = Math.sqrt(b * b + c * c + d * d)
    b /= length
    c /= length
    d /= length
  }
  return [
    a * a + b * b - c * c - d * d,
    2 * (b * c - a * d),
    2 * (b * d + a * c),
    2 * (b * c + a * d),
    a * a + c * c - b * b - d * d,
    2 * (c * d - a * b),
    2 * (b * d - a * c),
    2 * (c * d + a * b),
    a * a + d * d - b * b - c * c,
  ]
}

/** The quaternion of a proper rotation, its real part at least 0 and left out: the three numbers that a qform stores. */
export function quaternionOf(r: readonly number[]): [number, number, number] {
  const at = (row: number, column: number) => r[3 * row + column]!
  const trace = at(0, 0) + at(1, 1) + at(2, 2)
  if (trace > 0) {
    const s = 2 * Math.sqrt(1 + trace)
    return [(at(2, 1) - at(1, 2)) / s, (at(0, 2) - at(2, 0)) / s, (at(1, 0) - at(0, 1)) / s]
  }
  // The largest diagonal element gives the component that can be divided by.
  const i = at(0, 0) >= at(1, 1) && at(0, 0) >= at(2, 2) ? 0 : at(1, 1) >= at(2, 2) ? 1 : 2
  const j = (i + 1) % 3
  const k = (i + 2) % 3
  const s = 2 * Math.sqrt(Math.max(0, 1 + at(i, i) - at(j, j) - at(k, k)))
  const real = at(k, j) - at(j, k)
  const sign = real < 0 ? -1 : 1
  const q: [number, number, number] = [0, 0, 0]
  q[i] = (sign * s) / 4
  q[j] = (sign * (at(j, i) + at(i, j))) / s
  q[k] = (sign * (at(k, i) + at(i, k))) / s
  return q
}

/** Determinant of the 3 × 3 part of an affine [mm³]. */
export function determinant(a: readonly number[]): number {
  const minor = (r: number, s: number, p: number, q: number) =>
    a[4 * r + p]! * a[4 * s + q]! - a[4 * r + q]! * a[4 * s + p]!
  return a[0]! * minor(1, 2, 1, 2) - a[1]! * minor(1, 2, 0, 2) + a[2]! * minor(1, 2, 0, 1)
}

// Relative to the edges, so that voxels of a micrometre are not taken for none.
function isInvertible(a: readonly number[]): boolean {
  const volume = [0, 1, 2].reduce((product, c) => product * Math.hypot(a[c]!, a[4 + c]!, a[8 + c]!), 1)
  return a.every(Number.isFinite) && Math.abs(determinant(a)) > 1e-6 * volume
}
