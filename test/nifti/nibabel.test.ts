import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { frameValues } from '../../src/image/volume.ts'
import { blankHeader, encodeImage, readHeader, readVolume } from '../../src/nifti/index.ts'
import { niftiFile, stored, TYPES } from './file.ts'

/** The reference reader, Debian's: an empty environment keeps other Pythons' packages out. */
function python(script: string, ...args: string[]) {
  return spawnSync('/usr/bin/python3', ['-c', script, ...args], { env: {}, encoding: 'utf8', maxBuffer: 1 << 28 })
}

const missing = python('import nibabel').status !== 0
if (missing && process.env['REQUIRE_ALL'] !== '1')
  console.warn('SKIPPED: NIfTI against nibabel; apt-get install python3-nibabel')

interface Seen {
  readonly affine: number[]
  readonly data: number[]
  readonly shape: number[]
  readonly zooms: number[]
  readonly units: string[]
}

const READ = `
import sys, os, json, warnings
import numpy as np, nibabel as nib
warnings.simplefilter('ignore')
out = {}
for name in sorted(os.listdir(sys.argv[1])):
    image = nib.load(os.path.join(sys.argv[1], name))
    h = image.header
    out[name] = dict(affine=image.affine[:3].ravel().tolist(), shape=[int(n) for n in image.shape],
        data=np.asarray(image.get_fdata(dtype=np.float64)).ravel(order='F').tolist(),
        zooms=[float(z) for z in h.get_zooms()], units=list(h.get_xyzt_units()))
print(json.dumps(out))
`

const WRITE = `
import sys, os
import numpy as np, nibabel as nib
rng = np.random.default_rng(7)
for kind, Image in (('1', nib.Nifti1Image), ('2', nib.Nifti2Image)):
    for dtype in ('u1', 'i1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f4', 'f8'):
        for order in '<>':
            for scaled in (False, True):
                header = (nib.Nifti1Header if kind == '1' else nib.Nifti2Header)(endianness=order)
                header.set_data_dtype(np.dtype(dtype).newbyteorder(order))
                data = rng.integers(0, 120, (3, 4, 2, 2)).astype(dtype)
                affine = np.eye(4)
                q, r = np.linalg.qr(rng.normal(size=(3, 3)))
                affine[:3, :3] = q * rng.uniform(1, 5, 3)
                affine[:3, 3] = rng.uniform(-99, 99, 3)
                image = Image(data, affine, header)
                image.header.set_xyzt_units('mm', 'msec')
                image.header['pixdim'][4] = 2500
                image.set_sform(affine, code=0 if scaled else 1)
                image.set_qform(affine, code=1, strip_shears=False)
                if scaled and dtype[0] != 'f':
                    image.header.set_slope_inter(0.25, -3)
                nib.save(image, os.path.join(sys.argv[1], f'{kind}{dtype}{"l" if order == "<" else "b"}{int(scaled)}.nii.gz'))
`

describe.skipIf(missing && process.env['REQUIRE_ALL'] !== '1')('nibabel agrees', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nibabel-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function theirs(): Record<string, Seen> {
    const run = python(READ, folder)
    expect(run.stderr).toBe('')
    return JSON.parse(run.stdout.replace(/\bNaN\b/g, 'null'))
  }

  async function compare(): Promise<number> {
    const seen = theirs()
    for (const [name, { affine, data, shape, zooms, units }] of Object.entries(seen)) {
      const path = join(folder, name)
      const [read, header] = [await readVolume(path), readHeader(path)]
      if (!read.ok || !header.ok) throw new Error(read.problems[0]?.message)
      const { value } = read
      expect([...value.grid.shape, value.frames], name).toEqual([...shape, 1, 1].slice(0, 3).concat(shape[3] ?? 1))
      value.grid.affine.forEach((x, i) => {
        expect(Math.abs(x - affine[i]!), `${name} affine[${i}]`).toBeLessThan(2e-5)
      })
      const n = value.data.length / value.frames
      for (let frame = 0; frame < value.frames; frame++)
        frameValues(value, frame, new Float64Array(n)).forEach((x, v) => {
          expect(x, `${name} voxel ${v}`).toBe(data[frame * n + v])
        })
      const seconds = { sec: 1, msec: 1000, usec: 1e6 }[units[1] ?? '']
      if (seconds && zooms[3]) expect(header.value.frameSpacing).toBeCloseTo(zooms[3] / seconds, 6)
    }
    return Object.keys(seen).length
  }

  it('on what it wrote: types, byte orders, versions, scaling, sform and qform', async () => {
    const run = python(WRITE, folder)
    expect(run.stderr).toBe('')
    expect(await compare()).toBe(80)
    // Voxels and place of an image go through us and back to it unharmed.
    const before = theirs()
    for (const name of readdirSync(folder)) {
      const read = await readVolume(join(folder, name))
      if (!read.ok) throw new Error(read.problems[0]?.message)
      const { grid, frames, header } = read.value
      const data = new Float32Array(24 * frames)
      for (let f = 0; f < frames; f++) frameValues(read.value, f, data.subarray(24 * f, 24 * f + 24))
      writeFileSync(
        join(folder, name),
        encodeImage({ header, shape: grid.shape, frames, data, frameSpacing: 2.5, description: '' }),
      )
    }
    for (const [name, after] of Object.entries(theirs())) {
      expect(after.data).toEqual(before[name]!.data)
      after.affine.forEach((x, i) => {
        expect(Math.abs(x - before[name]!.affine[i]!)).toBeLessThan(2e-5)
      })
      expect([after.zooms[3], ...after.units]).toEqual([2.5, 'mm', 'sec'])
    }
  })

  it('on what we wrote, bit for bit', () => {
    const affine = [-3, 0, 0, 90, 0, 2.5, 0, -126, 0, 0, 5, -72]
    const data = Float32Array.from({ length: 48 }, (_, v) => Math.fround(Math.sin(v)))
    const header = blankHeader({ shape: [2, 3, 4], affine })
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    writeFileSync(
      join(folder, 'f.nii.gz'),
      encodeImage({ header, shape: [2, 3, 4], frames: 2, data, frameSpacing: 4, description: 'x', window: [0, 1] }),
    )
    writeFileSync(
      join(folder, 'm.nii.gz'),
      encodeImage({
        header,
        shape: [2, 3, 4],
        frames: 1,
        data: new Uint8Array(24).fill(1),
        description: 'x',
        intent: 'label',
      }),
    )
    const seen = theirs()
    expect(seen['f.nii.gz']).toEqual({
      affine,
      data: [...data],
      shape: [2, 3, 4, 2],
      zooms: [3, 2.5, 5, 4],
      units: ['mm', 'sec'],
    })
    expect(seen['m.nii.gz']).toMatchObject({ affine, shape: [2, 3, 4], units: ['mm', 'unknown'] })
  })

  it('on hand-made files: both codes, extensions, more than four dimensions, micrometres', async () => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    const rows = [3, 0, 0.5, -10, 0, 3, 0, -20, 0.1, 0, 3, -30]
    for (const littleEndian of [true, false])
      for (const version of [1, 2] as const)
        for (const datatype of Object.keys(TYPES).map(Number)) {
          const spec = { version, littleEndian, datatype, dim: [2, 2, 3, 5], pixdim: [-1, 1.5, 2, 3, 2, 0, 0, 0] }
          const values = stored(
            datatype,
            littleEndian,
            Array.from({ length: 60 }, (_, v) => v),
          )
          const qform = { code: 2, bcd: [0.1, -0.3, 0.2], offset: [1, 2, 3] }
          const put = (suffix: string, more: object) =>
            writeFileSync(
              join(folder, `${version}${littleEndian}${datatype}${suffix}.nii`),
              niftiFile({ ...spec, values, ...more }),
            )
          put('q', { qform, slope: 0.5, intercept: 2, extension: new Uint8Array(24) })
          put('s', { qform, sform: { code: 1, rows } })
        }
    expect(await compare()).toBe(80)
  })
})
