/** What metadata may say and what a result may be: bounds beyond which a value is refused or remarked on, never changed. */
export const LIMITS = {
  /** An echo time above this is in milliseconds [s]. */
  longestEcho: 1,
  /** An echo time outside this range is remarked on [s]. */
  usualEcho: [0.005, 0.12],
  /** A time between volumes above this is in milliseconds [s]. */
  longestStep: 15,
  /** A time between volumes outside this range is remarked on [s]. */
  usualStep: [0.2, 4],
  /** Statements of one time that differ by less than this share are the same [1]. */
  sameTime: 0.01,
  /** Steps of the volume times that differ by less than this share are even [1]. */
  even: 0.01,
  /** Volumes before the bolus without which there is no baseline. */
  baseline: 5,
  /** Share of the mask without signal in the bolus minimum from which arteries count as cut off [1]. */
  saturated: 0.5,
  /** Full width at half maximum of an arterial curve that is remarked on [s]. */
  broad: 15,
  /** Tail of the mean curve over its peak, above which the series ends too early [1]. */
  tail: 0.3,
  /** Delay against the reference, and width over that of the reference, from which leakage cannot be told [s], [1]. */
  late: 2,
  wide: 1.5,
  /** K2 over its standard error from which it is not 0 [1]. */
  present: 2,
  /** K2 over its standard error from which a voxel counts as leaking [1], and the volume of such voxels that is believed [mL]. */
  leaking: 5,
  leakingVolume: 1,
  /** Voxels of white matter without which nothing is normalised. */
  whiteMatter: 100,
  /** Share of white matter from which a voxel counts as that, and of a tissue for quality [1]. */
  pure: 0.8,
  tissue: 0.7,
  /** How far pathology reaches beyond its mask, for white matter and the reference curve [mm]. */
  margin: 5,
  /** Time between volumes above which stroke volumes are refused [s], and the limit of oSVD that they are for [1]. */
  strokeStep: 2,
  strokeLimit: 0.035,
  /** Thresholds of Tmax [s], the smallest cluster [mL], the core's ADC [mm²/s]. */
  strokeTmax: [4, 6, 8, 10],
  strokeCluster: 3,
  strokeCore: 620e-6,
  /** Share of the value up to which a standard error counts as reliable [1]; of a time [s]. */
  reliable: 0.3,
  reliableTime: 1,
  /** Drop of the mean signal that a bolus makes at least [%], and in standard deviations [1]. */
  drop: [2, 5],
  /** Voxel volume of a plausible brain mask [mL]. */
  brain: [200, 2500],
} as const
