import type { Checked, Problem } from '../problems.ts'
import { bad, good } from '../problems.ts'
import type { Dataset } from './dataset.ts'
import type { JsonObject } from './json.ts'
import type { BidsName } from './name.ts'
import { readDatasetJson, readDatasetTable } from './read.ts'
import type { Table } from './tsv.ts'

/** The merged metadata of one image: the value of each field and the file that has the last word on it. */
export interface Sidecar {
  readonly values: Readonly<Record<string, unknown>>
  /** For each field the JSON file it came from, relative to the dataset. */
  readonly from: Readonly<Record<string, string>>
  /** The JSON files that were merged, root first. */
  readonly files: readonly string[]
}

/** Metadata of an image that has none. */
export const NO_SIDECAR: Sidecar = { values: {}, from: {}, files: [] }

/** Reads the JSON object of a file of the dataset; an index passes one that remembers. */
export type JsonReader = (path: string) => Checked<JsonObject>

/** Which companion of an image is meant: `{ suffix: 'aslcontext', extension: '.tsv' }`. */
export interface Companion {
  /** The suffix of the image where it is not given, as for bval and bvec. */
  readonly suffix?: string
  readonly extension: string
}

/**
 * The files that apply to an image by the inheritance principle, the one with the last word at the end.
 *
 * @remarks
 * They lie in the folder of the image or one above it, carry only entities that the image has, with the same labels,
 * and the suffix and extension asked for. Deeper folders come later; within a folder (BIDS allows one file there, the
 * wild has several) the one with more entities comes later, equals in alphabetical order.
 *
 * @param dataset - the index that holds the image
 * @param image - any file of it
 * @param companion - suffix and extension
 */
export function inherited(dataset: Dataset, image: BidsName, companion: Companion): BidsName[] {
  const suffix = companion.suffix ?? image.suffix
  const found: BidsName[] = []
  for (const folder of foldersAbove(image.path)) {
    const here = (dataset.folders.get(folder) ?? []).filter(
      name =>
        name.extension === companion.extension &&
        name.suffix === suffix &&
        Object.entries(name.entities).every(([key, label]) => image.entities[key] === label),
    )
    const count = (name: BidsName) => Object.keys(name.entities).length
    found.push(...here.sort((a, b) => count(a) - count(b) || (a.path < b.path ? -1 : 1)))
  }
  return found
}

/** The folders from the root ('') to that of the path. */
function foldersAbove(path: string): string[] {
  const folders = ['']
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) folders.push(path.slice(0, at))
  return folders
}

/** The companion that applies to an image by inheritance: deepest, then most specific; null where there is none. */
export function companionOf(dataset: Dataset, image: BidsName, companion: Companion): BidsName | null {
  return inherited(dataset, image, companion).at(-1) ?? null
}

/**
 * The merged metadata of an image. Problems where one of its JSON files is no JSON object, is not fetched or cannot be
 * read: then nothing is known for certain, and there is no value.
 *
 * @param dataset - the index that holds the image
 * @param image - any image of it
 * @param read - how JSON files are read; from disk each time by default
 */
export function sidecarOf(
  dataset: Dataset,
  image: BidsName,
  read: JsonReader = path => readDatasetJson(dataset.root, path),
): Checked<Sidecar> {
  const values: Record<string, unknown> = {}
  const from: Record<string, string> = {}
  const files: string[] = []
  const problems: Problem[] = []
  for (const { path } of inherited(dataset, image, { extension: '.json' })) {
    const json = read(path)
    files.push(path)
    if (!json.ok) problems.push(...json.problems)
    else
      for (const [field, value] of Object.entries(json.value)) {
        if (field === '__proto__') continue
        values[field] = value
        from[field] = path
      }
  }
  return problems.length > 0 ? bad(...problems) : good({ values, from, files })
}

/**
 * The table of a suffix (`aslcontext`) that applies to an image by inheritance; null where there is none. Tables are
 * not merged: the nearest one is the table.
 *
 * @param dataset - the index that holds the image
 * @param image - any image of it
 * @param suffix - suffix of the table
 */
export function tableOf(dataset: Dataset, image: BidsName, suffix: string): Checked<Table | null> {
  const name = companionOf(dataset, image, { suffix, extension: '.tsv' })
  return name ? readDatasetTable(dataset.root, name.path) : good(null)
}
