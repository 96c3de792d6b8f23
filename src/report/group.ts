import { PROBLEMS } from '../problems.ts'
import { type Content, html, type Markup } from './markup.ts'
import type { Outlier } from './outliers.ts'
import {
  code,
  footLine,
  headed,
  page,
  runName,
  SEVERITIES,
  SEVERITY_TONE,
  STATUS_TONE,
  table,
  tag,
  VERDICT_TONE,
} from './page.ts'
import type { ProtocolRow } from './record.ts'
import { agreementCharts, repeatabilityTable } from './repeatability.ts'
import type { GroupRun, RegionSeries, Repeatability } from './series.ts'
import { acquisitionBySite, missingRuns, protocolBySite } from './sites.ts'
import { drawStrips, MOST_DOTS } from './strip.ts'
import { type Charted, parameterCharts, qualityCharts } from './strips.ts'
import { byText, count, countText, linked, numberText } from './text.ts'
import { problemCount, STATUSES, statusLine, verdictOf } from './verdict.ts'

/** A table that lies beside the page. */
export interface GroupTable {
  /** File name, `group_asl.tsv`; its dictionary is the same with `.json`. */
  readonly name: string
  readonly columns: readonly string[]
  /** How many rows it has. */
  readonly rows: number
  /** Column to its description, as BIDS writes them. */
  readonly dictionary: Readonly<Record<string, unknown>>
}

/** All that the group page is made from. */
export interface GroupInput {
  readonly title: string
  readonly version: string
  readonly tables: readonly GroupTable[]
  readonly runs: readonly GroupRun[]
  readonly series: readonly RegionSeries[]
  readonly outliers: readonly Outlier[]
  /** Rows of the table of repeatability. */
  readonly repeatability: readonly Repeatability[]
  /** Why a rating could not be read, one sentence a file. */
  readonly unreadRatings: readonly string[]
}

/** Rows of a list of runs: beyond them the tables are the place to look. */
const MOST_ROWS = 1000
/** Runs that did not end as they should and stand open on the page; more are folded. */
const MOST_OPEN = 20
/** Runs that are named for a problem. */
const MOST_NAMED = 12
/** Outliers that are listed. */
const MOST_OUTLIERS = 50

function runLink({ bidsName, href }: GroupRun): Markup {
  return html`<a href="${href}">${runName(bidsName)}</a>`
}

function kindsOf(runs: readonly GroupRun[]): string[] {
  return [...new Set(runs.map(({ kind }) => kind))].sort(byText)
}

function summary({ runs }: GroupInput): Markup {
  if (runs.length === 0) return html`<p>No run was found.</p>`
  const rows = kindsOf(runs).map((kind): Content[] => {
    const ofKind = runs.filter(run => run.kind === kind)
    const clear = ofKind.filter(run => verdictOf(run).tone === 'pass').length
    const counts = STATUSES.map(status => ofKind.filter(run => run.status === status).length)
    const people = new Set(ofKind.map(({ participant }) => participant)).size
    return [headed(kind, ofKind[0]?.title), ...[people, ofKind.length, ...counts, clear].map(countText)]
  })
  const number = (head: string) => ({ head, set: 'number' as const })
  const heads = [
    'Participants',
    'Runs',
    ...STATUSES.map(status => status[0]?.toUpperCase() + status.slice(1)),
    'Nothing against',
  ].map(number)
  return html`${table('Runs by technique and status', [{ head: 'Technique' }, ...heads], rows)}
<p class="small muted">“Nothing against” counts the complete runs without a warning, a failed protocol rule or a quality figure outside its band.</p>`
}

/** Runs that did not end as they should, with the reason. */
function attention({ runs }: GroupInput): Markup | null {
  const found = STATUSES.toReversed().flatMap(status =>
    status === 'complete' ? [] : runs.filter(run => run.status === status),
  )
  if (found.length === 0) return null
  const rows = found.slice(0, MOST_ROWS).map((run): Content[] => {
    const { says } = verdictOf(run)
    // The tag has said that it was refused.
    const why = run.status === 'partial' ? says : says.slice(1)
    return [
      runLink(run),
      tag(STATUS_TONE[run.status], run.status),
      html`${why.map(sentence => html`<div>${sentence}</div>`)}`,
    ]
  })
  const heads = ['Run', 'Status', 'Why'].map(head => ({ head }))
  const name = 'Runs that are not complete'
  const folded = rows.slice(MOST_OPEN)
  const rest = found.length - rows.length
  return html`${table(name, heads, rows.slice(0, MOST_OPEN))}${folded.length > 0 && html`<details><summary>${count(folded.length, 'more run')}</summary>${table(name, heads, folded)}</details>`}${rest > 0 && html`<p>${countText(rest)} more are in the tables.</p>`}`
}

/** Verdicts of readers: who is out and why, which verdict is on a result that has changed since, what could not be read. */
function ratings({ runs, unreadRatings }: GroupInput): Markup | null {
  const rated = runs.filter(run => run.ratings.length > 0)
  if (rated.length === 0 && unreadRatings.length === 0) return null
  const excluded = rated.filter(run => run.isExcluded)
  const outdated = rated.filter(run => run.ratings.some(rating => rating.isOutdated))
  const rows = excluded.slice(0, MOST_ROWS).map((run): Content[] => {
    const against = run.ratings.filter(rating => rating.Rating === 'exclude')
    return [
      runLink(run),
      [...new Set(against.flatMap(({ Reasons }) => Reasons))].join(', '),
      against.map(({ Notes }) => Notes).join(' '),
      against.map(({ Rater, isOutdated }) => `${Rater}${isOutdated ? ' (of an earlier result)' : ''}`).join(', '),
    ]
  })
  const heads = ['Run', 'Reasons', 'Notes', 'Rater'].map(head => ({ head }))
  return html`<p>${count(rated.length, 'run')} rated, ${countText(excluded.length)} excluded: those are left out of regions, charts, outliers and repeatability, and keep their row in the table of their technique.</p>
${outdated.length > 0 && html`<p>${tag('warn', `${count(outdated.length, 'rating')} of an earlier result`)} The run was computed again since; look at it again.</p>`}
${unreadRatings.map(sentence => html`<p>${tag('warn', 'not read')} ${sentence}</p>`)}
${rows.length > 0 && table('Excluded runs', heads, rows)}`
}

/** The values farthest from the others. */
function outlying({ outliers }: GroupInput): Markup | null {
  if (outliers.length === 0) return null
  const rows = outliers
    .slice(0, MOST_OUTLIERS)
    .map(({ run, parameter, region, units, value, median, z }): Content[] => [
      runLink(run),
      parameter,
      region,
      `${numberText(value)} ${units === '1' ? '' : units}`.trim(),
      numberText(median),
      numberText(z, 3),
    ])
  const number = (head: string) => ({ head, set: 'number' as const })
  const heads = [
    { head: 'Run' },
    { head: 'Parameter' },
    { head: 'Region' },
    ...['Value', 'Median', 'Robust z'].map(number),
  ]
  const rest = outliers.length - rows.length
  return html`<p>Values more than 3.5 robust standard deviations from the median of their site (of all sites where it has fewer than eight runs). An outlier is a question, not an error: look at its page, and exclude it there for a reason that you see.</p>
${table('Outliers', heads, rows)}${rest > 0 && html`<p>${countText(rest)} more: their number stands in <code>n_outliers</code> of the table of each technique.</p>`}`
}

/** Charts with their titles, warnings and remarks. */
function charts({ charts: list, left }: { charts: readonly Charted[]; left: number }, how: string): Markup | null {
  if (list.length === 0) return null
  const figures = list.map(({ chart, warnings, notes }) => {
    const tags = warnings.map(words => html`<div>${tag('warn', words)}</div>`)
    return html`<figure><figcaption><strong>${chart.title}</strong>${notes.filter(note => note !== '').join(' ')}${tags}</figcaption>${drawStrips(chart).svg}</figure>\n`
  })
  return html`<p>${how}</p>${figures}${left > 0 && html`<p>${count(left, 'more chart')} would be too many for a page: see the tables.</p>`}`
}

/** The share of each verdict as a bar; the numbers stand beside it. */
function verdictBar(counts: Readonly<Record<ProtocolRow['verdict'], number>>): Markup {
  const colours = [
    ['pass', '#3d7a57'],
    ['info', '#6f9fc8'],
    ['not assessable', '#c4ccd4'],
    ['warn', '#e0a526'],
    ['fail', '#b3261e'],
  ] as const
  const total = colours.reduce((sum, [verdict]) => sum + counts[verdict], 0)
  let x = 0
  const bars = colours.map(([verdict, colour]) => {
    const width = Math.round((counts[verdict] / Math.max(1, total)) * 1600) / 10
    const left = x
    x += width
    return width > 0 && html`<rect x="${left.toFixed(1)}" width="${width}" height="12" fill="${colour}"/>`
  })
  return html`<svg class="gauge" viewBox="0 0 160 12" width="160" height="12" aria-hidden="true">${bars}</svg>`
}

function protocol({ runs }: GroupInput): Markup | null {
  const rules = new Map<string, { row: ProtocolRow; kind: string; counts: Record<ProtocolRow['verdict'], number> }>()
  for (const { kind, protocol: rows } of runs)
    for (const row of rows) {
      const key = `${kind}\n${row.rule}`
      const known = rules.get(key) ?? { row, kind, counts: { fail: 0, warn: 0, 'not assessable': 0, info: 0, pass: 0 } }
      known.counts[row.verdict]++
      rules.set(key, known)
    }
  if (rules.size === 0) return null
  const verdicts = ['pass', 'warn', 'fail', 'not assessable', 'info'] as const
  const rows = [...rules.values()].map(({ row, kind, counts }): Content[] => [
    headed(row.title, html`${kind} · ${code(row.field)}`),
    row.recommended,
    verdictBar(counts),
    ...verdicts.map(verdict =>
      counts[verdict] === 0
        ? html`<span class="muted">0</span>`
        : tag(VERDICT_TONE[verdict], countText(counts[verdict])),
    ),
  ])
  const heads = verdicts.map(verdict => ({ head: verdict, set: 'number' as const }))
  return table(
    'Protocol compliance',
    [{ head: 'Recommendation' }, { head: 'Recommended' }, { head: 'Runs' }, ...heads],
    rows,
  )
}

function problems({ runs }: GroupInput): Markup | null {
  const found = new Map<string, { severity: keyof typeof SEVERITY_TONE; runs: Set<GroupRun> }>()
  for (const run of runs)
    for (const { code, severity } of run.problems) {
      const known = found.get(code) ?? { severity, runs: new Set<GroupRun>() }
      known.runs.add(run)
      found.set(code, known)
    }
  if (found.size === 0) return null
  const meanings: Readonly<Record<string, { readonly says: string }>> = PROBLEMS
  const sorted = [...found].sort(
    ([a, x], [b, y]) =>
      SEVERITIES.indexOf(x.severity) - SEVERITIES.indexOf(y.severity) || y.runs.size - x.runs.size || byText(a, b),
  )
  const rows = sorted.map(([name, { severity, runs: hit }]): Content[] => {
    const named = [...hit].slice(0, MOST_NAMED).map((run, i) => html`${i > 0 && ', '}${runLink(run)}`)
    const rest = hit.size - named.length
    return [
      headed(code(name), meanings[name]?.says),
      tag(SEVERITY_TONE[severity], severity),
      countText(hit.size),
      html`<span class="small">${named}${rest > 0 && ` and ${countText(rest)} more`}</span>`,
    ]
  })
  return table(
    'Problems by code',
    [{ head: 'Problem' }, { head: 'Severity' }, { head: 'Runs', set: 'number' }, { head: 'Which' }],
    rows,
  )
}

function allRuns({ runs }: GroupInput): Markup | null {
  if (runs.length === 0) return null
  const rows = runs.slice(0, MOST_ROWS).map((run): Content[] => {
    const counts = verdictOf(run)
    const tags = counts.problems.map(([severity, n]) => tag(SEVERITY_TONE[severity], problemCount(severity, n)))
    const rules = counts.protocol
      .filter(([verdict]) => verdict === 'fail' || verdict === 'warn')
      .map(([verdict, n]) => tag(VERDICT_TONE[verdict], `${n} ${verdict}`))
    const outside = counts.judged - counts.inside
    return [
      runLink(run),
      run.participant,
      run.session ?? '',
      tag(STATUS_TONE[run.status], run.status),
      html`<div class="tags">${tags}</div>`,
      html`<div class="tags">${rules}</div>`,
      counts.judged === 0 ? 'not judged' : outside === 0 ? 'all inside' : `${outside} of ${counts.judged} outside`,
    ]
  })
  const rest = runs.length - rows.length
  const heads = ['Run', 'Participant', 'Session', 'Status', 'Problems', 'Protocol', 'Quality'].map(head => ({ head }))
  return html`<details${rows.length <= 60 && html` open`}><summary>${count(rows.length, 'run')}</summary>${table('All runs', heads, rows)}</details>${rest > 0 && html`<p>${countText(rest)} more are in the tables.</p>`}`
}

function repeatability({ repeatability: rows, series }: GroupInput): Markup | null {
  const shown = repeatabilityTable(rows)
  return shown && html`${shown}${agreementCharts(rows, series)}`
}

/** What a dictionary says of a column, as far as it says anything. */
function described(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return ''
  const fields = new Map<string, unknown>(Object.entries(entry))
  const [description, units] = [fields.get('Description') ?? fields.get('LongName'), fields.get('Units')]
  return [typeof description === 'string' ? description : '', typeof units === 'string' ? `[${units}]` : '']
    .join(' ')
    .trim()
}

function tables({ tables: list }: GroupInput): Markup | null {
  if (list.length === 0) return null
  return html`${list.map(({ name, columns, rows, dictionary }) => {
    const meanings = columns.map((column): Content[] => [
      code(column),
      linked(described(Object.hasOwn(dictionary, column) ? dictionary[column] : null)),
    ])
    const json = name.replace(/\.tsv$/, '.json')
    const words = html`${count(rows, 'row')}, ${count(columns.length, 'column')}; dictionary: <a href="${json}">${json}</a>`
    return html`<h3><a href="${name}">${name}</a></h3><p class="muted">${words}</p><details><summary>Columns</summary>${table(`Columns of ${name}`, [{ head: 'Column' }, { head: 'Meaning' }], meanings)}</details>\n`
  })}`
}

/**
 * The page of a whole dataset: which runs there are and how they ended, each parameter and quality figure with one dot a
 * run, the protocol and the problems counted, and where the tables are.
 *
 * @remarks One self-contained file whose size is bounded: beyond some hundreds of runs the charts show distributions with
 * their ends, and lists end with a count of what they leave to the tables.
 *
 * @param input - runs, region statistics and tables
 */
export async function groupPage(input: GroupInput): Promise<string> {
  const dots =
    input.runs.length > MOST_DOTS
      ? `Of more than ${MOST_DOTS} runs the shape is drawn, and the outermost as dots.`
      : 'One dot is one run.'
  const how = `${dots} A dot leads to its page. The line is the median, the bar below spans the quartiles. Look for what stands apart from the rest, and for strips that do not lie where the others do.`
  const parts: readonly (readonly [string, string, Markup | null])[] = [
    ['summary', 'Summary', summary(input)],
    ['attention', 'Runs that are not complete', attention(input)],
    ['ratings', 'Ratings', ratings(input)],
    ['missing', 'Missing runs', missingRuns(input.runs)],
    ['parameters', 'Parameters by region and site', charts(parameterCharts(input.series, input.runs), how)],
    ['outliers', 'Outliers', outlying(input)],
    ['repeatability', 'Repeatability', repeatability(input)],
    [
      'quality',
      'Quality',
      charts(qualityCharts(input.runs), `${how} The band holds the expected values; hollow dots lie outside.`),
    ],
    ['acquisition', 'Acquisition by site', acquisitionBySite(input.runs)],
    ['protocol', 'Protocol compliance', html`${protocol(input)}${protocolBySite(input.runs)}`],
    ['problems', 'Problems', problems(input)],
    ['all-runs', 'All runs', allRuns(input)],
    ['tables', 'Tables', tables(input)],
  ]
  const shown = parts.filter(([, , content]) => content !== null)
  const body = shown.map(
    ([id, heading, content], i) =>
      html`<section aria-labelledby="${id}"><h2 id="${id}"${i === 0 && html` class="opening"`}>${heading}</h2>\n${content}\n</section>\n`,
  )
  const participants = new Set(input.runs.map(({ participant }) => participant)).size
  const lead = `${count(participants, 'participant')}, ${statusLine(input.runs.map(({ status }) => status))}`
  return page({
    title: input.title,
    lead,
    nav: shown.map(([id, label]) => ({ id, label })),
    body,
    foot: footLine('perfquant', input.version),
  })
}
