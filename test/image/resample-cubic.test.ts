import { describe, expect, it } from 'vitest'
import { sampleSpline, splineOf } from '../../src/image/resample-cubic.ts'

type Shape = readonly [number, number, number]

function at(values: ArrayLike<number>, shape: Shape, place: Shape): { value: number; unseen: number } {
  const out = new Float32Array(1)
  const unseen = new Uint8Array(1)
  const map = [1, 0, 0, place[0], 0, 1, 0, place[1], 0, 0, 1, place[2]]
  sampleSpline(splineOf(values, shape), shape, map, [1, 1, 1], out, unseen)
  return { value: out[0]!, unseen: unseen[0]! }
}

describe('the spline through an image', () => {
  const shape = [5, 4, 3] as const
  const values = Float32Array.from({ length: 60 }, (_, v) => (v * 37) % 23)

  it('runs through its voxels', () => {
    for (const [v, value] of values.entries())
      expect(at(values, shape, [v % 5, Math.floor(v / 5) % 4, Math.floor(v / 20)]).value).toBeCloseTo(value, 4)
  })

  it('is that of scipy.ndimage (map_coordinates, order 3, mirrored)', () => {
    // scipy 1.10.1, BSD-3-Clause: v = (arange(60)·37 mod 23).reshape(5, 4, 3, order='F')
    const places: readonly Shape[] = [
      [1.3, 2.2, 0.7],
      [0.1, 0.4, 1.9],
      [3.9, 2.9, 0.2],
      [2.5, 1.5, 1],
      [2, 1, 1],
    ]
    const expected = [20.37842023, 8.33569987, 13.4408198, 2.78571429, 10]
    for (const [n, place] of places.entries()) expect(at(values, shape, place).value).toBeCloseTo(expected[n]!, 4)
  })

  it('keeps a constant, and a plane far from the edges', () => {
    const wide = [20, 20, 20] as const
    const plane = Float32Array.from({ length: 8000 }, (_, v) => (v % 20) + 2 * (Math.floor(v / 20) % 20))
    expect(at(new Float32Array(8000).fill(3), wide, [0.2, 7.7, 19.4]).value).toBeCloseTo(3, 5)
    expect(at(plane, wide, [9.3, 10.6, 9.9]).value).toBeCloseTo(9.3 + 21.2, 4)
  })

  it('follows a wave of six voxels to 0.4 % of its amplitude', () => {
    const n = 60
    const waves = Float32Array.from({ length: n * n }, (_, v) => Math.cos(((v % n) * Math.PI) / 3))
    for (const x of [29.5, 30.25, 31.1])
      expect(Math.abs(at(waves, [n, n, 1], [x, 30, 0]).value - Math.cos((x * Math.PI) / 3))).toBeLessThan(0.004)
  })

  it('has the value at the edge outside the field of view, and says that it was not seen there', () => {
    expect(at(values, shape, [-0.4, 1, 1])).toEqual({ value: at(values, shape, [0, 1, 1]).value, unseen: 0 })
    expect(at(values, shape, [-0.6, 1, 1])).toEqual({ value: at(values, shape, [0, 1, 1]).value, unseen: 1 })
  })

  it('fills the thickness of a single plane', () => {
    const one = Float32Array.from([1, 2, 3, 4])
    expect(at(one, [2, 2, 1], [1, 1, 0.4])).toEqual({ value: 4, unseen: 0 })
  })
})
