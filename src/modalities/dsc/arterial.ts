import { areaScale, arterialInput, venousOutput } from '../../kinetics/dsc-arterial.ts'
import { type BloodQuality, type BloodSearch, bloodQuality } from '../../kinetics/dsc-blood.ts'
import type { Options } from '../../options.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import type { Placed } from '../modality.ts'
import type { DscAcquisition } from './acquisition.ts'
import { curveOnSeries } from './arterial-file.ts'
import { baseName, digits } from './fields.ts'
import { LIMITS } from './limits.ts'
import { type Regions, voxelsOf } from './regions.ts'
import type { Signals } from './signals.ts'
import type { SliceDelay } from './timing.ts'

/** Voxels of an artery at the most. */
const MOST = 10

/** Voxels whose signal falls to the noise from which an artery may have been left out for it. */
const LEFT_OUT = 5

/** The arterial input of a run. */
export interface Arterial {
  /** As it is deconvolved with [1/s], or [mM] where it was given so, shape (nVolume). */
  readonly curve: Float64Array
  /** Null where a curve was given. */
  readonly voxels: Int32Array | null
  readonly quality: BloodQuality
  readonly from: 'automatic' | 'mask' | 'table'
  /** The venous curve that it was scaled to, and the factor; null where it was not. */
  readonly vein: { readonly curve: Float64Array; readonly voxels: Int32Array; readonly factor: number } | null
  /** Factor from ratios to this curve to ratios of concentration: relaxivity of blood over that of tissue, 1 where not known. */
  readonly gain: number
  /** Voxels whose signal falls to the noise: of the chosen ones, and of all that were searched. */
  readonly clipped: { readonly chosen: number; readonly searched: number }
  /** Mean time of its voxels' slices after the first of the volume [s]. */
  readonly sliceDelay: number
}

/** What an arterial input is taken from. */
export interface ArterialContext {
  readonly acquisition: DscAcquisition
  readonly options: Options
  readonly signals: Signals
  readonly regions: Regions
  readonly placed: Placed
  readonly delayOf: SliceDelay
}

/** Where arteries are looked for: the healthy brain. */
export function searchOf({ signals, regions }: Pick<ArterialContext, 'signals' | 'regions'>): BloodSearch {
  const { frames, dt, baseline, clipped } = signals
  return { voxels: voxelsOf(regions.healthy), read: signals.artery, frames, dt, baseline, clipped, most: MOST }
}

/**
 * The arterial input of a run: as given, by a mask that was given, or found in the image; with what a reader should know of
 * it. Null (with a problem) where none is found; refused where one that was given cannot be used.
 */
export function arterialOf(context: ArterialContext): Checked<Arterial | null> {
  const { acquisition, options } = context
  const { arterial: source, image } = acquisition
  const found =
    source.kind === 'curve'
      ? givenCurve(context)
      : source.kind === 'mask'
        ? maskedCurve(context, source.file)
        : automaticCurve(context)
  if (!found.ok || found.value === null) return found
  const scaled = options['dsc-aif-scale'] === 'vof' ? scaleToVein(context, found.value) : good(found.value)
  if (!scaled.ok) return scaled
  const { value } = scaled
  return good(value, [...found.problems, ...scaled.problems, ...remarks(value, image)])
}

function givenCurve({ acquisition, signals }: ArterialContext): Checked<Arterial> {
  const source = acquisition.arterial
  if (source.kind !== 'curve') throw new Error('there is no given curve')
  const { given } = source
  const { frames, dt, dummies, baseline } = signals
  const whole = [baseline[0] + dummies, baseline[1] + dummies] as const
  const read = curveOnSeries(given, frames + dummies, dt, whole)
  if (!read.ok) return read
  const curve = read.value.slice(dummies)
  const quality = bloodQuality(curve, { dt, baseline })
  if (!(quality.peak > 0)) {
    const message = `${baseName(given.file)}: the curve does not rise above 0 after ${digits(baseline[1] * dt)} s, where the bolus reaches the brain; check its clock and its column.`
    return bad(problem('AIF_INVALID', message, { file: given.file }))
  }
  const { relaxivity } = given
  const gain = relaxivity === null ? 1 : (given.holds === 'concentration' ? 1 : relaxivity.blood) / relaxivity.tissue
  const clipped = { chosen: 0, searched: 0 }
  return good({ curve, voxels: null, quality, from: 'table', vein: null, gain, clipped, sliceDelay: 0 })
}

function maskedCurve(context: ArterialContext, file: string): Checked<Arterial> {
  const { signals, placed, regions } = context
  const mask = placed.aif?.[0]
  const curve = new Float64Array(signals.frames)
  const sum = new Float64Array(signals.frames)
  const chosen: number[] = []
  for (let v = 0; v < regions.brain.length; v++) {
    if (!mask || !(mask.slope * mask.data[v]! + mask.intercept > 1 / 2) || !signals.artery(v, curve)) continue
    chosen.push(v)
    for (let k = 0; k < sum.length; k++) sum[k]! += curve[k]!
  }
  if (chosen.length === 0) {
    const message = `${baseName(file)}: no voxel of the arterial mask has a signal in the series; inside is above 0.5: check its values and its orientation.`
    return bad(problem('AIF_INVALID', message, { file }))
  }
  return good(fromVoxels(context, { curve: sum.map(value => value / chosen.length), chosen, from: 'mask' }))
}

function automaticCurve(context: ArterialContext): Checked<Arterial | null> {
  const found = arterialInput(searchOf(context))
  const { image } = context.acquisition
  if (found && found.quality.peak > 0)
    return good(fromVoxels(context, { curve: found.curve, chosen: [...found.voxels], from: 'automatic' }))
  const message = `${baseName(image)}: no artery was found, so CBF, CBV, MTT and Tmax are not written; give one with --dsc-aif FILE.`
  return good(null, [problem('AIF_NOT_FOUND', message, { file: image })])
}

function fromVoxels(
  { signals, delayOf, regions }: ArterialContext,
  {
    curve,
    chosen,
    from,
  }: { readonly curve: Float64Array; readonly chosen: readonly number[]; readonly from: 'mask' | 'automatic' },
): Arterial {
  const isClipped = (v: number) => signals.clipped[v] === 1
  return {
    curve,
    voxels: Int32Array.from(chosen),
    quality: bloodQuality(curve, signals),
    from,
    vein: null,
    gain: 1,
    clipped: {
      chosen: chosen.filter(isClipped).length,
      searched: voxelsOf(regions.healthy).filter(isClipped).length,
    },
    sliceDelay: chosen.reduce((sum, v) => sum + delayOf(v) / chosen.length, 0),
  }
}

/** The curve scaled to the area of a venous one; refused where there is no vein, for what the user asked for must be done. */
function scaleToVein(context: ArterialContext, arterial: Arterial): Checked<Arterial> {
  const { image } = context.acquisition
  const search = searchOf(context)
  const { curve, quality, voxels } = arterial
  const vein = venousOutput(search, { curve, quality, voxels: voxels ?? new Int32Array(), clippedShare: 0 })
  if (!vein) {
    const message = `${baseName(image)}: --dsc-aif-scale vof was asked for and no vein was found; leave the option away.`
    return bad(problem('AIF_INVALID', message, { file: image }))
  }
  const factor = areaScale(curve, vein.curve)
  const scaled = curve.map(value => factor * value)
  return good({
    ...arterial,
    curve: scaled,
    quality: bloodQuality(scaled, search),
    vein: { curve: vein.curve, voxels: vein.voxels, factor },
  })
}

/** What a reader should know of an arterial curve. */
function remarks({ quality, clipped, voxels, from }: Arterial, image: string): Problem[] {
  const found: Problem[] = []
  const name = baseName(image)
  if (clipped.chosen > 0)
    found.push(
      problem(
        'AIF_SATURATED',
        `${name}: the signal of ${clipped.chosen} of the ${voxels?.length ?? 0} arterial voxels falls to the noise, which cuts off the peak of their curve: CBF and CBV are read too high, by an unknown factor; a shorter echo time avoids it.`,
        { file: image },
      ),
    )
  else if (clipped.searched >= LEFT_OUT && from === 'automatic')
    found.push(
      problem(
        'AIF_SATURATED',
        `${name}: the signal of ${clipped.searched} voxels, which may be the best arteries, falls to the noise; they were left out of the arterial input, which may hold tissue: look at its voxels.`,
        { file: image },
      ),
    )
  if (!(quality.fwhm <= LIMITS.broad))
    found.push(
      problem(
        'AIF_SUSPECT',
        Number.isFinite(quality.fwhm)
          ? `${name}: the arterial curve is ${digits(quality.fwhm)} s wide at half its peak, and arteries are under ${LIMITS.broad} s; look at its voxels, or give it with --dsc-aif FILE.`
          : `${name}: the arterial curve does not fall to half its peak again; look at its voxels, or give it with --dsc-aif FILE.`,
        { file: image },
      ),
    )
  return found
}
