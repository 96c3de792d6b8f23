/** What metadata may say, what data must reach, and beyond what a result is remarked on. */
export const LIMITS = {
  /** Spacing of frames that RepetitionTime or the header may state [s]: below, they mean the excitation. */
  spacing: 0.5,
  /** Duration from which AcquisitionDuration cannot be that of one volume [s]. */
  volumeDuration: 60,
  /** Relative deviation of the spacing from its median from which frames are uneven [1]. */
  uneven: 0.01,
  /** Spacing above which flow cannot be had, and above which vp is flagged [s]. */
  flowSpacing: 6,
  plasmaSpacing: 10,
  /** Spacing from which the default choice of models holds the exchange model no more [s]. */
  exchangeSpacing: 4,
  /** Baseline frames that are asked for: fewer than the first refuse, fewer than the second are remarked on. */
  baseline: [2, 3],
  /** Largest concentration of an arterial table that can be millimolar [mM]. */
  arterialPeak: [0.05, 100],
  /** Peak in blood that is expected after a standard dose [mM]. */
  arterialUsual: [1, 15],
  /** T1 above which a map is not in seconds; R1 below which it is not in 1/s. */
  longestT1: 20,
  smallestR1: 0.05,
  /** Median T1 of arterial voxels that is believed [s]. */
  bloodT1: [0.9, 2.8],
  /** Largest delay between arterial input and tissue [s]. */
  delay: 10,
  /** Share of the mask, of those that enhance most, whose mean curve gives arrival and delay [1]. */
  enhancing: 0.1,
  /** Standard error over the value up to which a parameter counts as reliable [1]. */
  reliable: 0.5,
  /** Share of voxels beyond the limit of the signal equation that is remarked on [1]. */
  beyond: 0.05,
  /** Share of S0·sin α above which the arterial signal saturates [1]. */
  saturation: 0.9,
  /** Share of a tissue from which a voxel counts as that tissue [1]. */
  tissue: 0.7,
} as const
