import { deconvolution } from '../../kinetics/dsc-deconvolution.ts'
import { vascularFit } from '../../kinetics/dsc-vascular.ts'
import { vascularModel } from '../../kinetics/dsc-vascular-model.ts'
import type { Options } from '../../options.ts'
import type { VoxelCurves } from '../modality.ts'
import type { Fitted } from './fit.ts'
import { typicalVolume } from './vascular.ts'

/**
 * ΔR2* of single voxels, and the curve of the model that was fitted: the arterial curve convolved with the residue that was
 * found, or the vascular model at its parameters.
 *
 * @param fitted - signals and arterial curve
 * @param options - the method
 */
export function voxelCurves(fitted: Fitted, options: Options): VoxelCurves {
  const { signals } = fitted
  const { frames, dt, dummies } = signals
  const fit = curveFit(fitted, options)
  return {
    x: { label: 'time [s]', values: Array.from({ length: frames }, (_, k) => (k + dummies) * dt) },
    y: { label: 'ΔR2* [1/s]' },
    read(voxel, measured, curve) {
      if (!signals.tissue(voxel, measured)) measured.fill(Number.NaN)
      else fit(voxel, measured, curve)
    },
  }
}

/** Fits the curve of a voxel anew and gives that of its model; nothing where there is no artery or no fit. */
function curveFit(
  { signals, arterial, curves }: Fitted,
  options: Options,
): (voxel: number, measured: Float64Array, curve: Float64Array) => void {
  const { frames, dt } = signals
  const method = options['dsc-deconvolution']
  if (!arterial) return () => {}
  if (method !== 'vm') {
    const inverse = deconvolution(method, frames, dt, { oscillationLimit: options['dsc-oi-limit'] })
    const isReady = inverse.prepare(arterial.curve)
    return (_, measured, curve) => {
      if (isReady && inverse.solve(measured)) convolve(curve, arterial.curve, inverse.residue, dt)
    }
  }
  const { echoTime } = signals
  const vascular = vascularFit(frames, dt, echoTime, typicalVolume(curves, arterial.curve, dt))
  const model = vascularModel(frames, dt, echoTime)
  const isReady = vascular.prepare(arterial.curve) && model.prepare(arterial.curve)
  const sd = new Float64Array(frames)
  const jacobian = new Float64Array(5 * frames)
  return (voxel, measured, curve) => {
    signals.noise(voxel, sd)
    if (!isReady || vascular.solve(measured, sd) === null) return
    const { flow, transitTime, shape, delay } = vascular.values
    model.evaluate(
      Float64Array.of(Math.log(flow), Math.log(transitTime), Math.log(shape), delay, 1),
      curve,
      jacobian,
      frames,
    )
    for (let k = 0; k < frames; k++) curve[k] = -Math.log(curve[k]!) / echoTime
  }
}

/** The curve that an artery and a residue give; the residue is circular where it is longer than the record. */
function convolve(out: Float64Array, artery: Float64Array, residue: Float64Array, dt: number): void {
  const n = out.length
  const period = residue.length
  // Samples of the artery as curves that are linear between them need it, as the deconvolution takes them.
  const at = (k: number) => artery[Math.min(n - 1, Math.max(0, k))]!
  const smooth = Float64Array.from(artery, (_, k) => (at(k - 1) + 4 * at(k) + at(k + 1)) / 6)
  for (let t = 0; t < n; t++) {
    let sum = 0
    for (let k = 0; k < n; k++) if (k <= t || period > n) sum += smooth[k]! * residue[(t - k + period) % period]!
    out[t] = dt * sum
  }
}
