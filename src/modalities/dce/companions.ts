import type { BidsName } from '../../bids/name.ts'
import { type Companions, chosenOf, sessionOf } from '../contrast-series.ts'
import type { Index } from '../modality.ts'

/**
 * The T1 or R1 map of a series' session: T1 before R1, that with most entities in common with the series first.
 *
 * @param index - the dataset
 * @param image - the series
 */
export function findT1(index: Index, image: BidsName): Companions {
  const maps = index.images.filter(
    name =>
      name.datatype === 'anat' && ['T1map', 'R1map'].includes(name.suffix) && sessionOf(name) === sessionOf(image),
  )
  const shared = ({ entities }: BidsName) =>
    Object.entries(entities).filter(([key, label]) => image.entities[key] === label).length
  const [chosen, ...others] = maps.sort(
    (a, b) => Number(a.suffix === 'R1map') - Number(b.suffix === 'R1map') || shared(b) - shared(a),
  )
  if (!chosen) return { images: [], problems: [] }
  return { images: [chosen], problems: others.length > 0 ? [chosenOf(chosen, others, image, 'its T1')] : [] }
}

/** Flip angles of the T1 images of a series' session [deg]; none where there are no such images. */
export function flipAnglesOf(index: Index, image: BidsName): readonly number[] {
  return index.images
    .filter(name => name.datatype === 'anat' && name.suffix === 'VFA' && sessionOf(name) === sessionOf(image))
    .flatMap(name => {
      const sidecar = index.sidecar(name)
      const angle = sidecar.ok ? sidecar.value.values['FlipAngle'] : null
      return typeof angle === 'number' && angle > 0 ? [angle] : []
    })
}
