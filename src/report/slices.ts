import { frameValues, isSameGrid, type Volume } from '../image/volume.ts'
import { type AxialView, axialView, voxelAt } from './axial.ts'
import type { MosaicFigure } from './record.ts'
import { quantile } from './scale.ts'

/** The most slices that a mosaic shows. */
const MOST_SLICES = 24

/** What a mosaic shows of an image: the values in axial view, the slices chosen, the part of them that is not empty. */
export interface Selection {
  readonly view: AxialView
  readonly values: Float32Array | Float64Array
  /** Voxels within the outline; null where the figure has none. */
  readonly inside: Uint8Array | null
  readonly slices: readonly number[]
  /** First column and row shown, and how many. */
  readonly box: { readonly column: number; readonly row: number; readonly columns: number; readonly rows: number }
  readonly window: readonly [number, number]
  /** Voxels without an estimate, and the shares of the others that lie beyond the window, over the whole image. */
  readonly missing: number
  readonly below: number
  readonly above: number
  /** What a reader should know of the choice. */
  readonly notes: readonly string[]
}

/** The voxels that count when slices and window are chosen: those in the outline, or else those that hold anything. */
function contentOf(values: ArrayLike<number>, inside: Uint8Array | null): Uint8Array {
  const content = new Uint8Array(values.length)
  for (let v = 0; v < values.length; v++) content[v] = (inside === null ? values[v] !== 0 : inside[v] === 1) ? 1 : 0
  return content
}

function maskOf(contour: Volume): Uint8Array {
  const values = frameValues(contour, 0)
  const mask = new Uint8Array(values.length)
  for (let v = 0; v < mask.length; v++) mask[v] = values[v]! > 0 ? 1 : 0
  return mask
}

/** Slices at a constant distance, at most {@link MOST_SLICES}, centred on those with content; all where none has any. */
function chooseSlices(view: AxialView, content: Uint8Array): number[] {
  const filled: number[] = []
  for (let k = 0; k < view.slices.length; k++) if (hasContent(view, content, k)) filled.push(k)
  const first = filled[0] ?? 0
  const last = filled.at(-1) ?? view.slices.length - 1
  const step = Math.ceil((last - first + 1) / MOST_SLICES)
  const chosen: number[] = []
  const offset = Math.floor(((last - first) % step) / 2)
  for (let k = first + offset; k <= last; k += step) chosen.push(k)
  return chosen
}

function hasContent(view: AxialView, content: Uint8Array, slice: number): boolean {
  for (let row = 0; row < view.rows.length; row++)
    for (let column = 0; column < view.columns.length; column++)
      if (content[voxelAt(view, column, row, slice)] === 1) return true
  return false
}

/** The smallest rectangle of columns and rows that holds all that is worth seeing, with a margin; all where nothing is. */
function crop(view: AxialView, slices: readonly number[], worth: (voxel: number) => boolean): Selection['box'] {
  const box = { left: view.columns.length, right: -1, top: view.rows.length, bottom: -1 }
  for (const k of slices)
    for (let row = 0; row < view.rows.length; row++)
      for (let column = 0; column < view.columns.length; column++) {
        if (!worth(voxelAt(view, column, row, k))) continue
        box.left = Math.min(box.left, column)
        box.right = Math.max(box.right, column)
        box.top = Math.min(box.top, row)
        box.bottom = Math.max(box.bottom, row)
      }
  if (box.right < 0) return { column: 0, row: 0, columns: view.columns.length, rows: view.rows.length }
  // 8 mm of surroundings: a mask that is too small shows by what it leaves out.
  const sides = Math.max(2, Math.ceil(8 / view.columns.spacing))
  const ends = Math.max(2, Math.ceil(8 / view.rows.spacing))
  const column = Math.max(0, box.left - sides)
  const row = Math.max(0, box.top - ends)
  const columns = Math.min(view.columns.length, box.right + 1 + sides) - column
  return { column, row, columns, rows: Math.min(view.rows.length, box.bottom + 1 + ends) - row }
}

/** The 2nd to the 98th percentile of the content, of at most some 200,000 voxels; symmetric for a diverging map. */
function automaticWindow(values: ArrayLike<number>, content: Uint8Array, symmetric: boolean): [number, number] {
  const every = Math.max(1, Math.floor(values.length / 1_000_000))
  const sample: number[] = []
  for (let v = 0; v < values.length; v += every) {
    const value = values[v]!
    if (content[v] === 1 && Number.isFinite(value)) sample.push(value)
  }
  if (sample.length === 0) return symmetric ? [-1, 1] : [0, 1]
  const sorted = Float64Array.from(sample).sort()
  const low = quantile(sorted, 0.02)
  const high = quantile(sorted, 0.98)
  if (symmetric) {
    const reach = Math.max(Math.abs(low), Math.abs(high)) || 1
    return [-reach, reach]
  }
  return high > low ? [low, high] : [low, low + 1]
}

/** Voxels without an estimate, and the shares of the rest below and above the window. */
function tally(values: ArrayLike<number>, content: Uint8Array, [low, high]: readonly [number, number]) {
  let missing = 0
  let counted = 0
  let below = 0
  let above = 0
  for (let v = 0; v < values.length; v++) {
    const value = values[v]!
    if (Number.isNaN(value)) missing++
    if (content[v] !== 1 || Number.isNaN(value)) continue
    counted++
    if (value < low) below++
    if (value > high) above++
  }
  return { missing, below: below / Math.max(1, counted), above: above / Math.max(1, counted) }
}

/**
 * What a mosaic shows of an image.
 *
 * @param figure - the figure as data
 * @param volume - the image
 * @param contour - the mask whose outline is drawn; null for none
 */
export function selectSlices(figure: MosaicFigure, volume: Volume, contour: Volume | null): Selection {
  const notes: string[] = []
  const view = axialView(volume.grid)
  const frame = figure.frame ?? 0
  const values = frameValues(volume, Math.min(frame, volume.frames - 1))
  let inside = contour !== null && isSameGrid(contour.grid, volume.grid, 0.1) ? maskOf(contour) : null
  if (figure.contour !== undefined && contour === null)
    notes.push('The mask could not be read: its outline is not drawn.')
  if (contour !== null && inside === null) notes.push('The mask lies on another grid: its outline is not drawn.')
  if (inside !== null && !inside.includes(1)) {
    notes.push('The mask is empty: there is no outline to draw.')
    inside = null
  }
  const content = contentOf(values, inside)
  if (!content.includes(1)) notes.push('The image is empty: every voxel is zero.')
  const automatic = figure.window === 'auto'
  const window =
    figure.window === 'auto' ? automaticWindow(values, content, figure.colours === 'diverging') : figure.window
  if (automatic)
    notes.push(
      `The window is that of this image: 2nd to 98th percentile ${inside ? 'within the mask' : 'of its non-zero voxels'}.`,
    )
  const slices = chooseSlices(view, content)
  // A twentieth of the window: the noise of the air around a head is not worth its space.
  const faint = figure.colours === 'labels' ? 0 : 0.05 * Math.max(Math.abs(window[0]), Math.abs(window[1]))
  const worth = (voxel: number) =>
    inside?.[voxel] === 1 || Number.isNaN(values[voxel]) || Math.abs(values[voxel]!) > faint
  const shares = figure.colours === 'labels' ? { missing: 0, below: 0, above: 0 } : tally(values, content, window)
  return { view, values, inside, slices, box: crop(view, slices, worth), window, ...shares, notes }
}
