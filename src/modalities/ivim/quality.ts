import { voxelSize, voxelsWhere } from '../../image/volume.ts'
import { ivimBound } from '../../kinetics/ivim-limit.ts'
import { mean, median } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import type { QualityValue } from '../../report/record.ts'
import type { Prepared } from '../modality.ts'
import type { IvimAcquisition } from './acquisition.ts'
import { baseName, digits } from './fields.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { reliableVoxels, valuesOf } from './maps.ts'
import { expectedIn } from './organs.ts'
import { meanSignal, soundVoxels } from './region-fit.ts'
import { type Regions, valuesIn } from './regions.ts'

/** Predicted coefficients of variation of a voxel [1]: what the b-values allow at best. */
export interface Predicted {
  readonly D: number
  readonly f: number
  readonly Dstar: number
}

/**
 * The Cramér–Rao bound for the expected tissue of an organ, over its value [1]; null where the b-values allow no D*.
 *
 * @param acquisition - organ and rows
 * @param snr - of one volume at b = 0 [1]
 */
export function predictedVariation(
  { organ, averaging, rows, support }: IvimAcquisition,
  snr: number,
): Predicted | null {
  if (!support.hasDstar) return null
  const tissue = expectedIn(organ.organ)
  const b = Float64Array.from(rows.ivim, row => averaging.rows[row]!.b)
  const bound = ivimBound({ S0: 1, ...tissue }, b, 1 / (snr * Math.sqrt(averaging.directions)))
  return bound && { D: bound.D / tissue.D, f: bound.f / tissue.f, Dstar: bound.Dstar / tissue.Dstar }
}

/**
 * Quality figures of a run.
 *
 * @param fitted - the fit
 * @param acquisition - the acquisition
 * @param prepared - grid and mask
 * @param regions - of `regionsOf`
 */
export function qualityOf(
  fitted: Fitted,
  acquisition: IvimAcquisition,
  prepared: Prepared,
  regions: Regions,
): QualityValue[] {
  const rows: QualityValue[] = []
  const add = (
    name: string,
    label: string,
    value: number | null,
    unit: QualityValue['unit'],
    says: string,
    expected?: readonly [number, number],
  ) => {
    rows.push({
      name,
      label,
      value: value !== null && Number.isFinite(value) ? value : null,
      unit,
      says,
      ...(expected ? { expected } : {}),
    })
  }
  const inside = regions.brain.reduce((sum, value) => sum + value, 0)
  const share = (count: number) => (100 * count) / inside
  const [i, j, k] = voxelSize(prepared.reference.grid)
  add(
    'snr_b0',
    'SNR at b = 0',
    fitted.snr,
    '1',
    `Median over the mask of one volume${fitted.noise ? `; noise from ${fitted.noise.from === 'repeats' ? 'repeats' : 'the background'}` : '; nothing tells the noise: there are no repeats, and the background is empty'}.`,
  )
  add(
    'noise_sigma',
    'Noise of one volume',
    fitted.noise?.sigma ?? null,
    'a.u.',
    'Standard deviation, in the unit of the series.',
  )
  add(
    'floor',
    'Voxels near the noise floor',
    floorShare(fitted, acquisition, regions),
    '%',
    `Share of the mask whose signal at the highest b-value is under ${LIMITS.noiseFloor} times the noise: D is underestimated there.`,
    [0, 5],
  )
  if (fitted.ivim) fitQuality(fitted, acquisition, regions, add)
  add(
    'no_signal',
    'Voxels without estimate',
    share(count(fitted.status, 4)),
    '%',
    'No signal, or a sample that is not above 0.',
  )
  add('mask_volume', 'Volume of the mask', (inside * i * j * k) / 1000, 'mL', 'Volume in which the maps were computed.')
  const predicted = fitted.snr === null ? null : predictedVariation(acquisition, fitted.snr)
  const bound = (name: keyof Predicted) =>
    add(
      `bound_cv_${name}`,
      `Best possible variation of ${shown(name)}`,
      predicted ? 100 * predicted[name] : null,
      '%',
      `Cramér-Rao bound of one voxel for typical ${acquisition.organ.organ} tissue with these b-values at this SNR: the limit of the protocol, not of the estimator.`,
    )
  if (predicted) for (const name of ['D', 'f', 'Dstar'] as const) bound(name)
  return rows
}

/** Adds a row: name, label, value, unit, what it says, expected range. */
type Add = (
  name: string,
  label: string,
  value: number | null,
  unit: QualityValue['unit'],
  says: string,
  expected?: readonly [number, number],
) => void

/** What the bi-exponential fit gives. */
function fitQuality(fitted: Fitted, { support: { hasDstar } }: IvimAcquisition, regions: Regions, add: Add): void {
  const inside = regions.brain.reduce((sum, value) => sum + value, 0)
  const share = (count: number) => (100 * count) / inside
  const names = hasDstar ? (['D', 'f', 'Dstar', 'fDstar'] as const) : (['D', 'f'] as const)
  for (const name of names) {
    const reliable = reliableVoxels(fitted, name).map((value, v) => value * regions.brain[v]!)
    add(
      `reliable_${name}`,
      `Voxels with reliable ${shown(name)}`,
      share(reliable.reduce((sum, value) => sum + value, 0)),
      '%',
      `Share of the mask in which the standard error is at most ${LIMITS.reliable[name]} of the value.`,
    )
  }
  for (const name of ['D', 'f'] as const)
    add(
      `median_${name}`,
      `Median ${name}`,
      median(valuesIn(valuesOf(fitted, name).values, regions.brain)),
      name === 'f' ? '1' : 'mm^2/s',
      'Median over the mask.',
    )
  add('bound', 'Voxels at a bound', share(count(fitted.status, 2)), '%', 'A parameter stands at the end of its range.')
  add(
    'undefined',
    'Voxels without D*',
    hasDstar ? share(count(fitted.status, 5)) : null,
    '%',
    'f is so small that D* is undefined.',
  )
  add(
    'residual',
    'Residual over S0',
    residualShare(fitted, regions),
    '%',
    'Median over the mask of the noise of one averaged image as the fit saw it, over S0; far above 100/SNR it is motion, pulsation or misfit.',
  )
}

function shown(name: string): string {
  return name.replace('star', '*')
}

function count(status: Uint8Array, code: number): number {
  return status.reduce((sum, value) => sum + (value === code ? 1 : 0), 0)
}

/** Share of the mask whose signal at the highest b that is fitted is near the noise floor [%]; null where it is not known. */
function floorShare({ signals, b, noise }: Fitted, { rows }: IvimAcquisition, { brain }: Regions): number | null {
  const last = (rows.ivim.length > 0 ? rows.ivim : rows.adc).at(-1)
  if (!noise || last === undefined) return null
  const values = valuesIn(
    signals.subarray((last * signals.length) / b.length, ((last + 1) * signals.length) / b.length),
    brain,
  )
  return (100 * values.filter(value => value < LIMITS.noiseFloor * noise.sigma).length) / values.length
}

function residualShare({ ivim }: Fitted, { brain }: Regions): number {
  if (!ivim) return Number.NaN
  return (
    100 *
    median(
      valuesIn(
        ivim.sigma.map((sigma, v) => sigma / ivim.S0[v]!),
        brain,
      ),
    )
  )
}

/** What is remarkable about the result as a whole. */
export function checkResult(
  fitted: Fitted,
  acquisition: IvimAcquisition,
  prepared: Prepared,
  regions: Regions,
): Problem[] {
  const { image, organ } = acquisition
  const problems: Problem[] = []
  const say = (code: Parameters<typeof problem>[0], sentence: string) =>
    problems.push(problem(code, `${baseName(image)}: ${sentence}`, { file: image }))
  const inside = regions.brain.reduce((sum, value) => sum + value, 0)
  const [i, j, k] = voxelSize(prepared.reference.grid)
  const volume = (inside * i * j * k) / 1000
  const [small, large] = LIMITS.brain
  if (organ.organ === 'brain' && (volume < small || volume > large))
    say(
      'MASK_IMPLAUSIBLE',
      `the mask holds ${Math.round(volume)} mL, brains hold ${small} to ${large} mL; look at it in the report, give one with --mask, or name the organ with --ivim-organ.`,
    )
  const without = count(fitted.status, 4)
  if (without > inside / 2)
    say(
      'FIT_MOSTLY_FAILED',
      `${without} of ${inside} voxels in the mask have no estimate, for a sample is not above 0 or not finite there; check the mask and the series.`,
    )
  const floor = floorShare(fitted, acquisition, regions)
  if (floor !== null && floor > 100 * LIMITS.floorShare)
    say(
      'NOISE_FLOOR',
      `in ${Math.round(floor)} % of the mask the signal at the highest b-value is under ${LIMITS.noiseFloor} times the noise, where magnitude images do not fall further; D is underestimated there: use lower b-values or more averages${acquisition.averaging.directions > 1 ? ', and try --ivim-averaging arithmetic' : ''}.`,
    )
  const predicted = fitted.snr === null ? null : predictedVariation(acquisition, fitted.snr)
  const weak = predicted ? (['f', 'Dstar'] as const).filter(name => predicted[name] > LIMITS.weak) : []
  if (predicted && weak.length > 0)
    say(
      'B_VALUES_WEAK',
      `with these b-values at an SNR of ${digits(Math.round(fitted.snr! * 10) / 10)} no estimator can know ${weak.map(name => `${shown(name)} of a typical ${organ.organ} voxel better than to ${Math.round(100 * predicted[name])} %`).join(', nor ')}; read region fits and the reliability masks, not single voxels.`,
    )
  const D = fitted.ivim ? mean(valuesIn(fitted.ivim.D, regions.brain)) : Number.NaN
  const [low, high] = LIMITS.D
  if (D < low || D > high)
    say(
      'RESULT_IMPLAUSIBLE',
      `mean D in the mask is ${digits(D * 1000)}e-3 mm²/s, plausible are ${low * 1000}e-3 to ${high * 1000}e-3; check that the b-values are in s/mm² and in the order of the volumes.`,
    )
  return problems
}

/** The mean signal of a region over that without weighting, for figures, shape (nRow). */
export function relativeSignal(fitted: Fitted, acquisition: IvimAcquisition, region: Uint8Array): Float64Array {
  const voxels = voxelsWhere(region.length, v => region[v] === 1)
  const curve = meanSignal(fitted, soundVoxels(acquisition, fitted, voxels))
  const zero = curve.filter((_, row) => fitted.b[row]! <= fitted.b[0]! + LIMITS.sameZero)
  const scale = mean(zero)
  return curve.map(value => value / scale)
}
