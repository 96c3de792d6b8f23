import { frameValues } from '../../image/volume.ts'
import { hifiSignals } from '../../kinetics/t1-hifi.ts'
import { spoiledSignal } from '../../physics/signal.ts'
import type { Prepared, VoxelCurves } from '../modality.ts'
import type { T1Acquisition } from './acquisition.ts'
import type { T1Fitted } from './fit.ts'

/**
 * The signals of single voxels over flip angle, inversion time or number of the image, and the curve of what was fitted.
 *
 * @param acquisition - flip angles or inversion times
 * @param fitted - T1, M0, B1
 * @param prepared - the images
 */
export function voxelCurves(acquisition: T1Acquisition, fitted: T1Fitted, { series }: Prepared): VoxelCurves {
  const images = series.map(volume => frameValues(volume, 0))
  const axis = axisOf(acquisition, images.length)
  const order = [...axis.values.keys()].sort((a, b) => axis.values[a]! - axis.values[b]!)
  const signals = new Float64Array(images.length)
  return {
    x: { label: axis.label, values: order.map(at => axis.values[at]!) },
    y: { label: 'signal [a.u.]' },
    read(voxel, measured, curve) {
      for (const [at, image] of images.entries()) signals[at] = image[voxel]!
      const model = modelOf(acquisition, fitted, voxel, signals)
      for (const [at, image] of order.entries()) {
        measured[at] = signals[image]!
        curve[at] = model[image]!
      }
    },
  }
}

/** What the fit of a voxel gives for each image, shape (nImage); NaN where it has none. */
function modelOf(
  acquisition: T1Acquisition,
  { fit, b1 }: T1Fitted,
  voxel: number,
  signals: Float64Array,
): ArrayLike<number> {
  const [M0, R1, k] = [fit.M0[voxel]!, fit.R1[voxel]!, b1?.values[voxel] ?? 1]
  if (acquisition.kind === 'hifi') return hifiSignals(acquisition.images, { M0, R1, k })
  if (acquisition.kind === 'vfa') {
    const { flipAngles, repetitionTime } = acquisition
    return flipAngles.map(angle => M0 * spoiledSignal({ flipAngle: angle * k, repetitionTime }, R1))
  }
  const decays = acquisition.inversionTimes.map(time => Math.exp(-time * R1))
  if (acquisition.pulse === 'saturation') return decays.map(decay => M0 * (1 - decay))
  return recovery(signals, decays, M0, acquisition.inversionTimes)
}

/**
 * The curve `|M0 + b·exp(−TI/T1)|`, b by least squares, which at this M0 and T1 is that of the fit; of signals with their sign
 * without the bars.
 */
function recovery(signals: Float64Array, decays: readonly number[], M0: number, times: readonly number[]): number[] {
  const order = [...times.keys()].sort((x, y) => times[x]! - times[y]!)
  const hasSign = signals.some(value => value < 0)
  const least = order.reduce((best, at, rank) => (signals[at]! < signals[order[best]!]! ? rank : best), 0)
  let [best, depth] = [Number.POSITIVE_INFINITY, Number.NaN]
  // Of a magnitude the images before the smallest were negative, and perhaps that one.
  for (const turned of hasSign ? [0] : [least, least + 1]) {
    const signed = (rank: number) => (rank < turned ? -1 : 1) * signals[order[rank]!]!
    let [top, bottom] = [0, 0]
    for (const [rank, at] of order.entries()) {
      top += (signed(rank) - M0) * decays[at]!
      bottom += decays[at]! * decays[at]!
    }
    const b = top / bottom
    const squares = order.reduce((sum, at, rank) => sum + (signed(rank) - M0 - b * decays[at]!) ** 2, 0)
    if (squares < best) [best, depth] = [squares, b]
  }
  return decays.map(decay => (hasSign ? M0 + depth * decay : Math.abs(M0 + depth * decay)))
}

function axisOf(acquisition: T1Acquisition, images: number): { label: string; values: number[] } {
  if (acquisition.kind === 'vfa') {
    const values = acquisition.flipAngles.map(angle => Number(((angle * 180) / Math.PI).toPrecision(6)))
    return { label: 'flip angle [°]', values }
  }
  if (acquisition.kind === 'irt1') return { label: 'time after the pulse [s]', values: [...acquisition.inversionTimes] }
  return { label: 'image', values: Array.from({ length: images }, (_, at) => at + 1) }
}
