import type { Role, RoleRequest, Run } from '../modalities/modality.ts'
import type { OptionName } from '../options.ts'
import type { Problem } from '../problems.ts'
import type { Fact } from '../report/record.ts'

/** One product of one participant, as the plan holds it. Plain JSON. */
export interface Task {
  /** Unique in the plan: kind and shared name of the series (`asl/sub-01_acq-3d`). */
  readonly id: string
  readonly kind: string
  readonly label: string
  readonly participant: string
  readonly session: string | null
  readonly status: 'planned' | 'refused'
  /** Images of the series, relative to the input dataset. */
  readonly series: readonly string[]
  /** Role to the images that serve in it, as BIDS URIs. */
  readonly roles: Readonly<Record<string, readonly string[]>>
  /** Tasks that must have ended before, and whether this one can do without them. */
  readonly needs: readonly string[]
  /** Every file it will write, relative to the output dataset, the provenance record last. */
  readonly outputs: readonly string[]
  /** The options that its result depends on. */
  readonly options: Readonly<Partial<Record<OptionName, unknown>>>
  /** Memory it will take [bytes]. */
  readonly memory: number
  /** What is known of the acquisition. */
  readonly facts: readonly Fact[]
  readonly problems: readonly Problem[]
}

/** A task with what its child process needs beside it. */
export interface PlannedTask {
  readonly task: Task
  /** Entities that all images of the series share. */
  readonly entities: Readonly<Record<string, string>>
  /** Absent where the run was refused before its inputs could be described. */
  readonly run: Run | null
  /** Roles that are filled by another task of this plan, by task id; `required` ones refuse the run when that fails. */
  readonly pending: readonly {
    readonly role: Role
    readonly uri: string
    readonly task: string
    readonly required: boolean
  }[]
  /** How each role is wanted. */
  readonly requests: readonly Omit<RoleRequest, 'raw'>[]
  /** Path of the provenance record, relative to the output dataset. */
  readonly record: string
  /** Files of the input dataset that the run reads, relative to it. */
  readonly files: readonly string[]
}

/** What will be done, and what was left alone and why. */
export interface Plan {
  readonly tasks: readonly PlannedTask[]
  readonly left: readonly { readonly image: string; readonly kind: string; readonly reason: string }[]
  readonly participants: readonly string[]
}
