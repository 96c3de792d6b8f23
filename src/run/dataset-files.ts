import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { exists, readText, writeWhole } from '../bids/disk.ts'
import { isObject } from '../bids/json.ts'
import { readDatasetJson } from '../bids/read.ts'
import { template, templateText } from '../bids/templates.ts'
import { formatTable } from '../bids/tsv.ts'
import { listRecords } from './records.ts'

/** What the files at the root of the output dataset are made from. */
export interface DatasetContext {
  readonly input: string
  readonly output: string
  readonly staging: string
  readonly version: string
  readonly container: string | null
  /** Derivative datasets by name, for the links that BIDS URIs need. */
  readonly derivatives: readonly { readonly name: string; readonly root: string }[]
}

/**
 * Write `dataset_description.json`, `.bidsignore`, `README.md` and `descriptions.tsv` of the output dataset.
 *
 * Every call writes the same content for the same input, so that calls that share an output folder may race.
 */
export function writeDatasetFiles(context: DatasetContext): void {
  const { output, staging } = context
  const files: [string, string][] = [
    ['dataset_description.json', `${JSON.stringify(description(context), null, 2)}\n`],
    ['.bidsignore', templateText('bidsignore')],
    ['README.md', templateText('README.md')],
    ['descriptions.tsv', descriptions()],
  ]
  for (const [name, content] of files) {
    const path = join(output, name)
    if (!exists(path) || readText(path) !== content) writeWhole(path, content, staging)
  }
}

/** The description; the links that earlier calls needed stay, for their sidecars name them. */
function description({ input, output, version, container, derivatives }: DatasetContext): Record<string, unknown> {
  const [generator] = [template('dataset_description.json')['GeneratedBy']].flat()
  return {
    ...template('dataset_description.json'),
    GeneratedBy: [
      {
        ...(typeof generator === 'object' ? generator : {}),
        Version: version,
        ...(container ? { Container: { Type: container.split(':')[0], Tag: container.replace(/^\w+:/, '') } } : {}),
      },
    ],
    SourceDatasets: [{ URL: link(input) }],
    DatasetLinks: {
      ...earlierLinks(output),
      raw: link(input),
      ...Object.fromEntries(derivatives.map(({ name, root }) => [name, link(root)])),
    },
  }
}

/** A folder as a URL: blanks and the like are no letters of one. */
function link(folder: string): string {
  return pathToFileURL(resolve(folder)).href
}

function earlierLinks(output: string): Record<string, unknown> {
  const earlier = readDatasetJson(output, 'dataset_description.json')
  const links = earlier.ok ? earlier.value['DatasetLinks'] : undefined
  return isObject(links) ? links : {}
}

function descriptions(): string {
  const rows = Object.entries(template('descriptions.json')).map(([id, text]) => [id, String(text)])
  return formatTable(['desc_id', 'description'], rows)
}

/** What was done in all runs, each paragraph once, and the references that they name. Plain JSON. */
export interface Methods {
  readonly paragraphs: readonly string[]
  readonly references: Readonly<Record<string, string>>
}

/** Gathers the methods of records, one after the other, in the order of their paths. */
export function methodsGatherer(): { add(record: Methods): void; methods(): Methods } {
  const paragraphs = new Set<string>()
  const references: Record<string, string> = {}
  return {
    add(record) {
      for (const text of record.paragraphs) paragraphs.add(text)
      Object.assign(references, record.references)
    },
    methods: () => ({ paragraphs: [...paragraphs], references }),
  }
}

/** The methods of all that the output dataset holds. */
export function methodsIn(output: string): Methods {
  const gatherer = methodsGatherer()
  for (const { record } of listRecords(output)) gatherer.add(record)
  return gatherer.methods()
}

/**
 * Write the methods as a text, with their references.
 *
 * Written by the branches that were taken: a paragraph stands here because a run did what it says.
 */
export function writeCitation(
  { paragraphs, references }: Methods,
  { output, staging, logs }: { readonly output: string; readonly staging: string; readonly logs: string },
): void {
  const cited = Object.entries(references)
    .filter(([key]) => paragraphs.some(text => text.includes(`@${key}`)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const text = [
    '# Methods',
    '',
    'The text below may be copied into a manuscript; it is in the public domain (CC0). Keys in brackets refer to the list at its end.',
    '',
    ...paragraphs.flatMap(paragraph => [paragraph, '']),
    '## References',
    '',
    ...cited.map(([key, reference]) => `- [@${key}] ${reference}`),
    '',
  ].join('\n')
  for (const path of [join(logs, 'CITATION.md'), join(output, 'logs', 'CITATION.md')]) writeWhole(path, text, staging)
}
