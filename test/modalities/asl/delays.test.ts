import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/numerics/random.ts'
import { compute, gridOf, mapOf, PULSED, type RunSpec, runOf, volumeOf } from './run.ts'

/** Several delays through the whole slice, against the recommended model written out here. */

const T1B = 1.65
const LAMBDA = 0.9
const M0 = 1000
const SHAPE = [12, 10, 4] as const
const N = SHAPE[0] * SHAPE[1] * SHAPE[2]

/** ΔM of continuous labelling after a delay, flow in mL/g/s (two-component model of one T1, t = τ + w). */
function continuous(flow: number, arrival: number, duration: number, delay: number): number {
  const t = duration + delay
  const amplitude = ((2 * 0.85 * M0) / LAMBDA) * flow * T1B * Math.exp(-arrival / T1B)
  if (t < arrival) return 0
  if (t < arrival + duration) return amplitude * (1 - Math.exp(-(t - arrival) / T1B))
  return amplitude * (1 - Math.exp(-duration / T1B)) * Math.exp(-(t - duration - arrival) / T1B)
}

/** ΔM of pulsed labelling whose bolus was cut off. */
function pulsed(flow: number, arrival: number, duration: number, time: number): number {
  const inside = Math.min(Math.max(time - arrival, 0), duration)
  return ((2 * 0.98 * M0) / LAMBDA) * flow * Math.exp(-time / T1B) * inside
}

/** Each voxel has its own flow [mL/100g/min] and arrival [s]. */
const flowOf = (v: number) => 15 + ((v * 37) % 80)
const arrivalOf = (v: number) => 0.6 + ((v * 13) % 90) / 100

interface Sample {
  readonly duration: number
  readonly delay: number
}

const PLDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
const SAMPLES = PLDS.map(delay => ({ duration: 1.4, delay }))
const SLICE_TIMES = [0, 0.06, 0.03, 0.09]
const sliceOf = (v: number) => Math.floor(v / (SHAPE[0] * SHAPE[1]))

/** A series of m0scan and pairs, one pair a sample. */
function pairs(
  samples: readonly Sample[],
  difference: (v: number, sample: Sample) => number,
  noise = 0,
  repeats = 1,
): { types: string[]; frames: Float64Array[]; samples: Sample[] } {
  const random = createRandom(`delays ${noise}`)
  const all = Array.from({ length: repeats }, () => samples).flat()
  const frames = all.flatMap(sample => {
    const control = Float64Array.from({ length: N }, () => M0 + noise * random.normal())
    const label = Float64Array.from({ length: N }, (_, v) => M0 - difference(v, sample) + noise * random.normal())
    return [control, label]
  })
  return {
    types: ['m0scan', ...all.flatMap(() => ['control', 'label'])],
    frames: [new Float64Array(N).fill(M0), ...frames],
    samples: all,
  }
}

/** Per-volume lists as BIDS has them. */
const each = (samples: readonly Sample[], of: (sample: Sample) => number) => [
  0,
  ...samples.flatMap(sample => [of(sample), of(sample)]),
]

/** Order of the encoding, and its matrix by Sylvester without the first column. */
function hadamard(order: number): number[][] {
  const ones = (value: number) => {
    let bits = 0
    for (let rest = value; rest > 0; rest >>= 1) bits += rest & 1
    return bits
  }
  return Array.from({ length: order }, (_, r) =>
    Array.from({ length: order - 1 }, (_, c) => (ones(r & (c + 1)) % 2 === 0 ? 1 : -1)),
  )
}

function encoded(order: number, durations: readonly number[], delay: number) {
  const matrix = hadamard(order)
  const delays = durations.map((_, k) => delay + durations.slice(k + 1).reduce((sum, one) => sum + one, 0))
  const frames = matrix.map(row =>
    Float64Array.from({ length: N }, (_, v) =>
      row.reduce(
        (signal, entry, k) =>
          entry === 1 ? signal : signal - continuous(flowOf(v) / 6000, arrivalOf(v), durations[k]!, delays[k]!),
        M0,
      ),
    ),
  )
  return {
    spec: {
      types: ['m0scan', 'control', ...new Array<string>(order - 1).fill('label')],
      sidecar: { TimeEncodingMatrix: matrix, LabelingDuration: durations, PostLabelingDelay: delay },
    },
    frames: [new Float64Array(N).fill(M0), ...frames],
  }
}

interface Made {
  readonly spec: RunSpec
  readonly frames: readonly Float64Array[]
}

const listed = (samples: readonly Sample[], more: RunSpec['sidecar'] = {}) => ({
  PostLabelingDelay: each(samples, ({ delay }) => delay),
  LabelingDuration: each(samples, ({ duration }) => duration),
  ...more,
})

const plain = pairs(SAMPLES, (v, { duration, delay }) => continuous(flowOf(v) / 6000, arrivalOf(v), duration, delay))
const late = pairs(SAMPLES, (v, { duration, delay }) =>
  continuous(flowOf(v) / 6000, arrivalOf(v), duration, delay + SLICE_TIMES[sliceOf(v)]!),
)
const VARIED = PLDS.map((delay, at) => ({ duration: [1.8, 1.6, 1.4, 1.2][at % 4]!, delay }))
const varied = pairs(VARIED, (v, { duration, delay }) => continuous(flowOf(v) / 6000, arrivalOf(v), duration, delay))
const TIS = [0.4, 0.7, 1, 1.3, 1.6, 1.9, 2.2, 2.6].map(delay => ({ duration: 0.8, delay }))
const inversion = pairs(TIS, (v, { duration, delay }) => pulsed(flowOf(v) / 6000, arrivalOf(v) - 0.3, duration, delay))

const CASES: Record<string, Made> = {
  'continuous, 3D': { spec: { types: plain.types, sidecar: listed(SAMPLES) }, frames: plain.frames },
  'continuous, slice after slice': {
    spec: { types: late.types, sidecar: listed(SAMPLES, { MRAcquisitionType: '2D', SliceTiming: SLICE_TIMES }) },
    frames: late.frames,
  },
  'continuous, of several durations': {
    spec: { types: varied.types, sidecar: listed(VARIED) },
    frames: varied.frames,
  },
  'time-encoded by a matrix of 8': encoded(8, [0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4], 0.2),
  'time-encoded, with sub-boli that grow longer': encoded(8, [0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.9], 0.2),
  'time-encoded by a matrix of 16': encoded(16, new Array<number>(15).fill(0.2), 0.15),
}

function run({ spec, frames }: Made) {
  const grid = gridOf(SHAPE)
  const run = runOf({ ...spec, shape: SHAPE, options: { 'asl-m0-fwhm': 0, 'asl-arterial': 'off' } })
  return compute(run, volumeOf(grid, frames), {}, new Uint8Array(N).fill(1)).result
}

describe('several delays, without noise', () => {
  it.each(Object.keys(CASES))('give flow within 0.1 %% and arrival within 5 ms: %s', name => {
    const result = run(CASES[name]!)
    const [cbf, att] = [mapOf(result, 'cbf'), mapOf(result, 'att')]
    for (let v = 0; v < N; v++) {
      expect(Math.abs(cbf[v]! / flowOf(v) - 1), `flow of ${v}`).toBeLessThan(1e-3)
      expect(Math.abs(att[v]! - arrivalOf(v)), `arrival of ${v}`).toBeLessThan(5e-3)
    }
  })

  it('give the same of pulsed labelling', () => {
    const sidecar = { ...PULSED, PostLabelingDelay: each(TIS, ({ delay }) => delay) }
    const result = run({ spec: { types: inversion.types, sidecar }, frames: inversion.frames })
    const [cbf, att] = [mapOf(result, 'cbf'), mapOf(result, 'att')]
    for (let v = 0; v < N; v++) {
      expect(Math.abs(cbf[v]! / flowOf(v) - 1), `flow of ${v}`).toBeLessThan(1e-3)
      expect(Math.abs(att[v]! - (arrivalOf(v) - 0.3)), `arrival of ${v}`).toBeLessThan(5e-3)
    }
  })
})

describe('the fit to the mean of a region', () => {
  const all = Int32Array.from({ length: N }, (_, v) => v)
  const one = { flow: 20, arrival: 1.3 }
  const noisy = (noise: number, repeats: number, times = [0, 0, 0, 0]) => {
    const made = pairs(
      SAMPLES,
      (v, { duration, delay }) => continuous(one.flow / 6000, one.arrival, duration, delay + times[sliceOf(v)]!),
      noise,
      repeats,
    )
    const isLate = times.some(time => time > 0)
    const sidecar = listed(made.samples, isLate ? { MRAcquisitionType: '2D', SliceTiming: times } : {})
    return run({ spec: { types: made.types, sidecar }, frames: made.frames })
  }

  it('is that of a voxel where all are alike, also where slices have delays of their own', () => {
    for (const times of [[0, 0, 0, 0], SLICE_TIMES]) {
      const [cbf, att] = noisy(0, 1, times).regionFits!(all)
      expect(cbf).toMatchObject({ model: 'multi', parameter: 'cbf', unit: 'mL/100g/min', voxels: N })
      expect(Math.abs(cbf!.value! / one.flow - 1)).toBeLessThan(1e-4)
      expect(Math.abs(att!.value! - one.arrival)).toBeLessThan(1e-4)
    }
  })

  it('has none of the bias that noise gives a voxel, and an interval that holds the truth', () => {
    // The signal of a voxel is of the order of its noise.
    const result = noisy(3, 1, SLICE_TIMES)
    const cbf = mapOf(result, 'cbf')
    const voxels = Array.from(cbf).reduce((sum, value) => sum + value / N, 0)
    const [flow, arrival] = result.regionFits!(all)
    expect(voxels / one.flow - 1).toBeGreaterThan(0.5)
    expect(Math.abs(flow!.value! / one.flow - 1)).toBeLessThan(0.1)
    expect(flow!.ciLow!).toBeLessThan(one.flow)
    expect(flow!.ciHigh!).toBeGreaterThan(one.flow)
    expect(arrival!.ciLow!).toBeLessThan(one.arrival)
    expect(arrival!.ciHigh!).toBeGreaterThan(one.arrival)
    expect(flow!.se! / one.flow).toBeLessThan(0.05)
  })

  it('leaves out voxels without a signal, and has nothing of none', () => {
    const result = noisy(0, 1)
    expect(result.regionFits!(Int32Array.of())).toEqual([])
  })
})
