import { it } from 'vitest'
import { Session } from 'node:inspector/promises'
import { writeFileSync } from 'node:fs'
import { loadRun, loadVolume } from './data.ts'
import { compute } from './run.ts'
const S = 'siemens_prisma_bids', P = 'sub-01/perf/sub-01_acq-'
it('prof', async () => {
  const run = loadRun(S, P + 'pcasl3d_asl.nii.gz', { 'asl-bs-pulses': 2 })
  const series = await loadVolume(run.series[0]!.file)
  compute(run, series)
  const s = new Session(); s.connect(); await s.post('Profiler.enable'); await s.post('Profiler.start')
  const t = performance.now(); compute(run, series); console.log('ms', performance.now() - t)
  const { profile } = await s.post('Profiler.stop')
  const self = new Map<string, number>()
  const dt = profile.timeDeltas!, ids = new Map(profile.nodes.map(n => [n.id, n]))
  profile.samples!.forEach((id, i) => { const n = ids.get(id)!; const k = n.callFrame.functionName + ':' + n.callFrame.url.split('/').pop() + ':' + n.callFrame.lineNumber; self.set(k, (self.get(k) ?? 0) + dt[i]! / 1000) })
  console.log([...self].sort((a, b) => b[1] - a[1]).slice(0, 22).map(([k, v]) => v.toFixed(1) + ' ' + k).join('\n'))
  writeFileSync('/tmp/asl/x.cpuprofile', JSON.stringify(profile))
})
