import { type Content, html, type Markup } from './markup.ts'
import { headed, STATUS_TONE, table, tag } from './page.ts'
import type { GroupRun } from './series.ts'
import { grouped } from './strips.ts'
import { byLabel, byText, count, countText, numberText, percentText, valueText } from './text.ts'

/** Sites that a table has columns for, patterns and participants that are listed. */
const MOST_SITES = 8
const MOST_PATTERNS = 40
const MOST_NAMED = 12
/** Combinations that the matrix has columns for. */
const MOST_COLUMNS = 14
/** Values that a cell names. */
const MOST_VALUES = 3

/** The sites in order of their names, each with its runs; those without a site last. */
function sitesOf(runs: readonly GroupRun[]): (readonly [string, readonly GroupRun[]])[] {
  return grouped(runs, ({ site }) => site ?? '')
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : byLabel(a, b)))
    .map(([name, members]) => [name === '' ? 'site not known' : name, members] as const)
}

/** What a run is a run of: technique, session and further entities. */
function combination({ kind, entities }: GroupRun): string {
  const further = Object.entries(entities).filter(([key]) => key !== 'sub')
  return [kind, ...further.map(([key, label]) => `${key}-${label}`)].join(' ')
}

const SHORT: Readonly<Record<GroupRun['status'] | 'missing', string>> = {
  complete: 'done',
  partial: 'partial',
  refused: 'refused',
  failed: 'failed',
  missing: 'missing',
}

/**
 * Which runs a participant lacks that others have: participants with the same gaps are one row, so that the table stays small
 * however many there are.
 *
 * @param runs - all runs
 */
export function missingRuns(runs: readonly GroupRun[]): Markup | null {
  const people = grouped(runs, ({ participant }) => participant)
  const counts = new Map<string, number>()
  for (const [, own] of people)
    for (const key of new Set(own.map(combination))) counts.set(key, (counts.get(key) ?? 0) + 1)
  // A run that fewer than half of the participants have is an extra one, whose absence is no gap.
  const expected = [...counts].filter(([, n]) => 2 * n >= people.length).map(([key]) => key)
  const columns = expected.sort(byText).slice(0, MOST_COLUMNS)
  if (columns.length === 0) return null
  const patterns = grouped(people, ([, own]) => {
    const states = new Map(own.map(run => [combination(run), run.status]))
    return columns.map(key => states.get(key) ?? 'missing').join(' ')
  }).sort(([, a], [, b]) => b.length - a.length)
  const full = columns.map(() => 'complete').join(' ')
  const gaps = patterns.filter(([pattern]) => pattern !== full)
  const complete = patterns.find(([pattern]) => pattern === full)?.[1].length ?? 0
  const says = html`<p>${count(complete, 'participant')} of ${countText(people.length)} with all of ${columns.join(', ')}${expected.length > columns.length && `, and ${countText(expected.length - columns.length)} more kinds of run`}.</p>`
  if (gaps.length === 0) return says
  const rows = gaps.slice(0, MOST_PATTERNS).map(([pattern, members]): Content[] => {
    const named = members.slice(0, MOST_NAMED).map(([name, [run]], at) => {
      const label = name.startsWith('sub-') ? name : `sub-${name}`
      return html`${at > 0 && ', '}<a href="${run?.href ?? '#all-runs'}">${label}</a>`
    })
    const rest = members.length - named.length
    const cells = pattern.split(' ').map(state => {
      const known = state as keyof typeof SHORT
      return known === 'missing' ? tag('none', SHORT.missing) : tag(STATUS_TONE[known], SHORT[known])
    })
    return [
      countText(members.length),
      ...cells,
      html`<span class="small">${named}${rest > 0 && ` and ${countText(rest)} more`}</span>`,
    ]
  })
  const left = gaps.length - rows.length
  const heads = [{ head: 'Participants' }, ...columns.map(head => ({ head })), { head: 'Who' }]
  return html`${says}${table('Participants by the runs that they lack', heads, rows)}${left > 0 && html`<p>${countText(left)} more patterns are in the tables.</p>`}`
}

/** The values of a fact in a site, the most frequent first. */
function valuesOf(values: readonly string[]): Markup {
  const counts = grouped(values, value => value).sort(([, a], [, b]) => b.length - a.length)
  const named = counts.slice(0, MOST_VALUES)
  const rest = counts.length - named.length
  return html`${named.map(([value, same]) => html`<div>${value}${counts.length > 1 && html` <span class="muted">× ${countText(same.length)}</span>`}</div>`)}${rest > 0 && html`<div class="muted">and ${count(rest, 'other value')}</div>`}`
}

/**
 * What was acquired differently: each fact that is not the same in all runs of a technique, by site.
 *
 * @param runs - all runs
 */
export function acquisitionBySite(runs: readonly GroupRun[]): Markup | null {
  const parts = grouped(runs, ({ kind }) => kind).map(([kind, members]) => {
    const sites = sitesOf(members).slice(0, MOST_SITES)
    const facts = new Map<string, { label: string; values: Map<GroupRun, string> }>()
    for (const run of members)
      for (const { name, label, value, unit } of run.facts) {
        const known = facts.get(name) ?? { label, values: new Map<GroupRun, string>() }
        known.values.set(run, valueText(value, unit))
        facts.set(name, known)
      }
    const different = [...facts.values()].filter(({ values }) => new Set(values.values()).size > 1)
    const same = facts.size - different.length
    const says = html`<h3>${kind}</h3><p>${count(different.length, 'fact')} of the acquisition differ between runs, ${countText(same)} do not.</p>`
    if (different.length === 0) return says
    const rows = different.map(({ label, values }): Content[] => [
      label,
      ...sites.map(([, own]) => valuesOf(own.flatMap(run => values.get(run) ?? []))),
    ])
    const heads = [{ head: 'Fact' }, ...sites.map(([name, own]) => ({ head: `${name} (${countText(own.length)})` }))]
    const more = sitesOf(members).length - sites.length
    return html`${says}${table(`Acquisition of ${kind} by site`, heads, rows)}${more > 0 && html`<p>${count(more, 'more site')} in the tables.</p>`}`
  })
  return parts.length === 0 ? null : html`${parts}`
}

/**
 * How many runs of each site meet each recommendation; null where there is one site only.
 *
 * @param runs - all runs
 */
export function protocolBySite(runs: readonly GroupRun[]): Markup | null {
  const parts = grouped(
    runs.filter(({ protocol }) => protocol.length > 0),
    ({ kind }) => kind,
  ).flatMap(([kind, members]) => {
    const sites = sitesOf(members)
    if (sites.length < 2) return []
    const shown = sites.slice(0, MOST_SITES)
    const rules = new Map(members.flatMap(run => run.protocol.map(row => [row.rule, row] as const)))
    const rows = [...rules.values()].map((rule): Content[] => [
      headed(rule.title, rule.recommended),
      ...shown.map(([, own]) => {
        const judged = own.flatMap(run => run.protocol.filter(row => row.rule === rule.rule && row.verdict !== 'info'))
        const pass = judged.filter(({ verdict }) => verdict === 'pass').length
        if (judged.length === 0) return html`<span class="muted">n/a</span>`
        const tone =
          pass === judged.length ? 'pass' : judged.some(({ verdict }) => verdict === 'fail') ? 'fail' : 'warn'
        return tag(tone, `${percentText(pass / judged.length)} of ${numberText(judged.length)}`)
      }),
    ])
    const heads = [{ head: 'Recommendation' }, ...shown.map(([head]) => ({ head }))]
    return [html`<h3>${kind}, runs that pass by site</h3>${table(`Protocol of ${kind} by site`, heads, rows)}`]
  })
  return parts.length === 0 ? null : html`${parts}`
}
