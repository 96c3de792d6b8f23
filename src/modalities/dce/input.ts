import { frameValues, type Grid } from '../../image/volume.ts'
import { selectArterial } from '../../kinetics/arterial-selection.ts'
import { plasmaFromBlood } from '../../kinetics/concentration.ts'
import { fitKinetics } from '../../kinetics/dce-fit.ts'
import type { InputCurve } from '../../kinetics/inlet.ts'
import type { KineticModel } from '../../kinetics/model.ts'
import { POPULATION_AIFS, type PopulationName, populationCurve } from '../../kinetics/population-aif.ts'
import { mean } from '../../numerics/statistics.ts'
import { type Problem, problem } from '../../problems.ts'
import { baseName, digits } from '../fields.ts'
import type { Placed } from '../modality.ts'
import type { DceAcquisition } from './acquisition.ts'
import { LIMITS } from './limits.ts'

/** The arterial input as it is used. */
export interface Arterial {
  readonly kind: 'table' | 'mask' | 'found' | 'population'
  /** In words, for reports. */
  readonly title: string
  /** Concentration in plasma, artery first, then the portal vein where there is one. */
  readonly inlets: readonly InputCurve[]
  /** Voxels that it was measured in, shape (nVoxel): 1 artery, 2 portal vein. */
  readonly mask: Uint8Array
  /** What the curve was in before it became plasma. */
  readonly basis: 'blood' | 'plasma'
  /** Largest concentration in plasma [mM]. */
  readonly peak: number
}

/** Distance of the samples of a population function [s]. */
const STEP = 0.5

/**
 * The arterial input of a run; null where there is none, with the reason.
 *
 * @param acquisition - where it is to come from
 * @param concentrations - [mM], shape (nFrame × nVoxel)
 * @param voxels - where an artery is looked for
 * @param arrival - of the bolus in tissue [s], and frames before it; null where it was not seen
 * @param grid - of the series
 * @param placed - the mask in the role
 */
export function arterialOf(
  acquisition: DceAcquisition,
  concentrations: Float32Array,
  voxels: Int32Array,
  arrival: { readonly time: number; readonly baselineFrames: number } | null,
  grid: Grid,
  placed: Placed,
): { readonly arterial: Arterial | null; readonly problems: readonly Problem[] } {
  const { arterial: choice, frames, settings, image } = acquisition
  const n = concentrations.length / frames.times.length
  const none = new Uint8Array(n)
  const hct = settings.hematocrit.value
  const name = baseName(image)
  if (!choice) return { arterial: null, problems: [] }
  const population = (which: PopulationName) => {
    const { title, basis } = POPULATION_AIFS[which]
    const last = frames.times.at(-1)!
    const times = Float64Array.from({ length: Math.ceil(last / STEP) + 1 }, (_, at) => at * STEP)
    const raw = populationCurve(which, times, arrival?.time ?? 0, settings.dose?.value)
    const values = basis === 'blood' ? plasmaFromBlood(raw, hct) : raw
    return finish('population', `population average of ${title}`, [{ times, values }], none, basis)
  }
  if (choice.kind === 'table')
    return {
      arterial: finish(
        'table',
        baseName(choice.source.name.path),
        choice.portal ? [choice.artery, choice.portal] : [choice.artery],
        none,
        choice.basis,
      ),
      problems: [],
    }
  if (choice.kind === 'population') return { arterial: population(choice.name), problems: [] }
  if (choice.kind === 'mask') {
    const [volume] = placed.aif ?? []
    const labels = volume ? Uint8Array.from(frameValues(volume, 0), value => Math.round(value)) : none
    const curves = [1, 2].map(label => meanOf(concentrations, frames.times.length, labels, label))
    const [artery, portal] = curves
    if (!artery)
      return {
        arterial: null,
        problems: [
          problem(
            'AIF_UNUSABLE',
            `${baseName(choice.source.name.path)} has no voxel with a concentration in it; check its grid and values (artery 1, portal vein 2). No kinetic model is fitted.`,
            { file: choice.source.name.path },
          ),
        ],
      }
    const inlets = [artery, ...(portal ? [portal] : [])].map(values => ({
      times: frames.times,
      values: plasmaFromBlood(values, hct),
    }))
    return { arterial: finish('mask', baseName(choice.source.name.path), inlets, labels, 'blood'), problems: [] }
  }
  const found = selectArterial(
    concentrations,
    frames.times,
    voxels,
    arrival?.baselineFrames ?? LIMITS.baseline[1],
    grid.shape,
  )
  if (found.voxels.length === 0 || found.doubts.length > 0)
    return {
      arterial: population('parker'),
      problems: [
        problem(
          'AIF_FALLBACK',
          `${name}: no arterial input was found that can be believed (${found.doubts.join('; ')}); Parker's population average was used: measured curves are wanted, give one with --dce-aif.`,
          { file: image },
        ),
      ],
    }
  const mask = new Uint8Array(n)
  for (const v of found.voxels) mask[v] = 1
  const inlets = [{ times: frames.times, values: plasmaFromBlood(found.curve, hct) }]
  return {
    arterial: finish('found', `${found.voxels.length} voxels found by rule`, inlets, mask, 'blood'),
    problems: [
      problem(
        'AIF_FOUND',
        `${name}: the arterial input is the mean of ${found.voxels.length} voxels with a peak of ${digits(found.quality.peak)} mM in blood; look at them in the report.`,
        { file: image },
      ),
    ],
  }
}

function finish(
  kind: Arterial['kind'],
  title: string,
  inlets: readonly InputCurve[],
  mask: Uint8Array,
  basis: Arterial['basis'],
): Arterial {
  return { kind, title, inlets, mask, basis, peak: inlets[0]!.values.reduce((most, value) => Math.max(most, value), 0) }
}

/** Mean concentration over the voxels of a label that have one in every frame [mM], shape (nFrame); null without such. */
function meanOf(concentrations: Float32Array, frames: number, labels: Uint8Array, label: number): Float64Array | null {
  const n = labels.length
  const voxels = Array.from(labels.keys()).filter(
    v =>
      labels[v] === label &&
      Array.from({ length: frames }, (_, i) => concentrations[i * n + v]!).every(value => Number.isFinite(value)),
  )
  if (voxels.length === 0) return null
  return Float64Array.from({ length: frames }, (_, i) =>
    mean(Float64Array.from(voxels, v => concentrations[i * n + v]!)),
  )
}

/** A delay under this share of a frame is none: its standard error is about that [1]. */
const SMALLEST = 0.1

/**
 * The one delay between arterial input and tissue [s]: that of the mean curve of the tissue that enhances most; 0, with the
 * reason, where it cannot be had.
 *
 * @param model - with which it is fitted
 * @param curve - mean concentration [mM], shape (nFrame)
 * @param acquisition - the frames
 * @param arterial - the input
 */
export function globalDelay(
  model: KineticModel,
  curve: Float64Array,
  { frames, image }: DceAcquisition,
  arterial: Arterial,
): { readonly delay: number; readonly problems: readonly Problem[] } {
  const fit = fitKinetics(
    model,
    { concentrations: curve, times: frames.times, voxels: Int32Array.of(0) },
    arterial.inlets,
    { delay: 'voxel', delayRange: [-LIMITS.delay, LIMITS.delay] },
  )
  const delay = fit.maps['delay']?.[0] ?? Number.NaN
  if (fit.status[0] !== 3 && Math.abs(delay) < LIMITS.delay)
    return { delay: Math.abs(delay) > SMALLEST * frames.spacing ? delay : 0, problems: [] }
  const message = `${baseName(image)}: no delay between arterial input and tissue was found within ±${LIMITS.delay} s, and none was applied; look at the curves in the report.`
  return { delay: 0, problems: [problem('DELAY_UNCERTAIN', message, { file: image })] }
}
