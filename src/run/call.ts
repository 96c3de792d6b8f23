import { join } from 'node:path'
import pino from 'pino'
import { appendText, makeFolder, remove, writeNew } from '../bids/disk.ts'
import { formatOptions } from '../command.ts'
import type { Options } from '../options.ts'
import { sweepStaging, thisOwner } from './lock.ts'
import { EXIT, Refusal } from './outcome.ts'
import type { RunEvent, Surroundings } from './surroundings.ts'

/** A call that has its folders: where it stages, where it logs. */
export interface Call {
  readonly staging: string
  readonly logs: string
  /** The surroundings, with every event logged, too. */
  readonly around: Surroundings
}

/**
 * Open a call: its staging folder (those of calls that are gone are swept), its log folder, its options as they count.
 *
 * @throws Refusal (73) where the output folder cannot be created or written
 */
export function openCall(output: string, options: Options, begin: { readonly tasks: number; readonly processors: number; readonly memory: number } | null, around: Surroundings): Call {
  const id = `${around.now().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}_${around.token}`
  const staging = join(output, '.perfquant', 'tmp', id)
  const logs = join(output, 'logs', id)
  const owner = thisOwner(around.host, around.pid, around.token)
  try {
    makeFolder(logs)
    makeFolder(staging)
    writeNew(join(staging, 'owner.json'), JSON.stringify(owner))
    sweepStaging(join(output, '.perfquant', 'tmp'), owner, around.now().getTime())
    writeNew(join(logs, 'perfquant.toml'), formatOptions(options))
    writeNew(join(logs, 'perfquant.jsonl'), '')
  } catch (error) {
    throw new Refusal(EXIT.cannotCreate, `the output folder ${output} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write: line => appendText(join(logs, 'perfquant.jsonl'), line) })
  const say = (event: RunEvent) => {
    log.info(event)
    around.say(event)
  }
  log.info({ event: 'call', version: around.version, node: around.node, host: around.host, command: around.commandLine, container: around.container })
  if (begin) say({ event: 'begin', ...begin, logs })
  return { staging, logs, around: { ...around, say } }
}

/** Close a call: nothing of its staging remains. */
export function closeCall(call: Call): void {
  remove(call.staging)
}
