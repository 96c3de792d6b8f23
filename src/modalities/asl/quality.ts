import { smoothWithin } from '../../image/smooth.ts'
import { frameValues, voxelSize } from '../../image/volume.ts'
import { correlation, mean, median, standardDeviation } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import type { QualityValue } from '../../report/record.ts'
import type { Placed, Prepared } from '../modality.ts'
import type { AslAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { EXPECTED, PLURAL, type Population } from './population.ts'
import { arrivalQuality } from './quality-arrival.ts'
import { artefactQuality } from './quality-artefacts.ts'
import { dispersionIndex, qualityIndex, spatialVariation } from './quality-index.ts'
import { percent, row } from './quality-row.ts'
import { type Regions, valuesIn } from './regions.ts'
import { territoryQuality } from './territories.ts'

/** Ranges of the image itself that are expected of any brain at rest [%]: common practice, no diagnosis. */
const USUAL = { negative: [0, 5], variation: [0, 60] } as const satisfies Record<string, readonly [number, number]>

/** CBF above these is counted [mL/100g/min]. */
const HIGH = [100, 150, 200]

/** Smoothing before the quality evaluation index, full width at half maximum [mm]. */
const QEI_FWHM = 5

/** Weight of grey against white matter in the structural pseudo-CBF [1]. */
const GM_WEIGHT = 2.5

/**
 * Quality figures of a run, in grey matter where its map is there, else over the mask.
 *
 * @param fitted - the fit
 * @param acquisition - its delays
 * @param prepared - reference grid and mask
 * @param placed - tissue maps on the reference grid
 * @param regions - of {@link regionsOf}
 * @param organ - only a brain has expected values
 * @param population - whom a brain is compared with
 */
export function qualityOf(
  fitted: Fitted,
  { quantification }: AslAcquisition,
  prepared: Prepared,
  placed: Placed,
  regions: Regions,
  organ: Options['asl-organ'],
  population: Population,
): QualityValue[] {
  const { values, isAbsolute, ratio, vascular } = fitted
  const isBrain = organ === 'brain'
  const where = regions.gm ? 'grey matter' : isBrain ? 'the brain mask' : 'the mask'
  // One name means one region: runs with and without tissue maps stand in one group table.
  const of = regions.gm ? 'gm' : organ
  const brain = valuesIn(values, regions.brain)
  const grey = regions.gm ? valuesIn(values, regions.gm) : brain
  const [i, j, k] = voxelSize(prepared.reference.grid)
  const inside = regions.brain.reduce((sum, value) => sum + value, 0)
  const rows: QualityValue[] = [
    ...seriesQuality(fitted, quantification?.labellings.sampleOf ?? null, regions, where, of),
    ...(quantification
      ? arrivalQuality(fitted, quantification, regions, isBrain ? EXPECTED[population].att : undefined, where, of)
      : []),
    row(
      `negative_${of}`,
      `Negative voxels in ${where}`,
      percent(grey, value => value < 0),
      '%',
      'More than a few per cent in grey matter: noise, motion, or a delay too long or too short.',
      isBrain ? USUAL.negative : undefined,
    ),
    row(
      `spatial_cov_${of}`,
      `Spatial variation in ${where}`,
      spatialVariation(grey),
      '%',
      'Standard deviation over mean; above 80 % the image is vascular: the label had not arrived.',
      regions.gm ? USUAL.variation : undefined,
    ),
    row(
      'mask_volume',
      'Volume of the mask',
      (inside * i * j * k) / 1000,
      'mL',
      'Volume in which the map was computed.',
    ),
    row(
      'no_estimate',
      'Voxels without estimate',
      100 * (1 - brain.length / inside),
      '%',
      'Share of the mask in which M0 or the series has no signal.',
    ),
  ]
  if (vascular)
    rows.push(
      ...artefactQuality(fitted, vascular, prepared, regions, where, of),
      ...territoryQuality(fitted, prepared, regions, where, of),
    )
  if (ratio !== null)
    rows.push(
      row(
        'deltam_over_m0',
        'ΔM / M0',
        100 * ratio,
        '%',
        'Median in the mask; far outside, M0 and series may be scaled differently.',
        isBrain ? EXPECTED[population].deltam : undefined,
      ),
    )
  if (!isAbsolute) return rows
  return [
    ...flowQuality(brain, regions, values, isBrain ? 'the brain' : 'the mask', population),
    ...rows,
    ...highQuality(grey, where, of),
    ...reliability(fitted, brain),
    ...structuralQuality(fitted, prepared, placed, regions),
  ]
}

function seriesQuality(
  { summary, isAbsolute, arrival }: Fitted,
  sampleOf: readonly number[] | null,
  { brain, gm }: Regions,
  where: string,
  of: string,
): QualityValue[] {
  const { sd, courses } = summary
  if (!sd) return []
  const course = courses.gm ?? courses.brain
  const ratio = summary.mean.map((value, v) => value / sd[v]!)
  const what = isAbsolute && !arrival ? 'CBF' : 'ΔM'
  return [
    row(
      `tsnr_${of}`,
      `Temporal SNR of ΔM in ${where}`,
      median(valuesIn(ratio, gm ?? brain)),
      '1',
      'Median over voxels of mean over standard deviation of the differences.',
    ),
    row(
      `course_cov_${of}`,
      `Variation of ${what} over differences in ${where}`,
      (100 * standardDeviation(withoutDelays(course, sampleOf))) / mean(course),
      '%',
      'Standard deviation over mean of the regional mean, delays taken apart: motion and drifts raise it.',
    ),
  ]
}

/** A course without what its delays do to it: the mean of each is moved to 0. */
function withoutDelays(course: readonly number[], sampleOf: readonly number[] | null): readonly number[] {
  if (!sampleOf) return course
  const means = new Map<number, { sum: number; count: number }>()
  course.forEach((value, at) => {
    const sample = means.get(sampleOf[at]!) ?? { sum: 0, count: 0 }
    means.set(sampleOf[at]!, { sum: sample.sum + value, count: sample.count + 1 })
  })
  return course.map((value, at) => value - means.get(sampleOf[at]!)!.sum / means.get(sampleOf[at]!)!.count)
}

function flowQuality(
  brain: Float64Array,
  { gm, wm }: Regions,
  values: Float64Array,
  what: string,
  population: Population,
): QualityValue[] {
  const unit = 'mL/100g/min'
  const expected = EXPECTED[population]
  const rows = [
    row('cbf_mean', `Mean CBF of ${what}`, mean(brain), unit, 'Mean over the mask.'),
    row('cbf_median', `Median CBF of ${what}`, median(brain), unit, 'Median over the mask.'),
  ]
  const grey = gm && mean(valuesIn(values, gm))
  const white = wm && mean(valuesIn(values, wm))
  if (grey !== null)
    rows.push(
      row(
        'cbf_gm',
        'Mean CBF of grey matter',
        grey,
        unit,
        `Voxels with at least 70 % grey matter; the range is for ${PLURAL[population]}.`,
        expected.gm,
      ),
    )
  if (white !== null)
    rows.push(
      row('cbf_wm', 'Mean CBF of white matter', white, unit, 'Voxels with at least 70 % white matter.', expected.wm),
    )
  if (grey !== null && white !== null)
    rows.push(
      row(
        'gm_wm_ratio',
        'Grey to white matter',
        grey / white,
        '1',
        'Low: coregistration, smoothing or motion; high: white matter has not been reached.',
        expected.ratio,
      ),
    )
  return rows
}

function highQuality(grey: Float64Array, where: string, of: string): QualityValue[] {
  return HIGH.map(limit =>
    row(
      `above_${limit}_${of}`,
      `CBF above ${limit} in ${where}`,
      percent(grey, value => value > limit),
      '%',
      'Arterial signal or noise.',
    ),
  )
}

function reliability({ error, values }: Fitted, brain: Float64Array): QualityValue[] {
  if (!error) return []
  const reliable = error.reduce((count, se, v) => count + (se <= LIMITS.reliable * Math.abs(values[v]!) ? 1 : 0), 0)
  return [
    row(
      'reliable',
      'Reliable voxels',
      (100 * reliable) / brain.length,
      '%',
      `Share of the estimates whose standard error is at most ${LIMITS.reliable} of the value.`,
    ),
  ]
}

/** The quality evaluation index with its parts, where all three tissue maps are there. */
function structuralQuality(
  { values }: Fitted,
  { reference, mask }: Prepared,
  placed: Placed,
  { gm, wm, csf }: Regions,
): QualityValue[] {
  const [grey, white] = [placed.gm?.[0], placed.wm?.[0]]
  if (!gm || !wm || !csf || !grey || !white) return []
  const smooth = smoothWithin(values, reference.grid, mask, QEI_FWHM)
  const [pGM, pWM] = [frameValues(grey, 0), frameValues(white, 0)]
  const used = smooth.map((value, v) => (mask[v] === 1 && Number.isFinite(value) && value !== 0 ? 1 : 0))
  const structure = pGM.map((fraction, v) => GM_WEIGHT * fraction + pWM[v]!)
  const region = Uint8Array.from(used)
  const parts = {
    correlation: correlation(valuesIn(smooth, region), valuesIn(structure, region)),
    dispersion: dispersionIndex([gm, wm, csf].map(tissue => valuesIn(smooth, tissue))),
    negative: percent(valuesIn(smooth, gm), value => value < 0) / 100,
  }
  return [
    row(
      'qei',
      'Quality evaluation index',
      qualityIndex(parts),
      '1',
      'From 0 (unusable) to 1, fitted to the ratings of experts.',
    ),
    row(
      'qei_correlation',
      'QEI: structural correlation',
      parts.correlation,
      '1',
      'Correlation of smoothed CBF with 2.5·GM + WM.',
    ),
    row(
      'qei_dispersion',
      'QEI: index of dispersion',
      parts.dispersion,
      'mL/100g/min',
      'Pooled variance within tissues over mean grey-matter CBF.',
    ),
    row(
      'qei_negative',
      'QEI: negative grey matter',
      parts.negative,
      '1',
      'Fraction of grey-matter voxels below 0 after smoothing.',
    ),
  ]
}
