import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runValidator } from '../../../src/bids/validate.ts'
import { frameValues } from '../../../src/image/volume.ts'
import { readVolume } from '../../../src/nifti/index.ts'
import { listFiles, newFolder, perfquant, readJson, readTsv } from '../../run/harness.ts'

/** The built command, from a simulated dataset to the group table. */

const root = newFolder('dsc')
const [data, out] = [join(root, 'data'), join(root, 'out')]
const stem = join(out, 'sub-01/perf/sub-01')

async function valuesOf(path: string): Promise<Float32Array | Float64Array> {
  const volume = await readVolume(path)
  if (!volume.ok) throw new Error(volume.problems.map(({ message }) => message).join())
  return frameValues(volume.value, 0)
}

async function errorsIn(dataset: string): Promise<string[]> {
  const { issues } = await runValidator(dataset, listFiles(dataset), 'dist/vendor/bids-schema-validator.mjs')
  return issues
    .filter(({ severity }) => severity === 'error')
    .map(({ code, subCode, location }) => [code, subCode, location].filter(Boolean).join(' '))
}

describe('simulate, participant, group', () => {
  it('gives maps, tables and a report of a dataset without an error', async () => {
    const made = perfquant('simulate', data, '-m', 'dsc', '--subjects', '1', '--snr', '100')
    expect(made.code, made.err).toBe(0)
    const ran = perfquant(data, out, 'participant', 'group')
    // The T1w gives the tissues that ratios to white matter ask for.
    expect(ran.last, ran.err).toBe('perfquant finished: 2 of 2 runs (exit 0)')
    const files = listFiles(join(out, 'sub-01/perf'))
    for (const name of [
      'param-rcbv_dscmap',
      'param-rcbf_dscmap',
      'model-osvd_param-cbf_dscmap',
      'model-osvd_param-tmax_desc-sd_dscmap',
      'model-nocorr_param-cbv_dscmap',
      'model-bsw_param-k2_dscmap',
      'model-curve_param-psr_dscmap',
      'mod-dsc_desc-aif_mask',
      'mod-dsc_model-bsw_desc-fitstatus_dseg',
      'mod-dsc_model-osvd_param-mtt_desc-reliable_mask',
    ])
      expect(files).toContain(`sub-01_${name}.nii.gz`)
    expect(files).toContain('sub-01_mod-dsc_desc-aif_timeseries.tsv')
    expect(await errorsIn(out)).toEqual([])
    expect(await errorsIn(data)).toEqual([])
  })

  it('says of each map what it is, and of its scale that it is relative', () => {
    const json = readJson<Record<string, unknown>>(`${stem}_model-osvd_param-cbf_dscmap.json`)
    expect(json).toMatchObject({
      Units: 'mL/100g/min',
      Quantification: 'relative',
      BrainDensity: 1.04,
      OscillationLimit: 0.035,
      TechnicalEfficacyStage: '4',
    })
    expect(json['KappaH']).toBeCloseTo(0.7333, 4)
  })

  it('finds arteries in arteries alone', async () => {
    const [mask, artery] = [
      await valuesOf(`${stem}_mod-dsc_desc-aif_mask.nii.gz`),
      await valuesOf(join(data, 'derivatives/truth/sub-01/anat/sub-01_mod-dsc_label-artery_probseg.nii.gz')),
    ]
    const shares = [...mask.keys()].filter(v => mask[v] === 1).map(v => artery[v]!)
    expect(shares.length).toBeGreaterThan(1)
    expect(Math.min(...shares)).toBeGreaterThan(0.9)
  })

  it('has a dictionary for every column, rows that are unique, and nothing that fails in the protocol', () => {
    for (const path of listFiles(out).filter(
      file => file.endsWith('.tsv') && !/_dseg\.tsv$|^descriptions\.tsv$/.test(file),
    )) {
      const head = readFileSync(join(out, path), 'utf8').split('\n')[0]?.split('\t') ?? []
      const described = Object.keys(readJson(join(out, path.replace(/tsv$/, 'json'))))
      expect(
        head.filter(column => !described.includes(column)),
        path,
      ).toEqual([])
    }
    const keys = readTsv(out, 'group_regions.tsv').map(row =>
      ['bids_name', 'modality', 'model', 'param', 'desc', 'atlas', 'region', 'source']
        .map(column => row[column])
        .join(),
    )
    expect(new Set(keys).size).toBe(keys.length)
    const protocol = readTsv(`${stem}_desc-protocol_dsc.tsv`)
    expect(protocol.filter(({ verdict }) => verdict === 'fail')).toEqual([])
    expect(protocol.find(({ rule }) => rule === 'DSC-13')).toMatchObject({ verdict: 'pass' })
  })

  it('gives volumes that say that they are not for diagnosis', () => {
    const rows = readTsv(`${stem}_desc-strokevolumes_dsc.tsv`)
    expect(rows.find(({ threshold }) => threshold === '6')).toMatchObject({
      measure: 'delayed_volume',
      slice_timing: 'corrected',
      purpose: 'research, not for diagnosis',
    })
    expect(Number(rows.find(({ threshold }) => threshold === '6')?.['value'])).toBeGreaterThan(20)
  })

  it('does nothing twice', () => {
    expect(perfquant(data, out, 'participant').err).toMatch(/already sub-01 dsc/)
  })
})
