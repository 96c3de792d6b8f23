import { gzipSync } from 'fflate'
import { frameValues, type Grid, isSameGrid, type Volume, voxelSize } from '../image/volume.ts'
import type { Unit } from '../units.ts'
import type { MosaicFigure, RunRecord, VoxelSample } from './record.ts'
import { quantile } from './scale.ts'

/** One image of a viewer. */
export interface ViewerLayer {
  readonly label: string
  readonly unit: Unit
  /** Values of level 1 and level 255 [unit]. */
  readonly window: readonly [number, number]
  readonly colours: 'grey' | 'viridis' | 'diverging'
  /** Levels of the voxels, 0 for none: uint8, gzip, base64. */
  readonly levels: string
}

/** What the viewer of a run shows: its data in the page. */
export interface ViewerData {
  readonly title: string
  /** Grid of the layers, a part of that of the series, coarser where that is too large. */
  readonly shape: readonly [number, number, number]
  readonly spacing: readonly [number, number, number]
  readonly affine: readonly number[]
  /** How many voxels of the series one of the layers stands for, along each axis. */
  readonly factor: readonly [number, number, number]
  /** The reference first, then the maps. */
  readonly layers: readonly ViewerLayer[]
  readonly sample: VoxelSample
}

/** Maps that a viewer offers at the most. */
const MOST_MAPS = 6
/** Voxels of all layers of a page, before they are compressed. */
const MOST_VOXELS = 3_000_000
/** Of one run. */
const MOST_OF_A_RUN = 700_000
/** Margin about the tissue [voxel]. */
const MARGIN = 4
/** How many voxels are averaged along each axis, from none to ever more. */
const FACTORS = Array.from({ length: 24 }, (_, at) => [
  1 + Math.floor((at + 2) / 3),
  1 + Math.floor((at + 1) / 3),
  1 + Math.floor(at / 3),
])
/** Quantile of the reference that is shown white. */
const WHITE = 0.995

type Triple = [number, number, number]
type Images = (path: string) => Volume | null

/** The part of a grid that is shown: first voxel, number of blocks, voxels of a block, along each axis. */
interface Box {
  readonly first: Readonly<Triple>
  readonly shape: Readonly<Triple>
  readonly factor: Readonly<Triple>
}

/**
 * What the viewer of a run shows; null where its images or its voxels are gone.
 *
 * @remarks
 * Maps are those of the run's mosaics, in their windows and colours, to 1/254 of the window; a click is answered from the
 * sample, not from them. The size is bounded: the picture is cropped to the tissue, and where the layers would hold too
 * many voxels, blocks of them are averaged.
 *
 * @param record - the run
 * @param image - images of the output dataset
 * @param sample - the run's voxels
 * @param runs - runs on the page, which share its size
 */
export function viewerData(record: RunRecord, image: Images, sample: VoxelSample, runs: number): ViewerData | null {
  const reference = record.viewer && image(record.viewer.reference)
  if (!reference) return null
  const { grid } = reference
  const maps = record.figures.flatMap(figure =>
    isMap(figure) ? [{ figure, values: valuesOf(figure, image, grid) }] : [],
  )
  const shown = maps.filter(({ values }) => values !== null).slice(0, MOST_MAPS)
  const inside = insideOf(
    shown.map(({ values }) => values ?? new Float32Array()),
    grid,
  )
  const box = boxOf(inside, grid, Math.min(MOST_OF_A_RUN, MOST_VOXELS / runs) / (1 + shown.length))
  const layers = shown.map(({ figure, values }): ViewerLayer => {
    const blocks = averaged(values ?? new Float32Array(), inside, grid, box)
    return layerOf(figure.title, figure.unit, figure.window, figure.colours, blocks)
  })
  const beneath = Float32Array.from(frameValues(reference, 0))
  const white = quantile(beneath.filter(Number.isFinite).sort(), WHITE)
  const window = [0, white > 0 ? white : 1] as const
  const everywhere = new Uint8Array(inside.length).fill(1)
  const spacing = voxelSize(grid)
  return {
    title: record.label,
    shape: [...box.shape],
    spacing: [spacing[0] * box.factor[0], spacing[1] * box.factor[1], spacing[2] * box.factor[2]],
    affine: affineOf(grid, box),
    factor: [...box.factor],
    layers: [layerOf('Reference', 'a.u.', window, 'grey', averaged(beneath, everywhere, grid, box)), ...layers],
    sample,
  }
}

type MapFigure = MosaicFigure & {
  readonly window: readonly [number, number]
  readonly colours: 'viridis' | 'diverging'
}

function isMap(figure: RunRecord['figures'][number]): figure is MapFigure {
  return (
    figure.kind === 'mosaic' &&
    figure.window !== 'auto' &&
    (figure.colours === 'viridis' || figure.colours === 'diverging')
  )
}

/** The values of a mosaic's image, without those that it does not show. */
function valuesOf(figure: MosaicFigure, image: Images, grid: Grid): Float32Array | null {
  const volume = image(figure.image)
  if (!volume || !isSameGrid(volume.grid, grid, 0.1)) return null
  const values = Float32Array.from(frameValues(volume, figure.frame ?? 0))
  const within = figure.within === undefined ? null : image(figure.within)
  if (figure.within !== undefined && !within) return null
  if (within) {
    const mask = frameValues(within, 0)
    for (let v = 0; v < values.length; v++) if (values[v] !== 0 && !(mask[v]! > 0)) values[v] = Number.NaN
  }
  return values
}

/** Voxels that any map has a value in: all maps are 0 outside the mask, and few inside. */
function insideOf(maps: readonly Float32Array[], { shape }: Grid): Uint8Array {
  const inside = new Uint8Array(shape[0] * shape[1] * shape[2])
  for (const values of maps) for (let v = 0; v < inside.length; v++) if (values[v] !== 0) inside[v] = 1
  return inside
}

function boxOf(inside: Uint8Array, { shape }: Grid, most: number): Box {
  const low: Triple = [...shape]
  const high: Triple = [-1, -1, -1]
  for (let k = 0, v = 0; k < shape[2]; k++)
    for (let j = 0; j < shape[1]; j++)
      for (let i = 0; i < shape[0]; i++, v++) {
        if (inside[v] !== 1) continue
        for (const [axis, at] of [i, j, k].entries()) {
          low[axis] = Math.min(low[axis]!, at)
          high[axis] = Math.max(high[axis]!, at)
        }
      }
  const isEmpty = high[0] < 0
  const first = low.map(at => (isEmpty ? 0 : Math.max(0, at - MARGIN)))
  const size = high.map((at, axis) => (isEmpty ? shape[axis]! : Math.min(shape[axis]!, at + 1 + MARGIN)) - first[axis]!)
  const blocks = (factor: readonly number[]) => size.map((n, axis) => Math.ceil(n / factor[axis]!))
  const factor = FACTORS.find(each => blocks(each).reduce((a, b) => a * b, 1) <= most) ?? FACTORS.at(-1)!
  return { first: triple(first), shape: triple(blocks(factor)), factor: triple(factor) }
}

function triple([i = 1, j = 1, k = 1]: readonly number[]): Triple {
  return [i, j, k]
}

/** Means of the blocks over the voxels inside that have a value; NaN where half of a block or more has none. */
function averaged(values: Float32Array, inside: Uint8Array, { shape }: Grid, { first, shape: blocks, factor }: Box) {
  const out = new Float32Array(blocks[0] * blocks[1] * blocks[2])
  for (let k = 0, at = 0; k < blocks[2]; k++)
    for (let j = 0; j < blocks[1]; j++)
      for (let i = 0; i < blocks[0]; i++, at++) {
        let [sum, valid, n] = [0, 0, 0]
        for (let z = 0; z < factor[2]; z++)
          for (let y = 0; y < factor[1]; y++)
            for (let x = 0; x < factor[0]; x++) {
              const [a, b, c] = [
                first[0] + i * factor[0] + x,
                first[1] + j * factor[1] + y,
                first[2] + k * factor[2] + z,
              ]
              if (a >= shape[0] || b >= shape[1] || c >= shape[2]) continue
              const v = a + shape[0] * (b + shape[1] * c)
              n++
              if (inside[v] !== 1 || !Number.isFinite(values[v])) continue
              sum += values[v]!
              valid++
            }
        out[at] = 2 * valid > n ? sum / valid : Number.NaN
      }
  return out
}

function layerOf(
  label: string,
  unit: Unit,
  window: readonly [number, number],
  colours: ViewerLayer['colours'],
  values: Float32Array,
): ViewerLayer {
  const [low, high] = window
  const levels = Uint8Array.from(values, value =>
    Number.isNaN(value) ? 0 : Math.min(255, Math.max(1, 1 + Math.round((254 * (value - low)) / (high - low)))),
  )
  // In JavaScript, and without a time: the same bytes in every version of Node and on every day.
  const packed = gzipSync(levels, { level: 6, mtime: 0 })
  return { label, unit, window, colours, levels: Buffer.from(packed).toString('base64') }
}

/** From voxels of the box to the scanner: its first centre is that of the first block. */
function affineOf({ affine }: Grid, { first, factor }: Box): number[] {
  const rows = [0, 1, 2].map(row => {
    const column = [0, 1, 2].map(axis => affine[4 * row + axis]! * factor[axis]!)
    const centre = [0, 1, 2].reduce(
      (sum, axis) => sum + affine[4 * row + axis]! * (first[axis]! + (factor[axis]! - 1) / 2),
      affine[4 * row + 3]!,
    )
    return [...column, centre]
  })
  return [...rows.flat(), 0, 0, 0, 1]
}
