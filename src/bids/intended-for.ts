import type { BidsName } from './name.ts'
import type { Sidecar } from './sidecar.ts'

/**
 * The images that a sidecar's `IntendedFor` names, as paths relative to the dataset. Empty where the field is absent or
 * holds no path; whether the files exist is not asked.
 *
 * @remarks
 * One path or a list, in the three spellings: relative to the subject (`perf/sub-01_asl.nii.gz`,
 * `ses-1/perf/sub-01_ses-1_asl.nii.gz`), `bids::sub-01/perf/…` and `bids:raw:sub-01/perf/…`. A URI into any other
 * dataset is left out. Two slips of the wild are read as they are meant: a path that begins with the subject, and one
 * that leaves out the session folder although the file name has the session.
 *
 * @param sidecar - merged metadata that may hold `IntendedFor`
 * @param image - the image that the sidecar describes: its subject is what paths are relative to
 */
export function intendedFor(sidecar: Sidecar, image: BidsName): string[] {
  const field = sidecar.values['IntendedFor']
  const spelled = (Array.isArray(field) ? field : [field]).filter(path => typeof path === 'string')
  const resolved = spelled.map(path => resolvePath(path.trim(), image)).filter(path => path !== null)
  return [...new Set(resolved)]
}

function resolvePath(spelled: string, image: BidsName): string | null {
  const uri = /^bids:([^:]*):(.*)$/.exec(spelled)
  if (uri) return uri[1] === '' || uri[1] === 'raw' ? clean(uri[2]!) : null
  const path = clean(spelled)
  if (path === null || (path.startsWith('sub-') && path.includes('/'))) return path
  const { sub } = image.entities
  if (sub === undefined) return path
  const session = /_(ses-[a-zA-Z0-9+]+)_/.exec(path)?.[1]
  const folder = session !== undefined && /^[a-z]+\/[^/]+$/.test(path) ? `sub-${sub}/${session}` : `sub-${sub}`
  return `${folder}/${path}`
}

/** Without leading slashes and dots; null where nothing is left or the path climbs out of the dataset. */
function clean(path: string): string | null {
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  return parts.length === 0 || parts.includes('..') ? null : parts.join('/')
}
