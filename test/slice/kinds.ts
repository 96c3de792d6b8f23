import type { BidsName } from '../../src/bids/name.ts'
import { frameValues, type Volume, voxelCount } from '../../src/image/volume.ts'
import type {
  Computation,
  Found,
  Index,
  Modality,
  OutputName,
  Placed,
  Prepared,
  Result,
  Run,
} from '../../src/modalities/modality.ts'
import { bad, type Checked, good, problem } from '../../src/problems.ts'

/**
 * Slices for the tests of the house: nothing in `src/` knows them, and they live in it like the real ones.
 *
 * `level` fills the role t1map from two flip angles; `slope` would fill adc and refuses what is marked broken; `blend`
 * reads two echoes, requires t1map and prefers adc.
 */

const groupBy = (images: readonly BidsName[], key: (image: BidsName) => string) => {
  const groups = new Map<string, BidsName[]>()
  for (const image of images) groups.set(key(image), [...(groups.get(key(image)) ?? []), image])
  return [...groups.values()]
}

const acquisition = ({ entities: { sub, ses, run } }: BidsName) => `${sub} ${ses} ${run}`

function runsOf(index: Index, suffix: string, roles: Found['roles']): readonly Found[] {
  return groupBy(
    index.images.filter(image => image.suffix === suffix),
    acquisition,
  ).map(series => ({ series, roles, context: {}, problems: [] }))
}

function prepared(series: readonly Volume[]): Checked<Prepared> {
  const [first] = series
  if (!first) throw new Error('a run has a series')
  const values = Float32Array.from(frameValues(first, 0))
  const confounds = { columns: ['global_signal'], rows: [['1']] }
  return good({
    series,
    reference: { grid: first.grid, values, header: first.header },
    mask: new Uint8Array(voxelCount(first.grid)).fill(1),
    confounds,
    problems: [],
  })
}

function result(name: OutputName, values: Float32Array, placed: Placed): Result {
  const status = new Uint8Array(values.length).fill(1)
  const map = { name, kind: 'map' as const, values, unit: '1' as const, template: 'test', parameter: 'blend' }
  const used = Object.keys(placed).sort().join(' ')
  return {
    maps: [map],
    status,
    parameters: [{ name: 'RolesUsed', meaning: 'Roles that were filled', value: used, unit: '1', source: 'computed' }],
    equation: null,
    quality: [],
    figures: [
      {
        kind: 'mosaic',
        id: 'map',
        title: 'The map',
        caption: 'One grey block.',
        image: name,
        window: [0, 10],
        colours: 'grey',
        unit: '1',
      },
    ],
    paragraphs: [`Made with ${used || 'nothing else'} [@house].`],
    references: { house: 'The house. doi:10.0000/house' },
    problems: [],
  }
}

function computation(
  run: Run,
  name: OutputName,
  combine: (series: readonly Volume[], placed: Placed) => Float32Array,
): Checked<Computation> {
  return good({
    facts: [{ name: 'SeriesCount', label: 'Series', value: run.series.length, unit: '1', from: 'the dataset' }],
    protocol: null,
    outputs: [name],
    memory: 0,
    prepare: prepared,
    fit: (ready, placed) => good(result(name, combine(ready.series, placed), placed)),
  })
}

const meanOf = (volumes: readonly Volume[]) => {
  const sum = new Float32Array(volumes[0] ? voxelCount(volumes[0].grid) : 0)
  for (const volume of volumes)
    for (const [v, value] of frameValues(volume, 0).entries()) sum[v]! += value / volumes.length
  return sum
}

const common = { options: ['smooth', 'fill'], stage: null } as const
const LEVEL: OutputName = { desc: 'vfa', suffix: 'T1map' }
const SLOPE: OutputName = { desc: 'slope', suffix: 'ADC' }

const level: Modality = {
  ...common,
  name: 'level',
  title: 'Level',
  datatype: 'anat',
  suffix: 'VFA',
  provides: { t1map: LEVEL },
  auxiliary: true,
  find: index => ({ runs: runsOf(index, 'VFA', []), left: [] }),
  bind(run) {
    const broken = run.series.find(({ sidecar }) => sidecar.values['FlipAngle'] === undefined)
    if (broken)
      return bad(
        problem('FIELD_MISSING', `${broken.name.path}: FlipAngle is missing; add it.`, {
          file: broken.name.path,
          field: 'FlipAngle',
        }),
      )
    return computation(run, LEVEL, meanOf)
  },
}

const slope: Modality = {
  ...common,
  name: 'slope',
  title: 'Slope',
  datatype: 'dwi',
  suffix: 'dwi',
  provides: { adc: SLOPE },
  auxiliary: true,
  find: index => ({ runs: runsOf(index, 'dwi', []), left: [] }),
  bind(run) {
    if (run.series.some(({ sidecar }) => sidecar.values['Broken'] === true))
      return bad(problem('FIELD_INVALID', `${run.series[0]?.name.path}: Broken is true; mend it.`))
    if (run.series.some(({ sidecar }) => sidecar.values['Crash'] === true))
      return {
        ...good({
          facts: [],
          protocol: null,
          outputs: [SLOPE],
          memory: 0,
          prepare: prepared,
          fit: () => {
            throw new Error('a planted defect')
          },
        }),
      }
    return computation(run, SLOPE, meanOf)
  },
}

const CURVE: OutputName = { mod: true, desc: 'aif', suffix: 'timeseries' }

/** Writes the table that serves as arterial input once more, where there is one. */
function withCurve({ roles }: Run, made: Checked<Computation>): Checked<Computation> {
  const curve = roles.aif?.[0]?.tables['aif']
  if (!made.ok || !curve) return made
  const table = { name: CURVE, ...curve, template: 'confounds', sidecar: roles.aif?.[0]?.sidecar.values ?? {} }
  return good({
    ...made.value,
    tables: [CURVE],
    fit(ready, placed) {
      const fitted = made.value.fit(ready, placed)
      return fitted.ok ? good({ ...fitted.value, tables: [table] }) : fitted
    },
  })
}

const blend: Modality = {
  ...common,
  name: 'blend',
  title: 'Blend',
  datatype: 'perf',
  suffix: 'dsc',
  provides: {},
  find: index => ({
    runs: runsOf(index, 'dsc', [
      { role: 't1map', required: true, grid: 'reference', how: 'intensity', raw: [] },
      { role: 'adc', required: false, grid: 'reference', how: 'intensity', raw: [] },
    ]).map(found => ({
      ...found,
      roles: [
        ...found.roles,
        {
          role: 'aif' as const,
          required: false,
          grid: 'reference' as const,
          how: 'label' as const,
          raw: index
            .tables('aif')
            .filter(
              ({ entities }) =>
                entities['sub'] === found.series[0]?.entities['sub'] &&
                entities['run'] === found.series[0]?.entities['run'],
            ),
        },
      ],
    })),
    left: [],
  }),
  bind: run =>
    withCurve(
      run,
      computation(run, { model: 'blend', param: 'cbv', suffix: 'dscmap' }, (series, placed) => {
        const out = meanOf(series)
        for (const volume of [...(placed.t1map ?? []), ...(placed.adc ?? [])])
          for (const [v, value] of frameValues(volume, 0).entries()) out[v]! += value
        return out
      }),
    ),
}

/** The slices, consumers and fillers in one list as in the real one. */
export const kinds: readonly Modality[] = [blend, level, slope]
