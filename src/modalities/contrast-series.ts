import type { BidsName } from '../bids/name.ts'
import { type Problem, problem } from '../problems.ts'
import { baseName } from './fields.ts'
import type { Index, LeftAlone } from './modality.ts'

/** The techniques that follow a bolus of contrast agent: BIDS has a suffix for neither. */
export type ContrastTechnique = 'dsc' | 'dce'

/** Volumes under which a series shows no passage of a bolus. */
const VOLUMES = 20

/** Parts of a complex image that are no magnitude. */
const NOT_MAGNITUDE = ['phase', 'real', 'imag']

/** Folders in which contrast series are looked for. */
const FOLDERS = ['perf', 'dce', 'dsc', 'func', 'fmap']

/** Entities that say what was made of an image, not which acquisition it is of. */
const NOT_ACQUISITION = ['desc', 'mod', 'label', 'space', 'res']

/** A name that a series can go by. */
export interface NamePattern {
  readonly words: string
  /** Whether it is the first that is looked for: the name that needs no explanation. */
  readonly isFirst: boolean
  is(image: BidsName): boolean
}

/** The series of one session, all recognised by one pattern. */
export interface SessionSeries {
  readonly pattern: NamePattern
  readonly images: readonly BidsName[]
}

function patternsOf(technique: ContrastTechnique, index: Index): readonly NamePattern[] {
  const hasSuffix = ({ suffix }: BidsName) => suffix.toLowerCase() === technique
  return [
    {
      words: `perf/*_${technique}`,
      isFirst: true,
      is: ({ datatype, suffix }) => datatype === 'perf' && suffix === technique,
    },
    {
      words: `the suffix ${technique} in any case, in perf, dce, dsc, func or fmap`,
      isFirst: false,
      is: image => FOLDERS.includes(image.datatype) && hasSuffix(image),
    },
    {
      words: `_perf or _bold with an acq- that begins with ${technique}`,
      isFirst: false,
      is: image => FOLDERS.includes(image.datatype) && !hasSuffix(image) && isTechnique(image, technique),
    },
    { words: 'the filter file', isFirst: false, is: image => index.pointedAt(image, technique) },
  ]
}

function isTechnique({ suffix, entities }: BidsName, technique: ContrastTechnique): boolean {
  return (
    suffix.toLowerCase() === technique ||
    (['perf', 'bold'].includes(suffix) && (entities['acq'] ?? '').toLowerCase().startsWith(technique))
  )
}

/**
 * The series of a contrast technique, session by session, and those that are left alone with the reason.
 *
 * @remarks
 * The names are tried in order: `perf/*_dsc`, the suffix in any case in `perf dce dsc func fmap`, `_perf` or `_bold` with an
 * `acq-` that begins with the technique, what the filter file points to. In each session the first that any series has
 * counts. Images with fewer than 20 volumes are no candidates; one whose header cannot be read is kept, and is refused with
 * its reason later.
 *
 * @param index - the dataset
 * @param technique - which
 */
export function findContrastSeries(
  index: Index,
  technique: ContrastTechnique,
): { readonly sessions: readonly SessionSeries[]; readonly left: readonly LeftAlone[] } {
  const patterns = patternsOf(technique, index)
  const sessions: SessionSeries[] = []
  const left: LeftAlone[] = []
  const named = index.images.filter(
    image => ['.nii', '.nii.gz'].includes(image.extension) && patterns.some(({ is }) => is(image)),
  )
  for (const session of groupNames(named, sessionOf)) {
    const series = session.filter(image => {
      const reason = whyNot(index, image)
      if (reason !== null) left.push({ image, reason })
      return reason === null
    })
    const pattern = patterns.find(({ is }) => series.some(is))
    if (!pattern) continue
    const images = series.filter(image => pattern.is(image))
    for (const image of series.filter(other => !images.includes(other)))
      left.push({ image, reason: `${pattern.words} comes first, as ${baseName(images[0]!.path)}` })
    sessions.push({ pattern, images })
  }
  return { sessions, left }
}

/** Why an image that is named like a series is none; null where it is one, or its header cannot be read. */
function whyNot(index: Index, image: BidsName): string | null {
  const { part } = image.entities
  if (part !== undefined && NOT_MAGNITUDE.includes(part)) return `part-${part} is not the magnitude`
  const header = index.header(image)
  if (!header.ok || header.value.frames >= VOLUMES) return null
  const { frames } = header.value
  return frames === 1
    ? 'a single image (3D): a series shows the passage of a bolus'
    : `${frames} volumes: a series has at least ${VOLUMES}`
}

/** What is said of a series that was recognised by another name than the first; nothing for that. */
export function namedBy(image: BidsName, technique: ContrastTechnique, { words, isFirst }: NamePattern): Problem[] {
  if (isFirst) return []
  const message = `${baseName(image.path)} was taken as ${technique.toUpperCase()} by ${words}.`
  return [problem('SERIES_BY_NAME', message, { file: image.path })]
}

/** Images grouped by a key, in order of appearance. */
export function groupNames(images: readonly BidsName[], key: (image: BidsName) => string): BidsName[][] {
  const groups = new Map<string, BidsName[]>()
  for (const image of images) groups.set(key(image), [...(groups.get(key(image)) ?? []), image])
  return [...groups.values()]
}

/** Participant and session, as a text to compare. */
export function sessionOf({ entities }: BidsName): string {
  return `${entities['sub']} ${entities['ses']}`
}

/** Folder, suffix and all entities but some, as a text to compare. */
export function keyOf({ datatype, suffix, entities }: BidsName, without: readonly string[]): string {
  const rest = Object.keys(entities).filter(key => !without.includes(key))
  return [datatype, suffix, ...rest.sort().map(key => `${key}-${entities[key]}`)].join('_')
}

/** Images that a series is to have in a role. */
export interface Companions {
  readonly images: readonly BidsName[]
  readonly problems: readonly Problem[]
}

/**
 * The arterial input that lies in the dataset: a mask `desc-aif`, else a table `_aif.tsv` (both in any case), none of whose
 * entities contradicts the series; the one that shares most with it. Where a series of the other technique could be meant as
 * well, `mod-` must say which.
 *
 * @param index - the dataset
 * @param series - the series
 * @param technique - its technique
 */
export function findArterial(index: Index, series: BidsName, technique: ContrastTechnique): Companions {
  const masks = index.images.filter(
    ({ suffix, entities }) => suffix === 'mask' && entities['desc']?.toLowerCase() === 'aif',
  )
  const fits = (image: BidsName, of: BidsName) =>
    Object.entries(image.entities).every(([key, label]) => NOT_ACQUISITION.includes(key) || of.entities[key] === label)
  const other = technique === 'dsc' ? 'dce' : 'dsc'
  const problems: Problem[] = []
  const usable = [...masks, ...index.tables('aif')].filter(image => {
    if (!fits(image, series)) return false
    const { mod } = image.entities
    if (mod !== undefined) return mod.toLowerCase() === technique
    const rival = index.images.find(candidate => isTechnique(candidate, other) && fits(image, candidate))
    if (!rival) return true
    const message = `${baseName(image.path)} could be meant for ${baseName(series.path)} or ${baseName(rival.path)}, and is not used: name it with mod-dsc or mod-dce, or give it with --${technique}-aif.`
    problems.push(problem('AIF_UNASSIGNED', message, { file: image.path }))
    return false
  })
  const shared = ({ entities }: BidsName) => Object.keys(entities).filter(key => key in series.entities).length
  const [chosen, ...others] = [...usable].sort((a, b) => shared(b) - shared(a))
  if (!chosen) return { images: [], problems }
  if (others.length > 0) problems.push(chosenOf(chosen, others, series, 'its arterial input'))
  return { images: [chosen], problems }
}

/** That one of several images serves a series. */
export function chosenOf(chosen: BidsName, others: readonly BidsName[], series: BidsName, as: string): Problem {
  const rest = others.map(({ path }) => baseName(path)).join(', ')
  return problem('ROLE_CHOSEN', `${baseName(chosen.path)} serves ${baseName(series.path)} as ${as} (not ${rest}).`, {
    file: chosen.path,
  })
}
