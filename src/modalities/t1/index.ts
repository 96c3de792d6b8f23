import { type Checked, good } from '../../problems.ts'
import type { Computation, Index, Modality, Placed, Prepared, Result, Run } from '../modality.ts'
import { readHifi, readRecovery, readVfa, type T1Acquisition } from './acquisition.ts'
import { findJoint, findSets } from './find.ts'
import { fitSet, prepareSet } from './fit.ts'
import { mapName, mapsOf, outputNames } from './maps.ts'
import { citedIn } from './references.ts'
import { equationOf, factsOf, figuresOf, paragraphsOf, parametersOf, qualityOf } from './results.ts'
import { voxelCurves } from './voxel.ts'

/** Bytes of float64. */
const FLOAT64 = 8

/** Arrays of one value a voxel that a run holds at once, at the most. */
const ARRAYS = 20

const shared = {
  datatype: 'anat',
  auxiliary: true,
  options: ['dce-t1-fit'],
  stage: null,
} as const

/** T1 and B1 from spoiled gradient echoes with and without inversion, where the metadata tell the whole cycle. */
export const hifi: Modality = {
  ...shared,
  name: 'hifi',
  title: 'T1 and B1 from flip angles and inversion',
  suffix: 'VFA',
  provides: { t1map: mapName('hifi', 'T1'), b1: mapName('hifi', 'B1') },
  find: findJoint,
  bind: run => bindWith(run, readHifi(run)),
}

/** T1 from spoiled gradient echoes of several flip angles, for techniques that need T1 before contrast agent. */
export const vfa: Modality = {
  ...shared,
  name: 'vfa',
  title: 'T1 from variable flip angles',
  suffix: 'VFA',
  provides: { t1map: mapName('vfa', 'T1') },
  find: (index: Index) => findSets(index, 'VFA'),
  bind: run => bindWith(run, readVfa(run)),
}

/** T1 from inversion or saturation recovery, for techniques that need T1 before contrast agent. */
export const irt1: Modality = {
  ...shared,
  name: 'irt1',
  title: 'T1 from inversion or saturation recovery',
  suffix: 'IRT1',
  provides: { t1map: mapName('irt1', 'T1') },
  find: (index: Index) => findSets(index, 'IRT1'),
  bind: run => bindWith(run, readRecovery(run)),
}

function bindWith(run: Run, read: Checked<T1Acquisition>): Checked<Computation> {
  if (!read.ok) return read
  const acquisition = read.value
  const [i, j, k] = run.series[0]?.header?.grid.shape ?? [0, 0, 0]
  return good(
    {
      facts: factsOf(acquisition),
      protocol: null,
      outputs: outputNames(acquisition),
      organ: 'tissue',
      memory: i * j * k * FLOAT64 * (ARRAYS + run.series.length / 2),
      prepare: series => prepareSet(series),
      fit: (prepared, placed) => fitRun(run, acquisition, prepared, placed),
    },
    read.problems,
  )
}

function fitRun(run: Run, acquisition: T1Acquisition, prepared: Prepared, placed: Placed): Checked<Result> {
  const estimator = run.options['dce-t1-fit']
  const fitted = fitSet(acquisition, prepared, placed, run.roles.b1 ?? [], estimator)
  const paragraphs = paragraphsOf(acquisition, fitted, estimator)
  return good({
    maps: mapsOf(acquisition, fitted, estimator),
    status: fitted.fit.status,
    parameters: parametersOf(acquisition, fitted, run),
    equation: equationOf(acquisition),
    quality: qualityOf(fitted, prepared.mask),
    figures: figuresOf(acquisition),
    paragraphs,
    references: citedIn(paragraphs),
    problems: fitted.problems,
    curves: voxelCurves(acquisition, fitted, prepared),
  })
}
