import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Grid } from '../../src/image/volume.ts'
import { rotationOf } from '../../src/nifti/affine.ts'
import { blankHeader, encodeImage, type ImageSpec, readHeader, readVolume } from '../../src/nifti/index.ts'
import { niftiFile, temporaryFolder } from './file.ts'

const put = temporaryFolder()

const grid: Grid = { shape: [2, 3, 4], affine: [-3, 0, 0, 90, 0, 3, 0, -126, 0, 0, 5, -72] }

function spec(change: Partial<ImageSpec> = {}): ImageSpec {
  const base = { header: blankHeader(grid), shape: grid.shape, frames: 1, description: 'perfquant test' }
  return { ...base, data: Float32Array.from({ length: 24 }, (_, v) => v / 7), ...change }
}

function decoded(change: Partial<ImageSpec> = {}): DataView {
  const bytes = gunzipSync(encodeImage(spec(change)))
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** A source header whose every byte of geometry is arbitrary; the codes are, too. */
const anySource = fc.uint8Array({ minLength: 348, maxLength: 348 }).map(noise => {
  const header = niftiFile({ dim: [2, 3, 4], units: 10 }).slice(0, 348)
  for (const [from, to] of [
    [39, 40],
    [76, 92],
    [252, 328],
  ] as const)
    header.set(noise.subarray(from, to), from)
  return header
})

describe('writing', () => {
  it('copies the geometry of its source bit for bit', () => {
    fc.assert(
      fc.property(anySource, fc.constantFrom(1, 5), (header, frames) => {
        const out = gunzipSync(
          encodeImage(spec({ header, frames, data: new Int16Array(24 * frames), frameSpacing: 2 })),
        )
        for (const [from, to] of [
          [39, 40],
          [76, 92],
          [252, 328],
        ] as const)
          expect([...out.subarray(from, to)]).toEqual([...header.subarray(from, to)])
      }),
    )
  })

  it('writes every field of a single image as the standard asks', () => {
    const view = decoded({ window: [0, 100], intent: 'estimate', frameSpacing: 4 })
    expect(view.getInt32(0, true)).toBe(348)
    expect(Array.from({ length: 8 }, (_, i) => view.getInt16(40 + 2 * i, true))).toEqual([3, 2, 3, 4, 1, 1, 1, 1])
    expect([view.getInt16(68, true), view.getInt16(70, true), view.getInt16(72, true)]).toEqual([1001, 16, 32])
    expect(Array.from({ length: 4 }, (_, i) => view.getFloat32(92 + 4 * i, true))).toEqual([0, 0, 0, 0])
    expect([108, 112, 116].map(at => view.getFloat32(at, true))).toEqual([352, 1, 0])
    expect([120, 132, 136].map(at => view.getInt32(at, true))).toEqual([2 << 24, 0, 0])
    expect([124, 128].map(at => view.getFloat32(at, true))).toEqual([100, 0])
    expect(Buffer.from(view.buffer, view.byteOffset + 148, 80).toString('latin1')).toBe(
      'perfquant test'.padEnd(80, '\0'),
    )
    expect(view.getUint32(344, false)).toBe(0x6e2b3100)
    expect(view.getUint32(348)).toBe(0)
    expect(view.byteLength).toBe(352 + 96)
  })

  it('writes a series with its spacing in seconds', () => {
    const view = decoded({ frames: 3, data: new Uint8Array(72), frameSpacing: 4.5, intent: 'label' })
    expect(Array.from({ length: 8 }, (_, i) => view.getInt16(40 + 2 * i, true))).toEqual([4, 2, 3, 4, 3, 1, 1, 1])
    expect(view.getFloat32(92, true)).toBe(4.5)
    expect([view.getUint8(123), view.getInt16(68, true), view.getInt16(70, true)]).toEqual([10, 1002, 2])
  })

  it('keeps the spatial unit of its source, and writes mm where that states none', () => {
    const units = (source: number) =>
      decoded({ header: niftiFile({ dim: [2, 3, 4], units: source }).slice(0, 348) }).getUint8(123)
    expect([10, 2, 3 | 16, 1, 0, 8].map(units)).toEqual([2, 2, 3, 1, 2, 2])
  })

  it('keeps codes of 0: an image without orientation stays without', () => {
    const header = niftiFile({ dim: [2, 3, 4], pixdim: [1, 3, 3, 5, 0, 0, 0, 0] }).slice(0, 348)
    expect(readHeader(put('none.nii.gz', encodeImage(spec({ header }))))).toMatchObject({
      ok: true,
      value: { oriented: false },
    })
  })

  it('writes NIfTI-2 only where a dimension asks for it, and NIfTI-1 from a NIfTI-2 source', async () => {
    const rows = [-3, 0.25, 0, 90, 0.25, 3, 0, -126, 0, 0, 5, -72]
    const header = niftiFile({
      version: 2,
      dim: [2, 3, 4],
      sform: { code: 4, rows },
      pixdim: [-1, 3, 3, 5, 1, 0, 0, 0],
    }).slice(0, 540)
    const small = readHeader(put('small.nii.gz', encodeImage(spec({ header }))))
    expect(small).toMatchObject({ ok: true, value: { version: 1, grid: { affine: rows } } })
    const long: ImageSpec = {
      header,
      shape: [1, 1, 40000],
      frames: 1,
      data: new Uint8Array(40000).fill(3),
      description: '',
    }
    const path = put('long.nii.gz', encodeImage(long))
    const read = await readVolume(path)
    expect(read).toMatchObject({ ok: true, value: { grid: { shape: [1, 1, 40000], affine: rows } } })
    expect(read.ok && [read.value.header.length, read.value.data]).toEqual([540, long.data])
    const fromFirst = readHeader(put('v2.nii.gz', encodeImage({ ...long, header: blankHeader(grid) })))
    expect(fromFirst).toMatchObject({ ok: true, value: { version: 2, oriented: true, grid: { affine: grid.affine } } })
  })

  it('gives the same bytes for the same values, whatever bits their NaN has, and no time', () => {
    const one = new Float32Array(24).fill(Number.NaN)
    const other = new Float32Array(new Uint32Array(24).fill(0xffc12345).buffer)
    expect(Buffer.compare(encodeImage(spec({ data: one })), encodeImage(spec({ data: other })))).toBe(0)
    expect([...encodeImage(spec()).subarray(0, 8)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
    expect(new Uint32Array(other.buffer)[0]).toBe(0xffc12345)
  })

  it('writes a part of a larger array', async () => {
    const data = Float32Array.from({ length: 50 }, (_, v) => v).subarray(13, 37)
    const read = await readVolume(put('part.nii.gz', encodeImage(spec({ data }))))
    expect(read.ok && read.value.data).toEqual(Float32Array.from(data))
  })

  it('throws where the caller is wrong', () => {
    expect(() => encodeImage(spec({ frames: 2 }))).toThrow(/24 values for 2 × 3 × 4 voxels × 2 volumes/)
    expect(() => encodeImage(spec({ description: 'x'.repeat(80) }))).toThrow(/79 ASCII/)
    expect(() => encodeImage(spec({ description: 'µ' }))).toThrow(/79 ASCII/)
    expect(() => encodeImage(spec({ header: new Uint8Array(100) }))).toThrow(/not a little-endian NIfTI header/)
  })

  it('comes back as it was, any type and number of volumes', async () => {
    const arrays = [Float32Array, Uint8Array, Int16Array, Int32Array]
    await fc.assert(
      fc.asyncProperty(
        fc.nat(3),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer(), { minLength: 96, maxLength: 96 }),
        async (type, frames, noise) => {
          const data = new arrays[type]!(noise.slice(0, 24 * frames))
          const read = await readVolume(put('again.nii.gz', encodeImage(spec({ data, frames, frameSpacing: 2.5 }))))
          expect(read.ok && read.value.data).toEqual(data)
          expect(read).toMatchObject({ ok: true, value: { grid, frames, slope: 1, intercept: 0 }, problems: [] })
          const header = readHeader(put('again.nii.gz', encodeImage(spec({ data, frames, frameSpacing: 2.5 }))))
          expect(header).toMatchObject({ ok: true, value: { frameSpacing: frames > 1 ? 2.5 : null } })
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('a header made from a grid', () => {
  const turned = fc
    .record({
      q: fc
        .tuple(...[0, 1, 2, 3].map(() => fc.double({ min: -1, max: 1, noNaN: true })))
        .filter(q => Math.hypot(...q) > 0.1),
      size: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.5, max: 8, noNaN: true }))),
      offset: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: -200, max: 200, noNaN: true }))),
      handed: fc.constantFrom(1, -1),
    })
    .map(({ q, size, offset, handed }): Grid => {
      const unit = q.map(x => x / Math.hypot(...q))
      const r = rotationOf(unit[1]!, unit[2]!, unit[3]!)
      const affine = [0, 1, 2].flatMap(row => [
        r[3 * row]! * size[0]!,
        r[3 * row + 1]! * size[1]!,
        r[3 * row + 2]! * size[2]! * handed,
        offset[row]!,
      ])
      return { shape: [3, 4, 5], affine }
    })

  const affineOf = (header: Uint8Array) => {
    const read = readHeader(put('blank.nii', Buffer.concat([header, Buffer.alloc(100)])))
    if (!read.ok) throw new Error(read.problems[0]?.message)
    return read.value.grid.affine
  }

  it('places the voxels there by its sform, and by its qform alone', () => {
    fc.assert(
      fc.property(turned, wanted => {
        const header = blankHeader(wanted)
        const view = new DataView(header.buffer)
        view.setFloat32(108, 352, true)
        view.setInt16(70, 16, true)
        affineOf(header).forEach((x, i) => {
          expect(x).toBe(Math.fround(wanted.affine[i]!))
        })
        view.setInt16(254, 0, true)
        affineOf(header).forEach((x, i) => {
          // A quaternion in float32 near a half turn knows its angle to 5e-4.
          expect(Math.abs(x - wanted.affine[i]!)).toBeLessThan(8 * 1.2e-3)
        })
      }),
      { numRuns: 500 },
    )
  })

  it('has no qform where the axes are not orthogonal', () => {
    const view = new DataView(blankHeader({ shape: [2, 2, 2], affine: [2, 1, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0] }).buffer)
    expect([view.getInt16(252, true), view.getInt16(254, true)]).toEqual([0, 1])
  })
})
