import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHeader, readVolume } from '../../src/nifti/index.ts'
import { type FileSpec, gzipMembers, niftiFile, temporaryFolder } from './file.ts'

const put = temporaryFolder()

async function refusal(bytes: Uint8Array, options?: { memoryLimit: number }): Promise<string> {
  const read = await readVolume(put('f.nii.gz', bytes), 'f.nii.gz', options)
  if (read.ok) throw new Error('was read')
  expect(read.problems.length).toBe(1)
  const { code, message, file } = read.problems[0]!
  expect(file).toBe('f.nii.gz')
  // One sentence: the file, what is wrong, a remedy after a semicolon, a full stop.
  expect(message).toMatch(/^f\.nii\.gz: .+[;,] .+\.$/)
  return `${code} ${message}`
}

/** 12 volumes of 8 × 8 × 4 int16: 6144 bytes. */
const series = { dim: [8, 8, 4, 12], values: Uint8Array.from({ length: 6144 }, (_, i) => (i * 2654435761) >>> 24) }
const whole = niftiFile(series)

describe('a file without all its voxels', () => {
  it('is refused where a plain file is cut off', async () => {
    expect(await refusal(whole.subarray(0, 352 + 4710))).toBe(
      'NIFTI_SIZE f.nii.gz: dim promises 12 volumes (6144 bytes), the file holds 9.1 (4710 bytes); copy or convert it again.',
    )
    expect(await refusal(niftiFile({ dim: [8, 8, 4] }))).toBe(
      'NIFTI_SIZE f.nii.gz: dim promises 8 × 8 × 4 voxels (512 bytes), the file holds 0 bytes; copy or convert it again.',
    )
  })

  it('is refused where a whole gzip stream holds less than promised', async () => {
    expect(await refusal(gzipSync(whole.subarray(0, 352 + 4710)))).toBe(
      'NIFTI_SIZE f.nii.gz: dim promises 12 volumes (6144 bytes), the file holds 9.1 (4710 bytes); copy or convert it again.',
    )
  })

  it('is refused where the gzip stream is cut off, wherever that is', async () => {
    const packed = gzipSync(whole)
    expect(await refusal(packed.subarray(0, packed.length - 2000))).toMatch(
      /^NIFTI_CORRUPT f.nii.gz: the gzip stream is cut off after about \d+(\.\d)? of 12 volumes; copy or convert it again.$/,
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: packed.length - 1 }), async length => {
        expect(await refusal(packed.subarray(0, length))).toMatch(/^NIFTI_(CORRUPT|HEADER) /)
      }),
    )
  })

  it('is refused where dim counts too few volumes', async () => {
    expect(await refusal(niftiFile({ ...series, dim: [8, 8, 4, 10] }))).toBe(
      'NIFTI_SIZE f.nii.gz: dim promises 10 volumes (5120 bytes), the file holds more; correct dim or convert it again.',
    )
  })
})

describe('a damaged file', () => {
  it('is refused where the check sum is wrong', async () => {
    const packed = Buffer.from(gzipSync(whole))
    packed[packed.length - 8]! ^= 1
    expect(await refusal(packed)).toMatch(/^NIFTI_CORRUPT f.nii.gz: the gzip stream is damaged \(incorrect data check/)
  })

  it('is refused with the place where the stream is long', async () => {
    const values = Uint8Array.from({ length: 8 << 20 }, (_, i) => (i * 2654435761) >>> 24)
    const packed = Buffer.from(gzipSync(niftiFile({ dim: [1024, 1024, 1, 8], datatype: 2, values }), { level: 0 }))
    packed[packed.length - 8]! ^= 1
    expect(await refusal(packed)).toMatch(
      /stream is damaged after about [78](\.\d)? of 8 volumes \(incorrect data check\);/,
    )
    expect(await refusal(packed.subarray(0, 5 << 20))).toMatch(
      /stream is cut off after about [345](\.\d)? of 8 volumes;/,
    )
  })

  it('never gives other voxels, whichever byte of the stream is wrong', async () => {
    const packed = gzipSync(whole)
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 10, max: packed.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = Buffer.from(packed)
          damaged[at]! ^= flip
          const read = await readVolume(put('damaged.nii.gz', damaged))
          if (read.ok) expect(Buffer.from(read.value.data.buffer)).toEqual(Buffer.from(series.values))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is refused where the second member is damaged or cut off', async () => {
    const packed = Buffer.from(gzipMembers(whole, [3000]))
    expect(await refusal(packed.subarray(0, packed.length - 100))).toMatch(/NIFTI_CORRUPT/)
    packed[packed.length - 5]! ^= 1
    expect(await refusal(packed)).toMatch(/NIFTI_CORRUPT/)
  })

  it('is refused at its header where the stream is garbage from the beginning', () => {
    const read = readHeader(
      put('garbage.nii.gz', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 255, 255, 255, 255])),
    )
    expect(read.problems[0]?.code).toBe('NIFTI_CORRUPT')
    expect(read.problems[0]?.message).toMatch(/the gzip stream is damaged/)
  })
})

describe('a promise that memory cannot keep', () => {
  const huge = (dim: number[]) => niftiFile({ version: 2, dim, values: new Uint8Array(64) })

  it('is refused before anything is allocated, by the size of a plain file', async () => {
    expect(await refusal(niftiFile({ dim: [32767, 32767, 32767] }))).toMatch(
      /^NIFTI_SIZE .*\(70362301923326 bytes\), the file holds 0 bytes/,
    )
  })

  it('is refused before anything is allocated, by what gzip can pack into a file', async () => {
    expect(await refusal(gzipSync(huge([4096, 4096, 4096, 100])))).toMatch(
      /^NIFTI_SIZE .*promises 100 volumes \(13743895347200 bytes\), a compressed file of \d+ bytes cannot hold that; copy or convert it again\.$/,
    )
  })

  it('is refused where it is more than the memory allowed', async () => {
    expect(await refusal(gzipSync(whole), { memoryLimit: 6000 })).toBe(
      'NIFTI_TOO_LARGE f.nii.gz: dim promises 12 volumes (6144 bytes), more than the 6000 bytes of memory to be had; use a machine with more memory or split the series.',
    )
    expect((await readVolume(put('f.nii.gz', gzipSync(whole)), 'f', { memoryLimit: 6144 })).ok).toBe(true)
  })

  it('is refused where the product of the dimensions overflows', async () => {
    expect(await refusal(huge([2 ** 40, 2 ** 40, 2 ** 40]))).toMatch(/^NIFTI_DIMENSIONS .*more than any machine holds/)
    expect(await refusal(huge([2 ** 62, 1, 1]))).toMatch(/^NIFTI_DIMENSIONS/)
  })
})

describe('a header that cannot be used', () => {
  const say = (spec: Partial<FileSpec>) => refusal(niftiFile({ dim: [2, 2, 2], values: new Uint8Array(512), ...spec }))

  it('is refused for voxels that are not real numbers', async () => {
    expect(await say({ datatype: 128 })).toBe(
      'NIFTI_DATATYPE f.nii.gz: datatype is 128 (RGB24), not a real number; convert it to int16 or float32.',
    )
    expect(await say({ datatype: 32 })).toMatch(/complex64/)
    expect(await say({ datatype: 1792, version: 2 })).toMatch(/complex128/)
    expect(await say({ datatype: 2304 })).toMatch(/RGBA32/)
    expect(await say({ datatype: 1536 })).toMatch(/float128/)
    expect(await say({ datatype: 1 })).toMatch(/one bit/)
    expect(await say({ datatype: 0 })).toMatch(/unknown/)
    expect(await say({ datatype: 77 })).toMatch(/not in the standard/)
  })

  it('is refused for impossible dimensions', async () => {
    expect(await say({ dim: [2, 0, 2] })).toBe(
      'NIFTI_DIMENSIONS f.nii.gz: dim[2] is 0, an image has at least 1; convert it again.',
    )
    expect(await say({ dim: [2, 2, -3] })).toMatch(/dim\[3\] is -3/)
    expect(await say({ dim: [2, 2, 2, 0] })).toMatch(/dim\[4\] is 0/)
    expect(await say({ rank: 0 })).toMatch(/NIFTI_DIMENSIONS .*dim\[0\] is 0, not 1 to 7/)
    expect(await say({ rank: 8 })).toMatch(/dim\[0\] is 8/)
    expect(await say({ rank: -1, version: 2 })).toMatch(/dim\[0\] is -1/)
  })

  it('is refused for another magic', async () => {
    expect(await say({ magic: 'ni1\0' })).toMatch(/NIFTI_HEADER .*"ni1", a header whose voxels lie in an \.img file/)
    expect(await say({ magic: 'abc\0' })).toMatch(/NIFTI_HEADER .*magic is "abc"/)
    expect(await say({ magic: '\0\0\0\0' })).toMatch(/an Analyze file/)
    // What a transfer in text mode does to NIfTI-2.
    expect(await say({ version: 2, magic: 'n+2\0\n\x1a\n' })).toMatch(/NIFTI_HEADER/)
    expect(await refusal(new Uint8Array(1000).fill(65))).toMatch(/sizeof_hdr is 1094795585, not 348 or 540/)
  })

  it('is refused for voxels that would begin within the header', async () => {
    expect(await say({ offset: 0 })).toMatch(/NIFTI_HEADER .*vox_offset is 0/)
    expect(await say({ offset: 352, version: 2 })).toMatch(/before byte 544/)
  })

  it('is refused for a file that is empty or ends within its header', async () => {
    expect(await refusal(new Uint8Array())).toBe('NIFTI_HEADER f.nii.gz: the file is empty (0 bytes); copy it again.')
    expect(await refusal(new Uint8Array(1))).toMatch(/NIFTI_HEADER .*holds 1 bytes/)
    expect(await refusal(gzipSync(whole.subarray(0, 100)))).toMatch(/NIFTI_HEADER .*holds 100 bytes/)
    expect(await refusal(niftiFile({ dim: [2, 2, 2], version: 2 }).subarray(0, 400))).toMatch(
      /ends within its header, at byte 400 of 540/,
    )
  })
})

describe('a path that leads nowhere', () => {
  it('is a problem, not an exception', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nifti-'))
    try {
      const annex = join(folder, 'a.nii.gz')
      symlinkSync('.git/annex/objects/x/y/MD5E-s100--abc.nii.gz/MD5E-s100--abc.nii.gz', annex)
      expect(readHeader(annex, 'sub-01_asl.nii.gz').problems[0]).toMatchObject({
        code: 'FILE_NOT_FETCHED',
        message:
          'sub-01_asl.nii.gz: the content is not on this machine (git-annex key MD5E-s100--abc.nii.gz); fetch it with `datalad get`.',
      })
      expect((await readVolume(join(folder, 'none.nii'))).problems[0]).toMatchObject({
        code: 'FILE_MISSING',
        file: 'none.nii',
      })
      expect(readHeader(folder).problems[0]?.code).toBe('FILE_UNREADABLE')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
