import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { frameValues } from '../../../src/image/volume.ts'
import { readVolume } from '../../../src/nifti/index.ts'
import { listFiles, newFolder, perfquant, readJson, readTsv } from '../../run/harness.ts'

/** The built command, from a simulated dataset to the group table. */

describe('simulate, participant, group', () => {
  const root = newFolder('ivim')
  const [data, out] = [join(root, 'data'), join(root, 'out')]
  const stem = join(out, 'sub-01/dwi/sub-01')

  it('gives valid maps, tables and a report', async () => {
    const made = perfquant('simulate', data, '-m', 'ivim', '--subjects', '1', '--b-set', 'liver', '--snr', '80')
    expect(made.code, made.err).toBe(0)
    const ran = perfquant(data, out, 'participant', 'group')
    expect(ran.code, ran.err).toBe(0)
    const files = listFiles(join(out, 'sub-01/dwi'))
    for (const param of ['D', 'f', 'Dstar', 'fDstar'])
      for (const name of [
        `model-ivim_param-${param}_dwimap`,
        `model-ivim_param-${param}_desc-sd_dwimap`,
        `mod-dwi_model-ivim_param-${param}_desc-reliable_mask`,
      ])
        expect(files).toContain(`sub-01_${name}.nii.gz`)
    expect(files).toContain('sub-01_model-adc_param-ADC_dwimap.nii.gz')
    expect(listFiles(out)).toEqual(
      expect.arrayContaining(['sub-01.html', 'group.html', 'group_ivim.tsv', 'group_regions.tsv']),
    )
    expect(readJson(`${stem}_model-ivim_param-f_dwimap.json`)).toMatchObject({
      Units: '1',
      Estimator: 'segmented',
      BThreshold: 200,
      ThresholdRule: '>=',
      TechnicalEfficacyStage: '2',
    })
    const volume = await readVolume(`${stem}_model-ivim_param-D_dwimap.nii.gz`)
    const values = volume.ok ? frameValues(volume.value, 0).filter(value => value > 0) : []
    expect(values.length).toBeGreaterThan(20_000)
  })

  it('does not warn that region fits have an estimator of their own', () => {
    expect(readFileSync(join(out, 'group.html'), 'utf8')).not.toContain('not comparable')
  })

  it('has one fit of each region in the table, and rows that are unique', () => {
    const rows = readTsv(out, 'group_regions.tsv')
    const fits = rows.filter(({ source }) => source === 'regionfit')
    const regions = [...new Set(fits.map(({ region }) => region))]
    expect(regions.slice(0, 4)).toEqual(['brain', 'GM', 'WM', 'CSF'])
    for (const region of regions)
      expect(fits.filter(row => row['region'] === region).map(({ param }) => param)).toEqual([
        'D',
        'f',
        'Dstar',
        'fDstar',
        'S0',
      ])
    // Fluid has no blood: f lies at its bound, and has no interval.
    for (const { value, ci_low, ci_high } of fits.filter(({ region }) => !region?.endsWith('CSF')))
      expect(Number(ci_low) < Number(value) && Number(value) < Number(ci_high)).toBe(true)
    const keys = rows.map(row =>
      ['bids_name', 'modality', 'model', 'param', 'desc', 'atlas', 'region', 'source']
        .map(column => row[column])
        .join(),
    )
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('judges the acquisition, and does nothing twice', () => {
    const protocol = readTsv(`${stem}_desc-protocol_dwi.tsv`)
    expect(protocol.filter(({ verdict }) => verdict === 'fail')).toEqual([])
    expect(protocol.find(({ rule }) => rule === 'IV12')).toMatchObject({ verdict: 'pass', value: '0 s/mm^2' })
    expect(perfquant(data, out, 'participant').err).toMatch(/already sub-01 ivim/)
  })
})
