import type { MotionPlan } from '../../image/motion.ts'
import type { Metric } from '../../image/registration.ts'
import type { Options } from '../../options.ts'
import type { Source } from '../modality.ts'
import type { Volumes } from './context.ts'

/**
 * How an ASL series is corrected for motion, or why not.
 *
 * @remarks
 * The reference is the mean of the controls of the longest delay (of the labels where there are no controls). Volumes of that
 * delay have its contrast but for a per cent, and are registered by robust squares; calibration images and other delays,
 * whose contrast is another one under background suppression, by mutual information.
 *
 * @param volumes - what the volumes are
 * @param source - the series
 * @param options - the organ
 */
export function planMotion(
  { types, control }: Volumes,
  { sidecar }: Source,
  options: Options,
): MotionPlan | { readonly not: string } {
  if (options['asl-organ'] === 'body') return { not: 'an organ does not move as a whole, as a head does' }
  const images = types.flatMap((type, at) => (type === 'control' || type === 'label' ? [at] : []))
  if (images.length === 0) return { not: 'differences show too little of the head' }
  const delays = delaysOf(sidecar.values['PostLabelingDelay'], types.length)
  const candidates = control.length > 0 ? control : images
  const longest = Math.max(...candidates.map(at => delays[at]!))
  const metrics = types.map((type, at): Metric | null => {
    if (type === 'm0scan') return 'information'
    if (type !== 'control' && type !== 'label') return null
    return delays[at] === longest ? 'robust' : 'information'
  })
  return { reference: candidates.filter(at => delays[at] === longest), metrics: [metrics], together: true }
}

/** The delay of each volume, 0 where it is not stated volume by volume. */
function delaysOf(stated: unknown, count: number): number[] {
  const each = Array.isArray(stated) && stated.length === count ? stated : []
  return Array.from({ length: count }, (_, at) => (typeof each[at] === 'number' ? each[at] : 0))
}
