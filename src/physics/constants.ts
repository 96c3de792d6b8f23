import { wholePower } from '../numerics/power.ts'
import type { Unit } from '../units.ts'

/** A number that nature or convention gives: its value, its unit, who says so, and the range in which any value of it would be believed. */
export interface Constant {
  readonly value: number
  readonly unit: Unit
  /** A DOI, or `perfquant` where the choice is ours. */
  readonly source: string
  /** Lowest and highest plausible value [unit]. */
  readonly plausible: readonly [number, number]
}

/** How arterial blood can be labelled. */
export type LabelingType = 'PCASL' | 'CASL' | 'PASL'

const ALSOP_2015 = 'doi:10.1002/mrm.25197'
const ZHANG_2013 = 'doi:10.1002/mrm.24550'
const GARCIA_2005 = 'doi:10.1002/mrm.20556'

/** Blood–brain partition coefficient of water, whole brain: mL of blood that hold as much water as 1 g of tissue [mL/g]. */
export const PARTITION_COEFFICIENT: Constant = { value: 0.9, unit: 'mL/g', source: ALSOP_2015, plausible: [0.7, 1.15] }

/** Fraction of the largest possible label that a technique reaches [1], before background suppression. */
export const LABELING_EFFICIENCY: Readonly<Record<LabelingType, Constant>> = {
  PCASL: { value: 0.85, unit: '1', source: ALSOP_2015, plausible: [0.6, 1] },
  CASL: { value: 0.68, unit: '1', source: 'doi:10.1148/radiol.2351031663', plausible: [0.5, 1] },
  PASL: { value: 0.98, unit: '1', source: ALSOP_2015, plausible: [0.8, 1] },
}

/** Fraction of the label that survives one background-suppression inversion [1]. */
export const SUPPRESSION_PULSE_EFFICIENCY: Constant = {
  value: 0.95,
  unit: '1',
  source: GARCIA_2005,
  plausible: [0.9, 1],
}

/** Repetition time below which M0 is corrected for incomplete recovery [s]. */
export const RECOVERY_LIMIT: Constant = { value: 5, unit: 's', source: ALSOP_2015, plausible: [4, 10] }

/** Saturation-to-readout time of the proton-density image of GE's 3D ASL product [s]; named in a warning, never applied. */
export const GE_RECOVERY_TIME: Constant = {
  value: 2,
  unit: 's',
  source: 'doi:10.1016/j.neuroimage.2020.117031',
  plausible: [1.5, 2.5],
}

/** A tissue from which the M0 of blood is taken: its T1 and T2, and the water of blood over that of it. */
export interface ReferenceTissue {
  readonly T1: Constant
  readonly T2: Constant
  readonly partition: Constant
}

/** Tissues from which the M0 of blood can be taken, at 3 T. */
export const REFERENCE_TISSUES = {
  csf: {
    T1: { value: 4.3, unit: 's', source: 'perfquant', plausible: [3.5, 5] },
    T2: { value: 0.75, unit: 's', source: 'perfquant', plausible: [0.4, 2.5] },
    partition: { value: 1.15, unit: '1', source: 'perfquant', plausible: [1.1, 1.2] },
  },
  wm: {
    T1: { value: 1, unit: 's', source: 'perfquant', plausible: [0.7, 1.2] },
    T2: { value: 0.05, unit: 's', source: 'perfquant', plausible: [0.04, 0.08] },
    partition: { value: 0.82, unit: '1', source: 'perfquant', plausible: [0.75, 0.9] },
  },
} as const satisfies Record<string, ReferenceTissue>

/** Transverse relaxation time of arterial blood at 3 T [s]. */
export const BLOOD_T2: Constant = { value: 0.15, unit: 's', source: 'perfquant', plausible: [0.1, 0.25] }

/** Haematocrit of an adult [1]. */
export const HEMATOCRIT: Constant = { value: 0.45, unit: '1', source: 'perfquant', plausible: [0.2, 0.65] }

/** Oxygen saturation of arterial blood [1]. */
export const ARTERIAL_OXYGENATION: Constant = {
  value: 0.97,
  unit: '1',
  source: 'doi:10.1177/0271678X15605856',
  plausible: [0.9, 1],
}

/** Lengths of time after birth and of life that recommendations speak of [year]. */
export const AGES = {
  /** Under this age adult blood and tissue constants do not hold: one month. */
  neonate: { value: 1 / 12, unit: 'year', source: ALSOP_2015, plausible: [0.05, 0.1] },
  adult: { value: 18, unit: 'year', source: 'perfquant', plausible: [16, 21] },
  old: { value: 70, unit: 'year', source: ALSOP_2015, plausible: [60, 80] },
} as const satisfies Record<string, Constant>

/** A field strength [T] and the T1 there. */
interface FieldRow {
  readonly tesla: number
  readonly T1: Constant
}

const second = (value: number, source: string, plausible: readonly [number, number]): Constant => ({
  value,
  unit: 's',
  source,
  plausible,
})

const BLOOD_T1: readonly FieldRow[] = [
  { tesla: 1.5, T1: second(1.35, 'doi:10.1002/mrm.25197', [1.1, 1.7]) },
  { tesla: 3, T1: second(1.65, 'doi:10.1002/mrm.25197', [1.4, 2]) },
  { tesla: 7, T1: second(2.087, ZHANG_2013, [1.8, 2.6]) },
]

const TISSUE_T1: readonly FieldRow[] = [
  { tesla: 1.5, T1: second(1.2, 'perfquant', [0.7, 1.4]) },
  { tesla: 3, T1: second(1.33, 'perfquant', [0.8, 1.7]) },
  { tesla: 7, T1: second(1.92, 'perfquant', [1.2, 2.2]) },
]

/** Scanners state 2.89 T or 1.494 T for 3 and 1.5 T: values this near [T] to a row are that row. */
const NOMINAL = 0.2

function nominalRow(rows: readonly FieldRow[], tesla: number): FieldRow | undefined {
  return rows.find(row => Math.abs(row.tesla - tesla) <= NOMINAL)
}

/**
 * Longitudinal relaxation time of arterial blood [s].
 *
 * @remarks
 * 1.35, 1.65 and 2.087 s at 1.5, 3 and 7 T (within 0.2 T); at other fields the linear relation of Zhang et al.,
 *
 *     T1b = 0.110 · B0 + 1.316
 *
 * **Assumes** an adult with a normal haematocrit: see {@link bloodT1FromHematocrit}.
 *
 * @param tesla - strength of the main field [T]
 *
 * @see Alsop et al., Magn Reson Med 73:102 (2015), doi:10.1002/mrm.25197
 * @see Zhang et al., Magn Reson Med 70:1082 (2013), doi:10.1002/mrm.24550
 */
export function bloodT1(tesla: number): Constant {
  return nominalRow(BLOOD_T1, tesla)?.T1 ?? second((110 * tesla + 1316) / 1000, ZHANG_2013, [1, 3])
}

/**
 * Longitudinal relaxation time of brain tissue [s], for the recovery of M0.
 *
 * @remarks
 * 1.2, 1.33 and 1.92 s at 1.5, 3 and 7 T (within 0.2 T), a mean over grey and white matter; linear between those fields
 * and constant beyond them. No recommendation fixes this number, which is why results state it.
 *
 * @param tesla - strength of the main field [T]
 */
export function tissueT1(tesla: number): Constant {
  const row = nominalRow(TISSUE_T1, tesla)
  if (row) return row.T1
  const above = TISSUE_T1.findIndex(candidate => candidate.tesla > tesla)
  const high = TISSUE_T1[above]
  const low = TISSUE_T1[above - 1]
  if (!high || !low) return (high ?? TISSUE_T1[TISSUE_T1.length - 1]!).T1
  const share = (tesla - low.tesla) / (high.tesla - low.tesla)
  return second(low.T1.value + share * (high.T1.value - low.T1.value), 'perfquant', [
    low.T1.plausible[0],
    high.T1.plausible[1],
  ])
}

/**
 * Longitudinal relaxation time of blood of a given haematocrit [s].
 *
 * @remarks
 * Fast exchange of water between erythrocytes and plasma, with `Fe` the fraction of blood water in erythrocytes:
 *
 *     Fe  = 0.70·Hct / (0.70·Hct + 0.95·(1 − Hct))
 *     T1b = 1 / (Fe·(1.099 − 0.057·B0 + 0.033·5.15·(1 − Y)) + (1 − Fe)·(0.496 − 0.023·B0)) + 0.108
 *
 * **Limits.** Derived for 1.5 to 7 T. At Hct 0 it gives plasma.
 *
 * @param tesla - strength of the main field, B0 [T]
 * @param hematocrit - volume fraction of erythrocytes, Hct [1]
 * @param oxygenation - fraction of oxygenated haemoglobin, Y [1]
 *
 * @see Hales et al., J Cereb Blood Flow Metab 36:370 (2016), doi:10.1177/0271678X15605856
 */
export function bloodT1FromHematocrit(
  tesla: number,
  hematocrit: number,
  oxygenation = ARTERIAL_OXYGENATION.value,
): number {
  const inCells = (0.7 * hematocrit) / (0.7 * hematocrit + 0.95 * (1 - hematocrit))
  const cells = 1.099 - 0.057 * tesla + 0.033 * 5.15 * (1 - oxygenation)
  const plasma = 0.496 - 0.023 * tesla
  return 1 / (inCells * cells + (1 - inCells) * plasma) + 0.108
}

/**
 * Fraction of the label that background suppression leaves [1].
 *
 * @param pulses - number of inversions between labelling and readout [1]
 *
 * @see Garcia et al., Magn Reson Med 54:366 (2005), doi:10.1002/mrm.20556
 */
export function suppressionFactor(pulses: number): number {
  return wholePower(SUPPRESSION_PULSE_EFFICIENCY.value, pulses)
}

const TISSUE_T2_STAR: readonly FieldRow[] = [
  { tesla: 1.5, T1: second(0.066, 'perfquant', [0.05, 0.09]) },
  { tesla: 3, T1: second(0.0473, 'perfquant', [0.035, 0.07]) },
  { tesla: 7, T1: second(0.0302, 'perfquant', [0.02, 0.04]) },
]

/**
 * Effective transverse relaxation time of brain tissue [s]: 66, 47.3 and 30 ms at 1.5, 3 and 7 T; null at other fields.
 *
 * @param tesla - strength of the main field [T]
 */
export function tissueT2Star(tesla: number): Constant | null {
  return nominalRow(TISSUE_T2_STAR, tesla)?.T1 ?? null
}

const REMPP_1994 = 'doi:10.1148/radiology.193.3.7972800'
const VAN_OSCH_2003 = 'doi:10.1002/mrm.10461'

/** Haematocrit of small vessels of an adult [1]; that of large ones is {@link HEMATOCRIT}. */
export const SMALL_VESSEL_HEMATOCRIT: Constant = { value: 0.25, unit: '1', source: REMPP_1994, plausible: [0.15, 0.45] }

/** Density of brain [g/mL]. */
export const BRAIN_DENSITY: Constant = { value: 1.04, unit: 'g/mL', source: REMPP_1994, plausible: [1.02, 1.06] }

/**
 * Transverse relaxivity of gadolinium chelates in a gradient echo at 1.5 T: in whole blood `linear·C + quadratic·C²`, in
 * tissue `tissue·C`.
 */
export const TRANSVERSE_RELAXIVITY = {
  linear: { value: 7.6, unit: '1/s/mM', source: VAN_OSCH_2003, plausible: [4, 30] },
  quadratic: { value: 0.574, unit: '1/s/mM^2', source: VAN_OSCH_2003, plausible: [0.2, 4] },
  tissue: { value: 44, unit: '1/s/mM', source: 'doi:10.1002/mrm.21066', plausible: [20, 140] },
} as const satisfies Record<string, Constant>
