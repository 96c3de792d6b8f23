import { trapezoid } from '../../kinetics/dsc-deconvolution.ts'
import { VASCULAR_PRIOR, vascularFit } from '../../kinetics/dsc-vascular.ts'
import { median } from '../../numerics/statistics.ts'
import type { Curves } from './curves.ts'
import { noResult, type Solver, type SolverContext } from './perfuse.ts'
import { valuesIn } from './regions.ts'

/** What became of a voxel by how its fit ended. */
const STATUS = { good: 1, bound: 2, unconverged: 3 } as const

/** Median area of the curves with blood over that of the arterial curve [1]: what the prior of flow is made from. */
export function typicalVolume(
  { area, status }: Pick<Curves, 'area' | 'status'>,
  artery: Float64Array,
  dt: number,
): number {
  const filled = status.map(code => (code === 1 ? 1 : 0))
  return median(valuesIn(area, filled)) / trapezoid(artery, dt)
}

/**
 * A solver by the vascular model, which is fitted to the signal.
 *
 * @remarks
 * MTT is CBV over CBF as by all methods, with the area of the curve for CBV. The residue function is largest when blood
 * arrives, so Tmax is the delay. The scale of DSC is not known, so the prior of CBF is that of a run whose median CBV is 3
 * mL/100g.
 *
 * @param context - see {@link SolverContext}
 */
export function vascularSolver(context: SolverContext): Solver {
  const { signals, arterial, scale, delayOf, curves } = context
  const { frames, dt } = signals
  const arterialArea = trapezoid(arterial.curve, dt)
  const typical = typicalVolume(curves, arterial.curve, dt)
  const fit = vascularFit(frames, dt, signals.echoTime, typical)
  let isReady = typical > 0 && fit.prepare(arterial.curve)
  let arterialDelay = arterial.sliceDelay
  const { volume, transitTime, shape, spread, delay: delaySpread } = VASCULAR_PRIOR
  const result = noResult('vm', curves.status.length, {
    EstimationAlgorithm:
      'Vascular model: gamma-distributed transit times after a delay, fitted to the signal with the largest posterior probability',
    EstimationReference: 'doi:10.1016/j.neuroimage.2006.06.015',
    DelayInsensitive: true,
    Prior: {
      MedianCBV: { Value: volume, Units: 'mL/100g' },
      MTT: { Value: transitTime, Units: 's' },
      Shape: { Value: shape, Units: '1' },
      SpreadOfLogarithms: { Value: spread, Units: '1' },
      SpreadOfDelay: { Value: delaySpread, Units: 's' },
    },
  })
  const { cbf, mtt, tmax, delay, se, status } = result
  return {
    use(curve, sliceDelay) {
      isReady = typical > 0 && fit.prepare(curve)
      arterialDelay = sliceDelay
    },
    solve(voxel, curve, sd, isFilled) {
      status[voxel] = 4
      const end = isReady ? fit.solve(curve, sd) : null
      if (!end) return
      status[voxel] = isFilled ? STATUS[end] : 5
      if (end === 'unconverged') return
      const { flow } = fit.values
      cbf[voxel] = scale * flow
      se.cbf[voxel] = scale * fit.se.flow
      if (!isFilled) return
      const shift = delayOf(voxel) - arterialDelay
      const volumeError = curves.areaError[voxel]! / curves.area[voxel]!
      mtt[voxel] = curves.area[voxel]! / arterialArea / flow
      se.mtt[voxel] = mtt[voxel]! * Math.hypot(fit.se.flow / flow, volumeError)
      tmax[voxel] = delay[voxel] = fit.values.delay + shift
      se.tmax[voxel] = se.delay[voxel] = fit.se.delay
    },
    result,
  }
}
