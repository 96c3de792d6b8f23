import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { it } from 'vitest'
import { parseName } from '../../../src/bids/name.ts'
import { parseTable, type Table } from '../../../src/bids/tsv.ts'
import type { Volume } from '../../../src/image/volume.ts'
import type { Run, Source } from '../../../src/modalities/modality.ts'
import { readHeader, readVolume } from '../../../src/nifti/index.ts'
import { defaultOptions, type Options } from '../../../src/options.ts'

/** Folder of the data that the repository does not hold. */
export const DATA = join(dirname(fileURLToPath(import.meta.url)), '../../../../shared/data/asl')

/** A test on data that may not be on this machine: skipped loudly, or failed where all is required. */
export function itWithData(folder: string, name: string, test: () => Promise<void>, timeout = 60_000): void {
  const there = existsSync(join(DATA, folder))
  if (!there) console.warn(`SKIPPED, no data at ${join(DATA, folder)}: ${name}`)
  if (there || process.env['REQUIRE_ALL'] === '1') it(name, test, timeout)
  else it.skip(name, () => undefined)
}

/** The voxels of an image. */
export async function loadVolume(path: string): Promise<Volume> {
  const volume = await readVolume(path)
  if (!volume.ok) throw new Error(volume.problems.map(({ message }) => message).join('\n'))
  return volume.value
}

/** An image of a data set with its sidecar and table, as the plan describes it; without inheritance. */
export function loadSource(dataset: string, path: string): Source {
  const file = join(DATA, dataset, path)
  const name = parseName(path)
  const header = readHeader(file)
  if (!name || !header.ok) throw new Error(`${file} cannot be read`)
  const json = path.replace(/\.nii\.gz$/, '.json')
  const values: Record<string, unknown> = JSON.parse(readFileSync(join(DATA, dataset, json), 'utf8'))
  const context = join(DATA, dataset, path.replace(/_asl\.nii\.gz$/, '_aslcontext.tsv'))
  const tables: Record<string, Table> = {}
  if (context.endsWith('.tsv')) {
    const table = parseTable(readFileSync(context, 'utf8'), basename(context))
    if (table.ok) tables['aslcontext'] = table.value
  }
  const from = Object.fromEntries(Object.keys(values).map(field => [field, json]))
  return { uri: `bids:raw:${path}`, file, name, sidecar: { values, from, files: [json] }, header: header.value, tables }
}

/** A run of a data set. */
export function loadRun(dataset: string, path: string, options: Partial<Options> = {}, m0?: string): Run {
  const series = loadSource(dataset, path)
  return {
    kind: 'asl',
    entities: series.name.entities,
    series: [series],
    roles: m0 ? { m0: [loadSource(dataset, m0)] } : {},
    context: {},
    participant: {},
    options: { ...defaultOptions(), ...options },
    seed: 1,
  }
}
