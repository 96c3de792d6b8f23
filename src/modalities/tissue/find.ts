import type { BidsName } from '../../bids/name.ts'
import { voxelSize } from '../../image/volume.ts'
import { digits } from '../fields.ts'
import type { Index, LeftAlone, Modality } from '../modality.ts'

/** Longest voxel edge with which the cortex, 2 to 4 mm thick, can be told from what is beside it [mm]. */
const COARSEST = 2.5

/** Fewest voxels along an edge of an image that shows a brain. */
const FEWEST = 16

/** Parts of a complex image that are no magnitude. */
const NOT_MAGNITUDE = ['phase', 'real', 'imag']

/**
 * The T1-weighted images that tissues can be told in, in each session the best first: without contrast agent, then the finest.
 *
 * @param index - the dataset
 */
export function findStructural(index: Index): ReturnType<Modality['find']> {
  const left: LeftAlone[] = []
  const usable: { readonly image: BidsName; readonly volume: number }[] = []
  for (const image of index.images) {
    if (image.suffix !== 'T1w' || image.datatype !== 'anat') continue
    const { part } = image.entities
    const header = index.header(image)
    const size = header.ok ? voxelSize(header.value.grid) : [0, 0, 0]
    const longest = Math.max(...size)
    const reason = !header.ok
      ? `it cannot be read (${header.problems[0]?.message ?? ''})`
      : part !== undefined && NOT_MAGNITUDE.includes(part)
        ? `part-${part} is not the magnitude`
        : header.value.frames > 1 || Math.min(...header.value.grid.shape) < FEWEST
          ? `it is not one image of a whole head (${header.value.grid.shape.join('×')}, ${header.value.frames} volumes)`
          : longest > COARSEST
            ? `its voxels of ${size.map(edge => digits(edge)).join('×')} mm are too coarse to tell the cortex, which takes ${COARSEST} mm or less: no grey matter, white matter and fluid are told apart; give tissue maps with -d`
            : null
    if (reason === null) usable.push({ image, volume: size.reduce((product, edge) => product * edge, 1) })
    else left.push({ image, reason })
  }
  const rank = ({ entities }: BidsName) => (entities['ce'] === undefined ? 0 : 1)
  const sorted = usable.sort(
    (a, b) =>
      rank(a.image) - rank(b.image) ||
      Math.sign(Math.round(100 * (a.volume - b.volume))) ||
      (a.image.path < b.image.path ? -1 : 1),
  )
  return {
    runs: sorted.map(({ image }) => ({ series: [image], roles: [], context: {}, problems: [] })),
    left,
  }
}
