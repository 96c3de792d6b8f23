import type { BidsName } from '../../bids/name.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Found, Index, LeftAlone, RoleRequest } from '../modality.ts'
import { baseName } from './fields.ts'
import { LIMITS } from './limits.ts'

/** Parts of a complex image that are no magnitude. */
const NOT_MAGNITUDE = ['phase', 'real', 'imag']

/** Folders in which contrast series are looked for. */
const FOLDERS = ['perf', 'dce', 'dsc', 'func', 'fmap']

/** A name that a series can go by. */
interface Pattern {
  readonly words: string
  is(image: BidsName, index: Index): boolean
}

const isTechnique = ({ suffix, entities }: BidsName, technique: 'dsc' | 'dce'): boolean =>
  suffix.toLowerCase() === technique ||
  (['perf', 'bold'].includes(suffix) && new RegExp(`^${technique}`, 'i').test(entities['acq'] ?? ''))

/** The names that are looked for; in each session the first that any series has counts. */
const PATTERNS: readonly Pattern[] = [
  { words: 'perf/*_dsc', is: ({ datatype, suffix }) => datatype === 'perf' && suffix === 'dsc' },
  {
    words: 'the suffix dsc in any case, in perf, dce, dsc, func or fmap',
    is: ({ datatype, suffix }) => FOLDERS.includes(datatype) && suffix.toLowerCase() === 'dsc',
  },
  {
    words: '_perf or _bold with an acq- that begins with dsc',
    is: image => FOLDERS.includes(image.datatype) && image.suffix.toLowerCase() !== 'dsc' && isTechnique(image, 'dsc'),
  },
  { words: 'the filter file', is: (image, index) => index.pointedAt(image, 'dsc') },
]

/**
 * The DSC series of a dataset, each with all its echoes, and those that are left alone with the reason.
 *
 * @remarks
 * BIDS has no suffix for DSC. The names of {@link PATTERNS} are tried in order, session by session; how a series was
 * recognised stands in its facts. Images with fewer than 20 volumes are no candidates. A series of the preload injection
 * (`acq-preload`) is left alone where there is another, of which it says that a preload was given.
 *
 * @param index - the dataset
 */
export function findSeries(index: Index): { readonly runs: readonly Found[]; readonly left: readonly LeftAlone[] } {
  const runs: Found[] = []
  const left: LeftAlone[] = []
  const candidates = index.images.filter(
    image => ['.nii', '.nii.gz'].includes(image.extension) && PATTERNS.some(({ is }) => is(image, index)),
  )
  for (const session of groupBy(candidates, sessionOf)) {
    const series = session.filter(image => {
      const reason = whyNot(index, image)
      if (reason !== null) left.push({ image, reason })
      return reason === null
    })
    const pattern = PATTERNS.find(({ is }) => series.some(image => is(image, index)))
    if (!pattern) continue
    const chosen = series.filter(image => pattern.is(image, index))
    for (const image of series.filter(image => !chosen.includes(image)))
      left.push({ image, reason: `${pattern.words} comes first, as ${baseName(chosen[0]!.path)}` })
    const groups = groupBy(chosen, image => keyOf(image, ['echo']))
    const isPreload = (group: readonly BidsName[]) => /preload/i.test(group[0]?.entities['acq'] ?? '')
    const preload = groups.some(group => !isPreload(group)) ? groups.filter(isPreload) : []
    for (const image of preload.flat())
      left.push({ image, reason: 'the series of the preload injection: the one after it is quantified' })
    for (const group of groups.filter(other => !preload.includes(other)))
      runs.push(describeRun(index, group, pattern, preload[0]?.[0] ?? null))
  }
  return { runs, left }
}

function groupBy(images: readonly BidsName[], key: (image: BidsName) => string): BidsName[][] {
  const groups = new Map<string, BidsName[]>()
  for (const image of images) groups.set(key(image), [...(groups.get(key(image)) ?? []), image])
  return [...groups.values()]
}

function sessionOf({ entities }: BidsName): string {
  return `${entities['sub']} ${entities['ses']}`
}

/** Folder, suffix and all entities but some, as a text to compare. */
function keyOf({ datatype, suffix, entities }: BidsName, without: readonly string[]): string {
  const rest = Object.keys(entities).filter(key => !without.includes(key))
  return [datatype, suffix, ...rest.sort().map(key => `${key}-${entities[key]}`)].join('_')
}

/** Why an image that is named like a series is none; null where it is one, or its header cannot be read. */
function whyNot(index: Index, image: BidsName): string | null {
  const { part } = image.entities
  if (part !== undefined && NOT_MAGNITUDE.includes(part)) return `part-${part} is not the magnitude`
  const header = index.header(image)
  if (!header.ok || header.value.frames >= LIMITS.volumes) return null
  const { frames } = header.value
  return frames === 1
    ? 'a single image (3D): a series shows the passage of a bolus'
    : `${frames} volumes: a series has at least ${LIMITS.volumes}`
}

function describeRun(index: Index, group: readonly BidsName[], pattern: Pattern, preload: BidsName | null): Found {
  const series = [...group].sort((a, b) => Number(a.entities['echo'] ?? 0) - Number(b.entities['echo'] ?? 0))
  const first = series[0]!
  const aif = findArterial(index, first)
  const adc = findAdc(index, first)
  const request = (role: RoleRequest['role'], how: RoleRequest['how'], raw: readonly BidsName[] = []): RoleRequest => {
    return { role, required: false, grid: 'reference', how, raw }
  }
  const named =
    pattern === PATTERNS[0]
      ? []
      : [
          problem('SERIES_BY_NAME', `${baseName(first.path)} was taken as DSC by ${pattern.words}.`, {
            file: first.path,
          }),
        ]
  return {
    series,
    roles: [
      request('aif', 'label', aif.images),
      request('lesion', 'label'),
      request('adc', 'intensity', adc.images),
      request('gm', 'fraction'),
      request('wm', 'fraction'),
      request('csf', 'fraction'),
      request('mask', 'label'),
      request('dseg', 'label'),
    ],
    context: { foundBy: pattern.words, preload: preload?.path ?? null },
    problems: [...named, ...aif.problems, ...adc.problems],
  }
}

interface Companion {
  readonly images: readonly BidsName[]
  readonly problems: readonly Problem[]
}

/**
 * The arterial input that lies in the dataset: a mask `desc-aif`, else a table `_aif.tsv`, none of whose entities contradicts
 * the series; the one that shares most with it. Where a DCE series could be meant as well, `mod-` must say which.
 */
function findArterial(index: Index, series: BidsName): Companion {
  const masks = index.images.filter(
    ({ suffix, entities }) => suffix === 'mask' && entities['desc']?.toLowerCase() === 'aif',
  )
  const fits = (image: BidsName, of: BidsName) =>
    Object.entries(image.entities).every(
      ([key, label]) => ['desc', 'mod', 'space'].includes(key) || of.entities[key] === label,
    )
  const all = [...masks, ...index.tables('aif')].filter(image => fits(image, series))
  const problems: Problem[] = []
  const usable = all.filter(image => {
    const { mod } = image.entities
    if (mod !== undefined) return mod.toLowerCase() === 'dsc'
    const other = index.images.find(candidate => isTechnique(candidate, 'dce') && fits(image, candidate))
    if (!other) return true
    const message = `${baseName(image.path)} could be meant for ${baseName(series.path)} or ${baseName(other.path)}, and is not used: name it with mod-dsc or mod-dce.`
    problems.push(problem('ROLE_UNUSED', message, { file: image.path }))
    return false
  })
  const shared = ({ entities }: BidsName) => Object.keys(entities).filter(key => key !== 'desc').length
  const [chosen, ...others] = [...usable].sort((a, b) => shared(b) - shared(a))
  if (!chosen) return { images: [], problems }
  if (others.length > 0) problems.push(choice(chosen, others, series, 'its arterial input'))
  return { images: [chosen], problems }
}

/** The ADC map of the session; of several the first. */
function findAdc(index: Index, series: BidsName): Companion {
  const [chosen, ...others] = index.images.filter(
    image => image.datatype === 'dwi' && image.suffix === 'ADC' && sessionOf(image) === sessionOf(series),
  )
  if (!chosen) return { images: [], problems: [] }
  return { images: [chosen], problems: others.length > 0 ? [choice(chosen, others, series, 'its ADC map')] : [] }
}

function choice(chosen: BidsName, others: readonly BidsName[], series: BidsName, as: string): Problem {
  const rest = others.map(({ path }) => baseName(path)).join(', ')
  return problem('ROLE_CHOSEN', `${baseName(chosen.path)} serves ${baseName(series.path)} as ${as} (not ${rest}).`, {
    file: chosen.path,
  })
}
