import type { OptionSpec } from './spec.ts'

/** Options of intravoxel incoherent motion. */
export const IVIM_OPTIONS = {
  'ivim-fit': {
    type: 'string',
    section: 'ivim',
    choices: ['segmented', 'nlls', 'bayes', 'fixedd'],
    default: 'segmented',
    describe:
      'Estimator: D and f from high b-values and then D*; all at once by least squares; with a prior learned from the image; D from high b-values and then f and D*',
  },
  'ivim-threshold': {
    type: 'number',
    section: 'ivim',
    default: 200,
    range: [20, 1000],
    unit: 's/mm^2',
    value: 'B',
    describe: 'b-value from which the signal of blood counts as gone',
  },
  'ivim-threshold-rule': {
    type: 'string',
    section: 'ivim',
    choices: ['inclusive', 'strict'],
    default: 'inclusive',
    describe: 'Whether the threshold itself counts as high',
  },
  'ivim-averaging': {
    type: 'string',
    section: 'ivim',
    choices: ['geometric', 'arithmetic'],
    default: 'geometric',
    describe: 'Mean over gradient directions',
  },
  'ivim-organ': {
    type: 'string',
    section: 'ivim',
    choices: ['auto', 'brain', 'kidney', 'liver', 'muscle', 'breast', 'pancreas', 'other'],
    default: 'auto',
    describe: 'Organ, for the mask, the expected values and the recommendations; auto reads BodyPart, else brain',
  },
  'ivim-lesion': {
    type: 'string',
    section: 'ivim',
    fills: 'lesion',
    value: 'FILE',
    describe: 'Mask of a lesion: its voxels have a prior of their own in the Bayesian fit',
  },
  'ivim-force': { type: 'flag', section: 'ivim', describe: 'Also process diffusion series that do not look like IVIM' },
} as const satisfies Record<string, OptionSpec>
