import type { Options } from '../../options.ts'
import type { Direction, Gradients } from './gradients.ts'
import { LIMITS } from './limits.ts'

/** Volumes of one b-value. */
export interface BGroup {
  /** Mean of their b [s/mm²]. */
  readonly b: number
  /** Indices of the volumes, rising. */
  readonly volumes: readonly number[]
}

/**
 * The distinct b-values of a series, rising.
 *
 * @remarks
 * Neighbours that differ from the first of their group by at most 0.5 s/mm² or 2 % are one: 1 and 2 stay apart, 1000 and
 * 1015 do not.
 *
 * @param b - diffusion weighting of each volume [s/mm²]
 */
export function groupB(b: readonly number[]): BGroup[] {
  const order = b.map((_, volume) => volume).sort((one, other) => b[one]! - b[other]! || one - other)
  const groups: number[][] = []
  const [absolute, relative] = LIMITS.sameB
  for (const volume of order) {
    const group = groups.at(-1)
    const first = group === undefined ? Number.NaN : b[group[0]!]!
    if (group && b[volume]! - first <= Math.max(absolute, relative * first)) group.push(volume)
    else groups.push([volume])
  }
  return groups.map(volumes => ({
    b: volumes.reduce((sum, volume) => sum + b[volume]!, 0) / volumes.length,
    volumes: volumes.sort((one, other) => one - other),
  }))
}

/** Whether a b [s/mm²] counts as none in a series whose smallest is given: the file's own minimum, if that is at most 5. */
export function isZero(b: number, smallest: number): boolean {
  return smallest <= LIMITS.zero && b <= smallest + LIMITS.sameZero
}

/** Whether a b [s/mm²] is one at which only tissue shows. */
export function isHigh(b: number, options: Pick<Options, 'ivim-threshold' | 'ivim-threshold-rule'>): boolean {
  const threshold = options['ivim-threshold']
  return options['ivim-threshold-rule'] === 'strict' ? b > threshold : b >= threshold
}

/** What a set of b-values can support. */
export interface Support {
  readonly groups: readonly BGroup[]
  /** Volumes without weighting. */
  readonly zeros: number
  /** Distinct b below the threshold, without those that count as none. */
  readonly low: readonly number[]
  /** Distinct b from the threshold to the highest that the bi-exponential model is fitted to. */
  readonly high: readonly number[]
  /** Distinct b for ADC. */
  readonly adc: readonly number[]
  /** Distinct b for kurtosis. */
  readonly kurtosis: readonly number[]
  readonly hasFraction: boolean
  readonly hasDstar: boolean
  readonly hasAdc: boolean
  readonly hasKurtosis: boolean
}

/**
 * Which parameters a set of b-values supports.
 *
 * @param b - diffusion weighting of each volume [s/mm²]
 * @param options - threshold and rule
 */
export function supportOf(b: readonly number[], options: Options): Support {
  const groups = groupB(b)
  const smallest = b.reduce((least, value) => Math.min(least, value), Infinity)
  const weighted = groups.map(group => group.b).filter(value => !isZero(value, smallest))
  const zeros = b.filter(value => isZero(value, smallest)).length
  const high = weighted.filter(value => isHigh(value, options) && value <= LIMITS.highest)
  const low = weighted.filter(value => !isHigh(value, options))
  const adc = groups.map(group => group.b).filter(value => value <= LIMITS.highestAdc * (1 + LIMITS.sameB[1]))
  const kurtosis = weighted.filter(value => value >= LIMITS.kurtosis[0] && value <= LIMITS.kurtosis[1])
  const hasFraction = zeros > 0 && high.length >= 2
  return {
    groups,
    zeros,
    low,
    high,
    adc,
    kurtosis,
    hasFraction,
    hasDstar: hasFraction && low.length > 0,
    hasAdc: adc.length >= 2,
    hasKurtosis: kurtosis.length >= 3 && kurtosis.some(value => value >= LIMITS.kurtosisReach),
  }
}

/** Directions that differ by more than about 8 degrees; a vector and its opposite are one. */
export function distinctDirections(directions: readonly (Direction | null)[]): Direction[] {
  const found: Direction[] = []
  for (const direction of directions)
    if (direction && !found.some(known => isCollinear(known, direction))) found.push(direction)
  return found
}

/** Whether two directions are one, or opposite. */
export function isCollinear(one: Direction, other: Direction): boolean {
  return Math.abs(one[0] * other[0] + one[1] * other[1] + one[2] * other[2]) >= LIMITS.collinear
}

/** Why b-values tell nothing of diffusion at all; null where they may. */
export function unusableB(b: readonly number[]): string | null {
  const most = b.reduce((largest, value) => Math.max(largest, value), 0)
  if (groupB(b).length < 2) return `all volumes have one b-value, ${Math.round(most)} s/mm²; diffusion needs two`
  if (most > LIMITS.zero) return null
  return `the largest b-value is ${most} s/mm²; b-values are in s/mm², so write 800 for 0.8 ms/µm²`
}

/** What a series is taken for, and why. */
export interface Classified {
  readonly kind: 'ivim' | 'simplified' | 'other'
  readonly reason: string
}

/**
 * Whether a series is IVIM, simplified IVIM, or something else.
 *
 * @remarks
 * IVIM: volumes without weighting, two b-values from the threshold on, one below. Simplified: none below, and few
 * directions or a name that says so. In a series with a shell of six or more directions b of at most 5 s/mm² is another
 * name for 0. All else is tensor imaging or a diffusion-weighted scan. One that is named IVIM and has b-values of no use is
 * taken for it, to be refused with the reason.
 *
 * @param gradients - weighting of each volume
 * @param options - threshold and rule
 * @param words - file name and descriptions of the series
 */
export function classify({ b, directions }: Gradients, options: Options, words: string): Classified {
  const support = supportOf(b, options)
  const shown = support.groups.map(group => Math.round(group.b)).join(' ')
  const most = Math.max(
    0,
    ...support.groups.map(
      ({ volumes }) => distinctDirections(volumes.map(volume => directions[volume] ?? null)).length,
    ),
  )
  const useless = (reason: string): Classified => ({ kind: 'other', reason: `${reason} (b ${shown})` })
  const other = (reason: string): Classified => {
    return { kind: 'other', reason: `${reason} (b ${shown}); --ivim-force processes it` }
  }
  const isTensor = most >= LIMITS.tensor
  const low = isTensor ? support.low.filter(value => value > LIMITS.zero + LIMITS.sameZero) : support.low
  const unusable = unusableB(b)
  if (unusable !== null) {
    if (/ivim/i.test(words)) return { kind: 'ivim', reason: 'its name says so' }
    if (support.zeros === b.length)
      return useless('it holds no diffusion weighting: a reference or a scan for distortion correction')
    return useless(unusable)
  }
  if (support.hasFraction && low.length > 0)
    return { kind: 'ivim', reason: `low b-values ${low.map(Math.round).join(' ')}` }
  if (support.hasFraction && (most <= LIMITS.simplified || /ivim|perf/i.test(words)))
    return { kind: 'simplified', reason: 'no b-value between 0 and the threshold: D and f, no D*' }
  if (isTensor && low.length === 0) return other(`tensor imaging: up to ${most} directions and no low b-values`)
  if (support.zeros === 0 && support.high.length >= 2 && support.low.length > 0)
    return { kind: 'ivim', reason: 'low and high b-values' }
  return other(
    support.high.length < 2
      ? `${support.high.length} b-value(s) from ${options['ivim-threshold']} to ${LIMITS.highest} s/mm², D and f need two`
      : 'diffusion imaging without low b-values',
  )
}
