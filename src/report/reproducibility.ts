import { type Content, html, type Markup } from './markup.ts'
import { code, table, terms } from './page.ts'
import type { RunRecord } from './record.ts'
import { count, countText } from './text.ts'

/** Rows of a list beyond which it is closed until it is opened. */
const LONG = 12

/** An option's value as it would be written. */
function optionText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return 'not set'
  return JSON.stringify(value) ?? 'not set'
}

/** A table behind its own heading, open while it is short. */
function folded(heading: string, rows: number, content: Markup): Markup {
  return html`<details${rows <= LONG && html` open`}><summary>${heading}</summary>${content}</details>`
}

function inputs(record: RunRecord): Markup | null {
  if (record.inputs.length === 0) return null
  const rows = record.inputs.map(({ uri, size, sha256, annexKey }): Content[] => [
    code(uri),
    countText(size),
    html`<div class="hash"><code>${sha256 ?? annexKey ?? 'not hashed'}</code></div>`,
  ])
  const columns = [{ head: 'File' }, { head: 'Bytes', set: 'number' as const }, { head: 'SHA-256 or annex key' }]
  return folded(`${count(rows.length, 'file')} read`, rows.length, table('Files read', columns, rows))
}

function options(record: RunRecord): Markup | null {
  const rows = Object.entries(record.options).map(([name, value]): Content[] => [
    code(name),
    html`<code>${optionText(value)}</code>`,
  ])
  if (rows.length === 0) return null
  return folded(
    `${count(rows.length, 'option')} that the result depends on`,
    rows.length,
    table('Options', [{ head: 'Option' }, { head: 'Value' }], rows),
  )
}

function outputs(record: RunRecord): Markup | null {
  if (record.outputs.length === 0) return null
  const items = record.outputs.map(path => html`<li>${code(path)}</li>`)
  return folded(`${count(items.length, 'file')} written`, items.length, html`<ul>${items}</ul>`)
}

/** Sources that served: the series and the images in roles. */
function sources(record: RunRecord): (readonly [string, Content])[] {
  const lines = (uris: readonly string[]) => uris.map((uri, i) => html`${i > 0 && html`<br>`}${code(uri)}`)
  const roles = Object.entries(record.roles).map(([role, uris]) => [`Role ${role}`, lines(uris)] as const)
  return [['Series', lines(record.series)], ...roles]
}

/**
 * What it takes to make the same result again: program, command, inputs, options. When and on which machine stands in the
 * provenance alone, so that the same result gives the same page.
 */
export function reproducibility(record: RunRecord): Markup {
  const { execution, program } = record
  const list = terms([
    ['Program', `${program.name} ${program.version}`],
    ['Command', html`<code>${execution.command}</code>`],
    ...sources(record),
    ['Identity', html`<code>${record.identity}</code>`],
    ['Options hash', html`<code>${record.optionsHash}</code>`],
    ['Seed', String(record.seed)],
    ['Node', execution.node],
  ])
  return html`${list}${inputs(record)}${options(record)}${outputs(record)}`
}
