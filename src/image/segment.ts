import { quantile } from '../numerics/statistics.ts'
import { withoutBias } from './bias-field.ts'
import { type Shape, squaredDistanceTo } from './distance.ts'
import { fillHoles, largestComponent } from './mask.ts'
import { CLASSES, densities, fitMixture, type Mixture } from './tissue-mixture.ts'
import { voxelsWhere } from './volume.ts'

/** Tissues of a brain. */
export interface Segmentation {
  /** Share of each voxel that is the tissue [1], shape (nVoxel) each; their sum is 1 but at the outer rim, where it is less. */
  readonly gm: Float32Array
  readonly wm: Float32Array
  readonly csf: Float32Array
  /** 1 in the brain and the fluid around it, shape (nVoxel). */
  readonly mask: Uint8Array
  /** The image divided by the sensitivity of the coil, 0 outside of the mask, unit of the image, shape (nVoxel). */
  readonly clean: Float32Array
  readonly mixture: Mixture
}

/** How far fluid is looked for outside of the brain's surface [mm]. */
const RIM = 5

/** How far outside of the surface a voxel may be of grey or white matter [mm]. */
const SOLID = 1.5

/** How far from voxels of 0 nothing is learnt [mm]. */
const SKIN = 2

/** Half the thickness of threads and sheets on the outside that are no fluid [mm]. */
const THIN = 1.5

/** What it costs that two neighbours 1 mm apart hold nothing in common [1]. */
const COST = 0.6

/** Rounds in which neighbours speak to each other; the fourth changes little. */
const ROUNDS = 4

/** Share of fluid that a rim voxel needs [1]. */
const FLUID = 1 / 2

/** Which share of each class is fluid, grey and white matter, as the prior counts it, shape (5 × 3). */
const COMPOSITION = [1, 0, 0, 0.5, 0.5, 0, 0, 1, 0, 0, 0.5, 0.5, 0, 0, 1] as const

/**
 * Shares of grey matter, white matter and fluid in a T1-weighted image.
 *
 * @remarks
 * The signals of the tissues and the sensitivity of the coil come from {@link fitMixture}. The class of a voxel is what its value
 * and its six neighbours say (mean field of a Markov random field: neighbours that hold little in common cost, by the reciprocal of
 * their distance). A voxel of two tissues holds them in the proportion that its value has between their means. Outside of the
 * surface, up to 5 mm, what is nearer to fluid than to bone and hangs on the brain is fluid.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param inside - 1 within the surface of the brain, see `findBrain`, shape (nVoxel)
 * @param shape - voxels along i, j, k
 * @param size - voxel edges [mm]
 */
export function segmentTissue(
  values: Float32Array | Float64Array,
  inside: Uint8Array,
  shape: Shape,
  size: readonly [number, number, number],
): Segmentation {
  const box = boxAround(inside, shape, size)
  const image = cutOut(values, shape, box)
  const surface = Uint8Array.from(cutOut(inside, shape, box))
  const mixture = fitMixture(image, awayFromNothing(surface, image, box.shape, size), box.shape)
  const clean = withoutBias(image, mixture.bias, box.shape)
  const { mask, fluid } = withFluid(clean, surface, box.shape, size, mixture)
  const classes = classify(clean, mask, box.shape, size, mixture)
  const parts = {
    gm: new Float32Array(values.length),
    wm: new Float32Array(values.length),
    csf: new Float32Array(values.length),
  }
  const whole = new Uint8Array(values.length)
  const stripped = new Float32Array(values.length)
  const shares = new Float64Array(3)
  forEachIn(box, shape, (v, at) => {
    if (mask[at] !== 1) return
    whole[v] = 1
    stripped[v] = clean[at]!
    sharesOf(clean[at]!, classes, at, mixture, shares)
    // A rim voxel holds bone beside fluid.
    const part = fluid[at]!
    parts.csf[v] = shares[0]! * part
    parts.gm[v] = shares[1]! * part
    parts.wm[v] = shares[2]! * part
  })
  return { ...parts, mask: whole, clean: stripped, mixture }
}

/** The set without what lies beside voxels of 0: where others have cut out the brain, its outermost voxels are partly that. */
function awayFromNothing(
  set: Uint8Array,
  image: Float32Array,
  shape: Shape,
  size: readonly [number, number, number],
): Uint8Array {
  const away = squaredDistanceTo(
    Uint8Array.from(image, value => (value > 0 ? 0 : 1)),
    shape,
    size,
  )
  return set.map((value, v) => (value === 1 && away[v]! > SKIN * SKIN ? 1 : 0))
}

/** A part of a grid. */
interface Box {
  readonly from: Shape
  readonly shape: Shape
}

/** The part of the grid that holds a mask, and the rim and a voxel more on every side where the grid has it. */
function boxAround(mask: Uint8Array, shape: Shape, size: readonly [number, number, number]): Box {
  const [ni, nj, nk] = shape
  const low = [ni, nj, nk]
  const high = [-1, -1, -1]
  for (let k = 0, v = 0; k < nk; k++)
    for (let j = 0; j < nj; j++)
      for (let i = 0; i < ni; i++, v++) {
        if (mask[v] !== 1) continue
        for (const [axis, at] of [i, j, k].entries()) {
          if (at < low[axis]!) low[axis] = at
          if (at > high[axis]!) high[axis] = at
        }
      }
  const more = size.map(edge => Math.ceil(RIM / edge) + 1)
  const from = low.map((at, axis) => Math.max(0, at - more[axis]!))
  const to = high.map((at, axis) => Math.min(shape[axis]! - 1, at + more[axis]!))
  return {
    from: [from[0]!, from[1]!, from[2]!],
    shape: [to[0]! - from[0]! + 1, to[1]! - from[1]! + 1, to[2]! - from[2]! + 1],
  }
}

/** Call with the index of each voxel of a box in the grid and in the box. */
function forEachIn({ from, shape: [ni, nj, nk] }: Box, [gi, gj]: Shape, use: (v: number, at: number) => void): void {
  for (let k = 0, at = 0; k < nk; k++)
    for (let j = 0; j < nj; j++) {
      const row = ((k + from[2]) * gj + j + from[1]) * gi + from[0]
      for (let i = 0; i < ni; i++, at++) use(row + i, at)
    }
}

/** The values in a box; what is negative or no number counts as 0. */
function cutOut(values: ArrayLike<number>, shape: Shape, box: Box): Float32Array {
  const out = new Float32Array(box.shape[0] * box.shape[1] * box.shape[2])
  forEachIn(box, shape, (v, at) => {
    const value = values[v]!
    if (value > 0 && value < Number.POSITIVE_INFINITY) out[at] = value
  })
  return out
}

/** The brain with the fluid that lies on its surface, and which share of each of its voxels is no bone [1]. */
function withFluid(
  clean: Float32Array,
  surface: Uint8Array,
  shape: Shape,
  size: readonly [number, number, number],
  { means }: Mixture,
): { readonly mask: Uint8Array; readonly fluid: Float32Array } {
  const away = squaredDistanceTo(surface, shape, size)
  const [csf, gm] = [means[0]!, means[1]!]
  const dark = darkOf(clean, away, csf)
  const share = (v: number) => Math.min(1, Math.max(0, (clean[v]! - dark) / (csf - dark)))
  const limit = (csf + gm) / 2
  const candidate = Uint8Array.from(clean, (value, v) => {
    if (surface[v] === 1) return 1
    if (away[v]! > RIM * RIM || share(v) < FLUID) return 0
    return value < limit || away[v]! <= SOLID * SOLID ? 1 : 0
  })
  const mask = fillHoles(largestComponent(opened(candidate, surface, shape, size), shape), shape)
  const fluid = new Float32Array(mask.length)
  for (let v = 0; v < mask.length; v++) if (mask[v] === 1) fluid[v] = surface[v] === 1 ? 1 : share(v)
  return { mask, fluid }
}

/** The set without what is thinner than twice {@link THIN}; its core stays whole. */
function opened(set: Uint8Array, core: Uint8Array, shape: Shape, size: readonly [number, number, number]): Uint8Array {
  const depth = squaredDistanceTo(
    set.map(value => 1 - value),
    shape,
    size,
  )
  const deep = set.map((_, v) => (depth[v]! > THIN * THIN ? 1 : 0))
  const away = squaredDistanceTo(deep, shape, size)
  return set.map((value, v) => (core[v] === 1 || (value === 1 && away[v]! <= THIN * THIN) ? 1 : 0))
}

/** Signal of bone and air around the brain: the median of what is clearly darker than fluid there; 0 where nothing is. */
function darkOf(clean: Float32Array, away: Float64Array, csf: number): number {
  const found: number[] = []
  for (let v = 0; v < clean.length; v++)
    if (away[v]! > SOLID * SOLID && away[v]! <= RIM * RIM && clean[v]! < csf / 2) found.push(clean[v]!)
  return found.length > 0 ? quantile(found, 1 / 2) : 0
}

/** Probability of each class, shape (nVoxel × 5). */
function classify(
  clean: Float32Array,
  mask: Uint8Array,
  shape: Shape,
  size: readonly [number, number, number],
  { means, sds, shares }: Mixture,
): Float32Array {
  const K = CLASSES.length
  const likelihood = new Float32Array(mask.length * K)
  const density = new Float64Array(K)
  const voxels = voxelsWhere(mask.length, v => mask[v] === 1)
  for (const v of voxels) {
    const total = densities(clean[v]!, means, sds, shares, density)
    for (let k = 0; k < K; k++) likelihood[v * K + k] = density[k]! / total
  }
  let now = likelihood.slice()
  let next = new Float32Array(now.length)
  const cost = costs()
  const [ni, nj, nk] = shape
  const [si, sj, sk] = [1, ni, ni * nj]
  const near = new Float64Array(K)
  const listen = (other: number, edge: number) => {
    if (mask[other] !== 1) return
    for (let l = 0; l < K; l++) near[l]! += (COST / edge) * now[other * K + l]!
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const v of voxels) {
      near.fill(0)
      const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / sk)]
      if (i > 0) listen(v - si, size[0])
      if (i < ni - 1) listen(v + si, size[0])
      if (j > 0) listen(v - sj, size[1])
      if (j < nj - 1) listen(v + sj, size[1])
      if (k > 0) listen(v - sk, size[2])
      if (k < nk - 1) listen(v + sk, size[2])
      let total = 0
      for (let c = 0; c < K; c++) {
        let energy = 0
        for (let l = 0; l < K; l++) energy += cost[c * K + l]! * near[l]!
        const p = likelihood[v * K + c]! * Math.exp(-energy)
        next[v * K + c] = p
        total += p
      }
      for (let c = 0; c < K; c++) next[v * K + c]! /= total
    }
    ;[now, next] = [next, now]
  }
  return now
}

/** What two classes do not have in common [1], shape (5 × 5). */
function costs(): Float64Array {
  const K = CLASSES.length
  const cost = new Float64Array(K * K)
  for (let k = 0; k < K; k++)
    for (let l = 0; l < K; l++)
      for (let tissue = 0; tissue < 3; tissue++)
        cost[k * K + l]! += Math.abs(COMPOSITION[k * 3 + tissue]! - COMPOSITION[l * 3 + tissue]!) / 2
  return cost
}

/** Expected shares of fluid, grey and white matter of a voxel [1], shape (3). */
function sharesOf(value: number, classes: Float32Array, v: number, { means }: Mixture, out: Float64Array): void {
  out.fill(0)
  for (let k = 0; k < CLASSES.length; k++) {
    const p = classes[v * CLASSES.length + k]!
    const tissue = Math.floor(k / 2)
    if (k % 2 === 0) {
      out[tissue]! += p
      continue
    }
    const [a, b] = [means[tissue]!, means[tissue + 1]!]
    const upper = Math.min(1, Math.max(0, (value - a) / (b - a)))
    out[tissue]! += p * (1 - upper)
    out[tissue + 1]! += p * upper
  }
}
