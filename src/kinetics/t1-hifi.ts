import { levenbergMarquardt } from '../numerics/levenberg-marquardt.ts'
import { FIT_STATUS } from './status.ts'
import { emptyFit, T1_DEFAULTS, type T1Fit, type T1Settings } from './t1.ts'
import { fitVfa } from './t1-vfa.ts'

/** What prepares the magnetisation before a train of excitations. */
export interface Inversion {
  /** From the inversion to the first excitation [s]. */
  readonly wait: number
  /** Excitations after each inversion [1]. */
  readonly excitations: number
  /** From the last excitation to the next inversion [s]. */
  readonly rest: number
  /** Share of the excitations before the centre of k-space [1]. */
  readonly centre: number
}

/** One image of a set: a spoiled gradient echo, with or without an inversion. */
export interface HifiImage {
  /** Nominal flip angle [rad]. */
  readonly flipAngle: number
  /** Time between excitations [s]. */
  readonly repetitionTime: number
  /** Null for a plain spoiled gradient echo. */
  readonly inversion: Inversion | null
}

/** Spoiled gradient echoes with and without inversion. */
export interface HifiSeries {
  /** Image after image, any unit, shape (nImage × nVoxel). */
  readonly signals: Float32Array | Float64Array
  readonly images: readonly HifiImage[]
  /** Which voxels to fit, by index. */
  readonly voxels: Int32Array
}

/** A T1 fit that knows the transmit field. */
export interface HifiFit extends T1Fit {
  /** Actual over nominal flip angle [1], shape (nVoxel), and its standard error. */
  readonly k: Float64Array
  readonly kSd: Float64Array
}

/** Bounds of actual over nominal flip angle [1]. */
const SCALE = [0.3, 2] as const
/** Scalings that are tried before a fit [1]: the polarity of an image near its null makes valleys. */
const TRIED = [1, 0.9, 1.1, 0.8, 1.2, 0.7, 1.35, 0.6, 1.5] as const

/**
 * Fit T1, M0 and the flip-angle scaling to spoiled gradient echoes with and without inversion (DESPOT1-HIFI).
 *
 * @remarks
 * Without inversion `S = M0·sin α·(1 − E)/(1 − q)`, with `E = exp(−TR·R1)`, `q = E·cos α` and α the nominal angle times k. In a
 * train of n excitations the magnetisation goes towards `g = M0·(1 − E)/(1 − q)` by a factor q each. With an ideal inversion
 * before, a wait TI, and a rest TD after it, the magnetisation at the first excitation is in the steady state
 *
 *     m = (1 − e3 − (1 − e2)·e3 − g·(1 − e1)·e2·e3)/(1 + e1·e2·e3)    e1 = qⁿ, e2 = exp(−TD·R1), e3 = exp(−TI·R1)
 *     S = |(g + (m − g)·q^(c·n))·sin α|
 *
 * at the centre of k-space after the share c of the train. Least squares within bounds with exact derivatives. Images without
 * inversion hold M0·k and T1·k² nearly; along that line the fit starts at the best of nine k.
 *
 * **Assumes** an ideal inversion, ideal spoiling, a steady state of the whole cycle.
 *
 * **Limits.** Three images or more, of which one with and one without inversion; standard errors need four. Status 4 where a
 * signal is no number or nothing is above 0; 2 at a bound; 3 where no minimum was found.
 *
 * **Error.** 1e-3 s and 1e-3 of k against the reference fit of a voxel of a phantom.
 *
 * @param series - images
 * @param settings - range of T1
 *
 * @see Deoni, J Magn Reson Imaging 26:1106 (2007), doi:10.1002/jmri.21130
 */
export function fitHifi({ signals, images, voxels }: HifiSeries, settings: Partial<T1Settings> = {}): HifiFit {
  const { range } = { ...T1_DEFAULTS, ...settings }
  const n = images.length
  const nVoxel = signals.length / n
  const map = () => new Float64Array(nVoxel).fill(Number.NaN)
  const fit: HifiFit = { ...emptyFit(nVoxel), k: map(), kSd: map() }
  const starts = startsOf(signals, images, voxels)
  const lower = Float64Array.of(0, 1 / range[1], SCALE[0])
  const upper = Float64Array.of(Infinity, 1 / range[0], SCALE[1])
  const evaluate = (p: Float64Array, curve: Float64Array, jacobian: Float64Array) => {
    for (let i = 0; i < n; i++) setSignal(images[i]!, p, curve, jacobian, i, n)
  }
  const search = levenbergMarquardt(3, n, evaluate)
  const [y, curve, jacobian] = [new Float64Array(n), new Float64Array(n), new Float64Array(3 * n)]
  const [p, best, covariance] = [new Float64Array(3), new Float64Array(3), new Float64Array(9)]
  for (let at = 0; at < voxels.length; at++) {
    const v = voxels[at]!
    let [highest, check] = [0, 0]
    for (let i = 0; i < n; i++) {
      y[i] = signals[i * nVoxel + v]!
      highest = Math.max(highest, y[i]!)
      check += y[i]! - y[i]!
    }
    if (check !== 0 || !(highest > 0)) {
      fit.status[v] = FIT_STATUS.noSignal
      continue
    }
    const M0 = starts.M0[v]! > 0 ? starts.M0[v]! : 20 * highest
    const R1 = starts.R1[v]! > 0 ? starts.R1[v]! : 1
    let least = Infinity
    for (const k of TRIED) {
      p.set([M0 / k, R1 * k * k, k])
      evaluate(p, curve, jacobian)
      let squares = 0
      for (let i = 0; i < n; i++) squares += (y[i]! - curve[i]!) * (y[i]! - curve[i]!)
      if (!(squares < least)) continue
      least = squares
      best.set(p)
    }
    const isGood = search.fit(y, best, lower, upper)
    search.covariance(covariance)
    store(fit, v, best, covariance, isGood, { lower, upper })
  }
  return fit
}

/** What plain images give without the scaling; NaN where there are fewer than two angles. */
function startsOf(
  signals: HifiSeries['signals'],
  images: readonly HifiImage[],
  voxels: Int32Array,
): Pick<T1Fit, 'M0' | 'R1'> {
  const nVoxel = signals.length / images.length
  const plain = images.flatMap(({ inversion }, at) => (inversion === null ? [at] : []))
  const [first, second] = plain
  if (first === undefined || second === undefined) return emptyFit(nVoxel)
  const chosen = new Float64Array(plain.length * nVoxel)
  for (const [to, at] of plain.entries()) chosen.set(signals.subarray(at * nVoxel, (at + 1) * nVoxel), to * nVoxel)
  return fitVfa('linear', {
    signals: chosen,
    flipAngles: Float64Array.from(plain, at => images[at]!.flipAngle),
    repetitionTime: images[first]!.repetitionTime,
    b1: null,
    voxels,
  })
}

function store(
  fit: HifiFit,
  v: number,
  p: Float64Array,
  covariance: Float64Array,
  isGood: boolean,
  { lower, upper }: { readonly lower: Float64Array; readonly upper: Float64Array },
): void {
  if (!isGood) {
    fit.status[v] = FIT_STATUS.unconverged
    return
  }
  const [M0, R1, k] = [p[0]!, p[1]!, p[2]!]
  const isBound = p.some((value, a) => value <= lower[a]! || value >= upper[a]!)
  fit.status[v] = isBound ? FIT_STATUS.bound : FIT_STATUS.good
  fit.M0[v] = M0
  fit.R1[v] = R1
  fit.T1[v] = 1 / R1
  fit.k[v] = k
  fit.sd.M0[v] = Math.sqrt(covariance[0]!)
  fit.sd.R1[v] = Math.sqrt(covariance[4]!)
  fit.sd.T1[v] = fit.sd.R1[v]! / (R1 * R1)
  fit.kSd[v] = Math.sqrt(covariance[8]!)
}

/**
 * What the model of {@link fitHifi} gives for each image [unit of M0], shape (nImage).
 *
 * @param images - images
 * @param tissue - M0 [any unit], R1 [1/s], actual over nominal flip angle k [1]
 */
export function hifiSignals(
  images: readonly HifiImage[],
  { M0, R1, k }: { readonly M0: number; readonly R1: number; readonly k: number },
): Float64Array {
  const n = images.length
  const [curve, jacobian] = [new Float64Array(n), new Float64Array(3 * n)]
  for (const [i, image] of images.entries()) setSignal(image, Float64Array.of(M0, R1, k), curve, jacobian, i, n)
  return curve
}

/** The signal of one image and its derivatives by M0, R1 and k, into place i of n. */
function setSignal(
  { flipAngle, repetitionTime: TR, inversion }: HifiImage,
  p: Float64Array,
  curve: Float64Array,
  jacobian: Float64Array,
  i: number,
  n: number,
): void {
  const [M0, R1, k] = [p[0]!, p[1]!, p[2]!]
  const [sin, cos] = [Math.sin(k * flipAngle), Math.cos(k * flipAngle)]
  const E = Math.exp(-TR * R1)
  const q = E * cos
  const [EByR, qByR, qByK] = [-TR * E, -TR * q, -flipAngle * E * sin]
  const g = (1 - E) / (1 - q)
  const [gByR, gByK] = [(g * qByR - EByR) / (1 - q), (g * qByK) / (1 - q)]
  let [z, zByR, zByK] = [g, gByR, gByK]
  if (inversion !== null) {
    const { wait, excitations, rest, centre } = inversion
    const power = (count: number) => Math.exp(count * Math.log(q))
    const [e1, e2, e3] = [power(excitations), Math.exp(-rest * R1), Math.exp(-wait * R1)]
    const perQ = (excitations * e1) / q
    const [e1ByR, e1ByK, e2ByR, e3ByR] = [perQ * qByR, perQ * qByK, -rest * e2, -wait * e3]
    const above = 1 - e3 - (1 - e2) * e3 - g * (1 - e1) * e2 * e3
    const below = 1 + e1 * e2 * e3
    const [e23, e23ByR] = [e2 * e3, e2ByR * e3 + e2 * e3ByR]
    const aboveByR = -2 * e3ByR + e23ByR - (gByR * (1 - e1) - g * e1ByR) * e23 - g * (1 - e1) * e23ByR
    const aboveByK = -(gByK * (1 - e1) - g * e1ByK) * e23
    const m = above / below
    const [mByR, mByK] = [(aboveByR - m * (e1ByR * e23 + e1 * e23ByR)) / below, (aboveByK - m * e1ByK * e23) / below]
    const ec = power(centre * excitations)
    const ecPerQ = (centre * excitations * ec) / q
    z = g + (m - g) * ec
    zByR = gByR + (mByR - gByR) * ec + (m - g) * ecPerQ * qByR
    zByK = gByK + (mByK - gByK) * ec + (m - g) * ecPerQ * qByK
  }
  // A magnitude has lost its sign.
  const sign = z < 0 ? -1 : 1
  curve[i] = sign * M0 * z * sin
  jacobian[i] = sign * z * sin
  jacobian[n + i] = sign * M0 * zByR * sin
  jacobian[2 * n + i] = sign * M0 * (zByK * sin + z * flipAngle * cos)
}
