import { describe, expect, it } from 'vitest'
import type { Volume } from '../../src/image/volume.ts'
import { axialView } from '../../src/report/axial.ts'
import { MAPS } from '../../src/report/colour.ts'
import { render } from '../../src/report/markup.ts'
import { drawMosaic } from '../../src/report/mosaic.ts'
import { outlinePath } from '../../src/report/outline.ts'
import type { MosaicFigure } from '../../src/report/record.ts'
import { selectSlices } from '../../src/report/slices.ts'
import { GRID, volumeOf } from './fixture.ts'
import { elementsOf, orientations, pictureOf } from './support.ts'

const FIGURE: MosaicFigure = {
  kind: 'mosaic',
  id: 'map',
  title: 'A map',
  caption: 'Nothing.',
  image: 'map.nii.gz',
  window: [0, 100],
  colours: 'grey',
  unit: 'mL/100g/min',
}

async function draw(
  volume: Volume,
  changes: Partial<MosaicFigure> = {},
  contour: Volume | null = null,
  oriented = true,
) {
  const { svg, alt } = await drawMosaic({ ...FIGURE, ...changes }, volume, contour, oriented)
  return { svg: render(svg), alt }
}

const LOWEST = 2
const HIGHEST = 255

describe('orientation', () => {
  const size = [7, 9, 3] as const
  for (const { name, grid, voxel } of orientations(size, [2, 3, 5]))
    it(`shows the patient's left on the right, front on top, foot first: ${name}`, async () => {
      const data = new Float32Array(size[0] * size[1] * size[2]).fill(50)
      // One voxel in from the left, two from the front, on the lowest slice.
      data[voxel(1, size[1] - 3, 0)] = 100
      const { width, height, find } = pictureOf((await draw(volumeOf(grid, data))).svg)
      const across = width / size[0]
      expect(across * (height / size[1])).toBeGreaterThanOrEqual(3)
      expect(find(HIGHEST)).toEqual({ x: size[0] - 2, y: 2 })
      expect(axialView(grid).heights).toEqual([0, 5, 10])
    })

  it('takes the closest axis of a tilted image, and says by how much it is tilted', async () => {
    const [c, s] = [Math.cos(Math.PI / 9), Math.sin(Math.PI / 9)]
    const grid = { shape: [7, 9, 3], affine: [2, 0, 0, 0, 0, 3 * c, -5 * s, 0, 0, 3 * s, 5 * c, 0] } as const
    expect(axialView(grid).tilt).toBeCloseTo(20, 9)
    expect((await draw(volumeOf(grid, new Float32Array(189).fill(50)))).alt).toContain('tilted by up to 20°')
  })

  it('says which side is which, and names none where the image does not say', async () => {
    const volume = volumeOf(GRID, new Float32Array(20 * 24 * 12).fill(50))
    const known = await draw(volume)
    expect(known.svg).toContain('patient’s right (R) is on the left')
    expect(known.svg).toContain('>R</text>')
    const unknown = await draw(volume, {}, null, false)
    expect(unknown.svg).toContain('Left and right are not known')
    expect(unknown.svg).not.toContain('>R</text>')
  })
})

describe('colours', () => {
  const grid = { shape: [4, 4, 1], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] } as const
  const values = (...first: number[]) => Float32Array.from({ length: 16 }, (_, i) => first[i] ?? 50)

  for (const colours of ['grey', 'viridis', 'diverging'] as const)
    it(`gives no estimate a colour that ${colours} does not hold, and says so`, async () => {
      const { svg } = await draw(volumeOf(grid, values(Number.NaN, 0)), { colours })
      const { data, palette } = pictureOf(svg)
      expect(data.filter(index => index === 1)).toHaveLength(1)
      const missing = palette[1] ?? []
      expect(missing).toEqual([...MAPS[colours].missing])
      const nearest = Math.min(
        ...MAPS[colours].levels.map(level => Math.hypot(...level.map((c, i) => c - missing[i]!))),
      )
      expect(nearest).toBeGreaterThan(30)
      expect(svg).toContain('no estimate (NaN): 1 voxel of the image')
    })

  it('says nothing of missing estimates where there are none', async () => {
    expect((await draw(volumeOf(grid, values()))).svg).not.toContain('NaN')
  })

  it('gives values beyond the window its end colours, and counts them', async () => {
    const { svg, alt } = await draw(volumeOf(grid, values(-20, 150, 1000, 100)))
    const { data } = pictureOf(svg)
    expect(data.filter(index => index === LOWEST)).toHaveLength(1)
    expect(data.filter(index => index === HIGHEST)).toHaveLength(3)
    expect(alt).toContain('Window 0 to 100 mL/100 g/min; 6.3 % of voxels lie below, 13 % above, in the end colours.')
  })

  it('applies slope and intercept', async () => {
    const volume = { ...volumeOf(grid, Int16Array.from(values(10))), slope: 10, intercept: -1 }
    expect(pictureOf((await draw(volume, { window: [0, 499] })).svg).find(HIGHEST)).not.toBeNull()
  })

  it('shows an exact zero outside the mask as background and inside it as a value', async () => {
    const mask = volumeOf(
      grid,
      Uint8Array.from({ length: 16 }, (_, i) => (i === 5 ? 1 : 0)),
    )
    const { data } = pictureOf((await draw(volumeOf(grid, new Float32Array(16)), { colours: 'viridis' }, mask)).svg)
    expect(data.filter(index => index === LOWEST)).toHaveLength(1)
    expect(data.filter(index => index === 0)).toHaveLength(15)
  })

  it('gives each label a colour of its own and a key', async () => {
    const { svg } = await draw(volumeOf(grid, Uint8Array.from([0, 1, 2, 4, ...new Array(12).fill(1)])), {
      colours: 'labels',
      window: [0, 6],
      unit: '1',
    })
    expect(new Set(pictureOf(svg).data)).toEqual(new Set([0, 2, 3, 5]))
    for (const label of ['1', '2', '4']) expect(svg).toContain(`>${label}</text>`)
  })

  it('chooses a window within the mask, symmetric for a diverging map', () => {
    const mask = volumeOf(
      grid,
      Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? 1 : 0)),
    )
    const volume = volumeOf(
      grid,
      Float32Array.from({ length: 16 }, (_, i) => (i < 8 ? i : 1e6)),
    )
    const [low, high] = selectSlices({ ...FIGURE, window: 'auto', contour: 'mask' }, volume, mask).window
    expect(low).toBeCloseTo(0.14, 6)
    expect(high).toBeCloseTo(6.86, 6)
    const [from, to] = selectSlices(
      { ...FIGURE, window: 'auto', colours: 'diverging', contour: 'mask' },
      volume,
      mask,
    ).window
    expect(from).toBeCloseTo(-to, 12)
  })
})

describe('edges', () => {
  const n = 20 * 24 * 12

  it('says that a mask is empty, and shows the image', async () => {
    const { svg } = await draw(
      volumeOf(GRID, new Float32Array(n).fill(50)),
      { contour: 'mask' },
      volumeOf(GRID, new Uint8Array(n)),
    )
    expect(svg).toContain('The mask is empty')
    expect(pictureOf(svg).data.some(index => index > 100)).toBe(true)
  })

  it('says that a mask could not be read or lies on another grid', async () => {
    const volume = volumeOf(GRID, new Float32Array(n).fill(50))
    expect((await draw(volume, { contour: 'mask' })).svg).toContain('The mask could not be read')
    const other = { shape: [2, 2, 2], affine: GRID.affine } as const
    expect((await draw(volume, { contour: 'mask' }, volumeOf(other, new Uint8Array(8)))).svg).toContain('another grid')
  })

  it('says that an image is empty', async () => {
    expect((await draw(volumeOf(GRID, new Float32Array(n)))).svg).toContain('every voxel is zero')
    const { svg } = await draw(volumeOf(GRID, new Float32Array(n).fill(Number.NaN)), { window: 'auto' })
    expect(new Set(pictureOf(svg).data)).toEqual(new Set([1]))
  })

  it('draws an image of one slice, and of one voxel', async () => {
    const slice = { shape: [20, 24, 1], affine: GRID.affine } as const
    expect((await draw(volumeOf(slice, new Float32Array(480).fill(50)))).alt).toContain('One axial slice at z = −40 mm')
    const voxel = { shape: [1, 1, 1], affine: GRID.affine } as const
    expect(pictureOf((await draw(volumeOf(voxel, Float32Array.of(50)))).svg).data).toHaveLength(1)
  })

  it('shows the frame that is asked for', async () => {
    const grid = { shape: [1, 1, 1], affine: GRID.affine } as const
    const series = volumeOf(grid, Float32Array.of(0, 100, 0), 3)
    expect(pictureOf((await draw(series, { frame: 1 })).svg).data).toEqual([HIGHEST])
  })

  it('keeps slices with content only, at one distance, at most 24', () => {
    const grid = { shape: [3, 3, 90], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] } as const
    const data = Float32Array.from({ length: 810 }, (_, v) => (v >= 9 * 10 && v < 9 * 80 ? 50 : 0))
    const { slices } = selectSlices(FIGURE, volumeOf(grid, data), null)
    expect(slices.length).toBeLessThanOrEqual(24)
    expect(slices[0]).toBeGreaterThanOrEqual(10)
    expect(slices.at(-1)).toBeLessThan(80)
    expect(new Set(slices.slice(1).map((k, i) => k - slices[i]!)).size).toBe(1)
  })

  it('stays small for a large image, and says that voxels were averaged', async () => {
    const grid = { shape: [512, 512, 40], affine: [0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 4, 0] } as const
    const data = Float32Array.from({ length: 512 * 512 * 40 }, (_, v) => (v * 7919) % 101)
    const { svg } = await draw(volumeOf(grid, data))
    expect(svg).toContain('Each dot is the mean of 4 × 4 voxels.')
    expect(svg.length).toBeLessThan(800_000)
    const size = elementsOf(svg)[0]?.attributes
    expect(Number(size?.get('width'))).toBeLessThanOrEqual(1100)
  })

  it('is the same for the same image', async () => {
    const data = Float32Array.from({ length: n }, (_, v) => v % 100)
    expect((await draw(volumeOf(GRID, data))).svg).toBe((await draw(volumeOf(GRID, data))).svg)
  })
})

describe('outline', () => {
  it('follows the borders of the voxels, neighbours in one stroke', () => {
    expect(outlinePath((c, r) => r === 1 && c >= 1 && c <= 2, 4, 3, 10, 0)).toBe('M11 1h2M11 2h2M11 1v1M13 1v1')
  })

  it('closes a mask at the border of the picture', () => {
    expect(outlinePath(() => true, 2, 2, 0, 0)).toBe('M0 0h2M0 2h2M0 0v2M2 0v2')
  })
})
