import { describe, expect, it } from 'vitest'
import { fitHifi, type HifiImage } from '../../src/kinetics/t1-hifi.ts'

const DEGREE = Math.PI / 180
const TR = 5.4e-3
const plain = (angle: number): HifiImage => ({ flipAngle: angle * DEGREE, repetitionTime: TR, inversion: null })
const inverted = (wait: number, angle = 5, rest = 0): HifiImage => ({
  flipAngle: angle * DEGREE,
  repetitionTime: TR,
  inversion: { wait, excitations: 160, rest, centre: 0.5 },
})
const IMAGES = [inverted(0.168), inverted(1.068), plain(2), plain(5), plain(12)]
const ONE = Int32Array.of(0)

/** What the sequence does to the magnetisation, pulse by pulse, until it repeats. */
function simulate({ flipAngle, repetitionTime, inversion }: HifiImage, T1: number, k: number): number {
  const [sin, cos] = [Math.sin(k * flipAngle), Math.cos(k * flipAngle)]
  const relax = (z: number, time: number) => 1 + (z - 1) * Math.exp(-time / T1)
  let z = 1
  if (inversion === null) {
    for (let pulse = 0; pulse < 20_000; pulse++) z = relax(z * cos, repetitionTime)
    return z * sin
  }
  let signal = 0
  for (let cycle = 0; cycle < 60; cycle++) {
    z = relax(-z, inversion.wait)
    for (let pulse = 0; pulse < inversion.excitations; pulse++) {
      if (pulse === inversion.centre * inversion.excitations) signal = Math.abs(z * sin)
      z = relax(z * cos, repetitionTime)
    }
    z = relax(z, inversion.rest)
  }
  return signal
}

describe('DESPOT1-HIFI', () => {
  it('gives what the reference fit gives for a voxel of a phantom', () => {
    // SEPAL (github.com/mjt320/SEPAL, demo/demo_fit_t1.ipynb, Apache-2.0): fit in Matlab.
    const fit = fitHifi({ signals: Float64Array.of(249, 585, 413, 604, 445), images: IMAGES, voxels: ONE })
    expect(fit.T1[0]).toBeCloseTo(1.0218, 3)
    expect(fit.k[0]).toBeCloseTo(1.1379, 3)
    expect(fit.M0[0]! / 11856 - 1).toBeCloseTo(0, 3)
  })

  it.each([
    [0.3, 0.8],
    [0.9, 1.2],
    [1.6, 0.9],
    [3.5, 1.1],
  ])('knows T1 %d s and scaling %d from magnetisation followed pulse by pulse', (T1, k) => {
    const images = [...IMAGES, inverted(0.4, 8, 0.7)]
    const fit = fitHifi({
      signals: Float64Array.from(images, image => 1000 * simulate(image, T1, k)),
      images,
      voxels: ONE,
    })
    expect(fit.status[0]).toBe(1)
    expect(fit.T1[0]! / T1 - 1).toBeCloseTo(0, 6)
    expect(fit.k[0]! / k - 1).toBeCloseTo(0, 6)
    expect(fit.M0[0]! / 1000 - 1).toBeCloseTo(0, 6)
  })

  it('has no estimate without signal', () => {
    const fit = fitHifi({ signals: new Float64Array(10), images: IMAGES, voxels: Int32Array.of(0, 1) })
    expect([...fit.status]).toEqual([4, 4])
    expect(fit.T1[0]).toBeNaN()
  })
})
