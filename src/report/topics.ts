import type { ReadyFigure } from './chapter.ts'
import { type Content, html, type Markup } from './markup.ts'
import { code, table } from './page.ts'
import type { Figure, RunRecord, Topic } from './record.ts'
import { countText, percentText } from './text.ts'

/** The topics of figures in the order of the chapter, with their headings. */
export const TOPICS: readonly (readonly [Topic, string])[] = [
  ['motion', 'Motion'],
  ['mask', 'Mask and coregistration'],
  ['input', 'Arterial input'],
  ['curves', 'Curves and fits'],
  ['maps', 'Maps'],
  ['histograms', 'Distributions'],
  ['reliability', 'Reliability'],
]

/** The part of the chapter that a figure stands in. */
export function topicOf(figure: Figure): Topic {
  if (figure.topic !== undefined) return figure.topic
  if (figure.kind === 'lines') return 'curves'
  if (figure.kind === 'histogram') return 'histograms'
  return figure.kind === 'flicker' || figure.colours === 'grey' ? 'mask' : 'maps'
}

/** The caption says what to look for; the words that announce it are the page's. */
function captionOf({ caption }: Figure): Markup {
  return html`<span class="muted">What to look for:</span> ${caption.replace(/^what to look for\s*[:.]?\s*/i, '')}`
}

/** A flicker can be stopped on either of its images, without a script. */
function chooser(figure: Figure, name: string): Content {
  if (figure.kind !== 'flicker') return null
  const choices = ['in turn', ...figure.images.map(({ label }) => label)]
  return choices.map(
    (label, at) =>
      html`<input type="radio" name="${name}" id="${name}-${at}"${at === 0 && html` checked`}><label for="${name}-${at}">${label}</label>`,
  )
}

/**
 * The figures of a topic; null where there are none.
 *
 * @param figures - all figures of the run, drawn
 * @param topic - the part of the chapter
 * @param id - anchor of the chapter
 */
export function figuresSection(figures: readonly ReadyFigure[], topic: Topic, id: string): Markup | null {
  const chosen = figures.filter(({ figure }) => topicOf(figure) === topic)
  if (chosen.length === 0) return null
  return html`${chosen.map(
    ({ figure, drawn, path }) =>
      html`<figure${figure.kind === 'flicker' && html` class="flicker"`}><figcaption><strong>${figure.title}</strong>${captionOf(figure)}</figcaption>${chooser(figure, `${id}-${figure.id}`)}${drawn.svg}<p class="small muted">${code(path)}</p></figure>\n`,
  )}`
}

/** How many voxels have a value of each parameter that can be trusted; null where nothing was estimated. */
export function reliabilityTable({ reliability }: RunRecord): Markup | null {
  if (reliability.length === 0) return null
  const share = (part: number, whole: number) => (whole > 0 ? percentText(part / whole) : 'n/a')
  const rows = reliability.map(({ parameter, model, desc, voxels, valid, atBound, reliable }): Content[] => [
    [parameter, model, desc].filter(part => part !== null).join(', '),
    countText(voxels),
    share(valid, voxels),
    share(atBound, valid),
    reliable === null ? 'not judged' : share(reliable, valid),
  ])
  const number = (head: string) => ({ head, set: 'number' as const })
  const heads = ['Voxels of the mask', 'With a value', 'At a bound', 'Reliable'].map(number)
  return html`<p>A value at a bound is where the fit was stopped, not what was measured. A reliable one has a standard error that is small against what it tells; the masks of reliable voxels say where.</p>${table('Reliability by parameter', [{ head: 'Parameter' }, ...heads], rows)}`
}
