/** Marks text that may stand in a page as it is. A symbol: no JSON file can hold one, so no record can pass for markup. */
const SAFE = Symbol('markup')

/** Text that is markup already: made by {@link html} or {@link raw}, by nothing else. */
export interface Markup {
  readonly [SAFE]: string
}

/** What may stand in a template: markup as it is, text and numbers escaped, nothing for null, undefined and false. */
export type Content = Markup | string | number | null | undefined | false | readonly Content[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text as it may stand in HTML, in XML and in a quoted attribute of either.
 *
 * @remarks Characters that XML forbids (controls, lone surrogates) become U+FFFD, so that a figure saved as a file stays
 * readable whatever stands in a dataset.
 *
 * @param text - any text
 */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, character => ENTITIES[character] ?? '')
    .replace(/[\p{Cc}\p{Surrogate}\uFFFE\uFFFF]/gu, character => (/[\t\n\r]/.test(character) ? character : '\uFFFD'))
}

function text(content: Content): string {
  if (content === null || content === undefined || content === false) return ''
  if (typeof content === 'string') return escaped(content)
  if (typeof content === 'number') return String(content)
  if (SAFE in content) return content[SAFE]
  let joined = ''
  for (const part of content) joined += text(part)
  return joined
}

/**
 * Markup from a template: what is written stands, what is inserted is escaped unless it is markup itself.
 *
 * @example
 * ```ts
 * html`<p class="says">${problem.message}</p>`
 * ```
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let joined = strings[0] ?? ''
  values.forEach((value, i) => {
    joined += text(value) + (strings[i + 1] ?? '')
  })
  return raw(joined)
}

/** Markup from a string of our own making (a stylesheet, base64, numbers); never from data. */
export function raw(markup: string): Markup {
  return { [SAFE]: markup }
}

/** The characters of a piece of markup. */
export function render(markup: Markup): string {
  return markup[SAFE]
}
