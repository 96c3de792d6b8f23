import { type Grid, voxelSize } from '../../image/volume.ts'
import { median } from '../../numerics/statistics.ts'
import type { DscAcquisition } from './acquisition.ts'
import { clusteredVoxels } from './clusters.ts'
import type { Curves } from './curves.ts'
import { LIMITS } from './limits.ts'
import type { Correction } from './maps.ts'
import { type Regions, valuesIn, voxelsOf } from './regions.ts'
import type { Signals } from './signals.ts'

/** The mean curve of tissue that does not enhance. */
export interface Reference {
  /** [1/s], shape (nVolume) */
  readonly curve: Float64Array
  readonly voxels: number
}

/** What a leakage correction gives, shape (nVoxel) each; NaN where leakage cannot be told. */
export interface Leakage {
  readonly correction: Correction
  /** Corrected volume [mL/100g]; null where it has no scale. */
  readonly cbv: Float64Array | null
  /** Corrected area under the curve [1]. */
  readonly area: Float64Array
  readonly k1: Float64Array
  /** [1/s] */
  readonly k2: Float64Array
  readonly k2Error: Float64Array
  /** [1/s]; null where the method has none. */
  readonly kep: Float64Array | null
  /** 0 outside, 1 corrected, 4 no signal, 6 not identifiable. */
  readonly status: Uint8Array
  /** 1 where leakage is beyond noise, in clusters. */
  readonly seen: Uint8Array
  readonly settings: Readonly<Record<string, unknown>>
}

export function referenceOf(signals: Signals, regions: Regions, curves: Curves): Reference | null {
  const curve = new Float64Array(signals.frames)
  const sum = new Float64Array(signals.frames)
  let voxels = 0
  for (const v of voxelsOf(regions.healthy)) {
    if (curves.status[v] !== 1 || !signals.tissue(v, curve)) continue
    voxels++
    for (let k = 0; k < sum.length; k++) sum[k]! += curve[k]!
  }
  return voxels > 0 ? { curve: sum.map(value => value / voxels), voxels } : null
}

export function leakageOf(_: {
  correction: Correction
  signals: Signals
  regions: Regions
  reference: Reference
  curves: Curves
  areaScale: number | null
  acquisition: DscAcquisition
  grid: Grid
}): Leakage | null {
  void [LIMITS, median, valuesIn, voxelSize, clusteredVoxels]
  return null
}
