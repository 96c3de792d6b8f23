import { median } from '../../numerics/statistics.ts'
import type { Leakage } from './leakage.ts'
import type { Perfused } from './perfuse.ts'
import { type Regions, valuesIn } from './regions.ts'
import type { Normal } from './white-matter.ts'

/** The ratios to white matter that a report leads with. */
export interface Headline {
  /** CBV over that of white matter [1], shape (nVoxel). */
  readonly rcbv: Float64Array
  /** CBF over that of white matter [1], shape (nVoxel); null without flow. */
  readonly rcbf: Float64Array | null
  /** 1 where {@link rcbv} is corrected for leakage, shape (nVoxel). */
  readonly corrected: Uint8Array
  /** Where that is, in words for the sidecar. */
  readonly words: string
  /** Whether enhancement is declared, marked or seen. */
  readonly isEnhancing: boolean
}

/**
 * rCBV and rCBF, with the leakage-corrected volume only where there is enhancement.
 *
 * @remarks
 * In tissue whose barrier is intact the correction invents leakage where the bolus is late or slow. So it is taken in the
 * whole brain only where the sidecar declares enhancement, else within the mask of pathology and where leakage is seen; and
 * nowhere that leakage cannot be told.
 *
 * @param parts - areas under the curves, what correction made of them, white matter, flow
 */
export function headlineOf(parts: {
  readonly area: Float64Array
  readonly leakage: Leakage | null
  readonly normal: Normal | null
  readonly perfused: Perfused | null
  readonly regions: Regions
  readonly isDeclared: boolean
}): Headline {
  const { area, leakage, normal, perfused, regions, isDeclared } = parts
  const corrected = area.map((_, v) => {
    if (leakage?.status[v] !== 1 && leakage?.status[v] !== 2) return 0
    return isDeclared || regions.lesion?.[v] === 1 || leakage.seen[v] === 1 ? 1 : 0
  })
  const volume = area.map((value, v) => (corrected[v] === 1 ? leakage!.area[v]! : value))
  const over = (values: Float64Array) => {
    const unit = normal ? median(valuesIn(values, normal.region)) : Number.NaN
    return values.map(value => (unit > 0 ? value / unit : Number.NaN))
  }
  const isEnhancing = isDeclared || regions.lesion !== null || (leakage?.seen.includes(1) ?? false)
  const where = isDeclared
    ? 'wherever leakage can be told: the sidecar declares enhancement'
    : `${regions.lesion ? 'in the mask of pathology, and ' : ''}where leakage is seen and can be told`
  return {
    rcbv: over(volume),
    rcbf: perfused && over(perfused.cbf),
    corrected: Uint8Array.from(corrected),
    words: leakage && isEnhancing ? `${leakage.correction} ${where}; elsewhere none` : 'none',
    isEnhancing,
  }
}
