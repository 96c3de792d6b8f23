/** Slope and curvature of a function where it was last evaluated; any positive multiple of both serves. */
export interface Derivatives {
  slope: number
  curvature: number
}

/**
 * Where a function of one variable has its minimum in an interval.
 *
 * @remarks
 * Newton's method inside a bracket that shrinks by the sign of the slope; a step that leaves the bracket goes to an end of
 * the interval that was not looked at yet, else to the middle of the bracket. Nothing is allocated.
 *
 * **Assumes** one minimum in the interval; with more it finds one of them.
 *
 * **Limits.** Returns `lower` or `upper` itself where the function still falls towards that end. After 60 evaluations the
 * last point is returned, which halving alone has then placed to 1e-16 of the interval.
 *
 * **Error.** With the true curvature the square of the last step; with an approximate one a fraction of the last step.
 *
 * @param evaluate - sets `at` for a point [any unit]
 * @param at - receives slope and curvature
 * @param lower - lower end of the interval, unit of the variable
 * @param upper - upper end of the interval, unit of the variable
 * @param start - first point, unit of the variable
 * @param tolerance - a step shorter than this ends the search, unit of the variable
 */
export function minimise(
  evaluate: (x: number) => void,
  at: Derivatives,
  lower: number,
  upper: number,
  start: number,
  tolerance: number,
): number {
  let low = lower
  let high = upper
  let lowSeen = false
  let highSeen = false
  let x = Math.min(Math.max(start, lower), upper)
  for (let n = 0; n < 60; n++) {
    evaluate(x)
    const { slope, curvature } = at
    if (slope > 0) {
      if (x === lower) return x
      high = x
      highSeen = true
    } else if (slope < 0) {
      if (x === upper) return x
      low = x
      lowSeen = true
    } else return x
    let next = curvature > 0 ? x - slope / curvature : slope > 0 ? -Infinity : Infinity
    if (!(next > low)) next = lowSeen ? (low + high) / 2 : lower
    else if (!(next < high)) next = highSeen ? (low + high) / 2 : upper
    if (Math.abs(next - x) <= tolerance) return next
    x = next
  }
  return x
}
