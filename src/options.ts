import { ASL_OPTIONS } from './options/asl.ts'
import { DCE_OPTIONS } from './options/dce.ts'
import { DSC_OPTIONS } from './options/dsc.ts'
import { EXECUTION_OPTIONS } from './options/execution.ts'
import { IVIM_OPTIONS } from './options/ivim.ts'
import type { OptionSpec } from './options/spec.ts'

export { describeOption, type OptionSpec } from './options/spec.ts'

/** The option table: the single source of the command line, the TOML file, the docs and the Boutiques descriptor. Names as they are typed, without the dashes. */
export const OPTIONS = {
  ...EXECUTION_OPTIONS,
  ...ASL_OPTIONS,
  ...DSC_OPTIONS,
  ...DCE_OPTIONS,
  ...IVIM_OPTIONS,
} as const satisfies Record<string, OptionSpec>

/** Name of an option, as it is typed. */
export type OptionName = keyof typeof OPTIONS

type ValueOf<S extends OptionSpec> = S['type'] extends 'flag'
  ? boolean
  : S['type'] extends 'count'
    ? number
    : S['type'] extends 'strings'
      ? readonly string[] | undefined
      : S['type'] extends 'number'
        ? (S extends { word: infer W } ? number | W : number) | (S extends { default: number } ? never : undefined)
        : S extends { choices: readonly (infer C)[] }
          ? C
          : string | (S extends { default: string } ? never : undefined)

/** Every option with its value; undefined where none was given and there is no default. Frozen. */
export type Options = { readonly [N in OptionName]: ValueOf<(typeof OPTIONS)[N]> }

/** A file that an option puts into a role. */
export interface FileOption {
  readonly option: OptionName
  readonly role: string
  /** The technique whose runs it is for; `execution` means all. */
  readonly section: OptionSpec['section']
  readonly path: string
  /** Words that the option takes in place of a file. */
  readonly words: readonly string[]
  /** The name that it was given, NAME=PATH. */
  readonly name?: string
}

/** The files that the options put into roles, in the order of the option table. */
export function fileOptions(options: Options): FileOption[] {
  return OPTION_NAMES.flatMap(option => {
    const { fills: role, words = [], section }: OptionSpec = OPTIONS[option]
    const value = options[option]
    if (role === undefined || value === undefined) return []
    if (typeof value === 'string') return words.includes(value) ? [] : [{ option, role, section, words, path: value }]
    if (!Array.isArray(value)) return []
    return value.map((text: string): FileOption => {
      const at = text.indexOf('=')
      return { option, role, section, words, path: text.slice(at + 1), ...(at > 0 ? { name: text.slice(0, at) } : {}) }
    })
  })
}

const OPTION_NAMES = Object.keys(OPTIONS).filter((name): name is OptionName => Object.hasOwn(OPTIONS, name))

/** The options when nothing is asked. */
export function defaultOptions(): Options {
  const values: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries<OptionSpec>(OPTIONS))
    values[name] = spec.type === 'flag' ? false : spec.type === 'count' ? 0 : spec.default
  return Object.freeze(values) as Options
}
