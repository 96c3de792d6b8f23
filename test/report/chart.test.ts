import { describe, expect, it } from 'vitest'
import { drawLines } from '../../src/report/chart.ts'
import { drawFigure } from '../../src/report/figure.ts'
import { drawHistogram } from '../../src/report/histogram.ts'
import { render } from '../../src/report/markup.ts'
import type { HistogramFigure, LinesFigure } from '../../src/report/record.ts'
import { drawStrips } from '../../src/report/strip.ts'
import { volumeOf } from './fixture.ts'
import { elementsOf } from './support.ts'

const LINES: LinesFigure = {
  kind: 'lines',
  id: 'curve',
  title: 'A curve',
  caption: 'Level.',
  x: { label: 'Time (s)', values: [0, 1, 2, 3] },
  y: { label: 'Signal' },
  series: [{ label: 'mean', values: [1, null, 3, Number.NaN] }],
}

const GRID = { shape: [10, 10, 1], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] } as const
const HISTOGRAM: HistogramFigure = {
  kind: 'histogram',
  id: 'histogram',
  title: 'Values',
  caption: 'Two peaks.',
  image: 'map',
  unit: 'mL/100g/min',
  range: [0, 100],
  groups: [{ label: 'GM', image: 'gm', above: 0.5 }],
  bands: [{ label: 'expected', low: 40, high: 60 }],
}

describe('curves', () => {
  it('break where a value is missing', () => {
    const paths = elementsOf(render(drawLines(LINES).svg)).filter(
      ({ attributes }) => attributes.get('stroke-linejoin') === 'round',
    )
    expect(paths).toHaveLength(1)
    expect(paths[0]?.attributes.get('d')).toMatch(/^M[\d.]+ [\d.]+M[\d.]+ [\d.]+$/)
  })

  it('show points, and a band that is part of the axis', () => {
    const { svg, alt } = drawLines({
      ...LINES,
      series: [{ label: 'mean', values: [1, 2, 3, 4], points: true }],
      band: { label: 'expected', low: 0, high: 50 },
    })
    const drawn = render(svg)
    expect(
      elementsOf(drawn).filter(({ name, attributes }) => name === 'circle' && attributes.get('r') === '2.6'),
    ).toHaveLength(4)
    expect(drawn).toContain('>50</text>')
    expect(alt).toBe('A curve. Signal over Time (s): mean. Band: expected.')
  })

  it('say so where there is nothing to draw', () => {
    for (const values of [[], [null, null], [Number.NaN]])
      expect(drawLines({ ...LINES, series: [{ label: 'mean', values }] }).alt).toContain('There is nothing to draw')
    expect(drawLines({ ...LINES, x: { label: 't', values: [] } }).alt).toContain('There is nothing to draw')
  })

  it('stay small however long they are, and say what was left out', () => {
    const n = 100_000
    const values = Array.from({ length: n }, (_, i) => i)
    const many = Array.from({ length: 12 }, (_, s) => ({ label: `s${s}`, values }))
    const drawn = render(drawLines({ ...LINES, x: { label: 't', values }, series: many }).svg)
    expect(drawn.length).toBeLessThan(300_000)
    expect(drawn).toContain('One of 67 points is drawn.')
    expect(drawn).toContain('The first 8 of 12 curves are drawn.')
  })
})

describe('histograms', () => {
  const gm = volumeOf(
    GRID,
    Float32Array.from({ length: 100 }, (_, v) => (v < 50 ? 0.9 : 0.1)),
  )
  const image = (path: string) => (path === 'gm' ? gm : null)

  it('count the voxels of each group, those beyond the axis and those without an estimate', () => {
    const map = volumeOf(
      GRID,
      Float32Array.from({ length: 100 }, (_, v) => (v === 0 ? Number.NaN : v === 1 ? 500 : v < 25 ? 50 : 60)),
    )
    const { alt } = drawHistogram(HISTOGRAM, map, image)
    expect(alt).toContain('GM: 49 voxels, median 60')
    expect(alt).toContain('GM: 2.0 % of voxels lie beyond the axis.')
    expect(alt).toContain('GM: 1 without an estimate (NaN) are left out.')
    expect(alt).toContain('Expected: expected 40 to 60.')
    expect(alt).toContain('Bins of 2 mL/100 g/min')
  })

  it('put a value on the upper end into the last bin', () => {
    expect(drawHistogram(HISTOGRAM, volumeOf(GRID, new Float32Array(100).fill(100)), image).alt).not.toContain('beyond')
  })

  it('name the groups that could not be drawn, and say where nothing is left', () => {
    const map = volumeOf(GRID, new Float32Array(100).fill(50))
    const two = { ...HISTOGRAM, groups: [...HISTOGRAM.groups, { label: 'WM', image: 'wm', above: 0.5 }] }
    expect(drawHistogram(two, map, image).alt).toContain('Not drawn, for want of an image on the same grid: WM.')
    expect(drawHistogram(HISTOGRAM, map, () => null).alt).toContain('There is nothing to draw')
    expect(drawHistogram(HISTOGRAM, volumeOf(GRID, new Float32Array(100).fill(Number.NaN)), image).alt).toContain(
      'There is nothing to draw',
    )
  })
})

describe('a figure whose image is gone', () => {
  it('is still there, and says so', async () => {
    const { svg, alt } = await drawFigure(HISTOGRAM, () => null, true)
    expect(alt).toBe('Values. Not drawn: map could not be read.')
    expect(elementsOf(render(svg))[0]?.name).toBe('svg')
  })
})

describe('strips', () => {
  const dots = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ value: i % 100, label: `sub-${i}`, href: `sub-${i}.html` }))

  it('draw one dot a run that leads to its page; dots do not cover each other', () => {
    const same = Array.from({ length: 5 }, (_, i) => ({ value: 50, label: `sub-${i}`, href: `sub-${i}.html` }))
    const { svg } = drawStrips({ title: 'CBF', axis: 'CBF', strips: [{ label: 'GM', dots: same }], band: [0, 40] })
    const elements = elementsOf(render(svg))
    const circles = elements.filter(({ name }) => name === 'circle')
    expect(new Set(circles.map(({ attributes }) => attributes.get('cy'))).size).toBe(5)
    expect(circles.every(({ attributes }) => attributes.get('fill') === '#fff')).toBe(true)
    expect(elements.filter(({ name }) => name === 'a').map(({ attributes }) => attributes.get('href'))).toEqual(
      same.map(({ href }) => href),
    )
    expect(render(svg)).toContain('5 runs, 5 outside the band')
  })

  it('draw a silhouette with its ends for many runs', () => {
    const { svg } = drawStrips({
      title: 'CBF',
      axis: 'CBF',
      strips: [
        { label: 'GM', dots: dots(5000) },
        { label: 'WM', dots: [] },
      ],
    })
    expect(elementsOf(render(svg)).filter(({ name }) => name === 'circle')).toHaveLength(20)
    expect(render(svg).length).toBeLessThan(15_000)
    expect(render(svg)).toContain('no value')
  })
})
