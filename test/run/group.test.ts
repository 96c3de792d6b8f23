import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { pairAgreement, withinSubject } from '../../src/numerics/agreement.ts'
import { createRandom } from '../../src/numerics/random.ts'
import { fullRecord } from '../report/fixture.ts'
import { labelOf, writeDerivatives } from './derivatives.ts'
import { listFiles, newFolder, perfquant, readJson, readTsv } from './harness.ts'

/** The group level on derivatives whose values are known, through the command. */

const SUBJECTS = 8
const random = createRandom('group')
/** Values by participant, session and region, of two parameters. */
const VALUES = Array.from({ length: SUBJECTS }, () => {
  const level = 50 + 12 * random.normal()
  return [0, 1].map(() => [0, 1, 2].map(region => level + 8 * region + 2 * random.normal()))
})

function dataset(name: string, site?: (participant: number, session: number) => string): string {
  const root = newFolder(name)
  return writeDerivatives(
    root,
    {
      participants: SUBJECTS,
      sessions: 2,
      regions: 3,
      parameters: 2,
      ...(site ? { site } : {}),
      value: ({ participant, session, region, parameter }) =>
        VALUES[participant]![session]![region]! + 1000 * parameter,
    },
    fullRecord(),
  )
}

const gather = (root: string) => {
  const ran = perfquant(root, root, 'group')
  expect(ran.code, ran.err).toBe(0)
}

describe('the regions of a group', () => {
  const root = dataset('group-regions')
  gather(root)

  it('are all there, ids are text, what is missing is n/a', () => {
    const rows = readTsv(root, 'group_regions.tsv')
    expect(rows).toHaveLength(SUBJECTS * 2 * 3 * 2)
    expect(rows[0]).toMatchObject({ participant_id: 'sub-00001', session_id: 'ses-1', acq: 'n/a', value: 'n/a' })
    expect(Number(rows[0]?.['median'])).toBe(VALUES[0]?.[0]?.[0])
  })

  it('are the same as Parquet, with null for what is missing', async () => {
    const bytes = readFileSync(join(root, 'group_regions.parquet'))
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    const rows = await parquetReadObjects({ file })
    const text = rows.map(row =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value === null ? 'n/a' : String(value)])),
    )
    expect(text).toEqual(readTsv(root, 'group_regions.tsv'))
  })

  it('have a dictionary for every column of every table', () => {
    for (const path of listFiles(root).filter(name => /^group_\w+\.tsv$/.test(name))) {
      const [head = ''] = readFileSync(join(root, path), 'utf8').split('\n')
      const dictionary = readJson(root, path.replace(/tsv$/, 'json'))
      for (const column of head.split('\t')) expect(dictionary, `${path}: ${column}`).toHaveProperty([column])
    }
  })

  it('and all else have the same bytes the next time', () => {
    const bytes = () =>
      listFiles(root)
        .filter(name => name.startsWith('group'))
        .map(name => readFileSync(join(root, name)).toString('base64'))
    const first = bytes()
    gather(root)
    expect(bytes()).toEqual(first)
  })
})

describe('repeatability', () => {
  it('of two sessions is that of the pairs', () => {
    const root = dataset('group-sessions')
    gather(root)
    const rows = readTsv(root, 'group_repeatability.tsv')
    expect(rows).toHaveLength(2 * 3 * 2)
    for (const region of [0, 1, 2]) {
      const pairs = VALUES.map(sessions => [sessions[0]![region]!, sessions[1]![region]!] as const)
      const name = region === 0 ? 'brain' : `region ${region}`
      const row = rows.find(
        cells => cells['region'] === name && cells['param'] === 'parameter0' && cells['statistic'] === 'median',
      )
      const [within, agreement] = [withinSubject(pairs), pairAgreement(pairs)]
      expect(row).toMatchObject({ comparison: 'sessions', n_pairs: '8', n_measurements: '16', n_sites: 'n/a' })
      expect(Number(row?.['wsd'])).toBeCloseTo(within.sd.value, 10)
      expect(Number(row?.['wcv'])).toBeCloseTo(100 * within.cv.value, 10)
      expect(Number(row?.['rc_ci_high'])).toBeCloseTo(within.rc.high, 10)
      expect(Number(row?.['bias'])).toBeCloseTo(agreement.bias.value, 10)
      expect(Number(row?.['loa_upper'])).toBeCloseTo(agreement.upper.value, 10)
      // By hand: half of the mean squared difference.
      const squares = pairs.reduce((sum, [first, second]) => sum + (second - first) ** 2 / 2, 0)
      expect(Number(row?.['wsd'])).toBeCloseTo(Math.sqrt(squares / SUBJECTS), 10)
    }
    expect(readFileSync(join(root, 'group.html'), 'utf8')).toContain('id="repeatability"')
  })

  it('of sites is reproducibility, and the variance of settled participants is split', () => {
    const travelling = dataset('group-travelling', (_, session) => (session === 0 ? 'Bern' : 'Leeds'))
    gather(travelling)
    expect(new Set(readTsv(travelling, 'group_repeatability.tsv').map(row => row['comparison']))).toEqual(
      new Set(['sites']),
    )
    const settled = dataset('group-settled', participant => (participant % 2 === 0 ? 'Bern' : 'Leeds'))
    gather(settled)
    const rows = readTsv(settled, 'group_repeatability.tsv')
    expect(new Set(rows.map(row => row['comparison']))).toEqual(new Set(['sessions', 'variance']))
    const split = rows.find(row => row['comparison'] === 'variance' && row['region'] === 'brain')
    expect(split).toMatchObject({ n_sites: '2', n_participants: '8', wsd: 'n/a' })
    const within = rows.find(row => row['comparison'] === 'sessions' && row['region'] === 'brain')
    expect(Number(split?.['var_within'])).toBeCloseTo(Number(within?.['wsd']) ** 2, 8)
    expect(readTsv(settled, 'group_asl.tsv')[0]).toMatchObject({ site: 'Bern' })
  })
})

describe('ratings', () => {
  it('take excluded runs out of everything but their own row, and figures away that too few pairs are left for', () => {
    const root = dataset('group-ratings')
    mkdirSync(join(root, 'ratings'))
    const rate = (participant: number, where: string, content: object) =>
      writeFileSync(
        join(root, where, `sub-${labelOf(participant)}_ses-2_desc-rating_asl.json`),
        JSON.stringify({ BidsName: `sub-${labelOf(participant)}_ses-2_asl`, Reasons: ['motion'], ...content }),
      )
    rate(0, '', { Rating: 'exclude' })
    rate(1, 'ratings', { Rating: 'exclude' })
    rate(2, `sub-${labelOf(2)}/ses-2/perf`, { Rating: 'exclude' })
    rate(3, 'ratings', { Rating: 'exclude', Identity: `identity-sub-${labelOf(3)}_ses-2` })
    rate(4, 'ratings', { Rating: 'accept', Identity: 'another' })
    rate(5, 'ratings', { Rating: 'maybe' })
    gather(root)
    const runs = readTsv(root, 'group_asl.tsv')
    expect(runs).toHaveLength(16)
    expect(runs.filter(row => row['rating'] === 'exclude').map(row => row['bids_name'])).toEqual(
      [0, 1, 2, 3].map(participant => `sub-${labelOf(participant)}_ses-2_asl`),
    )
    expect(runs.find(row => row['rating'] === 'accept')).toMatchObject({ participant_id: 'sub-00005' })
    expect(readTsv(root, 'group_regions.tsv')).toHaveLength((16 - 4) * 6)
    const [row] = readTsv(root, 'group_repeatability.tsv')
    expect(row).toMatchObject({ n_participants: '4', n_pairs: '4', wsd: 'n/a', icc_agreement: 'n/a', bias: 'n/a' })
    const page = readFileSync(join(root, 'group.html'), 'utf8')
    expect(page).toContain('Rating is &quot;maybe&quot;; write &quot;accept&quot; or &quot;exclude&quot;.')
    expect(page).toContain('1 rating of an earlier result')
    expect(page).toContain('5 runs rated, 4 excluded')
  })
})

describe('a large group', () => {
  it('has a page that still opens', () => {
    const root = newFolder('group-large')
    writeDerivatives(
      root,
      {
        participants: 600,
        sessions: 1,
        regions: 12,
        parameters: 6,
        site: participant => `site ${participant % 20}`,
        value: ({ participant, region, parameter }) => ((participant * 37) % 101) + region + 10 * parameter,
      },
      fullRecord(),
    )
    gather(root)
    expect(readTsv(root, 'group_regions.tsv')).toHaveLength(600 * 72)
    expect(statSync(join(root, 'group.html')).size).toBeLessThan(3_000_000)
  })
})
