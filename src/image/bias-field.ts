import { solveSymmetric } from '../numerics/symmetric.ts'
import type { Shape } from './distance.ts'

/** Highest degree of the polynomial: a field of four maxima along an edge, no more. */
export const DEGREE = 4

/** A smooth field over a grid: the exponential of a polynomial of the place. */
export interface BiasField {
  /** Coefficients of the monomials, in the order of {@link exponents}, shape (35). */
  readonly coefficients: Float64Array
}

/** A field of 1. */
export function noBias(): BiasField {
  return { coefficients: new Float64Array(exponents.length) }
}

/** Powers of the coordinates in each monomial, lower degrees first; the constant is the first. */
const exponents: readonly (readonly [number, number, number])[] = Array.from(
  { length: DEGREE + 1 },
  (_, degree) => degree,
).flatMap(degree => {
  const list: [number, number, number][] = []
  for (let a = degree; a >= 0; a--) for (let b = degree - a; b >= 0; b--) list.push([a, b, degree - a - b])
  return list
})

/** How many monomials have at most that degree. */
export function termsOf(degree: number): number {
  return exponents.filter(([a, b, c]) => a + b + c <= degree).length
}

/** A voxel index along an axis as a coordinate between −1 and 1. */
function coordinate(index: number, count: number): number {
  return count > 1 ? (2 * index) / (count - 1) - 1 : 0
}

/**
 * The monomials at some voxels, shape (nVoxel × 35).
 *
 * @param voxels - indices into the grid
 * @param shape - voxels along i, j, k
 */
export function monomialsAt(voxels: Int32Array, shape: Shape): Float64Array {
  const [ni, nj, nk] = shape
  const out = new Float64Array(voxels.length * exponents.length)
  for (let at = 0; at < voxels.length; at++) {
    const v = voxels[at]!
    const x = powers(coordinate(v % ni, ni))
    const y = powers(coordinate(Math.floor(v / ni) % nj, nj))
    const z = powers(coordinate(Math.floor(v / (ni * nj)), nk))
    for (const [term, [a, b, c]] of exponents.entries()) out[at * exponents.length + term] = x[a]! * y[b]! * z[c]!
  }
  return out
}

function powers(x: number): number[] {
  const list = [1]
  for (let degree = 1; degree <= DEGREE; degree++) list.push(list[degree - 1]! * x)
  return list
}

/**
 * The field whose logarithm is nearest to some values, by weighted least squares; the field of 1 where they do not tell it.
 *
 * @param monomials - at the places of the values, from {@link monomialsAt}
 * @param logs - logarithm of the field as seen at each place, shape (n)
 * @param weights - what each counts [1], shape (n)
 * @param degree - of the polynomial, at most {@link DEGREE}
 */
export function fitBias(monomials: Float64Array, logs: Float64Array, weights: Float64Array, degree: number): BiasField {
  const terms = termsOf(degree)
  const M = new Float64Array(terms * terms)
  const right = new Float64Array(terms)
  for (let at = 0; at < logs.length; at++) {
    const w = weights[at]!
    if (!(w > 0)) continue
    const row = at * exponents.length
    for (let p = 0; p < terms; p++) {
      const wp = w * monomials[row + p]!
      right[p]! += wp * logs[at]!
      for (let q = 0; q <= p; q++) M[p * terms + q]! += wp * monomials[row + q]!
    }
  }
  for (let p = 0; p < terms; p++) for (let q = 0; q < p; q++) M[q * terms + p] = M[p * terms + q]!
  const coefficients = new Float64Array(exponents.length)
  if (solveSymmetric(M, right, terms, new Float64Array(terms))) coefficients.set(right)
  return { coefficients }
}

/** Logarithm of the field at the places of {@link monomialsAt}, shape (n). */
export function logBiasAt({ coefficients }: BiasField, monomials: Float64Array): Float64Array {
  const out = new Float64Array(monomials.length / exponents.length)
  for (let at = 0; at < out.length; at++) {
    let sum = 0
    for (let term = 0; term < exponents.length; term++)
      sum += coefficients[term]! * monomials[at * exponents.length + term]!
    out[at] = sum
  }
  return out
}

/**
 * An image divided by the field, shape (nVoxel).
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param field - the field
 * @param shape - voxels along i, j, k
 */
export function withoutBias(values: Float32Array, { coefficients }: BiasField, shape: Shape): Float32Array {
  const [ni, nj, nk] = shape
  const out = new Float32Array(values.length)
  const line = new Float64Array(DEGREE + 1)
  for (let k = 0, v = 0; k < nk; k++) {
    const z = powers(coordinate(k, nk))
    for (let j = 0; j < nj; j++) {
      const y = powers(coordinate(j, nj))
      line.fill(0)
      for (const [term, [a, b, c]] of exponents.entries()) line[a]! += coefficients[term]! * y[b]! * z[c]!
      for (let i = 0; i < ni; i++, v++) {
        const x = coordinate(i, ni)
        let sum = 0
        for (let a = DEGREE; a >= 0; a--) sum = sum * x + line[a]!
        out[v] = values[v]! / Math.exp(sum)
      }
    }
  }
  return out
}
