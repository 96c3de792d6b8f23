import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { frameValues } from '../../../src/image/volume.ts'
import { blankHeader, encodeImage, readVolume } from '../../../src/nifti/index.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { median } from '../../../src/numerics/statistics.ts'
import { newFolder, perfquant, readJson, readTsv } from '../../run/harness.ts'

/** A small lesion in a large image, through the built command: a prior learned from the image must not wash it out. */

const B = [0, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 600, 800]
const shape = [25, 20, 40] as const
const N = shape[0] * shape[1] * shape[2]
const isLesion = (v: number) => v % 200 === 7
const contrastOf = (f: ArrayLike<number>) => {
  const of = (inside: boolean) =>
    median(Float64Array.from(Array.from(f).filter((value, v) => isLesion(v) === inside && Number.isFinite(value))))
  return of(true) - of(false)
}

function dataset(snr: number): { data: string; lesion: string; mask: string; truth: number } {
  const folder = newFolder('lesion')
  const data = join(folder, 'data')
  mkdirSync(join(data, 'sub-01/dwi'), { recursive: true })
  const random = createRandom(`lesion ${snr}`)
  const signals = new Float32Array(N * B.length)
  const truth = new Float64Array(N)
  for (let v = 0; v < N; v++) {
    const D = (0.8 + 0.3 * random.uniform()) * 1e-3
    const Dstar = (15 + 15 * random.uniform()) * 1e-3
    const f = isLesion(v) ? 0.25 : 0.06 + 0.06 * random.uniform()
    truth[v] = f
    for (const [row, b] of B.entries()) {
      const s = 1000 * ((1 - f) * Math.exp(-b * D) + f * Math.exp(-b * Dstar))
      const [re, im] = [s + (1000 / snr) * random.normal(), (1000 / snr) * random.normal()]
      signals[row * N + v] = Math.sqrt(re * re + im * im)
    }
  }
  const grid = { shape, affine: [2, 0, 0, -25, 0, 2, 0, -20, 0, 0, 2, -40] } as const
  const image = (frames: number, content: Float32Array | Uint8Array) =>
    encodeImage({ header: blankHeader(grid), shape, frames, data: content, description: 'test' })
  const stem = join(data, 'sub-01/dwi/sub-01_dwi')
  writeFileSync(`${stem}.nii.gz`, image(B.length, signals))
  writeFileSync(`${stem}.bval`, B.join(' '))
  writeFileSync(`${stem}.bvec`, Array.from({ length: 3 }, () => B.map(() => 0).join(' ')).join('\n'))
  writeFileSync(`${stem}.json`, JSON.stringify({ MagneticFieldStrength: 3, BodyPart: 'LIVER' }))
  writeFileSync(join(data, 'dataset_description.json'), JSON.stringify({ Name: 'lesion', BIDSVersion: '1.10.1' }))
  const lesion = join(folder, 'lesion.nii.gz')
  writeFileSync(
    lesion,
    image(
      1,
      Uint8Array.from({ length: N }, (_, v) => (isLesion(v) ? 1 : 0)),
    ),
  )
  const mask = join(folder, 'mask.nii.gz')
  writeFileSync(mask, image(1, new Uint8Array(N).fill(1)))
  return { data, lesion, mask, truth: contrastOf(truth) }
}

describe('100 lesion voxels among 20,000', () => {
  it.each([
    [30, 'with a prior of their own', true],
    [60, 'with a prior of their own', true],
    [30, 'without a mask', false],
    [60, 'without a mask', false],
  ] as const)('keep four fifths of their contrast of f at SNR %i, %s', async (snr, _, isNamed) => {
    const { data, lesion, mask, truth } = dataset(snr)
    const out = join(data, '../out')
    const named = isNamed ? ['--ivim-lesion', lesion] : []
    const ran = perfquant(data, out, 'participant', '--ivim-fit', 'bayes', '--mask', mask, ...named)
    expect(ran.code, ran.err).toBe(0)
    const stem = join(out, 'sub-01/dwi/sub-01')
    const f = await readVolume(`${stem}_model-ivim_param-f_dwimap.nii.gz`)
    expect(f.ok && contrastOf(frameValues(f.value, 0)) / truth).toBeGreaterThan(0.8)
    const sidecar = readJson(`${stem}_model-ivim_param-f_dwimap.json`)
    expect(sidecar).toMatchObject({ Prior: { source: 'image', pooled: isNamed ? N - 100 : N } })
    expect(sidecar).toHaveProperty('Prior.parameters.1', 'ln(f / (1 - f))')
    if (isNamed) expect(sidecar).toMatchObject({ LesionPrior: { source: 'organ', pooled: 0 } })
    else expect(sidecar).not.toHaveProperty('LesionPrior')
    expect(new Set(readTsv(`${stem}_desc-regions_dwi.tsv`).map(({ region }) => region))).toEqual(
      new Set(isNamed ? ['liver', 'lesion'] : ['liver']),
    )
  })
})
