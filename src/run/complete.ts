import { join } from 'node:path'
import { exists, readText } from '../bids/disk.ts'
import type { Modality, Run } from '../modalities/modality.ts'
import type { OptionName, Options } from '../options.ts'
import type { RunRecord } from '../report/record.ts'
import { type InputIdentity, identify, runIdentity } from './identity.ts'
import type { PlannedTask } from './task.ts'

/** Options that the spine itself uses for every kind, and that change what is written. */
const SPINE_OPTIONS = ['fill', 'mask', 'atlas', 'output-spaces'] as const satisfies readonly OptionName[]

/** The values of the options that a kind's result depends on. */
export function declaredOptions(modality: Modality, options: Options): Partial<Record<OptionName, unknown>> {
  const names = [...new Set<OptionName>([...SPINE_OPTIONS, ...modality.options])]
  return Object.fromEntries(names.map(name => [name, options[name] ?? null]))
}

/** What a result depends on beside its input files: the options that its kind declares, and the participant's row. */
export function settingsOf(
  modality: Modality,
  run: Run,
): { readonly options: Readonly<Record<string, unknown>>; readonly rest: unknown } {
  const options = declaredOptions(modality, run.options)
  const metadata = [...run.series, ...Object.values(run.roles).flat()].map(
    source =>
      source && {
        uri: source.uri,
        sidecar: source.sidecar.values,
        tables: source.tables,
        ...(source.texts ? { texts: source.texts } : {}),
      },
  )
  return { options, rest: { participant: run.participant, context: run.context, seed: run.seed, metadata } }
}

/** The identity of a run: equal identities mean the same result. */
export function taskIdentity(version: string, modality: Modality, run: Run, inputs: readonly InputIdentity[]): string {
  return runIdentity(version, inputs, { kind: modality.name, ...settingsOf(modality, run) })
}

/** A provenance record of the output dataset; null where there is none or it cannot be read. */
export function readRecord(output: string, path: string): RunRecord | null {
  const file = join(output, path)
  if (!exists(file)) return null
  try {
    const record: RunRecord | null = JSON.parse(readText(file))
    return record?.program?.name === 'perfquant' ? record : null
  } catch {
    // Written by something else: the run counts as not done.
    return null
  }
}

/**
 * The record of a run that is complete already: same program, same inputs, same settings, and every output there.
 *
 * Files of the same size and modification time as recorded are not read again; others are hashed.
 */
export async function completeRecord(
  planned: PlannedTask,
  modality: Modality,
  places: { readonly input: string; readonly output: string; readonly version: string },
): Promise<RunRecord | null> {
  const run = planned.run
  const record = readRecord(places.output, planned.record)
  if (!run || !record || (record.status !== 'complete' && record.status !== 'partial')) return null
  if (record.program.version !== places.version || !record.outputs.every(path => exists(join(places.output, path))))
    return null
  const inputs: InputIdentity[] = []
  for (const { uri } of record.inputs) {
    const path = fileOf(uri, planned, places)
    const identity = path === null ? null : await identify(uri, path, record.inputs)
    if (!identity) return null
    inputs.push(identity)
  }
  return taskIdentity(places.version, modality, run, inputs) === record.identity ? record : null
}

/** Where the file of a URI lies, for one that this run reads. */
function fileOf(
  uri: string,
  planned: PlannedTask,
  places: { readonly input: string; readonly output: string },
): string | null {
  const run = planned.run
  const source = run ? [...run.series, ...Object.values(run.roles).flat()].find(item => item?.uri === uri) : undefined
  if (source) return source.file
  const raw = /^bids:raw:(.+)$/.exec(uri)?.[1]
  if (raw !== undefined && planned.files.includes(raw)) return join(places.input, raw)
  const ours = /^bids::(.+)$/.exec(uri)?.[1]
  return ours !== undefined ? join(places.output, ours) : null
}
