import { describe, expect, expectTypeOf, it } from 'vitest'
import { parseFilter } from '../../src/bids/filter.ts'
import { type ImageIndex, makeIndex } from '../../src/bids/image-index.ts'
import type { ImageHeader } from '../../src/image/header.ts'
import type { Index } from '../../src/modalities/modality.ts'
import { good } from '../../src/problems.ts'
import { makeDataset } from './tree.ts'

describe('makeIndex', () => {
  const dataset = makeDataset({
    'participants.tsv': 'participant_id\tage\nsub-01\t30\n',
    'T1w.nii.gz': '',
    'sub-01/perf/sub-01_run-1_asl.nii.gz': 'first',
    'sub-01/perf/sub-01_run-1_asl.json': { AcquisitionTime: '00:01:00' },
    'sub-01/perf/sub-01_aslcontext.tsv': 'volume_type\ndeltam\n',
    'sub-01/perf/sub-01_run-2_asl.nii.gz': { link: 'nowhere' },
    'sub-01/sub-01_x.nii.gz': '',
  })

  it('tells whether the filter file points to an image whose name does not tell its technique', () => {
    const pointed = (text: string) => {
      const filter = parseFilter(text, 'filter.json')
      const index = makeIndex(dataset, () => good(null), filter.ok ? filter.value : null)
      return index.images.map(image => index.pointedAt(image, 'dsc'))
    }
    expect(pointed('{"dsc": {"suffix": "asl", "run": 2}}')).toEqual([false, true])
    expect(pointed('{"dsc": {"run": 2}}')).toEqual([false, false])
    expect(pointed('{}')).toEqual([false, false])
  })

  it('is what the modalities look into', () => {
    expectTypeOf<ImageIndex<ImageHeader>>().toExtend<Index>()
  })

  it('offers the images, dangling ones too, and reads each thing once', () => {
    const read: string[] = []
    const index = makeIndex(dataset, (file, image) => {
      read.push(file.slice(dataset.root.length + 1))
      return good(image.entities['run'])
    })
    expect(index.images.map(({ path }) => path)).toEqual([
      'sub-01/perf/sub-01_run-1_asl.nii.gz',
      'sub-01/perf/sub-01_run-2_asl.nii.gz',
    ])
    const [first, second] = [index.images[0]!, index.images[1]!]
    expect(index.header(first)).toEqual(good('1'))
    expect(index.header(first)).toBe(index.header(first))
    expect(index.header(second)).toMatchObject({
      ok: false,
      problems: [{ code: 'FILE_NOT_FETCHED', file: second.path }],
    })
    expect(read).toEqual([first.path])
    expect(index.sidecar(first)).toBe(index.sidecar(first))
    expect(index.table(first, 'aslcontext')).toBe(index.table(second, 'aslcontext'))
    expect(index.table(first, 'events')).toEqual(good(null))
    expect(index.acquiredAt(first)).toBe(60)
    expect(index.participant('01')).toMatchObject({ age: '30' })
  })

  it('applies the filter', () => {
    const filter = parseFilter('{"asl": {"run": 2}}', 'f.json')
    const index = makeIndex(dataset, () => good(null), filter.ok ? filter.value : null)
    expect(index.images).toHaveLength(1)
  })
})
