import type { VoxelSolver } from './perfuse.ts'
export function vascularSolver(_n: number, _context: unknown): VoxelSolver {
  throw new Error('todo')
}
