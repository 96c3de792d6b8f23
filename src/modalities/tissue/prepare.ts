import { findBrain } from '../../image/brain.ts'
import { segmentTissue } from '../../image/segment.ts'
import { frameValues, type Volume, voxelCount, voxelSize } from '../../image/volume.ts'
import { type Checked, good } from '../../problems.ts'
import type { Prepared } from '../modality.ts'

/** The tissues, in the order in which {@link prepareStructural} gives their maps. */
export const TISSUES = ['gm', 'wm', 'csf'] as const

/**
 * The brain in a T1-weighted image and its tissues: the series that comes back holds the shares of grey matter, white matter and
 * fluid; the reference is the image without what is no brain, and without the sensitivity of the coil.
 *
 * @param series - the image, first and only
 */
export function prepareStructural([image]: readonly Volume[]): Checked<Prepared> {
  if (!image) throw new Error('a tissue run has an image')
  const { grid, header } = image
  const values = frameValues(image, 0)
  const inside = findBrain(values, grid)
  const nothing = new Float32Array(voxelCount(grid))
  const found = inside
    ? segmentTissue(values, inside, grid.shape, voxelSize(grid))
    : { gm: nothing, wm: nothing, csf: nothing, mask: new Uint8Array(nothing.length), clean: nothing }
  const mapOf = (data: Float32Array): Volume => ({ grid, header, frames: 1, data, slope: 1, intercept: 0 })
  return good({
    series: TISSUES.map(tissue => mapOf(found[tissue])),
    reference: { grid, header, values: found.clean, stripped: true },
    mask: found.mask,
    confounds: { columns: ['global_signal'], rows: [[signalIn(found.clean, found.mask)]] },
    problems: [],
  })
}

function signalIn(values: Float32Array, mask: Uint8Array): string {
  let [sum, count] = [0, 0]
  for (let v = 0; v < mask.length; v++)
    if (mask[v] === 1) {
      sum += values[v]!
      count++
    }
  return count > 0 ? String(Number((sum / count).toPrecision(7))) : 'n/a'
}
