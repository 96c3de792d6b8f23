import { cosineAndSine } from '../numerics/roots-of-unity.ts'
import { bad, type Checked, good, problem } from '../problems.ts'
import { about, compose, type Point, type Rigid, rotationOfQuaternion } from './rigid.ts'

/** The first line of an ITK transform file. */
const FIRST_LINE = '#Insight Transform File V1.0'

/** ITK's x and y run to the left and to the back, ours to the right and to the front: the same flip both ways. */
const FLIP: Rigid = [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0]

/**
 * A motion as the text of an ITK transform file, which ANTs, 3D Slicer, elastix and fMRIPrep's tools read.
 *
 * @remarks
 * An `AffineTransform` with its centre at the origin, in ITK's coordinates (left, posterior, superior, mm). As in ITK it
 * takes points of the fixed image to the moving one, so that it resamples the moving image on to the fixed one's grid.
 *
 * @param motion - takes points of the fixed image to the moving one [mm]
 */
export function formatTransform(motion: Rigid): string {
  const m = compose(FLIP, compose(motion, FLIP)).map(value => value + 0)
  const parameters = [m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10], m[3], m[7], m[11]]
  return `${FIRST_LINE}\n#Transform 0\nTransform: AffineTransform_double_3_3\nParameters: ${parameters.join(' ')}\nFixedParameters: 0 0 0\n`
}

/**
 * The motion in the text of an ITK transform file.
 *
 * @remarks
 * One transform, of the kinds `AffineTransform`, `MatrixOffsetTransformBase`, `Euler3DTransform`, `VersorRigid3DTransform` and
 * `TranslationTransform`. **Limits:** a matrix is taken as it stands, scaling included.
 *
 * @param text - the text of the file
 * @param file - what to call it in a problem
 * @returns takes points of the fixed image to the moving one [mm]; a problem where the file holds anything else
 */
export function parseTransform(text: string, file: string): Checked<Rigid> {
  const refuse = (what: string) =>
    bad(problem('TRANSFORM_INVALID', `${file}: ${what}; give one linear transform as ITK text.`, { file }))
  if (!text.startsWith(FIRST_LINE)) return refuse(`its first line is not "${FIRST_LINE}"`)
  const lines = text.split(/\r?\n/)
  const all = (key: string) => lines.filter(line => line.startsWith(`${key}:`)).map(line => line.slice(key.length + 1))
  const kinds = all('Transform').map(kind => kind.trim())
  if (kinds.length !== 1) return refuse(`it holds ${kinds.length} transforms, not one`)
  const numbers = (key: string) => (all(key)[0] ?? '').trim().split(/\s+/).filter(Boolean).map(Number)
  const read = KINDS[kinds[0]?.replace(/_double_3_3$|_float_3_3$/, '') ?? '']
  if (!read) return refuse(`it holds a transform of the kind ${kinds[0]}, which is not read`)
  const [parameters, fixed] = [numbers('Parameters'), numbers('FixedParameters')]
  if (parameters.length !== read.count || ![...parameters, ...fixed].every(Number.isFinite))
    return refuse(`its ${read.count} parameters are "${(all('Parameters')[0] ?? '').trim()}"`)
  const centre: Point = [fixed[0] ?? 0, fixed[1] ?? 0, fixed[2] ?? 0]
  return good(compose(FLIP, compose(read.motion(parameters, centre, fixed[3] === 1), FLIP)))
}

interface Kind {
  readonly count: number
  readonly motion: (p: readonly number[], centre: Point, isZyx: boolean) => Rigid
}

const matrix: Kind = {
  count: 12,
  motion: (p, centre) => about(p.slice(0, 9), centre, [p[9]!, p[10]!, p[11]!]),
}

const KINDS: Readonly<Record<string, Kind>> = {
  AffineTransform: matrix,
  MatrixOffsetTransformBase: matrix,
  TranslationTransform: {
    count: 3,
    motion: p => [1, 0, 0, p[0]!, 0, 1, 0, p[1]!, 0, 0, 1, p[2]!],
  },
  Euler3DTransform: {
    count: 6,
    motion: (p, centre, isZyx) => {
      const x = turn(p[0]!, [1, 0, 0])
      const y = turn(p[1]!, [0, 1, 0])
      const z = turn(p[2]!, [0, 0, 1])
      const rotation = isZyx ? compose(z, compose(y, x)) : compose(z, compose(x, y))
      return about(threeByThree(rotation), centre, [p[3]!, p[4]!, p[5]!])
    },
  },
  VersorRigid3DTransform: {
    count: 6,
    motion: (p, centre) => {
      const [x, y, z] = [p[0]!, p[1]!, p[2]!]
      const w = Math.sqrt(Math.max(0, 1 - x * x - y * y - z * z))
      return about(rotationOfQuaternion(w, x, y, z), centre, [p[3]!, p[4]!, p[5]!])
    },
  },
}

/** A turn by an angle [rad] about an axis of length 1. */
function turn(angle: number, [x, y, z]: Point): Rigid {
  const { cos, sin } = cosineAndSine(angle / 2)
  return about(rotationOfQuaternion(cos, sin * x, sin * y, sin * z), [0, 0, 0], [0, 0, 0])
}

function threeByThree(a: Rigid): number[] {
  return [0, 1, 2].flatMap(row => [a[4 * row]!, a[4 * row + 1]!, a[4 * row + 2]!])
}
