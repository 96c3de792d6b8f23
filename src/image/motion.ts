import { squaredDistanceTo } from './distance.ts'
import { brainMask } from './mask.ts'
import { type Metric, register, type Search, searchOf } from './registration.ts'
import { type Fixed, fixedImage } from './registration-fixed.ts'
import { voxelMap } from './registration-image.ts'
import { sampleSpline, splineOf } from './resample-cubic.ts'
import { compose, displacementOf, inverse, type Rigid, STILL } from './rigid.ts'
import { frameValues, type Grid, type Volume, voxelCount, voxelSize } from './volume.ts'

/** How a series is to be corrected for motion. */
export interface MotionPlan {
  /** Volumes of the first series whose mean the others are aligned to: of one contrast. */
  readonly reference: readonly number[]
  /** What each volume is compared with the reference by, series by series, shape (nVolume each); null leaves it alone. */
  readonly metrics: readonly (readonly (Metric | null)[])[]
  /** Whether all series were acquired together (the echoes of one excitation), so that the first tells of all. */
  readonly together: boolean
}

/** The motion of a series. */
export interface Motion {
  /** The middle of the brain [mm], where translations are told. */
  readonly centre: readonly [number, number, number]
  /** Takes points of the reference to each volume, series by series. */
  readonly motions: readonly (readonly Rigid[])[]
  /** How far each volume lies from the reference, root mean square over the brain [mm], series by series. */
  readonly displacements: readonly (readonly number[])[]
  /** Whether each volume was resampled: it moved more than can be told from none. */
  readonly isMoved: readonly (readonly boolean[])[]
}

/**
 * A volume that moved less than this is left as it is, root mean square over the brain [mm]: it is what the estimate errs by
 * at usual noise, and resampling would blur the volume for nothing.
 */
export const TINY: Readonly<Record<Metric, number>> = { squares: 0.05, robust: 0.05, information: 0.1 }

/** Most volumes that the reference is averaged from, evenly spaced. */
const MOST_REFERENCES = 8

/** How far beyond the brain points are looked at: its edge tells most [mm]. */
const RIM = 5

/**
 * The motion of the head in a series.
 *
 * @remarks
 * The first of the reference volumes is where the grid stays; those (of them at most eight) that were brought to it make
 * the mean that all volumes are then registered to, each search beginning where the last one ended.
 *
 * **Assumes** a head, which moves as a whole. **Limits:** motion within a volume is not seen.
 *
 * @param series - the series, each on a grid of its own
 * @param plan - reference and metrics
 * @returns null where no brain is found to register by
 */
export function motionOf(series: readonly Volume[], plan: MotionPlan): Motion | null {
  const [first] = series
  const [start] = plan.reference
  if (!first || start === undefined) return null
  const fixed = headOf(frameValues(first, start), first.grid)
  if (!fixed) return null
  const mean = meanOf(first, chosenOf(plan.reference), searchOf(fixed, 'robust'))
  const searches = new Map<Metric, Search>()
  const target = headOf(mean, first.grid) ?? fixed
  const told = plan.together ? [first] : series
  const motions = told.map((volume, at) => {
    let last: Rigid = STILL
    return Array.from({ length: volume.frames }, (_, frame) => {
      const metric = plan.metrics[at]?.[frame] ?? null
      if (metric === null) return STILL
      const search = searches.get(metric) ?? searchOf(target, metric)
      searches.set(metric, search)
      last = register(search, frameValues(volume, frame), volume.grid, last)
      return last
    })
  })
  // The grid stays where the first volume has the head: nearest to what was acquired before the series.
  const anchor = plan.metrics[0]?.findIndex(metric => metric !== null) ?? -1
  const back = inverse(motions[0]?.[anchor] ?? STILL)
  const all = series.map((_, at) => {
    const own = plan.together ? motions[0]! : motions[at]!
    return anchor === start || anchor < 0 ? own : own.map(motion => (motion === STILL ? STILL : compose(motion, back)))
  })
  const displacements = all.map(row => row.map(motion => displacementOf(motion, target.centre, target.radius)))
  const isMoved = displacements.map((row, at) =>
    row.map((distance, frame) => {
      const metric = plan.metrics[plan.together ? 0 : at]?.[frame] ?? null
      return metric !== null && distance > TINY[metric]
    }),
  )
  return { centre: target.centre, motions: all, displacements, isMoved }
}

function chosenOf(reference: readonly number[]): number[] {
  const step = Math.ceil(reference.length / MOST_REFERENCES)
  return reference.filter((_, at) => at % step === 0)
}

/** The head in an image, made ready for searches within the brain and a rim about it; null where there is none. */
function headOf(values: Float32Array | Float64Array, grid: Grid): Fixed | null {
  const size = voxelSize(grid)
  const brain = brainMask(values, grid.shape, size)
  if (!brain.includes(1)) return null
  const away = squaredDistanceTo(brain, grid.shape, size)
  return fixedImage(
    values,
    grid,
    brain.map((_, v) => (away[v]! <= RIM * RIM ? 1 : 0)),
  )
}

/** Mean of some volumes, each brought to the first reference where it has moved. */
function meanOf(volume: Volume, frames: readonly number[], search: Search): Float64Array {
  const n = voxelCount(volume.grid)
  const sum = new Float64Array(n)
  const values = new Float32Array(n)
  for (const frame of frames) {
    frameValues(volume, frame, values)
    const motion = register(search, values, volume.grid)
    const isMoved = displacementOf(motion, search.fixed.centre, search.fixed.radius) > TINY[search.metric]
    const aligned = isMoved ? movedBack(values, volume.grid, volume.grid, motion, new Uint8Array(n)) : values
    for (let v = 0; v < n; v++) sum[v]! += aligned[v]! / frames.length
  }
  return sum
}

/** The values of an image where a motion takes the voxels of a grid, by a cubic spline, shape (nVoxel of the grid). */
function movedBack(
  values: Float32Array | Float64Array,
  from: Grid,
  to: Grid,
  motion: Rigid,
  unseen: Uint8Array,
): Float32Array {
  const out = new Float32Array(voxelCount(to))
  sampleSpline(splineOf(values, from.shape), from.shape, voxelMap(to, from, motion), to.shape, out, unseen)
  return out
}

/** Series without motion, and the voxels that they did not see at all times. */
export interface Corrected {
  readonly series: readonly Volume[]
  /** 1 where some volume did not see the voxel, shape (nVoxel of the first series). */
  readonly unseen: Uint8Array
}

/**
 * The series with every volume that moved brought to the reference: one cubic spline interpolation each.
 *
 * @remarks
 * Volumes that did not move keep their values to the last bit, and so does a series in which none did. Voxels that are not
 * numbers count as 0 in a volume that moved. **Takes the series over**: where one is of float32 on the grid of the first, its
 * own values are overwritten, so that there is at no moment a second copy.
 *
 * @param series - the series
 * @param motion - of {@link motionOf}
 */
export function correctMotion(series: readonly Volume[], { motions, isMoved }: Motion): Corrected {
  const grid = series[0]!.grid
  const n = voxelCount(grid)
  const unseen = new Uint8Array(n)
  const corrected = series.map((volume, at) => {
    if (!isMoved[at]!.includes(true)) return volume
    const values = new Float32Array(voxelCount(volume.grid))
    const isOwn = volume.data instanceof Float32Array && values.length === n
    const data = isOwn ? (volume.data as Float32Array) : new Float32Array(n * volume.frames)
    for (let frame = 0; frame < volume.frames; frame++) {
      frameValues(volume, frame, values)
      if (isMoved[at]![frame]) data.set(movedBack(values, volume.grid, grid, motions[at]![frame]!, unseen), frame * n)
      else data.set(values, frame * n)
    }
    return { ...volume, grid, data, slope: 1, intercept: 0 }
  })
  return { series: corrected, unseen }
}

/**
 * Mean over standard deviation in time, over some volumes [1], shape (nVoxel); NaN where nothing varies. Null of fewer than
 * three volumes.
 *
 * @param volume - the series
 * @param frames - volumes of one contrast
 */
export function temporalSnr(volume: Volume, frames: readonly number[]): Float32Array | null {
  if (frames.length < 3) return null
  const n = voxelCount(volume.grid)
  const sum = new Float64Array(n)
  const square = new Float64Array(n)
  const values = new Float32Array(n)
  for (const frame of frames) {
    frameValues(volume, frame, values)
    for (let v = 0; v < n; v++) {
      sum[v]! += values[v]!
      square[v]! += values[v]! * values[v]!
    }
  }
  return Float32Array.from(sum, (total, v) => {
    const mean = total / frames.length
    const variance = (square[v]! - total * mean) / (frames.length - 1)
    return variance > 0 ? mean / Math.sqrt(variance) : Number.NaN
  })
}
