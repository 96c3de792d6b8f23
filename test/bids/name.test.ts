import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ENTITY_ORDER,
  formatName,
  isImage,
  longEntity,
  outputPath,
  parseName,
  sharedEntities,
  shortEntity,
} from '../../src/bids/name.ts'
import { nameOf } from './tree.ts'

const word = fc.stringMatching(/^[a-zA-Z0-9]{1,8}$/)
const label = fc.stringMatching(/^[a-zA-Z0-9+]{1,8}$/)
const entities = fc.dictionary(fc.constantFrom(...ENTITY_ORDER, 'zzz', 'meas', 'constructor'), label)
const extension = fc.constantFrom('.nii.gz', '.nii', '.json', '.tsv', '.bval')

describe('parseName', () => {
  it('gives the parts of a path', () => {
    expect(parseName('sub-01/ses-1/perf/sub-01_ses-1_acq-a+b_run-01_asl.nii.gz')).toEqual({
      path: 'sub-01/ses-1/perf/sub-01_ses-1_acq-a+b_run-01_asl.nii.gz',
      datatype: 'perf',
      entities: { sub: '01', ses: '1', acq: 'a+b', run: '01' },
      suffix: 'asl',
      extension: '.nii.gz',
    })
  })

  it.each([
    ['sub-01/dce/sub-01_DCE.nii.gz', 'dce'],
    ['sub-01/sub-01_sessions.tsv', ''],
    ['sub-01/ses-1/sub-01_ses-1_scans.tsv', ''],
    ['asl.json', ''],
    ['derivatives/anat/x.json', ''],
  ])('knows the datatype of %s', (path, datatype) => {
    expect(parseName(path)?.datatype).toBe(datatype)
  })

  it.each([
    ['dataset_description.json', 'an underscore without an entity'],
    ['README', 'no extension'],
    ['.bidsignore', 'a hidden file'],
    ['sub-01_.json', 'no suffix'],
    ['sub-01.json', 'no suffix'],
    ['sub-_asl.json', 'an empty label'],
    ['-01_asl.json', 'an empty key'],
    ['sub-01_sub-02_asl.json', 'a key that occurs twice'],
    ['sub-01_acq-a-b_asl.json', 'a dash in a label'],
    ['sub-01__asl.json', 'two underscores'],
    ['a+b-01_asl.json', 'a plus in a key'],
    ['sub-01_as+l.json', 'a plus in the suffix'],
    ['sub-01_asl.', 'an empty extension'],
    ['sub-é_asl.json', 'a letter that is not ASCII'],
    ['', 'nothing'],
  ])('does not take %s: %s', path => {
    expect(parseName(path)).toBeNull()
  })

  it('gives back what formatName was given', () => {
    fc.assert(
      fc.property(entities, word, extension, (labels, suffix, ext) => {
        const file = formatName(labels, suffix, ext)
        const name = parseName(`sub-x/perf/${file}`)
        expect(name?.entities).toEqual({ ...labels })
        expect(name).toMatchObject({ suffix, extension: ext, datatype: 'perf' })
      }),
    )
  })

  it('takes any text without failing, and what it takes is the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9_.+/-]{0,30}$/)), path => {
        const name = parseName(path)
        if (!name) return
        const parts = Object.entries(name.entities).map(([key, text]) => `${key}-${text}_`)
        // Integer-like keys come first in an object: the order of the text is kept for all others.
        if (Object.keys(name.entities).some(key => /^\d+$/.test(key))) return
        expect(path.slice(path.lastIndexOf('/') + 1)).toBe(`${parts.join('')}${name.suffix}${name.extension}`)
      }),
    )
  })
})

describe('formatName', () => {
  it('orders entities as the schema does, ours at the end and unknown ones before label', () => {
    const labels = {
      desc: 'x',
      param: 'D',
      model: 'ivim',
      label: 'GM',
      zeta: 'z',
      alpha: 'a',
      mod: 'asl',
      run: '1',
      ses: '1',
      sub: '01',
    }
    expect(formatName(labels, 'dwimap', '.nii.gz')).toBe(
      'sub-01_ses-1_run-1_mod-asl_alpha-a_zeta-z_label-GM_model-ivim_param-D_desc-x_dwimap.nii.gz',
    )
  })

  it('writes transforms as the family does', () => {
    expect(formatName({ sub: '01', mode: 'image', to: 'T1w', from: 'orig', mod: 'asl' }, 'xfm', '.txt')).toBe(
      'sub-01_mod-asl_from-orig_to-T1w_mode-image_xfm.txt',
    )
  })

  it('depends on no order of the keys', () => {
    fc.assert(
      fc.property(entities, labels => {
        const reversed = Object.fromEntries(Object.entries(labels).reverse())
        expect(formatName(reversed, 'asl', '.json')).toBe(formatName(labels, 'asl', '.json'))
      }),
    )
  })

  it('leaves out what is undefined', () => {
    expect(formatName({ sub: '01', ses: undefined }, 'asl', '.json')).toBe('sub-01_asl.json')
  })

  it.each([
    [{ sub: 'a_b' }, 'asl', '.json'],
    [{ 'a b': '1' }, 'asl', '.json'],
    [{ sub: '' }, 'asl', '.json'],
    [{}, 'K^trans', '.json'],
    [{}, 'asl', 'json'],
    [{}, 'asl', '.js/on'],
  ])('throws for what no name can hold: %j %s %s', (labels, suffix, ext) => {
    expect(() => formatName(labels, suffix, ext)).toThrow(RangeError)
  })
})

describe('entity names', () => {
  it.each([
    ['subject', 'sub'],
    ['session', 'ses'],
    ['acquisition', 'acq'],
    ['reconstruction', 'rec'],
    ['ceagent', 'ce'],
    ['ses', 'ses'],
    ['run', 'run'],
  ])('%s is %s', (name, key) => {
    expect(shortEntity(name)).toBe(key)
  })

  it('knows nothing of others', () => {
    expect(shortEntity('constructor')).toBeNull()
    expect(shortEntity('sesion')).toBeNull()
  })

  it('goes there and back', () => {
    for (const key of ENTITY_ORDER) expect(shortEntity(longEntity(key))).toBe(key)
  })
})

describe('outputPath', () => {
  it('has a session folder where the stem has a session', () => {
    expect(outputPath({ stem: { sub: '01', run: '2' }, datatype: 'perf', suffix: 'cbf' })).toBe(
      'sub-01/perf/sub-01_run-2_cbf.nii.gz',
    )
    const stem = { sub: '01', ses: 'a', run: '2' }
    expect(
      outputPath({
        stem,
        datatype: 'perf',
        added: { desc: 'qc', mod: 'asl', label: undefined },
        suffix: 'asl',
        extension: '.json',
      }),
    ).toBe('sub-01/ses-a/perf/sub-01_ses-a_run-2_mod-asl_desc-qc_asl.json')
  })

  it('needs a subject', () => {
    expect(() => outputPath({ stem: { ses: '1' }, datatype: 'perf', suffix: 'cbf' })).toThrow(RangeError)
  })
})

describe('sharedEntities', () => {
  it('keeps what all have alike, without what tells apart the images of a run', () => {
    const names = ['1', '2'].map(echo => nameOf(`sub-01/perf/sub-01_acq-x_run-${echo}_echo-${echo}_dsc.nii.gz`))
    expect(sharedEntities(names)).toEqual({ sub: '01', acq: 'x' })
    expect(sharedEntities([nameOf('sub-01/anat/sub-01_flip-1_inv-2_part-mag_VFA.nii.gz')])).toEqual({ sub: '01' })
    expect(sharedEntities([])).toEqual({})
  })
})

it('tells images from their companions', () => {
  expect(['x_a.nii.gz'.replace('x_', ''), 'a.nii', 'a.json', 'a.nii.json'].map(path => isImage(nameOf(path)))).toEqual([
    true,
    true,
    false,
    false,
  ])
})
