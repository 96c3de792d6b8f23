import { basename, join, relative, resolve, sep } from 'node:path'
import { type Dataset, type Indexed, indexDataset, inSelectedSessions } from '../bids/dataset.ts'
import { type Derivative, indexDerivative, parseDerivatives } from '../bids/derivatives.ts'
import { exists, isFolder, isWritable, nearestFolder, readText, realFolder } from '../bids/disk.ts'
import { type Asked, type BidsFilter, parseFilter } from '../bids/filter.ts'
import { makeIndex } from '../bids/image-index.ts'
import type { BidsName } from '../bids/name.ts'
import { companionOf } from '../bids/sidecar.ts'
import type { Index } from '../modalities/modality.ts'
import { readSoundHeader } from '../nifti/index.ts'
import { fileOptions, type Options } from '../options.ts'
import { TABLES, TEXTS } from './describe.ts'
import { EXIT, Refusal } from './outcome.ts'
import type { Surroundings } from './surroundings.ts'
import type { Plan } from './task.ts'

/** What a look at the input gave. */
export interface Seen {
  readonly dataset: Dataset
  readonly index: Index
  readonly derivatives: readonly Derivative[]
  readonly filter: BidsFilter | null
  /** Whether an image may be the series of a run. */
  readonly selected: (image: BidsName) => boolean
  /** Paths of the tables that belong to an image. */
  readonly tables: (image: BidsName) => readonly string[]
  /** Why there is nothing to do, in a sentence. */
  readonly nothing: (plan: Plan) => string
}

/**
 * Index the input dataset and all that the options name beside it.
 *
 * What is wrong is said in the order of the exit codes: first the command, then the output, then the input.
 *
 * @throws Refusal where a folder, a label or a file that was named cannot be used
 */
export function look(
  request: { readonly input: string; readonly output: string; readonly options: Options },
  around: Surroundings,
): Seen {
  const { input, output, options } = request
  if (isFolder(input)) checkPlaces(input, output, options)
  const note = <T>(asked: Asked<T>): T => {
    if (!asked.ok) throw new Refusal(EXIT.usage, asked.message)
    for (const message of asked.notes) around.say({ event: 'note', message })
    return asked.value
  }
  const file = options['bids-filter-file']
  const filter = file === undefined ? null : note(parseFilter(textOf(file), file))
  const paths = note(parseDerivatives(options.derivatives ?? []))
  checkFiles(options)
  if (!options['dry-run'] && !options['list-participants']) checkOutput(output)
  const indexed = indexInput(input, options)
  if (!indexed.ok)
    throw new Refusal(indexed.reason === 'no-dataset' ? EXIT.missing : EXIT.nothingSelected, indexed.message)
  const { dataset } = indexed
  const derivatives = paths.map(path => note(indexDerivative(path, dataset.participants)))
  const index: Index = makeIndex(dataset, (path, image) => readSoundHeader(path, image.path), filter)
  for (const { message } of dataset.problems) around.say({ event: 'note', message })
  return {
    dataset,
    index,
    derivatives,
    filter,
    selected: image => inSelectedSessions(dataset, image),
    tables: image =>
      [...TABLES.map(suffix => ({ suffix, extension: '.tsv' })), ...TEXTS.map(extension => ({ extension }))].flatMap(
        companion => companionOf(dataset, image, companion)?.path ?? [],
      ),
    nothing: plan => nothing(request, dataset, plan),
  }
}

function indexInput(input: string, options: Options): Indexed {
  try {
    return indexDataset(input, { participants: options['participant-label'], sessions: options['session-label'] })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw new Refusal(EXIT.missing, `the dataset ${input} cannot be read: permission denied; check its permissions.`)
  }
}

function textOf(file: string): string {
  if (!exists(file)) throw new Refusal(EXIT.usage, `--bids-filter-file ${file} does not exist`)
  return readText(file)
}

/** Where things may be written: never into the raw data. */
function checkPlaces(input: string, output: string, options: Options): void {
  const raw = realFolder(input)
  // The output folder may not exist yet; what it is inside of is what counts.
  const near = nearestFolder(resolve(output))
  const real = join(realFolder(near), relative(near, resolve(output)))
  const suggestion = `use for example ${join(input, 'derivatives', 'perfquant')}`
  if (real === raw)
    throw new Refusal(EXIT.usage, `the output folder is the input dataset itself (${input}); ${suggestion}`)
  const inside = relative(raw, real).split(sep)
  if (inside[0]?.startsWith('sub-'))
    throw new Refusal(EXIT.usage, `the output folder ${output} is inside the raw data of ${inside[0]}; ${suggestion}`)
  const work = options['work-dir']
  if (work !== undefined) {
    const fromRaw = relative(raw, resolve(work))
    if (!fromRaw.startsWith('..'))
      throw new Refusal(EXIT.usage, `--work-dir ${work} is inside the input dataset; choose a folder elsewhere`)
  }
}

/**
 * Whether the output folder can be made and written, before anything is looked at.
 *
 * @throws Refusal (73) where what is above it is a file, or not ours to write
 */
export function checkOutput(output: string): void {
  const whole = resolve(output)
  const near = nearestFolder(whole)
  const next = near === whole ? undefined : join(near, relative(near, whole).split(sep)[0] ?? '')
  const why =
    // Another call may have made the folder since: only what is no folder is in the way.
    next !== undefined && exists(next) && !isFolder(next)
      ? `${next} is a file`
      : isWritable(near)
        ? null
        : `${near} is not yours to write`
  if (why !== null)
    throw new Refusal(
      EXIT.cannotCreate,
      `the output folder ${output} cannot be written: ${why}; name another folder, or correct its permissions`,
    )
}

/** Files that options name must be there before anything starts. */
function checkFiles(options: Options): void {
  for (const { option, path, words } of fileOptions(options)) {
    const or = words.length > 0 ? `, or one of the words ${words.join(', ')}` : ''
    if (!exists(path))
      throw new Refusal(
        EXIT.usage,
        `--${option} ${path} does not exist; check the path (in a container: the bind mounts)${or}`,
      )
    if (isFolder(path)) throw new Refusal(EXIT.usage, `--${option} ${path} is a folder; name the file`)
  }
}

function nothing(
  { input, options }: { readonly input: string; readonly options: Options },
  dataset: Dataset,
  plan: Plan,
): string {
  const whom =
    dataset.participants.length === 0
      ? 'it has no sub- folders (in a container: check the bind mounts)'
      : `${dataset.participants.length} participants were looked at`
  const left =
    plan.left.length > 0
      ? `; left alone: ${plan.left
          .slice(0, 5)
          .map(({ image, reason }) => `${basename(image)} (${reason})`)
          .join(', ')}`
      : ''
  const what = options.modalities?.join(', ') ?? 'a technique that this version processes'
  return `${input} holds no run of ${what} in the selection: ${whom}${left}; see --dry-run, and check --modalities, labels and filter`
}
