import { realFourier } from '../numerics/fourier.ts'
import { rootsOfUnity } from '../numerics/roots-of-unity.ts'
import { smoothedArterial, type TruncatedInverse } from './dsc-truncated-inverse.ts'

/** Steps of the truncation that the search takes, as fractions 1/100, 2/100, … of the largest spectral value. */
const STEPS = 100

/**
 * The truncated inverse of the block-circulant matrix of an arterial curve, as a filter of its spectrum.
 *
 * @remarks
 * The arterial curve is padded with zeros to 2N, so that its matrix is circulant: its singular values are the absolute
 * values |A| of its spectrum, and setting those under P·max|A| to zero is a filter,
 *
 *     R = F⁻¹[ F(c)/A where |A| ≥ P·max|A|, else 0 ]
 *
 * A circulant matrix has no first row, so a tissue curve that precedes the arterial one is deconvolved as well as a later one.
 *
 * With `oscillationLimit` null P is `truncation`. Otherwise it is the smallest of 0.01, 0.02, … 0.99 whose residue has
 *
 *     OI = (1/L)·Σ_{k=2}^{L−1} |R_k − 2R_{k−1} + R_{k−2}| / max R ≤ limit,   L = 2N
 *
 * found by taking the smallest spectral values out one after the other: each costs one cosine of the length, not a transform.
 *
 * @param frames - number of volumes, N
 * @param dt - time between volumes [s]
 * @param truncation - P [1], where there is no limit
 * @param oscillationLimit - largest oscillation index [1]; null to use `truncation`
 *
 * @see Wu et al., Magn Reson Med 50:164 (2003), doi:10.1002/mrm.10522
 * @see Smith et al., Magn Reson Med 51:631 (2004), doi:10.1002/mrm.20023
 */
export function spectralFilter(
  frames: number,
  dt: number,
  truncation: number,
  oscillationLimit: number | null,
): TruncatedInverse {
  const length = 2 * frames
  const bins = frames + 1
  const transform = realFourier(length)
  const { cos, sin } = rootsOfUnity(length)
  const padded = new Float64Array(length)
  /** Reciprocal of the arterial spectrum. */
  const ir = new Float64Array(bins)
  const ii = new Float64Array(bins)
  const size = new Float64Array(bins)
  /** Bins by rising size. */
  const order = Int32Array.from({ length: bins }, (_, k) => k)
  /** First place in `order` that is kept at P = step/STEPS. */
  const kept = new Int32Array(STEPS)
  const re = new Float64Array(bins)
  const im = new Float64Array(bins)
  const residue = new Float64Array(length)
  const response = new Float64Array(length)
  let first = 0
  /** Place from which on the response was computed; −1 for none. */
  let responsePlace = -1

  function placeOf(threshold: number): number {
    let at = 0
    while (at < bins && size[order[at]!]! < threshold) at++
    return at
  }

  function prepare(arterial: Float64Array): boolean {
    padded.fill(0)
    smoothedArterial(arterial, dt, padded)
    transform.forward(padded, re, im)
    let largest = 0
    for (let k = 0; k < bins; k++) {
      const square = re[k]! * re[k]! + im[k]! * im[k]!
      size[k] = Math.sqrt(square)
      ir[k] = re[k]! / square
      ii[k] = -im[k]! / square
      largest = Math.max(largest, size[k]!)
    }
    if (!(largest > 0 && largest < Infinity)) return false
    sortBySize()
    for (let step = 1; step < STEPS; step++) kept[step] = placeOf((step / STEPS) * largest)
    first = placeOf(truncation * largest)
    padded.fill(0)
    responsePlace = -1
    return true
  }

  /** By insertion: the spectrum of a bolus falls nearly monotonically, so it is nearly sorted from the start. */
  function sortBySize(): void {
    for (let k = 0; k < bins; k++) order[k] = bins - 1 - k
    for (let at = 1; at < bins; at++) {
      const bin = order[at]!
      let to = at
      for (; to > 0 && size[order[to - 1]!]! > size[bin]!; to--) order[to] = order[to - 1]!
      order[to] = bin
    }
  }

  /** Take the cosine of a bin out of the residue. */
  function remove(bin: number): void {
    const weight = (bin === 0 || bin === frames ? 1 : 2) / length
    const a = weight * re[bin]!
    const b = weight * im[bin]!
    const isOdd = bin % 2 === 1
    for (let k = 0, at = 0; k < frames; k++) {
      const part = a * cos[at]! - b * sin[at]!
      residue[k]! -= part
      // Half the length on, every cosine has the same size.
      residue[k + frames]! -= isOdd ? -part : part
      at += bin
      if (at >= length) at -= length
    }
  }

  /** Whether the residue oscillates no more than the limit; false as soon as it is known to. */
  function isSmooth(limit: number): boolean {
    let most = residue[0]!
    for (let k = 1; k < length; k++) if (residue[k]! > most) most = residue[k]!
    if (!(most > 0)) return false
    const allowed = limit * most * length
    let sum = 0
    let back = residue[0]!
    let here = residue[1]!
    for (let k = 2; k < length; ) {
      const stop = Math.min(k + 16, length)
      for (; k < stop; k++) {
        const next = residue[k]!
        sum += Math.abs(next - 2 * here + back)
        back = here
        here = next
      }
      if (sum > allowed) return false
    }
    return true
  }

  function solve(tissue: Float64Array): number {
    for (let k = 0; k < frames; k++) padded[k] = tissue[k]!
    transform.forward(padded, re, im)
    const start = oscillationLimit === null ? first : kept[1]!
    for (let at = 0; at < bins; at++) {
      const k = order[at]!
      const a = re[k]!
      const b = im[k]!
      re[k] = at < start ? 0 : a * ir[k]! - b * ii[k]!
      im[k] = at < start ? 0 : a * ii[k]! + b * ir[k]!
    }
    transform.inverse(re, im, residue)
    if (oscillationLimit === null) return truncation
    return search(oscillationLimit)
  }

  function search(limit: number): number {
    let place = kept[1]!
    let step = 1
    for (; step < STEPS - 1; step++) {
      const isNew = step === 1 || kept[step]! > place
      for (; place < kept[step]!; place++) remove(order[place]!)
      if (isNew && isSmooth(limit)) break
    }
    for (; place < kept[step]!; place++) remove(order[place]!)
    first = place
    return step / STEPS
  }

  return {
    residue,
    prepare,
    solve,
    weights(index, out) {
      if (responsePlace !== first) {
        for (let at = 0; at < bins; at++) {
          const k = order[at]!
          re[k] = at < first ? 0 : ir[k]!
          im[k] = at < first ? 0 : ii[k]!
        }
        transform.inverse(re, im, response)
        responsePlace = first
      }
      for (let t = 0; t < frames; t++) out[t] = response[(index - t + length) % length]!
    },
  }
}
