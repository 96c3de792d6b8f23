import type { Grid } from '../../image/volume.ts'
import { modelCurve } from '../../kinetics/dce-fit.ts'
import { KINETIC_MODELS } from '../../kinetics/models.ts'
import { populationCurve } from '../../kinetics/population-aif.ts'
import { createRandom } from '../../numerics/random.ts'
import { spoiledSignal } from '../../physics/signal.ts'
import { headGrid } from '../anatomy.ts'
import type { OutputName, Phantom, PhantomImage, PhantomSettings } from '../modality.ts'
import { mapName } from './outputs.ts'

/** What each tissue is: proton density [a.u.], T1 [s], Ktrans [1/min], ve [1], vp [1]. */
const TISSUE = {
  gm: { M0: 8200, T1: 1.6, Ktrans: 0.004, ve: 0.12, vp: 0.04 },
  wm: { M0: 7000, T1: 1.05, Ktrans: 0.002, ve: 0.1, vp: 0.02 },
  csf: { M0: 10000, T1: 4, Ktrans: 0, ve: 0.1, vp: 0 },
  lesion: { M0: 8500, T1: 1.5, Ktrans: 0.15, ve: 0.35, vp: 0.06 },
  artery: { M0: 9000, T1: 1.63, Ktrans: 0, ve: 0.1, vp: 0 },
} as const

type TissueName = keyof typeof TISSUE
const NAMES = ['gm', 'wm', 'csf', 'lesion', 'artery'] as const satisfies readonly TissueName[]

/** Balls in the head: centre and radius [mm]. */
const LESION = { centre: [-32, -34, 14], radius: 16 } as const
const ARTERIES = [
  { centre: [24, 10, -34], radius: 13 },
  { centre: [-24, 10, -34], radius: 13 },
] as const

/** The acquisition: voxel edges [mm], volumes, their spacing [s], TR [s], angles [deg], relaxivity [1/s/mM]. */
const VOXEL = [4, 4, 5] as const
const FRAMES = 72
const SPACING = 3.5
const REPETITION = 0.005
const ANGLE = 15
const ANGLES = [2, 5, 10, 15] as const
const RELAXIVITY = 5
const HEMATOCRIT = 0.45
/** Arrival of the bolus in arteries and tissue [s]. */
const ARRIVAL = 42

const DEGREE = Math.PI / 180

/** Share of a compartment above which a voxel is compared as pure; of the cortex, which is thin, few voxels have more than the lower one [1]. */
const PURE = { cortex: 0.95, else: 0.99 } as const

type Shares = Readonly<Record<TissueName, Float32Array>>

/** Scanner coordinates of a voxel's centre [mm]. */
function place({ shape: [ni, nj], affine: a }: Grid, v: number): readonly [number, number, number] {
  const [i, j, k] = [v % ni, Math.floor(v / ni) % nj, Math.floor(v / (ni * nj))]
  const row = (r: number) => a[4 * r]! * i + a[4 * r + 1]! * j + a[4 * r + 2]! * k + a[4 * r + 3]!
  return [row(0), row(1), row(2)]
}

function sharesOf({ anatomy, spread }: PhantomSettings, grid: Grid): Shares {
  const { gm, wm, csf } = anatomy.tissues(grid)
  const shares = { gm, wm, csf, lesion: new Float32Array(gm.length), artery: new Float32Array(gm.length) }
  const inBall = (v: number, ball: { readonly centre: readonly number[]; readonly radius: number }) => {
    const x = place(grid, v)
    const distance = Math.sqrt(x.reduce((sum, at, axis) => sum + (at - ball.centre[axis]!) ** 2, 0))
    return Math.min(1, Math.max(0, (ball.radius - distance) / VOXEL[0] + 1 / 2))
  }
  for (let v = 0; v < gm.length; v++) {
    const tissue = gm[v]! + wm[v]! + csf[v]!
    if (tissue === 0) continue
    const artery = tissue * Math.max(...ARTERIES.map(ball => inBall(v, ball)))
    const lesion = (tissue - artery) * inBall(v, LESION)
    const rest = (tissue - artery - lesion) / tissue
    shares.artery[v] = artery
    shares.lesion[v] = lesion
    for (const name of ['gm', 'wm', 'csf'] as const) shares[name][v]! *= rest
  }
  return spread(shares, grid)
}

/** Actual over nominal flip angle: high in the middle, as at 3 T. */
function transmit(grid: Grid, v: number): number {
  const [x, y, z] = place(grid, v)
  return 1.1 - 0.25 * ((x * x + y * y + z * z) / (90 * 90))
}

/** Signal of a voxel: its tissues at given rates, at a nominal angle [deg]. */
function signalOf(
  shares: Shares,
  v: number,
  angle: number,
  scale: number,
  rates: Readonly<Record<TissueName, number>>,
): number {
  let sum = 0
  for (const name of NAMES) {
    const share = shares[name][v]!
    if (share === 0) continue
    const echo = { flipAngle: angle * DEGREE * scale, repetitionTime: REPETITION }
    sum += share * TISSUE[name].M0 * spoiledSignal(echo, rates[name])
  }
  return sum
}

/**
 * A head with a bolus of contrast agent: variable flip angles, a transmit field and a dynamic series of known parameters.
 *
 * @remarks
 * Tissue follows the extended Tofts model behind Parker's input in blood of a haematocrit of 0.45; the arteries hold that
 * blood. The lesion leaks. Flip angles are those of a transmit field that is written in percent. Noise is that of magnitude
 * images.
 *
 * @param settings - the head, noise, level of Ktrans and vp
 */
export function dcePhantom(settings: PhantomSettings): Phantom {
  const { snr, seed, level } = settings
  const grid = headGrid([...VOXEL])
  const shares = sharesOf(settings, grid)
  const n = shares.gm.length
  const random = createRandom(`dce ${seed}`)
  const rest: Record<TissueName, number> = { gm: 0, wm: 0, csf: 0, lesion: 0, artery: 0 }
  for (const name of NAMES) rest[name] = 1 / TISSUE[name].T1
  const pure: Shares = {
    gm: Float32Array.of(1),
    wm: new Float32Array(1),
    csf: new Float32Array(1),
    lesion: new Float32Array(1),
    artery: new Float32Array(1),
  }
  const sigma = signalOf(pure, 0, ANGLE, 1, rest) / snr
  const noisy = (value: number) => {
    const [re, im] = [value + sigma * random.normal(), sigma * random.normal()]
    return Math.min(32767, Math.round(Math.sqrt(re * re + im * im)))
  }
  const scales = Float32Array.from({ length: n }, (_, v) => transmit(grid, v))
  const rates = Array.from({ length: FRAMES }, () => ({ ...rest }))
  const curves = concentrations(level)
  for (const [at, rate] of rates.entries()) for (const name of NAMES) rate[name] += RELAXIVITY * curves[name][at]!
  const series = new Int16Array(n * FRAMES)
  for (const [at, rate] of rates.entries())
    for (let v = 0; v < n; v++) series[at * n + v] = noisy(signalOf(shares, v, ANGLE, scales[v]!, rate))
  const sequence = {
    Manufacturer: 'Simulated',
    MagneticFieldStrength: 3,
    MRAcquisitionType: '3D',
    PulseSequenceType: 'Spoiled gradient echo',
    RepetitionTimeExcitation: REPETITION,
    EchoTime: 0.002,
  }
  const images: PhantomImage[] = [
    {
      suffix: 'dce',
      grid,
      frames: FRAMES,
      data: series,
      frameSpacing: SPACING,
      sidecar: {
        ...sequence,
        FlipAngle: ANGLE,
        RepetitionTime: SPACING,
        BodyPart: 'HEAD',
        ContrastAgent: 'gadobutrol',
        ContrastDose: 0.1,
        Relaxivity: RELAXIVITY,
      },
      tables: {},
    },
    ...ANGLES.map((angle, at): PhantomImage => {
      const data = Int16Array.from({ length: n }, (_, v) => noisy(signalOf(shares, v, angle, scales[v]!, rest)))
      return {
        suffix: 'VFA',
        entities: { flip: String(at + 1) },
        datatype: 'anat',
        grid,
        frames: 1,
        data,
        sidecar: { ...sequence, FlipAngle: angle },
        tables: {},
      }
    }),
    {
      suffix: 'TB1map',
      datatype: 'fmap',
      grid,
      frames: 1,
      data: scales.map(scale => 100 * scale),
      sidecar: { Units: 'percent', IntendedFor: [`bids::${settings.path('dce')}`] },
      tables: {},
    },
  ]
  return { images, truth: truthOf(shares, grid, level), checks: CHECKS }
}

/** Concentration of each tissue over the frames [mM]. */
function concentrations(level: number): Record<TissueName, Float64Array> {
  const model = KINETIC_MODELS.find(({ name }) => name === 'etofts')!
  const times = Float64Array.from({ length: FRAMES }, (_, at) => at * SPACING)
  const fine = Float64Array.from({ length: Math.ceil(FRAMES * SPACING * 10) }, (_, at) => at / 10)
  const plasma = {
    times: fine,
    values: populationCurve('parker', fine, ARRIVAL).map(value => value / (1 - HEMATOCRIT)),
  }
  const of = (name: TissueName) => {
    const { Ktrans, ve, vp } = TISSUE[name]
    const p = { Ktrans: (level * Ktrans) / 60, ve, vp: level * vp }
    return modelCurve(
      model,
      Float64Array.from(
        model.parameters,
        parameter => p[parameter.name === 'Ktrans' ? 'Ktrans' : parameter.name === 've' ? 've' : 'vp'],
      ),
      [plasma],
      times,
    )
  }
  return {
    gm: of('gm'),
    wm: of('wm'),
    csf: of('csf'),
    lesion: of('lesion'),
    artery: populationCurve('parker', times, ARRIVAL),
  }
}

const fraction = (label: string): OutputName => ({ mod: true, label, suffix: 'probseg' })

function truthOf(shares: Shares, grid: Grid, level: number): Phantom['truth'] {
  const map = (of: (name: TissueName) => number) =>
    Float32Array.from(shares.gm, (_, v) => NAMES.reduce((sum, name) => sum + shares[name][v]! * of(name), 0))
  return [
    {
      name: mapName('etofts', 'Ktrans'),
      grid,
      values: map(name => level * TISSUE[name].Ktrans),
      unit: '1/min',
      description: 'Volume transfer constant',
    },
    {
      name: mapName('etofts', 've'),
      grid,
      values: map(name => TISSUE[name].ve),
      unit: '1',
      description: 'Volume fraction of the extravascular extracellular space',
    },
    {
      name: mapName('etofts', 'vp'),
      grid,
      values: map(name => level * TISSUE[name].vp),
      unit: '1',
      description: 'Volume fraction of plasma',
    },
    { name: fraction('lesion'), grid, values: shares.lesion, unit: '1', description: 'Fraction of lesion' },
    { name: fraction('GM'), grid, values: shares.gm, unit: '1', description: 'Fraction of grey matter' },
  ]
}

const check = (param: string, region: string, label: string, tolerance: number): Phantom['checks'][number] => ({
  parameter: param,
  truth: mapName('etofts', param),
  region,
  within: { name: fraction(label), above: label === 'GM' ? PURE.cortex : PURE.else },
  tolerance,
})

const CHECKS: Phantom['checks'] = [
  check('Ktrans', 'lesion', 'lesion', 0.02),
  check('ve', 'lesion', 'lesion', 0.02),
  check('vp', 'lesion', 'lesion', 0.03),
  check('vp', 'grey matter', 'GM', 0.03),
]
