import { squaredDistanceTo } from '../image/distance.ts'
import { registerFar } from '../image/registration-far.ts'
import { displacementOf, type Point, type Rigid, STILL } from '../image/rigid.ts'
import { frameValues, type Grid, isSameGrid, type Volume, voxelCount, voxelSize } from '../image/volume.ts'
import type { Placed, Prepared, Role } from '../modalities/modality.ts'
import { type Problem, problem } from '../problems.ts'

/** Brightness of the tissues in the image that stands for a T1w: any three will do, for only their difference counts [a.u.]. */
const BRIGHTNESS = { gm: 2, wm: 3, csf: 1 } as const

/** Roles that lie in the space of the T1w image when they lie on the grid of its tissues. */
const ANATOMICAL = ['gm', 'wm', 'csf', 't1w', 'dseg'] as const satisfies readonly Role[]

/** How far beyond the mask the images are compared: the edge of the brain tells most [mm]. */
const RIM = 5

/** Radius of a brain, for distances [mm]. */
const RADIUS = 50

/** A motion smaller than this is what the search errs by: the header suffices [mm]. */
const SUFFICES = 1.5

/** Distance that no head moves by between two images of one session: such a result needs more to be believed [mm]. */
const FAR = 40

/** Least gain in information over that by the header for a motion to be believed [1]. */
const GAIN = 1.05

/** Least information for a motion to be believed: images of noise have a third of it by chance [nat]. */
const LEAST = 0.05

/** The space of the T1w image, and how it lies to the reference. */
export interface Coregistration {
  /** Takes points of the reference to the T1w image. */
  readonly motion: Rigid
  /** How it was found. */
  readonly by: 'header' | 'mutual information'
  readonly problems: readonly Problem[]
  /** Whether an image of a role moves with the T1w image. */
  readonly moves: (role: Role, volume: Volume) => boolean
}

/**
 * How the tissues of the T1w image lie to the reference of the series: by the headers where these put them within 1.5 mm of
 * where mutual information does, else by that.
 *
 * @remarks
 * The moving image is made from the shares of tissue, so that no scalp, fat or bias field is in it. A motion is believed
 * where it brings 5 % more information than the header does, and 0.05 nat, and is no more than 40 mm; else the header is kept, and the run
 * warns.
 *
 * @param companions - images in roles, each on its own grid
 * @param prepared - reference and mask
 * @param image - path of the series
 * @returns null where there are no tissues, or they lie on the reference's grid
 */
export function coregister(companions: Placed, prepared: Prepared, image: string): Coregistration | null {
  const tissues = companions.gm?.[0]
  const { grid, values } = prepared.reference
  if (!tissues || isSameGrid(tissues.grid, grid) || !prepared.mask.includes(1)) return null
  const moves = (role: Role, volume: Volume) =>
    ANATOMICAL.some(name => name === role) && isSameGrid(volume.grid, tissues.grid)
  const byHeader = (problems: readonly Problem[]): Coregistration => ({
    motion: STILL,
    by: 'header',
    problems,
    moves,
  })
  const moving = tissueImage(companions, tissues.grid)
  const middle = middleOf(moving, tissues.grid)
  const away = squaredDistanceTo(prepared.mask, grid.shape, voxelSize(grid))
  const region = prepared.mask.map((_, v) => (away[v]! <= RIM * RIM ? 1 : 0))
  const found = middle && registerFar(values, grid, region, moving, tissues.grid, middle)
  if (!found) return byHeader([failed(image, 'they share no contrast')])
  const distance = displacementOf(found.motion, middleOf(prepared.mask, grid) ?? middle, RADIUS)
  if (distance < SUFFICES) return byHeader([])
  const { information, informationStill } = found
  const isBelieved = information > Math.max(LEAST, GAIN * informationStill) && distance < FAR
  if (!isBelieved)
    return byHeader([failed(image, `a shift by ${distance.toFixed(1)} mm fits hardly better than the headers do`)])
  return {
    motion: found.motion,
    by: 'mutual information',
    moves,
    problems: [
      problem(
        'COREGISTERED',
        `${image}: the tissues of the T1w image lay ${distance.toFixed(1)} mm from the series by their headers and were brought to it by rigid registration (mutual information ${found.informationStill.toFixed(3)} before, ${found.information.toFixed(3)} after); look at their outline in the report.`,
        { file: image },
      ),
    ],
  }
}

function failed(image: string, why: string): Problem {
  return problem(
    'COREGISTRATION_FAILED',
    `${image}: the tissues of the T1w image could not be registered to the series, for ${why}; they lie where their headers put them: look at their outline before you use a number by tissue.`,
    { file: image },
  )
}

/** One image of the shares of tissue [a.u.], shape (nVoxel). */
function tissueImage(companions: Placed, grid: Grid): Float32Array {
  const image = new Float32Array(voxelCount(grid))
  for (const role of ['gm', 'wm', 'csf'] as const) {
    const volume = companions[role]?.[0]
    if (!volume || !isSameGrid(volume.grid, grid)) continue
    const share = frameValues(volume, 0)
    for (let v = 0; v < image.length; v++) if (Number.isFinite(share[v])) image[v]! += BRIGHTNESS[role] * share[v]!
  }
  return image
}

/** The middle of what is above 0 [mm]; null where nothing is. */
function middleOf(values: Float32Array | Uint8Array, { shape, affine: a }: Grid): Point | null {
  let [x, y, z, count] = [0, 0, 0, 0]
  for (let v = 0; v < values.length; v++) {
    if (!(values[v]! > 0)) continue
    x += v % shape[0]
    y += Math.floor(v / shape[0]) % shape[1]
    z += Math.floor(v / (shape[0] * shape[1]))
    count++
  }
  if (count === 0) return null
  const at = (row: number) => (a[4 * row]! * x + a[4 * row + 1]! * y + a[4 * row + 2]! * z) / count + a[4 * row + 3]!
  return [at(0), at(1), at(2)]
}
