import { median } from '../../numerics/statistics.ts'
import { spoiledSignal } from '../../physics/signal.ts'
import type { Fact } from '../../report/record.ts'
import { digits } from '../fields.ts'
import type { DceAcquisition } from './acquisition.ts'
import { relaxationAt } from './convert.ts'
import type { Fitted } from './fit.ts'

/** Voxels that the arterial input was measured in. */
function arterialVoxels({ arterial }: Fitted): number[] {
  return arterial ? Array.from(arterial.mask.keys()).filter(v => arterial.mask[v] === 1) : []
}

/** Median T1 before contrast of the voxels of the arterial input [s]; null where none was measured there. */
export function arterialT1(fitted: Fitted): number | null {
  const { relaxation } = fitted
  const voxels = arterialVoxels(fitted)
  if (!relaxation || typeof relaxation.T1 === 'number' || voxels.length === 0) return null
  const T1 = Float64Array.from(voxels, v => relaxationAt(relaxation, v).T1).filter(value => value > 0)
  return T1.length > 0 ? median(T1) : null
}

/**
 * Highest signal of the arterial voxels over the highest that the sequence can give there [1], median of the voxels; null where
 * the input was not measured in the series.
 */
export function arterialSaturation({ converting, frames }: DceAcquisition, fitted: Fitted): number | null {
  const { signals, relaxation, baseline } = fitted
  const voxels = arterialVoxels(fitted)
  if (!converting || !relaxation || voxels.length === 0) return null
  const n = signals.length / frames.times.length
  const { flipAngle, repetitionTime } = converting.excitation
  const shares = Float64Array.from(voxels, v => {
    const { T1, b1 } = relaxationAt(relaxation, v)
    const alpha = b1 * flipAngle.value
    const before = baseline.reduce((sum, frame) => sum + signals[frame * n + v]! / baseline.length, 0)
    const limit =
      (before * Math.sin(alpha)) / spoiledSignal({ flipAngle: alpha, repetitionTime: repetitionTime.value }, 1 / T1)
    let highest = 0
    for (let i = 0; i < frames.times.length; i++) highest = Math.max(highest, signals[i * n + v]!)
    return highest / limit
  }).filter(Number.isFinite)
  return shares.length > 0 ? median(shares) : null
}

/** What the voxels told of the acquisition, for the protocol check and the report. */
export function measuredFacts(acquisition: DceAcquisition, fitted: Fitted, mask: Uint8Array): Fact[] {
  const { frames, converting } = acquisition
  const { baseline, arrival, relaxation, arterial, models } = fitted
  const shown = (value: number | null) => (value !== null && Number.isFinite(value) ? Number(digits(value)) : null)
  const inside = (values: Float32Array) => median(values.filter((value, v) => mask[v] === 1 && value > 0))
  const T1 = !relaxation ? null : typeof relaxation.T1 === 'number' ? relaxation.T1 : inside(relaxation.T1)
  const saturation = arterialSaturation(acquisition, fitted)
  const from = 'the series'
  return [
    { name: 'BaselineVolumes', label: 'Volumes before the bolus', value: baseline.length || null, unit: '1', from },
    {
      name: 'DurationAfterArrival',
      label: 'Duration after arrival',
      value: arrival ? shown(frames.times.at(-1)! - arrival.time) : null,
      unit: 's',
      from,
    },
    { name: 'MedianT1', label: 'Median T1 before contrast', value: shown(T1), unit: 's', from: 'the T1 map' },
    {
      name: 'MedianB1',
      label: 'Median B1',
      value: relaxation?.b1 ? shown(inside(relaxation.b1)) : null,
      unit: '1',
      from: 'the B1 map',
    },
    {
      name: 'ErnstSignal',
      label: 'Signal over that at the Ernst angle',
      value: converting && T1 !== null && T1 > 0 ? shown(100 * ernstShare(converting.excitation, T1)) : null,
      unit: '%',
      from: 'FlipAngle',
    },
    {
      name: 'ArterialPeak',
      label: 'Arterial peak in plasma',
      value: arterial && models.length > 0 ? shown(arterial.peak) : null,
      unit: 'mM',
      from: 'the arterial input',
    },
    {
      name: 'ArterialSaturation',
      label: 'Arterial signal over its limit',
      value: saturation === null ? null : shown(100 * saturation),
      unit: '%',
      from: 'the arterial voxels',
    },
  ]
}

/** Signal of tissue before contrast over that at its Ernst angle, the highest there is [1]. */
function ernstShare(
  { flipAngle, repetitionTime }: NonNullable<DceAcquisition['converting']>['excitation'],
  T1: number,
): number {
  const best = Math.acos(Math.exp(-repetitionTime.value / T1))
  const signal = (angle: number) => spoiledSignal({ flipAngle: angle, repetitionTime: repetitionTime.value }, 1 / T1)
  return signal(flipAngle.value) / signal(best)
}
