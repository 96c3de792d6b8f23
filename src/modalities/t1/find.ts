import type { BidsName } from '../../bids/name.ts'
import type { Found, Index, LeftAlone, RoleRequest } from '../modality.ts'
import { findB1 } from '../transmit-field.ts'

/** Parts of a complex image that are no signal of their own. */
const NOT_SIGNAL = ['phase', 'imag']

/**
 * The sets of images of one suffix from which T1 can be fitted: images that differ in one entity only.
 *
 * @param index - the dataset
 * @param suffix - `VFA` or `IRT1`
 * @param along - the entity in which the images of a set differ
 * @param least - images that a fit needs
 */
export function findSets(
  index: Index,
  suffix: 'VFA' | 'IRT1',
  along: 'flip' | 'inv',
  least: number,
): { readonly runs: readonly Found[]; readonly left: readonly LeftAlone[] } {
  const left: LeftAlone[] = []
  const sets = new Map<string, BidsName[]>()
  for (const image of index.images) {
    if (image.suffix !== suffix || image.datatype !== 'anat') continue
    const { part } = image.entities
    if (part !== undefined && NOT_SIGNAL.includes(part)) {
      left.push({ image, reason: `part-${part} is no signal that T1 is fitted to` })
      continue
    }
    const key = Object.entries(image.entities)
      .filter(([entity]) => entity !== along)
      .map(([entity, label]) => `${entity}-${label}`)
      .sort()
      .join('_')
    sets.set(key, [...(sets.get(key) ?? []), image])
  }
  const runs: Found[] = []
  for (const images of sets.values()) {
    if (images.length < least) {
      for (const image of images)
        left.push({ image, reason: `${images.length} image(s) of a set that T1 needs ${least} of` })
      continue
    }
    runs.push(runOf(index, images, suffix))
  }
  return { runs, left }
}

function runOf(index: Index, images: readonly BidsName[], suffix: 'VFA' | 'IRT1'): Found {
  const optional = (role: RoleRequest['role'], rest: Partial<RoleRequest>): RoleRequest => {
    return { role, required: false, grid: 'reference', how: 'fraction', raw: [], ...rest }
  }
  return {
    series: images,
    roles: [
      // Inversion recovery does not depend on the transmit field.
      ...(suffix === 'VFA' ? [optional('b1', { grid: 'own', how: 'intensity', raw: findB1(index, images[0]!) })] : []),
      optional('gm', {}),
      optional('wm', {}),
      optional('csf', {}),
      optional('dseg', { how: 'label' }),
    ],
    context: {},
    problems: [],
  }
}
