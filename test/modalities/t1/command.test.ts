import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { frameValues } from '../../../src/image/volume.ts'
import { readVolume } from '../../../src/nifti/index.ts'
import { spoiledSignal } from '../../../src/physics/signal.ts'
import { perfquant, readJson } from '../../run/harness.ts'
import { smallDataset, type Written } from '../dce/dataset.ts'

/** T1 through the built command: reference cases as images, and what cannot be fitted. */

const FOLDER = '../shared/data/dce'
const isThere = existsSync(`${FOLDER}/osipi`)
if (!isThere) console.warn(`SKIPPED: OSIPI cases of T1 through the command need ${FOLDER}`)

const csv = (path: string) => {
  const [head, ...lines] = readFileSync(join(FOLDER, path), 'utf8')
    .replace(/^\uFEFF/, '')
    .trim()
    .split(/\r?\n/)
  const names = head!.split(',').map(name => name.trim())
  return lines.map(line => Object.fromEntries(line.split(',').map((cell, at) => [names[at]!, cell])))
}
const numbers = (cell: string | undefined) => (cell ?? '').trim().split(/\s+/).filter(Boolean).map(Number)

async function valuesOf(path: string): Promise<Float32Array> {
  const volume = await readVolume(path)
  if (!volume.ok) throw new Error(volume.problems[0]?.message)
  return Float32Array.from(frameValues(volume.value, 0))
}

const run = ({ root }: Written, ...options: string[]) => {
  const folder = join(root, '../out')
  const ran = perfquant(root, folder, 'participant', '--skip-bids-validation', ...options)
  return { ...ran, map: (name: string) => valuesOf(join(folder, `sub-01/anat/sub-01_${name}.nii.gz`)), folder }
}

const vfa = (data: Written, angles: readonly number[], TR: number, signal: (angle: number, at: number) => number[]) => {
  for (const [at, angle] of angles.entries())
    data.image(`anat/sub-01_flip-${at + 1}_VFA`, signal(angle, at), 1, {
      FlipAngle: angle,
      RepetitionTimeExcitation: TR,
      MagneticFieldStrength: 3,
    })
}
const DEGREE = Math.PI / 180
const spoiled = (angle: number, TR: number, T1: number) =>
  1000 * spoiledSignal({ flipAngle: angle * DEGREE, repetitionTime: TR }, 1 / T1)

describe.skipIf(!isThere)('OSIPI sets as VFA images', () => {
  it.each([
    ['t1_brain_data', 1],
    ['t1_quiba_data', 1000],
  ] as const)('%s', async (file, perSecond) => {
    const rows = csv(`osipi/T1_mapping/${file}.csv`)
    const data = smallDataset(file, rows.length)
    const signals = rows.map(row => numbers(row['s']))
    vfa(data, numbers(rows[0]!['FA']), numbers(rows[0]!['TR'])[0]!, (_, at) => signals.map(list => list[at]!))
    const { code, err, map } = run(data)
    expect(code, err).toBe(0)
    const R1 = await map('desc-vfa_R1map')
    for (const [v, row] of rows.entries()) {
      const reference = perSecond * Number(row['R1'])
      expect(Math.abs(R1[v]! - reference), row['label']).toBeLessThanOrEqual(0.05 + 0.05 * reference)
    }
  })
})

const T1S = [0.3, 0.8, 1.2, 1.84, 3]

describe('T1 images', () => {
  it.each(['nonlinear', 'weighted', 'linear'])('of flip angles give T1 with B1 in percent, %s', async estimator => {
    const data = smallDataset('t1-vfa', T1S.length)
    const scales = [0.8, 0.9, 1, 1.1, 1.2]
    vfa(data, [2, 5, 12, 20], 0.005, angle => T1S.map((T1, v) => spoiled(scales[v]! * angle, 0.005, T1)))
    data.image(
      'fmap/sub-01_TB1map',
      scales.map(k => 100 * k),
      1,
      { Units: 'percent' },
    )
    const { code, err, map, folder } = run(data, '--dce-t1-fit', estimator)
    expect(code, err).toBe(0)
    for (const [v, T1] of (await map('desc-vfa_T1map')).entries()) expect(T1 / T1S[v]! - 1).toBeCloseTo(0, 4)
    expect(readJson(join(folder, 'sub-01/anat/sub-01_desc-vfa_T1map.json'))).toMatchObject({
      Units: 's',
      B1Method: 'TB1map',
      Estimator: { nonlinear: 'nlls', weighted: 'wlls', linear: 'lls' }[estimator],
    })
  })

  it.each([
    ['inversion', {}, (t: number, T1: number) => Math.abs(1000 - 1900 * Math.exp(-t / T1))],
    ['saturation', { SaturationRecovery: true }, (t: number, T1: number) => 1000 * (1 - Math.exp(-t / T1))],
  ] as const)('after %s give T1', async (_, fields, signal) => {
    const data = smallDataset('t1-recovery', T1S.length)
    for (const [at, t] of [0.05, 0.15, 0.4, 0.8, 1.6, 3.2].entries())
      data.image(
        `anat/sub-01_inv-${at + 1}_IRT1`,
        T1S.map(T1 => signal(t, T1)),
        1,
        { InversionTime: t, ...fields },
      )
    const { code, err, map } = run(data)
    expect(code, err).toBe(0)
    for (const [v, T1] of (await map('desc-irt1_T1map')).entries()) expect(T1 / T1S[v]! - 1).toBeCloseTo(0, 4)
  })

  it('with and without inversion give T1 and B1 together', async () => {
    // The voxel of a phantom in SEPAL (github.com/mjt320/SEPAL, Apache-2.0): T1 1.0218 s, k 1.1379.
    const data = smallDataset('t1-hifi', 1)
    const measured = [413, 604, 445]
    vfa(data, [2, 5, 12], 0.0054, (_, at) => [measured[at]!])
    for (const [at, [wait, signal]] of [
      [0.168, 249],
      [1.068, 585],
    ].entries())
      data.image(`anat/sub-01_inv-${at + 1}_IRT1`, [signal!], 1, {
        FlipAngle: 5,
        RepetitionTimeExcitation: 0.0054,
        InversionTime: wait! + 80 * 0.0054,
        RepetitionTimePreparation: wait! + 160 * 0.0054,
        NumberShots: [80, 80],
      })
    const { code, err, map } = run(data)
    expect(code, err).toBe(0)
    expect((await map('desc-hifi_T1map'))[0]).toBeCloseTo(1.0218, 3)
    expect((await map('desc-hifi_TB1map'))[0]).toBeCloseTo(113.79, 1)
  })

  it.each([
    ['one angle twice', { FlipAngle: 5 }, /T1 needs two or more/],
    ['another TR', { RepetitionTimeExcitation: 0.006 }, /needs one TR/],
    ['a TR in milliseconds', { RepetitionTimeExcitation: 5 }, /looks like milliseconds/],
    ['no angle', { FlipAngle: undefined }, /FlipAngle is missing/],
  ])('with %s are refused', (_, fields, sentence) => {
    const data = smallDataset('t1-refused', 2)
    vfa(data, [5, 15], 0.005, angle => [1, 2].map(T1 => spoiled(angle, 0.005, T1)))
    data.image('anat/sub-01_flip-2_VFA', [10, 20], 1, { FlipAngle: 15, RepetitionTimeExcitation: 0.005, ...fields })
    const { code, err } = run(data)
    expect(code).toBe(65)
    expect(err).toMatch(sentence)
  })
})
