import { describe, expect, it } from 'vitest'
import { intendedFor } from '../../src/bids/intended-for.ts'
import { nameOf } from './tree.ts'

const image = nameOf('sub-01/ses-1/perf/sub-01_ses-1_m0scan.nii.gz')
const resolve = (IntendedFor: unknown) => intendedFor({ values: { IntendedFor }, from: {}, files: [] }, image)
const asl = 'sub-01/ses-1/perf/sub-01_ses-1_asl.nii.gz'

describe('intendedFor', () => {
  it.each([
    ['relative to the subject', 'ses-1/perf/sub-01_ses-1_asl.nii.gz'],
    ['a URI without name', `bids::${asl}`],
    ['a URI into the raw data', `bids:raw:${asl}`],
    ['with a dot in front', './ses-1/perf/sub-01_ses-1_asl.nii.gz'],
    ['with a slash in front', '/ses-1/perf/sub-01_ses-1_asl.nii.gz'],
    ['with blanks', ` bids::${asl} `],
    ['with the subject', asl],
    ['without the folder of the session', 'perf/sub-01_ses-1_asl.nii.gz'],
    ['as a list', [`bids::${asl}`, asl]],
  ])('resolves a path %s', (_, spelled) => {
    expect(resolve(spelled)).toEqual([asl])
  })

  it('resolves a path of a dataset without sessions', () => {
    expect(resolve('perf/sub-01_asl.nii.gz')).toEqual(['sub-01/perf/sub-01_asl.nii.gz'])
  })

  it('keeps the order of a list', () => {
    expect(resolve(['bids::sub-01/b.nii', 'a.nii'])).toEqual(['sub-01/b.nii', 'sub-01/a.nii'])
  })

  it.each([
    [undefined],
    [null],
    [3],
    [[]],
    [['', 4, {}]],
    ['bids:fmriprep:sub-01/x.nii'],
    ['../../etc/x.nii'],
    ['bids::'],
  ])('finds nothing in %j', spelled => {
    expect(resolve(spelled)).toEqual([])
  })
})
