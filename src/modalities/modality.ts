import type { CompanionText } from '../bids/image-index.ts'
import type { BidsName } from '../bids/name.ts'
import type { Sidecar } from '../bids/sidecar.ts'
import type { Cell, Table } from '../bids/tsv.ts'
import type { ImageHeader } from '../image/header.ts'
import type { MotionPlan } from '../image/motion.ts'
import type { Grid, Volume } from '../image/volume.ts'
import type { OptionName, Options } from '../options.ts'
import type { Checked, Problem } from '../problems.ts'
import type { Equation, Fact, Figure, Parameter, QualityValue } from '../report/record.ts'
import type { Unit } from '../units.ts'
import type { Anatomy } from './anatomy.ts'

/** What an image can be to a run that is not its own series. Consumers name a role, never a slice. */
export type Role =
  | 'm0'
  | 't1map'
  | 'b1'
  | 't1w'
  | 'gm'
  | 'wm'
  | 'csf'
  | 'aif'
  | 'adc'
  | 'lesion'
  | 'mask'
  | 'dseg'
  | 'xfm'

/**
 * An image and all that is known of it before its voxels are read. Plain JSON: it crosses to the child process.
 *
 * A table (`.tsv`) can serve in a role, too: it has no header, stands in `tables` under its suffix in lower case, and no
 * volume of it is placed. So can the text of a transform (`.txt`), which stands in `texts`.
 */
export interface Source {
  /** BIDS URI: `bids:raw:…` for the input dataset, `bids::…` for our output, `bids:<name>:…` for a derivative dataset, `file://…` else. */
  readonly uri: string
  /** Absolute path. */
  readonly file: string
  readonly name: BidsName
  readonly sidecar: Sidecar
  /** Absent while the image is still to be made by another task. */
  readonly header: ImageHeader | null
  /** Tables that belong to it, by suffix (`aslcontext`). */
  readonly tables: Readonly<Record<string, Table>>
  /** Text files that belong to it, by extension (`.bval`). */
  readonly texts?: Readonly<Record<string, CompanionText>>
}

/** The dataset as a slice sees it when it looks for its runs: names, merged sidecars, headers; no voxel, no path to disk. */
export interface Index {
  /** The images of the selected participants, in a fixed order, dangling links included. */
  readonly images: readonly BidsName[]
  /** The tables of a suffix (any case) of the selected participants, in a fixed order. */
  tables(suffix: string): readonly BidsName[]
  /** Merged metadata of an image; problems where a JSON file cannot be read. */
  sidecar(image: BidsName): Checked<Sidecar>
  /** Header of an image; problems where it cannot be read. */
  header(image: BidsName): Checked<ImageHeader>
  /** The table of that suffix that applies to the image by inheritance; null where there is none. */
  table(image: BidsName, suffix: string): Checked<Table | null>
  /** The text file of that extension (`.bval`) that applies to the image by inheritance; null where there is none. */
  text(image: BidsName, extension: string): Checked<CompanionText | null>
  /** The participant's row of participants.tsv, and with a session that of sessions.tsv over it. */
  participant(sub: string, ses?: string): Readonly<Record<string, string>>
  /** When the image was acquired [s since an arbitrary origin common to the session], from scans.tsv or its sidecar. */
  acquiredAt(image: BidsName): number | null
  /** Whether the filter file points to the image by this query, whatever the image is called. */
  pointedAt(image: BidsName, query: 'dsc' | 'dce'): boolean
}

/** What a run asks for beside its series. */
export interface RoleRequest {
  readonly role: Role
  /** Without it the run is refused; otherwise it does without and says so. */
  readonly required: boolean
  /** On which grid the run wants it: its own reference, or as it is. */
  readonly grid: 'reference' | 'own'
  /** How values are carried to another grid: interpolated, nearest, or averaged over the area. */
  readonly how: 'intensity' | 'label' | 'fraction'
  /** Raw images that the slice itself proposes, all of which serve together; the plan prefers an option or a derivative. */
  readonly raw: readonly BidsName[]
}

/** A run that a slice has found: its series, and what it asks for. */
export interface Found {
  readonly series: readonly BidsName[]
  readonly roles: readonly RoleRequest[]
  /** Anything else the slice learnt from the dataset and needs at bind; plain JSON. */
  readonly context: Readonly<Record<string, unknown>>
  readonly problems: readonly Problem[]
}

/** A series that a slice looked at and leaves alone on purpose. */
export interface LeftAlone {
  readonly image: BidsName
  readonly reason: string
}

/** A run with its inputs described and its roles resolved: all that {@link Modality.bind} may look at. Plain JSON. */
export interface Run {
  readonly kind: string
  readonly entities: Readonly<Record<string, string>>
  readonly series: readonly Source[]
  readonly roles: Readonly<Partial<Record<Role, readonly Source[]>>>
  /** While planning: roles that another task will fill; none once the run is computed. */
  readonly pending?: readonly Role[]
  readonly context: Readonly<Record<string, unknown>>
  readonly participant: Readonly<Record<string, string>>
  readonly options: Options
  /** Seed of this run's random numbers, made from `--random-seed` and the run's name. */
  readonly seed: number
}

/** The name of an output beside its stem: entities that it adds, suffix, extension. */
export interface OutputName {
  readonly mod?: boolean
  /** Space it lies in, where that is not the series' own. */
  readonly space?: string
  /** Of a transform: the spaces it leads from and to, and what it carries. */
  readonly from?: string
  readonly to?: string
  readonly mode?: string
  readonly label?: string
  readonly model?: string
  readonly param?: string
  readonly desc?: string
  readonly suffix: string
}

/** An image that a run writes. Values are in report units; NaN where no estimate exists, the spine sets 0 outside the mask. */
export interface MapOutput {
  readonly name: OutputName
  readonly kind: 'map' | 'mask' | 'dseg' | 'series'
  /** shape (nVoxel × frames) */
  readonly values: Float32Array | Float64Array | Uint8Array
  readonly frames?: number
  readonly unit: Unit
  /** Which template of `bids_templates/maps` words its sidecar. */
  readonly template: string
  /** Sidecar fields beyond those the spine writes for every map. */
  readonly sidecar?: Readonly<Record<string, unknown>>
  /** Whether the region tables summarise it, and as which parameter. */
  readonly parameter?: string
  /** What became of the estimate in each voxel where this map has a status of its own, shape (nVoxel); else that of the run. */
  readonly status?: Uint8Array
  /** Display window for viewers [unit]. */
  readonly window?: readonly [number, number]
  /** Names of the status value of each voxel, for a dseg: index to name. */
  readonly labels?: Readonly<Record<number, string>>
}

/** A table that a run writes beside its images. */
export interface TableOutput {
  readonly name: OutputName
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** Which dictionary of `bids_templates/tables` words its columns. */
  readonly template: string
  /** What its JSON says beside the dictionary. */
  readonly sidecar?: Readonly<Record<string, unknown>>
}

/** A figure whose images are named by output, before their paths are known. */
export type FigureOf<F> = F extends { image: string }
  ? Omit<F, 'image' | 'contour' | 'within' | 'groups'> & {
      readonly image: OutputName
      readonly contour?: OutputName
      readonly within?: OutputName
      readonly groups?: readonly { readonly label: string; readonly image: OutputName; readonly above: number }[]
    }
  : F

/** What a slice makes of a run. */
export interface Result {
  readonly maps: readonly MapOutput[]
  readonly tables?: readonly TableOutput[]
  /** Per-voxel status of the fit, shape (nVoxel): 0 outside, 1 good, 2 at a bound, 3 not converged, 4 no signal, 5 undefined, 6 leakage not identifiable. */
  readonly status: Uint8Array
  /** What the voxels told of the acquisition; it joins the facts that the metadata gave. */
  readonly facts?: readonly Fact[]
  readonly parameters: readonly Parameter[]
  readonly equation: Equation | null
  readonly quality: readonly QualityValue[]
  readonly figures: readonly FigureOf<Figure>[]
  readonly paragraphs: readonly string[]
  readonly references: Readonly<Record<string, string>>
  readonly problems: readonly Problem[]
  /** One fit to the mean signal of some voxels, for the region tables; where the technique has such. */
  readonly regionFits?: (voxels: Int32Array) => readonly RegionFit[]
  /** What was measured in single voxels and what was fitted to it, for the viewer of the report. */
  readonly curves?: VoxelCurves
}

/** The curves of single voxels over a common axis. */
export interface VoxelCurves {
  readonly x: { readonly label: string; readonly values: readonly number[] }
  readonly y: { readonly label: string }
  /**
   * Fill in the curves of a voxel, shape (nSample) each; what is missing is NaN.
   *
   * @param voxel - a voxel of the mask
   */
  read(voxel: number, measured: Float64Array, fitted: Float64Array): void
}

/** An estimate from the mean signal of a region. */
export interface RegionFit {
  readonly model: string
  readonly parameter: string
  readonly estimator: string
  readonly unit: Unit
  /** Voxels of the region that the mean is over. */
  readonly voxels: number
  /** The estimate; null where there is none. */
  readonly value: number | null
  readonly se: number | null
  /** Ends of the 95 % confidence interval. */
  readonly ciLow: number | null
  readonly ciHigh: number | null
}

/** Columns of confounds that hold the direction of diffusion weighting, as `.bvec` has it: it turns with the head. */
export const DIRECTION_COLUMNS = ['bvec_x', 'bvec_y', 'bvec_z']

/** A series made ready for the fit. */
export interface Prepared {
  readonly series: readonly Volume[]
  /** What everything is aligned to, shape (nVoxel). */
  readonly reference: {
    readonly grid: Grid
    readonly values: Float32Array
    readonly header: Uint8Array
    /** Whether it shows nothing but the brain. */
    readonly stripped?: true
  }
  /** 1 in the tissue that is fitted, shape (nVoxel). */
  readonly mask: Uint8Array
  /** One row a volume of the first series. */
  readonly confounds: Table
  readonly problems: readonly Problem[]
}

/** Images that serve in roles, read and (for `grid: reference`) placed on the reference grid. */
export type Placed = Readonly<Partial<Record<Role, readonly Volume[]>>>

/** A run's computation with its acquisition bound inside: nothing else is asked. */
export interface Computation {
  readonly facts: readonly Fact[]
  /** The rule file in `bids_templates/protocol` that the facts are judged by; null for none. */
  readonly protocol: string | null
  /** The images that {@link fit} will return, in order. */
  readonly outputs: readonly OutputName[]
  /** The tables that {@link fit} will return, in order. */
  readonly tables?: readonly OutputName[]
  /** What the mask holds, as the region tables name it; `brain` where absent. */
  readonly organ?: string
  /** The technical-efficacy stage of what this run does, where it is not that of the slice. */
  readonly stage?: Modality['stage']
  /** Bytes that the computation needs beyond its inputs. */
  readonly memory: number
  /** How the series are corrected for head motion before {@link prepare}, or why not; absent where there is nothing to say. */
  readonly motion?: MotionPlan | { readonly not: string }
  prepare(series: readonly Volume[], companions: Placed): Checked<Prepared>
  fit(prepared: Prepared, placed: Placed): Checked<Result>
}

/** What a phantom is made from. */
export interface PhantomSettings {
  readonly anatomy: Anatomy
  /** Signal-to-noise ratio of the calibration or baseline image in grey matter [1]. */
  readonly snr: number
  readonly seed: string
  /** The participant's own level of perfusion, about 1 [1]. */
  readonly level: number
  /** Name of the set of b-values, for diffusion. */
  readonly bSet: string
  /** Shares of what is in each voxel, shape (nVoxel) each, as the point spread of the scanner has them. */
  readonly spread: <T extends { readonly [name: string]: Float32Array }>(shares: T, grid: Grid) => T
  /** Path in the dataset of the phantom's image with a suffix, for metadata that name it. */
  readonly path: (suffix: string) => string
}

/** An image of a phantom, as it stands in the dataset: its name is the participant's with these entities and this suffix. */
export interface PhantomImage {
  readonly suffix: string
  /** Entities beside those of the participant (`flip`, `inv`). */
  readonly entities?: Readonly<Record<string, string>>
  /** Folder, where it is not that of the slice. */
  readonly datatype?: string
  readonly grid: Grid
  readonly frames: number
  readonly data: Int16Array | Float32Array
  readonly frameSpacing?: number
  readonly sidecar: Readonly<Record<string, unknown>>
  readonly tables: Readonly<Record<string, Table>>
  /** Text files beside it, by extension. */
  readonly texts?: Readonly<Record<string, string>>
}

/** A series with known truth. */
export interface Phantom {
  readonly images: readonly PhantomImage[]
  /** What the maps should be, under the names of our own outputs. */
  readonly truth: readonly {
    readonly name: OutputName
    readonly grid: Grid
    readonly values: Float32Array
    readonly unit: Unit
    readonly description: string
  }[]
  /** What the installation test compares: the mean of a map and of its truth in a region, and the relative difference that passes. */
  readonly checks: readonly {
    readonly parameter: string
    /** Map and truth, which have one name. */
    readonly truth: OutputName
    readonly region: string
    /** The region: voxels of this image of the truth above a value. */
    readonly within: { readonly name: OutputName; readonly above: number }
    readonly tolerance: number
  }[]
}

/** One slice: all that the rest of the house knows of it. */
export interface Modality {
  readonly name: string
  readonly title: string
  /** Folder of the outputs. */
  readonly datatype: string
  /** Suffix that names the technique in the run's tables. */
  readonly suffix: string
  /** Roles that this slice can fill for others, and the output that does it. */
  readonly provides: Readonly<Partial<Record<Role, OutputName>>>
  /**
   * No technique that a user asks for: its runs are planned where a run of this plan wants what they make, and for
   * participants of whom there is nothing else.
   */
  readonly auxiliary?: true
  /** Of an auxiliary: not even planned for participants of whom there is nothing else. */
  readonly onDemand?: true
  /** Options that a result depends on: they enter its identity. */
  readonly options: readonly OptionName[]
  /** The technical-efficacy stage that the founding paper gives. */
  readonly stage: { readonly stage: string; readonly allows: string } | null
  find(index: Index, options: Options): { readonly runs: readonly Found[]; readonly left: readonly LeftAlone[] }
  bind(run: Run): Checked<Computation>
  /** A series of a given head with known truth, for `simulate` and `selftest`. */
  readonly phantom?: (settings: PhantomSettings) => Phantom
  /** Further series of the same head, by the `acq` that they are named with. */
  readonly variants?: Readonly<Record<string, (settings: PhantomSettings) => Phantom>>
  /** What is known of the acquisition where {@link bind} refuses it: the facts of its computation, as far as the metadata go. */
  describe?(run: Run): readonly Fact[]
}
