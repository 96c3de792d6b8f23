import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { frameValues } from '../../../src/image/volume.ts'
import { readVolume } from '../../../src/nifti/index.ts'
import { perfquant } from '../../run/harness.ts'
import { smallDataset } from './dataset.ts'

/** The kinetic cases of the OSIPI code collection through the built command, as concentration images with their plasma curve. */

const FOLDER = '../shared/data/dce/osipi/DCEmodels'
const isThere = existsSync(FOLDER)
if (!isThere) console.warn(`SKIPPED: OSIPI cases through the command need ${FOLDER}`)

const numbers = (cell: string | undefined) => (cell ?? '').trim().split(/\s+/).filter(Boolean).map(Number)

/** Column → map, absolute and relative tolerance, unit of the map over that of the column. */
type Compared = readonly [string, string, number, number, number]
interface Case {
  readonly file: string
  readonly model: string
  readonly curve: string
  readonly inlet: string
  readonly compare: readonly Compared[]
  /** Samples that the tissue curve is moved by, where the set of the collection does that in its test. */
  readonly shift?: number
}
const CASES: readonly Case[] = [
  {
    file: 'dce_DRO_data_tofts',
    model: 'tofts',
    curve: 'C',
    inlet: 'ca',
    compare: [
      ['Ktrans', 'Ktrans', 0.005, 0.1, 1],
      ['ve', 've', 0.05, 0, 1],
    ],
  },
  {
    file: 'dce_DRO_data_extended_tofts',
    model: 'etofts',
    curve: 'C',
    inlet: 'ca',
    compare: [
      ['Ktrans', 'Ktrans', 0.005, 0.1, 1],
      ['ve', 've', 0.05, 0, 1],
      ['vp', 'vp', 0.025, 0, 1],
    ],
  },
  {
    file: 'patlak_sd_0.02_delay_0',
    model: 'patlak',
    curve: 'C_t',
    inlet: 'cp_aif',
    compare: [
      ['vp', 'vp', 0.025, 0, 1],
      ['ps', 'PS', 0.005, 0.1, 100],
    ],
  },
  {
    file: '2cxm_sd_0.001_delay_0',
    model: '2cxm',
    curve: 'C_t',
    inlet: 'cp_aif',
    compare: [
      ['vp', 'vp', 0.025, 0, 1],
      ['ve', 've', 0.05, 0, 1],
      ['fp', 'Fp', 5, 0.1, 1],
      ['ps', 'PS', 0.005, 0.1, 100],
    ],
  },
  {
    file: '2cum_sd_0.0025_delay_0',
    model: '2cum',
    curve: 'C_t',
    inlet: 'cp_aif',
    compare: [
      ['vp', 'vp', 0.025, 0, 1],
      ['fp', 'Fp', 5, 0.1, 1],
      ['ps', 'PS', 0.005, 0.1, 100],
    ],
  },
]

/** With a delay of each voxel's own, to 1 s; bounds are the program's. */
const DELAY = ['arterial_delay', 'delay', 1, 0, 1] as const
const DELAYED: readonly Case[] = [
  { ...CASES[0]!, shift: 10 },
  { ...CASES[1]!, shift: 5 },
  { ...CASES[4]!, file: '2cum_sd_0.0025_delay_5', compare: [...CASES[4]!.compare, DELAY] },
]

describe.skipIf(!isThere)('OSIPI cases through the command', () => {
  it.each(CASES.map(item => [item.file, item] as const))('%s', (_, item) => compareAll(item, 'none'))
  it.each(DELAYED.map(item => [item.file, item] as const))('%s with a delay', (_, item) => compareAll(item, 'voxel'))
})

async function compareAll({ file, model, curve, inlet, compare, shift = 0 }: Case, delay: string): Promise<void> {
  const [head, ...lines] = readFileSync(join(FOLDER, `${file}.csv`), 'utf8')
    .trim()
    .split(/\r?\n/)
  const names = head!.split(',')
  const rows = lines.map(line => Object.fromEntries(line.split(',').map((cell, at) => [names[at]!, cell])))
  // One dataset for each input curve.
  const inputs = groupBy(rows, row => row[inlet]! + row['t']!)
  let at = 0
  for (const group of inputs.values()) {
    const times = numbers(group[0]!['t'])
    const data = smallDataset(`osipi-${file}-${at++}`, group.length)
    const curves = group.map(row => {
      const values = numbers(row[curve])
      return values.map((value, i) => (i < shift ? values[0]! : (values[i - shift] ?? value)))
    })
    data.image(
      'perf/sub-01_desc-concentration_dce',
      times.flatMap((__, frame) => curves.map(values => values[frame]!)),
      times.length,
      { Units: 'mM', VolumeTiming: times },
    )
    const arterial = numbers(group[0]!['ta'] ?? group[0]!['t'])
    const values = numbers(group[0]![inlet])
    data.text(
      'perf/sub-01_aif.tsv',
      `time\tconcentration\n${arterial.map((t, i) => `${t}\t${values[i]}`).join('\n')}\n`,
    )
    data.text('perf/sub-01_aif.json', JSON.stringify({ AIFBasis: 'plasma' }))
    const out = join(data.root, '../out')
    const ran = perfquant(
      data.root,
      out,
      'participant',
      '--skip-bids-validation',
      '--dce-model',
      model,
      '--dce-delay',
      delay,
    )
    expect(ran.code, ran.err).toBe(0)
    for (const [column, param, atol, rtol, unit] of compare) {
      const map = await readVolume(
        join(
          out,
          `sub-01/perf/sub-01_desc-concentration_model-${model}_param-${param}_dcemap.nii.gz`.replace(
            '_desc-concentration',
            '',
          ),
        ),
      )
      if (!map.ok) throw new Error(map.problems[0]?.message)
      const found = frameValues(map.value, 0)
      for (const [voxel, row] of group.entries()) {
        const truth = unit * Number(row[column])
        expect(
          Math.abs(found[voxel]! - truth),
          `${row['label']} ${param}: ${found[voxel]} for ${truth}`,
        ).toBeLessThanOrEqual(unit * atol + rtol * Math.abs(truth))
      }
    }
  }
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}
