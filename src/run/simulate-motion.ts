import type { Table } from '../bids/tsv.ts'
import type { Shape } from '../image/distance.ts'
import { voxelMap } from '../image/registration-image.ts'
import { compose, framewiseDisplacement, inverse, parametersOf, type Rigid, STILL, stepAbout } from '../image/rigid.ts'
import { voxelCount } from '../image/volume.ts'
import type { PhantomImage } from '../modalities/modality.ts'
import { createRandom } from '../numerics/random.ts'
import { cosineAndSine } from '../numerics/roots-of-unity.ts'

/** Volumes at the start in which the head lies still: the truth is where they have it. */
const STILL_VOLUMES = 3

/** Images with fewer volumes are taken at rest, as the truth is. */
const FEWEST_VOLUMES = 10

/** Root mean square step from volume to volume, along each axis [mm] and about it [rad]. */
const STEP = { shift: 0.33, turn: 0.004 } as const

/** Share of the way back to its place that a head goes from volume to volume [1]. */
const RETURN = 0.05

/** Voxels to either side that a windowed sinc reaches. */
const LOBES = 4

/** The head's middle in the phantoms [mm]. */
const CENTRE = [0, 0, 0] as const

/**
 * Where the head lies in each volume of a simulated series: a random walk about its place, of 1.7 mm on average.
 *
 * @param frames - number of volumes
 * @param seed - of the walk
 */
export function walkOf(frames: number, seed: string): Rigid[] {
  const random = createRandom(`motion ${seed}`)
  let motion: Rigid = STILL
  return Array.from({ length: frames }, (_, frame) => {
    if (frame < STILL_VOLUMES) return STILL
    const place = parametersOf(motion, CENTRE)
    const step = place.map((value, c) => (c < 3 ? STEP.shift : STEP.turn) * random.normal() - RETURN * value)
    motion = compose(stepAbout(step, [place[0]!, place[1]!, place[2]!]), motion)
    return motion
  })
}

/**
 * A simulated image of a head that moves, by windowed sincs (a finer interpolation than that which takes the motion out); an image of a few volumes as it is.
 *
 * @param image - the image of a head at rest
 * @param seed - of the motion: images that are acquired together have one
 */
export function moveImage(image: PhantomImage, seed: string): PhantomImage {
  if (image.frames < FEWEST_VOLUMES) return image
  const { grid } = image
  const n = voxelCount(grid)
  const data = image.data.slice()
  const out = new Float32Array(n)
  for (const [frame, motion] of walkOf(image.frames, seed).entries()) {
    if (motion === STILL) continue
    sampleSinc(image.data.subarray(frame * n, (frame + 1) * n), grid.shape, voxelMap(grid, grid, inverse(motion)), out)
    for (let v = 0; v < n; v++) data[frame * n + v] = image.data instanceof Int16Array ? Math.round(out[v]!) : out[v]!
  }
  return { ...image, data }
}

/**
 * Values of an image where an affine takes the voxels of its own grid, by sincs in a window of Lanczos, four voxels to
 * either side; what is beyond the edges is 0, as the air about a head.
 */
function sampleSinc(values: ArrayLike<number>, [ni, nj, nk]: Shape, map: readonly number[], out: Float32Array): void {
  let v = 0
  for (let k = 0; k < nk; k++)
    for (let j = 0; j < nj; j++)
      for (let i = 0; i < ni; i++, v++) {
        const [x, a] = kernelAt(map[0]! * i + map[1]! * j + map[2]! * k + map[3]!)
        const [y, b] = kernelAt(map[4]! * i + map[5]! * j + map[6]! * k + map[7]!)
        const [z, c] = kernelAt(map[8]! * i + map[9]! * j + map[10]! * k + map[11]!)
        let sum = 0
        for (let r = Math.max(0, -z); r < Math.min(2 * LOBES, nk - z); r++)
          for (let q = Math.max(0, -y); q < Math.min(2 * LOBES, nj - y); q++) {
            const row = ((z + r) * nj + y + q) * ni + x
            let line = 0
            for (let p = Math.max(0, -x); p < Math.min(2 * LOBES, ni - x); p++)
              line += KERNELS[a + p]! * values[row + p]!
            sum += KERNELS[c + r]! * KERNELS[b + q]! * line
          }
        out[v] = sum
      }
}

/** The first voxel about a coordinate, and where its weights begin among the kernels. */
function kernelAt(x: number): [number, number] {
  const whole = Math.floor(x)
  return [whole - LOBES + 1, 2 * LOBES * Math.round((x - whole) * PLACES)]
}

/** Places between two voxels whose weights are kept: the nearest is less than 1/4000 of a voxel away. */
const PLACES = 2048

/** Weights of the voxels about each place between two, each of sum 1, shape ((PLACES + 1) × 2 LOBES). */
const KERNELS = kernels()

function kernels(): Float64Array {
  const all = new Float64Array((PLACES + 1) * 2 * LOBES)
  for (let place = 0; place <= PLACES; place++) {
    const weights = all.subarray(place * 2 * LOBES, (place + 1) * 2 * LOBES)
    for (let p = 0; p < weights.length; p++) weights[p] = lanczos(place / PLACES + LOBES - 1 - p)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    for (let p = 0; p < weights.length; p++) weights[p]! /= total
  }
  return all
}

function lanczos(distance: number): number {
  if (Math.abs(distance) < 1e-9) return 1
  if (Math.abs(distance) >= LOBES) return 0
  const angle = Math.PI * distance
  return (LOBES * cosineAndSine(angle).sin * cosineAndSine(angle / LOBES).sin) / (angle * angle)
}

/** The motion of a simulated series as its table of confounds should have it. */
export function motionTable(frames: number, seed: string): Table {
  const parameters = walkOf(frames, seed).map(motion => parametersOf(motion, CENTRE))
  const framewise = framewiseDisplacement(parameters)
  return {
    columns: ['trans_x', 'trans_y', 'trans_z', 'rot_x', 'rot_y', 'rot_z', 'framewise_displacement'],
    rows: parameters.map((row, at) => [...row, framewise[at]!].map(value => String(Number(value.toFixed(6))))),
  }
}
