import { type Grid, voxelSize } from '../../image/volume.ts'
import type { Bolus } from '../../kinetics/dsc-bolus.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import type { DscAcquisition } from './acquisition.ts'
import { baseName, digits } from './fields.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'

/**
 * Whether a bolus passes, after a baseline: else the run is refused.
 *
 * @param bolus - of the mean signal of the mask
 * @param acquisition - for messages
 */
export function checkBolus(bolus: Bolus, { image, timing, frames }: DscAcquisition): Checked<null> {
  const name = baseName(image)
  const [first, end] = bolus.baseline
  const before = end - first
  const [percent, sigmas] = LIMITS.drop
  const drop = 100 * bolus.drop
  const noise = 100 * (bolus.sd / bolus.level)
  if (!(drop >= percent) || (before >= LIMITS.baseline && drop < sigmas * noise)) {
    const size = Number.isFinite(drop) ? `drops by ${digits(Math.max(0, drop))} % at the most` : 'is no number'
    const message = `${name}: no bolus was found: the mean signal of the brain ${size}, and ${percent} % or more and ${sigmas} times its noise are needed; check that contrast agent was given and arrived (a closed line gives this).`
    return bad(problem('BOLUS_MISSING', message, { file: image }))
  }
  if (before < LIMITS.baseline) {
    const message = `${name}: the bolus is there after ${before} steady ${before === 1 ? 'volume' : 'volumes'}, and the signal before it needs ${LIMITS.baseline} or more to be known (30 are recommended); the run cannot be quantified.`
    return bad(problem('BASELINE_TOO_SHORT', message, { file: image }))
  }
  if (bolus.tail > LIMITS.tail) {
    const message = `${name}: at the end, ${digits(frames * timing.dt)} s, the mean curve is still at ${digits(100 * bolus.tail)} % of its peak: areas are cut short, and CBV and MTT read too low.`
    return good(null, [problem('TAIL_TRUNCATED', message, { file: image })])
  }
  return good(null)
}

/** What a reader should know of a result before trusting it. */
export function checkResult(fitted: Fitted, grid: Grid, { image }: DscAcquisition): Problem[] {
  const { status, perfused, regions } = fitted
  const name = baseName(image)
  const found: Problem[] = []
  const [least, most] = LIMITS.brain
  const inside = regions.brain.reduce((sum, value) => sum + value, 0)
  const volume = (inside * voxelSize(grid).reduce((product, edge) => product * edge, 1)) / 1000
  if (volume < least || volume > most)
    found.push(
      problem(
        'MASK_IMPLAUSIBLE',
        `${name}: the mask holds ${Math.round(volume)} mL, and brains have ${least} to ${most}; look at its outline, or give one with --mask.`,
        { file: image },
      ),
    )
  const without = status.reduce((count, code) => count + (code === 3 || code === 4 ? 1 : 0), 0)
  if (perfused && without > inside / 2)
    found.push(
      problem(
        'FIT_MOSTLY_FAILED',
        `${name}: ${Math.round((100 * without) / inside)} % of the voxels in the mask have no estimate; look at the mean curve and the mask.`,
        { file: image },
      ),
    )
  if (perfused?.method === 'ssvd')
    found.push(
      problem(
        'DELAY_SENSITIVE',
        `${name}: --dsc-deconvolution ssvd depends on the delay of the bolus: between a delay of −3 and of 6 s its CBF falls to half; use osvd or csvd.`,
        { file: image },
      ),
    )
  return found
}
