import type { BidsName } from '../../bids/name.ts'
import { isSameGrid } from '../../image/volume.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Found, Index, LeftAlone, RoleRequest } from '../modality.ts'
import { type Classified, classify, supportOf } from './b-values.ts'
import { baseName } from './fields.ts'
import { type Gradients, readGradients } from './gradients.ts'

/** Parts of a complex image that are no magnitude. */
const NOT_MAGNITUDE = ['phase', 'real', 'imag']

/** Entities in which runs that belong together may differ. */
const BETWEEN_PARTS = ['run', 'acq']

/** A series with what decides its fate. */
interface Candidate {
  readonly image: BidsName
  /** Null where its files cannot be used: then binding says why. */
  readonly gradients: Gradients | null
  readonly words: string
  readonly multipart: string | null
  readonly encoding: string | null
}

type Finding = { readonly runs: Found[]; readonly left: LeftAlone[] }

/**
 * The diffusion series of a dataset that are IVIM, and those that are left alone with the reason.
 *
 * @remarks
 * One run a series: repeats stay repeats. Series are joined where they share a `MultipartID`, or where none supports D and f
 * alone and together they do; never such with different phase encoding or grids.
 *
 * @param index - the dataset
 * @param options - threshold, rule, whether to process what does not look like IVIM
 */
export function findSeries(index: Index, options: Options): Finding {
  const found: Finding = { runs: [], left: [] }
  const candidates: Candidate[] = []
  for (const image of index.images) {
    if (image.datatype !== 'dwi' || !['.nii', '.nii.gz'].includes(image.extension)) continue
    const { part } = image.entities
    if (image.suffix === 'trace')
      found.left.push({
        image,
        reason: 'a trace image has no b-values in BIDS: name the series _dwi, with its .bval and a .bvec of zeros',
      })
    else if (image.suffix !== 'dwi') continue
    else if (part !== undefined && NOT_MAGNITUDE.includes(part))
      found.left.push({ image, reason: `part-${part} is not the magnitude` })
    else candidates.push(describe(index, image))
  }
  const taken = new Set<Candidate>()
  for (const parts of multiparts(candidates)) joinMultipart(index, parts, options, found, taken)
  for (const parts of groupBy(
    candidates.filter(item => !taken.has(item)),
    partKey,
  ).values())
    joinComplements(index, parts, options, found, taken)
  for (const candidate of candidates) if (!taken.has(candidate)) decide(candidate, options, found)
  const order = (image: BidsName | undefined) => (image ? index.images.indexOf(image) : -1)
  found.runs.sort((one, other) => order(one.series[0]) - order(other.series[0]))
  return found
}

function describe(index: Index, image: BidsName): Candidate {
  const [bval, bvec, header, sidecar] = [
    index.text(image, '.bval'),
    index.text(image, '.bvec'),
    index.header(image),
    index.sidecar(image),
  ]
  const readable = bval.ok && bvec.ok
  const gradients = readable
    ? readGradients({
        image: image.path,
        bval: bval.value,
        bvec: bvec.value,
        frames: header.ok ? header.value.frames : null,
      })
    : null
  const values = sidecar.ok ? sidecar.value.values : {}
  const text = (field: string) => (typeof values[field] === 'string' ? values[field] : null)
  return {
    image,
    gradients: gradients?.ok ? gradients.value : null,
    words: [baseName(image.path), text('SeriesDescription'), text('ProtocolName')].join(' '),
    multipart: text('MultipartID'),
    encoding: text('PhaseEncodingDirection'),
  }
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}

function multiparts(candidates: readonly Candidate[]): Candidate[][] {
  const named = candidates.filter(({ multipart }) => multipart !== null)
  const groups = groupBy(
    named,
    ({ image, multipart }) => `${image.entities['sub']} ${image.entities['ses']} ${multipart}`,
  )
  return [...groups.values()].filter(parts => parts.length > 1)
}

/** What series that may be parts of one scan have in common. */
function partKey({ image, encoding }: Candidate): string {
  const rest = Object.entries(image.entities).filter(([key]) => !BETWEEN_PARTS.includes(key))
  return [...rest.map(([key, label]) => `${key}-${label}`).sort(), encoding].join('_')
}

/** Series of one MultipartID: those with the phase encoding that most volumes have, on the grid of the first. */
function joinMultipart(
  index: Index,
  parts: readonly Candidate[],
  options: Options,
  found: Finding,
  taken: Set<Candidate>,
): void {
  if (parts.some(({ gradients }) => gradients === null)) return
  const volumes = (items: readonly Candidate[]) =>
    items.reduce((sum, { gradients }) => sum + (gradients?.b.length ?? 0), 0)
  const encodings = [...groupBy(parts, ({ encoding }) => encoding ?? '').values()].sort(
    (a, b) => volumes(b) - volumes(a),
  )
  const [main = []] = encodings
  const chosen = main.filter(({ image }) => sharesGrid(index, main[0]!.image, image))
  const classified = classifyTogether(chosen, options)
  if (classified.kind === 'other' && !options['ivim-force']) {
    for (const part of parts) found.left.push({ image: part.image, reason: classified.reason })
  } else {
    found.runs.push(runOf(chosen, classified))
    for (const part of parts.filter(item => !chosen.includes(item)))
      found.left.push({
        image: part.image,
        reason: main.includes(part)
          ? `it lies on another grid than ${baseName(chosen[0]!.image.path)}, with which it shares a MultipartID`
          : `its phase encoding is not that of ${baseName(chosen[0]!.image.path)}: series with different distortion are not joined`,
      })
  }
  for (const part of parts) taken.add(part)
}

/** Series none of which supports D and f, where together they do. */
function joinComplements(
  index: Index,
  parts: readonly Candidate[],
  options: Options,
  found: Finding,
  taken: Set<Candidate>,
): void {
  const short = parts.filter(({ gradients }) => gradients !== null && !supportOf(gradients.b, options).hasFraction)
  const chosen = short.filter(({ image }) => sharesGrid(index, short[0]!.image, image))
  if (chosen.length < 2 || short.length < parts.length) return
  const classified = classifyTogether(chosen, options)
  if (classified.kind === 'other') return
  found.runs.push(runOf(chosen, classified))
  for (const part of chosen) taken.add(part)
}

function sharesGrid(index: Index, one: BidsName, other: BidsName): boolean {
  const [a, b] = [index.header(one), index.header(other)]
  return one === other || !a.ok || !b.ok || isSameGrid(a.value.grid, b.value.grid)
}

function classifyTogether(parts: readonly Candidate[], options: Options): Classified {
  const b = parts.flatMap(({ gradients }) => gradients?.b ?? [])
  const directions = parts.flatMap(({ gradients }) => gradients?.directions ?? [])
  return classify({ b, directions }, options, parts.map(({ words }) => words).join(' '))
}

function decide(candidate: Candidate, options: Options, found: Finding): void {
  if (candidate.gradients === null) {
    found.runs.push(runOf([candidate], { kind: 'ivim', reason: 'its gradient files cannot be read' }))
    return
  }
  const classified = classify(candidate.gradients, options, candidate.words)
  if (classified.kind !== 'other' || options['ivim-force']) found.runs.push(runOf([candidate], classified))
  else found.left.push({ image: candidate.image, reason: classified.reason })
}

function runOf(parts: readonly Candidate[], { kind, reason }: Classified): Found {
  const optional = (role: RoleRequest['role'], how: RoleRequest['how']): RoleRequest => {
    return { role, required: false, grid: 'reference', how, raw: [] }
  }
  const names = parts.map(({ image }) => baseName(image.path))
  const problems: Problem[] =
    parts.length > 1
      ? [
          problem(
            'RUNS_JOINED',
            `${names.join(', ')} were taken as one scan: ${parts[0]!.multipart !== null ? 'they share a MultipartID' : 'none supports D and f alone'}.`,
            { file: parts[0]!.image.path },
          ),
        ]
      : []
  return {
    series: parts.map(({ image }) => image),
    roles: [
      optional('gm', 'fraction'),
      optional('wm', 'fraction'),
      optional('csf', 'fraction'),
      optional('lesion', 'label'),
      optional('mask', 'label'),
      optional('dseg', 'label'),
    ],
    context: { scheme: kind, why: reason },
    problems,
  }
}
