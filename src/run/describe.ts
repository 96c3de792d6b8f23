import { basename, dirname, join } from 'node:path'
import { exists, isDangling, readText } from '../bids/disk.ts'
import type { CompanionText } from '../bids/image-index.ts'
import { type BidsName, parseName } from '../bids/name.ts'
import { readDatasetJson, readDatasetTable } from '../bids/read.ts'
import { NO_SIDECAR, type Sidecar } from '../bids/sidecar.ts'
import { parseTable, type Table } from '../bids/tsv.ts'
import type { Index, Source } from '../modalities/modality.ts'
import { readSoundHeader } from '../nifti/index.ts'
import { bad, type Checked, good, type Problem, problem } from '../problems.ts'

/** Suffixes of the tables that belong to an image and are read with it. */
export const TABLES = ['aslcontext'] as const

/** Extensions of the text files that belong to an image and are read with it. */
export const TEXTS = ['.bval', '.bvec'] as const

/** An image of the input dataset with all that is known of it; problems where a part of that cannot be read. */
export function describeRaw(image: BidsName, root: string, index: Index): Checked<Source> {
  if (image.extension === '.tsv')
    return describeTable(join(root, image.path), `bids:raw:${image.path}`, image.path, index.sidecar(image))
  const sidecar = index.sidecar(image)
  const header = index.header(image)
  const problems: Problem[] = [...sidecar.problems, ...header.problems]
  const tables: Record<string, Table> = {}
  for (const suffix of TABLES) {
    const table = index.table(image, suffix)
    problems.push(...table.problems)
    if (table.ok && table.value) tables[suffix] = table.value
  }
  const texts: Record<string, CompanionText> = {}
  for (const extension of TEXTS) {
    const text = index.text(image, extension)
    problems.push(...text.problems)
    if (text.ok && text.value) texts[extension] = text.value
  }
  if (!sidecar.ok || !header.ok || problems.some(({ severity }) => severity === 'error')) return bad(...problems)
  return good(
    {
      uri: `bids:raw:${image.path}`,
      file: join(root, image.path),
      name: image,
      sidecar: sidecar.value,
      header: header.value,
      tables,
      texts,
    },
    problems,
  )
}

/**
 * An image outside the input dataset, with the JSON file beside it and, for a segmentation, the table of its labels; or a
 * table, or the text of a transform.
 *
 * @param file - absolute path
 * @param uri - the name it is recorded under
 * @param shown - what to call it in a problem
 * @param table - path of the table of its labels where that is not beside it
 */
export function describeFile(file: string, uri: string, shown: string, table: string | null = null): Checked<Source> {
  if (isDangling(file))
    return bad(
      problem('FILE_NOT_FETCHED', `${shown} is a link whose content is not here; run 'datalad get ${file}'.`, {
        file: shown,
      }),
    )
  if (!exists(file))
    return bad(
      problem('FILE_MISSING', `${shown} does not exist; check the path (in a container: the bind mounts).`, {
        file: shown,
      }),
    )
  if (file.endsWith('.txt'))
    return good({
      uri,
      file,
      name: nameOf(file, shown, '.txt'),
      sidecar: NO_SIDECAR,
      header: null,
      tables: {},
      texts: { '.txt': { path: shown, text: readText(file) } },
    })
  if (file.endsWith('.tsv')) return describeTable(file, uri, shown, besideTable(file))
  const header = readSoundHeader(file, shown)
  if (!header.ok) return header
  const stem = file.replace(/\.nii(\.gz)?$/, '')
  const sidecar = readSidecar(`${stem}.json`)
  const named = exists(`${stem}.tsv`) ? `${stem}.tsv` : table
  const labels = named === null ? null : parseTable(readText(named))
  if (labels && !labels.ok) return labels
  return good(
    {
      uri,
      file,
      name: nameOf(file, shown, '.nii.gz'),
      sidecar,
      header: header.value,
      tables: labels ? { dseg: labels.value } : {},
    },
    header.problems,
  )
}

/** A table that serves in a role; its JSON says what its numbers mean, and must be readable. */
function describeTable(file: string, uri: string, shown: string, sidecar: Checked<Sidecar>): Checked<Source> {
  const table = readDatasetTable(dirname(file), basename(file))
  if (!table.ok || !sidecar.ok) return bad(...table.problems, ...sidecar.problems)
  const name = nameOf(file, shown, '.tsv')
  return good({
    uri,
    file,
    name,
    sidecar: sidecar.value,
    header: null,
    tables: { [name.suffix.toLowerCase()]: table.value },
  })
}

function besideTable(file: string): Checked<Sidecar> {
  const path = file.replace(/\.tsv$/, '.json')
  if (!exists(path)) return good(NO_SIDECAR)
  const json = readDatasetJson(dirname(path), basename(path))
  return json.ok ? good(sidecarFrom(json.value, path)) : json
}

/** The parts of a file name, as far as it has any; files that an option names may be called anything. */
function nameOf(file: string, shown: string, extension: string): BidsName {
  const parsed = parseName(basename(file))
  return { ...(parsed ?? { datatype: basename(dirname(file)), entities: {}, suffix: '', extension }), path: shown }
}

/** An image of the output dataset, made by another task: `bids::path`. */
export function describeOutput(uri: string, output: string): Checked<Source> {
  const path = uri.replace(/^bids::/, '')
  return describeFile(join(output, path), uri, path)
}

function readSidecar(path: string): Sidecar {
  if (!exists(path)) return NO_SIDECAR
  try {
    return sidecarFrom(JSON.parse(readText(path)), path)
  } catch {
    // Beside an image in a role, JSON only adds words; the image serves without.
    return NO_SIDECAR
  }
}

function sidecarFrom(values: Readonly<Record<string, unknown>>, path: string): Sidecar {
  return { values, from: Object.fromEntries(Object.keys(values).map(field => [field, path])), files: [path] }
}
