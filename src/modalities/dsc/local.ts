import type { Grid } from '../../image/volume.ts'
import { areaScale } from '../../kinetics/dsc-arterial.ts'
import { quantile } from '../../numerics/statistics.ts'
import { eachCurve } from './curves.ts'
import type { Perfused, SolverContext } from './perfuse.ts'
import { type Regions, valuesIn, voxelsOf } from './regions.ts'
import { solverOf } from './solver.ts'

/** Rise time times width of a candidate over that of the global arterial curve [1]: a branch may be dispersed. */
const SHAPE = [0.5, 1.6] as const

/** Quantile of the area from which a voxel may hold that much blood [1]. */
const FILLED = 0.8

/** Quantile of the arterial score from which a voxel may be a local artery [1]. */
const CANDIDATES = 0.95

/** How far local arteries are looked for, at first and where there are too few [mm]. */
const REACH = [25, 40] as const

/** How many are averaged, and without how many the global arterial input stands in. */
const MOST = 5
const LEAST = 3

/** Weight of a local artery: a Gaussian of its distance with this standard deviation [mm]. */
const NEAR = 12

/** Flow and times by local arterial inputs. */
export interface Local extends Perfused {
  /** Share of the voxels for which the global arterial input stood in [1]. */
  readonly byGlobal: number
}

/** Arteries that serve the voxels around them. */
interface Arteries {
  readonly voxels: Int32Array
  readonly scores: Float64Array
  /** Places [mm], shape (voxels × 3). */
  readonly places: Float64Array
  /** Curves [1/s], shape (voxels × nVolume). */
  readonly curves: Float64Array
}

/**
 * Flow, transit time, Tmax and delay by arterial inputs nearby.
 *
 * @remarks
 * Of the healthy voxels the twentieth with the highest arterial score are candidates, if rise time times width is 0.5 to
 * 1.6 of that of the global curve and their area among the largest fifth. Each voxel takes the five best of them
 * within 25 mm, or 40 mm, averaged by distance and scaled to the area of the global curve, for what flows past is the same
 * everywhere; where there are fewer than three, the global curve stands in.
 *
 * **Limits.** What delay and dispersion are up to the local artery is lost: thresholds of Tmax do not hold.
 *
 * @param context - signals, curves, global artery, scale, times of slices
 * @param regions - healthy brain
 * @param grid - where voxels lie
 *
 * @see Willats et al., J Cereb Blood Flow Metab 31:2189 (2011), doi:10.1038/jcbfm.2011.86
 */
export function localPerfusion(context: SolverContext, regions: Regions, grid: Grid): Local {
  const { signals, arterial, options, delayOf, curves } = context
  const { frames } = signals
  const arteries = findArteries(context, regions, grid)
  const mean = new Float64Array(frames)
  const chosen = new Int32Array(MOST)
  const squares = new Float64Array(arteries.voxels.length)
  const solver = solverOf(options['dsc-deconvolution'], context)
  let byGlobal = 0
  let all = 0
  eachCurve(signals, curves, (v, curve, sd, isFilled) => {
    all++
    const count = nearest(arteries, placeOf(v, grid), squares, chosen)
    if (count < LEAST) {
      byGlobal++
      solver.use(arterial.curve, arterial.sliceDelay)
    } else {
      let [weights, delay] = [0, 0]
      mean.fill(0)
      for (let at = 0; at < count; at++) {
        const one = chosen[at]!
        const weight = Math.exp(-squares[one]! / (2 * NEAR * NEAR))
        weights += weight
        delay += weight * delayOf(arteries.voxels[one]!)
        for (let k = 0; k < frames; k++) mean[k]! += weight * arteries.curves[one * frames + k]!
      }
      const scale = areaScale(mean, arterial.curve)
      for (let k = 0; k < frames; k++) mean[k]! *= scale
      solver.use(mean, delay / weights)
    }
    solver.solve(v, curve, sd, isFilled)
  })
  const { result } = solver
  const settings = {
    ...result.settings,
    ArterialInput: 'local',
    LocalReach: { Value: REACH, Units: 'mm' },
    LocalArteries: arteries.voxels.length,
    ByGlobalInput: byGlobal / all,
  }
  return { ...result, settings, byGlobal: byGlobal / all }
}

function findArteries(
  { signals, arterial, curves: { score, peak, area, status } }: SolverContext,
  regions: Regions,
  grid: Grid,
): Arteries {
  const { quality } = arterial
  const usual = quality.riseTime * quality.fwhm
  const blood = quantile(valuesIn(area, regions.healthy), FILLED)
  const isArterial = (v: number) => {
    const shape = peak[v]! / score[v]! / usual
    return shape >= SHAPE[0] && shape <= SHAPE[1] && area[v]! >= blood && status[v] === 1
  }
  const least = quantile(valuesIn(score, regions.healthy), CANDIDATES)
  const curve = new Float64Array(signals.frames)
  const voxels = voxelsOf(regions.healthy).filter(
    v => score[v]! >= least && isArterial(v) && signals.clipped[v] !== 1 && signals.artery(v, curve),
  )
  const curves = new Float64Array(voxels.length * signals.frames)
  const places = new Float64Array(3 * voxels.length)
  for (const [at, v] of voxels.entries()) {
    signals.artery(v, curves.subarray(at * signals.frames, (at + 1) * signals.frames))
    places.set(placeOf(v, grid), 3 * at)
  }
  return { voxels, scores: Float64Array.from(voxels, v => score[v]!), places, curves }
}

/**
 * The best arteries near a place, by score: sets `chosen`, and `squares` to all squared distances; returns how many.
 */
function nearest(
  { scores, places }: Arteries,
  [x, y, z]: readonly [number, number, number],
  squares: Float64Array,
  chosen: Int32Array,
): number {
  for (let at = 0; at < squares.length; at++) {
    const [dx, dy, dz] = [places[3 * at]! - x, places[3 * at + 1]! - y, places[3 * at + 2]! - z]
    squares[at] = dx * dx + dy * dy + dz * dz
  }
  let count = 0
  for (const reach of REACH) {
    count = 0
    for (let at = 0; at < squares.length; at++) {
      if (squares[at]! > reach * reach) continue
      if (count === MOST && !(scores[at]! > scores[chosen[count - 1]!]!)) continue
      if (count < MOST) count++
      let place = count - 1
      for (; place > 0 && scores[chosen[place - 1]!]! < scores[at]!; place--) chosen[place] = chosen[place - 1]!
      chosen[place] = at
    }
    if (count >= LEAST) break
  }
  return count
}

function placeOf(v: number, { shape: [ni, nj], affine: a }: Grid): [number, number, number] {
  const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))]
  const at = (row: number) => a[row]! * i + a[row + 1]! * j + a[row + 2]! * k + a[row + 3]!
  return [at(0), at(4), at(8)]
}
