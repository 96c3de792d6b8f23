import { describe, expect, it } from 'vitest'
import { type BidsName, parseName } from '../../../src/bids/name.ts'
import { asl } from '../../../src/modalities/asl/index.ts'
import type { Index } from '../../../src/modalities/modality.ts'
import { defaultOptions } from '../../../src/options.ts'
import { good } from '../../../src/problems.ts'

/** Sidecars by path, and the time of each image where it is known. */
interface Files {
  readonly [path: string]: Readonly<Record<string, unknown>> & { readonly time?: number }
}

function indexOf(files: Files): Index {
  const images = Object.keys(files).flatMap(path => parseName(path) ?? [])
  const values = (image: BidsName) => files[image.path] ?? {}
  return {
    images,
    tables: () => [],
    pointedAt: () => false,
    sidecar: image => good({ values: values(image), from: {}, files: [] }),
    header: () => ({ ok: false, problems: [] }),
    table: () => good(null),
    text: () => good(null),
    participant: () => ({}),
    acquiredAt: image => values(image).time ?? null,
  }
}

const find = (files: Files) => asl.find(indexOf(files), defaultOptions())
const ASL = 'sub-01/perf/sub-01_asl.nii.gz'
const SEPARATE = { M0Type: 'Separate' }
const m0Of = (files: Files) =>
  find(files)
    .runs[0]?.roles.find(({ role }) => role === 'm0')
    ?.raw.map(({ path }) => path)

describe('series', () => {
  it('are the perf images with suffix asl, compressed or not', () => {
    const found = find({
      [ASL]: {},
      'sub-02/ses-1/perf/sub-02_ses-1_acq-3d_run-2_asl.nii': {},
      'sub-02/ses-1/perf/sub-02_ses-1_m0scan.nii.gz': {},
      'sub-02/ses-1/perf/sub-02_ses-1_noRF.nii.gz': {},
      'sub-03/func/sub-03_asl.nii.gz': {},
    })
    expect(found.runs.map(({ series }) => series.map(({ path }) => path))).toEqual([
      [ASL],
      ['sub-02/ses-1/perf/sub-02_ses-1_acq-3d_run-2_asl.nii'],
    ])
    expect(found.left).toEqual([])
  })

  it('of several echoes are quantified at the first, of complex parts the magnitude', () => {
    const found = find({
      'sub-01/perf/sub-01_echo-2_asl.nii.gz': {},
      'sub-01/perf/sub-01_echo-1_asl.nii.gz': {},
      'sub-01/perf/sub-01_acq-c_part-mag_asl.nii.gz': {},
      'sub-01/perf/sub-01_acq-c_part-phase_asl.nii.gz': {},
    })
    expect(found.runs.map(({ series }) => series[0]?.path)).toEqual([
      'sub-01/perf/sub-01_echo-1_asl.nii.gz',
      'sub-01/perf/sub-01_acq-c_part-mag_asl.nii.gz',
    ])
    expect(found.left.map(({ image, reason }) => [image.path, reason])).toEqual([
      ['sub-01/perf/sub-01_echo-2_asl.nii.gz', 'a later echo: sub-01_echo-1_asl.nii.gz is quantified'],
      ['sub-01/perf/sub-01_acq-c_part-phase_asl.nii.gz', 'part-phase is not the magnitude'],
    ])
  })

  it('ask for tissue, mask and labels, and for M0 only where it is separate', () => {
    const roles = (files: Files) =>
      find(files).runs[0]?.roles.map(({ role, required, grid, how }) => [role, required, grid, how])
    expect(roles({ [ASL]: { M0Type: 'Included' } })).toEqual([
      ['gm', false, 'reference', 'fraction'],
      ['wm', false, 'reference', 'fraction'],
      ['csf', false, 'reference', 'fraction'],
      ['mask', false, 'reference', 'label'],
      ['dseg', false, 'reference', 'label'],
      ['lesion', false, 'reference', 'label'],
    ])
    expect(roles({ [ASL]: SEPARATE })?.[0]).toEqual(['m0', false, 'reference', 'intensity'])
  })
})

describe('M0', () => {
  it.each(['perf/sub-01_asl.nii.gz', 'bids::sub-01/perf/sub-01_asl.nii.gz', 'sub-01/perf/sub-01_asl.nii.gz'])(
    'is the image whose IntendedFor says %s',
    IntendedFor => {
      expect(
        m0Of({
          [ASL]: SEPARATE,
          'sub-01/perf/sub-01_m0scan.nii.gz': { IntendedFor },
          'sub-01/perf/sub-01_acq-other_m0scan.nii.gz': {},
        }),
      ).toEqual(['sub-01/perf/sub-01_m0scan.nii.gz'])
    },
  )

  it('may be several images', () => {
    const IntendedFor = ['perf/sub-01_asl.nii.gz']
    expect(
      m0Of({
        [ASL]: SEPARATE,
        'sub-01/perf/sub-01_run-1_m0scan.nii.gz': { IntendedFor },
        'sub-01/perf/sub-01_run-2_m0scan.nii.gz': { IntendedFor },
      }),
    ).toHaveLength(2)
  })

  it('in fmap counts only by IntendedFor naming the series, and with its phase encoding', () => {
    const files = (IntendedFor: string) => ({
      [ASL]: { ...SEPARATE, PhaseEncodingDirection: 'j-' },
      'sub-01/fmap/sub-01_dir-AP_m0scan.nii.gz': { IntendedFor, PhaseEncodingDirection: 'j-' },
      'sub-01/fmap/sub-01_dir-PA_m0scan.nii.gz': { IntendedFor, PhaseEncodingDirection: 'j' },
    })
    expect(m0Of(files('perf/sub-01_asl.nii.gz'))).toEqual(['sub-01/fmap/sub-01_dir-AP_m0scan.nii.gz'])
    expect(m0Of(files('perf/sub-01_m0scan.nii.gz'))).toEqual([])
  })

  it('is otherwise the only one of the session, and that is said', () => {
    const files = { [ASL]: SEPARATE, 'sub-01/perf/sub-01_acq-m_m0scan.nii.gz': {} }
    expect(m0Of(files)).toEqual(['sub-01/perf/sub-01_acq-m_m0scan.nii.gz'])
    expect(find(files).runs[0]?.problems).toMatchObject([{ code: 'M0_CHOSEN', severity: 'info' }])
  })

  it('of two is the one with the same entities; without such, none', () => {
    const twin = {
      'sub-01/perf/sub-01_acq-a_asl.nii.gz': SEPARATE,
      'sub-01/perf/sub-01_acq-a_m0scan.nii.gz': {},
      'sub-01/perf/sub-01_acq-b_m0scan.nii.gz': {},
    }
    expect(m0Of(twin)).toEqual(['sub-01/perf/sub-01_acq-a_m0scan.nii.gz'])
    const two = {
      [ASL]: SEPARATE,
      'sub-01/perf/sub-01_acq-a_m0scan.nii.gz': {},
      'sub-01/perf/sub-01_acq-b_m0scan.nii.gz': {},
    }
    expect(m0Of(two)).toEqual([])
    expect(find(two).runs[0]?.context['m0scans']).toEqual([
      'sub-01/perf/sub-01_acq-a_m0scan.nii.gz',
      'sub-01/perf/sub-01_acq-b_m0scan.nii.gz',
    ])
  })

  it('intended for another series, or of another session, is not taken', () => {
    const other = 'sub-01/perf/sub-01_acq-b_asl.nii.gz'
    expect(
      m0Of({
        [ASL]: SEPARATE,
        [other]: {},
        'sub-01/perf/sub-01_acq-b_m0scan.nii.gz': { IntendedFor: `bids::${other}` },
      }),
    ).toEqual([])
    expect(
      m0Of({
        'sub-01/ses-1/perf/sub-01_ses-1_asl.nii.gz': SEPARATE,
        'sub-01/ses-2/perf/sub-01_ses-2_m0scan.nii.gz': {},
      }),
    ).toEqual([])
  })

  it('that names the series and is not used is named', () => {
    const found = find({
      [ASL]: { M0Type: 'Absent' },
      'sub-01/perf/sub-01_m0scan.nii.gz': { IntendedFor: 'perf/sub-01_asl.nii.gz' },
    })
    expect(found.runs[0]?.problems).toMatchObject([
      { code: 'ROLE_UNUSED', message: expect.stringContaining('because M0Type is not Separate') },
    ])
  })
})

describe('a contrast agent before', () => {
  const contrast = (files: Files) => find(files).runs[0]?.context['contrastBefore']
  it('is judged by the times of contrast runs', () => {
    expect(contrast({ [ASL]: { time: 100 } })).toBe(false)
    expect(contrast({ [ASL]: { time: 100 }, 'sub-01/perf/sub-01_dsc.nii.gz': { time: 50 } })).toBe(true)
    expect(contrast({ [ASL]: { time: 100 }, 'sub-01/perf/sub-01_DCE.nii.gz': { time: 150 } })).toBe(false)
    expect(contrast({ [ASL]: { time: 100 }, 'sub-01/anat/sub-01_ce-gd_T1w.nii.gz': { time: 99 } })).toBe(true)
    expect(contrast({ [ASL]: { time: 100 }, 'sub-01/func/sub-01_acq-dsc_bold.nii.gz': { time: 99 } })).toBe(true)
    expect(contrast({ [ASL]: { time: 100 }, 'sub-01/anat/sub-01_T1w.nii.gz': { time: 50 } })).toBe(false)
  })

  it('is not known where a time is not', () => {
    expect(contrast({ [ASL]: {}, 'sub-01/perf/sub-01_dsc.nii.gz': { time: 50 } })).toBeNull()
    expect(contrast({ [ASL]: { time: 100 }, 'sub-01/perf/sub-01_dsc.nii.gz': {} })).toBeNull()
    expect(
      contrast({
        [ASL]: { time: 100 },
        'sub-01/perf/sub-01_dsc.nii.gz': {},
        'sub-01/perf/sub-01_dce.nii.gz': { time: 9 },
      }),
    ).toBe(true)
  })
})
