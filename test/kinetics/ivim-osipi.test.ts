import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fitIvim, type IvimKind } from '../../src/kinetics/ivim-fit.ts'
import { median } from '../../src/numerics/statistics.ts'

interface Tissue {
  readonly name: string
  readonly D: number
  readonly f: number
  readonly Dp: number
  readonly data: readonly number[]
}
interface Collection {
  readonly b: readonly number[]
  readonly tissues: readonly Tissue[]
}
const { sets }: { readonly sets: Readonly<Record<string, Collection>> } = JSON.parse(
  readFileSync(new URL('../reference/osipi-ivim.json', import.meta.url), 'utf8'),
)

/** Errors of D, f and D* [%] over the tissues that have the parameter: D where f is under 0.8, D* where it is over 0.03. */
function errorsOf(kind: IvimKind, { b, tissues }: Collection): readonly (readonly number[])[] {
  const n = tissues.length
  const signals = new Float64Array(b.length * n)
  for (const [v, { data }] of tissues.entries()) for (const [i, value] of data.entries()) signals[i * n + v] = value
  const voxels = Int32Array.from({ length: n }, (_, v) => v)
  const fit = fitIvim(kind, { signals, b: Float64Array.from(b), voxels })
  const error = (map: Float64Array, truth: (tissue: Tissue) => number, has: (tissue: Tissue) => boolean) =>
    tissues.flatMap((tissue, v) => (has(tissue) ? [100 * Math.abs(map[v]! / truth(tissue) - 1)] : []))
  const hasBoth = ({ f }: Tissue) => f > 0.03 && f < 0.8
  return [
    error(
      fit.D,
      tissue => tissue.D,
      ({ f }) => f < 0.8,
    ),
    error(fit.f, tissue => tissue.f, hasBoth),
    error(fit.Dstar, tissue => tissue.Dp, hasBoth),
  ]
}

describe('the tissues of OSIPI', () => {
  // Median and largest error of D, f, D* of the best algorithm of each kind in that collection.
  it.each([
    ['nlls', [0.14, 0.7], [0.34, 6.2], [0.7, 3.1]],
    ['segmented', [0.27, 3], [0.58, 20.5], [1.9, 23]],
    ['fixedd', [0.27, 3], [0.27, 13.7], [1.08, 13.9]],
  ] as const)('generic, %s: as the best of its kind', (kind, D, f, Dstar) => {
    const limits = [D, f, Dstar]
    errorsOf(kind, sets['generic']!).forEach((errors, k) => {
      expect(median(errors)).toBeLessThan(1.03 * limits[k]![0])
      expect(Math.max(...errors)).toBeLessThan(1.03 * limits[k]![1])
    })
  })

  it.each(Object.keys(sets))('%s: least squares near the truth, Bayesian within twice', name => {
    const least = errorsOf('nlls', sets[name]!).map(median)
    const bayes = errorsOf('bayes', sets[name]!).map(median)
    expect(least[0]!).toBeLessThan(0.2)
    expect(least[1]!).toBeLessThan(0.5)
    expect(least[2]!).toBeLessThan(5)
    for (const [k, value] of bayes.entries()) expect(value, `parameter ${k}`).toBeLessThan(2 * least[k]! + 0.05)
  })
})
