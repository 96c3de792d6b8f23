import { type Markup, raw } from './markup.ts'

/** A figure as it stands in a page and as a file: its drawing, and what it shows in words. */
export interface Drawn {
  /** One `svg` element that needs nothing from outside itself. */
  readonly svg: Markup
  /** What it shows, for who cannot see it; the drawing carries it too. */
  readonly alt: string
}

/** Ink of text and ticks. */
export const INK = '#1f2328'
/** Lines that only guide the eye. */
export const GUIDE = '#d8dee4'
/** The band of expected values: told from the page without colour by its edge. */
export const BAND = { fill: '#e6f2ea', edge: '#3d7a57' }

/** Attributes that every drawing begins with. */
export const FONT: Markup = raw(`font-family="system-ui, sans-serif" font-size="12" fill="${INK}"`)

/** Mean width of a character at 12 px in the wider of the usual system fonts [px]. */
export const CHARACTER = 7

/** Text in lines that fit a width [px]; SVG breaks none by itself. */
export function wrapped(text: string, width: number): string[] {
  const most = Math.floor(width / CHARACTER)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
