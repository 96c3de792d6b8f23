import type { Grid } from '../../image/volume.ts'
import { createRandom } from '../../numerics/random.ts'
import { BRAIN_DENSITY, HEMATOCRIT, SMALL_VESSEL_HEMATOCRIT } from '../../physics/constants.ts'
import { signalUnderRate, smallVesselFactor } from '../../physics/signal.ts'
import { PER_100G } from '../../units.ts'
import { headGrid } from '../anatomy.ts'
import type { OutputName, Phantom, PhantomSettings } from '../modality.ts'
import { OUTPUTS } from './outputs.ts'
import { arterialCurve, type FineCurve, integralOf, sumOf, tissueCurve, valueAt } from './phantom-curves.ts'
import { COMPARTMENTS, compartmentsOf, type Shares } from './phantom-head.ts'

/** What each tissue is: CBF [mL/100g/min], CBV [mL/100g], arrival after the artery and dispersion on the way [s]. */
const TISSUE = {
  gm: { cbf: 60, cbv: 4, delay: 0.5, dispersion: 0 },
  wm: { cbf: 25, cbv: 2, delay: 1, dispersion: 0 },
  tumour: { cbf: 75, cbv: 6, delay: 0.5, dispersion: 0 },
  late: { cbf: 25, cbv: 4, delay: 4.5, dispersion: 1.5 },
} as const

type Tissue = keyof typeof TISSUE

const TISSUES = ['gm', 'wm', 'tumour', 'late'] as const satisfies readonly Tissue[]

/** Rate at which contrast agent in the tumour counteracts the drop of the signal, by the reference curve [1/s]. */
const LEAKAGE = 0.02

/** Blood leaves by a vein this much later than it came, and through an exponential of this time [s]. */
const VEIN = { volume: 1, delay: 4, transit: 2.5, dispersion: 0 } as const

/** Signal before the bolus [a.u.]. */
const SIGNAL = { gm: 1000, wm: 850, csf: 1300, tumour: 1050, late: 1000, artery: 900, vein: 900 } as const

/** Largest change of the relaxation rate in an artery, and that of tissue filled with blood alone [1/s]: capillaries count more. */
const RATE = { artery: 36, tissue: 250 } as const

/** The recommended protocol but for its matrix [s], [T], [mm], [deg]; the bolus reaches arteries after the baseline. */
const PROTOCOL = {
  echo: 0.03,
  step: 1.5,
  frames: 92,
  arrival: 48,
  tesla: 3,
  flip: 60,
  voxel: [3, 3, 5],
} as const

/** The first volume is that much brighter, for its magnetisation is not yet steady [1]. */
const FIRST = 1.2

/** Share of a compartment above which a voxel is compared as pure; of the cortex, which is thin, few voxels have more than the lower one [1]. */
const PURE = { cortex: 0.95, else: 0.99 } as const

/** How a DSC phantom is acquired. */
export interface Acquired {
  /** Grey matter before the bolus over the noise of one volume [1]; infinite for none. */
  readonly snr: number
  readonly seed: string
  /** Factor on CBF of all tissues [1]. */
  readonly level?: number
}

/** kH/ρ [mL/g] of the defaults: truth is what these make of the curves. */
const FACTOR = smallVesselFactor(HEMATOCRIT.value, SMALL_VESSEL_HEMATOCRIT.value, BRAIN_DENSITY.value)

/** Mean transit time of a tissue [s]. */
function transitOf(tissue: Tissue, level: number): number {
  const { cbf, cbv } = TISSUE[tissue]
  return (60 * cbv) / (cbf * level)
}

/** The change of the relaxation rate of each compartment [1/s]. */
function curvesOf(shares: Shares, level: number): Record<(typeof COMPARTMENTS)[number], FineCurve> {
  const artery = arterialCurve(PROTOCOL.arrival, (PROTOCOL.frames + 1) * PROTOCOL.step)
  const of = (tissue: Tissue) => {
    const { cbv, delay, dispersion } = TISSUE[tissue]
    const volume = cbv / PER_100G / FACTOR
    const curve = tissueCurve(artery, { volume, transit: transitOf(tissue, level), delay, dispersion })
    return sumOf([[RATE.tissue, curve]])
  }
  const count = (tissue: Tissue) => shares[tissue].reduce((sum, share) => sum + share, 0)
  const [gm, wm, tumour] = [of('gm'), of('wm'), of('tumour')]
  const [nGm, nWm] = [count('gm'), count('wm')]
  const reference = sumOf([
    [nGm / (nGm + nWm), gm],
    [nWm / (nGm + nWm), wm],
  ])
  return {
    gm,
    wm,
    csf: sumOf([[0, artery]]),
    tumour: sumOf([
      [1, tumour],
      [-LEAKAGE, integralOf(reference)],
    ]),
    late: of('late'),
    artery: sumOf([[RATE.artery, artery]]),
    vein: sumOf([[RATE.artery, tissueCurve(artery, VEIN)]]),
  }
}

/**
 * When each slice is acquired after the first of its volume: one after the other [s], shape (nSlice). Were every second one
 * acquired first, as scanners can, neighbours would be half a volume apart in time, and no interpolation between the slices of
 * a head that moves could be right.
 */
function sliceTimes(slices: number): number[] {
  return Array.from({ length: slices }, (_, k) => Math.round((1000 * PROTOCOL.step * k) / slices) / 1000)
}

/**
 * The signal of a head while a bolus passes, slice after slice, shape (nVoxel × nVolume).
 *
 * @remarks
 *     S(t) = Σ share · S0 · exp(−TE · Σ share · ΔR2*(t))
 *
 * so that ΔR2* of a mixed voxel is the mean of its compartments, and CBV and CBF are, too. Residue functions are exponential;
 * the late territory is fed through an exponential dispersion; in the tumour a constant times the integral of the mean curve
 * of the healthy brain is taken off, as leakage does it by T1. Noise is Rician.
 *
 * @param shares - compartments on the grid of the series
 * @param grid - of the series: slices follow each other along k
 * @param acquired - noise
 */
export function dscSignals(shares: Shares, grid: Grid, { snr, seed, level = 1 }: Acquired): Float32Array {
  const { echo, step, frames } = PROTOCOL
  const curves = curvesOf(shares, level)
  const n = shares.gm.length
  const slice = grid.shape[0] * grid.shape[1]
  const times = sliceTimes(grid.shape[2])
  const series = new Float32Array(n * frames)
  const random = createRandom(`dsc/${seed}`)
  const sigma = SIGNAL.gm / snr
  const before = new Float64Array(n)
  for (let v = 0; v < n; v++) for (const name of COMPARTMENTS) before[v]! += SIGNAL[name] * shares[name][v]!
  const rates = new Float64Array(COMPARTMENTS.length)
  for (let frame = 0; frame < frames; frame++)
    for (let v = 0; v < n; v++) {
      if (v % slice === 0) {
        const time = frame * step + times[v / slice]!
        for (const [at, name] of COMPARTMENTS.entries()) rates[at] = valueAt(curves[name], time)
      }
      let rate = 0
      for (let at = 0; at < rates.length; at++) rate += rates[at]! * shares[COMPARTMENTS[at]!][v]!
      const real = signalUnderRate(rate, before[v]!, echo) * (frame === 0 ? FIRST : 1) + sigma * random.normal()
      const imaginary = sigma * random.normal()
      series[frame * n + v] = Math.sqrt(real * real + imaginary * imaginary)
    }
  return series
}

/**
 * The metadata of a phantom's series, as the project reads them.
 *
 * @param slices - number of slices
 */
export function dscSidecar(slices: number): Record<string, unknown> {
  return {
    Manufacturer: 'Simulated',
    ManufacturersModelName: 'perfquant',
    MagneticFieldStrength: PROTOCOL.tesla,
    MRAcquisitionType: '2D',
    PulseSequenceType: 'Gradient echo EPI',
    ScanningSequence: 'EP',
    EchoTime: PROTOCOL.echo,
    RepetitionTime: PROTOCOL.step,
    FlipAngle: PROTOCOL.flip,
    SliceThickness: PROTOCOL.voxel[2],
    SliceTiming: sliceTimes(slices),
    ContrastBolusIngredient: 'GADOLINIUM',
    ContrastBolusAgent: 'simulated',
    ContrastBolusDosePerWeight: 0.1,
    ContrastBolusDosePerWeightUnits: 'mmol/kg',
    ContrastFlowRate: 4,
    SalineFlushVolume: 25,
    IVCatheterGauge: 20,
    Preload: false,
  }
}

const BRAIN: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }
const fraction = (label: string): OutputName => ({ mod: true, label, suffix: 'probseg' })

/**
 * The phantom of `simulate`: a head with arteries, veins, a tumour and a late territory by the recommended protocol, as a
 * scanner would store it, with the truth.
 *
 * @remarks
 * The checks compare ratios and times: the scale of CBF and CBV is that of the arterial curve and of relaxivities, which DSC
 * does not know. The bands are those that were measured for the defaults; they hold the bias of the deconvolution.
 *
 * @param settings - head, signal-to-noise ratio, seed, level of perfusion
 */
export function dscPhantom({ anatomy, snr, seed, level, spread }: PhantomSettings): Phantom {
  const grid = headGrid(PROTOCOL.voxel)
  const shares = spread(compartmentsOf(anatomy.tissues(grid), grid), grid)
  const series = dscSignals(shares, grid, { snr, seed, level })
  const share = (label: string, values: Float32Array) =>
    ({ name: fraction(label), grid, values, unit: '1', description: `Share of ${label} in each voxel` }) as const
  const brain = shares.gm.map((_, v) =>
    COMPARTMENTS.reduce((sum, name) => sum + shares[name][v]!, 0) >= 1 / 2 ? 1 : 0,
  )
  const check = (parameter: string, truth: OutputName, region: string, label: string, tolerance: number) => {
    return {
      parameter,
      truth,
      region,
      within: { name: fraction(label), above: label === 'GM' ? PURE.cortex : PURE.else },
      tolerance,
    }
  }
  const map = (name: OutputName, unit: 's' | '1', of: (tissue: Tissue) => number, description: string) => {
    return { name, grid, values: mixed(shares, of), unit, description }
  }
  return {
    images: [
      {
        suffix: 'dsc',
        grid,
        frames: PROTOCOL.frames,
        data: Int16Array.from(series, value => Math.round(4 * value)),
        frameSpacing: PROTOCOL.step,
        sidecar: dscSidecar(grid.shape[2]),
        tables: {},
      },
    ],
    truth: [
      map(OUTPUTS.rcbv, '1', tissue => TISSUE[tissue].cbv / TISSUE.wm.cbv, 'CBV over that of white matter'),
      map(OUTPUTS.rcbf, '1', tissue => TISSUE[tissue].cbf / TISSUE.wm.cbf, 'CBF over that of white matter'),
      map(OUTPUTS.mtt('osvd'), 's', tissue => transitOf(tissue, level), 'Mean transit time'),
      map(
        OUTPUTS.delay('osvd'),
        's',
        tissue => TISSUE[tissue].delay + TISSUE[tissue].dispersion,
        'Arrival after the artery, the mean time of dispersion included',
      ),
      share('GM', shares.gm),
      share('WM', shares.wm),
      share('CSF', shares.csf),
      share('tumour', shares.tumour),
      share('late', shares.late),
      share('artery', shares.artery),
      share('vein', shares.vein),
      { name: BRAIN, grid, values: brain, unit: '1', description: 'Voxels that are brain for the most part' },
    ],
    checks: [
      check('rcbv', OUTPUTS.rcbv, 'pure GM', 'GM', 0.03),
      check('rcbv', OUTPUTS.rcbv, 'tumour, corrected', 'tumour', 0.05),
      check('rcbf', OUTPUTS.rcbf, 'pure GM', 'GM', 0.04),
      check('rcbf', OUTPUTS.rcbf, 'late', 'late', 0.2),
      check('delay', OUTPUTS.delay('osvd'), 'late', 'late', 0.15),
    ],
  }
}

/** Mean of a property over the tissues of each voxel, by their share; vessels and fluid have none. */
function mixed(shares: Shares, of: (tissue: Tissue) => number): Float32Array {
  const values = TISSUES.map(of)
  return shares.gm.map((_, v) => {
    let [sum, weight] = [0, 0]
    for (const [at, tissue] of TISSUES.entries()) {
      sum += values[at]! * shares[tissue][v]!
      weight += shares[tissue][v]!
    }
    return weight > 0 ? sum / weight : 0
  })
}
