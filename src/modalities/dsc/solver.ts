import { eachCurve } from './curves.ts'
import type { Method } from './outputs.ts'
import type { Perfused, Solver, SolverContext } from './perfuse.ts'
import { truncatedSolver } from './truncated.ts'
import { vascularSolver } from './vascular.ts'

/**
 * Flow and times of all voxels with a curve, by the arterial input of the run.
 *
 * @param method - see `--dsc-deconvolution`
 * @param context - see {@link SolverContext}
 */
export function perfusionOf(method: Method, context: SolverContext): Perfused {
  const solver = solverOf(method, context)
  eachCurve(context.signals, context.curves, solver.solve)
  return solver.result
}

/**
 * A solver with the arterial input of the run.
 *
 * @param method - see `--dsc-deconvolution`
 * @param context - see {@link SolverContext}
 */
export function solverOf(method: Method, context: SolverContext): Solver {
  return method === 'vm' ? vascularSolver(context) : truncatedSolver(method, context)
}
