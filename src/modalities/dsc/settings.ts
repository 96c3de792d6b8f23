import { BRAIN_DENSITY, HEMATOCRIT, SMALL_VESSEL_HEMATOCRIT } from '../../physics/constants.ts'
import { smallVesselFactor } from '../../physics/signal.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Parameter } from '../../report/record.ts'
import type { Run, Source } from '../modality.ts'
import { fieldFrom, fieldProblem, hasField, numberIn, shown } from './fields.ts'

/** A number that enters the equations, with where it came from. */
export type Setting = Parameter & { readonly value: number }

/** The constants by which curves become volume and flow per mass of tissue. */
export interface Scaling {
  readonly hematocrit: Setting
  readonly smallVessel: Setting
  /** kH = (1 − Hct) / (1 − Hct of small vessels) [1]. */
  readonly kH: Setting
  /** [g/mL] */
  readonly density: Setting
  /** kH/ρ [mL/g] */
  readonly factor: number
}

/**
 * The constants of a run: the haematocrit by option, sidecar, participants.tsv, default; null, with problems, where the one
 * that is given cannot be.
 *
 * @param run - for its options and participant
 * @param source - the series
 * @param problems - receives what is wrong
 */
export function readScaling(run: Run, source: Source, problems: Problem[]): Scaling | null {
  const hematocrit = chooseHematocrit(run, source, problems)
  if (!hematocrit) return null
  const smallVessel: Setting = {
    name: 'SmallVesselHematocrit',
    symbol: 'Hct_SV',
    meaning: 'Haematocrit of capillaries',
    value: SMALL_VESSEL_HEMATOCRIT.value,
    unit: '1',
    source: 'default',
    defaultSource: SMALL_VESSEL_HEMATOCRIT.source,
  }
  const density: Setting = {
    name: 'BrainDensity',
    symbol: 'ρ',
    meaning: 'Density of brain',
    value: BRAIN_DENSITY.value,
    unit: 'g/mL',
    source: 'default',
    defaultSource: BRAIN_DENSITY.source,
  }
  const kH: Setting = {
    name: 'KappaH',
    symbol: 'kH',
    meaning: 'Correction for the haematocrit of capillaries, (1 − Hct) / (1 − Hct_SV)',
    value: smallVesselFactor(hematocrit.value, smallVessel.value, 1),
    unit: '1',
    source: 'computed',
  }
  const factor = smallVesselFactor(hematocrit.value, smallVessel.value, density.value)
  return { hematocrit, smallVessel, kH, density, factor }
}

function chooseHematocrit({ options, participant }: Run, source: Source, problems: Problem[]): Setting | null {
  const described = { name: 'Hematocrit', symbol: 'Hct', meaning: 'Haematocrit of large vessels', unit: '1' } as const
  const make = (value: number, how: Pick<Parameter, 'source' | 'from'>): Setting | null => {
    const fraction = value > 1 ? value / 100 : value
    if (fraction > 0 && fraction < 1) return { ...described, value: fraction, ...how }
    const message = `Hematocrit is ${value} (${how.from}); it must be a fraction, or percent above 1.`
    problems.push(problem('FIELD_INVALID', message, { field: 'Hematocrit' }))
    return null
  }
  if (options.hematocrit !== undefined) return make(options.hematocrit, { source: 'option', from: '--hematocrit' })
  if (hasField(source, 'Hematocrit')) {
    const stated = numberIn(source, 'Hematocrit')
    if (stated !== null) return make(stated, { source: 'sidecar', from: fieldFrom(source, 'Hematocrit') })
    const value = shown(source.sidecar.values['Hematocrit'])
    problems.push(
      fieldProblem(source, 'FIELD_INVALID', 'Hematocrit', `is ${value}; it must be a number, without quotes.`),
    )
    return null
  }
  const cell = Number.parseFloat(participant['hematocrit'] ?? '')
  if (Number.isFinite(cell)) return make(cell, { source: 'participants.tsv', from: 'hematocrit in participants.tsv' })
  return { ...described, value: HEMATOCRIT.value, source: 'default', defaultSource: HEMATOCRIT.source }
}
