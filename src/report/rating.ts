import { basename } from 'node:path'
import { html, type Markup } from './markup.ts'
import { embedded } from './page.ts'
import type { RunRecord } from './record.ts'

/** Why a run may be excluded; the ids stand in the file. */
export const REASONS = [
  { id: 'motion', label: 'motion' },
  { id: 'artefact', label: 'artefact, ghosting or signal dropout' },
  { id: 'coverage', label: 'part of the organ is missing' },
  { id: 'mask', label: 'the mask is wrong' },
  { id: 'coregistration', label: 'the coregistration is wrong' },
  { id: 'input', label: 'the arterial input or the calibration is wrong' },
  { id: 'fit', label: 'the fits are bad' },
  { id: 'implausible', label: 'the values are implausible' },
  { id: 'other', label: 'other, see the notes' },
] as const

/** A verdict of a reader on a run: the content of a `desc-rating` file. */
export interface Rating {
  /** The run, as the group tables name it. */
  readonly BidsName: string
  /** The result that was looked at; another one since has another identity. */
  readonly Identity: string
  readonly Rating: 'accept' | 'exclude'
  readonly Reasons: readonly string[]
  readonly Notes: string
  readonly Rater: string
}

/** What the form of a run needs to know. */
export interface RatingSubject {
  /** Name of the file that it saves. */
  readonly file: string
  readonly reasons: readonly { readonly id: string; readonly label: string }[]
  readonly rating: Pick<Rating, 'BidsName' | 'Identity'>
}

/**
 * The place where a run is rated: a form where scripts run, else how to write the file by hand; null for a run without a
 * result.
 *
 * @param record - the run
 * @param id - of the data in the page
 */
export function ratingSection(record: RunRecord, id: string): Markup | null {
  if (record.viewer === null) return null
  const file = basename(record.viewer.voxels).replace('_desc-voxels_', '_desc-rating_')
  const BidsName = file.replace('_desc-rating', '').replace(/\.json$/, '')
  const subject: RatingSubject = { file, reasons: REASONS, rating: { BidsName, Identity: record.identity } }
  const example = JSON.stringify({
    ...subject.rating,
    Rating: 'exclude',
    Reasons: ['motion'],
    Notes: '',
    Rater: '',
  })
  return html`<p class="muted">A verdict is a file, <code>${file}</code>. Anywhere in the output folder the group level finds it: an excluded run keeps its row among the runs and is left out of regions, charts and repeatability.</p>
<div data-rating="${id}"><p>Without scripts, write the file by hand (reasons: ${REASONS.map(reason => reason.id).join(', ')}):</p><pre>${example}</pre></div>
${embedded(id, JSON.stringify(subject))}`
}
