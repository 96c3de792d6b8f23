import type { Options } from '../../options.ts'
import type { Arterial } from './arterial.ts'
import type { Curves } from './curves.ts'
import type { Method } from './outputs.ts'
import type { Signals } from './signals.ts'
import type { SliceDelay } from './timing.ts'

/** Flow and times of each voxel, shape (nVoxel) each; NaN where there is no estimate. */
export interface Perfused {
  readonly method: Method
  /** In the unit that the run has it in: [mL/100g/min], or relative. */
  readonly cbf: Float64Array
  /** [s] */
  readonly mtt: Float64Array
  /** Slice-time corrected [s]. */
  readonly tmax: Float64Array
  /** Arrival after the artery, slice-time corrected [s]. */
  readonly delay: Float64Array
  readonly se: {
    readonly cbf: Float64Array
    readonly mtt: Float64Array
    readonly tmax: Float64Array
    readonly delay: Float64Array
  }
  /** As the contract numbers it, 0 where nothing was tried, shape (nVoxel). */
  readonly status: Uint8Array
  /** What the sidecars say of the method. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** What solvers work with. */
export interface SolverContext {
  readonly signals: Signals
  readonly arterial: Arterial
  /** Report unit of flow over [1/s]. */
  readonly scale: number
  readonly options: Options
  readonly delayOf: SliceDelay
  readonly curves: Curves
}

/** A deconvolution that goes from voxel to voxel. */
export interface Solver {
  /** Take another arterial curve, and the time of its slices after the first of the volume [s]. */
  use(curve: Float64Array, sliceDelay: number): void
  /** Deconvolve the curve of a voxel; `sd` is the noise of its samples. Without blood beyond noise its times are undefined. */
  solve(voxel: number, curve: Float64Array, sd: Float64Array, isFilled: boolean): void
  readonly result: Perfused
}

/**
 * Results without an estimate yet.
 *
 * @param method - the deconvolution
 * @param n - number of voxels
 * @param settings - what sidecars say of it
 */
export function noResult(method: Method, n: number, settings: Perfused['settings']): Perfused {
  const nothing = () => new Float64Array(n).fill(Number.NaN)
  return {
    method,
    cbf: nothing(),
    mtt: nothing(),
    tmax: nothing(),
    delay: nothing(),
    se: { cbf: nothing(), mtt: nothing(), tmax: nothing(), delay: nothing() },
    status: new Uint8Array(n),
    settings,
  }
}
