import { join } from 'node:path'
import { createExclusively, fileFacts, linkTarget, listFolder, readText, remove, touch } from '../bids/disk.ts'

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
}

/** A sign of life every 15 s; without one for 15 min a holder on another machine counts as gone. */
const BEAT_MS = 15_000
const SILENCE_MS = 15 * 60_000

/** This process as the owner of something. */
export function thisOwner(host: string, pid: number, token: string): Owner {
  return { host, pid, namespace: linkTarget('/proc/self/ns/pid') ?? '', ticks: startTicks(pid), token }
}

function startTicks(pid: number): string {
  try {
    // Fields after the command in parentheses, which may hold spaces itself; the start time is field 22 of the line.
    return readText(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ')[19] ?? ''
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

/** Whether the owner that a file names is gone. On this machine its process is looked for; elsewhere its signs of life are. */
function isGone(path: string, self: Owner, now: number): boolean {
  const facts = fileFacts(path)
  if (!facts) return true
  const silent = now - facts.mtimeMs > SILENCE_MS
  const owner = parseOwner(path)
  if (!owner) return silent
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
 * @param now - the clock [ms]
 */
export function takeLock(path: string, self: Owner, now: () => number): Lock | { readonly heldBy: string } {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (createExclusively(path, JSON.stringify(self))) {
      const beat = setInterval(() => {
        if (isOwn(path, self.token)) touch(path)
      }, BEAT_MS)
      beat.unref()
      return {
        path,
        release: () => {
          clearInterval(beat)
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

/** Whether a lock is still the one that was taken with this token: a worker asks before every rename. */
export function isOwn(path: string, token: string): boolean {
  return parseOwner(path)?.token === token
}

/** Remove the staging folders whose owners are gone. Each holds an `owner.json`. */
export function sweepStaging(folder: string, self: Owner, now: number): void {
  for (const entry of listFolder(folder)) {
    if (entry.kind === 'folder' && isGone(join(folder, entry.name, 'owner.json'), self, now)) remove(join(folder, entry.name))
  }
}
