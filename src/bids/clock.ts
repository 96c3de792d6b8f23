import type { Checked } from '../problems.ts'
import type { Dataset } from './dataset.ts'
import type { BidsName } from './name.ts'
import { readDatasetTable } from './read.ts'
import { type Sidecar, sidecarOf } from './sidecar.ts'
import { recordsOf } from './tsv.ts'

/** When an image was acquired [s since an origin common to its session]; null where that is not known. */
export type Clock = (image: BidsName) => number | null

/**
 * A clock over the images of a dataset.
 *
 * @remarks
 * One clock a session, so that its times can be compared: `acq_time` of `scans.tsv` where that states a time for any
 * image of the session, else the time of day in the sidecars (`AcquisitionTime`, or that of `AcquisitionDateTime`).
 * Dates and clocks shifted by de-identification do no harm.
 *
 * **Limits.** An `acq_time` of exactly midnight is a date whose time was removed: unknown. Time zones are not read.
 * By the sidecars, a session that runs past midnight is out of order.
 *
 * @param dataset - the index
 * @param sidecar - merged metadata of an image
 */
export function makeClock(
  dataset: Dataset,
  sidecar: (image: BidsName) => Checked<Sidecar> = image => sidecarOf(dataset, image),
): Clock {
  const known = new Map<string, ReadonlyMap<string, number>>()
  return image => {
    const { sub, ses } = image.entities
    if (sub === undefined) return null
    const session = ses === undefined ? `sub-${sub}` : `sub-${sub}/ses-${ses}`
    let times = known.get(session)
    if (!times) {
      times = scanTimes(dataset, session)
      known.set(session, times)
    }
    if (times.size > 0) return times.get(image.path) ?? null
    const merged = sidecar(image)
    if (!merged.ok) return null
    const { AcquisitionTime, AcquisitionDateTime } = merged.value.values
    return timeOfDay(AcquisitionTime) ?? timeOfDay(AcquisitionDateTime)
  }
}

/** When an image was acquired, see {@link makeClock}; for many images make a clock once. */
export function acquiredAt(dataset: Dataset, image: BidsName): number | null {
  return makeClock(dataset)(image)
}

/** Times of a session's images [s] by path, from the scans.tsv of the session and that of the subject. */
function scanTimes(dataset: Dataset, session: string): Map<string, number> {
  const times = new Map<string, number>()
  const subject = session.split('/')[0]!
  for (const folder of new Set([subject, session])) {
    for (const name of dataset.folders.get(folder) ?? []) {
      if (name.suffix !== 'scans' || name.extension !== '.tsv') continue
      const table = readDatasetTable(dataset.root, name.path)
      if (!table.ok) continue
      for (const row of recordsOf(table.value)) {
        const file = (row['filename'] ?? '').replace(/^\.?\//, '')
        const path = file.startsWith('sub-') && file.includes('/') ? file : `${folder}/${file}`
        const time = secondsOf(row['acq_time'])
        if (time !== null && path.startsWith(`${session}/`)) times.set(path, time)
      }
    }
  }
  return times
}

const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2}(?:\.\d+)?)(?:Z|[+-]\d{2}:?\d{2})?$/

/** Seconds since 1970 of an ISO date and time, read without its zone; null for anything else, and for midnight. */
function secondsOf(text: string | undefined): number | null {
  const [, year, month, day, hours, minutes, seconds] = DATE_TIME.exec(text ?? '') ?? []
  if (seconds === undefined) return null
  const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return time === 0 ? null : Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000 + time
}

/** Seconds since midnight of `HH:MM:SS.ffffff`, DICOM's `HHMMSS.ffffff` or an ISO date and time; null for anything else. */
function timeOfDay(value: unknown): number | null {
  const text = typeof value === 'number' ? String(value).padStart(6, '0') : value
  if (typeof text !== 'string') return null
  const [, hours, minutes, seconds] =
    /(?:^|[T ])(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)/.exec(text) ?? /^(\d{2})(\d{2})(\d{2}(?:\.\d+)?)$/.exec(text) ?? []
  return seconds === undefined ? null : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}
