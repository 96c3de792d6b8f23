import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileOf, filesToValidate, indexDataset, inSelectedSessions, participantRow } from '../../src/bids/dataset.ts'
import { datasetAt, makeDataset, makeTree, nameOf } from './tree.ts'

const paths = (dataset: { files: readonly { path: string }[] }) => dataset.files.map(({ path }) => path)

describe('indexDataset', () => {
  it('lists files with and without sessions and runs, in a fixed order, and enters no other folder', () => {
    const dataset = makeDataset({
      'dataset_description.json': { Name: 'x', BIDSVersion: '1.10.1' },
      README: 'x',
      'asl.json': {},
      'sub-02/perf/sub-02_run-2_asl.nii.gz': '',
      'sub-02/perf/sub-02_run-1_asl.nii.gz': '',
      'sub-02/perf/deeper/sub-02_asl.nii.gz': '',
      'sub-01/ses-b/anat/sub-01_ses-b_T1w.nii.gz': '',
      'sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz': '',
      'sub-01/ses-a/sub-01_ses-a_scans.tsv': '',
      '.git/annex/objects/sub-01_asl.nii.gz': '',
      '.datalad/x_asl.json': '',
      'sourcedata/sub-03/perf/sub-03_asl.nii.gz': '',
      'derivatives/x/sub-03/perf/sub-03_asl.nii.gz': '',
      'code/sub-03_asl.json': '',
    })
    expect(paths(dataset)).toEqual([
      'asl.json',
      'sub-01/ses-a/sub-01_ses-a_scans.tsv',
      'sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz',
      'sub-01/ses-b/anat/sub-01_ses-b_T1w.nii.gz',
      'sub-02/perf/sub-02_run-1_asl.nii.gz',
      'sub-02/perf/sub-02_run-2_asl.nii.gz',
    ])
    expect(dataset.participants).toEqual(['01', '02'])
    expect(dataset.description).toMatchObject({ Name: 'x' })
    expect(dataset.rootFiles).toEqual(['README', 'dataset_description.json'])
    expect(dataset.problems).toEqual([])
    expect(fileOf(dataset, dataset.files[0]!)).toBe(join(dataset.root, 'asl.json'))
  })

  it('follows links to folders, once around', () => {
    const elsewhere = makeTree({ 'images/sub-01_asl.nii.gz': '' })
    const dataset = makeDataset({
      'sub-01/perf': { link: join(elsewhere, 'images') },
      'sub-01/ses-1': { link: '..' },
      'sub-01/anat': { link: '../sub-01' },
      'sub-02': { link: '.' },
      'sub-03/perf/sub-03_asl.nii.gz': '',
      'sub-04': { link: 'sub-03' },
    })
    expect(paths(dataset)).toEqual(['sub-01/perf/sub-01_asl.nii.gz', 'sub-03/perf/sub-03_asl.nii.gz'])
    expect(dataset.leftOut).toEqual([
      { path: 'sub-01/anat', kind: 'folder', reason: 'it is a link to a folder that contains it' },
      { path: 'sub-01/ses-1', kind: 'folder', reason: 'it is a link to a folder that contains it' },
      { path: 'sub-02', kind: 'folder', reason: 'it is a link to a folder that contains it' },
      {
        path: 'sub-04/perf/sub-03_asl.nii.gz',
        kind: 'file',
        reason: 'it has sub-03 in its name and lies in sub-04/perf',
      },
    ])
  })

  it('lists and marks links to content that is not here', () => {
    const annex = '../../.git/annex/objects/xx/yy/MD5E-s1--z.nii.gz/MD5E-s1--z.nii.gz'
    const dataset = makeDataset({
      'sub-01/perf/sub-01_asl.nii.gz': { link: annex },
      'sub-01/perf/sub-01_asl.json': { link: annex },
      'sub-01/perf/sub-01_aslcontext.tsv': 'volume_type\n',
      'participants.tsv': { link: annex },
      'sub-01/perf/sub-01_m0scan.nii.gz': { link: 'sub-01_m0scan.nii.gz' },
      'sub-02': { link: 'nowhere' },
    })
    expect(paths(dataset)).toHaveLength(5)
    expect([...dataset.dangling].sort()).toEqual([
      'participants.tsv',
      'sub-01/perf/sub-01_asl.json',
      'sub-01/perf/sub-01_asl.nii.gz',
      'sub-01/perf/sub-01_m0scan.nii.gz',
    ])
    expect(dataset.problems).toMatchObject([{ code: 'FILE_NOT_FETCHED', file: 'participants.tsv' }])
    expect(dataset.participants).toEqual(['01'])
  })

  it('takes .bidsignore for the list of the validator that it is', () => {
    const files = {
      '.bidsignore': '**/perf/*dsc*\r\n*_dce.*\nmeg/\nsub-pilot/\n**/ses-test/\n# sub-01\n',
      'acq-x_dce.json': '{}',
      'sub-01/perf/sub-01_dsc.nii.gz': '',
      'sub-01/dce/sub-01_acq-x_dce.nii.gz': '',
      'sub-01/meg/sub-01_task-x_meg.fif': '',
      'sub-01/meg/sub-01_coordsystem.json': '{}',
      'sub-01/eeg/sub-01_task-x_eeg.vhdr': '',
      'sub-01/ses-test/perf/sub-01_ses-test_asl.nii.gz': '',
      'sub-pilot/perf/sub-pilot_asl.nii.gz': '',
    }
    const dataset = makeDataset(files)
    expect(paths(dataset)).toEqual([
      'acq-x_dce.json',
      'sub-01/dce/sub-01_acq-x_dce.nii.gz',
      'sub-01/eeg/sub-01_task-x_eeg.vhdr',
      'sub-01/perf/sub-01_dsc.nii.gz',
    ])
    expect(dataset.leftOut.map(({ path }) => path)).toEqual([
      'sub-01/meg/sub-01_coordsystem.json',
      'sub-01/meg/sub-01_task-x_meg.fif',
      'sub-01/ses-test',
      'sub-pilot',
    ])
    expect(paths(makeDataset(files, { participants: ['pilot'] }))).toContain('sub-pilot/perf/sub-pilot_asl.nii.gz')
    expect(paths(makeDataset(files, { sessions: ['ses-test'] }))).toContain(
      'sub-01/ses-test/perf/sub-01_ses-test_asl.nii.gz',
    )
  })

  it('leaves out images whose name is not that of their folder, and keeps sidecars that say less', () => {
    const dataset = makeDataset({
      'sub-01/ses-1/perf/sub-01_asl.nii.gz': '',
      'sub-01/ses-1/perf/sub-01_asl.json': '{}',
      'sub-01/ses-1/perf/sub-01_ses-2_asl.json': '{}',
      'sub-01/sub-01_ses-1_asl.json': '{}',
      'sub-01/perf/sub-02_asl.nii.gz': '',
      'sub-01/perf/notes on sub-01.txt': '',
    })
    expect(paths(dataset)).toEqual(['sub-01/sub-01_ses-1_asl.json', 'sub-01/ses-1/perf/sub-01_asl.json'])
    expect(dataset.leftOut.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      'sub-01/perf/notes on sub-01.txt: its name has not the form of BIDS',
      'sub-01/perf/sub-02_asl.nii.gz: it has sub-02 in its name and lies in sub-01/perf',
      'sub-01/ses-1/perf/sub-01_asl.nii.gz: it has no ses- in its name and lies in sub-01/ses-1/perf',
      'sub-01/ses-1/perf/sub-01_ses-2_asl.json: it has ses-2 in its name and lies in sub-01/ses-1/perf',
    ])
    expect(filesToValidate(dataset)).toHaveLength(6)
  })

  it('says that a folder cannot be listed', () => {
    const root = makeTree({ 'sub-01/anat/sub-01_T1w.nii.gz': '' })
    chmodSync(root, 0o755)
    mkdirSync(join(root, 'sub-01/perf'), { mode: 0 })
    // The superuser may list everything: look with the eyes of nobody.
    const isSuperuser = process.geteuid?.() === 0
    if (isSuperuser) process.seteuid?.(65534)
    try {
      expect(datasetAt(root).problems).toMatchObject([{ code: 'FILE_UNREADABLE', file: 'sub-01/perf' }])
    } finally {
      if (isSuperuser) process.seteuid?.(0)
      chmodSync(join(root, 'sub-01/perf'), 0o700)
    }
  })
})

describe('selection', () => {
  const root = makeTree({
    'sub-01/ses-1/perf/sub-01_ses-1_asl.nii.gz': '',
    'sub-01/ses-2/perf/sub-01_ses-2_asl.nii.gz': '',
    'sub-02/perf/sub-02_asl.nii.gz': '',
    'sub-10/ses-3/perf/sub-10_ses-3_asl.nii.gz': '',
  })

  it('takes participants with or without sub-', () => {
    const dataset = datasetAt(root, { participants: ['sub-10', '02', '02'] })
    expect(dataset.participants).toEqual(['02', '10'])
    expect(paths(dataset)).toEqual(['sub-02/perf/sub-02_asl.nii.gz', 'sub-10/ses-3/perf/sub-10_ses-3_asl.nii.gz'])
    expect(datasetAt(root, { participants: [] }).participants).toEqual(['01', '02', '10'])
  })

  it('keeps all sessions in the index and tells which were asked for', () => {
    const dataset = datasetAt(root, { sessions: ['ses-2'] })
    expect(dataset.files).toHaveLength(4)
    expect(dataset.files.filter(name => inSelectedSessions(dataset, name)).map(({ path }) => path)).toEqual([
      'sub-01/ses-2/perf/sub-01_ses-2_asl.nii.gz',
      'sub-02/perf/sub-02_asl.nii.gz',
    ])
    expect(inSelectedSessions(datasetAt(root), nameOf('sub-01/ses-1/perf/sub-01_ses-1_asl.nii.gz'))).toBe(true)
  })

  it('lists what exists where a label does not', () => {
    expect(indexDataset(root, { participants: ['1', 'sub-02', 'x'] })).toMatchObject({
      ok: false,
      reason: 'no-such-participant',
      missing: ['1', 'x'],
      existing: ['01', '02', '10'],
      message: `no participant sub-1, sub-x in ${root}: it has 01 02 10; give one of these, or in a container, check the bind mounts.`,
    })
    expect(indexDataset(root, { participants: ['01'], sessions: ['3'] })).toMatchObject({
      ok: false,
      reason: 'no-such-session',
      missing: ['3'],
      existing: ['1', '2'],
    })
    expect(indexDataset(root, { participants: ['99'], tolerant: true })).toMatchObject({
      ok: true,
      dataset: { participants: [] },
    })
  })

  it('shortens a long list', () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`sub-${at + 10}/x.json`, '{}']))
    const indexed = indexDataset(makeTree(many), { participants: ['nobody'] })
    expect(indexed.ok ? '' : indexed.message).toMatch(/it has 10 11 .* 29 and 10 more;/)
  })

  it('says that there is no dataset', () => {
    expect(indexDataset(join(root, 'nowhere'))).toMatchObject({ ok: false, reason: 'no-dataset' })
    const file = indexDataset(join(root, 'sub-02/perf/sub-02_asl.nii.gz'))
    expect(file.ok ? '' : file.message).toContain('is not a folder')
    expect(indexDataset(makeTree({ 'x.txt': '' }))).toMatchObject({ ok: true, dataset: { participants: [] } })
    expect(indexDataset(makeTree({ 'x.txt': '' }), { participants: ['1'] })).toMatchObject({
      message: expect.stringContaining('it has no sub- folder'),
    })
  })
})

describe('participants', () => {
  it('gives the row, and that of the session over it', () => {
    const dataset = makeDataset({
      'participants.tsv': '\ufeffparticipant_id\tage\thematocrit\r\nsub-01\t30\t0.4\r\n002\t31\tn/a\r\n\r\n',
      'participants.json': { age: { Units: 'years' } },
      'sub-01/sub-01_sessions.tsv': 'session_id\tage\thematocrit\tdose\nses-1\t33\tn/a\tn/a\n2\t34\t0.38\t1\n',
      'sub-01/ses-1/perf/sub-01_ses-1_asl.nii.gz': '',
      'sub-002/perf/sub-002_asl.nii.gz': '',
    })
    expect(participantRow(dataset, '01')).toEqual({
      participant_id: 'sub-01',
      age: '30',
      age_unit: 'years',
      hematocrit: '0.4',
    })
    expect(participantRow(dataset, 'sub-01', 'ses-1')).toEqual({
      participant_id: 'sub-01',
      session_id: 'ses-1',
      age: '33',
      age_unit: 'years',
      hematocrit: '0.4',
      dose: 'n/a',
    })
    expect(participantRow(dataset, '01', '2')).toMatchObject({ age: '34', hematocrit: '0.38' })
    expect(participantRow(dataset, '002')).toMatchObject({ age: '31' })
    expect(participantRow(dataset, '2')).toEqual({})
    expect(dataset.participantColumns).toEqual({ age: { Units: 'years' } })
  })

  it('does without what cannot be read, and says so', () => {
    const dataset = makeDataset({
      'participants.tsv': 'participant_id\tage\nsub-01\n',
      'dataset_description.json': '{"Name": }',
      'sub-01/sub-01_sessions.tsv': '',
    })
    expect(dataset.problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
      'TSV_INVALID sub-01/sub-01_sessions.tsv',
      'JSON_INVALID dataset_description.json',
      'TSV_INVALID participants.tsv',
    ])
    expect(participantRow(dataset, '01', '1')).toEqual({})
  })
})
