import type { Derivative } from './derivatives.ts'
import { type BidsFilter, type Query, selectNames } from './filter.ts'
import { type BidsName, isImage } from './name.ts'

/** What an image (or a table) of a derivative dataset can be to a run. */
export type DerivativeRole = keyof typeof ROLES

/** Which files can fill a role. */
interface RolePattern {
  /** Folders; `run` is that of the series' outputs. */
  readonly folders: readonly string[]
  readonly suffixes: readonly string[]
  /** Labels, any case, one of which must be there; `*` is any label or none. */
  readonly entities?: Readonly<Record<string, readonly string[]>>
  /** Whether the file belongs to one acquisition, or to the anatomy that the acquisitions of a session share. */
  readonly of: 'run' | 'anatomy'
  /** Of what is no image. */
  readonly extension?: '.tsv' | '.txt'
}

/** What other programs call the space of a series in the names of their transforms. */
const SERIES_SPACES = ['orig', 'native', 'scanner', 'asl', 'aslref', 'dsc', 'dce', 'dwi', 'dwiref', 'perf']

const transforms = (way: { readonly from: readonly string[]; readonly to: readonly string[] }): RolePattern[] =>
  [{}, { desc: ['coreg'] }].map(added => ({
    folders: ['run'],
    suffixes: ['xfm'],
    entities: { ...way, mode: ['image'], ...added },
    of: 'run',
    extension: '.txt',
  }))

const tissue = (label: string): RolePattern[] => [
  { folders: ['run'], suffixes: ['probseg'], entities: { label: [label] }, of: 'run' },
  { folders: ['anat'], suffixes: ['probseg'], entities: { label: [label] }, of: 'anatomy' },
  // FreeSurfer's labels, told apart into tissues.
  { folders: ['anat'], suffixes: ['dseg'], entities: { desc: ['aseg'] }, of: 'anatomy' },
  { folders: ['anat'], suffixes: ['dseg'], entities: { desc: ['aparcaseg'] }, of: 'anatomy' },
]

/**
 * For each role the files that can fill it, best first: of the run's own grid before anatomy.
 *
 * @remarks
 * The names are those of fMRIPrep, sMRIPrep, ASLPrep and of our own outputs. An entity that a pattern does not name must
 * be absent (a `desc-aif_mask` is no brain), but for those that tell which acquisition it is.
 */
const ROLES = {
  mask: [
    { folders: ['run'], suffixes: ['mask'], entities: { desc: ['brain'] }, of: 'run' },
    { folders: ['run'], suffixes: ['mask'], entities: { label: ['brain'] }, of: 'run' },
    { folders: ['anat'], suffixes: ['mask'], entities: { desc: ['brain'] }, of: 'anatomy' },
    { folders: ['anat'], suffixes: ['mask'], entities: { label: ['brain'] }, of: 'anatomy' },
  ],
  gm: tissue('GM'),
  wm: tissue('WM'),
  csf: tissue('CSF'),
  dseg: [
    { folders: ['run'], suffixes: ['dseg'], of: 'run' },
    { folders: ['anat'], suffixes: ['dseg'], of: 'anatomy' },
    { folders: ['anat'], suffixes: ['dseg'], entities: { desc: ['aparcaseg'] }, of: 'anatomy' },
    { folders: ['anat'], suffixes: ['dseg'], entities: { desc: ['aseg'] }, of: 'anatomy' },
  ],
  t1w: [
    { folders: ['anat'], suffixes: ['T1w'], entities: { desc: ['preproc'] }, of: 'anatomy' },
    { folders: ['anat'], suffixes: ['T1w'], of: 'anatomy' },
  ],
  t1map: [
    { folders: ['anat'], suffixes: ['T1map'], entities: { desc: ['*'] }, of: 'anatomy' },
    { folders: ['anat'], suffixes: ['R1map'], entities: { desc: ['*'] }, of: 'anatomy' },
  ],
  b1: [{ folders: ['fmap', 'anat'], suffixes: ['TB1map'], entities: { desc: ['*'] }, of: 'anatomy' }],
  m0: [
    { folders: ['run'], suffixes: ['m0scan'], of: 'run' },
    { folders: ['run'], suffixes: ['m0scan'], entities: { desc: ['preproc'] }, of: 'run' },
  ],
  lesion: [
    { folders: ['run'], suffixes: ['mask', 'roi'], entities: { label: ['lesion', 'tumor', 'tumour'] }, of: 'run' },
    { folders: ['run'], suffixes: ['mask', 'roi'], entities: { desc: ['lesion', 'tumor', 'tumour'] }, of: 'run' },
    { folders: ['anat'], suffixes: ['mask', 'roi'], entities: { label: ['lesion', 'tumor', 'tumour'] }, of: 'anatomy' },
    { folders: ['anat'], suffixes: ['mask', 'roi'], entities: { desc: ['lesion', 'tumor', 'tumour'] }, of: 'anatomy' },
  ],
  adc: [
    { folders: ['dwi'], suffixes: ['ADC'], of: 'anatomy' },
    { folders: ['dwi'], suffixes: ['dwimap'], entities: { model: ['adc'], param: ['adc'] }, of: 'anatomy' },
    { folders: ['dwi'], suffixes: ['dwimap'], entities: { model: ['tensor', 'dti'], param: ['md'] }, of: 'anatomy' },
  ],
  aif: [
    { folders: ['run'], suffixes: ['mask'], entities: { desc: ['aif'] }, of: 'run' },
    { folders: ['run'], suffixes: ['aif', 'AIF'], of: 'run', extension: '.tsv' },
  ],
  xfm: [...transforms({ from: SERIES_SPACES, to: ['T1w'] }), ...transforms({ from: ['T1w'], to: SERIES_SPACES })],
} as const satisfies Record<string, readonly RolePattern[]>

/** The query of the filter file that narrows a role. */
const QUERY_OF_ROLE: Partial<Record<DerivativeRole, Query>> = {
  mask: 'mask',
  dseg: 'dseg',
  t1w: 't1w',
  t1map: 't1map',
  b1: 'b1',
  m0: 'm0scan',
  aif: 'aif',
}

/** Entities that say which acquisition an image is of; all others say what was made of it. */
const ACQUISITION = new Set('sub ses sample task acq ce trc rec dir run echo flip inv mt part'.split(' '))
/** Spaces of the subject. Templates (`MNI…`) and surfaces are of no use to a run. */
const OWN_SPACES = ['orig', 'native', 'scanner', 'asl', 'aslref', 'dwi', 'dsc', 'dce', 't1w', 'individual']

/** What was found for a role. */
export interface RoleMatch {
  /** The file that serves; null where none does, or where the choice must be made by the user. */
  readonly chosen: BidsName | null
  /** Others that could serve, best first, for the plan to name. */
  readonly alternatives: readonly BidsName[]
  /** Whether the one that serves is of another session than the series. */
  readonly otherSession: boolean
  /** Why this one, or why none though there are some; in words, '' where there is nothing to say. */
  readonly reason: string
}

/**
 * The file of a derivative dataset that serves an image in a role.
 *
 * @remarks
 * Files of the run itself come first: none of their acquisition entities may contradict the image (a `mod-` must name
 * its technique). Then anatomy: of the same session, else of no session, else of the subject's only other session that
 * has one; with several such sessions there is no choice, only alternatives. Among equals the one that shares most
 * entities with the image, then one without `space-`, then the first by name; the reason says so. Files in template
 * spaces are passed over.
 *
 * @param derivative - the dataset, indexed
 * @param role - what is wanted
 * @param forImage - the series (its first image)
 * @param filter - the filter file, whose query of the role narrows the candidates
 */
export function findForRole(
  derivative: Derivative,
  role: DerivativeRole,
  forImage: BidsName,
  filter: BidsFilter | null = null,
): RoleMatch {
  const query = QUERY_OF_ROLE[role]
  const { dataset } = derivative
  const ofSubject = dataset.files.filter(name => name.entities['sub'] === forImage.entities['sub'])
  const candidates = query && filter?.has(query) ? selectNames(ofSubject, filter, query) : ofSubject
  const patterns: readonly RolePattern[] = ROLES[role]
  let undecided: RoleMatch | null = null
  for (const pattern of patterns) {
    const fitting = candidates.filter(name => fits(name, pattern, forImage))
    const match = pattern.of === 'run' ? best(fitting, forImage) : bySession(fitting, forImage)
    if (match.chosen) return match
    if (match.alternatives.length > 0) undecided ??= match
  }
  return undecided ?? NOTHING
}

const NOTHING: RoleMatch = { chosen: null, alternatives: [], otherSession: false, reason: '' }

function fits(name: BidsName, pattern: RolePattern, image: BidsName): boolean {
  if (pattern.extension ? name.extension !== pattern.extension : !isImage(name)) return false
  if (!pattern.suffixes.includes(name.suffix)) return false
  if (!pattern.folders.some(folder => (folder === 'run' ? isRunFolder(name, image) : name.datatype === folder)))
    return false
  const wanted = pattern.entities ?? {}
  for (const [key, labels] of Object.entries(wanted)) {
    const label = name.entities[key]?.toLowerCase()
    if (!labels.includes('*') && !labels.some(one => one.toLowerCase() === label)) return false
  }
  return Object.entries(name.entities).every(([key, label]) => {
    if (Object.hasOwn(wanted, key)) return true
    if (key === 'space') return OWN_SPACES.includes(label.toLowerCase())
    if (key === 'mod') return pattern.of === 'run' && isTechnique(label, image)
    if (!ACQUISITION.has(key)) return false
    return pattern.of === 'anatomy' || image.entities[key] === label
  })
}

/** Outputs of a run lie in dwi/ for diffusion and in perf/ for all else; other programs keep the folder of the series. */
function isRunFolder(name: BidsName, image: BidsName): boolean {
  return name.datatype === image.datatype || (name.datatype === 'perf' && image.datatype !== 'dwi')
}

/** Whether a `mod-` label can mean the technique of the image; a suffix that names none (`bold`) contradicts nothing. */
function isTechnique(mod: string, image: BidsName): boolean {
  const suffix = image.suffix.toLowerCase()
  return !['asl', 'dsc', 'dce', 'dwi'].includes(suffix) || mod.toLowerCase() === suffix
}

function bySession(fitting: readonly BidsName[], image: BidsName): RoleMatch {
  const { ses } = image.entities
  const same = fitting.filter(name => name.entities['ses'] === ses)
  if (same.length > 0) return best(same, image)
  const without = fitting.filter(name => name.entities['ses'] === undefined)
  if (without.length > 0) return best(without, image)
  const [only, ...more] = fitting
  if (!only) return NOTHING
  if (more.length === 0)
    return {
      chosen: only,
      alternatives: [],
      otherSession: true,
      reason: 'it is of another session, the only one there is',
    }
  const reason = 'none is of its session and another session may serve only where it has the only one'
  return { chosen: null, alternatives: fitting, otherSession: false, reason }
}

function best(fitting: readonly BidsName[], image: BidsName): RoleMatch {
  const of = image.entities
  const shared = (name: BidsName) => Object.entries(name.entities).filter(([key, label]) => of[key] === label).length
  const spaced = (name: BidsName) => OWN_SPACES.indexOf(name.entities['space']?.toLowerCase() ?? '') + 1
  const ranked = [...fitting].sort(
    (a, b) => shared(b) - shared(a) || spaced(a) - spaced(b) || (a.path < b.path ? -1 : 1),
  )
  const [chosen, ...alternatives] = ranked
  if (!chosen) return NOTHING
  const reason = alternatives.length > 0 ? `it is the closest by name of ${ranked.length} that could serve` : ''
  return { chosen, alternatives, otherSession: false, reason }
}
