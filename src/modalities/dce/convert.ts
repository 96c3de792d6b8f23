import { resampleVolume } from '../../image/resample.ts'
import { frameValues, type Volume, voxelCount } from '../../image/volume.ts'
import { type Concentrations, toConcentrations } from '../../kinetics/concentration.ts'
import { median } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import { baseName, digits } from '../fields.ts'
import type { Placed, Prepared, Run, Source } from '../modality.ts'
import { transmitField } from '../transmit-field.ts'
import type { DceAcquisition } from './acquisition.ts'
import { LIMITS } from './limits.ts'

/** All frames of a series as numbers, shape (nFrame × nVoxel). */
export function signalsOf(volume: Volume): Float32Array {
  const n = voxelCount(volume.grid)
  const out = new Float32Array(n * volume.frames)
  for (let frame = 0; frame < volume.frames; frame++)
    frameValues(volume, frame, out.subarray(frame * n, (frame + 1) * n))
  return out
}

/** T1 and B1 on the grid of the series. */
export interface Relaxation {
  /** T1 before contrast agent [s], shape (nVoxel), or one for all. */
  readonly T1: Float32Array | number
  /** Actual over nominal flip angle [1], shape (nVoxel); null where none is used. */
  readonly b1: Float32Array | null
  readonly b1Method: string | null
}

/**
 * T1 and B1 of a run on the grid of its series; null, with the reason, where T1 cannot be used.
 *
 * B1 is used in the conversion where the T1 was fitted with it, or comes from elsewhere; never where our own T1 fit had none.
 *
 * @param run - what serves in the roles
 * @param acquisition - a T1 that was declared
 * @param prepared - the grid
 * @param placed - images in roles, on their own grids
 */
export function relaxationOf(
  run: Run,
  { converting, image }: DceAcquisition,
  prepared: Prepared,
  placed: Placed,
): { readonly relaxation: Relaxation | null; readonly problems: readonly Problem[] } {
  if (!converting) return { relaxation: null, problems: [] }
  const { grid } = prepared.reference
  const problems: Problem[] = []
  const [source] = run.roles.t1map ?? []
  const [volume] = placed.t1map ?? []
  const sources = run.roles.b1 ?? []
  const fittedWithout = source !== undefined && source.sidecar.values['B1Source'] === null
  const wantsB1 = placed.b1 && sources.length > 0 && !(converting.declaredT1 === null && fittedWithout)
  const field = wantsB1 && placed.b1 ? transmitField(sources, placed.b1) : null
  problems.push(...(field?.problems ?? []))
  const b1 = field?.ok ? resampleVolume(field.value.map, 0, grid, 'intensity') : null
  const b1Method = field?.ok ? field.value.method : null
  if (converting.declaredT1 !== null) return { relaxation: { T1: converting.declaredT1, b1, b1Method }, problems }
  if (!source || !volume)
    return {
      relaxation: null,
      problems: [
        ...problems,
        problem(
          'T1_MISSING',
          `${baseName(image)}: the T1 map could not be had; only the semi-quantitative maps are written: state an assumption with --dce-t1 SECONDS.`,
          { file: image },
        ),
      ],
    }
  const values = resampleVolume(volume, 0, grid, 'intensity')
  const T1 = source.name.suffix === 'R1map' ? values.map(rate => (rate > 0 ? 1 / rate : Number.NaN)) : values
  const middle = median(T1.filter((value, v) => prepared.mask[v] === 1 && value > 0))
  if (!(middle > 0 && middle <= LIMITS.longestT1))
    return { relaxation: null, problems: [...problems, badT1(source, middle)] }
  return { relaxation: { T1, b1, b1Method }, problems }
}

function badT1({ name }: Source, middle: number): Problem {
  const why = Number.isFinite(middle)
    ? `has a median of ${digits(middle)} s over the tissue of the series, which looks like milliseconds; BIDS wants seconds: divide it by 1000`
    : 'holds no T1 where the tissue of the series is; check its place'
  return problem('T1_INVALID', `${baseName(name.path)} ${why}. Only the semi-quantitative maps are written.`, {
    file: name.path,
  })
}

/** Concentrations of the voxels of a run in tissue [mM]; of a concentration series the values themselves. */
export function concentrationsOf(
  { input, converting, settings, frames }: DceAcquisition,
  signals: Float32Array,
  baseline: Int32Array,
  relaxation: Relaxation | null,
  voxels: Int32Array,
): Concentrations | null {
  const n = signals.length / frames.times.length
  if (input === 'concentration')
    return { concentrations: signals, status: new Uint8Array(n).fill(1), invalid: new Uint16Array(n) }
  if (!converting || !relaxation) return null
  return toConcentrations(
    {
      signals,
      frames: frames.times.length,
      baseline,
      T1: relaxation.T1,
      b1: relaxation.b1,
      voxels,
    },
    {
      kind: 'spgr',
      flipAngle: converting.excitation.flipAngle.value,
      repetitionTime: converting.excitation.repetitionTime.value,
      relaxivity: settings.relaxivity.value,
    },
  )
}
