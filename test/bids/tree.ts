import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { type Dataset, indexDataset, type Selection } from '../../src/bids/dataset.ts'
import { type BidsName, parseName } from '../../src/bids/name.ts'

const made: string[] = []
afterAll(() => {
  for (const root of made.splice(0)) rmSync(root, { recursive: true, force: true })
})

/** What stands at a path of a tree: text, bytes, an object to be written as JSON, or a link. */
export type Content = string | Uint8Array | { readonly link: string } | Readonly<Record<string, unknown>>

/** A folder with these files, removed when the test file is done. */
export function makeTree(files: Readonly<Record<string, Content>>): string {
  const root = mkdtempSync(join(tmpdir(), 'perfquant-tree-'))
  made.push(root)
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(file, content)
    else if (typeof content['link'] === 'string') symlinkSync(content['link'], file)
    else writeFileSync(file, JSON.stringify(content))
  }
  return root
}

/** The index of a dataset with these files. */
export function makeDataset(files: Readonly<Record<string, Content>>, selection: Selection = {}): Dataset {
  return datasetAt(makeTree(files), selection)
}

/** The index of the dataset at a path. */
export function datasetAt(root: string, selection: Selection = {}): Dataset {
  const indexed = indexDataset(root, selection)
  if (!indexed.ok) throw new Error(indexed.message)
  return indexed.dataset
}

/** A name that must parse. */
export function nameOf(path: string): BidsName {
  const name = parseName(path)
  if (!name) throw new Error(`${path} is no BIDS name`)
  return name
}
