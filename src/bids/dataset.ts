import { join } from 'node:path'
import type { Problem } from '../problems.ts'
import { exists, isFolder } from './disk.ts'
import { isObject, type JsonObject } from './json.ts'
import type { BidsName } from './name.ts'
import { readDatasetJson, readDatasetTable } from './read.ts'
import { recordsOf } from './tsv.ts'
import { type Walked, walkDataset } from './walk.ts'

/** A file or folder that is there and that the index does not offer, with the reason in words. */
export interface LeftOut {
  readonly path: string
  readonly kind: 'file' | 'folder'
  readonly reason: string
}

/** All that is known of a dataset from its names, its description and its table of participants. Never changed. */
export interface Dataset {
  /** Folder of the dataset, as it was given. */
  readonly root: string
  /** `dataset_description.json`; empty where it is absent or not readable (then there is a problem). */
  readonly description: JsonObject
  /** Labels of the participants that were selected (all, where none was asked for), without `sub-`, sorted. */
  readonly participants: readonly string[]
  /** Labels of the sessions that were asked for, without `ses-`; null where none was. See {@link inSelectedSessions}. */
  readonly sessions: readonly string[] | null
  /** The files of the selected participants (all sessions) and of the root that have a BIDS name, in a fixed order. */
  readonly files: readonly BidsName[]
  /** The same by folder, '' for the root. */
  readonly folders: ReadonlyMap<string, readonly BidsName[]>
  /** Those of {@link files} that are links to content that is not here. */
  readonly dangling: ReadonlySet<string>
  /** Other files of the root: README, LICENSE, dataset_description.json, .bidsignore. */
  readonly rootFiles: readonly string[]
  /** Files and folders of participants that are no part of the index. */
  readonly leftOut: readonly LeftOut[]
  /** Rows of `participants.tsv`. */
  readonly participantRows: readonly Readonly<Record<string, string>>[]
  /** `participants.json`: units and levels of the columns; empty where it is absent. */
  readonly participantColumns: JsonObject
  /** Rows of `sub-<label>_sessions.tsv`, by subject label. */
  readonly sessionRows: ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>
  /** Trouble with the files of the dataset as a whole; those of an image come with its sidecar. */
  readonly problems: readonly Problem[]
}

/** Which part of a dataset is wanted. Labels with or without `sub-` and `ses-`; none means all. */
export interface Selection {
  readonly participants?: readonly string[] | undefined
  readonly sessions?: readonly string[] | undefined
  /** Whether a label that does not exist is passed over rather than refused, as a derivative dataset needs it. */
  readonly tolerant?: boolean
}

/** A dataset; or why there is none, in one sentence that lists what exists. */
export type Indexed =
  | { readonly ok: true; readonly dataset: Dataset }
  | {
      readonly ok: false
      readonly reason: 'no-dataset' | 'no-such-participant' | 'no-such-session'
      readonly message: string
      /** The labels that do not exist, and those that do. */
      readonly missing: readonly string[]
      readonly existing: readonly string[]
    }

/**
 * Index a dataset: every file of the selected participants, and of the root, by its BIDS name.
 *
 * @remarks
 * Read are the root, `sub-*`, their `ses-*` and the folders in those; nothing else is entered, so neither `.git`,
 * `.datalad`, `sourcedata`, `derivatives` and `code` nor what lies deeper than a datatype folder. Links to folders are
 * followed, unless they lead back into a folder that is being read.
 *
 * **.bidsignore** is a list for the validator. Contrast perfusion has no BIDS suffix, so its series stand in that list
 * in nearly every dataset that holds one, and are wanted here all the same: a file with a BIDS name in `perf dwi anat
 * fmap dce dsc func`, or beside those folders (sidecars that are inherited), is indexed whatever the list says. Left
 * out are ignored files of other folders and ignored `sub-*` and `ses-*` folders, unless asked for by label.
 *
 * All sessions of a participant are indexed even where some were asked for, since anatomy of another session may
 * serve; {@link inSelectedSessions} tells which images may be runs.
 *
 * @param root - folder of the dataset
 * @param selection - the participants and sessions wanted
 */
export function indexDataset(root: string, selection: Selection = {}): Indexed {
  if (!isFolder(root)) {
    const what = exists(root) ? 'is not a folder' : 'does not exist'
    const message = `the dataset ${root} ${what}; ${MOUNTS}.`
    return { ok: false, reason: 'no-dataset', message, missing: [], existing: [] }
  }
  const wanted = labelsOf(selection.participants, 'sub-')
  const sessions = labelsOf(selection.sessions, 'ses-')
  const walked = walkDataset(root, wanted, sessions)
  if (!selection.tolerant) {
    const refusal =
      refuseMissing('participant', 'sub-', wanted, walked.participants, root) ??
      refuseMissing('session', 'ses-', sessions, walked.sessions, root)
    if (refusal) return refusal
  }
  const problems: Problem[] = [...walked.problems]
  const sessionRows = new Map<string, readonly Record<string, string>[]>()
  for (const sub of walked.participants) {
    const rows = rowsOf(root, `sub-${sub}/sub-${sub}_sessions.tsv`, walked, problems)
    if (rows.length > 0) sessionRows.set(sub, rows)
  }
  return {
    ok: true,
    dataset: {
      root,
      description: objectOf(root, 'dataset_description.json', problems),
      participants: wanted ? walked.participants.filter(label => wanted.includes(label)) : walked.participants,
      sessions,
      files: walked.files,
      folders: walked.folders,
      dangling: walked.dangling,
      rootFiles: walked.rootFiles,
      leftOut: walked.leftOut,
      participantRows: rowsOf(root, 'participants.tsv', walked, problems),
      participantColumns: objectOf(root, 'participants.json', problems),
      sessionRows,
      problems,
    },
  }
}

const MOUNTS = 'in a container, check the bind mounts'

/** The labels as they stand in names, each once, or null where none was given. */
function labelsOf(labels: readonly string[] | undefined, prefix: string): readonly string[] | null {
  if (!labels || labels.length === 0) return null
  return [...new Set(labels.map(label => (label.startsWith(prefix) ? label.slice(prefix.length) : label)))]
}

function refuseMissing(
  what: 'participant' | 'session',
  prefix: string,
  wanted: readonly string[] | null,
  existing: readonly string[],
  root: string,
): Indexed | null {
  const missing = (wanted ?? []).filter(label => !existing.includes(label))
  if (missing.length === 0) return null
  const shown = existing.slice(0, 20).join(' ') + (existing.length > 20 ? ` and ${existing.length - 20} more` : '')
  const there = existing.length > 0 ? `it has ${shown}` : `it has no ${prefix} folder`
  const message =
    `no ${what} ${missing.map(label => prefix + label).join(', ')} in ${root}: ${there}; ` +
    `give one of these, or ${MOUNTS}.`
  return { ok: false, reason: `no-such-${what}`, message, missing, existing }
}

/** A JSON object at the root; empty, with a problem, where it is there and cannot be used. */
function objectOf(root: string, path: string, problems: Problem[]): JsonObject {
  const json = readDatasetJson(root, path)
  if (json.ok) return json.value
  problems.push(...json.problems.filter(problem => problem.code !== 'FILE_MISSING'))
  return {}
}

/** The rows of a table, looked for only where the walk met it; empty, with a problem, where it cannot be used. */
function rowsOf(root: string, path: string, walked: Walked, problems: Problem[]): Record<string, string>[] {
  const folder = walked.folders.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
  if (!folder?.some(name => name.path === path)) return []
  const table = readDatasetTable(root, path)
  if (table.ok) return recordsOf(table.value)
  problems.push(...table.problems)
  return []
}

/**
 * Whether an image may be the series of a run under the selection of sessions. An image without a session always may,
 * as the BIDS execution specification has it.
 */
export function inSelectedSessions(dataset: Dataset, image: BidsName): boolean {
  const { ses } = image.entities
  return ses === undefined || dataset.sessions === null || dataset.sessions.includes(ses)
}

/** Absolute path (or as the root was given) of a file of the dataset. */
export function fileOf(dataset: Dataset, name: BidsName): string {
  return join(dataset.root, name.path)
}

/** Paths of all files that the validator should see: all that were met, of the selected participants and the root. */
export function filesToValidate(dataset: Dataset): string[] {
  const leftOut = dataset.leftOut.filter(({ kind }) => kind === 'file')
  return [...dataset.rootFiles, ...[...dataset.files, ...leftOut].map(({ path }) => path)].sort()
}

/**
 * What is known of a participant: the row of `participants.tsv`, and with a session the row of its `sessions.tsv` over
 * it, where that says more than `n/a`. Empty where neither table has a row. Cells are text, as written.
 *
 * @param dataset - an index
 * A column whose unit `participants.json` states has it beside it, as `<column>_unit`.
 *
 * @param sub - label of the participant, with or without `sub-`
 * @param ses - label of the session, with or without `ses-`
 */
export function participantRow(dataset: Dataset, sub: string, ses?: string): Readonly<Record<string, string>> {
  const label = sub.replace(/^sub-/, '')
  const found = dataset.participantRows.find(row => row['participant_id']?.replace(/^sub-/, '') === label)
  const row = found && { ...found, ...unitsOf(dataset, found) }
  if (ses === undefined) return row ?? {}
  const session = ses.replace(/^ses-/, '')
  const more = dataset.sessionRows.get(label)?.find(row => row['session_id']?.replace(/^ses-/, '') === session)
  const said = Object.entries(more ?? {}).filter(([column, cell]) => cell !== 'n/a' || row?.[column] === undefined)
  return { ...row, ...Object.fromEntries(said) }
}

function unitsOf(dataset: Dataset, row: Readonly<Record<string, string>>): Record<string, string> {
  const units: Record<string, string> = {}
  for (const column of Object.keys(row)) {
    const words = dataset.participantColumns[column]
    const unit = isObject(words) ? words['Units'] : undefined
    if (typeof unit === 'string') units[`${column}_unit`] = unit
  }
  return units
}
