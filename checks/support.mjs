// What the long checks share. Each is a script of its own; its last line says what became of it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Run a command; its output, without the last line break. Throws where it fails. */
export function run(command, words, options = {}) {
  const done = spawnSync(command, words, { encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (done.status === 0) return (done.stdout ?? '').trimEnd()
  const said = (done.stderr || done.error?.message || '').slice(-1500)
  throw new Error(`${command} ${words.slice(0, 4).join(' ')} … ended with ${done.status ?? done.signal}: ${said}`)
}

/** Run the built program. */
export function perfquant(...words) {
  return run(process.execPath, ['dist/main.js', ...words])
}

/**
 * Do a check in a folder of its own, which is removed; the last line says what became of it.
 *
 * @param name - the npm script
 * @param needs - the Debian package of each command that must be there
 * @param check - given the folder; what it returns ends the last line
 */
export async function main(name, needs, check) {
  const missing = Object.entries(needs).filter(([command]) => spawnSync('which', [command]).status !== 0)
  const last = line => console.log(`${name} ${line}`)
  if (missing.length > 0)
    return last(
      `skipped: no ${missing.map(([command]) => command).join(', ')}; apt-get install ${missing.map(([, debian]) => debian).join(' ')}`,
    )
  if (process.getuid() !== 0) return last('skipped: it must run as root')
  const work = mkdtempSync(join(tmpdir(), 'perfquant-check-'))
  try {
    last(await check(work))
    rmSync(work, { recursive: true, force: true })
  } catch (error) {
    last(`failed: ${error.message}; what it made is in ${work}`)
    process.exitCode = 1
  }
}

/** Sums of what must be the same everywhere: all but logs, provenance, pages and the description, which name times and places. */
export function sums(root) {
  const lasting = readdirSync(root, { recursive: true }).filter(
    path =>
      !/^\.perfquant|^logs\/|desc-provenance|\.html$/.test(path) &&
      basename(path) !== 'dataset_description.json' &&
      statSync(join(root, path)).isFile(),
  )
  return Object.fromEntries(
    lasting.sort().map(path => {
      const bytes = readFileSync(join(root, path))
      return [
        path,
        createHash('sha256')
          .update(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
          .digest('hex'),
      ]
    }),
  )
}

/** How many files of results two output datasets have; throws where they differ. */
export function compare(found, expected) {
  const [one, other] = [found, expected].map(sums)
  const differing = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(path => one[path] !== other[path])
  if (differing.length === 0) return Object.keys(one).length
  throw new Error(`${differing.length} files differ: ${differing.slice(0, 8).join(', ')}`)
}

/** Wait for what must come true; looks five times a second. */
export async function until(look, what, seconds = 120) {
  const end = Date.now() + 1000 * seconds
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}
