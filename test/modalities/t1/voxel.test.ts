import { describe, expect, it } from 'vitest'
import type { Volume } from '../../../src/image/volume.ts'
import { hifiSignals } from '../../../src/kinetics/t1-hifi.ts'
import type { Prepared } from '../../../src/modalities/modality.ts'
import type { T1Acquisition } from '../../../src/modalities/t1/acquisition.ts'
import { fitSet } from '../../../src/modalities/t1/fit.ts'
import { voxelCurves } from '../../../src/modalities/t1/voxel.ts'

/** Two voxels whose images a model gave: what is drawn over them must be that model again. */

const T1 = [0.8, 1.4]
const M0 = [900, 1200]
const GRID = { shape: [2, 1, 1], affine: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0] } as const

function prepared(images: number, signal: (voxel: number, image: number) => number): Prepared {
  const header = new Uint8Array(348)
  const series = Array.from({ length: images }, (_, image): Volume => {
    const data = Float64Array.from(T1, (_, voxel) => signal(voxel, image))
    return { grid: GRID, frames: 1, data, slope: 1, intercept: 0, header }
  })
  return {
    series,
    reference: { grid: GRID, values: new Float32Array(2), header },
    mask: Uint8Array.of(1, 1),
    confounds: { columns: [], rows: [] },
    problems: [],
  }
}

const TIMES = [1.2, 0.05, 0.4, 0.15, 2.6, 0.8, 5]
const recovery = { kind: 'irt1', inversionTimes: TIMES, isMagnitude: true } as const
const TR = 0.005
const ANGLES = [0.05, 0.1, 0.2, 0.35]
const IMAGES = [
  ...ANGLES.map(flipAngle => ({ flipAngle, repetitionTime: TR, inversion: null })),
  { flipAngle: 0.09, repetitionTime: TR, inversion: { wait: 0.4, excitations: 64, rest: 0.1, centre: 0.5 } },
  { flipAngle: 0.09, repetitionTime: TR, inversion: { wait: 0.8, excitations: 64, rest: 0.1, centre: 0.5 } },
]

const CASES: Record<string, { acquisition: object; images: number; signal: (v: number, image: number) => number }> = {
  'magnitudes after an inversion': {
    acquisition: { ...recovery, pulse: 'inversion' },
    images: TIMES.length,
    signal: (v, i) => Math.abs(M0[v]! * (1 - 1.9 * Math.exp(-TIMES[i]! / T1[v]!))),
  },
  'signals with their sign after an inversion': {
    acquisition: { ...recovery, isMagnitude: false, pulse: 'inversion' },
    images: TIMES.length,
    signal: (v, i) => M0[v]! * (1 - 1.9 * Math.exp(-TIMES[i]! / T1[v]!)),
  },
  'a saturation': {
    acquisition: { ...recovery, pulse: 'saturation' },
    images: TIMES.length,
    signal: (v, i) => M0[v]! * (1 - Math.exp(-TIMES[i]! / T1[v]!)),
  },
  'flip angles': {
    acquisition: { kind: 'vfa', flipAngles: ANGLES, repetitionTime: TR },
    images: ANGLES.length,
    signal: (v, i) => {
      const E = Math.exp(-TR / T1[v]!)
      return (M0[v]! * Math.sin(ANGLES[i]!) * (1 - E)) / (1 - E * Math.cos(ANGLES[i]!))
    },
  },
  'images with and without inversion': {
    acquisition: { kind: 'hifi', images: IMAGES },
    images: IMAGES.length,
    signal: (v, i) => hifiSignals(IMAGES, { M0: M0[v]!, R1: 1 / T1[v]!, k: 0.93 })[i]!,
  },
}

describe('the curve of a voxel', () => {
  it.each(Object.keys(CASES))('is what was fitted to it: %s', name => {
    const { acquisition, images, signal } = CASES[name]!
    const set = prepared(images, signal)
    const fitted = fitSet(acquisition as T1Acquisition, set, {}, [], 'nonlinear')
    const curves = voxelCurves(acquisition as T1Acquisition, fitted, set)
    const [measured, model] = [new Float64Array(images), new Float64Array(images)]
    for (const voxel of [0, 1]) {
      curves.read(voxel, measured, model)
      for (let at = 0; at < images; at++) expect(model[at]! / measured[at]!, `${voxel} ${at}`).toBeCloseTo(1, 3)
    }
    expect([...curves.x.values]).toEqual([...curves.x.values].sort((a, b) => a - b))
  })
})
