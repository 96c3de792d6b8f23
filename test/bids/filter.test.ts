import { describe, expect, it } from 'vitest'
import { applyFilter, type BidsFilter, parseFilter, selectNames } from '../../src/bids/filter.ts'
import { nameOf } from './tree.ts'

const filterOf = (json: unknown): BidsFilter => {
  const asked = parseFilter(JSON.stringify(json), 'f.json')
  if (!asked.ok) throw new Error(asked.message)
  return asked.value
}
const images = [
  'sub-01/ses-1/perf/sub-01_ses-1_acq-a_run-1_asl.nii.gz',
  'sub-01/ses-1/perf/sub-01_ses-1_acq-a_run-01_asl.nii.gz',
  'sub-01/ses-2/perf/sub-01_ses-2_acq-b_asl.nii.gz',
  'sub-01/ses-2/perf/sub-01_ses-2_asl.nii',
  'sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz',
  'sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz',
].map(nameOf)
const left = (json: unknown) => applyFilter(images, filterOf(json)).map(name => images.indexOf(name))

describe('applyFilter', () => {
  it.each([
    ['a label', { asl: { acq: 'a' } }, [0, 1, 4, 5]],
    ['a long key', { asl: { acquisition: 'a' } }, [0, 1, 4, 5]],
    ['a label with its key', { asl: { session: 'ses-2' } }, [2, 3, 4, 5]],
    ['a number', { asl: { run: 1 } }, [0, 1, 4, 5]],
    ['text as it is', { asl: { run: '1' } }, [0, 4, 5]],
    ['a list', { asl: { acq: ['b', 'c'] } }, [2, 4, 5]],
    ['absence', { asl: { acq: null } }, [3, 4, 5]],
    ['absence or a label', { asl: { acq: [null, 'b'] } }, [2, 3, 4, 5]],
    ['any label', { asl: { acq: '*' } }, [0, 1, 2, 4, 5]],
    ['all conditions', { asl: { acq: 'a', run: '01' } }, [1, 4, 5]],
    ['an extension with or without dot', { asl: { extension: 'nii' } }, [3, 4, 5]],
    ['a datatype', { asl: { datatype: 'func' } }, [4, 5]],
    ['two queries', { asl: { ses: '1' }, t1w: { ses: '2' } }, [0, 1, 5]],
    ['no conditions', { asl: {} }, [0, 1, 2, 3, 4, 5]],
    ['a query without images', { dwi: { run: 1 } }, [0, 1, 2, 3, 4, 5]],
  ])('leaves by %s', (_, json, expected) => {
    expect(left(json)).toEqual(expected)
  })
})

describe('selectNames', () => {
  const contrast = [
    'sub-01/perf/sub-01_dsc.nii.gz',
    'sub-01/dce/sub-01_DCE.nii.gz',
    'sub-01/func/sub-01_acq-DSCgre_bold.nii.gz',
    'sub-01/perf/sub-01_acq-gd_perf.nii.gz',
    'sub-01/anat/sub-01_acq-dsc_T1w.nii.gz',
    'sub-01/perf/sub-01_desc-AIF_mask.nii.gz',
    'sub-01/perf/sub-01_AIF.tsv',
  ].map(nameOf)
  const select = (query: 'dsc' | 'dce' | 'aif' | 'mask', json?: unknown) =>
    selectNames(contrast, json ? filterOf(json) : null, query).map(name => contrast.indexOf(name))

  it('knows the names of contrast series', () => {
    expect(select('dsc')).toEqual([0, 2])
    expect(select('dce')).toEqual([1])
    expect(select('aif')).toEqual([5, 6])
    expect(select('mask')).toEqual([])
  })

  it('finds by a suffix what no name tells', () => {
    expect(select('dsc', { dsc: { suffix: 'perf', acquisition: 'gd' } })).toEqual([3])
    expect(select('dsc', { dsc: { datatype: 'func' } })).toEqual([2])
  })
})

describe('parseFilter', () => {
  it('accepts the queries of the family, with a note', () => {
    const asked = parseFilter('\ufeff{"t2w": {"session": "1"}, "bold": {}}'.replace(', "bold": {}', ''), 'f.json')
    expect(asked).toMatchObject({ ok: true, notes: [expect.stringContaining('"t2w"')] })
    expect(asked.ok && asked.value.size).toBe(0)
  })

  it.each([
    ['{', 'ends too early'],
    ['[]', 'must hold a JSON object'],
    ['{"bold": {}}', 'no query "bold"; the queries are asl m0scan'],
    ['{"constructor": {}}', 'no query "constructor"'],
    ['{"asl": "x"}', 'query "asl" must be an object'],
    ['{"asl": {"sesion": "1"}}', 'query "asl", key "sesion": no entity of that name'],
    ['{"asl": {"ses": []}}', 'an empty list'],
    ['{"asl": {"ses": true}}', 'the value true is no label'],
    ['{"asl": {"ses": {"a": 1}}}', 'is no label'],
    ['{"asl": {"ses": ""}}', 'is no label'],
    ['{"t2w": {"sesion": "1"}}', 'key "sesion"'],
  ])('refuses %s: %s', (text, says) => {
    const asked = parseFilter(text, 'f.json')
    expect(asked.ok ? '' : asked.message).toMatch(/^--bids-filter-file f\.json: /)
    expect(asked.ok ? '' : asked.message).toContain(says)
  })
})
