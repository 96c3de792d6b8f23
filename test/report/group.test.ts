import { describe, expect, it } from 'vitest'
import { groupPage } from '../../src/report/group.ts'
import { outliersOf } from '../../src/report/outliers.ts'
import { groupInput, groupRun, series } from './fixture.ts'
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
    const runs = input.runs.map((run, i) => (i === 0 ? { ...run, optionsHash: 'b2' } : run))
    expect(await groupPage({ ...input, runs })).toContain('Computed with 2 different sets of options')
    expect(await groupPage(input)).not.toContain('different sets of options')
    const other = series('GM', [50, 51, 52, 53], { estimator: 'other' })
    expect(await groupPage({ ...input, series: [...input.series, other] })).toContain(
      'Computed with 2 different estimators',
    )
    const fit = series('GM', [50, 51, 52, 53], { estimator: 'other', source: 'regionfit' })
    expect(await groupPage({ ...input, series: [...input.series, fit] })).not.toContain('different estimators')
  })

  it('compares sites: values, acquisition, protocol', async () => {
    const input = groupInput(12)
    const runs = input.runs.map((run, i) => ({
      ...run,
      site: i % 2 === 0 ? 'Leeds' : 'Bern',
      facts: run.facts.map(fact => (fact.name === 'FlipAngle' ? { ...fact, value: i % 2 === 0 ? 90 : 80 } : fact)),
    }))
    const html = await groupPage({ ...input, runs })
    expect(html).toContain('asl · cbf, brain, by site')
    const acquisition = html.split('id="acquisition"')[1]?.split('</section>')[0] ?? ''
    expect(acquisition).toContain('1 fact of the acquisition differ')
    expect(acquisition).toMatch(/Bern \(6\).*Leeds \(6\)/s)
    expect(acquisition).toMatch(/80°.*90°/s)
    const protocol = html.split('id="protocol"')[1]?.split('</section>')[0] ?? ''
    expect(protocol).toContain('runs that pass by site')
    expect(await groupPage(input)).not.toContain('by site</strong>')
  })

  it('lists outliers, against their own site where that is large enough', async () => {
    const values = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 50 : 90) + ((i * 7) % 10) / 10)
    const runs = values.map((_, i) => groupRun(i + 20, { status: 'complete', site: i % 2 === 0 ? 'Leeds' : 'Bern' }))
    // 70 lies between the sites: nobody would notice it without them.
    values[4] = 70
    const found = outliersOf([series('GM', values)], runs)
    expect(found.map(({ run, value }) => [run.bidsName, value])).toEqual([[runs[4]?.bidsName, 70]])
    const mad = 0.2
    expect(found[0]?.z).toBeGreaterThan((0.6745 * 19) / (2 * mad))
    expect(
      outliersOf(
        [series('GM', values)],
        runs.map(run => ({ ...run, site: null })),
      ),
    ).toEqual([])
    const input = { ...groupInput(4), runs, series: [series('GM', values)], outliers: found }
    expect(await groupPage(input)).toMatch(/id="outliers"[\s\S]*sub-024_asl|sub-024/)
    expect(outliersOf([series('GM', [1, 1, 1, 1, 1, 1, 1, 1, 9])], runs)).toEqual([])
  })

  it('groups participants by the runs that they lack', async () => {
    const runs = [1, 2, 4, 5, 6, 7].flatMap(n => {
      const sessions = n < 3 ? ['1'] : ['1', '2']
      return sessions.map(ses => groupRun(n, { status: 'complete', entities: { sub: String(n), ses }, session: ses }))
    })
    const html = await groupPage({ ...groupInput(4), runs, series: [] })
    const missing = html.split('id="missing"')[1]?.split('</section>')[0] ?? ''
    expect(missing).toContain('4 participants of 6 with all of asl ses-1, asl ses-2')
    expect(missing).toMatch(/missing<\/span>[\s\S]*sub-001[\s\S]*sub-002/)
  })

  it('shows who was excluded and why, and what is out of date', async () => {
    const rating = {
      BidsName: 'sub-002_asl',
      Identity: 'old',
      Rating: 'exclude' as const,
      Reasons: ['motion'],
      Notes: 'head moved',
      Rater: 'AB',
      file: 'ratings/sub-002_desc-rating_asl.json',
      isOutdated: true,
    }
    const input = groupInput(4)
    const runs = input.runs.map((run, i) => (i === 1 ? { ...run, ratings: [rating], isExcluded: true } : run))
    const html = await groupPage({ ...input, runs, unreadRatings: ['x.json is no JSON; save the rating again.'] })
    for (const words of ['1 run rated, 1 excluded', 'head moved', 'of an earlier result', 'x.json is no JSON'])
      expect(html).toContain(words)
  })

  it('stays bounded for thousands of participants', async () => {
    const html = await groupPage(groupInput(4000))
    expect(html.length).toBeLessThan(1_500_000)
    expect(html).toContain('3000 more are in the tables.')
  })

  it('says where there is nothing', async () => {
    const html = await groupPage({
      ...groupInput(1),
      title: 'Empty',
      tables: [],
      runs: [],
      series: [],
      outliers: [],
    })
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
    const one = series(hostile, [1], { modality: hostile, param: hostile, units: hostile, atlas: hostile })
    const table = {
      name: hostile,
      columns: [hostile],
      rows: 0,
      dictionary: { [hostile]: { Description: hostile, Units: hostile } },
    }
    const html = await groupPage({
      ...groupInput(1),
      title: hostile,
      version: hostile,
      tables: [table],
      runs: [{ ...run, site: hostile }],
      series: [one],
      outliers: [{ run, parameter: hostile, region: hostile, units: hostile, value: 1, median: 0, z: 9 }],
      unreadRatings: [hostile],
    })
    expect(elementsOf(html).filter(({ name }) => name === 'script')).toEqual([])
    expect(html).not.toContain('<script')
  })
})
