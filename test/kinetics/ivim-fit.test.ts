import { describe, expect, it } from 'vitest'
import {
  biexponentialJacobian,
  biexponentialSignal,
  type IvimParameters,
  kurtosisSignal,
} from '../../src/kinetics/ivim.ts'
import { fitAdc, fitKurtosis } from '../../src/kinetics/ivim-adc.ts'
import { fitIvim, type IvimKind } from '../../src/kinetics/ivim-fit.ts'
import { ivimScheme } from '../../src/kinetics/ivim-scheme.ts'
import { median } from '../../src/numerics/statistics.ts'
import { BENCHMARK_B, errors, idealErrors, NAMES, type Phantom, phantom } from './ivim-phantom.ts'

const FIG: IvimParameters = { S0: 1000, D: 1e-3, f: 0.15, Dstar: 25e-3 }

function voxel(p: IvimParameters, b: Float64Array = BENCHMARK_B) {
  const signals = new Float64Array(b.length)
  biexponentialSignal(signals, p, b)
  return { signals, b, voxels: Int32Array.of(0) }
}

const medians = (fit: Readonly<Record<string, unknown>>, truth: Phantom) =>
  NAMES.map(name => {
    const map = fit[name]
    if (!(map instanceof Float64Array)) throw new Error(name)
    return median(errors(map, truth.truth[name]))
  })

describe('the model', () => {
  it('has the derivatives that differences show', () => {
    const n = BENCHMARK_B.length
    const [jacobian, signal] = [new Float64Array(4 * n), new Float64Array(n)]
    biexponentialJacobian(jacobian, signal, FIG, BENCHMARK_B)
    for (const [k, name] of (['S0', 'D', 'f', 'Dstar'] as const).entries()) {
      const h = 1e-5 * FIG[name]
      const [above, below] = [new Float64Array(n), new Float64Array(n)]
      biexponentialSignal(above, { ...FIG, [name]: FIG[name] + h }, BENCHMARK_B)
      biexponentialSignal(below, { ...FIG, [name]: FIG[name] - h }, BENCHMARK_B)
      for (let i = 0; i < n; i++) {
        const difference = (above[i]! - below[i]!) / (2 * h)
        expect(Math.abs(jacobian[4 * i + k]! - difference)).toBeLessThanOrEqual(1e-7 * Math.abs(difference) + 1e-6)
      }
    }
  })
})

describe('the b-values', () => {
  it('tell what they support', () => {
    const support = (...b: number[]) => {
      const { hasFraction, hasDstar } = ivimScheme(Float64Array.from(b))
      return [hasFraction, hasDstar]
    }
    expect(support(0, 50, 200, 800)).toEqual([true, true])
    expect(support(0, 200, 800)).toEqual([true, false])
    expect(support(0, 50, 800)).toEqual([false, false])
    expect(support(50, 200, 800)).toEqual([false, false])
    expect(support(5, 50, 200, 800)).toEqual([true, true])
    expect(Array.from(ivimScheme(Float64Array.of(800, 0, 10, 0)).zero)).toEqual([1, 3])
  })

  it('refuse a fit that they cannot support', () => {
    const series = { signals: new Float64Array(2).fill(1), b: Float64Array.of(0, 800), voxels: Int32Array.of(0) }
    expect(() => fitIvim('segmented', series)).toThrow(RangeError)
    expect(() => fitIvim('nlls', voxel(FIG, Float64Array.of(0, 200, 800)))).toThrow(RangeError)
  })
})

describe('noise-free voxels', () => {
  it.each(['nlls', 'bayes'] as const)('are recovered: %s', kind => {
    const { D, f, Dstar, status } = fitIvim(kind, voxel(FIG))
    const tolerance = kind === 'nlls' ? 1e-6 : 1e-2
    expect(status[0]).toBe(1)
    expect(Math.abs(D[0]! / FIG.D - 1)).toBeLessThan(tolerance)
    expect(Math.abs(f[0]! / FIG.f - 1)).toBeLessThan(tolerance)
    expect(Math.abs(Dstar[0]! / FIG.Dstar - 1)).toBeLessThan(tolerance)
  })

  it('have the D of the high b when it is held, and the rest from all', () => {
    const held = fitIvim('fixedd', voxel(FIG))
    const segmented = fitIvim('segmented', voxel(FIG))
    expect(held.D[0]).toBeCloseTo(segmented.D[0]!, 12)
    expect(Math.abs(held.f[0]! / FIG.f - 1)).toBeLessThan(Math.abs(segmented.f[0]! / FIG.f - 1))
  })

  it('give the same D and f simplified, and no D*', () => {
    const simple = fitIvim('simplified', voxel(FIG))
    const segmented = fitIvim('segmented', voxel(FIG))
    expect(simple.D[0]).toBe(segmented.D[0])
    expect(simple.f[0]).toBe(segmented.f[0])
    expect([simple.Dstar[0], simple.status[0]]).toEqual([Number.NaN, 1])
  })

  it('have their fD* where they have D*', () => {
    const { f, Dstar, fDstar } = fitIvim('nlls', voxel(FIG))
    expect(fDstar[0]).toBe(f[0]! * Dstar[0]!)
  })

  it.each(['segmented', 'nlls', 'fixedd', 'bayes'] as const)('without blood have no D*, and say so: %s', kind => {
    const { f, Dstar, status } = fitIvim(kind, voxel({ ...FIG, f: 0 }))
    if (kind !== 'bayes') expect(f[0]).toBeCloseTo(0, 6)
    if (kind !== 'bayes') expect([Dstar[0], status[0]]).toEqual([Number.NaN, 5])
  })

  it('keep a parameter that is at its bound, without an error', () => {
    const { Dstar, status, sd } = fitIvim('nlls', voxel({ ...FIG, Dstar: 0.5 }))
    expect([Dstar[0], status[0], sd.Dstar[0]]).toEqual([expect.closeTo(0.2, 9), 2, Number.NaN])
  })

  it('leave what was not asked for alone', () => {
    const { signals, b } = voxel(FIG)
    const two = Float64Array.from([...signals].flatMap(value => [value, value]))
    const { D, status } = fitIvim('segmented', { signals: two, b, voxels: Int32Array.of(1) })
    expect([D[0], status[0], status[1]]).toEqual([Number.NaN, 0, 1])
  })
})

describe('the phantom', () => {
  // The full 20,000 voxels give the same medians within 2 %.
  it.each([60, 100])('full least squares are at the Cramér–Rao bound at SNR %d', snr => {
    const truth = phantom(4000, snr)
    const found = medians({ ...fitIvim('nlls', truth) }, truth)
    for (const [k, name] of NAMES.entries())
      expect(found[k]!, name).toBeLessThanOrEqual(1.05 * median(idealErrors(truth, name)))
  })

  it('segmented errors are those of the consensus: iterated weighted regression, then D*', () => {
    const truth = phantom(4000, 60)
    const ours = medians({ ...fitIvim('segmented', truth) }, truth)
    const consensus = medians(
      { ...fitIvim('segmented', truth, { firstStep: 'iwlls', boundsDstar: [5e-3, 0.2] }) },
      truth,
    )
    for (const [k, name] of NAMES.entries()) expect(Math.abs(ours[k]! / consensus[k]! - 1), name).toBeLessThan(0.02)
  })

  it('a prior learned from the image helps at SNR 30', () => {
    const truth = phantom(8000, 30)
    const { prior, ...fit } = fitIvim('bayes', truth)
    const [D, f, Dstar] = medians(fit, truth)
    expect(D!).toBeLessThan(0.074)
    expect(f!).toBeLessThan(0.175)
    expect(Dstar!).toBeLessThan(0.3)
    expect(prior).toMatchObject({ pooled: 8000, source: 'image' })
  })

  it('the predicted error of D* tells good voxels from bad', () => {
    const truth = phantom(4000, 60)
    const { Dstar, sd } = fitIvim('nlls', truth)
    const wrong = errors(Dstar, truth.truth.Dstar)
    const isReliable = (_: number, v: number) => sd.Dstar[v]! < 0.5 * Dstar[v]!
    const inside = wrong.filter(isReliable)
    const outside = wrong.filter((value, v) => !isReliable(value, v))
    expect(inside.length / wrong.length).toBeGreaterThan(0.65)
    expect(inside.length / wrong.length).toBeLessThan(0.8)
    expect(median(inside)).toBeLessThan(0.18)
    expect(median(outside)).toBeGreaterThan(0.45)
  })

  it('gives the same whatever the scale of the signal', () => {
    const truth = phantom(50, 60)
    const scaled = { ...truth, signals: truth.signals.map(value => 1024 * value) }
    for (const kind of ['segmented', 'nlls'] as const) {
      expect(fitIvim(kind, scaled).Dstar).toEqual(fitIvim(kind, truth).Dstar)
    }
  })
})

describe('a lesion in the image', () => {
  const isLesion = (v: number) => v % 40 === 0
  const truth = phantom(4000, 60, (uniform, v) => ({
    S0: 1000,
    D: 0.9e-3 + 0.2e-3 * uniform(),
    f: isLesion(v) ? 0.25 : 0.08 + 0.04 * uniform(),
    Dstar: 20e-3 + 10e-3 * uniform(),
  }))
  const contrast = (f: Float64Array) =>
    median(f.filter((_, v) => isLesion(v))) - median(f.filter((_, v) => !isLesion(v)))

  it('keeps its contrast with a mask of its own', () => {
    const lesion = Uint8Array.from({ length: 4000 }, (_, v) => (isLesion(v) ? 1 : 0))
    const { f, prior, lesionPrior } = fitIvim('bayes', truth, {}, { lesion })
    expect(contrast(f)).toBeGreaterThan(0.8 * contrast(truth.truth.f))
    expect([prior?.pooled, lesionPrior?.source, lesionPrior?.pooled]).toEqual([3900, 'organ', 0])
  })

  it('keeps it with the wide prior of an organ, which few voxels get', () => {
    const { f, prior } = fitIvim(
      'bayes',
      { ...truth, voxels: truth.voxels.filter(v => v % 10 === 0) },
      {},
      { organ: 'brain' },
    )
    expect(contrast(f.map(value => (Number.isNaN(value) ? 0.1 : value)))).toBeGreaterThan(0.8 * contrast(truth.truth.f))
    expect(prior).toMatchObject({ source: 'organ', pooled: 0 })
  })
})

describe('standard errors', () => {
  const tissues = {
    'Fig. 6C': { S0: 1000, D: 1e-3, f: 0.15, Dstar: 25e-3 },
    liver: { S0: 1000, D: 1.09e-3, f: 0.231, Dstar: 70e-3 },
    kidney: { S0: 1000, D: 1.89e-3, f: 0.189, Dstar: 40.5e-3 },
    'slow blood': { S0: 1000, D: 1e-3, f: 0.3, Dstar: 10e-3 },
  }
  const kinds: readonly IvimKind[] = ['segmented', 'nlls', 'fixedd']
  const cases = Object.entries(tissues).flatMap(([name, tissue]) => kinds.map(kind => [kind, name, tissue] as const))
  it.each(cases)('of %s are those that repetition shows: %s', (kind, _, tissue) => {
    const fit = fitIvim(
      kind,
      phantom(1500, 80, () => tissue),
    )
    for (const name of [...NAMES, 'S0', 'fDstar'] as const) {
      const values = fit[name].filter(value => Number.isFinite(value))
      const centre = values.reduce((sum, value) => sum + value, 0) / values.length
      const spread = Math.sqrt(
        values.reduce((sum, value) => sum + (value - centre) * (value - centre), 0) / values.length,
      )
      const predicted = fit.sd[name].filter(value => Number.isFinite(value))
      if (spread > 0.3 * centre) continue
      const ratio = predicted.reduce((sum, value) => sum + value, 0) / predicted.length / spread
      expect(Math.abs(ratio - 1), `${name}: ${ratio}`).toBeLessThan(0.15)
    }
  })

  it('of the posterior are the errors over a population', () => {
    const truth = phantom(3000, 60)
    const { sd, ...fit } = fitIvim('bayes', truth)
    for (const name of [...NAMES, 'S0'] as const) {
      let [found, predicted] = [0, 0]
      for (let v = 0; v < 3000; v++) {
        if (!(sd[name][v]! < 0.3 * fit[name][v]!)) continue
        const error = fit[name][v]! - truth.truth[name][v]!
        found += error * error
        predicted += sd[name][v]! * sd[name][v]!
      }
      expect(Math.abs(Math.sqrt(predicted / found) - 1), name).toBeLessThan(0.15)
    }
  })

  it('follow a noise that is given', () => {
    const truth = phantom(20, 60, () => FIG)
    const [one, two] = [fitIvim('nlls', truth, { noise: 10 }), fitIvim('nlls', truth, { noise: 20 })]
    for (let v = 0; v < 20; v++) {
      expect(one.sigma[v]).toBeCloseTo(10, 9)
      expect(two.sd.D[v]! / one.sd.D[v]!).toBeCloseTo(2, 9)
    }
  })
})

describe('ADC and kurtosis', () => {
  const b = Float64Array.of(0, 200, 500, 1000, 1500, 2000)
  const signals = new Float64Array(b.length)

  it('have the standard errors of repetition', () => {
    const draw = () => ({ S0: 1000, D: 1e-3, f: 0, Dstar: 1e-3 })
    const { ADC, sd } = fitAdc(phantom(2000, 40, draw, Float64Array.of(0, 100, 300, 500, 700, 1000)))
    const spread = Math.sqrt(ADC.reduce((sum, value) => sum + (value - 1e-3) * (value - 1e-3), 0) / 2000)
    const predicted = sd.ADC.reduce((sum, value) => sum + value, 0) / 2000
    expect(Math.abs(predicted / spread - 1)).toBeLessThan(0.1)
  })

  it('hold K at its bound and say so', () => {
    kurtosisSignal(signals, { S0: 500, ADC0: 1e-3, K: -0.4 }, b)
    const { K, status, sd } = fitKurtosis({ signals, b, voxels: Int32Array.of(0) })
    expect([K[0], status[0], sd.K[0]]).toEqual([expect.closeTo(0, 12), 2, Number.NaN])
    kurtosisSignal(signals, { S0: 500, ADC0: 1e-3, K: 1.1 }, b)
    const held = fitKurtosis({ signals, b, voxels: Int32Array.of(0) }, { boundsK: [0, 1] })
    expect([held.K[0], held.status[0]]).toEqual([expect.closeTo(1, 9), 2])
  })

  it('leave out a sample that has no logarithm, and have no value where too few are left', () => {
    const two = (signals: Float64Array) =>
      fitAdc({ signals, b: Float64Array.of(0, 500, 800), voxels: Int32Array.of(0) })
    const left = two(Float64Array.of(100, 0, 10))
    expect([left.ADC[0], left.status[0]]).toEqual([expect.closeTo(Math.log(10) / 800, 12), 1])
    const none = two(Float64Array.of(100, 0, Number.NaN))
    expect([none.ADC[0], none.status[0]]).toEqual([Number.NaN, 4])
    expect(() => fitAdc({ signals: Float64Array.of(1), b: Float64Array.of(0), voxels: Int32Array.of(0) })).toThrow(
      RangeError,
    )
  })
})
