import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBval, parseBvec, parseRows, readGradients } from '../../../src/modalities/ivim/gradients.ts'

const bval = (text: string) => parseBval({ path: 'dwi.bval', text })
const bvec = (text: string, b: readonly number[]) => parseBvec({ path: 'sub-01/dwi/sub-01_dwi.bvec', text }, b)
const said = (checked: { problems: readonly { code: string; message: string }[] }) =>
  checked.problems.map(({ code, message }) => `${code} ${message}`).join()

const space = fc.constantFrom(' ', '  ', '\t', ' \t ')
const weighting = fc.oneof(fc.integer({ min: 0, max: 4000 }), fc.double({ min: 0, max: 4000, noNaN: true }))

describe('b-values', () => {
  it('are read with any spaces, ends of line and trailing blanks', () => {
    fc.assert(
      fc.property(
        fc.array(weighting, { minLength: 1 }),
        space,
        fc.constantFrom('', '\n', ' \r\n', '\t\n\n  \n'),
        (b, gap, end) => {
          const read = bval(b.map(String).join(gap) + end)
          expect(read.ok && read.value).toEqual(b)
        },
      ),
    )
  })

  it('may stand one a row', () => expect(bval('0\n10\n200\n')).toMatchObject({ value: [0, 10, 200] }))

  it.each([
    ['0 10 x', /words that are no numbers/],
    ['0 10\n200 800', /2 rows; write one row/],
    ['\n', /empty/],
    ['0 -10 200', /b-value 2 is -10/],
    ['0 nan 200', /b-value 2 is NaN/],
  ])('%j is refused', (text, words) => expect(said(bval(text))).toMatch(words))

  it('are never guessed: no text is half read', () => {
    fc.assert(
      fc.property(
        fc.string(),
        text => parseRows(text)?.every(row => row.every(value => typeof value === 'number')) ?? true,
      ),
    )
  })
})

describe('directions', () => {
  const b = [0, 100, 100, 100]

  it('are three rows, or one vector a row, normalised', () => {
    const across = bvec('0 1 0 0\n0 0 1 0 \n0 0 0 1\n', b)
    expect(across.ok && across.value).toEqual([null, [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    expect(bvec('0 0 0\n1 0 0\n0 1 0\n0 0 1', b)).toEqual(across)
    expect(bvec('nan .999 0 0\nnan 0 1.001 0\nnan 0 0 1', b)).toMatchObject({ ok: true })
  })

  it.each([
    [
      '0 .5 0 0\n0 0 1 0\n0 0 0 1',
      /BVEC_INVALID sub-01_dwi.bvec: vector 2 has length 0.5, at b 100; write unit vectors/,
    ],
    ['0 nan 0 0\n0 0 1 0\n0 0 0 1', /length NaN/],
    ['0 1 0\n0 0 1\n0 0 0', /3 rows of 3 numbers; write three rows with 4/],
    ['0 1 0 0\n0 0 1 0', /2 rows of 4/],
  ])('%j is refused', (text, words) => expect(said(bvec(text, b))).toMatch(words))
})

describe('a series', () => {
  const image = 'sub-01/dwi/sub-01_dwi.nii.gz'
  const texts = {
    bval: { path: 'dwi.bval', text: '0 200 800' },
    bvec: { path: 'dwi.bvec', text: '0 0 0\n0 0 0\n0 0 0' },
  }
  it.each([
    [{ ...texts, frames: 4 }, /LENGTHS_DISAGREE dwi.bval: it has 3 b-values, sub-01_dwi.nii.gz has 4 volumes/],
    [{ ...texts, bval: null, frames: 3 }, /FILE_MISSING sub-01_dwi.bval: .* none are ever assumed/],
    [{ ...texts, bvec: null, frames: 3 }, /FILE_MISSING sub-01_dwi.bvec: .* three rows of zeros/],
  ])('is refused %#', (given, words) => expect(said(readGradients({ image, ...given }))).toMatch(words))

  it('that the scanner averaged has no directions', () => {
    expect(readGradients({ image, ...texts, frames: 3 })).toMatchObject({
      value: { b: [0, 200, 800], directions: [null, null, null] },
    })
  })
})
