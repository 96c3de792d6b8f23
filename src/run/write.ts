import { basename } from 'node:path'
import { template } from '../bids/templates.ts'
import { formatTable } from '../bids/tsv.ts'
import { inverse } from '../image/rigid.ts'
import { formatTransform } from '../image/rigid-text.ts'
import { voxelCount } from '../image/volume.ts'
import type {
  Computation,
  FigureOf,
  Modality,
  OutputName,
  Placed,
  Prepared,
  Result,
  Run,
} from '../modalities/modality.ts'
import type { Problem } from '../problems.ts'
import { evaluateProtocol } from '../protocol.ts'
import type { Fact, Figure, ProtocolRow, RunRecord } from '../report/record.ts'
import { settingsOf, taskIdentity } from './complete.ts'
import { coregistrationFigures } from './figures.ts'
import { hashOf, type InputIdentity } from './identity.ts'
import { fractionNames, type Placement, pathOf, recordPath, referenceName, TRANSFORMS, tablePath } from './outputs.ts'
import type { RunWork } from './participant.ts'
import {
  formatRows,
  hemispheres,
  labelRegions,
  lesionRegions,
  type Region,
  regionRows,
  reliabilityOf,
  tissueRegion,
} from './regions.ts'
import { siteOf } from './site.ts'
import type { Anatomy } from './spaces.ts'
import { makeStaging, type Staging } from './staging.ts'
import { voxelText } from './voxels.ts'
import { writeImages } from './write-images.ts'

/** What writing needs to know of a run beside its result. */
export interface Written {
  readonly work: RunWork
  readonly modality: Modality
  readonly inputs: readonly InputIdentity[]
  /** The record of an earlier run in this place. */
  readonly earlier: RunRecord | null
}

/** A run that has a result. */
export interface Finished {
  readonly run: Run
  readonly computation: Computation
  readonly prepared: Prepared
  readonly placed: Placed
  /** The images in roles, each on its own grid. */
  readonly companions: Placed
  /** The place of the T1w image, where its tissues are known. */
  readonly anatomy: Anatomy | null
  readonly result: Result
  readonly maskFrom: string | null
  readonly problems: readonly Problem[]
  readonly status: 'complete' | 'partial'
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** Write everything of a finished run, the provenance record last, and remove what an earlier run left and this one does not write. */
export function writeRun(written: Written, finished: Finished): void {
  const { work, modality } = written
  const { run, prepared, result, computation } = finished
  const tables = result.tables ?? []
  const promised = JSON.stringify([...computation.outputs, ...(computation.tables ?? [])])
  const made = JSON.stringify([...result.maps, ...tables].map(({ name }) => name))
  // Voxels can show that a part cannot be had after all (an M0 of zeros); the record lists what was made.
  if (promised !== made && finished.status !== 'partial')
    throw new Error(`${modality.name} promised ${promised} and made ${made}`)

  const placement: Placement = { entities: run.entities, modality }
  const staging = makeStaging(work.output, work.staging, work.lock)
  const outputs: string[] = []
  const add = (path: string, content: string | Uint8Array) => {
    staging.add(path, content)
    outputs.push(path)
  }
  writeImages(add, placement, written, finished)
  if (finished.anatomy) {
    // As ITK has it, and so fMRIPrep: what brings the series to the T1w image takes points of the latter to the former.
    const { motion } = finished.anatomy
    add(pathOf(placement, TRANSFORMS.there, '.txt'), formatTransform(inverse(motion)))
    add(pathOf(placement, TRANSFORMS.back, '.txt'), formatTransform(motion))
  }
  for (const { name, columns, rows, template: dictionary, sidecar } of tables) {
    add(pathOf(placement, name, '.tsv'), formatTable(columns, rows))
    add(pathOf(placement, name, '.json'), json({ ...template(`tables/${dictionary}.json`), ...sidecar }))
  }
  const optionsHash = hashOf(settingsOf(modality, run).options)
  const head = { bidsName: bidsName(placement), modality: modality.name, entities: run.entities, optionsHash }
  const rows = regionRows(head, result, regionsOf(finished))
  const facts = [...computation.facts, ...(result.facts ?? [])]
  const protocol =
    computation.protocol === null ? [] : evaluateProtocol(template(`protocol/${computation.protocol}.json`), facts)
  add(tablePath(placement, 'confounds', '.tsv'), formatTable(prepared.confounds.columns, prepared.confounds.rows))
  add(tablePath(placement, 'confounds', '.json'), json(template('tables/confounds.json')))
  add(
    tablePath(placement, 'qc', '.json'),
    json(
      Object.fromEntries(
        result.quality.map(({ name, value, unit, says }) => [name, { Value: value, Units: unit, Description: says }]),
      ),
    ),
  )
  add(tablePath(placement, 'regions', '.tsv'), formatRows(rows))
  add(tablePath(placement, 'regions', '.json'), json(template('tables/regions.json')))
  add(
    tablePath(placement, 'protocol', '.tsv'),
    formatTable(
      PROTOCOL_COLUMNS,
      protocol.map(row => PROTOCOL_COLUMNS.map(column => row[column])),
    ),
  )
  add(tablePath(placement, 'protocol', '.json'), json(template('tables/protocol.json')))
  add(tablePath(placement, 'voxels', '.json'), voxelText(result, prepared))
  finish(written, staging, {
    ...recordHead(written, run, finished.problems, facts),
    ...(computation.stage ? { stage: computation.stage } : {}),
    status: finished.status,
    parameters: result.parameters,
    protocol,
    equation: result.equation,
    quality: result.quality,
    figures: [
      ...result.figures.map(figure => resolveFigure(figure, placement)),
      ...coregistrationFigures(placement, Object.keys(finished.placed)),
    ],
    reliability: reliabilityOf(rows),
    paragraphs: result.paragraphs,
    references: result.references,
    viewer: {
      reference: pathOf(placement, referenceName(modality), '.nii.gz'),
      voxels: tablePath(placement, 'voxels', '.json'),
    },
    outputs,
  })
}

/** Columns of the protocol tables, in order. */
export const PROTOCOL_COLUMNS = [
  'rule',
  'title',
  'verdict',
  'value',
  'recommended',
  'field',
  'says',
  'reference',
] as const satisfies readonly (keyof ProtocolRow)[]

/**
 * Write the record of a refused run, so that reports and group tables show it.
 *
 * A result that an earlier call left is not touched: a file that could not be read today is no reason to lose what was
 * computed yesterday.
 */
export function writeRefusal(
  written: Written,
  run: Run | null,
  problems: readonly Problem[],
  facts: readonly Fact[],
): void {
  // Of two runs that would write one file the second has no record of its own; the log has it.
  if (written.work.planned.record === '') return
  if (written.earlier && (written.earlier.status === 'complete' || written.earlier.status === 'partial')) return
  finish(written, makeStaging(written.work.output, written.work.staging, written.work.lock), {
    ...recordHead(written, run, problems, facts),
    status: 'refused',
    parameters: [],
    protocol: [],
    equation: null,
    quality: [],
    figures: [],
    reliability: [],
    paragraphs: [],
    references: {},
    viewer: null,
    outputs: [],
  })
}

function finish(written: Written, staging: Staging, record: Omit<RunRecord, 'execution'>): void {
  const { execution, planned } = written.work
  const seconds = Math.round((Date.now() - Date.parse(execution.started)) / 10) / 100
  staging.add(planned.record, json({ ...record, execution: { ...execution, seconds } } satisfies RunRecord))
  staging.commit(
    planned.record,
    (written.earlier?.outputs ?? []).filter(path => !record.outputs.includes(path)),
  )
}

function recordHead(
  { work, modality, inputs }: Written,
  run: Run | null,
  problems: readonly Problem[],
  facts: readonly Fact[],
) {
  const { task, run: asked } = work.planned
  const settings = run ? settingsOf(modality, run) : { options: task.options }
  return {
    program: { name: 'perfquant', version: work.version },
    id: task.id,
    kind: task.kind,
    title: modality.title,
    label: task.label,
    participant: task.participant,
    session: task.session,
    site: run && siteOf(run),
    entities: work.planned.entities,
    problems,
    facts,
    series: task.series.map(path => `bids:raw:${path}`),
    roles: run
      ? Object.fromEntries(Object.entries(run.roles).map(([role, sources]) => [role, sources.map(({ uri }) => uri)]))
      : {},
    inputs,
    options: task.options,
    optionsHash: hashOf(settings.options),
    // Of the run as it was planned: a role that fell away for an image that cannot be read falls away the next time, too.
    identity: asked ? taskIdentity(work.version, modality, asked, inputs) : '',
    stage: modality.stage,
    seed: run?.seed ?? 0,
  }
}

function bidsName(placement: Placement): string {
  return basename(recordPath(placement))
    .replace('_desc-provenance', '')
    .replace(/\.json$/, '')
}

function regionsOf({ prepared, placed, companions, run, computation }: Finished): Region[] {
  const { mask, reference } = prepared
  const n = voxelCount(reference.grid)
  const organ = computation.organ ?? 'brain'
  const whole: Region = { atlas: 'mask', name: organ, has: voxel => voxel < n && mask[voxel] === 1 }
  const tissues = fractionNames(Object.keys(placed)).flatMap(({ role, label }) =>
    (placed[role] ?? []).slice(0, 1).map(volume => tissueRegion(label, volume, mask, companions[role]?.[0])),
  )
  const isOriented = organ === 'brain' && run.series[0]?.header?.oriented === true
  const halves = isOriented
    ? hemispheres(
        mask,
        reference.grid,
        tissues.filter(({ name }) => name !== 'CSF'),
      )
    : []
  const white = tissues.find(({ name }) => name === 'WM')
  const lesions = (placed.lesion ?? []).slice(0, 1).flatMap(volume => lesionRegions(volume, mask, white))
  const atlases = (placed.dseg ?? []).flatMap((volume, index) => {
    const source = run.roles.dseg?.[index]
    const { atlas, seg, desc } = source?.name.entities ?? {}
    const own = companions.dseg?.[index]
    return labelRegions(atlas ?? seg ?? desc ?? 'dseg', volume, source?.tables['dseg'] ?? null, mask, own)
  })
  return [whole, ...tissues, ...halves, ...lesions, ...atlases]
}

/** A figure with the paths of its images in place of their names. */
function resolveFigure(figure: FigureOf<Figure>, placement: Placement): Figure {
  const path = (name: OutputName) => pathOf(placement, name, '.nii.gz')
  if (figure.kind === 'lines' || figure.kind === 'flicker') return figure
  if (figure.kind === 'mosaic') {
    const { contour, within, ...rest } = figure
    return {
      ...rest,
      image: path(figure.image),
      ...(contour ? { contour: path(contour) } : {}),
      ...(within ? { within: path(within) } : {}),
    }
  }
  const { groups, ...rest } = figure
  return {
    ...rest,
    image: path(figure.image),
    groups: (groups ?? []).map(group => ({ ...group, image: path(group.image) })),
  }
}
