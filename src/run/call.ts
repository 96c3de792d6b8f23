import { join } from 'node:path'
import pino from 'pino'
import { appendText, makeFolder, writeNew, writeWhole } from '../bids/disk.ts'
import { formatOptions } from '../command.ts'
import type { Options } from '../options.ts'
import { jobOf, makeStagingFolder, sweep, thisOwner } from './lock.ts'
import { EXIT, Refusal } from './outcome.ts'
import type { RunEvent, Surroundings } from './surroundings.ts'

/** A call that has its folders: where it stages, where it logs. */
export interface Call {
  readonly staging: string
  readonly logs: string
  /** The surroundings, with every event logged, too. */
  readonly around: Surroundings
  /** Close the call: nothing of its staging remains. */
  close(): void
}

/** The disk is full or out of order, which is another matter than a folder that cannot be made. */
const DISK_FAILS = /^(ENOSPC|EDQUOT|EFBIG|EIO)$/

/**
 * Open a call: its staging folder (what calls that are gone have left is swept), its log folder, its options as they count.
 *
 * @throws Refusal (73) where the output folder cannot be created or written
 */
export function openCall(
  output: string,
  options: Options,
  begin: { readonly tasks: number; readonly processors: number; readonly memory: number } | null,
  around: Surroundings,
): Call {
  // With the dot the validator cannot take the folder for one that is data itself (`sub-01_meg.ds`).
  const id = `${around.now().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}_${around.pid}.${around.token}`
  const tmp = join(output, '.perfquant', 'tmp')
  const staging = join(tmp, id)
  const logs = join(output, 'logs', id)
  const owner = thisOwner(around.host, around.pid, around.token, jobOf(around.env))
  let close = () => {}
  try {
    makeFolder(tmp)
    sweep({ staging: tmp, locks: join(output, '.perfquant', 'lock') }, owner)
    close = makeStagingFolder(staging, owner)
    makeFolder(logs)
    writeWhole(join(logs, 'perfquant.toml'), formatOptions(options), staging)
    writeNew(join(logs, 'perfquant.jsonl'), '')
  } catch (error) {
    close()
    if (error instanceof Error && 'code' in error && DISK_FAILS.test(String(error.code))) throw error
    throw new Refusal(
      EXIT.cannotCreate,
      `the output folder ${output} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  const log = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: line => appendText(join(logs, 'perfquant.jsonl'), line) },
  )
  const say = (event: RunEvent) => {
    log.info(event)
    around.say(event)
  }
  log.info({
    event: 'call',
    version: around.version,
    node: around.node,
    host: around.host,
    command: around.commandLine,
    container: around.container,
  })
  if (begin) say({ event: 'begin', ...begin, logs })
  return { staging, logs, around: { ...around, say }, close }
}
