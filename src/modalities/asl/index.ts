import type { OptionName } from '../../options.ts'
import { type Checked, good } from '../../problems.ts'
import type { Computation, Modality, Placed, Prepared, Result, Run } from '../modality.ts'
import { type AslAcquisition, readAcquisition } from './acquisition.ts'
import { aslFacts } from './facts.ts'
import { figuresOf } from './figures.ts'
import { findSeries } from './find.ts'
import { fitSeries } from './fit.ts'
import { mapsOf, outputNames, SEVERAL_DELAYS } from './maps.ts'
import { equationOf, paragraphsOf } from './methods.ts'
import { planMotion } from './motion.ts'
import { OUTLIERS, outlierTable } from './outliers.ts'
import { aslParameters } from './parameters.ts'
import { aslPhantom } from './phantom.ts'
import { aslDelaysPhantom } from './phantom-delays.ts'
import { populationOf } from './population.ts'
import { prepareSeries } from './prepare.ts'
import { qualityOf } from './quality.ts'
import { citedIn } from './references.ts'
import { regionFits } from './region-fit.ts'
import { regionsOf } from './regions.ts'
import { ageInYears } from './settings.ts'

/** Bytes of one float64. */
const FLOAT64 = 8

/** Arrays of one value a voxel that a run holds at once, at the most. */
const ARRAYS = 46

/** Options that a result depends on. */
const OPTIONS_USED = [
  'motion-correction',
  'smooth',
  'mask',
  'hematocrit',
  'asl-model',
  'asl-m0-scale',
  'asl-m0-fwhm',
  'asl-m0-reference',
  'asl-m0-recovery',
  'asl-t1-blood',
  'asl-t1-tissue',
  'asl-labeling-efficiency',
  'asl-bs-pulses',
  'asl-lambda',
  'asl-pvc',
  'asl-outliers',
  'asl-arterial',
  'asl-organ',
  'asl-te-correction',
  'asl-timeseries',
] as const satisfies readonly OptionName[]

/** Arterial spin labelling: cerebral blood flow, and from several delays its arrival, from the difference of control and label images. */
export const asl: Modality = {
  name: 'asl',
  title: 'Arterial spin labelling',
  datatype: 'perf',
  suffix: 'asl',
  provides: {},
  options: OPTIONS_USED,
  stage: { stage: '5', allows: 'single-delay ASL with an M0 scan is widely available for clinical use' },
  find: findSeries,
  bind,
  describe: aslFacts,
  phantom: aslPhantom,
  variants: { multidelay: aslDelaysPhantom },
}

function bind(run: Run): Checked<Computation> {
  const read = readAcquisition(run)
  if (!read.ok) return read
  const acquisition = read.value
  const [source] = run.series
  const { options } = run
  const computation: Computation = {
    facts: aslFacts(run),
    // The recommendations are for the brain.
    protocol: options['asl-organ'] === 'body' ? null : 'asl',
    outputs: outputNames(acquisition, run.options),
    ...(acquisition.quantification?.model === 'single' || !acquisition.quantification ? {} : { stage: SEVERAL_DELAYS }),
    ...(wantsTable(run) ? { tables: [OUTLIERS] } : {}),
    ...(options['asl-organ'] === 'body' ? { organ: 'body' } : {}),
    memory: memoryOf(run, acquisition),
    ...(source ? { motion: planMotion(acquisition.volumes, source, run.options) } : {}),
    prepare: (series, companions) => prepareSeries(acquisition, options['asl-organ'], series, companions),
    fit: (prepared, placed) => fitRun(run, acquisition, prepared, placed),
  }
  return good(computation, read.problems)
}

/** Whether outliers are looked for. */
function wantsTable({ options }: Pick<Run, 'options'>): boolean {
  return options['asl-outliers'] === 'score'
}

function memoryOf({ series, options }: Run, { volumes, quantification }: AslAcquisition): number {
  const [i, j, k] = series[0]?.header?.grid.shape ?? [0, 0, 0]
  const frames = options['asl-timeseries'] || wantsTable({ options }) ? volumes.differences.length : 0
  const samples = quantification?.labellings.samples.length ?? 1
  return i * j * k * ((ARRAYS + samples) * FLOAT64 + (frames * FLOAT64) / 2)
}

function fitRun(run: Run, acquisition: AslAcquisition, prepared: Prepared, placed: Placed): Checked<Result> {
  const { options } = run
  const source = run.series[0]
  if (!source) throw new Error('an ASL run has a series')
  const regions = regionsOf(prepared, placed)
  const population = populationOf(ageInYears(run.participant))
  const fitted = fitSeries(acquisition, prepared, placed, regions, options)
  const parameters = aslParameters(acquisition, source, run, fitted)
  const paragraphs = paragraphsOf(acquisition, parameters, options, fitted)
  return good({
    maps: mapsOf(fitted, acquisition, options),
    ...(fitted.outliers ? { tables: [outlierTable(fitted.outliers, acquisition)] } : {}),
    status: fitted.status,
    parameters,
    equation: equationOf(acquisition, parameters, fitted),
    quality: qualityOf(fitted, acquisition, prepared, placed, regions, options['asl-organ'], population),
    figures: figuresOf(fitted, acquisition, options, regions, population),
    paragraphs,
    references: citedIn(paragraphs),
    problems: fitted.problems,
    curves: fitted.curves,
    ...(fitted.region ? { regionFits: (voxels: Int32Array) => regionFits(fitted.region!, voxels) } : {}),
  })
}
