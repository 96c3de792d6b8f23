import { levelOf, sampleAt, voxelMap } from '../../src/image/registration-image.ts'
import {
  about,
  compose,
  inverse,
  moved,
  type Point,
  type Rigid,
  rotationOfQuaternion,
  STILL,
} from '../../src/image/rigid.ts'
import type { Grid } from '../../src/image/volume.ts'
import { voxelCount } from '../../src/image/volume.ts'
import { makeAnatomy } from '../../src/modalities/anatomy.ts'
import { createRandom } from '../../src/numerics/random.ts'

/** How a series of a moving head is made. */
export interface MovingHeadSettings {
  readonly grid: Grid
  readonly frames: number
  /** Factor on the motion: 1 is a random walk of 1.7 mm on average. */
  readonly motion: number
  /** Standard deviation of the noise over the mean of the brain [1]. */
  readonly noise: number
  readonly contrast: 'asl' | 'bolus' | 'none'
  readonly seed: string
}

/** A series of a head that moves, and how. */
export interface MovingHead {
  readonly grid: Grid
  readonly frames: readonly Float32Array[]
  /** Takes each point of the head in the first volume to where it is in a volume. */
  readonly truth: readonly Rigid[]
  /** 1 in the brain in the first volume, shape (nVoxel). */
  readonly brain: Uint8Array
}

/** The grid of the series: 64 × 64 × 30 voxels of 3.5 × 3.5 × 4.5 mm. */
export const SERIES_GRID: Grid = {
  shape: [64, 64, 30],
  affine: [3.5, 0, 0, -110.25, 0, 3.5, 0, -110.25, 0, 0, 4.5, -65.25],
}

const FINE: Grid = {
  shape: [96, 112, 84],
  affine: [2, 0, 0, -95, 0, 2, 0, -111, 0, 0, 2, -83],
}

/** Random walk of a head about its middle, at rest in the first volume. */
export function randomWalk(frames: number, factor: number, seed: string): Rigid[] {
  const random = createRandom(`walk ${seed}`)
  const p = new Float64Array(6)
  return Array.from({ length: frames }, (_, frame) => {
    if (frame > 0) for (let c = 0; c < 6; c++) p[c] = 0.95 * p[c]! + factor * (c < 3 ? 0.5 : 0.006) * random.normal()
    return about(rotationOfQuaternion(1, p[3]! / 2, p[4]! / 2, p[5]! / 2), [0, 0, 0], [p[0]!, p[1]!, p[2]!])
  })
}

/** A head in a series, by cubic splines of an image with 2 mm voxels, averaged over each voxel. */
export function movingHead({ grid, frames, motion, noise, contrast, seed }: MovingHeadSettings): MovingHead {
  const { gm, wm, csf } = makeAnatomy(1, '01').tissues(FINE)
  const random = createRandom(`head ${seed}`)
  const truth = randomWalk(frames, motion, seed)
  const n = voxelCount(grid)
  const points = subvoxels(grid)
  const sample = new Float32Array(points.index.length / 3)
  const image = (frame: number) => {
    const [g, w] = drops(contrast, frame, frames)
    const values = Float32Array.from(gm, (share, v) => 850 * share * g(v) + 700 * wm[v]! * w(v) + 1000 * csf[v]!)
    sampleAt(levelOf(values, FINE, 0), points, voxelMap(points.grid, FINE, inverse(truth[frame]!)), sample)
    const out = new Float32Array(n)
    const per = sample.length / n
    for (let p = 0; p < sample.length; p++) out[Math.floor(p / per)]! += (sample[p]! || 0) / per
    for (let v = 0; v < n; v++) {
      const [a, b] = [out[v]! + 750 * noise * random.normal(), 750 * noise * random.normal()]
      out[v] = Math.sqrt(a * a + b * b)
    }
    return out
  }
  const still = new Float32Array(n)
  const tissue = Float32Array.from(gm, (share, v) => share + wm[v]!)
  sampleAt(levelOf(tissue, FINE, 0), points, voxelMap(points.grid, FINE, STILL), sample)
  const per = sample.length / n
  for (let p = 0; p < sample.length; p++) still[Math.floor(p / per)]! += (sample[p]! || 0) / per
  return {
    grid,
    frames: Array.from({ length: frames }, (_, frame) => image(frame)),
    truth,
    brain: Uint8Array.from(still, value => (value > 0.5 ? 1 : 0)),
  }
}

/** Factors on grey and white matter in a volume, by voxel of the fine grid. */
function drops(
  contrast: MovingHeadSettings['contrast'],
  frame: number,
  frames: number,
): [(v: number) => number, (v: number) => number] {
  const [nx, ny] = FINE.shape
  if (contrast === 'none') return [() => 1, () => 1]
  if (contrast === 'asl') {
    const label = frame % 2 === 1
    return [() => (label ? 0.99 : 1), () => (label ? 0.9975 : 1)]
  }
  // A passage that arrives later at the back, and leaves something behind; the arteries of one side lose most.
  const passage = (v: number, depth: number) => {
    const y = Math.floor(v / nx) % ny
    const t = (frame - 0.25 * frames - (0.06 * frames * y) / ny) / (0.05 * frames)
    const curve = t > 0 ? t * t * Math.exp(2 * (1 - t)) + 0.1 * Math.min(1, t / 3) : 0
    return Math.exp(-depth * curve)
  }
  const [x0, y0, z0] = [nx * 0.35, ny * 0.6, FINE.shape[2] * 0.45]
  const vessel = (v: number) => {
    const [x, y, z] = [v % nx, Math.floor(v / nx) % ny, Math.floor(v / (nx * ny))]
    return (x - x0) * (x - x0) + (y - y0) * (y - y0) + (z - z0) * (z - z0) < 36 ? 2.5 : 1
  }
  return [v => passage(v, 0.9 * vessel(v)), v => passage(v, 0.3 * vessel(v))]
}

/** Where a voxel is sampled: eight places within it. */
function subvoxels({ shape, affine: a }: Grid): { grid: Grid; index: Float32Array } {
  const index: number[] = []
  for (let k = 0; k < shape[2]; k++)
    for (let j = 0; j < shape[1]; j++)
      for (let i = 0; i < shape[0]; i++)
        for (let s = 0; s < 8; s++)
          index.push(i + (s & 1 ? 0.25 : -0.25), j + (s & 2 ? 0.25 : -0.25), k + (s & 4 ? 0.25 : -0.25))
  return { grid: { shape, affine: a }, index: Float32Array.from(index) }
}

/**
 * How far an estimated motion is from the true one, on average over the brain [mm], volume by volume.
 *
 * @param found - motions from some common reference to each volume
 */
export function errorsOf(
  { grid, brain, truth }: MovingHead,
  found: readonly Rigid[],
  reference: Rigid = found[0]!,
): number[] {
  const points: Point[] = []
  const a = grid.affine
  for (let v = 0; v < brain.length; v += 7) {
    if (brain[v] !== 1) continue
    const [i, j, k] = [
      v % grid.shape[0],
      Math.floor(v / grid.shape[0]) % grid.shape[1],
      Math.floor(v / (grid.shape[0] * grid.shape[1])),
    ]
    points.push(
      [0, 1, 2].map(r => a[4 * r]! * i + a[4 * r + 1]! * j + a[4 * r + 2]! * k + a[4 * r + 3]!) as unknown as Point,
    )
  }
  return found.map((motion, frame) => {
    const own = compose(motion, inverse(reference))
    let sum = 0
    for (const point of points) {
      const [x, y] = [moved(own, point), moved(truth[frame]!, point)]
      sum += Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2])
    }
    return sum / points.length
  })
}
