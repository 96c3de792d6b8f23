/** The ways to deconvolve by a truncated spectrum. */
export type DeconvolutionKind = 'osvd' | 'csvd' | 'ssvd'

/** What {@link deconvolution} lets a caller choose. */
export interface DeconvolutionSettings {
  readonly kind: DeconvolutionKind
  /** Fraction of the largest singular value under which one is set to zero, P [1]; not used by `osvd`, which looks for it. */
  readonly truncation: number
  /** Largest oscillation index that `osvd` accepts [1]. */
  readonly oscillationLimit: number
}

/** Noise of a tissue curve, see {@link Deconvolution.errors}. */
export interface CurveNoise {
  /** Standard deviation of each sample for a known baseline [unit of the curve], shape (nVolume). */
  readonly sd: Float64Array
  /** Volumes whose mean was taken for the baseline: first, and one past the last. */
  readonly baseline: readonly [number, number]
}

/**
 * A deconvolution that is made ready once per arterial curve and then used on many voxels; nothing is allocated per voxel.
 * What the last {@link solve} and {@link errors} found is in its fields.
 */
export interface Deconvolution {
  /** Take an arterial curve, shape (nVolume); false where it is not finite or has no positive area, and nothing can be solved. */
  prepare(arterial: Float64Array): boolean
  /** Deconvolve a tissue curve in the unit of the arterial one, shape (nVolume); false where it is not finite or its residue is nowhere positive: then the fields are NaN. */
  solve(tissue: Float64Array): boolean
  /** Set the standard errors of the last solution. */
  errors(noise: CurveNoise): void
  /** Flow times residue function of the last solution [1/s]; circular, shape (2·nVolume), index i > nVolume is the time (i − 2·nVolume)·dt; for `ssvd` shape (nVolume). */
  readonly residue: Float64Array
  /** Largest value of the residue [1/s]: CBF = 6000 · kH/ρ · flow [mL/100g/min]. */
  readonly flow: number
  /** Area of the tissue curve over that of the arterial one [1]: CBV = 100 · kH/ρ · volume [mL/100g]. */
  readonly volume: number
  /** volume / flow [s]. */
  readonly transitTime: number
  /** Time of the largest value by a parabola through it and its neighbours, negative where tissue precedes the artery [s]. */
  readonly tmax: number
  /** The same without interpolation: a multiple of dt [s]. */
  readonly tmaxSampled: number
  /** Time at which the residue rises through half of its largest value, before it [s]: when the blood arrives. */
  readonly delay: number
  /** How long the residue stays at 95 % of its largest value or more, about it [s]: what is long leaves {@link tmax} undetermined. */
  readonly plateau: number
  /** Fraction P that was used [1]. */
  readonly truncation: number
  /** Standard errors after {@link errors}, in the units of the values. */
  readonly se: { flow: number; volume: number; transitTime: number; tmax: number }
}
