/** A closed surface of triangles. */
export interface Mesh {
  /** Corners, any unit, shape (nVertex × 3). */
  readonly vertices: Float64Array
  /** Corners of each triangle, counter-clockwise seen from outside, shape (nFace × 3). */
  readonly faces: Int32Array
  /** Corners that share an edge with each corner, {@link NEIGHBOURS} at a time, −1 where there are fewer, shape (nVertex × 6). */
  readonly neighbours: Int32Array
}

/** Most neighbours that a corner of an icosphere has. */
export const NEIGHBOURS = 6

/**
 * A unit sphere of nearly equal triangles: an icosahedron, each of whose triangles is parted into four several times.
 *
 * @param times - how often; 10·4^times + 2 corners
 */
export function icosphere(times: number): Mesh {
  const golden = (1 + Math.sqrt(5)) / 2
  const corners: number[][] = []
  for (const a of [-1, 1]) for (const b of [-golden, golden]) corners.push([0, a, b], [a, b, 0], [b, 0, a])
  let mesh = meshOf(Float64Array.from(corners.flat()), Int32Array.from(faces20(corners.map(unit)).flat()))
  for (let round = 0; round < times; round++) mesh = parted(mesh)
  const vertices = new Float64Array(mesh.vertices.length)
  for (let at = 0; at < vertices.length; at += 3) vertices.set(unit([...mesh.vertices.subarray(at, at + 3)]), at)
  return { ...mesh, vertices }
}

/** The surface with each triangle parted into four at the middles of its edges; the corners that were there come first. */
export function parted({ vertices, faces }: Mesh): Mesh {
  const corners = [...vertices]
  const middles = new Map<number, number>()
  const count = vertices.length / 3
  const middle = (a: number, b: number): number => {
    const key = Math.min(a, b) * count + Math.max(a, b)
    const known = middles.get(key)
    if (known !== undefined) return known
    for (let row = 0; row < 3; row++) corners.push((vertices[3 * a + row]! + vertices[3 * b + row]!) / 2)
    middles.set(key, corners.length / 3 - 1)
    return corners.length / 3 - 1
  }
  const more: number[] = []
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [faces[f]!, faces[f + 1]!, faces[f + 2]!]
    const [ab, bc, ca] = [middle(a, b), middle(b, c), middle(c, a)]
    more.push(a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca)
  }
  return meshOf(Float64Array.from(corners), Int32Array.from(more))
}

function meshOf(vertices: Float64Array, faces: Int32Array): Mesh {
  return { vertices, faces, neighbours: neighboursOf(faces, vertices.length / 3) }
}

function unit([x = 0, y = 0, z = 0]: readonly number[]): number[] {
  const length = Math.sqrt(x * x + y * y + z * z)
  return [x / length, y / length, z / length]
}

/** The triangles of an icosahedron: all triples of corners at the least distance, turned outwards. */
function faces20(v: readonly (readonly number[])[]): number[][] {
  const dot = (a: number, b: number) => v[a]![0]! * v[b]![0]! + v[a]![1]! * v[b]![1]! + v[a]![2]! * v[b]![2]!
  // Neighbours of an icosahedron are 63.4° apart, others 116.6° or more.
  const isNear = (a: number, b: number) => dot(a, b) > 0.3
  const faces: number[][] = []
  for (let a = 0; a < v.length; a++)
    for (let b = a + 1; b < v.length; b++)
      for (let c = b + 1; c < v.length; c++) {
        if (!isNear(a, b) || !isNear(b, c) || !isNear(a, c)) continue
        const [p, q, r] = [v[a]!, v[b]!, v[c]!]
        const outward =
          p[0]! * (q[1]! * r[2]! - q[2]! * r[1]!) +
          p[1]! * (q[2]! * r[0]! - q[0]! * r[2]!) +
          p[2]! * (q[0]! * r[1]! - q[1]! * r[0]!)
        faces.push(outward > 0 ? [a, b, c] : [a, c, b])
      }
  return faces
}

function neighboursOf(faces: Int32Array, count: number): Int32Array {
  const near = new Int32Array(count * NEIGHBOURS).fill(-1)
  const join = (a: number, b: number) => {
    for (let slot = a * NEIGHBOURS; slot < (a + 1) * NEIGHBOURS; slot++) {
      if (near[slot] === b) return
      if (near[slot] !== -1) continue
      near[slot] = b
      return
    }
  }
  for (let f = 0; f < faces.length; f += 3)
    for (let corner = 0; corner < 3; corner++) {
      const [a, b] = [faces[f + corner]!, faces[f + ((corner + 1) % 3)]!]
      join(a, b)
      join(b, a)
    }
  return near
}
