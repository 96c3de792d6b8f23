import { type Grid, voxelSize } from '../../image/volume.ts'
import { mean } from '../../numerics/statistics.ts'
import type { Options } from '../../options.ts'
import { type Problem, problem } from '../../problems.ts'
import type { AslAcquisition } from './acquisition.ts'
import { baseName } from './fields.ts'
import type { Fitted } from './fit.ts'
import { LIMITS, SCALES } from './limits.ts'
import { valuesIn } from './regions.ts'

/**
 * What a ratio of perfusion signal to M0 that is not physiological suggests; null where it is.
 *
 * @remarks
 * Outside 0.1 to 3 % one of the images is probably scaled. Of the factors that converters are known for, the one is
 * suggested that brings the ratio nearest to 0.7 % and within 0.3 to 1.2 %. Nothing is applied.
 *
 * @param ratio - median of ΔM/M0 in the mask [1]
 * @param image - path of the series, for the message
 */
export function suspectScale(ratio: number, image: string): Problem | null {
  const size = Math.abs(ratio)
  const [low, high] = LIMITS.ratio
  if (size >= low && size <= high) return null
  const [least, most] = LIMITS.physiologicalRatio
  const distance = (factor: number) => Math.abs(Math.log(size / factor / LIMITS.typicalRatio))
  const fitting = SCALES.filter(({ factor }) => size / factor >= least && size / factor <= most)
  const best = fitting.sort((a, b) => distance(a.factor) - distance(b.factor))[0]
  const shown = (value: number) => String(Number(value.toPrecision(3)))
  const advice = best
    ? `M0 times ${shown(best.factor)} would make it ${shown((100 * size) / best.factor)} % (${best.who}): if that is your case, give --asl-m0-scale ${Number(best.factor.toPrecision(6))}`
    : 'no known scale factor explains it: check the volume types, the M0 and the mask'
  return problem(
    'M0_SCALE_SUSPECT',
    `${baseName(image)}: the median of ΔM/M0 in the mask is ${shown(100 * ratio)} %, expected are about ${100 * least} to ${100 * most} %; ${advice}. Nothing was rescaled.`,
    { file: image },
  )
}

/** Whether control and label seem to be swapped: control minus label is negative over most of the mask. */
export function suspectSwap(
  difference: Float64Array,
  mask: Uint8Array,
  { volumes, image }: AslAcquisition,
): Problem | null {
  if (volumes.kind !== 'pairs') return null
  const inside = valuesIn(difference, mask)
  let negative = 0
  for (const value of inside) if (value < 0) negative++
  const share = negative / inside.length
  if (!(share > LIMITS.negative)) return null
  const percent = Math.round(share * 100)
  return problem(
    'LABEL_CONTROL_SWAPPED',
    `${baseName(image)}: control minus label is negative in ${percent} % of the mask; if control and label are swapped in the aslcontext table, correct it (for FAIR the selective inversion is the control).`,
    { file: image },
  )
}

/** That CBF of pure tissues was asked for and cannot be had. */
export function noTissueMaps(image: string): Problem {
  return problem(
    'TISSUE_MAPS_MISSING',
    `${baseName(image)}: --asl-pvc lr needs maps of grey and white matter, and they are not there: CBF of pure tissues is not written; give *_label-GM_probseg and *_label-WM_probseg with -d.`,
    { file: image },
  )
}

/** That the duration of a bolus which was not cut off is a guess; null where it is none. */
export function unknownDuration(
  image: string,
  natural: { readonly duration: number; readonly isKnown: boolean } | null,
): Problem | null {
  if (!natural || natural.isKnown) return null
  return problem(
    'BOLUS_DURATION_UNKNOWN',
    `${baseName(image)}: the inversion times do not tell the duration of the bolus, which was not cut off (BolusCutOffFlag false): ${Math.round(natural.duration * 1000) / 1000} s was taken, the longest that fits, and CBF is higher if it was shorter; more inversion times while blood arrives and after, or a cut-off, are needed.`,
    { file: image, field: 'BolusCutOffFlag' },
  )
}

/** What is remarkable about the result as a whole. */
export function checkResult(
  { values, status, isAbsolute }: Pick<Fitted, 'values' | 'status' | 'isAbsolute'>,
  grid: Grid,
  image: string,
  organ: Options['asl-organ'],
): Problem[] {
  const problems: Problem[] = []
  let inside = 0
  for (const code of status) if (code > 0) inside++
  const known = valuesIn(values, status.map(Math.sign))
  const [i, j, k] = voxelSize(grid)
  const volume = (inside * i * j * k) / 1000
  const [small, large] = LIMITS.brain
  if (organ === 'brain' && (volume < small || volume > large))
    problems.push(
      problem(
        'MASK_IMPLAUSIBLE',
        `${baseName(image)}: the mask holds ${Math.round(volume)} mL, brains hold ${small} to ${large} mL; look at it in the report, or give one with --mask.`,
        { file: image },
      ),
    )
  if (known.length < inside / 2)
    problems.push(
      problem(
        'FIT_MOSTLY_FAILED',
        `${baseName(image)}: ${inside - known.length} of ${inside} voxels in the mask have no estimate, for M0 or the series has no signal there; check the mask and M0.`,
        { file: image },
      ),
    )
  const average = mean(known)
  const [low, high] = LIMITS.flow[organ]
  if (isAbsolute && known.length > 0 && !(average >= low && average <= high))
    problems.push(
      problem(
        'RESULT_IMPLAUSIBLE',
        `${baseName(image)}: mean ${organ === 'brain' ? 'CBF' : 'perfusion'} in the mask is ${average.toPrecision(3)} mL/100g/min, plausible are ${low} to ${high}; check the scale of M0, the delays and the volume types.`,
        { file: image },
      ),
    )
  return problems
}
