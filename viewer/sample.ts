import type { VoxelSample } from '../src/report/record.ts'
import type { Unit } from '../src/units.ts'

/** One voxel of a sample: where it is, what came out, and its curves. */
export interface Answer {
  /** Index along each axis of the series. */
  readonly index: readonly [number, number, number]
  /** How far it is from where was asked [mm]. */
  readonly away: number
  readonly parameters: readonly {
    readonly label: string
    readonly unit: Unit
    readonly value: number
    readonly sd: number | null
  }[]
  readonly curves: { readonly measured: readonly (number | null)[]; readonly fitted: readonly (number | null)[] } | null
}

/**
 * Answers for the sampled voxel nearest to a place.
 *
 * @param sample - the voxels that are kept
 */
export function answers(sample: VoxelSample): (place: readonly [number, number, number]) => Answer {
  const voxels = new Int32Array(bytes(sample.voxels))
  const parameters = sample.parameters.map(({ label, unit, values, sd }) => ({
    label,
    unit,
    values: new Float32Array(bytes(values)),
    sd: sd === undefined ? null : new Float32Array(bytes(sd)),
  }))
  const curves = sample.curves && {
    n: sample.curves.x.values.length,
    ranges: new Float32Array(bytes(sample.curves.ranges)),
    measured: new Uint8Array(bytes(sample.curves.measured)),
    fitted: new Uint8Array(bytes(sample.curves.fitted)),
  }
  const [ni, nj] = sample.shape
  const indexOf = (voxel: number) => [voxel % ni, Math.floor(voxel / ni) % nj, Math.floor(voxel / (ni * nj))] as const
  const a = sample.affine
  const squared = ([i, j, k]: readonly [number, number, number], [x, y, z]: readonly [number, number, number]) =>
    (a[0]! * i + a[1]! * j + a[2]! * k + a[3]! - x) ** 2 +
    (a[4]! * i + a[5]! * j + a[6]! * k + a[7]! - y) ** 2 +
    (a[8]! * i + a[9]! * j + a[10]! * k + a[11]! - z) ** 2
  return place => {
    let nearest = 0
    let least = Number.POSITIVE_INFINITY
    for (const [at, voxel] of voxels.entries()) {
      const distance = squared(indexOf(voxel), place)
      if (distance >= least) continue
      least = distance
      nearest = at
    }
    const curve = (levels: Uint8Array) => {
      const n = curves?.n ?? 0
      const [low, high] = [curves?.ranges[2 * nearest] ?? 0, curves?.ranges[2 * nearest + 1] ?? 0]
      return Array.from(levels.subarray(nearest * n, (nearest + 1) * n), level =>
        level === 0 ? null : low + ((level - 1) / 254) * (high - low),
      )
    }
    return {
      index: indexOf(voxels[nearest] ?? 0),
      away: Math.sqrt(least),
      parameters: parameters.map(({ label, unit, values, sd }) => ({
        label,
        unit,
        value: values[nearest] ?? Number.NaN,
        sd: sd?.[nearest] ?? null,
      })),
      curves: curves && { measured: curve(curves.measured), fitted: curve(curves.fitted) },
    }
  }
}

/** The bytes of a base64 text. */
export function bytes(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), character => character.charCodeAt(0)).buffer
}
