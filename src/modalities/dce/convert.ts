import { resampleVolume } from '../../image/resample.ts'
import { frameValues, type Volume, voxelCount } from '../../image/volume.ts'
import { type Concentrations, type Conversion, toConcentrations } from '../../kinetics/concentration.ts'
import { median } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import { baseName, digits } from '../fields.ts'
import type { Placed, Prepared, Run, Source } from '../modality.ts'
import { transmitField } from '../transmit-field.ts'
import type { DceAcquisition } from './acquisition.ts'
import { LIMITS } from './limits.ts'

/** All frames of a series as numbers, shape (nFrame × nVoxel): its own, where they are float32 already. */
export function signalsOf(volume: Volume): Float32Array {
  if (volume.data instanceof Float32Array && volume.slope === 1 && volume.intercept === 0) return volume.data
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
 * B1 is used in the conversion where the T1 was fitted with it, or does not depend on it; never where the T1 was fitted to flip
 * angles without it. A T1 that was fitted with B1 is not used without it: correcting one of two steps is worse than neither.
 *
 * @param run - what serves in the roles
 * @param acquisition - a T1 that was declared
 * @param prepared - the grid
 * @param placed - T1 on the grid of the series, B1 on its own
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
  const fittedWith = source?.sidecar.values['B1Source']
  const field = placed.b1 && sources.length > 0 && fittedWith !== null ? transmitField(sources, placed.b1) : null
  problems.push(...(field?.problems ?? []))
  const b1 = field?.ok ? resampleVolume(field.value.map, 0, grid, 'intensity') : null
  const b1Method = field?.ok ? field.value.method : null
  if (converting.declaredT1 !== null) return { relaxation: { T1: converting.declaredT1, b1, b1Method }, problems }
  const refuse = (item: Problem) => ({ relaxation: null, problems: [...problems, item] })
  if (!source || !volume)
    return refuse(
      problem(
        'T1_MISSING',
        `${baseName(image)}: the T1 map could not be had; only the semi-quantitative maps are written: state an assumption with --dce-t1 SECONDS.`,
        { file: image },
      ),
    )
  if (Array.isArray(fittedWith) && fittedWith.length > 0 && !b1)
    return refuse(
      problem(
        'B1_ONE_SIDED',
        `${baseName(source.name.path)} was fitted with a B1 map, and none can be had for the conversion of ${baseName(image)}: one of two steps corrected is worse than neither. Only the semi-quantitative maps are written; add the B1 map, or a T1 map without it.`,
        { file: source.name.path },
      ),
    )
  if (fittedWith === null && sources.length > 0)
    problems.push(
      problem(
        'ROLE_UNUSED',
        `${baseName(sources[0]!.name.path)} is not used: ${baseName(source.name.path)} was fitted without B1, and one of two steps corrected is worse than neither.`,
        { file: sources[0]!.name.path },
      ),
    )
  const values = frameValues(volume, 0)
  const T1 =
    source.name.suffix === 'R1map'
      ? Float32Array.from(values, rate => (rate > 0 ? 1 / rate : NaN))
      : Float32Array.from(values)
  const middle = median(T1.filter((value, v) => prepared.mask[v] === 1 && value > 0))
  if (!(middle > 0 && middle <= LIMITS.longestT1)) return refuse(badT1(source, middle))
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

/** How signals of a run become concentrations. */
export function conversionOf({ converting, settings }: DceAcquisition): Conversion | null {
  return (
    converting && {
      kind: converting.kind,
      flipAngle: converting.excitation.flipAngle.value,
      repetitionTime: converting.excitation.repetitionTime.value,
      relaxivity: settings.relaxivity.value,
    }
  )
}

/** Concentrations of the voxels of a run in tissue [mM]; of a concentration series the values themselves. */
export function concentrationsOf(
  acquisition: DceAcquisition,
  signals: Float32Array,
  baseline: Int32Array,
  relaxation: Relaxation | null,
  voxels: Int32Array,
): Concentrations | null {
  const frames = acquisition.frames.times.length
  const n = signals.length / frames
  if (acquisition.input === 'concentration')
    return { concentrations: signals, status: new Uint8Array(n).fill(1), invalid: new Uint16Array(n) }
  const conversion = conversionOf(acquisition)
  if (!conversion || !relaxation) return null
  return toConcentrations({ signals, frames, baseline, T1: relaxation.T1, b1: relaxation.b1, voxels }, conversion)
}

/** T1 [s] and actual over nominal flip angle [1] of a voxel. */
export function relaxationAt({ T1, b1 }: Relaxation, v: number): { readonly T1: number; readonly b1: number } {
  return { T1: typeof T1 === 'number' ? T1 : T1[v]!, b1: b1 ? b1[v]! : 1 }
}
