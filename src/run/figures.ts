import type { Table } from '../bids/tsv.ts'
import type { Figure, LinesFigure } from '../report/record.ts'
import { fractionNames, MASK, type Placement, pathOf, referenceName } from './outputs.ts'

/** The columns that tell of motion, by chart. */
const MOTION = [
  {
    id: 'motion-translation',
    title: 'Motion: translation',
    caption:
      'How far each volume was moved to lie over the reference. A step is a movement, a slope is drift; beyond a voxel, look at the maps for rims.',
    unit: 'mm',
    columns: ['trans_x', 'trans_y', 'trans_z'],
  },
  {
    id: 'motion-rotation',
    title: 'Motion: rotation',
    caption: 'As above, about the three axes. 0.02 rad moves the edge of a head by a millimetre.',
    unit: 'rad',
    columns: ['rot_x', 'rot_y', 'rot_z'],
  },
  {
    id: 'motion-displacement',
    title: 'Motion from one volume to the next',
    caption:
      'Framewise displacement. Spikes above half a millimetre spoil differences and steps of a bolus; many of them speak against the run.',
    unit: 'mm',
    columns: ['framewise_displacement'],
  },
] as const

/**
 * What the confounds tell of motion, as figures; none where motion was not estimated.
 *
 * @param confounds - one row a volume
 */
export function motionFigures({ columns, rows }: Table): LinesFigure[] {
  return MOTION.flatMap(({ columns: wanted, unit, ...figure }) => {
    const series = wanted.flatMap(label => {
      const at = columns.indexOf(label)
      const values = rows.map(row => (at < 0 || row[at] === 'n/a' ? null : Number(row[at])))
      return values.some(value => value !== null && value !== 0) ? [{ label, values }] : []
    })
    if (series.length === 0) return []
    const x = { label: 'volume', values: rows.map((_, at) => at + 1) }
    return [{ kind: 'lines' as const, topic: 'motion' as const, ...figure, x, y: { label: `[${unit}]` }, series }]
  })
}

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
