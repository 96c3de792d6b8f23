import { type Volume, type VoxelArray, voxelCount, voxelsWhere } from '../../image/volume.ts'
import { median, quantile } from '../../numerics/statistics.ts'
import { groupB, isCollinear, isZero } from './b-values.ts'
import type { Direction, Gradients } from './gradients.ts'
import { LIMITS } from './limits.ts'

/** A volume of one of the series of a run. */
export interface Member {
  readonly series: number
  readonly frame: number
}

/** One image that enters the fits: a mean over directions, of volumes of one b. */
export interface Row {
  /** Mean over its volumes [s/mm²]. */
  readonly b: number
  /** The volumes of each direction; the outer list is averaged as asked, the inner one arithmetically. */
  readonly directions: readonly (readonly Member[])[]
}

/** How volumes become rows. */
export interface Averaging {
  /** In rising order of b. */
  readonly rows: readonly Row[]
  /** Volumes of one b and one direction of which there are several, for an estimate of the noise. */
  readonly repeats: readonly (readonly Member[])[]
  /** Directions that each weighted row is a mean over: the least of all b. */
  readonly directions: number
  /** Whether the scanner averaged over directions. */
  readonly isVendor: boolean
  /** Whether every b was measured in the same directions. */
  readonly isSame: boolean
  /** Volumes in directions that not every b has, and that were left out. */
  readonly dropped: number
  /** Most and fewest repeats of one direction, at low and at high b. */
  readonly repeatsLow: number
  readonly repeatsHigh: number
}

/**
 * How much each row counts in a fit: the reciprocal of its noise variance over that of a mean over {@link Averaging.directions}
 * single volumes, shape (nRow).
 */
export function rowWeights({ rows, directions }: Averaging): Float64Array {
  return Float64Array.from(rows, row => {
    const variance = row.directions.reduce((sum, members) => sum + 1 / members.length, 0)
    return row.directions.length ** 2 / variance / directions
  })
}

interface Bundle {
  readonly direction: Direction | null
  readonly members: Member[]
}

/**
 * Which volumes are averaged into which rows.
 *
 * @remarks
 * A mean over directions is the trace only if every b has the same ones, so others are left out where at least three (or a
 * mean over directions) are common. The i-th repeats of all directions make the i-th row, so that all rows of weighted
 * volumes carry about the same noise; volumes without weighting are averaged in bunches of as many.
 *
 * @param parts - diffusion weighting of each series
 * @param threshold - b that parts low from high [s/mm²]
 */
export function planAverages(parts: readonly Gradients[], threshold: number): Averaging {
  const members = parts.flatMap(({ b }, series) => b.map((_, frame): Member => ({ series, frame })))
  const all = parts.flatMap(({ b }) => b)
  const directions = parts.flatMap(part => part.directions)
  const smallest = all.reduce((least, value) => Math.min(least, value), Infinity)
  const groups = groupB(all)
  const weighted = groups.filter(group => !isZero(group.b, smallest))
  const bundled = weighted.map(({ b, volumes }) => ({ b, bundles: bundle(volumes, members, directions) }))
  const { isSame, common } = commonDirections(bundled.map(({ bundles }) => bundles))
  const isReduced = !isSame && (common.length >= 3 || common.includes(null))
  const used = bundled.map(({ b, bundles }) => ({
    b,
    bundles: isReduced
      ? bundles.filter(({ direction }) => common.some(other => isSameDirection(other, direction)))
      : bundles,
  }))
  const count = Math.min(...used.map(({ bundles }) => bundles.length), Infinity)
  const n = Number.isFinite(count) ? count : 1
  const bOf = (rows: readonly (readonly Member[])[]) => {
    const flat = rows.flat()
    return flat.reduce((sum, { series, frame }) => sum + parts[series]!.b[frame]!, 0) / flat.length
  }
  const zeros = groups
    .filter(group => isZero(group.b, smallest))
    .flatMap(({ volumes }) => volumes.map(at => members[at]!))
  const zeroRows = deal(zeros, Math.max(1, Math.floor(zeros.length / n))).map(row => [row])
  const weightedRows = used.flatMap(({ bundles }) => {
    const repeats = Math.min(...bundles.map(item => item.members.length))
    const dealt = bundles.map(item => deal(item.members, repeats))
    return Array.from({ length: repeats }, (_, repeat) => dealt.map(direction => direction[repeat]!))
  })
  const rows = [...(zeros.length > 0 ? zeroRows : []), ...weightedRows].map(row => ({ b: bOf(row), directions: row }))
  const kept = used.reduce((sum, { bundles }) => sum + bundles.reduce((more, item) => more + item.members.length, 0), 0)
  const repeatsOf = (isHigh: boolean) => {
    const here = used.filter(({ b }) => b >= threshold === isHigh)
    return here.length === 0
      ? 0
      : here.reduce((sum, { bundles }) => sum + Math.min(...bundles.map(item => item.members.length)), 0) / here.length
  }
  return {
    rows,
    repeats: [zeros, ...used.flatMap(({ bundles }) => bundles.map(item => item.members))].filter(
      ({ length }) => length > 1,
    ),
    directions: n,
    isVendor:
      weighted.length > 0 && bundled.every(({ bundles }) => bundles.every(({ direction }) => direction === null)),
    isSame,
    dropped: weighted.reduce((sum, { volumes }) => sum + volumes.length, 0) - kept,
    repeatsLow: repeatsOf(false),
    repeatsHigh: repeatsOf(true),
  }
}

function bundle(
  volumes: readonly number[],
  members: readonly Member[],
  directions: readonly (Direction | null)[],
): Bundle[] {
  const bundles: Bundle[] = []
  for (const volume of volumes) {
    const direction = directions[volume] ?? null
    const known = bundles.find(item => isSameDirection(item.direction, direction))
    if (known) known.members.push(members[volume]!)
    else bundles.push({ direction, members: [members[volume]!] })
  }
  return bundles
}

function isSameDirection(one: Direction | null, other: Direction | null): boolean {
  return one === null || other === null ? one === other : isCollinear(one, other)
}

function commonDirections(sets: readonly (readonly Bundle[])[]): { isSame: boolean; common: (Direction | null)[] } {
  const common = (sets[0] ?? [])
    .map(({ direction }) => direction)
    .filter(direction => sets.every(set => set.some(item => isSameDirection(item.direction, direction))))
  return { isSame: sets.every(({ length }) => length === common.length), common }
}

/** Deal a list into hands, in turn. */
function deal<T>(items: readonly T[], hands: number): T[][] {
  const dealt = Array.from({ length: hands }, (): T[] => [])
  for (const [at, item] of items.entries()) dealt[at % hands]!.push(item)
  return dealt
}

/**
 * The rows as one series, unit of the series, shape (nVoxel × nRow).
 *
 * @remarks
 *     geometric    S = exp(mean over directions of ln Sᵢ), which for orthogonal ones is S0·exp(−b·trace/3)
 *     arithmetic   S = mean over directions of Sᵢ, which is biased where diffusion is anisotropic
 *
 * **Limits.** In the geometric mean a sample that is not above 0 leaves no value: NaN.
 *
 * @param series - the series
 * @param rows - which volumes make which row
 * @param how - geometric or arithmetic
 * @param scales - factor on each series, shape (nSeries)
 */
export function averageRows(
  series: readonly Volume[],
  rows: readonly Row[],
  how: 'geometric' | 'arithmetic',
  scales: readonly number[],
): Float32Array {
  const n = voxelCount(series[0]!.grid)
  const out = new Float32Array(n * rows.length)
  const sum = new Float64Array(n)
  const one = new Float64Array(n)
  for (const [at, { directions }] of rows.entries()) {
    const isGeometric = how === 'geometric' && directions.length > 1
    sum.fill(0)
    for (const members of directions) {
      one.fill(0)
      for (const member of members)
        addFrame(one, series[member.series]!, member.frame, scales[member.series]! / members.length)
      if (isGeometric) for (let v = 0; v < n; v++) sum[v]! += one[v]! > 0 ? Math.log(one[v]!) : Number.NaN
      else for (let v = 0; v < n; v++) sum[v]! += one[v]!
    }
    const share = 1 / directions.length
    const row = out.subarray(at * n, (at + 1) * n)
    if (isGeometric) for (let v = 0; v < n; v++) row[v] = Math.exp(share * sum[v]!)
    else for (let v = 0; v < n; v++) row[v] = share * sum[v]!
  }
  return out
}

function addFrame(sum: Float64Array, { data, slope, intercept }: Volume, frame: number, factor: number): void {
  const values: VoxelArray = data
  const offset = frame * sum.length
  const gain = factor * slope
  const shift = factor * intercept
  for (let v = 0; v < sum.length; v++) sum[v]! += gain * values[offset + v]! + shift
}

/**
 * Standard deviation of the noise of one volume [unit of the series]; null where nothing tells.
 *
 * @remarks
 * From repeats of one b and direction: the median over the mask of the pooled variance. Without repeats, from the
 * background of the volume with the highest b: its lower quartile over 0.7585 (Rayleigh), if it was not set to 0.
 *
 * **Error.** Motion and pulsation between repeats count as noise; a background that the scanner filtered is too quiet.
 *
 * @param series - the series
 * @param averaging - which volumes are repeats
 * @param mask - 1 in the tissue, shape (nVoxel)
 * @param scales - factor on each series
 */
export function noiseOf(
  series: readonly Volume[],
  { repeats, rows }: Averaging,
  mask: Uint8Array,
  scales: readonly number[],
): Noise | null {
  const value = ({ series: s, frame }: Member, v: number) => {
    const { data, slope, intercept } = series[s]!
    return scales[s]! * (slope * data[frame * mask.length + v]! + intercept)
  }
  const inside = voxelsWhere(mask.length, v => mask[v] === 1)
  const freedom = repeats.reduce((sum, { length }) => sum + length - 1, 0)
  if (freedom >= 2) {
    const pooled = Float64Array.from(inside, v => {
      let squares = 0
      for (const members of repeats) {
        let mean = 0
        for (const member of members) mean += value(member, v) / members.length
        for (const member of members) squares += (value(member, v) - mean) * (value(member, v) - mean)
      }
      return squares / freedom
    }).filter(variance => variance > 0)
    // The median of χ²(n)/n is about (1 − 2/(9n))³.
    const shrink = 1 - 2 / (9 * freedom)
    if (pooled.length > 0) return { sigma: Math.sqrt(median(pooled) / (shrink * shrink * shrink)), from: 'repeats' }
  }
  const last = rows.at(-1)?.directions[0]?.[0]
  if (!last) return null
  const outside = Float64Array.from(mask.keys()).filter(v => mask[v] === 0)
  const background = outside.map(v => value(last, v)).filter(signal => signal > 0)
  if (background.length < LIMITS.background * outside.length || background.length === 0) return null
  // A quantile low enough not to meet tissue that the mask left out.
  return { sigma: quantile(background, 1 / 4) / Math.sqrt(2 * Math.log(4 / 3)), from: 'background' }
}

/** An estimate of the noise, and what it was taken from. */
export interface Noise {
  readonly sigma: number
  readonly from: 'repeats' | 'background'
}
