import type { OptionName } from '../../options.ts'
import { type Checked, good } from '../../problems.ts'
import type { Computation, Modality, Placed, Prepared, Result, Run } from '../modality.ts'
import { type IvimAcquisition, readAcquisition } from './acquisition.ts'
import { ivimFacts } from './facts.ts'
import { figuresOf } from './figures.ts'
import { findSeries } from './find.ts'
import { fitSeries } from './fit.ts'
import { mapName, mapsOf, outputNames } from './maps.ts'
import { equationOf, paragraphsOf } from './methods.ts'
import { ivimParameters } from './parameters.ts'
import { ivimPhantom } from './phantom.ts'
import { planMotion, prepareSeries } from './prepare.ts'
import { checkResult, qualityOf } from './quality.ts'
import { citedIn } from './references.ts'
import { regionFits } from './region-fit.ts'
import { regionsOf } from './regions.ts'
import { voxelCurves } from './voxel.ts'

/** Bytes of float32 and float64. */
const FLOAT32 = 4
const FLOAT64 = 8

/** Arrays of one value a voxel that a run holds at once, at the most. */
const ARRAYS = 45

/** Options that a result depends on. */
const OPTIONS_USED = [
  'motion-correction',
  'smooth',
  'mask',
  'ivim-fit',
  'ivim-threshold',
  'ivim-threshold-rule',
  'ivim-averaging',
  'ivim-organ',
  'ivim-lesion',
  'ivim-force',
] as const satisfies readonly OptionName[]

/** Intravoxel incoherent motion: diffusion and perfusion from diffusion-weighted images with several b-values. */
export const ivim: Modality = {
  name: 'ivim',
  title: 'Intravoxel incoherent motion',
  datatype: 'dwi',
  suffix: 'dwi',
  provides: { adc: mapName('ADC') },
  options: OPTIONS_USED,
  stage: {
    stage: '2',
    allows: 'IVIM with three directions or more and b-values in both regimes is a tool of research',
  },
  find: findSeries,
  bind,
  describe: ivimFacts,
  phantom: ivimPhantom,
}

function bind(run: Run): Checked<Computation> {
  const read = readAcquisition(run)
  if (!read.ok) return read
  const acquisition = read.value
  const computation: Computation = {
    facts: ivimFacts(run),
    protocol: 'ivim',
    organ: acquisition.organ.organ === 'other' ? 'organ' : acquisition.organ.organ,
    outputs: outputNames(acquisition),
    memory: memoryOf(run, acquisition),
    motion: planMotion(acquisition),
    prepare: series => prepareSeries(acquisition, run.options, series),
    fit: (prepared, placed) => fitRun(run, acquisition, prepared, placed),
  }
  return good(computation, read.problems)
}

/** The averaged series, once more for each fit that leaves rows out, and the maps. */
function memoryOf({ series }: Run, { averaging }: IvimAcquisition): number {
  const [i, j, k] = series[0]?.header?.grid.shape ?? [0, 0, 0]
  return i * j * k * (3 * averaging.rows.length * FLOAT32 + ARRAYS * FLOAT64)
}

function fitRun(run: Run, acquisition: IvimAcquisition, prepared: Prepared, placed: Placed): Checked<Result> {
  const { options } = run
  const regions = regionsOf(prepared, placed)
  const fitted = fitSeries(acquisition, prepared, regions, options)
  const paragraphs = paragraphsOf(acquisition, fitted, options)
  return good({
    maps: mapsOf(fitted, acquisition),
    status: fitted.status,
    parameters: ivimParameters(acquisition, run, fitted),
    equation: equationOf(acquisition, fitted, prepared.mask),
    quality: qualityOf(fitted, acquisition, prepared, regions),
    figures: figuresOf(fitted, acquisition, regions),
    paragraphs,
    references: citedIn(paragraphs),
    problems: checkResult(fitted, acquisition, prepared, regions),
    regionFits: voxels => regionFits(acquisition, fitted, voxels),
    curves: voxelCurves(acquisition, fitted),
  })
}
