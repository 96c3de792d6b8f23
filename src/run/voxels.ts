import { voxelsWhere } from '../image/volume.ts'
import type { MapOutput, Prepared, Result, VoxelCurves } from '../modalities/modality.ts'
import type { VoxelParameter, VoxelSample } from '../report/record.ts'

/** What the file of single voxels holds at the most, before it is written as text [bytes]. */
const MOST_BYTES = 360_000

/** Distances between the voxels that are kept, from all to ever fewer; the in-plane ones grow first. */
const STEPS = Array.from({ length: 48 }, (_, at) => [
  1 + Math.floor((at + 2) / 3),
  1 + Math.floor((at + 1) / 3),
  1 + Math.floor(at / 3),
])

/** Levels of a curve between its lowest and its highest value; 0 means that there is none. */
const LEVELS = 254

/**
 * The voxels that the viewer of the report can answer for: their parameters, what was measured, what was fitted.
 *
 * @remarks
 * The file is bounded whatever the series: where the mask holds more voxels than fit, those on a regular lattice are kept,
 * and the file says which. Curves are kept to 1/254 of their own range, parameters as float32.
 *
 * @param result - maps and curves
 * @param prepared - mask and grid
 * @returns JSON
 */
export function voxelText({ maps, curves }: Result, { mask, reference }: Prepared): string {
  const { shape, affine } = reference.grid
  const values = maps.filter(map => map.kind === 'map' && (map.frames ?? 1) === 1)
  const shown = values.filter(map => !values.some(other => isErrorOf(map, other)))
  const samples = curves?.x.values.length ?? 0
  const each = 4 + 8 + 2 * samples + 4 * values.length
  const { voxels, step } = lattice(mask, shape, Math.floor(MOST_BYTES / each))
  const sample: VoxelSample = {
    shape,
    affine: [...affine],
    of: mask.reduce((sum, inside) => sum + inside, 0),
    step,
    voxels: base64(voxels),
    parameters: shown.map(map => parameterOf(map, values, voxels)),
    curves: curves ? encode(curves, voxels) : null,
  }
  return `${JSON.stringify(sample)}\n`
}

/** The voxels of the mask on the densest lattice that holds no more than so many. */
function lattice(
  mask: Uint8Array,
  [ni, nj]: readonly [number, number, number],
  most: number,
): { voxels: Int32Array; step: readonly [number, number, number] } {
  const inside = voxelsWhere(mask.length, v => mask[v] === 1)
  for (const [si = 1, sj = 1, sk = 1] of STEPS) {
    const on = (at: number, step: number) => at % step === step >> 1
    const voxels = inside.filter(
      v => on(v % ni, si) && on(Math.floor(v / ni) % nj, sj) && on(Math.floor(v / (ni * nj)), sk),
    )
    if (voxels.length <= most && voxels.length > 0) return { voxels, step: [si, sj, sk] }
  }
  // A mask so thin that no lattice meets it.
  return {
    voxels: inside.slice(0, most),
    step: [0, 0, 0],
  }
}

/** Whether a map holds the standard errors of another. */
function isErrorOf({ name }: MapOutput, { name: other }: MapOutput): boolean {
  return (
    name.desc === `${other.desc ?? ''}sd` &&
    name.suffix === other.suffix &&
    name.param === other.param &&
    name.model === other.model
  )
}

function parameterOf(map: MapOutput, maps: readonly MapOutput[], voxels: Int32Array): VoxelParameter {
  const { model, param, desc, suffix } = map.name
  const error = maps.find(other => isErrorOf(other, map))
  return {
    label: [param ?? suffix, model, desc].filter(part => part !== undefined).join(', '),
    unit: map.unit,
    values: base64(Float32Array.from(voxels, v => map.values[v]!)),
    ...(error ? { sd: base64(Float32Array.from(voxels, v => error.values[v]!)) } : {}),
  }
}

function encode(curves: VoxelCurves, voxels: Int32Array): NonNullable<VoxelSample['curves']> {
  const n = curves.x.values.length
  const measured = new Float64Array(n)
  const fitted = new Float64Array(n)
  const ranges = new Float32Array(2 * voxels.length)
  const levels = { measured: new Uint8Array(n * voxels.length), fitted: new Uint8Array(n * voxels.length) }
  for (const [at, voxel] of voxels.entries()) {
    curves.read(voxel, measured.fill(Number.NaN), fitted.fill(Number.NaN))
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (const curve of [measured, fitted])
      for (const value of curve) {
        if (!Number.isFinite(value)) continue
        low = Math.min(low, value)
        high = Math.max(high, value)
      }
    if (low > high) continue
    ranges[2 * at] = low
    ranges[2 * at + 1] = high
    const level = (value: number) =>
      Number.isFinite(value) ? 1 + Math.round(high > low ? (LEVELS * (value - low)) / (high - low) : 0) : 0
    for (let k = 0; k < n; k++) {
      levels.measured[at * n + k] = level(measured[k]!)
      levels.fitted[at * n + k] = level(fitted[k]!)
    }
  }
  return {
    x: curves.x,
    y: curves.y,
    ranges: base64(ranges),
    measured: base64(levels.measured),
    fitted: base64(levels.fitted),
  }
}

function base64(values: Int32Array | Float32Array | Uint8Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}
