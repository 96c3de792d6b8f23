import { quantile } from '../numerics/statistics.ts'
import { type Shape, squaredDistanceTo } from './distance.ts'

/** Levels of the histogram in which a threshold is looked for; finer ones move it by less than the noise does. */
const LEVELS = 256

/** Highest quantile of an image that counts as tissue: vessels and spikes above it are cut down to it. */
const BRIGHTEST = 0.98

/** Voxels that a quantile is taken from at the most, evenly spaced. */
const SAMPLES = 50_000

/** Half the width of the bridges by which eyes, scalp and neck hang on the brain, and which are cut [mm]. */
const BRIDGE = 9

/** Share of the bright voxels that must be left, or less is cut off [1]. */
const KEPT = 1 / 3

/** Radius of the notches that are filled where there is some signal: brainstem and base, dark beside a bright cortex [mm]. */
const NOTCH = 10

/** Share of the threshold that voxels in a notch must reach [1]. */
const DIM = 0.7

/**
 * Mask of the brain in a perfusion reference image (M0, control), without an atlas or a trained model, shape (nVoxel).
 *
 * @remarks
 * Cut off the brightest 2 %, median-filter, threshold by {@link otsuThreshold}, keep what is deeper than 9 mm, of that
 * the largest component, grow it back by as much (and half a voxel) within the threshold, fill notches narrower than
 * 20 mm that hold 0.7 of the threshold, fill the holes.
 *
 * **Assumes** that brain is brighter than background and is the largest bright thing in the field of view.
 *
 * **Limits.** Where that would leave less than a third of what is bright, half the depth, then none, is asked for. An
 * image without contrast gives an empty mask. Negative and non-finite values count as background.
 *
 * **Error.** By eye, on 2D and 3D series of two scanners: follows the brain to about a voxel; loses parts of the temporal
 * base to susceptibility, and keeps some scalp where fat is bright and an eye where it touches the brain.
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
  const bright = select(smooth, value => value > threshold)
  const least = KEPT * countOf(bright)
  const dark = bright.map(value => 1 - value)
  const depth = squaredDistanceTo(dark, shape, size)
  for (const radius of [BRIDGE, BRIDGE / 2, 0]) {
    const core = largestComponent(
      bright.map((value, v) => (depth[v]! > radius * radius ? value : 0)),
      shape,
    )
    const reach = radius + Math.min(...size) / 2
    const away = squaredDistanceTo(core, shape, size)
    const grown = largestComponent(
      bright.map((value, v) => (away[v]! <= reach * reach ? value : 0)),
      shape,
    )
    if (radius > 0 && countOf(grown) < least) continue
    const closed = close(grown, shape, size, NOTCH)
    return fillHoles(
      closed.map((value, v) => (grown[v] === 1 || smooth[v]! > DIM * threshold ? value : 0)),
      shape,
    )
  }
  return new Uint8Array(values.length)
}

/** Share of the brightest that tissue has at the least, in an image of any organ [1]. */
const FAINT = 0.15

/**
 * Mask of all that gives signal in an image of any organ, shape (nVoxel): tissue and vessels, in one piece or several.
 *
 * @remarks
 * Cut off the brightest 2 %, median-filter, keep what is above 0.15 of that, fill the holes.
 *
 * **Limits.** No organ is told from another; an image without signal gives an empty mask.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 */
export function signalMask(values: ArrayLike<number>, shape: Shape): Uint8Array {
  const smooth = medianFilter(cutOff(values), shape)
  const top = smooth.reduce((a, b) => Math.max(a, b), 0)
  return fillHoles(
    select(smooth, value => value > FAINT * top),
    shape,
  )
}

function select(values: Float32Array | Float64Array, isIn: (value: number) => boolean): Uint8Array {
  const mask = new Uint8Array(values.length)
  for (let v = 0; v < mask.length; v++) if (isIn(values[v]!)) mask[v] = 1
  return mask
}

function countOf(mask: Uint8Array): number {
  let count = 0
  for (let v = 0; v < mask.length; v++) count += mask[v]!
  return count
}

/** The mask with the notches that a ball of the given radius [mm] cannot enter from outside. */
function close(mask: Uint8Array, shape: Shape, size: readonly [number, number, number], radius: number): Uint8Array {
  const away = squaredDistanceTo(mask, shape, size)
  const outside = select(away, distance => distance > radius * radius)
  const depth = squaredDistanceTo(outside, shape, size)
  return mask.map((value, v) => (value === 1 || depth[v]! > radius * radius ? 1 : 0))
}

/** The image with negative and non-finite values at 0 and everything above its {@link BRIGHTEST} quantile at that. */
function cutOff(values: ArrayLike<number>): Float32Array {
  const clean = new Float32Array(values.length)
  for (let v = 0; v < clean.length; v++)
    if (values[v]! > 0 && values[v]! < Number.POSITIVE_INFINITY) clean[v] = values[v]!
  const step = Math.ceil(clean.length / SAMPLES)
  const sample: number[] = []
  for (let v = 0; v < clean.length; v += step) if (clean[v]! > 0) sample.push(clean[v]!)
  if (sample.length === 0) return clean
  const top = quantile(sample, BRIGHTEST)
  for (let v = 0; v < clean.length; v++) if (clean[v]! > top) clean[v] = top
  return clean
}

/**
 * Median of three neighbours along each axis in turn, shape (nVoxel).
 *
 * @remarks
 * Takes out spikes and thin lines as the median of all 27 neighbours does, at a twentieth of its cost. At the border the
 * neighbour that does not exist counts as the voxel itself.
 *
 * @param values - the image, any unit, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 */
export function medianFilter(values: Float32Array | Float64Array, shape: Shape): Float32Array {
  let from = new Float32Array(values)
  let to = new Float32Array(from.length)
  let stride = 1
  for (let axis = 0; axis < 3; axis++) {
    const n = shape[axis]!
    for (let block = 0; block < from.length; block += n * stride)
      for (let i = 0, row = block; i < n; i++, row += stride) {
        const back = i > 0 ? stride : 0
        const ahead = i < n - 1 ? stride : 0
        for (let v = row; v < row + stride; v++) {
          const [a, b, c] = [from[v - back]!, from[v]!, from[v + ahead]!]
          to[v] = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
        }
      }
    const free = from
    from = to
    to = free
    stride *= n
  }
  return from
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

/**
 * The largest set of voxels that hang together by their faces, shape (nVoxel); of two of one size the first.
 *
 * @param mask - 1 inside, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 */
export function largestComponent(mask: Uint8Array, shape: Shape): Uint8Array {
  const out = new Uint8Array(mask.length)
  const free = mask.slice()
  const stack = new Int32Array(mask.length)
  let [first, size] = [-1, 0]
  for (let start = 0; start < mask.length; start++) {
    if (free[start] !== 1) continue
    const found = flood(start, shape, free, stack)
    if (found > size) [first, size] = [start, found]
  }
  if (first < 0) return out
  const again = mask.slice()
  flood(first, shape, again, stack)
  for (let v = 0; v < out.length; v++) out[v] = mask[v]! - again[v]!
  return out
}

/**
 * How many voxels each set of voxels that hang together by their faces holds, in the order of their first voxels.
 *
 * @param mask - 1 inside, shape (nVoxel)
 * @param shape - voxels along i, j, k, shape (3)
 */
export function componentSizes(mask: Uint8Array, shape: Shape): number[] {
  const free = mask.slice()
  const stack = new Int32Array(mask.length)
  const sizes: number[] = []
  for (let start = 0; start < mask.length; start++) if (free[start] === 1) sizes.push(flood(start, shape, free, stack))
  return sizes
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
  const free = mask.map(value => 1 - value)
  const outside = free.slice()
  const stack = new Int32Array(mask.length)
  for (let k = 0, v = 0; k < nk; k++)
    for (let j = 0; j < nj; j++)
      for (let i = 0; i < ni; i++, v++) {
        if (outside[v] !== 1) continue
        const isBorder = i === 0 || i === ni - 1 || j === 0 || j === nj - 1 || (nk > 1 && (k === 0 || k === nk - 1))
        if (isBorder) flood(v, shape, outside, stack)
      }
  // What is still free in `outside` was not reached: it is enclosed.
  return mask.map((value, v) => value | outside[v]!)
}

/**
 * Take away from `free` all voxels that hang together with the first by their faces; returns their number.
 *
 * @param first - a voxel that is free
 * @param free - 1 where the flood may go, set to 0 where it went, shape (nVoxel)
 * @param stack - working space, shape (nVoxel)
 */
function flood(first: number, [ni, nj, nk]: Shape, free: Uint8Array, stack: Int32Array): number {
  const plane = ni * nj
  let top = 0
  let count = 0
  const enter = (v: number) => {
    if (free[v] !== 1) return
    free[v] = 0
    stack[top++] = v
  }
  enter(first)
  while (top > 0) {
    const v = stack[--top]!
    count++
    const inPlane = v % plane
    const i = inPlane % ni
    if (i > 0) enter(v - 1)
    if (i < ni - 1) enter(v + 1)
    if (inPlane >= ni) enter(v - ni)
    if (inPlane < plane - ni) enter(v + ni)
    if (v >= plane) enter(v - plane)
    if (v < plane * (nk - 1)) enter(v + plane)
  }
  return count
}
