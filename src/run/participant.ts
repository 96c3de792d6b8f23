import { join } from 'node:path'
import { STILL } from '../image/rigid.ts'
import { type Volume, voxelCount } from '../image/volume.ts'
import type { Computation, Modality, Placed, Prepared, Result, Role, Run, Source } from '../modalities/modality.ts'
import { readVolume } from '../nifti/index.ts'
import { bad, type Checked, eachOnce, good, type Problem, problem, withoutPromises } from '../problems.ts'
import type { Fact, RunRecord } from '../report/record.ts'
import { readRecord } from './complete.ts'
import { alignCompanions, coregister, overlapOf, overlapProblems } from './coregister.ts'
import { isLabelled, tissueOfLabels } from './freesurfer.ts'
import { type InputIdentity, identify } from './identity.ts'
import { mayMove, motionProblems, reportMotion, settleMotion, withMotion } from './motion.ts'
import { placeVolume } from './place.ts'
import type { Anatomy } from './spaces.ts'
import { LockLost } from './staging.ts'
import type { PlannedTask } from './task.ts'
import { type Written, writeRefusal, writeRun } from './write.ts'

/** What a child process is given for one run. Plain JSON. */
export interface RunWork {
  readonly do: 'run'
  readonly planned: PlannedTask
  /** Problems that came up after the plan was made: needs that failed. */
  readonly problems: readonly Problem[]
  readonly input: string
  readonly output: string
  readonly staging: string
  readonly lock: { readonly path: string; readonly token: string }
  /** Memory that one run may take [bytes]. */
  readonly memory: number
  readonly version: string
  readonly execution: Omit<RunRecord['execution'], 'seconds'>
}

/** How a run ended. Plain JSON. */
export interface RunEnding {
  readonly status: 'complete' | 'partial' | 'refused'
  readonly problems: readonly Problem[]
}

/**
 * The spine: load, bind, prepare, place, fit, write; the same for every technique.
 *
 * @param work - the task and where to work
 * @param kinds - the slices
 * @param verdict - what the validator found in the files of this run: waited for before anything is written
 */
export async function processRun(
  work: RunWork,
  kinds: readonly Modality[],
  verdict: Promise<readonly Problem[]>,
): Promise<RunEnding> {
  try {
    return await processLocked(work, kinds, verdict)
  } catch (error) {
    if (!(error instanceof LockLost)) throw error
    const lost = problem(
      'RUN_LOCKED',
      `${work.planned.task.label} was taken over by another process, whose result counts (${error.message}); call again to see it.`,
    )
    return { status: 'refused', problems: [...work.planned.task.problems, ...work.problems, lost] }
  }
}

/**
 * Let in what has come meanwhile: the end of the parent, a signal. Between long computations, so that a run neither goes on
 * nor writes when nobody waits for it any more.
 */
async function breathe(): Promise<void> {
  // The first turn can be that of the events that are being handled.
  for (let turn = 0; turn < 2; turn++) await new Promise(resolve => setImmediate(resolve))
}

async function processLocked(
  work: RunWork,
  kinds: readonly Modality[],
  verdict: Promise<readonly Problem[]>,
): Promise<RunEnding> {
  const modality = kinds.find(kind => kind.name === work.planned.task.kind)
  if (!modality) throw new Error(`no slice is called ${work.planned.task.kind}`)
  const problems = [...work.planned.task.problems, ...work.problems]
  const known = readRecord(work.output, work.planned.record)
  const run = work.planned.run
  const ready = run && !isRefused(problems)
  // Inflating waits for other threads; hashing fills the time.
  const [inputs, loaded] = await Promise.all([
    identifyInputs(work, known?.inputs ?? []),
    ready ? load(run, work) : null,
  ])
  const written: Written = { work, modality, inputs, earlier: known }
  if (!ready || !loaded) return refuse(written, run, problems)
  if (!loaded.ok) return refuse(written, run, [...problems, ...loaded.problems])
  const { described, series, companions } = loaded.value
  // Bound anew: a role may have fallen away, and one that another task fills was not yet there when the plan was made.
  const bound = modality.bind(described)
  const said = eachOnce([...problems, ...loaded.problems, ...bound.problems])
  if (!bound.ok) return refuse(written, described, said)
  const computed = await compute(bound.value, series, companions, work, described)
  if (!computed.ok) return refuse(written, described, eachOnce([...said, ...computed.problems]), bound.value.facts)
  const all = eachOnce([...said, ...computed.problems, ...computed.value.result.problems, ...(await verdict)])
  if (isRefused(all)) return refuse(written, described, all, bound.value.facts)
  const status = all.some(({ severity }) => severity === 'partial') ? 'partial' : 'complete'
  await breathe()
  const changed = await changedInput(work, inputs)
  if (changed) return refuse(written, described, [...all, changed], bound.value.facts)
  writeRun(written, { run: described, computation: bound.value, companions, ...computed.value, problems: all, status })
  return { status, problems: all }
}

function isRefused(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error')
}

function refuse(
  written: Written,
  run: Run | null,
  problems: readonly Problem[],
  facts: readonly Fact[] = [],
): RunEnding {
  const said = withoutPromises(problems)
  writeRefusal(written, run, said, facts.length > 0 ? facts : written.work.planned.task.facts)
  return { status: 'refused', problems: said }
}

async function identifyInputs(work: RunWork, known: readonly InputIdentity[]): Promise<InputIdentity[]> {
  const run = work.planned.run
  const sources = run ? [...run.series, ...Object.values(run.roles).flat()] : []
  const files: [string, string][] = [
    ...sources.filter(source => source !== undefined).map((source): [string, string] => [source.uri, source.file]),
    ...work.planned.files.map((path): [string, string] => [`bids:raw:${path}`, join(work.input, path)]),
  ]
  const identities: InputIdentity[] = []
  for (const [uri, path] of new Map(files)) {
    const identity = await identify(uri, path, known)
    if (identity) identities.push(identity)
  }
  return identities
}

/** The first file that is no longer what it was when it was identified: what was read of it may be either. */
async function changedInput(work: RunWork, before: readonly InputIdentity[]): Promise<Problem | null> {
  // A file of the same size and time counts as the same, and is not read again.
  const now = await identifyInputs(work, before)
  for (const { uri, ...was } of before) {
    const is = now.find(input => input.uri === uri)
    if (is && is.size === was.size && is.mtimeMs === was.mtimeMs) continue
    const file = uri.replace(/^bids:raw:/, '')
    const message = `${file} changed while it was being processed; nothing was written. Call again when it is at rest.`
    return problem('FILE_CHANGED', message, { file })
  }
  return null
}

interface Loaded {
  readonly described: Run
  readonly series: readonly Volume[]
  readonly companions: Placed
}

/** Read the series and every image in a role. An optional one that cannot be read falls away, and the run says so. */
async function load(run: Run, work: RunWork): Promise<Checked<Loaded>> {
  const problems: Problem[] = []
  const series: Volume[] = []
  for (const source of run.series) {
    const asFloat = source.header !== null && source.header !== undefined && mayMove(source.header, run.options)
    const volume = await readVolume(source.file, source.name.path, { memoryLimit: work.memory, asFloat })
    if (!volume.ok) return volume
    problems.push(...volume.problems)
    series.push(volume.value)
  }
  const roles: Partial<Record<Role, readonly Source[]>> = {}
  const companions: Partial<Record<Role, readonly Volume[]>> = {}
  for (const request of work.planned.requests) {
    const sources = run.roles[request.role] ?? []
    if (sources.length === 0) continue
    const volumes: Volume[] = []
    const failed: Problem[] = []
    for (const source of sources) {
      // Tables and texts have been read with the plan.
      if (source.header === null) continue
      const volume = await readVolume(source.file, source.name.path, { memoryLimit: work.memory })
      if (volume.ok)
        volumes.push(isLabelled(request.role, source) ? tissueOfLabels(volume.value, request.role) : volume.value)
      else failed.push(...volume.problems)
    }
    if (failed.length > 0 && request.required) return bad(...failed)
    if (failed.length > 0) {
      problems.push(problem('ROLE_UNUSED', `${failed[0]?.message} It is not used as ${request.role}.`))
      continue
    }
    roles[request.role] = sources
    companions[request.role] = volumes
  }
  return good({ described: { ...run, roles }, series, companions }, problems)
}

interface Computed {
  readonly prepared: Prepared
  readonly placed: Placed
  readonly anatomy: Anatomy | null
  readonly result: Result
  /** The image that gave the mask, where one was given. */
  readonly maskFrom: string | null
}

async function compute(
  computation: Computation,
  series: readonly Volume[],
  companions: Placed,
  work: RunWork,
  run: Run,
): Promise<Checked<Computed>> {
  const settled = settleMotion(computation, series, run.options)
  await breathe()
  const found = computation.prepare(settled.series, companions)
  await breathe()
  if (!found.ok) return found
  const isHead = !(computation.motion && 'not' in computation.motion)
  const aligned = isHead
    ? alignCompanions(companions, found.value, run, work.planned.requests)
    : { companions, problems: [] }
  // The mask may rest on an M0 that lay elsewhere.
  const first = aligned.companions === companions ? found : computation.prepare(settled.series, aligned.companions)
  if (!first.ok) return first
  const problems = [...first.problems, ...first.value.problems, ...aligned.problems]
  const placed = placeRoles(aligned.companions, first.value, work, run)
  if (!placed.ok) return placed
  problems.push(...placed.problems)
  const { anatomy, roles } = placed.value
  const given = roles.mask?.[0]
  const whole = given ? { ...first.value, mask: binary(given) } : first.value
  problems.push(...motionProblems(settled, whole, run.series[0]?.name.path ?? ''))
  const prepared = withMotion(whole, settled)
  if (!prepared.mask.includes(1)) {
    const name = run.roles.mask?.[0]?.name.path ?? run.series[0]?.name.path ?? ''
    const what = given
      ? 'the mask holds no voxel of the series; check its orientation and its values (inside is above 0.5).'
      : 'no brain was found in it, for it has no bright region; check the image, or give a mask with --mask.'
    return bad(problem('MASK_EMPTY', `${name}: ${what}`, { file: name }))
  }
  await breathe()
  const result = computation.fit(prepared, roles)
  if (!result.ok) return bad(...problems, ...result.problems)
  if (!result.value.status.some(code => code > 0 && code !== 3 && code !== 4)) {
    const name = run.series[0]?.name.path ?? ''
    return bad(
      ...problems,
      problem(
        'NO_ESTIMATE',
        `${name}: no voxel of the mask has an estimate; check the series for voxels that are not numbers or have no signal.`,
        { file: name },
      ),
    )
  }
  const overlap = overlapOf(roles, whole.mask)
  problems.push(...overlapProblems(overlap, run.series[0]?.name.path ?? ''))
  const covered = { ...result.value, quality: [...result.value.quality, ...overlap] }
  const reported = reportMotion(covered, settled, prepared)
  return good({ prepared, placed: roles, anatomy, result: reported, maskFrom: run.roles.mask?.[0]?.uri ?? null }, [
    ...problems,
    ...result.problems,
  ])
}

/** The images in roles on the grid of the series; and the place of the T1w image, where its tissues are known. */
function placeRoles(
  companions: Placed,
  prepared: Prepared,
  work: RunWork,
  run: Run,
): Checked<{ readonly roles: Placed; readonly anatomy: Anatomy | null }> {
  const problems: Problem[] = []
  const placed: Partial<Record<Role, readonly Volume[]>> = {}
  const image = run.series[0]?.name.path ?? ''
  const coregistered = coregister(companions, prepared, run)
  if (!coregistered.ok) return coregistered
  const found = coregistered.value
  problems.push(...(found?.problems ?? []))
  const carried: Problem[] = []
  for (const request of work.planned.requests) {
    const volumes = companions[request.role]
    if (!volumes) continue
    if (request.grid === 'own') {
      placed[request.role] = volumes
      continue
    }
    const moved: Volume[] = []
    for (const [index, volume] of volumes.entries()) {
      const name = run.roles[request.role]?.[index]?.name.path ?? request.role
      const result = placeVolume(
        volume,
        name,
        request,
        prepared.reference,
        found?.moves(request.role, volume, run.roles[request.role]?.[index]) ? found.motion : STILL,
      )
      if (!result.ok && request.required) return result
      if (result.ok) moved.push(result.value)
      // One of several that is not here holds nothing: the others must still meet their names.
      else if (request.how === 'label' && volumes.length > 1) moved.push(blank(prepared.reference))
      if (result.ok) carried.push(...result.problems)
      else
        problems.push(
          ...result.problems.map(({ message }) =>
            problem('ROLE_UNUSED', `${message} It is not used as ${request.role}.`),
          ),
        )
    }
    if (moved.length > 0) placed[request.role] = moved
  }
  problems.push(...together(carried))
  const isWanted = run.options['output-spaces']?.includes('T1w') ?? false
  // Where the search failed the headers are all there is, and no transform is claimed.
  const isLost = found?.problems.some(({ code }) => code === 'COREGISTRATION_FAILED') === true
  const grid = isLost ? undefined : companions.gm?.[0]?.grid
  if (isWanted && !grid && work.planned.requests.some(({ role }) => role === 'gm'))
    problems.push(
      problem(
        'SPACE_UNKNOWN',
        `${image}: ${isLost ? 'the tissues of the T1w image could not be registered to it' : 'there are no tissue maps of a T1w image that could be registered to it'}; nothing is written in the space of T1w.`,
        { file: image },
      ),
    )
  return good({ roles: placed, anatomy: grid ? { grid, motion: found?.motion ?? STILL } : null }, problems)
}

/** Images that were carried alike, in one sentence: three maps of tissue are not three things to read. */
function together(problems: readonly Problem[]): Problem[] {
  const alike = new Map<string, Problem[]>()
  for (const one of problems) {
    const how = one.message.slice((one.file ?? '').length)
    alike.set(how, [...(alike.get(how) ?? []), one])
  }
  return [...alike].map(([how, [first, ...more]]) =>
    more.length === 0
      ? first!
      : {
          ...first!,
          message: `${[first!, ...more].map(({ file }) => file).join(', ')}${how.replace(' lies on', ' lie on').replace(' was brought', ' were brought')}`,
        },
  )
}

/** An image of 0. */
function blank({ grid, header }: Prepared['reference']): Volume {
  return { grid, header, frames: 1, data: new Uint8Array(voxelCount(grid)), slope: 1, intercept: 0 }
}

function binary(volume: Volume): Uint8Array {
  const n = volume.data.length / volume.frames
  const mask = new Uint8Array(n)
  for (let voxel = 0; voxel < n; voxel++)
    mask[voxel] = volume.slope * volume.data[voxel]! + volume.intercept > 0.5 ? 1 : 0
  return mask
}
