import { join } from 'node:path'
import ignore from 'ignore'
import { type Problem, problem } from '../problems.ts'
import type { LeftOut } from './dataset.ts'
import { type Entry, listFolder, realFolder } from './disk.ts'
import { type BidsName, isImage, parseName } from './name.ts'
import { readDatasetText } from './read.ts'

/** What a walk through a dataset has met. */
export interface Walked {
  /** Labels of all participants and sessions that exist (sessions: of the participants walked). */
  readonly participants: readonly string[]
  readonly sessions: readonly string[]
  readonly files: readonly BidsName[]
  readonly folders: ReadonlyMap<string, readonly BidsName[]>
  readonly dangling: ReadonlySet<string>
  /** Files of the root that are no BIDS names by design: README, LICENSE, dataset_description.json, .bidsignore. */
  readonly rootFiles: readonly string[]
  readonly leftOut: readonly LeftOut[]
  readonly problems: readonly Problem[]
}

/** Folders whose files are wanted whatever `.bidsignore` says: the techniques have no BIDS suffix and stand in it. */
const WANTED_FOLDERS = new Set(['perf', 'dwi', 'anat', 'fmap', 'dce', 'dsc', 'func'])
/** Folders of subjects that hold no images of theirs. */
const NEVER_ENTERED = new Set(['sourcedata', 'derivatives', 'code', 'stimuli', 'figures', 'log', 'logs'])

/** What is gathered on the way, and what decides the way. */
interface Walk {
  readonly root: string
  readonly ignored: (path: string) => boolean
  readonly participants: string[]
  readonly sessions: Set<string>
  readonly files: BidsName[]
  readonly folders: Map<string, readonly BidsName[]>
  readonly dangling: Set<string>
  readonly rootFiles: string[]
  readonly leftOut: LeftOut[]
  readonly problems: Problem[]
}

/** Why an entry that has no BIDS name is left out. */
const NO_NAME = { file: 'its name has not the form of BIDS', dangling: 'it is a link to what is not here' }

/** Where a walk stands: the folder, the labels its files must carry, and the real folders above it. */
interface Place {
  /** Relative to the root, '' for the root itself. */
  readonly path: string
  readonly sub?: string
  readonly ses?: string
  /** Set in a folder of a datatype. */
  readonly datatype?: string
  readonly above: readonly string[]
}

/**
 * Walk through a dataset in a fixed order: root, then each participant, session and datatype folder, sorted by name.
 *
 * @param root - folder of the dataset
 * @param participants - labels to enter; null for all
 * @param sessions - labels asked for; all are entered, and an ignored one only where it is asked for
 */
export function walkDataset(
  root: string,
  participants: readonly string[] | null,
  sessions: readonly string[] | null,
): Walked {
  const walk: Walk = {
    root,
    ignored: ignoreRules(root),
    participants: [],
    sessions: new Set(),
    files: [],
    folders: new Map(),
    dangling: new Set(),
    rootFiles: [],
    leftOut: [],
    problems: [],
  }
  for (const { name, link } of takeFiles(walk, { path: '', above: [] })) {
    if (!name.startsWith('sub-')) continue
    const sub = name.slice(4)
    const asked = participants?.includes(sub)
    if (asked === undefined && leaveIgnored(walk, name)) continue
    walk.participants.push(sub)
    if (asked !== false) enterSubject(walk, { path: name, sub, above: [root] }, link, sessions)
  }
  return { ...walk, sessions: [...walk.sessions].sort() }
}

function enterSubject(walk: Walk, place: Place, link: boolean, asked: readonly string[] | null): void {
  if (link && leadsBack(walk, place)) return
  const above = [...place.above, join(walk.root, place.path)]
  for (const folder of takeFiles(walk, place)) {
    const path = `${place.path}/${folder.name}`
    if (!folder.name.startsWith('ses-')) {
      enterDatatype(walk, { ...place, path, datatype: folder.name, above }, folder.link)
      continue
    }
    const ses = folder.name.slice(4)
    if (!asked?.includes(ses) && leaveIgnored(walk, path)) continue
    const session = { ...place, path, ses, above }
    if (folder.link && leadsBack(walk, session)) continue
    walk.sessions.add(ses)
    const deeper = [...above, join(walk.root, path)]
    for (const inner of takeFiles(walk, session))
      enterDatatype(
        walk,
        { ...session, path: `${path}/${inner.name}`, datatype: inner.name, above: deeper },
        inner.link,
      )
  }
}

function enterDatatype(walk: Walk, place: Place, link: boolean): void {
  if (NEVER_ENTERED.has(place.datatype!) || place.datatype!.startsWith('.')) return
  if (!(link && leadsBack(walk, place))) takeFiles(walk, place)
}

/** Sort the files of a folder into the index; what is left are its folders. Unreadable folders become a problem. */
function takeFiles(walk: Walk, place: Place): Entry[] {
  const taken: BidsName[] = []
  const folders: Entry[] = []
  for (const entry of entriesOf(walk, place.path)) {
    if (entry.kind === 'folder') {
      folders.push(entry)
      continue
    }
    const path = place.path === '' ? entry.name : `${place.path}/${entry.name}`
    const name = parseName(path)
    const reason = name ? whyNot(walk, place, name) : NO_NAME[entry.kind]
    if (name && reason === null) {
      taken.push(name)
      walk.files.push(name)
      if (entry.kind === 'dangling') walk.dangling.add(path)
    } else if (!name && place.path === '') walk.rootFiles.push(path)
    else walk.leftOut.push({ path, kind: 'file', reason: reason ?? '' })
  }
  walk.folders.set(place.path, taken)
  return folders
}

/** Why a file with a BIDS name is left out; null where it is taken. */
function whyNot(walk: Walk, place: Place, name: BidsName): string | null {
  if (place.datatype !== undefined && !WANTED_FOLDERS.has(place.datatype) && walk.ignored(name.path))
    return 'it is listed in .bidsignore'
  for (const key of ['sub', 'ses'] as const) {
    const label = name.entities[key]
    const folder = place[key]
    if (label === folder) continue
    // A sidecar may say less than its folder, or lie above the folder of what it says; an image may not.
    if (isImage(name) || (label !== undefined && folder !== undefined))
      return `it has ${label === undefined ? `no ${key}-` : `${key}-${label}`} in its name and lies in ${place.path || 'the root'}`
  }
  return null
}

function entriesOf(walk: Walk, path: string): Entry[] {
  try {
    return listFolder(join(walk.root, path))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const message = `${path || walk.root}: the folder cannot be listed (${code}); check its permissions and the disk.`
    walk.problems.push(problem('FILE_UNREADABLE', message, { file: path }))
    return []
  }
}

/** Whether a linked folder is one of those that the walk is in. Asked of links only: a plain folder cannot be. */
function leadsBack(walk: Walk, place: Place): boolean {
  const target = realFolder(join(walk.root, place.path))
  if (!place.above.some(folder => realFolder(folder) === target)) return false
  walk.leftOut.push({ path: place.path, kind: 'folder', reason: 'it is a link to a folder that contains it' })
  return true
}

/** Whether `.bidsignore` lists the whole folder; says so in what is left out. */
function leaveIgnored(walk: Walk, path: string): boolean {
  if (!walk.ignored(`${path}/`)) return false
  walk.leftOut.push({ path, kind: 'folder', reason: 'the folder is listed in .bidsignore' })
  return true
}

function ignoreRules(root: string): (path: string) => boolean {
  const text = readDatasetText(root, '.bidsignore')
  if (!text.ok || text.value.trim() === '') return () => false
  const rules = ignore().add(text.value)
  return path => rules.ignores(path)
}
