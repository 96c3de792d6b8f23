import { type BloodTable, bloodTable, lowestBlood } from './ivim-blood.ts'
import { leastSquaresErrors, type Solution } from './ivim-error.ts'
import { emptyProjection, type Projection, project } from './ivim-projection.ts'
import { type IvimScheme, type IvimSettings, type Kernel, SLOT, STATUS } from './ivim-scheme.ts'
import { type TissueFit, tissueFit } from './ivim-tissue.ts'

/** Rounds after which a fit counts as not converged. */
const ROUNDS = 80
/** A step smaller than this ends the search: D [1e-3 mm²/s], ln D* [1]. */
const STEP = 1e-5
/** Nodes of the first look for D*. */
const NODES = 8

/** Where the search for one voxel stands, and what it needs. */
interface Search {
  readonly scheme: IvimScheme
  /** Table of curves of D* for the first look. */
  readonly table: BloodTable
  /** Ranges: D [1e-3 mm²/s], ln D* [ln of 1e-3 mm²/s]. */
  readonly lowerD: number
  readonly upperD: number
  readonly lowerV: number
  readonly upperV: number
  /** Whether D stays where it is. */
  readonly isHeld: boolean
  readonly at: Solution
  /** The projection there, and room for that of the next step. */
  here: Projection
  there: Projection
  /** Working memory, shape (2 × nB). */
  readonly work: Float64Array
}

/**
 * The full bi-exponential fit by variable projection: S0, D, f and D* at once.
 *
 * @remarks
 * `y = A·exp(−b·D) + B·exp(−b·D*)` is linear in `A = S0(1 − f)` and `B = S0·f`, so for each (D, D*) both are known, and
 * Levenberg and Marquardt's method runs in (D, ln D*) only. It starts from the line at high b and the best of 8 nodes of
 * D*. Standard errors are those of `σ²·(JᵀJ)⁻¹` of all four parameters with `σ² = RSS/(nB − 4)`.
 *
 * With D held, D comes from the high b alone and S0, f and D* from all b; its errors are carried through.
 *
 * **Limits.** Where no B above 0 helps, one exponential is left: f = 0 and status 5, as has `f ≤ smallestFraction`. S0 is
 * free: b = 0 was measured. D* is not under 1.5 D, so the compartments never swap. A parameter at a bound keeps its value
 * with status 2 and has no standard error; those of the others hold it fixed.
 *
 * **Error.** Noise-free relative error under 1e-5. With 14 b from 0 to 800 s/mm² the median errors are within 3 % of those
 * of the Cramér–Rao bound from SNR 60 on.
 *
 * @param scheme - the b-values
 * @param settings - ranges
 * @param isHeld - hold D at the value that the high b give
 *
 * @see Golub & Pereyra, Inverse Probl 19:R1 (2003), doi:10.1088/0266-5611/19/2/201
 */
export function nllsKernel(scheme: IvimScheme, settings: IvimSettings, isHeld = false): Kernel {
  const { t } = scheme
  const tissue = tissueFit(scheme, { ...settings, firstStep: isHeld ? settings.firstStep : 'nlls' })
  const everything = Int32Array.from(t, (_, i) => i)
  const single = tissueFit({ ...scheme, high: everything }, { ...settings, firstStep: 'nlls' })
  const errors = leastSquaresErrors(scheme)
  const table = bloodTable(scheme, settings.boundsDstar, NODES)
  const search: Search = {
    scheme,
    table,
    lowerD: 1000 * settings.boundsD[0],
    upperD: 1000 * settings.boundsD[1],
    lowerV: table.logs[0]!,
    upperV: table.logs[NODES - 1]!,
    isHeld,
    at: { S0: 1, d: 0, f: 0, v: 0, hasD: true, hasV: true },
    here: emptyProjection(),
    there: emptyProjection(),
    work: new Float64Array(2 * t.length),
  }
  const { at } = search

  return (y, noise, out) => {
    out.fill(Number.NaN)
    if (!tissue.fit(y)) return STATUS.noSignal
    at.d = tissue.d
    let node = look(search, y)
    if (node < 0 && !isHeld) {
      if (!single.fit(y)) return STATUS.noSignal
      at.d = single.d
      node = look(search, y)
    }
    at.v = node < 0 ? Number.NaN : table.logs[node]!
    const hasTwo = node >= 0 && project(search.here, y, scheme, at.d, at.v, search.work)
    const isConverged = !hasTwo || descend(search, y)
    if (!hasTwo) {
      search.here.A = isHeld ? tissueAlone(search, y) : single.A
      search.here.B = 0
      at.v = Number.NaN
    }
    const status = finish(search, out, settings.smallestFraction, isConverged)
    errors(y, noise, at, isHeld ? influenceOf(tissue) : null, out)
    return status
  }
}

function influenceOf(tissue: TissueFit): Float64Array {
  tissue.influence()
  return tissue.gd
}

/** The node of D* with the least residual at the present d; −1 where none has both amplitudes above 0. */
function look(
  { scheme: { t, root }, table: { logs, curves, squares }, lowerV, at, work }: Search,
  y: Float64Array,
): number {
  const n = t.length
  let ee = 0
  let ye = 0
  for (let i = 0; i < n; i++) {
    const e = root[i]! * Math.exp(-t[i]! * at.d)
    work[i] = e
    ee += e * e
    ye += e * y[i]!
  }
  const lower = lowestBlood(lowerV, at.d)
  let node = -1
  let most = 0
  for (let k = 0; k < NODES; k++) {
    if (logs[k]! < lower) continue
    let eq = 0
    let yq = 0
    for (let i = 0; i < n; i++) {
      const q = curves[k * n + i]!
      eq += work[i]! * q
      yq += y[i]! * q
    }
    const A = ye * squares[k]! - yq * eq
    const B = yq * ee - ye * eq
    const explained = (A * ye + B * yq) / (ee * squares[k]! - eq * eq)
    if (A > 0 && B > 0 && explained > most) {
      most = explained
      node = k
    }
  }
  return node
}

/** The best amplitude of tissue alone at the present d. */
function tissueAlone({ scheme: { t, root }, at }: Search, y: Float64Array): number {
  let ee = 0
  let ye = 0
  for (let i = 0; i < t.length; i++) {
    const e = root[i]! * Math.exp(-t[i]! * at.d)
    ee += e * e
    ye += e * y[i]!
  }
  return ye / ee
}

/** From the present (d, v) downhill to the least residual; returns whether it arrived. */
function descend(search: Search, y: Float64Array): boolean {
  const { scheme, lowerD, upperD, lowerV, upperV, isHeld, at, work } = search
  let damping = 1e-3
  for (let round = 0; round < ROUNDS; round++) {
    let { d, v } = at
    const { hdd, hdv, hvv, gd, gv, rss } = search.here
    const lower = lowestBlood(lowerV, d)
    const isHighV = v >= upperV && gv > 0
    const isLowV = v <= lower + 1e-12 && gv < 0
    // At 1.5 D the two move together.
    const slide = isLowV && lower > lowerV ? 1 / d : 0
    const fixD = isHeld || (d <= lowerD && gd < 0) || (d >= upperD && gd > 0)
    const a = hdd * (1 + damping)
    const c = hvv * (1 + damping)
    const determinant = a * c - hdv * hdv
    if (slide > 0 && !fixD) {
      d += (gd + slide * gv) / (a + 2 * slide * hdv + slide * slide * c)
      v = lowestBlood(lowerV, d)
    } else if (fixD) v += isHighV || isLowV ? 0 : gv / c
    else if (isHighV || isLowV) d += gd / a
    else {
      d += (gd * c - gv * hdv) / determinant
      v += (gv * a - gd * hdv) / determinant
    }
    d = Math.min(Math.max(d, lowerD), upperD)
    v = Math.min(Math.max(v, lowestBlood(lowerV, d), at.v - 1.5), upperV, at.v + 1.5)
    const isSmall = Math.abs(d - at.d) < STEP && Math.abs(v - at.v) < STEP
    if (project(search.there, y, scheme, d, v, work) && search.there.rss <= rss) {
      at.d = d
      at.v = v
      const swap = search.here
      search.here = search.there
      search.there = swap
      damping = Math.max(damping * 0.1, 1e-12)
      if (isSmall) return true
    } else {
      // At the least residual rounding decides; so a small step that finds nothing has arrived too.
      if (isSmall) return true
      damping = Math.max(10 * damping, 1e-6)
      if (damping > 1e12) return false
    }
  }
  return false
}

/** Write the estimates, and which of them are free; returns the status. */
function finish(search: Search, out: Float64Array, smallestFraction: number, isConverged: boolean): number {
  const { at, here, lowerD, upperD, lowerV, upperV } = search
  const { d, v } = at
  const S0 = here.A + here.B
  const f = here.B / S0
  const hasBlood = f > smallestFraction
  const isBoundD = !(d > lowerD && d < upperD)
  const isBoundV = hasBlood && !(v > lowestBlood(lowerV, d) + 1e-9 && v < upperV)
  at.S0 = S0
  at.f = f
  at.hasD = !isBoundD
  at.hasV = hasBlood && !isBoundV
  out[SLOT.S0] = S0
  out[SLOT.D] = d / 1000
  out[SLOT.f] = f
  out[SLOT.Dstar] = hasBlood ? Math.exp(v) / 1000 : Number.NaN
  out[SLOT.fDstar] = f * out[SLOT.Dstar]!
  if (!(S0 > 0)) return STATUS.noSignal
  if (isBoundD) return STATUS.bound
  if (!hasBlood) return STATUS.undefined
  if (!isConverged) return STATUS.unconverged
  return isBoundV ? STATUS.bound : STATUS.good
}
