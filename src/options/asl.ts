import type { OptionSpec } from './spec.ts'

/** Options of arterial spin labelling. */
export const ASL_OPTIONS = {
  'asl-model': {
    type: 'string',
    section: 'asl',
    choices: ['auto', 'single', 'multi', 'buxton'],
    default: 'auto',
    describe:
      'Kinetic model: single is the equation of one delay, multi fits several with the T1 of blood, buxton with a T1 of tissue; auto goes by the delays',
  },
  'asl-m0-scale': {
    type: 'number',
    section: 'asl',
    default: 1,
    range: [1e-6, 1e6],
    value: 'X',
    describe: 'Factor on M0 where series and M0 are scaled differently',
  },
  'asl-m0-fwhm': {
    type: 'number',
    section: 'asl',
    default: 5,
    range: [0, 50],
    unit: 'mm',
    value: 'MM',
    describe: 'Smoothing of M0 within the mask',
  },
  'asl-m0-reference': {
    type: 'string',
    section: 'asl',
    choices: ['voxelwise', 'csf', 'wm'],
    default: 'voxelwise',
    describe: 'What M0 of blood is taken from: each voxel, or one tissue of the brain',
  },
  'asl-m0-recovery': {
    type: 'number',
    section: 'asl',
    range: [0.1, 30],
    unit: 's',
    value: 'S',
    describe: 'Recovery time of a saturation-recovered M0 (GE)',
  },
  'asl-t1-blood': {
    type: 'number',
    section: 'asl',
    range: [0.5, 4],
    word: 'hct',
    unit: 's',
    value: 'S|hct',
    describe: 'T1 of arterial blood; default 1.35, 1.65, 2.09 s at 1.5, 3, 7 T; hct computes it from the haematocrit',
  },
  'asl-t1-tissue': {
    type: 'number',
    section: 'asl',
    range: [0.3, 5],
    unit: 's',
    value: 'S',
    describe: 'T1 of tissue for the recovery of M0 and for buxton; default 1.2, 1.33, 1.92 s at 1.5, 3, 7 T',
  },
  'asl-labeling-efficiency': {
    type: 'number',
    section: 'asl',
    range: [0.01, 1],
    value: 'A',
    describe: 'Labelling efficiency, background suppression included; default by technique',
  },
  'asl-bs-pulses': {
    type: 'number',
    section: 'asl',
    range: [0, 20],
    value: 'N',
    describe: 'Number of background-suppression pulses, over what the sidecar says',
  },
  'asl-lambda': {
    type: 'number',
    section: 'asl',
    default: 0.9,
    range: [0.3, 1.2],
    unit: 'mL/g',
    value: 'L',
    describe: 'Blood-brain partition coefficient',
  },
  'asl-pvc': {
    type: 'string',
    section: 'asl',
    choices: ['none', 'lr'],
    default: 'none',
    describe:
      'Partial-volume correction: lr is linear regression over 5 × 5 voxels, with maps of grey and white matter',
  },
  'asl-outliers': {
    type: 'string',
    section: 'asl',
    choices: ['none', 'score'],
    default: 'none',
    describe:
      'Rejection of outlying differences: score, by their means and by what they do to the variance within tissues',
  },
  'asl-arterial': {
    type: 'string',
    section: 'asl',
    choices: ['auto', 'on', 'off'],
    default: 'auto',
    describe:
      'Blood in arteries in the models of several delays: from six delays on in voxels that call for it, in every voxel, or nowhere',
  },
  'asl-organ': {
    type: 'string',
    section: 'asl',
    choices: ['brain', 'body'],
    default: 'brain',
    describe:
      'Organ: body takes all tissue with signal and has no tissue maps, no expected values and no protocol check',
  },
  'asl-te-correction': {
    type: 'string',
    section: 'asl',
    choices: ['off', 'on'],
    default: 'off',
    describe: 'T2* correction where M0 and series differ in echo time',
  },
  'asl-timeseries': { type: 'flag', section: 'asl', describe: 'Also write CBF of every pair' },
} as const satisfies Record<string, OptionSpec>
