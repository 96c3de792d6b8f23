/**
 * A rigid motion of scanner space, 3 × 4 row by row [mm], shape (12): a rotation, and in the last column a translation.
 *
 * Between two images it takes a point of the fixed one (the reference) to where the same tissue lies in the moving one.
 */
export type Rigid = readonly number[]

/** A point in scanner space [mm], shape (3). */
export type Point = readonly [number, number, number]

/** Radius of the sphere on which angles are counted as arcs [mm]. */
const HEAD_RADIUS = 50

/** The motion that moves nothing. */
export const STILL: Rigid = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]

/**
 * The motion that first does `b`, then `a`: a·b.
 *
 * @param a - applied last
 * @param b - applied first
 */
export function compose(a: Rigid, b: Rigid): number[] {
  const out: number[] = []
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 4; column++) {
      let sum = column === 3 ? a[4 * row + 3]! : 0
      for (let k = 0; k < 3; k++) sum += a[4 * row + k]! * b[4 * k + column]!
      out.push(sum)
    }
  return out
}

/** The motion that takes back what a motion did. */
export function inverse(a: Rigid): number[] {
  const out: number[] = []
  for (let row = 0; row < 3; row++) {
    for (let k = 0; k < 3; k++) out.push(a[4 * k + row]!)
    out.push(-(a[row]! * a[3]! + a[4 + row]! * a[7]! + a[8 + row]! * a[11]!))
  }
  return out
}

/** Where a motion takes a point [mm]. */
export function moved(a: Rigid, [x, y, z]: Point): [number, number, number] {
  return [
    a[0]! * x + a[1]! * y + a[2]! * z + a[3]!,
    a[4]! * x + a[5]! * y + a[6]! * z + a[7]!,
    a[8]! * x + a[9]! * y + a[10]! * z + a[11]!,
  ]
}

/**
 * A step of a search: a translation, and a turn about a centre.
 *
 * @remarks
 * The turn is that of the quaternion (1, ω/2), scaled to length 1: by |ω| to third order, and exactly a rotation however
 * long ω is. Without sine and cosine, whose last digits differ between versions of Node.
 *
 * @param step - translation [mm], then rotation vector ω [rad], shape (6)
 * @param centre - what the turn leaves in place [mm]
 */
export function stepAbout(step: ArrayLike<number>, centre: Point): number[] {
  return about(rotationOfQuaternion(1, step[3]! / 2, step[4]! / 2, step[5]! / 2), centre, [
    step[0]!,
    step[1]!,
    step[2]!,
  ])
}

/**
 * A motion that turns about a centre, then shifts.
 *
 * @param r - the rotation, 3 × 3 row by row [1]
 * @param centre - what the rotation leaves in place [mm]
 * @param shift - translation [mm]
 */
export function about(r: readonly number[], centre: Point, shift: Point): number[] {
  return [0, 1, 2].flatMap(row => {
    const turned = r[3 * row]! * centre[0] + r[3 * row + 1]! * centre[1] + r[3 * row + 2]! * centre[2]
    return [r[3 * row]!, r[3 * row + 1]!, r[3 * row + 2]!, centre[row]! + shift[row]! - turned]
  })
}

/** Rotation of a quaternion of any length but 0, real part first, 3 × 3 row by row [1]. */
export function rotationOfQuaternion(w: number, x: number, y: number, z: number): number[] {
  const s = 2 / (w * w + x * x + y * y + z * z)
  return [
    1 - s * (y * y + z * z),
    s * (x * y - w * z),
    s * (x * z + w * y),
    s * (x * y + w * z),
    1 - s * (x * x + z * z),
    s * (y * z - w * x),
    s * (x * z - w * y),
    s * (y * z + w * x),
    1 - s * (x * x + y * y),
  ]
}

/**
 * The six numbers of a motion: how far it shifts a centre [mm], and its angles about x, y, z [rad], shape (6).
 *
 * @remarks
 * The rotation is R = Rx·Ry·Rz, about the centre. **Limits:** at a turn by 90° about y the other two angles are not unique;
 * heads do not turn so far in a scanner.
 *
 * @param a - the motion
 * @param centre - where the translation is told, in general the middle of the brain [mm]
 */
export function parametersOf(a: Rigid, centre: Point): number[] {
  const there = moved(a, centre)
  return [
    there[0] - centre[0],
    there[1] - centre[1],
    there[2] - centre[2],
    Math.atan2(-a[6]!, a[10]!),
    Math.asin(Math.min(1, Math.max(-1, a[2]!))),
    Math.atan2(-a[1]!, a[0]!),
  ]
}

/**
 * How far a motion takes the points about a centre, root mean square [mm].
 *
 * @remarks
 * √(|t|² + θ²·r²·⅔), as for points spread alike in all directions; θ the angle of the turn.
 *
 * @param a - the motion
 * @param centre - the middle of the points [mm]
 * @param radius - their root mean square distance from it [mm]
 */
export function displacementOf(a: Rigid, centre: Point, radius: number): number {
  const there = moved(a, centre)
  // 2·(1 − cos θ) = 4·sin²(θ/2) without loss where θ is small: from what the matrix is not the unit matrix by.
  let off = 0
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 3; column++) off += (a[4 * row + column]! - (row === column ? 1 : 0)) ** 2
  const shift = Math.hypot(there[0] - centre[0], there[1] - centre[1], there[2] - centre[2])
  return Math.sqrt(shift * shift + (off / 3) * radius * radius)
}

/**
 * A direction along the axes of an image, as `.bvec` has it, as the head of the reference had it: turned back by its motion.
 *
 * @remarks
 * FSL's convention: components along the axes of the voxels, x the other way round where the affine has a positive
 * determinant. A direction of length 0 stays so.
 *
 * @param direction - along the axes of the image [1], shape (3)
 * @param motion - takes points of the reference to the volume
 * @param affine - of the image, voxels to scanner space
 */
export function turnedBack(direction: Point, motion: Rigid, affine: readonly number[]): Point {
  const length = (axis: number) => Math.hypot(affine[axis]!, affine[4 + axis]!, affine[8 + axis]!)
  const axes = [0, 1, 2].map(axis => [0, 1, 2].map(row => affine[4 * row + axis]! / length(axis)))
  const [x, y, z] = axes as [number[], number[], number[]]
  const determinant =
    x[0]! * (y[1]! * z[2]! - y[2]! * z[1]!) -
    y[0]! * (x[1]! * z[2]! - x[2]! * z[1]!) +
    z[0]! * (x[1]! * y[2]! - x[2]! * y[1]!)
  const flip = determinant > 0 ? -1 : 1
  const [u, v, w] = [flip * direction[0], direction[1], direction[2]]
  const world = [0, 1, 2].map(row => x[row]! * u + y[row]! * v + z[row]! * w)
  const back = [0, 1, 2].map(column => [0, 1, 2].reduce((sum, row) => sum + motion[4 * row + column]! * world[row]!, 0))
  const along = axes.map(axis => axis.reduce((sum, part, row) => sum + part * back[row]!, 0))
  return [flip * along[0]!, along[1]!, along[2]!]
}

/**
 * Framewise displacement [mm], shape (n): how far the head moved since the volume before; 0 for the first.
 *
 * @remarks
 * Power's: the sum of the absolute changes of three translations, and of three angles as arcs on a sphere of 50 mm.
 *
 * @param parameters - of {@link parametersOf}, volume by volume
 *
 * @see Power et al., NeuroImage 59:2142 (2012), doi:10.1016/j.neuroimage.2011.10.018
 */
export function framewiseDisplacement(parameters: readonly (readonly number[])[]): number[] {
  return parameters.map((now, at) => {
    const before = parameters[at - 1] ?? now
    return now.reduce((sum, value, c) => sum + Math.abs(value - before[c]!) * (c < 3 ? 1 : HEAD_RADIUS), 0)
  })
}
