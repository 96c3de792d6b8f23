import * as peer from 'nifti-reader-js'
import { describe, expect, it } from 'vitest'
import { readHeader, readVolume } from '../../src/nifti/index.ts'
import { type FileSpec, gzipMembers, niftiFile, stored, temporaryFolder } from './file.ts'

/**
 * nifti-reader-js 0.8.0 is the library a TypeScript program would take. Each test shows one of its defects as it is and
 * that we do better; when one of them fails at its first half, the library has been mended.
 */

const put = temporaryFolder()

const buffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

function ours(spec: FileSpec): readonly number[] {
  const read = readHeader(put('ours.nii', niftiFile(spec)))
  if (!read.ok) throw new Error(read.problems[0]?.message)
  return read.value.grid.affine
}

const rows = [3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 3, 0]
const straight = { bcd: [0, 0, 0], offset: [0, 0, 0] }

describe('where nifti-reader-js is wrong', () => {
  it('1: an sform is taken, even where the code of the qform is higher', () => {
    const spec = {
      dim: [2, 2, 2],
      pixdim: [1, 2, 2, 2, 0, 0, 0, 0],
      qform: { code: 2, ...straight },
      sform: { code: 1, rows },
    }
    expect(peer.readHeader(buffer(niftiFile(spec))).affine[0]?.[0]).toBe(2)
    expect(ours(spec)[0]).toBe(3)
  })

  it('2: a half turn whose quaternion is rounded above 1 has an affine', () => {
    const bcd = [0.6, 0.8, 0.0002]
    const spec = { dim: [2, 2, 2], qform: { code: 1, bcd, offset: [0, 0, 0] } }
    expect(peer.readHeader(buffer(niftiFile(spec))).affine[0]?.[0]).toBeNaN()
    expect(ours(spec)[0]).toBeCloseTo(0.36 - 0.64, 3)
    expect(ours(spec).every(Number.isFinite)).toBe(true)
  })

  it('3: NIfTI-2 with a qform only has an affine', () => {
    const spec: FileSpec = {
      version: 2,
      dim: [2, 2, 2],
      pixdim: [1, 2, 3, 4, 0, 0, 0, 0],
      qform: { code: 1, ...straight },
    }
    expect(peer.readHeader(buffer(niftiFile(spec))).affine[0]).toEqual([0, 0, 0, 0])
    expect(ours(spec)).toEqual([2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0])
  })

  it('4: slope and intercept come with the voxels, and a slope of NaN is none', async () => {
    const file = niftiFile({ dim: [1, 1, 1], slope: Number.NaN, intercept: 5, values: stored(4, true, [7]) })
    expect(peer.readHeader(buffer(file)).scl_slope).toBeNaN()
    expect(await readVolume(put('nan.nii', file))).toMatchObject({ ok: true, value: { slope: 1, intercept: 0 } })
    const scaled = niftiFile({ dim: [1, 1, 1], slope: 0.5, intercept: -1, values: stored(4, true, [7]) })
    expect(await readVolume(put('scaled.nii', scaled))).toMatchObject({
      ok: true,
      value: { slope: 0.5, intercept: -1 },
    })
  })

  it('5: a file that is cut off is refused, the sixth dimension counts, big-endian voxels are turned', async () => {
    const short = niftiFile({ dim: [4, 4, 4, 4], values: new Uint8Array(148) })
    expect(peer.readImage(peer.readHeader(buffer(short)), buffer(short)).byteLength).toBe(148)
    expect((await readVolume(put('short.nii', short))).problems[0]?.code).toBe('NIFTI_SIZE')
    const six = niftiFile({
      dim: [1, 1, 1, 2, 1, 3],
      littleEndian: false,
      values: stored(4, false, [1, 2, 3, 4, 5, 6]),
    })
    expect([...new Int16Array(peer.readImage(peer.readHeader(buffer(six)), buffer(six)))]).toEqual([256, 512])
    const read = await readVolume(put('six.nii', six))
    expect(read.ok && [read.value.frames, ...read.value.data]).toEqual([6, 1, 2, 3, 4, 5, 6])
  })

  it('6: every member of a gzip file is read', async () => {
    const file = niftiFile({ dim: [8, 8, 4], values: new Uint8Array(512).fill(1) })
    const packed = gzipMembers(file, [464])
    expect(peer.decompress(buffer(packed)).byteLength).toBeLessThan(file.length)
    const read = await readVolume(put('members.nii.gz', packed))
    expect(read.ok && read.value.data.every(value => value === 257)).toBe(true)
  })

  it('7: the header of a compressed file with a long description is read, and at once', async () => {
    const file = niftiFile({ dim: [8, 8, 4], values: new Uint8Array(512) })
    // It takes bytes 168 to 175, in NIfTI-1 the middle of the description, for vox_offset, and waits for as many.
    file.set(Buffer.from('a description of more than twenty letters'), 148)
    const packed = gzipMembers(file, [])
    const late = new Promise(resolve => setTimeout(() => resolve('never settles'), 1000))
    const settled = peer.readHeaderAsync(buffer(packed)).then(() => 'settles')
    expect(await Promise.race([settled, late])).toBe('never settles')
    expect(readHeader(put('described.nii.gz', packed))).toMatchObject({
      ok: true,
      value: { grid: { shape: [8, 8, 4] } },
    })
  })

  it('agrees with us where it is right', async () => {
    for (const littleEndian of [true, false])
      for (const version of [1, 2] as const) {
        const spec: FileSpec = {
          version,
          littleEndian,
          dim: [3, 2, 2, 2],
          datatype: 16,
          sform: { code: 2, rows: rows.map((x, i) => x + i) },
        }
        const file = niftiFile({
          ...spec,
          values: stored(
            16,
            littleEndian,
            Array.from({ length: 24 }, (_, v) => v / 3),
          ),
        })
        const theirs = peer.readHeader(buffer(file))
        const read = await readVolume(put('agree.nii', file))
        expect(read.ok && theirs.affine.slice(0, 3).flat()).toEqual(read.ok && read.value.grid.affine)
        expect([theirs.dims[1], theirs.dims[4], theirs.datatypeCode, theirs.littleEndian]).toEqual([
          3,
          2,
          16,
          littleEndian,
        ])
      }
  })
})
