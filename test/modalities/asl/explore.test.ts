import { it } from 'vitest'
import { median, mean } from '../../../src/numerics/statistics.ts'
import { loadRun, loadVolume } from './data.ts'
import { compute, mapOf } from './run.ts'
import { mosaic } from '/tmp/asl/png.ts'
const S = 'siemens_prisma_bids', P = 'sub-01/perf/sub-01_acq-'
it('real', async () => {
  const cases: [string, string, string, object, string?][] = [
    ['ds', 'ds000240_mini_bids', 'sub-01/perf/sub-01_asl.nii.gz', { 'asl-labeling-efficiency': 0.72, 'asl-m0-fwhm': 0 }],
    ['ds-default', 'ds000240_mini_bids', 'sub-01/perf/sub-01_asl.nii.gz', {}],
    ['pcasl3d', S, P + 'pcasl3d_asl.nii.gz', { 'asl-bs-pulses': 2, 'asl-m0-fwhm': 0 }],
    ['pasl2d', S, P + 'pasl2d_asl.nii.gz', { 'asl-m0-fwhm': 0 }],
    ['pcasl2d', S, P + 'pcasl2d_asl.nii.gz', { 'asl-m0-fwhm': 0 }, P + 'pcasl2d_m0scan.nii.gz'],
    ['pasl3d', S, P + 'pasl3d_asl.nii.gz', {}],
  ]
  for (const [name, set, path, options, m0] of cases) {
    const run = loadRun(set, path, options, m0)
    const t0 = performance.now()
    const series = await loadVolume(run.series[0]!.file)
    const t1 = performance.now()
    const roles = m0 ? { m0: [await loadVolume(run.roles.m0![0]!.file)] } : {}
    const { prepared, result, problems } = compute(run, series, roles)
    const t2 = performance.now()
    const main = result.maps[0]!
    const v = Array.from(main.values).filter((x, i) => prepared.mask[i] === 1 && Number.isFinite(x))
    console.log(name, main.name, 'median', median(v).toFixed(2), 'mean', mean(v).toFixed(2), 'n', v.length, `load ${(t1 - t0).toFixed(0)} compute ${(t2 - t1).toFixed(0)} ms`)
    console.log(problems.map(p => `${p.code}: ${p.message}`).join('\n'))
    if (name === 'ds' || name === 'pasl2d') {
      console.log(result.quality.map(q => `${q.name} ${q.value?.toFixed(3)} ${q.unit}`).join('; '))
      console.log(result.equation); console.log(result.paragraphs.join('\n')); console.log(result.parameters.map(p => `${p.name}=${p.value} ${p.unit} [${p.source} ${p.from ?? ''} ${p.defaultSource ?? ''}]`).join('\n'))
    }
    mosaic(`/tmp/asl/map-${name}.png`, main.values, prepared.reference.grid.shape, 0, main.unit === '1' ? 3 : 100, prepared.mask, 2, prepared.reference.grid.shape[2] > 30 ? 2 : 1)
  }
})
