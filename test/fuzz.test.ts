import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFilter } from '../src/bids/filter.ts'
import { parseJsonObject } from '../src/bids/json.ts'
import { parseName } from '../src/bids/name.ts'
import { formatTable, parseTable } from '../src/bids/tsv.ts'
import { parseBval, readGradients } from '../src/modalities/ivim/gradients.ts'
import { readVolume } from '../src/nifti/index.ts'
import type { Problem } from '../src/problems.ts'
import { niftiFile, temporaryFolder } from './nifti/file.ts'

/**
 * What comes from outside, broken at random: a value or a sentence, never an exception, and never a value that the bytes do
 * not hold. FUZZ_SECONDS is the time for each parser; `npm run fuzz` takes a minute.
 */

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 1)
const budget = { interruptAfterTimeLimit: 1000 * SECONDS, numRuns: 1e7, markInterruptAsFailure: false } as const
const timeout = 60_000 + 10_000 * SECONDS

/** One line, which names the file and ends as a sentence does. */
function expectSentences(problems: readonly Problem[], file: string): void {
  expect(problems.length).toBeGreaterThan(0)
  for (const { message } of problems) {
    expect(message).toContain(file)
    expect(message).toMatch(/\.$/)
  }
}

/** Text that is nearly right: pieces of the language of a file, in any order, between text of any kind. */
const nearly = (...pieces: readonly string[]) =>
  fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...pieces) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
      ),
      {
        maxLength: 60,
      },
    )
    .map(parts => parts.join(''))

/** Bytes in which some are others, and which may end early or late. */
const broken = (bytes: Uint8Array) =>
  fc
    .record({
      flips: fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }),
      length: fc.oneof({ weight: 3, arbitrary: fc.constant(bytes.length) }, fc.nat({ max: bytes.length })),
      tail: fc.uint8Array({ maxLength: 12 }),
    })
    .map(({ flips, length, tail }) => {
      const changed = Uint8Array.from(bytes)
      for (const [at, value] of flips) changed[at] = value
      return Buffer.concat([changed.subarray(0, length), tail])
    })

describe('a NIfTI file', () => {
  const put = temporaryFolder()
  const values = Uint8Array.from({ length: 4 * 3 * 2 * 5 * 2 }, (_, at) => at)
  const plain = niftiFile({
    dim: [4, 3, 2, 5],
    datatype: 4,
    sform: { code: 1, rows: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0] },
    values,
  })
  const packed = gzipSync(plain)

  it.each([
    ['plain', 'fuzz.nii', plain],
    ['packed', 'fuzz.nii.gz', packed],
  ])(
    '%s, with wrong bytes',
    async (_, name, bytes) => {
      await fc.assert(
        fc.asyncProperty(broken(bytes), async file => {
          const read = await readVolume(put(name, file), name, { memoryLimit: 1e8 })
          if (!read.ok) return expectSentences(read.problems, name)
          const { data, grid, frames } = read.value
          expect(data.length).toBe(grid.shape[0] * grid.shape[1] * grid.shape[2] * frames)
          expect(grid.affine.every(Number.isFinite)).toBe(true)
          // What is read stands in the file, however it was broken.
          const content = name.endsWith('.gz') ? gunzipSync(file) : file
          expect(content.length).toBeGreaterThanOrEqual(data.byteLength)
        }),
        budget,
      )
    },
    timeout,
  )

  it(
    'with a header of any numbers',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 348, maxLength: 348 }), fc.boolean(), async (noise, likely) => {
          const file = Uint8Array.from(plain)
          file.set(noise.subarray(4, 344), 4)
          // The right rank and type lead deeper.
          if (likely) file.set(plain.subarray(70, 74), 70)
          if (likely) file.set(plain.subarray(40, 50), 40)
          const read = await readVolume(put('fuzz.nii', file), 'fuzz.nii', { memoryLimit: 1e8 })
          if (!read.ok) expectSentences(read.problems, 'fuzz.nii')
          else expect(read.value.grid.affine.every(Number.isFinite)).toBe(true)
        }),
        budget,
      )
    },
    timeout,
  )
})

describe('a table', () => {
  it(
    'of nearly any text',
    () => {
      fc.assert(
        fc.property(nearly('\t', '\n', '\r\n', 'time', 'n/a', '1.5', '-', ' ', '\uFEFF', '"'), text => {
          const read = parseTable(text, 'fuzz.tsv')
          if (!read.ok) return expectSentences(read.problems, 'fuzz.tsv')
          const { columns, rows } = read.value
          expect(new Set(columns).size).toBe(columns.length)
          for (const row of rows) expect(row).toHaveLength(columns.length)
          // Written and read again it is the same, up to what stands for a missing value.
          const again = parseTable(formatTable(columns, rows), 'fuzz.tsv')
          expect(again.ok && again.value.rows).toEqual(rows.map(row => row.map(cell => cell || 'n/a')))
        }),
        budget,
      )
    },
    timeout,
  )
})

describe('a sidecar', () => {
  it(
    'of nearly any text',
    () => {
      const pieces = [
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"',
        '"EchoTime"',
        '0.01',
        '-1e400',
        'null',
        'true',
        '\\u12',
        '"__proto__"',
        ' ',
        '\n',
      ]
      fc.assert(
        fc.property(nearly(...pieces), text => {
          const read = parseJsonObject(text, 'fuzz.json')
          if (read.ok) expect(read.value).toEqual(JSON.parse(text.replace(/^\uFEFF/, '')))
          else expectSentences(read.problems, 'fuzz.json')
        }),
        budget,
      )
    },
    timeout,
  )

  it('of any size and depth', () => {
    for (const text of [
      `{"a": "${'x'.repeat(4e6)}`,
      `{"a": ${'['.repeat(1e6)}`,
      `{"a": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`,
    ])
      expect(parseJsonObject(text, 'fuzz.json').ok).toBe(false)
    expect(parseJsonObject(`{"a": "${'\\n['.repeat(1e6)}"}`, 'fuzz.json').ok).toBe(true)
    expect({}).not.toHaveProperty('polluted')
    parseJsonObject('{"__proto__": {"polluted": 1}}', 'fuzz.json')
    expect({}).not.toHaveProperty('polluted')
  })

  it(
    'as a filter file',
    () => {
      const pieces = [
        '{"asl": ',
        '{"dwi": ',
        '{"acq": ',
        '"x"',
        '["x", 1]',
        'null',
        '"*"',
        '}',
        ',',
        '"session"',
        ': ',
        '{}',
        '[[]]',
      ]
      fc.assert(
        fc.property(nearly(...pieces), text => {
          const asked = parseFilter(text, 'fuzz.json')
          if (!asked.ok) expect(asked.message).toContain('fuzz.json')
        }),
        budget,
      )
    },
    timeout,
  )
})

describe('gradient tables', () => {
  it(
    'of nearly any text',
    () => {
      const piece = nearly('0', '50', ' ', '\t', '\n', '1000', '-5', '1e400', '0.577', 'nan', ',', '\uFEFF')
      fc.assert(
        fc.property(piece, piece, fc.nat({ max: 12 }), (bval, bvec, frames) => {
          const image = { path: 'fuzz.nii.gz' }
          const read = parseBval({ path: 'fuzz.bval', text: bval })
          if (read.ok) expect(read.value.every(b => Number.isFinite(b) && b >= 0)).toBe(true)
          else expectSentences(read.problems, 'fuzz.bval')
          const both = readGradients({
            image: image.path,
            bval: { path: 'fuzz.bval', text: bval },
            bvec: { path: 'fuzz.bvec', text: bvec },
            frames,
          })
          if (both.ok) expect(read.ok && read.value.length).toBe(frames)
          else expectSentences(both.problems, 'fuzz')
        }),
        budget,
      )
    },
    timeout,
  )
})

describe('a name', () => {
  it(
    'of nearly any text',
    () => {
      const pieces = [
        'sub-01',
        '_',
        '-',
        'ses-a',
        '/',
        'perf',
        '_asl',
        '.nii',
        '.gz',
        '.json',
        'run-1',
        '..',
        '\n',
        'acq-',
      ]
      fc.assert(
        fc.property(nearly(...pieces), text => {
          const name = parseName(text)
          if (name) expect(name.path).toBe(text)
        }),
        budget,
      )
    },
    timeout,
  )
})
