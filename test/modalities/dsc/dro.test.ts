import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseName } from '../../../src/bids/name.ts'
import { frameValues, type Volume } from '../../../src/image/volume.ts'
import { dsc } from '../../../src/modalities/dsc/index.ts'
import type { Result } from '../../../src/modalities/modality.ts'
import { readHeader, readVolume } from '../../../src/nifti/index.ts'
import { mean, median } from '../../../src/numerics/statistics.ts'
import { mapOf, runOf } from './run.ts'

/** A digital reference object of others' curves: arteries, veins, grey and white matter, tiles of transit time and delay. */
const DATA = join(dirname(fileURLToPath(import.meta.url)), '../../../../shared/data/dsc/selfmade_dro')
const [GREY, WHITE, ARTERY] = [1, 2, 4]

function itWithData(name: string, test: () => Promise<void>): void {
  const there = existsSync(DATA)
  if (!there) console.warn(`SKIPPED, no data at ${DATA}: ${name}`)
  if (there || process.env['REQUIRE_ALL'] === '1') it(name, test, 60_000)
  else it.skip(name, () => undefined)
}

async function load(name: string): Promise<Volume> {
  const volume = await readVolume(join(DATA, `${name}.nii.gz`))
  if (!volume.ok) throw new Error(volume.problems.map(({ message }) => message).join())
  return volume.value
}

async function quantify(name: string): Promise<{ result: Result; labels: Float32Array | Float64Array }> {
  const file = join(DATA, `${name}.nii.gz`)
  const header = readHeader(file)
  const parsed = parseName(`${name.split('_')[0]}/perf/${name}.nii.gz`)
  if (!header.ok || !parsed) throw new Error(`${file} cannot be read`)
  const values: Record<string, unknown> = JSON.parse(readFileSync(file.replace('.nii.gz', '.json'), 'utf8'))
  const sidecar = { values, from: {}, files: [] }
  const bound = dsc.bind(runOf([{ uri: '', file, name: parsed, sidecar, header: header.value, tables: {} }]))
  if (!bound.ok) throw new Error(bound.problems.map(({ message }) => message).join())
  const [series, dseg] = [await load(name), await load('truth_dseg')]
  const labels = frameValues(dseg, 0)
  const is = (label: number): Volume => ({
    ...dseg,
    data: Float32Array.from(labels, value => (value === label ? 1 : 0)),
  })
  const ready = bound.value.prepare([series], {})
  if (!ready.ok) throw new Error(ready.problems.map(({ message }) => message).join())
  const mask = Uint8Array.from(labels, label => (label > 0 ? 1 : 0))
  const fitted = bound.value.fit({ ...ready.value, mask }, { gm: [is(GREY)], wm: [is(WHITE)] })
  if (!fitted.ok) throw new Error(fitted.problems.map(({ message }) => message).join())
  return { result: fitted.value, labels }
}

const valuesOf = (map: { values: ArrayLike<number> }, labels: ArrayLike<number>, label: number) =>
  Array.from(map.values).filter((value, v) => labels[v] === label && Number.isFinite(value))

describe('a digital reference object', () => {
  itWithData('has a grey-matter CBV of 4.0 ± 0.1 where white matter is 2, without noise', async () => {
    const { result, labels } = await quantify('sub-dronoisefree_dsc')
    expect(Math.abs(2 * mean(valuesOf(mapOf(result, undefined, 'rcbv'), labels, GREY)) - 4)).toBeLessThan(0.1)
  })

  for (const snr of ['100', '50'])
    itWithData(`gives arterial voxels alone, and 2.40 as the ratio of flows within 3 %, at SNR ${snr}`, async () => {
      const { result, labels } = await quantify(`sub-drosnr${snr}_dsc`)
      const aif = result.maps.find(({ name }) => name.desc === 'aif' && name.suffix === 'mask')
      const chosen = [...(aif?.values ?? [])].flatMap((value, v) => (value === 1 ? [labels[v]] : []))
      expect(chosen.length).toBeGreaterThan(1)
      expect(new Set(chosen)).toEqual(new Set([ARTERY]))
      const flow = mapOf(result, undefined, 'rcbf')
      const ratio = mean(valuesOf(flow, labels, GREY)) / mean(valuesOf(flow, labels, WHITE))
      expect(Math.abs(ratio / 2.4 - 1)).toBeLessThan(0.03)
      expect(median(valuesOf(mapOf(result, undefined, 'rcbv'), labels, WHITE))).toBeCloseTo(1, 2)
    })
})
