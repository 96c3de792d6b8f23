import { describe, expect, it } from 'vitest'
import { type BidsName, parseName } from '../../../src/bids/name.ts'
import type { ImageHeader } from '../../../src/image/header.ts'
import { dsc } from '../../../src/modalities/dsc/index.ts'
import type { Index } from '../../../src/modalities/modality.ts'
import { defaultOptions } from '../../../src/options.ts'
import { good } from '../../../src/problems.ts'

/** Number of volumes by path; 80 where it is not said. */
type Files = Readonly<Record<string, number | null>>

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
  frameSpacing: 1.5,
  oriented: true,
})

function indexOf(files: Files, pointed: readonly string[] = []): Index {
  const names = Object.keys(files).flatMap(path => parseName(path) ?? [])
  const ofTable = (image: BidsName) => image.extension === '.tsv'
  return {
    images: names.filter(name => !ofTable(name)),
    tables: suffix => names.filter(name => ofTable(name) && name.suffix.toLowerCase() === suffix),
    sidecar: () => good({ values: {}, from: {}, files: [] }),
    header: image => good(header(files[image.path] ?? 80)),
    table: () => good(null),
    text: () => good(null),
    participant: () => ({}),
    acquiredAt: () => null,
    pointedAt: image => pointed.includes(image.path),
  }
}

const find = (files: Files, pointed?: readonly string[]) => dsc.find(indexOf(files, pointed), defaultOptions())
const seriesOf = (files: Files, pointed?: readonly string[]) =>
  find(files, pointed).runs.map(({ series }) => series.map(({ path }) => path))
const leftOf = (files: Files) => find(files).left.map(({ image, reason }) => [image.path, reason])

const DSC = 'sub-01/perf/sub-01_dsc.nii.gz'

describe('series', () => {
  it('are perf/*_dsc first, and how they were recognised is said', () => {
    const files = { [DSC]: null, 'sub-01/func/sub-01_acq-dsc_bold.nii.gz': null, 'sub-01/perf/sub-01_asl.nii.gz': null }
    expect(seriesOf(files)).toEqual([[DSC]])
    expect(find(files).runs[0]).toMatchObject({ context: { foundBy: 'perf/*_dsc' }, problems: [] })
    expect(leftOf(files)).toEqual([
      ['sub-01/func/sub-01_acq-dsc_bold.nii.gz', 'perf/*_dsc comes first, as sub-01_dsc.nii.gz'],
    ])
  })

  it.each([
    ['sub-01/dsc/sub-01_DSC.nii.gz', 'the suffix dsc in any case, in perf, dce, dsc, func or fmap'],
    ['sub-01/perf/sub-01_acq-dscFast_perf.nii.gz', '_perf or _bold with an acq- that begins with dsc'],
    ['sub-01/func/sub-01_acq-DSC_bold.nii', '_perf or _bold with an acq- that begins with dsc'],
  ])('are then %s', (path, foundBy) => {
    const found = find({ [path]: null })
    expect(found.runs[0]).toMatchObject({ context: { foundBy } })
    expect(found.runs[0]?.problems).toMatchObject([
      { code: 'SERIES_BY_NAME', message: expect.stringContaining(foundBy) },
    ])
  })

  it('are what the filter file points to where no name tells', () => {
    const path = 'sub-01/perf/sub-01_acq-bolus_perf.nii.gz'
    expect(seriesOf({ [path]: null })).toEqual([])
    expect(seriesOf({ [path]: null }, [path])).toEqual([[path]])
  })

  it('are looked for session by session', () => {
    expect(
      seriesOf({
        'sub-01/ses-1/perf/sub-01_ses-1_dsc.nii.gz': null,
        'sub-01/ses-2/perf/sub-01_ses-2_DSC.nii.gz': null,
      }),
    ).toEqual([['sub-01/ses-1/perf/sub-01_ses-1_dsc.nii.gz'], ['sub-01/ses-2/perf/sub-01_ses-2_DSC.nii.gz']])
  })

  it('have 20 volumes or more, and are magnitudes', () => {
    const files = {
      'sub-01/perf/sub-01_run-1_dsc.nii.gz': 1,
      'sub-01/perf/sub-01_run-2_dsc.nii.gz': 19,
      'sub-01/perf/sub-01_run-3_dsc.nii.gz': 20,
      'sub-01/perf/sub-01_run-4_part-phase_dsc.nii.gz': 80,
    }
    expect(seriesOf(files)).toEqual([['sub-01/perf/sub-01_run-3_dsc.nii.gz']])
    expect(leftOf(files)).toEqual([
      ['sub-01/perf/sub-01_run-1_dsc.nii.gz', 'a single image (3D): a series shows the passage of a bolus'],
      ['sub-01/perf/sub-01_run-2_dsc.nii.gz', '19 volumes: a series has at least 20'],
      ['sub-01/perf/sub-01_run-4_part-phase_dsc.nii.gz', 'part-phase is not the magnitude'],
    ])
  })

  it('give way to a lesser name where they are none', () => {
    const bold = 'sub-01/func/sub-01_acq-dsc_bold.nii.gz'
    expect(seriesOf({ [DSC]: 1, [bold]: null })).toEqual([[bold]])
  })

  it('hold all echoes, by number', () => {
    const echo = (n: number) => `sub-01/perf/sub-01_run-1_echo-${n}_dsc.nii.gz`
    expect(seriesOf({ [echo(10)]: null, [echo(2)]: null, [echo(1)]: null })).toEqual([[echo(1), echo(2), echo(10)]])
  })

  it('of the preload are left alone where there is another', () => {
    const preload = 'sub-01/perf/sub-01_acq-preload_dsc.nii.gz'
    expect(seriesOf({ [preload]: null })).toEqual([[preload]])
    expect(seriesOf({ [preload]: null, [DSC]: null })).toEqual([[DSC]])
    expect(find({ [preload]: null, [DSC]: null }).runs[0]?.context['preload']).toBe(preload)
  })
})

describe('companions', () => {
  const raw = (files: Files, role: string) =>
    find(files)
      .runs[0]?.roles.find(request => request.role === role)
      ?.raw.map(({ path }) => path)
  const aif = (...files: string[]) =>
    raw({ [DSC]: null, ...Object.fromEntries(files.map(path => [path, null])) }, 'aif')

  it('are an arterial mask or table of the series, in any case', () => {
    expect(aif('sub-01/perf/sub-01_aif.tsv')).toEqual(['sub-01/perf/sub-01_aif.tsv'])
    expect(aif('sub-01/perf/sub-01_AIF.tsv')).toEqual(['sub-01/perf/sub-01_AIF.tsv'])
    expect(aif('sub-01/perf/sub-01_desc-AIF_mask.nii.gz')).toEqual(['sub-01/perf/sub-01_desc-AIF_mask.nii.gz'])
    expect(aif('sub-01/perf/sub-01_run-2_aif.tsv')).toEqual([])
    expect(aif('sub-02/perf/sub-02_aif.tsv')).toEqual([])
  })

  it('must say mod- where a DCE series could be meant', () => {
    const dce = 'sub-01/perf/sub-01_dce.nii.gz'
    expect(aif('sub-01/perf/sub-01_aif.tsv', dce)).toEqual([])
    expect(aif('sub-01/perf/sub-01_mod-dsc_aif.tsv', dce)).toEqual(['sub-01/perf/sub-01_mod-dsc_aif.tsv'])
    expect(aif('sub-01/perf/sub-01_mod-dce_aif.tsv')).toEqual([])
    expect(find({ [DSC]: null, [dce]: null, 'sub-01/perf/sub-01_aif.tsv': null }).runs[0]?.problems).toMatchObject([
      { code: 'AIF_UNASSIGNED', message: expect.stringContaining('name it with mod-dsc or mod-dce') },
    ])
  })

  it('are the ADC map of the session', () => {
    const adc = 'sub-01/ses-1/dwi/sub-01_ses-1_ADC.nii.gz'
    const files = { 'sub-01/ses-1/perf/sub-01_ses-1_dsc.nii.gz': null, [adc]: 1 }
    expect(raw(files, 'adc')).toEqual([adc])
    expect(raw({ 'sub-01/ses-2/perf/sub-01_ses-2_dsc.nii.gz': null, [adc]: 1 }, 'adc')).toEqual([])
  })
})
