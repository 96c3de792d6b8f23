import type { Figure } from '../report/record.ts'
import { fractionNames, MASK, type Placement, pathOf, referenceName } from './outputs.ts'

/**
 * Whether anatomy lies where the series shows it: the reference and the grey matter that was brought to it, in turn; none
 * where there is no map of grey matter.
 *
 * @param placement - where the run's images are
 * @param roles - roles that are filled on the grid of the series
 */
export function coregistrationFigures(placement: Placement, roles: readonly string[]): Figure[] {
  const path = (name: Parameters<typeof pathOf>[1]) => pathOf(placement, name, '.nii.gz')
  return fractionNames(roles)
    .filter(({ role }) => role === 'gm')
    .map(({ name }) => ({
      kind: 'flicker',
      id: 'coregistration',
      title: 'Coregistration: reference and grey matter',
      caption:
        'The two alternate on the same slices. The cortex should stay where it is, and the edge of the mask should fit both; what jumps is misplaced.',
      images: [
        {
          label: 'reference of the series',
          image: path(referenceName(placement.modality)),
          window: 'auto',
          colours: 'grey',
          unit: 'a.u.',
        },
        { label: 'grey matter from anatomy', image: path(name), window: [0, 1], colours: 'grey', unit: '1' },
      ],
      contour: path(MASK),
    }))
}
