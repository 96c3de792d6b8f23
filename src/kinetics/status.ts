/**
 * How the fit of a voxel ended: 0 was not asked for, 1 good, 2 at a bound, 3 not converged, 4 no signal, 5 a parameter is
 * undefined because another vanished.
 */
export const FIT_STATUS = { outside: 0, good: 1, bound: 2, unconverged: 3, noSignal: 4, undefined: 5 } as const
