import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compose,
  inverse,
  moved,
  parametersOf,
  type Rigid,
  STILL,
  stepAbout,
  turnedBack,
} from '../../src/image/rigid.ts'
import { formatTransform, parseTransform } from '../../src/image/rigid-text.ts'
import { cosineAndSine } from '../../src/numerics/roots-of-unity.ts'

const number = (size: number) => fc.double({ min: -size, max: size, noNaN: true })
const motion = fc
  .tuple(number(30), number(30), number(30), number(0.7), number(0.7), number(0.7))
  .map(step => stepAbout(step, [3, -5, 8]))

function expectClose(a: readonly number[], b: readonly number[], digits = 9): void {
  for (const [at, value] of a.entries()) expect(value).toBeCloseTo(b[at]!, digits)
}

function read(text: string): Rigid {
  const result = parseTransform(text, 'x.txt')
  if (!result.ok) throw new Error(result.problems[0]?.message)
  return result.value
}

describe('directions of an image', () => {
  const quarter: Rigid = [0, -1, 0, 5, 1, 0, 0, -3, 0, 0, 1, 8]
  it.each([
    ['to the right', [2, 0, 0, -60, 0, 2, 0, -70, 0, 0, 3, -40]],
    ['to the left', [-2, 0, 0, 60, 0, 2, 0, -70, 0, 0, 3, -40]],
  ])('turn back with the head, in FSL’s convention whichever way x runs (%s)', (_, affine) => {
    // A head that turned from right to front: what was measured towards its front then lay along its right side.
    expectClose(turnedBack([0, 1, 0], quarter, affine), [-1, 0, 0])
    expectClose(turnedBack([0, 0, 1], quarter, affine), [0, 0, 1])
  })

  it('keep their length, and stay without motion, on any grid', () => {
    fc.assert(
      fc.property(
        motion,
        motion,
        fc.tuple(number(1), number(1), number(1)),
        fc.boolean(),
        (turn, tilt, way, mirrored) => {
          const affine = compose(tilt, [mirrored ? -2 : 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0])
          expectClose(turnedBack(way, STILL, affine), way)
          expect(Math.hypot(...turnedBack(way, turn, affine))).toBeCloseTo(Math.hypot(...way), 9)
          expectClose(turnedBack(turnedBack(way, turn, affine), inverse(turn), affine), way)
        },
      ),
    )
  })
})

describe('rigid motions', () => {
  it('keep lengths, and are taken back by their inverse', () => {
    fc.assert(
      fc.property(motion, fc.tuple(number(80), number(80), number(80)), (a, point) => {
        expectClose(compose(a, inverse(a)), STILL)
        const [there, origin] = [moved(a, point), moved(a, [0, 0, 0])]
        expect(Math.hypot(...there.map((value, c) => value - origin[c]!))).toBeCloseTo(Math.hypot(...point), 8)
      }),
    )
  })

  it('leave the centre of a turn in place', () => {
    expectClose(moved(stepAbout([0, 0, 0, 0.3, -0.2, 0.1], [10, 20, 30]), [10, 20, 30]), [10, 20, 30])
  })

  it('have the six numbers that SPM gives them: R = Rx·Ry·Rz, about the centre', () => {
    const [cx, sx, cy, sy, cz, sz] = [0.1, -0.2, 0.3].flatMap(angle => [Math.cos(angle), Math.sin(angle)]) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const rx = [1, 0, 0, 0, 0, cx, -sx, 0, 0, sx, cx, 0]
    const ry = [cy, 0, sy, 0, 0, 1, 0, 0, -sy, 0, cy, 0]
    const rz = [cz, -sz, 0, 0, sz, cz, 0, 0, 0, 0, 1, 0]
    const turn = compose(rx, compose(ry, rz))
    expectClose(parametersOf(turn, [0, 0, 0]), [0, 0, 0, 0.1, -0.2, 0.3])
    const shifted = turn.map((value, at) => (at % 4 === 3 ? [4, 5, 6][(at - 3) / 4]! : value))
    expectClose(parametersOf(shifted, [0, 0, 0]), [4, 5, 6, 0.1, -0.2, 0.3])
  })
})

describe('ITK transform files', () => {
  it('give back what was written', () => {
    fc.assert(fc.property(motion, a => expectClose(read(formatTransform(a)), a)))
  })

  it('flip x and y, for ITK counts to the left and to the back', () => {
    const text = formatTransform([1, 0, 0, 10, 0, 1, 0, 20, 0, 0, 1, 30])
    expect(text).toBe(
      '#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\nParameters: 1 0 0 0 1 0 0 0 1 -10 -20 30\nFixedParameters: 0 0 0\n',
    )
  })

  it('of a turn about a centre are read in every kind', () => {
    const angle = 0.4
    const [c, s] = [Math.cos(angle), Math.sin(angle)]
    const file = (kind: string, parameters: string, fixed: string) =>
      `#Insight Transform File V1.0\r\n#Transform 0\r\nTransform: ${kind}_double_3_3\r\nParameters: ${parameters}\r\nFixedParameters: ${fixed}\r\n`
    const kinds = [
      file('AffineTransform', `${c} ${-s} 0 ${s} ${c} 0 0 0 1 1 2 3`, '10 20 30'),
      file('MatrixOffsetTransformBase', `${c} ${-s} 0 ${s} ${c} 0 0 0 1 1 2 3`, '10 20 30'),
      file('Euler3DTransform', `0 0 ${angle} 1 2 3`, '10 20 30 0'),
      file('VersorRigid3DTransform', `0 0 ${Math.sin(angle / 2)} 1 2 3`, '10 20 30'),
    ].map(read)
    // In ITK's space the centre (10, 20, 30) goes to (11, 22, 33).
    for (const a of kinds) {
      expectClose(moved(a, [-10, -20, 30]), [-11, -22, 33])
      expectClose(a, kinds[0]!)
    }
  })

  it('turn about x, then about y, then about z by default; in the order z, y, x where they say so', () => {
    const file = (zyx: number) =>
      `#Insight Transform File V1.0\nTransform: Euler3DTransform_double_3_3\nParameters: 0.1 0.2 0.3 0 0 0\nFixedParameters: 0 0 0 ${zyx}\n`
    const about = (x: number, y: number, z: number) =>
      read(
        `#Insight Transform File V1.0\nTransform: Euler3DTransform_double_3_3\nParameters: ${x} ${y} ${z} 0 0 0\nFixedParameters: 0 0 0\n`,
      )
    const [x, y, z] = [about(0.1, 0, 0), about(0, 0.2, 0), about(0, 0, 0.3)]
    expectClose(read(file(0)), compose(z, compose(x, y)))
    expectClose(read(file(1)), compose(z, compose(y, x)))
  })

  it.each([
    ['', 'first line'],
    ['#Insight Transform File V1.0\n', '0 transforms'],
    ['#Insight Transform File V1.0\nTransform: BSplineTransform_double_3_3\nParameters: 1\n', 'BSplineTransform'],
    ['#Insight Transform File V1.0\nTransform: AffineTransform_double_3_3\nParameters: 1 2\n', '12 parameters'],
    [
      '#Insight Transform File V1.0\nTransform: TranslationTransform_double_3_3\nParameters: 1 2 x\n',
      '3 parameters are "1 2 x"',
    ],
  ])('refuse %j in one sentence', (text, said) => {
    const result = parseTransform(text, 'x.txt')
    expect(result.ok).toBe(false)
    expect(result.problems[0]?.message).toContain(said)
  })
})

it('cosine and sine are those of the library', () => {
  fc.assert(
    fc.property(number(10), angle => {
      const { cos, sin } = cosineAndSine(angle)
      expect(cos).toBeCloseTo(Math.cos(angle), 14)
      expect(sin).toBeCloseTo(Math.sin(angle), 14)
    }),
  )
})
