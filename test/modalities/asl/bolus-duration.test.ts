import { describe, expect, it } from 'vitest'
import { tissueInflow } from '../../../src/kinetics/asl-inflow.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { mean } from '../../../src/numerics/statistics.ts'
import { compute, gridOf, mapOf, PULSED, runOf, volumeOf } from './run.ts'

const shape = [8, 8, 4] as const
const n = 256

/** A pulsed series whose bolus was not cut off, with arrivals that differ between voxels. */
function outcome(times: readonly number[], duration: number, noise: number) {
  const random = createRandom(`duration ${duration} ${noise}`)
  const label = (2 * 0.98 * 1000) / 0.9
  const arrivals = Float64Array.from({ length: n }, (_, v) => 0.5 + (0.4 * v) / n)
  const frames = times.flatMap(time => {
    const signal = Float64Array.from(arrivals, arrival => {
      return label * 0.01 * tissueInflow({ time, duration }, arrival, 1.65, 'pulsed')
    })
    return [new Float64Array(n).fill(1000), signal.map(value => 1000 - value)].map(frame =>
      frame.map(value => value + noise * random.normal()),
    )
  })
  const run = runOf({
    shape,
    types: ['m0scan', ...times.flatMap(() => ['control', 'label'])],
    sidecar: {
      ...PULSED,
      BolusCutOffFlag: false,
      BolusCutOffTechnique: undefined,
      BolusCutOffDelayTime: undefined,
      PostLabelingDelay: [0, ...times.flatMap(time => [time, time])],
      TotalAcquiredPairs: times.length,
    },
    options: { 'asl-m0-fwhm': 0 },
  })
  const series = volumeOf(gridOf(shape), [new Float64Array(n).fill(1000), ...frames])
  const { result, problems } = compute(run, series, {}, new Uint8Array(n).fill(1))
  const found = result.parameters.find(({ name }) => name === 'BolusDuration')?.value
  const codes = problems.map(({ code }) => code)
  return { cbf: mean(Array.from(mapOf(result, 'cbf'))), found: Number(found), codes }
}

describe('the duration of a bolus that was not cut off', () => {
  const dense = [0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7, 3]

  it('is found from dense inversion times, without noise and with it', () => {
    const clean = outcome(dense, 0.9, 0)
    expect(clean.found).toBeCloseTo(0.9, 3)
    expect(clean.cbf).toBeCloseTo(60, 0)
    expect(clean.codes).not.toContain('BOLUS_DURATION_UNKNOWN')
    const noisy = outcome(dense, 0.9, 0.3)
    expect(Math.abs(noisy.found - 0.9)).toBeLessThan(0.05)
    expect(Math.abs(noisy.cbf / 60 - 1)).toBeLessThan(0.05)
  })

  it('that the inversion times do not tell is said to be so', () => {
    const { found, codes } = outcome([0.3, 0.6, 0.9, 1.2], 3, 0)
    expect(codes).toContain('BOLUS_DURATION_UNKNOWN')
    expect(found).toBeCloseTo(0.9, 6)
  })
})
