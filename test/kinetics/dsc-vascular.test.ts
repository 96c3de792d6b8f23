import { describe, expect, it } from 'vitest'
import { VASCULAR_PRIOR, vascularFit } from '../../src/kinetics/dsc-vascular.ts'
import { vascularModel } from '../../src/kinetics/dsc-vascular-model.ts'
import { gammaTransit } from '../../src/kinetics/gamma-transit.ts'
import { digamma, logGamma } from '../../src/numerics/gamma.ts'
import { createRandom } from '../../src/numerics/random.ts'
import { CASES, type DscCase, signalScale } from './dsc-cases.ts'

const TR = 1.5
const ECHO = 0.03
const SET = CASES.sets['A_cbf_sweep_TR1.5']!
const N = SET.aif.length
const artery = Float64Array.from(SET.aif)
const scale = signalScale(TR) / ECHO

const caseOf = (residue: string, CBF: number, CBV: number, delay: number): DscCase =>
  [...SET.cases, ...CASES.sets['B_delay_TR1.5']!.cases].find(
    item => item.residue === residue && item.CBF === CBF && item.CBV === CBV && item.delay === delay,
  )!

/** Means, spreads and mean standard errors over noisy copies of a curve. */
function recover(curve: DscCase, SNR: number, draws: number) {
  const fit = vascularFit(N, TR, ECHO, VASCULAR_PRIOR.volume / 100)
  expect(fit.prepare(artery.map(value => scale * value))).toBe(true)
  const random = createRandom(`${curve.id} ${SNR}`)
  const found = { flow: [] as number[], delay: [] as number[] }
  const errors = { flow: 0, delay: 0 }
  for (let draw = 0; draw < draws; draw++) {
    const signal = curve.c_t.map(c => Math.exp(-ECHO * scale * c) + random.normal() / SNR)
    const before = signal.slice(0, 28).reduce((sum, value) => sum + value, 0) / 28
    const rate = Float64Array.from(signal, value => -Math.log(value / before) / ECHO)
    const sd = Float64Array.from(signal, value => 1 / (SNR * ECHO * value))
    expect(fit.solve(rate, sd)).not.toBeNull()
    found.flow.push(6000 * fit.values.flow)
    found.delay.push(fit.values.delay)
    errors.flow += (6000 * fit.se.flow) / draws
    errors.delay += fit.se.delay / draws
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / draws
  const sd = (values: number[]) => Math.sqrt(mean(values.map(value => (value - mean(values)) ** 2)))
  return {
    cbf: mean(found.flow),
    delay: mean(found.delay),
    spread: { cbf: sd(found.flow), delay: sd(found.delay) },
    errors: { cbf: errors.flow, delay: errors.delay },
  }
}

describe('the vascular model', () => {
  it.each([
    [60, 4, 0],
    [60, 4, 3],
    [60, 4, -3],
    [60, 4, 6],
    [25, 2, 0],
    [10, 4, 0],
  ])('finds CBF %s within 5 %% and the delay within 0.2 s at SNR 100 (CBV %s, delay %s s)', (CBF, CBV, delay) => {
    const found = recover(caseOf('exponential', CBF, CBV, delay), 100, 200)
    expect(Math.abs(found.cbf / CBF - 1)).toBeLessThan(0.05)
    expect(Math.abs(found.delay - delay)).toBeLessThan(0.2)
  })

  it('is as good as another implementation of the same priors', () => {
    const found = recover(caseOf('exponential', 60, 4, 0), 50, 200)
    expect(Math.abs(found.cbf - 53)).toBeLessThan(3)
    expect(Math.abs(found.delay + 0.13)).toBeLessThan(0.1)
  })

  it('has standard errors that hold the spread, and not much more', () => {
    for (const [CBF, CBV, SNR] of [
      [60, 4, 100],
      [25, 2, 100],
      [10, 4, 50],
    ] as const) {
      const { spread, errors } = recover(caseOf('exponential', CBF, CBV, 0), SNR, 200)
      for (const param of ['cbf', 'delay'] as const) {
        expect(errors[param] / spread[param]).toBeGreaterThan(0.9)
        expect(errors[param] / spread[param]).toBeLessThan(1.6)
      }
    }
  })

  it('does not depend on when the bolus comes', () => {
    const at = (delay: number) => recover(caseOf('exponential', 60, 4, delay), 1e4, 1).cbf
    const flows = [-2, 0, 2, 4, 6].map(at)
    expect(Math.max(...flows) / Math.min(...flows)).toBeLessThan(1.05)
  })

  it('depends on the shape of the residue less than on nothing, and says a plateau is one', () => {
    const fit = vascularFit(N, TR, ECHO, VASCULAR_PRIOR.volume / 100)
    fit.prepare(artery.map(value => scale * value))
    const solve = (residue: string) => {
      fit.solve(
        Float64Array.from(caseOf(residue, 60, 4, 0).c_t, c => scale * c),
        new Float64Array(N),
      )
      return fit.values.shape
    }
    expect(solve('exponential')).toBeLessThan(2)
    expect(solve('boxcar')).toBeGreaterThan(8)
  })

  it('has no answer where there is no curve or no artery', () => {
    const fit = vascularFit(N, TR, ECHO, 0.03)
    expect(fit.prepare(new Float64Array(N))).toBe(false)
    expect(fit.prepare(artery)).toBe(true)
    expect(fit.solve(new Float64Array(N).fill(Number.NaN), new Float64Array(N).fill(1))).toBeNull()
    expect(fit.values.flow).toBeNaN()
  })

  it('of no blood at all says that there is little', () => {
    const fit = vascularFit(N, TR, ECHO, 0.03)
    fit.prepare(artery.map(value => scale * value))
    expect(fit.solve(new Float64Array(N), new Float64Array(N).fill(0.3))).toBe('good')
    expect(6000 * fit.values.flow).toBeLessThan(6)
  })
})

describe('its curve', () => {
  const model = vascularModel(N, TR, ECHO * scale)
  model.prepare(artery)
  const curve = new Float64Array(N)
  const jacobian = new Float64Array(5 * N)

  it.each([
    [60, 4, 0],
    [60, 4, 3],
    [25, 2, -3],
    [10, 4, 6],
  ])('is that of a fine integration, but for how a spline begins (CBF %s, CBV %s, delay %s s)', (CBF, CBV, delay) => {
    model.evaluate(Float64Array.of(Math.log(CBF / 6000), Math.log((60 * CBV) / CBF), 0, delay, 1), curve, jacobian, N)
    for (const [k, c] of caseOf('exponential', CBF, CBV, delay).c_t.entries())
      expect(Math.abs(curve[k]! - Math.exp(-ECHO * scale * c))).toBeLessThan(5e-3)
  })

  it.each([
    [0.3, 4, 1.3, 1.234, 1.01],
    [-1, 24, 0.4, -4.3, 0.98],
    [0.5, 2.5, 20, 7.7, 1],
  ])('has the derivatives that differences show (%s %s %s %s %s)', (flow, transit, shape, delay, level) => {
    const p = Float64Array.of(flow + Math.log(0.005), Math.log(transit), Math.log(shape), delay, level)
    model.evaluate(p, curve, jacobian, N)
    const [up, down, unused] = [new Float64Array(N), new Float64Array(N), new Float64Array(5 * N)]
    for (let q = 0; q < 5; q++) {
      const moved = (by: number) => p.map((value, at) => (at === q ? value + by : value))
      model.evaluate(moved(1e-4), up, unused, N)
      model.evaluate(moved(-1e-4), down, unused, N)
      for (let k = 0; k < N; k++) expect((up[k]! - down[k]!) / 2e-4).toBeCloseTo(jacobian[q * N + k]!, 4)
    }
  })
})

describe('gamma-distributed transit times', () => {
  const count = 60
  const [third, fourth, byShape] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)]
  const transit = gammaTransit()

  it('are exponential at shape 1', () => {
    const M = 4
    transit.set(M, 1)
    transit.integrals(0, 2, count, third, fourth, byShape)
    for (let k = 0; k < count; k++) {
      const t = 2 * k
      const gone = M ** 4 * (1 - Math.exp(-t / M))
      const I4 = (M * t ** 3) / 6 - (M ** 2 * t ** 2) / 2 + M ** 3 * t - gone
      expect(Math.abs(fourth[k]! - I4)).toBeLessThan(1e-13 * Math.max(1, t ** 4))
      expect(Math.abs(third[k]! - ((M * t ** 2) / 2 - M ** 2 * t + gone / M))).toBeLessThan(1e-13 * Math.max(1, t ** 3))
    }
  })

  it('change with their shape as differences show', () => {
    const [up, down, unused] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)]
    for (const [M, shape] of [
      [4, 1],
      [24, 0.4],
      [3, 20],
    ] as const) {
      transit.set(M, shape * 1.001)
      transit.integrals(0, 1, count, unused, up, unused)
      transit.set(M, shape * 0.999)
      transit.integrals(0, 1, count, unused, down, unused)
      transit.set(M, shape)
      transit.integrals(0, 1, count, third, fourth, byShape)
      for (let k = 0; k < count; k++) {
        const difference = (up[k]! - down[k]!) / (0.002 * shape)
        expect(Math.abs(difference - byShape[k]!)).toBeLessThan(
          1e-5 * Math.max(1, Math.abs(byShape[k]!)) + 1e-9 * k ** 4,
        )
      }
    }
  })

  it('rest on a gamma function that is right', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 12)
    expect(logGamma(11)).toBeCloseTo(Math.log(3628800), 12)
    expect((logGamma(3.001) - logGamma(2.999)) / 0.002).toBeCloseTo(digamma(3), 6)
  })
})
