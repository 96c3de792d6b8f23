import type { Problem } from '../problems.ts'
import type { Unit } from '../units.ts'

/** A value that entered a computation, with where it came from: the report prints it, the sidecar stores it. */
export interface Parameter {
  /** Name in the field's vocabulary, as it stands in the sidecar (`BloodT1`). */
  readonly name: string
  /** Symbol in the equation (`T1b`), where it stands in one. */
  readonly symbol?: string
  readonly meaning: string
  readonly value: number | string | boolean | null | readonly (number | string)[]
  readonly unit: Unit
  readonly source: 'option' | 'sidecar' | 'participants.tsv' | 'default' | 'data' | 'computed'
  /** What stands behind a default: a DOI, or `perfquant` where the choice is ours. */
  readonly defaultSource?: string
  /** The field or option it was read from, with its file. */
  readonly from?: string
}

/** One fact of the acquisition, for the plan, the protocol check and the report. */
export interface Fact {
  readonly name: string
  readonly label: string
  readonly value: number | string | boolean | null | readonly (number | string)[]
  readonly unit: Unit
  /** The field (and file) that states it; for an unknown one, the field that would. */
  readonly from: string
}

/** One row of the protocol check. */
export interface ProtocolRow {
  readonly rule: string
  readonly title: string
  readonly verdict: 'pass' | 'warn' | 'fail' | 'info' | 'not assessable'
  readonly value: string
  readonly recommended: string
  /** The field that was judged. */
  readonly field: string
  /** One sentence for the reader. */
  readonly says: string
  readonly reference: string
}

/** What a figure shows: the part of the chapter that it stands in. */
export type Topic = 'motion' | 'mask' | 'input' | 'curves' | 'maps' | 'histograms' | 'reliability'

/** A mosaic of slices of a written image. */
export interface MosaicFigure {
  readonly kind: 'mosaic'
  readonly id: string
  /** Grey images stand with the mask by default, others with the maps. */
  readonly topic?: Topic
  readonly title: string
  /** What to look for. */
  readonly caption: string
  /** The image, as a path in the output dataset. */
  readonly image: string
  /** Volume of a series; 0 by default. */
  readonly frame?: number
  /** Display window [unit]; `auto` is the 2nd to the 98th percentile within the mask. */
  readonly window: readonly [number, number] | 'auto'
  readonly colours: 'grey' | 'viridis' | 'diverging' | 'labels'
  readonly unit: Unit
  /** A mask whose outline is drawn, as a path in the output dataset. */
  readonly contour?: string
  /** A mask without which the image must not be read: voxels outside it are greyed. A path in the output dataset. */
  readonly within?: string
}

/** Curves over a common axis. */
export interface LinesFigure {
  readonly kind: 'lines'
  readonly id: string
  /** The curves by default. */
  readonly topic?: Topic
  readonly title: string
  readonly caption: string
  readonly x: { readonly label: string; readonly values: readonly number[] }
  readonly y: { readonly label: string }
  readonly series: readonly {
    readonly label: string
    readonly values: readonly (number | null)[]
    readonly points?: boolean
  }[]
  /** A horizontal band of expected values. */
  readonly band?: { readonly label: string; readonly low: number; readonly high: number }
}

/** A histogram of a written map over masks or tissue maps. */
export interface HistogramFigure {
  readonly kind: 'histogram'
  readonly id: string
  /** The histograms by default. */
  readonly topic?: Topic
  readonly title: string
  readonly caption: string
  readonly image: string
  readonly unit: Unit
  readonly range: readonly [number, number]
  /** The groups of voxels: those of the image above the threshold. Paths in the output dataset. */
  readonly groups: readonly { readonly label: string; readonly image: string; readonly above: number }[]
  readonly bands?: readonly { readonly label: string; readonly low: number; readonly high: number }[]
}

/** Two images of one grid in turn, on the same slices: what does not lie over each other jumps. */
export interface FlickerFigure {
  readonly kind: 'flicker'
  readonly id: string
  /** The mask and what lies under it by default. */
  readonly topic?: Topic
  readonly title: string
  readonly caption: string
  readonly images: readonly [FlickerImage, FlickerImage]
  /** A mask whose outline is drawn over both, as a path in the output dataset. */
  readonly contour: string
}

/** One of the two images of a flicker. */
export interface FlickerImage extends Pick<MosaicFigure, 'image' | 'window' | 'colours' | 'unit'> {
  readonly label: string
}

/** A figure as data: the report draws it from the derivatives. */
export type Figure = MosaicFigure | LinesFigure | HistogramFigure | FlickerFigure

/** How far the values of a parameter can be trusted, over the voxels of the mask. */
export interface Reliability {
  readonly parameter: string
  readonly model: string | null
  readonly desc: string | null
  /** Voxels of the mask, and those of them with a value, with one at a bound, with one that is reliable. */
  readonly voxels: number
  readonly valid: number
  readonly atBound: number
  /** Null where nothing tells. */
  readonly reliable: number | null
}

/** The equation of the method, with the numbers that went in. */
export interface Equation {
  readonly title: string
  /** Plain Unicode, one line each. */
  readonly lines: readonly string[]
  /** The same with the numbers in place of the symbols. */
  readonly filled: readonly string[]
}

/** One quality figure with the band in which it is expected, where there is one. */
export interface QualityValue {
  readonly name: string
  readonly label: string
  readonly value: number | null
  readonly unit: Unit
  readonly expected?: readonly [number, number]
  readonly says: string
}

/** A parameter of the voxels of a {@link VoxelSample}: float32 in base64, in their order; NaN where there is no estimate. */
export interface VoxelParameter {
  readonly label: string
  readonly unit: Unit
  readonly values: string
  /** Its standard error, where there is one. */
  readonly sd?: string
}

/**
 * Voxels with what was measured in them, what was fitted and what came out: the content of a `desc-voxels` file.
 *
 * Arrays are little-endian and in base64.
 */
export interface VoxelSample {
  /** Grid of the series: shape, and affine from voxel to scanner [mm], row by row. */
  readonly shape: readonly [number, number, number]
  readonly affine: readonly number[]
  /** Voxels of the mask. */
  readonly of: number
  /** Of these, every so manieth along each axis is here. */
  readonly step: readonly [number, number, number]
  /** Index of each voxel, the first axis fastest: int32, shape (nSampled). */
  readonly voxels: string
  readonly parameters: readonly VoxelParameter[]
  /** Null for a technique without curves. */
  readonly curves: {
    readonly x: { readonly label: string; readonly values: readonly number[] }
    readonly y: { readonly label: string }
    /** Lowest and highest value of each voxel's curves: float32, shape (nSampled × 2). */
    readonly ranges: string
    /** 0 where there is no value, else 1 for the lowest to 255 for the highest: uint8, shape (nSampled × nSample). */
    readonly measured: string
    readonly fitted: string
  } | null
}

/** One row of the region statistics, as `desc-regions` tables hold it: column name to value; null is missing. */
export type RegionRow = Readonly<Record<string, string | number | null>>

/**
 * All that is known of one run: the content of its provenance file, which is written last.
 *
 * The participant report and the group level are made from these records and the images they name, and from nothing else.
 */
export interface RunRecord {
  readonly program: { readonly name: string; readonly version: string }
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly label: string
  readonly participant: string
  readonly session: string | null
  /** Where it was acquired, and what says so; null where nothing does. */
  readonly site: { readonly name: string; readonly from: string } | null
  /** Entities that all source images of the run share. */
  readonly entities: Readonly<Record<string, string>>
  readonly status: 'complete' | 'partial' | 'refused' | 'failed'
  readonly problems: readonly Problem[]
  readonly facts: readonly Fact[]
  readonly parameters: readonly Parameter[]
  readonly protocol: readonly ProtocolRow[]
  readonly equation: Equation | null
  readonly quality: readonly QualityValue[]
  readonly figures: readonly Figure[]
  readonly reliability: readonly Reliability[]
  /** Methods paragraphs with citation keys like `[@alsop2015]`. */
  readonly paragraphs: readonly string[]
  /** Citation key to reference text with its DOI. */
  readonly references: Readonly<Record<string, string>>
  /** What the viewer shows: the image beneath the maps, and the file of single voxels, as paths in the output dataset. */
  readonly viewer: { readonly reference: string; readonly voxels: string } | null
  /** Source images of the series, as BIDS URIs. */
  readonly series: readonly string[]
  /** Role to the images that served in it, as BIDS URIs. */
  readonly roles: Readonly<Record<string, readonly string[]>>
  /** Every file read, with its identity. */
  readonly inputs: readonly {
    readonly uri: string
    readonly sha256?: string
    readonly annexKey?: string
    readonly size: number
    readonly mtimeMs: number
  }[]
  /** Every file written by the run, relative to the output dataset, without this record. */
  readonly outputs: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly optionsHash: string
  /** Hash over version, input identity and options: what *complete* means. */
  readonly identity: string
  /** The technical-efficacy stage that the founding paper gives the technique. */
  readonly stage: { readonly stage: string; readonly allows: string } | null
  readonly seed: number
  readonly execution: {
    readonly started: string
    readonly seconds: number
    readonly host: string
    readonly node: string
    readonly container: string | null
    readonly command: string
  }
}
