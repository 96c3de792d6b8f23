import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { indexDerivative, parseDerivatives } from '../../src/bids/derivatives.ts'
import { makeTree } from './tree.ts'

const root = makeTree({
  'fmriprep-25/dataset_description.json': {
    Name: 'fMRIPrep - fMRI PREProcessing workflow',
    GeneratedBy: [{ Name: 'fMRIPrep' }],
  },
  'fmriprep-25/sub-01/anat/sub-01_desc-brain_mask.nii.gz': '',
  'named/dataset_description.json': { Name: 'My masks: v2' },
  'masks/sub-01/anat/sub-01_desc-brain_mask.nii.gz': '',
  'other/masks/x.txt': '',
  'raw/x.txt': '',
  'broken/dataset_description.json': '{',
})
const names = (...values: string[]) => {
  const asked = parseDerivatives(values)
  return asked.ok ? asked.value.map(({ name }) => name) : asked.message
}

describe('parseDerivatives', () => {
  it('takes the name given, else that of the description, else that of the folder', () => {
    expect(names(`prep=${root}/fmriprep-25`, `${root}/fmriprep-25`)).toEqual(['prep', 'fMRIPrep'])
    expect(names(join(root, 'named'), join(root, 'masks'), join(root, 'broken'), join(root, 'raw'))).toEqual([
      'My-masks-v2',
      'masks',
      'broken',
      'derivative',
    ])
    expect(names()).toEqual([])
  })

  it('refuses what cannot be meant', () => {
    expect(names(`${root}/nowhere`)).toContain('there is no folder')
    expect(names(`${root}/masks`, `${root}/other/masks`)).toContain(`the name masks is taken by ${root}/masks`)
    expect(names(`a=${root}/masks`, `a=${root}/named`)).toContain('the name a is taken')
    expect(names(`raw=${root}/masks`)).toContain('the name raw is the input dataset')
    expect(names(`a:b=${root}/masks`)).toContain('"a:b" is no name')
  })
})

describe('indexDerivative', () => {
  it('passes over participants that it does not have', () => {
    const asked = indexDerivative({ name: 'masks', root: join(root, 'masks') }, ['01', '02'])
    expect(asked).toMatchObject({ ok: true, notes: [], value: { name: 'masks', dataset: { participants: ['01'] } } })
  })

  it('notes a folder without participants', () => {
    expect(indexDerivative({ name: 'other', root: join(root, 'other') })).toMatchObject({
      ok: true,
      notes: [expect.stringContaining('no folder of a participant')],
    })
    expect(indexDerivative({ name: 'gone', root: join(root, 'gone') })).toMatchObject({ ok: false })
  })
})
