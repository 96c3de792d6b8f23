import { smoothWithin } from '../../image/smooth.ts'
import { frameValues, type Volume, voxelCount } from '../../image/volume.ts'
import type { Bolus } from '../../kinetics/dsc-bolus.ts'
import type { ReadCurve } from '../../kinetics/dsc-curve.ts'
import { isClipped, type RateConversion, rateConversion } from '../../kinetics/dsc-signal.ts'
import { median } from '../../numerics/statistics.ts'
import type { DscAcquisition } from './acquisition.ts'
import { valuesIn } from './regions.ts'

/** Volumes before the bolus from which a voxel's own noise is believed; else that of all voxels is taken. */
const OWN_NOISE = 20

/** The signals of a run from the first steady volume on, as the fits ask for them. */
export interface Signals {
  /** Volumes, time between them [s], volumes before the bolus, all counted from the first steady volume. */
  readonly frames: number
  readonly dt: number
  /** Of the last echo, in which tissue is seen best [s]. */
  readonly echoTime: number
  readonly baseline: readonly [number, number]
  /** Volumes left out at the start. */
  readonly dummies: number
  /** ΔR2* of tissue: by all echoes. */
  readonly tissue: ReadCurve
  /** ΔR2* of blood: by the first echo, unless all echoes stay above the noise. */
  readonly artery: ReadCurve
  /** Standard deviation of each sample of the curve that {@link tissue} read last [1/s], shape (nVolume). */
  noise(voxel: number, out: Float64Array): void
  /** Signal of the last echo of the voxel that {@link tissue} read last [a.u.], shape (nVolume). */
  readonly last: Float64Array
  /** Its mean before the bolus [a.u.]. */
  lastBaseline(): number
  /** 1 where the bolus drives the first echo into the noise, shape (nVoxel). */
  readonly clipped: Uint8Array
  /** Noise of one sample of the last echo: median over the brain [a.u.]. */
  readonly sigma: number
}

/**
 * The signals of a run.
 *
 * @param series - one an echo, by rising echo time
 * @param acquisition - echo times, time between volumes
 * @param bolus - dummies and baseline
 * @param mask - where noise is looked at, shape (nVoxel)
 */
export function readSignals(
  series: readonly Volume[],
  { echoTimes, timing }: DscAcquisition,
  bolus: Bolus,
  mask: Uint8Array,
): Signals {
  const { dummies } = bolus
  const frames = series[0]!.frames - dummies
  const baseline = [bolus.baseline[0] - dummies, bolus.baseline[1] - dummies] as const
  const all = rateConversion(echoTimes, frames, baseline)
  const first = rateConversion(echoTimes.slice(0, 1), frames, baseline)
  const { own, typical, clipped, near } = judgeVoxels(series, dummies, baseline, mask)
  const fill = (conversion: RateConversion, voxel: number) => {
    for (let echo = 0; echo < conversion.echoes.length; echo++) {
      const { data, slope, intercept } = series[echo]!
      const out = conversion.echoes[echo]!
      const n = mask.length
      for (let k = 0, at = dummies * n + voxel; k < frames; k++, at += n) out[k] = slope * data[at]! + intercept
    }
  }
  const readWith =
    (conversion: RateConversion): ReadCurve =>
    (voxel, out) => {
      fill(conversion, voxel)
      return conversion.convert(out)
    }
  const tissue = readWith(all)
  const artery = readWith(first)
  return {
    frames,
    dt: timing.dt,
    echoTime: echoTimes.at(-1)!,
    baseline,
    dummies,
    tissue,
    artery: echoTimes.length === 1 ? tissue : (voxel, out) => (near[voxel] === 1 ? artery : tissue)(voxel, out),
    noise: (voxel, out) => all.noise(baseline[1] - baseline[0] >= OWN_NOISE ? own[voxel]! : typical, out),
    last: all.echoes.at(-1)!,
    lastBaseline: () => all.baselines.at(-1)!,
    clipped,
    sigma: typical,
  }
}

/**
 * Noise before the bolus and the lowest signal of each voxel: its own standard deviation in the last echo, the median of that,
 * whether the first echo is clipped, whether any echo is.
 */
function judgeVoxels(
  series: readonly Volume[],
  dummies: number,
  [from, to]: readonly [number, number],
  mask: Uint8Array,
): { own: Float32Array; typical: number; clipped: Uint8Array; near: Uint8Array } {
  const n = mask.length
  const own = new Float32Array(n)
  const clipped = new Uint8Array(n)
  const near = new Uint8Array(n)
  let typical = 0
  for (const [echo, { data, frames, slope, intercept }] of series.entries()) {
    const level = new Float64Array(n)
    const lowest = new Float64Array(n).fill(Number.POSITIVE_INFINITY)
    const count = to - from
    for (let v = 0; v < n; v++) {
      if (mask[v] !== 1) continue
      let sum = 0
      let squares = 0
      for (let k = dummies; k < frames; k++) {
        const value = slope * data[k * n + v]! + intercept
        if (value < lowest[v]!) lowest[v] = value
        if (k - dummies < from || k - dummies >= to) continue
        // Away from the first value, or the squares would drown the variance.
        const away = value - (slope * data[(dummies + from) * n + v]! + intercept)
        sum += away
        squares += away * away
      }
      level[v] = slope * data[(dummies + from) * n + v]! + intercept + sum / count
      own[v] = Math.sqrt(Math.max(0, squares - (sum * sum) / count) / (count - 1))
    }
    typical = median(valuesIn(own, mask))
    for (let v = 0; v < n; v++) {
      if (mask[v] !== 1 || !isClipped(lowest[v]!, level[v]!, typical)) continue
      near[v] = 1
      if (echo === 0) clipped[v] = 1
    }
  }
  return { own, typical, clipped, near }
}

/**
 * The series smoothed within the mask, volume by volume; the same where nothing was asked for.
 *
 * @param series - one an echo
 * @param mask - 1 inside, shape (nVoxel)
 * @param fwhm - full width at half maximum [mm]
 */
export function smoothed(series: readonly Volume[], mask: Uint8Array, fwhm: number): readonly Volume[] {
  if (fwhm === 0) return series
  return series.map(volume => {
    const n = voxelCount(volume.grid)
    const data = new Float32Array(n * volume.frames)
    for (let frame = 0; frame < volume.frames; frame++)
      data.set(smoothWithin(frameValues(volume, frame), volume.grid, mask, fwhm), frame * n)
    return { ...volume, data, slope: 1, intercept: 0 }
  })
}
