import { parseName } from '../../../src/bids/name.ts'
import type { Grid, Volume } from '../../../src/image/volume.ts'
import { voxelCount } from '../../../src/image/volume.ts'
import { ivim } from '../../../src/modalities/ivim/index.ts'
import type { MapOutput, Prepared, Result, Run, Source } from '../../../src/modalities/modality.ts'
import { blankHeader } from '../../../src/nifti/index.ts'
import { defaultOptions, type Options } from '../../../src/options.ts'

/** A small grid of 3×3×5 mm voxels. */
export const GRID: Grid = { shape: [4, 3, 2], affine: [3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 5, 0] }

/** Three orthogonal directions at every weighted volume. */
export function threeDirections(b: readonly number[]): { b: number[]; vectors: number[][] } {
  const volumes = b.flatMap(value => (value === 0 ? [{ value, axis: -1 }] : [0, 1, 2].map(axis => ({ value, axis }))))
  return {
    b: volumes.map(({ value }) => value),
    vectors: volumes.map(({ axis }) => [0, 1, 2].map(row => (row === axis ? 1 : 0))),
  }
}

/** Text of a `.bvec` file. */
export function bvecText(vectors: readonly (readonly number[])[]): string {
  return [0, 1, 2].map(row => vectors.map(vector => vector[row]).join(' ')).join('\n')
}

/** What a series is made from in a test. */
export interface SeriesSpec {
  readonly path?: string
  readonly b: readonly number[]
  /** Averaged by the scanner by default. */
  readonly vectors?: readonly (readonly number[])[]
  readonly sidecar?: Readonly<Record<string, unknown>>
  readonly frames?: number
}

/** An image as the plan describes it. */
export function sourceOf({
  path = 'sub-01/dwi/sub-01_dwi.nii.gz',
  b,
  vectors,
  sidecar = {},
  frames = b.length,
}: SeriesSpec): Source {
  const name = parseName(path)
  if (!name) throw new Error(`${path} is no BIDS name`)
  const text = (extension: string, content: string) => ({ path: path.replace('.nii.gz', extension), text: content })
  return {
    uri: `bids:raw:${path}`,
    file: `/nowhere/${path}`,
    name,
    sidecar: { values: sidecar, from: {}, files: [] },
    header: {
      version: 1,
      littleEndian: true,
      grid: GRID,
      frames,
      datatype: 16,
      bytesPerVoxel: 4,
      slope: 1,
      intercept: 0,
      dataOffset: 352,
      frameSpacing: null,
      oriented: true,
    },
    tables: {},
    texts: { '.bval': text('.bval', b.join(' ')), '.bvec': text('.bvec', bvecText(vectors ?? b.map(() => [0, 0, 0]))) },
  }
}

/** A run from its series. */
export function runOf(
  series: readonly SeriesSpec[],
  options: Partial<Options> = {},
  context: Readonly<Record<string, unknown>> = { scheme: 'ivim' },
): Run {
  const sources = series.map(sourceOf)
  return {
    kind: 'ivim',
    entities: sources[0]!.name.entities,
    series: sources,
    roles: {},
    context,
    participant: {},
    options: { ...defaultOptions(), 'motion-correction': 'off', ...options },
    seed: 1,
  }
}

/** A series of which every voxel is a function of b, the axis of the volume and the voxel. */
export function volumeOf(
  b: readonly number[],
  vectors: readonly (readonly number[])[] | null,
  signal: (b: number, axis: number, voxel: number) => number,
): Volume {
  const n = voxelCount(GRID)
  const data = new Float64Array(n * b.length)
  for (const [at, value] of b.entries())
    for (let v = 0; v < n; v++) data[at * n + v] = signal(value, vectors?.[at]?.indexOf(1) ?? -1, v)
  return { grid: GRID, frames: b.length, data, slope: 1, intercept: 0, header: blankHeader(GRID) }
}

/** Bind, prepare and fit, as the spine does it, in the whole grid. */
export function compute(run: Run, series: readonly Volume[]): { prepared: Prepared; result: Result; codes: string[] } {
  const bound = ivim.bind(run)
  if (!bound.ok) throw new Error(bound.problems.map(({ message }) => message).join('\n'))
  const ready = bound.value.prepare(series, {})
  if (!ready.ok) throw new Error(ready.problems.map(({ message }) => message).join('\n'))
  const prepared = { ...ready.value, mask: new Uint8Array(voxelCount(GRID)).fill(1) }
  const result = bound.value.fit(prepared, {})
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'))
  expectPromised(bound.value.outputs, result.value)
  return {
    prepared,
    result: result.value,
    codes: [...bound.problems, ...result.value.problems].map(({ code }) => code),
  }
}

function expectPromised(outputs: readonly object[], { maps }: Result): void {
  if (JSON.stringify(outputs) !== JSON.stringify(maps.map(({ name }) => name)))
    throw new Error('other maps than were promised')
}

/** One output. */
export function mapOf({ maps }: Result, param: string, desc?: string): MapOutput {
  const map = maps.find(({ name }) => name.param === param && name.desc === desc)
  if (!map) throw new Error(`no ${param} ${desc ?? ''} among ${maps.map(({ name }) => name.param).join(' ')}`)
  return map
}
