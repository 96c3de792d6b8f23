import type { BidsName } from '../../bids/name.ts'
import type { Options } from '../../options.ts'
import { findArterial, findContrastSeries, keyOf, type NamePattern, namedBy } from '../contrast-series.ts'
import { baseName } from '../fields.ts'
import type { Found, Index, LeftAlone, RoleRequest } from '../modality.ts'
import { findB1 } from '../transmit-field.ts'
import { isPopulation } from './arterial.ts'
import { findT1, flipAnglesOf } from './companions.ts'

/**
 * The dynamic contrast-enhanced series of a dataset, and those that are left alone with the reason.
 *
 * @param index - the dataset
 * @param options - an arterial input or a T1 that the user gave
 */
export function findSeries(
  index: Index,
  options: Options,
): { readonly runs: readonly Found[]; readonly left: readonly LeftAlone[] } {
  const runs: Found[] = []
  const found = findContrastSeries(index, 'dce')
  const left: LeftAlone[] = [...found.left]
  for (const { pattern, images } of found.sessions)
    for (const image of images) {
      const better = betterThan(image, images)
      if (better) left.push({ image, reason: better })
      else runs.push(describe(index, image, options, pattern))
    }
  return { runs, left }
}

/** Why another image of the same acquisition serves in place of this one; null where none does. */
function betterThan(image: BidsName, chosen: readonly BidsName[]): string | null {
  const same = (without: string) =>
    chosen.filter(other => other !== image && keyOf(other, [without]) === keyOf(image, [without]))
  const { echo, desc } = image.entities
  const first = same('echo').find(
    other =>
      echo !== undefined && other.entities['echo'] !== undefined && Number(other.entities['echo']) < Number(echo),
  )
  if (first) return `a later echo: ${baseName(first.path)} is quantified`
  const converted = same('desc').find(other => other.entities['desc'] === 'concentration')
  if (converted && desc !== 'concentration') return `${baseName(converted.path)} holds its concentrations`
  return null
}

function describe(index: Index, image: BidsName, options: Options, pattern: NamePattern): Found {
  const optional = (
    role: RoleRequest['role'],
    shape: RoleRequest['how'],
    rest: Partial<RoleRequest> = {},
  ): RoleRequest => ({ role, required: false, grid: 'reference', how: shape, raw: [], ...rest })
  const isConcentration = image.entities['desc'] === 'concentration'
  const wantsT1 = !isConcentration && typeof options['dce-t1'] !== 'number'
  // A population average is not in the dataset.
  const wantsArterial = !isPopulation(options['dce-aif'])
  const aif = wantsArterial ? findArterial(index, image, 'dce') : { images: [], problems: [] }
  const t1 = wantsT1 ? findT1(index, image) : { images: [], problems: [] }
  return {
    series: [image],
    roles: [
      ...(wantsT1 ? [optional('t1map', 'intensity', { raw: t1.images })] : []),
      ...(isConcentration ? [] : [optional('b1', 'intensity', { grid: 'own', raw: findB1(index, image) })]),
      ...(wantsArterial ? [optional('aif', 'label', { raw: aif.images })] : []),
      optional('gm', 'fraction'),
      optional('wm', 'fraction'),
      optional('csf', 'fraction'),
      optional('mask', 'label'),
      optional('dseg', 'label'),
      optional('lesion', 'label'),
    ],
    context: {
      input: isConcentration ? 'concentration' : 'signal',
      vfaAngles: isConcentration ? [] : flipAnglesOf(index, image),
    },
    problems: [...namedBy(image, 'dce', pattern), ...aif.problems, ...t1.problems],
  }
}
