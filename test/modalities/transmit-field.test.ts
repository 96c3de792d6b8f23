import { describe, expect, it } from 'vitest'
import { parseName } from '../../src/bids/name.ts'
import type { Volume } from '../../src/image/volume.ts'
import type { Source } from '../../src/modalities/modality.ts'
import { transmitField } from '../../src/modalities/transmit-field.ts'

/** B1 from each kind of image whose theory tells what it must give, and from those that it cannot be had from. */

const RADIAN = Math.PI / 180
/** Actual over nominal flip angle, from voxel to voxel. */
const TRUE = [0.8, 0.95, 1.1, 1.25]

function source(file: string, values: Readonly<Record<string, unknown>>): Source {
  const name = parseName(`sub-01/fmap/sub-01_${file}.nii.gz`)!
  return {
    uri: `bids:raw:${name.path}`,
    file: '',
    name,
    sidecar: { values, from: {}, files: [] },
    header: null,
    tables: {},
  }
}

/** Voxels 40 mm apart: the smoothing of what is computed does not reach from one to the next. */
function image(values: readonly number[]): Volume {
  const affine = [40, 0, 0, 0, 0, 40, 0, 0, 0, 0, 40, 0]
  return {
    grid: { shape: [values.length, 1, 1], affine },
    frames: 1,
    data: Float32Array.from(values),
    slope: 1,
    intercept: 0,
    header: new Uint8Array(348),
  }
}

function fieldOf(sources: readonly Source[], volumes: readonly Volume[]): number[] {
  const field = transmitField(sources, volumes)
  if (!field.ok) throw new Error(field.problems[0]?.message)
  return Array.from(field.value.map.data)
}

function refusalOf(sources: readonly Source[], volumes: readonly Volume[]): string {
  const field = transmitField(sources, volumes)
  return field.ok ? 'none' : `${field.problems[0]?.code}: ${field.problems[0]?.message}`
}

const near = (found: readonly number[], factor = 1) => {
  for (const [v, k] of TRUE.entries()) expect(Math.abs(found[v]! / (factor * k) - 1)).toBeLessThan(1e-5)
}

describe('the transmit field', () => {
  it('of a TB1map is in percent, as BIDS asks, or a fraction', () => {
    near(fieldOf([source('TB1map', {})], [image(TRUE.map(k => 100 * k))]))
    near(fieldOf([source('TB1map', { Units: 'percent' })], [image(TRUE.map(k => 100 * k))]))
    near(fieldOf([source('TB1map', {})], [image(TRUE)]))
  })

  it('of a TB1map whose unit contradicts its values, or that is neither, is none', () => {
    expect(refusalOf([source('TB1map', { Units: 'percent' })], [image(TRUE)])).toMatch(
      /^B1_INVALID: sub-01_TB1map.nii.gz has a median of 1.0\d* and Units percent; B1 is expected in percent/,
    )
    expect(refusalOf([source('TB1map', { Units: 'fraction' })], [image(TRUE.map(k => 100 * k))])).toMatch(/^B1_INVALID/)
    expect(refusalOf([source('TB1map', {})], [image(TRUE.map(k => 10 * k))])).toMatch(/median of 10/)
  })

  it('of two angles is that whose sines have their ratio, whichever comes first', () => {
    const angle = 60
    const at = (factor: number) => TRUE.map(k => 1000 * Math.sin(factor * k * angle * RADIAN))
    const one = source('flip-1_TB1DAM', { FlipAngle: angle })
    const two = source('flip-2_TB1DAM', { FlipAngle: 2 * angle })
    near(fieldOf([one, two], [image(at(1)), image(at(2))]))
    near(fieldOf([two, one], [image(at(2)), image(at(1))]))
    expect(refusalOf([one, source('flip-2_TB1DAM', { FlipAngle: 100 })], [image(at(1)), image(at(2))])).toMatch(
      /the second twice the first; they are 60 and 100/,
    )
  })

  it('of two repetition times is that of actual flip angle imaging', () => {
    const [angle, ratio] = [55, 5]
    // Yarnykh's steady state for repetition times far below T1.
    const first = TRUE.map(k => 1 + ratio * Math.cos(k * angle * RADIAN))
    const second = TRUE.map(k => ratio + Math.cos(k * angle * RADIAN))
    const short = source('acq-tr1_TB1AFI', { FlipAngle: angle, RepetitionTime: 0.02 })
    const long = source('acq-tr2_TB1AFI', { FlipAngle: angle, RepetitionTime: 0.1 })
    near(fieldOf([short, long], [image(second), image(first)]))
    near(fieldOf([long, short], [image(first), image(second)]))
    expect(refusalOf([short, short], [image(second), image(first)])).toMatch(/two different repetition times/)
  })

  it('of turbo-FLASH is the map of angles in tenths of a degree over the nominal one', () => {
    const angles = image(TRUE.map(k => 800 * k))
    const anatomy = image([500, 500, 500, 500])
    const nominal = { FlipAngle: 80 }
    near(fieldOf([source('acq-anat_TB1TFL', nominal), source('acq-famp_TB1TFL', nominal)], [anatomy, angles]))
    near(fieldOf([source('acq-famp_TB1TFL', nominal), source('acq-anat_TB1TFL', nominal)], [angles, anatomy]))
    expect(refusalOf([source('acq-anat_TB1TFL', {}), source('acq-famp_TB1TFL', {})], [anatomy, angles])).toMatch(
      /needs FlipAngle/,
    )
  })
})
