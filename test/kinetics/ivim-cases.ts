import { readFileSync } from 'node:fs'
import type { IvimSeries } from '../../src/kinetics/ivim-fit.ts'
import type { Case } from '../modalities/asl/cases.ts'

const file: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../reference/ivim_cases.json', import.meta.url), 'utf8'),
)

/** The reference cases of a kind, each with its name. */
export function casesOf(...kinds: readonly string[]): readonly (readonly [string, Case])[] {
  const cases = file.cases.filter(item => kinds.includes(item.kind)).map(item => [item.id, item] as const)
  if (cases.length === 0) throw new Error(`no reference case of kind ${kinds.join()}`)
  return cases
}

/** How many reference cases there are. */
export const caseCount = file.cases.length

/** A list of numbers among the inputs; null is NaN. */
export function list(from: Readonly<Record<string, unknown>>, key: string): Float64Array {
  const value = from[key]
  if (!Array.isArray(value)) throw new Error(`${key} is no list`)
  return Float64Array.from(value, item => (item === null ? Number.NaN : Number(item)))
}

/** The one voxel of a case. */
export function seriesOf({ inputs }: Case): IvimSeries {
  return { signals: list(inputs, 'signal'), b: list(inputs, 'bvalues'), voxels: Int32Array.of(0) }
}
