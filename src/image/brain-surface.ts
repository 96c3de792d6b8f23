import type { Shape } from './distance.ts'
import { icosphere, type Mesh, NEIGHBOURS, parted } from './icosphere.ts'

/** An image that a surface is fitted to: axes along its grid, in mm from the first voxel's centre. */
export interface Scene {
  /** Values, any unit, shape (nVoxel). */
  readonly values: Float32Array
  readonly shape: Shape
  /** Voxel edges [mm], shape (3). */
  readonly size: readonly [number, number, number]
}

/** Where a surface starts, and between what it looks for the edge. */
export interface Start {
  /** Middle of the brain [mm], and radius of the ball to begin with [mm]. */
  readonly centre: readonly [number, number, number]
  readonly radius: number
  /** The darkest that counts, and the median of the brain; unit of the image. */
  readonly low: number
  readonly middle: number
}

/** Rounds of the fit with corners about 8 mm apart, then with 4 mm; the surface has settled before. */
const ROUNDS = [400, 200] as const

/** How often the triangles of an icosahedron are parted to begin with: 642 corners. */
const PARTED = 3

/** Share of the way from dark to the local brightest at which the brain ends [1]. */
const EDGE = 0.5

/** How far inwards the least and the greatest value are looked for [mm]. */
const REACH = { least: 20, greatest: 10 } as const

/** Radii of curvature between which smoothing goes from full to none [mm]. */
const CURVATURE = { least: 10 / 3, greatest: 10 } as const

/** Weight of the step that keeps corners apart, and of the step along the image [1]. */
const PULL = { apart: 0.5, image: 0.05 } as const

/**
 * The surface of the brain in an image in which it is brighter than what surrounds it: a ball that is blown up until it meets
 * the dark layer of fluid and bone.
 *
 * @remarks
 * Corner by corner and round by round, along the outward normal n: a step towards the mean of the neighbours (in the surface
 * half of the way, across it by as much as the curvature there is sharper than a brain's), and
 *
 *     0.05 · l · 2 (I_min − t) / (I_max − low),   t = low + 0.5 (I_max − low)
 *
 * with the least value I_min within 20 mm and the greatest I_max within 10 mm inwards, and the mean edge l. So the threshold is
 * that of the place, whatever the sensitivity of the coil there. What lies beyond the image has no say.
 *
 * **Assumes** one brain, whole or nearly so, with darker fluid or bone around it. **Limits.** Slabs of a few centimetres, and
 * images in which fluid is bright, give a surface that means nothing.
 *
 * @param scene - the image
 * @param start - where to begin
 * @returns the surface, corners in mm
 *
 * @see Smith, Hum Brain Mapp 17:143 (2002), doi:10.1002/hbm.10062
 */
export function brainSurface(scene: Scene, start: Start): Mesh {
  const ball = icosphere(PARTED)
  let mesh: Mesh = { ...ball, vertices: ball.vertices.map((x, at) => start.centre[at % 3]! + start.radius * x) }
  for (const [stage, rounds] of ROUNDS.entries()) {
    if (stage > 0) mesh = parted(mesh)
    settle(scene, start, mesh, rounds)
  }
  return mesh
}

/** Move the corners of a surface by so many rounds. */
function settle(scene: Scene, start: Start, { vertices: here, faces, neighbours }: Mesh, rounds: number): void {
  const n = here.length / 3
  const next = new Float64Array(here.length)
  const normals = new Float64Array(here.length)
  const sharp = (1 / CURVATURE.least + 1 / CURVATURE.greatest) / 2
  const steep = 6 / (1 / CURVATURE.least - 1 / CURVATURE.greatest)
  for (let round = 0; round < rounds; round++) {
    normalsOf(faces, here, normals)
    const edge = meanEdge(neighbours, here)
    for (let v = 0; v < n; v++) {
      const at = 3 * v
      let [sx, sy, sz, count] = [0, 0, 0, 0]
      for (let slot = NEIGHBOURS * v; slot < NEIGHBOURS * (v + 1); slot++) {
        const other = 3 * neighbours[slot]!
        if (other < 0) continue
        sx += here[other]!
        sy += here[other + 1]!
        sz += here[other + 2]!
        count++
      }
      sx = sx / count - here[at]!
      sy = sy / count - here[at + 1]!
      sz = sz / count - here[at + 2]!
      const [nx, ny, nz] = [normals[at]!, normals[at + 1]!, normals[at + 2]!]
      const across = sx * nx + sy * ny + sz * nz
      const curvature = (2 * Math.abs(across)) / (edge * edge)
      const smooth = sigmoid(2 * steep * (curvature - sharp))
      const along = PULL.image * edge * imageStep(scene, start, here, at, normals)
      const outward = smooth * across + along
      next[at] = here[at]! + PULL.apart * (sx - across * nx) + outward * nx
      next[at + 1] = here[at + 1]! + PULL.apart * (sy - across * ny) + outward * ny
      next[at + 2] = here[at + 2]! + PULL.apart * (sz - across * nz) + outward * nz
    }
    here.set(next)
  }
}

/** (1 + tanh(x/2))/2. */
function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** How the image pulls at a corner, −2 … 2: outwards as long as all is bright on the way in. */
function imageStep(
  { values, shape, size }: Scene,
  start: Start,
  here: Float64Array,
  at: number,
  n: Float64Array,
): number {
  let [least, greatest] = [start.middle, start.low]
  const [ni, nj, nk] = shape
  let seen = 0
  for (let step = 0; step <= REACH.least; step++) {
    const i = Math.round((here[at]! - step * n[at]!) / size[0])
    const j = Math.round((here[at + 1]! - step * n[at + 1]!) / size[1])
    const k = Math.round((here[at + 2]! - step * n[at + 2]!) / size[2])
    const isInside = i >= 0 && j >= 0 && k >= 0 && i < ni && j < nj && k < nk
    // A corner that has left the image goes back.
    if (!isInside && step === 0) return -1
    if (!isInside) break
    const value = values[(k * nj + j) * ni + i]!
    seen++
    if (value < least) least = value
    if (step <= REACH.greatest && value > greatest) greatest = value
  }
  if (seen === 0) return -1
  least = Math.max(start.low, least)
  greatest = Math.min(start.middle, greatest)
  const threshold = start.low + EDGE * (greatest - start.low)
  return (2 * (least - threshold)) / (greatest - start.low)
}

/** Outward normals of length 1 at the corners: the sum over their triangles, by area. */
function normalsOf(faces: Int32Array, v: Float64Array, out: Float64Array): void {
  out.fill(0)
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [3 * faces[f]!, 3 * faces[f + 1]!, 3 * faces[f + 2]!]
    const [ux, uy, uz] = [v[b]! - v[a]!, v[b + 1]! - v[a + 1]!, v[b + 2]! - v[a + 2]!]
    const [wx, wy, wz] = [v[c]! - v[a]!, v[c + 1]! - v[a + 1]!, v[c + 2]! - v[a + 2]!]
    const [x, y, z] = [uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx]
    for (let corner = 0; corner < 3; corner++) {
      const at = 3 * faces[f + corner]!
      out[at]! += x
      out[at + 1]! += y
      out[at + 2]! += z
    }
  }
  for (let at = 0; at < out.length; at += 3) {
    const length = Math.hypot(out[at]!, out[at + 1]!, out[at + 2]!) || 1
    out[at]! /= length
    out[at + 1]! /= length
    out[at + 2]! /= length
  }
}

function meanEdge(neighbours: Int32Array, v: Float64Array): number {
  let [sum, count] = [0, 0]
  for (let slot = 0; slot < neighbours.length; slot++) {
    if (neighbours[slot]! < 0) continue
    const [a, b] = [3 * Math.floor(slot / NEIGHBOURS), 3 * neighbours[slot]!]
    const [x, y, z] = [v[a]! - v[b]!, v[a + 1]! - v[b + 1]!, v[a + 2]! - v[b + 2]!]
    sum += Math.sqrt(x * x + y * y + z * z)
    count++
  }
  return sum / count
}

/**
 * The voxels whose centres lie within a surface, shape (nVoxel).
 *
 * @remarks
 * A voxel is inside where a ray along k from it meets the surface an odd number of times.
 *
 * @param mesh - the surface, corners in mm from the first voxel's centre along the axes of the grid
 * @param shape - voxels along i, j, k
 * @param size - voxel edges [mm]
 */
export function insideOf(mesh: Mesh, shape: Shape, size: readonly [number, number, number]): Uint8Array {
  const [ni, nj, nk] = shape
  const mask = new Uint8Array(ni * nj * nk)
  const { vertices: v, faces } = mesh
  // A little off the centres, so that no ray meets an edge.
  const off = [1.3e-5, 2.7e-5] as const
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [3 * faces[f]!, 3 * faces[f + 1]!, 3 * faces[f + 2]!]
    const x = [v[a]! / size[0] - off[0], v[b]! / size[0] - off[0], v[c]! / size[0] - off[0]] as const
    const y = [v[a + 1]! / size[1] - off[1], v[b + 1]! / size[1] - off[1], v[c + 1]! / size[1] - off[1]] as const
    const z = [v[a + 2]! / size[2], v[b + 2]! / size[2], v[c + 2]! / size[2]] as const
    const area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    if (area === 0) continue
    for (let j = Math.max(0, Math.ceil(Math.min(...y))); j <= Math.min(nj - 1, Math.max(...y)); j++)
      for (let i = Math.max(0, Math.ceil(Math.min(...x))); i <= Math.min(ni - 1, Math.max(...x)); i++) {
        const p = ((i - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (j - y[0])) / area
        const q = ((x[1] - x[0]) * (j - y[0]) - (i - x[0]) * (y[1] - y[0])) / area
        if (p < 0 || q < 0 || p + q > 1) continue
        const from = Math.max(0, Math.ceil(z[0] + p * (z[1] - z[0]) + q * (z[2] - z[0])))
        if (from < nk) mask[(from * nj + j) * ni + i]! ^= 1
      }
  }
  for (let at = ni * nj; at < mask.length; at++) mask[at]! ^= mask[at - ni * nj]!
  return mask
}
