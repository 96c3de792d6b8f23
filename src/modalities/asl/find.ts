import { intendedFor } from '../../bids/intended-for.ts'
import type { BidsName } from '../../bids/name.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Found, Index, LeftAlone, RoleRequest } from '../modality.ts'
import { baseName } from './fields.ts'

/** Parts of a complex image that are no magnitude. */
const NOT_MAGNITUDE = ['phase', 'real', 'imag']

/**
 * The ASL series of a dataset, with the M0 images that belong to them.
 *
 * @remarks
 * One run an image `perf/*_asl`; of several echoes the first, of complex parts the magnitude.
 *
 * @param index - the dataset
 * @param options - the organ: only a brain has tissue maps
 */
export function findSeries(
  index: Index,
  options: Options,
): { readonly runs: readonly Found[]; readonly left: readonly LeftAlone[] } {
  const images = index.images.filter(image => image.datatype === 'perf' && image.suffix === 'asl' && isNifti(image))
  const runs: Found[] = []
  const left: LeftAlone[] = []
  for (const image of images) {
    const { part, echo } = image.entities
    if (part !== undefined && NOT_MAGNITUDE.includes(part)) {
      left.push({ image, reason: `part-${part} is not the magnitude` })
      continue
    }
    const first = echo === undefined ? image : firstEcho(image, images)
    if (first !== image) left.push({ image, reason: `a later echo: ${baseName(first.path)} is quantified` })
    else runs.push(describeSeries(index, image, options['asl-organ'] === 'brain'))
  }
  return { runs, left }
}

function isNifti({ extension }: BidsName): boolean {
  return extension === '.nii' || extension === '.nii.gz'
}

function firstEcho(image: BidsName, images: readonly BidsName[]): BidsName {
  const key = keyOf(image, ['echo'])
  const echoes = images.filter(other => other.entities['echo'] !== undefined && keyOf(other, ['echo']) === key)
  return echoes.reduce(
    (best, other) => (Number(other.entities['echo']) < Number(best.entities['echo']) ? other : best),
    image,
  )
}

/** All entities but some, as a text to compare. */
function keyOf({ entities }: BidsName, without: readonly string[] = []): string {
  return Object.keys(entities)
    .filter(key => !without.includes(key))
    .sort()
    .map(key => `${key}-${entities[key]}`)
    .join('_')
}

function describeSeries(index: Index, image: BidsName, isBrain: boolean): Found {
  const session = index.images.filter(
    other => other.entities['sub'] === image.entities['sub'] && other.entities['ses'] === image.entities['ses'],
  )
  const sidecar = index.sidecar(image)
  const wanted = sidecar.ok && String(sidecar.value.values['M0Type']).toLowerCase() === 'separate'
  const m0 = findM0(
    index,
    image,
    session.filter(other => other.suffix === 'm0scan' && isNifti(other)),
    wanted,
  )
  const optional = (role: RoleRequest['role'], how: RoleRequest['how']): RoleRequest => ({
    role,
    required: false,
    grid: 'reference',
    how,
    raw: [],
  })
  const roles: RoleRequest[] = [
    ...(wanted ? [{ ...optional('m0', 'intensity'), raw: m0.images }] : []),
    ...(isBrain ? [optional('gm', 'fraction'), optional('wm', 'fraction'), optional('csf', 'fraction')] : []),
    optional('mask', 'label'),
    optional('dseg', 'label'),
    optional('lesion', 'label'),
  ]
  return {
    series: [image],
    roles,
    context: { m0scans: m0.others, ...contrastBefore(index, image, session) },
    problems: m0.problems,
  }
}

interface M0Found {
  readonly images: readonly BidsName[]
  /** Paths of m0scans of the session that are not used. */
  readonly others: readonly string[]
  readonly problems: readonly Problem[]
}

/**
 * The M0 images of a series: those whose `IntendedFor` names it, in perf/ before fmap/; else the only one of the session in
 * perf/ that is intended for nothing else.
 */
function findM0(index: Index, image: BidsName, candidates: readonly BidsName[], wanted: boolean): M0Found {
  const targets = new Map(candidates.map(candidate => [candidate, targetsOf(index, candidate)]))
  const named = candidates.filter(candidate => targets.get(candidate)?.some(path => isSamePath(path, image.path)))
  const result = (images: readonly BidsName[], problems: readonly Problem[] = []): M0Found => ({
    images,
    others: candidates.filter(candidate => !images.includes(candidate)).map(({ path }) => path),
    problems,
  })
  if (!wanted) {
    const first = named[0]
    if (!first) return result([])
    const message = `${baseName(first.path)} names ${baseName(image.path)} in IntendedFor and is not used, because M0Type is not Separate; set it to Separate to use the image.`
    return result([], [problem('ROLE_UNUSED', message, { file: first.path, field: 'IntendedFor' })])
  }
  const inPerf = named.filter(({ datatype }) => datatype === 'perf')
  if (inPerf.length > 0) return result(inPerf)
  if (named.length > 0) return result(sameEncoding(index, image, named))
  const known = new Set(index.images.map(({ path }) => path))
  const free = candidates.filter(
    ({ datatype, path }) => datatype === 'perf' && !targetsOfPath(targets, path).some(target => known.has(target)),
  )
  const twins = free.filter(candidate => keyOf(candidate) === keyOf(image))
  const only = twins.length === 1 ? twins[0] : free.length === 1 ? free[0] : undefined
  if (!only) return result([])
  const message = `${baseName(only.path)} was taken as the M0 of ${baseName(image.path)}, ${twins.length === 1 ? 'whose entities it shares' : 'as the only one of the session'}; no IntendedFor names the series: add it to say so.`
  return result([only], [problem('M0_CHOSEN', message, { file: only.path, field: 'IntendedFor' })])
}

function targetsOf(index: Index, candidate: BidsName): readonly string[] {
  const sidecar = index.sidecar(candidate)
  return sidecar.ok ? intendedFor(sidecar.value, candidate) : []
}

function targetsOfPath(targets: ReadonlyMap<BidsName, readonly string[]>, path: string): readonly string[] {
  for (const [candidate, found] of targets) if (candidate.path === path) return found
  return []
}

/** Whether two paths name one image, compressed or not. */
function isSamePath(a: string, b: string): boolean {
  return a.replace(/\.gz$/, '') === b.replace(/\.gz$/, '')
}

/** Of a pair with opposite phase encoding those that are distorted like the series; all where that is not known. */
function sameEncoding(index: Index, image: BidsName, named: readonly BidsName[]): readonly BidsName[] {
  const encodingOf = (name: BidsName) => {
    const sidecar = index.sidecar(name)
    return sidecar.ok ? sidecar.value.values['PhaseEncodingDirection'] : undefined
  }
  const own = encodingOf(image)
  const same = named.filter(candidate => own !== undefined && encodingOf(candidate) === own)
  return same.length > 0 ? same : named
}

/** Whether an image is of a contrast agent, by the names that such images go by. */
function isContrastScan({ entities, suffix }: BidsName): boolean {
  if (entities['ce'] !== undefined || /^(dsc|dce)$/i.test(suffix)) return true
  return /^(perf|bold)$/.test(suffix) && /^(dsc|dce)/i.test(entities['acq'] ?? '')
}

/** Whether a contrast agent was given before the series, as far as acquisition times tell; null where they do not. */
function contrastBefore(index: Index, image: BidsName, session: readonly BidsName[]): Record<string, unknown> {
  const scans = session.filter(other => isNifti(other) && isContrastScan(other))
  const contrastScans = scans.map(({ path }) => baseName(path))
  if (scans.length === 0) return { contrastBefore: false, contrastScans }
  const own = index.acquiredAt(image)
  const times = scans.map(scan => index.acquiredAt(scan))
  if (own !== null && times.some(time => time !== null && time < own)) return { contrastBefore: true, contrastScans }
  return { contrastBefore: own === null || times.includes(null) ? null : false, contrastScans }
}
