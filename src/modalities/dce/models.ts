import type { KineticModel, Quantity } from '../../kinetics/model.ts'
import { KINETIC_MODELS } from '../../kinetics/models.ts'
import { type Problem, problem } from '../../problems.ts'
import type { Unit } from '../../units.ts'
import { digits } from '../fields.ts'
import type { Run } from '../modality.ts'
import { LIMITS } from './limits.ts'
import type { Organ } from './settings.ts'
import type { Frames } from './timing.ts'

/** A quantity as it is written: where it comes from in the fit, in which unit. */
export interface Written {
  readonly name: string
  readonly title: string
  readonly lexicon: string | null
  /** Name of the quantity in the fit. */
  readonly of: string
  readonly unit: Unit
  /** Report unit over house unit [1]. */
  readonly scale: number
}

/** A model that a run fits, with what is written of it. */
export interface ModelChoice {
  readonly model: KineticModel
  readonly quantities: readonly Written[]
}

/** Models that follow the first pass of the bolus: frames that are too far apart do not show it. */
const NEEDS_FLOW = ['1c', '2cum', '2cxm', 'aath', '2cfm', 'liver']

/** Quantities that need the first pass, whatever the model. */
const FLOW = ['Fp', 'PS', 'mtt', 'mtte', 'E', 'F']

/** Models by organ where none is named. */
const BY_ORGAN = {
  brain: ['patlak', 'etofts'],
  kidney: ['2cfm'],
  liver: ['liver'],
  other: ['etofts'],
} as const satisfies Record<Organ, readonly string[]>

/**
 * The models that a run fits; those that were asked for and cannot be are problems.
 *
 * @param run - options
 * @param organ - of the run, for `auto`
 * @param frames - spacing of the series
 * @param hasPortal - whether a second inlet can be had; null where the voxels must tell
 */
export function chooseModels(
  { options, series }: Run,
  organ: Organ,
  { spacing }: Frames,
  hasPortal: boolean | null,
): { readonly models: readonly ModelChoice[]; readonly problems: readonly Problem[] } {
  const asked = options['dce-model']
  const isChosen = asked !== undefined && !asked.includes('auto')
  const byOption = options['dce-organ']
  const names: readonly string[] = isChosen
    ? asked
    : asked
      ? candidates(organ, spacing)
      : BY_ORGAN[byOption === 'auto' ? 'other' : byOption]
  const file = series[0]?.name.path ?? ''
  const problems: Problem[] = []
  const models: ModelChoice[] = []
  for (const name of new Set(names)) {
    const model = KINETIC_MODELS.find(item => item.name === name)
    if (!model) throw new Error(`there is no kinetic model ${name}`)
    const fault =
      spacing > LIMITS.flowSpacing && NEEDS_FLOW.includes(name)
        ? `the volumes are ${digits(spacing)} s apart, and flow and transit times cannot be seen beyond ${LIMITS.flowSpacing} s; use etofts, tofts or patlak`
        : model.inlets === 2 && hasPortal === false
          ? 'there is no portal venous input; add a column concentration_portal to the arterial table, or label the portal vein 2 in the arterial mask'
          : null
    if (fault)
      problems.push(
        problem('MODEL_UNSUPPORTED', `${file}: the model ${name} (${model.title}) is not fitted: ${fault}.`, { file }),
      )
    else models.push({ model, quantities: quantitiesOf(model, spacing, options['dce-delay'] === 'voxel') })
  }
  if (spacing > LIMITS.plasmaSpacing && models.some(({ quantities }) => quantities.some(({ name }) => name === 'vp')))
    problems.push(
      problem(
        'PLASMA_UNCERTAIN',
        `${file}: the volumes are ${digits(spacing)} s apart; vp is told by the first pass, which takes about ${LIMITS.plasmaSpacing} s, and is not to be relied on.`,
        { file },
      ),
    )
  return { models, problems }
}

/** What `auto` compares by AICc: nested models that the data can support. */
function candidates(organ: Organ, spacing: number): readonly string[] {
  if (organ === 'kidney' || organ === 'liver') return BY_ORGAN[organ]
  if (organ === 'brain') return ['steady', 'patlak', 'etofts']
  const nested = ['steady', 'patlak', 'tofts', 'etofts']
  return spacing <= LIMITS.exchangeSpacing ? [...nested, '2cxm'] : nested
}

/** Everything of a model that is written, free parameters first. */
function quantitiesOf(model: KineticModel, spacing: number, withDelay: boolean): Written[] {
  const all: Quantity[] = [...model.parameters, ...model.derived]
  const written = all.flatMap(quantity => {
    const own = writtenAs(quantity)
    // Where flow is ample the uptake of the Patlak model is the transfer constant: so it is known, however far apart the frames.
    return model.name === 'patlak' && quantity.name === 'PS' ? [transfer(quantity), own] : [own]
  })
  const kept = spacing > LIMITS.flowSpacing ? written.filter(({ name }) => !FLOW.includes(name)) : written
  return withDelay
    ? [...kept, { name: 'delay', title: 'arterial delay time', lexicon: 'Q.PH1.007', of: 'delay', unit: 's', scale: 1 }]
    : kept
}

function transfer({ name }: Quantity): Written {
  return { name: 'Ktrans', title: 'volume transfer constant', lexicon: 'Q.PH1.008', of: name, unit: '1/min', scale: 60 }
}

/** A quantity of the fit in the unit of the report. */
function writtenAs({ name, title, lexicon, unit }: Quantity): Written {
  const head = { name, title, lexicon, of: name }
  if (unit !== '1/s') return { ...head, unit, scale: 1 }
  return name === 'Ktrans' || name === 'kep'
    ? { ...head, unit: '1/min', scale: 60 }
    : { ...head, unit: 'mL/100mL/min', scale: 6000 }
}
