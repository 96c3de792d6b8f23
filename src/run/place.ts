import { resampleVolume } from '../image/resample.ts'
import { compose, inverse, type Rigid, STILL } from '../image/rigid.ts'
import { frameValues, type Grid, isSameGrid, type Volume, voxelCount } from '../image/volume.ts'
import type { RoleRequest } from '../modalities/modality.ts'
import { bad, type Checked, good, problem } from '../problems.ts'

/** The grid that role images are brought to. */
export interface Target {
  readonly grid: Grid
  readonly header: Uint8Array
}

/**
 * An image on the reference grid, every volume of it, by scanner coordinates; the same image where it lies there already.
 *
 * @param volume - the image
 * @param name - what to call it in a problem
 * @param request - how its values are carried: interpolated, nearest, or averaged over the area
 * @param target - the reference grid
 * @param motion - takes points of the reference to the image, where headers do not suffice
 * @returns the image with one problem where it had to be resampled; none where the two share no space
 */
export function placeVolume(
  volume: Volume,
  name: string,
  request: Pick<RoleRequest, 'role' | 'how'>,
  target: Target,
  motion: Rigid = STILL,
): Checked<Volume> {
  if (isSameGrid(volume.grid, target.grid)) return good(volume)
  const n = voxelCount(target.grid)
  const lying: Volume =
    motion === STILL
      ? volume
      : { ...volume, grid: { ...volume.grid, affine: compose(inverse(motion), volume.grid.affine) } }
  const data = new Float32Array(n * volume.frames)
  for (let frame = 0; frame < volume.frames; frame++)
    data.set(resampleVolume(lying, frame, target.grid, request.how), frame * n)
  const placed: Volume = {
    grid: target.grid,
    frames: volume.frames,
    data,
    slope: 1,
    intercept: 0,
    header: target.header,
  }
  if (!holdsAnything(placed) && holdsAnything(volume))
    return bad(
      problem(
        'GRID_NO_OVERLAP',
        `${name} does not overlap the series in scanner space; check its orientation (qform and sform), or give one on the grid of the series.`,
        { file: name },
      ),
    )
  const how = { intensity: 'trilinear interpolation', label: 'nearest neighbour', fraction: 'area average' }[
    request.how
  ]
  return good(placed, [
    problem(
      'GRID_DIFFERS',
      `${name} lies on another grid (${volume.grid.shape.join('×')}) and was brought to that of the series by ${motion === STILL ? 'its header' : 'rigid registration'}, with ${how}.`,
      { file: name },
    ),
  ])
}

function holdsAnything(volume: Volume): boolean {
  const values = frameValues(volume, 0)
  return values.some(value => value !== 0 && Number.isFinite(value))
}
