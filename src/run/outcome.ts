import { type Problem, type Reason, reasonOf } from '../problems.ts'
import type { Executed } from './execute.ts'
import type { Plan } from './task.ts'

/** Exit codes: those of the BIDS execution specification. */
export const EXIT = {
  done: 0,
  some: 1,
  invalid: 16,
  level: 17,
  nothingSelected: 18,
  usage: 64,
  data: 65,
  missing: 66,
  cannotCreate: 73,
  disk: 74,
  again: 75,
} as const

/** The call as a whole cannot be done: the exit code and one sentence. */
export class Refusal extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** What became of a call. */
export interface Summary {
  readonly code: number
  /** The last line, without the program's name, outcome and code. */
  readonly line: string
  /** Where to look for more, in the output folder. */
  readonly see?: string
  readonly stopped: boolean
  readonly plan?: Plan
}

/** The exit code that stands for every run having ended for one reason. */
const CODE_OF: Readonly<Partial<Record<Reason, number>>> = {
  validation: EXIT.invalid,
  data: EXIT.data,
  missing: EXIT.missing,
  memory: EXIT.again,
  locked: EXIT.again,
  changed: EXIT.again,
}

/** Why a run ended without its results: the first problem that says so. */
function reasonFor(problems: readonly Problem[]): Reason | undefined {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(reasonOf)
    .find(reason => reason !== undefined)
}

/**
 * Outcome and exit code of a call: stopped (75), one reason for all (16, 65, 66, 75), some (1), none (0).
 *
 * @param plan - what was to be done
 * @param executed - what was done; null for planning alone, which judges the refusals of the plan
 */
export function summarise(
  plan: Plan,
  executed: Executed | null,
  call: { readonly logs?: string; readonly stopped?: boolean } = {},
): Summary {
  const outcomes =
    executed?.outcomes ??
    plan.tasks.map(({ task }) => ({
      id: task.id,
      label: task.label,
      status:
        task.status === 'refused'
          ? ('refused' as const)
          : task.problems.some(({ severity }) => severity === 'partial')
            ? ('partial' as const)
            : ('complete' as const),
      problems: task.problems,
      seconds: 0,
    }))
  const total = outcomes.length
  const bad = outcomes.filter(({ status }) => status !== 'complete' && status !== 'already')
  const stopped = call.stopped ?? false
  const see = call.logs ? { see: call.logs } : {}
  if (stopped)
    return {
      code: EXIT.again,
      stopped,
      line: `stopped with ${total - bad.length} of ${total} runs done; the same call continues`,
    }
  const unreported = executed?.unreported ?? []
  if (bad.length === 0)
    return unreported.length > 0
      ? { code: EXIT.some, stopped, line: `${total} of ${total} runs, but ${unreported.join('; ')}` }
      : { code: EXIT.done, stopped, line: `${total} of ${total} runs` }
  const reasons = new Set(bad.map(({ status, problems }) => (status === 'partial' ? undefined : reasonFor(problems))))
  const [reason] = reasons
  const one = bad.length === total && reasons.size === 1 && reason !== undefined ? CODE_OF[reason] : undefined
  const locked = bad.some(({ problems }) => problems.some(({ code }) => code === 'RUN_LOCKED'))
  return {
    code: one ?? (locked ? EXIT.again : EXIT.some),
    stopped,
    line: `${bad.length} of ${total} runs failed`,
    ...see,
  }
}
