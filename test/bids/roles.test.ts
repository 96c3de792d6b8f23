import { describe, expect, it } from 'vitest'
import { parseFilter } from '../../src/bids/filter.ts'
import { type DerivativeRole, findForRole } from '../../src/bids/roles.ts'
import { makeDataset, nameOf } from './tree.ts'

const derivative = (...files: string[]) => {
  const dataset = makeDataset(Object.fromEntries(files.map(file => [file, ''])))
  return { name: 'd', root: dataset.root, dataset }
}
const asl = nameOf('sub-01/perf/sub-01_acq-x_run-1_asl.nii.gz')
const asl2 = nameOf('sub-01/ses-2/perf/sub-01_ses-2_asl.nii.gz')
const find = (role: DerivativeRole, files: string[], image = asl) => findForRole(derivative(...files), role, image)

describe('findForRole', () => {
  it('takes the mask of the run before that of the anatomy, and never that of another run', () => {
    const own = 'sub-01/perf/sub-01_acq-x_run-1_desc-brain_mask.nii.gz'
    const files = [
      'sub-01/anat/sub-01_desc-brain_mask.nii.gz',
      'sub-01/perf/sub-01_acq-x_desc-brain_mask.nii.gz',
      'sub-01/perf/sub-01_acq-x_run-2_desc-brain_mask.nii.gz',
      'sub-01/perf/sub-01_acq-x_run-1_desc-aif_mask.nii.gz',
      'sub-01/perf/sub-01_acq-x_run-1_mod-dsc_desc-brain_mask.nii.gz',
      'sub-01/func/sub-01_task-rest_desc-brain_mask.nii.gz',
      'sub-02/perf/sub-02_acq-x_run-1_desc-brain_mask.nii.gz',
    ]
    expect(find('mask', [...files, own])).toMatchObject({
      chosen: { path: own },
      alternatives: [{ path: files[1] }],
      otherSession: false,
    })
    expect(find('mask', files.slice(2)).chosen).toBeNull()
    expect(find('mask', [files[0]!])).toMatchObject({ chosen: { path: files[0] }, alternatives: [], reason: '' })
  })

  it('finds tissue maps of fMRIPrep, sMRIPrep and ASLPrep, in spaces of the subject', () => {
    const files = [
      'sub-01/anat/sub-01_space-MNI152NLin2009cAsym_label-GM_probseg.nii.gz',
      'sub-01/anat/sub-01_space-MNI152NLin2009cAsym_res-2_label-GM_probseg.nii.gz',
      'sub-01/anat/sub-01_acq-mprage_rec-norm_label-GM_probseg.nii.gz',
      'sub-01/anat/sub-01_acq-mprage_rec-norm_label-WM_probseg.nii.gz',
      'sub-01/anat/sub-01_acq-mprage_rec-norm_label-CSF_probseg.nii.gz',
      'sub-01/anat/sub-01_acq-mprage_rec-norm_space-T1w_label-GM_probseg.nii.gz',
    ]
    expect(find('gm', files)).toMatchObject({ chosen: { path: files[2] }, alternatives: [{ path: files[5] }] })
    expect(find('wm', files).chosen?.path).toBe(files[3])
    expect(find('csf', files).chosen?.path).toBe(files[4])
    expect(find('gm', files.slice(0, 2)).chosen).toBeNull()
  })

  it('finds labels of FreeSurfer where there are no maps, as tissues and as regions', () => {
    const files = ['sub-01/anat/sub-01_desc-aparcaseg_dseg.nii.gz', 'sub-01/anat/sub-01_desc-aseg_dseg.nii.gz']
    for (const role of ['gm', 'wm', 'csf'] as const) expect(find(role, files).chosen?.path).toBe(files[1])
    expect(find('dseg', files).chosen?.path).toBe(files[0])
    expect(find('gm', [...files, 'sub-01/anat/sub-01_label-GM_probseg.nii.gz']).chosen?.path).toContain('probseg')
  })

  it('finds the transform between the run and the T1w image, by its name in other programs and in ours', () => {
    const [ours, back, other, func] = [
      'sub-01/perf/sub-01_acq-x_run-1_mod-asl_from-orig_to-T1w_mode-image_xfm.txt',
      'sub-01/perf/sub-01_acq-x_run-1_from-T1w_to-aslref_mode-image_xfm.txt',
      'sub-01/perf/sub-01_acq-x_run-1_from-aslref_to-T1w_mode-image_desc-coreg_xfm.txt',
      'sub-01/func/sub-01_task-rest_from-boldref_to-T1w_mode-image_xfm.txt',
    ]
    expect(find('xfm', [ours, func]).chosen?.path).toBe(ours)
    expect(find('xfm', [back, other]).chosen?.path).toBe(other)
    expect(find('xfm', [back]).chosen?.path).toBe(back)
    expect(
      find('xfm', [
        func,
        ours.replace('run-1', 'run-2'),
        ours.replace('mod-asl', 'mod-dsc'),
        ours.replace('.txt', '.h5'),
      ]).chosen,
    ).toBeNull()
  })

  it('finds our own tissue maps on the grid of the run', () => {
    const own = 'sub-01/anat/sub-01_label-GM_probseg.nii.gz'
    const run = 'sub-01/perf/sub-01_acq-x_run-1_mod-asl_label-GM_probseg.nii.gz'
    expect(find('gm', [own, run]).chosen?.path).toBe(run)
    expect(find('gm', [own, run], nameOf('sub-01/dwi/sub-01_dwi.nii.gz')).chosen?.path).toBe(own)
  })

  it('prefers the session, then no session, then the only one there is', () => {
    const [one, two, none, three] = [
      'sub-01/ses-1/anat/sub-01_ses-1_desc-brain_mask.nii.gz',
      'sub-01/ses-2/anat/sub-01_ses-2_desc-brain_mask.nii.gz',
      'sub-01/anat/sub-01_desc-brain_mask.nii.gz',
      'sub-01/ses-3/anat/sub-01_ses-3_desc-brain_mask.nii.gz',
    ]
    expect(find('mask', [one, two, none], asl2)).toMatchObject({ chosen: { path: two }, alternatives: [] })
    expect(find('mask', [one, none], asl2)).toMatchObject({ chosen: { path: none }, otherSession: false })
    expect(find('mask', [one], asl2)).toMatchObject({
      chosen: { path: one },
      otherSession: true,
      reason: 'it is of another session, the only one there is',
    })
    const undecided = find('mask', [one, three], asl2)
    expect(undecided).toMatchObject({ chosen: null, alternatives: [{ path: one }, { path: three }] })
    expect(undecided.reason).not.toBe('')
  })

  it('says that it has chosen among equals', () => {
    const files = ['a', 'b'].map(acq => `sub-01/anat/sub-01_acq-${acq}_desc-brain_mask.nii.gz`)
    expect(find('mask', files)).toMatchObject({ chosen: { path: files[0] }, alternatives: [{ path: files[1] }] })
    expect(find('mask', files).reason).toContain('of 2 that could serve')
  })

  it('lets the filter file choose', () => {
    const files = ['a', 'b'].map(acq => `sub-01/anat/sub-01_acq-${acq}_desc-brain_mask.nii.gz`)
    const filter = parseFilter('{"mask": {"acquisition": "b"}}', 'f.json')
    const match = findForRole(derivative(...files), 'mask', asl, filter.ok ? filter.value : null)
    expect(match).toMatchObject({ chosen: { path: files[1] }, alternatives: [] })
  })

  it.each([
    ['dseg', 'sub-01/anat/sub-01_dseg.nii.gz'],
    ['dseg', 'sub-01/anat/sub-01_desc-aparcaseg_dseg.nii.gz'],
    ['t1w', 'sub-01/anat/sub-01_desc-preproc_T1w.nii.gz'],
    ['t1map', 'sub-01/anat/sub-01_desc-vfa_T1map.nii.gz'],
    ['t1map', 'sub-01/anat/sub-01_R1map.nii'],
    ['b1', 'sub-01/fmap/sub-01_TB1map.nii.gz'],
    ['m0', 'sub-01/perf/sub-01_acq-x_m0scan.nii.gz'],
    ['adc', 'sub-01/dwi/sub-01_model-adc_param-ADC_dwimap.nii.gz'],
    ['adc', 'sub-01/dwi/sub-01_ADC.nii.gz'],
    ['aif', 'sub-01/perf/sub-01_desc-AIF_mask.nii.gz'],
    ['aif', 'sub-01/perf/sub-01_AIF.tsv'],
  ] as const)('fills %s by %s', (role, file) => {
    const others = [
      'sub-01/perf/sub-01_mod-asl_desc-fitstatus_dseg.nii.gz',
      file.replace(/\.(nii(\.gz)?|tsv)$/, '.json'),
    ]
    expect(find(role, [...others, file]).chosen?.path).toBe(file)
    expect(find(role, others).chosen).toBeNull()
  })
})
