import type { OptionName } from '../../options.ts'
import { type Checked, good } from '../../problems.ts'
import type { Computation, Modality, Placed, Prepared, Result, Run } from '../modality.ts'
import { type DceAcquisition, readAcquisition } from './acquisition.ts'
import { checkResult } from './checks.ts'
import { dceFacts } from './facts.ts'
import { figuresOf } from './figures.ts'
import { findSeries } from './find.ts'
import { fitSeries } from './fit.ts'
import { mapsOf } from './maps.ts'
import { measuredFacts } from './measured.ts'
import { outputNames, tableNames } from './outputs.ts'
import { dcePhantom } from './phantom.ts'
import { planMotion, prepareSeries } from './prepare.ts'
import { citedIn } from './references.ts'
import { regionFits } from './region-fit.ts'
import { dceParameters, equationOf, paragraphsOf, qualityOf } from './results.ts'
import { tablesOf } from './tables.ts'
import { voxelCurves } from './voxel.ts'

/** Bytes of float32 and float64. */
const FLOAT32 = 4
const FLOAT64 = 8

/** Arrays of one value a voxel that a run holds at once, without the models'. */
const ARRAYS = 20

/** Options that a result depends on. */
const OPTIONS_USED = [
  'motion-correction',
  'mask',
  'hematocrit',
  'dce-model',
  'dce-organ',
  'dce-fit',
  'dce-aif',
  'dce-aif-basis',
  'dce-t1',
  'dce-conversion',
  'dce-relaxivity',
  'dce-agent',
  'dce-dose',
  'dce-delay',
  'dce-timeseries',
] as const satisfies readonly OptionName[]

/** Dynamic contrast-enhanced imaging: permeability, volumes and flow from the uptake of a contrast agent. */
export const dce: Modality = {
  name: 'dce',
  title: 'Dynamic contrast-enhanced imaging',
  datatype: 'perf',
  suffix: 'dce',
  provides: {},
  options: OPTIONS_USED,
  stage: {
    stage: '2',
    allows:
      'DCE with T1 mapping and a measured input is used in trials; numbers of one site are comparable with themselves',
  },
  find: findSeries,
  bind,
  describe: dceFacts,
  phantom: dcePhantom,
}

function bind(run: Run): Checked<Computation> {
  const read = readAcquisition(run)
  if (!read.ok) return read
  const acquisition = read.value
  const { organ } = acquisition.settings.organ
  return good(
    {
      facts: dceFacts(run),
      protocol: 'dce',
      outputs: outputNames(acquisition, run.options['dce-timeseries']),
      tables: tableNames(acquisition, hasMask(run)),
      organ: organ === 'other' ? 'tissue' : organ,
      memory: memoryOf(run, acquisition),
      motion: planMotion(acquisition),
      prepare: series => prepareSeries(acquisition, series),
      fit: (prepared, placed) => fitRun(run, acquisition, prepared, placed),
    },
    read.problems,
  )
}

/** Whether the user tells where the tissue is. */
function hasMask({ roles, pending }: Run): boolean {
  return (roles.mask ?? []).length > 0 || pending?.includes('mask') === true
}

/** Signals and concentrations, what the models give, and the maps. */
function memoryOf({ series, options }: Run, { frames, models }: DceAcquisition): number {
  const [i, j, k] = series[0]?.header?.grid.shape ?? [0, 0, 0]
  const quantities = models.reduce((sum, choice) => sum + choice.quantities.length, 0)
  const whole = frames.times.length * (2 + (options['dce-timeseries'] ? 1 + models.length : 0))
  return i * j * k * (FLOAT32 * whole + FLOAT64 * (ARRAYS + 4 * quantities))
}

function fitRun(run: Run, acquisition: DceAcquisition, prepared: Prepared, placed: Placed): Checked<Result> {
  const { options } = run
  const computed = fitSeries(run, acquisition, prepared, placed)
  if (!computed.ok) return computed
  const fitted = computed.value
  const { mask, reference } = prepared
  const paragraphs = paragraphsOf(acquisition, fitted, options)
  return good({
    maps: mapsOf(acquisition, fitted, options),
    tables: tablesOf(acquisition, fitted, mask, reference.grid, hasMask(run)),
    status: fitted.status,
    facts: measuredFacts(acquisition, fitted, mask),
    parameters: dceParameters(acquisition, run, fitted),
    equation: equationOf(acquisition, fitted),
    quality: qualityOf(acquisition, fitted, mask),
    figures: figuresOf(acquisition, fitted),
    paragraphs,
    references: citedIn(paragraphs),
    problems: [...fitted.problems, ...checkResult(acquisition, fitted, mask, hasMask(run))],
    regionFits: voxels => regionFits(acquisition, fitted, voxels),
    curves: voxelCurves(acquisition, fitted),
  })
}
