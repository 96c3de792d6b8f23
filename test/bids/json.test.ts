import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonObject } from '../../src/bids/json.ts'

const message = (text: string) => {
  const parsed = parseJsonObject(text, 'sub-01/perf/x.json')
  return parsed.ok ? 'valid' : parsed.problems.map(({ code, message }) => `${code} ${message}`).join()
}

describe('parseJsonObject', () => {
  it('gives the object, with or without a byte-order mark', () => {
    expect(parseJsonObject('\ufeff{"EchoTime": 0.014}', 'x.json')).toMatchObject({
      ok: true,
      value: { EchoTime: 0.014 },
    })
  })

  it.each([
    ['', 'the file is empty'],
    ['{"a": 1,}', 'line 1, column 9 ("}")'],
    ['{"a": NaN}', 'line 1, column 7 ("NaN")'],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3 (""b":")'],
    ['{"a": 01}', 'line 1, column 8 ("1")'],
    ["{'a': 1}", `line 1, column 2 ("'a':")`],
    ['{"a": [1, 2}', 'line 1, column 12 ("}")'],
    ['{"a": 1', 'ends too early'],
    ['{"a"', 'ends too early'],
    ['{"a": 1} x', 'line 1, column 10 ("x")'],
    ['{"a": "\t"}', 'line 1, column 7'],
    ['[1, 2]', 'holds a list'],
    ['null', 'holds the word null'],
    ['3', 'holds the number 3'],
  ])('refuses %j: %s', (text, says) => {
    expect(message(text)).toContain('JSON_INVALID sub-01/perf/x.json: ')
    expect(message(text)).toContain(says)
  })

  it('agrees with the engine on what JSON is, and never throws', () => {
    const damaged = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', 'x')).map(([text, at, put]) => {
      const where = at % (text.length + 1)
      return text.slice(0, where) + put + text.slice(where + 1)
    })
    fc.assert(
      fc.property(damaged, text => {
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        expect(/not valid JSON|is empty/.test(message(text))).toBe(!isJson)
      }),
      { numRuns: 500 },
    )
  })

  it('is not overwhelmed by depth', () => {
    expect(message('['.repeat(200_000))).toContain('ends too early')
  })
})
