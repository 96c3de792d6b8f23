import { join } from 'node:path'
import { touch, writeWhole } from '../bids/disk.ts'
import { validationProblems } from '../bids/validate.ts'
import type { Modality, Role, Run, Source } from '../modalities/modality.ts'
import { type Problem, problem } from '../problems.ts'
import { completeRecord } from './complete.ts'
import { describeOutput } from './describe.ts'
import { jobOf, takeLock, thisOwner } from './lock.ts'
import type { RunEnding, RunWork } from './participant.ts'
import { type Ending, makePool, type Pool, workInChild } from './pool.ts'
import { isReportCurrent, listRecords, reportPage, stateOfRecords } from './records.ts'
import type { ReportWork } from './report.ts'
import type { Outcome, Surroundings } from './surroundings.ts'
import type { PlannedTask } from './task.ts'
import type { Validated } from './validation.ts'

/** Where a call works, and with what. */
export interface Workplace {
  readonly input: string
  readonly output: string
  /** Folder of this call's staged files. */
  readonly staging: string
  /** Folder of this call's logs. */
  readonly logs: string
  readonly processors: number
  readonly memory: number
  readonly force: boolean
  readonly stopOnCrash: boolean
}

/** The output disk failed: the call stops, with what it was told. */
export class DiskFailure extends Error {
  override readonly name = 'DiskFailure'
}

/** System errors of the output disk, which no later run could survive. */
const DISK_ERRORS = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO', 'EACCES']

/** Runs whose inputs are compared with their records at once: a dataset that was copied has all its files read again. */
const CHECKS_AT_ONCE = 4

/** Memory of the program beside its runs: itself, and the validator [bytes]. */
const OWN_MEMORY = 250e6

/** Memory of a report: its images are 3D maps [bytes]. */
export const REPORT_MEMORY = 750e6

/** How often a report is made anew at most because other calls go on with its participant. */
const REPORT_ROUNDS = 5

/** What came of the runs, and of the reports. */
export interface Executed {
  readonly outcomes: readonly Outcome[]
  /** Participants whose report could not be written, with why. */
  readonly unreported: readonly string[]
}

/**
 * Do the tasks of a plan in child processes, each as soon as what it needs is there; then each participant's report.
 *
 * One bad run never stops the others; only the output disk, a signal or `--stop-on-first-crash` does.
 *
 * @param tasks - in an order in which none comes before what it needs
 * @param validate - asks the BIDS validator; called once, when the first run really starts
 * @throws DiskFailure where the output disk cannot be written
 */
export async function execute(
  tasks: readonly PlannedTask[],
  kinds: readonly Modality[],
  place: Workplace,
  around: Surroundings,
  validate: () => Promise<Validated>,
): Promise<Executed> {
  const stop = new AbortController()
  const signal = AbortSignal.any([around.signal, stop.signal])
  const room = Math.max(0, place.memory - OWN_MEMORY)
  const pool = makePool(place.processors, room)
  const checks = makePool(CHECKS_AT_ONCE, Number.POSITIVE_INFINITY)
  let asked: Promise<Validated> | undefined
  const validation = () => {
    asked ??= validate()
    return asked
  }
  const shop: Shop = {
    tasks,
    kinds,
    place,
    around,
    room,
    pool,
    checks,
    validation,
    signal,
    stopAll: () => stop.abort(),
    done: 0,
    disk: null,
  }
  const settled = new Map<string, Promise<Outcome>>()
  for (const planned of tasks) {
    const needs = planned.task.needs.map(id => settled.get(id))
    settled.set(
      planned.task.id,
      Promise.all(needs).then(found =>
        runTask(
          shop,
          planned,
          found.filter(item => item !== undefined),
        ),
      ),
    )
  }
  const participants = [...new Set(tasks.map(({ task }) => task.participant))]
  const reports = participants.map(async participant => {
    const own = tasks.filter(({ task }) => task.participant === participant)
    const outcomes = await Promise.all(own.map(({ task }) => settled.get(task.id)))
    return reportTask(
      shop,
      participant,
      outcomes.filter(item => item !== undefined),
    )
  })
  const [outcomes, unreported] = await Promise.all([Promise.all(settled.values()), Promise.all(reports)])
  if (shop.disk !== null) throw new DiskFailure(shop.disk)
  return { outcomes, unreported: unreported.flat() }
}

/** What all tasks of a call share. */
interface Shop {
  readonly tasks: readonly PlannedTask[]
  readonly kinds: readonly Modality[]
  readonly place: Workplace
  readonly around: Surroundings
  /** Memory for all runs together [bytes]. */
  readonly room: number
  readonly pool: Pool
  /** Places for looking whether a run is complete already. */
  readonly checks: Pool
  /** What the validator found; asks it at the first call. */
  readonly validation: () => Promise<Validated>
  readonly signal: AbortSignal
  readonly stopAll: () => void
  done: number
  /** What the disk said, once it failed. */
  disk: string | null
}

/** The outcome of a task. A disk that fails under this process itself (a lock, a line of the log) stops the call like one that fails under a child. */
async function runTask(shop: Shop, planned: PlannedTask, needs: readonly Outcome[]): Promise<Outcome> {
  try {
    return await attempt(shop, planned, needs)
  } catch (error) {
    if (!stopForDisk(shop, error instanceof Error ? error.message : '')) throw error
    return { id: planned.task.id, label: planned.task.label, status: 'stopped', problems: [], seconds: 0 }
  }
}

/** Whether a message is that of a failing disk; then everything stops. */
function stopForDisk(shop: Shop, message: string): boolean {
  if (!DISK_ERRORS.some(code => message.includes(code))) return false
  shop.disk ??= message.replace(/^Error: /, '')
  shop.stopAll()
  return true
}

async function attempt(shop: Shop, planned: PlannedTask, needs: readonly Outcome[]): Promise<Outcome> {
  const { around, place } = shop
  const { task } = planned
  let started = around.now().getTime()
  const end = (status: Outcome['status'], problems: readonly Problem[]): Outcome => {
    const outcome: Outcome = {
      id: task.id,
      label: task.label,
      status,
      problems,
      seconds: (around.now().getTime() - started) / 1000,
    }
    shop.done++
    around.say({ event: 'end', ...outcome, done: shop.done, total: shop.tasks.length })
    return outcome
  }
  if (shop.signal.aborted) return end('stopped', [])
  const filled = fillPending(planned, needs, place.output)
  const kind = shop.kinds.find(({ name }) => name === task.kind)
  const { problems } = filled
  const ready: PlannedTask = { ...planned, run: filled.run }
  if (kind && !place.force && !problems.some(({ severity }) => severity === 'error')) {
    const record = await shop.checks.add(0, () => completeRecord(ready, kind, { ...place, version: around.version }))
    if (record) return end(record.status === 'partial' ? 'partial' : 'already', record.problems)
  }
  if (task.status === 'planned' && task.memory > shop.room)
    return end('refused', [
      ...task.problems,
      problem(
        'RUN_TOO_LARGE',
        `${task.label} needs about ${megabytes(task.memory)} beside ${megabytes(OWN_MEMORY)} for the program, and ${megabytes(place.memory)} are allowed; give --mem ${megabytes(task.memory + OWN_MEMORY).replace(' ', '')} or more.`,
      ),
    ])
  return shop.pool.add(task.memory, async () => {
    if (shop.signal.aborted) return end('stopped', [])
    // Waiting for a place is not part of the run.
    started = around.now().getTime()
    around.say({ event: 'start', id: task.id, label: task.label })
    const token = `${around.token}/${task.id}`
    const lockPath = join(place.output, '.perfquant', 'lock', `${task.id.replaceAll('/', '_')}.json`)
    const lock = takeLock(lockPath, thisOwner(around.host, around.pid, token, jobOf(around.env)))
    if ('heldBy' in lock)
      return end('refused', [
        problem(
          'RUN_LOCKED',
          `${task.label} is being worked on by ${lock.heldBy}; wait for it, or remove ${lockPath} if it is gone.`,
        ),
      ])
    try {
      const work: RunWork = {
        do: 'run',
        planned: ready,
        problems,
        input: place.input,
        output: place.output,
        staging: join(place.staging, task.id.replaceAll('/', '_')),
        lock: { path: lockPath, token },
        memory: shop.room,
        version: around.version,
        execution: {
          started: around.now().toISOString(),
          host: around.host,
          node: around.node,
          container: around.container,
          command: around.commandLine,
        },
      }
      return conclude(shop, planned, await workInChild(around.entry, work, shop.signal, verdictOn(shop, planned)), end)
    } finally {
      lock.release()
    }
  })
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`
}

/** What the validator found in the files that a run reads. It works while the run computes; a run waits for it to write. */
async function verdictOn(shop: Shop, { task, files }: PlannedTask): Promise<readonly Problem[]> {
  if (task.status === 'refused') return []
  const { issues, recognised } = await shop.validation()
  // A validator that was stopped has found nothing: what it would have said is not known, and nothing may be written.
  if (shop.signal.aborted) throw new Error('stopped before the validator had answered')
  return validationProblems(issues, new Set([...task.series, ...files, ...rawRoles(task.roles)]), recognised)
}

function rawRoles(roles: PlannedTask['task']['roles']): string[] {
  return Object.values(roles)
    .flat()
    .flatMap(uri => /^bids:raw:(.+)$/.exec(uri)?.[1] ?? [])
}

/** The run with the roles that other tasks fill: there now, or missing with a problem as grave as the role. */
function fillPending(
  planned: PlannedTask,
  needs: readonly Outcome[],
  output: string,
): { readonly run: Run | null; readonly problems: readonly Problem[] } {
  if (!planned.run) return { run: null, problems: [] }
  const roles: Partial<Record<Role, readonly Source[]>> = { ...planned.run.roles }
  const problems: Problem[] = []
  for (const { role, uri, task, required } of planned.pending) {
    const need = needs.find(({ id }) => id === task)
    const good = need && ['complete', 'already', 'partial'].includes(need.status)
    const source = good ? describeOutput(uri, output) : null
    if (source?.ok) roles[role] = [source.value]
    else {
      const why =
        source?.problems[0]?.message ??
        need?.problems.find(({ severity }) => severity === 'error')?.message ??
        `${task} ended as ${need?.status}.`
      problems.push(
        required
          ? problem('NEED_FAILED', `${role} was to come from ${task}, which was not made: ${why}`)
          : problem(
              'NEED_WITHOUT',
              `${role} was to come from ${task}, which was not made; the run does without. ${why}`,
            ),
      )
    }
  }
  return { run: { ...planned.run, roles, pending: [] }, problems }
}

/** The outcome that a child's ending stands for; a crash leaves its stack in a file, a full disk stops the call. */
function conclude(
  shop: Shop,
  planned: PlannedTask,
  ending: Ending,
  end: (status: Outcome['status'], problems: readonly Problem[]) => Outcome,
): Outcome {
  const { task } = planned
  const { place } = shop
  if (ending.kind === 'done') {
    const { status, problems }: RunEnding = ending.value as RunEnding
    return end(status, problems)
  }
  if (shop.signal.aborted && ending.kind === 'killed') return end('stopped', [])
  if (ending.kind === 'killed') {
    const by = ending.signal ? `by ${ending.signal}` : `with exit code ${ending.code}`
    const size = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
    const memory =
      ending.signal === 'SIGKILL'
        ? ` The usual cause is memory: ${size(task.memory)} was estimated, ${size(place.memory)} allowed; lower --nprocs or ask for more.`
        : ''
    if (ending.said) crashFile(shop, task.id, ending.said)
    return end('failed', [
      ...task.problems,
      problem('RUN_KILLED', `The process of ${task.label} was ended ${by}.${memory}`),
    ])
  }
  if (stopForDisk(shop, ending.stack.split('\n')[0] ?? '')) return end('stopped', [])
  const path = crashFile(shop, task.id, `${ending.stack}\n\n${ending.said}`)
  if (place.stopOnCrash) shop.stopAll()
  return end('failed', [
    ...task.problems,
    problem(
      'RUN_CRASHED',
      `${task.label} ended by a defect of the program (${ending.stack.split('\n')[0]}); please report it with ${path}.`,
    ),
  ])
}

function crashFile(shop: Shop, id: string, text: string): string {
  const path = join(shop.place.logs, `crash-${id.replaceAll('/', '_')}.txt`)
  writeWhole(path, text, shop.place.staging)
  return path
}

/** Write a participant's report after its runs; nothing to do where none of them changed. @returns why it could not be written */
async function reportTask(shop: Shop, participant: string, outcomes: readonly Outcome[]): Promise<readonly string[]> {
  try {
    return await attemptReport(shop, participant, outcomes)
  } catch (error) {
    if (!stopForDisk(shop, error instanceof Error ? error.message : '')) throw error
    return []
  }
}

async function attemptReport(
  shop: Shop,
  participant: string,
  outcomes: readonly Outcome[],
): Promise<readonly string[]> {
  const { place } = shop
  if (shop.signal.aborted) return []
  const changed = outcomes.some(({ status }) => status !== 'already')
  if (!changed && !place.force && isReportCurrent(place.output, participant)) return []
  for (let round = 0; round < REPORT_ROUNDS; round++) {
    const before = stateOfRecords(place.output, participant)
    const failure = await makeReport(shop, participant, outcomes)
    if (failure || shop.signal.aborted) return failure ? [failure] : []
    // A page that came out as it was is current all the same.
    if (!isReportCurrent(place.output, participant)) touch(reportPage(place.output, participant))
    // Another call has finished a session of this participant meanwhile: one of the two pages lacks it, perhaps ours.
    if (stateOfRecords(place.output, participant) === before) break
  }
  return []
}

/** Write the report in a child process; why it could not be written, null where it was. */
async function makeReport(shop: Shop, participant: string, outcomes: readonly Outcome[]): Promise<string | null> {
  const { around, place } = shop
  const stored = listRecords(place.output, participant)
  // A refusal that has its own record is shown from it; one that left an earlier result untouched is shown beside that.
  const failures = outcomes
    .filter(
      ({ id, status }) =>
        ['failed', 'stopped', 'refused'].includes(status) &&
        stored.find(({ record }) => record.id === id)?.record.status !== 'refused',
    )
    .map(({ label, problems }) => ({
      label,
      message: problems.find(({ severity }) => severity === 'error')?.message ?? 'The run was stopped.',
    }))
  const records = stored.map(({ path }) => path)
  const ending = await shop.pool.add(REPORT_MEMORY, () =>
    workInChild(
      around.entry,
      {
        do: 'report',
        participant,
        output: place.output,
        staging: join(place.staging, `report-${participant}`),
        records,
        failures,
      } satisfies ReportWork,
      shop.signal,
    ),
  )
  if (ending.kind === 'done' || shop.signal.aborted) return null
  if (ending.kind === 'crashed' && stopForDisk(shop, ending.stack.split('\n')[0] ?? '')) return null
  const text =
    ending.kind === 'crashed'
      ? `${ending.stack}\n\n${ending.said}`
      : `killed by ${ending.signal ?? ending.code}\n${ending.said}`
  return `the report of sub-${participant} could not be written; see ${crashFile(shop, `report-${participant}`, text)}`
}
