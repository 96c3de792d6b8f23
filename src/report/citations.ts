import { type Content, html, type Markup } from './markup.ts'
import { linked } from './text.ts'

/** The references of a page, numbered as they are first cited. */
export interface Citations {
  /** The numbers of one or more keys, linked to the list; a key that has no text stands as it is. */
  cite(keys: readonly string[], references: Readonly<Record<string, string>>): Markup
  /** Text in which each `[@key]` or `[@one; @two]` is replaced by numbers. */
  cited(text: string, references: Readonly<Record<string, string>>): Markup
  /** A reference as a record gives it: a key of its references, or words with a DOI. */
  reference(words: string, references: Readonly<Record<string, string>>): Markup
  /** The list, in the order of its numbers; null where nothing was cited. */
  list(): Markup | null
}

/** Begins an empty list of references. */
export function citations(): Citations {
  const texts: string[] = []
  const number = (text: string): number => {
    const known = texts.indexOf(text)
    return known >= 0 ? known + 1 : texts.push(text)
  }
  const cite: Citations['cite'] = (keys, references) => {
    const marks = keys.map((key, i) => {
      const text = Object.hasOwn(references, key) ? references[key] : undefined
      const mark = text === undefined ? key : html`<a href="#ref-${number(text)}">${number(text)}</a>`
      return html`${i > 0 && ', '}${mark}`
    })
    return html`[${marks}]`
  }
  const cited: Citations['cited'] = (text, references) => {
    const parts: Content[] = []
    let from = 0
    for (const match of text.matchAll(/\[(@[^\]]+)\]/g)) {
      const keys = (match[1] ?? '').split(';').map(key => key.trim().replace(/^@/, ''))
      parts.push(linked(text.slice(from, match.index)), cite(keys, references))
      from = match.index + match[0].length
    }
    parts.push(linked(text.slice(from)))
    return html`${parts}`
  }
  const reference: Citations['reference'] = (words, references) => {
    const key = words.replace(/^\[?@|\]$/g, '')
    return Object.hasOwn(references, key) ? cite([key], references) : cited(words, references)
  }
  const list = () =>
    texts.length === 0
      ? null
      : html`<ol class="references">${texts.map((text, i) => html`<li id="ref-${i + 1}">${linked(text)}</li>\n`)}</ol>`
  return { cite, cited, reference, list }
}
