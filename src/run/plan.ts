import { resolve } from 'node:path'
import type { Derivative } from '../bids/derivatives.ts'
import type { BidsFilter } from '../bids/filter.ts'
import { type BidsName, sharedEntities } from '../bids/name.ts'
import { type DerivativeRole, findForRole } from '../bids/roles.ts'
import { companionOf } from '../bids/sidecar.ts'
import type { ImageHeader } from '../image/header.ts'
import { voxelCount } from '../image/volume.ts'
import type { Found, Index, LeftAlone, Modality, Role, RoleRequest, Run, Source } from '../modalities/modality.ts'
import { fileOptions, type Options } from '../options.ts'
import { type Checked, eachOnce, type Problem, problem, withoutPromises } from '../problems.ts'
import { declaredOptions } from './complete.ts'
import { describeFile, describeRaw } from './describe.ts'
import { seedOf } from './identity.ts'
import { mayMove } from './motion.ts'
import { allOutputs, type Placement, pathOf, recordPath } from './outputs.ts'
import type { Plan, PlannedTask, Task } from './task.ts'

/** What the plan is made from. */
export interface PlanContext {
  readonly input: string
  readonly index: Index
  readonly kinds: readonly Modality[]
  readonly options: Options
  readonly derivatives: readonly Derivative[]
  readonly filter: BidsFilter | null
  /** Whether an image may be the series of a run under the selection of sessions. */
  readonly selected: (image: BidsName) => boolean
  /** Paths of the tables that belong to an image. */
  readonly tables: (image: BidsName) => readonly string[]
}

/** NIfTI code of float32. */
const FLOAT32 = 16

/** What every process needs beside its voxels [bytes]. */
const BASE_MEMORY = 150e6

/**
 * The plan: every run of the selected techniques, with its inputs, its roles resolved, and all it will write.
 *
 * Slices that fill roles for others are planned where a run of this plan wants what they make, and, unless techniques were
 * named, for participants of whom there is nothing else. Tasks come in an order in which none comes before what it needs.
 */
export function makePlan(context: PlanContext): Plan {
  const wanted = context.options.modalities
  const consumers = context.kinds.filter(kind => kind.auxiliary !== true && (!wanted || wanted.includes(kind.name)))
  const planner = makePlanner(context, consumers)
  const left: Plan['left'][number][] = []
  for (const kind of consumers) {
    const found = planner.find(kind)
    left.push(...found.left.map(({ image, reason }) => ({ image: image.path, kind: kind.name, reason })))
    for (const run of found.runs) if (run.series.every(context.selected)) planner.add(kind, run)
  }
  if (!wanted) addLoneAuxiliaries(context, planner)
  const tasks = refuseCollisions(planner.tasks())
  return { tasks, left, participants: [...new Set(tasks.map(({ task }) => task.participant))].sort() }
}

/** What only serves others is worth having by itself where a participant has nothing else: a session of T1 mapping, say. */
function addLoneAuxiliaries({ kinds, selected }: PlanContext, planner: ReturnType<typeof makePlanner>): void {
  const busy = new Set(planner.tasks().map(({ task }) => task.participant))
  for (const kind of kinds.filter(({ auxiliary, onDemand }) => auxiliary === true && onDemand !== true))
    for (const run of planner.find(kind).runs)
      if (run.series.every(selected) && !busy.has(run.series[0]?.entities['sub'] ?? '')) planner.add(kind, run)
}

/** How a role is filled. */
interface Filled {
  readonly sources: readonly Source[]
  readonly pending: PlannedTask['pending']
  readonly problems: readonly Problem[]
}

function makePlanner(context: PlanContext, consumers: readonly Modality[]) {
  const { index, options } = context
  const planned = new Map<string, PlannedTask>()
  const finds = new Map<Modality, ReturnType<Modality['find']>>()

  const find = (kind: Modality) => {
    const known = finds.get(kind) ?? kind.find(index, options)
    finds.set(kind, known)
    return known
  }

  const add = (kind: Modality, found: Found): PlannedTask => {
    const entities = sharedEntities(found.series)
    const id = `${kind.name}/${nameOf(entities)}`
    const known = planned.get(id)
    if (known && known.task.series.join() === found.series.map(({ path }) => path).join()) return known
    const roles = withTransform(found.roles).map(wanted => {
      // What the user names must be used: a run that did without would look like one that did not.
      const request = optionFiles(kind, wanted.role, options).length > 0 ? { ...wanted, required: true } : wanted
      return { request, filled: fillRole(kind, request, found, entities) }
    })
    const unique = known ? `${id}#${planned.size}` : id
    const task = planTask(context, kind, found, entities, unique, roles)
    planned.set(unique, task)
    return task
  }

  /** Option, then derivative dataset, then the raw images that the slice proposed, then a task of this plan. */
  const fillRole = (
    consumer: Modality,
    request: RoleRequest,
    found: Found,
    entities: Readonly<Record<string, string>>,
  ): Filled => {
    const given = optionFiles(consumer, request.role, options)
    if (given.length > 0)
      return gather(
        request,
        given.map(({ file, uri, shown, atlas }) => withAtlas(describeFile(file, uri, shown), atlas)),
      )
    const derived = fillFromDerivatives(context, request, found)
    if (derived.sources.length > 0) return derived
    const rest = fillFromDataset(request, entities)
    return { ...rest, problems: [...derived.problems, ...rest.problems] }
  }

  const fillFromDataset = (request: RoleRequest, entities: Readonly<Record<string, string>>): Filled => {
    if (request.raw.length > 0)
      return gather(
        request,
        request.raw.map(raw => describeRaw(raw, context.input, index)),
      )
    return fillByTask(request, entities)
  }

  const fillByTask = (request: RoleRequest, entities: Readonly<Record<string, string>>): Filled => {
    const unused: Problem[] = []
    for (const kind of context.kinds) {
      const output = kind.provides[request.role]
      // A technique that was not asked for is not run for the sake of another.
      if (!output || (kind.auxiliary !== true && !consumers.includes(kind))) continue
      const candidates = find(kind).runs.filter(run => run.series[0]?.entities['sub'] === entities['sub'])
      const same = candidates.filter(run => run.series[0]?.entities['ses'] === entities['ses'])
      const [chosen, ...others] = same.length > 0 ? same : candidates
      if (!chosen) {
        unused.push(...find(kind).left.flatMap(item => leftFor(item, entities)))
        continue
      }
      const task = add(kind, chosen)
      const uri = `bids::${pathOf({ entities: sharedEntities(chosen.series), modality: kind }, output, '.nii.gz')}`
      const from = chosen.series.map(({ path }) => path).join(', ')
      const problems =
        same.length === 1 ||
        (same.length === 0 && others.length === 0 && chosen.series[0]?.entities['ses'] === entities['ses'])
          ? []
          : [
              problem(
                'ROLE_CHOSEN',
                `${request.role} comes from ${from}${others.length > 0 ? ` (not ${others.flatMap(run => run.series.map(({ path }) => path)).join(', ')})` : ', the only one of this participant'}; choose another with --bids-filter-file.`,
              ),
            ]
      return {
        sources: [],
        pending: [{ role: request.role, uri, task: task.task.id, required: request.required }],
        problems,
      }
    }
    return { sources: [], pending: [], problems: unused }
  }

  return { find, add, tasks: () => sortByNeeds([...planned.values()]) }
}

/** Beside tissues, how their image lies to the series, where a derivative dataset tells. */
function withTransform(requests: readonly RoleRequest[]): readonly RoleRequest[] {
  if (!requests.some(({ role }) => role === 'gm')) return requests
  return [...requests, { role: 'xfm', required: false, grid: 'own', how: 'label', raw: [] }]
}

/** What a run is told of an image of its participant that could have been used to make what it wants. */
function leftFor({ image, reason }: LeftAlone, entities: Readonly<Record<string, string>>): Problem[] {
  if (image.entities['sub'] !== entities['sub']) return []
  return [problem('ROLE_UNUSED', `${image.path} is not used: ${reason}.`, { file: image.path })]
}

/** The first derivative dataset that has an image for the role; without images where none has. */
function fillFromDerivatives({ derivatives, filter }: PlanContext, request: RoleRequest, found: Found): Filled {
  const image = found.series[0]
  const undecided: Problem[] = []
  for (const derivative of derivatives) {
    if (!image || !isDerivativeRole(request.role)) break
    const { chosen, alternatives, reason } = findForRole(derivative, request.role, image, filter)
    const others = alternatives.length > 0 ? ` (also there: ${alternatives.map(({ path }) => path).join(', ')})` : ''
    if (!chosen) {
      if (reason)
        undecided.push(
          problem(
            'ROLE_UNUSED',
            `${derivative.name} has images that could serve ${image.path} as ${request.role}, and none is used: ${reason}${others}.`,
          ),
        )
      continue
    }
    const shown = `${derivative.name}:${chosen.path}`
    const names = companionOf(derivative.dataset, chosen, { suffix: 'dseg', extension: '.tsv' })
    const table = request.role === 'dseg' && names ? resolve(derivative.root, names.path) : null
    const filled = gather(request, [describeFile(resolve(derivative.root, chosen.path), `bids:${shown}`, shown, table)])
    const said = reason
      ? [problem('ROLE_CHOSEN', `${shown} serves ${image.path} as ${request.role}: ${reason}${others}.`)]
      : []
    return { ...filled, problems: [...said, ...filled.problems] }
  }
  return { sources: [], pending: [], problems: undecided }
}

function isDerivativeRole(role: Role): role is DerivativeRole & Role {
  return role !== 'm0'
}

/** The images that can be read; a required one that cannot is the run's problem, another is left out and named. */
function gather(request: RoleRequest, described: readonly Checked<Source>[]): Filled {
  const sources = described.flatMap(item => (item.ok ? [item.value] : []))
  const problems = described.flatMap(item =>
    item.ok || request.required
      ? item.problems
      : [
          problem(
            'ROLE_UNUSED',
            `${item.problems.map(({ message }) => message).join(' ')} It is not used as ${request.role}.`,
          ),
        ],
  )
  return { sources, pending: [], problems }
}

/** Files that options put into a role of the runs of a slice. */
function optionFiles(
  kind: Modality,
  role: Role,
  options: Options,
): { file: string; uri: string; shown: string; atlas: string | undefined }[] {
  return fileOptions(options)
    .filter(({ role: fills, section }) => fills === role && (section === 'execution' || section === kind.name))
    .map(({ path, name }) => ({ file: resolve(path), uri: `file://${resolve(path)}`, shown: path, atlas: name }))
}

function withAtlas(source: Checked<Source>, atlas: string | undefined): Checked<Source> {
  if (!source.ok || atlas === undefined) return source
  const { name } = source.value
  return { ...source, value: { ...source.value, name: { ...name, entities: { ...name.entities, atlas } } } }
}

function nameOf(entities: Readonly<Record<string, string>>): string {
  return Object.entries(entities)
    .map(([key, label]) => `${key}-${label}`)
    .join('_')
}

function planTask(
  context: PlanContext,
  kind: Modality,
  found: Found,
  entities: Readonly<Record<string, string>>,
  id: string,
  roles: readonly { readonly request: RoleRequest; readonly filled: Filled }[],
): PlannedTask {
  const { options, index, input } = context
  const problems: Problem[] = [...found.problems]
  const series: Source[] = []
  for (const image of found.series) {
    const source = describeRaw(image, input, index)
    problems.push(...source.problems)
    if (source.ok) series.push(source.value)
  }
  for (const { request, filled } of roles) {
    problems.push(...filled.problems)
    if (
      request.required &&
      filled.sources.length + filled.pending.length === 0 &&
      !filled.problems.some(({ severity }) => severity === 'error')
    )
      problems.push(
        problem(
          'ROLE_MISSING',
          `${found.series[0]?.path}: no image was found to serve as ${request.role}; add it to the dataset or name a derivative dataset with -d.`,
        ),
      )
  }
  const run: Run = {
    kind: kind.name,
    entities,
    series,
    roles: Object.fromEntries(
      roles
        .filter(({ filled }) => filled.sources.length > 0)
        .map(({ request, filled }) => [request.role, filled.sources]),
    ),
    pending: roles.flatMap(({ filled }) => filled.pending.map(({ role }) => role)),
    context: found.context,
    participant: index.participant(entities['sub'] ?? '', entities['ses']),
    options,
    seed: seedOf(options['random-seed'], id),
  }
  const whole = series.length === found.series.length
  const bound = whole && !problems.some(({ severity }) => severity === 'error') ? kind.bind(run) : null
  if (bound) problems.push(...bound.problems)
  const placement: Placement = { entities, modality: kind }
  const computation = bound?.ok ? bound.value : null
  const filledRoles = roles.filter(({ filled }) => filled.sources.length + filled.pending.length > 0)
  const pending = roles.flatMap(({ filled }) => filled.pending)
  const task: Task = {
    id,
    kind: kind.name,
    label: `${nameOf(entities).replaceAll('_', ' ')} ${kind.name}`,
    participant: entities['sub'] ?? '',
    session: entities['ses'] ?? null,
    status: computation ? 'planned' : 'refused',
    series: found.series.map(({ path }) => path),
    roles: Object.fromEntries(
      filledRoles.map(({ request, filled }) => [
        request.role,
        [...filled.sources.map(({ uri }) => uri), ...filled.pending.map(({ uri }) => uri)],
      ]),
    ),
    needs: [...new Set(pending.map(item => item.task))],
    outputs: computation
      ? allOutputs(
          placement,
          computation,
          filledRoles.map(({ request }) => request.role),
          options['output-spaces']?.includes('T1w'),
        )
      : [recordPath(placement)],
    options: declaredOptions(kind, options),
    memory: BASE_MEMORY + imageBytes(run) + (computation?.memory ?? 0),
    facts: computation?.facts ?? (whole ? (kind.describe?.(run) ?? []) : []),
    problems: withoutPromises(eachOnce(problems)),
  }
  return {
    task,
    entities,
    run: whole ? run : null,
    pending,
    requests: roles.map(({ request: { raw: _, ...request } }) => request),
    record: recordPath(placement),
    files: filesOf(run, context),
  }
}

/** Bytes of all images that a run reads, as they lie in memory. */
function imageBytes(run: Run): number {
  const bytes = (source: Source | undefined, width: (header: ImageHeader) => number) =>
    source?.header ? voxelCount(source.header.grid) * source.header.frames * width(source.header) : 0
  const series = run.series.map(source =>
    bytes(source, header => (mayMove(header, run.options) ? movableWidth(header) : header.bytesPerVoxel)),
  )
  const roles = Object.values(run.roles).flat()
  return [...series, ...roles.map(source => bytes(source, header => header.bytesPerVoxel))].reduce((a, b) => a + b, 0)
}

/** Bytes of a voxel that may be corrected for motion: what float32 does not hold exactly is there beside what it becomes. */
function movableWidth({ datatype, bytesPerVoxel }: ImageHeader): number {
  return bytesPerVoxel < 4 || datatype === FLOAT32 ? 4 : bytesPerVoxel + 4
}

/** JSON files and tables of the input dataset that a run reads. */
function filesOf(run: Run, { tables }: PlanContext): string[] {
  const raw = [...run.series, ...Object.values(run.roles).flat()].filter(source => source?.uri.startsWith('bids:raw:'))
  return [...new Set(raw.flatMap(source => (source ? [...source.sidecar.files, ...tables(source.name)] : [])))].sort()
}

/** Two tasks never write one path: the later ones are refused. */
function refuseCollisions(tasks: readonly PlannedTask[]): PlannedTask[] {
  const taken = new Map<string, string>()
  return tasks.map(planned => {
    const clash = planned.task.outputs.find(path => taken.has(path))
    if (clash === undefined) {
      for (const path of planned.task.outputs) taken.set(path, planned.task.series.join(', '))
      return planned
    }
    const message = `${planned.task.series.join(', ')} would write ${clash}, as ${taken.get(clash)} does; tell them apart with acq- or run-, or choose one with --bids-filter-file.`
    const task: Task = {
      ...planned.task,
      status: 'refused',
      outputs: [],
      problems: [...planned.task.problems, problem('PATH_TAKEN', message)],
    }
    return { ...planned, task, record: '' }
  })
}

function sortByNeeds(tasks: readonly PlannedTask[]): PlannedTask[] {
  const sorted: PlannedTask[] = []
  const done = new Set<string>()
  const visit = (planned: PlannedTask) => {
    if (done.has(planned.task.id)) return
    done.add(planned.task.id)
    for (const need of planned.task.needs) {
      const other = tasks.find(({ task }) => task.id === need)
      if (other) visit(other)
    }
    sorted.push(planned)
  }
  for (const planned of [...tasks].sort((a, b) =>
    a.task.participant + a.task.id < b.task.participant + b.task.id ? -1 : 1,
  ))
    visit(planned)
  return sorted
}
