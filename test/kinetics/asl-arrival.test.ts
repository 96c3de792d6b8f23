import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrivalFit } from '../../src/kinetics/asl-arrival-fit.ts'
import { generalArrivalFit } from '../../src/kinetics/asl-general-fit.ts'
import { generalInflow, phaseOf, type Response } from '../../src/kinetics/asl-general-kinetic.ts'
import {
  arterialInflow,
  type Bolus,
  type Delays,
  kinksOf,
  type LabelKind,
  latestArrival,
  tissueInflow,
} from '../../src/kinetics/asl-inflow.ts'
import { decodingWeights, isEncoding } from '../../src/kinetics/asl-time-encoding.ts'
import { weightedDelayArrival } from '../../src/kinetics/asl-weighted-delay.ts'
import { createRandom } from '../../src/numerics/random.ts'
import { mean, standardDeviation } from '../../src/numerics/statistics.ts'
import { PER_100G_PER_MIN } from '../../src/units.ts'
import { type Case, caseOf, casesOf, expectClose, number, numbers } from '../modalities/asl/cases.ts'

const T1b = 1.65
const GM = { T1t: 1.33, lambda: 0.9 }

/** The samples of a Woods case. */
function samplesOf({ kind, inputs }: Case): { kind: LabelKind; boli: Bolus[] } {
  if (kind === 'woods_pasl') {
    const duration = number(inputs, 'bolus_cutoff_delay_s')
    return { kind: 'pulsed', boli: numbers(inputs, 'inversion_times_s').map(time => ({ time, duration })) }
  }
  const duration = number(inputs, 'labeling_duration_s')
  const boli = numbers(inputs, 'post_labeling_delays_s').map(delay => ({ time: delay + duration, duration }))
  return { kind: 'continuous', boli }
}

/** `2·α·M0a` of a case. */
const labelOf = ({ inputs }: Case) =>
  (2 * number(inputs, 'labeling_efficiency') * number(inputs, 'm0_tissue_au')) / number(inputs, 'lambda_ml_per_g')

const continuous = (delays: readonly number[], duration: number): Bolus[] =>
  delays.map(delay => ({ time: delay + duration, duration }))

const delaysOf = (
  kind: LabelKind,
  boli: readonly Bolus[],
  count = 1,
  arterial: Delays['arterial'] = 'off',
): Delays => ({
  kind,
  boli,
  counts: boli.map(() => count),
  T1b,
  arterial,
})

const at: Response = { value: 0, byArrival: 0, byRate: 0 }
function generalResponse(bolus: Bolus, arrival: number, rate: number, kind: LabelKind, T1 = T1b): number {
  generalInflow(at, bolus, phaseOf(bolus, arrival), arrival, rate, T1, kind)
  return at.value
}

describe('inflow for the T1 of blood throughout', () => {
  it.each([...casesOf('woods_pcasl'), ...casesOf('woods_pasl')].map(item => [item.id, item] as const))(
    '%s',
    (_, item) => {
      const { inputs, expected, tolerance } = item
      const { kind, boli } = samplesOf(item)
      const label = labelOf(item)
      boli.forEach((bolus, i) => {
        const flow = number(inputs, 'cbf_ml_100g_min') / PER_100G_PER_MIN
        const tissue = label * flow * tissueInflow(bolus, number(inputs, 'att_s'), number(inputs, 't1_blood_s'), kind)
        const response = arterialInflow(bolus, number(inputs, 'abat_s'), number(inputs, 't1_blood_s'), kind)
        const artery = label * number(inputs, 'abv_fraction') * response
        expectClose(tissue, numbers(expected, 'tissue_deltam_au')[i]!, tolerance, 'tissue')
        expectClose(artery, numbers(expected, 'arterial_deltam_au')[i]!, tolerance, 'artery')
      })
    },
  )

  it('is the limit of the general kinetic model whose tissue is like blood and is not washed out', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.double({ min: 0.1, max: 4, noNaN: true }),
        (arrival, time) => {
          for (const kind of ['continuous', 'pulsed'] as const) {
            const bolus = { time, duration: 0.9 }
            expect(generalResponse(bolus, arrival, 1 / T1b, kind)).toBeCloseTo(
              tissueInflow(bolus, arrival, T1b, kind),
              12,
            )
          }
        },
      ),
    )
  })
})

describe('the general kinetic model', () => {
  it.each([
    ['GKM-CASL-26', 'continuous'],
    ['GKM-PASL-26', 'pulsed'],
  ] as const)('%s', (id, kind) => {
    const { inputs, expected, tolerance } = caseOf(id)
    const flow = number(inputs, 'f_ml_100g_min') / PER_100G_PER_MIN
    const lambda = number(inputs, 'lambda_ml_per_g')
    const rate = 1 / number(inputs, 't1_tissue_s') + flow / lambda
    const label = (2 * number(inputs, 'labeling_efficiency') * number(inputs, 'm0_tissue_au')) / lambda
    numbers(inputs, 't_since_labelling_start_s').forEach((time, i) => {
      const bolus = { time, duration: number(inputs, 'label_duration_s') }
      const response = generalResponse(bolus, number(inputs, 'att_s'), rate, kind, number(inputs, 't1_blood_s'))
      expectClose(label * flow * response, numbers(expected, 'deltam_au')[i]!, tolerance)
    })
  })

  it('has the derivatives of its own values', () => {
    const step = 1e-6
    for (const kind of ['continuous', 'pulsed'] as const)
      for (const time of [1, 1.9, 3.3]) {
        const bolus = { time, duration: 0.9 }
        const value = (arrival: number, rate: number) => generalResponse(bolus, arrival, rate, kind)
        value(0.8, 0.76)
        const { byArrival, byRate } = at
        expect(byArrival).toBeCloseTo((value(0.8 + step, 0.76) - value(0.8 - step, 0.76)) / (2 * step), 8)
        expect(byRate).toBeCloseTo((value(0.8, 0.76 + step) - value(0.8, 0.76 - step)) / (2 * step), 8)
      }
  })
})

describe('a fit without noise', () => {
  it.each(['WOODS-PCASL-01', 'WOODS-PCASL-02', 'WOODS-PCASL-03'])('inverts %s', id => {
    const item = caseOf(id)
    const { inputs, expected } = item
    const { kind, boli } = samplesOf(item)
    const y = Float64Array.from(numbers(expected, 'total_deltam_au'), signal => signal / labelOf(item))
    for (const arterial of ['auto', 'on'] as const) {
      const found = arrivalFit(delaysOf(kind, boli, 1, arterial))(y, 0)
      expect(found.flow * PER_100G_PER_MIN).toBeCloseTo(number(inputs, 'cbf_ml_100g_min'), 9)
      expect(found.arrival).toBeCloseTo(number(inputs, 'att_s'), 9)
      expect(found.volume).toBeCloseTo(number(inputs, 'abv_fraction'), 9)
      expect(found.isBound).toBe(false)
      if (found.volume > 0) expect(found.arterialArrival).toBe(number(inputs, 'abat_s'))
    }
  })

  it('says where the samples cannot tell: WOODS-PCASL-04', () => {
    const item = caseOf('WOODS-PCASL-04')
    const { kind, boli } = samplesOf(item)
    const y = Float64Array.from(numbers(item.expected, 'total_deltam_au'), signal => signal / labelOf(item))
    const found = arrivalFit(delaysOf(kind, boli))(y, 0)
    expect(found).toMatchObject({ isBound: true, isLate: true, flowSd: Number.NaN, arrivalSd: Number.NaN })
    expect(found.arrival).toBeCloseTo(latestArrival(boli), 12)
  })

  it('tells flow, but no arrival, of blood that was in before the first readout', () => {
    const boli = continuous([1.4, 1.8, 2.2], 1.8)
    const y = Float64Array.from(boli, bolus => 0.01 * tissueInflow(bolus, 0.7, T1b, 'continuous'))
    const found = arrivalFit(delaysOf('continuous', boli, 3))(y, 1e-9)
    expect(found).toMatchObject({ isBound: true, isLate: false, arrivalSd: Number.NaN })
    expect(found.arrival).toBeCloseTo(1.4, 12)
    expect(found.flow).toBeCloseTo(0.01, 12)
    expect(found.flowSd).toBeGreaterThan(0)
  })

  it('cannot part artery and rising tissue of pulsed labelling, and says so: WOODS-PASL-01', () => {
    const item = caseOf('WOODS-PASL-01')
    const { kind, boli } = samplesOf(item)
    const y = Float64Array.from(numbers(item.expected, 'total_deltam_au'), signal => signal / labelOf(item))
    const found = arrivalFit(delaysOf(kind, boli, 1, 'auto'))(y, 0)
    expect(found.flow * PER_100G_PER_MIN).toBeCloseTo(50, 9)
    expect(found.isBound).toBe(true)
  })

  const flows = fc.double({ min: 5, max: 120, noNaN: true })
  const share = fc.double({ min: 0.02, max: 0.98, noNaN: true })
  const protocols = fc.constantFrom<{ kind: LabelKind; boli: Bolus[] }>(
    { kind: 'continuous', boli: continuous([0.25, 0.5, 0.75, 1, 1.25, 1.5], 1.4) },
    { kind: 'continuous', boli: continuous([0.5, 1, 1.5, 2, 2.5], 1.8) },
    { kind: 'pulsed', boli: [0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4].map(time => ({ time, duration: 0.7 })) },
    // Durations that vary, and delays that later slices see.
    {
      kind: 'continuous',
      boli: [0.7, 0.9, 1.2, 1.7, 2.4].map((delay, i) => ({ time: 1 + 0.2 * i + delay, duration: 1 + 0.2 * i })),
    },
    {
      kind: 'continuous',
      boli: [3.3, 2.8, 2.3, 1.8, 1.3, 0.8, 0.3].map(delay => ({ time: delay + 0.5, duration: 0.5 })),
    },
  )

  it('finds flow within 0.1 % and arrival within 5 ms, wherever they are', () => {
    fc.assert(
      fc.property(protocols, flows, share, ({ kind, boli }, cbf, part) => {
        const flow = cbf / PER_100G_PER_MIN
        const kinks = kinksOf({ boli })
        const [first, last] = [kinks[0]!, kinks[kinks.length - 1]!]
        const arrival = first + part * (last - first)
        const blood = Float64Array.from(boli, bolus => flow * tissueInflow(bolus, arrival, T1b, kind))
        const rate = 1 / GM.T1t + flow / GM.lambda
        const tissue = Float64Array.from(boli, bolus => flow * generalResponse(bolus, arrival, rate, kind))
        for (const found of [
          { ...arrivalFit(delaysOf(kind, boli, 1, 'auto'))(blood, 0) },
          { ...generalArrivalFit(delaysOf(kind, boli, 1, 'auto'), GM)(tissue, 0) },
        ]) {
          expect(Math.abs(found.flow / flow - 1)).toBeLessThan(1e-3)
          expect(Math.abs(found.arrival - arrival)).toBeLessThan(5e-3)
          expect(found.volume).toBe(0)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('finds blood in arteries, placed as far as the samples can', () => {
    const boli = continuous([0.2, 0.5, 0.8, 1.1, 1.4, 1.8, 2.2], 1.8)
    for (const [cbf, arrival, volume, arterial] of [
      [45, 1.3, 0.01, 0.7],
      [80, 1.5, 0.02, 1],
      [30, 1.9, 0.004, 0.6],
    ] as const) {
      const flow = cbf / PER_100G_PER_MIN
      const artery = (bolus: Bolus) => volume * arterialInflow(bolus, arterial, T1b, 'continuous')
      const blood = Float64Array.from(
        boli,
        bolus => flow * tissueInflow(bolus, arrival, T1b, 'continuous') + artery(bolus),
      )
      const rate = 1 / GM.T1t + flow / GM.lambda
      const tissue = Float64Array.from(
        boli,
        bolus => flow * generalResponse(bolus, arrival, rate, 'continuous') + artery(bolus),
      )
      for (const found of [
        { ...arrivalFit(delaysOf('continuous', boli, 1, 'auto'))(blood, 0) },
        { ...generalArrivalFit(delaysOf('continuous', boli, 1, 'auto'), GM)(tissue, 0) },
      ]) {
        expect(found.flow * PER_100G_PER_MIN).toBeCloseTo(cbf, 4)
        expect(found.arrival).toBeCloseTo(arrival, 5)
        expect(Math.abs(found.arterialArrival - arterial)).toBeLessThanOrEqual(Math.sqrt(12) * found.arterialSd + 1e-6)
        expect(Math.abs(found.volume - volume)).toBeLessThanOrEqual(3 * found.volumeSd + 1e-9)
      }
    }
  })
})

describe('a fit of noise', () => {
  const boli = continuous([0.25, 0.5, 0.75, 1, 1.25, 1.5], 1.4)

  it('has the least sum of squares of all arrivals', () => {
    const fit = arrivalFit(delaysOf('continuous', boli, 2))
    const random = createRandom('least squares')
    for (let voxel = 0; voxel < 200; voxel++) {
      const y = Float64Array.from(boli, () => random.normal())
      const { sse } = fit(y, 0)
      for (let arrival = 0.25; arrival <= latestArrival(boli); arrival += 0.01) {
        const response = boli.map(bolus => tissueInflow(bolus, arrival, T1b, 'continuous'))
        const top = response.reduce((sum, value, i) => sum + value * y[i]!, 0)
        const bottom = response.reduce((sum, value) => sum + value * value, 0)
        const left = 2 * (y.reduce((sum, value) => sum + value * value, 0) - (top * top) / bottom)
        expect(sse).toBeLessThanOrEqual(left + 1e-9)
      }
    }
  })

  /** Means and errors over repeats of one voxel with noise [mL/100g/min], [s]. */
  function repeat(delays: Delays, cbf: number, arrival: number, noise: number, general: boolean) {
    const flow = cbf / PER_100G_PER_MIN
    const fit = general ? generalArrivalFit(delays, GM) : arrivalFit(delays)
    const rate = 1 / GM.T1t + flow / GM.lambda
    const clean = delays.boli.map(
      bolus =>
        flow *
        (general ? generalResponse(bolus, arrival, rate, delays.kind) : tissueInflow(bolus, arrival, T1b, delays.kind)),
    )
    const random = createRandom(`repeats ${cbf} ${arrival}`)
    const [flows, arrivals, flowErrors, arrivalErrors]: number[][] = [[], [], [], []]
    let arteries = 0
    const y = new Float64Array(clean.length)
    for (let at = 0; at < 2500; at++) {
      let within = 0
      clean.forEach((value, i) => {
        const values = Array.from({ length: delays.counts[i]! }, () => value + noise * random.normal())
        y[i] = mean(values)
        for (const one of values) within += (one - y[i]!) ** 2
      })
      const found = fit(y, within)
      flows!.push(found.flow * PER_100G_PER_MIN)
      arrivals!.push(found.arrival)
      flowErrors!.push(found.flowSd * PER_100G_PER_MIN)
      arrivalErrors!.push(found.arrivalSd)
      if (found.volume > 0) arteries++
    }
    return { flows: flows!, arrivals: arrivals!, flowErrors: flowErrors!, arrivalErrors: arrivalErrors!, arteries }
  }

  /** Root mean square of the errors that there are; at a bound there is none. */
  const size = (values: readonly number[]) =>
    Math.sqrt(mean(values.filter(Number.isFinite).map(value => value * value)))

  it.each([
    ['the T1 of blood', false],
    ['a T1 of tissue', true],
  ] as const)('with %s has a mean within 1 % and standard errors within 10 % of the spread', (_, general) => {
    for (const [cbf, arrival] of [
      [60, 0.83],
      [25, 1.2],
    ] as const) {
      const found = repeat(delaysOf('continuous', boli, 6, 'auto'), cbf, arrival, general ? 0.0002 : 0.0004, general)
      expect(Math.abs(mean(found.flows) / cbf - 1)).toBeLessThan(0.01)
      expect(Math.abs(mean(found.arrivals) - arrival)).toBeLessThan(0.01)
      expect(Math.abs(size(found.flowErrors) / standardDeviation(found.flows) - 1)).toBeLessThan(0.1)
      expect(Math.abs(size(found.arrivalErrors) / standardDeviation(found.arrivals) - 1)).toBeLessThan(0.1)
      expect(found.arteries).toBeLessThan(0.004 * 2500)
    }
  })

  it('may be negative, and then has no arrival', () => {
    const y = Float64Array.from(boli, bolus => -0.005 * tissueInflow(bolus, 0.8, T1b, 'continuous'))
    const found = arrivalFit(delaysOf('continuous', boli, 2, 'auto'))(y, 1e-9)
    expect(found.flow).toBeCloseTo(-0.005, 10)
    expect(found).toMatchObject({ arrival: Number.NaN, arrivalSd: Number.NaN, volume: 0 })
  })
})

describe('the weighted delay', () => {
  it('WD-01', () => {
    const { inputs, expected, tolerance } = caseOf('WD-01')
    const boli = continuous(numbers(inputs, 'post_labeling_delays_s'), number(inputs, 'labeling_duration_s'))
    const arrival = weightedDelayArrival(numbers(inputs, 'deltam_au'), boli, number(inputs, 't1_tissue_s'))
    expectClose(arrival, number(expected, 'att_s'), tolerance)
  })

  it('is exact for its own model, and nothing for no signal', () => {
    const boli = continuous([0.25, 0.5, 0.75, 1, 1.25, 1.5], 1.4)
    const signals = boli.map(bolus => tissueInflow(bolus, 0.9, T1b, 'continuous'))
    expect(weightedDelayArrival(signals, boli, T1b)).toBeCloseTo(0.9, 9)
    expect(weightedDelayArrival([0, 0, 0, 0, 0, 0], boli, T1b)).toBeNaN()
    expect(weightedDelayArrival([0, 0, 0, 0, 0, 1], boli, T1b)).toBeNaN()
  })
})

describe('time encoding', () => {
  it.each(['HAD-4', 'HAD-8'])('%s', id => {
    const { inputs, expected, tolerance } = caseOf(id)
    const matrix = inputs['matrix'] as number[][]
    expect(isEncoding(matrix)).toBe(true)
    const images = numbers(inputs, 'encoded_au')
    decodingWeights(matrix).forEach((weights, k) => {
      const decoded = weights.reduce((sum, weight, row) => sum + weight * images[row]!, 0)
      expectClose(decoded, numbers(expected, 'decoded_deltam_au')[k]!, tolerance)
    })
  })

  it('needs a Hadamard matrix whose order is a power of two', () => {
    expect(isEncoding([[1]])).toBe(false)
    expect(
      isEncoding([
        [1, 1],
        [1, -1],
      ]),
    ).toBe(true)
    expect(
      isEncoding([
        [1, 1],
        [1, 1],
      ]),
    ).toBe(false)
    expect(
      isEncoding([
        [1, 1],
        [-1, 1],
      ]),
    ).toBe(false)
    expect(
      isEncoding([
        [1, 0],
        [1, -1],
      ]),
    ).toBe(false)
  })
})
