import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Grid } from '../../src/image/volume.ts'
import { blankHeader, encodeImage } from '../../src/nifti/index.ts'

/** One ASL run of a test dataset. What is not said is as it should be: PCASL, 3D, three pairs, a separate M0. */
export interface AslRun {
  readonly sub: string
  readonly ses?: string
  /** Further entities of the series and its M0: `acq-ms`, `run-1`. */
  readonly also?: string
  /** Fields of the sidecar that differ; null removes one. */
  readonly sidecar?: Readonly<Record<string, unknown>>
  /** What the volumes of the series are. */
  readonly volumes?: readonly string[]
  /** What the table says that they are, where that differs; null leaves the table out. */
  readonly context?: readonly string[] | null
  /** Where M0 comes from. */
  readonly m0?: 'Separate' | 'Included' | 'Absent'
  /** Fields of the sidecar of a separate M0 that differ; null removes one. */
  readonly m0Sidecar?: Readonly<Record<string, unknown>>
  /** What becomes of the bytes of the series; a text is where a link in its place points to. */
  readonly bytes?: (image: Uint8Array) => Uint8Array | string
  /** Divides the voxels in each direction; 1 makes a file of some kB. */
  readonly size?: number
}

/** What stands in a dataset beside its runs: path to content. */
export type Files = Readonly<Record<string, string | Uint8Array>>

const PAIRS = ['control', 'label', 'control', 'label', 'control', 'label'] as const

const SIDECAR = {
  Manufacturer: 'Siemens',
  MagneticFieldStrength: 3,
  PulseSequenceType: '3D_GRASE',
  MRAcquisitionType: '3D',
  EchoTime: 0.014,
  RepetitionTimePreparation: 4.5,
  ArterialSpinLabelingType: 'PCASL',
  LabelingDuration: 1.8,
  PostLabelingDelay: 1.8,
  BackgroundSuppression: false,
  VascularCrushing: false,
  TotalAcquiredPairs: 3,
}

/** Name of the series without suffix, and its folder. */
export function stemOf({ sub, ses, also }: Pick<AslRun, 'sub' | 'ses' | 'also'>): {
  readonly folder: string
  readonly name: string
} {
  const session = ses === undefined ? '' : `ses-${ses}`
  const name = [`sub-${sub}`, session, also ?? ''].filter(Boolean).join('_')
  return { folder: [`sub-${sub}`, session, 'perf'].filter(Boolean).join('/'), name }
}

/**
 * Write a BIDS dataset of ASL runs.
 *
 * @param root - its folder
 * @param runs - the runs; the table of participants lists theirs
 * @param files - what else stands in it, or in place of what stands there
 */
export function writeDataset(root: string, runs: readonly AslRun[], files: Files = {}): string {
  const participants = [...new Set(runs.map(({ sub }) => sub))]
  const all: Files = {
    'dataset_description.json': toJson({
      Name: 'ASL of a test',
      BIDSVersion: '1.10.1',
      DatasetType: 'raw',
      License: 'CC0',
      Authors: ['A'],
    }),
    README: 'A dataset that a test has made; it holds no measurement of anybody.\n'.repeat(5),
    'participants.tsv': `participant_id\tage\n${participants.map((sub, at) => `sub-${sub}\t${30 + at}\n`).join('')}`,
    ...files,
  }
  for (const [path, content] of Object.entries(all)) put(join(root, path), content)
  for (const run of runs) writeRun(root, run)
  return root
}

function writeRun(root: string, run: AslRun): void {
  const { folder, name } = stemOf(run)
  const base = join(root, folder, name)
  const m0 = run.m0 ?? 'Separate'
  const volumes = run.volumes ?? [...(m0 === 'Included' ? ['m0scan'] : []), ...PAIRS]
  const context = run.context === undefined ? volumes : run.context
  const image = seriesOf(run, volumes)
  const bytes = run.bytes ? run.bytes(image) : image
  if (typeof bytes === 'string') {
    mkdirSync(dirname(base), { recursive: true })
    symlinkSync(bytes, `${base}_asl.nii.gz`)
  } else put(`${base}_asl.nii.gz`, bytes)
  put(`${base}_asl.json`, toJson(without({ ...SIDECAR, M0Type: m0, ...run.sidecar })))
  if (context) put(`${base}_aslcontext.tsv`, `volume_type\n${context.join('\n')}\n`)
  if (m0 !== 'Separate') return
  const session = run.ses === undefined ? '' : `ses-${run.ses}/`
  put(`${base}_m0scan.nii.gz`, seriesOf(run, ['m0scan']))
  put(
    `${base}_m0scan.json`,
    toJson(without({ ...M0_SIDECAR, IntendedFor: `${session}perf/${name}_asl.nii.gz`, ...run.m0Sidecar })),
  )
}

const M0_SIDECAR = {
  Manufacturer: 'Siemens',
  MagneticFieldStrength: 3,
  PulseSequenceType: '3D_GRASE',
  MRAcquisitionType: '3D',
  EchoTime: 0.014,
  RepetitionTimePreparation: 10,
}

function without(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

/** JSON text of a sidecar. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** The grid of all images: 12 × 12 × 8 cm in voxels of 1 cm, or of a part of that. */
export function gridOf(size = 1): Grid {
  const mm = 10 / size
  const at = (voxels: number) => (-mm * (voxels * size - 1)) / 2
  return { shape: [12 * size, 12 * size, 8 * size], affine: [mm, 0, 0, at(12), 0, mm, 0, at(12), 0, 0, mm, at(8)] }
}

/** Where a voxel is: 0 at the centre of the ellipsoid, 1 on its surface. */
function radius(voxel: number, [i, j, k]: Grid['shape']): number {
  const x = ((voxel % i) - (i - 1) / 2) / (0.4 * i)
  const y = ((Math.floor(voxel / i) % j) - (j - 1) / 2) / (0.4 * j)
  const z = (Math.floor(voxel / (i * j)) - (k - 1) / 2) / (0.4 * k)
  return Math.hypot(x, y, z)
}

/** Fraction of a tissue in a voxel: white matter inside, grey matter around it. */
export function fractionOf(tissue: 'GM' | 'WM' | 'CSF', voxel: number, shape: Grid['shape']): number {
  const r = radius(voxel, shape)
  if (r > 1 || tissue === 'CSF') return 0
  return (tissue === 'WM') === r < 0.6 ? 1 : 0
}

/** An image of one volume with this value in each voxel. */
export function imageOf(value: (voxel: number, shape: Grid['shape']) => number, size = 1): Uint8Array {
  const grid = gridOf(size)
  const n = grid.shape[0] * grid.shape[1] * grid.shape[2]
  const data = Float32Array.from({ length: n }, (_, voxel) => value(voxel, grid.shape))
  return encodeImage({ header: blankHeader(grid), shape: grid.shape, frames: 1, data, description: 'test' })
}

/** M0 of 10000 in tissue, of which 0.7 % (grey) and 0.3 % (white matter) are label, and noise that is the same in every run of the test. */
function seriesOf({ sub, size }: AslRun, types: readonly string[]): Uint8Array {
  const grid = gridOf(size)
  const [i, j, k] = grid.shape
  const n = i * j * k
  const data = new Int16Array(n * types.length)
  let state = (Number.parseInt(sub, 36) % 9973) + 1
  const noise = () => {
    state = (state * 48271) % 2147483647
    return Math.round((state / 2147483647 - 0.5) * 20)
  }
  types.forEach((type, frame) => {
    for (let voxel = 0; voxel < n; voxel++) {
      const r = radius(voxel, grid.shape)
      const label = type === 'label' ? (r < 0.6 ? 30 : 70) : 0
      const signal = type === 'deltam' ? 70 : 10000 - label
      data[frame * n + voxel] = (r > 1 ? 100 : signal) + noise()
    }
  })
  const spec = { header: blankHeader(grid), shape: grid.shape, frames: types.length, data, description: 'test' }
  return encodeImage(types.length > 1 ? { ...spec, frameSpacing: 4.5 } : spec)
}
