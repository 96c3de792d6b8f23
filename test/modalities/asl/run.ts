import { parseName } from '../../../src/bids/name.ts'
import type { Table } from '../../../src/bids/tsv.ts'
import type { Grid, Volume } from '../../../src/image/volume.ts'
import { voxelCount } from '../../../src/image/volume.ts'
import { asl } from '../../../src/modalities/asl/index.ts'
import type { Computation, Placed, Prepared, Result, Run, Source } from '../../../src/modalities/modality.ts'
import { blankHeader } from '../../../src/nifti/index.ts'
import { defaultOptions, type Options } from '../../../src/options.ts'
import type { Problem } from '../../../src/problems.ts'

/** A small grid of 4×4×5 mm voxels. */
export function gridOf(
  shape: readonly [number, number, number],
  size: readonly [number, number, number] = [4, 4, 5],
): Grid {
  return { shape, affine: [size[0], 0, 0, 0, 0, size[1], 0, 0, 0, 0, size[2], 0] }
}

/** A series on a grid from its frames, shape (nVoxel) each. */
export function volumeOf(grid: Grid, frames: readonly ArrayLike<number>[]): Volume {
  const n = voxelCount(grid)
  const data = new Float64Array(n * frames.length)
  frames.forEach((frame, at) => {
    data.set(Float64Array.from(frame), at * n)
  })
  return { grid, frames: frames.length, data, slope: 1, intercept: 0, header: blankHeader(grid) }
}

/** A table with one column. */
export function contextTable(types: readonly string[]): Table {
  return { columns: ['volume_type'], rows: types.map(type => [type]) }
}

/** What a run is made from in a test; all that is absent is that of a sound single-delay PCASL run with an included M0. */
export interface RunSpec {
  readonly path?: string
  readonly sidecar?: Readonly<Record<string, unknown>>
  readonly types?: readonly string[]
  readonly frames?: number
  readonly shape?: readonly [number, number, number]
  readonly participant?: Readonly<Record<string, string>>
  readonly context?: Readonly<Record<string, unknown>>
  readonly m0?: { readonly sidecar: Readonly<Record<string, unknown>>; readonly frames?: number }
  readonly options?: Partial<Options>
}

/** Metadata of a sound run: the recommended protocol. */
export const SOUND = {
  MagneticFieldStrength: 3,
  MRAcquisitionType: '3D',
  EchoTime: 0.014,
  ArterialSpinLabelingType: 'PCASL',
  LabelingDuration: 1.8,
  PostLabelingDelay: 1.8,
  BackgroundSuppression: false,
  RepetitionTimePreparation: 6,
  M0Type: 'Included',
  TotalAcquiredPairs: 2,
} as const

/** Metadata of a sound PASL run, to be merged over {@link SOUND}. */
export const PULSED = {
  ArterialSpinLabelingType: 'PASL',
  LabelingDuration: undefined,
  BolusCutOffFlag: true,
  BolusCutOffTechnique: 'QUIPSSII',
  BolusCutOffDelayTime: 0.8,
} as const

/** An image as the plan describes it. */
export function sourceOf(
  path: string,
  values: Readonly<Record<string, unknown>>,
  grid: Grid,
  frames: number,
  types?: readonly string[],
): Source {
  const name = parseName(path)
  if (!name) throw new Error(`${path} is no BIDS name`)
  const file = path.replace(/\.nii(\.gz)?$/, '.json')
  const known = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  return {
    uri: `bids:raw:${path}`,
    file: `/nowhere/${path}`,
    name,
    sidecar: { values: known, from: Object.fromEntries(Object.keys(known).map(field => [field, file])), files: [file] },
    header: {
      version: 1,
      littleEndian: true,
      grid,
      frames,
      datatype: 16,
      bytesPerVoxel: 4,
      slope: 1,
      intercept: 0,
      dataOffset: 352,
      frameSpacing: null,
      oriented: true,
    },
    tables: types ? { aslcontext: contextTable(types) } : {},
  }
}

/** A run from its parts. */
export function runOf(spec: RunSpec = {}): Run {
  const types = spec.types ?? ['m0scan', 'control', 'label', 'control', 'label']
  const grid = gridOf(spec.shape ?? [6, 6, 4])
  const path = spec.path ?? 'sub-01/perf/sub-01_asl.nii.gz'
  const series = sourceOf(path, { ...SOUND, ...spec.sidecar }, grid, spec.frames ?? types.length, types)
  const m0 = spec.m0 && sourceOf('sub-01/perf/sub-01_m0scan.nii.gz', spec.m0.sidecar, grid, spec.m0.frames ?? 1)
  return {
    kind: 'asl',
    entities: series.name.entities,
    series: [series],
    roles: m0 ? { m0: [m0] } : {},
    context: spec.context ?? {},
    participant: spec.participant ?? {},
    options: { ...defaultOptions(), ...spec.options },
    seed: 1,
  }
}

/** The computation of a run that must bind. */
export function bound(run: Run): { readonly computation: Computation; readonly problems: readonly Problem[] } {
  const result = asl.bind(run)
  if (!result.ok) throw new Error(result.problems.map(({ code, message }) => `${code} ${message}`).join('\n'))
  return { computation: result.value, problems: result.problems }
}

/** What a run gives. */
export interface Outcome {
  readonly prepared: Prepared
  readonly result: Result
  readonly problems: readonly Problem[]
}

/**
 * Bind, prepare and fit, as the spine does it.
 *
 * @param run - the run
 * @param series - its voxels
 * @param roles - images in roles, on the grid of the series
 * @param mask - in place of the automatic one
 */
export function compute(run: Run, series: Volume, roles: Placed = {}, mask?: Uint8Array): Outcome {
  const { computation, problems } = bound(run)
  const prepared = computation.prepare([series], roles)
  if (!prepared.ok) throw new Error(prepared.problems.map(({ message }) => message).join('\n'))
  const used = mask ? { ...prepared.value, mask } : prepared.value
  const result = computation.fit(used, roles)
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'))
  return {
    prepared: used,
    result: result.value,
    problems: [...problems, ...prepared.value.problems, ...result.value.problems],
  }
}

/** The values of one output by its desc (none for the main map). */
export function mapOf(result: Result, suffix: string, desc?: string): Float32Array | Float64Array | Uint8Array {
  const map = result.maps.find(({ name }) => name.suffix === suffix && name.desc === desc)
  if (!map) throw new Error(`no ${desc ?? ''} ${suffix}`)
  return map.values
}
