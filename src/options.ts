/** One option of the command: the single source of the command line, the TOML file, the docs and the Boutiques descriptor. */
export interface OptionSpec {
  readonly type: 'flag' | 'count' | 'string' | 'number' | 'strings'
  /** Other spellings. */
  readonly alias?: readonly string[]
  /** Section of the TOML file and heading of the help. */
  readonly section: 'execution' | 'asl' | 'dsc' | 'dce' | 'ivim'
  readonly describe: string
  readonly choices?: readonly string[]
  readonly default?: string | number | boolean
  /** Closed range of a number. */
  readonly range?: readonly [number, number]
  readonly unit?: string
  /** Placeholder in the help. */
  readonly value?: string
  /** Accepted for familiarity, without effect: what to say about it, once. */
  readonly noEffect?: string
  /** Choices of the contract that this version cannot do; asking for one is refused with this sentence. */
  readonly notYet?: Readonly<Record<string, string>>
  /** A word that is accepted in place of a number. */
  readonly word?: string
  /** The value is a file that serves in this role, in the runs of the option's section (of all techniques in `execution`); NAME=PATH where it is a list. */
  readonly fills?: string
  /** Words that are accepted in place of a file. */
  readonly words?: readonly string[]
}

const list = { type: 'strings' } as const

/** The option table. Names as they are typed, without the dashes. */
export const OPTIONS = {
  'participant-label': {
    ...list,
    alias: ['participant_label'],
    section: 'execution',
    value: 'LABEL',
    describe: 'Participants to process, with or without sub-; default all',
  },
  'session-label': {
    ...list,
    alias: ['session-id'],
    section: 'execution',
    value: 'LABEL',
    describe: 'Sessions to process, with or without ses-; default all',
  },
  modalities: {
    ...list,
    alias: ['m'],
    section: 'execution',
    choices: ['asl', 'dsc', 'ivim'],
    value: 'NAME',
    describe: 'Techniques to process; default all that the dataset holds',
  },
  'bids-filter-file': {
    type: 'string',
    section: 'execution',
    value: 'FILE',
    describe:
      'JSON {query: {entity: value}} that narrows what is matched; queries asl m0scan dsc dce dwi vfa irt1 t1map b1 t1w mask dseg aif',
  },
  derivatives: {
    ...list,
    alias: ['d'],
    section: 'execution',
    value: '[NAME=]PATH',
    describe: 'Other derivative datasets: masks, tissue maps, segmentations',
  },
  atlas: {
    ...list,
    section: 'execution',
    fills: 'dseg',
    value: 'NAME=PATH',
    describe: 'Label image with its _dseg.tsv for region statistics',
  },
  'skip-bids-validation': {
    type: 'flag',
    alias: ['skip_bids_validation', 'skip_bids_validator'],
    section: 'execution',
    describe: 'Do not validate the dataset',
  },
  'work-dir': {
    type: 'string',
    alias: ['w'],
    section: 'execution',
    value: 'DIR',
    noEffect: 'nothing is spilled; all is written in the output folder',
    describe: 'Accepted; nothing is spilled, all is written in the output folder',
  },
  nprocs: {
    type: 'number',
    alias: ['nthreads', 'n-cpus', 'n_cpus'],
    section: 'execution',
    range: [1, 4096],
    value: 'N',
    describe: 'Runs at once; default the smallest of affinity, cgroup and batch grant',
  },
  mem: {
    type: 'string',
    alias: ['mem-mb', 'mem_mb'],
    section: 'execution',
    value: 'SIZE',
    describe: 'Memory for all runs together: MB, or with K M G T; default 90 % of what cgroup, grant and machine allow',
  },
  mem_gb: { type: 'number', section: 'execution', range: [0.5, 1e6], value: 'GB', describe: 'The same in GB' },
  'config-file': {
    type: 'string',
    section: 'execution',
    value: 'FILE',
    describe: 'TOML file with these options in sections [execution] [asl] [dsc] [ivim]; the command line wins',
  },
  'dry-run': {
    type: 'flag',
    section: 'execution',
    describe: 'Print the plan (what was matched and why, what will be written) and touch nothing',
  },
  json: { type: 'flag', section: 'execution', describe: 'With --dry-run: the plan as JSON' },
  'list-participants': {
    type: 'flag',
    section: 'execution',
    describe: 'Print the labels of the participants that have runs, one a line',
  },
  'force-rerun': { type: 'flag', section: 'execution', describe: 'Process runs that are complete already' },
  'stop-on-first-crash': { type: 'flag', section: 'execution', describe: 'Stop at the first run that crashes' },
  'reports-only': { type: 'flag', section: 'execution', describe: 'Rebuild the reports from the derivatives' },
  'random-seed': {
    type: 'number',
    section: 'execution',
    default: 1,
    range: [0, 4294967295],
    value: 'N',
    describe: 'Seed of everything random',
  },
  fill: {
    type: 'string',
    section: 'execution',
    choices: ['nan', '0'],
    default: 'nan',
    describe: 'What a voxel inside the mask without estimate holds',
  },
  verbose: { type: 'count', alias: ['v'], section: 'execution', describe: 'Say more; -vv says all' },
  'output-spaces': { ...list, section: 'execution', value: 'SPACE', describe: 'Grid of the maps: native (or asl)' },
  'motion-correction': {
    type: 'string',
    section: 'execution',
    choices: ['on', 'off'],
    default: 'on',
    describe: 'Head motion correction (this version has none; reports say so)',
  },
  smooth: {
    type: 'number',
    section: 'execution',
    default: 0,
    range: [0, 20],
    unit: 'mm',
    value: 'MM',
    describe: 'Smooth the series within the mask, full width at half maximum',
  },
  mask: {
    type: 'string',
    section: 'execution',
    fills: 'mask',
    value: 'FILE',
    describe: 'Brain (or organ) mask to use in place of the automatic one',
  },
  hematocrit: {
    type: 'number',
    section: 'execution',
    range: [0, 100],
    value: 'H',
    describe: 'Haematocrit as a fraction (above 1: percent); default sidecar, participants.tsv, then 0.45',
  },
  notrack: {
    type: 'flag',
    section: 'execution',
    noEffect: 'nothing is ever sent anywhere',
    describe: 'Accepted; nothing is ever sent anywhere',
  },
  'bids-database-dir': {
    type: 'string',
    section: 'execution',
    value: 'DIR',
    noEffect: 'no database is needed',
    describe: 'Accepted; no database is needed',
  },
  'omp-nthreads': {
    type: 'number',
    alias: ['omp_nthreads'],
    section: 'execution',
    value: 'N',
    noEffect: 'a run is one thread',
    describe: 'Accepted; a run is one thread',
  },
  'clean-workdir': {
    type: 'flag',
    section: 'execution',
    noEffect: 'no work files are kept',
    describe: 'Accepted; no work files are kept',
  },
  'md-only-boilerplate': {
    type: 'flag',
    section: 'execution',
    noEffect: 'the boilerplate is Markdown only',
    describe: 'Accepted; the boilerplate is Markdown only',
  },
  'boilerplate-only': {
    type: 'flag',
    section: 'execution',
    noEffect: 'the boilerplate is written with the results',
    describe: 'Accepted; the boilerplate is written with the results',
  },
  'write-graph': {
    type: 'flag',
    section: 'execution',
    noEffect: 'use --dry-run --json for the plan',
    describe: 'Accepted; see --dry-run --json',
  },
  'resource-monitor': {
    type: 'flag',
    section: 'execution',
    noEffect: 'times and memory are in the provenance of each run',
    describe: 'Accepted; times are in the provenance',
  },
  'low-mem': {
    type: 'flag',
    section: 'execution',
    noEffect: 'memory is bounded by --mem',
    describe: 'Accepted; memory is bounded by --mem',
  },
  'asl-model': {
    type: 'string',
    section: 'asl',
    choices: ['auto', 'single', 'multi', 'buxton'],
    default: 'auto',
    describe: 'Kinetic model',
    notYet: {
      multi: 'several delays are not quantified by this version',
      buxton: 'the general kinetic model is not fitted by this version',
    },
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
    describe: 'T1 of tissue for the recovery of M0; default 1.2, 1.33, 1.92 s at 1.5, 3, 7 T',
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
    describe: 'Partial-volume correction',
    notYet: { lr: 'partial-volume correction is not part of this version' },
  },
  'asl-outliers': {
    type: 'string',
    section: 'asl',
    choices: ['none', 'score'],
    default: 'none',
    describe: 'Rejection of outlying pairs',
    notYet: { score: 'outlier rejection is not part of this version' },
  },
  'asl-arterial': {
    type: 'string',
    section: 'asl',
    choices: ['auto', 'on', 'off'],
    default: 'auto',
    describe: 'Arterial component of the multi-delay model',
    notYet: { on: 'an arterial component needs several delays, which this version does not quantify' },
  },
  'asl-organ': {
    type: 'string',
    section: 'asl',
    choices: ['brain', 'body'],
    default: 'brain',
    describe: 'Organ',
    notYet: { body: 'organs other than the brain are not part of this version' },
  },
  'asl-te-correction': {
    type: 'string',
    section: 'asl',
    choices: ['off', 'on'],
    default: 'off',
    describe: 'T2* correction where M0 and series differ in echo time',
    notYet: { on: 'the correction for differing echo times is not part of this version' },
  },
  'asl-timeseries': { type: 'flag', section: 'asl', describe: 'Also write CBF of every pair' },
  'dsc-deconvolution': {
    type: 'string',
    section: 'dsc',
    choices: ['osvd', 'csvd', 'ssvd', 'vm'],
    default: 'osvd',
    describe:
      'Deconvolution: circular with an oscillation limit, circular, not circular (depends on delay), vascular model (slower)',
    notYet: { vm: 'the vascular model is not part of this version' },
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

/** Name of an option, as it is typed. */
export type OptionName = keyof typeof OPTIONS

type ValueOf<S extends OptionSpec> = S['type'] extends 'flag'
  ? boolean
  : S['type'] extends 'count'
    ? number
    : S['type'] extends 'strings'
      ? readonly string[] | undefined
      : S['type'] extends 'number'
        ? (S extends { word: infer W } ? number | W : number) | (S extends { default: number } ? never : undefined)
        : S extends { choices: readonly (infer C)[] }
          ? C
          : string | (S extends { default: string } ? never : undefined)

/** Every option with its value; undefined where none was given and there is no default. Frozen. */
export type Options = { readonly [N in OptionName]: ValueOf<(typeof OPTIONS)[N]> }

/** A file that an option puts into a role. */
export interface FileOption {
  readonly option: OptionName
  readonly role: string
  /** The technique whose runs it is for; `execution` means all. */
  readonly section: OptionSpec['section']
  readonly path: string
  /** Words that the option takes in place of a file. */
  readonly words: readonly string[]
  /** The name that it was given, NAME=PATH. */
  readonly name?: string
}

/** The files that the options put into roles, in the order of the option table. */
export function fileOptions(options: Options): FileOption[] {
  return OPTION_NAMES.flatMap(option => {
    const { fills: role, words = [], section }: OptionSpec = OPTIONS[option]
    const value = options[option]
    if (role === undefined || value === undefined) return []
    if (typeof value === 'string') return words.includes(value) ? [] : [{ option, role, section, words, path: value }]
    if (!Array.isArray(value)) return []
    return value.map((text: string): FileOption => {
      const at = text.indexOf('=')
      return { option, role, section, words, path: text.slice(at + 1), ...(at > 0 ? { name: text.slice(0, at) } : {}) }
    })
  })
}

const OPTION_NAMES = Object.keys(OPTIONS).filter((name): name is OptionName => Object.hasOwn(OPTIONS, name))

/** The options when nothing is asked. */
export function defaultOptions(): Options {
  const values: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries<OptionSpec>(OPTIONS))
    values[name] = spec.type === 'flag' ? false : spec.type === 'count' ? 0 : spec.default
  return Object.freeze(values) as Options
}
