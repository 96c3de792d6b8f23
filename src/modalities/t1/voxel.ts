import { frameValues } from '../../image/volume.ts'
import { spoiledSignal } from '../../physics/signal.ts'
import type { Prepared, VoxelCurves } from '../modality.ts'
import type { T1Acquisition } from './acquisition.ts'
import type { T1Fitted } from './fit.ts'

/**
 * The signals of single voxels over flip angle, inversion time or number of the image; for flip angles, the curve of their T1
 * and M0.
 *
 * @remarks After an inversion the fit has an efficiency of its own in each voxel, which is not kept: no curve is drawn.
 *
 * @param acquisition - flip angles or inversion times
 * @param fitted - T1, M0, B1
 * @param prepared - the images
 */
export function voxelCurves(acquisition: T1Acquisition, { fit, b1 }: T1Fitted, { series }: Prepared): VoxelCurves {
  const images = series.map(volume => frameValues(volume, 0))
  const axis = axisOf(acquisition, images.length)
  const order = [...axis.values.keys()].sort((a, b) => axis.values[a]! - axis.values[b]!)
  return {
    x: { label: axis.label, values: order.map(at => axis.values[at]!) },
    y: { label: 'signal [a.u.]' },
    read(voxel, measured, fitted) {
      for (const [at, image] of order.entries()) {
        measured[at] = images[image]![voxel]!
        if (acquisition.kind !== 'vfa') continue
        const flipAngle = acquisition.flipAngles[image]! * (b1?.values[voxel] ?? 1)
        const { repetitionTime } = acquisition
        fitted[at] = fit.M0[voxel]! * spoiledSignal({ flipAngle, repetitionTime }, fit.R1[voxel]!)
      }
    },
  }
}

function axisOf(acquisition: T1Acquisition, images: number): { label: string; values: number[] } {
  if (acquisition.kind === 'vfa') {
    const values = acquisition.flipAngles.map(angle => Number(((angle * 180) / Math.PI).toPrecision(6)))
    return { label: 'flip angle [°]', values }
  }
  if (acquisition.kind === 'irt1') return { label: 'time after the pulse [s]', values: [...acquisition.inversionTimes] }
  return { label: 'image', values: Array.from({ length: images }, (_, at) => at + 1) }
}
