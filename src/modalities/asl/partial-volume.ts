import { frameValues, type Grid } from '../../image/volume.ts'
import { regressTissues } from '../../kinetics/asl-partial-volume.ts'
import { labelledFlow } from '../../kinetics/labelled-bolus.ts'
import { PER_100G_PER_MIN } from '../../units.ts'
import type { Placed, Prepared } from '../modality.ts'
import type { Quantification } from './acquisition.ts'
import type { Calibration } from './calibrate.ts'
import { type Summary, voxelsOf } from './differences.ts'
import { type ArrivalModel, fitArrival } from './fit-arrival.ts'
import { bolusWeights } from './labelling.ts'
import { sliceOf } from './slices.ts'

/** A tissue's CBF is told where a voxel holds that much of it at the least [1]. */
const LEAST_SHARE = 0.1

/** CBF of the pure tissues [mL/100g/min], shape (nVoxel) each; NaN where a voxel holds little of it. */
export interface PureFlow {
  readonly gm: Float64Array
  readonly wm: Float64Array
}

/**
 * CBF of grey and of white matter, by regression of the differences and of M0 on the maps of the tissues.
 *
 * @remarks
 * Fluid has an M0 and no perfusion. M0 is taken before smoothing: the regression smooths it. Of several delays each is
 * regressed, and the model fitted to the signal of each tissue.
 *
 * @param quantification - delays and constants
 * @param calibration - M0 of blood
 * @param summary - means of the samples
 * @param model - the model of several delays; null for the equation of one
 * @param prepared - mask and grid
 * @param placed - maps of the tissues; null is returned where grey or white matter is not there
 */
export function pureFlow(
  quantification: Quantification,
  calibration: Calibration,
  summary: Summary,
  model: ArrivalModel | null,
  { mask, reference }: Prepared,
  placed: Placed,
): PureFlow | null {
  const [gm, wm, csf] = [placed.gm?.[0], placed.wm?.[0], placed.csf?.[0]]
  if (!gm || !wm) return null
  const [grey, white] = [frameValues(gm, 0), frameValues(wm, 0)]
  const fluid = csf ? frameValues(csf, 0) : grey.map((share, v) => Math.max(0, 1 - share - white[v]!))
  const { shape } = reference.grid
  const signals = regressTissues(summary.means, [grey, white], mask, shape)
  // One number for all voxels is that of each tissue.
  const isConstant = calibration.measured === calibration.M0a
  const M0 = isConstant ? null : regressTissues([calibration.measured], [grey, white, fluid], mask, shape)
  const of = (tissue: 0 | 1, share: ArrayLike<number>) => {
    const M0a = M0 ? M0[tissue]![0]! : calibration.M0a
    const flow = model
      ? fitPure(model, { ...summary, means: signals[tissue]! }, M0a, mask, reference.grid)
      : equationOf(quantification, summary.counts, signals[tissue]!, M0a, mask, reference.grid)
    for (let v = 0; v < flow.length; v++) if (!(share[v]! >= LEAST_SHARE)) flow[v] = Number.NaN
    return flow
  }
  return { gm: of(0, grey), wm: of(1, white) }
}

/** The equation of one delay, of several by least squares [mL/100g/min]. */
function equationOf(
  { labellings, slices, settings }: Quantification,
  counts: readonly number[],
  means: readonly Float64Array[],
  M0a: Float64Array,
  mask: Uint8Array,
  grid: Grid,
): Float64Array {
  const weights = labellings.samples.map(sample => bolusWeights(sample, slices, settings.T1b.value))
  const slice = sliceOf(slices, grid)
  const out = new Float64Array(mask.length).fill(Number.NaN)
  for (const v of voxelsOf(mask)) {
    let [top, bottom] = [0, 0]
    for (let sample = 0; sample < means.length; sample++) {
      const weight = weights[sample]![slice(v)]!
      top += counts[sample]! * weight * means[sample]![v]!
      bottom += counts[sample]! * weight * weight
    }
    out[v] = PER_100G_PER_MIN * labelledFlow(top / bottom, M0a[v]!, settings.efficiency.value, 1)
  }
  return out
}

function fitPure(model: ArrivalModel, summary: Summary, M0a: Float64Array, mask: Uint8Array, grid: Grid): Float64Array {
  const efficiency = model.quantification.settings.efficiency.value
  const perLabel = M0a.map(value => labelledFlow(1, value, efficiency, 1))
  const { flow } = fitArrival(model, summary, perLabel, mask, grid)
  return flow.map(value => PER_100G_PER_MIN * value)
}
