/** One option of the command: the single source of the command line, the TOML file, the docs and the Boutiques descriptor. */
export interface OptionSpec {
  readonly type: 'flag' | 'count' | 'string' | 'number' | 'strings'
  /** Other spellings. */
  readonly alias?: readonly string[]
  /** Section of the TOML file and heading of the help. */
  readonly section: 'execution' | 'asl' | 'dsc' | 'dce' | 'ivim'
  readonly describe: string
  readonly choices?: readonly string[]
  readonly default?: string | number | boolean
  /** Closed range of a number. */
  readonly range?: readonly [number, number]
  readonly unit?: string
  /** Placeholder in the help. */
  readonly value?: string
  /** Accepted for familiarity, without effect: what to say about it, once. */
  readonly noEffect?: string
  /** Choices of the contract that this version cannot do; asking for one is refused with this sentence. */
  readonly notYet?: Readonly<Record<string, string>>
  /** A word that is accepted in place of a number. */
  readonly word?: string
  /** The value is a file that serves in this role, in the runs of the option's section (of all techniques in `execution`); NAME=PATH where it is a list. */
  readonly fills?: string
  /** Words that are accepted in place of a file. */
  readonly words?: readonly string[]
}

/** Of an option that takes several values. */
export const list = { type: 'strings' } as const

/** The sentence of an option, with its unit, choices and default: for the help and the Boutiques descriptor. */
export function describeOption(spec: OptionSpec): string {
  const unit = spec.unit ? ` [${spec.unit}]` : ''
  const choices = spec.choices ? ` (${spec.choices.filter(choice => !spec.notYet?.[choice]).join(', ')})` : ''
  const standard = spec.default === undefined ? '' : ` [default ${spec.default}]`
  return `${spec.describe}${unit}${choices}${standard}`
}
