import { rootsOfUnity } from './roots-of-unity.ts'

/** A complex Fourier transform with its own working space: fill the input, run, read the output. The input is lost. */
export interface ComplexFourier {
  readonly inRe: Float64Array
  readonly inIm: Float64Array
  readonly outRe: Float64Array
  readonly outIm: Float64Array
  run(): void
}

/**
 * Make the transform `X_k = Σ x_j·exp(−2πi·jk/m)`, k from 0 to m − 1.
 *
 * @remarks
 * Stockham's method where the length has no prime factor above 5; else Bluestein's, which turns it into a convolution of a
 * longer such length.
 *
 * @param m - length [1]
 *
 * @see Van Loan, Computational frameworks for the fast Fourier transform (1992), doi:10.1137/1.9781611970999
 */
export function complexFourier(m: number): ComplexFourier {
  const radices = smallFactors(m)
  return radices ? stockham(m, radices) : bluestein(m)
}

/** Factors of a number among 4, 2, 3 and 5; null where a larger prime is left. */
function smallFactors(n: number): number[] | null {
  const factors: number[] = []
  let rest = n
  for (const p of [4, 2, 3, 5]) for (; rest % p === 0; rest /= p) factors.push(p)
  return rest === 1 ? factors : null
}

/**
 * One pass of Stockham's method: q runs over the `n` butterflies, k over the `s` transforms that are interleaved; the
 * factors of the pass are `cos` and `sin`, shape (n)(radix − 1).
 */
type Pass = (
  xr: Float64Array,
  xi: Float64Array,
  yr: Float64Array,
  yi: Float64Array,
  n: number,
  s: number,
  cos: Float64Array,
  sin: Float64Array,
) => void

const PASSES: Readonly<Record<number, Pass>> = { 2: radix2, 3: radix3, 4: radix4, 5: radix5 }

function stockham(m: number, radices: readonly number[]): ComplexFourier {
  const roots = rootsOfUnity(m)
  const a = { re: new Float64Array(m), im: new Float64Array(m) }
  const b = { re: new Float64Array(m), im: new Float64Array(m) }
  let s = 1
  const passes = radices.map((p, at) => {
    const n = m / (s * p)
    const cos = new Float64Array(n * (p - 1))
    const sin = new Float64Array(n * (p - 1))
    for (let q = 0; q < n; q++)
      for (let j = 1; j < p; j++) {
        cos[q * (p - 1) + j - 1] = roots.cos[q * j * s]!
        sin[q * (p - 1) + j - 1] = roots.sin[q * j * s]!
      }
    const [x, y] = at % 2 === 0 ? [a, b] : [b, a]
    const [run, stride] = [PASSES[p]!, s]
    s *= p
    return () => run(x.re, x.im, y.re, y.im, n, stride, cos, sin)
  })
  const out = radices.length % 2 === 0 ? a : b
  return {
    inRe: a.re,
    inIm: a.im,
    outRe: out.re,
    outIm: out.im,
    run() {
      for (let at = 0; at < passes.length; at++) passes[at]!()
    },
  }
}

function radix2(...[xr, xi, yr, yi, n, s, cos, sin]: Parameters<Pass>): void {
  for (let q = 0; q < n; q++) {
    const c = cos[q]!
    const d = sin[q]!
    for (let k = 0; k < s; k++) {
      const i = k + s * q
      const j = i + s * n
      const o = k + 2 * s * q
      yr[o] = xr[i]! + xr[j]!
      yi[o] = xi[i]! + xi[j]!
      const tr = xr[i]! - xr[j]!
      const ti = xi[i]! - xi[j]!
      yr[o + s] = tr * c + ti * d
      yi[o + s] = ti * c - tr * d
    }
  }
}

const SIN_3 = Math.sqrt(3) / 2

function radix3(...[xr, xi, yr, yi, n, s, cos, sin]: Parameters<Pass>): void {
  const step = s * n
  for (let q = 0; q < n; q++) {
    const c1 = cos[2 * q]!
    const d1 = sin[2 * q]!
    const c2 = cos[2 * q + 1]!
    const d2 = sin[2 * q + 1]!
    for (let k = 0; k < s; k++) {
      const i = k + s * q
      const o = k + 3 * s * q
      const sr = xr[i + step]! + xr[i + 2 * step]!
      const si = xi[i + step]! + xi[i + 2 * step]!
      const dr = SIN_3 * (xr[i + step]! - xr[i + 2 * step]!)
      const di = SIN_3 * (xi[i + step]! - xi[i + 2 * step]!)
      const mr = xr[i]! - sr / 2
      const mi = xi[i]! - si / 2
      yr[o] = xr[i]! + sr
      yi[o] = xi[i]! + si
      yr[o + s] = (mr + di) * c1 + (mi - dr) * d1
      yi[o + s] = (mi - dr) * c1 - (mr + di) * d1
      yr[o + 2 * s] = (mr - di) * c2 + (mi + dr) * d2
      yi[o + 2 * s] = (mi + dr) * c2 - (mr - di) * d2
    }
  }
}

function radix4(...[xr, xi, yr, yi, n, s, cos, sin]: Parameters<Pass>): void {
  const step = s * n
  for (let q = 0; q < n; q++) {
    const c1 = cos[3 * q]!
    const d1 = sin[3 * q]!
    const c2 = cos[3 * q + 1]!
    const d2 = sin[3 * q + 1]!
    const c3 = cos[3 * q + 2]!
    const d3 = sin[3 * q + 2]!
    for (let k = 0; k < s; k++) {
      const i = k + s * q
      const o = k + 4 * s * q
      const ar = xr[i]! + xr[i + 2 * step]!
      const ai = xi[i]! + xi[i + 2 * step]!
      const br = xr[i]! - xr[i + 2 * step]!
      const bi = xi[i]! - xi[i + 2 * step]!
      const cr = xr[i + step]! + xr[i + 3 * step]!
      const ci = xi[i + step]! + xi[i + 3 * step]!
      const dr = xr[i + step]! - xr[i + 3 * step]!
      const di = xi[i + step]! - xi[i + 3 * step]!
      yr[o] = ar + cr
      yi[o] = ai + ci
      yr[o + s] = (br + di) * c1 + (bi - dr) * d1
      yi[o + s] = (bi - dr) * c1 - (br + di) * d1
      yr[o + 2 * s] = (ar - cr) * c2 + (ai - ci) * d2
      yi[o + 2 * s] = (ai - ci) * c2 - (ar - cr) * d2
      yr[o + 3 * s] = (br - di) * c3 + (bi + dr) * d3
      yi[o + 3 * s] = (bi + dr) * c3 - (br - di) * d3
    }
  }
}

const FIFTH = rootsOfUnity(5)
const [COS_1, COS_2, SIN_1, SIN_2] = [FIFTH.cos[1]!, FIFTH.cos[2]!, FIFTH.sin[1]!, FIFTH.sin[2]!]

function radix5(...[xr, xi, yr, yi, n, s, cos, sin]: Parameters<Pass>): void {
  const step = s * n
  for (let q = 0; q < n; q++) {
    const t = 4 * q
    for (let k = 0; k < s; k++) {
      const i = k + s * q
      const o = k + 5 * s * q
      const ar = xr[i + step]! + xr[i + 4 * step]!
      const ai = xi[i + step]! + xi[i + 4 * step]!
      const br = xr[i + step]! - xr[i + 4 * step]!
      const bi = xi[i + step]! - xi[i + 4 * step]!
      const cr = xr[i + 2 * step]! + xr[i + 3 * step]!
      const ci = xi[i + 2 * step]! + xi[i + 3 * step]!
      const dr = xr[i + 2 * step]! - xr[i + 3 * step]!
      const di = xi[i + 2 * step]! - xi[i + 3 * step]!
      yr[o] = xr[i]! + ar + cr
      yi[o] = xi[i]! + ai + ci
      const er = xr[i]! + COS_1 * ar + COS_2 * cr
      const ei = xi[i]! + COS_1 * ai + COS_2 * ci
      const fr = xr[i]! + COS_2 * ar + COS_1 * cr
      const fi = xi[i]! + COS_2 * ai + COS_1 * ci
      const gr = SIN_1 * br + SIN_2 * dr
      const gi = SIN_1 * bi + SIN_2 * di
      const hr = SIN_2 * br - SIN_1 * dr
      const hi = SIN_2 * bi - SIN_1 * di
      yr[o + s] = (er + gi) * cos[t]! + (ei - gr) * sin[t]!
      yi[o + s] = (ei - gr) * cos[t]! - (er + gi) * sin[t]!
      yr[o + 2 * s] = (fr + hi) * cos[t + 1]! + (fi - hr) * sin[t + 1]!
      yi[o + 2 * s] = (fi - hr) * cos[t + 1]! - (fr + hi) * sin[t + 1]!
      yr[o + 3 * s] = (fr - hi) * cos[t + 2]! + (fi + hr) * sin[t + 2]!
      yi[o + 3 * s] = (fi + hr) * cos[t + 2]! - (fr - hi) * sin[t + 2]!
      yr[o + 4 * s] = (er - gi) * cos[t + 3]! + (ei + gr) * sin[t + 3]!
      yi[o + 4 * s] = (ei + gr) * cos[t + 3]! - (er - gi) * sin[t + 3]!
    }
  }
}

/** `jk = (j² + k² − (k − j)²)/2`: the sum over j is a convolution with a chirp. */
function bluestein(m: number): ComplexFourier {
  let length = 2 * m - 1
  while (!smallFactors(length)) length++
  const there = stockham(length, smallFactors(length)!)
  const back = stockham(length, smallFactors(length)!)
  const roots = rootsOfUnity(2 * m)
  const cos = new Float64Array(m)
  const sin = new Float64Array(m)
  for (let j = 0; j < m; j++) {
    cos[j] = roots.cos[(j * j) % (2 * m)]!
    sin[j] = roots.sin[(j * j) % (2 * m)]!
  }
  for (let j = 0; j < m; j++)
    for (const at of j === 0 ? [0] : [j, length - j]) {
      there.inRe[at] = cos[j]!
      there.inIm[at] = sin[j]!
    }
  there.run()
  const chirpRe = there.outRe.slice()
  const chirpIm = there.outIm.slice()
  const plane = () => new Float64Array(m)
  const [inRe, inIm, outRe, outIm] = [plane(), plane(), plane(), plane()]
  function run(): void {
    there.inRe.fill(0)
    there.inIm.fill(0)
    for (let j = 0; j < m; j++) {
      there.inRe[j] = inRe[j]! * cos[j]! + inIm[j]! * sin[j]!
      there.inIm[j] = inIm[j]! * cos[j]! - inRe[j]! * sin[j]!
    }
    there.run()
    // The conjugate goes in, so that the forward transform inverts.
    for (let k = 0; k < length; k++) {
      const [r, i] = [there.outRe[k]!, there.outIm[k]!]
      back.inRe[k] = (r * chirpRe[k]! - i * chirpIm[k]!) / length
      back.inIm[k] = -(r * chirpIm[k]! + i * chirpRe[k]!) / length
    }
    back.run()
    for (let k = 0; k < m; k++) {
      outRe[k] = back.outRe[k]! * cos[k]! - back.outIm[k]! * sin[k]!
      outIm[k] = -back.outIm[k]! * cos[k]! - back.outRe[k]! * sin[k]!
    }
  }
  return { inRe, inIm, outRe, outIm, run }
}
