import { stringify as formatToml, parse as parseToml } from 'smol-toml'
import yargs from 'yargs'
import { defaultOptions, describeOption, OPTIONS, type OptionName, type OptionSpec, type Options } from './options.ts'

/** What the user asked for, checked; or why it cannot be understood, with the exit code. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'descriptor' }
  | {
      readonly kind: 'run'
      readonly input: string
      readonly output: string
      readonly levels: readonly Level[]
      readonly options: Options
      readonly notes: readonly string[]
    }
  | { readonly kind: 'simulate'; readonly output: string; readonly options: SimulateOptions }
  | { readonly kind: 'selftest'; readonly keep: string | undefined; readonly motion: boolean; readonly seed: number }
  | { readonly kind: 'usage'; readonly code: 64 | 17; readonly message: string }

/** A level of analysis. */
export type Level = 'participant' | 'group'

/** Options of `perfquant simulate`. */
export interface SimulateOptions {
  readonly subjects: number
  readonly sessions: number
  readonly modalities: readonly string[]
  readonly snr: number
  readonly bSet: string
  /** Whether the head moves in series. */
  readonly motion: boolean
  readonly seed: number
}

const MOTION = {
  type: 'flag',
  section: 'execution',
  describe: 'The head moves: 1.7 mm on average, as in a random walk',
} as const satisfies OptionSpec

const SIMULATE = {
  subjects: { type: 'number', section: 'execution', default: 2, range: [1, 999], value: 'N', describe: 'Participants' },
  sessions: {
    type: 'number',
    section: 'execution',
    default: 1,
    range: [1, 99],
    value: 'N',
    describe: 'Sessions of each',
  },
  modalities: {
    type: 'strings',
    alias: ['m'],
    section: 'execution',
    choices: ['asl', 'dsc', 'dce', 'ivim'],
    value: 'NAME',
    describe: 'Techniques; default all',
  },
  snr: {
    type: 'number',
    section: 'execution',
    default: 300,
    range: [1, 1e6],
    value: 'X',
    describe: 'M0 of grey matter over the standard deviation of the noise',
  },
  'b-set': {
    type: 'string',
    section: 'execution',
    choices: ['minimum', 'brain', 'liver', 'benchmark'],
    default: 'brain',
    value: 'NAME',
    describe: 'Set of b-values of IVIM',
  },
  motion: MOTION,
  seed: {
    type: 'number',
    section: 'execution',
    default: 1,
    range: [0, 4294967295],
    value: 'N',
    describe: 'Seed of the noise and of the anatomies',
  },
} as const satisfies Record<string, OptionSpec>

const SELFTEST = {
  motion: MOTION,
  keep: {
    type: 'string',
    section: 'execution',
    value: 'DIR',
    describe: 'Work there and keep the data; default a folder of $TMPDIR that is removed',
  },
  seed: { type: 'number', section: 'execution', default: 1, range: [0, 4294967295], value: 'N', describe: 'Seed' },
} as const satisfies Record<string, OptionSpec>

type Table = Readonly<Record<string, OptionSpec>>

/** Headings of the help. */
const HEADINGS = { execution: 'General', asl: 'ASL', dsc: 'DSC', dce: 'DCE', ivim: 'IVIM' } as const satisfies Record<
  OptionSpec['section'],
  string
>

/** A wrong command line: the sentence, to be shown with exit code 64. */
class UsageError extends Error {}

function fail(message: string): never {
  throw new UsageError(message)
}

/**
 * The command that an argument list asks for.
 *
 * @param argv - the arguments after the program's name
 * @param readFile - reads the TOML file of `--config-file`; throws where it cannot
 * @returns the command, or `usage` with one sentence and the exit code (17 for an unknown level, else 64)
 */
export function parseCommand(argv: readonly string[], readFile: (path: string) => string): Command {
  try {
    if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) return { kind: 'help' }
    if (argv.includes('--version')) return { kind: 'version' }
    if (argv.includes('--bids-exec-spec')) return { kind: 'descriptor' }
    if (argv[0] === 'simulate') return simulateCommand(argv.slice(1))
    if (argv[0] === 'selftest') return selftestCommand(argv.slice(1))
    return runCommand(argv, readFile)
  } catch (error) {
    if (error instanceof UsageError) return { kind: 'usage', code: 64, message: error.message }
    throw error
  }
}

function runCommand(argv: readonly string[], readFile: (path: string) => string): Command {
  const { positionals, rest } = splitPositionals(argv)
  if (positionals.length < 3) {
    fail(
      rest.length > 0
        ? `the three positionals come first: perfquant BIDS_DIR OUTPUT_DIR participant [options]; found ${positionals.length} before ${rest[0]}`
        : `three positionals are needed: perfquant BIDS_DIR OUTPUT_DIR participant|group; found ${positionals.length}`,
    )
  }
  const [input = '', output = '', ...words] = positionals
  const unknown = words.find(word => word !== 'participant' && word !== 'group')
  if (unknown !== undefined)
    return {
      kind: 'usage',
      code: 17,
      message: `analysis level '${unknown}' is not known; there are participant and group`,
    }
  const levels = (['participant', 'group'] as const).filter(level => words.includes(level))
  const given = parseOptions(OPTIONS, rest)
  const file = given['config-file']
  const fromFile = typeof file === 'string' ? parseConfig(file, readFile) : {}
  const options = checkOptions({ ...fromFile, ...given })
  const notes = Object.keys({ ...fromFile, ...given }).flatMap(name => {
    const spec = (OPTIONS as Table)[name]
    return spec?.noEffect ? [`--${name} is accepted and has no effect: ${spec.noEffect}`] : []
  })
  return { kind: 'run', input, output, levels, options, notes }
}

function simulateCommand(argv: readonly string[]): Command {
  const { positionals, rest } = splitPositionals(argv)
  if (positionals.length !== 1)
    fail(`perfquant simulate OUT_DIR [options]: one folder is needed, found ${positionals.length}`)
  const values = withDefaults(SIMULATE, parseOptions(SIMULATE, rest))
  return {
    kind: 'simulate',
    output: positionals[0] ?? '',
    options: {
      subjects: whole(values, 'subjects'),
      sessions: whole(values, 'sessions'),
      modalities: Array.isArray(values['modalities'])
        ? values['modalities'].map(String)
        : [...SIMULATE.modalities.choices],
      snr: Number(values['snr']),
      bSet: String(values['b-set']),
      motion: values['motion'] === true,
      seed: whole(values, 'seed'),
    },
  }
}

function selftestCommand(argv: readonly string[]): Command {
  const { positionals, rest } = splitPositionals(argv)
  if (positionals.length > 0) fail(`perfquant selftest takes no '${positionals[0]}'; use --keep DIR`)
  const values = withDefaults(SELFTEST, parseOptions(SELFTEST, rest))
  const keep = values['keep']
  return {
    kind: 'selftest',
    keep: typeof keep === 'string' ? keep : undefined,
    motion: values['motion'] === true,
    seed: whole(values, 'seed'),
  }
}

function whole(values: Readonly<Record<string, unknown>>, name: string): number {
  const value = Number(values[name])
  return Number.isInteger(value) ? value : fail(`--${name} is ${value}; a whole number is needed`)
}

/** The words before the first option. */
function splitPositionals(argv: readonly string[]): { positionals: readonly string[]; rest: readonly string[] } {
  const first = argv.findIndex(word => word.startsWith('-'))
  return first < 0 ? { positionals: argv, rest: [] } : { positionals: argv.slice(0, first), rest: argv.slice(first) }
}

function withDefaults(table: Table, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(table)) values[name] = given[name] ?? spec.default
  return values
}

/** The options that stand on the command line, by their first name, each of the type of its row. */
function parseOptions(table: Table, argv: readonly string[]): Record<string, unknown> {
  const parser = declare(table)
  let message = ''
  parser.fail((text, error) => {
    message = text || error?.message || 'the command line cannot be read'
  })
  const parsed: Record<string, unknown> = { ...parser.parseSync([...argv]) }
  if (message) fail(`${message.replace(/^Unknown argument/, 'unknown option')}; see perfquant --help`)
  const left = parsed['_']
  if (Array.isArray(left) && left.length > 0)
    fail(`'${left[0]}' is not expected there; positionals come first, then the options`)
  const given: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(table)) {
    const value = parsed[name]
    if (value === undefined || (spec.type === 'count' && value === 0)) continue
    given[name] = convert(`--${name}`, spec, value)
  }
  return given
}

/** The table as yargs options. Every value is taken as text: what it means is checked here, with our own words. */
function declare(table: Table) {
  let parser = yargs([])
    .parserConfiguration({
      'camel-case-expansion': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'greedy-arrays': true,
      'boolean-negation': false,
    })
    .scriptName('perfquant')
    .exitProcess(false)
    .help(false)
    .version(false)
    .locale('en')
    .strictOptions()
    .wrap(110)
  for (const [name, spec] of Object.entries(table)) {
    parser = parser.option(name, {
      ...(spec.alias ? { alias: [...spec.alias] } : {}),
      ...(spec.type === 'flag'
        ? { boolean: true }
        : spec.type === 'count'
          ? { count: true }
          : spec.type === 'strings'
            ? { array: true, string: true }
            : { string: true, requiresArg: true }),
      describe: describeOption(spec),
      group: HEADINGS[spec.section],
    })
  }
  return parser
}

/** A value as the type of its row, or a usage error that names option, value and what is allowed. */
function convert(shown: string, spec: OptionSpec, value: unknown): unknown {
  if (spec.type === 'flag')
    return typeof value === 'boolean' ? value : fail(`${shown} is ${String(value)}; it is a flag: true or false`)
  if (spec.type === 'count') return Number(value)
  if (Array.isArray(value) && spec.type !== 'strings') fail(`${shown} is given ${value.length} times; give it once`)
  if (spec.type === 'strings') {
    const words = (Array.isArray(value) ? value : [value]).flatMap(word => String(word).split(/\s+/)).filter(Boolean)
    if (words.length === 0) fail(`${shown} needs at least one value`)
    for (const word of words) checkChoice(shown, spec, word)
    return Object.freeze(words)
  }
  if (spec.type === 'number') {
    if (spec.word !== undefined && value === spec.word) return value
    const number = typeof value === 'number' ? value : String(value).trim() === '' ? Number.NaN : Number(value)
    if (!Number.isFinite(number))
      fail(`${shown} is '${String(value)}'; a number is needed${spec.word ? ` (or ${spec.word})` : ''}`)
    const [low, high] = spec.range ?? [-Infinity, Infinity]
    if (number < low || number > high)
      fail(`${shown} is ${number}; it must lie between ${low} and ${high}${spec.unit ? ` ${spec.unit}` : ''}`)
    return number
  }
  const text = String(value)
  if (text === '') fail(`${shown} is empty`)
  checkChoice(shown, spec, text)
  return text
}

function checkChoice(shown: string, spec: OptionSpec, word: string): void {
  if (!spec.choices) return
  const later = spec.notYet?.[word]
  if (later) fail(`${shown} ${word}: ${later}`)
  if (!spec.choices.includes(word))
    fail(`${shown} is '${word}'; it can be ${spec.choices.filter(choice => !spec.notYet?.[choice]).join(', ')}`)
}

/** The options of a TOML file: sections by modality; within one, names with or without the section's prefix. */
function parseConfig(path: string, readFile: (path: string) => string): Record<string, unknown> {
  let document: Record<string, unknown>
  try {
    document = parseToml(readFile(path))
  } catch (error) {
    fail(`--config-file ${path}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
  }
  const given: Record<string, unknown> = {}
  for (const [section, content] of Object.entries(document)) {
    if (
      !Object.values(OPTIONS).some(spec => spec.section === section) ||
      typeof content !== 'object' ||
      content === null
    )
      fail(
        `--config-file ${path}: [${section}] is not a section; there are ${Object.keys(HEADINGS)
          .map(name => `[${name}]`)
          .join(' ')}`,
      )
    for (const [key, value] of Object.entries(content)) {
      const name = findOption(section, key)
      if (!name) fail(`--config-file ${path}: [${section}] ${key} is not an option; see perfquant --help`)
      given[name] = convert(`${path}: [${section}] ${key}`, OPTIONS[name], value)
    }
  }
  return given
}

function findOption(section: string, key: string): OptionName | undefined {
  const names: readonly OptionName[] = Object.keys(OPTIONS).filter((name): name is OptionName => name in OPTIONS)
  return names.find(name => {
    const spec: OptionSpec = OPTIONS[name]
    return (
      spec.section === section && (name === key || name === `${section}-${key}` || (spec.alias?.includes(key) ?? false))
    )
  })
}

/** Spaces that maps are written in: that of the series, by two names, which is always there, and that of the T1w image. */
const SPACES = ['native', 'asl', 'T1w']

/** All options, frozen, with what depends on several of them checked. */
function checkOptions(given: Readonly<Record<string, unknown>>): Options {
  const options: Options = Object.freeze({ ...defaultOptions(), ...given })
  parseMemory(options)
  const space = options['output-spaces']?.find(name => !SPACES.includes(name))
  if (space !== undefined)
    fail(
      `--output-spaces ${space}: template spaces are not made; use native or T1w, and bring the maps to ${space} with the transforms of fMRIPrep or ASLPrep`,
    )
  if (options.json && !options['dry-run']) fail('--json goes with --dry-run')
  const hematocrit = options.hematocrit
  if (hematocrit !== undefined && (hematocrit <= 0 || hematocrit === 100 || (hematocrit >= 1 && hematocrit < 2)))
    fail(`--hematocrit is ${hematocrit}; give a fraction such as 0.45, or percent such as 45`)
  return options
}

/**
 * The memory that was granted [bytes]; undefined where the user did not say.
 *
 * A bare number is MB; below 500 it was probably meant as GB and is refused.
 */
export function parseMemory(options: Options): number | undefined {
  if (options.mem_gb !== undefined) return options.mem_gb * 1e9
  const text = options.mem
  if (text === undefined) return undefined
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?$/i.exec(text.trim())
  if (!match) fail(`--mem is '${text}'; give MB as a number, or with K, M, G or T`)
  const number = Number(match[1])
  const unit = (match[2] ?? '').toUpperCase()
  if (unit === '' && number < 500) fail(`--mem is ${text}, which means ${text} MB; for GB write ${text}G`)
  const factor = unit === 'K' ? 1e3 : unit === 'G' ? 1e9 : unit === 'T' ? 1e12 : 1e6
  return number * factor
}

/** The options that differ from their defaults or were set, as a TOML file that `--config-file` reads back. */
export function formatOptions(options: Options): string {
  const sections: Record<string, Record<string, unknown>> = Object.fromEntries(
    Object.values<OptionSpec>(OPTIONS).map(({ section }) => [section, {}]),
  )
  for (const [name, value] of Object.entries(options)) {
    const spec = (OPTIONS as Table)[name]
    const section = spec ? sections[spec.section] : undefined
    if (section && value !== undefined && spec?.type !== 'count' && name !== 'config-file') section[name] = value
  }
  return formatToml(sections)
}

/** The help text. */
export async function helpText(): Promise<string> {
  const general = await declare(OPTIONS)
    .usage(
      `perfquant: perfusion MRI from a BIDS dataset to quantitative maps, reports and group tables

  perfquant BIDS_DIR OUTPUT_DIR participant [group] [options]   process the participants, then the group
  perfquant BIDS_DIR OUTPUT_DIR group                           group tables and page from the derivatives
  perfquant simulate OUT_DIR [options]                          make a BIDS dataset with known truth
  perfquant selftest [--keep DIR] [--motion]                    simulate, process, compare with the truth
  perfquant --version | --help | --bids-exec-spec

The three positionals come first. BIDS_DIR is only read; OUTPUT_DIR is the only place written to.`,
    )
    .epilogue(
      `Examples
  perfquant /data /data/derivatives/perfquant participant --participant-label 01 02 --nprocs 8 --mem 16G
  perfquant /data /out participant --dry-run          what would be done, and why; touches nothing
  perfquant /data /out participant group --asl-labeling-efficiency 0.85 --asl-m0-fwhm 0

Exit codes: 0 all runs done, 1 at least one was refused or failed, 16 17 18 64 65 66 73 74 75 as in the BIDS execution
specification. The last line on stderr says outcome and code.`,
    )
    .getHelp()
  const simulate = await declare(SIMULATE).usage('perfquant simulate OUT_DIR').getHelp()
  return `${general}\n\n${simulate}`
}
