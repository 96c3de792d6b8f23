import type { OptionSpec } from './spec.ts'

/** Options of dynamic susceptibility contrast. */
export const DSC_OPTIONS = {
  'dsc-deconvolution': {
    type: 'string',
    section: 'dsc',
    choices: ['osvd', 'csvd', 'ssvd', 'vm'],
    default: 'osvd',
    describe:
      'Deconvolution: circular with an oscillation limit, circular, not circular (depends on delay), vascular model (slower)',
  },
  'dsc-oi-limit': {
    type: 'number',
    section: 'dsc',
    default: 0.035,
    range: [0.001, 1],
    value: 'X',
    describe: 'Largest oscillation index of osvd; stroke volumes are written at 0.035 only',
  },
  'dsc-leakage': {
    type: 'string',
    section: 'dsc',
    choices: ['bsw', 'bidirectional', 'none'],
    default: 'bsw',
    describe: 'Leakage correction of CBV; the uncorrected map is always beside it',
  },
  'dsc-aif': {
    type: 'string',
    section: 'dsc',
    fills: 'aif',
    words: ['auto', 'local'],
    default: 'auto',
    value: 'auto|local|FILE',
    describe:
      'Arterial input: found in the image, also voxel by voxel from arteries nearby, or a mask or table (_aif.tsv)',
  },
  'dsc-aif-scale': {
    type: 'string',
    section: 'dsc',
    choices: ['none', 'vof'],
    default: 'none',
    describe: 'Scale the arterial curve to the area of a venous one',
  },
  'dsc-te': {
    type: 'number',
    section: 'dsc',
    range: [0.001, 0.2],
    unit: 's',
    value: 'S',
    describe: 'Echo time of single-echo series, over what the sidecar says',
  },
  'dsc-lesion': {
    type: 'string',
    section: 'dsc',
    fills: 'lesion',
    value: 'FILE',
    describe:
      'Mask of pathology: kept out of arterial input, reference curve and white matter; CBV is leakage-corrected in it',
  },
} as const satisfies Record<string, OptionSpec>
