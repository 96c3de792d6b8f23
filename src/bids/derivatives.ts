import { basename, resolve } from 'node:path'
import { type Dataset, indexDataset } from './dataset.ts'
import { isFolder } from './disk.ts'
import type { Asked } from './filter.ts'
import { isObject } from './json.ts'
import { readDatasetJson } from './read.ts'

/** A derivative dataset as it was asked for. */
export interface DerivativePath {
  /** What it is called in BIDS URIs: `bids:<name>:…`. */
  readonly name: string
  /** Absolute path of its folder. */
  readonly root: string
}

/** A derivative dataset with its index. */
export interface Derivative extends DerivativePath {
  readonly dataset: Dataset
}

/**
 * The derivative datasets of `--derivatives [name=]PATH`, in the order given.
 *
 * @remarks
 * Without a name one is taken from `dataset_description.json` (`GeneratedBy[0].Name`, else `Name`), else from the folder,
 * reduced to letters, digits and `. _ + -`. Refused in a sentence: a folder that does not exist, a name that is taken
 * twice, a name that URIs cannot hold, and `raw`, which is the input dataset.
 *
 * @param values - as typed
 */
export function parseDerivatives(values: readonly string[]): Asked<readonly DerivativePath[]> {
  const derivatives: DerivativePath[] = []
  for (const value of values) {
    const refuse = (what: string): Asked<never> => ({ ok: false, message: `--derivatives ${value}: ${what}` })
    const [, given, path] = /^([^=/\\]+)=(.+)$/.exec(value) ?? [null, undefined, value]
    const root = resolve(path!)
    if (!isFolder(root)) return refuse(`there is no folder ${root}; in a container, check the bind mounts.`)
    const name = given ?? defaultName(root)
    if (!/^[A-Za-z0-9._+-]+$/.test(name)) return refuse(`"${name}" is no name; use letters, digits and . _ + - only.`)
    if (name === 'raw') return refuse('the name raw is the input dataset; give another with NAME=PATH.')
    const other = derivatives.find(derivative => derivative.name === name)
    if (other) return refuse(`the name ${name} is taken by ${other.root}; give another with NAME=PATH.`)
    derivatives.push({ name, root })
  }
  return { ok: true, value: derivatives, notes: [] }
}

function defaultName(root: string): string {
  const description = readDatasetJson(root, 'dataset_description.json')
  const { GeneratedBy, Name } = description.ok ? description.value : {}
  const first: unknown = Array.isArray(GeneratedBy) ? GeneratedBy[0] : undefined
  for (const candidate of [isObject(first) ? first['Name'] : undefined, Name, basename(root)]) {
    const name = typeof candidate === 'string' ? candidate.trim().replace(/[^A-Za-z0-9._+-]+/g, '-') : ''
    if (/[A-Za-z0-9]/.test(name) && name !== 'raw') return name
  }
  return 'derivative'
}

/**
 * The index of a derivative dataset, for the participants that are processed. One that it does not have is passed over.
 * Where it has none of them a note says so: the folder may be one too high or too low.
 *
 * @param derivative - where it is
 * @param participants - labels; none means all
 */
export function indexDerivative(derivative: DerivativePath, participants?: readonly string[]): Asked<Derivative> {
  const indexed = indexDataset(derivative.root, { participants, tolerant: true })
  const at = `--derivatives ${derivative.name}=${derivative.root}`
  if (!indexed.ok) return { ok: false, message: `${at}: ${indexed.message}` }
  const { dataset } = indexed
  const notes: string[] = []
  if (dataset.participants.length === 0)
    notes.push(
      `${at}: it has no folder of a participant that is processed; is it the folder that holds the sub- folders?`,
    )
  return { ok: true, value: { ...derivative, dataset }, notes }
}
