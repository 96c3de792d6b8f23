/** The parts of a BIDS path. */
export interface BidsName {
  /** Path relative to the root of its dataset, with forward slashes. */
  readonly path: string
  /** The folder that names the kind of data (`perf`, `anat`, …), or '' outside one. */
  readonly datatype: string
  /** Entities by their short key (`sub`, `ses`, `acq`, …), labels as written. */
  readonly entities: Readonly<Record<string, string>>
  readonly suffix: string
  /** From the first dot of the file name on: `.nii.gz`, `.json`. */
  readonly extension: string
}

/** Entities by short key; one that is undefined counts as absent. */
export type Entities = Readonly<Record<string, string | undefined>>

/**
 * Short keys of all entities, in the order of a file name.
 *
 * @remarks
 * The order of the BIDS schema, with what derivatives of the family add: `from to mode` of transforms and
 * `model param` (BEP016) before `desc`. An entity that is not here stands before `label`, in alphabetical order.
 */
export const ENTITY_ORDER: readonly string[] = [
  ...['sub', 'tpl', 'ses', 'cohort', 'sample', 'task', 'tracksys', 'acq', 'nuc', 'voi', 'ce', 'trc', 'stain', 'rec'],
  ...['dir', 'run', 'mod', 'echo', 'flip', 'inv', 'mt', 'part', 'proc', 'hemi', 'space', 'split', 'recording', 'chunk'],
  ...['atlas', 'seg', 'scale', 'res', 'den', 'from', 'to', 'mode', 'label', 'model', 'param', 'desc'],
]

const LONG_NAMES: Readonly<Record<string, string>> = {
  subject: 'sub',
  template: 'tpl',
  session: 'ses',
  acquisition: 'acq',
  nucleus: 'nuc',
  volume: 'voi',
  ceagent: 'ce',
  tracer: 'trc',
  staining: 'stain',
  reconstruction: 'rec',
  direction: 'dir',
  modality: 'mod',
  inversion: 'inv',
  mtransfer: 'mt',
  processing: 'proc',
  hemisphere: 'hemi',
  segmentation: 'seg',
  resolution: 'res',
  density: 'den',
  parameter: 'param',
  description: 'desc',
}
const SHORT_NAMES = new Map(Object.entries(LONG_NAMES).map(([long, short]) => [short, long]))
const RANK = new Map(ENTITY_ORDER.map((key, rank) => [key, rank]))
const RANK_OF_UNKNOWN = ENTITY_ORDER.indexOf('label') - 0.5

/** Short key of an entity given by its short or long name (`session` and `ses` give `ses`); null for an unknown one. */
export function shortEntity(name: string): string | null {
  if (Object.hasOwn(LONG_NAMES, name)) return LONG_NAMES[name]!
  return RANK.has(name) ? name : null
}

/** Long name of an entity given by its short key (`ses` gives `session`); the key itself where it has no other. */
export function longEntity(key: string): string {
  return SHORT_NAMES.get(key) ?? key
}

const DASH = 45
const UNDERSCORE = 95
const PLUS = 43

/**
 * The parts of a path, or null where the file name is not of the form `key-label_…_suffix.extension`.
 *
 * @remarks
 * Entities may be absent altogether (`asl.json` at the root of a dataset is a name). Keys and the suffix hold letters
 * and digits, labels also `+`; an empty label, a key that occurs twice, or no extension is no name. Nothing else is
 * checked: unknown keys and suffixes pass. One scan of the characters, since an index asks this for every file.
 *
 * @param path - relative to the root of the dataset, forward slashes
 */
export function parseName(path: string): BidsName | null {
  const start = path.lastIndexOf('/') + 1
  const dot = path.indexOf('.', start)
  if (dot <= start || dot === path.length - 1) return null
  const entities: Record<string, string> = {}
  let part = start
  let dash = -1
  for (let at = start; at < dot; at++) {
    const c = path.charCodeAt(at)
    if (c === UNDERSCORE) {
      if (dash < 0 || dash === at - 1) return null
      const key = path.slice(part, dash)
      if (Object.hasOwn(entities, key)) return null
      entities[key] = path.slice(dash + 1, at)
      part = at + 1
      dash = -1
    } else if (c === DASH) {
      if (dash >= 0 || at === part) return null
      dash = at
    } else if (!isAlphanumeric(c) && !(c === PLUS && dash >= 0)) return null
  }
  if (dash >= 0 || part === dot) return null
  const suffix = path.slice(part, dot)
  return { path, datatype: datatypeOf(path, start), entities, suffix, extension: path.slice(dot) }
}

function isAlphanumeric(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 48 && c <= 57) || (c >= 65 && c <= 90)
}

/** The folder of the file where that lies directly in a subject or session folder and is neither itself. */
function datatypeOf(path: string, start: number): string {
  if (start === 0) return ''
  const folder = path.lastIndexOf('/', start - 2) + 1
  if (folder === 0 || isSubjectOrSession(path, folder)) return ''
  const parent = path.lastIndexOf('/', folder - 2) + 1
  return isSubjectOrSession(path, parent) ? path.slice(folder, start - 1) : ''
}

function isSubjectOrSession(path: string, at: number): boolean {
  return path.startsWith('sub-', at) || path.startsWith('ses-', at)
}

/**
 * A file name from its parts, entities in the order of {@link ENTITY_ORDER}.
 *
 * @param entities - labels by short key; undefined ones are left out
 * @param suffix - letters and digits
 * @param extension - with its dot
 * @throws RangeError for a key, label, suffix or extension that no BIDS name can hold: names come from parsed names and
 * from constants of the program, so this is a defect
 */
export function formatName(entities: Entities, suffix: string, extension: string): string {
  const parts: string[] = []
  for (const key of sortedKeys(entities)) {
    const label = entities[key]
    if (label === undefined) continue
    if (!/^[a-zA-Z0-9]+$/.test(key) || !/^[a-zA-Z0-9+]+$/.test(label))
      throw new RangeError(`no BIDS name can hold the entity ${key}-${label}: letters and digits only`)
    parts.push(`${key}-${label}`)
  }
  if (!/^[a-zA-Z0-9]+$/.test(suffix)) throw new RangeError(`no BIDS name can hold the suffix "${suffix}"`)
  if (!/^\.[^/]+$/.test(extension)) throw new RangeError(`"${extension}" is no file extension`)
  parts.push(suffix)
  return parts.join('_') + extension
}

function sortedKeys(entities: Entities): string[] {
  const rank = (key: string) => RANK.get(key) ?? RANK_OF_UNKNOWN
  return Object.keys(entities).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

/** What an output path is made of. */
export interface OutputParts {
  /** The entities of the run's sources, see {@link sharedEntities}; must hold `sub`. */
  readonly stem: Entities
  /** Folder of the output: `perf`, `anat`, `dwi`, `figures`. */
  readonly datatype: string
  /** Entities that the output adds to the stem (`mod`, `label`, `model`, `param`, `desc`, …). */
  readonly added?: Entities
  readonly suffix: string
  /** With its dot; `.nii.gz` by default. */
  readonly extension?: string
}

/**
 * Path of an output in its dataset: `sub-01/[ses-1/]perf/sub-01_[ses-1_]…_cbf.nii.gz`.
 *
 * @throws RangeError where the stem has no subject, and as {@link formatName}
 */
export function outputPath({ stem, datatype, added = {}, suffix, extension = '.nii.gz' }: OutputParts): string {
  const { sub, ses } = stem
  if (sub === undefined) throw new RangeError('an output belongs to a subject: the stem has no sub')
  const folder = ses === undefined ? `sub-${sub}` : `sub-${sub}/ses-${ses}`
  return `${folder}/${datatype}/${formatName({ ...stem, ...added }, suffix, extension)}`
}

/** Entities that tell apart the images of one acquisition, or what was made of it: they never name a run. */
const WITHIN_A_RUN = new Set(['echo', 'flip', 'inv', 'part', 'desc'])

/**
 * The entities that all names have with equal labels, in the order of a name, without `echo flip inv part desc`: the stem
 * of what is computed from them together. Empty for no names.
 */
export function sharedEntities(names: readonly BidsName[]): Record<string, string> {
  const [first, ...rest] = names
  const shared: Record<string, string> = {}
  if (!first) return shared
  for (const key of sortedKeys(first.entities)) {
    const label = first.entities[key]
    if (label === undefined || WITHIN_A_RUN.has(key)) continue
    if (rest.every(name => name.entities[key] === label)) shared[key] = label
  }
  return shared
}

/** Whether the file is a NIfTI image, compressed or not. */
export function isImage(name: BidsName): boolean {
  return name.extension === '.nii.gz' || name.extension === '.nii'
}
