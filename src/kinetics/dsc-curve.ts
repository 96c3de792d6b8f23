/**
 * Reads the change of the relaxation rate of a voxel [1/s] into `out`, shape (nVolume); false where it has no valid curve.
 * The kernels that look at many voxels ask for their curves through it, so that nobody holds them all.
 */
export type ReadCurve = (voxel: number, out: Float64Array) => boolean
