import { median, medianAbsoluteDeviation } from '../numerics/statistics.ts'
import { type GroupRun, parameterName, type RegionSeries, runsOfKind } from './series.ts'

/** A run whose value lies far from those of the others. */
export interface Outlier {
  readonly run: GroupRun
  readonly parameter: string
  readonly region: string
  readonly units: string
  readonly value: number
  readonly median: number
  /** Distance from the median, in standard deviations as the median absolute deviation tells them. */
  readonly z: number
}

/** Distance beyond which a value is an outlier (Iglewicz and Hoaglin, How to detect and handle outliers, 1993). */
export const FAR = 3.5
/** Values without which nobody is an outlier. */
const LEAST = 8
/** Median absolute deviation over standard deviation of a normal variable [1]. */
const NORMAL = 0.6744897501960817

/**
 * Values far from those of the other runs: farther than 3.5 robust standard deviations from the median, farthest first.
 *
 * @remarks
 *     z = 0.6745·(x − median)/MAD
 *
 * Runs of a site are held against those of their site where it has {@link LEAST} or more, for sites differ; all others against
 * all. Where more than half of the values are equal, nothing tells.
 *
 * @param series - values by parameter and region
 * @param runs - all runs
 */
export function outliersOf(series: readonly RegionSeries[], runs: readonly GroupRun[]): Outlier[] {
  const kinds = new Map<string, readonly GroupRun[]>()
  const found: Outlier[] = []
  for (const one of series) {
    const members = kinds.get(one.modality) ?? runsOfKind(runs, one.modality)
    kinds.set(one.modality, members)
    const known = members.flatMap((run, at) =>
      Number.isFinite(one.median[at]) ? [{ run, value: one.median[at]! }] : [],
    )
    const sites = new Map<string | null, typeof known>()
    for (const item of known) {
      const own = sites.get(item.run.site)
      if (own) own.push(item)
      else sites.set(item.run.site, [item])
    }
    for (const own of sites.values()) {
      const against = own.length >= LEAST ? own : known
      if (against.length < LEAST) continue
      const values = against.map(({ value }) => value)
      const [centre, spread] = [median(values), medianAbsoluteDeviation(values)]
      if (!(spread > 0)) continue
      for (const { run, value } of own) {
        const z = (NORMAL * (value - centre)) / spread
        if (Math.abs(z) > FAR)
          found.push({
            run,
            parameter: parameterName(one),
            region: one.source === 'regionfit' ? `${one.region}, region fit` : one.region,
            units: one.units,
            value,
            median: centre,
            z,
          })
      }
    }
  }
  return found.sort((a, b) => Math.abs(b.z) - Math.abs(a.z))
}
