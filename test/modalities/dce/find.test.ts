import { describe, expect, it } from 'vitest'
import { type BidsName, parseName } from '../../../src/bids/name.ts'
import type { ImageHeader } from '../../../src/image/header.ts'
import { dce } from '../../../src/modalities/dce/index.ts'
import type { Index } from '../../../src/modalities/modality.ts'
import { defaultOptions, type Options } from '../../../src/options.ts'
import { good } from '../../../src/problems.ts'

/** Which series are found, and what is found for them: names alone, no file. */

const header = (frames: number): ImageHeader => ({
  version: 1,
  littleEndian: true,
  grid: { shape: [4, 4, 4], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] },
  frames,
  datatype: 4,
  bytesPerVoxel: 2,
  slope: 1,
  intercept: 0,
  dataOffset: 352,
  frameSpacing: 5,
  oriented: true,
})

/** Paths below `sub-01/`; of 60 volumes where they are series, one with `flip-` or a map's suffix. */
function indexOf(paths: readonly string[], sidecars: Readonly<Record<string, object>> = {}): Index {
  const names = paths.flatMap(path => parseName(`sub-01/${path}`) ?? [])
  const isTable = (image: BidsName) => image.extension === '.tsv'
  return {
    images: names.filter(name => !isTable(name)),
    tables: suffix => names.filter(name => isTable(name) && name.suffix.toLowerCase() === suffix),
    sidecar: image => good({ values: { ...sidecars[image.path.replace('sub-01/', '')] }, from: {}, files: [] }),
    header: image => good(header(/map|VFA|TB1|run-9/.test(image.path) ? 1 : 60)),
    table: () => good(null),
    text: () => good(null),
    participant: () => ({}),
    acquiredAt: () => null,
    pointedAt: () => false,
  }
}

const find = (paths: readonly string[], options: Partial<Options> = {}) =>
  dce.find(indexOf(paths), { ...defaultOptions(), ...options })
const short = (path: string) => path.replace('sub-01/', '')
const seriesOf = (...paths: string[]) => find(paths).runs.flatMap(({ series }) => series.map(({ path }) => short(path)))
const leftOf = (...paths: string[]) => find(paths).left.map(({ image, reason }) => [short(image.path), reason])
const rawOf = (role: string, paths: readonly string[], options: Partial<Options> = {}) =>
  find(paths, options)
    .runs[0]?.roles.find(request => request.role === role)
    ?.raw.map(({ path }) => short(path))

const DCE = 'perf/sub-01_dce.nii.gz'

describe('series', () => {
  it('are perf/*_dce, else another name, which is said', () => {
    expect(seriesOf(DCE, 'func/sub-01_acq-dce_bold.nii.gz')).toEqual([DCE])
    for (const path of ['dce/sub-01_DCE.nii.gz', 'perf/sub-01_acq-dceVibe_perf.nii.gz']) {
      expect(seriesOf(path)).toEqual([path])
      expect(find([path]).runs[0]?.problems).toMatchObject([{ code: 'SERIES_BY_NAME' }])
    }
    expect(seriesOf('perf/sub-01_dsc.nii.gz', 'perf/sub-01_asl.nii.gz')).toEqual([])
  })

  it('are of 20 volumes or more', () => {
    expect(leftOf('perf/sub-01_run-9_dce.nii.gz')).toEqual([
      ['perf/sub-01_run-9_dce.nii.gz', 'a single image (3D): a series shows the passage of a bolus'],
    ])
  })

  it('are the concentrations where there are some, and the first echo', () => {
    const concentration = 'perf/sub-01_desc-concentration_dce.nii.gz'
    expect(seriesOf(DCE, concentration)).toEqual([concentration])
    expect(leftOf(DCE, concentration)).toEqual([[DCE, 'sub-01_desc-concentration_dce.nii.gz holds its concentrations']])
    expect(seriesOf('perf/sub-01_echo-1_dce.nii.gz', 'perf/sub-01_echo-2_dce.nii.gz')).toEqual([
      'perf/sub-01_echo-1_dce.nii.gz',
    ])
  })

  it('of several runs are each a run', () => {
    expect(seriesOf('perf/sub-01_run-1_dce.nii.gz', 'perf/sub-01_run-2_dce.nii.gz')).toHaveLength(2)
  })
})

describe('companions', () => {
  it('are T1 maps before R1 maps, none where one T1 is declared', () => {
    const maps = [DCE, 'anat/sub-01_R1map.nii.gz', 'anat/sub-01_T1map.nii.gz']
    expect(rawOf('t1map', maps)).toEqual(['anat/sub-01_T1map.nii.gz'])
    expect(find(maps).runs[0]?.problems).toMatchObject([{ code: 'ROLE_CHOSEN' }])
    expect(rawOf('t1map', maps, { 'dce-t1': 1.2 })).toBeUndefined()
  })

  it('are a B1 map, of its kinds the best', () => {
    expect(rawOf('b1', [DCE, 'fmap/sub-01_TB1map.nii.gz', 'fmap/sub-01_acq-famp_TB1TFL.nii.gz'])).toEqual([
      'fmap/sub-01_TB1map.nii.gz',
    ])
    expect(rawOf('b1', [DCE, 'fmap/sub-01_acq-anat_TB1TFL.nii.gz', 'fmap/sub-01_acq-famp_TB1TFL.nii.gz'])).toHaveLength(
      2,
    )
  })

  it('are an arterial mask before a table, none for a population average', () => {
    const both = [DCE, 'perf/sub-01_aif.tsv', 'perf/sub-01_desc-aif_mask.nii.gz']
    expect(rawOf('aif', both)).toEqual(['perf/sub-01_desc-aif_mask.nii.gz'])
    expect(rawOf('aif', [DCE, 'perf/sub-01_AIF.tsv'])).toEqual(['perf/sub-01_AIF.tsv'])
    expect(rawOf('aif', both, { 'dce-aif': 'parker' })).toBeUndefined()
  })

  it('must say mod- where a DSC series could be meant', () => {
    const files = [DCE, 'perf/sub-01_dsc.nii.gz', 'perf/sub-01_aif.tsv']
    expect(rawOf('aif', files)).toEqual([])
    expect(find(files).runs[0]?.problems).toMatchObject([{ code: 'AIF_UNASSIGNED' }])
    expect(rawOf('aif', [...files, 'perf/sub-01_mod-dce_aif.tsv'])).toEqual(['perf/sub-01_mod-dce_aif.tsv'])
  })
})
