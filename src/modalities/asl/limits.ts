/** What metadata may say and what a result may be: bounds beyond which a value is refused or remarked on, never changed. */
export const LIMITS = {
  /** A delay, duration or cut-off above this is in milliseconds [s]. */
  longestDelay: 10,
  /** A repetition time above this is in milliseconds [s]. */
  longestRepetition: 30,
  /** A delay above this is remarked on [s]. */
  usualDelay: 5,
  /** A labelling duration outside this range is remarked on [s]. */
  usualLabeling: [0.2, 5],
  /** An inversion time that exceeds the bolus cut-off by less than this leaves no time to arrive [s]. */
  arrival: 0.1,
  /** Delays and durations that differ by less than this are the same [s]. */
  sameTime: 0.0005,
  /** Echo times of M0 and series that differ by less than this are the same [s]. */
  sameEcho: 0.0005,
  /** Voxel volume of a plausible brain mask [mL]: neonates to large adults, with some scalp. */
  brain: [200, 2500],
  /** Brain median of ΔM/M0 that no scale error is suspected for [1]. */
  ratio: [0.001, 0.03],
  /** Brain median of ΔM/M0 that is physiological [1], and its centre. */
  physiologicalRatio: [0.003, 0.012],
  typicalRatio: 0.007,
  /** Fraction of negative voxels above which control and label are suspected to be swapped [1]. */
  negative: 0.6,
  /** Mean perfusion of the mask that is plausible [mL/100g/min]. */
  flow: { brain: [5, 150], body: [1, 600] },
  /** A voxel's standard error over its absolute value up to which it counts as reliable [1]. */
  reliable: 0.5,
  /** Standard error of an arrival up to which it counts as reliable [s]. */
  reliableArrival: 0.25,
  /** Share of a tissue from which a voxel counts as that tissue [1]. */
  tissue: 0.7,
} as const

/** Factors by which M0 and series are known to be scaled apart, and who does it. */
export const SCALES = [
  { factor: 10, who: 'Siemens stores some separate M0 images divided by 10' },
  { factor: 32, who: 'GE multiplies difference images by 32' },
  { factor: 96, who: 'GE multiplies difference images by 32 times the number of excitations, 3' },
  { factor: 1 / 10, who: 'an M0 stored multiplied by 10' },
  { factor: 1 / 32, who: 'an M0 stored multiplied by 32' },
  { factor: 1 / 96, who: 'an M0 stored multiplied by 96' },
] as const

/** Times of readout from which blood in arteries is looked for, and from which it can be asked for. */
export const LEAST_DELAYS_WITH_ARTERIES = { auto: 6, on: 5 } as const
