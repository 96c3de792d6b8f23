import { createHash } from 'node:crypto'
import { annexKeyOf, fileFacts, hashFile } from '../bids/disk.ts'
import type { RunRecord } from '../report/record.ts'

/** The identity of one file that was read. */
export type InputIdentity = RunRecord['inputs'][number]

/** JSON with the keys of every object sorted: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

/** SHA-256 of a value's canonical JSON, hexadecimal. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

/** A 32-bit seed from the user's seed and a name: the same on every machine and in every order of runs. */
export function seedOf(seed: number, name: string): number {
  return createHash('sha256').update(`${seed}:${name}`).digest().readUInt32BE(0)
}

/**
 * The identity of a file: its annex key where it is a link into an annex, its SHA-256 otherwise.
 *
 * @param uri - the name under which it is recorded
 * @param path - where it is
 * @param known - identities of an earlier run: a file of the same size and modification time is not read again
 */
export async function identify(
  uri: string,
  path: string,
  known: readonly InputIdentity[] = [],
): Promise<InputIdentity | null> {
  const facts = fileFacts(path)
  if (!facts) return null
  const annexKey = annexKeyOf(path)
  if (annexKey !== null) return { uri, annexKey, ...facts }
  const same = known.find(input => input.uri === uri && input.size === facts.size && input.mtimeMs === facts.mtimeMs)
  return { uri, sha256: same?.sha256 ?? (await hashFile(path)), ...facts }
}

/** What makes a run the same run: the program, its inputs, and the settings that its result depends on. */
export function runIdentity(version: string, inputs: readonly InputIdentity[], settings: unknown): string {
  return hashOf({
    version,
    settings,
    inputs: inputs.map(({ uri, sha256, annexKey }) => ({ uri, content: annexKey ?? sha256 })),
  })
}
