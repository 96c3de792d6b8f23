import type { CompanionText } from '../../bids/image-index.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import { baseName } from './fields.ts'
import { LIMITS } from './limits.ts'

/** A direction in space: a unit vector. */
export type Direction = readonly [number, number, number]

/** The diffusion weighting of each volume of a series. */
export interface Gradients {
  /** [s/mm²], shape (nVolume) */
  readonly b: readonly number[]
  /** Null where there is none: no weighting, or a mean over directions that the scanner made. shape (nVolume) */
  readonly directions: readonly (Direction | null)[]
}

/** The text files of an image, as far as they are there. */
export interface GradientTexts {
  readonly image: string
  readonly bval: CompanionText | null
  readonly bvec: CompanionText | null
  /** Volumes of the image; null where that is not known. */
  readonly frames: number | null
}

/**
 * The rows of a table of numbers in text, blank lines and spaces of any kind ignored; null where a word is no number.
 *
 * @param text - content of a `.bval` or `.bvec` file
 */
export function parseRows(text: string): number[][] | null {
  const rows = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .map(line => line.split(/[\s,;]+/).filter(word => word !== ''))
    .filter(words => words.length > 0)
    .map(words => words.map(word => (/^[+-]?nan$/i.test(word) ? Number.NaN : isNumber(word) ? Number(word) : null)))
  if (rows.some(row => row.includes(null))) return null
  return rows.map(row => row.filter(value => value !== null))
}

function isNumber(word: string): boolean {
  // 1e400 has the form of a number and is none.
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) && Number.isFinite(Number(word))
}

/**
 * The b-values of a series.
 *
 * @remarks
 * One row, as BIDS asks, or one value a row, as some tools write.
 *
 * @param file - the `.bval` file
 */
export function parseBval({ path, text }: CompanionText): Checked<readonly number[]> {
  const refuse = (sentence: string) => bad(problem('BVAL_INVALID', `${baseName(path)}: ${sentence}`, { file: path }))
  const rows = parseRows(text)
  if (rows === null) return refuse('it holds words that are no numbers; write one row of b-values, apart by spaces.')
  const b = rows.length === 1 ? rows[0]! : rows.every(row => row.length === 1) ? rows.flat() : null
  if (b === null) return refuse(`it has ${rows.length} rows; write one row with one b-value a volume.`)
  if (b.length === 0) return refuse('it is empty; write one row with one b-value a volume.')
  const wrong = b.findIndex(value => !(value >= 0))
  if (wrong >= 0) return refuse(`b-value ${wrong + 1} is ${b[wrong]}; b-values are at least 0 s/mm²: correct it.`)
  return good(b)
}

/**
 * The directions of a series; null for a volume whose vector is 0.
 *
 * @remarks
 * Three rows, as BIDS asks, or one vector a row. A vector that is not of length 1 is refused, for it may scale b; one of
 * NaN, which some tools write for b = 0, is none.
 *
 * @param file - the `.bvec` file
 * @param b - the b-values [s/mm²], shape (nVolume)
 */
export function parseBvec({ path, text }: CompanionText, b: readonly number[]): Checked<readonly (Direction | null)[]> {
  const refuse = (sentence: string) => bad(problem('BVEC_INVALID', `${baseName(path)}: ${sentence}`, { file: path }))
  const rows = parseRows(text)
  if (rows === null) return refuse('it holds words that are no numbers; write three rows, x y z, apart by spaces.')
  const isAcross = rows.length === 3 && rows.every(row => row.length === b.length)
  if (!isAcross && !(rows.length === b.length && rows.every(row => row.length === 3)))
    return refuse(
      `it has ${rows.length} rows of ${[...new Set(rows.map(row => row.length))].join(' or ')} numbers; write three rows with ${b.length} numbers each, as there are b-values.`,
    )
  const directions: (Direction | null)[] = []
  for (const [volume, weighting] of b.entries()) {
    const vector = isAcross ? rows.map(row => row[volume]!) : rows[volume]!
    const length = Math.hypot(...vector)
    if (length === 0 || (Number.isNaN(length) && weighting <= LIMITS.zero)) directions.push(null)
    else if (!(Math.abs(length - 1) <= LIMITS.unitVector))
      return refuse(
        `vector ${volume + 1} has length ${Number.isNaN(length) ? 'NaN' : Number(length.toPrecision(3))}, at b ${weighting}; write unit vectors (and the true b in the .bval), or 0 0 0 for an image that is a mean over directions.`,
      )
    else directions.push([vector[0]! / length, vector[1]! / length, vector[2]! / length])
  }
  return good(directions)
}

/**
 * The diffusion weighting of a series from its text files; problems where it cannot be had.
 *
 * @param texts - the files
 */
export function readGradients({ image, bval, bvec, frames }: GradientTexts): Checked<Gradients> {
  const name = baseName(image)
  const expected = (extension: string) => image.replace(/\.nii(\.gz)?$/, extension)
  const missing = (extension: string, remedy: string): Problem =>
    problem('FILE_MISSING', `${baseName(expected(extension))}: ${name} has no ${extension} file; ${remedy}`, {
      file: expected(extension),
    })
  if (!bval) return bad(missing('.bval', 'add the b-values of the acquisition, one a volume; none are ever assumed.'))
  const b = parseBval(bval)
  if (!b.ok) return b
  if (frames !== null && b.value.length !== frames)
    return bad(
      problem(
        'LENGTHS_DISAGREE',
        `${baseName(bval.path)}: it has ${b.value.length} b-values, ${name} has ${frames} volumes; there must be one b-value a volume.`,
        { file: bval.path },
      ),
    )
  if (!bvec)
    return bad(missing('.bvec', 'add the directions; where the scanner averaged over them, write three rows of zeros.'))
  const directions = parseBvec(bvec, b.value)
  return directions.ok ? good({ b: b.value, directions: directions.value }) : directions
}
