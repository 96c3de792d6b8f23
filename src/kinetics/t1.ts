/** What a T1 fit gives; NaN where there is no estimate; shape (nVoxel) each. */
export interface T1Fit {
  /** Longitudinal relaxation time [s]. */
  readonly T1: Float64Array
  /** Its reciprocal [1/s]. */
  readonly R1: Float64Array
  /** Signal of fully relaxed magnetisation, unit of the signal. */
  readonly M0: Float64Array
  /** Standard errors; NaN where the fit leaves no degree of freedom. */
  readonly sd: { readonly T1: Float64Array; readonly R1: Float64Array; readonly M0: Float64Array }
  /** See `FIT_STATUS`. */
  readonly status: Uint8Array
}

/** What the T1 fits share. */
export interface T1Settings {
  /** Bounds of T1 [s]. */
  readonly range: readonly [number, number]
}

/** Defaults of {@link T1Settings}. */
export const T1_DEFAULTS: T1Settings = { range: [0.02, 10] }

/** Images at several times after an inversion or a saturation. */
export interface RecoverySeries {
  /** Image after image, any unit, shape (nTime × nVoxel). */
  readonly signals: Float32Array | Float64Array
  /** Time from the pulse to the excitation [s], shape (nTime). */
  readonly times: Float64Array
  /** Which voxels to fit, by index. */
  readonly voxels: Int32Array
}

/** A fit without any estimate yet. */
export function emptyFit(nVoxel: number): T1Fit {
  const map = () => new Float64Array(nVoxel).fill(Number.NaN)
  return {
    T1: map(),
    R1: map(),
    M0: map(),
    sd: { T1: map(), R1: map(), M0: map() },
    status: new Uint8Array(nVoxel),
  }
}
