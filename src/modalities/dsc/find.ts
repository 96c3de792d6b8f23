import type { BidsName } from '../../bids/name.ts'
import {
  type Companions,
  chosenOf,
  findArterial,
  findContrastSeries,
  groupNames,
  keyOf,
  type NamePattern,
  namedBy,
  sessionOf,
} from '../contrast-series.ts'
import type { Found, Index, LeftAlone, RoleRequest } from '../modality.ts'

/**
 * The DSC series of a dataset, each with all its echoes, and those that are left alone with the reason.
 *
 * @remarks
 * How a series is recognised: {@link findContrastSeries}; it stands in its facts. A series of the preload injection
 * (`acq-preload`) is left alone where there is another, of which it says that a preload was given.
 *
 * @param index - the dataset
 */
export function findSeries(index: Index): { readonly runs: readonly Found[]; readonly left: readonly LeftAlone[] } {
  const runs: Found[] = []
  const found = findContrastSeries(index, 'dsc')
  const left: LeftAlone[] = [...found.left]
  for (const { pattern, images } of found.sessions) {
    const groups = groupNames(images, image => keyOf(image, ['echo']))
    const isPreload = (group: readonly BidsName[]) => /preload/i.test(group[0]?.entities['acq'] ?? '')
    const preload = groups.some(group => !isPreload(group)) ? groups.filter(isPreload) : []
    for (const image of preload.flat())
      left.push({ image, reason: 'the series of the preload injection: the one after it is quantified' })
    for (const group of groups.filter(other => !preload.includes(other)))
      runs.push(describeRun(index, group, pattern, preload[0]?.[0] ?? null))
  }
  return { runs, left }
}

function describeRun(index: Index, group: readonly BidsName[], pattern: NamePattern, preload: BidsName | null): Found {
  const series = [...group].sort((a, b) => Number(a.entities['echo'] ?? 0) - Number(b.entities['echo'] ?? 0))
  const first = series[0]!
  const aif = findArterial(index, first, 'dsc')
  const adc = findAdc(index, first)
  const request = (role: RoleRequest['role'], how: RoleRequest['how'], raw: readonly BidsName[] = []): RoleRequest => {
    return { role, required: false, grid: 'reference', how, raw }
  }
  return {
    series,
    roles: [
      request('aif', 'label', aif.images),
      request('lesion', 'label'),
      request('adc', 'intensity', adc.images),
      request('gm', 'fraction'),
      request('wm', 'fraction'),
      request('csf', 'fraction'),
      request('mask', 'label'),
      request('dseg', 'label'),
    ],
    context: { foundBy: pattern.words, preload: preload?.path ?? null },
    problems: [...namedBy(first, 'dsc', pattern), ...aif.problems, ...adc.problems],
  }
}

/** The ADC map of the session; of several the first. */
function findAdc(index: Index, series: BidsName): Companions {
  const [chosen, ...others] = index.images.filter(
    image => image.datatype === 'dwi' && image.suffix === 'ADC' && sessionOf(image) === sessionOf(series),
  )
  if (!chosen) return { images: [], problems: [] }
  return { images: [chosen], problems: others.length > 0 ? [chosenOf(chosen, others, series, 'its ADC map')] : [] }
}
