import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

/** A reference case, see the description in its file. */
export interface Case {
  readonly id: string
  readonly kind: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
  readonly tolerance: {
    readonly rel?: number
    readonly abs?: number
    readonly cbf_abs?: number
    readonly percent_abs?: number
    readonly att_abs?: number
  }
}

const file: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../../reference/asl_cases.json', import.meta.url), 'utf8'),
)

/** The reference cases of a kind. */
export function casesOf(kind: string): readonly Case[] {
  const cases = file.cases.filter(item => item.kind === kind)
  if (cases.length === 0) throw new Error(`no reference case of kind ${kind}`)
  return cases
}

/** The reference case of a name. */
export function caseOf(id: string): Case {
  const found = file.cases.find(item => item.id === id)
  if (!found) throw new Error(`no reference case ${id}`)
  return found
}

/** A number among the inputs or expectations of a case. */
export function number(from: Readonly<Record<string, unknown>>, key: string): number {
  const value = from[key]
  if (typeof value !== 'number') throw new Error(`${key} is no number`)
  return value
}

/** A list of numbers among the inputs or expectations of a case. */
export function numbers(from: Readonly<Record<string, unknown>>, key: string): readonly number[] {
  const value = from[key]
  if (!Array.isArray(value)) throw new Error(`${key} is no list`)
  return value.map(Number)
}

/** Within the tolerance of a case: relative or absolute, either passes. */
export function expectClose(value: number, expected: number, { rel = 0, abs = 0 }: Case['tolerance'], what = ''): void {
  const away = Math.abs(value - expected)
  expect(away, `${what}: ${value}, expected ${expected}`).toBeLessThanOrEqual(Math.max(abs, rel * Math.abs(expected)))
}
