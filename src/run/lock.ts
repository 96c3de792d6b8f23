import { dirname, join } from 'node:path'
import {
  createExclusively,
  fileFacts,
  fileSystemTime,
  isFolder,
  linkTarget,
  listFolder,
  makeFolder,
  readText,
  remove,
  touch,
  writeNew,
} from '../bids/disk.ts'

/** Who holds a lock or owns a staging folder: enough to tell whether that process still lives. */
export interface Owner {
  readonly host: string
  readonly pid: number
  /** The namespace that the pid counts in: a container may have its own. */
  readonly namespace: string
  /** When the process started, in clock ticks since boot: a pid that was given again differs here. */
  readonly ticks: string
  /** Unlike any other, even of the same process. */
  readonly token: string
  /** The batch job that the process belongs to, and how often that was started again. */
  readonly job?: Job
}

/** A job of a batch system that queues jobs again. */
export interface Job {
  readonly id: string
  readonly restarts: number
}

/** The Slurm job that an environment belongs to. */
export function jobOf(env: Readonly<Record<string, string | undefined>>): Job | null {
  const id = env['SLURM_JOB_ID']
  return id ? { id, restarts: Number(env['SLURM_RESTART_COUNT'] ?? 0) } : null
}

/** A sign of life every 15 s; without one for 15 min a holder on another machine counts as gone. */
const BEAT_MS = 15_000
const SILENCE_MS = 15 * 60_000

/** This process as the owner of something. */
export function thisOwner(host: string, pid: number, token: string, job: Job | null = null): Owner {
  const namespace = linkTarget('/proc/self/ns/pid') ?? ''
  return { host, pid, namespace, ticks: startTicks(pid), token, ...(job ? { job } : {}) }
}

function startTicks(pid: number): string {
  try {
    // Fields after the command in parentheses, which may hold spaces itself; the start time is field 22 of the line.
    const fields = readText(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ')
    // One that has ended and whose parent has not asked yet (in a container perhaps never) does nothing any more.
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '')
  } catch {
    return ''
  }
}

function parseOwner(path: string): Owner | null {
  try {
    const owner: Owner = JSON.parse(readText(path))
    return owner
  } catch {
    // Absent, or being written at this moment.
    return null
  }
}

/**
 * Whether the owner that a file names is gone. On this machine its process is looked for; elsewhere its signs of life are.
 *
 * @param now - the time of the file system, by which its signs of life are dated, too
 */
function isGone(path: string, self: Owner, now: number): boolean {
  const facts = fileFacts(path)
  if (!facts) return true
  const silent = now - facts.mtimeMs > SILENCE_MS
  const owner = parseOwner(path)
  if (!owner) return silent
  // A job that was queued again has been ended before, on whichever machine that was.
  if (owner.job && owner.job.id === self.job?.id && owner.job.restarts < self.job.restarts) return true
  if (owner.host !== self.host || owner.namespace !== self.namespace || owner.namespace === '') return silent
  return startTicks(owner.pid) !== owner.ticks || owner.ticks === ''
}

/** A lock that is held. */
export interface Lock {
  readonly path: string
  release(): void
}

/**
 * Take the lock of a task; the holder's name where another process has it.
 *
 * @param path - the lock file
 * @param self - this process
 * @param now - the clock [ms]; by default that of the file system, for machines may differ in theirs
 */
export function takeLock(
  path: string,
  self: Owner,
  now: () => number = () => fileSystemTime(dirname(path)),
): Lock | { readonly heldBy: string } {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (createExclusively(path, JSON.stringify(self))) {
      const rest = beat(path, self.token)
      return {
        path,
        release: () => {
          rest()
          if (isOwn(path, self.token)) remove(path)
        },
      }
    }
    if (!isGone(path, self, now())) break
    remove(path)
  }
  const owner = parseOwner(path)
  return { heldBy: owner ? `process ${owner.pid} on ${owner.host}` : 'another process' }
}

/** Give a sign of life with a file of ours now and then; the answer ends that. */
function beat(path: string, token: string): () => void {
  const timer = setInterval(() => {
    try {
      if (isOwn(path, token)) touch(path)
    } catch {
      // Taken in this moment, or a disk that does not answer: the next beat may reach it.
    }
  }, BEAT_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Whether a lock is still the one that was taken with this token: a worker asks before every rename. */
export function isOwn(path: string, token: string): boolean {
  return parseOwner(path)?.token === token
}

/**
 * Make a staging folder. Its owner stands beside it, there before the folder and gone after it, so that a folder without
 * an owner is always one that was left behind.
 *
 * @returns removes the folder with all in it
 */
export function makeStagingFolder(folder: string, self: Owner): () => void {
  const owner = `${folder}.json`
  writeNew(owner, JSON.stringify(self))
  makeFolder(folder)
  const rest = beat(owner, self.token)
  return () => {
    rest()
    remove(folder)
    remove(owner)
  }
}

/**
 * Remove what calls that are gone have left: staging folders with the files of their owners, and locks.
 *
 * @param now - the time [ms]; by default by the clock of the file system
 */
export function sweep(
  folders: { readonly staging: string; readonly locks: string },
  self: Owner,
  now = fileSystemTime(folders.staging),
): void {
  const stems = new Set(listFolder(folders.staging).map(({ name }) => name.replace(/\.json$/, '')))
  for (const stem of stems) {
    const folder = join(folders.staging, stem)
    if (!isGone(`${folder}.json`, self, now)) continue
    remove(folder)
    remove(`${folder}.json`)
  }
  if (!isFolder(folders.locks)) return
  for (const { name } of listFolder(folders.locks))
    if (isGone(join(folders.locks, name), self, now)) remove(join(folders.locks, name))
}
