import { runValidator } from '../bids/validate.ts'
import type { Modality } from '../modalities/modality.ts'
import type { Problem } from '../problems.ts'
import { type GroupWork, gatherGroup } from './group.ts'
import { processRun, type RunWork } from './participant.ts'
import type { Answer } from './pool.ts'
import { type ReportWork, writeReport } from './report.ts'

/** The BIDS validation of the input dataset. */
export interface ValidateWork {
  readonly do: 'validate'
  readonly root: string
  readonly files: readonly string[]
  readonly validator: string
}

/** Anything that a child process can be asked to do. */
export type Work = RunWork | ReportWork | GroupWork | ValidateWork

/**
 * Be a worker: take one piece of work from the parent, do it, answer, and end.
 *
 * A worker whose parent is gone ends at once: it never outlives it, and what it had not moved to its name is left in the
 * staging folder, which the next call sweeps.
 */
export function serve(kinds: readonly Modality[]): void {
  process.on('disconnect', () => process.exit(0))
  process.on('SIGTERM', () => process.exit(143))
  // A terminal sends ^C, a batch system SIGUSR1 to the whole group: the parent decides what becomes of its workers. (Without
  // a listener SIGUSR1 would start the debugger.)
  for (const signal of ['SIGINT', 'SIGUSR1'] as const) process.on(signal, () => {})
  // Gone while this file was loading.
  if (!process.connected) process.exit(0)
  let tell = (_later: unknown) => {}
  const later = new Promise<unknown>(resolve => {
    tell = resolve
  })
  process.on('message', (message: { readonly work: Work } | { readonly later: unknown }) => {
    if ('later' in message) return tell(message.later)
    perform(message.work, kinds, later)
      .then(
        (value): Answer => ({ kind: 'done', value }),
        (error: unknown): Answer => ({
          kind: 'crashed',
          stack: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
      )
      // Told, then gone. (A parent that disconnects would never see the child's streams close.)
      .then(answer => process.send?.(answer, () => process.disconnect()))
  })
}

function perform(work: Work, kinds: readonly Modality[], later: Promise<unknown>): Promise<unknown> {
  if (work.do === 'run') return processRun(work, kinds, later as Promise<readonly Problem[]>)
  if (work.do === 'report') return writeReport(work)
  if (work.do === 'group') return gatherGroup(work)
  return runValidator(work.root, work.files, work.validator)
}
