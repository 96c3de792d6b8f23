import type { Volume } from '../image/volume.ts'
import { chapter, type ReadyFigure } from './chapter.ts'
import { citations } from './citations.ts'
import { drawFigure } from './figure.ts'
import { viewerData } from './layers.ts'
import { type Content, html, type Markup, render } from './markup.ts'
import {
  footLine,
  headed,
  type NavItem,
  page,
  runName,
  SEVERITY_TONE,
  STATUS_TONE,
  table,
  tag,
  terms,
  VERDICT_TONE,
} from './page.ts'
import type { Figure, RunRecord, VoxelSample } from './record.ts'
import { problemCount, statusLine, verdictOf } from './verdict.ts'

/** All that a participant's page is made from. */
export interface ParticipantInput {
  /** The participant, with or without `sub-`. */
  readonly participant: string
  /** Pages of single sessions that this page leads to, where the report is split. */
  readonly sessions?: readonly { readonly label: string; readonly href: string }[]
  /** The runs in the order in which they are shown. */
  readonly records: readonly RunRecord[]
  /** Runs that ended without a record. */
  readonly failures: readonly { readonly label: string; readonly message: string }[]
  /** The image at a path of the output dataset; null where it cannot be read. */
  readonly image: (path: string) => Volume | null
  /** The single voxels of a run; null where they cannot be read. */
  readonly voxels: (record: RunRecord) => VoxelSample | null
  /** The script of the page. */
  readonly script: string
  /** What else is known of the participant. */
  readonly summary?: readonly { readonly label: string; readonly value: string }[]
}

/** A participant's page, and its figures as files. */
export interface ParticipantPage {
  readonly html: string
  readonly figures: readonly { readonly path: string; readonly content: string | Uint8Array }[]
}

function subject(participant: string): string {
  return participant.startsWith('sub-') ? participant : `sub-${participant}`
}

/** Characters that are safe in a file name everywhere. */
function fileSafe(words: string): string {
  return words.replace(/[^A-Za-z0-9+-]+/g, '-')
}

/**
 * Where a figure is saved, relative to the output dataset: the entities of its run, its technique, its id.
 *
 * @param record - the run
 * @param figure - one of its figures
 */
export function figurePath(record: RunRecord, figure: Figure): string {
  const entities = Object.entries(record.entities).map(([key, label]) => `${fileSafe(key)}-${fileSafe(label)}`)
  const stem = [...entities, `mod-${fileSafe(record.kind)}`].join('_')
  return `${fileSafe(subject(record.participant))}/figures/${stem}_${fileSafe(figure.id)}.svg`
}

/** Whether the run's images say how they lie: a series that does not takes left and right from every figure of the run. */
function isOriented({ problems, series }: RunRecord): boolean {
  return !problems.some(
    ({ code, file }) =>
      code === 'NIFTI_NO_ORIENTATION' && (file === undefined || series.some(uri => uri.endsWith(file))),
  )
}

/** A path that no other figure has taken: two runs of one kind may share their entities. */
function free(path: string, taken: Set<string>): string {
  let name = path
  for (let n = 2; taken.has(name); n++) name = path.replace(/\.svg$/, `-${n}.svg`)
  taken.add(name)
  return name
}

async function draw(record: RunRecord, image: ParticipantInput['image'], taken: Set<string>): Promise<ReadyFigure[]> {
  const ready: ReadyFigure[] = []
  for (const figure of record.figures) {
    const drawn = await drawFigure(figure, image, isOriented(record))
    ready.push({ figure, drawn, path: free(figurePath(record, figure), taken) })
  }
  return ready
}

function runRow(record: RunRecord, id: string): Content[] {
  const { says, problems, protocol, inside, judged } = verdictOf(record)
  const tags = problems.map(([severity, n]) => tag(SEVERITY_TONE[severity], problemCount(severity, n)))
  const rules = protocol.map(([verdict, n]) => tag(VERDICT_TONE[verdict], `${n} ${verdict}`))
  return [
    headed(html`<a href="#${id}">${runName(record.label)}</a>`, record.title),
    tag(STATUS_TONE[record.status], record.status),
    html`${says.map(sentence => html`<div>${sentence}</div>`)}`,
    html`<div class="tags">${tags.length > 0 ? tags : 'none'}</div>`,
    html`<div class="tags">${rules.length > 0 ? rules : 'not checked'}</div>`,
    judged > 0 ? `${inside} of ${judged} inside` : 'not judged',
  ]
}

function summarySection(input: ParticipantInput, ids: readonly string[]): Markup {
  const known = (input.summary ?? []).map(({ label, value }) => [label, value] as const)
  const sessions = (input.sessions ?? []).map(
    ({ label, href }, i) => html`${i > 0 && ', '}<a href="${href}">${label}</a>`,
  )
  const failed = input.failures.map(({ label, message }): Content[] => [
    runName(label),
    tag('fail', 'failed'),
    message,
    '',
    '',
    '',
  ])
  const rows = [...input.records.map((record, i) => runRow(record, ids[i] ?? '')), ...failed]
  const columns = ['Run', 'Status', 'Read first', 'Problems', 'Protocol', 'Quality'].map(head => ({ head }))
  const runs =
    rows.length > 0
      ? table('Runs of this participant', columns, rows)
      : html`<p>No run was found for this participant.</p>`
  const list = terms([...known, ['Sessions on pages of their own', sessions.length > 0 && sessions]])
  return html`<section id="summary" aria-labelledby="summary-title">
<h2 id="summary-title" class="opening">Summary</h2>
${(known.length > 0 || sessions.length > 0) && list}
${runs}
</section>
`
}

/** Runs that left no record: all that is known of them is their end. */
function failureSection(failures: ParticipantInput['failures']): Markup | null {
  if (failures.length === 0) return null
  const items = failures.map(({ label, message }) => html`<h3>${label}</h3><pre>${message}</pre>`)
  return html`<section class="run" id="failures" aria-labelledby="failures-title"><h2 id="failures-title">Runs that ended without a record</h2>${items}</section>`
}

/**
 * A participant's report: one self-contained HTML file, and the same figures as files.
 *
 * @remarks The bytes depend on the input alone: no clock, no locale. Runs that were refused or failed stand beside the
 * others with their reason.
 *
 * @param input - records, failures and the images that the figures name
 */
export async function participantPage(input: ParticipantInput): Promise<ParticipantPage> {
  const cites = citations()
  const taken = new Set<string>()
  const ids = input.records.map((_, i) => `run-${i + 1}`)
  const chapters: ReturnType<typeof chapter>[] = []
  const figures: { path: string; content: string }[] = []
  for (const [i, record] of input.records.entries()) {
    const ready = await draw(record, input.image, taken)
    const sample = input.voxels(record)
    const viewer = sample && viewerData(record, input.image, sample, input.records.length)
    chapters.push(chapter(record, ids[i] ?? '', { figures: ready, viewer, cites }))
    for (const { path, drawn } of ready) figures.push({ path, content: `${render(drawn.svg)}\n` })
  }
  const references = cites.list()
  const nav: NavItem[] = [{ id: 'summary', label: 'Summary' }, ...chapters.map(({ nav }) => nav)]
  if (input.failures.length > 0) nav.push({ id: 'failures', label: 'Without a record' })
  if (references !== null) nav.push({ id: 'references', label: 'References' })
  const lead = statusLine([
    ...input.records.map(({ status }) => status),
    ...input.failures.map(() => 'failed' as const),
  ])
  const program = input.records[0]?.program
  const body = html`${summarySection(input, ids)}${chapters.map(({ body }) => body)}${failureSection(input.failures)}${references && html`<section id="references" aria-labelledby="references-title"><h2 id="references-title">References</h2>${references}</section>`}`
  const foot = footLine(program?.name ?? 'perfquant', program?.version ?? '')
  const title = `${subject(input.participant)}: perfusion report`
  return { html: page({ title, lead, nav, body, foot, script: input.script }), figures }
}
