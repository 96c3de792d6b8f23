import { weightedDelayArrival } from '../../kinetics/asl-weighted-delay.ts'
import { mean, median } from '../../numerics/statistics.ts'
import type { QualityValue } from '../../report/record.ts'
import type { Quantification } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { STATUS } from './fit-arrival.ts'
import { bolusOf } from './labelling.ts'
import { percent, row } from './quality-row.ts'
import { type Regions, valuesIn } from './regions.ts'

/** Arterial transit time to grey matter that is expected in resting adults [s]: common practice, no diagnosis. */
const EXPECTED_GM: readonly [number, number] = [0.5, 1.6]

/**
 * Quality figures of several delays; none where one equation was used.
 *
 * @param fitted - the fit
 * @param quantification - its delays
 * @param regions - grey matter where its map is there, else the mask
 * @param where - the region in words
 * @param of - the region in names
 */
export function arrivalQuality(
  { arrival, summary }: Fitted,
  quantification: Quantification,
  regions: Regions,
  where: string,
  of: string,
): QualityValue[] {
  if (!arrival) return []
  const region = regions.gm ?? regions.brain
  const times = valuesIn(arrival.att, region)
  const status = Float64Array.from(arrival.attStatus)
  const codes = valuesIn(status, region)
  const rows = [
    row(
      `att_${of}`,
      `Arterial transit time in ${where}`,
      median(times),
      's',
      'Median over voxels with an arrival.',
      regions.gm ? EXPECTED_GM : undefined,
    ),
    row(
      `att_at_bound_${of}`,
      `Arrival not told in ${where}`,
      percent(codes, code => code === STATUS.bound),
      '%',
      'Share of voxels in which blood had arrived before the first delay, or not before the last but one.',
    ),
    row(
      `att_undefined_${of}`,
      `No flow to arrive in ${where}`,
      percent(codes, code => code === STATUS.undefined),
      '%',
      'Share of voxels in which the fit found no positive flow.',
    ),
    row(
      `arterial_${of}`,
      `Voxels with arterial blood in ${where}`,
      percent(valuesIn(arrival.abv, region), volume => volume > 0),
      '%',
      'Share of voxels whose samples call for blood in arteries.',
    ),
  ]
  const { labellings, slices, settings } = quantification
  if (slices || labellings.samples.some(({ type }) => type === 'PASL')) return rows
  const signals = summary.means.map(values => mean(valuesIn(values, region)))
  const boli = labellings.samples.map(sample => bolusOf(sample, 0))
  return [
    ...rows,
    row(
      `att_weighted_delay_${of}`,
      `Arrival by weighted delay in ${where}`,
      weightedDelayArrival(signals, boli, settings.T1b.value),
      's',
      'From the mean signal of each delay, without a fit: should be near the median of the fit.',
    ),
  ]
}
