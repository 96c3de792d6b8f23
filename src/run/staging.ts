import { join } from 'node:path'
import { exists, moveFile, remove, writeNew } from '../bids/disk.ts'
import { isOwn } from './lock.ts'

/** Files of one run on their way: written aside, whole, and moved to their names together. */
export interface Staging {
  /** Write a file aside. @param path - its final path, relative to the output dataset */
  add(path: string, content: string | Uint8Array): void
  /**
   * Move all files to their names, the record last.
   *
   * @param record - path of the provenance record among the added files
   * @param stale - files of an earlier run that this one no longer writes
   */
  commit(record: string, stale: readonly string[]): void
}

/** Another process took the lock: what it writes counts, what we hold does not. */
export class LockLost extends Error {}

/**
 * A staging area.
 *
 * @param output - the output dataset
 * @param folder - where files wait, on the same file system
 * @param lock - the lock file and our token: asked before every rename
 */
export function makeStaging(
  output: string,
  folder: string,
  lock: { readonly path: string; readonly token: string },
): Staging {
  const added: string[] = []
  const move = (path: string) => {
    if (!isOwn(lock.path, lock.token)) throw new LockLost(`the lock ${lock.path} was taken by another process`)
    moveFile(join(folder, path), join(output, path))
  }
  return {
    add(path, content) {
      writeNew(join(folder, path), content)
      added.push(path)
    },
    commit(record, stale) {
      if (!isOwn(lock.path, lock.token)) throw new LockLost(`the lock ${lock.path} was taken by another process`)
      // Before the record that lists them: a kill in between leaves a run that is incomplete, and no file that nobody knows.
      for (const path of stale) if (!added.includes(path)) remove(join(output, path))
      // Without its record a run is incomplete: from here to the last rename a kill leaves work to do, never a false claim.
      if (exists(join(output, record))) remove(join(output, record))
      for (const path of added) if (path !== record) move(path)
      move(record)
      remove(folder)
    },
  }
}
