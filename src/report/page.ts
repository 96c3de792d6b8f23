import { createHash } from 'node:crypto'
import type { Severity } from '../problems.ts'
import { type Content, html, type Markup, raw, render } from './markup.ts'
import type { ProtocolRow, RunRecord } from './record.ts'
import { STYLE } from './style.ts'

/** An entry of a page's table of contents. */
export interface NavItem {
  readonly id: string
  readonly label: string
  readonly below?: readonly NavItem[]
}

/** What a page consists of. */
export interface PageParts {
  readonly title: string
  /** One line under the title. */
  readonly lead: Content
  readonly nav: readonly NavItem[]
  readonly body: Content
  readonly foot: Content
  /** What runs in it, where scripts run; nothing by default. */
  readonly script?: string
}

/**
 * The browser itself is told to load nothing, and to run the one script that the page came with: a page that asks the
 * network for anything is broken, not merely slow.
 */
function policy(script: string | undefined): string {
  const scripts = script === undefined ? "'none'" : `'sha256-${createHash('sha256').update(script).digest('base64')}'`
  return `default-src 'none'; script-src ${scripts}; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`
}

/** Data for the page's script, under an id. */
export function embedded(id: string, json: string): Markup {
  // No end of an element, no comment and no entity can stand in it.
  return html`<script type="application/json" id="${id}">${raw(json.replaceAll('<', '\\u003c'))}</script>\n`
}

function navList(items: readonly NavItem[]): Markup {
  return html`<ul>${items.map(({ id, label, below }) => html`<li><a href="#${id}">${label}</a>${below && navList(below)}</li>`)}</ul>`
}

/**
 * A whole page as one file that needs nothing else: no network, no file beside it, and no script to be complete.
 *
 * @param parts - what it consists of; text is escaped, markup stands
 */
export function page({ title, lead, nav, body, foot, script }: PageParts): string {
  return render(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<meta http-equiv="Content-Security-Policy" content="${policy(script)}">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<div class="layout">
<header>
<h1>${title}</h1>
<p class="lead">${lead}</p>
</header>
<nav aria-label="Contents">${navList(nav)}</nav>
<main>
${body}
</main>
<footer>${foot}</footer>
</div>
${script !== undefined && html`<script>${raw(script)}</script>`}
</body>
</html>
`)
}

/** A column of a table: its heading, and how its cells are set. */
export interface Column {
  readonly head: string
  readonly set?: 'number' | 'value'
}

/**
 * A table; the first cell of each row is its heading. Wider than the page, it scrolls by itself.
 *
 * @param label - what the table holds, for who cannot see it
 * @param columns - the columns
 * @param rows - cells, as many as there are columns
 */
export function table(label: string, columns: readonly Column[], rows: readonly (readonly Content[])[]): Markup {
  const cell = (content: Content, at: number) => {
    const set = columns[at]?.set
    const kind = set === undefined ? null : html` class="${set}"`
    return at === 0 ? html`<th scope="row"${kind}>${content}</th>` : html`<td${kind}>${content}</td>`
  }
  const head = columns.map(
    ({ head, set }) => html`<th scope="col"${set === 'number' && html` class="number"`}>${head}</th>`,
  )
  return html`<div class="scroll"><table><caption>${label}</caption><thead><tr>${head}</tr></thead><tbody>${rows.map(row => html`<tr>${row.map(cell)}</tr>\n`)}</tbody></table></div>`
}

/** Terms with their descriptions; those without one are left out. */
export function terms(list: readonly (readonly [string, Content])[]): Markup {
  const known = list.filter(
    ([, content]) => content !== null && content !== undefined && content !== false && content !== '',
  )
  return html`<dl>${known.map(([term, content]) => html`<dt>${term}</dt><dd>${content}</dd>\n`)}</dl>`
}

/** A name of a file, a field or an option; it may break at its seams, not within a word. */
export function code(words: string): Markup {
  const parts = words.split(/(?<=[_/:])(?=.)|(?<=[a-z])(?=[A-Z])/)
  return html`<code>${parts.map((part, i) => html`${i > 0 && html`<wbr>`}${part}`)}</code>`
}

/** The name of a run; it breaks between its entities only. */
export function runName(words: string): Markup {
  const parts = words.split(/(?<=_)/)
  return html`${parts.map(part => html`<span class="part">${part}</span><wbr>`)}`
}

/** A heading of a row with what explains it below. */
export function headed(words: Content, below: Content): Markup {
  return html`${words}<div class="below">${below}</div>`
}

/** How grave a word is: it decides the colour of its tag; the sign and the word say the same without colour. */
export type Tone = 'pass' | 'warn' | 'fail' | 'info' | 'none'

const SIGNS: Readonly<Record<Tone, string>> = { pass: '✓', warn: '!', fail: '✕', info: 'i', none: '–' }

/** A word with its sign, on its colour. */
export function tag(tone: Tone, words: Content): Markup {
  return html`<span class="tag ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${words}</span>`
}

/** How grave a run's status is. */
export const STATUS_TONE: Readonly<Record<RunRecord['status'], Tone>> = {
  complete: 'pass',
  partial: 'warn',
  refused: 'fail',
  failed: 'fail',
}
/** How grave a verdict of the protocol check is. */
export const VERDICT_TONE: Readonly<Record<ProtocolRow['verdict'], Tone>> = {
  pass: 'pass',
  warn: 'warn',
  fail: 'fail',
  info: 'info',
  'not assessable': 'none',
}
/** How grave a problem is. */
export const SEVERITY_TONE: Readonly<Record<Severity, Tone>> = {
  error: 'fail',
  partial: 'warn',
  warning: 'warn',
  info: 'info',
}

/** Severities from the gravest to the least. */
export const SEVERITIES: readonly Severity[] = ['error', 'partial', 'warning', 'info']
/** Verdicts in the order in which a reader wants them: what failed, what is not known, what is well. */
export const VERDICTS: readonly ProtocolRow['verdict'][] = ['fail', 'warn', 'not assessable', 'info', 'pass']

/** The line at the foot of every page. */
export function footLine(name: string, version: string): Markup {
  return html`Made by ${name} ${version}. Research software, not a medical device. This page holds all that it shows: it can be moved, printed and read without a network.`
}
