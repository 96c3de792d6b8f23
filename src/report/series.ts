import type { Rating } from './rating.ts'
import type { Fact, RunRecord } from './record.ts'

/** What the group level needs of a run: parts of its record, its name, and where its page is. */
export interface GroupRun
  extends Pick<
    RunRecord,
    'kind' | 'title' | 'participant' | 'session' | 'entities' | 'status' | 'problems' | 'protocol' | 'quality'
  > {
  readonly bidsName: string
  /** The participant's page, relative to the group's. */
  readonly href: string
  readonly facts: readonly Pick<Fact, 'name' | 'label' | 'value' | 'unit'>[]
  /** Where it was acquired; null where nothing tells. */
  readonly site: string | null
  readonly optionsHash: string
  /** What readers said of it; a run that one of them excludes is out of regions, charts and repeatability. */
  readonly ratings: readonly GroupRating[]
  readonly isExcluded: boolean
}

/** A rating with where it was found, and whether the result has changed since. */
export interface GroupRating extends Rating {
  readonly file: string
  readonly isOutdated: boolean
}

/** The columns that tell one {@link RegionSeries} from another; what a row lacks is empty. */
export const SERIES_COLUMNS = [
  'modality',
  'model',
  'param',
  'desc',
  'estimator',
  'units',
  'atlas',
  'region',
  'source',
] as const

/** One parameter in one region over the runs of a technique; NaN where a run has no value. */
export interface RegionSeries extends Readonly<Record<(typeof SERIES_COLUMNS)[number], string>> {
  /** Median of the voxels, or the value of the fit to the region, shape (nRun of the technique). */
  readonly median: Float64Array
  /** Mean of the voxels; NaN for a fit, shape (nRun of the technique). */
  readonly mean: Float64Array
}

/** One comparison of the table of repeatability. */
export interface Repeatability {
  /** Column to cell. */
  readonly cells: Readonly<Record<string, string | number | null>>
  /** The compared runs of each participant, by their numbers among the runs of the technique. */
  readonly participants: readonly (readonly number[])[]
}

/** The runs of one technique, as the {@link RegionSeries} of it count them. */
export function runsOfKind(runs: readonly GroupRun[], kind: string): GroupRun[] {
  return runs.filter(run => run.kind === kind)
}

/** The name of a series' parameter. */
export function parameterName({ modality, model, param, desc }: RegionSeries): string {
  return [modality, model, param, desc].filter(part => part !== '').join(' · ')
}
