import type { Run } from '../modalities/modality.ts'
import type { RunRecord } from '../report/record.ts'

/** Columns of participants.tsv and sessions.tsv that name a site, in the order in which they are asked. */
const COLUMNS = ['site', 'site_id', 'centre', 'center', 'institution', 'scanner']
/** Fields of a sidecar that do, where no table does. */
const FIELDS = ['InstitutionName', 'DeviceSerialNumber', 'StationName'] as const

/**
 * Where a run was acquired: as participants.tsv or sessions.tsv say (any case), else as the sidecar of the series does.
 *
 * @param run - the run
 */
export function siteOf({ participant, series }: Run): RunRecord['site'] {
  const columns = new Map(Object.keys(participant).map(name => [name.toLowerCase(), name]))
  for (const wanted of COLUMNS) {
    const column = columns.get(wanted)
    const name = column === undefined ? '' : (participant[column] ?? '').trim()
    if (name !== '' && name !== 'n/a') return { name, from: `${column} in participants.tsv or sessions.tsv` }
  }
  const sidecar = series[0]?.sidecar
  for (const field of FIELDS) {
    const name = sidecar?.values[field]
    if (typeof name === 'string' && name.trim() !== '')
      return { name: name.trim(), from: `${field} in ${sidecar?.from[field] ?? 'the sidecar'}` }
  }
  return null
}
