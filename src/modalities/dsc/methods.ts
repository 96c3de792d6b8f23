import type { Options } from '../../options.ts'
import type { Equation } from '../../report/record.ts'
import type { DscAcquisition } from './acquisition.ts'
import { digits } from './fields.ts'
import type { Fitted } from './fit.ts'
import { LIMITS } from './limits.ts'
import { cite } from './references.ts'

/**
 * The equations that were computed, and the same with their numbers.
 *
 * @param acquisition - the acquisition in house units
 * @param fitted - the fit
 */
export function equationOf({ echoTimes, scaling }: DscAcquisition, fitted: Fitted): Equation {
  const { arterial, leakage, signals } = fitted
  const TE = echoTimes.map(digits)
  const rate =
    echoTimes.length === 1
      ? { symbols: 'ΔR2*(t) = −ln(S(t)/S0) / TE', numbers: `ΔR2*(t) = −ln(S(t)/S0) / ${TE[0]} s` }
      : {
          symbols: 'ΔR2*(t): slope of −ln(S(t)/S0) over TE, through all echoes',
          numbers: `TE = ${TE.join(', ')} s`,
        }
  const factor = digits(scaling.factor)
  const flow = arterial
    ? {
        symbols: [
          'ΔR2*(t) = CBF · ρ/kH · (AIF ⊗ R)(t),  CBF = 6000 · kH/ρ · max(CBF·R)  [mL/100g/min]',
          'CBV = 100 · kH/ρ · ∫ΔR2* / ∫AIF  [mL/100g],  MTT = 60 · CBV / CBF  [s]',
        ],
        numbers: [
          `kH/ρ = (1 − ${digits(scaling.hematocrit.value)}) / (1 − ${digits(scaling.smallVessel.value)}) / ${digits(scaling.density.value)} = ${factor} mL/g`,
        ],
      }
    : { symbols: [], numbers: [] }
  const leak =
    leakage?.correction === 'bsw'
      ? ['ΔR2*(t) = K1 · R̄(t) − K2 · ∫₀ᵗ R̄']
      : leakage
        ? ['ΔR2*(t) = K1 · R̄(t) − K2 · ∫₀ᵗ R̄(τ) · exp(−kep · (t − τ)) dτ']
        : []
  const reference =
    leakage && fitted.reference ? [`R̄: mean of ${fitted.reference.voxels} voxels that do not enhance`] : []
  return {
    title: 'First pass of a contrast bolus',
    lines: [rate.symbols, ...flow.symbols, ...leak],
    filled: [
      rate.numbers,
      `S0: mean of ${signals.baseline[1] - signals.baseline[0]} volumes`,
      ...flow.numbers,
      ...reference,
    ],
  }
}

/**
 * What was done, in sentences with citation keys, by the branches that were taken.
 *
 * @param acquisition - the acquisition in house units
 * @param options - methods, smoothing
 * @param fitted - the fit
 */
export function paragraphsOf(acquisition: DscAcquisition, options: Options, fitted: Fitted): string[] {
  const { perfused, leakage } = fitted
  return [
    signalSentences(acquisition, options, fitted),
    arterialSentences(fitted),
    ...(perfused ? [perfusionSentences(options, fitted)] : []),
    ...(leakage ? [leakageSentences(fitted)] : []),
    normalSentences(fitted),
    `The acquisition was judged by the recommendations of ${cite('vanhoudt2026')}.`,
  ]
}

function signalSentences({ echoTimes, slices }: DscAcquisition, options: Options, { bolus, signals }: Fitted): string {
  const dummies =
    bolus.dummies > 0
      ? `${bolus.dummies} volume(s) at the start were left out, whose magnetisation was not steady. `
      : ''
  const smooth =
    options.smooth > 0
      ? ` Volumes were smoothed within the brain mask with a Gaussian of ${options.smooth} mm full width at half maximum.`
      : ''
  const echoes =
    echoTimes.length === 1
      ? `from the signal at an echo time of ${digits(echoTimes[0]!)} s`
      : `from ${echoTimes.length} echoes, which takes out the effect of T1; that of arteries from the first echo where another falls to the noise`
  const slice = slices ? ' Times were corrected for the acquisition times of slices.' : ''
  return `${dummies}The change of the transverse relaxation rate was computed ${cite('rosen1990')} ${echoes}, relative to the mean of ${signals.baseline[1] - signals.baseline[0]} volumes before the bolus.${smooth}${slice}`
}

function arterialSentences({ arterial }: Fitted): string {
  if (!arterial) return 'No arterial input was found: flow, volume and transit times were not computed.'
  const scale = arterial.vein
    ? ` It was scaled by ${digits(arterial.vein.factor)} to the area of a venous curve (${arterial.vein.voxels.length} voxels).`
    : ''
  if (arterial.from === 'table') return `The arterial input was given as a table.${scale}`
  const count = arterial.voxels?.length ?? 0
  if (arterial.from === 'mask')
    return `The arterial input is the mean of the ${count} voxels of a mask that was given.${scale}`
  return `The arterial input is the mean of ${count} voxels, found by clustering of the curves in the brain without pathology ${cite('mouridsen2006')}, which is deterministic.${scale}`
}

function perfusionSentences(options: Options, { perfused, local, quantification, scaling }: Fitted): string {
  const method = {
    osvd: `a block-circulant matrix, the truncation chosen in each voxel for an oscillation index of at most ${options['dsc-oi-limit']} ${cite('wu2003')}, which does not depend on the delay of the bolus`,
    csvd: `a block-circulant matrix truncated at 10 % of the largest singular value ${cite('wu2003')}, which does not depend on the delay of the bolus`,
    vm: `the vascular model, gamma-distributed transit times after a delay, fitted to the signal under a prior ${cite('mouridsen2006vm')}`,
    ssvd: `singular values truncated at 20 % of the largest ${cite('ostergaard1996')}, which depends on the delay of the bolus`,
  }[perfused?.method ?? 'osvd']
  const nearby = local
    ? ` Beside it, arterial inputs nearby were used voxel by voxel ${cite('willats2011')}; Tmax is given by both.`
    : ''
  const scale =
    quantification === 'relative'
      ? 'They are relative: the relaxivities of blood and tissue and the partial volume of the artery are not known.'
      : 'Their scale is that of the arterial curve as it was scaled.'
  return `Flow was computed by ${perfused?.method === 'vm' ? '' : 'deconvolution with '}${method}.${nearby} CBF and CBV carry one factor for haematocrit and density, ${digits(scaling.factor)} mL/g ${cite('rempp1994')}. ${scale} MTT is CBV over CBF, both from the uncorrected curve. Deconvolution of a noisy curve reads high flow too low; ratios suffer less.`
}

function leakageSentences({ leakage, headline, reference }: Fitted): string {
  const method =
    leakage?.correction === 'bsw'
      ? `the method of Boxerman, Schmainda and Weisskoff ${cite('boxerman2006')}`
      : `the bidirectional method ${cite('leu2016')}`
  return `CBV was corrected for leakage by ${method}, against the mean curve of ${reference?.voxels ?? 0} voxels that do not enhance; the uncorrected map is written beside it. Where the bolus arrives ${LIMITS.late} s later or is ${LIMITS.wide} times as wide as that curve, leakage cannot be told from delay and dispersion, and no corrected value is given. rCBV is corrected: ${headline.words}.`
}

function normalSentences({ normal }: Fitted): string {
  const signal = `Signal recovery is the share of the drop that the mean of the last ten volumes regained ${cite('cha2007')}.`
  if (!normal) return `Ratios to white matter were not computed. ${signal}`
  const from =
    normal.from === 'tissue maps'
      ? 'by tissue maps, away from tissue borders and pathology'
      : 'by low blood volume and usual time to peak in the series itself, for want of tissue maps, which has low confidence'
  return `rCBV and rCBF are ratios to the median of ${normal.voxels} voxels of normal-appearing white matter, ${from}. ${signal}`
}
