import type { BidsName } from '../../bids/name.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import { baseName } from '../fields.ts'
import type { Index } from '../modality.ts'

/** Images that a series is to have in a role. */
export interface Companions {
  readonly images: readonly BidsName[]
  readonly problems: readonly Problem[]
}

/** Entities that say what was made of an image, not which acquisition it is. */
const NOT_ACQUISITION = ['desc', 'mod', 'label', 'space', 'res']

function isOfSession(name: BidsName, image: BidsName): boolean {
  return name.entities['sub'] === image.entities['sub'] && name.entities['ses'] === image.entities['ses']
}

/** Whether nothing in a name says that it belongs to another acquisition than the image. */
function isOfAcquisition(name: BidsName, image: BidsName): boolean {
  return Object.entries(name.entities).every(
    ([key, label]) => NOT_ACQUISITION.includes(key) || image.entities[key] === label,
  )
}

/** Whether a name is that of a susceptibility-contrast series. */
function isSusceptibility({ suffix, entities }: BidsName): boolean {
  return suffix.toLowerCase() === 'dsc' || (/^(perf|bold)$/.test(suffix) && /^dsc/i.test(entities['acq'] ?? ''))
}

/**
 * The arterial input that the dataset holds for a series: a mask of arterial voxels, else a table.
 *
 * @remarks
 * A table or mask serves the series whose acquisition entities it does not contradict. Where the session has a DSC series
 * as well, only one with `mod-dce` is taken: nothing else would tell whose it is.
 *
 * @param index - the dataset
 * @param image - the series
 * @param options - whether the user named another input
 */
export function findArterial(
  index: Index,
  image: BidsName,
  options: Options,
): Companions & { readonly isWanted: boolean } {
  const word = options['dce-aif']
  const names = ['parker', 'georgiou', 'weinmann', 'fritzhansen', 'orton', 'manning', 'heye', 'mcgrath']
  if (names.includes(word)) return { isWanted: false, images: [], problems: [] }
  const masks = index.images.filter(
    ({ suffix, entities }) => suffix === 'mask' && entities['desc']?.toLowerCase() === 'aif',
  )
  const belongs = [...masks, ...index.tables('aif')].filter(
    name =>
      name.datatype === image.datatype &&
      isOfSession(name, image) &&
      isOfAcquisition(name, image) &&
      name.entities['mod'] !== 'dsc',
  )
  const hasOther = index.images.some(other => isSusceptibility(other) && isOfSession(other, image))
  const certain = belongs.filter(({ entities }) => !hasOther || entities['mod'] === 'dce')
  const problems = belongs
    .filter(name => !certain.includes(name))
    .map(name =>
      problem(
        'AIF_UNASSIGNED',
        `${baseName(name.path)} could belong to the DSC or to the DCE series of its session and is not used; name it with mod-dce or mod-dsc, or give it with --dce-aif.`,
        { file: name.path },
      ),
    )
  const shared = ({ entities }: BidsName) => Object.keys(entities).filter(key => key in image.entities).length
  const ranked = [...certain].sort((a, b) => shared(b) - shared(a))
  const isMask = ranked[0]?.suffix === 'mask'
  const chosen = ranked.find(({ suffix }) => (suffix === 'mask') === isMask)
  const others = ranked.filter(name => name !== chosen)
  if (chosen && others.length > 0 && word === 'auto')
    problems.push(
      problem(
        'ROLE_CHOSEN',
        `${baseName(chosen.path)} is the arterial input of ${baseName(image.path)}, not ${others.map(({ path }) => baseName(path)).join(', ')}; name another with --dce-aif.`,
      ),
    )
  return { isWanted: true, images: chosen ? [chosen] : [], problems }
}

/**
 * The T1 or R1 map of a series' session: T1 before R1, that with most entities in common with the series first.
 *
 * @param index - the dataset
 * @param image - the series
 */
export function findT1(index: Index, image: BidsName): Companions {
  const maps = index.images.filter(
    name => name.datatype === 'anat' && ['T1map', 'R1map'].includes(name.suffix) && isOfSession(name, image),
  )
  const shared = ({ entities }: BidsName) =>
    Object.entries(entities).filter(([key, label]) => image.entities[key] === label).length
  const [chosen, ...others] = maps.sort(
    (a, b) => Number(a.suffix === 'R1map') - Number(b.suffix === 'R1map') || shared(b) - shared(a),
  )
  if (!chosen) return { images: [], problems: [] }
  return {
    images: [chosen],
    problems:
      others.length > 0
        ? [
            problem(
              'ROLE_CHOSEN',
              `${baseName(chosen.path)} is the T1 of ${baseName(image.path)}, not ${others.map(({ path }) => baseName(path)).join(', ')}; choose another with --bids-filter-file.`,
            ),
          ]
        : [],
  }
}
