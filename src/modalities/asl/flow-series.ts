import type { Grid } from '../../image/volume.ts'
import { generalInflow, phaseOf, type Response } from '../../kinetics/asl-general-kinetic.ts'
import { arterialInflow, tissueInflow } from '../../kinetics/asl-inflow.ts'
import { PER_100G_PER_MIN } from '../../units.ts'
import { voxelsOf } from './differences.ts'
import type { Arrival, ArrivalModel } from './fit-arrival.ts'
import { bolusOf } from './labelling.ts'
import { sliceOf } from './slices.ts'

/** Share of its largest response that tissue must have at a delay for a flow to be told from it [1]. */
const LEAST_RESPONSE = 0.1

/**
 * CBF of each difference [mL/100g/min] for the arrival and the blood in arteries that all of them together gave.
 *
 * @remarks
 *     CBF = 6000 · (ΔM/(2·α·M0a) − v·A) / R
 *
 * **Limits.** NaN at delays at which little of the bolus has arrived (R under a tenth of its largest), and in voxels without
 * an arrival.
 *
 * @param model - model, samples and constants
 * @param arrival - of the fit to all differences
 * @param series - each difference over `2·α·M0a`, shape (nVoxel × nDifference); overwritten
 * @param mask - shape (nVoxel)
 * @param grid - of the series
 */
export function flowOfEach(
  model: ArrivalModel,
  arrival: Arrival,
  series: Float32Array,
  mask: Uint8Array,
  grid: Grid,
): Float32Array {
  const { sampleOf } = model.quantification.labellings
  const read = responseReader(model, arrival, grid)
  for (const v of voxelsOf(mask)) {
    const { responses, arteries } = read(v)
    const least = LEAST_RESPONSE * Math.max(...responses)
    sampleOf.forEach((sample, difference) => {
      const place = difference * mask.length + v
      const response = responses[sample]!
      series[place] =
        response > least ? (PER_100G_PER_MIN * (series[place]! - arteries[sample]!)) / response : Number.NaN
    })
  }
  return series
}

/** What the model gives in a voxel at each sample, over `2·α·M0a`. */
export interface Responses {
  /** Signal of tissue per unit of flow [s], shape (nSample). */
  readonly responses: readonly number[]
  /** Signal of blood in arteries [1], shape (nSample). */
  readonly arteries: readonly number[]
}

/**
 * Reads what the model gives in a voxel for its flow, arrival and blood in arteries.
 *
 * @param model - model, samples and constants
 * @param arrival - of the fit to all differences
 * @param grid - of the series
 */
export function responseReader(
  model: ArrivalModel,
  { flow, att, abv, abat, natural }: Arrival,
  grid: Grid,
): (voxel: number) => Responses {
  const { labellings, slices, settings } = model.quantification
  const { samples } = labellings
  const T1b = settings.T1b.value
  const kind = samples[0]?.type === 'PASL' ? 'pulsed' : 'continuous'
  const slice = sliceOf(slices, grid)
  const at: Response = { value: 0, byArrival: 0, byRate: 0 }
  return v => {
    const late = slices?.delays[slice(v)] ?? 0
    const boli = samples.map(sample => bolusOf(sample, late, natural?.duration))
    const responses = boli.map(bolus => {
      if (model.quantification.model === 'multi') return tissueInflow(bolus, att[v]!, T1b, kind)
      generalInflow(at, bolus, phaseOf(bolus, att[v]!), att[v]!, 1 / model.T1t + flow[v]! / model.lambda, T1b, kind)
      return at.value
    })
    const arteries = boli.map(bolus => (abv[v]! > 0 ? abv[v]! * arterialInflow(bolus, abat[v]!, T1b, kind) : 0))
    return { responses, arteries }
  }
}
