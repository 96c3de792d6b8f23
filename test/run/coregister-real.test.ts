import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { DATA, itWithData } from '../modalities/asl/data.ts'
import { newFolder, perfquant, readJson } from './harness.ts'

/** A stack of 20 thick slices, shaded by the coil, under a T1w that lies 25 mm away by its header. */
itWithData(
  'siemens_prisma_bids',
  'the T1w of a real head lies on a thin stack of slices',
  async () => {
    const root = newFolder('stack')
    const filter = join(root, 'filter.json')
    writeFileSync(filter, JSON.stringify({ asl: { acquisition: 'pcasl2d' } }))
    const data = join(DATA, 'siemens_prisma_bids')
    const ran = perfquant(data, join(root, 'out'), 'participant', '-m', 'asl', '--bids-filter-file', filter)
    expect(ran.code, ran.err).toBe(0)
    const quality = readJson<Record<string, { Value: number }>>(
      join(root, 'out'),
      'sub-01/perf/sub-01_acq-pcasl2d_desc-qc_asl.json',
    )
    expect(quality['coreg_dice']!.Value).toBeGreaterThan(0.9)
  },
  180_000,
)
