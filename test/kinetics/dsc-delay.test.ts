import { describe, expect, it } from 'vitest'
import { deconvolution } from '../../src/kinetics/dsc-deconvolution.ts'

/** What the delay between artery and tissue does to flow: nothing, within what truncation allows. */

const FLOW = 60 / 6000
const VOLUME = 4 / 100
const TRANSIT = VOLUME / FLOW
const FINE = 0.02

/** Arterial curve: a gamma variate that arrives at 30 s, with a recirculation. */
function artery(t: number): number {
  const first = (s: number) => (s > 0 ? s ** 3 * Math.exp(-s / 1.5) : 0)
  return first(t - 30) + 0.1 * first((t - 40) / 2)
}

/** Artery convolved with an exponential residue, delayed. */
function tissue(delay: number, frames: number, step: number): Float64Array {
  return Float64Array.from({ length: frames }, (_, frame) => {
    const t = frame * step - delay
    let sum = 0
    for (let s = 0; s <= 12 * TRANSIT; s += FINE) {
      const weight = s === 0 ? 0.5 : 1
      sum += weight * artery(t - s) * Math.exp(-s / TRANSIT)
    }
    return FLOW * FINE * sum
  })
}

const DELAYS = Array.from({ length: 33 }, (_, at) => -2 + at / 4)

describe.each([1, 1.5])('without noise, every %s s, from 2 s before the artery to 6 s after it', step => {
  const frames = Math.round(120 / step)
  const aif = Float64Array.from({ length: frames }, (_, frame) => artery(frame * step))
  const curves = DELAYS.map(delay => tissue(delay, frames, step))
  const flows = (kind: 'osvd' | 'csvd') => {
    const inverse = deconvolution(kind, frames, step)
    inverse.prepare(aif)
    return curves.map(curve => {
      expect(inverse.solve(curve)).toBe(true)
      return inverse.values.flow / FLOW
    })
  }

  it.each([
    ['csvd', 1.05],
    ['osvd', 1.15],
  ] as const)('the largest flow by %s is at most %s times the least', (kind, most) => {
    const found = flows(kind)
    const ratio = Math.max(...found) / Math.min(...found)
    expect(ratio).toBeLessThanOrEqual(most)
  })
})
