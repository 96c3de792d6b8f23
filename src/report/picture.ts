import { voxelAt } from './axial.ts'
import type { Colour, ColourMap } from './colour.ts'
import type { MosaicFigure } from './record.ts'
import type { Selection } from './slices.ts'

/** Most pixels of a mosaic across and down, and of one slice. */
const LIMITS = { width: 980, height: 780, tileWidth: 260, tileHeight: 320 }
/** Voxels across a slice beyond which neighbours are averaged: more is not seen at the size shown. */
const FINEST = 160
/** Palette: black is no tissue, then no estimate, then the levels of the map. */
const BACKGROUND = 0
const MISSING = 1
const FIRST = 2

/** Where the slices of a mosaic stand. */
export interface Layout {
  /** Slices in a row, and rows. */
  readonly across: number
  readonly down: number
  /** Pixels of one slice. */
  readonly width: number
  readonly height: number
  /** Voxels averaged along each side for one dot of the picture. */
  readonly factor: number
  /** Dots of one slice. */
  readonly columns: number
  readonly rows: number
}

/** The number of slices in a row that shows them largest within the limits. */
export function layOut({ view, slices, box }: Selection): Layout {
  const factor = Math.ceil(Math.max(box.columns, box.rows) / FINEST)
  const columns = Math.ceil(box.columns / factor)
  const rows = Math.ceil(box.rows / factor)
  const wide = columns * factor * view.columns.spacing
  const tall = rows * factor * view.rows.spacing
  let best = { across: 1, scale: 0 }
  for (let across = 1; across <= Math.min(8, slices.length); across++) {
    const down = Math.ceil(slices.length / across)
    const fits = [LIMITS.width / (across * wide), LIMITS.height / (down * tall)]
    const scale = Math.min(...fits, LIMITS.tileWidth / wide, LIMITS.tileHeight / tall)
    if (scale > best.scale * (1 + 1e-9)) best = { across, scale }
  }
  const down = Math.ceil(slices.length / best.across)
  return { across: best.across, down, width: wide * best.scale, height: tall * best.scale, factor, columns, rows }
}

/** Which colour of the palette a value takes. */
function painter(figure: MosaicFigure, map: ColourMap, [low, high]: readonly [number, number]) {
  const top = map.levels.length - 1
  return (value: number, inside: boolean): number => {
    if (Number.isNaN(value)) return MISSING
    // Maps are 0 outside the mask: there it means no tissue, not a measured zero.
    if (value === 0 && !inside && figure.colours !== 'grey') return BACKGROUND
    if (figure.colours === 'labels')
      return value > 0 ? FIRST + ((Math.round(value) - 1) % map.levels.length) : BACKGROUND
    const level = Math.round(((value - low) / (high - low)) * top)
    return FIRST + Math.min(top, Math.max(0, level))
  }
}

/** What a dot shows: the voxel's value, or the mean over the voxels it stands for; none where half of them have none. */
function dotAt(s: Selection, layout: Layout, column: number, row: number, slice: number) {
  const { factor } = layout
  let sum = 0
  let n = 0
  let valid = 0
  let inside = 0
  for (let r = row * factor; r < Math.min((row + 1) * factor, s.box.rows); r++)
    for (let c = column * factor; c < Math.min((column + 1) * factor, s.box.columns); c++) {
      const voxel = voxelAt(s.view, s.box.column + c, s.box.row + r, slice)
      const value = s.values[voxel]!
      n++
      inside += s.inside?.[voxel] ?? 0
      if (Number.isNaN(value)) continue
      sum += value
      valid++
    }
  return { value: 2 * valid > n ? sum / valid : Number.NaN, inside: inside > 0 }
}

/** Labels have no mean: the first voxel stands for the dot. */
function labelAt(s: Selection, { factor }: Layout, column: number, row: number, slice: number) {
  const voxel = voxelAt(s.view, s.box.column + column * factor, s.box.row + row * factor, slice)
  return { value: s.values[voxel]!, inside: false }
}

/**
 * The slices side by side as a PNG of indexed colours, one dot a voxel, base64.
 *
 * @remarks fast-png compresses in JavaScript: the same bytes in every version of Node, which its own zlib does not promise.
 *
 * @param figure - the figure as data
 * @param s - what it shows
 * @param map - its colours
 * @param layout - where the slices stand
 */
export async function picture(figure: MosaicFigure, s: Selection, map: ColourMap, layout: Layout): Promise<string> {
  const { encode } = await import('fast-png')
  const { across, down, columns, rows } = layout
  const colour = painter(figure, map, s.window)
  const shown = figure.colours === 'labels' ? labelAt : dotAt
  const width = across * columns
  const height = down * rows
  const data = new Uint8Array(width * height)
  s.slices.forEach((slice, i) => {
    const corner = Math.floor(i / across) * rows * width + (i % across) * columns
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const { value, inside } = shown(s, layout, column, row, slice)
        data[corner + row * width + column] = colour(value, inside)
      }
  })
  const black: Colour = [0, 0, 0]
  const palette = [black, map.missing, ...map.levels].map(entry => [...entry])
  const bytes = encode({ width, height, data, depth: 8, channels: 1, palette }, { zlib: { level: 4 } })
  return Buffer.from(bytes).toString('base64')
}
