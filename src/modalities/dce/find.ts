import type { BidsName } from '../../bids/name.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import { baseName } from '../fields.ts'
import type { Found, Index, LeftAlone, RoleRequest } from '../modality.ts'
import { findB1 } from '../transmit-field.ts'
import { findArterial, findT1 } from './companions.ts'
import { LIMITS } from './limits.ts'

/** Folders that dynamic series are put into. */
const FOLDERS = ['perf', 'dce', 'dsc', 'func', 'fmap']

/** Parts of a complex image that are no magnitude. */
const NOT_MAGNITUDE = ['phase', 'real', 'imag']

/** How a series can be recognised, best first; the first way that finds one in a session is the only one there. */
const WAYS: readonly {
  readonly how: string
  readonly is: (image: BidsName, index: Index) => boolean
}[] = [
  { how: 'the suffix dce in perf/', is: ({ datatype, suffix }) => datatype === 'perf' && suffix === 'dce' },
  {
    how: 'the suffix DCE',
    is: ({ datatype, suffix }) => FOLDERS.includes(datatype) && suffix.toLowerCase() === 'dce',
  },
  {
    how: 'acq-dce',
    is: ({ datatype, suffix, entities }) =>
      FOLDERS.includes(datatype) && ['perf', 'bold'].includes(suffix) && /^dce/i.test(entities['acq'] ?? ''),
  },
  { how: 'the filter file', is: (image, index) => index.pointedAt(image, 'dce') },
]

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
  const left: LeftAlone[] = []
  const sessions = new Map<string, BidsName[]>()
  for (const image of index.images) {
    if (!WAYS.some(({ is }) => is(image, index))) continue
    const key = `${image.entities['sub']} ${image.entities['ses']}`
    sessions.set(key, [...(sessions.get(key) ?? []), image])
  }
  for (const images of sessions.values()) {
    const candidates = images.filter(image => {
      const reason = unfit(index, image)
      if (reason) left.push({ image, reason })
      return reason === null
    })
    const way = WAYS.find(({ is }) => candidates.some(image => is(image, index)))
    if (!way) continue
    const chosen = candidates.filter(image => way.is(image, index))
    for (const image of candidates.filter(other => !chosen.includes(other)))
      left.push({ image, reason: `${way.how} tells the series of this session: ${baseName(chosen[0]!.path)}` })
    for (const image of chosen) {
      const better = betterThan(image, chosen)
      if (better) left.push({ image, reason: better })
      else runs.push(describe(index, image, options, way === WAYS[0] ? null : way.how))
    }
  }
  return { runs, left }
}

/** Why an image that has the name of a series is none; null where it may be one. */
function unfit(index: Index, image: BidsName): string | null {
  const { part } = image.entities
  if (part !== undefined && NOT_MAGNITUDE.includes(part)) return `part-${part} is not the magnitude`
  const header = index.header(image)
  // A file that cannot be read is refused with its reason, not passed over.
  if (!header.ok) return null
  const { frames } = header.value
  return frames < LIMITS.volumes ? `${frames} volume(s), a dynamic series has ${LIMITS.volumes} or more` : null
}

/** Why another image of the same acquisition serves in place of this one; null where none does. */
function betterThan(image: BidsName, chosen: readonly BidsName[]): string | null {
  const same = (without: string) =>
    chosen.filter(other => other !== image && keyOf(other, without) === keyOf(image, without))
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

function keyOf({ entities }: BidsName, without: string): string {
  return Object.keys(entities)
    .filter(key => key !== without)
    .sort()
    .map(key => `${key}-${entities[key]}`)
    .join('_')
}

function describe(index: Index, image: BidsName, options: Options, how: string | null): Found {
  const optional = (
    role: RoleRequest['role'],
    shape: RoleRequest['how'],
    rest: Partial<RoleRequest> = {},
  ): RoleRequest => ({ role, required: false, grid: 'reference', how: shape, raw: [], ...rest })
  const isConcentration = image.entities['desc'] === 'concentration'
  const wantsT1 = !isConcentration && typeof options['dce-t1'] !== 'number'
  const aif = findArterial(index, image, options)
  const t1 = wantsT1 ? findT1(index, image) : { images: [], problems: [] }
  const problems: Problem[] = [...aif.problems, ...t1.problems]
  if (how)
    problems.push(
      problem('SERIES_BY_NAME', `${baseName(image.path)} was taken as a DCE series by ${how}.`, { file: image.path }),
    )
  return {
    series: [image],
    roles: [
      ...(wantsT1 ? [optional('t1map', 'intensity', { grid: 'own', raw: t1.images })] : []),
      ...(isConcentration ? [] : [optional('b1', 'intensity', { grid: 'own', raw: findB1(index, image) })]),
      ...(aif.isWanted ? [optional('aif', 'label', { raw: aif.images })] : []),
      optional('gm', 'fraction'),
      optional('wm', 'fraction'),
      optional('csf', 'fraction'),
      optional('mask', 'label'),
      optional('dseg', 'label'),
      optional('lesion', 'label'),
    ],
    context: { input: isConcentration ? 'concentration' : 'signal' },
    problems,
  }
}
