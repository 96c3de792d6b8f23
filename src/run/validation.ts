import { filesToValidate } from '../bids/dataset.ts'
import type { Validation } from '../bids/validate.ts'
import type { Options } from '../options.ts'
import type { Seen } from './look.ts'
import { workInChild } from './pool.ts'
import type { Surroundings } from './surroundings.ts'
import type { Plan } from './task.ts'
import type { ValidateWork } from './worker.ts'

/** What the validator found, and the files whose names it need not know. */
export interface Validated {
  readonly issues: Validation['issues']
  readonly recognised: ReadonlySet<string>
}

/**
 * Validate the files of the selected participants in a child process; only what a planned run reads can refuse it.
 *
 * A validator that cannot be run is a note, never a failure: the checks that protect the numbers are our own.
 */
export async function validateInput(
  seen: Seen,
  plan: Plan,
  options: Options,
  around: Surroundings,
): Promise<Validated> {
  const recognised = new Set(plan.tasks.flatMap(({ task, files }) => [...task.series, ...files]))
  if (options['skip-bids-validation']) return { issues: [], recognised }
  const work: ValidateWork = {
    do: 'validate',
    root: seen.dataset.root,
    files: filesToValidate(seen.dataset),
    validator: around.validator,
  }
  const ending = await workInChild(around.entry, work, around.signal)
  if (ending.kind === 'done') {
    const validation = ending.value as Validation
    return { issues: validation.issues, recognised }
  }
  const why =
    ending.kind === 'crashed' ? ending.stack.split('\n')[0] : `it was ended by ${ending.signal ?? ending.code}`
  if (!around.signal.aborted)
    around.say({
      event: 'note',
      message: `the dataset was not validated: the BIDS validator could not be run (${why})`,
    })
  return { issues: [], recognised }
}
