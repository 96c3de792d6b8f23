import { AGES } from '../../physics/constants.ts'

/** Whom a participant is compared with. */
export type Population = 'neonate' | 'child' | 'adult'

/** Who a participant is by age [year]; one whose age is not known counts as an adult. */
export function populationOf(age: number | null): Population {
  if (age === null || age >= AGES.adult.value) return 'adult'
  return age < AGES.neonate.value ? 'neonate' : 'child'
}

/** Its people. */
export const PLURAL: Readonly<Record<Population, string>> = { neonate: 'neonates', child: 'children', adult: 'adults' }

type Band = readonly [number, number]

/** Ranges in which the values of people at rest are expected: common practice, no diagnosis. */
interface Expected {
  /** Mean CBF of the tissues [mL/100g/min]; absent where practice has no range. */
  readonly gm: Band
  readonly wm?: Band
  /** Grey over white matter [1]. */
  readonly ratio?: Band
  /** Arterial transit time to grey matter [s]. */
  readonly att?: Band
  /** Median of ΔM/M0 in the brain [%]. */
  readonly deltam?: Band
}

/** What is expected of each population. White matter that is not yet myelinated, and its ratio to grey, have no range. */
export const EXPECTED: Readonly<Record<Population, Expected>> = {
  neonate: { gm: [5, 35] },
  child: { gm: [50, 120] },
  adult: { gm: [40, 80], wm: [15, 30], ratio: [2, 4], att: [0.5, 1.6], deltam: [0.3, 1.2] },
}
