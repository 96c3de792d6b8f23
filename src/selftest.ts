import { join } from 'node:path'
import { perfuse } from './app.ts'
import { exists, makeFolder, makeTemporaryFolder, remove } from './bids/disk.ts'
import type { SimulateOptions } from './command.ts'
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

/** Of a head that moves, and of its twin at rest: so little noise that what differs between them is the motion. */
const SNR_MOVING = 1e5

/** Correcting motion may double the error of the head at rest, and no more [1]... */
const MOVED = 2

/** ...and an error below this share of the truth passes [1]. */
const LEAST = 0.01

/** A mean of a map beside that of its truth. */
interface Compared {
  readonly what: string
  readonly truth: number
  readonly found: number
  readonly tolerance: number
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
 * @remarks
 * With motion two datasets are made, of a head that moves and of the same head at rest, nearly without noise; an error passes
 * that is no more than the larger of twice that at rest and 1 %.
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
    const rows = asked.motion
      ? await moving(folder, asked.seed, kinds, around)
      : await atRest(folder, asked.seed, kinds, around)
    if (typeof rows === 'string')
      return { table: '', code: 1, line: `the simulated data could not be processed: ${rows}` }
    const failed = rows.filter(row => !passes(row)).length
    const line =
      failed === 0
        ? `${rows.length} of ${rows.length} comparisons with the truth hold`
        : `${failed} of ${rows.length} comparisons with the truth do not hold`
    return { table: formatComparisons(rows), code: failed === 0 ? 0 : 1, line }
  } finally {
    if (asked.keep === undefined) remove(folder)
  }
}

/** A head at rest, against the bands of the phantoms; a sentence where it could not be processed. */
function atRest(folder: string, seed: number, kinds: readonly Modality[], around: Surroundings) {
  return comparisons(folder, { seed, snr: SNR, motion: false }, false, kinds, around)
}

/** A head that moves, against twice the error of the same head at rest, with the same point spread. */
async function moving(
  folder: string,
  seed: number,
  kinds: readonly Modality[],
  around: Surroundings,
): Promise<Compared[] | string> {
  const asked = { seed, snr: SNR_MOVING }
  const still = await comparisons(join(folder, 'rest'), { ...asked, motion: false }, true, kinds, around)
  if (typeof still === 'string') return still
  const moved = await comparisons(folder, { ...asked, motion: true }, true, kinds, around)
  if (typeof moved === 'string') return moved
  return moved.map((row, at) => ({ ...row, tolerance: Math.max(LEAST, MOVED * Math.abs(differenceOf(still[at]!))) }))
}

async function comparisons(
  folder: string,
  asked: Pick<SimulateOptions, 'seed' | 'snr' | 'motion'>,
  isBlurred: boolean,
  kinds: readonly Modality[],
  around: Surroundings,
): Promise<Compared[] | string> {
  const input = join(folder, 'data')
  const output = join(folder, 'derivatives')
  const modalities = kinds.filter(kind => kind.phantom).map(({ name }) => name)
  const made = simulate(input, { ...asked, subjects: 1, sessions: 1, modalities, bSet: 'benchmark' }, kinds, isBlurred)
  const summary = await perfuse(
    { input, output, levels: ['participant', 'group'], options: defaultOptions() },
    kinds,
    around,
  )
  if (summary.code !== 0) return summary.line
  const rows: Compared[] = []
  for (const item of made) rows.push(...(await compare(item, input, output)))
  return rows
}

/** How far the mean lies from its truth, relative to that [1]. */
function differenceOf({ found, truth }: Compared): number {
  return found / truth - 1
}

function passes(row: Compared): boolean {
  return Math.abs(differenceOf(row)) <= row.tolerance
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

async function compare({ kind, entities, phantom }: Simulated, input: string, output: string): Promise<Compared[]> {
  const truthFolder = join(input, 'derivatives/truth')
  const path = (name: Phantom['truth'][number]['name']) => pathOf({ entities, modality: kind }, name, '.nii.gz')
  const rows: Compared[] = []
  for (const { truth: name, within, region, parameter, tolerance } of phantom.checks) {
    const mask = await valuesOf(truthFolder, path(within.name))
    const [truth, found] = [
      meanWithin(await valuesOf(truthFolder, path(name)), mask, within.above),
      meanWithin(await valuesOf(output, path(name)), mask, within.above),
    ]
    rows.push({ what: `sub-${entities['sub']} ${kind.name} ${parameter}, ${region}`, truth, found, tolerance })
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
  const cells = rows.map(row => [
    row.what,
    fourDigits(row.truth),
    fourDigits(row.found),
    `${(100 * differenceOf(row)).toFixed(2)} %`,
    `±${(100 * row.tolerance).toFixed(1)} %`,
    passes(row) ? 'holds' : 'FAILS',
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
