import { join } from 'node:path'
import { fileFacts, isFolder, listFolder } from '../bids/disk.ts'
import type { RunRecord } from '../report/record.ts'
import { readRecord } from './complete.ts'

/** A provenance record and where it lies in the output dataset. */
export interface StoredRecord {
  readonly path: string
  readonly record: RunRecord
}

/**
 * The provenance records of an output dataset, in the order of their paths.
 *
 * @param output - the output dataset
 * @param participant - label of the one participant to look at; all by default
 */
export function listRecords(output: string, participant?: string): StoredRecord[] {
  return recordPaths(output, participant).flatMap(path => {
    const record = readRecord(output, path)
    return record ? [{ path, record }] : []
  })
}

/** Where the provenance records of an output dataset lie, in order. */
export function recordPaths(output: string, participant?: string): string[] {
  const subjects = participant === undefined ? folders(output, 'sub-') : [`sub-${participant}`]
  return subjects.flatMap(subject => {
    const places = [subject, ...folders(join(output, subject), 'ses-').map(session => `${subject}/${session}`)]
    return places.flatMap(place =>
      ['anat', 'dwi', 'perf'].flatMap(datatype => recordsIn(output, `${place}/${datatype}`)),
    )
  })
}

function folders(path: string, prefix: string): string[] {
  if (!isFolder(path)) return []
  return listFolder(path)
    .filter(({ kind, name }) => kind === 'folder' && name.startsWith(prefix))
    .map(({ name }) => name)
}

function recordsIn(output: string, folder: string): string[] {
  if (!isFolder(join(output, folder))) return []
  return listFolder(join(output, folder))
    .filter(({ name }) => /_desc-provenance_\w+\.json$/.test(name))
    .map(({ name }) => `${folder}/${name}`)
}

/** The records of a participant as they lie there now, in a text: another one when any of them has been written since. */
export function stateOfRecords(output: string, participant: string): string {
  return recordPaths(output, participant)
    .map(path => `${path} ${changedAt(join(output, path))}`)
    .join('\n')
}

/** Whether a participant's report is there and younger than all that it reports. */
export function isReportCurrent(output: string, participant: string): boolean {
  const report = changedAt(reportPage(output, participant))
  return (
    report !== null && recordPaths(output, participant).every(path => (changedAt(join(output, path)) ?? 0) <= report)
  )
}

/** The (first) page of a participant's report. */
export function reportPage(output: string, participant: string): string {
  return join(output, `sub-${participant}.html`)
}

function changedAt(path: string): number | null {
  return fileFacts(path)?.mtimeMs ?? null
}
