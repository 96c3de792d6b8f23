import { basename, join } from 'node:path'
import { isFolder, listFolder, readText } from '../bids/disk.ts'
import type { Rating } from '../report/rating.ts'

/** The ratings of a dataset, and what could not be read of them. */
export interface Ratings {
  /** By the name of the run, in the order of their files. */
  readonly byRun: ReadonlyMap<string, readonly (Rating & { readonly file: string })[]>
  /** One sentence a file that is no rating. */
  readonly problems: readonly string[]
}

/** Folders of the output dataset that hold no ratings. */
const ELSEWHERE = ['logs', 'figures', '.perfquant']

/**
 * The verdicts of readers: every `*_desc-rating_*.json` in the output dataset, wherever it was put: at its root, in a folder of
 * any name, or beside the results of the run.
 *
 * @param output - the output dataset
 */
export function readRatings(output: string): Ratings {
  const byRun = new Map<string, (Rating & { file: string })[]>()
  const problems: string[] = []
  for (const file of ratingFiles(output, '', 4)) {
    const rating = readRating(output, file)
    if (typeof rating === 'string') problems.push(rating)
    else byRun.set(rating.BidsName, [...(byRun.get(rating.BidsName) ?? []), { ...rating, file }])
  }
  return { byRun, problems }
}

function ratingFiles(output: string, folder: string, depth: number): string[] {
  if (!isFolder(join(output, folder))) return []
  return listFolder(join(output, folder)).flatMap(({ name, kind }) => {
    const path = folder === '' ? name : `${folder}/${name}`
    if (kind === 'folder' && depth > 0 && !ELSEWHERE.includes(name)) return ratingFiles(output, path, depth - 1)
    return kind === 'file' && /_desc-rating_\w+.*\.json$/.test(name) ? [path] : []
  })
}

/** A rating, or why the file is none. */
function readRating(output: string, file: string): Rating | string {
  let value: unknown
  try {
    value = JSON.parse(readText(join(output, file)))
  } catch (error) {
    return `${file} is no JSON (${error instanceof Error ? error.message : error}); save the rating again.`
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${file} is no rating; save it again from the participant's page.`
  const field = (name: string): unknown => new Map<string, unknown>(Object.entries(value)).get(name)
  const word = (name: string) => {
    const found = field(name)
    return typeof found === 'string' ? found : ''
  }
  const verdict = word('Rating')
  if (verdict !== 'accept' && verdict !== 'exclude')
    return `${file}: Rating is ${JSON.stringify(field('Rating')) ?? 'missing'}; write "accept" or "exclude".`
  const reasons = field('Reasons')
  return {
    // The name of the file says which run it is of, too.
    BidsName:
      word('BidsName') ||
      basename(file)
        .replace('_desc-rating', '')
        .replace(/\.json$/, ''),
    Identity: word('Identity'),
    Rating: verdict,
    Reasons: Array.isArray(reasons) ? reasons.filter(reason => typeof reason === 'string') : [],
    Notes: word('Notes'),
    Rater: word('Rater'),
  }
}
