import { describe, expect, it } from 'vitest'
import { acquiredAt } from '../../src/bids/clock.ts'
import { makeDataset, nameOf } from './tree.ts'

const image = (run: number, ses = '1') => nameOf(`sub-01/ses-${ses}/perf/sub-01_ses-${ses}_run-${run}_asl.nii.gz`)

describe('acquiredAt', () => {
  it('reads scans.tsv, across midnight, with and without fractions and zone', () => {
    const dataset = makeDataset({
      'sub-01/ses-1/sub-01_ses-1_scans.tsv':
        'filename\tacq_time\n' +
        'perf/sub-01_ses-1_run-1_asl.nii.gz\t1877-06-15T23:59:30\n' +
        './perf/sub-01_ses-1_run-2_asl.nii.gz\t1877-06-16T00:00:10.500000Z\n' +
        'perf/sub-01_ses-1_run-3_asl.nii.gz\tn/a\n' +
        'perf/sub-01_ses-1_run-4_asl.nii.gz\t1877-06-16T00:00:00\n',
      'sub-01/ses-1/perf/sub-01_ses-1_run-3_asl.json': { AcquisitionTime: '10:00:00' },
    })
    expect(acquiredAt(dataset, image(2))! - acquiredAt(dataset, image(1))!).toBeCloseTo(40.5, 9)
    // Not from the sidecar: its clock may be another one than that of scans.tsv.
    expect(acquiredAt(dataset, image(3))).toBeNull()
    expect(acquiredAt(dataset, image(4))).toBeNull()
  })

  it('reads the scans.tsv of the subject for its sessions', () => {
    const dataset = makeDataset({
      'sub-01/sub-01_scans.tsv': 'filename\tacq_time\nses-1/perf/sub-01_ses-1_run-1_asl.nii.gz\t1970-01-01T00:00:05\n',
      'sub-01/ses-1/perf/sub-01_ses-1_run-1_asl.nii.gz': '',
    })
    expect(acquiredAt(dataset, image(1))).toBe(5)
    expect(acquiredAt(dataset, image(1, '2'))).toBeNull()
  })

  it.each([
    [{ AcquisitionTime: '13:45:30.250000' }, 13 * 3600 + 45 * 60 + 30.25],
    [{ AcquisitionTime: '9:05:07' }, 9 * 3600 + 5 * 60 + 7],
    [{ AcquisitionTime: '134530.25' }, 13 * 3600 + 45 * 60 + 30.25],
    [{ AcquisitionTime: 93015 }, 9 * 3600 + 30 * 60 + 15],
    [{ AcquisitionDateTime: '2020-01-02T13:45:30.25' }, 13 * 3600 + 45 * 60 + 30.25],
    [{ AcquisitionTime: 'about noon' }, null],
    [{}, null],
  ])('reads the sidecar: %j', (fields, seconds) => {
    const dataset = makeDataset({
      'sub-01/ses-1/perf/sub-01_ses-1_run-1_asl.json': fields,
      'sub-01/ses-1/sub-01_ses-1_scans.tsv': 'filename\tacq_time\nperf/sub-01_ses-1_run-1_asl.nii.gz\tn/a\n',
    })
    expect(acquiredAt(dataset, image(1))).toBe(seconds)
  })

  it('knows nothing where files are broken', () => {
    const dataset = makeDataset({
      'sub-01/ses-1/sub-01_ses-1_scans.tsv': 'filename\tacq_time\nx\n',
      'asl.json': '{',
      'sub-01/ses-1/perf/sub-01_ses-1_run-1_asl.nii.gz': '',
    })
    expect(acquiredAt(dataset, image(1))).toBeNull()
    expect(acquiredAt(dataset, nameOf('T1w.nii.gz'))).toBeNull()
  })
})
