import { quantile } from '../numerics/statistics.ts'
import { brainSurface, insideOf, type Scene } from './brain-surface.ts'
import { type Shape, squaredDistanceTo } from './distance.ts'
import { fillHoles, largestComponent, otsuThreshold } from './mask.ts'
import { type Grid, voxelSize } from './volume.ts'

/** The edge of the voxels in which the brain is looked for [mm], or as near to it as whole voxels of the image come. */
const EDGE = 2

/** Height of a head from its top to under the cerebellum [mm]: all below is neck. */
const HEIGHT = 165

/** Cross-section by which the top of a head shows [mm²]. */
const TOP = 2000

/** Quantiles of an image that count as its darkest and its brightest. */
const ENDS = [0.02, 0.98] as const

/** Share of the way from the darkest to the brightest under which there is air or bone [1]. */
const AIR = 0.1

/** Half the widths of the bridges by which eyes, scalp and neck hang on the brain, from the first that leaves a brain on [mm]. */
const BRIDGES = [6, 5, 4, 3, 2] as const

/** The least core of a brain [mm³]. */
const LEAST = 1e5

/** Share of white matter's signal that grey matter has at the least, and fluid has not [1]. */
const GREY = 0.55

/** How far the brain reaches beyond its core: above its middle, where cortex lies over it, and below [mm]. */
const REACH = { above: 28, below: 14 } as const

/** Where all that is not 0 is less than so many times the core of the brain, it is a brain alone [1]. */
const ALONE = 2

/** Voxels that a quantile is taken from at the most, evenly spaced. */
const SAMPLES = 50_000

/**
 * The brain in a T1-weighted image, without an atlas or a trained model: all within its outer surface, shape (nVoxel); null where
 * none was found.
 *
 * @remarks
 * 1. On voxels of about 2 mm, without the neck 165 mm below the top: the largest thing that is as bright as grey matter and hangs
 *    together by more than 10 mm. Its brightness is learnt from the deep part of the brightest such thing, white matter.
 * 2. From its middle {@link brainSurface} grows, in the image cut off where that core is 28 mm away (14 mm below its middle).
 *
 * **Assumes** an adult or a child whose white matter is brighter than grey matter; a whole brain, with the head or without.
 *
 * **Error.** By eye on images of two scanners: follows the outer cortex to about a millimetre; leaves out fluid outside of it; keeps
 * parts of the venous sinuses.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param grid - its grid; scanner space says where up is
 */
export function findBrain(values: Float32Array | Float64Array, grid: Grid): Uint8Array | null {
  const { scene, step } = coarse(values, grid)
  const up = upOf(grid)
  const head = withoutNeck(scene, up)
  if (!head) return null
  const core = coreOf(head)
  if (!core) return null
  const stripped = alreadyAlone(
    values,
    grid,
    countOf(core) * head.scene.size.reduce((product, edge) => product * edge, 1),
  )
  if (stripped) return stripped
  const start = startOf(head, core)
  const mesh = brainSurface(cutAround(head.scene, core, up, start.centre), { ...start, low: head.low })
  // From the first coarse voxel's centre to that of the image.
  const size = voxelSize(grid)
  const vertices = mesh.vertices.map((x, at) => x + ((step[at % 3]! - 1) * size[at % 3]!) / 2)
  const inside = insideOf({ ...mesh, vertices }, grid.shape, size)
  return largestComponent(fillHoles(inside, grid.shape), grid.shape)
}

/** All that is not 0, where little but the brain is: others have taken away the rest. Null where there is more. */
function alreadyAlone(values: Float32Array | Float64Array, { shape, affine }: Grid, core: number): Uint8Array | null {
  const known = Uint8Array.from(values, value => (value > 0 ? 1 : 0))
  const volume = countOf(known) * voxelSize({ shape, affine }).reduce((product, edge) => product * edge, 1)
  return volume < ALONE * core ? fillHoles(largestComponent(known, shape), shape) : null
}

/** The image averaged over blocks of whole voxels. */
function coarse(
  values: Float32Array | Float64Array,
  grid: Grid,
): { readonly scene: Scene; readonly step: readonly number[] } {
  const size = voxelSize(grid)
  const step = size.map(edge => Math.max(1, Math.round(EDGE / edge)))
  const [si, sj, sk] = [step[0]!, step[1]!, step[2]!]
  const [ni, nj] = grid.shape
  const shape = grid.shape.map((count, axis) => Math.max(1, Math.floor(count / step[axis]!)))
  const [ci, cj, ck] = [shape[0]!, shape[1]!, shape[2]!]
  const sums = new Float32Array(ci * cj * ck)
  const share = 1 / (si * sj * sk)
  for (let k = 0; k < ck * sk; k++)
    for (let j = 0; j < cj * sj; j++) {
      const row = (k * nj + j) * ni
      const to = (Math.floor(k / sk) * cj + Math.floor(j / sj)) * ci
      for (let i = 0; i < ci * si; i++) {
        const value = values[row + i]!
        if (value > 0 && value < Number.POSITIVE_INFINITY) sums[to + Math.floor(i / si)]! += share * value
      }
    }
  return { scene: { values: sums, shape: [ci, cj, ck], size: [size[0] * si, size[1] * sj, size[2] * sk] }, step }
}

/** The axis of a grid that points up most, and whether it points up or down. */
interface Up {
  readonly axis: 0 | 1 | 2
  readonly sign: 1 | -1
}

function upOf({ affine: a }: Grid): Up {
  const size = voxelSize({ affine: a, shape: [1, 1, 1] })
  const rise = ([0, 1, 2] as const).map(axis => a[8 + axis]! / size[axis])
  const axis = ([0, 1, 2] as const).reduce((best, other) =>
    Math.abs(rise[other]!) > Math.abs(rise[best]!) ? other : best,
  )
  return { axis, sign: rise[axis]! < 0 ? -1 : 1 }
}

/** How far each voxel lies above the lowest plane [voxel]. */
function heightIn({ shape }: Scene, { axis, sign }: Up): (v: number) => number {
  const stride = [1, shape[0], shape[0] * shape[1]][axis]!
  const planes = shape[axis]
  return v => {
    const plane = Math.floor(v / stride) % planes
    return sign > 0 ? plane : planes - 1 - plane
  }
}

interface Head {
  readonly scene: Scene
  /** The darkest, and what air and bone are darker than; unit of the image. */
  readonly low: number
  readonly dark: number
}

/** The image with 0 in all that lies too far below the top of the head; null where nothing is bright. */
function withoutNeck(scene: Scene, up: Up): Head | null {
  const { values, shape, size } = scene
  const known = thinned(values, value => value > 0)
  if (known.length === 0) return null
  const [low, high] = [quantile(known, ENDS[0]), quantile(known, ENDS[1])]
  const dark = low + AIR * (high - low)
  const height = heightIn(scene, up)
  const areas = new Float64Array(shape[up.axis])
  const face = (size[0] * size[1] * size[2]) / size[up.axis]
  for (let v = 0; v < values.length; v++) if (values[v]! > dark) areas[height(v)]! += face
  const top = areas.findLastIndex(area => area > TOP)
  if (top < 0) return null
  const floor = top - HEIGHT / size[up.axis]
  return { scene: { ...scene, values: values.map((value, v) => (height(v) < floor ? 0 : value)) }, low, dark }
}

/** The inner part of the brain; null where there is none of a size that a brain has. */
function coreOf({ scene, dark }: Head): Uint8Array | null {
  const { values, shape, size } = scene
  const known = thinned(values, value => value > dark)
  if (known.length === 0) return null
  const high = quantile(known, ENDS[1])
  const bright = otsuThreshold(known.map(value => Math.min(high, value)))
  const voxel = size[0] * size[1] * size[2]
  for (const radius of BRIDGES) {
    const deep = deepPart(values, bright, radius, shape, size)
    if (countOf(deep) * voxel < LEAST) continue
    const white = quantile(
      thinned(values, (_, v) => deep[v] === 1),
      1 / 2,
    )
    const grey = GREY * white
    const inner = deepPart(values, grey, Math.min(radius, BRIDGES[1]), shape, size)
    const away = squaredDistanceTo(inner, shape, size)
    const reach = Math.min(radius, BRIDGES[1]) + EDGE
    const grown = values.map((value, v) => (value > grey && away[v]! <= reach * reach ? 1 : 0))
    return largestComponent(Uint8Array.from(grown), shape)
  }
  return null
}

/** The largest component of what lies deeper than a radius within all that is brighter than a threshold. */
function deepPart(
  values: Float32Array,
  threshold: number,
  radius: number,
  shape: Shape,
  size: Scene['size'],
): Uint8Array {
  const outside = Uint8Array.from(values, value => (value > threshold ? 0 : 1))
  const depth = squaredDistanceTo(outside, shape, size)
  return largestComponent(
    outside.map((value, v) => (value === 0 && depth[v]! > radius * radius ? 1 : 0)),
    shape,
  )
}

/** Where the surface starts: the middle of the core, a ball of half its radius, and its median. */
function startOf({ scene, low }: Head, core: Uint8Array) {
  const { values, shape, size } = scene
  const sum = [0, 0, 0]
  let count = 0
  for (let v = 0; v < core.length; v++) {
    if (core[v] !== 1) continue
    sum[0]! += v % shape[0]
    sum[1]! += Math.floor(v / shape[0]) % shape[1]
    sum[2]! += Math.floor(v / (shape[0] * shape[1]))
    count++
  }
  const at = (axis: 0 | 1 | 2) => (sum[axis]! / count) * size[axis]
  const volume = count * size[0] * size[1] * size[2]
  return {
    centre: [at(0), at(1), at(2)] as const,
    radius: Math.cbrt((3 * volume) / (4 * Math.PI)) / 2,
    low,
    middle: quantile(
      thinned(values, (_, v) => core[v] === 1),
      1 / 2,
    ),
  }
}

/** The image with 0 where the brain cannot be. */
function cutAround(scene: Scene, core: Uint8Array, up: Up, centre: readonly [number, number, number]): Scene {
  const { values, shape, size } = scene
  const away = squaredDistanceTo(core, shape, size)
  const height = heightIn(scene, up)
  const plane = centre[up.axis] / size[up.axis]
  const middle = up.sign > 0 ? plane : shape[up.axis] - 1 - plane
  return {
    ...scene,
    values: values.map((value, v) => {
      const reach = height(v) > middle ? REACH.above : REACH.below
      return away[v]! <= reach * reach ? value : 0
    }),
  }
}

function countOf(mask: Uint8Array): number {
  let count = 0
  for (let v = 0; v < mask.length; v++) count += mask[v]!
  return count
}

/** Values that pass a test, thinned out evenly to at most about {@link SAMPLES}. */
function thinned(values: Float32Array, isIn: (value: number, v: number) => boolean): Float64Array {
  let count = 0
  for (let v = 0; v < values.length; v++) if (isIn(values[v]!, v)) count++
  const step = Math.max(1, Math.ceil(count / SAMPLES))
  const out = new Float64Array(Math.ceil(count / step))
  let seen = 0
  for (let v = 0; v < values.length; v++) {
    if (!isIn(values[v]!, v)) continue
    if (seen % step === 0) out[seen / step] = values[v]!
    seen++
  }
  return out
}
