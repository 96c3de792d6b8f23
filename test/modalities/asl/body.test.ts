import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { frameValues, type Grid } from '../../../src/image/volume.ts'
import { blankHeader, encodeImage, readVolume } from '../../../src/nifti/index.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { listFiles, newFolder, perfquant, readJson, readTsv } from '../../run/harness.ts'

/** The built command on a coronal slab of two kidneys: nothing in the chain may take it for a head. */

const GRID: Grid = { shape: [64, 48, 6], affine: [3, 0, 0, -96, 0, 0, 8, -24, 0, 3, 0, -72] }
const N = 64 * 48 * 6
const DELAYS = 1.2
const DURATION = 1.6
const T1B = 1.65
const LAMBDA = 0.95

/** Cortex and medulla of the kidneys, the rest of the body, air. */
function tissueAt(v: number): 'cortex' | 'medulla' | 'body' | 'air' {
  const [i, j] = [v % 64, Math.floor(v / 64) % 48]
  for (const centre of [18, 45]) {
    const r = Math.hypot((i - centre) / 7, (j - 26) / 12)
    if (r < 0.6) return 'medulla'
    if (r < 1) return 'cortex'
  }
  return Math.hypot((i - 31.5) / 30, (j - 23.5) / 22) < 1 ? 'body' : 'air'
}

const FLOW = { cortex: 280, medulla: 90, body: 20, air: 0 } as const
const M0 = { cortex: 900, medulla: 1000, body: 600, air: 0 } as const

/** Control minus label [a.u.]. */
function difference(v: number): number {
  const tissue = tissueAt(v)
  const labelled = 2 * 0.85 * T1B * (1 - Math.exp(-DURATION / T1B)) * Math.exp(-DELAYS / T1B)
  return ((FLOW[tissue] / 6000) * labelled * M0[tissue]) / LAMBDA
}

it('kidneys are quantified with what was declared for them, and nothing takes them for a brain', {
  timeout: 120_000,
}, async () => {
  const root = newFolder('body')
  const [data, out] = [join(root, 'data'), join(root, 'out')]
  const put = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(data, path)), { recursive: true })
    writeFileSync(join(data, path), content)
  }
  const types = ['m0scan', ...Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? 'control' : 'label'))]
  const random = createRandom('kidneys')
  const values = new Float32Array(N * types.length)
  for (const [frame, type] of types.entries())
    for (let v = 0; v < N; v++) {
      const noise = tissueAt(v) === 'air' ? 2 * Math.abs(random.normal()) : 0
      values[frame * N + v] = M0[tissueAt(v)] - (type === 'label' ? difference(v) : 0) + noise
    }
  const image = (frames: number, content: Float32Array) =>
    encodeImage({ header: blankHeader(GRID), shape: GRID.shape, frames, data: content, description: 'kidneys' })
  put('dataset_description.json', JSON.stringify({ Name: 'kidneys', BIDSVersion: '1.10.1', DatasetType: 'raw' }))
  put('README', 'Two kidneys that a test has made.\n'.repeat(5))
  put('sub-01/perf/sub-01_asl.nii.gz', image(types.length, values))
  put('sub-01/perf/sub-01_aslcontext.tsv', `volume_type\n${types.join('\n')}\n`)
  put(
    'sub-01/perf/sub-01_asl.json',
    JSON.stringify({
      MagneticFieldStrength: 3,
      MRAcquisitionType: '3D',
      EchoTime: 0.012,
      RepetitionTimePreparation: 20,
      ArterialSpinLabelingType: 'PCASL',
      LabelingDuration: DURATION,
      PostLabelingDelay: DELAYS,
      BackgroundSuppression: false,
      M0Type: 'Included',
      TotalAcquiredPairs: 4,
    }),
  )
  // A T1w is there, and must not be looked at for tissues.
  put('sub-01/anat/sub-01_T1w.nii.gz', image(1, values.slice(0, N)))
  put('sub-01/anat/sub-01_T1w.json', '{}')
  const asked = ['--asl-organ', 'body', '--asl-lambda', String(LAMBDA), '--asl-m0-fwhm', '0']
  const ran = perfquant(data, out, 'participant', 'group', ...asked)
  expect(ran.code, ran.err).toBe(0)
  expect(existsSync(join(out, 'sub-01/anat'))).toBe(false)
  const read = async (name: string) => {
    const volume = await readVolume(join(out, `sub-01/perf/sub-01_${name}.nii.gz`))
    if (!volume.ok) throw new Error(volume.problems[0]?.message)
    return Float32Array.from(frameValues(volume.value, 0))
  }
  const [cbf, mask] = [await read('cbf'), await read('mod-asl_desc-brain_mask')]
  for (let v = 0; v < N; v++) {
    const tissue = tissueAt(v)
    expect(mask[v], `mask of ${tissue} at ${v}`).toBe(tissue === 'air' ? 0 : 1)
    if (tissue !== 'air') expect(Math.abs(cbf[v]! / FLOW[tissue] - 1), `${tissue} at ${v}`).toBeLessThan(1e-3)
  }
  const rows = readTsv(out, 'sub-01/perf/sub-01_desc-regions_asl.tsv')
  expect(new Set(rows.map(row => `${row['atlas']} ${row['region']}`))).toEqual(new Set(['mask body']))
  const quality = readJson<Record<string, unknown>>(out, 'sub-01/perf/sub-01_desc-qc_asl.json')
  for (const ofBrain of ['spatial_cov', 'qei', 'coreg_dice', 'asymmetry_left_right', 'fd_mean'])
    expect(quality, ofBrain).not.toHaveProperty(ofBrain)
  const record = readJson<{ problems: { code: string }[]; parameters: { name: string; value: unknown }[] }>(
    out,
    'sub-01/perf/sub-01_desc-provenance_asl.json',
  )
  expect(record.problems.map(({ code }) => code)).toContain('MOTION_NOT_CORRECTED')
  expect(record.parameters.find(({ value }) => value === LAMBDA)).toBeDefined()
  expect(listFiles(out).some(path => path.endsWith('probseg.nii.gz'))).toBe(false)
})
