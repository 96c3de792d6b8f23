import { tissueInflow } from '../../kinetics/asl-inflow.ts'
import { createRandom } from '../../numerics/random.ts'
import { bloodT1, LABELING_EFFICIENCY, PARTITION_COEFFICIENT, suppressionFactor } from '../../physics/constants.ts'
import { PER_100G_PER_MIN } from '../../units.ts'
import { headGrid, type Tissues } from '../anatomy.ts'
import type { Phantom, PhantomSettings } from '../modality.ts'
import { OUTPUTS } from './maps.ts'
import { fraction, m0Sidecar, mix, PROTOCOL, PURE, rounded, SUPPRESSION, seriesSidecar, TISSUE } from './phantom.ts'

/** Arterial transit times of the phantom's tissues [s]; fluid has no blood to arrive. */
const ARRIVAL = { gm: 0.9, wm: 1.3 } as const

/** Post-labelling delays [s], and pairs at each. */
const DELAYS: readonly number[] = [0.5, 1, 1.5, 2, 2.5, 3]
const PAIRS = 5

/** Averages behind each volume: without them the fit of white matter would be one of noise. */
const AVERAGES = 16

/**
 * A second ASL series of the phantom's head, with several delays: flow as in the first, with an arrival of its own in each tissue.
 *
 * @remarks
 * The difference of a voxel is the sum of those of its tissues, each with its M0, flow and arrival, by {@link tissueInflow}; so a
 * fit gives the truth in pure tissue. There is no blood in arteries.
 *
 * @param settings - head, signal-to-noise ratio, seed, level of perfusion, path of the series
 */
export function aslDelaysPhantom({ anatomy, snr, seed, level, spread, path }: PhantomSettings): Phantom {
  const grid = headGrid(PROTOCOL.voxel)
  const tissues = spread({ ...anatomy.tissues(grid) }, grid)
  const still = mix(tissues, TISSUE.m0)
  const n = still.length
  const order = Array.from({ length: PAIRS }, () => DELAYS).flat()
  const types = order.flatMap(() => ['control', 'label'])
  const random = createRandom(`asl delays/${seed}`)
  const noise = TISSUE.m0.gm / (snr * Math.sqrt(AVERAGES))
  const control = still.map(value => SUPPRESSION.left * value)
  const labels = new Map(DELAYS.map(delay => [delay, differenceAt(delay, tissues, level)]))
  const series = new Float32Array(n * types.length)
  order.forEach((delay, pair) => {
    const difference = labels.get(delay)!
    const at = 2 * pair * n
    for (let v = 0; v < n; v++) series[at + v] = control[v]! + noise * random.normal()
    for (let v = 0; v < n; v++) series[at + n + v] = control[v]! - difference[v]! + noise * random.normal()
  })
  const m0 = Float32Array.from(still, value => value + noise * random.normal())
  const cbf = mix(tissues, TISSUE.cbf).map(value => level * value)
  const arrival = new Float32Array(n)
  for (let v = 0; v < n; v++) {
    const [gm, wm] = [tissues.gm[v]!, tissues.wm[v]!]
    arrival[v] = gm + wm > 0 ? (gm * ARRIVAL.gm + wm * ARRIVAL.wm) / (gm + wm) : 0
  }
  const share = (label: string, values: Float32Array) =>
    ({ name: fraction(label), grid, values, unit: '1', description: `Share of ${label} in each voxel` }) as const
  const check = (parameter: 'cbf' | 'att', tissue: 'GM' | 'WM', tolerance: number) => {
    return {
      parameter,
      truth: OUTPUTS[parameter],
      region: `pure ${tissue}, several delays`,
      within: { name: fraction(tissue), above: PURE },
      tolerance,
    }
  }
  return {
    images: [
      {
        suffix: 'asl',
        grid,
        frames: types.length,
        data: rounded(series),
        frameSpacing: PROTOCOL.repetition,
        sidecar: seriesSidecar(
          types,
          true,
          PROTOCOL.voxel,
          order.flatMap(delay => [delay, delay]),
        ),
        tables: { aslcontext: { columns: ['volume_type'], rows: types.map(type => [type]) } },
      },
      { suffix: 'm0scan', grid, frames: 1, data: rounded(m0), sidecar: m0Sidecar(path('asl')), tables: {} },
    ],
    truth: [
      {
        name: OUTPUTS.cbf,
        grid,
        values: Float32Array.from(cbf),
        unit: 'mL/100g/min',
        description: 'CBF that is in the series',
      },
      {
        name: OUTPUTS.att,
        grid,
        values: arrival,
        unit: 's',
        description: 'Arterial transit time that is in the series',
      },
      share('GM', tissues.gm),
      share('WM', tissues.wm),
    ],
    checks: [check('cbf', 'GM', 0.02), check('att', 'GM', 0.02), check('cbf', 'WM', 0.05), check('att', 'WM', 0.05)],
  }
}

/** Control minus label of each voxel at a delay [a.u.]. */
function differenceAt(delay: number, tissues: Tissues, level: number): Float64Array {
  const T1b = bloodT1(PROTOCOL.tesla).value
  const bolus = { time: PROTOCOL.labelingDuration + delay, duration: PROTOCOL.labelingDuration }
  const efficiency = LABELING_EFFICIENCY.PCASL.value * suppressionFactor(SUPPRESSION.pulses)
  const signalOf = (tissue: 'gm' | 'wm') => {
    const flow = (level * TISSUE.cbf[tissue]) / PER_100G_PER_MIN
    const blood = TISSUE.m0[tissue] / PARTITION_COEFFICIENT.value
    return 2 * efficiency * blood * flow * tissueInflow(bolus, ARRIVAL[tissue], T1b, 'continuous')
  }
  return mix(tissues, { gm: signalOf('gm'), wm: signalOf('wm'), csf: 0 })
}
