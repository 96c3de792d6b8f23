import { isObject, whereInvalid } from './json.ts'
import { type BidsName, ENTITY_ORDER, longEntity, shortEntity } from './name.ts'

/** What was asked for on the command line; or why it cannot be done, for the caller to end with a usage error. */
export type Asked<T> =
  | { readonly ok: true; readonly value: T; readonly notes: readonly string[] }
  | { readonly ok: false; readonly message: string }

/** One condition on an entity, the suffix, the datatype or the extension of a name. */
export interface Condition {
  /** Short key of an entity, or `suffix`, `datatype`, `extension`. */
  readonly key: string
  /** Labels of which one must be there: text compares as it is, a number by its value (1 is `1` and `01`). */
  readonly labels: readonly (string | number)[]
  /** Whether absence fits, too. */
  readonly absent: boolean
  /** Whether any label fits. */
  readonly any: boolean
}

/** A `--bids-filter-file`, read: for each query its conditions, all of which must hold. */
export type BidsFilter = ReadonlyMap<Query, readonly Condition[]>

/** Kinds of input that can be narrowed. */
export type Query = keyof typeof QUERIES

const suffixed =
  (...suffixes: string[]) =>
  (name: BidsName) =>
    suffixes.includes(name.suffix)

/** Names of contrast series, which BIDS has no suffix for. */
function isContrast(name: BidsName, technique: 'dsc' | 'dce'): boolean {
  if (!['perf', 'dce', 'dsc', 'func', 'fmap'].includes(name.datatype)) return false
  if (name.suffix.toLowerCase() === technique) return true
  return ['perf', 'bold'].includes(name.suffix) && new RegExp(`^${technique}`, 'i').test(name.entities['acq'] ?? '')
}

const isAif = (name: BidsName) =>
  name.suffix.toLowerCase() === 'aif' || (name.suffix === 'mask' && name.entities['desc']?.toLowerCase() === 'aif')

/** Which names a query speaks of before the filter says anything. */
const QUERIES = {
  asl: suffixed('asl'),
  m0scan: suffixed('m0scan'),
  dsc: (name: BidsName) => isContrast(name, 'dsc'),
  dce: (name: BidsName) => isContrast(name, 'dce'),
  dwi: suffixed('dwi'),
  vfa: suffixed('VFA'),
  irt1: suffixed('IRT1'),
  t1map: suffixed('T1map', 'R1map'),
  b1: (name: BidsName) => name.suffix.startsWith('TB1'),
  t1w: suffixed('T1w'),
  mask: (name: BidsName) => name.suffix === 'mask' && !isAif(name),
  dseg: suffixed('dseg'),
  aif: isAif,
  t2w: suffixed('T2w'),
  flair: suffixed('FLAIR'),
  sbref: suffixed('sbref'),
  fmap: (name: BidsName) => name.datatype === 'fmap',
  roi: suffixed('roi'),
} as const satisfies Record<string, (name: BidsName) => boolean>

/** Queries of other programs of the family that nothing here is matched by. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['t2w', 'flair', 'sbref', 'fmap', 'roi'])
const NAME_PARTS = ['suffix', 'datatype', 'extension']

/**
 * The filter in the text of a `--bids-filter-file`: JSON `{query: {entity: value}}`.
 *
 * @remarks
 * Keys may be short or long (`ses`, `session`), and `suffix`, `datatype`, `extension`. A value is a text (with or
 * without its key: `1`, `ses-1`), a number, a list of these, null (the entity must be absent) or `"*"` (any label, and
 * one must be there). Queries of ASLPrep that have no meaning here (`t2w flair sbref fmap roi`) are accepted with a
 * note. Anything else is refused in a sentence that names the file, the query and the key.
 *
 * @param text - the content of the file
 * @param file - its path, for messages
 */
export function parseFilter(text: string, file: string): Asked<BidsFilter> {
  const refuse = (what: string): Asked<never> => ({ ok: false, message: `--bids-filter-file ${file}: ${what}` })
  let json: unknown
  try {
    json = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    return refuse(`${whereInvalid(text)}.`)
  }
  if (!isObject(json)) return refuse('must hold a JSON object {"query": {"entity": value}}.')
  const filter = new Map<Query, readonly Condition[]>()
  const notes: string[] = []
  for (const [query, spec] of Object.entries(json)) {
    if (!isQuery(query))
      return refuse(`there is no query "${query}"; the queries are ${Object.keys(QUERIES).join(' ')}.`)
    if (!isObject(spec)) return refuse(`query "${query}" must be an object {"entity": value}.`)
    const conditions: Condition[] = []
    for (const [key, value] of Object.entries(spec)) {
      const condition = conditionOf(key, value)
      if (typeof condition === 'string') return refuse(`query "${query}", ${condition}`)
      conditions.push(condition)
    }
    if (WITHOUT_EFFECT.has(query)) notes.push(`the query "${query}" of ${file} has no effect: no such image is used.`)
    else filter.set(query, conditions)
  }
  return { ok: true, value: filter, notes }
}

function isQuery(name: string): name is Query {
  return Object.hasOwn(QUERIES, name)
}

/** One condition, or a sentence on what is wrong with it. */
function conditionOf(name: string, value: unknown): Condition | string {
  const key = NAME_PARTS.includes(name) ? name : shortEntity(name)
  if (key === null) {
    const known = ENTITY_ORDER.map(longEntity).concat(NAME_PARTS).join(' ')
    return `key "${name}": no entity of that name; the keys are ${known}, or their short forms.`
  }
  const values = Array.isArray(value) ? value : [value]
  if (values.length === 0) return `key "${name}": an empty list matches nothing; give labels, null or "*".`
  const labels: (string | number)[] = []
  for (const label of values) {
    if (typeof label === 'number' && Number.isFinite(label)) labels.push(label)
    else if (typeof label === 'string' && label !== '') labels.push(plainLabel(key, label))
    else if (label !== null)
      return `key "${name}": the value ${JSON.stringify(label)} is no label; give a text, a number, a list, null or "*".`
  }
  return { key, labels, absent: values.includes(null), any: labels.includes('*') }
}

/** The label without its key (`ses-1`, `session-1`), an extension with its dot. */
function plainLabel(key: string, label: string): string {
  if (key === 'extension') return label.startsWith('.') || label === '*' ? label : `.${label}`
  const prefix = [key, longEntity(key)].find(prefix => label.startsWith(`${prefix}-`))
  return prefix === undefined ? label : label.slice(prefix.length + 1)
}

/** Whether all conditions hold for a name. */
function meets(name: BidsName, conditions: readonly Condition[]): boolean {
  return conditions.every(condition => {
    const label = partOf(name, condition.key)
    if (label === undefined) return condition.absent
    return condition.any || condition.labels.some(wanted => isLabel(label, wanted))
  })
}

function partOf(name: BidsName, key: string): string | undefined {
  const part =
    key === 'suffix'
      ? name.suffix
      : key === 'datatype'
        ? name.datatype
        : key === 'extension'
          ? name.extension
          : name.entities[key]
  return part === '' ? undefined : part
}

function isLabel(label: string, wanted: string | number): boolean {
  return typeof wanted === 'number' ? /^\d+$/.test(label) && Number(label) === wanted : label === wanted
}

/**
 * The names that a query means: those it means anyway (`asl`: suffix `asl`), narrowed by its conditions. A query that
 * names a suffix means every name that meets its conditions, so that a filter can point to a series whose name does
 * not tell its technique.
 *
 * @param names - candidates
 * @param filter - null for none
 * @param query - the kind of input
 */
export function selectNames(names: readonly BidsName[], filter: BidsFilter | null, query: Query): BidsName[] {
  return names.filter(name => isSelected(name, filter?.get(query) ?? [], query))
}

function isSelected(name: BidsName, conditions: readonly Condition[], query: Query): boolean {
  const named = conditions.some(condition => condition.key === 'suffix')
  return (named || QUERIES[query](name)) && meets(name, conditions)
}

/**
 * The images that a filter leaves: those that no query of it speaks of, and those that one of them selects. The order
 * is kept.
 *
 * @param images - the images of an index
 * @param filter - the filter
 */
export function applyFilter(images: readonly BidsName[], filter: BidsFilter): BidsName[] {
  const queries = [...filter]
  return images.filter(image => {
    if (queries.some(([query, conditions]) => isSelected(image, conditions, query))) return true
    return !queries.some(([query]) => QUERIES[query](image))
  })
}
