import { describe, expect, it } from 'vitest'
import { escaped, html, raw, render } from '../../src/report/markup.ts'
import { extent, quantile, roundTicks, straight } from '../../src/report/scale.ts'
import { STYLE } from '../../src/report/style.ts'
import { countText, linked, numberText, percentText, valueText, withUnit } from '../../src/report/text.ts'

describe('markup', () => {
  it('escapes what is inserted, not what is written', () => {
    expect(render(html`<p title="${'"\'<&>'}">${'<b>'}${raw('<i>')}</p>`)).toBe(
      '<p title="&quot;&#39;&lt;&amp;&gt;">&lt;b&gt;<i></p>',
    )
  })

  it('leaves out null, undefined and false, keeps 0 and the empty list', () => {
    expect(render(html`${null}${undefined}${false}${0}${[]}${[1, 'a', html`<b>`]}`)).toBe('01a<b>')
  })

  it('replaces what XML forbids', () => {
    expect(escaped('a\u0000b\u001bc\ud800d\uffff e\tf\n')).toBe('a\ufffdb\ufffdc\ufffdd\ufffd e\tf\n')
    expect(escaped('🧠 é −')).toBe('🧠 é −')
  })

  it('takes no object for markup that JSON could have brought', () => {
    const forged: unknown = JSON.parse('{"markup": "<script>", "html": "<script>", "length": 0}')
    // @ts-expect-error: a record is not markup, and the compiler says so too.
    expect(() => render(html`${forged}`)).toThrow()
  })
})

describe('numbers', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [1.65, '1.65'],
    [-12.5, '−12.5'],
    [1 / 3, '0.3333'],
    [1234.5678, '1235'],
    [0.00085, '0.00085'],
    [8.5e-8, '8.5×10^−8'],
    [1_412_000, '1\u202f412\u202f000'],
    [12_345.678, '12\u202f350'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '−∞'],
  ]
  for (const [value, shown] of cases) it(`${value} is shown as ${shown}`, () => expect(numberText(value)).toBe(shown))

  it('shows values with their units', () => {
    expect(valueText(1.65, 's')).toBe('1.65 s')
    expect(valueText(90, 'deg')).toBe('90°')
    expect(valueText(0.85, '1')).toBe('0.85')
    expect(valueText([4, 4, 7], 'mm')).toBe('4, 4, 7 mm')
    expect(valueText(true, '1')).toBe('yes')
    expect(valueText(null, 's')).toBe('not known')
    expect(valueText([], 's')).toBe('none')
    expect(valueText(new Array(40).fill(1.8), 's')).toBe('1.8 s (40 times)')
    expect(
      valueText(
        Array.from({ length: 40 }, (_, i) => i),
        's',
      ),
    ).toBe('0, 1, 2, 3, 4, 5, …, 38, 39 s (40 values)')
    expect(withUnit('f', '1')).toBe('f')
    expect(withUnit('D', 'mm^2/s')).toBe('D (mm²/s)')
    expect(countText(9999)).toBe('9999')
    expect(percentText(0.0001)).toBe('< 0.1 %')
  })
})

describe('ticks', () => {
  it('are round and inside the range, whatever the power of ten', () => {
    for (let power = -12; power <= 12; power++)
      for (const [low, high] of [
        [0, 1],
        [-3.7, 8.1],
        [0.2, 0.9],
        [99, 101.5],
      ] as const) {
        const scale = Number(`1e${power}`)
        const ticks = roundTicks(low * scale, high * scale, 5)
        expect(ticks.length).toBeGreaterThanOrEqual(3)
        expect(ticks.length).toBeLessThanOrEqual(13)
        for (const { value } of ticks) {
          expect(value).toBeGreaterThanOrEqual(low * scale - 1e-9 * scale)
          expect(value).toBeLessThanOrEqual(high * scale + 1e-9 * scale)
        }
        expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length)
      }
    expect(roundTicks(0, 100, 5).map(({ label }) => label)).toEqual(['0', '20', '40', '60', '80', '100'])
    expect(roundTicks(-0.1, 0.1, 4).map(({ label }) => label)).toEqual(['−0.10', '−0.05', '0.00', '0.05', '0.10'])
  })

  it('stand in the middle for a range without extent', () => {
    const axis = straight([5, 5], [0, 100], 5)
    expect(axis.at(5)).toBeCloseTo(50, 9)
    expect(straight([0, 0], [0, 100], 5).at(0)).toBeCloseTo(50, 9)
  })

  it('take the finite values only', () => {
    expect(extent([null, Number.NaN, 3, -1, Number.POSITIVE_INFINITY])).toEqual([-1, 3])
    expect(extent([null])).toBeNull()
    expect(quantile([1, 2, 4], 0.75)).toBe(3)
  })
})

describe('references', () => {
  const links = (words: string) => [...render(linked(words)).matchAll(/href="([^"]+)"/g)].map(match => match[1])

  it('link each DOI, in its three spellings', () => {
    expect(links('A. doi:10.1002/mrm.25197. B https://doi.org/10.1038/x(1) (10.5281/zenodo.1).')).toEqual([
      'https://doi.org/10.1002/mrm.25197',
      'https://doi.org/10.1038/x(1)',
      'https://doi.org/10.5281/zenodo.1',
    ])
  })

  it('keep the brackets of an old Wiley DOI', () => {
    expect(links('doi:10.1002/(SICI)1522-2586(199909)10:3<223::AID-JMRI2>3.0.CO;2-S')).toEqual([
      'https://doi.org/10.1002/(SICI)1522-2586(199909)10%3A3%3C223%3A%3AAID-JMRI2%3E3.0.CO%3B2-S',
    ])
  })

  it('link nothing else', () => {
    expect(render(linked('see https://example.org and <script>'))).toBe('see https://example.org and &lt;script&gt;')
  })
})

describe('stylesheet', () => {
  const variable = (name: string) => new RegExp(`--${name}:#([0-9a-f]{6})`).exec(STYLE)?.[1] ?? 'none'
  const luminance = (hexadecimal: string) => {
    const channel = (at: number) => {
      const c = Number.parseInt(hexadecimal.slice(at, at + 2), 16) / 255
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    }
    return 0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
  }
  const contrast = (a: string, b: string) => {
    const [x, y] = [luminance(a), luminance(b)]
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
  }

  for (const name of ['ink', 'muted', 'accent', 'pass', 'warn', 'fail', 'info', 'none'])
    it(`${name} can be read on white`, () => expect(contrast(variable(name), 'ffffff')).toBeGreaterThanOrEqual(4.5))
  for (const name of ['pass', 'warn', 'fail', 'info', 'none'])
    it(`${name} can be read on its own colour, and ink too`, () => {
      expect(contrast(variable(name), variable(`${name}-bg`))).toBeGreaterThanOrEqual(4.5)
      expect(contrast(variable('ink'), variable(`${name}-bg`))).toBeGreaterThanOrEqual(4.5)
    })
  it('muted can be read on the wash', () =>
    expect(contrast(variable('muted'), variable('wash'))).toBeGreaterThanOrEqual(4.5))
})
