import type { Cell } from '../../bids/tsv.ts'
import { frameValues } from '../../image/volume.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Placed, Prepared, Run, TableOutput } from '../modality.ts'
import type { DscAcquisition } from './acquisition.ts'
import { baseName, digits } from './fields.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { OUTPUTS } from './outputs.ts'
import { type StrokeVolumes, scaledAdc, strokeVolumes } from './stroke.ts'

/** What tables hold of a number: seven digits, as curves are read back from them. */
function cell(value: number | undefined): Cell {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(7)) : null
}

/** The arterial curve with the mean curves it is judged against, one row a volume; it can be given back as `_aif.tsv`. */
export function curveTable(fitted: Fitted, acquisition: DscAcquisition): TableOutput {
  const { arterial, signals, mean, reference, bolus } = fitted
  const { dummies, frames, dt, baseline } = signals
  const isConcentration = acquisition.arterial.kind === 'curve' && acquisition.arterial.given.holds === 'concentration'
  const curves: readonly (readonly [string, Float64Array | null])[] = [
    [isConcentration ? 'concentration' : 'delta_r2star', arterial?.curve ?? null],
    ['vein', arterial?.vein?.curve ?? null],
    ['brain', mean],
    ['reference', reference?.curve ?? null],
  ]
  const shown = curves.filter(([, curve]) => curve !== null)
  const kind = (k: number) => (k < dummies ? 'dummy' : k - dummies < baseline[1] ? 'baseline' : 'bolus')
  return {
    name: OUTPUTS.curve,
    columns: ['time', ...shown.map(([name]) => name), 'volume'],
    // A dummy has no curve: 0, as before the bolus, or the table could not be given back.
    rows: Array.from({ length: frames + dummies }, (_, k) => [
      cell(k * dt),
      ...shown.map(([, curve]) => (k < dummies ? 0 : cell(curve?.[k - dummies]))),
      kind(k),
    ]),
    template: 'dsc-aif',
    sidecar: {
      ...(arterial
        ? {
            ArterialInput: arterial.from,
            Peak: cell(arterial.quality.peak),
            FullWidthHalfMaximum: cell(arterial.quality.fwhm),
            TimeToPeak: cell(arterial.quality.timeToPeak + dummies * dt),
            ArrivalTime: cell(arterial.quality.arrival + dummies * dt),
            TailOverPeak: cell(arterial.quality.tail),
            FirstPassShare: cell(arterial.quality.firstPassShare),
            BaselineStandardDeviation: cell(arterial.quality.baselineSd),
            ClippedVoxels: arterial.clipped.chosen,
            ...(arterial.vein ? { VenousScale: cell(arterial.vein.factor) } : {}),
          }
        : {}),
      DummyVolumes: bolus.dummies,
      AIFBasis: 'blood',
    },
  }
}

const STROKE_COLUMNS = [
  'measure',
  'threshold',
  'value',
  'units',
  'method',
  'time_between_volumes',
  'healthy_tmax',
  'slice_timing',
  'purpose',
] as const

/** Why volumes of delayed perfusion cannot be given; null where they can. */
function whyRefused({ perfused, bolus }: Fitted, { timing }: DscAcquisition, options: Options): string | null {
  if (!perfused) return 'there is no arterial input'
  if (perfused.method !== 'osvd' || options['dsc-oi-limit'] !== LIMITS.strokeLimit)
    return `they are defined for osvd at an oscillation limit of ${LIMITS.strokeLimit} only`
  if (timing.dt > LIMITS.strokeStep)
    return `${digits(timing.dt)} s between volumes are more than the ${LIMITS.strokeStep} s that Tmax can be read at`
  if (bolus.tail > LIMITS.tail) return 'the series ends before the bolus has passed'
  return null
}

/**
 * The volumes of delayed perfusion, with what a reader needs to judge them; n/a, with the reason, where they are refused.
 *
 * @param fitted - the fit
 * @param context - run, acquisition, images in roles
 * @param problems - receives why they are refused
 */
export function strokeTable(
  fitted: Fitted,
  { run, acquisition, prepared, placed }: { run: Run; acquisition: DscAcquisition; prepared: Prepared; placed: Placed },
  problems: Problem[],
): TableOutput {
  const { image, timing, slices } = acquisition
  const refused = whyRefused(fitted, acquisition, run.options)
  if (refused !== null)
    problems.push(
      problem('STROKE_VOLUMES_REFUSED', `${baseName(image)}: volumes of delayed perfusion are not given: ${refused}.`, {
        file: image,
      }),
    )
  const { regions, perfused } = fitted
  const adcImage = placed.adc?.[0]
  const scaled = adcImage ? scaledAdc(frameValues(adcImage, 0), regions.brain) : null
  const volumes =
    refused === null && perfused?.tmax
      ? strokeVolumes({
          tmax: perfused.tmax,
          tissue: regions.brain.map((inside, v) => (inside === 1 && regions.csf?.[v] !== 1 ? 1 : 0)),
          adc: scaled?.adc ?? null,
          grid: prepared.reference.grid,
        })
      : null
  const is3D = /^3D$/i.test(String(run.series[0]?.sidecar.values['MRAcquisitionType']))
  const context: Cell[] = [
    'osvd',
    cell(timing.dt),
    cell(volumes?.healthyTmax),
    slices ? 'corrected' : is3D ? 'simultaneous' : 'unknown',
    'research, not for diagnosis',
  ]
  return {
    name: OUTPUTS.stroke,
    columns: STROKE_COLUMNS,
    rows: measuresOf(volumes, scaled !== null).map(row => [...row, ...context]),
    template: 'dsc-strokevolumes',
    sidecar: {
      Purpose: 'Research. Not for diagnosis: no treatment may be decided by these numbers.',
      Refused: refused,
      SmallestCluster: { Value: LIMITS.strokeCluster, Units: 'mL' },
      CoreThreshold: { Value: LIMITS.strokeCore, Units: 'mm^2/s' },
      ...(scaled ? { AdcFactor: scaled.factor } : {}),
      EstimationReference: 'doi:10.1002/jmri.22338',
    },
  }
}

function measuresOf(volumes: StrokeVolumes | null, hasAdc: boolean): Cell[][] {
  const core = volumes?.core
  return [
    ...LIMITS.strokeTmax.map((threshold, at): Cell[] => [
      'delayed_volume',
      threshold,
      cell(volumes?.delayed[at]?.volume),
      'mL',
    ]),
    ['hypoperfusion_intensity_ratio', null, cell(volumes?.intensityRatio ?? undefined), '1'],
    ...(hasAdc
      ? [
          ['core_volume', null, cell(core?.volume), 'mL'],
          ['mismatch_volume', 6, cell(core?.mismatch), 'mL'],
          ['mismatch_ratio', 6, cell(core?.ratio ?? undefined), '1'],
        ]
      : []),
  ]
}
