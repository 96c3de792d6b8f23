import { quantile } from '../numerics/statistics.ts'
import type { Fixed, FixedLevel } from './registration-fixed.ts'
import { type LevelImage, sampleAt, voxelMap } from './registration-image.ts'
import { invertAffine } from './resample.ts'
import { compose, moved, type Rigid } from './rigid.ts'

/** Bins of the joint histogram along each axis. */
const BINS = 32

/** Bins at each end of the moving axis that the window of a value may reach into. */
const MARGIN = 2

/** Moving bins from the least value to the greatest. */
const WIDE = BINS - 2 * MARGIN - 1

/** Values beyond these quantiles of the mask are taken for those: vessels and spikes would leave the tissues few bins. */
const RANGE = [0.005, 0.995] as const

/** Most values that a quantile is taken from. */
const SAMPLES = 4000

/** Least share of the points that must lie in the field of view of the moving image [1]. */
const OVERLAP = 0.25

/** Information of one image on the other under a motion [nat], and its slope with each free parameter [nat/mm, nat/rad]. */
export interface Measured {
  readonly information: number
  readonly slope: readonly number[]
  /** Share of the points that meet more than air in the moving image: a value in the upper three quarters of its range [1]. */
  readonly covered: number
}

/** Measures a motion; null where the images overlap too little, or one of them has no contrast. */
export type Measure = (motion: Rigid) => Measured | null

/**
 * The mutual information of a fixed level and a moving image as a function of the motion, with its analytic slope.
 *
 * @remarks
 *     I = Σ p(f, m) · ln[p(f, m) / (p(f)·p(m))]        ∂I/∂θ = Σ ∂p(f, m)/∂θ · ln[p(f, m) / p(m)]
 *
 * over 32 × 32 bins, from all points of the mask: a whole bin for the fixed value, a cubic B-spline window for the moving
 * one, so that the slope follows from the window's. The turn of a step is about where the motion takes the mask's middle.
 *
 * @param fixed - the fixed image
 * @param level - its level
 * @param moving - the moving image at that level
 * @param start - the motion in whose field of view the range of the moving values is looked up
 *
 * @see Mattes, Haynor, Vesselle, Lewellen & Eubank, IEEE Trans Med Imaging 22:120 (2003), doi:10.1109/TMI.2003.809072
 */
export function informationOf(fixed: Fixed, level: FixedLevel, moving: LevelImage, start: Rigid): Measure {
  const { points, values, free } = level
  const count = values.length
  const sampled = new Float32Array(count)
  const slopes = new Float32Array(3 * count)
  const rows = binsOf(values)
  sampleAt(moving, points, voxelMap(points.grid, moving.grid, start), sampled)
  const [least, most] = rangeOf(sampled)
  const width = (most - least) / WIDE
  const joint = new Float64Array(BINS * BINS)
  const logs = new Float64Array(BINS * BINS)
  const total = new Float64Array(6)
  return motion => {
    if (!rows || !(width > 0)) return null
    sampleAt(moving, points, voxelMap(points.grid, moving.grid, motion), sampled, slopes)
    const inside = fill(joint, rows, sampled, least, width)
    if (!(inside > OVERLAP * count)) return null
    const covered = inRange(joint) / count
    const information = informationIn(joint, inside, logs)
    const scene: Scene = {
      index: points.index,
      slopes,
      back: invertAffine(moving.grid.affine),
      place: compose(motion, points.grid.affine),
      centre: moved(motion, fixed.centre),
    }
    addSlopes(scene, rows, sampled, logs, [least, most, width], total.fill(0))
    const slope = free.map(way => way.reduce((sum, value, c) => sum + (value * total[c]!) / (inside * width), 0))
    return { information, slope, covered }
  }
}

/** The bin of each fixed value; null where they are all one. */
function binsOf(values: Float32Array): Uint8Array | null {
  const [low, high] = rangeOf(values)
  if (!(high > low)) return null
  const factor = BINS / (high - low)
  return Uint8Array.from(values, value => Math.max(0, Math.min(BINS - 1, Math.floor((value - low) * factor))))
}

function rangeOf(values: Float32Array): [number, number] {
  const stride = Math.ceil(values.length / SAMPLES)
  const some: number[] = []
  for (let p = 0; p < values.length; p += stride) if (!Number.isNaN(values[p]!)) some.push(values[p]!)
  some.sort((a, b) => a - b)
  return some.length > 0 ? [quantile(some, RANGE[0]), quantile(some, RANGE[1])] : [0, 0]
}

/** Count all pairs into the joint histogram; returns how many lie in the field of view. */
function fill(joint: Float64Array, rows: Uint8Array, sampled: Float32Array, least: number, width: number): number {
  joint.fill(0)
  let inside = 0
  for (let p = 0; p < rows.length; p++) {
    const m = sampled[p]!
    if (Number.isNaN(m)) continue
    inside++
    const bin = (m - least) / width
    const x = (bin < 0 ? 0 : bin > WIDE ? WIDE : bin) + MARGIN
    const k = Math.floor(x)
    const u = x - k
    const rest = 1 - u
    const at = rows[p]! * BINS + k - 1
    joint[at]! += (rest * rest * rest) / 6
    joint[at + 1]! += 2 / 3 - u * u * (1 - u / 2)
    joint[at + 2]! += 2 / 3 - rest * rest * (1 - rest / 2)
    joint[at + 3]! += (u * u * u) / 6
  }
  return inside
}

/** Pairs of a joint histogram whose moving value lies in the upper three quarters of its range. */
function inRange(joint: Float64Array): number {
  let pairs = 0
  for (let at = 0; at < joint.length; at++) if (at % BINS >= MARGIN + WIDE / 4) pairs += joint[at]!
  return pairs
}

/** The information in a joint histogram of so many pairs [nat]; `logs` receives ln[p(f, m) / p(m)]. */
function informationIn(joint: Float64Array, pairs: number, logs: Float64Array): number {
  const fixed = new Float64Array(BINS)
  const moving = new Float64Array(BINS)
  for (let f = 0; f < BINS; f++)
    for (let m = 0; m < BINS; m++) {
      joint[f * BINS + m]! /= pairs
      fixed[f]! += joint[f * BINS + m]!
      moving[m]! += joint[f * BINS + m]!
    }
  let information = 0
  for (let f = 0; f < BINS; f++)
    for (let m = 0; m < BINS; m++) {
      const at = f * BINS + m
      const share = joint[at]!
      logs[at] = share > 0 ? Math.log(share / moving[m]!) : 0
      if (share > 0) information += share * (logs[at]! - Math.log(fixed[f]!))
    }
  return information
}

/** All that the slopes of the moving image become slopes with motion by. */
interface Scene {
  readonly index: Float32Array
  /** Along the axes of the moving image [1/voxel], shape (nPoint × 3). */
  readonly slopes: Float32Array
  /** Scanner space to voxel of the moving image. */
  readonly back: readonly number[]
  /** Voxel of the points' grid to scanner space of the moving image. */
  readonly place: readonly number[]
  readonly centre: readonly [number, number, number]
}

/** Add each point's share of the slope with shift and turn, times bin width and number of pairs, shape (6). */
function addSlopes(
  { index, slopes, back, place, centre }: Scene,
  rows: Uint8Array,
  sampled: Float32Array,
  logs: Float64Array,
  [least, most, width]: readonly [number, number, number],
  total: Float64Array,
): void {
  for (let p = 0, q = 0; p < rows.length; p++, q += 3) {
    const m = sampled[p]!
    // A value beyond the range does not change its bin.
    if (!(m > least && m < most)) continue
    const x = (m - least) / width + MARGIN
    const k = Math.floor(x)
    const u = x - k
    const rest = 1 - u
    const at = rows[p]! * BINS + k - 1
    const weight =
      (u * u * logs[at + 3]! - rest * rest * logs[at]!) / 2 +
      u * (1.5 * u - 2) * logs[at + 1]! -
      rest * (1.5 * rest - 2) * logs[at + 2]!
    const sx = slopes[q]!
    const sy = slopes[q + 1]!
    const sz = slopes[q + 2]!
    const gx = weight * (back[0]! * sx + back[4]! * sy + back[8]! * sz)
    const gy = weight * (back[1]! * sx + back[5]! * sy + back[9]! * sz)
    const gz = weight * (back[2]! * sx + back[6]! * sy + back[10]! * sz)
    const i = index[q]!
    const j = index[q + 1]!
    const l = index[q + 2]!
    const rx = place[0]! * i + place[1]! * j + place[2]! * l + place[3]! - centre[0]
    const ry = place[4]! * i + place[5]! * j + place[6]! * l + place[7]! - centre[1]
    const rz = place[8]! * i + place[9]! * j + place[10]! * l + place[11]! - centre[2]
    total[0]! += gx
    total[1]! += gy
    total[2]! += gz
    total[3]! += ry * gz - rz * gy
    total[4]! += rz * gx - rx * gz
    total[5]! += rx * gy - ry * gx
  }
}
