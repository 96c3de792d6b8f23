/**
 * Everything that can be wrong with a dataset, one row each.
 *
 * Data trouble never throws: it becomes a {@link Problem}, a value with a code that can be searched for, a severity
 * and one sentence that names the file, the field, the value and the remedy. Only bugs throw.
 *
 * - `error`: the run is refused.
 * - `partial`: a part of the run's outputs is refused, the rest is written.
 * - `warning`: the numbers stand, and a reader should know this before trusting them.
 * - `info`: a choice that was made and is worth knowing.
 */
export type Severity = 'error' | 'partial' | 'warning' | 'info'

/** Why a run ended without its results; decides the exit code when every run ended for the same one. */
export type Reason = 'validation' | 'data' | 'missing' | 'memory' | 'crash' | 'locked' | 'changed' | 'need'

/** One row of the table of problems: how grave, what it means in general, and (for refusals) which reason. */
export interface ProblemKind {
  readonly severity: Severity
  readonly says: string
  readonly reason?: Reason
}

/** One thing that is wrong (or worth saying) about one dataset, file or run. */
export interface Problem {
  readonly code: ProblemCode
  readonly severity: Severity
  /** One sentence or two: file, field, value, remedy. */
  readonly message: string
  /** The file at fault, relative to its dataset, where there is one. */
  readonly file?: string
  /** The field at fault, where there is one. */
  readonly field?: string
}

/** A value, with what is worth saying about it; or no value, and why. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** The table. A code is added here before it can be used; a misspelt one does not compile. */
export const PROBLEMS = {
  // files
  FILE_NOT_FETCHED: {
    severity: 'error',
    reason: 'missing',
    says: 'The file is a link whose content is not on this machine (DataLad, git-annex).',
  },
  FILE_MISSING: {
    severity: 'error',
    reason: 'missing',
    says: 'A file that the run cannot do without is not in the dataset.',
  },
  FILE_UNREADABLE: { severity: 'error', reason: 'data', says: 'The file is there and cannot be read.' },
  FILE_TOO_LARGE: {
    severity: 'error',
    reason: 'data',
    says: 'A sidecar or table is far larger than any that describes a scan.',
  },
  FILE_CHANGED: {
    severity: 'error',
    reason: 'changed',
    says: 'A file changed while the run that reads it was under way: nothing of that run is written.',
  },
  JSON_INVALID: { severity: 'error', reason: 'data', says: 'A sidecar is not valid JSON, or not a JSON object.' },
  TSV_INVALID: { severity: 'error', reason: 'data', says: 'A table is not a valid BIDS TSV.' },
  VALIDATION_FAILED: {
    severity: 'error',
    reason: 'validation',
    says: 'The BIDS validator found an error in a file that this run reads.',
  },
  VALIDATOR_UNAVAILABLE: {
    severity: 'warning',
    says: 'The BIDS validator could not be run; the dataset was not validated.',
  },
  // NIfTI
  NIFTI_HEADER: {
    severity: 'error',
    reason: 'data',
    says: 'The file does not begin with a NIfTI-1 or NIfTI-2 header.',
  },
  NIFTI_DATATYPE: {
    severity: 'error',
    reason: 'data',
    says: 'The voxel type is not a real number (RGB, complex) or not known.',
  },
  NIFTI_DIMENSIONS: {
    severity: 'error',
    reason: 'data',
    says: 'The dimensions in the header are impossible or are not those of an image series.',
  },
  NIFTI_SIZE: {
    severity: 'error',
    reason: 'data',
    says: 'The header promises more (or less) voxels than the file holds.',
  },
  NIFTI_CORRUPT: { severity: 'error', reason: 'data', says: 'The compressed stream is truncated or damaged.' },
  NIFTI_TOO_LARGE: {
    severity: 'error',
    reason: 'memory',
    says: 'The image does not fit into the memory of this machine.',
  },
  NIFTI_NO_ORIENTATION: { severity: 'warning', says: 'Neither qform nor sform is set: left and right are not known.' },
  // metadata
  FIELD_MISSING: {
    severity: 'error',
    reason: 'data',
    says: 'A field that the method cannot be computed without is absent.',
  },
  FIELD_INVALID: {
    severity: 'error',
    reason: 'data',
    says: 'A field has a value of the wrong type or an impossible value.',
  },
  FIELD_UNIT_SUSPECT: {
    severity: 'error',
    reason: 'data',
    says: 'A time looks like milliseconds where BIDS asks for seconds.',
  },
  FIELD_UNUSUAL: { severity: 'warning', says: 'A field is outside what is usual; it is used as it stands.' },
  LENGTHS_DISAGREE: {
    severity: 'error',
    reason: 'data',
    says: 'An array in the metadata has another length than the image or the table it describes.',
  },
  NOT_SUPPORTED: {
    severity: 'error',
    reason: 'data',
    says: 'The acquisition is valid and this version has no method for it.',
  },
  // ASL
  ASLCONTEXT_MISSING: { severity: 'error', reason: 'missing', says: 'The table of volume types is absent.' },
  ASLCONTEXT_INVALID: { severity: 'error', reason: 'data', says: 'The table of volume types cannot be used.' },
  CONTROL_LABEL_UNEQUAL: { severity: 'error', reason: 'data', says: 'Controls and labels cannot be paired.' },
  LABEL_CONTROL_SWAPPED: {
    severity: 'warning',
    says: 'Control minus label is negative over the brain: the volume types may be swapped.',
  },
  DELAYS_TOO_FEW: {
    severity: 'error',
    reason: 'data',
    says: 'The series has too few delays for the model that was asked for.',
  },
  LABELLING_ASYMMETRIC: {
    severity: 'warning',
    says: 'Perfusion differs between territories of the brain, while M0 and noise do not: labelling may have failed in an artery.',
  },
  DELAY_DEPARTS: {
    severity: 'warning',
    says: 'The signal of one delay does not go with the fit to all: its labelling may have failed.',
  },
  TISSUE_MAPS_MISSING: {
    severity: 'partial',
    says: 'A correction needs maps of grey and white matter that are not there.',
  },
  OUTLIERS_FEW_LEFT: {
    severity: 'warning',
    says: 'Few differences are left after the outliers, or were there at all.',
  },
  BOLUS_DURATION_UNKNOWN: {
    severity: 'warning',
    says: 'The duration of a pulsed bolus that was not cut off is not told by the inversion times; the longest that fits was taken.',
  },
  PASL_WITHOUT_CUTOFF: {
    severity: 'error',
    reason: 'data',
    says: 'Pulsed labelling without a bolus cut-off has an unknown bolus duration.',
  },
  SLICE_TIMING_MISSING: {
    severity: 'error',
    reason: 'data',
    says: 'A 2D readout without SliceTiming has an unknown delay in all but the first slice.',
  },
  M0_MISSING: {
    severity: 'partial',
    says: 'There is no usable M0: absolute CBF is refused, the relative map is written.',
  },
  M0_INVALID: {
    severity: 'partial',
    says: 'The M0 image cannot calibrate the series: absolute CBF is refused, the relative map is written.',
  },
  M0_RECOVERY_UNKNOWN: {
    severity: 'warning',
    says: 'The M0 of this vendor is saturation-recovered and its recovery time is not stated.',
  },
  M0_SCALE_SUSPECT: {
    severity: 'warning',
    says: 'The ratio of perfusion signal to M0 is not physiological: the two images may be scaled differently.',
  },
  M0_ECHO_TIME_DIFFERS: { severity: 'warning', says: 'M0 and the series have different echo times.' },
  M0_CHOSEN: { severity: 'info', says: 'The M0 image was chosen without an IntendedFor that names the series.' },
  BS_PULSES_UNKNOWN: {
    severity: 'warning',
    says: 'Background suppression is on and the number of its pulses is not stated.',
  },
  ADULT_CONSTANTS: { severity: 'warning', says: 'Adult constants were used for a neonate.' },
  ONE_DELTAM: { severity: 'info', says: 'There is one difference image only: no standard error can be given.' },
  PAIRS_DISAGREE: { severity: 'warning', says: 'TotalAcquiredPairs is not the number of pairs in the series.' },
  // IVIM
  BVAL_INVALID: { severity: 'error', reason: 'data', says: 'The file of b-values cannot be used.' },
  BVEC_INVALID: { severity: 'error', reason: 'data', says: 'The file of gradient directions cannot be used.' },
  B0_MISSING: {
    severity: 'error',
    reason: 'data',
    says: 'There is no volume without diffusion weighting (b of at most 5 s/mm²).',
  },
  B0_NOT_MEASURED: {
    severity: 'warning',
    says: 'The smallest b-value is not 0: the signal at 0 is fitted, where the segmented fit would take it as measured.',
  },
  B_VALUES_TOO_FEW: { severity: 'error', reason: 'data', says: 'The b-values support no estimate at all.' },
  B_VALUES_LIMITED: {
    severity: 'warning',
    says: 'The b-values support some of the parameters only; the others are not written.',
  },
  B_VALUES_WEAK: {
    severity: 'warning',
    says: 'The b-values or the signal-to-noise ratio give a parameter a large uncertainty.',
  },
  DIRECTIONS_DIFFER: { severity: 'warning', says: 'The b-values were not all measured in the same directions.' },
  DIRECTIONS_FEW: {
    severity: 'warning',
    says: 'There are fewer than three directions: diffusion in anisotropic tissue depends on them.',
  },
  TRACE_SUSPECT: {
    severity: 'warning',
    says: 'Many volumes without direction share few b-values: a converter may have lost the b-values of a trace series.',
  },
  NOISE_FLOOR: {
    severity: 'warning',
    says: 'The signal at the highest b-values is near the noise: D is underestimated.',
  },
  RUNS_JOINED: { severity: 'info', says: 'Several series were taken as one scan.' },
  // DSC
  SERIES_BY_NAME: {
    severity: 'info',
    says: 'A contrast series was recognised by another name than the first of those that are looked for.',
  },
  TIMING_DISAGREES: {
    severity: 'error',
    reason: 'data',
    says: 'Two statements of the time between volumes differ.',
  },
  ECHOES_DISAGREE: {
    severity: 'error',
    reason: 'data',
    says: 'The echoes of a series do not belong together.',
  },
  BOLUS_MISSING: {
    severity: 'error',
    reason: 'data',
    says: 'No bolus of contrast agent arrives in the series, or no volume precedes it.',
  },
  BASELINE_TOO_SHORT: {
    severity: 'error',
    reason: 'data',
    says: 'The bolus arrives before there are enough volumes to know the signal without it.',
  },
  TAIL_TRUNCATED: {
    severity: 'warning',
    says: 'The series ends before the bolus has passed: areas under curves are cut short.',
  },
  SLICE_TIMES_UNKNOWN: {
    severity: 'warning',
    says: 'The slices of a 2D readout were acquired one after the other at unknown times.',
  },
  AIF_INVALID: { severity: 'error', reason: 'data', says: 'The arterial input that was given cannot be used.' },
  AIF_NOT_FOUND: {
    severity: 'partial',
    says: 'No artery was found: maps that need its curve are refused, the others are written.',
  },
  AIF_SATURATED: {
    severity: 'warning',
    says: 'The signal in arteries falls to the noise: the peak of the arterial curve is cut off.',
  },
  AIF_SUSPECT: { severity: 'warning', says: 'The arterial curve is later or broader than arteries are.' },
  AIF_UNSCALED: {
    severity: 'info',
    says: 'The arterial curve is a concentration and the relaxivities are not stated: only relative maps can be had.',
  },
  DELAY_SENSITIVE: {
    severity: 'warning',
    says: 'A method was asked for whose result depends on the delay of the bolus.',
  },
  LEAKAGE_UNKNOWN: {
    severity: 'partial',
    says: 'Leakage correction was asked for and could not be computed; the uncorrected map stands alone.',
  },
  WHITE_MATTER_GUESSED: {
    severity: 'warning',
    says: 'White matter was taken from the series itself: ratios to it have low confidence.',
  },
  WHITE_MATTER_MISSING: {
    severity: 'partial',
    says: 'Too little white matter was found: ratios to it are refused, the other maps are written.',
  },
  STROKE_VOLUMES_REFUSED: {
    severity: 'info',
    says: 'Volumes of delayed perfusion are not given, for the run does not support them.',
  },
  // T1 and DCE
  TIMING_UNKNOWN: {
    severity: 'error',
    reason: 'data',
    says: 'When the volumes of a dynamic series were acquired is not known, and is never guessed.',
  },
  SEQUENCE_UNKNOWN: {
    severity: 'partial',
    says: 'Excitation TR or flip angle cannot be used: no concentration, only the semi-quantitative maps are written.',
  },
  T1_MISSING: {
    severity: 'partial',
    says: 'There is no T1 before contrast: no concentration, only the semi-quantitative maps are written.',
  },
  T1_INVALID: {
    severity: 'partial',
    says: 'The T1 map cannot be used (milliseconds, another place): only the semi-quantitative maps are written.',
  },
  BASELINE_SHORT: {
    severity: 'partial',
    says: 'A single volume precedes the contrast agent: no concentration, only the semi-quantitative maps are written.',
  },
  BASELINE_FEW: {
    severity: 'warning',
    says: 'Few volumes precede the contrast agent: their noise enters every concentration.',
  },
  AIF_UNUSABLE: {
    severity: 'partial',
    says: 'The arterial input cannot be used (columns, units, basis, reach): no kinetic model is fitted.',
  },
  MODEL_UNSUPPORTED: {
    severity: 'partial',
    says: 'A kinetic model that was asked for cannot be fitted to these data.',
  },
  PLASMA_UNCERTAIN: {
    severity: 'warning',
    says: 'The volumes are too far apart to show the first pass, which tells vp.',
  },
  AIF_FALLBACK: {
    severity: 'warning',
    says: 'No arterial input that can be believed was found in the series; a population average was used.',
  },
  AIF_DOUBTFUL: { severity: 'warning', says: 'The arterial input is unusual, and is used as it is.' },
  AIF_FOUND: { severity: 'info', says: 'The arterial input was found in the series by rule.' },
  AIF_UNASSIGNED: {
    severity: 'warning',
    says: 'An arterial table could belong to several series, and is used for none.',
  },
  T1_ASSUMED: { severity: 'warning', says: 'One T1 was assumed for all tissue.' },
  RELAXIVITY_ASSUMED: {
    severity: 'warning',
    says: 'The contrast agent is not known; a common relaxivity was assumed.',
  },
  B1_INVALID: {
    severity: 'warning',
    says: 'The B1 map cannot be used; neither the T1 fit nor the concentration is corrected for B1.',
  },
  B1_ONE_SIDED: {
    severity: 'partial',
    says: 'T1 was fitted with B1, and the conversion has none: no quantitative maps.',
  },
  SIGNAL_LIMIT: {
    severity: 'warning',
    says: 'Signals exceed what the signal equation allows; those voxels have no concentration.',
  },
  KIDNEY_UNMASKED: {
    severity: 'warning',
    says: 'Which voxels are kidney is not known; no table of renal function is written.',
  },
  FRAMES_UNEVEN: { severity: 'info', says: 'The volumes are unevenly spaced; their true times are used.' },
  REPETITION_TIME_TAKEN: {
    severity: 'info',
    says: 'RepetitionTime, which BIDS has for the time between volumes, was taken as the excitation TR.',
  },
  DELAY_UNCERTAIN: { severity: 'warning', says: 'The delay of the arterial input cannot be had; none was applied.' },
  // images
  MASK_EMPTY: { severity: 'error', reason: 'data', says: 'The mask holds no voxel of the image.' },
  TISSUE_CONTRAST: {
    severity: 'warning',
    says: 'Grey and white matter hardly differ in the T1-weighted image: their maps are uncertain.',
  },
  MASK_IMPLAUSIBLE: { severity: 'warning', says: 'The brain mask has an implausible volume.' },
  GRID_DIFFERS: {
    severity: 'info',
    says: 'An image lies on another grid and was resampled by its scanner coordinates.',
  },
  GRID_NO_OVERLAP: { severity: 'error', reason: 'data', says: 'Two images that belong together share no space.' },
  TRANSFORM_INVALID: { severity: 'error', reason: 'data', says: 'A file of a spatial transform cannot be used.' },
  MOTION_NOT_CORRECTED: { severity: 'info', says: 'Head motion was not corrected.' },
  COREGISTERED: { severity: 'info', says: 'Images of the head were brought to the series by rigid registration.' },
  COREGISTRATION_FAILED: {
    severity: 'warning',
    says: 'Images of the head could not be registered to the series; the headers were believed.',
  },
  SPACE_UNKNOWN: { severity: 'warning', says: 'Images could not be written in a space that was asked for.' },
  COREGISTRATION_DOUBTFUL: {
    severity: 'warning',
    says: 'The brain of the T1w image and that of the series cover each other poorly.',
  },
  MOTION_LARGE: { severity: 'warning', says: 'The head moved by more than 3 mm; the volumes were brought together.' },
  MOTION_UNSEEN: {
    severity: 'info',
    says: 'Motion took voxels of the mask out of the field of view; they have no estimate.',
  },
  // results
  NO_ESTIMATE: { severity: 'error', reason: 'data', says: 'No voxel of the mask has an estimate.' },
  RESULT_IMPLAUSIBLE: { severity: 'warning', says: 'The result is outside what is physiologically plausible.' },
  FIT_MOSTLY_FAILED: { severity: 'warning', says: 'More than half of the voxels in the mask have no estimate.' },
  // the plan
  ROLE_CHOSEN: {
    severity: 'info',
    says: 'Several files could have served, or one of another session did; the choice is named.',
  },
  ROLE_UNUSED: {
    severity: 'warning',
    says: 'A file that could have served was found and not used; the reason is named.',
  },
  ROLE_MISSING: { severity: 'error', reason: 'missing', says: 'A file in a role that the run requires was not found.' },
  NEED_FAILED: { severity: 'error', reason: 'need', says: 'A product that this run requires could not be made.' },
  NEED_WITHOUT: { severity: 'warning', says: 'A product that this run prefers could not be made; it ran without.' },
  PATH_TAKEN: { severity: 'error', reason: 'data', says: 'Two runs would write the same file.' },
  // the run
  RUN_CRASHED: { severity: 'error', reason: 'crash', says: 'A defect of the program: the stack is in the crash file.' },
  RUN_KILLED: { severity: 'error', reason: 'memory', says: 'The process of the run was killed from outside.' },
  RUN_TOO_LARGE: {
    severity: 'error',
    reason: 'memory',
    says: 'The run needs more memory than there is for it; it is not begun.',
  },
  RUN_LOCKED: { severity: 'error', reason: 'locked', says: 'Another process is working on this run.' },
} as const satisfies Record<string, ProblemKind>

/** A code of the table. */
export type ProblemCode = keyof typeof PROBLEMS

/**
 * One problem, with the severity of its code.
 *
 * @param code - the row of the table
 * @param message - file, field, value, remedy in a sentence or two
 * @param where - the file and the field at fault, where there are such
 */
export function problem(
  code: ProblemCode,
  message: string,
  where: { readonly file?: string; readonly field?: string } = {},
): Problem {
  return { code, severity: PROBLEMS[code].severity, message, ...where }
}

/** The reason with which a problem ends a run; none for those that do not. */
export function reasonOf(problem: Problem): Reason | undefined {
  const kind: ProblemKind = PROBLEMS[problem.code]
  return kind.reason
}

/** A value without reservations, or with the given ones. */
export function good<T>(value: T, problems: readonly Problem[] = []): Checked<T> {
  return { ok: true, value, problems }
}

/** No value, and why. */
export function bad(...problems: readonly Problem[]): Checked<never> {
  return { ok: false, problems }
}

/** Problems in order of appearance, each once: planning and doing both bind, and several roles can miss one image. */
export function eachOnce(problems: readonly Problem[]): Problem[] {
  const seen = new Map<string, Problem>()
  for (const item of problems)
    if (!seen.has(`${item.code} ${item.message}`)) seen.set(`${item.code} ${item.message}`, item)
  return [...seen.values()]
}

/** The problems of a run; of a refused one without those that promise the rest of its outputs, for it has none. */
export function withoutPromises(problems: readonly Problem[]): readonly Problem[] {
  const isRefused = problems.some(({ severity }) => severity === 'error')
  return isRefused ? problems.filter(({ severity }) => severity !== 'partial') : problems
}
