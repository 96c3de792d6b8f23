import { describe, expect, it } from 'vitest'
import { groupPage } from '../../src/report/group.ts'
import type { RegionRow } from '../../src/report/record.ts'
import { groupInput, groupRun } from './fixture.ts'
import { elementsOf } from './support.ts'

describe('the group page', () => {
  it('needs nothing from outside itself, and leads to pages and tables beside it', async () => {
    const html = await groupPage(groupInput(24))
    const elements = elementsOf(html)
    expect(elements.filter(({ name }) => ['script', 'link', 'img', 'iframe'].includes(name))).toEqual([])
    const hrefs = new Set(elements.flatMap(({ attributes }) => attributes.get('href') ?? []))
    for (const href of hrefs) expect(href).toMatch(/^(#[a-z-]+|sub-\d{3}\.html#run-1|group_asl\.(tsv|json))$/)
    for (const href of ['sub-001.html#run-1', 'group_asl.tsv', 'group_asl.json']) expect(hrefs).toContain(href)
  })

  it('is the same, byte for byte, for the same input', async () => {
    expect(await groupPage(groupInput(24))).toBe(await groupPage(groupInput(24)))
  })

  it('has one first heading, skips no level and repeats no id', async () => {
    const elements = elementsOf(await groupPage(groupInput(24)))
    const levels = elements.flatMap(({ name }) => (/^h\d$/.test(name) ? [Number(name[1])] : []))
    expect(levels.filter(level => level === 1)).toHaveLength(1)
    expect(Math.max(...levels.map((level, i) => level - (levels[i - 1] ?? 0)))).toBe(1)
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? [])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('counts runs, verdicts and problems, and shows refused runs with the reason', async () => {
    const html = (await groupPage(groupInput(24))).replaceAll('<wbr>', '')
    expect(html).toContain('24 participants, 24 runs: 22 complete, 2 refused.')
    expect(html).toContain('PostLabelingDelay is 1800 s')
    const problems = html.split('id="problems"')[1] ?? ''
    expect(problems.indexOf('FIELD_UNIT_SUSPECT')).toBeLessThan(problems.indexOf('FIELD_UNUSUAL'))
    const rule = html.split('Labelling duration of 1.8 s')[1]?.split('</tr>')[0] ?? ''
    expect(
      [
        ...rule.matchAll(
          /class="number">(?:<span class="(?:muted|tag warn)">(?:<span aria-hidden="true">!<\/span> )?)(\d+)/g,
        ),
      ].map(match => match[1]),
    ).toEqual(['0', '22', '0', '0', '0'])
  })

  it('draws one strip a region, the whole brain first, with one dot a run', async () => {
    const html = await groupPage(groupInput(24))
    const chart = html.split('id="parameters"')[1]?.split('</figure>')[0] ?? ''
    const elements = elementsOf(chart.slice(chart.indexOf('<svg')))
    expect(elements.filter(({ name }) => name === 'circle')).toHaveLength(22 * 5)
    const names = elements
      .filter(({ name, attributes }) => name === 'text' && attributes.get('x') === '0')
      .map(({ text }) => text)
    expect(names).toEqual(['brain', 'GM', 'WM', 'CSF', 'Left thalamus'])
    expect(chart).toContain('Median of the region (mL/100 g/min)')
    expect(chart).toContain('<title>sub-001_asl: ')
  })

  it('warns of a parameter that was computed in several ways', async () => {
    const input = groupInput(4)
    const regions = input.regions.map((row, i): RegionRow => (i === 0 ? { ...row, options_hash: 'b2' } : row))
    expect(await groupPage({ ...input, regions })).toContain('Computed with 2 different sets of options')
    expect(await groupPage(input)).not.toContain('different sets of options')
  })

  it('reads rows from a table as well: text for numbers, n/a for what is missing', async () => {
    const input = groupInput(3)
    const regions = input.regions.map(
      (row, i): RegionRow => ({ ...row, median: i === 0 ? 'n/a' : String(row['median']) }),
    )
    expect(await groupPage({ ...input, regions })).not.toContain('NaN')
  })

  it('stays bounded for thousands of participants', async () => {
    const html = await groupPage(groupInput(4000))
    expect(html.length).toBeLessThan(1_500_000)
    expect(html).toContain('3000 more are in the tables.')
  })

  it('says where there is nothing', async () => {
    const html = await groupPage({ title: 'Empty', version: '0.1.0', tables: [], runs: [], regions: [] })
    expect(html).toContain('No run was found.')
    elementsOf(html)
  })

  it('keeps hostile text as text', async () => {
    const hostile = '"><script>alert(1)</script>'
    const run = {
      ...groupRun(1),
      participant: hostile,
      bidsName: hostile,
      title: hostile,
      kind: hostile,
      href: hostile,
    }
    const regions: RegionRow[] = [{ bids_name: hostile, region: hostile, param: hostile, units: hostile, median: 1 }]
    const table = {
      name: hostile,
      columns: [hostile],
      rows: [],
      dictionary: { [hostile]: { Description: hostile, Units: hostile } },
    }
    const html = await groupPage({ title: hostile, version: hostile, tables: [table], runs: [run], regions })
    expect(elementsOf(html).filter(({ name }) => name === 'script')).toEqual([])
    expect(html).not.toContain('<script')
  })
})
