import { ORGANS, type Organ as PriorOrgan } from '../../kinetics/ivim-prior.ts'
import type { Options } from '../../options.ts'
import type { Source } from '../modality.ts'

/** Organs that the slice knows. */
export type Organ = Exclude<Options['ivim-organ'], 'auto'>

/** What tissue of an organ is expected to be: start and plausibility, never bounds. */
export interface Expected {
  /** [mm²/s] */
  readonly D: number
  /** [1] */
  readonly f: number
  /** [mm²/s] */
  readonly Dstar: number
}

/** The organ as the prior of a Bayesian fit knows it. */
export function priorOrgan(organ: Organ): PriorOrgan {
  return organ === 'other' ? 'general' : organ
}

/** What is expected of an organ: means that OSIPI collected for the coming consensus (TF2.4 `ivim_body_part_defaults`). */
export function expectedIn(organ: Organ): Expected {
  const [D, f, Dstar] = ORGANS[priorOrgan(organ)]
  return { D, f, Dstar }
}

/** Words of `BodyPart` and what they mean. */
const BODY_PARTS: readonly (readonly [RegExp, Organ])[] = [
  [/brain|head|neuro/i, 'brain'],
  [/kidney|renal/i, 'kidney'],
  [/liver|hepat/i, 'liver'],
  [/muscle|calf|thigh|leg/i, 'muscle'],
  [/breast|mamma/i, 'breast'],
  [/pancrea/i, 'pancreas'],
]

/** The organ of a run, and what says so. */
export interface OrganChoice {
  readonly organ: Organ
  readonly source: 'option' | 'sidecar' | 'default'
  readonly field: string
}

/** The organ of a run: by option, else by the sidecar's BodyPart (or dcm2niix's BodyPartExamined), else the brain. */
export function organOf(source: Source, options: Options): OrganChoice {
  const asked = options['ivim-organ']
  if (asked !== 'auto') return { organ: asked, source: 'option', field: '--ivim-organ' }
  for (const field of ['BodyPart', 'BodyPartExamined']) {
    const value = source.sidecar.values[field]
    if (typeof value !== 'string' || value === '') continue
    return { organ: BODY_PARTS.find(([word]) => word.test(value))?.[1] ?? 'other', source: 'sidecar', field }
  }
  return { organ: 'brain', source: 'default', field: 'BodyPart' }
}
