import { type Grid, voxelSize } from '../../image/volume.ts'
import { median, quantile } from '../../numerics/statistics.ts'
import { clusteredVoxels } from './clusters.ts'
import { type Curves, TAIL } from './curves.ts'
import { type LeakageFit, leakageFit } from './leakage-fit.ts'
import { LIMITS } from './limits.ts'
import type { Correction } from './outputs.ts'
import { type Regions, valuesIn } from './regions.ts'
import type { Signals } from './signals.ts'
import type { SliceDelay } from './timing.ts'

/** Quantile of the area above which a voxel counts as vessel, and is kept out of the reference [1]. */
const VESSEL = 0.9

/** How far the tail of a curve may be from the usual one, in its noise [1], and as a share of its peak [1]. */
const USUAL = [1, 0.1] as const

/** Voxels without which there is no reference. */
const LEAST = 50

/** The mean curve of tissue that does not enhance, against which leakage is told. */
export interface Reference {
  /** [1/s], shape (nVolume) */
  readonly curve: Float64Array
  readonly voxels: number
  /** Median arrival from the first volume, median width, mean time of the slices [s]. */
  readonly arrival: number
  readonly width: number
  readonly sliceDelay: number
}

/** What a leakage correction gives, shape (nVoxel) each; NaN where leakage cannot be told. */
export interface Leakage {
  readonly correction: Correction
  /** Corrected area under the curve [1]. */
  readonly area: Float64Array
  readonly k1: Float64Array
  /** [1/s] */
  readonly k2: Float64Array
  /** [1/s]; null where the method has none. */
  readonly kep: Float64Array | null
  /** Standard errors, in the units of the values; of the area [1]. */
  readonly se: {
    readonly area: Float64Array
    readonly k1: Float64Array
    readonly k2: Float64Array
    readonly kep: Float64Array
  }
  /** 0 outside, 1 corrected, 2 corrected with kep at a bound, 4 no signal, 5 no blood beyond noise, 6 not identifiable. */
  readonly status: Uint8Array
  /** 1 where leakage is beyond noise, in clusters. */
  readonly seen: Uint8Array
  readonly settings: Readonly<Record<string, unknown>>
}

/**
 * The mean curve of tissue that does not enhance; null where there is too little of it.
 *
 * @remarks
 * Voxels of the healthy brain without fluid and without the tenth with the largest volume, whose curve ends where curves of
 * this run do: within its noise and a tenth of its peak from the median of tail over peak. Leaked agent moves that end.
 *
 * @param signals - of the run
 * @param regions - healthy brain, fluid
 * @param curves - areas, peaks, tails
 * @param delayOf - acquisition times of slices
 */
export function referenceOf(
  signals: Signals,
  regions: Regions,
  { area, status, peak, tail, noise, shape }: Curves,
  delayOf: SliceDelay,
): Reference | null {
  const candidates = regions.healthy.map((inside, v) =>
    inside === 1 && status[v] === 1 && regions.csf?.[v] !== 1 && peak[v]! > 0 ? 1 : 0,
  )
  const areas = valuesIn(area, candidates)
  if (areas.length < LEAST) return null
  const largest = quantile(areas, VESSEL)
  const usual = median(
    valuesIn(
      Float64Array.from(tail, (value, v) => value / peak[v]!),
      candidates,
    ),
  )
  const region = candidates.map((inside, v) => {
    const off = Math.abs(tail[v]! - usual * peak[v]!)
    return inside === 1 && area[v]! <= largest && off <= USUAL[0] * noise[v]! + USUAL[1] * peak[v]! ? 1 : 0
  })
  const curve = new Float64Array(signals.frames)
  const sum = new Float64Array(signals.frames)
  let voxels = 0
  let late = 0
  for (let v = 0; v < region.length; v++) {
    if (region[v] !== 1 || !signals.tissue(v, curve)) continue
    for (let k = 0; k < sum.length; k++) sum[k]! += curve[k]!
    late += delayOf(v)
    voxels++
  }
  if (voxels < LEAST) return null
  return {
    curve: sum.map(value => value / voxels),
    voxels,
    arrival: median(valuesIn(shape.bat, region)),
    width: median(valuesIn(shape.fwhm, region)),
    sliceDelay: late / voxels,
  }
}

/**
 * Volume corrected for leakage, with the leakage itself.
 *
 * @remarks
 * Each slice is fitted with the reference at its own time. Where K2 is beyond two standard errors and the bolus comes 2 s later
 * than in the reference, or is 1.5 times as wide, the fit would take delay and dispersion for leakage: such voxels have no
 * value. Leakage is seen where K2 is beyond five standard errors, can be told, and hangs together over 1 mL. Both are judged by
 * the unidirectional K2, whatever the correction: a free kep makes leakage of any other shape of curve.
 *
 * @param correction - unidirectional or bidirectional
 * @param parts - signals, curves, reference
 */
export function leakageOf(
  correction: Correction,
  parts: {
    readonly signals: Signals
    readonly curves: Curves
    readonly reference: Reference
    readonly delayOf: SliceDelay
    readonly grid: Grid
  },
): Leakage {
  const { signals, curves, reference, delayOf, grid } = parts
  const n = curves.status.length
  const make = () => new Float64Array(n).fill(Number.NaN)
  const [area, k1, k2, kep] = [make(), make(), make(), make()]
  const se = { area: make(), k1: make(), k2: make(), kep: make() }
  const status = curves.status.slice()
  const seen = new Uint8Array(n)
  const isBidirectional = correction === 'bidir'
  const fitAt = fitsBySlice(reference, signals, isBidirectional)
  const plainAt = isBidirectional ? fitsBySlice(reference, signals, false) : fitAt
  const curve = new Float64Array(signals.frames)
  for (let v = 0; v < n; v++) {
    // Leakage can take all of the area away: then the peak tells that there is blood.
    const isSeen = status[v] === 1 || (status[v] === 5 && Number.isFinite(curves.shape.bat[v]!))
    if (!isSeen || !signals.tissue(v, curve)) continue
    status[v] = 1
    const [fit, plain] = [fitAt(delayOf(v)), plainAt(delayOf(v))]
    if (!plain.solve(curve)) {
      status[v] = 4
      continue
    }
    plain.errors()
    const size = Math.abs(plain.values.K2) / plain.se.K2
    const isLate = !(curves.shape.bat[v]! - reference.arrival <= LIMITS.late)
    const isWide = !(curves.shape.fwhm[v]! <= LIMITS.wide * reference.width)
    if ((isLate || isWide) && size > LIMITS.present) {
      status[v] = 6
      continue
    }
    if (size > LIMITS.leaking) seen[v] = 1
    if (isBidirectional) {
      fit.solve(curve)
      fit.errors()
    }
    const { values } = fit
    area[v] = curves.area[v]! + values.missing
    k1[v] = values.K1
    k2[v] = values.K2
    se.area[v] = fit.se.area
    se.k1[v] = fit.se.K1
    se.k2[v] = fit.se.K2
    // What does not leak does not return, either.
    if (Math.abs(values.K2) > LIMITS.present * fit.se.K2) {
      kep[v] = values.kep
      se.kep[v] = fit.se.kep
    }
    if (fit.isAtBound()) status[v] = 2
  }
  const voxel = voxelSize(grid).reduce((product, edge) => product * edge, 1) / 1000
  return {
    correction,
    area,
    k1,
    k2,
    se,
    kep: correction === 'bidir' ? kep : null,
    status,
    seen: clusteredVoxels(seen, grid.shape, Math.ceil(LIMITS.leakingVolume / voxel)),
    settings: {
      EstimationAlgorithm:
        correction === 'bsw'
          ? 'Linear fit of the mean curve of non-enhancing tissue and its integral'
          : 'The same with an exponential return of leaked agent, its rate by search',
      ReferenceVoxels: reference.voxels,
      LateBy: { Value: LIMITS.late, Units: 's' },
      WiderThan: { Value: LIMITS.wide, Units: '1' },
      TailVolumes: TAIL,
    },
  }
}

/** A fit for each slice time, with the reference as it would be in that slice. */
function fitsBySlice(
  { curve, sliceDelay }: Reference,
  { dt }: Signals,
  isBidirectional: boolean,
): (delay: number) => LeakageFit {
  const known = new Map<number, LeakageFit>()
  return delay => {
    const before = known.get(delay)
    if (before) return before
    const shift = (delay - sliceDelay) / dt
    const at = (k: number) => curve[Math.min(curve.length - 1, Math.max(0, k))]!
    const shifted = curve.map((_, k) => {
      const whole = Math.floor(k + shift)
      return at(whole) + (k + shift - whole) * (at(whole + 1) - at(whole))
    })
    const fit = leakageFit(shifted, dt, isBidirectional)
    known.set(delay, fit)
    return fit
  }
}
