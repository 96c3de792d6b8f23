import { type Checked, good } from '../../problems.ts'
import type { Computation, Modality, Prepared, Result, Run } from '../modality.ts'
import { findStructural } from './find.ts'
import { prepareStructural } from './prepare.ts'
import { citedIn } from './references.ts'
import {
  factsOf,
  figuresOf,
  fractionName,
  mapsOf,
  measure,
  outputNames,
  paragraphsOf,
  problemsOf,
  qualityOf,
} from './results.ts'

/** Bytes a voxel that a run holds at once, at the most. */
const BYTES = 60

/** Grey matter, white matter and fluid from a T1-weighted image, for techniques that look at them apart. */
export const tissue: Modality = {
  name: 'tissue',
  title: 'Tissues from the T1-weighted image',
  datatype: 'anat',
  suffix: 'T1w',
  provides: { gm: fractionName('gm'), wm: fractionName('wm'), csf: fractionName('csf') },
  auxiliary: true,
  onDemand: true,
  options: [],
  stage: null,
  find: findStructural,
  bind,
  describe: factsOf,
}

function bind(run: Run): Checked<Computation> {
  const [i, j, k] = run.series[0]?.header?.grid.shape ?? [0, 0, 0]
  return good({
    facts: factsOf(run),
    protocol: null,
    outputs: outputNames(),
    memory: i * j * k * BYTES,
    prepare: prepareStructural,
    fit: prepared => describeTissues(run, prepared),
  })
}

function describeTissues(run: Run, prepared: Prepared): Checked<Result> {
  const measured = measure(prepared)
  const paragraphs = paragraphsOf()
  return good({
    maps: mapsOf(prepared),
    status: prepared.mask,
    parameters: [],
    equation: null,
    quality: qualityOf(measured),
    figures: figuresOf(),
    paragraphs,
    references: citedIn(paragraphs),
    problems: problemsOf(run.series[0]?.name.path ?? '', measured),
  })
}
