import type { Grid } from '../../image/volume.ts'
import { biexponentialSignal, type IvimParameters } from '../../kinetics/ivim.ts'
import { createRandom } from '../../numerics/random.ts'
import { headGrid, type Tissues } from '../anatomy.ts'
import type { OutputName, Phantom, PhantomSettings } from '../modality.ts'
import { mapName, type ParamName } from './maps.ts'

/** Sets of b-values by name [s/mm²]. */
export const B_SETS: Readonly<Record<string, readonly number[]>> = {
  minimum: [0, 200, 800],
  brain: [0, 10, 20, 40, 60, 80, 110, 140, 170, 200, 300, 400, 500, 700, 900],
  liver: [0, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 600, 800],
  benchmark: [0, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 600, 800],
}

/** What each tissue of the phantom is [a.u.], [mm²/s], [1]. */
const TISSUE = {
  gm: { S0: 1000, D: 0.85e-3, f: 0.1, Dstar: 25e-3 },
  wm: { S0: 850, D: 0.7e-3, f: 0.06, Dstar: 25e-3 },
  lesion: { S0: 1200, D: 1.2e-3, f: 0.2, Dstar: 35e-3 },
  csf: { S0: 2400, D: 3e-3, f: 0, Dstar: 25e-3 },
} as const satisfies Record<string, IvimParameters>

/** The directions of a series with three. */
const DIRECTIONS = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
] as const

/** Diffusion of white matter along each direction over its mean: fibres run from front to back [1]. */
const ANISOTROPY = [0.7, 1.6, 0.7] as const

/** Where the lesion is: centre and radius [mm]. */
const LESION = { centre: [-32, -34, 14], radius: 14 } as const

/** Volumes without weighting. */
const ZEROS = 3

/** The recommended protocol: voxel edges [mm]. */
const VOXEL = [3, 3, 5] as const

/** Share of a compartment above which a voxel is compared as pure; of the cortex, which is thin, few voxels have more than the lower one [1]. */
const PURE = { cortex: 0.95, else: 0.99 } as const

/** How an IVIM phantom is acquired. */
export interface Acquired {
  /** [s/mm²] */
  readonly b: readonly number[]
  /** Grey matter at b = 0 over the noise of one volume [1]; infinite for none. */
  readonly snr: number
  readonly seed: string
  /** Factor on f of all tissues [1]. */
  readonly level?: number
}

/** Shares of the tissues with a lesion in each voxel [1], shape (nVoxel) each. */
export type Shares = Readonly<Record<keyof typeof TISSUE, Float32Array>>

/** The tissues of the common head with a ball of lesion in them. */
export function withLesion({ gm, wm, csf }: Tissues, { shape, affine: a }: Grid): Shares {
  const shares = { gm: gm.slice(), wm: wm.slice(), csf: csf.slice(), lesion: new Float32Array(gm.length) }
  const [ni, nj] = shape
  for (let v = 0; v < gm.length; v++) {
    const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))]
    let squares = 0
    for (let row = 0; row < 3; row++) {
      const x = a[4 * row]! * i + a[4 * row + 1]! * j + a[4 * row + 2]! * k + a[4 * row + 3]! - LESION.centre[row]!
      squares += x * x
    }
    const inside = Math.min(1, Math.max(0, (LESION.radius - Math.sqrt(squares)) / VOXEL[0] + 1 / 2))
    shares.lesion[v] = inside * (gm[v]! + wm[v]!)
    shares.gm[v] = gm[v]! * (1 - inside)
    shares.wm[v] = wm[v]! * (1 - inside)
  }
  return shares
}

/** The voxels of an IVIM phantom with their weighting. */
export interface IvimSignals {
  /** shape (nVoxel × nVolume) */
  readonly series: Float32Array
  /** [s/mm²], shape (nVolume) */
  readonly b: readonly number[]
  /** shape (nVolume) */
  readonly directions: readonly (readonly [number, number, number])[]
}

/**
 * Magnitude images of a head with known IVIM parameters.
 *
 * @remarks
 * The signal of a voxel is the sum of its tissues by {@link biexponentialSignal}, each b-value along three orthogonal
 * directions; white matter diffuses along its fibres 2.3 times faster than across, with its mean as stated. Noise is
 * Rician. Three volumes have no weighting.
 *
 * @param shares - tissues on the grid of the series
 * @param acquired - b-values and noise
 */
export function ivimSignals(shares: Shares, { b, snr, seed, level = 1 }: Acquired): IvimSignals {
  const volumes = b.flatMap(value =>
    value === 0
      ? Array.from({ length: ZEROS }, () => ({ value, axis: -1 }))
      : DIRECTIONS.map((_, axis) => ({ value, axis })),
  )
  const n = shares.gm.length
  const series = new Float32Array(n * volumes.length)
  const random = createRandom(`ivim/${seed}`)
  const sigma = TISSUE.gm.S0 / snr
  const out = new Float64Array(1)
  for (const [at, { value, axis }] of volumes.entries()) {
    const along = (tissue: keyof typeof TISSUE) => {
      const { f, D, ...rest } = TISSUE[tissue]
      const faster = tissue === 'wm' && axis >= 0 ? ANISOTROPY[axis]! : 1
      biexponentialSignal(out, { ...rest, f: level * f, D: faster * D }, Float64Array.of(value))
      return out[0]!
    }
    const [gm, wm, lesion, csf] = [along('gm'), along('wm'), along('lesion'), along('csf')]
    for (let v = 0; v < n; v++) {
      const clean = gm * shares.gm[v]! + wm * shares.wm[v]! + lesion * shares.lesion[v]! + csf * shares.csf[v]!
      const real = clean + sigma * random.normal()
      const imaginary = sigma * random.normal()
      series[at * n + v] = Math.sqrt(real * real + imaginary * imaginary)
    }
  }
  return {
    series,
    b: volumes.map(({ value }) => value),
    directions: volumes.map(({ axis }) => DIRECTIONS[axis] ?? [0, 0, 0]),
  }
}

/**
 * The metadata of a phantom's series, as BIDS asks for them.
 */
export const IVIM_SIDECAR = {
  Manufacturer: 'Simulated',
  ManufacturersModelName: 'perfquant',
  MagneticFieldStrength: 3,
  MRAcquisitionType: '2D',
  PulseSequenceType: 'Spin echo EPI',
  NumberShots: 1,
  EchoTime: 0.06,
  RepetitionTime: 4,
  FlipAngle: 90,
  ParallelReductionFactorInPlane: 2,
  PhaseEncodingDirection: 'j-',
  TotalReadoutTime: 0.03,
  ScanOptions: 'FS',
  BodyPart: 'BRAIN',
} as const

const BRAIN: OutputName = { mod: true, desc: 'brain', suffix: 'mask' }
const fraction = (label: string): OutputName => ({ mod: true, label, suffix: 'probseg' })

/**
 * The phantom of `simulate`: a head with a lesion by the recommended protocol, as a scanner would store it, with the truth.
 *
 * @remarks
 * D* is 25e-3 mm²/s and more in all tissues, where the recommended segmented fit is free of bias: with the 11e-3 that brain
 * is said to have it would read f a fifth too low. Where tissues are mixed the truth is their mean by signal.
 *
 * @param settings - head, signal-to-noise ratio, seed, level of perfusion, set of b-values
 */
export function ivimPhantom({ anatomy, snr, seed, level, spread, bSet }: PhantomSettings): Phantom {
  const grid = headGrid(VOXEL)
  const shares = spread(withLesion(anatomy.tissues(grid), grid), grid)
  const chosen = B_SETS[bSet]
  if (!chosen) throw new Error(`there is no set of b-values ${bSet}`)
  const { series, b, directions } = ivimSignals(shares, { b: chosen, snr, seed, level })
  const hasDstar = chosen.some(value => value > 0 && value < 200)
  const names: readonly ('D' | 'f' | 'Dstar' | 'S0')[] = hasDstar ? ['D', 'f', 'Dstar', 'S0'] : ['D', 'f', 'S0']
  const share = (label: string, values: Float32Array) =>
    ({ name: fraction(label), grid, values, unit: '1', description: `Share of ${label} in each voxel` }) as const
  const check = (name: ParamName, region: string, within: OutputName, tolerance: number) => {
    return {
      parameter: name,
      truth: mapName(name),
      region,
      within: { name: within, above: within.label === 'GM' ? PURE.cortex : PURE.else },
      tolerance,
    }
  }
  const brain = shares.gm.map((value, v) =>
    value + shares.wm[v]! + shares.lesion[v]! + shares.csf[v]! >= 1 / 2 ? 1 : 0,
  )
  return {
    images: [
      {
        suffix: 'dwi',
        grid,
        frames: b.length,
        data: Int16Array.from(series, value => Math.round(4 * value)),
        frameSpacing: IVIM_SIDECAR.RepetitionTime,
        sidecar: IVIM_SIDECAR,
        tables: {},
        texts: {
          '.bval': `${b.join(' ')}\n`,
          '.bvec': [0, 1, 2].map(axis => `${directions.map(direction => direction[axis]).join(' ')}\n`).join(''),
        },
      },
    ],
    truth: [
      ...names.map(name => ({
        name: mapName(name),
        grid,
        values: mixed(shares, name, level).map(value => (name === 'S0' ? 4 * value : value)),
        unit: name === 'f' ? ('1' as const) : name === 'S0' ? ('a.u.' as const) : ('mm^2/s' as const),
        description: `${name} that is in the series`,
      })),
      share('GM', shares.gm),
      share('WM', shares.wm),
      share('CSF', shares.csf),
      share('lesion', shares.lesion),
      { name: BRAIN, grid, values: brain, unit: '1', description: 'Voxels that are brain for the most part' },
    ],
    checks: [
      check('D', 'pure GM', fraction('GM'), 0.01),
      check('D', 'pure WM', fraction('WM'), 0.01),
      check('f', 'pure GM', fraction('GM'), 0.03),
      check('f', 'pure WM', fraction('WM'), 0.04),
      check('f', 'lesion', fraction('lesion'), 0.02),
      ...(hasDstar ? [check('Dstar', 'lesion', fraction('lesion'), 0.05)] : []),
    ],
  }
}

/** Mean of a parameter over the tissues of each voxel, by their signal; S0 by their share. */
function mixed(shares: Shares, name: keyof IvimParameters, level: number): Float32Array {
  const tissues = ['gm', 'wm', 'lesion', 'csf'] as const
  return shares.gm.map((_, v) => {
    let [sum, weight] = [0, 0]
    for (const tissue of tissues) {
      const S0 = shares[tissue][v]! * TISSUE[tissue].S0
      if (name === 'S0') sum += S0
      else sum += S0 * TISSUE[tissue][name] * (name === 'f' ? level : 1)
      weight += S0
    }
    return name === 'S0' ? sum : weight > 0 ? sum / weight : 0
  })
}
