import { mean, median, quantile, standardDeviation } from '../numerics/statistics.ts'

/** Voxels that show arterial blood, and what speaks for them. */
export interface ArterialSelection {
  /** The chosen voxels, rising; none where nothing passed. */
  readonly voxels: Int32Array
  /** Mean concentration in blood [mM], shape (nFrame). */
  readonly curve: Float64Array
  /** Figures of the mean curve. */
  readonly quality: {
    /** Largest concentration [mM]. */
    readonly peak: number
    /** From arrival to it [s]. */
    readonly timeToPeak: number
    /** Full width at half maximum of the first pass [s]. */
    readonly width: number
    /** Mean of the last fifth over the peak [1]. */
    readonly tail: number
    /** Standard deviation of the baseline over the peak [1]. */
    readonly noise: number
  }
  /** Why the curve should not be used, in words; empty where it may. */
  readonly doubts: readonly string[]
}

/** Share of the voxels whose peaks are looked at, highest first [1]. */
const HIGHEST = 0.02
/** Fewest and most of these. */
const CANDIDATES = [20, 2000] as const
/** Spread of the baseline over the peak, above which a voxel is no candidate [1]. */
const NOISIEST = 0.15
/** Share of the candidates that arrive first [1]. */
const EARLIEST = 0.5
/** Share of the best score from which a voxel is like the best one [1]. */
const NEAR_BEST = 0.7
/** Voxels that are chosen at least and at most. */
const CHOSEN = [3, 50] as const
/** What a blood curve after a usual dose looks like: peak [mM], tail over peak [1], width in frames at least [1]. */
const USUAL = { peak: [1, 15], tail: [0.03, 0.5], width: 60 } as const

/** Times, widths and peak of a curve. */
interface Shape {
  readonly peak: number
  readonly at: number
  readonly arrival: number
  readonly width: number
  readonly noise: number
}

/**
 * Choose arterial voxels from concentration curves.
 *
 * @remarks
 * Of the voxels with the highest peaks (2 %) those with a quiet baseline; of these the half that arrives first; of these the ones
 * that come near the highest score `peak²/(time to peak·width)` (70 % of it, correlation at least 0.9); of these the quarter
 * with the most of them about it, for these share least with tissue (of equals those with the higher score). Their mean is the
 * curve. Nothing is drawn at random.
 *
 * **Assumes** an artery in sight that fills whole voxels, and no saturation. Inflow of fresh blood and T2* lower the peak: the
 * figures tell.
 *
 * **Limits.** No voxel where none passes; doubts where the peak, the tail or the width are not those of an artery.
 *
 * @param concentrations - in blood [mM], shape (nFrame × nVoxel)
 * @param times - of the frames [s], shape (nFrame)
 * @param voxels - where to look, by index
 * @param baselineFrames - frames before the first arrival
 * @param shape - voxels along i, j, k, shape (3)
 *
 * @see Mlynash et al., AJNR 26:1479 (2005)
 */
export function selectArterial(
  concentrations: Float32Array | Float64Array,
  times: Float64Array,
  voxels: Int32Array,
  baselineFrames: number,
  shape: readonly [number, number, number],
): ArterialSelection {
  const n = times.length
  const nVoxel = concentrations.length / n
  const curveOf = (v: number) => Float64Array.from(times, (_, i) => concentrations[i * nVoxel + v]!)
  const shapes = highest(concentrations, n, voxels)
    .map(v => ({ voxel: v, curve: curveOf(v) }))
    .filter(({ curve }) => curve.every(Number.isFinite))
    .map(item => ({ ...item, shape: shapeOf(item.curve, times, baselineFrames) }))
    .filter(({ shape }) => shape.peak > 0 && shape.noise < NOISIEST)
  const none = { voxels: new Int32Array(0), curve: new Float64Array(n), quality: NO_QUALITY }
  if (shapes.length < CHOSEN[0]) return { ...none, doubts: ['no voxel has the curve of an artery'] }
  const latest = quantile(
    Float64Array.from(shapes, ({ shape }) => shape.arrival),
    EARLIEST,
  )
  const spacing = (times[n - 1]! - times[0]!) / (n - 1)
  // Half a frame is no difference: a lower peak alone crosses its tenth that much earlier.
  const early = shapes.filter(({ shape }) => shape.arrival <= latest + spacing / 2)
  // A voxel that is shared with tissue has not only a lower peak but, after conversion, a narrower one: squared, the peak decides.
  const score = ({ shape }: { readonly shape: Shape }) =>
    shape.peak / (Math.max(shape.at - shape.arrival, spacing / 2) * Math.max(shape.width, spacing / 2))
  const ranked = [...early].sort((a, b) => score(b) - score(a) || a.voxel - b.voxel)
  const best = ranked[0]!
  const least = NEAR_BEST * score(best)
  const alike = ranked.filter(item => score(item) >= least && correlation(item.curve, best.curve) >= 0.9)
  const count = Math.max(CHOSEN[0], Math.min(CHOSEN[1], Math.ceil(alike.length / 4)))
  // What lies among its like shares least with tissue: the rank by score decides between equals, for sorting is stable.
  const inside = neighboursOf(alike, shape)
  const chosen = [...alike].sort((a, b) => inside(b.voxel) - inside(a.voxel)).slice(0, count)
  const curve = Float64Array.from(times, (_, i) => mean(Float64Array.from(chosen, item => item.curve[i]!)))
  const found = shapeOf(curve, times, baselineFrames)
  const last = curve.slice(Math.floor((4 * n) / 5))
  const quality = {
    peak: found.peak,
    timeToPeak: found.at - found.arrival,
    width: found.width,
    tail: mean(last) / found.peak,
    noise: found.noise,
  }
  return {
    voxels: Int32Array.from(chosen, ({ voxel }) => voxel).sort(),
    curve,
    quality,
    doubts: doubtsOf(quality, chosen.length),
  }
}

const NO_QUALITY: ArterialSelection['quality'] = {
  peak: Number.NaN,
  timeToPeak: Number.NaN,
  width: Number.NaN,
  tail: Number.NaN,
  noise: Number.NaN,
}

function doubtsOf({ peak, tail, width }: ArterialSelection['quality'], count: number): string[] {
  const two = (value: number) => String(Math.round(100 * value) / 100)
  return [
    ...(count < CHOSEN[0] ? [`only ${count} voxels look alike`] : []),
    ...(peak < USUAL.peak[0] || peak > USUAL.peak[1]
      ? [`the peak in blood is ${two(peak)} mM, arteries have ${USUAL.peak[0]} to ${USUAL.peak[1]} mM`]
      : []),
    ...(tail < USUAL.tail[0] || tail > USUAL.tail[1]
      ? [`the tail is ${two(tail)} of the peak, arteries have ${USUAL.tail[0]} to ${USUAL.tail[1]}`]
      : []),
    ...(width > USUAL.width ? [`the first pass is ${two(width)} s wide, arteries have under ${USUAL.width} s`] : []),
  ]
}

/** The voxels with the highest peaks, of equals the first. */
function highest(concentrations: Float32Array | Float64Array, n: number, voxels: Int32Array): number[] {
  const nVoxel = concentrations.length / n
  const peaks = Float64Array.from(voxels, v => {
    let peak = 0
    for (let i = 0; i < n; i++) if (concentrations[i * nVoxel + v]! > peak) peak = concentrations[i * nVoxel + v]!
    return peak
  })
  const count = Math.min(Math.max(Math.ceil(HIGHEST * voxels.length), CANDIDATES[0]), CANDIDATES[1], voxels.length)
  return Array.from(voxels.keys())
    .sort((a, b) => peaks[b]! - peaks[a]! || a - b)
    .slice(0, count)
    .map(at => voxels[at]!)
}

function shapeOf(curve: Float64Array, times: Float64Array, baselineFrames: number): Shape {
  let top = 0
  for (let i = 1; i < curve.length; i++) if (curve[i]! > curve[top]!) top = i
  const peak = curve[top]!
  const base = curve.slice(0, Math.max(baselineFrames, 1))
  const crossing = (level: number, from: number, step: 1 | -1): number => {
    for (let i = from; i + step >= 0 && i + step < curve.length; i += step) {
      const [here, next] = [curve[i]!, curve[i + step]!]
      if (next <= level) return times[i]! + ((here - level) / (here - next)) * (times[i + step]! - times[i]!)
    }
    return step > 0 ? times.at(-1)! : times[0]!
  }
  return {
    peak,
    at: times[top]!,
    arrival: crossing(0.1 * peak, top, -1),
    width: crossing(peak / 2, top, 1) - crossing(peak / 2, top, -1),
    noise: base.length > 1 ? standardDeviation(base) / peak : Math.abs(median(base)) / peak,
  }
}

/** How many of the six neighbours of a voxel are among the given ones. */
function neighboursOf(
  given: readonly { readonly voxel: number }[],
  [ni, nj, nk]: readonly [number, number, number],
): (voxel: number) => number {
  const all = new Set(given.map(({ voxel }) => voxel))
  return v => {
    const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))]
    const beside = [
      [i > 0, v - 1],
      [i < ni - 1, v + 1],
      [j > 0, v - ni],
      [j < nj - 1, v + ni],
      [k > 0, v - ni * nj],
      [k < nk - 1, v + ni * nj],
    ] as const
    return beside.reduce((count, [isThere, at]) => count + (isThere && all.has(at) ? 1 : 0), 0)
  }
}

function correlation(a: Float64Array, b: Float64Array): number {
  const [ma, mb] = [mean(a), mean(b)]
  let [aa, bb, ab] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - ma, b[i]! - mb]
    aa += x * x
    bb += y * y
    ab += x * y
  }
  return ab / Math.sqrt(aa * bb)
}
