import type { Table } from '../../bids/tsv.ts'
import { resampleVolume } from '../../image/resample.ts'
import { frameValues, type Volume, voxelCount, voxelsWhere } from '../../image/volume.ts'
import type { T1Fit } from '../../kinetics/t1.ts'
import { fitHifi } from '../../kinetics/t1-hifi.ts'
import { fitInversionRecovery, fitSaturationRecovery } from '../../kinetics/t1-recovery.ts'
import { fitVfa, type VfaKind } from '../../kinetics/t1-vfa.ts'
import { type Checked, good, type Problem } from '../../problems.ts'
import type { Placed, Prepared, Source } from '../modality.ts'
import { tissueMask } from '../tissue-mask.ts'
import { transmitField } from '../transmit-field.ts'
import type { T1Acquisition } from './acquisition.ts'

/** Signal under this share of the brightest counts as air, where there is nothing to fit [1]. */
const AIR = 0.03

/**
 * The images as one series, their mean as reference, and a mask of all that is no air: T1 serves vessels and organs alike.
 *
 * @param series - the images of the set
 */
export function prepareSet(series: readonly Volume[]): Checked<Prepared> {
  const [first] = series
  if (!first) throw new Error('a T1 run has images')
  const n = voxelCount(first.grid)
  const mean = new Float32Array(n)
  const brightest = new Float32Array(n)
  for (const volume of series) {
    const values = frameValues(volume, 0)
    for (let v = 0; v < n; v++) {
      const size = Math.abs(values[v]!)
      mean[v]! += size / series.length
      if (size > brightest[v]!) brightest[v] = size
    }
  }
  const mask = tissueMask(brightest, AIR)
  return good({
    series,
    reference: { grid: first.grid, values: mean, header: first.header },
    mask,
    confounds: confoundsTable(series, mask),
    problems: [],
  })
}

function confoundsTable(series: readonly Volume[], mask: Uint8Array): Table {
  const rows = series.map(volume => {
    const values = frameValues(volume, 0)
    let [sum, count] = [0, 0]
    for (let v = 0; v < mask.length; v++)
      if (mask[v] === 1 && Number.isFinite(values[v])) {
        sum += values[v]!
        count++
      }
    return [count > 0 ? String(Number((sum / count).toPrecision(7))) : 'n/a']
  })
  return { columns: ['global_signal'], rows }
}

/** What a T1 run gives. */
export interface T1Fitted {
  readonly fit: T1Fit
  /** Actual over nominal flip angle that was used or fitted [1], shape (nVoxel), and how it was had; null where none was. */
  readonly b1: {
    readonly values: Float32Array | Float64Array
    /** Its standard error where it was fitted, shape (nVoxel). */
    readonly sd: Float64Array | null
    readonly method: string
    readonly sources: readonly string[]
  } | null
  readonly problems: readonly Problem[]
}

/**
 * T1 of every voxel of the mask.
 *
 * @param acquisition - flip angles or inversion times
 * @param prepared - the images
 * @param placed - images in roles: B1 on its own grid
 * @param b1Sources - what is known of the B1 images
 * @param estimator - for variable flip angles
 */
export function fitSet(
  acquisition: T1Acquisition,
  { series, mask, reference }: Prepared,
  placed: Placed,
  b1Sources: readonly Source[],
  estimator: VfaKind,
): T1Fitted {
  const n = mask.length
  const signals = new Float32Array(n * series.length)
  for (const [at, volume] of series.entries()) frameValues(volume, 0, signals.subarray(at * n, (at + 1) * n))
  const voxels = voxelsWhere(mask.length, v => mask[v] === 1)
  if (acquisition.kind === 'irt1') {
    const times = Float64Array.from(acquisition.inversionTimes)
    const isMagnitude = acquisition.isMagnitude && !signals.some(value => value < 0)
    const fit =
      acquisition.pulse === 'saturation'
        ? fitSaturationRecovery({ signals, times, voxels })
        : fitInversionRecovery({ signals, times, voxels, isMagnitude })
    return { fit, b1: null, problems: [] }
  }
  if (acquisition.kind === 'hifi') {
    const fit = fitHifi({ signals, images: acquisition.images, voxels })
    return {
      fit,
      b1: { values: fit.k, sd: fit.kSd, method: 'DESPOT1-HIFI', sources: ['fitted with T1'] },
      problems: [],
    }
  }
  const field = placed.b1 && b1Sources.length > 0 ? transmitField(b1Sources, placed.b1) : null
  const b1 = field?.ok
    ? {
        values: resampleVolume(field.value.map, 0, reference.grid, 'intensity'),
        sd: null,
        method: field.value.method,
        sources: b1Sources.map(({ uri }) => uri),
      }
    : null
  const fit = fitVfa(estimator, {
    signals,
    flipAngles: Float64Array.from(acquisition.flipAngles),
    repetitionTime: acquisition.repetitionTime,
    b1: b1?.values ?? null,
    voxels,
  })
  return { fit, b1, problems: field?.problems ?? [] }
}
