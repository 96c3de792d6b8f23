import { isSameGrid } from '../../image/volume.ts'
import { bad, type Checked, good, type Problem, problem } from '../../problems.ts'
import type { Run, Source } from '../modality.ts'
import { type Averaging, planAverages } from './average.ts'
import { isHigh, isZero, type Support, supportOf, unusableB } from './b-values.ts'
import { baseName, digits, textFile } from './fields.ts'
import { type Gradients, readGradients } from './gradients.ts'
import { LIMITS } from './limits.ts'
import { type OrganChoice, organOf } from './organs.ts'

/** How the bi-exponential model is fitted. */
export type Estimator = 'segmented' | 'nlls' | 'bayes' | 'fixedd' | 'simplified'

/** An acquisition as the computation needs it. */
export interface IvimAcquisition {
  /** Path of the first series, for messages. */
  readonly image: string
  readonly parts: readonly Gradients[]
  readonly averaging: Averaging
  readonly support: Support
  readonly organ: OrganChoice
  /** Null where D and f cannot be had. */
  readonly estimator: Estimator | null
  /** Indices of the rows that each fit takes. */
  readonly rows: {
    readonly ivim: readonly number[]
    readonly adc: readonly number[]
    readonly kurtosis: readonly number[]
  }
}

/**
 * The diffusion weighting of each series of a run, as far as it can be read.
 *
 * @param run - the run
 */
export function gradientsOf({ series }: Run): Checked<readonly Gradients[]> {
  const problems: Problem[] = []
  const parts: Gradients[] = []
  for (const source of series) {
    const read = readGradients({
      image: source.name.path,
      bval: source.texts?.['.bval'] ?? null,
      bvec: source.texts?.['.bvec'] ?? null,
      frames: source.header?.frames ?? null,
    })
    if (read.ok) parts.push(read.value)
    else problems.push(...read.problems)
  }
  return problems.length > 0 ? bad(...problems) : good(parts)
}

/**
 * Bind a run's metadata: what is averaged, what is fitted to which b-values; or why it cannot be.
 *
 * @param run - the run
 */
export function readAcquisition(run: Run): Checked<IvimAcquisition> {
  const { options, series } = run
  const source = series[0]
  if (!source) throw new Error('an IVIM run has a series')
  const gradients = gradientsOf(run)
  if (!gradients.ok) return gradients
  const parts = gradients.value
  const refusal = checkGrids(series) ?? checkSupport(parts, run, source)
  if (refusal) return bad(refusal)
  const support = supportOf(
    parts.flatMap(({ b }) => b),
    options,
  )
  const averaging = planAverages(parts, options['ivim-threshold'])
  const smallest = Math.min(...parts.flatMap(({ b }) => b))
  const isBound = (b: number) => isHigh(b, options) || isZero(b, smallest)
  const isSimple = support.hasFraction && !support.hasDstar
  // S0 has to be fitted where it was not measured.
  const chosen = options['ivim-fit'] === 'segmented' && smallest > LIMITS.sameZero ? 'fixedd' : options['ivim-fit']
  const pick = (is: (b: number) => boolean) => averaging.rows.flatMap(({ b }, at) => (is(b) ? [at] : []))
  const acquisition: IvimAcquisition = {
    image: source.name.path,
    parts,
    averaging,
    support,
    organ: organOf(source, options),
    estimator: support.hasFraction ? (isSimple ? 'simplified' : chosen) : null,
    rows: {
      ivim: pick(b => b <= LIMITS.highest && (!isSimple || isBound(b))),
      adc: pick(b => b <= LIMITS.highestAdc * (1 + LIMITS.sameB[1])),
      kurtosis: pick(b => b >= LIMITS.kurtosis[0] && b <= LIMITS.kurtosis[1]),
    },
  }
  return good(acquisition, remarksOn(acquisition, source, run))
}

function checkGrids(series: readonly Source[]): Problem | null {
  const [first, ...rest] = series
  const other = rest.find(({ header }) => header && first?.header && !isSameGrid(header.grid, first.header.grid))
  return other && first
    ? problem(
        'GRID_NO_OVERLAP',
        `${baseName(other.name.path)} lies on another grid than ${baseName(first.name.path)}, with which it shares a scan; resample one of them, or give them different MultipartIDs.`,
        { file: other.name.path },
      )
    : null
}

/** What makes b-values useless; null where something can be estimated. */
function checkSupport(parts: readonly Gradients[], { options, context }: Run, source: Source): Problem | null {
  const b = parts.flatMap(part => part.b)
  const support = supportOf(b, options)
  const file = textFile(source, '.bval')
  const name = baseName(file)
  const unusable = unusableB(b)
  if (unusable !== null)
    return problem(
      'B_VALUES_TOO_FEW',
      `${name}: ${unusable}. IVIM needs 0, 200 and one from 500 to 1000: check that the converter kept them.`,
      { file },
    )
  if (support.zeros === 0 && context['scheme'] !== 'other')
    return problem(
      'B0_MISSING',
      `${name}: the smallest b-value is ${Math.min(...b)} s/mm²; f is the signal lost between 0 and the high b-values, so a volume with b of at most ${LIMITS.zero} is needed: add it, or give --bids-filter-file without this series.`,
      { file },
    )
  if (!support.hasFraction && !support.hasAdc && !support.hasKurtosis)
    return problem(
      'B_VALUES_TOO_FEW',
      `${name}: the b-values ${support.groups.map(group => Math.round(group.b)).join(', ')} s/mm² support neither IVIM nor ADC (two up to ${LIMITS.highestAdc}).`,
      { file },
    )
  return null
}

function remarksOn({ support, averaging, estimator }: IvimAcquisition, source: Source, { options }: Run): Problem[] {
  const problems: Problem[] = []
  const file = textFile(source, '.bval')
  const vectors = textFile(source, '.bvec')
  const list = (values: readonly number[]) => values.map(Math.round).join(', ') || 'none'
  const threshold = options['ivim-threshold']
  if (!support.hasFraction)
    problems.push(
      problem(
        'B_VALUES_LIMITED',
        `${baseName(file)}: the b-values from ${threshold} to ${LIMITS.highest} s/mm² are ${list(support.high)}, D and f need two of them and b = 0; only ${support.hasAdc ? 'ADC' : 'kurtosis'} is written.`,
        { file },
      ),
    )
  else if (!support.hasDstar)
    problems.push(
      problem(
        'B_VALUES_LIMITED',
        `${baseName(file)}: no b-value lies between 0 and ${threshold} s/mm², so D* cannot be known; D and f are written (simplified IVIM).`,
        { file },
      ),
    )
  else if (support.low.length < LIMITS.lowB)
    problems.push(
      problem(
        'B_VALUES_WEAK',
        `${baseName(file)}: ${support.low.length} b-value(s) lie between 0 and ${threshold} s/mm² (${list(support.low)}); D* needs ${LIMITS.lowB} or more to mean much: look at its reliability mask.`,
        { file },
      ),
    )
  if (estimator === 'fixedd' && options['ivim-fit'] === 'segmented')
    problems.push(
      problem(
        'B0_NOT_MEASURED',
        `${baseName(file)}: the smallest b-value is ${digits(support.groups[0]!.b)} s/mm², so the signal at 0, by which the segmented fit divides, was not measured; f and D* were fitted together with it, D held (fixedd).`,
        { file },
      ),
    )
  if (!averaging.isSame)
    problems.push(
      problem(
        'DIRECTIONS_DIFFER',
        averaging.dropped > 0
          ? `${baseName(vectors)}: not every b-value was measured in the same directions; ${averaging.dropped} volumes in directions that others lack were left out of the mean over directions.`
          : `${baseName(vectors)}: not every b-value was measured in the same directions and too few are common; each was averaged over its own, which mixes anisotropy into f and D*.`,
        { file: vectors },
      ),
    )
  if (!averaging.isVendor && averaging.directions < 3)
    problems.push(
      problem(
        'DIRECTIONS_FEW',
        `${baseName(vectors)}: each b-value has ${averaging.directions} direction(s), three or more are recommended; in anisotropic tissue the numbers depend on the direction.`,
        { file: vectors },
      ),
    )
  const bare = source.header ? (source.texts?.['.bvec'] ? averagingBare(averaging) : 0) : 0
  if (bare > LIMITS.bareVolumes * support.groups.length)
    problems.push(
      problem(
        'TRACE_SUSPECT',
        `${baseName(file)}: ${bare} volumes without direction share ${support.groups.length} b-values; if the scanner made a trace series of more, the converter lost some (b of 0 for low ones): compare with the protocol.`,
        { file },
      ),
    )
  return problems
}

/** Volumes without weighting. */
function averagingBare({ rows }: Averaging): number {
  const [first] = rows
  return first
    ? rows.filter(({ b }) => isZero(b, first.b)).reduce((sum, { directions }) => sum + directions.flat().length, 0)
    : 0
}
