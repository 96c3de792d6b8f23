import type { Unit } from './units.ts'

/** What a rule looks at: a value of the acquisition, as the report's facts hold it. */
export interface ProtocolFact {
  readonly name: string
  readonly value: number | string | boolean | null | readonly (number | string)[]
  readonly unit: Unit
  /** The field (and file) that states it; for an unknown one, the field that would. */
  readonly from: string
}

/** What a rule says of an acquisition, as a row of the report's table. */
export interface Judgement {
  readonly rule: string
  readonly title: string
  readonly verdict: 'pass' | 'warn' | 'fail' | 'info' | 'not assessable'
  /** The value with its unit, `n/a` where it is not known. */
  readonly value: string
  readonly recommended: string
  /** The field that was judged. */
  readonly field: string
  /** One sentence for the reader. */
  readonly says: string
  readonly reference: string
}

/** A test of a fact's value. Ranges are closed; a list of ranges is for a list of values in rising order. */
type Test =
  | { readonly is: string | number | boolean }
  | { readonly in: readonly (string | number)[] }
  | { readonly between: readonly [number, number] | readonly (readonly [number, number])[] }
  | { readonly below: number }
  | { readonly above: number }

/** A condition: a test of a fact; one whose fact is not known does not hold. */
type Condition = Test & { readonly fact: string }

/** What a rule says of values that pass its test; the last one, without a test, of all others. */
type Verdict = Partial<Record<'is' | 'in' | 'between' | 'below' | 'above', unknown>> & {
  readonly verdict: Judgement['verdict']
  readonly says: string
}

/** One recommendation as data. */
interface Rule {
  readonly rule: string
  readonly title: string
  readonly fact: string
  readonly recommended: string
  readonly reference: string
  /** Conditions all of which must hold, and none of which may: else the rule says nothing. */
  readonly when?: readonly string[]
  readonly unless?: readonly string[]
  /** Tried in order; the first whose test passes gives the verdict. */
  readonly verdicts: readonly Verdict[]
}

/** A rule file. */
interface Rules {
  readonly conditions: Readonly<Record<string, Condition>>
  readonly rules: readonly Rule[]
}

const TESTS = ['is', 'in', 'between', 'below', 'above'] as const

/**
 * Judge an acquisition by recommendations that are data.
 *
 * @remarks
 * A rule names a fact, the conditions under which it applies, and verdicts in order; the first whose test the value passes
 * is given. A fact that is not known is *not assessable*, and so is a list where the rule wants one value. `{value}` in a
 * sentence stands for the value with its unit.
 *
 * @param file - a rule file of `bids_templates/protocol`, parsed
 * @param facts - what is known of the acquisition
 * @throws Error where the file is not a rule file: it is part of the program
 */
export function evaluateProtocol(file: Readonly<Record<string, unknown>>, facts: readonly ProtocolFact[]): Judgement[] {
  if (!isRules(file)) throw new Error('not a protocol file: conditions and rules are expected, each rule with verdicts')
  const holds = (name: string) => {
    const condition = file.conditions[name]
    if (!condition) throw new Error(`the protocol file has no condition ${name}`)
    const value = facts.find(fact => fact.name === condition.fact)?.value
    return value !== undefined && value !== null && passes(condition, value)
  }
  return file.rules
    .filter(({ when = [], unless = [] }) => when.every(holds) && !unless.some(holds))
    .map(rule =>
      judge(
        rule,
        facts.find(fact => fact.name === rule.fact),
      ),
    )
}

function judge(
  { rule, title, fact: name, recommended, reference, verdicts }: Rule,
  fact: ProtocolFact | undefined,
): Judgement {
  const field = fact?.from ?? name
  const row = { rule, title, recommended, field, reference }
  const value = fact?.value ?? null
  if (fact === undefined || value === null)
    return { ...row, verdict: 'not assessable', value: 'n/a', says: `Not stated; ${field} would say.` }
  const shown = showValue(fact)
  const wantsOne = verdicts.some(verdict => TESTS.some(test => test in verdict && !isListOfRanges(verdict[test])))
  if (Array.isArray(value) && wantsOne)
    return {
      ...row,
      verdict: 'not assessable',
      value: shown,
      says: `Several values (${shown}); the recommendation is for one.`,
    }
  const found = verdicts.find(verdict => !TESTS.some(test => test in verdict) || passes(verdict, value))
  if (!found)
    return { ...row, verdict: 'not assessable', value: shown, says: `${shown} is not a value that the rule knows.` }
  return { ...row, verdict: found.verdict, value: shown, says: found.says.replaceAll('{value}', shown) }
}

function showValue({ value, unit }: ProtocolFact): string {
  const word = (item: number | string | boolean) => (item === true ? 'yes' : item === false ? 'no' : String(item))
  const text =
    value === null
      ? 'n/a'
      : typeof value === 'object'
        ? value.map(word).join(unit === 'mm' ? ' × ' : ', ')
        : word(value)
  return unit === '1' || unit === 'year' || value === null ? text : `${text} ${unit}`
}

/** Whether a value passes the one test that an object holds. */
function passes(test: object, value: NonNullable<ProtocolFact['value']>): boolean {
  if ('is' in test) return value === test.is
  if ('in' in test) return Array.isArray(test.in) && test.in.includes(value)
  if ('below' in test) return typeof value === 'number' && typeof test.below === 'number' && value < test.below
  if ('above' in test) return typeof value === 'number' && typeof test.above === 'number' && value > test.above
  if (!('between' in test) || !Array.isArray(test.between)) return false
  const ranges: readonly unknown[] = isListOfRanges(test.between) ? test.between : [test.between]
  const values =
    typeof value === 'number' ? [value] : typeof value === 'object' ? value.map(Number).sort((a, b) => a - b) : []
  return values.length === ranges.length && values.every((item, at) => isWithin(item, ranges[at]))
}

function isListOfRanges(test: unknown): test is readonly unknown[] {
  return Array.isArray(test) && Array.isArray(test[0])
}

function isWithin(value: number, range: unknown): boolean {
  if (!Array.isArray(range)) return false
  const [low, high] = range
  return typeof low === 'number' && typeof high === 'number' && value >= low && value <= high
}

function isRules(file: unknown): file is Rules {
  if (!isObject(file) || !isObject(file['conditions']) || !Array.isArray(file['rules'])) return false
  const texts = ['rule', 'title', 'fact', 'recommended', 'reference']
  const isVerdict = (verdict: unknown) =>
    isObject(verdict) && typeof verdict['verdict'] === 'string' && typeof verdict['says'] === 'string'
  return (
    Object.values(file['conditions']).every(
      condition => isObject(condition) && typeof condition['fact'] === 'string',
    ) &&
    file['rules'].every(
      (rule: unknown) =>
        isObject(rule) &&
        texts.every(text => typeof rule[text] === 'string') &&
        Array.isArray(rule['verdicts']) &&
        rule['verdicts'].every(isVerdict),
    )
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
