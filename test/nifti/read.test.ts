import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHeader, readVolume } from '../../src/nifti/index.ts'
import { gzipMembers, niftiFile, stored, TYPES, temporaryFolder } from './file.ts'

const put = temporaryFolder()

/** Values that a type can hold, its extremes among them. */
function valuesOf(datatype: number, count: number): fc.Arbitrary<(number | bigint)[]> {
  const { name, bytes } = TYPES[datatype]!
  const bits = 8n * BigInt(bytes)
  const many = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: count, maxLength: count })
  if (name === 'float32') return many(fc.float())
  if (name === 'float64') return many(fc.double())
  if (name.startsWith('u')) return many(fc.bigInt({ min: 0n, max: 2n ** bits - 1n }))
  return many(fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }))
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1)

const anyFile = fc
  .record({
    version: fc.constantFrom<1 | 2>(1, 2),
    littleEndian: fc.boolean(),
    datatype: fc.constantFrom(...Object.keys(TYPES).map(Number)),
    dim: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 7 }),
    slope: fc.constantFrom(1, 0, 0.5, -2, Number.NaN, Number.POSITIVE_INFINITY),
    intercept: fc.constantFrom(0, 7, -1024, Number.NaN),
    extended: fc.boolean(),
  })
  .chain(({ extended, ...spec }) =>
    valuesOf(spec.datatype, product(spec.dim)).map(values => ({
      spec: { ...spec, ...(extended ? { extension: new Uint8Array(24).fill(9) } : {}) },
      values,
    })),
  )

describe('reading', () => {
  it('gives back every type, byte order, version and scaling, plain or in any number of gzip members', async () => {
    const packed = fc.option(fc.array(fc.nat(600), { maxLength: 4 }))
    await fc.assert(
      fc.asyncProperty(anyFile, packed, fc.boolean(), async ({ spec, values }, cuts, asFloat) => {
        const bytes = niftiFile({ ...spec, values: stored(spec.datatype, spec.littleEndian, values) })
        const path = put('any.nii.gz', cuts ? gzipMembers(bytes, cuts) : bytes)
        const read = await readVolume(path, 'any.nii.gz', { asFloat })
        if (!read.ok) throw new Error(read.problems[0]?.message)
        const { value } = read
        const scaled = Number.isFinite(spec.slope) && spec.slope !== 0
        const slope = scaled ? spec.slope : 1
        const intercept = scaled && Number.isFinite(spec.intercept) ? spec.intercept : 0
        if (asFloat && [2, 4, 256, 512].includes(spec.datatype)) {
          const physical = Float32Array.from(values, stored => slope * Number(stored) + intercept)
          expect(value).toMatchObject({ data: physical, slope: 1, intercept: 0 })
        } else {
          expect(Array.from(value.data)).toEqual(values.map(Number))
          expect(value).toMatchObject({ slope, intercept })
        }
        const sizes = [...spec.dim, 1, 1, 1].slice(0, 3)
        expect(value.grid.shape).toEqual(sizes)
        expect(value.frames).toBe(product(spec.dim.slice(3)))
        const little = niftiFile({ ...spec, littleEndian: true }).subarray(0, spec.version === 1 ? 348 : 540)
        expect(value.header).toEqual(little)
        const header = readHeader(path)
        expect(header).toMatchObject({
          ok: true,
          value: {
            version: spec.version,
            littleEndian: spec.littleEndian,
            grid: value.grid,
            frames: value.frames,
            datatype: spec.datatype,
            bytesPerVoxel: TYPES[spec.datatype]!.bytes,
            slope,
            intercept,
            dataOffset: (spec.version === 1 ? 352 : 544) + ('extension' in spec ? 32 : 0),
          },
        })
      }),
      { numRuns: 400 },
    )
  })

  it('keeps the type of the file, 64-bit integers as float64', async () => {
    for (const [datatype, { name }] of Object.entries(TYPES)) {
      const read = await readVolume(
        put(
          'type.nii',
          niftiFile({ dim: [1, 1, 1], datatype: Number(datatype), values: stored(Number(datatype), true, [5]) }),
        ),
      )
      const array = name.includes('64') ? 'Float64Array' : `${name[0]!.toUpperCase()}${name.slice(1)}Array`
      expect(read.ok && read.value.data.constructor.name).toBe(array)
    }
  })

  it('reads a series over many chunks, its second member beginning just where a chunk does', async () => {
    const values = Uint8Array.from({ length: 3 << 20 }, (_, v) => (v * 2654435761) >>> 24)
    const bytes = niftiFile({ dim: [1024, 1024, 3], datatype: 2, values })
    // Level 0 stores: 18 bytes of gzip and 5 bytes for each 65535 or less, so the first member can be made 1 MiB long.
    let cut = (1 << 20) - 18 - 5 * 16
    while (gzipMembers(bytes.subarray(0, cut), [], 0).length > 1 << 20) cut--
    expect(gzipMembers(bytes.subarray(0, cut), [], 0).length).toBe(1 << 20)
    const read = await readVolume(put('members.nii.gz', gzipMembers(bytes, [cut], 0)))
    expect(read.ok && Buffer.compare(Buffer.from(read.value.data.buffer), values)).toBe(0)
  })

  it('swaps bytes across slab and chunk borders', async () => {
    const values = Float64Array.from({ length: 400_000 }, (_, v) => Math.sin(v))
    const bytes = niftiFile({
      dim: [100, 100, 40],
      datatype: 64,
      littleEndian: false,
      values: stored(64, false, [...values]),
    })
    const read = await readVolume(put('big.nii.gz', gzipMembers(bytes, [1_000_001])))
    expect(read.ok && read.value.data).toEqual(values)
  })

  it('reads a header whose gzip member carries a file name of 10 kB', () => {
    const plain = Buffer.from(gzipMembers(niftiFile({ dim: [2, 2, 2], values: new Uint8Array(16) }), []))
    const named = Buffer.concat([
      plain.subarray(0, 10),
      Buffer.alloc(10_000, 'x'),
      Buffer.from([0]),
      plain.subarray(10),
    ])
    named[3] = 8
    expect(readHeader(put('named.nii.gz', named))).toMatchObject({ ok: true, value: { frames: 1 } })
  })

  it('lets padding after the voxels be, and zeros after the gzip stream', async () => {
    const bytes = niftiFile({ dim: [2, 2, 2, 3], values: new Uint8Array(48 + 15) })
    expect((await readVolume(put('padded.nii', bytes))).ok).toBe(true)
    const zeros = Buffer.concat([gzipMembers(bytes, []), Buffer.alloc(5 << 20)])
    expect((await readVolume(put('zeros.nii.gz', zeros))).ok).toBe(true)
  })
})

describe('the header', () => {
  it('is read without inflating the file', () => {
    const bytes = niftiFile({ dim: [256, 256, 256, 6], datatype: 2, values: new Uint8Array(6 << 24) })
    const path = put('large.nii.gz', gzipMembers(bytes, [], 1))
    readHeader(path)
    const start = performance.now()
    for (let i = 0; i < 10; i++) expect(readHeader(path).ok).toBe(true)
    // Inflating these 100 MB takes about 100 ms; a header less than 1.
    expect((performance.now() - start) / 10).toBeLessThan(30)
  })

  it('gives mm and seconds whatever units the file states', () => {
    const spacing = (units: number, pixdim4: number) => {
      const read = readHeader(
        put('units.nii', niftiFile({ dim: [2, 2, 2, 3], units, pixdim: [1, 2, 2, 2, pixdim4, 0, 0, 0] })),
      )
      return read.ok && [read.value.frameSpacing, read.value.grid.affine[0]]
    }
    expect(spacing(2 | 8, 2.5)).toEqual([2.5, 2])
    expect(spacing(2 | 16, 4100)).toEqual([4.1, 2])
    expect(spacing(3 | 24, 2_500_000)).toEqual([2.5, 0.002])
    expect(spacing(1 | 8, 2.5)).toEqual([2.5, 2000])
    expect(spacing(0, 2.5)).toEqual([null, 2])
    expect(spacing(2 | 32, 2.5)).toEqual([null, 2])
    expect(spacing(2 | 8, 0)).toEqual([null, 2])
    expect(spacing(2 | 8, Number.NaN)).toEqual([null, 2])
    expect(spacing(2 | 8, -1)).toEqual([null, 2])
  })

  const rows = [3, 0, 0, -10, 0, 3, 0, -20, 0, 0, 3, -30]
  const quarter = { bcd: [0, 0, Math.SQRT1_2], offset: [1, 2, 3] }
  const affineOf = (spec: Partial<Parameters<typeof niftiFile>[0]>) => {
    const read = readHeader(
      put('affine.nii', niftiFile({ dim: [2, 2, 2], pixdim: [-1, 2, 4, 5, 0, 0, 0, 0], ...spec })),
    )
    if (!read.ok) throw new Error(read.problems[0]?.message)
    return { affine: read.value.grid.affine, oriented: read.value.oriented, codes: read.problems.map(p => p.code) }
  }

  it('takes the sform, else the qform, else the voxel size', () => {
    const both = affineOf({ sform: { code: 1, rows }, qform: { code: 2, ...quarter } })
    expect(both).toEqual({ affine: rows, oriented: true, codes: [] })
    const turned = affineOf({ qform: { code: 1, ...quarter }, sform: { code: 0, rows } })
    const expected = [0, -4, 0, 1, 2, 0, 0, 2, 0, 0, -5, 3]
    turned.affine.forEach((x, i) => {
      expect(x).toBeCloseTo(expected[i]!, 6)
    })
    const none = affineOf({ sform: { code: 0, rows } })
    expect(none).toEqual({
      affine: [2, 0, 0, 0, 0, 4, 0, 0, 0, 0, 5, 0],
      oriented: false,
      codes: ['NIFTI_NO_ORIENTATION'],
    })
  })

  it('takes an sform that is singular or not finite for none', () => {
    const flat = rows.map((x, i) => (i === 10 ? 0 : x))
    const holed = rows.map((x, i) => (i === 3 ? Number.NaN : x))
    for (const bad of [flat, holed, rows.map(() => 0)]) {
      expect(affineOf({ sform: { code: 1, rows: bad } }).oriented).toBe(false)
      expect(affineOf({ sform: { code: 1, rows: bad }, qform: { code: 1, ...quarter } }).affine[1]).toBeCloseTo(-4, 6)
    }
  })

  it('takes a voxel size of 0 or none for 1, a negative one for its length', () => {
    expect(affineOf({ pixdim: [0, 0, -2, Number.NaN, 0, 0, 0, 0] }).affine).toEqual([
      1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0,
    ])
  })

  it('names the file in the dataset where told how', () => {
    const read = readHeader(put('x.nii', new Uint8Array()), 'sub-01/perf/sub-01_asl.nii.gz')
    expect(read.problems[0]?.file).toBe('sub-01/perf/sub-01_asl.nii.gz')
    expect(read.problems[0]?.message).toMatch(/^sub-01\/perf\/sub-01_asl\.nii\.gz: /)
  })
})
