import { type Grid, voxelSize } from '../../image/volume.ts'
import { median } from '../../numerics/statistics.ts'
import { clusteredVoxels } from './clusters.ts'
import { LIMITS } from './limits.ts'
import { valuesIn } from './regions.ts'

/** Volumes of delayed perfusion, with what a reader needs to judge them. */
export interface StrokeVolumes {
  /** Threshold of Tmax [s] and the volume above it [mL]. */
  readonly delayed: readonly { readonly threshold: number; readonly volume: number }[]
  /** Volume above 10 s over that above 6 s [1]; null where the latter is 0. */
  readonly intensityRatio: number | null
  /** Median Tmax where it is below the least threshold [s]. */
  readonly healthyTmax: number
  /** Volume with an ADC below 620e-6 mm²/s, and what is delayed beyond it; null without ADC. */
  readonly core: {
    readonly volume: number
    readonly mismatch: number
    readonly ratio: number | null
  } | null
}

/** What volumes are measured in. */
export interface StrokeInput {
  /** Tmax by the global arterial input, slice-time corrected [s], shape (nVoxel). */
  readonly tmax: Float64Array
  /** Brain without fluid, 1 inside, shape (nVoxel). */
  readonly tissue: Uint8Array
  /** [mm²/s], shape (nVoxel); null without */
  readonly adc: Float64Array | null
  readonly grid: Grid
}

/**
 * Volumes of delayed perfusion above 4, 6, 8 and 10 s, the hypoperfusion intensity ratio, and the mismatch with a core.
 *
 * @remarks
 * Clusters under 3 mL, voxels that hang together by their faces, are left out. Nothing is smoothed.
 *
 * **Limits.** The thresholds were found with other software at other repetition times: Tmax holds about half a transit time
 * beside the delay, and more with a slower deconvolution. Not for diagnosis.
 *
 * @param input - see {@link StrokeInput}
 *
 * @see Straka et al., J Magn Reson Imaging 32:1024 (2010), doi:10.1002/jmri.22338
 */
export function strokeVolumes({ tmax, tissue, adc, grid }: StrokeInput): StrokeVolumes {
  const voxel = voxelSize(grid).reduce((product, edge) => product * edge, 1) / 1000
  const volumeOf = (is: (v: number) => boolean) => {
    const region = tissue.map((inside, v) => (inside === 1 && is(v) ? 1 : 0))
    return (
      voxel * clusteredVoxels(region, grid.shape, Math.ceil(LIMITS.strokeCluster / voxel)).reduce((a, b) => a + b, 0)
    )
  }
  const delayed = LIMITS.strokeTmax.map(threshold => ({ threshold, volume: volumeOf(v => tmax[v]! > threshold) }))
  const at = (threshold: number) => delayed.find(row => row.threshold === threshold)?.volume ?? 0
  const healthy = tissue.map((inside, v) => (inside === 1 && tmax[v]! <= LIMITS.strokeTmax[0] ? 1 : 0))
  const six = at(6)
  const core = adc ? volumeOf(v => adc[v]! > 0 && adc[v]! < LIMITS.strokeCore) : null
  return {
    delayed,
    intensityRatio: six > 0 ? at(10) / six : null,
    healthyTmax: median(valuesIn(tmax, healthy)),
    core: core === null ? null : { volume: core, mismatch: six - core, ratio: core > 0 ? six / core : null },
  }
}

/** ADC in mm²/s, and the factor that was needed; null where no power of a thousand makes it physiological. */
export function scaledAdc(
  values: Float32Array | Float64Array,
  brain: Uint8Array,
): { readonly adc: Float64Array; readonly factor: number } | null {
  const typical = median(valuesIn(Float64Array.from(values), brain).filter(value => value > 0))
  const factor = [1, 1e-3, 1e-6].find(scale => typical * scale > 0.4e-3 && typical * scale < 3e-3)
  return factor === undefined ? null : { adc: Float64Array.from(values, value => value * factor), factor }
}
