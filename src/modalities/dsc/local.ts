import type { Perfused, VoxelSolver } from './perfuse.ts'
export interface Local extends Perfused {
  readonly tmax: Float64Array
}
export function localSolver(
  _n: number,
  _context: unknown,
  _r: unknown,
  _g: unknown,
): VoxelSolver & { readonly result: Local } {
  throw new Error('todo')
}
