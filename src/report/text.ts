import type { Unit } from '../units.ts'
import { type Content, html, type Markup } from './markup.ts'

/** Units as a reader writes them; those not listed stand as they are. */
const SHOWN: Readonly<Partial<Record<Unit, string>>> = {
  '1': '',
  'mM*s': 'mM·s',
  'mm^2/s': 'mm²/s',
  's/mm^2': 's/mm²',
  'mL/100g/min': 'mL/100 g/min',
  'mL/100g': 'mL/100 g',
  'mL/100mL/min': 'mL/100 mL/min',
  deg: '°',
}

/** The unit as it is shown; empty where there is none. */
export function unitText(unit: Unit): string {
  return SHOWN[unit] ?? unit
}

/** A label with its unit in parentheses, where there is one. */
export function withUnit(label: string, unit: Unit): string {
  const shown = unitText(unit)
  return shown === '' ? label : `${label} (${shown})`
}

/**
 * A number as it is shown: the same characters on every machine, no locale, a true minus sign.
 *
 * @param value - the number
 * @param digits - significant digits at most
 */
export function numberText(value: number, digits = 4): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  // A whole number is exact unless fewer digits are asked for than it takes to say it.
  const whole = Number.isInteger(value) && Math.abs(value) < 1e9 && digits > 3
  const rounded = whole ? value : Number(value.toPrecision(digits))
  if (Number.isInteger(rounded) && Math.abs(rounded) < 1e9) return countText(rounded).replace('-', '−')
  const short = String(rounded)
  const [mantissa, exponent] = short.split('e')
  const shown = exponent === undefined ? short : `${mantissa}×10^${exponent.replace('+', '')}`
  return shown.replaceAll('-', '−')
}

/** A whole number, from five digits on with its thousands set apart by a narrow space, as the SI brochure asks. */
export function countText(n: number): string {
  return Math.abs(n) < 10_000 ? String(n) : String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

/** A share as a percentage with at most two digits after the point. */
export function percentText(share: number): string {
  const percent = 100 * share
  if (percent > 0 && percent < 0.1) return '< 0.1 %'
  return `${percent >= 10 ? percent.toFixed(0) : percent.toFixed(1)} %`
}

/** A count with its noun, in the plural where it is not one. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${countText(n)} ${n === 1 ? noun : plural}`
}

/** A number with its unit. */
export function quantityText(value: number, unit: Unit, digits = 4): string {
  const shown = unitText(unit)
  return numberText(value, digits) + (shown === '' || shown === '°' ? shown : ` ${shown}`)
}

/** The longest list of values that is printed in full. */
const LONGEST_LIST = 16

/**
 * A value of a record as text, its unit behind it; a long list by its length and its range.
 *
 * @param value - number, text, truth, list of numbers or words, or null where nothing is known
 * @param unit - its unit; `1` shows none
 */
export function valueText(value: number | string | boolean | null | readonly (number | string)[], unit: Unit): string {
  if (value === null) return 'not known'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  // Six digits: what went into an equation must be readable back out of the page.
  if (typeof value === 'number') return quantityText(value, unit, 6)
  const shown = unitText(unit)
  const tail = shown === '' || shown === '°' ? shown : ` ${shown}`
  if (value.length === 0) return 'none'
  const words = value.map(item => (typeof item === 'number' ? numberText(item, 6) : item))
  if (words.length <= LONGEST_LIST) return words.join(', ') + tail
  if (new Set(words).size === 1) return `${words[0]}${tail} (${words.length} times)`
  return `${words.slice(0, 6).join(', ')}, …, ${words.slice(-2).join(', ')}${tail} (${words.length} values)`
}

/** Compares by code units: the same order on every machine, which a locale would not give. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Order of labels as people read them: `region 2` before `region 10`. */
export function byLabel(a: string, b: string): number {
  const padded = (label: string) => label.replace(/\d+/g, digits => digits.padStart(12, '0'))
  return byText(padded(a), padded(b)) || byText(a, b)
}

/** A DOI, bare or behind `doi:` or its resolver's address. Old Wiley DOIs hold parentheses and angle brackets. */
const DOI = /(?:https?:\/\/(?:dx\.)?doi\.org\/|doi:\s*)?(10\.\d{4,9}\/[^\s"]+)/gi

/** A DOI without the punctuation of the sentence it stands in. */
function trimmed(doi: string): string {
  let end = doi.length
  for (;;) {
    const last = doi[end - 1]
    const inside = doi.slice(0, end)
    const unbalanced = last === ')' && inside.split('(').length < inside.split(')').length
    if (last !== undefined && (/[.,;:\]]/.test(last) || unbalanced)) end--
    else return inside
  }
}

/**
 * Text in which each DOI is a link to its resolver: the only addresses that a page holds, and none is opened unasked.
 *
 * @param words - any text
 */
export function linked(words: string): Markup {
  const parts: Content[] = []
  let from = 0
  for (const match of words.matchAll(DOI)) {
    const doi = trimmed(match[1] ?? '')
    const end = match.index + match[0].length - ((match[1] ?? '').length - doi.length)
    const address = `https://doi.org/${encodeURIComponent(doi).replaceAll('%2F', '/')}`
    parts.push(words.slice(from, match.index), html`<a href="${address}">${words.slice(match.index, end)}</a>`)
    from = end
  }
  parts.push(words.slice(from))
  return html`${parts}`
}
