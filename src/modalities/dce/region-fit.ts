import { fitKinetics } from '../../kinetics/dce-fit.ts'
import type { RegionFit } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import { type Fitted, meanCurve } from './fit.ts'
import { LIMITS } from './limits.ts'

/** Two-sided 95 % quantile of the normal distribution [1]. */
const Z95 = 1.959963984540054

/**
 * One fit of each model to the mean concentration of a region, over the voxels that have one in every frame.
 *
 * The confidence interval is the estimate ± 1.96 · its standard error.
 */
export function regionFits({ frames }: DceAcquisition, fitted: Fitted, voxels: Int32Array): RegionFit[] {
  const { concentrations, arterial, models, delay, invalid } = fitted
  if (!concentrations || !arterial || models.length === 0) return []
  const n = concentrations.length / frames.times.length
  const sound = voxels.filter(v => invalid?.[v] === 0 && Number.isFinite(concentrations[v]! + concentrations[n + v]!))
  if (sound.length === 0) return []
  const curve = meanCurve(concentrations, frames.times.length, n, sound)
  return models.flatMap(({ choice }) => {
    const { model, quantities } = choice
    const fit = fitKinetics(
      model,
      { concentrations: curve, times: frames.times, voxels: Int32Array.of(0) },
      arterial.inlets,
      delay === null ? { delay: 'voxel', delayRange: [-LIMITS.delay, LIMITS.delay] } : { fixedDelay: delay },
    )
    return quantities.map(({ name, of, unit, scale }): RegionFit => {
      const [value, se] = [scale * fit.maps[of]![0]!, scale * fit.sd[of]![0]!]
      const finite = (number: number) => (Number.isFinite(number) ? number : null)
      return {
        model: model.name,
        parameter: name,
        estimator: model.isLinear ? 'lls' : 'nlls',
        unit,
        voxels: sound.length,
        value: finite(value),
        se: finite(se),
        ciLow: finite(value - Z95 * se),
        ciHigh: finite(value + Z95 * se),
      }
    })
  })
}
