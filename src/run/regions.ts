import { formatTable, type Table } from '../bids/tsv.ts'
import { squaredDistanceTo } from '../image/distance.ts'
import { frameValues, type Grid, type Volume, voxelSize, voxelsWhere } from '../image/volume.ts'
import type { MapOutput, Result } from '../modalities/modality.ts'
import { mean, quantileSorted, standardDeviation } from '../numerics/statistics.ts'
import type { RegionRow, Reliability } from '../report/record.ts'

/** Voxels that a tissue map gives at least this share count as that tissue; the usual limit of perfusion tables. */
export const TISSUE_THRESHOLD = 0.7

/** Least extent from left to right of a brain that has two halves [mm]. */
const LEAST_WIDTH = 80

/** How far from pathology white matter looks normal [mm]. */
const MARGIN = 5

/** A named set of voxels. */
export interface Region {
  readonly atlas: string
  readonly name: string
  /** Whether a voxel belongs to it. */
  has(voxel: number): boolean
  /** Which part of the region in its own image lies in the mask of the run [1]; null where that is not known. */
  readonly coverage?: number | null
}

/** Columns of the region tables, in order; further entities of the dataset follow `run`. */
export const REGION_COLUMNS = [
  'bids_name',
  'participant_id',
  'session_id',
  'acq',
  'run',
  'modality',
  'model',
  'param',
  'desc',
  'estimator',
  'units',
  'atlas',
  'region',
  'source',
  'n_voxels',
  'n_valid',
  'n_at_bound',
  'n_reliable',
  'mean',
  'sd',
  'median',
  'p5',
  'p25',
  'p75',
  'p95',
  'value',
  'se',
  'ci_low',
  'ci_high',
  'options_hash',
  'coverage',
] as const

/** The regions of a tissue map: voxels of the mask with at least {@link TISSUE_THRESHOLD} of it. */
export function tissueRegion(name: string, fraction: Volume, mask: Uint8Array, own: Volume | undefined): Region {
  const values = frameValues(fraction, 0)
  const here = volumeOf(fraction, (value, v) => (mask[v] === 1 ? value : 0))
  return {
    atlas: 'tissue',
    name,
    has: voxel => mask[voxel] === 1 && values[voxel]! >= TISSUE_THRESHOLD,
    coverage: own
      ? part(
          here,
          volumeOf(own, value => value),
        )
      : null,
  }
}

/** Volume of what an image holds [mm³]: the sum of its finite values, changed by a function, times the volume of a voxel. */
function volumeOf(image: Volume, weight: (value: number, v: number) => number): number {
  const values = frameValues(image, 0)
  let sum = 0
  for (let v = 0; v < values.length; v++) if (Number.isFinite(values[v])) sum += weight(values[v]!, v)
  return sum * voxelSize(image.grid).reduce((product, edge) => product * edge, 1)
}

/** A part of a whole [1]; a resampled image can hold a little more than its source. */
function part(here: number, whole: number): number | null {
  return whole > 0 ? Math.min(1, here / whole) : null
}

/**
 * The halves of the brain, left and right of the plane through the middle of the mask across the left-right axis of scanner space;
 * none where a part of the head lies on one side only.
 *
 * @param mask - 1 in the brain, shape (nVoxel)
 * @param grid - its grid, whose scanner space must be known
 * @param tissues - regions to halve, too
 */
export function hemispheres(mask: Uint8Array, { shape, affine: a }: Grid, tissues: readonly Region[]): Region[] {
  const [ni, nj] = shape
  const across = (v: number) =>
    a[0]! * (v % ni) + a[1]! * (Math.floor(v / ni) % nj) + a[2]! * Math.floor(v / (ni * nj)) + a[3]!
  const inside = voxelsWhere(mask.length, v => mask[v] === 1)
  let [sum, low, high] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const v of inside) {
    const x = across(v)
    sum += x
    low = Math.min(low, x)
    high = Math.max(high, x)
  }
  if (!(high - low > LEAST_WIDTH)) return []
  const middle = sum / inside.length
  const side = (name: 'left' | 'right') => (voxel: number) => across(voxel) < middle === (name === 'left')
  return (['left', 'right'] as const).flatMap(name => {
    const isHere = side(name)
    return [
      { atlas: 'hemisphere', name, has: (voxel: number) => mask[voxel] === 1 && isHere(voxel) },
      ...tissues.map(region => ({
        atlas: 'hemisphere',
        name: `${name}-${region.name}`,
        has: (voxel: number) => region.has(voxel) && isHere(voxel),
      })),
    ]
  })
}

/**
 * Pathology, and white matter that looks normal: white matter 5 mm away from it, where there is a map of white matter.
 *
 * @param lesion - above a half in pathology, on the grid of the run
 * @param white - the region of white matter
 */
export function lesionRegions(lesion: Volume, mask: Uint8Array, white: Region | undefined): Region[] {
  const values = frameValues(lesion, 0)
  const inside = mask.map((value, v) => (value === 1 && values[v]! > 0.5 ? 1 : 0))
  const away = squaredDistanceTo(inside, lesion.grid.shape, voxelSize(lesion.grid))
  const pathology: Region = { atlas: 'lesion', name: 'lesion', has: voxel => inside[voxel] === 1 }
  if (!white) return [pathology]
  const normal: Region = {
    atlas: 'lesion',
    name: 'NAWM',
    has: voxel => white.has(voxel) && away[voxel]! > MARGIN * MARGIN,
  }
  return [pathology, normal]
}

/**
 * The regions of a label image, in the order of its table; labels that the table does not name are left out.
 *
 * @param labels - a label image on the reference grid
 * @param names - its `_dseg.tsv`: columns `index` and `name`; without it labels are named by number
 */
export function labelRegions(
  atlas: string,
  labels: Volume,
  names: Table | null,
  mask: Uint8Array,
  own: Volume | undefined,
): Region[] {
  const values = frameValues(labels, 0)
  const whole = own ? labelVolumes(own, () => true) : null
  const here = labelVolumes(labels, v => mask[v] === 1)
  const region = (index: number, name: string): Region => ({
    atlas,
    name,
    has: voxel => mask[voxel] === 1 && Math.round(values[voxel]!) === index,
    coverage: whole ? part(here.get(index) ?? 0, whole.get(index) ?? 0) : null,
  })
  if (names) {
    const index = names.columns.indexOf('index')
    const name = names.columns.indexOf('name')
    if (index >= 0 && name >= 0)
      return names.rows
        .filter(row => Number(row[index]) !== 0)
        .map(row => region(Number(row[index]), row[name] ?? 'n/a'))
  }
  const found = [...new Set(Array.from(values, Math.round))].filter(index => index !== 0).sort((a, b) => a - b)
  return found.map(index => region(index, `label-${index}`))
}

/** Volume of each label of an image [mm³], over some of its voxels. */
function labelVolumes(image: Volume, isIn: (v: number) => boolean): Map<number, number> {
  const values = frameValues(image, 0)
  const voxel = voxelSize(image.grid).reduce((product, edge) => product * edge, 1)
  const volumes = new Map<number, number>()
  for (let v = 0; v < values.length; v++) {
    const label = Math.round(values[v]!)
    if (label !== 0 && isIn(v)) volumes.set(label, (volumes.get(label) ?? 0) + voxel)
  }
  return volumes
}

/** What is the same in every row of a run. */
export interface RowHead {
  readonly bidsName: string
  readonly modality: string
  readonly entities: Readonly<Record<string, string>>
  readonly optionsHash: string
}

/**
 * The rows of the region table: each summarised map in each region, over the voxels that have an estimate.
 *
 * Quantiles are those of type 7; `sd` is that of the voxels (n − 1), not a standard error.
 */
export function regionRows(head: RowHead, result: Result, regions: readonly Region[]): RegionRow[] {
  const voxels = result.maps.flatMap(map => {
    if (map.kind !== 'map' || map.parameter === undefined) return []
    const reliable =
      result.maps.find(
        other =>
          other.kind === 'mask' &&
          other.name.desc === 'reliable' &&
          other.name.param === map.name.param &&
          other.name.model === map.name.model,
      ) ??
      result.maps.find(
        other =>
          map.name.param === undefined &&
          other.kind === 'mask' &&
          other.name.desc === 'reliable' &&
          other.name.param === map.parameter,
      )
    return regions.map(region => ({
      ...rowHead(head, map),
      atlas: region.atlas,
      region: region.name,
      coverage: region.coverage ?? null,
      ...summarise(map, map.status ?? result.status, reliable, region),
    }))
  })
  return [...voxels, ...regions.flatMap(region => fitRows(head, result, region))]
}

/** The rows of the fits to a region's mean signal; a region without voxels has none. */
function fitRows(head: RowHead, result: Result, region: Region): RegionRow[] {
  if (!result.regionFits) return []
  const voxels = voxelsWhere(result.status.length, voxel => region.has(voxel))
  if (voxels.length === 0) return []
  return result
    .regionFits(voxels)
    .map(({ model, parameter, estimator, unit, voxels: used, value, se, ciLow, ciHigh }) => ({
      ...rowHead(head, { name: { model, suffix: '' }, parameter, sidecar: { Estimator: estimator }, unit }),
      source: 'regionfit',
      atlas: region.atlas,
      region: region.name,
      n_voxels: voxels.length,
      n_valid: used,
      n_at_bound: null,
      n_reliable: null,
      coverage: region.coverage ?? null,
      ...NO_STATISTICS,
      value,
      se,
      ci_low: ciLow,
      ci_high: ciHigh,
    }))
}

const NO_STATISTICS = { mean: null, sd: null, median: null, p5: null, p25: null, p75: null, p95: null }

function rowHead(
  { bidsName, modality, entities, optionsHash }: RowHead,
  map: Pick<MapOutput, 'name' | 'parameter' | 'sidecar' | 'unit'>,
): Record<string, string | null> {
  const { sub, ses, acq, run, ...further } = entities
  return {
    bids_name: bidsName,
    participant_id: `sub-${sub}`,
    session_id: ses === undefined ? null : `ses-${ses}`,
    acq: acq ?? null,
    run: run ?? null,
    ...further,
    modality,
    model: map.name.model ?? null,
    param: map.parameter ?? null,
    desc: map.name.desc ?? null,
    estimator: typeof map.sidecar?.['Estimator'] === 'string' ? map.sidecar['Estimator'] : null,
    units: map.unit,
    source: 'voxels',
    options_hash: optionsHash,
  }
}

function summarise(
  map: MapOutput,
  status: Uint8Array,
  reliable: MapOutput | undefined,
  region: Region,
): Record<string, number | null> {
  const found = new Float64Array(status.length)
  let valid = 0
  let voxels = 0
  let bound = 0
  let trusted = 0
  for (let voxel = 0; voxel < status.length; voxel++) {
    if (!region.has(voxel)) continue
    voxels++
    const value = map.values[voxel]!
    if (!Number.isFinite(value)) continue
    found[valid++] = value
    if (status[voxel] === 2) bound++
    if (reliable?.values[voxel] === 1) trusted++
  }
  const values = found.subarray(0, valid).sort()
  const counts = { n_voxels: voxels, n_valid: valid, n_at_bound: bound, n_reliable: reliable ? trusted : null }
  const apart = { value: null, se: null, ci_low: null, ci_high: null }
  if (values.length === 0) return { ...counts, ...NO_STATISTICS, ...apart }
  const at = (p: number) => quantileSorted(values, p)
  return {
    ...counts,
    mean: mean(values),
    sd: values.length > 1 ? standardDeviation(values) : null,
    median: at(0.5),
    p5: at(0.05),
    p25: at(0.25),
    p75: at(0.75),
    p95: at(0.95),
    ...apart,
  }
}

/** How far each map's values can be trusted over the mask, from the rows of the region tables. */
export function reliabilityOf(rows: readonly RegionRow[]): Reliability[] {
  const count = (cell: string | number | null | undefined) => (typeof cell === 'number' ? cell : 0)
  const word = (cell: string | number | null | undefined) => (typeof cell === 'string' ? cell : null)
  return rows
    .filter(row => row['atlas'] === 'mask' && row['source'] === 'voxels')
    .map(row => ({
      parameter: word(row['param']) ?? '',
      model: word(row['model']),
      desc: word(row['desc']),
      voxels: count(row['n_voxels']),
      valid: count(row['n_valid']),
      atBound: count(row['n_at_bound']),
      reliable: typeof row['n_reliable'] === 'number' ? row['n_reliable'] : null,
    }))
}

/** Rows as a table, with the columns of the contract and the further entities that occur, after `run`. */
export function formatRows(rows: readonly RegionRow[]): string {
  const further = [...new Set(rows.flatMap(row => Object.keys(row)))]
    .filter(key => !REGION_COLUMNS.some(column => column === key))
    .sort()
  const at = REGION_COLUMNS.indexOf('run') + 1
  const columns = [...REGION_COLUMNS.slice(0, at), ...further, ...REGION_COLUMNS.slice(at)]
  return formatTable(
    columns,
    rows.map(row => columns.map(column => row[column] ?? null)),
  )
}
