import type { Grid } from '../../image/volume.ts'
import type { Prepared, VoxelCurves } from '../modality.ts'
import type { Volumes } from './context.ts'
import type { Summary } from './differences.ts'
import type { Arrival, ArrivalModel } from './fit-arrival.ts'
import { responseReader } from './flow-series.ts'
import { bolusOf } from './labelling.ts'

/**
 * The differences of single voxels in the unit of flow, and the flow that stands for them.
 *
 * @param volumes - which volumes make a difference
 * @param prepared - the series
 * @param gain - flow over a difference, shape (nVoxel)
 * @param flow - of each voxel, shape (nVoxel)
 * @param isAbsolute - whether that is CBF
 */
export function sampleCurves(
  { differences }: Volumes,
  { series: [volume], mask }: Prepared,
  gain: Float64Array,
  flow: Float64Array,
  isAbsolute: boolean,
): VoxelCurves {
  if (!volume) throw new Error('an ASL run has a series')
  const { data, slope, intercept } = volume
  return {
    x: { label: 'difference', values: differences.map((_, at) => at + 1) },
    y: { label: isAbsolute ? 'ΔM as CBF [mL/100g/min]' : 'ΔM [a.u.]' },
    read(voxel, measured, fitted) {
      for (const [at, { volumes, weights }] of differences.entries()) {
        let sum = 0
        for (const [term, frame] of volumes.entries())
          sum += weights[term]! * (slope * data[frame * mask.length + voxel]! + intercept)
        measured[at] = gain[voxel]! * sum
      }
      fitted.fill(flow[voxel]!)
    },
  }
}

/**
 * The mean difference of single voxels at each delay over M0, and the curve of their flow, arrival and blood in arteries.
 *
 * @param model - model, samples and constants
 * @param arrival - of the fit
 * @param summary - means of the samples
 * @param perM0 - one over M0 per unit of the series, shape (nVoxel)
 * @param scale - M0 of tissue over what the responses are over [1]
 * @param grid - of the series
 */
export function delayCurves(
  model: ArrivalModel,
  arrival: Arrival,
  { means }: Summary,
  perM0: Float64Array,
  scale: number,
  grid: Grid,
): VoxelCurves {
  const { samples } = model.quantification.labellings
  const times = samples.map(sample => bolusOf(sample, 0, arrival.natural?.duration).time)
  const order = [...times.keys()].sort((a, b) => times[a]! - times[b]!)
  const read = responseReader(model, arrival, grid)
  return {
    x: { label: 'time from the start of labelling [s]', values: order.map(at => times[at]!) },
    y: { label: 'ΔM over M0 [1]' },
    read(voxel, measured, fitted) {
      const { responses, arteries } = read(voxel)
      for (const [at, sample] of order.entries()) {
        measured[at] = perM0[voxel]! * means[sample]![voxel]!
        fitted[at] = scale * (arrival.flow[voxel]! * responses[sample]! + arteries[sample]!)
      }
    },
  }
}
