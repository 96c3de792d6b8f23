import { chiSquaredQuantile, fQuantile, tQuantile } from './distributions.ts'
import { mean, standardDeviation } from './statistics.ts'

/** A value with the ends of its 95 % confidence interval. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Quantile of the normal distribution that leaves 2.5 % above. */
const Z = 1.959963984540054
/** Two measurements of one subject differ by less than this many within-subject standard deviations in 95 % of cases. */
const REPEATABILITY = Z * Math.SQRT2
const UPPER = 0.975
const NOTHING: Interval = { value: Number.NaN, low: Number.NaN, high: Number.NaN }

/** How much repeated measurements of a subject vary. */
export interface WithinSubject {
  readonly subjects: number
  readonly measurements: number
  readonly freedom: number
  readonly mean: number
  /** Within-subject standard deviation, unit of the values. */
  readonly sd: Interval
  /** Repeatability coefficient, unit of the values. */
  readonly rc: Interval
  /** Within-subject coefficient of variation [1]; NaN where a subject's mean is not above 0. */
  readonly cv: Interval
  /** Within-subject standard deviation of ln value [1]; NaN where a value is not above 0. */
  readonly logSd: Interval
  /** Relative change that 95 % of repeats stay within, by the logarithms [1]: down and up. */
  readonly change: readonly [number, number]
}

/**
 * Within-subject variation of repeated measurements.
 *
 * @remarks
 *     wSD² = Σᵢ Σₖ (xᵢₖ − x̄ᵢ)² / Σᵢ (Kᵢ − 1),   RC = 1.96·√2·wSD
 *     wCV² = Σᵢ (Kᵢ − 1)·sᵢ²/x̄ᵢ² / Σᵢ (Kᵢ − 1)
 *     change = exp(±1.96·√2·wSD(ln x)) − 1
 *
 * These are the definitions of the Quantitative Imaging Biomarkers Alliance. wSD and RC are for parameters whose spread does
 * not depend on their level, wCV and the change by logarithms for those whose spread grows with it.
 *
 * **Assumes** independent subjects, and repeats that differ by chance alone: a bias between first and second measurement is
 * in wSD. Intervals are those of a chi-squared variable with Σ(Kᵢ − 1) degrees of freedom, exact for normal errors.
 *
 * @param repeats - the values of each subject, two or more, shape (nSubject)(Kᵢ)
 *
 * @see Raunig et al., Stat Methods Med Res 24:27 (2015), doi:10.1177/0962280214537344
 * @see Obuchowski and Bullen, Stat Methods Med Res 27:3139 (2018), doi:10.1177/0962280217693662
 */
export function withinSubject(repeats: readonly (readonly number[])[]): WithinSubject {
  const measurements = repeats.reduce((sum, values) => sum + values.length, 0)
  const freedom = measurements - repeats.length
  const spread = (transform: (value: number) => number, scale: (values: readonly number[]) => number): Interval => {
    let squares = 0
    for (const values of repeats) {
      const unit = scale(values)
      const centre = values.reduce((sum, value) => sum + transform(value), 0) / values.length
      for (const value of values) squares += ((transform(value) - centre) / unit) ** 2
    }
    return spreadInterval(Math.sqrt(squares / freedom), freedom)
  }
  const plain = (value: number) => value
  const isPositive = repeats.every(values => values.every(value => value > 0))
  const sd = spread(plain, () => 1)
  const cv = repeats.every(values => mean(values) > 0) ? spread(plain, mean) : NOTHING
  const logSd = isPositive ? spread(Math.log, () => 1) : NOTHING
  const reach = REPEATABILITY * logSd.value
  return {
    subjects: repeats.length,
    measurements,
    freedom,
    mean: mean(repeats.map(values => mean(values))),
    sd,
    rc: { value: REPEATABILITY * sd.value, low: REPEATABILITY * sd.low, high: REPEATABILITY * sd.high },
    cv,
    logSd,
    change: [Math.expm1(-reach), Math.expm1(reach)],
  }
}

function spreadInterval(value: number, freedom: number): Interval {
  const end = (p: number) => value * Math.sqrt(freedom / chiSquaredQuantile(p, freedom))
  return { value, low: end(UPPER), high: end(1 - UPPER) }
}

/** How far apart the first and the second measurement of a subject lie. */
export interface PairAgreement {
  readonly pairs: number
  /** Mean of second minus first. */
  readonly bias: Interval
  /** Standard deviation of the differences. */
  readonly sd: number
  /** Limits of agreement: between them lie 95 % of the differences. */
  readonly lower: Interval
  readonly upper: Interval
  /** Rank correlation (Spearman) of the size of the difference with the mean of the pair [1]: far from 0, the spread grows with the level. */
  readonly proportionality: number
}

/**
 * Bland–Altman analysis of pairs.
 *
 * @remarks
 *     bias = mean(x₂ − x₁) ± t·s/√n,   limits = bias ± 1.96·s, each ± t·s·√(1/n + 1.96²/(2(n − 1)))
 *
 * **Assumes** independent pairs whose differences are normal.
 *
 * @param pairs - first and second measurement, shape (nSubject)(2)
 *
 * @see Bland and Altman, Lancet 327:307 (1986), doi:10.1016/S0140-6736(86)90837-8
 */
export function pairAgreement(pairs: readonly (readonly [number, number])[]): PairAgreement {
  const n = pairs.length
  const differences = pairs.map(([first, second]) => second - first)
  const sd = standardDeviation(differences)
  const bias = mean(differences)
  const t = tQuantile(UPPER, n - 1)
  const around = (value: number, error: number): Interval => ({
    value,
    low: value - t * error,
    high: value + t * error,
  })
  const error = sd * Math.sqrt(1 / n + (Z * Z) / (2 * (n - 1)))
  return {
    pairs: n,
    bias: around(bias, sd / Math.sqrt(n)),
    sd,
    lower: around(bias - Z * sd, error),
    upper: around(bias + Z * sd, error),
    proportionality: rankCorrelation(
      differences.map(Math.abs),
      pairs.map(([first, second]) => first + second),
    ),
  }
}

/** Correlation of ranks, ties at their mean rank [1]; NaN where one of them does not vary. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)]
  const centre = (a.length + 1) / 2
  let [xy, xx, yy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    const [u, v] = [x[i]! - centre, y[i]! - centre]
    xy += u * v
    xx += u * u
    yy += v * v
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : Number.NaN
}

function ranks(values: readonly number[]): Float64Array {
  const order = Array.from(values.keys()).sort((i, j) => values[i]! - values[j]!)
  const out = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let at = from; at < to; at++) out[order[at]!] = (from + 1 + to) / 2
    from = to
  }
  return out
}

/** Intraclass correlations of single measurements. */
export interface Intraclass {
  /** ICC(1,1): repeats have no order. */
  readonly oneWay: Interval
  /** ICC(2,1), absolute agreement: a shift between first and second measurement counts. */
  readonly agreement: Interval
  /** ICC(3,1), consistency: such a shift does not count. */
  readonly consistency: Interval
}

/**
 * Intraclass correlations: the share of the variance between subjects in the whole.
 *
 * @remarks With mean squares of rows, columns, error and within rows (n rows, k columns):
 *
 *     ICC(1,1) = (MSR − MSW)/(MSR + (k − 1)·MSW)
 *     ICC(2,1) = (MSR − MSE)/(MSR + (k − 1)·MSE + k·(MSC − MSE)/n)
 *     ICC(3,1) = (MSR − MSE)/(MSR + (k − 1)·MSE)
 *
 * **Limits.** It depends on how much the subjects differ: the same measurement has a higher one in a mixed group.
 *
 * @param values - one row a subject, all of k values, shape (nSubject)(k)
 *
 * @see Shrout and Fleiss, Psychol Bull 86:420 (1979), doi:10.1037/0033-2909.86.2.420
 * @see McGraw and Wong, Psychol Methods 1:30 (1996), doi:10.1037/1082-989X.1.1.30
 */
export function intraclass(values: readonly (readonly number[])[]): Intraclass {
  const n = values.length
  const k = values[0]?.length ?? 0
  const all = mean(values.flat())
  const rows = values.map(row => mean(row))
  const columns = Array.from({ length: k }, (_, j) => mean(values.map(row => row[j]!)))
  const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0)
  const between = k * sum(rows.map(value => (value - all) ** 2))
  const across = n * sum(columns.map(value => (value - all) ** 2))
  const within = sum(values.map((row, i) => sum(row.map(value => (value - rows[i]!) ** 2))))
  const left = sum(values.map((row, i) => sum(row.map((value, j) => (value - rows[i]! - columns[j]! + all) ** 2))))
  const [MSR, MSW] = [between / (n - 1), within / (n * (k - 1))]
  const [MSC, MSE] = [across / (k - 1), left / ((n - 1) * (k - 1))]
  return {
    oneWay: ratioInterval(MSR, MSW, k, n - 1, n * (k - 1)),
    agreement: agreementInterval({ MSR, MSC, MSE, n, k }),
    consistency: ratioInterval(MSR, MSE, k, n - 1, (n - 1) * (k - 1)),
  }
}

/** `(F − 1)/(F + k − 1)` with the interval of the ratio of two mean squares. */
function ratioInterval(above: number, below: number, k: number, df: number, rest: number): Interval {
  const ratio = above / below
  const at = (F: number) => (below === 0 ? (above > 0 ? 1 : Number.NaN) : (F - 1) / (F + k - 1))
  return { value: at(ratio), low: at(ratio / fQuantile(UPPER, df, rest)), high: at(ratio * fQuantile(UPPER, rest, df)) }
}

interface MeanSquares {
  readonly MSR: number
  readonly MSC: number
  readonly MSE: number
  readonly n: number
  readonly k: number
}

function agreementInterval({ MSR, MSC, MSE, n, k }: MeanSquares): Interval {
  const value = (MSR - MSE) / (MSR + (k - 1) * MSE + (k * (MSC - MSE)) / n)
  if (!Number.isFinite(value)) return NOTHING
  const shift = k * MSC + (k * n - k - n) * MSE
  if (MSE === 0) return { value, low: Number.NaN, high: Number.NaN }
  const F = MSC / MSE
  const rest = n * (1 + (k - 1) * value) - k * value
  const freedom = ((k - 1) * (n - 1) * (k * value * F + rest) ** 2) / ((n - 1) * (k * value * F) ** 2 + rest ** 2)
  const down = fQuantile(UPPER, n - 1, freedom)
  const up = fQuantile(UPPER, freedom, n - 1)
  return {
    value,
    low: (n * (MSR - down * MSE)) / (down * shift + n * MSR),
    high: (n * (up * MSR - MSE)) / (shift + n * up * MSR),
  }
}

/** Where the variance comes from. */
export interface Components {
  readonly groups: number
  readonly subjects: number
  readonly measurements: number
  /** Variance between groups, between subjects of a group, within a subject; NaN within where no subject has a repeat. */
  readonly between: number
  readonly among: number
  readonly within: number
}

/**
 * Variance components of measurements of subjects in groups (sites), by the analysis of variance of unbalanced nests.
 *
 * @remarks
 *     E[MS within] = σw²
 *     E[MS subjects] = σw² + k₁σs²,   k₁ = (N − Σᵢ Σⱼ nᵢⱼ²/nᵢ)/(P − G)
 *     E[MS groups] = σw² + k₂σs² + k₃σg²,   k₂ = (Σᵢ Σⱼ nᵢⱼ²/nᵢ − Σ nᵢⱼ²/N)/(G − 1),  k₃ = (N − Σ nᵢ²/N)/(G − 1)
 *
 * An estimate below 0 is 0. Without repeats the variance among subjects includes that within them.
 *
 * **Assumes** that every subject belongs to one group.
 *
 * @param groups - values by group and subject, shape (nGroup)(nSubject)(Kᵢⱼ)
 *
 * @see Searle, Casella and McCulloch, Variance Components (1992), doi:10.1002/9780470316856
 */
export function varianceComponents(groups: readonly (readonly (readonly number[])[])[]): Components {
  const G = groups.length
  let [P, N, total] = [0, 0, 0]
  for (const group of groups) {
    P += group.length
    for (const subject of group) {
      N += subject.length
      for (const value of subject) total += value
    }
  }
  const all = total / N
  let [within, among, between, inGroups, inSubjects, inSquares] = [0, 0, 0, 0, 0, 0]
  for (const group of groups) {
    let [own, sum] = [0, 0]
    for (const subject of group) {
      own += subject.length
      for (const value of subject) sum += value
    }
    const centre = sum / own
    between += own * (centre - all) * (centre - all)
    inSquares += own * own
    for (const subject of group) {
      const count = subject.length
      const level = mean(subject)
      among += count * (level - centre) * (level - centre)
      inGroups += (count * count) / own
      inSubjects += count * count
      if (count > 1) for (const value of subject) within += (value - level) * (value - level)
    }
  }
  const repeated = N > P
  const sigmaWithin = repeated ? within / (N - P) : 0
  const k1 = (N - inGroups) / (P - G)
  const k2 = (inGroups - inSubjects / N) / (G - 1)
  const k3 = (N - inSquares / N) / (G - 1)
  const sigmaAmong = Math.max(0, (among / (P - G) - sigmaWithin) / k1)
  const sigmaBetween = Math.max(0, (between / (G - 1) - sigmaWithin - k2 * sigmaAmong) / k3)
  return {
    groups: G,
    subjects: P,
    measurements: N,
    between: sigmaBetween,
    among: sigmaAmong,
    within: repeated ? sigmaWithin : Number.NaN,
  }
}
