import { bad, type Checked, good } from '../problems.ts'
import { makeClock } from './clock.ts'
import { type Dataset, fileOf, participantRow } from './dataset.ts'
import { applyFilter, type BidsFilter, type Query, selectNames } from './filter.ts'
import type { JsonObject } from './json.ts'
import { type BidsName, isImage } from './name.ts'
import { notFetched, readDatasetJson, readDatasetTable, readDatasetText } from './read.ts'
import { companionOf, type Sidecar, sidecarOf } from './sidecar.ts'
import type { Table } from './tsv.ts'

/** A text file that belongs to an image. */
export interface CompanionText {
  /** Relative to the dataset. */
  readonly path: string
  readonly text: string
}

/**
 * A dataset as the modalities see it. `Header` is what the reader of image headers gives; that reader stands above this
 * room and is passed in.
 */
export interface ImageIndex<Header> {
  /** The images in the datatype folders of the selected participants, in a fixed order, dangling links included. */
  readonly images: readonly BidsName[]
  /** The tables of a suffix (any case) in the datatype folders of the selected participants, in a fixed order. */
  tables(suffix: string): readonly BidsName[]
  /** Merged metadata, see `sidecarOf`. */
  sidecar(image: BidsName): Checked<Sidecar>
  /** What the reader of headers gives; `FILE_NOT_FETCHED` for a link to content that is not here. */
  header(image: BidsName): Checked<Header>
  /** The table of that suffix that applies to the image, null where there is none, see `tableOf`. */
  table(image: BidsName, suffix: string): Checked<Table | null>
  /** The text file of that extension (`.bval`) that applies to the image by inheritance, null where there is none. */
  text(image: BidsName, extension: string): Checked<CompanionText | null>
  /** What is known of a participant, see `participantRow`. */
  participant(sub: string, ses?: string): Readonly<Record<string, string>>
  /** When the image was acquired [s since an origin common to its session], see `makeClock`. */
  acquiredAt(image: BidsName): number | null
  /** Whether the filter file points to the image by this query: it names a suffix, and selects the image. */
  pointedAt(image: BidsName, query: Query): boolean
}

/**
 * The index that the modalities look for their runs in: names, merged sidecars, headers, tables, each read when it is
 * first asked for and once.
 *
 * @param dataset - the files
 * @param readHeader - reads the header of an image by its path on disk; asked only for files that are here
 * @param filter - the `--bids-filter-file`, which removes images; null for none
 */
export function makeIndex<Header>(
  dataset: Dataset,
  readHeader: (file: string, image: BidsName) => Checked<Header>,
  filter: BidsFilter | null = null,
): ImageIndex<Header> {
  const images = dataset.files.filter(name => isImage(name) && name.datatype !== '')
  const json = remember((path: string): Checked<JsonObject> => readDatasetJson(dataset.root, path))
  const tables = remember((path: string): Checked<Table> => readDatasetTable(dataset.root, path))
  const texts = remember((path: string): Checked<string> => readDatasetText(dataset.root, path))
  const sidecar = rememberImages(image => sidecarOf(dataset, image, json))
  return {
    images: filter ? applyFilter(images, filter) : images,
    tables(suffix) {
      const found = dataset.files.filter(
        name => name.extension === '.tsv' && name.datatype !== '' && name.suffix.toLowerCase() === suffix,
      )
      return filter ? applyFilter(found, filter) : found
    },
    sidecar,
    header: rememberImages(image =>
      dataset.dangling.has(image.path) ? bad(notFetched(image.path)) : readHeader(fileOf(dataset, image), image),
    ),
    table(image, suffix) {
      const name = companionOf(dataset, image, { suffix, extension: '.tsv' })
      return name ? tables(name.path) : good(null)
    },
    text(image, extension) {
      const name = companionOf(dataset, image, { extension })
      if (!name) return good(null)
      const read = texts(name.path)
      return read.ok ? good({ path: name.path, text: read.value }) : read
    },
    participant: (sub, ses) => participantRow(dataset, sub, ses),
    acquiredAt: makeClock(dataset, sidecar),
    pointedAt: (image, query) =>
      (filter?.get(query)?.some(({ key }) => key === 'suffix') ?? false) &&
      selectNames([image], filter, query).length > 0,
  }
}

function remember<T>(read: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>()
  return path => {
    const before = known.get(path)
    if (before !== undefined) return before
    const value = read(path)
    known.set(path, value)
    return value
  }
}

function rememberImages<T>(read: (image: BidsName) => T): (image: BidsName) => T {
  const known = new Map<string, T>()
  return image => {
    const before = known.get(image.path)
    if (before !== undefined) return before
    const value = read(image)
    known.set(image.path, value)
    return value
  }
}
