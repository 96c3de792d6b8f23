import type { Grid } from '../image/volume.ts'
import { createRandom, type Random } from '../numerics/random.ts'

/** Fractions of the tissues of a brain in each voxel [1], shape (nVoxel) each; they sum to 1 inside the skull, to 0 outside. */
export interface Tissues {
  readonly gm: Float32Array
  readonly wm: Float32Array
  readonly csf: Float32Array
}

/** A made-up head, shared by all techniques: a function of space that can be looked at on any grid. */
export interface Anatomy {
  /** Tissue fractions on a grid, averaged over each voxel. */
  tissues(grid: Grid): Tissues
  /** A T1-weighted image on a grid [a.u.], shape (nVoxel), without noise: skull and scalp included. */
  t1w(grid: Grid): Float32Array
}

/** An ellipsoid: centre and half axes [mm]. */
interface Ellipsoid {
  readonly centre: readonly [number, number, number]
  readonly axes: readonly [number, number, number]
}

/** Layers around the brain, from its surface outwards [mm]. */
const LAYERS = { csf: 3, skull: 9, scalp: 15 } as const

/** Signal of a T1-weighted image [a.u.]. */
const T1W = { gm: 600, wm: 900, csf: 250, skull: 60, scalp: 750 } as const

/** The cortex: its least depth, how much deeper folds reach, and how deep sulci cut in [mm]. */
const CORTEX = { depth: 5, fold: 26, sulcus: 3 } as const

/** The fissure between the hemispheres: half its width, and how deep it reaches [mm]. */
const FISSURE = { half: 1.5, depth: 26 } as const

/** Samples along an edge are this far apart, at the most [mm]. */
const SPACING = 1.25

/** Space that holds the head [mm]. */
const EXTENT = [180, 216, 160] as const

/**
 * A grid over the head, its centre at the origin, axes right, anterior, superior.
 *
 * @param size - voxel edges [mm], shape (3)
 */
export function headGrid(size: readonly [number, number, number]): Grid {
  const [ni, nj, nk] = EXTENT.map((extent, axis) => 2 * Math.ceil(extent / size[axis]! / 2))
  const shape = [ni!, nj!, nk!] as const
  const origin = (axis: 0 | 1 | 2) => (-(shape[axis] - 1) / 2) * size[axis]
  return {
    shape,
    affine: [size[0], 0, 0, origin(0), 0, size[1], 0, origin(1), 0, 0, size[2], origin(2)],
  }
}

/**
 * A head of smooth shapes with known tissues: a folded cortical ribbon over white matter, deep grey nuclei, ventricles,
 * fluid around the brain, skull and scalp.
 *
 * @remarks
 * Size, folding and ventricles differ from subject to subject by a few per cent. The cortex is up to 30 mm deep where it
 * folds, so that voxels of perfusion images can lie wholly within it. Nothing in it calls `sin` or `cos`, whose
 * last digits differ between versions of Node: a seed gives the same head everywhere.
 *
 * **Error.** Fractions are means over samples at most 1.25 mm apart with a linear edge: exact to about 0.01.
 *
 * @param seed - seed of the data set
 * @param subject - label of the subject: each has a head of its own
 */
export function makeAnatomy(seed: number, subject: string): Anatomy {
  const random = createRandom(`anatomy/${seed}/${subject}`)
  const vary = (share: number) => 1 + share * (2 * random.uniform() - 1)
  const brain: Ellipsoid = { centre: [0, 0, 0], axes: [66 * vary(0.04), 83 * vary(0.04), 60 * vary(0.04)] }
  const wide = vary(0.25)
  const pair = (x: number, y: number, z: number, axes: Ellipsoid['axes']): Ellipsoid[] =>
    [-x, x].map(side => ({ centre: [side, y, z], axes }))
  const ventricles = pair(9 * wide, -4, 8, [5.5 * wide, 26 * vary(0.1), 8 * wide])
  const nuclei = pair(24, 6, 2, [9 * vary(0.1), 17 * vary(0.1), 11 * vary(0.1)])
  const fold = makeFolds(random)

  /** Fractions of gm, wm, csf at a point, with edges as soft as samples are apart. */
  const at = (x: number, y: number, z: number, soft: number, out: [number, number, number]): number => {
    const depth = depthIn(brain, x, y, z)
    if (depth < -LAYERS.csf - soft) {
      out[0] = out[1] = out[2] = 0
      return depth
    }
    const wave = fold(x, y, z)
    const fissure = Math.abs(x) - FISSURE.half + Math.max(0, depth - FISSURE.depth)
    const pial = Math.min(depth - CORTEX.sulcus * Math.max(0, -wave), fissure)
    const inside = edge((depth + LAYERS.csf) / soft)
    const inBrain = edge(pial / soft)
    const folded = Math.max(0, wave)
    const inWhite = edge((pial - CORTEX.depth - CORTEX.fold * folded) / soft)
    const inFluid = Math.max(...ventricles.map(shape => edge(depthIn(shape, x, y, z) / soft)))
    const inNuclei = Math.max(...nuclei.map(shape => edge(depthIn(shape, x, y, z) / soft)))
    const solid = inBrain * (1 - inFluid)
    out[0] = solid * (1 - inWhite * (1 - inNuclei))
    out[1] = solid * inWhite * (1 - inNuclei)
    out[2] = inside - solid
    return depth
  }
  return {
    tissues(grid) {
      const [gm, wm, csf] = sampleOn(grid, 3, (x, y, z, soft, out) => {
        at(x, y, z, soft, out)
      })
      return { gm: gm!, wm: wm!, csf: csf! }
    },
    t1w(grid) {
      const tissue: [number, number, number] = [0, 0, 0]
      const [signal] = sampleOn(grid, 1, (x, y, z, soft, out) => {
        const depth = at(x, y, z, soft, tissue)
        const outer = edge((depth + LAYERS.scalp) / soft)
        const bone = edge((depth + LAYERS.skull) / soft)
        const inner = tissue[0] + tissue[1] + tissue[2]
        const brainSignal = T1W.gm * tissue[0] + T1W.wm * tissue[1] + T1W.csf * tissue[2]
        out[0] = brainSignal + T1W.skull * (bone - inner) + T1W.scalp * (outer - bone)
      })
      return signal!
    },
  }
}

/** 0 outside, 1 inside, linear across an edge one unit wide. */
function edge(depth: number): number {
  return Math.min(1, Math.max(0, depth + 1 / 2))
}

/** How deep a point lies in an ellipsoid [mm], negative outside; exact at the surface, to first order elsewhere. */
function depthIn({ centre, axes }: Ellipsoid, x: number, y: number, z: number): number {
  const u = (x - centre[0]) / axes[0]
  const v = (y - centre[1]) / axes[1]
  const w = (z - centre[2]) / axes[2]
  const r = Math.sqrt(u * u + v * v + w * w)
  if (r === 0) return Math.min(...axes)
  const [gu, gv, gw] = [u / axes[0], v / axes[1], w / axes[2]]
  return ((1 - r) * r) / Math.sqrt(gu * gu + gv * gv + gw * gw)
}

/** A wave of period 1 between −1 and 1, from two parabolas: as smooth as needed, and the same on every machine. */
function wave(phase: number): number {
  const t = phase - Math.floor(phase)
  return t < 1 / 2 ? 16 * t * (1 / 2 - t) : -16 * (t - 1 / 2) * (1 - t)
}

/** Folds of the cortex: a sum of waves in three directions, between −1 and 1. */
function makeFolds(random: Random): (x: number, y: number, z: number) => number {
  const directions = [
    [0.9, 0.3, 0.3],
    [-0.3, 0.9, 0.3],
    [0.2, -0.4, 0.9],
  ] as const
  const waves = directions.map(([x, y, z]) => {
    const length = 22 + 6 * random.uniform()
    return { x: x / length, y: y / length, z: z / length, start: random.uniform() }
  })
  return (x, y, z) => {
    let sum = 0
    for (const w of waves) sum += wave(w.x * x + w.y * y + w.z * z + w.start)
    return sum / waves.length
  }
}

/** A function of space at a point; `soft` is how wide its edges may be [mm]. */
type Field = (x: number, y: number, z: number, soft: number, out: [number, number, number]) => void

/** Means of a field over each voxel of a grid, shape (nVoxel) for each of its parts. */
function sampleOn({ shape, affine: a }: Grid, parts: number, field: Field): Float32Array[] {
  const edges = [0, 1, 2].map(c => Math.sqrt(a[c]! * a[c]! + a[4 + c]! * a[4 + c]! + a[8 + c]! * a[8 + c]!))
  const counts = edges.map(length => Math.max(1, Math.ceil(length / SPACING)))
  const soft = Math.max(...edges.map((length, axis) => length / counts[axis]!))
  const [ni, nj, nk] = shape
  const [ci, cj, ck] = [counts[0]!, counts[1]!, counts[2]!]
  const share = 1 / (ci * cj * ck)
  const out = Array.from({ length: parts }, () => new Float32Array(ni * nj * nk))
  const here: [number, number, number] = [0, 0, 0]
  for (let v = 0; v < ni * nj * nk; v++) {
    const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))]
    for (let s = 0; s < ci * cj * ck; s++) {
      const p = i + ((s % ci) + 1 / 2) / ci - 1 / 2
      const q = j + ((Math.floor(s / ci) % cj) + 1 / 2) / cj - 1 / 2
      const r = k + (Math.floor(s / (ci * cj)) + 1 / 2) / ck - 1 / 2
      field(
        a[0]! * p + a[1]! * q + a[2]! * r + a[3]!,
        a[4]! * p + a[5]! * q + a[6]! * r + a[7]!,
        a[8]! * p + a[9]! * q + a[10]! * r + a[11]!,
        soft,
        here,
      )
      for (let part = 0; part < parts; part++) out[part]![v]! += share * here[part]!
    }
  }
  return out
}
