import { join } from 'node:path'
import { perfuse } from './app.ts'
import { exists, makeFolder, makeTemporaryFolder, remove } from './bids/disk.ts'
import { frameValues } from './image/volume.ts'
import type { Modality, Phantom } from './modalities/modality.ts'
import { readVolume } from './nifti/index.ts'
import { defaultOptions } from './options.ts'
import { EXIT, Refusal } from './run/outcome.ts'
import { pathOf } from './run/outputs.ts'
import { type Simulated, simulate } from './run/simulate.ts'
import type { Surroundings } from './run/surroundings.ts'

/** Noise of the installation test: M0 over its standard deviation. */
const SNR = 300

/** How much wider the bands are for a head that moves: correcting motion may double an error, and no more. */
const MOVED = 2

/** One line of the comparison. */
interface Compared {
  readonly what: string
  readonly truth: number
  readonly found: number
  readonly tolerance: number
  readonly passes: boolean
}

/** What an installation test gave: the table to print, and outcome and code. */
export interface Selftested {
  readonly table: string
  readonly code: number
  readonly line: string
}

/**
 * Simulate a dataset, process it with the defaults, compare the maps with the truth: a site's installation test.
 *
 * @param asked - the folder to keep, or none: then a temporary one, which is removed; and whether the head moves
 * @throws Refusal (73) where there is no folder to work in
 */
export async function selftest(
  asked: { readonly keep: string | undefined; readonly motion: boolean; readonly seed: number },
  kinds: readonly Modality[],
  around: Surroundings,
): Promise<Selftested> {
  const folder = workFolder(asked.keep, around)
  try {
    const input = join(folder, 'data')
    const output = join(folder, 'derivatives')
    const modalities = kinds.filter(kind => kind.phantom).map(({ name }) => name)
    const made = simulate(
      input,
      { subjects: 1, sessions: 1, modalities, snr: SNR, bSet: 'benchmark', motion: asked.motion, seed: asked.seed },
      kinds,
    )
    const summary = await perfuse(
      { input, output, levels: ['participant', 'group'], options: defaultOptions() },
      kinds,
      around,
    )
    if (summary.code !== 0)
      return { table: '', code: 1, line: `the simulated data could not be processed: ${summary.line}` }
    const rows: Compared[] = []
    const factor = asked.motion ? MOVED : 1
    for (const item of made) rows.push(...(await compare(item, input, output, factor)))
    const failed = rows.filter(({ passes }) => !passes).length
    const line =
      failed === 0
        ? `${rows.length} of ${rows.length} comparisons with the truth hold`
        : `${failed} of ${rows.length} comparisons with the truth do not hold`
    return { table: formatComparisons(rows), code: failed === 0 ? 0 : 1, line }
  } finally {
    if (asked.keep === undefined) remove(folder)
  }
}

function workFolder(keep: string | undefined, around: Surroundings): string {
  try {
    if (keep === undefined) return makeTemporaryFolder(around.env['TMPDIR'] ?? '/tmp', 'perfquant-selftest-')
    if (exists(join(keep, 'data')))
      throw new Refusal(EXIT.cannotCreate, `${keep} holds a selftest already; name a new folder`)
    makeFolder(keep)
    return keep
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(
      EXIT.cannotCreate,
      `no folder to work in: ${error instanceof Error ? error.message : String(error)}; name one with --keep, or set TMPDIR`,
    )
  }
}

async function valuesOf(folder: string, path: string): Promise<ArrayLike<number>> {
  const volume = await readVolume(join(folder, path), path)
  if (!volume.ok) throw new Refusal(EXIT.some, volume.problems.map(({ message }) => message).join(' '))
  return frameValues(volume.value, 0)
}

async function compare(
  { kind, entities, phantom }: Simulated,
  input: string,
  output: string,
  factor: number,
): Promise<Compared[]> {
  const truthFolder = join(input, 'derivatives/truth')
  const path = (name: Phantom['truth'][number]['name']) => pathOf({ entities, modality: kind }, name, '.nii.gz')
  const rows: Compared[] = []
  for (const { truth: name, within, region, parameter, tolerance: atRest } of phantom.checks) {
    const tolerance = factor * atRest
    const mask = await valuesOf(truthFolder, path(within.name))
    const [truth, found] = [
      meanWithin(await valuesOf(truthFolder, path(name)), mask, within.above),
      meanWithin(await valuesOf(output, path(name)), mask, within.above),
    ]
    rows.push({
      what: `sub-${entities['sub']} ${kind.name} ${parameter}, ${region}`,
      truth,
      found,
      tolerance,
      passes: Math.abs(found - truth) <= tolerance * Math.abs(truth),
    })
  }
  return rows
}

function meanWithin(values: ArrayLike<number>, mask: ArrayLike<number>, above: number): number {
  let sum = 0
  let n = 0
  for (let v = 0; v < values.length; v++)
    if (mask[v]! > above && Number.isFinite(values[v]!)) {
      sum += values[v]!
      n++
    }
  return sum / n
}

/** Four significant digits: coefficients are of the order of 0.001, flows of 100. */
function fourDigits(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function formatComparisons(rows: readonly Compared[]): string {
  const cells = rows.map(({ what, truth, found, tolerance, passes }) => [
    what,
    fourDigits(truth),
    fourDigits(found),
    `${(100 * (found / truth - 1)).toFixed(2)} %`,
    `±${(100 * tolerance).toFixed(1)} %`,
    passes ? 'holds' : 'FAILS',
  ])
  const table = [['comparison', 'truth', 'found', 'difference', 'allowed', ''], ...cells]
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map(row => (row[column] ?? '').length)))
  return table
    .map(
      row =>
        `${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}\n`,
    )
    .join('')
}
