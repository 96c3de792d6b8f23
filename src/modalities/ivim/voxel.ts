import { biexponentialSignal, simplifiedSignal } from '../../kinetics/ivim.ts'
import type { VoxelCurves } from '../modality.ts'
import type { IvimAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'

/**
 * The averaged signals of single voxels, and the bi-exponential curve of their parameters: without D* that of blood which
 * shows at b = 0 only.
 *
 * @param acquisition - which rows the fit takes
 * @param fitted - signals and parameters
 */
export function voxelCurves({ rows }: IvimAcquisition, { signals, b, ivim, adc, status }: Fitted): VoxelCurves {
  const n = status.length
  const shown = rows.ivim.length > 0 ? rows.ivim : rows.adc
  const weighting = Float64Array.from(shown, row => b[row]!)
  return {
    x: { label: 'b [s/mm²]', values: [...weighting] },
    y: { label: 'signal [a.u.]' },
    read(voxel, measured, fitted) {
      for (const [at, row] of shown.entries()) measured[at] = signals[row * n + voxel]!
      if (ivim) {
        const [S0, D, f, Dstar] = [ivim.S0[voxel]!, ivim.D[voxel]!, ivim.f[voxel]!, ivim.Dstar[voxel]!]
        if (Number.isFinite(Dstar)) biexponentialSignal(fitted, { S0, D, f, Dstar }, weighting)
        else simplifiedSignal(fitted, { S0, D, f }, weighting)
      } else if (adc) simplifiedSignal(fitted, { S0: adc.S0[voxel]!, D: adc.ADC[voxel]!, f: 0 }, weighting)
    },
  }
}
