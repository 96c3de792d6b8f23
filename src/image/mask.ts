import { quantileSorted } from '../numerics/statistics.ts'
import { distanceTo, type Shape } from './distance.ts'

/** Levels of the histogram in which a threshold is looked for; finer ones move it by less than the noise does. */
const LEVELS = 256

/** Highest quantile of an image that counts as tissue: vessels and spikes above it are cut down to it. */
const BRIGHTEST = 0.98

/** Half the width of the bridges by which eyes, scalp and neck hang on the brain, and which are cut [mm]. */
const BRIDGE = 7

/** Radius of the notches that are filled where there is some signal: brainstem and base, dark beside a bright cortex [mm]. */
const NOTCH = 10

/** Share of the threshold that voxels in a notch must reach [1]. */
const DIM = 0.7

/**
 * Mask of the brain in a perfusion reference image (M0, control), without an atlas or a trained model, shape (nVoxel).
 *
 * @remarks
 * Cut off the brightest 2 %, median-filter 3×3×3, threshold by {@link otsuThreshold}, keep what is deeper than
 * 6 mm, of that the largest component, grow it back by as much within the threshold, fill the holes.
 *
 * **Assumes** that brain is brighter than background and is the largest bright thing in the field of view.
 *
 * **Limits.** Where nothing is that deep, half the depth, then none is asked for; an image without contrast gives an empty mask.
 * Negative and non-finite values count as background.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 * @param size - voxel edges [mm], shape (3)
 */
export function brainMask(
  values: ArrayLike<number>,
  shape: Shape,
  size: readonly [number, number, number],
): Uint8Array {
  const smooth = medianFilter(cutOff(values), shape)
  const threshold = otsuThreshold(smooth)
  const bright = Uint8Array.from(smooth, value => (value > threshold ? 1 : 0))
  const depth = distanceTo(
    bright.map(value => 1 - value),
    shape,
    size,
  )
  for (const radius of [BRIDGE, BRIDGE / 2, 0]) {
    const core = largestComponent(
      bright.map((value, v) => (depth[v]! > radius ? value : 0)),
      shape,
    )
    if (!core.includes(1)) continue
    const away = distanceTo(core, shape, size)
    const reach = radius + Math.min(...size)
    const grown = largestComponent(
      bright.map((value, v) => (away[v]! <= reach ? value : 0)),
      shape,
    )
    const closed = close(grown, shape, size, NOTCH)
    return fillHoles(
      closed.map((value, v) => (grown[v] === 1 || smooth[v]! > DIM * threshold ? value : 0)),
      shape,
    )
  }
  return new Uint8Array(values.length)
}

/** The mask with the notches that a ball of the given radius cannot enter from outside. */
function close(mask: Uint8Array, shape: Shape, size: readonly [number, number, number], radius: number): Uint8Array {
  const away = distanceTo(mask, shape, size)
  const outside = Uint8Array.from(away, distance => (distance > radius ? 1 : 0))
  const depth = distanceTo(outside, shape, size)
  return mask.map((value, v) => (value === 1 || depth[v]! > radius ? 1 : 0))
}

/** The image with negative and non-finite values at 0 and everything above its {@link BRIGHTEST} quantile at that. */
function cutOff(values: ArrayLike<number>): Float32Array {
  const clean = Float32Array.from(values, value => (value > 0 && Number.isFinite(value) ? value : 0))
  const positive = clean.filter(value => value > 0).sort()
  if (positive.length === 0) return clean
  const top = quantileSorted(positive, BRIGHTEST)
  return clean.map(value => (value > top ? top : value))
}

/**
 * Median of the 3×3×3 neighbourhood of each voxel, shape (nVoxel); at the border of those neighbours that exist.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 */
export function medianFilter(values: ArrayLike<number>, [ni, nj, nk]: Shape): Float32Array {
  const out = new Float32Array(ni * nj * nk)
  const near = new Float32Array(27)
  for (let k = 0, v = 0; k < nk; k++)
    for (let j = 0; j < nj; j++)
      for (let i = 0; i < ni; i++, v++) {
        let n = 0
        for (let z = Math.max(0, k - 1); z <= Math.min(nk - 1, k + 1); z++)
          for (let y = Math.max(0, j - 1); y <= Math.min(nj - 1, j + 1); y++)
            for (let x = Math.max(0, i - 1); x <= Math.min(ni - 1, i + 1); x++)
              n = insert(near, n, values[x + ni * (y + nj * z)]!)
        out[v] = n % 2 === 1 ? near[(n - 1) / 2]! : (near[n / 2 - 1]! + near[n / 2]!) / 2
      }
  return out
}

function insert(sorted: Float32Array, n: number, value: number): number {
  let at = n
  for (; at > 0 && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!
  sorted[at] = value
  return n + 1
}

/**
 * The value that parts an image into two classes with the largest variance between them, unit of the image.
 *
 * @remarks
 * On a histogram of 256 levels between the least and the greatest value; the threshold is the upper edge of the last
 * level of the lower class, so that `value > threshold` is the upper class.
 *
 * **Limits.** An image of one value gives that value: nothing is above it.
 *
 * @param values - the image, any unit, finite, shape (nVoxel)
 *
 * @see Otsu, IEEE Trans Syst Man Cybern 9:62 (1979), doi:10.1109/TSMC.1979.4310076
 */
export function otsuThreshold(values: ArrayLike<number>): number {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let v = 0; v < values.length; v++) {
    low = Math.min(low, values[v]!)
    high = Math.max(high, values[v]!)
  }
  if (!(high > low)) return high
  const width = (high - low) / LEVELS
  const counts = new Float64Array(LEVELS)
  for (let v = 0; v < values.length; v++) {
    const level = Math.min(LEVELS - 1, Math.floor((values[v]! - low) / width))
    counts[level]! += 1
  }
  let total = 0
  for (let level = 0; level < LEVELS; level++) total += level * counts[level]!
  let [below, sumBelow, best, bestLevel] = [0, 0, -1, 0]
  for (let level = 0; level < LEVELS - 1; level++) {
    below += counts[level]!
    sumBelow += level * counts[level]!
    const above = values.length - below
    if (below === 0 || above === 0) continue
    const difference = sumBelow / below - (total - sumBelow) / above
    const between = below * above * difference * difference
    if (between > best) [best, bestLevel] = [between, level]
  }
  return low + width * (bestLevel + 1)
}

/** Visits the six face neighbours of a voxel; those outside the image are left out. */
function eachNeighbour(v: number, [ni, nj, nk]: Shape, visit: (neighbour: number) => void): void {
  const i = v % ni
  const j = Math.floor(v / ni) % nj
  const k = Math.floor(v / (ni * nj))
  if (i > 0) visit(v - 1)
  if (i < ni - 1) visit(v + 1)
  if (j > 0) visit(v - ni)
  if (j < nj - 1) visit(v + ni)
  if (k > 0) visit(v - ni * nj)
  if (k < nk - 1) visit(v + ni * nj)
}

/**
 * The largest set of voxels that hang together by their faces, shape (nVoxel); of two of one size the first.
 *
 * @param mask - 1 inside, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 */
export function largestComponent(mask: Uint8Array, shape: Shape): Uint8Array {
  const component = new Int32Array(mask.length)
  let [largest, size] = [0, 0]
  for (let start = 0, name = 0; start < mask.length; start++) {
    if (mask[start] !== 1 || component[start] !== 0) continue
    name++
    const found = flood(
      start,
      shape,
      v => mask[v] === 1 && component[v] === 0,
      v => {
        component[v] = name
      },
    )
    if (found > size) [largest, size] = [name, found]
  }
  return Uint8Array.from(component, name => (name !== 0 && name === largest ? 1 : 0))
}

/**
 * The mask with all that it encloses, in three dimensions and in each k plane, shape (nVoxel).
 *
 * @param mask - 1 inside, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 */
export function fillHoles(mask: Uint8Array, shape: Shape): Uint8Array {
  const [ni, nj, nk] = shape
  const filled = fillFrom(mask, shape)
  for (let k = 0; k < nk; k++) {
    const from = k * ni * nj
    filled.set(fillFrom(filled.subarray(from, from + ni * nj), [ni, nj, 1]), from)
  }
  return filled
}

/** Everything that a flood from the border of the image does not reach. */
function fillFrom(mask: Uint8Array, shape: Shape): Uint8Array {
  const [ni, nj, nk] = shape
  const outside = new Uint8Array(mask.length)
  const isFree = (v: number) => mask[v] === 0 && outside[v] === 0
  for (let v = 0; v < mask.length; v++) {
    const i = v % ni
    const j = Math.floor(v / ni) % nj
    const k = Math.floor(v / (ni * nj))
    const isBorder = i === 0 || i === ni - 1 || j === 0 || j === nj - 1 || (nk > 1 && (k === 0 || k === nk - 1))
    if (isBorder && isFree(v))
      flood(v, shape, isFree, reached => {
        outside[reached] = 1
      })
  }
  return outside.map(value => 1 - value)
}

/** Visits all voxels that hang together with the first through voxels that `isIn` admits; returns their number. */
function flood(first: number, shape: Shape, isIn: (v: number) => boolean, enter: (v: number) => void): number {
  const stack = [first]
  enter(first)
  let count = 0
  for (let v = stack.pop(); v !== undefined; v = stack.pop()) {
    count++
    eachNeighbour(v, shape, neighbour => {
      if (!isIn(neighbour)) return
      enter(neighbour)
      stack.push(neighbour)
    })
  }
  return count
}
