// The fit of several delays in voxels a second of one core, against scipy's curve_fit with the same model where it is
// installed. Target: 500 times as many, at the same optimum.
import { spawnSync } from 'node:child_process'
import { arrivalFit } from '../src/kinetics/asl-arrival-fit.ts'
import { generalArrivalFit } from '../src/kinetics/asl-general-fit.ts'
import { type Delays, tissueInflow } from '../src/kinetics/asl-inflow.ts'
import { createRandom } from '../src/numerics/random.ts'

const T1b = 1.65
const DURATION = 1.4
const DELAYS = [0.25, 0.5, 0.75, 1, 1.25, 1.5]
const VOXELS = 20_000
const PEER_VOXELS = 100
const ROUNDS = 5
const TARGET = 500

const boli = DELAYS.map(delay => ({ time: delay + DURATION, duration: DURATION }))
const random = createRandom('bench asl')
const curves = Array.from({ length: VOXELS }, () => {
  const [flow, arrival] = [(20 + 60 * random.uniform()) / 6000, 0.5 + 0.9 * random.uniform()]
  return Float64Array.from(
    boli,
    bolus => flow * tissueInflow(bolus, arrival, T1b, 'continuous') + 5e-5 * random.normal(),
  )
})

const SCRIPT = `
import json, sys, time, warnings
import numpy as np
from scipy.optimize import curve_fit
warnings.simplefilter('ignore')
job = json.load(sys.stdin)
pld, tau, T1b = np.array(job['delays']), job['duration'], job['T1b']
t = pld + tau
def model(t, f, att):
    return np.where(t > att, f * T1b * (np.exp(-np.maximum(att, t - tau) / T1b) - np.exp(-t / T1b)), 0)
found = []
start = time.process_time()
for y in job['curves']:
    try:
        p, _ = curve_fit(model, t, y, p0=(0.01, 1.2), bounds=([0, 0], [0.05, 2.4]))
    except Exception:
        p = (float('nan'), float('nan'))
    found.append(list(p))
print(json.dumps({'seconds': time.process_time() - start, 'found': found}))
`

function seconds(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

function rate(name: string, fit: (y: Float64Array, within: number) => unknown): number {
  const work = () => {
    for (const y of curves) fit(y, 0)
  }
  work()
  const best = Math.min(...Array.from({ length: ROUNDS }, () => seconds(work)))
  console.log(`  ${name.padEnd(40)} ${(VOXELS / best / 1000).toFixed(0).padStart(6)} k voxel/s`)
  return VOXELS / best
}

const delays = (arterial: Delays['arterial']): Delays => ({
  kind: 'continuous',
  boli,
  counts: boli.map(() => 1),
  T1b,
  arterial,
})
const plain = arrivalFit(delays('off'))
const own = rate('T1 of blood', plain)
rate('T1 of blood, arteries where called for', arrivalFit(delays('auto')))
rate('general kinetic model', generalArrivalFit(delays('off'), { T1t: 1.33, lambda: 0.9 }))
rate('general kinetic model, arteries', generalArrivalFit(delays('auto'), { T1t: 1.33, lambda: 0.9 }))

const job = { delays: DELAYS, duration: DURATION, T1b, curves: curves.slice(0, PEER_VOXELS).map(curve => [...curve]) }
const { status, stdout } = spawnSync('/usr/bin/python3', ['-c', SCRIPT], {
  input: JSON.stringify(job),
  encoding: 'utf8',
})
if (status !== 0) console.log('  python3-scipy is not installed: not compared')
else {
  const peer = JSON.parse(stdout) as { seconds: number; found: [number, number][] }
  const ratio = own / (PEER_VOXELS / peer.seconds)
  // The peer can end in another minimum; then its sum of squares is larger.
  const left = (y: Float64Array, flow: number, arrival: number) =>
    y.reduce((sum, value, i) => sum + (value - flow * tissueInflow(boli[i]!, arrival, T1b, 'continuous')) ** 2, 0)
  let [same, worse] = [0, 0]
  peer.found.forEach(([flow, arrival], at) => {
    const found = plain(curves[at]!, 0)
    if (Math.abs(found.flow / flow - 1) < 1e-3 && Math.abs(found.arrival - arrival) < 5e-3) same++
    if (found.sse > left(curves[at]!, flow, arrival) * (1 + 1e-6)) worse++
  })
  const isGood = ratio >= TARGET && worse === 0
  console.log(
    `  scipy curve_fit ${(PEER_VOXELS / peer.seconds).toFixed(0)} voxel/s: ${ratio.toFixed(0)} times as many (target ${TARGET}); same optimum in ${same} of ${PEER_VOXELS}, a worse one in ${worse} ${isGood ? 'ok' : 'MISSED'}`,
  )
  if (!isGood) process.exitCode = 1
}
