import { join } from 'node:path'
import { bad, type Checked, good, problem } from '../problems.ts'
import { isDangling, isTooLarge, readText } from './disk.ts'
import { type JsonObject, parseJsonObject } from './json.ts'
import { parseTable, type Table } from './tsv.ts'

/**
 * The text of a small file of a dataset. A link without content is `FILE_NOT_FETCHED`, an absent file `FILE_MISSING`,
 * one that cannot be opened `FILE_UNREADABLE`, one that is no small file `FILE_TOO_LARGE`.
 *
 * @param root - folder of the dataset
 * @param path - the file, relative to it
 */
export function readDatasetText(root: string, path: string): Checked<string> {
  const file = join(root, path)
  try {
    if (isTooLarge(file)) {
      const message = `${path}: the file is far larger than any that describes a scan; it is not read. Check what it is.`
      return bad(problem('FILE_TOO_LARGE', message, { file: path }))
    }
    return good(readText(file))
  } catch (error) {
    if (isDangling(file)) return bad(notFetched(path))
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'ENOENT') return bad(problem('FILE_MISSING', `${path}: there is no such file.`, { file: path }))
    const message = `${path}: the file cannot be read (${code}); check its permissions and the disk.`
    return bad(problem('FILE_UNREADABLE', message, { file: path }))
  }
}

/** The problem of a file that is a link to content which was not fetched. */
export function notFetched(path: string) {
  const message = `${path}: the content of this file is not on this machine; fetch it with "datalad get ${path}" (or git annex get).`
  return problem('FILE_NOT_FETCHED', message, { file: path })
}

/** The JSON object in a file of a dataset; problems as {@link readDatasetText} and `JSON_INVALID`. */
export function readDatasetJson(root: string, path: string): Checked<JsonObject> {
  const text = readDatasetText(root, path)
  return text.ok ? parseJsonObject(text.value, path) : text
}

/** The table in a TSV file of a dataset; problems as {@link readDatasetText} and `TSV_INVALID`. */
export function readDatasetTable(root: string, path: string): Checked<Table> {
  const text = readDatasetText(root, path)
  return text.ok ? parseTable(text.value, path) : text
}
