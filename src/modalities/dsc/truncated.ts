import { DECONVOLUTION_DEFAULTS, type DeconvolutionKind, deconvolution } from '../../kinetics/dsc-deconvolution.ts'
import { noResult, type Solver, type SolverContext } from './perfuse.ts'

const ALGORITHMS: Readonly<Record<DeconvolutionKind, string>> = {
  osvd: 'Block-circulant deconvolution whose truncation is raised in each voxel until the oscillation index is below its limit',
  csvd: 'Block-circulant deconvolution with a fixed truncation',
  ssvd: 'Deconvolution with a fixed truncation; its result depends on the delay of the bolus',
}

/**
 * A solver by a truncated spectrum.
 *
 * @param method - which spectrum, and how it is truncated
 * @param context - see {@link SolverContext}
 */
export function truncatedSolver(method: DeconvolutionKind, context: SolverContext): Solver {
  const { signals, arterial, scale, options, delayOf, curves } = context
  const { frames, dt, baseline } = signals
  const inverse = deconvolution(method, frames, dt, { oscillationLimit: options['dsc-oi-limit'] })
  let isReady = inverse.prepare(arterial.curve)
  let arterialDelay = arterial.sliceDelay
  const result = noResult(method, curves.status.length, {
    EstimationAlgorithm: ALGORITHMS[method],
    DelayInsensitive: method !== 'ssvd',
    ...(method === 'osvd'
      ? { OscillationLimit: options['dsc-oi-limit'] }
      : { Truncation: DECONVOLUTION_DEFAULTS[method].truncation }),
  })
  const { cbf, mtt, tmax, delay, se, status } = result
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
      delay[voxel] = values.delay + shift
      se.mtt[voxel] = inverse.se.transitTime
      se.tmax[voxel] = inverse.se.tmax
      se.delay[voxel] = inverse.se.delay
    },
    result,
  }
}
