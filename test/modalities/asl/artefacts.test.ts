import { describe, expect, it } from 'vitest'
import { tissueInflow } from '../../../src/kinetics/asl-inflow.ts'
import { createRandom } from '../../../src/numerics/random.ts'
import { PER_100G_PER_MIN } from '../../../src/units.ts'
import { compute, gridOf, mapOf, type RunSpec, runOf, volumeOf } from './run.ts'

const shape = [20, 20, 12] as const
const [ni, nj, nk] = shape
const n = ni * nj * nk
/** Voxels of 8 mm, the first of each axis at the right, back and bottom of scanner space unless the axis is turned. */
const grid = gridOf([...shape], [8, 8, 8])
const M0 = 1000
/** ΔM of 1 mL/100g/min in the sound run. */
const PER_FLOW = 7 / 60.40994409069189
const TYPES = ['m0scan', 'control', 'label', 'control', 'label', 'control', 'label']

interface Place {
  readonly i: number
  readonly j: number
  readonly k: number
}
const placeOf = (v: number): Place => ({ i: v % ni, j: Math.floor(v / ni) % nj, k: Math.floor(v / (ni * nj)) })
/** All but the outermost layer. */
const mask = Uint8Array.from({ length: n }, (_, v) => {
  const { i, j, k } = placeOf(v)
  return i > 0 && i < ni - 1 && j > 0 && j < nj - 1 && k > 0 && k < nk - 1 ? 1 : 0
})
const inside = mask.reduce((sum, one) => sum + one, 0)

/** Quality, maps and problems of an image of known flow [mL/100g/min] and M0. */
function look(flow: (place: Place) => number, spec: RunSpec = {}, m0: (place: Place) => number = () => M0, noise = 0) {
  const random = createRandom('artefacts')
  const places = Array.from({ length: n }, (_, v) => placeOf(v))
  const frames = TYPES.map(type =>
    places.map(
      place =>
        m0(place) -
        (type === 'label' ? (m0(place) / M0) * PER_FLOW * flow(place) : 0) +
        (type === 'm0scan' ? 0 : noise * random.normal()),
    ),
  )
  const run = runOf({ shape: [...shape], types: TYPES, ...spec, options: { 'asl-m0-fwhm': 0, ...spec.options } })
  const { result, problems } = compute(run, volumeOf(grid, frames), {}, mask)
  const quality = Object.fromEntries(result.quality.map(({ name, value }) => [name, value]))
  return { quality, result, codes: problems.map(({ code }) => code), problems }
}

describe('territories', () => {
  it('of an even brain are even, and nothing is said', () => {
    const { quality, codes } = look(() => 50)
    for (const name of [
      'asymmetry_lr_brain',
      'asymmetry_ap_brain',
      'asymmetry_lr_front_brain',
      'asymmetry_lr_back_brain',
    ])
      expect(quality[name]).toBeCloseTo(0, 6)
    for (const side of ['left', 'right'])
      for (const end of ['front', 'back']) expect(quality[`territory_${side}_${end}_brain`]).toBeCloseTo(1, 6)
    expect(codes).not.toContain('LABELLING_ASYMMETRIC')
  })

  it('name the one whose artery was not labelled', () => {
    // Scanner coordinates grow with i to the right and with j to the front.
    const { quality, problems } = look(({ i, j }) => (i < ni / 2 && j >= nj / 2 ? 20 : 60))
    expect(quality['territory_left_front_brain']).toBeCloseTo(20 / 50, 6)
    expect(quality['territory_right_back_brain']).toBeCloseTo(60 / 50, 6)
    expect(quality['asymmetry_lr_front_brain']).toBeCloseTo(-100, 6)
    expect(quality['asymmetry_lr_back_brain']).toBeCloseTo(0, 6)
    expect(quality['asymmetry_lr_brain']).toBeCloseTo(-40, 6)
    expect(quality['asymmetry_ap_brain']).toBeCloseTo(-40, 6)
    const found = problems.filter(({ code }) => code === 'LABELLING_ASYMMETRIC')
    expect(found).toHaveLength(1)
    expect(found[0]?.message).toContain('left front is lower than right front by 100 %')
  })

  it('are named for the vertebral arteries, too', () => {
    const { problems } = look(({ j }) => (j < nj / 2 ? 30 : 60))
    expect(problems.find(({ code }) => code === 'LABELLING_ASYMMETRIC')?.message).toContain(
      'back is lower than front by 67 %',
    )
  })

  it('up to 25 % are not remarked on, nor where M0 is as uneven', () => {
    expect(look(({ i }) => (i < ni / 2 ? 50 : 60)).codes).not.toContain('LABELLING_ASYMMETRIC')
    const uneven = look(
      ({ i }) => (i < ni / 2 ? 30 : 60),
      {},
      ({ i }) => (i < ni / 2 ? 500 : M0),
    )
    expect(uneven.quality['asymmetry_lr_brain']).toBeCloseTo(-200 / 3, 6)
    expect(uneven.codes).not.toContain('LABELLING_ASYMMETRIC')
  })
})

describe('vascular voxels', () => {
  const bright = ({ i, j, k }: Place) => i === 10 && j === 10 && k > 0 && k < 7
  // A pattern with a spread: 49, 50 and 51 alike.
  const flow = (place: Place) => (bright(place) ? 400 : 49 + ((place.i + place.j + place.k) % 3))

  it('are written as a mask and counted, and left in', () => {
    const { result, quality } = look(flow)
    const found = mapOf(result, 'mask', 'vascular')
    for (let v = 0; v < n; v++) expect(found[v]).toBe(bright(placeOf(v)) ? 1 : 0)
    expect(quality['vascular_brain']).toBeCloseTo((100 * 6) / inside, 9)
    expect(mapOf(result, 'cbf')[10 + ni * (10 + nj)]).toBeCloseTo(400, 2)
  })

  it('are no matter of other organs', () => {
    const { result, quality } = look(flow, { options: { 'asl-organ': 'body' } })
    expect(result.maps.some(({ name }) => name.desc === 'vascular')).toBe(false)
    expect(quality).not.toHaveProperty('vascular_body')
    expect(quality).not.toHaveProperty('sagittal_sinus')
  })
})

it('clusters of negative perfusion are counted and measured', () => {
  // Two cubes of 2 × 2 × 2 voxels of 0.512 mL, and a single voxel, which is less than 1 mL.
  const cube = ({ i, j, k }: Place, at: number) => [i, j, k].every(x => x === at || x === at + 1)
  const { quality } = look(place =>
    cube(place, 3) || cube(place, 8) || (place.i === 15 && place.j === 4 && place.k === 4) ? -10 : 50,
  )
  expect(quality['negative_clusters']).toBe(2)
  expect(quality['negative_cluster']).toBeCloseTo(8 * 0.512, 9)
})

it('dropout is where the reference image is dark', () => {
  const { quality } = look(
    () => 50,
    {},
    ({ j, k }) => (k <= 3 && j >= 10 ? 200 : M0),
  )
  expect(quality['dropout_brain']).toBeCloseTo((100 * 3 * 9) / ((nk - 2) * (nj - 2)), 6)
})

describe('venous perfusion', () => {
  const even = look(() => 50).quality

  it('is even where label stays in tissue', () => {
    expect(even['sagittal_sinus']).toBeCloseTo(1, 6)
    expect(even['transverse_sinus']).toBeCloseTo(1, 6)
  })

  it('is flagged along the sagittal sinus', () => {
    const { quality, result } = look(({ i, j, k }) => ((i === 9 || i === 10) && j === 1 && k >= nk / 2 ? 200 : 50))
    expect(quality['sagittal_sinus']).toBeGreaterThan(2)
    expect(quality['transverse_sinus']).toBeCloseTo(even['transverse_sinus']!, 1)
    const shown = result.quality.find(({ name }) => name === 'sagittal_sinus')
    expect(shown?.expected).toEqual([0, 2])
  })

  it('is flagged along the transverse sinuses', () => {
    const { quality } = look(({ i, j, k }) => (j === 1 && k < nk / 2 && Math.abs(i - 9.5) > 2 ? 250 : 50))
    expect(quality['transverse_sinus']).toBeGreaterThan(2)
    expect(quality['sagittal_sinus']).toBeLessThan(1.2)
  })
})

describe('a delay that failed', () => {
  const DELAYS = [0.5, 1, 1.5, 2, 2.5, 3]
  const types = ['m0scan', ...DELAYS.flatMap(() => ['control', 'label', 'control', 'label'])]
  const label = (2 * 0.85 * M0) / 0.9

  function fit(gain: (delay: number) => number, type: 'PCASL' | 'PASL' = 'PCASL') {
    const random = createRandom('failed delay')
    const isPulsed = type === 'PASL'
    const delays = isPulsed ? [0.6, 1, 1.4, 1.8, 2.2, 2.6] : DELAYS
    const frames = [
      new Float64Array(n).fill(M0),
      ...delays.flatMap(delay =>
        ['control', 'label', 'control', 'label'].map(kind => {
          const bolus = isPulsed ? { time: delay, duration: 0.8 } : { time: 1.8 + delay, duration: 1.8 }
          const response = tissueInflow(bolus, 0.9, 1.65, isPulsed ? 'pulsed' : 'continuous')
          const difference = (gain(delay) * label * 50 * response) / PER_100G_PER_MIN
          return Float64Array.from(
            { length: n },
            () => M0 - (kind === 'label' ? difference : 0) + 0.3 * random.normal(),
          )
        }),
      ),
    ]
    const run = runOf({
      shape: [...shape],
      types,
      sidecar: {
        PostLabelingDelay: [0, ...delays.flatMap(delay => [delay, delay, delay, delay])],
        TotalAcquiredPairs: 12,
        ...(isPulsed
          ? {
              ArterialSpinLabelingType: 'PASL',
              LabelingDuration: undefined,
              LabelingEfficiency: 0.85,
              BolusCutOffFlag: true,
              BolusCutOffTechnique: 'QUIPSSII',
              BolusCutOffDelayTime: 0.8,
            }
          : {}),
      },
      options: { 'asl-m0-fwhm': 0 },
    })
    const { result, problems } = compute(run, volumeOf(grid, frames), {}, mask)
    return {
      departure: result.quality.find(({ name }) => name === 'delay_departure_brain')?.value,
      found: problems.find(({ code }) => code === 'DELAY_DEPARTS')?.message,
    }
  }

  it('is not seen in a sound series', () => {
    for (const type of ['PCASL', 'PASL'] as const) {
      const { departure, found } = fit(() => 1, type)
      expect(Math.abs(departure!)).toBeLessThan(1)
      expect(found).toBeUndefined()
    }
  })

  it('is named', () => {
    const { departure, found } = fit(delay => (delay === 1.5 ? 0 : 1))
    expect(departure).toBeCloseTo(-100, 0)
    expect(found).toContain('3.3 s after the start of labelling is 100 % below the fit')
    const pulsed = fit(delay => (delay === 1.8 ? 0 : 1), 'PASL')
    expect(pulsed.departure).toBeLessThan(-90)
    expect(pulsed.found).toContain('1.8 s after the start of labelling')
  })
})

describe('what is expected goes by age', () => {
  const bandOf = (participant: Record<string, string>) => {
    const gm = [volumeOf(grid, [new Float64Array(n).fill(1)])]
    const run = runOf({ shape: [...shape], types: TYPES, participant, options: { 'asl-m0-fwhm': 0 } })
    const frames = TYPES.map(type => new Float64Array(n).fill(M0 - (type === 'label' ? PER_FLOW * 60 : 0)))
    const { result } = compute(run, volumeOf(grid, frames), { gm }, mask)
    const bands = result.figures.flatMap(figure => (figure.kind === 'histogram' ? (figure.bands ?? []) : []))
    return {
      gm: result.quality.find(({ name }) => name === 'cbf_gm')?.expected,
      labels: bands.map(({ label }) => label),
    }
  }

  it.each([
    [{}, [40, 80], ['grey matter, adults', 'white matter, adults']],
    [{ age: '34' }, [40, 80], ['grey matter, adults', 'white matter, adults']],
    [{ age: 'n/a' }, [40, 80], ['grey matter, adults', 'white matter, adults']],
    [{ age: '89+' }, [40, 80], ['grey matter, adults', 'white matter, adults']],
    [{ age: '8' }, [50, 120], ['grey matter, children']],
    [{ age: '0.03' }, [5, 35], ['grey matter, neonates']],
    [{ age: '10', age_unit: 'days' }, [5, 35], ['grey matter, neonates']],
  ])('%j', (participant, gm, labels) => {
    expect(bandOf(participant)).toEqual({ gm, labels })
  })
})
