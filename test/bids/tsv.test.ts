import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTable, parseTable, recordsOf } from '../../src/bids/tsv.ts'
import type { Checked } from '../../src/problems.ts'

const table = (text: string) => {
  const parsed = parseTable(text, 'x.tsv')
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message)
  return parsed.value
}
const refusal = (parsed: Checked<unknown>) =>
  parsed.ok ? 'not refused' : parsed.problems.map(({ message }) => message).join()

describe('parseTable', () => {
  it('keeps cells as text', () => {
    expect(table('participant_id\tage\nsub-001\t007\nsub-002\tn/a\n')).toEqual({
      columns: ['participant_id', 'age'],
      rows: [
        ['sub-001', '007'],
        ['sub-002', 'n/a'],
      ],
    })
  })

  const plain = { columns: ['volume_type'], rows: [['control'], ['label']] }
  it.each([
    ['a byte-order mark', '\ufeffvolume_type\ncontrol\nlabel\n'],
    ['Windows line ends', 'volume_type\r\ncontrol\r\nlabel\r\n'],
    ['old Macintosh line ends', 'volume_type\rcontrol\rlabel\r'],
    ['no last line end', 'volume_type\ncontrol\nlabel'],
    ['blank last lines', 'volume_type\ncontrol\nlabel\n\n \t\n'],
    ['blanks around cells', 'volume_type \n control\nlabel \n'],
    ['trailing tabs', 'volume_type\t\ncontrol\t\nlabel\n'],
    ['trailing tabs in rows only', 'volume_type\ncontrol\t\nlabel\t\t\n'],
  ])('tolerates %s', (_, text) => {
    expect(table(text)).toEqual(plain)
  })

  it.each([
    ['', 'no header line'],
    ['\n\n', 'no header line'],
    ['a\t\tb\n1\t2\t3\n', 'column 2 of the header has no name'],
    ['a\ta\n1\t2\n', 'two columns are named "a"'],
    ['a\tb\n1\t2\n1\n', 'line 3 has 1 cell, the header 2 columns'],
    ['a\n1\t2\n', 'line 2 has 2 cells, the header 1 column'],
    ['a\t\n1\t2\n', 'line 2 has 2 cells, the header 1 column'],
    ['a\n1\n\n2\n', 'line 3 is blank'],
  ])('refuses %j: %s', (text, says) => {
    const parsed = parseTable(text, 'sub-01/x.tsv')
    expect(parsed).toMatchObject({ ok: false, problems: [{ code: 'TSV_INVALID', file: 'sub-01/x.tsv' }] })
    expect(refusal(parsed)).toContain(says)
    expect(refusal(parsed)).toMatch(/^sub-01\/x\.tsv: /)
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.stringMatching(/^[ab\t\n\r ]*$/), text => typeof parseTable(text).ok === 'boolean'))
  })
})

describe('formatTable', () => {
  it('writes n/a for what is missing and numbers that read back', () => {
    const rows = [
      ['001', 0.1 + 0.2, true],
      [null, Number.NaN, undefined],
      ['', Number.POSITIVE_INFINITY, -0],
      ['a\tb\r\nc', 1e-7, 1e21],
    ]
    expect(formatTable(['id', 'x', 'y'], rows)).toBe(
      'id\tx\ty\n001\t0.30000000000000004\ttrue\nn/a\tn/a\tn/a\nn/a\tn/a\t0\na b c\t1e-7\t1e+21\n',
    )
  })

  it('throws for a row of another length', () => {
    expect(() => formatTable(['a', 'b'], [[1]])).toThrow(RangeError)
  })

  it('is read back as it was', () => {
    const cell = fc.stringMatching(/^[a-z0-9/.-]{1,5}$/)
    const rows = fc.integer({ min: 1, max: 4 }).chain(n =>
      fc.record({
        columns: fc.uniqueArray(cell, { minLength: n, maxLength: n }),
        rows: fc.array(fc.array(cell, { minLength: n, maxLength: n })),
      }),
    )
    fc.assert(
      fc.property(rows, ({ columns, rows }) => {
        expect(table(formatTable(columns, rows))).toEqual({ columns, rows })
      }),
    )
  })

  it('writes every number so that it reads back to the same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), x => {
        expect(Number(table(formatTable(['x'], [[x]])).rows[0]?.[0])).toBe(x === 0 ? 0 : x)
      }),
    )
  })
})

describe('access', () => {
  it('gives records', () => {
    expect(recordsOf(table('a\tb\n1\tn/a\n'))).toEqual([{ a: '1', b: 'n/a' }])
  })
})
