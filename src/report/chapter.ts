import type { Citations } from './citations.ts'
import type { Drawn } from './drawing.ts'
import { gauge } from './gauge.ts'
import type { ViewerData } from './layers.ts'
import { type Content, html, type Markup } from './markup.ts'
import {
  code,
  embedded,
  headed,
  type NavItem,
  SEVERITIES,
  SEVERITY_TONE,
  STATUS_TONE,
  table,
  tag,
  VERDICT_TONE,
  VERDICTS,
} from './page.ts'
import { ratingSection } from './rating.ts'
import type { Figure, Parameter, QualityValue, RunRecord } from './record.ts'
import { reproducibility } from './reproducibility.ts'
import { stageSection } from './stage.ts'
import { countText, linked, numberText, quantityText, valueText } from './text.ts'
import { figuresSection, reliabilityTable, TOPICS } from './topics.ts'
import { band, standing, verdictOf } from './verdict.ts'

/** A figure with its drawing and the file it is saved as. */
export interface ReadyFigure {
  readonly figure: Figure
  readonly drawn: Drawn
  readonly path: string
}

/** A part of the chapter; one without content is left out. */
interface Section {
  readonly id: string
  readonly heading: string
  readonly content: Markup
}

/** What a chapter is made from beside the record. */
export interface ChapterParts {
  /** Its figures, drawn. */
  readonly figures: readonly ReadyFigure[]
  /** What its viewer shows; null for none. */
  readonly viewer: ViewerData | null
  /** The references of the page, which the chapter adds to. */
  readonly cites: Citations
}

function problemsSection({ problems }: RunRecord): Markup {
  if (problems.length === 0) return html`<p>None was reported.</p>`
  const sorted = SEVERITIES.flatMap(severity => problems.filter(problem => problem.severity === severity))
  const items = sorted.map(problem => {
    const where = [problem.file, problem.field].filter(part => part !== undefined)
    return html`<li><div>${tag(SEVERITY_TONE[problem.severity], problem.severity)}</div><div><p>${problem.message}</p><p class="small muted">${code(problem.code)}${where.map(part => html` · ${code(part)}`)}</p></div></li>\n`
  })
  return html`<ul class="problems">${items}</ul>`
}

function factsSection({ facts }: RunRecord): Markup | null {
  if (facts.length === 0) return null
  const rows = facts.map(({ label, value, unit, from }) => [
    label,
    value === null ? html`<span class="muted">not stated</span>` : valueText(value, unit),
    value === null ? html`<span class="muted">looked for in</span> ${code(from)}` : code(from),
  ])
  return table('Acquisition facts', [{ head: 'Fact' }, { head: 'Value', set: 'value' }, { head: 'Stated by' }], rows)
}

function protocolSection({ protocol, references }: RunRecord, cites: Citations): Markup | null {
  if (protocol.length === 0) return null
  const sorted = VERDICTS.flatMap(verdict => protocol.filter(row => row.verdict === verdict))
  const rows = sorted.map((row): Content[] => [
    headed(row.title, row.says),
    tag(VERDICT_TONE[row.verdict], row.verdict),
    headed(row.value, code(row.field)),
    row.recommended,
    html`<span class="small">${cites.reference(row.reference, references)}</span>`,
  ])
  const columns = [
    { head: 'Recommendation' },
    { head: 'Verdict' },
    { head: 'This scan, judged by the field', set: 'value' as const },
    { head: 'Recommended', set: 'value' as const },
    { head: 'Reference' },
  ]
  return table('Protocol check', columns, rows)
}

const SOURCES: Readonly<Record<Parameter['source'], string>> = {
  option: 'given as an option',
  sidecar: 'sidecar',
  'participants.tsv': 'participants.tsv',
  default: 'default',
  data: 'estimated from the data',
  computed: 'computed',
}

function sourceOf({ source, from, defaultSource }: Parameter): Markup {
  const behind =
    defaultSource === undefined ? null : defaultSource === 'perfquant' ? 'our choice' : linked(defaultSource)
  return html`${SOURCES[source]}${from !== undefined && html`: ${code(from)}`}${behind !== null && html` <span class="small muted">(${behind})</span>`}`
}

function equationSection({ equation, parameters }: RunRecord): Markup | null {
  if (equation === null && parameters.length === 0) return null
  const lines = equation?.lines.map(line => html`<div>${line}</div>`)
  const filled = equation?.filled.map(line => html`<div class="filled">${line}</div>`)
  const rows = parameters.map((parameter): Content[] => [
    parameter.symbol ?? html`<span class="muted">–</span>`,
    html`${parameter.meaning} ${code(parameter.name)}`,
    valueText(parameter.value, parameter.unit),
    sourceOf(parameter),
  ])
  const columns = [
    { head: 'Symbol' },
    { head: 'Meaning' },
    { head: 'Value', set: 'value' as const },
    { head: 'Where it came from' },
  ]
  return html`${equation && html`<p>${equation.title}</p><div class="equation">${lines}${filled}</div>`}${parameters.length > 0 && table('Parameters of the equation', columns, rows)}`
}

/** The band in words; an open end is one-sided. */
function bandText({ expected, unit }: QualityValue): string {
  if (expected === undefined) return ''
  const [low, high] = band(expected)
  if (low === Number.NEGATIVE_INFINITY) return `at most ${quantityText(high, unit)}`
  if (high === Number.POSITIVE_INFINITY) return `at least ${quantityText(low, unit)}`
  return `${numberText(low)} to ${quantityText(high, unit)}`
}

const STANDING_TONE = { inside: 'pass', outside: 'warn', 'no band': 'none', 'not computed': 'none' } as const

function qualitySection({ quality }: RunRecord): Markup | null {
  if (quality.length === 0) return null
  const rows = quality.map((value): Content[] => {
    const where = standing(value)
    return [
      headed(value.label, value.says),
      value.value === null ? html`<span class="muted">n/a</span>` : quantityText(value.value, value.unit),
      html`${bandText(value)}${gauge(value)}`,
      tag(STANDING_TONE[where], where),
    ]
  })
  const columns = [
    { head: 'Figure' },
    { head: 'Value', set: 'value' as const },
    { head: 'Expected' },
    { head: 'Standing' },
  ]
  return table('Quality figures', columns, rows)
}

function methodsSection({ paragraphs, references }: RunRecord, cites: Citations): Markup | null {
  if (paragraphs.length === 0) return null
  return html`${paragraphs.map(paragraph => html`<p>${cites.cited(paragraph, references)}</p>\n`)}`
}

function viewerSection(data: ViewerData | null, id: string): Markup | null {
  if (data === null) return null
  const { sample, factor } = data
  const n = countText(Buffer.from(sample.voxels, 'base64').length / 4)
  const every = sample.step.some(step => step > 1) ? `, one in ${sample.step.join(' × ')}` : ''
  const kept = `Answers are kept for ${n} of ${countText(sample.of)} voxels${every}; the nearest one answers a click.`
  const coarse = factor.some(step => step > 1) ? ` The picture shows blocks of ${factor.join(' × ')} voxels.` : ''
  const what = sample.curves ? 'what was measured there, what was fitted to it, and its parameters' : 'its parameters'
  return html`<p class="muted">A click on a voxel shows ${what}. ${kept}${coarse}</p>
<div class="viewer" data-viewer="${id}"><p>This part needs scripts, which are off here. The figures above show the same maps.</p></div>
${embedded(id, JSON.stringify(data))}`
}

/**
 * One run as a chapter of the page: what stands against it, what was acquired, what was computed and how.
 *
 * @param record - all that is known of the run
 * @param id - anchor of the chapter
 * @param parts - figures, viewer, references
 */
export function chapter(
  record: RunRecord,
  id: string,
  { figures, viewer, cites }: ChapterParts,
): { readonly body: Markup; readonly nav: NavItem } {
  const verdict = verdictOf(record)
  const parts: [string, string, Markup | null][] = [
    ['stage', 'What this technique allows', stageSection(record, cites)],
    ['problems', 'Problems', problemsSection(record)],
    ['acquisition', 'Acquisition', factsSection(record)],
    ['protocol', 'Protocol check', protocolSection(record, cites)],
    ['equation', 'Equation and its numbers', equationSection(record)],
    ['quality', 'Quality', qualitySection(record)],
    ...TOPICS.map(([topic, heading]): [string, string, Markup | null] => {
      const drawn = figuresSection(figures, topic, id)
      const numbers = topic === 'reliability' ? reliabilityTable(record) : null
      return [topic, heading, drawn || numbers ? html`${numbers}${drawn}` : null]
    }),
    ['voxels', 'Voxel by voxel', viewerSection(viewer, `${id}-viewer`)],
    ['methods', 'Methods', methodsSection(record, cites)],
    ['reproducibility', 'Reproducibility', reproducibility(record)],
    ['rating', 'Your rating', ratingSection(record, `${id}-rated`)],
  ]
  const sections = parts.flatMap(([key, heading, content]): Section[] =>
    content === null ? [] : [{ id: `${id}-${key}`, heading, content }],
  )
  const body = html`<section class="run" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${record.label}</h2>
<p>${tag(STATUS_TONE[record.status], record.status)} ${record.title}</p>
<div class="first ${verdict.tone}">${verdict.says.map(sentence => html`<p>${sentence}</p>`)}</div>
${sections.map(section => html`<h3 id="${section.id}">${section.heading}</h3>\n${section.content}\n`)}</section>
`
  return {
    body,
    nav: { id, label: record.label, below: sections.map(section => ({ id: section.id, label: section.heading })) },
  }
}
