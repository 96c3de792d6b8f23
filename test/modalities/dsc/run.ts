import { parseName } from '../../../src/bids/name.ts'
import { type Grid, type Volume, voxelCount } from '../../../src/image/volume.ts'
import { dsc } from '../../../src/modalities/dsc/index.ts'
import { arterialCurve, tissueCurve, valueAt } from '../../../src/modalities/dsc/phantom-curves.ts'
import type { MapOutput, Placed, Prepared, Result, Run, Source } from '../../../src/modalities/modality.ts'
import { blankHeader } from '../../../src/nifti/index.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { defaultOptions, type Options } from '../../../src/options.ts'
import type { Checked } from '../../../src/problems.ts'

/** A block of 14 × 14 × 6 voxels of 6 × 6 × 10 mm, as large as a brain. */
export const GRID: Grid = { shape: [14, 14, 6], affine: [6, 0, 0, -39, 0, 6, 0, -39, 0, 0, 10, -25] }

/** Volume of a voxel [mL]. */
export const VOXEL = 0.36

/** A voxel of grey matter, whose neighbours are grey, too. */
export const GREY = 677

export const DT = 1.5
export const FRAMES = 80

/** What a voxel of the block is. */
export type Kind = 'artery' | 'gm' | 'wm' | 'late' | 'air'

/** Artery in a corner of the middle slices, white matter in one half, grey in the other, air around. */
export function kindOf(v: number): Kind {
  const [i, j, k] = [v % 14, Math.floor(v / 14) % 14, Math.floor(v / 196)]
  if (i === 0 || j === 0 || i === 13 || j === 13) return 'air'
  if (i < 4 && j < 4 && k > 0 && k < 5) return 'artery'
  return i < 7 ? 'gm' : j > 9 ? 'late' : 'wm'
}

/** How the block is acquired. */
export interface Acquired {
  readonly arrival?: number
  /** Largest ΔR2* of the artery and factor on that of tissue [1/s]; 0 for no bolus. */
  readonly artery?: number
  readonly tissue?: number
  readonly echoTime?: number
  readonly snr?: number
  readonly frames?: number
  /** Added to ΔR2* [1/s]. */
  readonly more?: (kind: Kind, v: number, time: number) => number
}

/** Responses of the tissues: area over that of the artery, transit and delay. */
const TISSUE = {
  gm: { volume: 4 / 70.5, transit: 4, delay: 0, dispersion: 0 },
  wm: { volume: 2 / 70.5, transit: 4.8, delay: 0, dispersion: 0 },
  late: { volume: 4 / 70.5, transit: 6, delay: 5, dispersion: 0 },
}

/** The signal of the block while a bolus passes. */
export function volumeOf(acquired: Acquired = {}): Volume {
  const { arrival = 45, artery = 30, tissue = 250, echoTime = 0.03, snr = 200, frames = FRAMES, more } = acquired
  const input = arterialCurve(arrival, frames * DT + 5)
  const curves = {
    gm: tissueCurve(input, TISSUE.gm),
    wm: tissueCurve(input, TISSUE.wm),
    late: tissueCurve(input, TISSUE.late),
  }
  const n = voxelCount(GRID)
  const data = new Float32Array(n * frames)
  const random = createRandom('dsc test')
  for (let frame = 0; frame < frames; frame++)
    for (let v = 0; v < n; v++) {
      const kind = kindOf(v)
      const time = frame * DT
      const rate =
        kind === 'air'
          ? 0
          : (kind === 'artery' ? artery * valueAt(input, time) : tissue * valueAt(curves[kind], time)) +
            (more?.(kind, v, time) ?? 0)
      const level = kind === 'air' ? 0 : 1000
      const real = level * Math.exp(-echoTime * rate) + (1000 / snr) * random.normal()
      const imaginary = (1000 / snr) * random.normal()
      data[frame * n + v] = Math.sqrt(real * real + imaginary * imaginary)
    }
  return { grid: GRID, frames, data, slope: 1, intercept: 0, header: blankHeader(GRID) }
}

/** Metadata with which a series can be quantified. */
export const SIDECAR = { EchoTime: 0.03, RepetitionTime: DT, MRAcquisitionType: '3D' }

/** An image, or a table with its suffix in lower case, as the plan describes it. */
export function sourceOf(
  path: string,
  sidecar: Readonly<Record<string, unknown>>,
  {
    frames = FRAMES,
    spacing = null,
    table,
  }: { frames?: number; spacing?: number | null; table?: { columns: string[]; rows: string[][] } } = {},
): Source {
  const name = parseName(path)
  if (!name) throw new Error(`${path} is no BIDS name`)
  const header = {
    version: 1,
    littleEndian: true,
    grid: GRID,
    frames,
    datatype: 16,
    bytesPerVoxel: 4,
    slope: 1,
    intercept: 0,
    dataOffset: 352,
    frameSpacing: spacing,
    oriented: true,
  } as const
  return {
    uri: `bids:raw:${path}`,
    file: `/nowhere/${path}`,
    name,
    sidecar: { values: sidecar, from: {}, files: [] },
    header: table ? null : header,
    tables: table ? { [name.suffix.toLowerCase()]: table } : {},
  }
}

export const DSC = 'sub-01/perf/sub-01_dsc.nii.gz'

/** A run. */
export function runOf(
  series: readonly Source[] = [sourceOf(DSC, SIDECAR)],
  options: Partial<Options> = {},
  roles: Run['roles'] = {},
): Run {
  return {
    kind: 'dsc',
    entities: { sub: '01' },
    series,
    roles,
    context: { foundBy: 'perf/*_dsc', preload: null },
    participant: {},
    options: { ...defaultOptions(), 'motion-correction': 'off', ...options },
    seed: 1,
  }
}

/** What a run ends with: codes of its problems, and its result where it has one. */
export interface Computed {
  readonly codes: readonly string[]
  readonly messages: readonly string[]
  readonly result: Result | null
  readonly prepared: Prepared | null
}

/** Bind, prepare and fit as the spine does it, in all voxels but the air. */
export function compute(run: Run, series: readonly Volume[], placed: Placed = {}): Computed {
  const bound = dsc.bind(run)
  if (!bound.ok) return ended([bound])
  const ready = bound.value.prepare(series, {})
  if (!ready.ok) return ended([bound, ready])
  const mask = Uint8Array.from({ length: voxelCount(GRID) }, (_, v) => (kindOf(v) === 'air' ? 0 : 1))
  const prepared = { ...ready.value, mask }
  const fit = bound.value.fit(prepared, placed)
  if (!fit.ok) return ended([bound, ready, fit])
  const { codes, messages } = ended([bound, ready, { ...fit, problems: fit.value.problems }])
  const promised = JSON.stringify([bound.value.outputs, bound.value.tables])
  const made = JSON.stringify([fit.value.maps.map(({ name }) => name), fit.value.tables?.map(({ name }) => name)])
  if (promised !== made && !fit.value.problems.some(({ severity }) => severity === 'partial'))
    throw new Error(`promised ${promised}, made ${made}`)
  return { codes, messages, result: fit.value, prepared }
}

function ended(steps: readonly Checked<unknown>[]): Computed {
  const problems = steps.flatMap(step => step.problems)
  return {
    codes: problems.map(({ code }) => code),
    messages: problems.map(({ message }) => message),
    result: null,
    prepared: null,
  }
}

/** One map by its name. */
export function mapOf(result: Result | null, model: string | undefined, param: string, desc?: string): MapOutput {
  const map = result?.maps.find(
    ({ name }) => name.model === model && name.param === param && name.desc === desc && name.suffix === 'dscmap',
  )
  if (!map) throw new Error(`no map ${model} ${param} ${desc}`)
  return map
}

/** Mean of a map over the voxels of a kind that have a value. */
export function meanOver(map: MapOutput, kind: Kind): number {
  const values = [...map.values].filter((value, v) => kindOf(v) === kind && Number.isFinite(value))
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
