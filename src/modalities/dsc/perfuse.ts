import { DECONVOLUTION_DEFAULTS, deconvolution } from '../../kinetics/dsc-deconvolution.ts'
import type { Options } from '../../options.ts'
import type { Arterial } from './arterial.ts'
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
  }
  /** As the contract numbers it, 0 where nothing was tried, shape (nVoxel). */
  readonly status: Uint8Array
  /** What the sidecars say of the method. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** Solves one voxel after the other, whose curve {@link Signals.tissue} has read. */
export interface VoxelSolver {
  /** Deconvolve the curve of a voxel; `sd` is the noise of its samples. Without blood beyond noise its times are undefined. */
  solve(voxel: number, curve: Float64Array, sd: Float64Array, isFilled: boolean): void
  readonly result: Perfused
}

const nothing = (n: number) => new Float64Array(n).fill(Number.NaN)

/** What the sidecars say of a method. */
export const ALGORITHMS: Readonly<Record<Method, string>> = {
  osvd: 'Block-circulant deconvolution whose truncation is raised in each voxel until the oscillation index is below its limit',
  csvd: 'Block-circulant deconvolution with a fixed truncation',
  ssvd: 'Deconvolution with a fixed truncation; its result depends on the delay of the bolus',
}

/** What solvers work with. */
export interface SolverContext {
  readonly signals: Signals
  readonly arterial: Arterial
  /** Report unit of flow over [1/s]. */
  readonly scale: number
  readonly options: Options
  readonly delayOf: SliceDelay
}

/** A solver whose arterial curve can be changed between voxels. */
export interface TruncatedSolver extends VoxelSolver {
  /** Take another arterial curve, and the time of its slices after the first of the volume [s]. */
  use(curve: Float64Array, sliceDelay: number): void
}

/**
 * A solver by a truncated spectrum, with the arterial curve of the run.
 *
 * @param method - see `--dsc-deconvolution`
 * @param n - number of voxels
 * @param context - see {@link SolverContext}
 */
export function truncatedSolver(method: Method, n: number, context: SolverContext): TruncatedSolver {
  const { signals, arterial, scale, options, delayOf } = context
  const { frames, dt, baseline } = signals
  const inverse = deconvolution(method, frames, dt, { oscillationLimit: options['dsc-oi-limit'] })
  let isReady = inverse.prepare(arterial.curve)
  let arterialDelay = arterial.sliceDelay
  const [cbf, mtt, tmax, delay] = [nothing(n), nothing(n), nothing(n), nothing(n)]
  const se = { cbf: nothing(n), mtt: nothing(n), tmax: nothing(n) }
  const status = new Uint8Array(n)
  return {
    use(curve, sliceDelay) {
      isReady = inverse.prepare(curve)
      arterialDelay = sliceDelay
    },
    solve(voxel, curve, sd, isFilled) {
      status[voxel] = 4
      if (!isReady || !inverse.solve(curve)) return
      inverse.errors({ sd, baseline })
      const { values } = inverse
      cbf[voxel] = scale * values.flow
      se.cbf[voxel] = scale * inverse.se.flow
      status[voxel] = isFilled ? 1 : 5
      if (!isFilled) return
      // The artery may lie in a slice that is acquired earlier or later than that of the voxel.
      const shift = delayOf(voxel) - arterialDelay
      mtt[voxel] = values.transitTime
      tmax[voxel] = values.tmax + shift
      delay[voxel] = inverse.delay + shift
      se.mtt[voxel] = inverse.se.transitTime
      se.tmax[voxel] = inverse.se.tmax
    },
    result: {
      method,
      cbf,
      mtt,
      tmax,
      delay,
      se,
      status,
      settings: {
        EstimationAlgorithm: ALGORITHMS[method],
        DelayInsensitive: method !== 'ssvd',
        ...(method === 'osvd'
          ? { OscillationLimit: options['dsc-oi-limit'] }
          : { Truncation: DECONVOLUTION_DEFAULTS[method].truncation }),
      },
    },
  }
}
