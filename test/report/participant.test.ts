import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { problem } from '../../src/problems.ts'
import { figurePath, type ParticipantInput, participantPage } from '../../src/report/participant.ts'
import type { RunRecord } from '../../src/report/record.ts'
import { brain, fullRecord, refusedRecord, sample } from './fixture.ts'
import { elementsOf, pictureOf } from './support.ts'

const IMAGES = brain()
const SCRIPT = 'document.title'

function input(changes: Partial<ParticipantInput> = {}): ParticipantInput {
  return {
    participant: '01',
    records: [fullRecord(), refusedRecord()],
    failures: [{ label: 'sub-01_ses-2_asl', message: 'The process was killed by SIGKILL.' }],
    image: path => IMAGES[path] ?? null,
    voxels: ({ viewer }) => viewer && sample(),
    script: SCRIPT,
    summary: [{ label: 'Age', value: '64 years' }],
    ...changes,
  }
}

/** A copy in which each text is replaced, save those that are words of our own closed lists. */
function corrupted<T>(value: T, text: string): T {
  const closed = new Set([
    'kind',
    'colours',
    'unit',
    'status',
    'severity',
    'verdict',
    'source',
    'code',
    'window',
    'image',
    'contour',
  ])
  return JSON.parse(JSON.stringify(value), (key: string, item: unknown) =>
    typeof item === 'string' && !closed.has(key) ? `${item} ${text}` : item,
  )
}

const HOSTILE =
  "\"><script>alert(1)</script><img src=x onerror=alert(1)>' onload='alert(1) javascript:alert(1) &amp; \u0000"

describe('the page', () => {
  it('needs nothing from outside itself', async () => {
    const { html } = await participantPage(input())
    const elements = elementsOf(html)
    expect(elements.filter(({ name }) => ['link', 'iframe', 'object', 'embed', 'base', 'form'].includes(name))).toEqual(
      [],
    )
    for (const { name, attributes } of elements) {
      expect(attributes.has('src')).toBe(false)
      const href = attributes.get('href')
      if (href !== undefined)
        expect(href).toMatch(name === 'image' ? /^data:image\/png;base64,/ : /^(#|https:\/\/doi\.org\/)/)
      for (const key of attributes.keys()) expect(key).not.toMatch(/^on/)
    }
    expect(html).not.toMatch(/@import|url\(/)
    expect(
      html.replaceAll('http://www.w3.org/2000/svg', '').replaceAll(/href="https:\/\/doi\.org[^"]*"/g, ''),
    ).not.toMatch(/https?:\/\//)
    expect(html).toContain('default-src &#39;none&#39;')
  })

  it('lets its own script run and no other', async () => {
    const { html } = await participantPage(input())
    const hash = createHash('sha256').update(SCRIPT).digest('base64')
    expect(html).toContain(`script-src &#39;sha256-${hash}&#39;;`)
    const scripts = [...html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)]
    expect(scripts.filter(([, attributes]) => attributes === '').map(([, , text]) => text)).toEqual([SCRIPT])
    for (const [, attributes, text] of scripts.slice(0, -1)) {
      expect(attributes).toMatch(/^ type="application\/json" id="run-1-\w+"$/)
      expect(() => JSON.parse(text ?? '')).not.toThrow()
    }
  })

  it('is complete without scripts: what they would show is said in words', async () => {
    const { html } = await participantPage(input({ records: [fullRecord()] }))
    expect(html).toContain('Answers are kept for 2 of 1234 voxels, one in 3 × 3 × 2; the nearest one answers a click.')
    expect(html).toContain('The figures above show the same maps.')
    expect(html).toContain('sub-01_desc-rating_asl.json')
    expect(html).toContain('&quot;Rating&quot;:&quot;exclude&quot;')
  })

  it('has no viewer where its voxels or its reference are gone', async () => {
    for (const gone of [{ voxels: () => null }, { image: () => null }])
      expect((await participantPage(input(gone))).html).not.toContain('data-viewer')
  })

  it('is the same, byte for byte, for the same records', async () => {
    const [first, second] = [await participantPage(input()), await participantPage(input())]
    expect(first.html).toBe(second.html)
    expect(first.figures).toEqual(second.figures)
  })

  it('has one first heading, skips no level, repeats no id, and each of its links leads somewhere', async () => {
    const elements = elementsOf((await participantPage(input())).html)
    const levels = elements.flatMap(({ name }) => (/^h\d$/.test(name) ? [Number(name[1])] : []))
    expect(levels.filter(level => level === 1)).toHaveLength(1)
    expect(Math.max(...levels.map((level, i) => level - (levels[i - 1] ?? 0)))).toBe(1)
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    for (const { attributes } of elements) {
      const href = attributes.get('href')
      if (href?.startsWith('#')) expect(ids).toContain(href.slice(1))
    }
    expect(elements.find(({ name }) => name === 'html')?.attributes.get('lang')).toBe('en')
  })

  it('describes every figure, in words and with what to look for', async () => {
    const record = fullRecord()
    const { html, figures } = await participantPage(input({ records: [record] }))
    const drawings = elementsOf(html).filter(
      ({ name, attributes }) => name === 'svg' && attributes.get('aria-hidden') !== 'true',
    )
    expect(drawings).toHaveLength(record.figures.length)
    for (const { attributes } of drawings) {
      expect(attributes.get('role')).toBe('img')
      expect(attributes.get('aria-label')?.length).toBeGreaterThan(40)
    }
    for (const { title, caption } of record.figures) {
      expect(html).toContain(`<strong>${title}</strong>`)
      expect(html).toContain(caption.replaceAll("'", '&#39;'))
    }
    expect(figures.map(({ path }) => path)).toEqual(
      record.figures.map(({ id }) => `sub-01/figures/sub-01_mod-asl_${id}.svg`),
    )
    for (const { content } of figures) {
      expect(html).toContain(String(content).trim())
      expect(elementsOf(String(content))[0]?.attributes.get('xmlns')).toBe('http://www.w3.org/2000/svg')
    }
  })

  it('leaves host, times and container to the provenance', async () => {
    const record = fullRecord()
    const { html } = await participantPage(input({ records: [record] }))
    const { host, started, container } = record.execution
    for (const text of [host, started, String(container)]) expect(html).not.toContain(text)
  })

  it('holds all that the record says', async () => {
    const record = fullRecord()
    const { html } = await participantPage(input({ records: [record] }))
    const shown = html.replaceAll('<wbr>', '').replaceAll('&#39;', "'")
    const texts = [
      ...record.problems.flatMap(({ code, message }) => [code, message]),
      ...record.facts.flatMap(({ label, from }) => [label, from]),
      ...record.protocol.flatMap(({ title, says, value, recommended, field }) => [
        title,
        says,
        value,
        recommended,
        field,
      ]),
      ...record.parameters.flatMap(({ symbol, meaning, name }) => [symbol ?? '', meaning, name]),
      ...(record.equation?.lines ?? []),
      ...(record.equation?.filled ?? []),
      ...record.quality.flatMap(({ label, says }) => [label, says]),
      ...record.inputs.map(({ uri, sha256, annexKey }) => `${uri}${sha256 ?? annexKey}`.slice(-20)),
      ...record.outputs,
      ...Object.values(record.references).map(text => text.slice(0, 40)),
      record.identity,
      record.optionsHash,
      record.execution.command,
      record.execution.node,
      String(record.seed),
      record.stage?.allows ?? '',
      'perfquant 0.1.0',
      '64 years',
    ]
    for (const text of texts) expect(shown).toContain(text)
    // Cited twice, listed once, in the order of the first citation: the stage comes before the protocol check, that before the methods.
    expect(html.match(/id="ref-/g)).toHaveLength(5)
    expect(html.indexOf('Alsop DC')).toBeLessThan(html.indexOf('Lu H'))
    expect(html).toContain('[<a href="#ref-5">5</a>, <a href="#ref-4">4</a>]')
  })

  it('puts the gravest problem first', async () => {
    const { html } = await participantPage(input())
    expect(html.lastIndexOf('LabelingDuration is 1.6 s')).toBeLessThan(html.indexOf('head motion was not corrected'))
  })

  it('marks where a quality figure stands', async () => {
    const rows = (await participantPage(input())).html.split('id="run-1-quality"')[1]?.split('</table>')[0] ?? ''
    const standings = [...rows.matchAll(/<\/span> (inside|outside|no band|not computed)</g)].map(match => match[1])
    expect(standings).toEqual(['inside', 'outside', 'inside', 'not computed', 'no band'])
  })

  it('stays far below 10 MB', async () => {
    expect((await participantPage(input())).html.length).toBeLessThan(500_000)
  })
})

describe('a run against which nothing was found', () => {
  it('is not called good: the page says what was looked at, and what could not be', async () => {
    const clean: RunRecord = {
      ...fullRecord(),
      problems: [],
      protocol: fullRecord().protocol.filter(({ verdict }) => verdict !== 'fail'),
      quality: fullRecord().quality.filter(({ name }) => name !== 'scov'),
    }
    const { html } = await participantPage(
      input({ records: [clean], sessions: [{ label: 'ses-2', href: 'sub-01_ses-2.html' }] }),
    )
    expect(html).toContain(
      'Nothing was found against this run: no warning, no failed protocol rule, 2 quality figures with a band, all inside it.',
    )
    expect(html).toContain('1 protocol rule with a lesser deviation.')
    expect(html).toContain('1 protocol rule could not be assessed.')
    expect(html).toContain('<a href="sub-01_ses-2.html">ses-2</a>')
  })
})

describe('runs without a result', () => {
  it('are shown with their reason', async () => {
    const { html } = await participantPage(input())
    expect(html).toContain('3 runs: 1 complete, 1 refused, 1 failed.')
    expect(html.replaceAll('<wbr>', '')).toContain('PostLabelingDelay is 1800 s')
    expect(html).toContain('The process was killed by SIGKILL.')
  })

  it('are all there is, where nothing else is', async () => {
    const only = await participantPage(input({ records: [] }))
    expect(only.html).toContain('1 run: 1 failed.')
    const none = await participantPage(input({ records: [], failures: [] }))
    expect(none.html).toContain('No run was found for this participant.')
    expect(none.figures).toEqual([])
  })

  it('say which part was refused', async () => {
    const partial: RunRecord = {
      ...fullRecord(),
      status: 'partial',
      problems: [{ ...problem('FIELD_MISSING', 'No M0: absolute CBF is refused.'), severity: 'partial' }],
    }
    expect((await participantPage(input({ records: [partial] }))).html).toContain(
      'A part of the results was refused. No M0: absolute CBF is refused.',
    )
  })
})

describe('hostile text', () => {
  const attacked = () =>
    input({
      participant: `01${HOSTILE}`,
      records: corrupted([fullRecord(), refusedRecord()], HOSTILE),
      failures: corrupted(input().failures, HOSTILE),
      summary: [{ label: HOSTILE, value: HOSTILE }],
    })

  it('stays text wherever it stands', async () => {
    const { html, figures } = await participantPage(attacked())
    const clean = await participantPage(input())
    const names = (markup: string) => new Set(elementsOf(markup).map(({ name }) => name))
    expect([...names(html)].filter(name => !names(clean.html).has(name))).toEqual([])
    const keys = (markup: string) => new Set(elementsOf(markup).flatMap(({ attributes }) => [...attributes.keys()]))
    expect([...keys(html)].filter(key => !keys(clean.html).has(key))).toEqual([])
    expect(html).not.toContain('\u0000')
    expect(html).toContain('&lt;script&gt;')
    for (const { content } of figures)
      expect([...keys(String(content))].filter(key => key.startsWith('on'))).toEqual([])
  })

  it('leads no file out of the folder of figures', async () => {
    const record: RunRecord = { ...fullRecord(), participant: '../../etc', entities: { sub: '../x', ses: 'a/b' } }
    const figure = { ...record.figures[0]!, id: '../../../passwd' }
    expect(figurePath(record, figure)).toMatch(/^sub-[A-Za-z0-9+-]+\/figures\/[A-Za-z0-9+_-]+\.svg$/)
  })
})

describe('figures', () => {
  it('of two runs that share their entities have paths of their own', async () => {
    const { figures } = await participantPage(input({ records: [fullRecord(), fullRecord()] }))
    expect(new Set(figures.map(({ path }) => path)).size).toBe(figures.length)
  })

  it('name no side where the series of the run does not say how it lies', async () => {
    const blind: RunRecord = {
      ...fullRecord(),
      problems: [problem('NIFTI_NO_ORIENTATION', 'No qform, no sform.', { file: 'sub-01/perf/sub-01_asl.nii.gz' })],
    }
    expect((await participantPage(input({ records: [blind] }))).html).toContain('Left and right are not known')
    const other: RunRecord = {
      ...fullRecord(),
      problems: [problem('NIFTI_NO_ORIENTATION', 'No qform, no sform.', { file: 'sub-01/anat/sub-01_T1w.nii.gz' })],
    }
    expect((await participantPage(input({ records: [other] }))).html).not.toContain('Left and right are not known')
  })

  it('whose image is gone are still there', async () => {
    const { html, figures } = await participantPage(input({ image: () => null }))
    expect(html).toContain('Not drawn: sub-01/perf/sub-01_cbf.nii.gz could not be read.')
    expect(figures).toHaveLength(fullRecord().figures.length)
  })

  it('show estimates that do not exist', async () => {
    const cbf = (await participantPage(input())).figures.find(({ path }) => path.endsWith('_cbf.svg'))
    expect(pictureOf(String(cbf?.content)).find(1)).not.toBeNull()
  })
})
