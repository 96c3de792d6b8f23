import { spoiledSignal } from '../physics/signal.ts'
import { FIT_STATUS } from './status.ts'

/** A dynamic spoiled gradient-echo series before its conversion. */
export interface SignalSeries {
  /** Volume after volume, any unit, shape (nFrame × nVoxel). */
  readonly signals: Float32Array | Float64Array
  /** Number of frames. */
  readonly frames: number
  /** Frames before the contrast agent arrives, by index: their mean is the baseline. */
  readonly baseline: Int32Array
  /** T1 before contrast [s], shape (nVoxel), or one for all. */
  readonly T1: Float32Array | Float64Array | number
  /** Actual over nominal flip angle [1], shape (nVoxel); null for 1. */
  readonly b1: Float32Array | Float64Array | null
  /** Which voxels to convert, by index. */
  readonly voxels: Int32Array
}

/** How signal becomes concentration. */
export interface Conversion {
  /** `spgr`: by the signal equation; `linear`: relative enhancement times R10/r1. */
  readonly kind: 'spgr' | 'linear'
  /** Nominal flip angle [rad]. */
  readonly flipAngle: number
  /** Excitation repetition time [s]. */
  readonly repetitionTime: number
  /** Relaxivity r1 [1/s/mM]. */
  readonly relaxivity: number
}

/** Concentrations of a series. */
export interface Concentrations {
  /** Concentration [mM], shape (nFrame × nVoxel); NaN where it has none. */
  readonly concentrations: Float32Array
  /** 0 not asked for, 1 good, 4 no baseline signal or no T1, 5 some frames beyond the limit of the signal equation; shape (nVoxel). */
  readonly status: Uint8Array
  /** Number of frames without a concentration, shape (nVoxel). */
  readonly invalid: Uint16Array
}

/**
 * Convert a series to concentrations.
 *
 * @remarks
 *     spgr:   R1(t) from the signal equation with S/S0 and R10 = 1/T1;   C = (R1 − R10)/r1
 *     linear: C = (S/S0 − 1)·R10/r1
 *
 * S0 is the mean of the baseline. The flip angle is the nominal one times `b1`.
 *
 * **Assumes** the fast exchange of water, and R2* too small to see (echo time under 3 ms, concentration under 5 mM). `linear`
 * assumes TR·R1 ≪ 1 and a large flip angle besides: at 1 mM, 15° and TR 5 ms it reads some 15 % low.
 *
 * **Limits.** A frame whose signal no rate can give has no concentration (NaN) and gives the voxel status 5. Status 4: no
 * baseline above 0, or no T1.
 *
 * @param series - signals, T1, flip-angle scaling
 * @param conversion - the sequence and the relaxivity
 *
 * @see Schabel & Parker, Phys Med Biol 53:2345 (2008), doi:10.1088/0031-9155/53/9/010
 */
export function toConcentrations(series: SignalSeries, conversion: Conversion): Concentrations {
  const { signals, baseline, T1, b1, voxels } = series
  const { kind, flipAngle, repetitionTime, relaxivity } = conversion
  const n = series.frames
  const nVoxel = signals.length / n
  const concentrations = new Float32Array(signals.length)
  const status = new Uint8Array(nVoxel)
  const invalid = new Uint16Array(nVoxel)
  for (let k = 0; k < voxels.length; k++) {
    const v = voxels[k]!
    let S0 = 0
    for (let i = 0; i < baseline.length; i++) S0 += signals[baseline[i]! * nVoxel + v]! / baseline.length
    const before = typeof T1 === 'number' ? T1 : T1[v]!
    const alpha = flipAngle * (b1 === null ? 1 : b1[v]!)
    if (!(S0 > 0 && S0 < Infinity && before > 0 && before < Infinity && alpha > 0)) {
      status[v] = FIT_STATUS.noSignal
      for (let i = 0; i < n; i++) concentrations[i * nVoxel + v] = Number.NaN
      continue
    }
    const R10 = 1 / before
    const c = Math.cos(alpha)
    const E0 = Math.exp(-repetitionTime * R10)
    // As `rateFromSpoiled`, with what frames share taken out.
    for (let i = 0; i < n; i++) {
      const A = signals[i * nVoxel + v]! / S0
      let value = ((A - 1) * R10) / relaxivity
      if (kind === 'spgr') {
        const E = (1 - A + A * E0 - E0 * c) / (1 - A * c + A * E0 * c - E0 * c)
        value = E > 0 && E < 1 ? (-Math.log(E) / repetitionTime - R10) / relaxivity : Number.NaN
      }
      concentrations[i * nVoxel + v] = value
      if (!Number.isFinite(value)) invalid[v]!++
    }
    status[v] = invalid[v]! > 0 ? FIT_STATUS.undefined : FIT_STATUS.good
  }
  return { concentrations, status, invalid }
}

/**
 * Turn the concentrations of one voxel into its signal: the inverse of {@link toConcentrations}.
 *
 * @param curve - concentration [mM], shape (nFrame); receives the signal, in the unit of the baseline
 * @param voxel - baseline signal S0 (any unit), T1 before contrast [s], actual over nominal flip angle [1]
 * @param conversion - the sequence and the relaxivity
 */
export function toSignal(
  curve: Float64Array,
  { S0, T1, b1 }: { readonly S0: number; readonly T1: number; readonly b1: number },
  { kind, flipAngle, repetitionTime, relaxivity }: Conversion,
): void {
  const R10 = 1 / T1
  const echo = { flipAngle: b1 * flipAngle, repetitionTime }
  const before = spoiledSignal(echo, R10)
  for (let i = 0; i < curve.length; i++) {
    const rate = relaxivity * curve[i]!
    curve[i] = S0 * (kind === 'linear' ? 1 + rate / R10 : spoiledSignal(echo, R10 + rate) / before)
  }
}

/** Concentration in plasma [mM] from that in blood: C_p = C_b/(1 − Hct). */
export function plasmaFromBlood(values: Float64Array, hematocrit: number): Float64Array {
  return values.map(value => value / (1 - hematocrit))
}
