import { voxelSize } from '../../image/volume.ts'
import { mean, median } from '../../numerics/statistics.ts'
import type { QualityValue } from '../../report/record.ts'
import type { Prepared } from '../modality.ts'
import type { Fitted } from './fit.ts'
import { valuesIn } from './regions.ts'

/** Ranges in which values are expected: common practice, no diagnosis. */
export const EXPECTED = {
  drop: [10, 60],
  baseline: [30, 200],
  arterialWidth: [3, 15],
  arterialTail: [-0.1, 0.25],
  firstPass: [50, 110],
  ratio: [1.5, 3.5],
  gmMtt: [2, 8],
  tmax: [0, 4],
} as const satisfies Record<string, readonly [number, number]>

/**
 * Quality figures of a run.
 *
 * @param fitted - the fit
 * @param prepared - for the grid
 */
export function qualityOf(fitted: Fitted, prepared: Prepared): QualityValue[] {
  const { bolus, signals, regions, status, shape } = fitted
  const inside = regions.brain.reduce((sum, value) => sum + value, 0)
  const voxel = voxelSize(prepared.reference.grid).reduce((product, edge) => product * edge, 1) / 1000
  const without = status.reduce((count, code) => count + (code === 3 || code === 4 ? 1 : 0), 0)
  const level = median(valuesIn(prepared.reference.values, regions.brain))
  return [
    row(
      'signal_drop',
      'Drop of the mean signal',
      100 * bolus.drop,
      '%',
      'Under 10 % little agent arrived.',
      EXPECTED.drop,
    ),
    row(
      'baseline_volumes',
      'Volumes before the bolus',
      bolus.baseline[1] - bolus.baseline[0],
      '1',
      'The signal before the bolus is the mean of these; dummies are left out.',
      EXPECTED.baseline,
    ),
    row('dummies', 'Volumes left out at the start', bolus.dummies, '1', 'Their magnetisation was not yet steady.'),
    row(
      'tsnr',
      'Temporal SNR before the bolus',
      level / signals.sigma,
      '1',
      'Median over the mask of the mean over the standard deviation before the bolus, last echo.',
    ),
    row('arrival', 'Arrival in the mean curve', bolus.arrival, 's', 'From the first volume.'),
    row('tail', 'Tail of the mean curve', bolus.tail, '1', 'Mean of the last ten volumes over the peak.'),
    row('psr_median', 'Median signal recovery', median(valuesIn(shape.psr, regions.brain)), '%', 'Over the mask.'),
    ...arterialQuality(fitted),
    ...tissueQuality(fitted),
    ...leakageQuality(fitted, voxel),
    row('mask_volume', 'Volume of the mask', inside * voxel, 'mL', 'Volume in which the maps were computed.'),
    row('no_estimate', 'Voxels without estimate', (100 * without) / inside, '%', 'Share of the mask.'),
  ]
}

function row(
  name: string,
  label: string,
  value: number,
  unit: QualityValue['unit'],
  says: string,
  expected?: readonly [number, number],
): QualityValue {
  return { name, label, value: Number.isFinite(value) ? value : null, unit, says, ...(expected ? { expected } : {}) }
}

function arterialQuality({ arterial, signals, mean: curve }: Fitted): QualityValue[] {
  if (!arterial) return []
  const { quality, voxels, clipped, vein } = arterial
  const rate =
    arterial.from === 'table'
      ? ([] as QualityValue[])
      : [
          row('aif_peak', 'Arterial peak', quality.peak, '1/s', 'Largest change of the relaxation rate.'),
          row('aif_voxels', 'Arterial voxels', voxels?.length ?? Number.NaN, '1', 'Several are recommended.', [2, 50]),
          row(
            'aif_clipped',
            'Arterial voxels with signal in the noise',
            clipped.chosen,
            '1',
            'Their peak is cut off.',
            [0, 0],
          ),
        ]
  return [
    ...rate,
    row('aif_fwhm', 'Arterial width', quality.fwhm, 's', 'At half of the peak.', EXPECTED.arterialWidth),
    row(
      'aif_tail',
      'Arterial tail',
      quality.tail,
      '1',
      'Mean of the last ten volumes over the peak.',
      EXPECTED.arterialTail,
    ),
    row(
      'aif_first_pass',
      'First pass in the arterial area',
      100 * quality.firstPassShare,
      '%',
      'Area of the gamma variate through the first pass over that of the curve; the rest is recirculation.',
      EXPECTED.firstPass,
    ),
    row(
      'aif_lead',
      'Artery before the brain',
      leadOf(curve, quality.timeToPeak, signals.dt),
      's',
      'How much earlier the arterial curve peaks than the mean of the brain.',
      [0, 10],
    ),
    ...(vein
      ? [row('vof_scale', 'Factor to the venous area', vein.factor, '1', 'Partial volume of the artery.', [1, 4])]
      : []),
  ]
}

/** How much earlier a peak is than that of the mean curve [s]. */
export function leadOf(curve: Float64Array, timeToPeak: number, dt: number): number {
  return curve.indexOf(Math.max(...curve)) * dt - timeToPeak
}

function tissueQuality({ perfused, headline, regions }: Fitted): QualityValue[] {
  if (!perfused) return []
  const brain = [
    row(
      'tmax_median',
      'Median Tmax',
      median(valuesIn(perfused.tmax, regions.brain)),
      's',
      'Over the mask. Where it is high, the artery was found late or the slice times are wrong.',
      EXPECTED.tmax,
    ),
  ]
  const { gm, wm } = regions
  if (!gm) return brain
  const mtt = median(valuesIn(perfused.mtt, gm))
  const ratios = [
    row('mtt_gm', 'Median MTT of grey matter', mtt, 's', 'Voxels with at least 70 % grey matter.', EXPECTED.gmMtt),
    row('rcbv_gm', 'Mean rCBV of grey matter', mean(valuesIn(headline.rcbv, gm)), '1', 'White matter is 1.', [1.2, 3]),
  ]
  if (!wm || !headline.rcbf) return [...brain, ...ratios]
  const ratio = mean(valuesIn(headline.rcbf, gm)) / mean(valuesIn(headline.rcbf, wm))
  const says = 'Healthy adults: about 2.7; low where the resolution is coarse.'
  return [...brain, ...ratios, row('gm_wm_ratio', 'Grey to white matter, CBF', ratio, '1', says, EXPECTED.ratio)]
}

function leakageQuality({ leakage, regions }: Fitted, voxel: number): QualityValue[] {
  if (!leakage) return []
  const seen = leakage.seen.reduce((sum, value) => sum + value, 0)
  const untold = leakage.status.reduce((sum, code) => sum + (code === 6 ? 1 : 0), 0)
  const inside = regions.brain.reduce((sum, value) => sum + value, 0)
  return [
    row(
      'leakage_volume',
      'Volume in which leakage is seen',
      seen * voxel,
      'mL',
      'Voxels whose K2 is beyond noise, in clusters.',
    ),
    row(
      'leakage_unidentifiable',
      'Leakage not identifiable',
      (100 * untold) / inside,
      '%',
      'Share of the mask whose bolus is late or slow against the reference curve: no correction there.',
    ),
  ]
}
