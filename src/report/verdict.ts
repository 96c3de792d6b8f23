import type { Severity } from '../problems.ts'
import { SEVERITIES, type Tone, VERDICTS } from './page.ts'
import type { ProtocolRow, QualityValue, RunRecord } from './record.ts'
import { count, countText } from './text.ts'

/** Where a quality figure stands against the band in which it is expected. */
export type Standing = 'inside' | 'outside' | 'no band' | 'not computed'

/** Where a quality figure stands against its band; both ends belong to the band. */
export function standing({ value, expected }: QualityValue): Standing {
  if (value === null || !Number.isFinite(value)) return 'not computed'
  if (expected === undefined) return 'no band'
  const [low, high] = band(expected)
  return value >= low && value <= high ? 'inside' : 'outside'
}

/** The ends of a band. JSON has no infinity: an open end comes back from a file as null. */
export function band(expected: readonly [number | null, number | null]): [number, number] {
  return [expected[0] ?? Number.NEGATIVE_INFINITY, expected[1] ?? Number.POSITIVE_INFINITY]
}

/** What a reader wants to know of a run before its numbers. */
export interface Verdict {
  readonly tone: Tone
  /** Sentences: what to read first. */
  readonly says: readonly string[]
  readonly problems: readonly (readonly [Severity, number])[]
  readonly protocol: readonly (readonly [ProtocolRow['verdict'], number])[]
  readonly inside: number
  readonly judged: number
}

/** The parts of a record that decide whether its numbers can be trusted. */
export type Judged = Pick<RunRecord, 'status' | 'problems' | 'protocol' | 'quality'>

const NOUNS: Readonly<Record<Severity, readonly [string, string]>> = {
  error: ['error', 'errors'],
  partial: ['part refused', 'parts refused'],
  warning: ['warning', 'warnings'],
  info: ['remark', 'remarks'],
}

/** How a run can end, from best to worst. */
export const STATUSES = ['complete', 'partial', 'refused', 'failed'] as const satisfies readonly RunRecord['status'][]

/** How many runs there are and how they ended, as a sentence. */
export function statusLine(statuses: readonly RunRecord['status'][]): string {
  const parts = STATUSES.flatMap(status => {
    const n = statuses.filter(other => other === status).length
    return n > 0 ? [`${countText(n)} ${status}`] : []
  })
  return `${count(statuses.length, 'run')}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.`
}

/** A number of problems of one severity, in words. */
export function problemCount(severity: Severity, n: number): string {
  return count(n, ...NOUNS[severity])
}

/**
 * What a reader should know of a run before its numbers: why there are none, or what stands against them.
 *
 * @remarks It counts what the run itself reports; it never says that a scan is good, only that nothing was found
 * against it and what was not examined.
 *
 * @param record - status, problems, protocol check and quality figures of the run
 */
export function verdictOf(record: Judged): Verdict {
  const problems = SEVERITIES.map(
    severity => [severity, record.problems.filter(p => p.severity === severity).length] as const,
  )
  const protocol = VERDICTS.map(
    verdict => [verdict, record.protocol.filter(row => row.verdict === verdict).length] as const,
  )
  const standings = record.quality.map(standing)
  const inside = standings.filter(where => where === 'inside').length
  const outside = record.quality.filter(value => standing(value) === 'outside')
  const counts = {
    problems: problems.filter(([, n]) => n > 0),
    protocol: protocol.filter(([, n]) => n > 0),
    inside,
    judged: inside + outside.length,
  }
  const gravest =
    record.problems.find(p => p.severity === 'error') ?? record.problems.find(p => p.severity === 'partial')
  if (record.status === 'refused' || record.status === 'failed') {
    const verb = record.status === 'refused' ? 'Refused: no result was written.' : 'Failed: the run did not end.'
    return { tone: 'fail', says: [verb, gravest?.message ?? 'No reason was recorded.'], ...counts }
  }
  const against: string[] = []
  const warnings = record.problems.filter(p => p.severity === 'warning')
  const fails = record.protocol.filter(row => row.verdict === 'fail')
  if (record.status === 'partial') against.push(`A part of the results was refused. ${gravest?.message ?? ''}`.trim())
  // Two can be read at a glance; of more, the codes are the index to the list below.
  if (warnings.length <= 2) against.push(...warnings.map(({ message }) => message))
  else
    against.push(
      `${problemCount('warning', warnings.length)}: ${[...new Set(warnings.map(({ code }) => code))].join(', ')}.`,
    )
  if (outside.length > 0) against.push(`Outside the expected band: ${outside.map(({ label }) => label).join(', ')}.`)
  if (fails.length > 0) against.push(`Against the recommended protocol: ${fails.map(({ title }) => title).join(', ')}.`)
  if (against.length > 0) return { tone: 'warn', says: against, ...counts }
  const judged =
    counts.judged > 0
      ? `${count(counts.judged, 'quality figure')} with a band, all inside it`
      : 'no quality figure with a band to be judged by'
  const says = [`Nothing was found against this run: no warning, no failed protocol rule, ${judged}.`]
  const rules = (verdict: ProtocolRow['verdict']) => record.protocol.filter(row => row.verdict === verdict).length
  const [deviating, unknown] = [rules('warn'), rules('not assessable')]
  if (deviating > 0) says.push(`${count(deviating, 'protocol rule')} with a lesser deviation.`)
  if (unknown > 0) says.push(`${count(unknown, 'protocol rule')} could not be assessed.`)
  return { tone: 'pass', says, ...counts }
}
