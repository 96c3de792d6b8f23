import { arterialScore } from '../../kinetics/dsc-blood.ts'
import { type CurveShape, describeCurve, NO_SHAPE, signalDrop, signalRecovery } from '../../kinetics/dsc-curve.ts'
import { functionalError, trapezoid } from '../../kinetics/dsc-deconvolution.ts'
import { mean } from '../../numerics/statistics.ts'
import type { Signals } from './signals.ts'
import type { SliceDelay } from './timing.ts'

/** Volumes at the end of the series by which recovery is judged. */
export const TAIL = 10

/** Peak over its noise from which a curve shows a bolus [1]. */
const SEEN = 4

/** Volume over its standard error from which blood has times [1]: those of less are undefined. */
const FILLED = 2

/** What the curve of a voxel looks like, shape (nVoxel) each; NaN where it does not show it. */
export interface Shapes {
  /** To the peak from arrival, and from the first volume [s]. */
  readonly ttp: Float64Array
  readonly ttpscan: Float64Array
  /** Arrival from the first volume [s]. */
  readonly bat: Float64Array
  /** [s] */
  readonly fwhm: Float64Array
  /** [%] */
  readonly psr: Float64Array
  readonly drop: Float64Array
}

/** What one look at all curves gives. */
export interface Curves {
  readonly shape: Shapes
  /** Area under the curve over the whole record, with its standard error [1], shape (nVoxel). */
  readonly area: Float64Array
  readonly areaError: Float64Array
  /** Largest value, mean of the last ten, and the noise of a sample before the bolus [1/s], shape (nVoxel). */
  readonly peak: Float64Array
  readonly tail: Float64Array
  readonly noise: Float64Array
  /** Arterial score [1/s³], shape (nVoxel). */
  readonly score: Float64Array
  /** Mean over the mask [1/s], shape (nVolume). */
  readonly mean: Float64Array
  /** 0 outside, 1 a curve, 4 no signal, 5 no blood beyond noise, shape (nVoxel). */
  readonly status: Uint8Array
}

/**
 * Look at the curve of each voxel of the mask: its shape and its area.
 *
 * @param signals - of the run
 * @param mask - 1 inside, shape (nVoxel)
 * @param delayOf - acquisition times of slices
 */
export function describeVoxels(signals: Signals, mask: Uint8Array, delayOf: SliceDelay): Curves {
  const { frames, dt, baseline, dummies, last } = signals
  const n = mask.length
  const make = () => new Float64Array(n).fill(Number.NaN)
  const shape = { ttp: make(), ttpscan: make(), bat: make(), fwhm: make(), psr: make(), drop: make() }
  const [area, areaError, peak, tail, noise, score] = [make(), make(), make(), make(), make(), make()]
  const status = new Uint8Array(n)
  const curve = new Float64Array(frames)
  const sd = new Float64Array(frames)
  const total = new Float64Array(frames)
  const weights = new Float64Array(frames).fill(dt)
  weights[0] = weights[frames - 1] = dt / 2
  const found: CurveShape = { ...NO_SHAPE }
  let count = 0
  for (let v = 0; v < n; v++) {
    if (mask[v] !== 1) continue
    status[v] = 4
    if (!signals.tissue(v, curve)) continue
    status[v] = 1
    signals.noise(v, sd)
    describeCurve(curve, dt, baseline, found)
    if (found.peak >= SEEN * sd[found.peakSample]!) {
      const start = dummies * dt + delayOf(v)
      shape.ttp[v] = found.riseTime
      shape.ttpscan[v] = start + found.timeToPeak
      shape.bat[v] = start + found.arrival
      shape.fwhm[v] = found.fwhm
      shape.psr[v] = signalRecovery(last, signals.lastBaseline(), baseline[1], TAIL)
    }
    shape.drop[v] = signalDrop(last, signals.lastBaseline(), baseline[1])
    area[v] = trapezoid(curve, dt)
    peak[v] = found.peak
    tail[v] = mean(curve.subarray(frames - TAIL))
    noise[v] = sd[0]!
    score[v] = arterialScore(found)
    areaError[v] = functionalError(weights, { sd, baseline })
    for (let k = 0; k < frames; k++) total[k]! += curve[k]!
    count++
    if (!(area[v]! >= FILLED * areaError[v]!)) status[v] = 5
  }
  return { shape, area, areaError, peak, tail, noise, score, mean: total.map(value => value / count), status }
}

/**
 * Visit the voxels with a curve, with or without blood beyond noise.
 *
 * @param signals - of the run
 * @param curves - of {@link describeVoxels}
 * @param visit - told the voxel, its curve and the noise of its samples [1/s], and whether there is blood; arrays are used again
 */
export function eachCurve(
  signals: Signals,
  { status }: Curves,
  visit: (voxel: number, curve: Float64Array, sd: Float64Array, isFilled: boolean) => void,
): void {
  const curve = new Float64Array(signals.frames)
  const sd = new Float64Array(signals.frames)
  for (let v = 0; v < status.length; v++) {
    const isFilled = status[v] === 1
    if (!(isFilled || status[v] === 5) || !signals.tissue(v, curve)) continue
    signals.noise(v, sd)
    visit(v, curve, sd, isFilled)
  }
}
