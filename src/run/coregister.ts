import { squaredDistanceTo } from '../image/distance.ts'
import { register, searchOf } from '../image/registration.ts'
import { registerFar } from '../image/registration-far.ts'
import { fixedImage } from '../image/registration-fixed.ts'
import { compose, displacementOf, inverse, type Point, type Rigid, STILL } from '../image/rigid.ts'
import { parseTransform } from '../image/rigid-text.ts'
import { frameValues, type Grid, isSameGrid, type Volume, voxelCount, voxelSize } from '../image/volume.ts'
import type { Placed, Prepared, Role, RoleRequest, Run, Source } from '../modalities/modality.ts'
import { correlation, median } from '../numerics/statistics.ts'
import { bad, type Checked, good, type Problem, problem } from '../problems.ts'
import type { QualityValue } from '../report/record.ts'

/** Brightness of the tissues in the image that stands for a T1w: any three will do, for only their difference counts [a.u.]. */
const BRIGHTNESS = { gm: 2, wm: 3, csf: 1 } as const

/** Roles whose images lie in the space of the T1w image when they come from its folder, or lie on the grid of its tissues. */
const ANATOMICAL = ['gm', 'wm', 'csf', 't1w', 'dseg', 'mask', 'lesion'] as const satisfies readonly Role[]

/** Roles whose images were acquired apart from the series, and show the head well enough to be registered by themselves. */
const APART = ['m0', 't1map', 'adc'] as const satisfies readonly Role[]

/** What an image in such a role is called. */
const WORDS: Readonly<Record<(typeof APART)[number], string>> = {
  m0: 'the M0 image',
  t1map: 'the T1 map',
  adc: 'the ADC map',
}

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

/** Values of so many times the median of those above 0 are outliers: fluid has less in every such image [1]. */
const OUTLIER = 5

/** Dice coefficient of two brain masks below which something is amiss [1]. */
const LEAST_OVERLAP = 0.85

/** Share of tissue from which a voxel is brain [1]. */
const INSIDE = 0.5

/** The space of the T1w image, and how it lies to the reference. */
export interface Coregistration {
  /** Takes points of the reference to the T1w image. */
  readonly motion: Rigid
  /** How it was found. */
  readonly by: 'header' | 'transform' | 'mutual information'
  readonly problems: readonly Problem[]
  /** Whether an image of a role moves with the T1w image. */
  readonly moves: (role: Role, volume: Volume, source: Source | undefined) => boolean
}

/** How an image lies to the reference, as far as it could be told. */
interface Located {
  readonly motion: Rigid
  readonly by: 'header' | 'mutual information'
  /** How far it lies from where its header puts it [mm]. */
  readonly distance: number
  /** Information by the header, and as it was found [nat]. */
  readonly before: number
  readonly after: number
  /** Why it is not known; null where it is. */
  readonly failure: string | null
}

/**
 * How the tissues of the T1w image lie to the reference of the series: by a transform that was given, else by the headers
 * where these put them within 1.5 mm of where mutual information does, else by that.
 *
 * @remarks
 * The moving image is made from the shares of tissue, so that no scalp, fat or bias field is in it. A motion is believed
 * where it brings 5 % more information than the header does, and 0.05 nat, and is no more than 40 mm; else the header is kept, and the run
 * warns.
 *
 * @param companions - images in roles, each on its own grid
 * @param prepared - reference and mask
 * @param run - its first series, and the transform that was given
 * @returns null where there are no tissues, or they lie on the reference's grid; a problem where the transform cannot be read
 */
export function coregister(companions: Placed, prepared: Prepared, run: Run): Checked<Coregistration | null> {
  const tissues = companions.gm?.[0]
  const image = run.series[0]?.name.path ?? ''
  const given = run.roles.xfm?.[0]
  const moves: Coregistration['moves'] = (role, volume, source) =>
    ANATOMICAL.some(name => name === role) &&
    !isSameGrid(volume.grid, prepared.reference.grid) &&
    (source?.name.datatype === 'anat' || (tissues !== undefined && isSameGrid(volume.grid, tissues.grid)))
  if (given) {
    const motion = givenTransform(given)
    return motion.ok ? good({ motion: motion.value, by: 'transform', problems: [], moves }) : motion
  }
  if (!tissues || isSameGrid(tissues.grid, prepared.reference.grid) || !prepared.mask.includes(1)) return good(null)
  const located = locate(tissueImage(companions, tissues.grid), tissues.grid, prepared)
  const problems = problemsOf(located, image, 'the tissues of the T1w image')
  return good({ motion: located.motion, by: located.by, problems, moves })
}

/** Takes points of the reference to the T1w image: a transform to T1w takes points of that to the series, as ITK has it. */
function givenTransform({ texts, name }: Source): Checked<Rigid> {
  const text = texts?.['.txt']?.text ?? ''
  const read = parseTransform(text, name.path)
  if (!read.ok) return read
  if (!isRigid(read.value))
    return bad(
      problem('TRANSFORM_INVALID', `${name.path}: it scales or shears; give a rigid transform.`, { file: name.path }),
    )
  return good(name.entities['to'] === 'T1w' ? inverse(read.value) : read.value)
}

/** How far the product of a rotation with its inverse may lie from 1: what text files round to [1]. */
const ROUNDED = 1e-3

function isRigid(motion: Rigid): boolean {
  return compose(motion, inverse(motion)).every(
    (value, at) => Math.abs(value - STILL[at]!) < (at % 4 === 3 ? 1 : ROUNDED),
  )
}

/**
 * The images that were acquired apart from the series (M0, T1 map, ADC map), each with the affine by which it lies to the
 * reference: the header's, where that puts it within 1.5 mm of where mutual information does, else what that found.
 *
 * @remarks
 * A map of the transmit field changes so little over a few millimetres that its header suffices. No value is touched: what
 * places an image then interpolates it once.
 *
 * @param companions - images in roles, each on its own grid
 * @param prepared - reference and mask
 * @param run - its series and its roles
 * @param requests - what the run asks for: only images that it wants on its own grid are moved
 * @returns the images, the same where none moved
 */
export function alignCompanions(
  companions: Placed,
  prepared: Prepared,
  run: Run,
  requests: readonly Pick<RoleRequest, 'role' | 'grid'>[],
): { readonly companions: Placed; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const aligned: Partial<Record<Role, readonly Volume[]>> = { ...companions }
  let isAny = false
  for (const role of APART) {
    const volumes = companions[role]
    if (!volumes || !requests.some(request => request.role === role && request.grid === 'reference')) continue
    aligned[role] = volumes.map((volume, index) => {
      const located = locate(tamed(volume), volume.grid, prepared, true)
      problems.push(
        ...problemsOf(located, run.series[0]?.name.path ?? '', WORDS[role], run.roles[role]?.[index]?.name.path),
      )
      if (located.by === 'header') return volume
      isAny = true
      return { ...volume, grid: { ...volume.grid, affine: compose(inverse(located.motion), volume.grid.affine) } }
    })
  }
  return { companions: isAny ? aligned : companions, problems }
}

/** The first volume, without what a fit that failed left in it. */
function tamed(volume: Volume): Float32Array {
  const values = frameValues(volume, 0)
  const some = values.filter(value => value > 0 && Number.isFinite(value))
  const most = some.length > 0 ? OUTLIER * median(some) : 0
  return Float32Array.from(values, value => (Number.isFinite(value) ? Math.max(0, Math.min(most, value)) : 0))
}

const BY_HEADER: Located = { motion: STILL, by: 'header', distance: 0, before: 0, after: 0, failure: null }

/** Where mutual information finds an image; `isNear`: it is looked for from afar only where it does not lie by its header. */
function locate(moving: Float32Array, movingGrid: Grid, { reference, mask }: Prepared, isNear = false): Located {
  const { grid, values } = reference
  const middle = middleOf(moving, movingGrid)
  const away = squaredDistanceTo(mask, grid.shape, voxelSize(grid))
  const region = mask.map((_, v) => (away[v]! <= RIM * RIM ? 1 : 0))
  const fixed = isNear ? fixedImage(values, grid, region) : null
  if (fixed) {
    const distance = displacementOf(register(searchOf(fixed, 'information'), moving, movingGrid), fixed.centre, RADIUS)
    if (distance < SUFFICES) return { ...BY_HEADER, distance }
  }
  const found = middle && registerFar(values, grid, region, moving, movingGrid, middle)
  if (!found) return { ...BY_HEADER, failure: 'they share no contrast' }
  const distance = displacementOf(found.motion, middleOf(mask, grid) ?? middle, RADIUS)
  const measured = { distance, before: found.informationStill, after: found.information }
  if (distance < SUFFICES) return { ...BY_HEADER, ...measured }
  const isBelieved = found.information > Math.max(LEAST, GAIN * found.informationStill) && distance < FAR
  if (isBelieved) return { ...measured, motion: found.motion, by: 'mutual information', failure: null }
  return { ...BY_HEADER, failure: `a shift by ${distance.toFixed(1)} mm fits hardly better than the headers do` }
}

function problemsOf(
  { by, distance, before, after, failure }: Located,
  image: string,
  what: string,
  file?: string,
): Problem[] {
  const named = file === undefined ? what : `${what} (${file})`
  if (failure !== null)
    return [
      problem(
        'COREGISTRATION_FAILED',
        `${image}: ${named} could not be registered to the series, for ${failure}; what it shows lies where the header puts it: look at its outline before you use a number that rests on it.`,
        { file: file ?? image },
      ),
    ]
  if (by === 'header') return []
  return [
    problem(
      'COREGISTERED',
      `${image}: ${named} lay ${distance.toFixed(1)} mm from the series by the headers and was brought to it by rigid registration (mutual information ${before.toFixed(3)} before, ${after.toFixed(3)} after); look at the outline in the report.`,
      { file: file ?? image },
    ),
  ]
}

/**
 * How well the brain of the T1w image and that of the series cover each other, on the grid of the series.
 *
 * @param placed - the tissues on that grid
 * @param mask - the brain of the series, shape (nVoxel)
 */
export function overlapOf(placed: Placed, mask: Uint8Array): QualityValue[] {
  const shares = (['gm', 'wm', 'csf'] as const).flatMap(role => (placed[role] ?? []).slice(0, 1))
  if (shares.length === 0) return []
  const brain = new Float32Array(mask.length)
  for (const volume of shares) {
    const values = frameValues(volume, 0)
    for (let v = 0; v < brain.length; v++) if (Number.isFinite(values[v])) brain[v]! += values[v]!
  }
  const inside = brain.map(share => (share >= INSIDE ? 1 : 0))
  let [both, ours, theirs] = [0, 0, 0]
  for (let v = 0; v < mask.length; v++) {
    both += inside[v]! * mask[v]!
    ours += mask[v]!
    theirs += inside[v]!
  }
  return [
    {
      name: 'coreg_dice',
      label: 'Overlap of the brain of the T1w image with that of the series',
      value: (2 * both) / (ours + theirs),
      unit: '1',
      expected: [LEAST_OVERLAP, 1],
      says: 'Dice coefficient of the two masks on the grid of the series: low where registration failed, where a mask is wrong, or where the series shows a part of the head.',
    },
    {
      name: 'coreg_correlation',
      label: 'Correlation of the two brain masks',
      value: correlation(inside, mask),
      unit: '1',
      expected: [0.8, 1],
      says: 'Over all voxels of the field of view.',
    },
  ]
}

/** A warning where the two brains cover each other poorly. */
export function overlapProblems(quality: readonly QualityValue[], image: string): Problem[] {
  const dice = quality.find(({ name }) => name === 'coreg_dice')?.value ?? null
  if (typeof dice !== 'number' || dice >= LEAST_OVERLAP) return []
  return [
    problem(
      'COREGISTRATION_DOUBTFUL',
      `${image}: the brain of the T1w image and that of the series overlap with a Dice coefficient of ${dice.toFixed(2)}, and ${LEAST_OVERLAP} or more is expected; look at the outline in the report before you use a number by tissue.`,
      { file: image },
    ),
  ]
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
