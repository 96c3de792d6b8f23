import { leastSquaresErrors, type Solution } from './ivim-error.ts'
import { nllsKernel } from './ivim-nlls.ts'
import { givenNoise, type NoisePrior, UNKNOWN_NOISE } from './ivim-noise.ts'
import { posterior } from './ivim-posterior.ts'
import {
  FEWEST_POOLED,
  type IvimPrior,
  learnPrior,
  type Organ,
  organPrior,
  type PriorSettings,
  sampleOf,
} from './ivim-prior.ts'
import { perScheme, type Samples } from './ivim-samples.ts'
import { type IvimScheme, type IvimSettings, type Kernel, SLOT, SLOTS, STATUS } from './ivim-scheme.ts'

/** Parameters of the model. */
const FREE = 4

/** Receives the slots of a voxel, and the standard errors that its samples allow without a prior in the same slots. */
type Store = (voxel: number, scale: number, status: number, out: Float64Array, alone: Float64Array) => void

/** The priors that a Bayesian fit had. */
export interface Priors {
  /** That of all voxels but those that are told apart. */
  readonly prior: IvimPrior
  /** That of the voxels in the lesion mask; null without. */
  readonly lesionPrior: IvimPrior | null
}

/**
 * The Bayesian fit: the prior from the image, then the posterior of each voxel.
 *
 * @remarks
 * The estimates are the medians of ln D, logit f and ln D* over the posterior, turned back: a median is that of D, f and D*
 * as well, and it is not drawn along by the long tail towards fast blood as a mean is. Their standard deviations are those
 * of the posterior in their own units.
 *
 * Voxels in a lesion mask have a prior of their own, learned from them alone if they are 500 or more, else the wide one of
 * the organ; voxels of fluid have the wide one. They take no part in the prior of the rest.
 *
 * What a voxel's samples tell by themselves is the Cramér–Rao bound at the estimate, with the noise of the posterior: a
 * voxel that the prior decides has a small standard deviation and a large bound.
 *
 * **Limits.** `f ≤ smallestFraction` leaves D* undefined (status 5).
 *
 * **Error.** At SNR 30, 14 b from 0 to 800 s/mm², tissue of all kinds: medians of the error of D, f and D* are 7.0, 16.6 and
 * 29.0 % against 8.9, 20.9 and 40 % of least squares; at SNR 60 4.0, 9.5 and 18 % against 4.4, 10.3 and 21 %.
 *
 * @param voxels - which to fit, shape (nFitted)
 * @param samples - reads a voxel
 * @param settings - thresholds, noise
 * @param priors - organ, voxels apart, or a prior given
 * @param store - receives each voxel
 */
export function bayesFit(
  voxels: Int32Array,
  samples: Samples,
  settings: IvimSettings,
  priors: PriorSettings,
  store: Store,
): Priors {
  const { lesion, fluid, organ } = priors
  const kindOf = (v: number) => (lesion && lesion[v]! > 0 ? 'lesion' : fluid && fluid[v]! > 0 ? 'fluid' : 'tissue')
  const of = (kind: string) => voxels.filter(v => kindOf(v) === kind)
  const pools = { tissue: of('tissue'), lesion: of('lesion'), fluid: of('fluid') }
  const prior = priors.prior ?? learn(pools.tissue, samples, settings, organ) ?? organPrior(organ, noiseOf(settings))
  const wide = priors.prior ?? organPrior(organ, prior.noise)
  const hasLesion = pools.lesion.length > 0
  const lesionPrior = hasLesion ? (priors.prior ?? learn(pools.lesion, samples, settings, organ) ?? wide) : null
  fitPool(pools.tissue, samples, settings, prior, store)
  fitPool(pools.fluid, samples, settings, wide, store)
  if (lesionPrior) fitPool(pools.lesion, samples, settings, lesionPrior, store)
  return { prior, lesionPrior }
}

function noiseOf({ noise }: IvimSettings): NoisePrior {
  return noise === null ? UNKNOWN_NOISE : givenNoise(noise)
}

/** The fit of some voxels under one prior. */
function fitPool(voxels: Int32Array, samples: Samples, settings: IvimSettings, prior: IvimPrior, store: Store): void {
  const [out, alone] = [new Float64Array(SLOTS), new Float64Array(SLOTS)]
  const kernelOf = perScheme(scheme => bayesKernel(scheme, settings, prior, alone))
  for (let k = 0; k < voxels.length; k++) {
    const voxel = samples.read(voxels[k]!)
    if (!voxel) {
      store(voxels[k]!, 1, STATUS.noSignal, out, alone)
      continue
    }
    const { isRelative, sigma } = prior.noise
    const status = kernelOf(voxel.scheme)(voxel.y, isRelative ? sigma : sigma / voxel.scale, out)
    store(voxels[k]!, voxel.scale, status, out, alone)
  }
}

/** The fit of one voxel; the noise that it takes is the expected one, and `alone` receives what the samples allow alone. */
function bayesKernel(scheme: IvimScheme, settings: IvimSettings, prior: IvimPrior, alone: Float64Array): Kernel {
  const known = posterior(scheme, prior)
  const bounds = leastSquaresErrors(scheme)
  const at: Solution = { S0: 1, d: 0, f: 0, v: 0, hasD: true, hasV: true }
  const { freedom } = prior.noise
  const { median, sd } = known
  return (y, expected, out) => {
    known.fit(y, expected, freedom)
    const f = 1 / (1 + Math.exp(-median[1]!))
    const hasBlood = f > settings.smallestFraction
    out[SLOT.S0] = known.S0
    out[SLOT.D] = Math.exp(median[0]!) / 1000
    out[SLOT.f] = f
    out[SLOT.Dstar] = hasBlood ? Math.exp(median[2]!) / 1000 : Number.NaN
    out[SLOT.fDstar] = f * out[SLOT.Dstar]!
    out.set(sd, SLOT.error)
    if (!hasBlood) out.fill(Number.NaN, SLOT.error + 3, SLOT.error + 5)
    const squares = freedom * expected * expected + known.residual
    out[SLOT.sigma] = Math.sqrt(squares / Math.max(freedom + y.length - FREE, 1))
    at.S0 = known.S0
    at.d = Math.exp(median[0]!)
    at.f = f
    at.v = hasBlood ? median[2]! : Number.NaN
    at.hasV = hasBlood
    alone.set(out)
    bounds(y, out[SLOT.sigma]!, at, null, alone)
    // The noise of S0 given the others, which the nodes do not hold.
    out[SLOT.error] = Math.hypot(sd[0]!, out[SLOT.sigma]! / sizeOf(scheme, at))
    return hasBlood ? STATUS.good : STATUS.undefined
  }
}

/** Root of the sum of squares of the model at S0 = 1. */
function sizeOf({ t, root }: IvimScheme, { d, f, v }: Solution): number {
  const s = Number.isNaN(v) ? Infinity : Math.exp(v)
  let sum = 0
  for (let i = 0; i < t.length; i++) {
    const blood = t[i] === 0 ? 1 : Math.exp(-t[i]! * s)
    const m = root[i]! * ((1 - f) * Math.exp(-t[i]! * d) + f * blood)
    sum += m * m
  }
  return Math.sqrt(sum)
}

/** The prior that some voxels share, from a sample of them; null where they are too few. */
function learn(pool: Int32Array, { scheme, read }: Samples, settings: IvimSettings, organ?: Organ): IvimPrior | null {
  const n = scheme.t.length
  const complete = pool.filter(v => read(v)?.scheme === scheme)
  if (complete.length < FEWEST_POOLED) return null
  const sample = sampleOf(complete)
  const column = () => new Float64Array(sample.length)
  const look = { samples: new Float64Array(sample.length * n), scales: column(), D: column(), f: column() }
  const more = { Dstar: column(), sigma: column() }
  const kernel = nllsKernel(scheme, settings)
  const out = new Float64Array(SLOTS)
  for (let k = 0; k < sample.length; k++) {
    const voxel = read(sample[k]!)
    if (!voxel) continue
    look.samples.set(voxel.y, k * n)
    look.scales[k] = voxel.scale
    kernel(voxel.y, Number.NaN, out)
    look.D[k] = out[SLOT.D]!
    look.f[k] = out[SLOT.f]!
    more.Dstar[k] = out[SLOT.Dstar]!
    more.sigma[k] = out[SLOT.sigma]! * voxel.scale
  }
  return learnPrior({ ...look, ...more }, complete.length, scheme, settings.noise, organ)
}
