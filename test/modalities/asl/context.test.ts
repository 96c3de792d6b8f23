import { describe, expect, it } from 'vitest'
import { assignVolumes, minus, readContext, type VolumeType } from '../../../src/modalities/asl/context.ts'
import { caseOf } from './cases.ts'
import { contextTable } from './run.ts'

const IMAGE = 'sub-01/perf/sub-01_asl.nii.gz'

/** The volumes of a table. */
function volumesOf(types: readonly string[], group?: (volume: number) => string) {
  const read = readContext(contextTable(types), IMAGE, types.length)
  if (!read.ok) throw new Error('the table cannot be read')
  return assignVolumes(read.value, IMAGE, group)
}

const typesOf = (id: string): readonly string[] => {
  const types = caseOf(id).inputs['volume_type']
  return Array.isArray(types) ? types.map(String) : []
}

describe('volumes', () => {
  it('CTX-01: label first', () => {
    const volumes = volumesOf(typesOf('CTX-01'))
    const pairs = volumes.ok && volumes.value.differences.map(({ volumes: used }) => used)
    expect(pairs).toEqual(caseOf('CTX-01').expected['pairs'])
    expect(volumes.ok && volumes.value.m0).toEqual([caseOf('CTX-01').expected['m0_index']])
  })

  it('CTX-02: all controls before all labels', () => {
    const volumes = volumesOf(typesOf('CTX-02'))
    expect(volumes.ok && volumes.value.differences.map(({ volumes: used }) => used)).toEqual(
      caseOf('CTX-02').expected['pairs'],
    )
  })

  it('CTX-03: a table of another length', () => {
    const { inputs } = caseOf('CTX-03')
    expect(readContext(contextTable(typesOf('CTX-03')), IMAGE, Number(inputs['nifti_volumes'])).problems[0]?.code).toBe(
      'ASLCONTEXT_INVALID',
    )
  })

  it('CTX-04: differences are not paired', () => {
    const volumes = volumesOf(typesOf('CTX-04'))
    expect(volumes.ok && volumes.value).toMatchObject({
      kind: 'deltam',
      differences: [{ volumes: [0], weights: [1] }],
      m0: [1],
    })
  })

  it('of no use are left out, wherever they stand', () => {
    const volumes = volumesOf(['noRF', 'label', 'n/a', 'm0scan', 'control', 'm0scan', 'noRF'])
    expect(volumes.ok && volumes.value).toMatchObject({
      differences: [minus(4, 1)],
      m0: [3, 5],
      control: [4],
    })
  })

  it('with differences beside pairs: the differences count', () => {
    const volumes = volumesOf(['control', 'label', 'deltam'])
    expect(volumes.ok && volumes.value).toMatchObject({ kind: 'deltam', differences: [{ volumes: [2], weights: [1] }] })
  })

  it('with flow beside anything: the flow counts', () => {
    const volumes = volumesOf(['deltam', 'm0scan', 'cbf'])
    expect(volumes.ok && volumes.value).toMatchObject({ kind: 'cbf', differences: [{ volumes: [2], weights: [1] }] })
  })

  it('are paired within their group, in the order of the series', () => {
    const types = ['control', 'control', 'label', 'label', 'control', 'label'] satisfies VolumeType[]
    const volumes = volumesOf(types, volume => (volume === 1 || volume === 2 ? 'late' : 'early'))
    expect(volumes.ok && volumes.value.differences).toEqual([minus(0, 3), minus(1, 2), minus(4, 5)])
  })

  it('may be written in any case and with blanks', () => {
    expect(readContext(contextTable(['Control ', 'LABEL', 'N/A', 'norf']), IMAGE, 4)).toMatchObject({
      value: ['control', 'label', 'n/a', 'noRF'],
    })
  })

  it('belong to the table without the part of a complex image', () => {
    expect(readContext(null, 'sub-01/perf/sub-01_part-mag_asl.nii.gz', 2).problems[0]).toMatchObject({
      file: 'sub-01/perf/sub-01_aslcontext.tsv',
    })
  })

  it('need their column', () => {
    expect(readContext({ columns: ['type'], rows: [] }, IMAGE, 0).problems[0]?.message).toContain(
      'there is no column volume_type among type',
    )
  })
})
