import { type Problem, problem } from '../../problems.ts'
import { baseName, digits } from '../fields.ts'
import type { DceAcquisition } from './acquisition.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { arterialSaturation, arterialT1 } from './measured.ts'
import { hasKidneys } from './outputs.ts'

/** What is remarkable about the result as a whole. */
export function checkResult(
  acquisition: DceAcquisition,
  fitted: Fitted,
  mask: Uint8Array,
  hasMask: boolean,
): Problem[] {
  const { image } = acquisition
  const { invalid, baseline, arrival, models } = fitted
  const problems: Problem[] = []
  const inside = mask.reduce((sum, value) => sum + value, 0)
  const beyond = invalid ? invalid.reduce((sum, count, v) => sum + (mask[v] === 1 && count > 0 ? 1 : 0), 0) : 0
  if (beyond > LIMITS.beyond * inside)
    problems.push(
      problem(
        'SIGNAL_LIMIT',
        `${baseName(image)}: in ${Math.round((100 * beyond) / inside)} % of the mask some volumes have a signal that no concentration gives at this T1 and flip angle; those volumes were left out there: check T1, B1 and the flip angle.`,
        { file: image },
      ),
    )
  if (arrival && fitted.enhancement && baseline.length < LIMITS.baseline[1])
    problems.push(
      problem(
        'BASELINE_FEW',
        `${baseName(image)}: only ${baseline.length} volume${baseline.length === 1 ? '' : 's'} precede${baseline.length === 1 ? 's' : ''} the contrast agent; its noise enters every concentration: five or more are wanted.`,
        { file: image },
      ),
    )
  if (models.some(({ choice }) => choice.model.name === '2cfm') && !hasKidneys(acquisition, hasMask))
    problems.push(
      problem(
        'KIDNEY_UNMASKED',
        `${baseName(image)}: which voxels are kidney is not known, so the table of renal plasma flow and filtration is not written; give a mask of the kidneys with --mask or -d.`,
        { file: image },
      ),
    )
  return [...problems, ...checkArtery(acquisition, fitted)]
}

/** What speaks against arterial voxels: a T1 that blood has not, a signal near its end. */
function checkArtery(acquisition: DceAcquisition, fitted: Fitted): Problem[] {
  const { image } = acquisition
  const T1 = arterialT1(fitted)
  const share = arterialSaturation(acquisition, fitted)
  const [low, high] = LIMITS.bloodT1
  const say = (what: string) => problem('AIF_DOUBTFUL', `${baseName(image)}: ${what}`, { file: image })
  return [
    ...(T1 !== null && (T1 < low || T1 > high)
      ? [
          say(
            `the arterial voxels have a median T1 of ${digits(T1)} s, and blood has some 1.4 to 1.9 s: inflow spoils T1 there, and the arterial concentration with it; give a measured curve, or a population average with --dce-aif.`,
          ),
        ]
      : []),
    ...(share !== null && share > LIMITS.saturation
      ? [
          say(
            `the arterial signal reaches ${Math.round(100 * share)} % of the highest that the sequence can give, where it hardly tells the concentration; the peak is uncertain.`,
          ),
        ]
      : []),
  ]
}
