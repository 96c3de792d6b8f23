import { basename, join } from 'node:path'
import { isFolder } from './bids/disk.ts'
import { parseMemory } from './command.ts'
import type { Modality } from './modalities/modality.ts'
import type { Options } from './options.ts'
import { openCall } from './run/call.ts'
import { methodsIn, writeCitation, writeDatasetFiles } from './run/dataset-files.ts'
import { execute } from './run/execute.ts'
import { gatherInChild } from './run/group.ts'
import { checkOutput, look } from './run/look.ts'
import { EXIT, Refusal, type Summary, summarise } from './run/outcome.ts'
import { makePlan } from './run/plan.ts'
import { rebuildReports } from './run/rebuild.ts'
import { recordPaths } from './run/records.ts'
import { grantedResources } from './run/resources.ts'
import type { Surroundings } from './run/surroundings.ts'
import { validateInput } from './run/validation.ts'

/** One call of the program, as the command line states it. */
export interface Request {
  readonly input: string
  readonly output: string
  readonly levels: readonly ('participant' | 'group')[]
  readonly options: Options
}

/**
 * The whole program, top to bottom: look, decide, do, gather.
 *
 * @param request - what to process, to where, and how
 * @param kinds - the slices, in the order of the report
 * @param around - clock, environment and listener
 * @returns what became of it, with the exit code; the plan alone for `--dry-run` and `--list-participants`
 * @throws Refusal where the call as a whole cannot be done, with its exit code
 */
export async function perfuse(request: Request, kinds: readonly Modality[], around: Surroundings): Promise<Summary> {
  const { options } = request
  if (!request.levels.includes('participant')) return gather(request, around)
  if (options['reports-only']) return report(request, around)

  const seen = look(request, around)
  const plan = makePlan({ ...seen, input: request.input, kinds, options })
  if (plan.tasks.length === 0) throw new Refusal(EXIT.nothingSelected, seen.nothing(plan))
  // A list that can be made is made, whatever will become of those that are on it.
  if (options['list-participants'])
    return { code: EXIT.done, line: `${plan.participants.length} participants`, stopped: false, plan }
  if (options['dry-run']) return { ...summarise(plan, null), plan }

  const granted = grantedResources(around.env)
  const processors = options.nprocs ?? granted.processors
  const memory = parseMemory(options) ?? granted.memory
  const call = openCall(request.output, options, { tasks: plan.tasks.length, processors, memory }, around)
  try {
    writeDatasetFiles({
      ...call,
      ...request,
      version: around.version,
      container: around.container,
      derivatives: seen.derivatives,
    })
    const place = {
      ...call,
      ...request,
      processors,
      memory,
      force: options['force-rerun'],
      stopOnCrash: options['stop-on-first-crash'],
    }
    const executed = await execute(plan.tasks, kinds, place, call.around, () =>
      validateInput(seen, plan, options, call.around),
    )
    writeCitation(methodsIn(request.output), { ...call, ...request })
    const summary = summarise(plan, executed, { logs: `logs/${basename(call.logs)}`, stopped: around.signal.aborted })
    return await withGroup(summary, request, { ...call, version: around.version }, call.around)
  } finally {
    call.close()
  }
}

/** The reports alone, and with the group level its page: from the derivatives. */
async function report(request: Request, around: Surroundings): Promise<Summary> {
  checkDerivatives(request)
  const { processors, memory } = grantedResources(around.env)
  const call = openCall(request.output, request.options, null, around)
  try {
    const place = {
      ...call,
      ...request,
      processors: request.options.nprocs ?? processors,
      memory: parseMemory(request.options) ?? memory,
    }
    const summary = await rebuildReports(request.options['participant-label'], place, call.around)
    return await withGroup(summary, request, { ...call, version: around.version }, call.around)
  } finally {
    call.close()
  }
}

const STOPPED = 'stopped before the group tables were written'

/** The group level after what was asked for before it, unless that was stopped. */
async function withGroup(
  summary: Summary,
  { levels, output }: Request,
  { staging, version }: { readonly staging: string; readonly version: string },
  around: Surroundings,
): Promise<Summary> {
  if (!levels.includes('group') || summary.stopped) return summary
  const gathered = await gatherInChild({ output, staging, version }, around)
  return gathered ? summary : { ...summary, code: EXIT.again, line: `${summary.line}; ${STOPPED}`, stopped: true }
}

/** The group level alone: from the derivatives, whatever the input folder holds. */
async function gather(request: Request, around: Surroundings): Promise<Summary> {
  checkDerivatives(request)
  const call = openCall(request.output, request.options, null, around)
  try {
    const work = { output: request.output, staging: call.staging, version: around.version }
    const gathered = await gatherInChild(work, call.around)
    if (!gathered) return { code: EXIT.again, line: STOPPED, stopped: true }
    // Participants that were processed at the same time have each written what was there at their end.
    writeCitation(gathered.methods, { ...call, ...request })
    return {
      code: 0,
      line: `group tables of ${gathered.runs} runs in ${join(request.output, 'group.html')}`,
      stopped: false,
    }
  } finally {
    call.close()
  }
}

/** What is made from derivatives needs them, and nothing of the input folder but that it exists. */
function checkDerivatives({ input, output }: Request): void {
  checkOutput(output)
  if (!isFolder(input))
    throw new Refusal(EXIT.missing, `the dataset ${input} does not exist; in a container, check the bind mounts.`)
  if (recordPaths(output).length === 0)
    throw new Refusal(
      EXIT.missing,
      `${output} holds no results of perfquant (no sub-*/**/*_desc-provenance_*.json); run the participant level first`,
    )
}
