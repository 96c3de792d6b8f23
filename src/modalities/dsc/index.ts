import type { OptionName } from '../../options.ts'
import { type Checked, good, type Problem } from '../../problems.ts'
import type { Computation, Modality, Placed, Prepared, Result, Run } from '../modality.ts'
import { type DscAcquisition, readAcquisition } from './acquisition.ts'
import { checkResult } from './checks.ts'
import { dscFacts, learntFacts } from './facts.ts'
import { figuresOf } from './figures.ts'
import { findSeries } from './find.ts'
import { fitSeries } from './fit.ts'
import { mapsOf } from './maps.ts'
import { equationOf, paragraphsOf } from './methods.ts'
import { OUTPUTS, outputNames } from './outputs.ts'
import { dscParameters } from './parameters.ts'
import { dscPhantom } from './phantom.ts'
import { planMotion, prepareSeries } from './prepare.ts'
import { qualityOf } from './quality.ts'
import { citedIn } from './references.ts'
import { curveTable, strokeTable } from './tables.ts'
import { voxelCurves } from './voxel.ts'

/** Bytes of float32 and float64. */
const FLOAT32 = 4
const FLOAT64 = 8

/** Arrays of one value a voxel that a run holds at once, at the most. */
const ARRAYS = 80

/** Options that a result depends on. */
const OPTIONS_USED = [
  'motion-correction',
  'smooth',
  'mask',
  'hematocrit',
  'dsc-deconvolution',
  'dsc-oi-limit',
  'dsc-leakage',
  'dsc-aif',
  'dsc-aif-scale',
  'dsc-te',
  'dsc-lesion',
] as const satisfies readonly OptionName[]

/** Dynamic susceptibility contrast: blood volume, flow and transit times from the passage of a contrast bolus. */
export const dsc: Modality = {
  name: 'dsc',
  title: 'Dynamic susceptibility contrast',
  datatype: 'perf',
  suffix: 'dsc',
  provides: {},
  options: OPTIONS_USED,
  stage: {
    stage: '4',
    allows: 'DSC can guide treatment in studies; where the blood–brain barrier is broken, leakage must be corrected',
  },
  find: findSeries,
  bind,
  describe: dscFacts,
  phantom: dscPhantom,
}

function bind(run: Run): Checked<Computation> {
  const read = readAcquisition(run)
  if (!read.ok) return read
  const acquisition = read.value
  const computation: Computation = {
    facts: dscFacts(run),
    protocol: 'dsc',
    outputs: outputNames(acquisition, run.options),
    tables: [OUTPUTS.curve, OUTPUTS.stroke],
    memory: memoryOf(run, acquisition),
    motion: planMotion(acquisition),
    prepare: series => prepareSeries(acquisition, series),
    fit: (prepared, placed) => fitRun(run, acquisition, prepared, placed),
  }
  return good(computation, read.problems)
}

/** The maps, and the series once more where it is smoothed. */
function memoryOf({ series, options }: Run, { frames }: DscAcquisition): number {
  const [i, j, k] = series[0]?.header?.grid.shape ?? [0, 0, 0]
  const again = options.smooth > 0 ? series.length * frames : 0
  return i * j * k * (again * FLOAT32 + ARRAYS * FLOAT64)
}

function fitRun(run: Run, acquisition: DscAcquisition, prepared: Prepared, placed: Placed): Checked<Result> {
  const { options } = run
  const read = fitSeries(acquisition, prepared, placed, options)
  if (!read.ok) return read
  const fitted = read.value
  const { grid } = prepared.reference
  const problems: Problem[] = [...fitted.problems, ...checkResult(fitted, grid, acquisition)]
  const stroke = strokeTable(fitted, { run, acquisition, prepared, placed }, problems)
  const paragraphs = paragraphsOf(acquisition, options, fitted)
  return good({
    maps: mapsOf(fitted, acquisition, options),
    tables: [curveTable(fitted, acquisition), stroke],
    status: fitted.status,
    facts: learntFacts(fitted, run),
    parameters: dscParameters(acquisition, run, fitted),
    equation: equationOf(acquisition, fitted),
    quality: qualityOf(fitted, prepared),
    figures: figuresOf(fitted, acquisition, options, prepared),
    paragraphs,
    references: citedIn(paragraphs),
    problems,
    curves: voxelCurves(fitted, options),
  })
}
