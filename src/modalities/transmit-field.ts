import { intendedFor } from '../bids/intended-for.ts'
import type { BidsName } from '../bids/name.ts'
import { smoothWithin } from '../image/smooth.ts'
import { frameValues, isSameGrid, type Volume } from '../image/volume.ts'
import { median } from '../numerics/statistics.ts'
import { bad, type Checked, good, type Problem, problem } from '../problems.ts'
import { baseName, numberIn, textIn } from './fields.ts'
import type { Index, Source } from './modality.ts'

/** Suffixes of B1 maps, best first, with the number of images that make one. */
const KINDS = [
  ['TB1map', 1],
  ['TB1TFL', 2],
  ['TB1RFM', 2],
  ['TB1AFI', 2],
  ['TB1DAM', 2],
] as const

/** Medians that are a fraction, and those that are percent. */
const FRACTION = [0.5, 1.6] as const

/** Smoothing of maps that are computed from images [mm]: the transmit field has no fine detail, their noise has. */
const SMOOTHING = 6

const DEGREE = Math.PI / 180

/**
 * The images from which the transmit field of a series can be had, best kind first: those whose `IntendedFor` names it
 * before others of its session.
 *
 * @param index - the dataset
 * @param image - the series
 */
export function findB1(index: Index, image: BidsName): readonly BidsName[] {
  const here = index.images.filter(
    ({ entities, suffix }) =>
      entities['sub'] === image.entities['sub'] &&
      entities['ses'] === image.entities['ses'] &&
      KINDS.some(([kind]) => kind === suffix),
  )
  const isNamed = (candidate: BidsName) => {
    const sidecar = index.sidecar(candidate)
    return sidecar.ok && intendedFor(sidecar.value, candidate).some(path => path === image.path)
  }
  const named = here.filter(isNamed)
  for (const [kind, count] of KINDS)
    for (const candidates of [named, here]) {
      const images = candidates.filter(({ suffix }) => suffix === kind)
      if (images.length >= count) return images.slice(0, count)
    }
  return []
}

/** The transmit field: actual over nominal flip angle. */
export interface TransmitField {
  /** Actual over nominal flip angle [1]; NaN where it is not known. */
  readonly map: Volume
  /** How it was had, in words. */
  readonly method: string
}

/**
 * Actual over nominal flip angle, on the grid of its images.
 *
 * @remarks
 *     TB1map   k = value/100 (percent, as BIDS asks), or the value where its median is that of a fraction
 *     TB1DAM   k = arccos(S2/(2·S1))/α                        flip angles α and 2α, long TR
 *     TB1AFI   k = arccos((r·n − 1)/(n − r))/α                r = S2/S1, n = TR2/TR1
 *     TB1TFL   k = value/10°/α, so TB1RFM                      the second image is the flip angle in tenths of a degree
 *
 * Maps that are computed from images are smoothed by 6 mm; a TB1map is taken as it is.
 *
 * **Limits.** A median outside 0.5 to 1.6 (50 to 160 percent), and a stated unit that contradicts the values, leave no map,
 * with a sentence: an unusable B1 map is never half used.
 *
 * @param sources - the images
 * @param volumes - their voxels, each on its own grid
 *
 * @see Stollberger & Wach, Magn Reson Med 35:246 (1996), doi:10.1002/mrm.1910350217
 * @see Yarnykh, Magn Reson Med 57:192 (2007), doi:10.1002/mrm.21120
 */
export function transmitField(sources: readonly Source[], volumes: readonly Volume[]): Checked<TransmitField> {
  const [first, second] = sources
  const [one, other] = volumes
  if (!first || !one) throw new Error('a transmit field has an image')
  const refuse = (what: string) => bad(unusable(first, what))
  const kind = first.name.suffix
  if (kind === 'TB1map' || !second || !other) return fromMap(first, one)
  if (!isSameGrid(one.grid, other.grid))
    return refuse(`and ${baseName(second.name.path)} lie on different grids; resample one of them`)
  const k =
    kind === 'TB1DAM'
      ? fromDoubleAngle([first, second], [one, other])
      : kind === 'TB1AFI'
        ? fromActualFlip([first, second], [one, other])
        : fromFlipAngles(sources, volumes)
  if (typeof k === 'string') return refuse(k)
  const known = k.filter(value => value > 0)
  const middle = median(known)
  if (!(middle >= FRACTION[0] && middle <= FRACTION[1]))
    return refuse(
      `gives a median of actual over nominal flip angle of ${middle.toPrecision(3)}, which must lie between ${FRACTION.join(' and ')}; check its flip angles`,
    )
  const inside = Uint8Array.from(k, value => (value > 0 ? 1 : 0))
  const smooth = smoothWithin(k, one.grid, inside, SMOOTHING)
  const data = smooth.map(value => (value > 0 ? value : Number.NaN))
  return good({ map: { ...one, frames: 1, data, slope: 1, intercept: 0 }, method: kind })
}

function unusable(source: Source, what: string): Problem {
  return problem(
    'B1_INVALID',
    `${baseName(source.name.path)} ${what}. Neither the T1 fit nor the concentration is corrected for B1.`,
    { file: source.name.path },
  )
}

function fromMap(source: Source, volume: Volume): Checked<TransmitField> {
  const values = frameValues(volume, 0)
  const middle = median(values.filter(value => value > 0))
  const isFraction = middle >= FRACTION[0] && middle <= FRACTION[1]
  const isPercent = middle >= 100 * FRACTION[0] && middle <= 100 * FRACTION[1]
  const units = textIn(source, 'Units')?.toLowerCase() ?? null
  const saysPercent = units !== null && /percent|%|p\.u\./.test(units)
  const saysFraction = units !== null && /^(1|fraction|ratio|unitless|arbitrary)$/.test(units)
  if ((!isFraction && !isPercent) || (isFraction && saysPercent) || (isPercent && saysFraction))
    return bad(
      unusable(
        source,
        `has a median of ${middle.toPrecision(3)}${units === null ? '' : ` and Units ${units}`}; B1 is expected in percent (about 100) as BIDS asks, or as a fraction (about 1): correct the map or its Units`,
      ),
    )
  const scale = isPercent ? 1 / 100 : 1
  const data = Float32Array.from(values, value => (value > 0 ? scale * value : Number.NaN))
  return good({ map: { ...volume, frames: 1, data, slope: 1, intercept: 0 }, method: 'TB1map' })
}

type Pair<T> = readonly [T, T]

function fromDoubleAngle(sources: Pair<Source>, volumes: Pair<Volume>): Float32Array | string {
  const angles = sources.map(source => numberIn(source, 'FlipAngle'))
  const [low, high] = angles[0] !== null && angles[1] !== null && angles[0]! > angles[1]! ? [1, 0] : [0, 1]
  const [a, b] = [angles[low], angles[high]]
  if (!a || !b || Math.abs(b - 2 * a) > 0.02 * b)
    return `needs FlipAngle in both sidecars, the second twice the first; they are ${angles.join(' and ')}`
  const [S1, S2] = [frameValues(volumes[low]!, 0), frameValues(volumes[high]!, 0)]
  return Float32Array.from(S1, (s, v) => arccos(S2[v]! / (2 * s)) / (a * DEGREE))
}

function fromActualFlip(sources: Pair<Source>, volumes: Pair<Volume>): Float32Array | string {
  const times = sources.map(
    source => numberIn(source, 'RepetitionTime') ?? numberIn(source, 'RepetitionTimeExcitation'),
  )
  const angle = numberIn(sources[0], 'FlipAngle')
  const [short, long] = times[0] && times[1] && times[0] > times[1] ? [1, 0] : [0, 1]
  const [TR1, TR2] = [times[short], times[long]]
  if (!TR1 || !TR2 || !angle || TR1 === TR2)
    return `needs FlipAngle and two different repetition times; they are ${angle} and ${times.join(', ')}`
  const n = TR2 / TR1
  const [S1, S2] = [frameValues(volumes[short]!, 0), frameValues(volumes[long]!, 0)]
  return Float32Array.from(S1, (s, v) => {
    const r = S2[v]! / s
    return arccos((r * n - 1) / (n - r)) / (angle * DEGREE)
  })
}

/** The image that holds flip angles in tenths of a degree: that with `acq-famp`, else the second. */
function fromFlipAngles(sources: readonly Source[], volumes: readonly Volume[]): Float32Array | string {
  const named = sources.findIndex(({ name }) => /famp/i.test(name.entities['acq'] ?? ''))
  const at = named < 0 ? 1 : named
  const angle = numberIn(sources[at]!, 'FlipAngle')
  if (!angle) return 'needs FlipAngle, the nominal angle that its values are compared with'
  return Float32Array.from(frameValues(volumes[at]!, 0), value => value / 10 / angle)
}

/** Arc cosine; NaN outside its domain, where noise or fluid put the ratio. */
function arccos(value: number): number {
  return value >= -1 && value <= 1 ? Math.acos(value) : Number.NaN
}
