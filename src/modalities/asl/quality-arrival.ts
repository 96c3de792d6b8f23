import { weightedDelayArrival } from '../../kinetics/asl-weighted-delay.ts'
import { mean, median } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import type { QualityValue } from '../../report/record.ts'
import type { Quantification } from './acquisition.ts'
import { voxelsOf } from './differences.ts'
import { baseName, inSeconds } from './fields.ts'
import type { Fitted } from './fit.ts'
import { STATUS } from './fit-arrival.ts'
import { bolusOf } from './labelling.ts'
import { percent, row } from './quality-row.ts'
import { type Regions, valuesIn } from './regions.ts'

/** How far the mean signal of a delay may be from the fit before it is remarked on, and warned of [%]. */
const USUAL_DEPARTURE = 15
const DEPARTS = 25

/** Least share of the largest signal that a departure is measured against [1]: before blood arrives there is none. */
const LEAST_SIGNAL = 0.25

/**
 * Quality figures of several delays; none where one equation was used.
 *
 * @param fitted - the fit
 * @param quantification - its delays
 * @param regions - grey matter where its map is there, else the mask
 * @param expected - range of the arrival in grey matter [s]; absent where there is none
 * @param where - the region in words
 * @param of - the region in names
 */
export function arrivalQuality(
  fitted: Fitted,
  quantification: Quantification,
  regions: Regions,
  expected: readonly [number, number] | undefined,
  where: string,
  of: string,
): QualityValue[] {
  const { arrival, summary } = fitted
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
      regions.gm ? expected : undefined,
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
    row(
      `delay_departure_${of}`,
      `Largest departure of a delay in ${where}`,
      worstDelay(fitted, regions).departure,
      '%',
      `Mean signal of a delay against the fit to all: below -${DEPARTS} % its labelling may have failed, or its volumes are another delay's.`,
      [-USUAL_DEPARTURE, USUAL_DEPARTURE],
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

/** The time of readout [s] whose mean signal is farthest from the fit, and by how much of it [%]. */
function worstDelay({ curves }: Pick<Fitted, 'curves'>, regions: Regions): { time: number; departure: number } {
  const times = curves.x.values
  const [measured, fitted] = [new Float64Array(times.length), new Float64Array(times.length)]
  const [seen, expected] = [new Float64Array(times.length), new Float64Array(times.length)]
  for (const v of voxelsOf(regions.gm ?? regions.brain)) {
    curves.read(v, measured, fitted)
    if (!measured.every(Number.isFinite) || !fitted.every(Number.isFinite)) continue
    times.forEach((_, at) => {
      seen[at]! += measured[at]!
      expected[at]! += fitted[at]!
    })
  }
  const least = LEAST_SIGNAL * Math.max(...expected)
  let worst = { time: Number.NaN, departure: least > 0 ? 0 : Number.NaN }
  times.forEach((time, at) => {
    const departure = (100 * (seen[at]! - expected[at]!)) / Math.max(least, expected[at]!)
    if (Math.abs(departure) > Math.abs(worst.departure)) worst = { time, departure }
  })
  return worst
}

/** That the volumes of one delay do not go with the others; null where they do, or there is one delay. */
export function suspectDelay(
  fitted: Pick<Fitted, 'arrival' | 'curves'>,
  regions: Regions,
  image: string,
): Problem | null {
  if (!fitted.arrival) return null
  const { time, departure } = worstDelay(fitted, regions)
  if (!(Math.abs(departure) > DEPARTS)) return null
  return problem(
    'DELAY_DEPARTS',
    `${baseName(image)}: the mean signal ${inSeconds(time)} s after the start of labelling is ${Math.round(Math.abs(departure))} % ${departure < 0 ? 'below' : 'above'} the fit to all delays; the labelling may have failed there, or PostLabelingDelay does not go with the volumes: look at the signal over the delays, and mark volumes n/a in the aslcontext table to leave them out.`,
    { file: image, field: 'PostLabelingDelay' },
  )
}
