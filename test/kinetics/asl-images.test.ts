import { describe, expect, it } from 'vitest'
import { regressTissues } from '../../src/kinetics/asl-partial-volume.ts'
import { deviations, rejectOutliers } from '../../src/kinetics/asl-score.ts'
import { createRandom } from '../../src/numerics/random.ts'
import { bloodPerReference, saturationRecovery, suppressedMagnetisation } from '../../src/physics/signal.ts'
import { caseOf, expectClose, number, numbers } from '../modalities/asl/cases.ts'

describe('regression on tissue maps', () => {
  const flat = (rows: unknown) => Float64Array.from((rows as number[][]).flat())

  it('PVC-01', () => {
    const { inputs, expected, tolerance } = caseOf('PVC-01')
    const fractions = [flat(inputs['pv_gm']), flat(inputs['pv_wm'])]
    const [gm, wm] = regressTissues([flat(inputs['deltam_au'])], fractions, new Uint8Array(25).fill(1), [5, 5, 1])
    expectClose(gm![0]![12]!, number(expected, 'gm_deltam_au'), tolerance, 'GM')
    expectClose(wm![0]![12]!, number(expected, 'wm_deltam_au'), tolerance, 'WM')
  })

  it('does without a tissue that is not there, and without voxels that are no numbers', () => {
    const n = 75
    const gm = Float64Array.from({ length: n }, (_, v) => (v < 50 ? 0.3 + 0.01 * (v % 25) : 1))
    const wm = gm.map((share, v) => (v < 50 ? 0.9 - share : 0))
    const signal = gm.map((share, v) => 6 * share + 2 * wm[v]!)
    signal[7] = Number.NaN
    const mask = new Uint8Array(n).fill(1)
    mask[0] = 0
    const [grey, white] = regressTissues([signal], [gm, wm], mask, [5, 5, 3])
    expect(grey![0]![0]).toBeNaN()
    for (let v = 1; v < n; v++) expect(grey![0]![v]).toBeCloseTo(6, 9)
    for (let v = 1; v < 50; v++) expect(white![0]![v]).toBeCloseTo(2, 9)
    for (let v = 50; v < n; v++) expect(white![0]![v]).toBeNaN()
  })

  it('tells nothing where tissues are mixed alike throughout', () => {
    const half = new Float64Array(25).fill(0.5)
    const [gm] = regressTissues([half], [half, half], new Uint8Array(25).fill(1), [5, 5, 1])
    expect(gm![0]!.every(Number.isNaN)).toBe(true)
  })
})

describe('outliers', () => {
  it('SCORE-01: means far from the median', () => {
    const { inputs, expected } = caseOf('SCORE-01')
    const means = numbers(inputs, 'gm_mean_cbf_per_volume')
    const kept = deviations(means).flatMap((away, at) => (Math.abs(away) <= number(inputs, 'k') ? [at] : []))
    expect(kept).toEqual(expected['kept_volume_indices'])
    expect(deviations(means)[5]! * number(expected, 'robust_sd')).toBeCloseTo(95 - number(expected, 'median'), 9)
    expect(deviations([1, 1, 1, 1])).toEqual([0, 0, 0, 0])
  })

  it('leaves out an artefact whose mean is innocent, and nothing of noise alone', () => {
    const random = createRandom('score')
    const n = 600
    const tissues = Uint8Array.from({ length: n }, (_, v) => Math.floor(v / 200))
    const level = [60, 20, 0]
    const images = Array.from({ length: 20 }, () =>
      Float32Array.from({ length: n }, (_, v) => level[tissues[v]!]! + 15 * random.normal()),
    )
    const means = images.map(() => 60)
    const clean = rejectOutliers(
      means,
      means.map(() => 0),
      images,
      tissues,
    ).filter(({ reason }) => reason !== null)
    images[4] = images[4]!.map((value, v) => value + (v % 2 ? 1500 : -1500))
    const judged = rejectOutliers(
      means,
      means.map(() => 0),
      images,
      tissues,
    )
    expect(judged[4]).toMatchObject({ reason: 'structure' })
    expect(judged.filter(({ reason }) => reason !== null).length).toBeLessThanOrEqual(clean.length + 2)
  })

  it('of several delays are those far from their own, and the medians do not narrow the spread', () => {
    const means = [1, 1.1, 0.9, 3, 3.12, 2.9, 2, 2.08, 9]
    const judged = rejectOutliers(means, [0, 0, 0, 1, 1, 1, 2, 2, 2], [], new Uint8Array(0))
    expect(judged.map(({ reason }) => reason)).toEqual([...new Array(8).fill(null), 'mean'])
  })
})

describe('M0', () => {
  it.each(['M0-CSF-01', 'M0-WM-01'])('of blood from a reference tissue: %s', id => {
    const { inputs, expected, tolerance } = caseOf(id)
    const of = (key: string) => number(inputs, key)
    const recovered = of('mean_ref_signal_au') / saturationRecovery(of('tr_s') - of('taq_s'), of('t1_ref_s'))
    const M0b = recovered * bloodPerReference(of('te_s'), of('t2_blood_s'), of('t2_ref_s'), of('partition_ref'))
    expectClose(M0b, number(expected, 'm0_blood_au'), tolerance)
  })

  it('BS-RES-01: what background suppression leaves', () => {
    const { inputs, expected, tolerance } = caseOf('BS-RES-01')
    const left = suppressedMagnetisation(
      number(inputs, 'saturation_before_readout_s'),
      numbers(inputs, 'inversions_before_readout_s'),
      number(inputs, 't1_s'),
    )
    expectClose(left, number(expected, 'mz_over_m0'), tolerance)
    expect(suppressedMagnetisation(2, [], 1.3)).toBeCloseTo(saturationRecovery(2, 1.3), 12)
  })
})
