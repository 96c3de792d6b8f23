import type { VoxelCurves } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { modelReader } from './maps.ts'

/**
 * The concentrations of single voxels and the curve of the first model; the signals where there are no concentrations.
 *
 * @param acquisition - times
 * @param fitted - the fit
 */
export function voxelCurves(acquisition: DceAcquisition, fitted: Fitted): VoxelCurves {
  const { signals, concentrations, models, status } = fitted
  const { times } = acquisition.frames
  const [first] = models
  const values = concentrations ?? signals
  const n = status.length
  const model = first ? modelReader(acquisition, fitted, first) : null
  return {
    x: { label: 'time [s]', values: [...times] },
    y: { label: concentrations ? 'concentration [mM]' : 'signal [a.u.]' },
    read(voxel, measured, fit) {
      for (let k = 0; k < times.length; k++) measured[k] = values[k * n + voxel]!
      model?.(voxel, fit)
    },
  }
}
