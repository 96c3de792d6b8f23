import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { correctMotion, type MotionPlan, motionOf, temporalSnr } from '../../src/image/motion.ts'
import { displacementOf, framewiseDisplacement, parametersOf, STILL, stepAbout } from '../../src/image/rigid.ts'
import { frameValues, type Volume } from '../../src/image/volume.ts'
import { median } from '../../src/numerics/statistics.ts'
import { errorsOf, type MovingHead, movingHead, SERIES_GRID } from './moving-head.ts'

function seriesOf({ grid, frames }: MovingHead): Volume {
  const n = frames[0]!.length
  const data = new Float32Array(n * frames.length)
  for (const [at, values] of frames.entries()) data.set(values, at * n)
  return { grid, frames: frames.length, data, slope: 1, intercept: 0, header: new Uint8Array(348) }
}

function plan(count: number, metric: 'robust' | 'information', together = true): MotionPlan {
  return { reference: [0, 2, 4], metrics: [Array.from({ length: count }, () => metric)], together }
}

describe('motion of a series', () => {
  const settings = { grid: SERIES_GRID, frames: 6, noise: 0.02, contrast: 'asl', seed: 'motion test' } as const
  let head: MovingHead
  let series: Volume
  beforeAll(() => {
    head = movingHead({ ...settings, motion: 2 })
  })
  beforeEach(() => {
    // Correcting takes a series over.
    series = seriesOf(head)
  })

  it('is found, and taken out: temporal SNR rises to what noise allows', () => {
    const motion = motionOf([series], plan(6, 'robust'))!
    const errors = errorsOf(head, motion.motions[0]!)
    expect(errors.reduce((sum, value) => sum + value, 0) / 5).toBeLessThan(0.05)
    const all = [0, 1, 2, 3, 4, 5]
    const before = temporalSnr(series, all)!
    const { series: corrected, unseen } = correctMotion([series], motion)
    const after = temporalSnr(corrected[0]!, all)!
    const inside = (values: Float32Array) => median(values.filter((_, v) => head.brain[v] === 1 && unseen[v] === 0))
    expect(inside(before)).toBeLessThan(45)
    expect(inside(after)).toBeGreaterThan(50)
    expect(corrected[0]!.data, 'no second copy').toBe(series.data)
  })

  it('is none in a head that lies still, and every value stays', () => {
    const still = seriesOf(movingHead({ ...settings, motion: 0 }))
    for (const metric of ['robust', 'information'] as const) {
      const motion = motionOf([still], plan(6, metric))!
      expect(motion.isMoved).toEqual([Array.from({ length: 6 }, () => false)])
      expect(correctMotion([still], motion).series[0]).toBe(still)
    }
  })

  it('moves what was acquired together alike, and leaves volumes without a metric alone', () => {
    const metrics = ['robust', 'robust', null, 'robust', 'robust', 'robust'] as const
    const motion = motionOf([series, series], { reference: [0], metrics: [metrics, metrics], together: true })!
    expect(motion.motions[1]).toBe(motion.motions[0])
    expect(motion.motions[0]![2]).toBe(STILL)
    const scaled = { ...series, data: Int32Array.from(series.data, value => 1000 * value), slope: 0.001 }
    const [first, second] = correctMotion([{ ...series, data: series.data.slice() }, scaled], motion).series
    const n = head.frames[0]!.length
    expect(first!.data.subarray(2 * n, 3 * n)).toEqual(series.data.subarray(2 * n, 3 * n))
    expect(scaled.data, 'left alone').toEqual(Int32Array.from(series.data, value => 1000 * value))
    for (const frame of [1, 2, 4]) {
      const [a, b] = [frameValues(first!, frame), frameValues(second!, frame)]
      expect(Math.max(...a.map((value, v) => Math.abs(value - b[v]!)))).toBeLessThan(0.002)
    }
  })

  it('is not looked for where there is no head', () => {
    const empty: Volume = { ...series, data: new Float32Array(series.data.length) }
    expect(motionOf([empty], plan(6, 'robust'))).toBeNull()
  })
})

it('framewise displacement counts translations, and angles on a sphere of 50 mm', () => {
  const rows = [
    [0, 0, 0, 0, 0, 0],
    [1, -2, 0, 0.01, 0, 0],
    [1, -2, 0, 0, 0, -0.02],
  ]
  for (const [at, value] of [0, 3.5, 1.5].entries()) expect(framewiseDisplacement(rows)[at]).toBeCloseTo(value, 12)
})

it('displacement is the root mean square over points about the centre', () => {
  const motion = stepAbout([1, 2, 2, 0.1, 0, 0], [5, 6, 7])
  const [, , , angle] = parametersOf(motion, [5, 6, 7])
  // Of points on a sphere, two thirds of r² lie across the axis.
  const turned = Math.sqrt((2 / 3) * 2 * (1 - Math.cos(angle!))) * 60
  expect(displacementOf(motion, [5, 6, 7], 60)).toBeCloseTo(Math.hypot(3, turned), 9)
})
