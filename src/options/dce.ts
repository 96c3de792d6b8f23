import { list, type OptionSpec } from './spec.ts'

/** What can be written in place of a file as the arterial input of DCE. */
const AIF_WORDS = [
  'auto',
  'parker',
  'georgiou',
  'weinmann',
  'fritzhansen',
  'orton',
  'manning',
  'heye',
  'mcgrath',
] as const

/** Options of dynamic contrast enhancement. */
export const DCE_OPTIONS = {
  'dce-model': {
    ...list,
    section: 'dce',
    choices: ['auto', 'steady', 'patlak', 'tofts', 'etofts', '2cum', '2cxm', '1c', 'aath', '2cfm', 'liver'],
    value: 'NAME',
    describe:
      'Kinetic models to fit, of several the best by AICc in each voxel; auto fits those that the data can support; default by --dce-organ, else etofts',
  },
  'dce-organ': {
    type: 'string',
    section: 'dce',
    choices: ['auto', 'brain', 'kidney', 'liver', 'other'],
    default: 'auto',
    describe:
      'Organ, for models, mask and expected values: brain fits patlak and etofts, kidney 2cfm, liver its dual-inlet model, other etofts; auto reads BodyPart for the mask only',
  },
  'dce-fit': {
    type: 'string',
    section: 'dce',
    choices: ['nlls', 'lls'],
    default: 'nlls',
    describe: 'Nonlinear least squares, or the linear form of the model',
  },
  'dce-aif': {
    type: 'string',
    section: 'dce',
    fills: 'aif',
    words: AIF_WORDS,
    default: 'auto',
    value: 'NAME|FILE',
    describe:
      'Arterial input: auto (of the dataset, else found in the series, else parker), parker, georgiou, weinmann, fritzhansen, orton, manning, heye, mcgrath, or a file (mask, or table with time and concentration)',
  },
  'dce-aif-basis': {
    type: 'string',
    section: 'dce',
    choices: ['auto', 'blood', 'plasma'],
    default: 'auto',
    describe: 'What the concentration of an arterial table is in; auto reads AIFBasis, else blood',
  },
  'dce-t1': {
    type: 'number',
    section: 'dce',
    range: [0.05, 10],
    word: 'auto',
    unit: 's',
    value: 'auto|S',
    describe: 'T1 of tissue before contrast: auto takes maps or fits them, a number is assumed everywhere',
  },
  'dce-t1-fit': {
    type: 'string',
    section: 'dce',
    choices: ['nonlinear', 'weighted', 'linear'],
    default: 'nonlinear',
    describe:
      'Least squares of T1 from variable flip angles: of the signal, or of its linear form with or without weights',
  },
  'dce-conversion': {
    type: 'string',
    section: 'dce',
    choices: ['spgr', 'linear'],
    default: 'spgr',
    describe:
      'Signal to concentration: by the equation of the spoiled gradient echo, or as proportional to the relative enhancement',
  },
  'dce-relaxivity': {
    type: 'number',
    section: 'dce',
    range: [0.5, 100],
    unit: '1/s/mM',
    value: 'R',
    describe: 'Longitudinal relaxivity; default by agent and field strength, 4.5 where the agent is not known',
  },
  'dce-agent': {
    type: 'string',
    section: 'dce',
    value: 'NAME',
    describe: 'Contrast agent by its generic name; default ContrastAgent of the sidecar',
  },
  'dce-dose': {
    type: 'number',
    section: 'dce',
    range: [0.001, 1],
    unit: 'mmol/kg',
    value: 'D',
    describe: 'Dose, for population-averaged inputs; default ContrastDose of the sidecar, else that of the population',
  },
  'dce-delay': {
    type: 'string',
    section: 'dce',
    choices: ['global', 'none', 'voxel'],
    default: 'global',
    describe: 'Delay between arterial input and tissue: one for all, none, or one of each voxel',
  },
  'dce-timeseries': {
    type: 'flag',
    section: 'dce',
    describe: 'Also write the concentration series and the signal that each model gives',
  },
} as const satisfies Record<string, OptionSpec>
