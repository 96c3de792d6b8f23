/** What metadata may say and what a result may be: bounds beyond which a value is refused or remarked on, never changed. */
export const LIMITS = {
  /** Largest b that counts as none [s/mm²]: scanners report up to 5. */
  zero: 5,
  /** A b this far above the smallest is still that one [s/mm²]. */
  sameZero: 0.5,
  /** b-values that differ by less than this, or this share of them, are one [s/mm²], [1]. */
  sameB: [0.5, 0.02],
  /** Largest b that the bi-exponential model is fitted to [s/mm²]: above, tissue is no longer mono-exponential. */
  highest: 1200,
  /** Largest b of ADC [s/mm²]. */
  highestAdc: 1000,
  /** Least and largest b of the kurtosis fit, and what one of its b-values must reach [s/mm²]. */
  kurtosis: [200, 2550],
  kurtosisReach: 1500,
  /** How far the length of a gradient vector may be from 1. */
  unitVector: 0.02,
  /** Absolute cosine from which two vectors are one direction: 8 degrees [1]. */
  collinear: 0.99,
  /** Directions from which a shell is that of tensor imaging. */
  tensor: 6,
  /** Directions up to which a series without low b-values can be simplified IVIM. */
  simplified: 4,
  /** Low b-values under which D* is remarked on. */
  lowB: 3,
  /** Share of the value up to which a standard error counts as reliable [1]. */
  reliable: { D: 0.3, f: 0.3, Dstar: 0.5, fDstar: 0.5 },
  /** Signal over noise under which the noise floor bends the signal [1]. */
  noiseFloor: 3,
  /** Volumes of b = 0 for each distinct b-value from which lost b-values are suspected. */
  bareVolumes: 4,
  /** Share of the background that must not be 0 to tell the noise [1]. */
  background: 0.5,
  /** Share of the mask near the noise floor that is remarked on [1]. */
  floorShare: 0.2,
  /** Share of a tissue from which a voxel counts as that tissue [1]. */
  tissue: 0.7,
  /** Voxel volume of a plausible brain mask [mL]. */
  brain: [200, 2500],
  /** Mean D of an organ that is plausible [mm²/s]. */
  D: [0.3e-3, 2.5e-3],
  /** D above which a voxel of the brain is fluid for the most part [mm²/s]. */
  fluid: 1.8e-3,
  /** ADC above which a voxel of the brain is fluid alone: water at body temperature has 3.0e-3 [mm²/s]. */
  freeDiffusion: 2.6e-3,
  /** Predicted coefficient of variation above which a parameter is remarked on [1]. */
  weak: 0.5,
} as const
