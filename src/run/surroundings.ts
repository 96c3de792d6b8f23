import type { Problem } from '../problems.ts'

/** What happened, for whoever shows it: the terminal and the log. */
export type RunEvent =
  | { readonly event: 'note'; readonly message: string }
  | {
      readonly event: 'begin'
      readonly tasks: number
      readonly processors: number
      readonly memory: number
      readonly logs: string
    }
  | { readonly event: 'start'; readonly id: string; readonly label: string }
  | {
      readonly event: 'end'
      readonly id: string
      readonly label: string
      readonly status: Outcome['status']
      readonly seconds: number
      readonly problems: readonly Problem[]
      readonly done: number
      readonly total: number
    }

/** How one task ended. */
export interface Outcome {
  readonly id: string
  readonly label: string
  readonly status: 'complete' | 'already' | 'partial' | 'refused' | 'failed' | 'stopped'
  readonly problems: readonly Problem[]
  readonly seconds: number
}

/** The world around a call, handed in by `main`: nothing below it looks at the clock, the environment or the terminal. */
export interface Surroundings {
  /** The program's entry file, which a worker is forked from. */
  readonly entry: string
  /** The vendored BIDS validator. */
  readonly validator: string
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly host: string
  readonly pid: number
  readonly node: string
  /** What its Node was started with. */
  readonly nodeFlags: readonly string[]
  /** The command as it was typed. */
  readonly commandLine: string
  /** Image the program runs in, where it runs in one: `type:name`. */
  readonly container: string | null
  readonly now: () => Date
  /** Unlike any other call, even on another machine. */
  readonly token: string
  /** Aborts when the call is to stop. */
  readonly signal: AbortSignal
  readonly say: (event: RunEvent) => void
}

/**
 * The image that the program runs in, as its environment tells: `apptainer:<file>`, `singularity:<file>`, or, for an image
 * that names itself, `docker:perfquant:<version>`; null outside of any.
 */
export function containerOf(env: Surroundings['env']): string | null {
  for (const type of ['apptainer', 'singularity']) {
    const file = env[`${type.toUpperCase()}_CONTAINER`]
    if (file) return `${type}:${file}`
  }
  return env['PERFQUANT_IMAGE'] ? `docker:${env['PERFQUANT_IMAGE']}` : null
}
