import { bad, type Checked, good, problem } from '../problems.ts'

/** What a JSON object holds, before any field is looked at. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * The object in a JSON text. Anything else is `JSON_INVALID`, naming the file and where in it.
 *
 * @remarks
 * The place is found by our own scan: what the engine says about it differs between versions of Node, and problems
 * are part of results that must not.
 *
 * @param text - the content of the file
 * @param file - its path in the dataset, for messages
 */
export function parseJsonObject(text: string, file: string): Checked<JsonObject> {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const refuse = (what: string) => bad(problem('JSON_INVALID', `${file}: ${what}`, { file }))
  let value: unknown
  try {
    value = JSON.parse(plain)
  } catch {
    return refuse(`${whereInvalid(plain)}; correct the file, or check it with a JSON validator.`)
  }
  if (isObject(value) && isDeep(plain))
    return refuse(`has brackets within brackets more than ${DEEPEST} deep; no sidecar has, check what it is.`)
  if (isObject(value)) return good(value)
  const kind = Array.isArray(value) ? 'a list' : `the ${value === null ? 'word null' : typeof value} ${String(value)}`
  return refuse(`holds ${kind} where an object in braces must stand; write {"Field": value, …}.`)
}

/** Brackets within brackets that a sidecar may have: beyond some thousands no program could write it again. */
const DEEPEST = 100

/** Whether a valid JSON text has brackets within brackets too deep. */
function isDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (quoted && character === '\\') at++
    else if (character === '"') quoted = !quoted
    else if (!quoted && (character === '[' || character === '{')) depth++
    else if (!quoted && (character === ']' || character === '}')) depth--
    if (depth > DEEPEST) return true
  }
  return false
}

/** Whether a value is an object with fields, and neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** In words, where and why a text is no JSON; called only for such texts. */
export function whereInvalid(text: string): string {
  if (text.trim() === '') return 'the file is empty, not JSON'
  const at = firstError(text)
  if (at >= text.length) return 'not valid JSON: it ends too early, a bracket, brace or quote is not closed'
  const before = text.slice(0, at)
  const line = before.split('\n').length
  const column = at - before.lastIndexOf('\n')
  const near = /^[^\s,\]}]*/.exec(text.slice(at, at + 20))?.[0] || text[at]!
  return `not valid JSON at line ${line}, column ${column} ("${near}")`
}

const BLANKS = /[ \t\n\r]*/y
const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids control characters in strings
  /[{}[\],:]|"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/** What may stand next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | 'more'

/** Index of the first character that no JSON text can have there; the length where the text merely ends too early. */
function firstError(text: string): number {
  const open: string[] = []
  let expected: Expected = 'value'
  let at = 0
  for (;;) {
    BLANKS.lastIndex = at
    BLANKS.exec(text)
    at = BLANKS.lastIndex
    if (at >= text.length) return text.length
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[0]
    if (token === undefined) return at
    const next = step(expected, token, open)
    if (next === null) return at
    expected = next
    at += token.length
  }
}

/** What may stand after the token, or null where the token itself may not stand; keeps the stack of open brackets. */
function step(expected: Expected, token: string, open: string[]): Expected | null {
  const closes = (token === '}' && open.at(-1) === '{') || (token === ']' && open.at(-1) === '[')
  if (closes && (expected === 'more' || expected === `key or ${token}` || expected === `value or ${token}`)) {
    open.pop()
    return 'more'
  }
  if (expected === 'more') {
    if (token !== ',' || open.length === 0) return null
    return open.at(-1) === '{' ? 'key' : 'value'
  }
  if (expected === ':') return token === ':' ? 'value' : null
  if (expected === 'key' || expected === 'key or }') return token.startsWith('"') ? ':' : null
  if (token === '{' || token === '[') {
    open.push(token)
    return token === '{' ? 'key or }' : 'value or ]'
  }
  return /^[}\],:]/.test(token) ? null : 'more'
}
