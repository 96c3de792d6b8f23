import type { IvimSeries } from './ivim-fit.ts'
import { type IvimScheme, type IvimSettings, ivimScheme } from './ivim-scheme.ts'

/** The samples of one voxel as the fits take them. */
export interface VoxelSamples {
  readonly scheme: IvimScheme
  /** Samples over their mean at b = 0, times the roots of their weights, shape (nB of the scheme). */
  readonly y: Float64Array
  /** That mean, unit of the signal. */
  readonly scale: number
}

/** Reads the voxels of a series. */
export interface Samples {
  /** What the series supports where no sample is missing. */
  readonly scheme: IvimScheme
  /** The samples of a voxel, valid until the next call; null where too few are there, or none without weighting. */
  read(voxel: number): VoxelSamples | null
}

/** Sets of samples that are remembered at most: voxels with gaps mostly have the same. */
const REMEMBERED = 256

interface Remembered extends VoxelSamples {
  scale: number
}

/**
 * A reader of the voxels of a series.
 *
 * @remarks
 * A sample that is not finite or not above 0 was not measured: magnitudes are above 0. It is left out, and the others are
 * used where they still support D and f (and D* where that is needed).
 *
 * @param series - the series
 * @param used - which of its samples, shape (nUsed)
 * @param settings - threshold and rule
 * @param needsDstar - whether fewer samples than D* needs are too few
 */
export function sampleReader(
  { signals, b, weights }: IvimSeries,
  used: Int32Array,
  settings: IvimSettings,
  needsDstar: boolean,
): Samples {
  const nVoxel = signals.length / b.length
  const n = used.length
  const schemeOf = (chosen: Int32Array) =>
    ivimScheme(
      Float64Array.from(chosen, i => b[i]!),
      settings,
      weights && Float64Array.from(chosen, i => weights[i]!),
    )
  const whole: Remembered = { scheme: schemeOf(used), y: new Float64Array(n), scale: 0 }
  const { y } = whole
  const parts = new Map<string, Remembered | null>()
  const isThere = new Uint8Array(n)

  function withGaps(): Remembered | null {
    for (let i = 0; i < n; i++) isThere[i] = y[i]! > 0 && y[i]! < Infinity ? 1 : 0
    const key = isThere.join('')
    let part = parts.get(key)
    if (part === undefined) {
      const scheme = schemeOf(used.filter((_, i) => isThere[i] === 1))
      const isEnough = needsDstar ? scheme.hasDstar : scheme.hasFraction
      part = isEnough ? { scheme, y: new Float64Array(scheme.t.length), scale: 0 } : null
      if (parts.size >= REMEMBERED) parts.clear()
      parts.set(key, part)
    }
    if (!part) return null
    let next = 0
    for (let i = 0; i < n; i++) if (isThere[i] === 1) part.y[next++] = y[i]!
    normalise(part)
    return part
  }

  return {
    scheme: whole.scheme,
    read: voxel => {
      let least = Infinity
      let check = 0
      for (let i = 0; i < n; i++) {
        const value = signals[used[i]! * nVoxel + voxel]!
        y[i] = value
        if (value < least) least = value
        check += value - value
      }
      if (check !== 0 || !(least > 0)) return withGaps()
      normalise(whole)
      return whole
    },
  }

  /** Samples over their mean at b = 0, times the roots of their weights. */
  function normalise(part: Remembered): void {
    const { scheme } = part
    let sum = 0
    for (let k = 0; k < scheme.zero.length; k++)
      sum += scheme.share[k]! * scheme.root[scheme.zero[k]!]! * part.y[scheme.zero[k]!]!
    part.scale = sum
    for (let i = 0; i < part.y.length; i++) part.y[i]! *= scheme.root[i]! / sum
  }
}

/**
 * One of something for each set of samples, made when it is first asked for.
 *
 * @param make - makes it
 */
export function perScheme<T>(make: (scheme: IvimScheme) => T): (scheme: IvimScheme) => T {
  const known = new Map<IvimScheme, T>()
  return scheme => {
    let one = known.get(scheme)
    if (one === undefined) {
      if (known.size >= REMEMBERED) known.clear()
      one = make(scheme)
      known.set(scheme, one)
    }
    return one
  }
}
