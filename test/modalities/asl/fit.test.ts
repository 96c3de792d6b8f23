import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameValues } from '../../../src/image/volume.ts'
import { asl } from '../../../src/modalities/asl/index.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { mean, standardDeviation } from '../../../src/numerics/statistics.ts'
import { caseOf, numbers } from './cases.ts'
import { bound, compute, gridOf, mapOf, PULSED, type RunSpec, runOf, volumeOf } from './run.ts'

const shape = [6, 5, 4] as const
const grid = gridOf(shape)
const n = 6 * 5 * 4
const everywhere = new Uint8Array(n).fill(1)
const TYPES = ['m0scan', 'control', 'label', 'control', 'label', 'control', 'label']

/** A noisy series of these types. */
function noisy(types: readonly string[], seed = 'fit') {
  const random = createRandom(seed)
  const level: Readonly<Record<string, number>> = { m0scan: 1000, control: 1000, label: 993, deltam: 7, cbf: 60 }
  return volumeOf(
    grid,
    types.map(type => Float64Array.from({ length: n }, () => level[type]! + 3 * random.normal())),
  )
}

const run = (spec: RunSpec = {}) =>
  runOf({
    shape: [6, 5, 4],
    types: TYPES,
    ...spec,
    sidecar: { TotalAcquiredPairs: 3, ...spec.sidecar },
    options: { 'asl-m0-fwhm': 0, ...spec.options },
  })

describe('CBF', () => {
  it('is that of the equation in every voxel, with its standard error over pairs', () => {
    const series = noisy(TYPES)
    const { result } = compute(run(), series, {}, everywhere)
    const gain = (6000 * 0.9 * Math.exp(1.8 / 1.65)) / (2 * 0.85 * 1.65 * (1 - Math.exp(-1.8 / 1.65)))
    const frames = TYPES.map((_, at) => frameValues(series, at, new Float64Array(n)))
    for (let v = 0; v < n; v++) {
      const differences = [1, 3, 5].map(at => frames[at]![v]! - frames[at + 1]![v]!)
      const factor = gain / frames[0]![v]!
      expect(mapOf(result, 'cbf')[v]).toBeCloseTo(factor * mean(differences), 3)
      expect(mapOf(result, 'cbf', 'sd')[v]).toBeCloseTo((factor * standardDeviation(differences)) / Math.sqrt(3), 3)
    }
  })

  it('does not depend on the order of the volumes, nor on the scale of the images', () => {
    const order = [2, 0, 6, 1, 4, 3, 5]
    const types = order.map(at => TYPES[at]!)
    const series = noisy(TYPES)
    const shuffled = volumeOf(
      grid,
      order.map(at => frameValues(series, at, new Float64Array(n))),
    )
    const plain = mapOf(compute(run(), series, {}, everywhere).result, 'cbf')
    const moved = mapOf(compute(run({ types }), shuffled, {}, everywhere).result, 'cbf')
    const scaled = mapOf(compute(run(), { ...series, slope: 8 }, {}, everywhere).result, 'cbf')
    for (let v = 0; v < n; v++) expect(moved[v]).toBeCloseTo(plain[v]!, 3)
    expect(scaled).toEqual(plain)
  })

  it('of a negative difference is negative: nothing is clipped', () => {
    const frames = [1000, 993, 1000].map(value => new Float64Array(n).fill(value))
    const { result, problems } = compute(
      run({ types: ['m0scan', 'control', 'label'], sidecar: { TotalAcquiredPairs: 1 } }),
      volumeOf(grid, frames),
      {},
      everywhere,
    )
    expect(mapOf(result, 'cbf')[0]).toBeLessThan(-50)
    expect(problems.map(({ code }) => code)).toContain('LABEL_CONTROL_SWAPPED')
  })

  it('of later slices is larger by the decay of the label: SLICE-01', () => {
    const { inputs, expected } = caseOf('SLICE-01')
    const frames = [1000, 1000, 993].map(value => new Float64Array(n).fill(value))
    const spec = (direction: string): RunSpec => ({
      types: ['m0scan', 'control', 'label'],
      sidecar: {
        TotalAcquiredPairs: 1,
        MRAcquisitionType: '2D',
        SliceTiming: inputs['slice_timing_s'],
        SliceEncodingDirection: direction,
      },
    })
    const slices = (direction: string) => {
      const cbf = mapOf(compute(run(spec(direction)), volumeOf(grid, frames), {}, everywhere).result, 'cbf')
      return [0, 1, 2, 3].map(k => cbf[k * 30]! / Math.min(cbf[0]!, cbf[90]!))
    }
    const ratios = numbers(expected, 'cbf_ratio_vs_first')
    slices('k').forEach((ratio, k) => {
      expect(ratio).toBeCloseTo(ratios[k]!, 5)
    })
    slices('k-').forEach((ratio, k) => {
      expect(ratio).toBeCloseTo(ratios[3 - k]!, 5)
    })
  })

  it('of one difference has no standard error', () => {
    const spec: RunSpec = { types: ['deltam', 'm0scan'] }
    const { result } = compute(run(spec), noisy(spec.types!), {}, everywhere)
    expect(result.maps.map(({ name }) => name.desc ?? name.suffix)).toEqual(['cbf', 'vascular'])
    expect(result.figures.map(({ id }) => id)).toEqual(['reference', 'cbf', 'histogram'])
  })

  it('that is given is averaged and not quantified again', () => {
    const spec: RunSpec = {
      types: ['cbf', 'm0scan', 'cbf'],
      sidecar: { Units: 'ml/100g/min', M0Type: undefined, ArterialSpinLabelingType: undefined },
    }
    const series = noisy(spec.types!)
    const { result } = compute(run(spec), series, {}, everywhere)
    const [a, b] = [frameValues(series, 0), frameValues(series, 2)]
    for (let v = 0; v < n; v++) expect(mapOf(result, 'cbf')[v]).toBeCloseTo((a[v]! + b[v]!) / 2, 4)
    expect(result.equation).toBeNull()
    expect(result.parameters.map(({ name }) => name)).toEqual(['Differences', 'Smoothing'])
    expect(result.paragraphs.join()).toContain('were averaged and not quantified again')
  })

  it('of every pair is written where it is asked for', () => {
    const series = noisy(TYPES)
    const { result } = compute(run({ options: { 'asl-timeseries': true } }), series, {}, everywhere)
    const map = result.maps.find(({ name }) => name.desc === 'timeseries')
    expect(map?.frames).toBe(3)
    const all = mapOf(result, 'cbf', 'timeseries')
    for (let v = 0; v < n; v++)
      expect((all[v]! + all[v + n]! + all[v + 2 * n]!) / 3).toBeCloseTo(mapOf(result, 'cbf')[v]!, 3)
  })

  it('smoothed is that of smoothed images', () => {
    const series = noisy(TYPES)
    const half = Uint8Array.from({ length: n }, (_, v) => (v % 6 < 3 ? 1 : 0))
    const plain = mapOf(compute(run(), series, {}, half).result, 'cbf').filter((_, v) => half[v] === 1)
    const smooth = mapOf(compute(run({ options: { smooth: 8 } }), series, {}, half).result, 'cbf').filter(
      (_, v) => half[v] === 1,
    )
    expect(standardDeviation(smooth)).toBeLessThan(standardDeviation(plain) / 3)
    expect(Math.abs(mean(smooth) - mean(plain))).toBeLessThan(2)
  })
})

describe('the result', () => {
  const specs: readonly RunSpec[] = [
    {},
    { options: { 'asl-timeseries': true } },
    { types: ['deltam', 'm0scan'] },
    { types: ['deltam', 'm0scan'], options: { 'asl-timeseries': true } },
    { types: ['cbf'], sidecar: { Units: 'mL/100g/min' } },
    { types: ['control', 'label'], sidecar: { M0Type: 'Absent', BackgroundSuppression: true } },
    { types: ['control', 'label'], sidecar: { M0Type: 'Absent' } },
    { types: ['control', 'label'], sidecar: { M0Type: 'Estimate', M0Estimate: 1000 } },
    { sidecar: PULSED },
  ]

  it.each(specs.map((spec, at) => [at, spec] as const))(
    'holds the images that were promised, in order (%s)',
    (_, spec) => {
      const made = run(spec)
      const { result } = compute(made, noisy(spec.types ?? TYPES), {}, everywhere)
      expect(result.maps.map(({ name }) => name)).toEqual(bound(made).computation.outputs)
      for (const map of result.maps) {
        expect(map.values.length).toBe(n * (map.frames ?? 1))
        const template: { readonly Units?: string } = JSON.parse(
          readFileSync(`bids_templates/maps/${map.template}.json`, 'utf8'),
        )
        expect(template.Units, map.template).toBe(map.unit)
      }
    },
  )

  it('is the same twice', () => {
    const read = () => {
      const { curves, ...rest } = compute(run(), noisy(TYPES)).result
      const [measured, fitted] = [0, 1].map(() => new Float64Array(curves?.x.values.length ?? 0))
      curves?.read(0, measured!, fitted!)
      return { ...rest, x: curves?.x, measured, fitted }
    }
    expect(read()).toEqual(read())
  })

  it('has a status for every voxel, and NaN where there is no estimate', () => {
    const mask = everywhere.slice()
    mask[0] = 0
    const series = noisy(TYPES)
    series.data[n + 7] = Number.NaN
    const { result } = compute(run(), series, {}, mask)
    expect([...result.status.subarray(0, 9)]).toEqual([0, 1, 1, 1, 1, 1, 1, 4, 1])
    expect(mapOf(result, 'cbf')[7]).toBeNaN()
    expect(mapOf(result, 'cbf', 'sd')[7]).toBeNaN()
    expect(mapOf(result, 'mask', 'reliable')[7]).toBe(0)
  })

  it('calls reliable what has a standard error of at most half of its value', () => {
    const { result } = compute(run(), noisy(TYPES), {}, everywhere)
    const [cbf, sd, reliable] = [mapOf(result, 'cbf'), mapOf(result, 'cbf', 'sd'), mapOf(result, 'mask', 'reliable')]
    for (let v = 0; v < n; v++) expect(reliable[v]).toBe(sd[v]! <= 0.5 * Math.abs(cbf[v]!) ? 1 : 0)
    expect(result.maps.find(({ kind }) => kind === 'mask')?.sidecar).toMatchObject({ Threshold: 0.5 })
  })

  it('states where every number came from', () => {
    const { result } = compute(
      run({ sidecar: { BackgroundSuppression: true, BackgroundSuppressionNumberPulses: 2 } }),
      noisy(TYPES),
      {},
      everywhere,
    )
    for (const { name, source, from, defaultSource } of result.parameters) {
      if (source === 'default') expect(defaultSource, name).toMatch(/^doi:10\.|^perfquant$/)
      if (source === 'option' || source === 'sidecar') expect(from, name).toBeTruthy()
    }
    const byName = Object.fromEntries(result.parameters.map(({ name, value }) => [name, value]))
    expect(byName).toMatchObject({
      LabelingDuration: 1.8,
      PostLabelingDelay: 1.8,
      BloodT1: 1.65,
      PartitionCoefficient: 0.9,
      LabelingEfficiency: 0.85,
      M0T1CorrectionFactor: 1,
      SliceTimingCorrected: false,
    })
    expect(byName['LabelingEfficiencyUsed']).toBeCloseTo(0.767125, 12)
  })

  it('explains itself by the branch taken, and cites what it names', () => {
    const { result } = compute(
      run({
        sidecar: { BackgroundSuppression: true, BackgroundSuppressionNumberPulses: 2, RepetitionTimePreparation: 3.5 },
      }),
      noisy(TYPES),
      {},
      everywhere,
    )
    const text = result.paragraphs.join('\n')
    expect(text).toContain('single-delay equation for PCASL [@alsop2015]')
    expect(text).toContain('times 0.95 for each background-suppression pulse [@garcia2005]: 0.7671.')
    expect(text).toContain('corrected for incomplete recovery with a tissue T1 of 1.33 s')
    expect(text).toContain('and not smoothed')
    const cited = [...text.matchAll(/@(\w+)/g)].map(match => match[1])
    expect(Object.keys(result.references).sort()).toEqual([...new Set(cited)].sort())
    expect(result.equation?.filled[0]).toContain(
      'CBF = 6000 · 0.9 · ΔM · exp(1.8/1.65) / (2 · 0.7671 · 1.65 · (1 − exp(−1.8/1.65)) · M0) = 9562 · ΔM/M0',
    )
    expect(result.equation?.filled).toContain('M0 = S / (1 − exp(−3.5/1.33)) = 1.078 · S')
  })

  it('of pulsed labelling shows its own equation', () => {
    const line = (changes: object) =>
      compute(run({ sidecar: { ...PULSED, ...changes } }), noisy(TYPES), {}, everywhere).result.equation?.filled[0]
    expect(line({})).toContain('CBF = 6000 · 0.9 · ΔM · exp(1.8/1.65) / (2 · 0.98 · 0.8 · M0) = 10250 · ΔM/M0')
    expect(line({ BolusCutOffTechnique: 'QUIPSS', BolusCutOffDelayTime: 0.7 })).toContain('(1.8 − 0.7)')
    expect(line({ BolusCutOffTechnique: 'Q2TIPS', BolusCutOffDelayTime: [0.8, 1.6] })).toContain('0.8 · M0')
  })
})

describe('preparing', () => {
  it('gives the mean M0 as reference, else the mean control, else the mean difference', () => {
    const reference = (types: readonly string[], sidecar = {}) => {
      const made = bound(run({ types, sidecar })).computation.prepare([noisy(types)], {})
      return made.ok ? mean(made.value.reference.values) : Number.NaN
    }
    expect(reference(TYPES)).toBeCloseTo(1000, -1)
    expect(reference(['control', 'label'], { M0Type: 'Absent' })).toBeCloseTo(1000, -1)
    expect(reference(['deltam'], { M0Type: 'Estimate', M0Estimate: 900 })).toBeCloseTo(7, 0)
  })

  it('takes the mask from a separate M0, on whatever grid it lies', () => {
    const made = run({
      types: ['control', 'label'],
      sidecar: { M0Type: 'Separate' },
      m0: { sidecar: { RepetitionTimePreparation: 6 } },
    })
    const inBlock = (i: number, j: number, k: number, m: number) =>
      i >= m && i < 5 * m && j >= m && j < 4 * m && k >= m && k < 3 * m
    const block = (scale: number) => {
      const [ni, nj, nk] = [6 * scale, 5 * scale, 4 * scale]
      return Float64Array.from({ length: ni * nj * nk }, (_, v) =>
        inBlock(v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj)), scale) ? 1000 : 1,
      )
    }
    const fine = { shape: [12, 10, 8] as const, affine: [2, 0, 0, -1, 0, 2, 0, -1, 0, 0, 2.5, -1.25] }
    const maskOf = (m0: ReturnType<typeof volumeOf>) => {
      const prepared = bound(made).computation.prepare([noisy(['control', 'label'])], { m0: [m0] })
      return prepared.ok ? [...prepared.value.mask] : []
    }
    const same = maskOf(volumeOf(grid, [block(1)]))
    expect(same.filter(value => value === 1)).toHaveLength(4 * 3 * 2)
    expect(maskOf(volumeOf(fine, [block(2)]))).toEqual(same)
  })

  it('gives one row of confounds a volume', () => {
    const { prepared } = compute(run(), noisy(TYPES), {}, everywhere)
    expect(prepared.confounds.columns).toEqual([
      'trans_x',
      'trans_y',
      'trans_z',
      'rot_x',
      'rot_y',
      'rot_z',
      'framewise_displacement',
      'volume_type',
      'global_signal',
    ])
    expect(prepared.confounds.rows.map(row => row[7])).toEqual(TYPES)
    expect(prepared.confounds.rows.every(row => row.length === 9 && row[0] === 'n/a')).toBe(true)
  })
})

it('the slice names itself and its options', () => {
  expect(asl).toMatchObject({ name: 'asl', datatype: 'perf', suffix: 'asl', stage: { stage: '5' } })
  expect(asl.options).toContain('asl-m0-fwhm')
})

it('recovers any flow that a noise-free series was made from', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -50, max: 200, noNaN: true }),
      fc.double({ min: 0.5, max: 3, noNaN: true }),
      fc.double({ min: 0.5, max: 3, noNaN: true }),
      (cbf, LabelingDuration, PostLabelingDelay) => {
        const weight = 1.65 * Math.exp(-PostLabelingDelay / 1.65) * (1 - Math.exp(-LabelingDuration / 1.65))
        const difference = 2 * 0.85 * (1000 / 0.9) * (cbf / 6000) * weight
        const frames = [1000, 1000, 1000 - difference].map(value => new Float64Array(n).fill(value))
        const spec: RunSpec = {
          types: ['m0scan', 'control', 'label'],
          sidecar: { TotalAcquiredPairs: 1, LabelingDuration, PostLabelingDelay },
        }
        const found = mapOf(compute(run(spec), volumeOf(grid, frames), {}, everywhere).result, 'cbf')[0]!
        expect(Math.abs(found - cbf)).toBeLessThanOrEqual(1e-6 * Math.abs(cbf) + 1e-6)
      },
    ),
    { numRuns: 30 },
  )
})
