import { toConcentrations } from '../../kinetics/concentration.ts'
import { fitKinetics } from '../../kinetics/dce-fit.ts'
import { median } from '../../numerics/statistics.ts'
import type { RegionFit } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import { conversionOf, relaxationAt } from './convert.ts'
import { type Fitted, meanCurve, sumOf } from './fit.ts'
import { LIMITS } from './limits.ts'

/** Two-sided 95 % quantile of the normal distribution [1]. */
const Z95 = 1.959963984540054

/**
 * One fit of each model to the mean curve of a region.
 *
 * @remarks
 * Signals are averaged, not parameters: the mean signal is converted with the median T1 and B1 of the region, so that voxels
 * whose own noise leaves no concentration count as well. Of a concentration series the concentrations are averaged. The
 * confidence interval is the estimate ± 1.96 · its standard error.
 *
 * @param acquisition - frames, conversion
 * @param fitted - signals, T1, arterial input, models
 * @param voxels - of the region
 */
export function regionFits(acquisition: DceAcquisition, fitted: Fitted, voxels: Int32Array): RegionFit[] {
  const { frames } = acquisition
  const { arterial, models, delay } = fitted
  if (!arterial || models.length === 0) return []
  const region = regionCurve(acquisition, fitted, voxels)
  if (!region) return []
  return models.flatMap(({ choice }) => {
    const { model, quantities } = choice
    const fit = fitKinetics(
      model,
      { concentrations: region.curve, times: frames.times, voxels: Int32Array.of(0) },
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
        voxels: region.count,
        value: finite(value),
        se: finite(se),
        ciLow: finite(value - Z95 * se),
        ciHigh: finite(value + Z95 * se),
      }
    })
  })
}

/** Mean concentration of a region [mM], and the voxels it is of; null where none has a signal and a T1. */
function regionCurve(
  acquisition: DceAcquisition,
  { signals, relaxation, baseline }: Fitted,
  voxels: Int32Array,
): { readonly curve: Float32Array | Float64Array; readonly count: number } | null {
  const frames = acquisition.frames.times.length
  const n = signals.length / frames
  const conversion = conversionOf(acquisition)
  const hasSignal = (v: number) => Number.isFinite(sumOf(signals, frames, v))
  if (!conversion || !relaxation) {
    const sound = voxels.filter(hasSignal)
    return sound.length > 0 ? { curve: meanCurve(signals, frames, n, sound), count: sound.length } : null
  }
  const sound = voxels.filter(v => {
    const { T1, b1 } = relaxationAt(relaxation, v)
    return hasSignal(v) && T1 > 0 && b1 > 0
  })
  if (sound.length === 0) return null
  const middle = (of: 'T1' | 'b1') => median(Float64Array.from(sound, v => relaxationAt(relaxation, v)[of]))
  const { concentrations } = toConcentrations(
    {
      signals: meanCurve(signals, frames, n, sound),
      frames,
      baseline,
      T1: middle('T1'),
      b1: Float64Array.of(middle('b1')),
      voxels: Int32Array.of(0),
    },
    conversion,
  )
  return { curve: concentrations, count: sound.length }
}
