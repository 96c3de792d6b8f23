import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** What a command did. */
export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** The last line on stderr. */
  readonly last: string
}

/** Run the built program as a user would. */
export function perfquant(...words: readonly string[]): Ran {
  return runEntry('dist/main.js', words)
}

/** Run a built program by its entry file. */
export function runEntry(entry: string, words: readonly string[], env: NodeJS.ProcessEnv = process.env): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...words], { encoding: 'utf8', env })
  return { code: status, out: stdout, err: stderr, last: stderr.trimEnd().split('\n').at(-1) ?? '' }
}

/** A new empty folder that lives as long as the machine's temporary files. */
export function newFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `perfquant-${name}-`))
}

/** Every file below a folder, relative to it, sorted. */
export function listFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder))
    .sort()
    .flatMap(name => {
      const path = folder === '' ? name : `${folder}/${name}`
      return statSync(join(root, path)).isDirectory() ? listFiles(root, path) : [path]
    })
}

/** The content of every file that must be the same for the same input: images decompressed, without logs and provenance. */
export function fingerprints(root: string): Record<string, string> {
  const lasting = listFiles(root).filter(
    path => !/^logs\/|^\.perfquant\/|desc-provenance|\.html$|^dataset_description\.json$/.test(path),
  )
  return Object.fromEntries(
    lasting.map(path => {
      const bytes = readFileSync(join(root, path))
      return [
        path,
        createHash('sha256')
          .update(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
          .digest('hex'),
      ]
    }),
  )
}

/** A JSON file. */
export function readJson<T = Record<string, unknown>>(...parts: readonly string[]): T {
  const value: T = JSON.parse(readFileSync(join(...parts), 'utf8'))
  return value
}

/** A TSV file as one record a row. */
export function readTsv(...parts: readonly string[]): Record<string, string>[] {
  const [head = '', ...rows] = readFileSync(join(...parts), 'utf8')
    .trimEnd()
    .split('\n')
  const columns = head.split('\t')
  return rows.map(row => Object.fromEntries(row.split('\t').map((cell, at) => [columns[at] ?? '', cell])))
}
